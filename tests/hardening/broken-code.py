#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Translated code that is broken crashes the machine, not its process: that says what it was about, and the
machine can be switched on again.

usage: broken-code.py GUEST"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "boot"))
from machine import BootError, Machine  # noqa: E402 pylint: disable=wrong-import-position

BREAKPOINTS = b"\xcc" * 65536


def break_code(machine):
    """Overwrites what the process has made to be run, through the mappings where it is written."""
    with open(f"/proc/{machine.process.pid}/maps", encoding="utf-8") as maps:
        fields = [line.split(maxsplit=5) for line in maps]
    with open(f"/proc/{machine.process.pid}/mem", "r+b", buffering=0) as memory:
        for field in fields:
            if "w" in field[1] and "guesthouse-code" in field[-1]:
                memory.seek(int(field[0].split("-")[0], 16))
                memory.write(BREAKPOINTS)


def main():
    os.environ["BOOT_ACCELERATOR"] = "translator"
    with Machine("--kernel", sys.argv[1], memory="64M") as machine:
        def wait_ready(times):
            machine.wait(f"“ready” for the {times}. time", 60,
                         lambda: machine.serial_text().count("ready") == times, 0.1)

        wait_ready(1)
        break_code(machine)
        machine.wait("the state “crashed”", 60,
                     lambda: machine.control("state").strip() == "crashed", 0.1)
        machine.log.seek(0)
        log = machine.log.read()
        if "SIGTRAP" not in log or "64-bit code at 0028:10" not in log:
            raise BootError(f"the log does not say what happened:\n{log}")
        machine.control("stop")
        machine.control("start")
        wait_ready(2)


try:
    main()
except BootError as problem:
    print(problem, file=sys.stderr)
    print("1..1\nnot ok 1 broken code")
    sys.exit(1)
print("1..1\nok 1 broken code")
