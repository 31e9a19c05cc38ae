#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Escape never loses anything: in a question it is Cancel, in the settings it keeps what was typed, or says why it
cannot.

usage: xvfb-run dbus-run-session gui-escape-test.py GUESTHOUSE GUESTHOUSECTL PICTURES. The machine has no
CPU, so it runs at once.
"""

import os
import sys

from gui_driver import (act_until, check, choose, click, enter, find, find_button, main, open_settings, press,
                        shows, text_of, turn_to, wait, windows, xdotool)

NAME = "Precious"
OTHER = "Taken"
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


def run(session):
    disk = make_machine(session)
    session.start()
    click(NAME, ("label",), "the machine's page", lambda: find_button("Power On"))
    before = windows()
    settings(session, disk)
    rename(session, before)
    refuse(session, before)
    choose("Machine Menu", "Move to Trash…", "the question", lambda: shows("Move “Renamed” to the Trash?"))
    escape(before)
    check(session.state() == "off", "Escape moved the machine to the trash")
    running(session)


sys.exit(main(sys.argv[1:4], run))
