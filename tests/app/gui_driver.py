# SPDX-License-Identifier: GPL-3.0-or-later
"""The application in a world of its own, and the hands and eyes of a person who uses it.

Widgets are found, read and pressed through AT-SPI. A press is repeated until its effect is seen, and
nothing sleeps for a fixed time: what is waited for is always something that a person would see. Seconds
are those that the session (of processes: setsid) had the chance to use, as patience.py counts them.
"""

import json
import os
import subprocess
import tempfile
import time

import gi
gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402
from patience import Patience  # noqa: E402

PATIENCE = 90     # seconds until something counts as not happening
PRESS_AGAIN = 10  # seconds after which a press without effect counts as lost

# What is to be seen on a page of the settings only.
SETTINGS_PAGES = {"General": ("Name (applies now)",), "Hardware": ("Late Timer Ticks",),
                  "Drives": ("Disk", "CD Drive"), "Other Devices": ("Beside drives; changes apply at next start",),
                  "Start": ("Boot Menu",), "Advanced": ("Configuration File",)}

BUTTONS = ("push button", "toggle button", "menu item")


class Failure(Exception):
    """The application did something else than a person expects."""


def check(true, what):
    if not true:
        raise Failure(what)


def wait(what, look, seconds=PATIENCE):
    """Looks until there is an answer, and returns it."""
    patience = Patience(os.getsid(0))
    while patience.spent() < seconds:
        try:
            found = look()
        except GLib.Error:
            found = None  # a widget went away while we looked
        if found:
            return found
        time.sleep(0.3)
    raise Failure(f"not seen within {seconds} s: {what}")


def walk(node, depth=40):
    yield node
    for i in range(node.get_child_count() if depth > 0 else 0):
        child = node.get_child_at_index(i)
        if child is not None:
            yield from walk(child, depth - 1)


KNOWN = []


def application():
    """The application's node. libatspi is kept from caching it: GTK 4.8 does not announce widgets that
    were hidden at first, so a cached tree would never have them. The node is kept, for libatspi asks
    applications that are new to it for all their widgets at once."""
    desktop = Atspi.get_desktop(0)
    for i in range(desktop.get_child_count()):
        node = desktop.get_child_at_index(i)
        if node is not None and "guesthouse" in (node.get_name() or "").lower():
            node.set_cache_mask(Atspi.Cache.NONE)
            KNOWN[:] = [node]
            return node
    return None


def nodes():
    root = application()
    return walk(root) if root is not None else ()


def has_state(node, state):
    return node.get_state_set().contains(state)


def is_shown(node):
    """Pages of a stack that have not been turned to are there already, but without any room."""
    return has_state(node, Atspi.StateType.VISIBLE) \
        and Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW).width > 0


def is_called(node, name):
    """Buttons with a mnemonic carry their label twice, once with its underline."""
    text = node.get_name() or ""
    return text == name or text.endswith(" " + name) or text.replace("_", "") == name


def find(name, roles):
    """A widget of that name on the screen, or None."""
    for node in nodes():
        if node.get_role_name() in roles and is_called(node, name) and is_shown(node):
            return node
    return None


def find_button(name):
    """A button that can be pressed now, in the newest of the windows that have one. Menu buttons consist of
    two, of which one has an action."""
    root = application()
    for i in reversed(range(root.get_child_count() if root is not None else 0)):
        for node in walk(root.get_child_at_index(i)):
            if node.get_role_name() in BUTTONS and is_called(node, name) and is_shown(node) \
               and has_state(node, Atspi.StateType.SENSITIVE) and node.get_n_actions() > 0:
                return node
    return None


def shows(text):
    """Whether a label on the screen has this in it."""
    return any(node.get_role_name() == "label" and text in (node.get_name() or "") and is_shown(node)
               for node in nodes())


def act_until(what, act, effect):
    """Does something again and again, until its effect is seen; gives what was seen."""
    patience = Patience(os.getsid(0))
    while patience.spent() < PATIENCE:
        try:
            act()
            return wait(what, effect, PRESS_AGAIN)
        except (Failure, GLib.Error):
            pass
    raise Failure(f"not seen within {PATIENCE} s: {what}")


def press(name, what, effect):
    """Presses a button until its effect is seen."""
    def act():
        wait(f"“{name}” to be usable", lambda: find_button(name), PRESS_AGAIN).do_action(0)
    return act_until(f"{what}, after pressing “{name}”", act, effect)


def choose(menu, item, what, effect):
    """Opens a menu and presses one of its items."""
    press(menu, f"“{item}” in the menu", lambda: find_button(item))
    return press(item, what, effect)


def force(item, what, effect):
    """Chooses what the power menu asks about, and means it."""
    choose("Power", item, "the question", lambda: shows("has not saved is lost"))
    return press(item, what, effect)


def windows():
    """How many the X server shows. GTK 4.8 crashes when it is asked for widgets of a dialog that is just
    going, so nobody looks at widgets until it is gone."""
    found = subprocess.run(["xdotool", "search", "--onlyvisible", "--class", "."], capture_output=True,
                           text=True, check=False)
    return len(found.stdout.split())


def xdotool(*words):
    subprocess.run(["xdotool", *words], check=True)


