#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever has the keyboard is seen: a machine that is selected gets it, the header says how to get out, and it is
the person's again after left Ctrl+Alt.

usage: xvfb-run dbus-run-session gui-keyboard-test.py GUESTHOUSE GUESTHOUSECTL PICTURES. Leaves pictures of
each step in the folder PICTURES.
"""

import sys

from gui_driver import act_until, check, click, main, shows, wait, xdotool

DISC = "/usr/lib/memtest86+/memtest86+x64.iso"
MENU = "Exit menu"  # of memtest86+, which F1 opens
KEYBOARD = "Left Ctrl+Alt releases the keyboard"
BOTH = "Left Ctrl+Alt releases keyboard and pointer"


def run(session):
    for name in ("First", "Second"):
        session.control("create", name, "--memory", "64M", "--cdrom", DISC)
        session.control("start", name)
        wait(f"the guest of “{name}”", lambda: "Memtest86+" in session.control("screen-text", name))
    session.start()
    for name in ("First", "Second", "First"):
        click(name, ("label",), f"the keyboard to be that of “{name}”", lambda: shows(KEYBOARD))
    session.picture("1-selected")
    act_until("the menu of the guest", lambda: xdotool("key", "F1"),
              lambda: MENU in session.control("screen-text", "First"))
    check(MENU not in session.control("screen-text", "Second"), "the other machine got the key, too")

    xdotool("mousemove", "900", "500", "click", "1")
    wait("the pointer to be the guest's, too", lambda: shows(BOTH))
    session.picture("2-clicked")
    act_until("the keyboard to be the person's", lambda: xdotool(
        "keydown", "Control_L", "keydown", "Alt_L", "keyup", "Alt_L", "keyup", "Control_L"),
        lambda: not shows(KEYBOARD) and not shows(BOTH))
    session.picture("3-released")
    for name in ("First", "Second"):
        session.control("quit", name)


sys.exit(main(sys.argv[1:4], run))
