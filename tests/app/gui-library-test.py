#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The library in the sidebar: what runs is above, each machine has a menu and keys, and the tabs come
back with the next start; and the keys of the window.

usage: xvfb-run dbus-run-session gui-library-test.py GUESTHOUSE GUESTHOUSECTL PICTURES
"""

import json
import os
import subprocess
import sys

from gui_driver import (Atspi, act_until, check, enter, find, find_button, focused_text, is_shown, main,
                        nodes, press, shows, wait, windows, xdotool)

WORDS = ("Running", "Machines", "Aardvark", "Alpha", "Beta", "Gamma", "Delta")
LIST_WIDTH = 200  # pixels, of what is surely in the list
HEADING_END = 60
TAB_BAR = (50, 95)


def states(session):
    """Of all machines, by name."""
    return {machine["name"]: machine["state"] for machine in json.loads(session.control("list", "--json") or "[]")}


def listed():
    """Headings and machines in the list, and where they are: words beside it are the same."""
    found = []
    for node in nodes():
        if node.get_role_name() == "label" and node.get_name() in WORDS and is_shown(node):
            area = Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW)
            # The state of a machine is said in the same word as the heading, and is further right.
            if area.x < LIST_WIDTH and (node.get_name() != "Running" or area.x < HEADING_END):
                found.append((node.get_name(), area))
    return found


def beside_list():
    """Machines named elsewhere."""
    return [node.get_name() for node in nodes()
            if node.get_role_name() == "label" and node.get_name() in WORDS and is_shown(node)
            and Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW).x > LIST_WIDTH]


def place(name):
    """The middle of what is called so in the list."""
    def look():
        return [area for what, area in listed() if what == name]
    area, = wait(f"“{name}” in the list", look)
    return area.x + area.width // 2, area.y + area.height // 2


def point_at(name):
    """A click on it, until its page is there."""
    def act():
        x, y = place(name)
        xdotool("mousemove", str(x), str(y), "click", "1")
    act_until(f"the page of “{name}”", act,
              lambda: name in beside_list() and find_button("Power On"))


def rows():
    """What the list shows, from the top: headings and machines."""
    return [name for name, area in sorted(listed(), key=lambda row: row[1].y)]


def open_menu(name):
    """A right click. The menu is a window of its own; what is in it can be found without."""
    before = windows()

    def act():
        x, y = place(name)
        xdotool("mousemove", str(x), str(y), "click", "3")
    act_until(f"the menu of “{name}”", act, lambda: windows() > before and find_button("Show in Files"))


def close_menu():
    before = windows()
    xdotool("key", "Escape")
    wait("the menu to go", lambda: windows() < before)


def choose_item(menu_of, item, what, effect):
    """Presses an item of a machine's menu."""
    def find_item():
        return find(item, ("menu item",))

    open_menu(menu_of)
    wait(f"“{item}”", find_item).do_action(0)
    return wait(what, effect)


def test_sections(session):
    """What is powered on goes up, and what is powered off comes back."""
    check(rows() == ["Alpha", "Beta", "Gamma"], f"the list is {rows()}")
    lines = {node.get_name(): Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW).height for node in nodes()
             if node.get_role_name() == "label" and node.get_name() in ("Alpha", "Powered off")}
    check(lines["Powered off"] <= lines["Alpha"], f"the state takes more than a line: {lines}")
    wait("no machine to be open", lambda: shows("No Machine Is Open"))
    session.picture("1-choose")
    open_menu("Beta")
    session.picture("2-menu")
    close_menu()
    choose_item("Beta", "Power On", "it to run", lambda: states(session)["Beta"] == "running")
    wait("the sections", lambda: "Machines" in rows())
    check(rows()[0] == "Running" and rows().index("Beta") < rows().index("Machines") < rows().index("Alpha"),
          f"the list is {rows()}")
    session.picture("3-running")
    session.control("quit", "Beta")
    wait("the sections to go", lambda: rows() == ["Alpha", "Beta", "Gamma"])


def rename(session, name):
    """The machine that the keyboard is on."""
    act_until("the question", lambda: xdotool("key", "F2"), lambda: find_button("Rename"))
    session.picture("4-rename")
    wait("the field to have the keyboard", focused_text)
    enter(name)
    before = windows()
    xdotool("key", "Return")
    wait("the question to go", lambda: windows() < before)
    wait("the new name", lambda: name in states(session) and name in rows())


def test_rename(session):
    """By F2. The machine's tab stays, also if its new name leads to another place in the list."""
    point_at("Gamma")
    for name, place_in_list in (("Aardvark", 0), ("Delta", 2)):
        rename(session, name)
        wait("its place", lambda: rows().index(name) == place_in_list)
        wait("its tab", lambda: name in tabs())
        point_at(name)


def test_files(session, opened):
    """The file manager shows the folder."""
    choose_item("Alpha", "Show in Files", "the file manager", lambda: os.path.exists(opened))
    with open(opened, encoding="utf-8") as file:
        said = file.read()
    check("Alpha" in said, "it shows " + said)


def tabs():
    """What they are called, in no order."""
    found = set()
    for node in nodes():
        if node.get_role_name() == "label" and node.get_name() in WORDS and is_shown(node):
            area = Atspi.Component.get_extents(node, Atspi.CoordType.WINDOW)
            if area.x > LIST_WIDTH and TAB_BAR[0] < area.y < TAB_BAR[1]:
                found.add(node.get_name())
    return sorted(found)


