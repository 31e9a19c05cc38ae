#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disc image dropped on the library is for a new machine; dropped on a machine's screen, it goes into
the drive.

usage: xvfb-run dbus-run-session gui-drop-test.py GUESTHOUSE GUESTHOUSECTL PICTURES; DRAG_SOURCE is a
program that shows a file to drag.
"""

import os
import subprocess
import sys

from gui_driver import act_until, find_button, main, shows, wait, windows, xdotool

DISC = "/usr/lib/memtest86+/memtest86+x64.iso"
SOURCE = (1190, 60)   # where the file is, right of the application
LIBRARY = (140, 600)  # below the machines
SCREEN = (700, 400)


def show_file(path):
    """The window with the file, beside the application's."""
    source = subprocess.Popen([os.environ["DRAG_SOURCE"], path])

    def look():
        found = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "A file to drag"],
                               capture_output=True, text=True, check=False).stdout.split()
        return found[0] if found else None
    xdotool("windowmove", wait("the file", look), "1130", "0")
    return source


def drag_to(x, y):
    """Presses on the file, moves in steps as a hand does, and lets go."""
    xdotool("mousemove", str(SOURCE[0]), str(SOURCE[1]), "mousedown", "1", "sleep", "0.3")
    for step in range(1, 11):
        xdotool("mousemove", str(SOURCE[0] + (x - SOURCE[0]) * step // 10),
                str(SOURCE[1] + (y - SOURCE[1]) * step // 10), "sleep", "0.1")
    xdotool("sleep", "0.5", "mouseup", "1")


def run(session):
    subprocess.run([session.ctl, "create", "Alpha"], check=True)
    session.start()
    source = show_file(DISC)
    try:
        act_until("the wizard with the disc", lambda: drag_to(*LIBRARY), lambda: shows("Memtest86+"))
        session.picture("1-library")
        before = windows()
        xdotool("mousemove", "300", "300", "key", "Escape")
        wait("the wizard to go", lambda: windows() < before)

        session.control("start", "Alpha")
        wait("it to run", lambda: session.state() == "running")
        xdotool("mousemove", "130", "160", "click", "1")
        wait("its screen", lambda: find_button("Pause"))
        act_until("the disc in the drive", lambda: drag_to(*SCREEN),
                  lambda: DISC in session.control("get", "Alpha", "cd0", "file"))
        session.picture("2-screen")
    finally:
        source.kill()
        source.wait()


sys.exit(main(sys.argv[1:4], run))
