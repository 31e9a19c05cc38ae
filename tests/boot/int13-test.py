#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a boot sector learns from the firmware of disks of many sizes, and that a virtio disk starts.

usage: int13-test.py, with GUESTHOUSE_VM, GUESTHOUSECTL and INT13_GUEST (the boot sector) in the
environment. Prints TAP.
"""

import functools
import os
import sys
import tempfile

from machine import BootError, Machine, report

PASSED = 33
PATIENCE = 120
# Size in bytes: last cylinder, last head, sectors a track. Firmware keeps one cylinder to itself.
GEOMETRIES = {
    100 << 10: (1, 0, 63),
    504 << 10: (0, 7, 63),
    500 << 20: (1013, 15, 63),
    504 << 20: (1022, 15, 63),
    2 << 30: (518, 127, 63),
    4 << 30: (520, 254, 63),
    8 << 30: (1022, 254, 63),
    200 << 30: (1022, 254, 63),
}


def ask(size, model="ide-disk"):
    """The geometry that the boot sector of a disk of this size is told."""
    with tempfile.NamedTemporaryFile(prefix="guesthouse-int13-") as image:
        with open(os.environ["INT13_GUEST"], "rb") as guest:
            image.write(guest.read())
        image.truncate(size)
        with Machine("--device", f"{model},file={image.name}", "--test-device", memory="16") as machine:
            status = machine.wait_end(PATIENCE)
            if status != PASSED:
                raise BootError(f"the machine ended with {status}\n{machine.last_words()}")
            *geometry, read = (int(word, 16) for word in machine.serial_text().split())
    if read != 0:
        raise BootError(f"the last sector cannot be read: {read:#x}")
    return tuple(geometry)


def check(size, expected):
    """Fails the test unless the boot sector is told what is expected."""
    found = ask(size)
    if found != expected:
        raise BootError(f"found {found}, not {expected}")


def start_from_virtio():
    """The boot sector of a virtio disk runs, and reads the last sector that it is told of."""
    ask(2 << 30, "virtio-blk")


if __name__ == "__main__":
    sys.exit(report([(f"{size} bytes", functools.partial(check, size, expected))
                     for size, expected in GEOMETRIES.items()] + [("virtio", start_from_virtio)]))
