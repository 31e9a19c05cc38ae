#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real application under Wayland: it starts, opens a machine, shows its picture and quits. The compositor
draws into a window of the X server, whose pointer is that of the person.

usage: xvfb-run dbus-run-session gui-wayland-test.py GUESTHOUSE GUESTHOUSECTL PICTURES. Leaves pictures of
each step in the folder PICTURES.
"""

import os
import subprocess
import sys

from gui_driver import check, click, find_button, main, press, share_of_blue, wait

DISC = "/usr/lib/memtest86+/memtest86+x64.iso"


def start_compositor():
    """Windows fill its screen, so that places in them are places on the screen."""
    compositor = subprocess.Popen(
        ["weston", "--no-config", "--backend=x11-backend.so", "--shell=kiosk-shell.so", "--use-pixman",
         "--width=1280", "--height=800", "--socket=gui-test"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait("the compositor", lambda: os.path.exists(os.path.join(os.environ["XDG_RUNTIME_DIR"], "gui-test")))
    os.environ.update(WAYLAND_DISPLAY="gui-test", GDK_BACKEND="wayland")
    return compositor


def run(session):
    compositor = start_compositor()
    try:
        session.control("create", "Tester", "--memory", "64M", "--cdrom", DISC)
        check(session.state() == "off", "the machine was not made")
        session.start()
        click("Tester", ("label",), "its page", lambda: find_button("Power On"))
        press("Power On", "the machine to run", lambda: session.state() == "running")
        wait("the guest on the console", lambda: share_of_blue(session.picture("1-console")) > 0.1)
        session.control("stop", "Tester")
        wait("the summary", lambda: find_button("Power On"))
        session.picture("2-off")
        press("Close", "the application to end", lambda: not session.is_up())
        check(session.application.wait() == 0, "the application did not end well")
    finally:
        compositor.terminate()
        compositor.wait()


sys.exit(main(sys.argv[1:4], run))
