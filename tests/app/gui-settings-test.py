#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine consists of, chosen and changed as a person would: its operating system in the
wizard, its drives in the settings, its disc while it runs; and that everything on the way has a name.

usage: xvfb-run dbus-run-session gui-settings-test.py GUESTHOUSE GUESTHOUSECTL PICTURES. Leaves pictures
of each step in the folder PICTURES.
"""

import json
import sys

from gui_driver import (act_until, check, choose, click, enter, find_button, focused_text, force, is_shown,
                        main, nodes, open_settings, press, shows, turn, turn_to, wait, windows, write,
                        xdotool)

DISC = "/usr/lib/memtest86+/memtest86+x64.iso"
SYSTEM = "Debian 11"
NAMED = ("push button", "toggle button", "check box", "radio button", "spin button", "combo box", "text",
         "list item")


def unnamed():
    """What can be used and has no name that a screen reader can say, or that of its class."""
    for node in nodes():
        role, name = node.get_role_name(), node.get_name() or ""
        if role in NAMED and is_shown(node) and (name == "" or name.startswith(("Gtk", "Adw"))):
            yield f"a {role} is called “{name}”"


def check_names(where):
    """Whatever can be used has a name. A look that meets a widget that is just going counts for nothing."""
    found, = wait(f"{where} to stand still", lambda: [list(unnamed())])
    check(not found, f"{where}: {', '.join(found)}")


def make_machine(session):
    """The wizard with no disc: the person says which system it will be."""
    press("New Virtual Machine", "the wizard", lambda: shows("Where Should It Start From?"))
    click("Nothing Yet", ("label",), "Next to be usable", lambda: find_button("Next"))
    press("Change…", "the list of systems", lambda: shows("BaseALT"))
    wait("the search to have the keyboard", focused_text)
    enter(SYSTEM.lower())
    wait("fewer systems", lambda: shows(SYSTEM) and not shows("BaseALT"))
    check_names("the list of systems")
    session.picture("1-systems")
    act_until("the system in the wizard", lambda: xdotool("key", "Return"),
              lambda: shows("Where Should It Start From?") and shows(SYSTEM) and not shows("Debian Project"))
    press("Next", "the page about the hardware", lambda: shows("What Should It Have?"))
    check_names("the wizard")
    press("Next", "the review", lambda: find_button("Create"))
    press("Create", "the machine in the library", lambda: session.state() == "off")
    name = session.machine()["name"]
    check(name == SYSTEM, f"the machine is called “{name}”")
    check(session.control("get", name, "machine", "os") == "http://debian.org/debian/11\n",
          "machine.conf names another system")
    return name


def change_layout(session, name):
    """Processors and what they are seen as go together, also where machine.conf has numbers."""
    session.control("set", name, "machine", "topology", "2x2x1")
    check(session.control("get", name, "machine", "cpus") == "4\n", "the topology has 4 CPUs")
    session.control("set", name, "cpu", "nested", "true")
    open_settings("Hardware")
    wait("the layout in words", lambda: shows("2 processors of 2 cores"))
    session.picture("1b-numbers")
    act_until("five processors", lambda: turn("Processors", 5),
              lambda: session.control("get", name, "machine", "cpus") == "5\n")
    check(session.control("get", name, "machine", "topology") == "cores\n", "the layout does not follow")
    press("Processor layout", "the layouts", lambda: shows("A processor each"))
    session.picture("2-layouts")
    act_until("a processor for each CPU", lambda: xdotool("key", "End", "Return"),
              lambda: session.control("get", name, "machine", "topology") == "sockets\n")


def change_model(session, name):
    """Only this computer's own processor can run virtual machines: with another, that goes."""
    press("Processor model", "the models", lambda: shows("Skylake Server"))
    session.picture("2b-models")
    act_until("x86-64-v2", lambda: xdotool("key", "Home", "Down", "Return"),
              lambda: session.control("get", name, "cpu", "model") == "baseline\n")
    wait("no nested virtualization", lambda: session.control("get", name, "cpu") == "cpu model baseline\n")
    session.picture("2c-model")


def choose_accelerator(session, name, item, key):
    press("Accelerator", "the accelerators", lambda: shows("Interpreter"))
    act_until(f"{key} in machine.conf", lambda: xdotool("key", *item, "Return"),
              lambda: session.control("get", name, "machine", "accelerator") == key + "\n")


