#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Escape never loses anything: in a question it is Cancel, in the settings it keeps what was typed, or says why it
cannot. What a question offers is done when it is pressed.

usage: xvfb-run dbus-run-session gui-escape-test.py GUESTHOUSE GUESTHOUSECTL PICTURES. One machine has no
CPU, so it runs at once; the other runs OBEDIENT_GUEST, of the environment.
"""

import json
import os
import sys

from gui_driver import (act_until, check, choose, click, enter, find, find_button, main, open_settings, press,
                        shows, text_of, turn_to, wait, windows, xdotool)

NAME = "Precious"
OTHER = "Taken"
OBEDIENT = "Obedient"
DISC = "/usr/lib/memtest86+/memtest86+x64.iso"
NAME_FIELD = "Name (applies now)"


def make_machine(session):
    session.control("create", NAME, "--memory", "16M", "--disk-size", "1G")
    session.control("set", NAME, "machine", "accelerator", "none")
    check(session.state() == "off", "the machine was not made")
    return os.path.join(session.machine()["folder"], session.control("get", NAME, "disk0", "file").strip())


def escape(before):
    act_until("the question to be gone", lambda: xdotool("key", "Escape"), lambda: windows() == before)


def settings(session, disk):
    before = windows()
    open_settings("Drives")
    within = windows()
    press("Remove Disk at next start", "the question", lambda: shows("Remove Disk?"))
    session.picture("1-remove-disk")
    escape(within)
    check(session.control("get", NAME, "disk0", "file") != "", "Escape removed the disk")
    check(os.path.exists(disk), "Escape removed the disk's file")
    choose("Add Drive", "New Disk…", "its size", lambda: find_button("Create"))
    escape(within)
    check(session.control("get", NAME, "disk1", "file") == "", "Escape made a disk")
    escape(before)


def rename(session, before):
    """A name that was typed and not confirmed."""
    open_settings("General")
    enter("Renamed", lambda: find(NAME_FIELD, ("text",)))
    session.picture("2-name")
    escape(before)
    wait("the new name", lambda: session.machine()["name"] == "Renamed")
    wait("it on the page", lambda: shows("Renamed"))


def refuse(session, before):
    """A name that cannot be is told of where it was typed, and can be mended there, whatever page is seen."""
    folder = session.machine()["folder"]
    check(os.path.basename(folder) == "Renamed", f"the machine's folder is “{folder}”")
    session.control("create", OTHER, "--memory", "16M")
    open_settings("General")
    within = windows()
    enter("taken", lambda: find(NAME_FIELD, ("text",)))
    turn_to("Start")
    act_until("the refusal", lambda: xdotool("key", "Escape"), lambda: shows("A machine “taken” exists already"))
    check(windows() == within and text_of(find(NAME_FIELD, ("text",))) == "taken", "what was typed is lost")
    session.picture("3-refused")
    check(session.control("get", "Renamed", "machine", "name") == "Renamed\n", "the name is another's")
    enter("Renamed", lambda: find(NAME_FIELD, ("text",)))
    wait("the refusal to be gone", lambda: not shows("exists already"))
    escape(before)
    session.control("delete", "--permanently", OTHER)


def running(session):
    press("Power On", "the machine to run", lambda: session.state() == "running")
    before = windows()
    press("Close", "the question", lambda: shows("1 Machine Is Running"))
    escape(before)
    check(session.is_up() and session.state() == "running", "Escape ended something")


def trash(session):
    """Also where it would be for good."""
    before = windows()
    question = "Move “Renamed” to the Trash?"
    choose("Machine Menu", "Move to Trash…", "the question", lambda: shows(question))
    escape(before)
    with open(os.path.join(os.environ["XDG_DATA_HOME"], "Trash"), "w", encoding="ascii"):
        pass  # which takes nothing then
    choose("Machine Menu", "Move to Trash…", "the question", lambda: shows(question))
    press("Move to Trash", "the other question", lambda: shows("Delete “Renamed” Permanently?"))
    session.picture("4-delete")
    escape(before)
    check(session.state() == "off", "Escape removed the machine")


def force(session):
    """What would lose the guest's work."""
    before = windows()
    for item, question in (("Force Power Off", f"Force “{OBEDIENT}” to Power Off?"),
                           ("Force Reset", f"Force “{OBEDIENT}” to Reset?")):
        choose("Power", item, "the question", lambda: shows(question))
        session.picture("5-" + item.lower().replace(" ", "-"))
        escape(before)
        check(states(session)[OBEDIENT] == "running", f"Escape in {item} ended it")


def states(session):
    return {machine["name"]: machine["state"] for machine in json.loads(session.control("list", "--json"))}


def eject(session):
    """A guest that holds its disc keeps it."""
    before = windows()
    choose("CD Drive", "Eject Disc", "the question", lambda: shows("The Disc Is in Use"))
    session.picture("6-disc-in-use")
    escape(before)
    check(DISC in session.control("get", OBEDIENT, "cd0", "file"), "Escape ejected the disc")
    choose("CD Drive", "Eject Disc", "the question", lambda: shows("The Disc Is in Use"))
    press("Eject Anyway", "the drive to be empty", lambda: session.control("get", OBEDIENT, "cd0", "file") == "\n")


def obedient(session):
    """A system that holds its disc, and obeys the power button."""
    session.control("create", OBEDIENT, "--memory", "32M", "--cdrom", DISC)
    session.control("set", OBEDIENT, "machine", "accelerator", "translator")
    session.control("set", OBEDIENT, "kernel", "file", os.environ["OBEDIENT_GUEST"])
    session.control("start", OBEDIENT)
    click(OBEDIENT, ("label",), "its page", lambda: find_button("CD Drive"))
    wait("it to lock its drive", lambda: "locked" in session.control("screen-text", OBEDIENT))
    force(session)
    eject(session)
    press("Close", "the question", lambda: shows("1 Machine Is Running"))
    press("Shut Down", "the machine to be off", lambda: states(session)[OBEDIENT] == "off")
    wait("the window to be closed", lambda: not session.is_up())


def run(session):
    disk = make_machine(session)
    session.start()
    click(NAME, ("label",), "the machine's page", lambda: find_button("Power On"))
    before = windows()
    settings(session, disk)
    rename(session, before)
    refuse(session, before)
    trash(session)
    running(session)
    session.control("quit", "Renamed")
    if "OBEDIENT_GUEST" in os.environ:
        obedient(session)


sys.exit(main(sys.argv[1:4], run))
