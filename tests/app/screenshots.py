#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the pictures of ui-resources/screenshots, which README.md and software centers show.

usage: PYTHONPATH=tests/support xvfb-run -s '-screen 0 1280x800x24 -noreset' dbus-run-session
       /usr/bin/python3 tests/app/screenshots.py GUESTHOUSE GUESTHOUSECTL FOLDER DEMO-LIVECD.iso
"""

import os
import subprocess
import sys
import time

from gui_driver import act_until, check, find_button, main, shows, wait, xdotool

DEMO = "Demo LiveCD"
DEBIAN = "debian-12.11.0-amd64-netinst.iso"


def save(session, name):
    """The newest window, without the frame that it has where there is no compositor; small enough for a
    repository."""
    xdotool("mousemove", "1270", "790")
    found = subprocess.run(["xdotool", "search", "--onlyvisible", "--class", "."], capture_output=True,
                           text=True, check=True).stdout.split()
    path = os.path.join(session.pictures, name + ".png")
    subprocess.run(["import", "-window", found[-1], path], check=True)
    subprocess.run(["convert", path, "-shave", "5x5", "-strip", "+dither", "-colors", "255", "PNG8:" + path],
                   check=True)
    check(os.path.getsize(path) < 100_000, f"{path} is large")


def use_gnome_font(session):
    folder = os.path.join(os.environ["XDG_CONFIG_HOME"], "gtk-4.0")
    os.mkdir(folder)
    with open(os.path.join(folder, "settings.ini"), "w", encoding="utf-8") as file:
        file.write("[Settings]\ngtk-font-name=Cantarell 11\n")


def at_prompt(session, after):
    text = session.control("screen-text", DEMO)
    return after in text and text.rstrip().endswith("#")


def show_console(session, disc):
    session.control("create", "Windows 98", "--memory", "256M", "--disk-size", "8G")
    session.control("create", "FreeDOS", "--memory", "64M", "--disk-size", "2G")
    session.control("create", DEMO, "--memory", "512M", "--cdrom", disc)
    session.control("start", DEMO)
    wait("the demonstration's prompt", lambda: at_prompt(session, "Look around"), 280)
    session.control("type", DEMO, "uname -sr\n")
    wait("the kernel's name", lambda: at_prompt(session, "Linux 6"))
    session.control("type", DEMO, "head -5 /proc/cpuinfo\n")
    wait("the processor", lambda: at_prompt(session, "model name"))
    session.start()
    act_until("the console", lambda: xdotool("mousemove", "140", "150", "click", "1"),
              lambda: find_button("Pause"))
    xdotool("mousemove", "1076", "76", "click", "1")  # the message that KVM is not used
    time.sleep(2)
    save(session, "console")


def show_wizard(session):
    path = os.path.join(session.folder.name, DEBIAN)
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-V", "Debian 12.11.0 amd64 n", "-o", path,
                    "/etc/hostname"], check=True, stderr=subprocess.DEVNULL)
    subprocess.run([session.guesthouse, path], check=True)
    wait("what the disc is", lambda: shows("Debian 12") and find_button("Create and Start"))
    save(session, "new-machine")


def run(session):
    use_gnome_font(session)
    show_console(session, sys.argv[4])
    show_wizard(session)


sys.exit(main(sys.argv[1:4], run))
