#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine of somebody else that uses the user's files is asked about before it starts: Cancel and
Escape leave it off, and once allowed it is not asked about again.

usage: xvfb-run dbus-run-session gui-trust-test.py GUESTHOUSE GUESTHOUSECTL PICTURES. The machine has
no CPU, so it runs at once.
"""

import os
import sys

from gui_driver import act_until, check, click, find_button, main, press, shows, wait, windows, xdotool

NAME = "Stranger"
QUESTION = f"Allow “{NAME}” These Files?"


def make_machine(session):
    """As it comes with an archive: not made here."""
    home = os.environ["HOME"]
    disk = os.path.join(home, "letters.img")
    with open(disk, "wb") as file:
        file.truncate(1 << 20)
    folder = os.path.join(os.environ["XDG_DATA_HOME"], "guesthouse", "machines", NAME)
    os.makedirs(folder)
    with open(os.path.join(folder, "machine.conf"), "w", encoding="utf-8") as file:
        file.write(f"[machine]\nname={NAME}\nuuid=e3b7e9f2-0d2c-4d3a-9d53-1a1f0c0f2a12\nmemory=16\n"
                   f"accelerator=none\n[disk0]\nfile={disk}\n"
                   f"[serial0]\noutput=file:{home}/serial.log\n")
    check(session.state() == "off", "the machine is not in the library")
    return disk


def run(session):
    disk = make_machine(session)
    output = os.path.join(os.environ["HOME"], "serial.log")
    session.start()
    click(NAME, ("label",), "the machine's page", lambda: find_button("Power On"))
    before = windows()

    def gone():
        return windows() == before

    press("Power On", "the question", lambda: shows(QUESTION))
    wait("the disk in the list", lambda: shows(disk))
    wait("what becomes of it", lambda: shows("The guest reads and changes it"))
    wait("the output in the list", lambda: shows(output))
    session.picture("1-question")
    press("Cancel", "the question to be gone", gone)
    check(session.state() == "off", "the machine runs after Cancel")
    press("Power On", "the question again", lambda: shows(QUESTION))
    act_until("the question to be gone", lambda: xdotool("key", "Escape"), gone)
    check(session.state() == "off", "the machine runs after Escape")
    check(not os.path.exists(output), "the output was made before it was allowed")
    press("Power On", "the question again", lambda: shows(QUESTION))
    press("Allow and Power On", "the machine to run", lambda: session.state() == "running")
    check(os.path.exists(output), "the output is not there")
    session.control("quit", NAME)
    wait("the machine to be off", lambda: session.state() == "off")
    press("Power On", "the machine to run, unasked", lambda: session.state() == "running")


sys.exit(main(sys.argv[1:4], run))