def change_accelerator(session, name):
    """A running machine changes at once; where it cannot, its row says why, and it does at the next start."""
    def runs_under():
        return json.loads(session.control("--json", "state", name) or "{}").get("accelerator")

    session.control("set", name, "machine", "accelerator", "translator")
    open_settings("Hardware")
    wait("a machine that is off", lambda: shows("What runs the processor — at next start"))
    session.control("start", name)
    wait("one that is on", lambda: shows("What runs the processor — applies now"))
    choose_accelerator(session, name, ("End",), "interpreter")
    wait("the interpreter to run it", lambda: runs_under() == "interpreter")
    check(shows("What runs the processor — applies now"), "what has been done is said to come")
    choose_accelerator(session, name, ("Home", "Down"), "kvm")
    wait("why not", lambda: shows("cannot change from “interpreter” to “kvm”"))
    check(shows("What runs the processor — at next start"), "what was refused is said to be done")
    check(runs_under() == "interpreter", "the machine has changed all the same")
    session.picture("2d-refused")
    choose_accelerator(session, name, ("Home", "Down", "Down"), "translator")
    wait("the translator to run it", lambda: runs_under() == "translator")
    wait("no refusal any more", lambda: shows("applies now") and not shows("cannot change from"))
    session.picture("2e-applies-now")
    session.control("quit", name)
    wait("the machine to be off", lambda: shows("What runs the processor — at next start"))
    act_until("the settings to be closed", lambda: xdotool("key", "Escape"),
              lambda: not shows("Machine Settings"))


def change_identity(session):
    """What SMBIOS says; what is typed counts when the dialog goes."""
    write("Serial Number", "S-17")
    write("Manufacturer", "ACME")
    xdotool("mousemove", "500", "90", "click", "--repeat", "40", "--delay", "20", "5")  # down to it
    session.picture("3-identity")


def change_devices(session, name):
    """What the catalogue has is in the menu, as long as there is room; a device's options are behind its row."""
    turn_to("Other Devices")
    choose("Add Hardware…", "Random Number Generator", "the generator in machine.conf",
           lambda: session.control("get", name, "rng0", "model") == "virtio-rng\n")
    choose("Add Hardware…", "Serial Port", "the port in machine.conf",
           lambda: session.control("get", name, "serial0", "model") == "16550a\n")
    wait("it in the settings", lambda: find_button("Remove Serial Port 1 at next start"))
    check_names("the devices")
    session.picture("3a-devices")
    press("Remove Serial Port 1 at next start", "no port",
          lambda: session.control("get", name, "serial0", "model") == "")
    check(session.control("get", name, "rng0", "model") == "virtio-rng\n", "the generator went, too")


def change_drives(session, name, before):
    check_names("the hardware")
    turn_to("Drives")
    choose("Add Drive", "New Disk…", "its size", lambda: find_button("Create"))
    press("Create", "a second disk", lambda: session.control("get", name, "disk1", "file") != "")
    wait("it in the settings", lambda: find_button("Remove Disk 2 at next start"))
    session.picture("3-drives")
    check_names("the settings")
    press("Model of Disk 2 — at next start", "the models", lambda: shows("virtio"))
    session.picture("3-drive-models")
    act_until("a virtio disk", lambda: xdotool("key", "Down", "Return"),
              lambda: session.control("get", name, "disk1", "model") == "virtio-blk\n")
    press("Remove Disk 2 at next start", "the question", lambda: find_button("Keep File"))
    press("Keep File", "one disk", lambda: session.control("get", name, "disk1", "file") == "")
    act_until("the settings to be closed", lambda: xdotool("key", "Escape"),
              lambda: windows() == before)
    for key, value in (("manufacturer", "ACME"), ("serial", "S-17")):
        wait(f"the {key}", lambda: session.control("get", name, "smbios", key) == value + "\n")


def run(session):
    session.start()
    before = windows()
    name = make_machine(session)
    wait("the wizard to be gone", lambda: windows() == before)
    change_accelerator(session, name)
    change_layout(session, name)
    change_model(session, name)
    change_identity(session)
    change_devices(session, name)
    change_drives(session, name, before)

    # A disc that the command line inserted, and that the person ejects.
    session.control("insert", name, DISC)
    press("Power On", "the machine to run", lambda: session.state() == "running")
    check_names("the console")
    choose("CD Drive", "Eject Disc", "machine.conf without the disc",
           lambda: session.control("get", name, "cd0", "file") == "\n")
    force("Force Power Off", "the machine to be off", lambda: session.state() == "off")
    wait("the summary", lambda: find_button("Power On"))
    session.picture("4-off")


sys.exit(main(sys.argv[1:4], run))