def test_tabs(session):
    """Another start has the same tabs."""
    check(tabs() == ["Alpha", "Beta", "Delta"], f"the tabs are {tabs()}")
    session.application.terminate()
    session.application.wait()
    session.start()
    wait("Alpha's page", lambda: find_button("Power On"))
    wait("all tabs", lambda: tabs() == ["Alpha", "Beta", "Delta"])
    session.picture("5-tabs")


def test_search(session):
    """Ctrl+F leads to the search, Enter to the first that it finds, Escape back to all."""
    def go_to_search():
        act_until("the search", lambda: xdotool("key", "ctrl+f"), focused_text)
    point_at("Alpha")
    go_to_search()
    xdotool("type", "delt")
    wait("the others to go", lambda: rows() == ["Delta"])
    xdotool("key", "Return")
    wait("Delta's page", lambda: "Delta" in beside_list())
    go_to_search()
    xdotool("key", "ctrl+a")
    xdotool("type", "nobody")
    wait("no results", lambda: shows("No Results"))
    session.picture("6-no-results")
    xdotool("key", "Escape")
    wait("all machines again", lambda: len(rows()) == 3)


def test_shortcuts(session):
    """F9, Ctrl+Alt+Enter, Ctrl+comma, F1 and Ctrl+W, once each; what was shown is back the second time."""
    def key(keys, what, effect):
        act_until(f"{what}, after {keys}", lambda: xdotool("key", keys), effect)

    def has_sidebar():
        return find_button("New Virtual Machine")

    def top():
        """Where the page's button is: the bars of full screen take no room from it."""
        return Atspi.Component.get_extents(find_button("Power On"), Atspi.CoordType.WINDOW).y

    usual = top()
    key("F9", "the machine alone", lambda: not has_sidebar() and top() == usual)
    key("F9", "the sidebar", has_sidebar)
    key("ctrl+alt+Return", "the machine without bars", lambda: not has_sidebar() and top() < usual)
    key("ctrl+alt+Return", "the bars", lambda: has_sidebar() and top() == usual)
    before = windows()
    for keys, text in (("ctrl+comma", "Machine Settings"), ("F1", "Close tab")):
        key(keys, f"a window with “{text}”", lambda: shows(text))
        session.picture("7-" + keys)
        key("Escape", "it to be gone", lambda: windows() == before)
    key("ctrl+w", "the tab to be gone", lambda: tabs() == ["Alpha", "Beta"])


def test_full_screen():
    """A window manager takes its time to make a window small again: a pointer that moves meanwhile leaves the bars."""
    def top():
        return Atspi.Component.get_extents(find_button("Power On"), Atspi.CoordType.WINDOW).y

    usual, (window, *_) = top(), subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "Guesthouse"],
                                                capture_output=True, text=True, check=True).stdout.split()
    state = ("xprop", "-id", window, "-f", "_NET_WM_STATE", "32a", "-set", "_NET_WM_STATE")
    xdotool("key", "F11")
    subprocess.run([*state, "_NET_WM_STATE_FULLSCREEN"], check=True)
    wait("the machine without bars", lambda: top() < usual)
    xdotool("key", "F11")
    for y in range(300, 310):
        xdotool("mousemove", "200", str(y))
    subprocess.run([*state, ""], check=True)
    wait("the bars", lambda: top() == usual)


def test_trash(session):
    """Delete asks first; Escape leaves everything as it is."""
    point_at("Beta")
    for key in ("Escape", "Tab"):
        act_until("the question", lambda: xdotool("key", "Delete"), lambda: find_button("Move to Trash"))
        if key == "Escape":
            before = windows()
            xdotool("key", key)
            wait("the question to go", lambda: windows() < before)
            check("Beta" in states(session), "Escape moved it to the trash")
    press("Move to Trash", "it to be gone", lambda: "Beta" not in states(session))
    wait("its row to go", lambda: "Beta" not in rows())


def fake_file_manager(session):
    """Whatever opens a folder leaves its name in a file."""
    opened = os.path.join(session.folder.name, "opened")
    script = os.path.join(session.folder.name, "files")
    applications = os.path.join(os.environ["XDG_DATA_HOME"], "applications")
    os.makedirs(applications)
    with open(script, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\necho \"$@\" > {opened}.new && mv {opened}.new {opened}\n")
    os.chmod(script, 0o755)
    with open(os.path.join(applications, "files.desktop"), "w", encoding="utf-8") as file:
        file.write(f"[Desktop Entry]\nType=Application\nName=Files\nExec={script} %U\n"
                   "MimeType=inode/directory;\n")
    with open(os.path.join(os.environ["XDG_CONFIG_HOME"], "mimeapps.list"), "w", encoding="utf-8") as file:
        file.write("[Default Applications]\ninode/directory=files.desktop\n")
    return opened


def run(session):
    os.environ["GSETTINGS_BACKEND"] = "keyfile"
    opened = fake_file_manager(session)
    for name in ("Alpha", "Beta", "Gamma"):
        subprocess.run([session.ctl, "create", name], check=True)
    session.start()
    test_sections(session)
    test_rename(session)
    test_files(session, opened)
    test_tabs(session)
    test_search(session)
    test_shortcuts(session)
    test_full_screen()
    test_trash(session)


sys.exit(main(sys.argv[1:4], run))
