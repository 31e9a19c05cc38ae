#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine whose process stands still (SIGSTOP) is said not to respond, whether the application knew it
before or not; the window goes on, and Force Power Off ends the process.

usage: xvfb-run dbus-run-session gui-frozen-test.py GUESTHOUSE GUESTHOUSECTL PICTURES. The machine has no
CPU, so it runs at once.
"""

import os
import signal
import sys

from gui_driver import check, choose, click, find_button, main, press, shows, wait

NAME = "Frozen"


def is_gone(pid):
    return not os.path.exists(f"/proc/{pid}")


def stop(session):
    pid = session.machine_process()
    os.kill(pid, signal.SIGSTOP)
    return pid


def power_on(session):
    press("Power On", "the machine to run", lambda: find_button("Power") and shows("Running"))


def force_off(session, pid):
    """The window answers all the while: it asks."""
    press("Force Power Off", "the question", lambda: shows("has not saved is lost"))
    press("Force Power Off", "its process to be gone", lambda: is_gone(pid))
    wait("the summary", lambda: find_button("Power On"))
    check(not shows("Unexpectedly"), "what was meant is called a crash")
    check(session.is_up(), "the application went with the machine")


def steps(session):
    # Stopped while it is shown; and it may go on.
    power_on(session)
    pid = stop(session)
    wait("the state", lambda: shows("Not Responding"))
    session.picture("1-not-responding")
    os.kill(pid, signal.SIGCONT)
    wait("the state to be gone", lambda: not shows("Not Responding"))
    os.kill(pid, signal.SIGSTOP)
    wait("the state again", lambda: shows("Not Responding"))
    force_off(session, pid)

    # Stopped before the application begins.
    power_on(session)
    pid = stop(session)
    session.kill()
    session.start()
    click(NAME, ("label",), "the state", lambda: shows("Not Responding"))
    session.picture("2-found-not-responding")
    force_off(session, pid)

    # Closing the window does not wait for it either.
    power_on(session)
    pid = stop(session)
    press("Close", "the question", lambda: shows("1 Machine Is Running"))
    session.picture("3-closing")
    press("Force Power Off", "the application to end", lambda: not session.is_up())
    check(is_gone(pid), "the machine's process is there still")


def run(session):
    session.control("create", NAME, "--memory", "16M")
    session.control("set", NAME, "machine", "accelerator", "none")
    folder = session.machine()["folder"]
    session.machine = lambda: {"name": NAME, "folder": folder, "state": "unknown"}
    session.start()
    click(NAME, ("label",), "the machine's page", lambda: find_button("Power On"))
    try:
        steps(session)
    finally:
        if session.machine_process() is not None:
            os.kill(session.machine_process(), signal.SIGKILL)


sys.exit(main(sys.argv[1:4], run))
