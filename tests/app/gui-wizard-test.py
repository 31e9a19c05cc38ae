#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a machine from a disc image that comes with the command line: one click shows what it will
make, and makes just that.

usage: xvfb-run dbus-run-session gui-wizard-test.py GUESTHOUSE GUESTHOUSECTL PICTURES
"""

import os
import subprocess
import sys

from gui_driver import (Atspi, check, click, find, find_button, has_state, is_shown, main, nodes, press,
                        shows, text_of, wait, windows, xdotool)

LONG_NAME = "ubuntu-24.04.1-desktop-amd64-with-a-name-that-is-far-too-long-for-any-row-to-show.iso"


def make_disc(session, name, label):
    """A small disc image with the label of a real one."""
    path = os.path.join(session.folder.name, name)
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-V", label, "-o", path, "/etc/hostname"],
                   check=True, stderr=subprocess.DEVNULL)
    return path


def open_disc(session, path):
    """As the file manager does it: another process, which hands over to the one that runs."""
    subprocess.run([session.guesthouse, path], check=True, timeout=600)


def value_of(name):
    """What a text field of that name has in it."""
    for node in nodes():
        if node.get_role_name() in ("text", "entry") and node.get_name() == name:
            return Atspi.Text.get_text(node, 0, Atspi.Text.get_character_count(node))
    return None


def is_on(name):
    """Whether a switch of that name is on."""
    node = find(name, ("toggle button", "switch", "check box"))
    return node is not None and has_state(node, Atspi.StateType.CHECKED)


def wizard_is_open():
    return shows("Where Should It Start From?")


def sources():
    """The radio buttons of the first page, and which of them is chosen."""
    return {node.get_name(): has_state(node, Atspi.StateType.CHECKED) for node in nodes()
            if node.get_role_name() == "radio button" and is_shown(node)}


def test_sources():
    """A screen reader says that one of three is chosen, and chooses another."""
    press("New Virtual Machine", "the wizard", wizard_is_open)
    disc, disk, nothing = "ISO Image (CD or DVD)", "Existing Hard Disk", "Nothing Yet"
    wait("the first to be chosen", lambda: sources() == {disc: True, disk: False, nothing: False})
    click(nothing, ("radio button",), "the last to be chosen",
          lambda: sources() == {disc: False, disk: False, nothing: True})
    before = windows()
    xdotool("key", "Escape")
    wait("the wizard to go", lambda: windows() < before)


def settle(session, what):
    """The wizard has looked at the disc."""
    wait(what, lambda: shows(what))
    wait("Create and Start to be usable", lambda: find_button("Create and Start"))


def test_plan(session):
    """All of the machine is on the first page; what is written in the name's row counts."""
    open_disc(session, make_disc(session, LONG_NAME, "Ubuntu 24.04.1 LTS amd64"))
    settle(session, "Ubuntu 24.04 LTS")
    check(shows("Runs from the disc"), "a LiveCD is said to need a disk")
    check(shows("ISO Image (CD or DVD)") and shows("Existing Hard Disk"), "the sources' names")
    check(shows(LONG_NAME), "the file's name is not shown")
    check(not shows(session.folder.name), "the file's folder is shown")
    session.picture("1-live")

    # Another file goes to the wizard that is open.
    open_disc(session, make_disc(session, "debian-13.1.0-amd64-netinst.iso", "Debian 13.1.0 amd64 n"))
    settle(session, "Debian 13")
    wait("a new disk", lambda: shows("20 GiB"))
    session.picture("2-install")
    press("Next", "the page about the hardware", lambda: shows("What Should It Have?"))
    for field, text in (("Memory in MiB", "2048 MiB"), ("Size of the disk in GiB", "20 GiB")):
        check(text_of(find(field, ("spin button",))) == text, f"“{field}” is not {text}")
    session.picture("3-hardware")
    press("Next", "the review", lambda: find_button("Create"))
    check(shows("Debian 13"), "the review has no name")
    session.picture("4-review")
    press("Create", "the machine", lambda: session.state() == "off")
    check(session.machine()["name"] == "Debian 13", "it is called " + session.machine()["name"])
    with open(os.path.join(session.machine()["folder"], "machine.conf"), encoding="utf-8") as file:
        conf = file.read()
    check("debian-13.1.0-amd64-netinst.iso" in conf, "its disc is not that one: " + conf)
    check("disks/" in conf, "it has no disk: " + conf)


def test_unknown(session):
    """A disc that nobody knows is called by its file."""
    open_disc(session, make_disc(session, "my_rescue.iso", "RESCUE_DISC"))
    settle(session, "Not recognized")
    check(shows("Runs from the disc"), "a disc of 400 KB is said to need a disk")
    press("Next", "the page about the hardware", lambda: shows("What Should It Have?"))
    press("Next", "the review", lambda: find_button("Create"))
    check(shows("my rescue"), "the machine is not called by its file")
    session.picture("5-unknown")
    before = windows()
    xdotool("key", "Escape")
    wait("the wizard to go", lambda: windows() < before)


def test_refused(session):
    """What cannot be used is told at once."""
    open_disc(session, os.path.join(session.folder.name, "gone.iso"))
    wait("why it cannot be used", lambda: shows("There is no file"))
    session.picture("6-refused")
    before = windows()
    xdotool("key", "Escape")
    wait("the question to go", lambda: windows() < before)


def test_nothing_yet(session):
    """Whoever begins with nothing after a LiveCD is offered a disk again."""
    open_disc(session, make_disc(session, LONG_NAME, "Ubuntu 24.04.1 LTS amd64"))
    settle(session, "Ubuntu 24.04 LTS")
    check(shows("Runs from the disc"), "a LiveCD is said to need a disk")
    click("Nothing Yet", ("radio button", "check box"), "the disk to be offered",
          lambda: shows("space is taken only as it is filled"))
    before = windows()
    xdotool("key", "Escape")
    wait("the wizard to go", lambda: windows() < before)


def test_several(session):
    """Of several files none is picked for whoever opened them."""
    disc = make_disc(session, "one.iso", "ONE")
    subprocess.run([session.guesthouse, disc, disc], check=True, timeout=600)
    wait("a sentence", lambda: shows("open the files one after the other"))
    check(not wizard_is_open(), "the wizard has opened")
    session.picture("7-several")
    before = windows()
    xdotool("key", "Escape")
    wait("the question to go", lambda: windows() < before)


def test_command_line(session):
    """What needs no window."""
    said = subprocess.run([session.guesthouse, "--version"], capture_output=True, text=True, check=True)
    check(said.stdout.startswith("Guesthouse "), "--version says " + said.stdout)
    subprocess.run([session.guesthouse, "--new-machine"], check=True, timeout=600)
    wait("the wizard", wizard_is_open)
    before = windows()
    xdotool("key", "Escape")
    wait("the wizard to go", lambda: windows() < before)


def run(session):
    session.start()
    test_sources()
    test_plan(session)
    test_unknown(session)
    test_refused(session)
    test_nothing_yet(session)
    test_several(session)
    test_command_line(session)


sys.exit(main(sys.argv[1:4], run))
