#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives the real application as a person would: wizard, machine, power on, the guest on the screen,
reset, power off.

usage: xvfb-run dbus-run-session gui-test.py GUESTHOUSE GUESTHOUSECTL PICTURES. Leaves pictures of
each step in the folder PICTURES.
"""

import sys

from gui_driver import (act_until, check, enter, find_button, focused_text, force, main, press, share_of_blue,
                        shows, wait, xdotool)

DISC = "/usr/lib/memtest86+/memtest86+x64.iso"


def make_machine(session):
    """The wizard, from a disc image."""
    press("New Virtual Machine", "the wizard", lambda: shows("Where Should It Start From?"))
    session.picture("1-wizard")
    press("Choose…", "the file dialog", lambda: find_button("Cancel"))
    act_until("a field for the path", lambda: xdotool("key", "slash"), focused_text)
    enter(DISC)
    press("Open", "Next to be usable", lambda: find_button("Next"))
    press("Next", "the page about the hardware", lambda: shows("What Should It Have?"))
    press("Next", "the review", lambda: find_button("Create"))
    session.picture("2-review")
    press("Create", "the machine in the library", lambda: session.state() == "off")
    wait("its page", lambda: find_button("Power On"))


def run(session):
    session.start()
    make_machine(session)
    press("Power On", "the machine to run", lambda: session.state() == "running")
    wait("the guest on the console", lambda: share_of_blue(session.picture("3-console")) > 0.1)
    text = session.control("screen-text", session.machine()["name"])
    check("Memtest86+" in text, "the machine's screen is not memtest86+'s:\n" + text)

    # A guest that starts over reads its disc again.
    read = session.counter("cd0-bytes-read")
    check(read > 0, "nothing was read from the disc")
    force("Force Reset", "the disc to be read again",
          lambda: session.counter("cd0-bytes-read") > read)
    wait("the guest after the reset", lambda: share_of_blue(session.picture("4-after-reset")) > 0.1)

    force("Force Power Off", "the machine to be off", lambda: session.state() == "off")
    wait("the summary", lambda: find_button("Power On"))
    session.picture("5-off")


sys.exit(main(sys.argv[1:4], run))
