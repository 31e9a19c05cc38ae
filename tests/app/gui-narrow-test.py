#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A window of 360 pixels has room for a running machine and its tools, the devices in one button; and so have
the dialogs, in which nothing is cut off.

usage: xvfb-run dbus-run-session gui-narrow-test.py GUESTHOUSE GUESTHOUSECTL PICTURES. The machine has no
CPU, so it runs at once.
"""

import subprocess
import sys

from gui_driver import (Atspi, BUTTONS, application, check, choose, click, find_button, is_shown, main, press, shows,
                        wait, walk, xdotool)

NAME = "Narrow"
WIDTH = 360


def windows():
    """xdotool fails when a window goes while it looks."""
    return subprocess.run(["xdotool", "search", "--onlyvisible", "--class", "."], capture_output=True, text=True,
                          check=False).stdout.split()


def width(window):
    said = subprocess.run(["xdotool", "getwindowgeometry", "--shell", window], capture_output=True, text=True,
                          check=True).stdout
    return int(dict(line.split("=") for line in said.split())["WIDTH"])


def cut_off():
    """What can be read or used in the newest window and is not within it."""
    root = application()
    for node in walk(root.get_child_at_index(root.get_child_count() - 1)):
        if node.get_role_name() in ("label", "spin button", *BUTTONS) and is_shown(node):
            area = Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW)
            if area.x < 0 or area.x + area.width > WIDTH:
                yield node.get_name()


def make_narrow(window):
    """The dialog above the window."""
    dialog, = set(windows()) - {window}
    xdotool("windowsize", dialog, str(WIDTH), "640")
    wait("all of it to be within", lambda: width(dialog) == WIDTH and not list(cut_off()))


def close():
    xdotool("key", "Escape")
    wait("it to be closed", lambda: len(windows()) == 1)


def look_at(session, window, name, item, text):
    """A dialog of the main menu."""
    choose("Main Menu", item, name, lambda: shows(text))
    make_narrow(window)
    session.picture(name)
    close()


def look_at_wizard(session, window):
    press("New Virtual Machine", "the wizard", lambda: shows("Where Should It Start From?"))
    make_narrow(window)
    session.picture("0-wizard")
    click("Nothing Yet", ("label",), "Next to be usable", lambda: find_button("Next"))
    press("Next", "the page about the hardware", lambda: shows("What Should It Have?"))
    wait("all of it to be within", lambda: find_button("Back") and not list(cut_off()))
    session.picture("0-hardware")
    close()


def run(session):
    session.control("create", NAME, "--memory", "16M", "--disk-size", "1G")
    session.control("set", NAME, "machine", "accelerator", "none")
    session.start()
    window, = windows()
    xdotool("windowsize", window, str(WIDTH), "640")
    wait("the window to be narrow", lambda: width(window) == WIDTH)
    look_at_wizard(session, window)
    look_at(session, window, "0-preferences", "Preferences", "Release Keys")
    look_at(session, window, "0-shortcuts", "Keyboard Shortcuts", "Release keyboard and pointer")
    click(NAME, ("label",), "the machine's page alone", lambda: find_button("Back") and find_button("Power On"))
    press("Settings…", "the settings", lambda: shows("Machine Settings"))
    dialog, = set(windows()) - {window}
    xdotool("windowsize", dialog, str(WIDTH), "640")
    wait("them to be narrow", lambda: width(dialog) == WIDTH)
    wait("a way back to their pages", lambda: find_button("Back"))
    session.picture("1-settings")
    xdotool("key", "Escape")
    wait("them to be closed", lambda: len(windows()) == 1)
    press("Power On", "the machine to run", lambda: session.state() == "running")
    wait("its tools", lambda: find_button("Power") and find_button("Devices"))
    xdotool("search", "--onlyvisible", "--name", "Guesthouse", "windowfocus")
    xdotool("mousemove", "180", "500", "click", "1")
    wait("how to get out", lambda: shows("Press left Ctrl+Alt"))
    session.picture("2-running")
    check(width(window) == WIDTH, f"the window has grown to {width(window)}")


sys.exit(main(sys.argv[1:4], run))