def click(name, roles, what, effect):
    """Clicks on a widget that has no action of its own, where it says that it is, until the effect is
    seen. Without a window manager, windows are in the corner of the screen."""
    def act():
        node = wait(f"“{name}”", lambda: find(name, roles), PRESS_AGAIN)
        place = Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW)
        xdotool("mousemove", str(place.x + place.width // 2), str(place.y + place.height // 2),
                "click", "1")
    return act_until(f"{what}, after clicking on “{name}”", act, effect)


def open_settings(page):
    """The settings of the machine that is shown, at one of their pages."""
    press("Settings…", "the settings", lambda: shows("Machine Settings"))
    turn_to(page)


def turn_to(page):
    click(page, ("label",), f"the page {page}",
          lambda: any(shows(text) for text in SETTINGS_PAGES[page]))


def focused_text():
    """The text field that the keyboard writes into."""
    for node in nodes():
        if node.get_role_name() in ("text", "entry") and has_state(node, Atspi.StateType.FOCUSED) \
           and is_shown(node):
            return node
    return None


def text_of(field):
    return Atspi.Text.get_text(field, 0, Atspi.Text.get_character_count(field))


def turn(name, value):
    """Gives a spin button another value."""
    Atspi.Value.set_current_value(wait(f"“{name}”", lambda: find(name, ("spin button",)), PRESS_AGAIN), value)


def write(name, text):
    """Writes into the field of this name, wherever the keyboard is."""
    Atspi.EditableText.set_text_contents(wait(f"“{name}”", lambda: find(name, ("text", "entry")), PRESS_AGAIN),
                                         text)


def enter(text, look=focused_text):
    """Writes into a field: the one that has the focus, unless said otherwise."""
    def act():
        Atspi.EditableText.set_text_contents(wait("a field", look, PRESS_AGAIN), text)

    def written():
        field = look()
        return field and text_of(field) == text
    act_until(f"“{text}” in the field", act, written)


def share_of_blue(path):
    """How much of a picture has the blue of memtest86+'s screen."""
    rgb = subprocess.run(["convert", path, "-sample", "200x125!", "-depth", "8", "rgb:-"],
                         capture_output=True, check=True).stdout
    blue = sum(rgb[i] < 60 and rgb[i + 1] < 60 and rgb[i + 2] > 120 for i in range(0, len(rgb), 3))
    return blue / (len(rgb) / 3)


class Session:
    """Folders of its own, in which the application runs and the command line looks."""

    def __init__(self, guesthouse, ctl, pictures):
        self.folder = tempfile.TemporaryDirectory(prefix="guesthouse-gui-")
        self.guesthouse, self.ctl, self.pictures = guesthouse, ctl, pictures
        os.makedirs(pictures, exist_ok=True)
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "HOME"):
            path = os.path.join(self.folder.name, name)
            os.mkdir(path, 0o700)
            os.environ[name] = path
        os.environ.update(GSK_RENDERER="cairo", GDK_BACKEND="x11", GTK_A11Y="atspi",
                          GSETTINGS_BACKEND="memory", NO_AT_BRIDGE="0", LC_ALL="C.UTF-8")
        self.application = None
        xdotool("mousemove", "200", "300")  # without a window manager, keys go to what is below it

    def start(self):
        self.application = subprocess.Popen([self.guesthouse])
        wait("the application", lambda: find("Guesthouse", ("frame",)))

    def kill(self):
        """As the kernel does it when memory is short: the application can do nothing about it."""
        self.application.kill()
        self.application.wait()
        wait("the application to be gone", lambda: application() is None)

    def is_up(self):
        return self.application.poll() is None

    def control(self, *words):
        done = subprocess.run([self.ctl, *words], capture_output=True, text=True, check=False)
        return done.stdout if done.returncode == 0 else ""

    def machine(self):
        """The machine of the library: name, state and folder."""
        machines = json.loads(self.control("list", "--json") or "[]")
        return machines[0] if machines else {"name": "", "state": "none", "folder": ""}

    def state(self):
        return self.machine()["state"]

    def counter(self, name):
        said = self.control("--json", "stats", self.machine()["name"])
        return json.loads(said or "{}").get(name, 0)

    def machine_process(self):
        """The process id of the machine, by its command line."""
        folder = self.machine()["folder"].encode()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"guesthouse-vm") and folder in words:
                return int(pid)
        return None

    def log(self):
        path = os.path.join(self.machine()["folder"], "logs", "guesthouse-vm.log")
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def picture(self, name):
        path = os.path.join(self.pictures, name + ".png")
        subprocess.run(["import", "-window", "root", path], check=True)
        return path

    def close(self):
        if self.state() not in ("none", "off"):
            self.control("quit", self.machine()["name"])
        if self.application is not None and self.is_up():
            self.application.terminate()
            self.application.wait()
        self.folder.cleanup()


def main(arguments, run):
    """Runs a test on GUESTHOUSE, GUESTHOUSECTL and a folder for pictures: 0 if all was seen."""
    session = Session(*arguments)
    try:
        run(session)
        print("ok")
        return 0
    except (Failure, subprocess.SubprocessError) as problem:
        session.picture("failure")
        print(f"not ok: {problem}")
        return 1
    finally:
        session.close()
