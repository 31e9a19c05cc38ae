#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is chosen in the preferences holds: the keys that release the keyboard, and where new machines go and what
they have.

usage: xvfb-run dbus-run-session gui-preferences-test.py GUESTHOUSE GUESTHOUSECTL PICTURES. The machine has
no CPU, so it runs at once.
"""

import json
import os
import sys

from gui_driver import (Atspi, act_until, check, choose, click, enter, find, find_button, focused_text, main, press,
                        shows, turn, wait, windows, xdotool)

NAME = "Screen"
LEFT = "Left Ctrl+Alt releases"
RIGHT = "Right Ctrl releases"


def escape(before):
    act_until("the window to be gone", lambda: xdotool("key", "Escape"), lambda: windows() == before)


def value(name):
    field = find(name, ("spin button",))
    return field and Atspi.Value.get_current_value(field)


def choose_preferences(session):
    before = windows()
    choose("Main Menu", "Preferences", "the preferences", lambda: shows("Release Keys"))
    turn("Memory of new machines in MiB", 768)
    turn("Processors of new machines", 2)
    press("Keys that release keyboard and pointer", "the other keys", lambda: shows("Right Ctrl"))
    act_until("the other keys to be chosen", lambda: xdotool("key", "Down", "Return"),
              lambda: shows("Right Ctrl") and not shows("Left Ctrl+Alt"))
    wait("the values", lambda: value("Memory of new machines in MiB") == 768
         and value("Processors of new machines") == 2)
    session.picture("1-preferences")
    escape(before)


def folders(session):
    """Where each machine of the library is."""
    return {machine["name"]: os.path.dirname(machine["folder"])
            for machine in json.loads(session.control("list", "--json"))}


def choose_folder(session):
    """Whoever makes a machine makes it there; those of before stay in the library."""
    usual = folders(session)[NAME]
    other = os.path.join(session.folder.name, "Other")
    os.mkdir(other)
    before = windows()
    choose("Main Menu", "Preferences", "the preferences", lambda: shows(usual))
    press("Choose a folder for new machines", "the file dialog", lambda: find_button("Cancel"))
    act_until("a field for the path", lambda: xdotool("key", "slash"), focused_text)
    enter(other)
    press("Open", "the folder in the row", lambda: shows(other))
    session.picture("2-folder")
    session.control("create", "Elsewhere", "--memory", "16M")
    check(folders(session) == {NAME: usual, "Elsewhere": other}, f"machines are in {folders(session)}")
    press("Use the usual folder for new machines", "the usual folder", lambda: shows(usual) and not shows(other))
    session.control("create", "Usual", "--memory", "16M")
    check(folders(session) == {NAME: usual, "Elsewhere": other, "Usual": usual},
          f"machines are in {folders(session)}")
    escape(before)
    wait("all in the list", lambda: shows(NAME) and shows("Elsewhere") and shows("Usual"))


def see_shortcuts(session):
    """The list of shortcuts has the keys that were chosen."""
    before = windows()
    choose("Main Menu", "Keyboard Shortcuts", "them", lambda: shows("Release keyboard and pointer"))
    session.picture("3-shortcuts")
    check(shows("Ctrl\u2005R") and not shows("Ctrl\u2005L"), "the keys that release the keyboard are others")
    escape(before)


def new_machine():
    before = windows()
    press("New Virtual Machine", "the wizard", lambda: shows("Where Should It Start From?"))
    click("Nothing Yet", ("label",), "Next to be usable", lambda: find_button("Next"))
    press("Next", "the page about the hardware", lambda: shows("What Should It Have?"))
    memory, cpus = value("Memory in MiB"), value("Processors")
    check((memory, cpus) == (768, 2), f"a new machine would have {memory} MiB and {cpus} processors")
    escape(before)


def keyboard(session):
    xdotool("search", "--onlyvisible", "--name", "Guesthouse", "windowfocus")  # as a window manager does it
    click(NAME, ("label",), "the keyboard to be the machine's", lambda: shows(RIGHT))
    check(not shows(LEFT), "the header names the keys of before")
    session.picture("4-keyboard")
    act_until("the keyboard to be the person's", lambda: xdotool("key", "Control_R"), lambda: not shows(RIGHT))


def run(session):
    session.control("create", NAME, "--memory", "16M")
    session.control("set", NAME, "machine", "accelerator", "none")
    session.control("start", NAME)
    session.start()
    choose_folder(session)
    choose_preferences(session)
    see_shortcuts(session)
    new_machine()
    keyboard(session)
    session.control("quit", NAME)


sys.exit(main(sys.argv[1:4], run))
