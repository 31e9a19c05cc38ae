#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is chosen in the preferences holds: the keys that release the keyboard, and what new machines have.

usage: xvfb-run dbus-run-session gui-preferences-test.py GUESTHOUSE GUESTHOUSECTL PICTURES. The machine has
no CPU, so it runs at once.
"""

import sys

from gui_driver import (Atspi, act_until, check, choose, click, find, find_button, main, press, shows, turn, wait,
                        windows, xdotool)

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
    session.picture("2-keyboard")
    act_until("the keyboard to be the person's", lambda: xdotool("key", "Control_R"), lambda: not shows(RIGHT))


def run(session):
    session.control("create", NAME, "--memory", "16M")
    session.control("set", NAME, "machine", "accelerator", "none")
    session.control("start", NAME)
    session.start()
    choose_preferences(session)
    new_machine()
    keyboard(session)
    session.control("quit", NAME)


sys.exit(main(sys.argv[1:4], run))
