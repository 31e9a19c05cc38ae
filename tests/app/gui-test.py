#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives the real application as a person would: wizard, machine, power on, the guest on the screen,
reset, power off.

usage: xvfb-run dbus-run-session gui-test.py GUESTHOUSE GUESTHOUSECTL PICTURES. Widgets are found and
pressed through AT-SPI; the file dialog gets its path from the keyboard. Leaves pictures
of each step in the folder PICTURES.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

import gi
gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

DISC = "/usr/lib/memtest86+/memtest86+x64.iso"
PATIENCE = 40


class Failure(Exception):
    """The application did something else than a person expects."""


def walk(node, depth=0):
    yield node
    if depth > 40:
        return
    for i in range(node.get_child_count()):
        child = node.get_child_at_index(i)
        if child is not None:
            yield from walk(child, depth + 1)


def wait(what, look, seconds=PATIENCE):
    """Looks until there is an answer."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = look()
        except gi.repository.GLib.Error:
            found = None  # a widget went away while we looked
        if found:
            return found
        time.sleep(0.3)
    raise Failure(f"not seen within {seconds} s: {what}")


def is_called(node, name):
    """Buttons with a mnemonic carry their label twice, once with its underline."""
    text = node.get_name() or ""
    return text == name or text.endswith(" " + name) or text.replace("_", "") == name


def find(name, roles, pressable=False):
    """A visible widget of that name in the application; one that can be pressed, if so wanted."""
    desktop = Atspi.get_desktop(0)
    for i in range(desktop.get_child_count()):
        application = desktop.get_child_at_index(i)
        if application is None or "guesthouse" not in (application.get_name() or "").lower():
            continue
        for node in walk(application):
            if is_called(node, name) and node.get_role_name() in roles \
               and node.get_state_set().contains(Atspi.StateType.VISIBLE) \
               and (node.get_n_actions() > 0 or not pressable):
                return node
    return None


BUTTONS = ("button", "push button", "toggle button", "menu item")


def press(name, roles=BUTTONS):
    button = wait(f"“{name}”", lambda: find(name, roles, pressable=True))
    wait(f"“{name}” to be usable", lambda: button.get_state_set().contains(Atspi.StateType.SENSITIVE))
    button.do_action(0)


def xdotool(*words):
    subprocess.run(["xdotool", *words], check=True)


class Session:
    def __init__(self, guesthouse, ctl, pictures):
        self.folder = tempfile.TemporaryDirectory(prefix="guesthouse-gui-")
        self.ctl, self.pictures = ctl, pictures
        os.makedirs(pictures, exist_ok=True)
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "HOME"):
            path = os.path.join(self.folder.name, name)
            os.mkdir(path, 0o700)
            os.environ[name] = path
        os.environ.update(GSK_RENDERER="cairo", GDK_BACKEND="x11", GTK_A11Y="atspi", GSETTINGS_BACKEND="memory",
                          NO_AT_BRIDGE="0")
        self.application = subprocess.Popen([guesthouse])

    def control(self, *words):
        done = subprocess.run([self.ctl, *words], capture_output=True, text=True, timeout=60, check=False)
        return done.stdout if done.returncode == 0 else ""

    def state(self):
        machines = json.loads(self.control("list", "--json") or "[]")
        return machines[0]["state"] if machines else "none"

    def name(self):
        return json.loads(self.control("list", "--json"))[0]["name"]

    def counter(self, name):
        return json.loads(self.control("--json", "stats", self.name()) or "{}").get(name, 0)

    def picture(self, name):
        path = os.path.join(self.pictures, name + ".png")
        subprocess.run(["import", "-window", "root", path], check=True)
        return path

    def close(self):
        if self.state() not in ("none", "off"):
            self.control("quit", self.name())
        self.application.terminate()
        self.application.wait(10)


def share_of_blue(path):
    """How much of the console's part of a picture has the blue of memtest86+'s screen."""
    rgb = subprocess.run(["convert", path, "-crop", "800x600+290+110", "+repage", "-sample", "200x150!",
                          "-depth", "8", "rgb:-"], capture_output=True, check=True).stdout
    blue = sum(rgb[i] < 60 and rgb[i + 1] < 60 and rgb[i + 2] > 120 for i in range(0, len(rgb), 3))
    return blue / (len(rgb) / 3)


def choose_power(row):
    """An entry of the power menu, the first button of the machine's tools: 0 shut down, 1 restart,
    2 reset, 3 power off."""
    xdotool("mousemove", "309", "28", "click", "1", "sleep", "1")
    for _ in range(row):
        xdotool("key", "Down", "sleep", "0.2")
    xdotool("key", "Return")


def run(session):
    # The wizard, from a disc image.
    press("New Virtual Machine")
    wait("the wizard", lambda: find("Where Should It Start From?", ("label",)))
    session.picture("1-wizard")
    press("Choose…")
    wait("the file dialog", lambda: find("Open", BUTTONS))
    xdotool("mousemove", "200", "200", "sleep", "0.5", "type", "--delay", "30", DISC)
    xdotool("sleep", "0.5", "key", "Return")
    wait("Next to be usable", lambda: (find("Next", BUTTONS) is not None
                                       and find("Next", BUTTONS).get_state_set().contains(Atspi.StateType.SENSITIVE)))
    for _ in ("system", "hardware", "review"):
        time.sleep(1.5)  # pages slide; a press meanwhile is lost
        press("Next")
    time.sleep(1.5)
    session.picture("2-review")
    # GTK 4.8 tells AT-SPI nothing of widgets that were hidden at first: from here on the keyboard and
    # the pointer do what AT-SPI cannot.
    xdotool("mousemove", "480", "60", "sleep", "0.5", "mousemove", "467", "28", "sleep", "1",
            "mousedown", "1", "sleep", "0.3", "mouseup", "1")
    wait("the machine in the library", lambda: session.state() == "off")

    # Its tab, and the power button.
    wait("its tab", lambda: find("Power On", BUTTONS))
    press("Power On")
    wait("the machine to run", lambda: session.state() == "running")
    wait("the guest on the console", lambda: share_of_blue(session.picture("3-console")) > 0.15, 90)

    # The guest starts over: its screen is the firmware's again, then its own.
    before = session.control("screen-text", session.name())
    if "Memtest86+" not in before:
        raise Failure("the machine's screen is not memtest86+'s:\n" + before)
    choose_power(2)
    wait("the reset", lambda: "Memtest86+" not in session.control("screen-text", session.name()), 20)
    wait("the guest after the reset", lambda: share_of_blue(session.picture("4-after-reset")) > 0.15, 90)

    choose_power(3)
    wait("the machine to be off", lambda: session.state() == "off")
    wait("the summary", lambda: find("Power On", BUTTONS))
    session.picture("5-off")


def main():
    session = Session(*sys.argv[1:4])
    try:
        run(session)
        print("ok")
        return 0
    except (Failure, subprocess.SubprocessError) as problem:
        session.picture("failure")
        print(problem, file=sys.stderr)
        print("not ok")
        return 1
    finally:
        session.close()


sys.exit(main())
