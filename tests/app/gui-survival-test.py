#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that crashes takes nothing with it, and neither does an application that is killed or
closed: the one shows what became of the other, and finds it again.

usage: xvfb-run dbus-run-session gui-survival-test.py GUESTHOUSE GUESTHOUSECTL PICTURES. The machine
has no CPU, so it runs at once.
"""

import os
import signal
import sys

from gui_driver import check, click, find_button, main, press, shows, wait

NAME = "Survivor"


def make_machine(session):
    session.control("create", NAME, "--memory", "16M")
    session.control("set", NAME, "machine", "accelerator", "none")
    check(session.state() == "off", "the machine was not made")


def crash(session):
    press("Power On", "the machine to run", lambda: session.state() == "running")
    session.control("trace", NAME, "*")
    session.control("keys", NAME, "ctrl+alt+delete")
    wait("trace events in the log", lambda: "pic.input" in session.log())
    os.kill(session.machine_process(), signal.SIGSEGV)
    wait("the crash on the machine's page", lambda: shows("The Machine Stopped Unexpectedly"))
    wait("why it ended", lambda: shows(signal.strsignal(signal.SIGSEGV)))
    wait("the log", lambda: shows(session.log().strip().splitlines()[-1]))
    session.picture("1-crashed")
    check(session.is_up(), "the application went with the machine")
    check(session.state() == "off", "the machine still answers")


def find_again(session, process):
    check(session.machine_process() == process, "the machine went with the application")
    check(session.state() == "running", "the machine does not run any more")
    session.start()
    wait("the machine in the library, running", lambda: shows("Running"))
    click(NAME, ("label",), "the tools of a running machine", lambda: find_button("Power"))


def kill(session):
    press("Power On", "the machine to run again", lambda: session.state() == "running")
    process = session.machine_process()
    session.kill()
    find_again(session, process)
    session.picture("2-found-again")


def leave(session):
    """Closing the window asks what becomes of the machines."""
    process = session.machine_process()
    press("Close", "the question", lambda: shows("1 Machine Is Running"))
    session.picture("3-question")
    press("Keep Running", "the application to end", lambda: not session.is_up())
    find_again(session, process)


def leave_and_power_off(session):
    press("Close", "the question", lambda: shows("1 Machine Is Running"))
    press("Force Power Off", "the application to end", lambda: not session.is_up())
    check(session.machine_process() is None, "the machine goes on")
    check(session.state() == "off", "the machine is not off")


def run(session):
    make_machine(session)
    session.start()
    session.control("open", NAME)
    wait("the machine's page", lambda: find_button("Power On"))
    crash(session)
    kill(session)
    leave(session)
    leave_and_power_off(session)


sys.exit(main(sys.argv[1:4], run))
