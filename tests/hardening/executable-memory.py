#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""After power on nothing becomes executable that was not: what is mapped so stays the same while a guest
makes code, over a reset, and when the machine is switched off and on again.

usage: executable-memory.py ACCELERATOR GUEST"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "boot"))
from machine import BootError, Machine  # noqa: E402 pylint: disable=wrong-import-position


def executable(machine):
    """The executable mappings of the machine's process; those that may be written, too, are marked."""
    with open(f"/proc/{machine.process.pid}/maps", encoding="utf-8") as maps:
        fields = [line.split(maxsplit=5) for line in maps]
    return {(field[0], field[1], field[-1].strip()) for field in fields if "x" in field[1]}


def show(mappings):
    return "".join(f"\n  {' '.join(mapping)}" for mapping in sorted(mappings))


def main():
    accelerator, guest = sys.argv[1:]
    os.environ["BOOT_ACCELERATOR"] = accelerator
    with Machine("--kernel", guest, memory="64M") as machine:
        before = None
        for rounds, restart in enumerate([["reset"], ["stop"], []], 1):
            machine.wait(f"“ready” for the {rounds}. time", 60,
                         lambda: machine.serial_text().count("ready") == rounds, 0.1)
            before = before or executable(machine)
            machine.control("keys", "a")
            machine.wait(f"“done” for the {rounds}. time", 60,
                         lambda: machine.serial_text().count("done") == rounds, 0.1)
            after = executable(machine)
            if after != before:
                raise BootError(f"became executable in round {rounds}:{show(after - before)}\n"
                                f"is so no more:{show(before - after)}")
            if restart:
                machine.control(*restart)
            if restart == ["stop"]:
                machine.control("start")
        if any("w" in mapping[1] for mapping in before):
            raise BootError(f"writable and executable:{show(before)}")


try:
    main()
except BootError as problem:
    print(problem, file=sys.stderr)
    print("1..1\nnot ok 1 executable memory")
    sys.exit(1)
print("1..1\nok 1 executable memory")
