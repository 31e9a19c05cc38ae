#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine whose host has no room for its disk pauses, says so on its page, and goes on from there.

usage: xvfb-run dbus-run-session gui-disk-full-test.py GUESTHOUSE GUESTHOUSECTL PICTURES, with DISK_GUEST
(a kernel that writes its disk) and HOST_DISK (the library that makes the disk fail) in the environment.
"""

import os
import sys

from gui_driver import click, find_button, main, press, shows, wait

NAME = "Writer"


def set_disk(mode):
    with open(os.environ["HOST_DISK_MODE"], "w", encoding="ascii") as file:
        file.write(mode)


def make_machine(session):
    session.control("create", NAME, "--memory", "64M", "--disk-size", "1G")
    session.control("set", NAME, "machine", "accelerator", "translator")
    session.control("set", NAME, "kernel", "file", os.environ["DISK_GUEST"])
    os.environ["HOST_DISK_IMAGE"] = os.path.join(session.machine()["folder"], "disks", "disk0.img")
    os.environ["HOST_DISK_MODE"] = os.path.join(session.folder.name, "mode")
    os.environ["LD_PRELOAD"] = os.environ["HOST_DISK"]
    set_disk("full")


def run(session):
    make_machine(session)
    session.start()
    click(NAME, ("label",), "the machine's page", lambda: find_button("Power On"))
    press("Power On", "the pause", lambda: session.state() == "paused")
    wait("the reason", lambda: shows("is full") and shows("disk0.img"))
    session.picture("1-full")
    set_disk("")
    press("Resume", "the machine to run", lambda: session.state() == "running")
    wait("the reason to be gone", lambda: not shows("is full"))
    session.picture("2-running")


sys.exit(main(sys.argv[1:4], run))
