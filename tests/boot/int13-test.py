#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a boot sector learns from the firmware of disks of many sizes, that a virtio disk
starts, and that disks start in their order.

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


def follow_order():
    """Of two disks the one that comes first in the order starts, whatever bus it is on."""
    with tempfile.NamedTemporaryFile(prefix="guesthouse-int13-") as small, \
            tempfile.NamedTemporaryFile(prefix="guesthouse-int13-") as large:
        for image, size in ((small, 100 << 20), (large, 8 << 30)):
            with open(os.environ["INT13_GUEST"], "rb") as guest:
                image.write(guest.read())
            image.truncate(size)
        for models in (("ide-disk", "ide-disk"), ("ide-disk", "virtio-blk"), ("virtio-blk", "ide-disk")):
            for order, large_first in (("disk0,disk1", False), ("disk1,disk0", True)):
                devices = [word for model, image in zip(models, (small, large))
                           for word in ("--device", f"{model},file={image.name}")]
                with Machine(*devices, "--boot", order, "--test-device", memory="16") as machine:
                    if machine.wait_end(PATIENCE) != PASSED:
                        raise BootError(f"{models}, {order}: no disk started\n{machine.last_words()}")
                    cylinder = int(machine.serial_text().split()[0], 16)
                if (cylinder == 1022) != large_first:
                    raise BootError(f"{models}, {order}: the other disk started")


def start_from_virtio():
    """The boot sector of a virtio disk runs, and reads the last sector that it is told of."""
    ask(2 << 30, "virtio-blk")


if __name__ == "__main__":
    sys.exit(report([(f"{size} bytes", functools.partial(check, size, expected))
                     for size, expected in GEOMETRIES.items()] + [("virtio", start_from_virtio), ("order", follow_order)]))
