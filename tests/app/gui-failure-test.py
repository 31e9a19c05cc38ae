#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong is said once, with what helps: a disc that is gone, a machine.conf that cannot be read,
a trash that takes nothing.

usage: xvfb-run dbus-run-session gui-failure-test.py GUESTHOUSE GUESTHOUSECTL PICTURES. The machine has no
CPU, so it runs at once.
"""

import os
import sys

from gui_driver import (act_until, check, choose, click, enter, find, find_button, force, main, nodes, press,
                        shows, wait, windows, xdotool)

NAME = "Unlucky"
DISC = "/tmp/is-not-there.iso"


def how_often(text):
    return sum(text in (node.get_name() or "") for node in nodes() if node.get_role_name() == "label")


def start_without_disc(session):
    """Without a disk of its own the machine needs its disc."""
    press("Power On", "why it does not start", lambda: shows("Could Not Start"))
    wait("the file", lambda: shows(DISC))
    wait("it once", lambda: how_often(DISC) == 1)
    check(not shows("Unexpectedly"), "it is called a crash")
    wait("another remedy", lambda: find_button("Choose Another Disc…"))
    session.picture("1-could-not-start")
    press("Start Without Disc", "the machine to run", lambda: session.state() == "running")
    check(session.control("get", NAME, "cd0", "file").strip() == DISC, "machine.conf lost the disc")
    force("Force Power Off", "the machine to be off", lambda: session.state() == "off")
    wait("the summary", lambda: find_button("Power On"))


def start_from_disk(session):
    """With a disk of its own it starts, and says what it lacks."""
    session.control("add-disk", NAME, "--size", "1G")
    press("Power On", "the machine to run", lambda: session.state() == "running")
    wait("what it lacks", lambda: shows(DISC))
    session.picture("2-started-without")
    force("Force Power Off", "the machine to be off", lambda: session.state() == "off")


def mend(session):
    """A machine whose file is broken is still there; the file is mended in the application."""
    conf = os.path.join(session.machine()["folder"], "machine.conf")
    with open(conf, encoding="utf-8") as file:
        right = file.read()
    with open(conf, "w", encoding="utf-8") as file:
        file.write(right.replace("[machine]", "[machine", 1))
    wait("what is wrong", lambda: shows("The Settings Cannot Be Read"))
    session.picture("3-broken")
    before = windows()
    press("Edit Configuration", "the file", lambda: shows("Configuration File"))
    wait("it not to be saved as it is", lambda: find("Save", ("push button",)) and not find_button("Save"))
    enter(right, lambda: find("Configuration File", ("text",)))
    session.picture("4-editor")
    press("Save", "the machine to be mended", lambda: session.state() == "off")
    act_until("the settings to be closed", lambda: xdotool("key", "Escape"), lambda: windows() == before)
    wait("the machine's page", lambda: find_button("Power On"))


def delete(session):
    """Where the trash takes nothing, deleting is offered in words."""
    folder = session.machine()["folder"]
    with open(os.path.join(os.environ["XDG_DATA_HOME"], "Trash"), "w", encoding="ascii"):
        pass
    choose("Machine Menu", "Move to Trash…", "the question", lambda: shows(f"Move “{NAME}” to the Trash?"))
    press("Move to Trash", "the other question", lambda: shows(f"Delete “{NAME}” Permanently?"))
    session.picture("5-delete")
    check(os.path.exists(folder), "it was deleted unasked")
    press("Delete Permanently", "the machine to be gone", lambda: not os.path.exists(folder))


def run(session):
    session.control("create", NAME, "--memory", "16M")
    session.control("set", NAME, "machine", "accelerator", "none")
    session.control("set", NAME, "cd0", "file", DISC)
    session.start()
    click(NAME, ("label",), "the machine's page", lambda: find_button("Power On"))
    start_without_disc(session)
    start_from_disk(session)
    mend(session)
    delete(session)


sys.exit(main(sys.argv[1:4], run))
