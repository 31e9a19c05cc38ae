#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boots a guest in a real machine and reads its screen or serial line.

usage: boot-test.py TEST, with GUESTHOUSE_VM, GUESTHOUSECTL, BOOT_GUESTS (a folder for the guests made
once), BOOT_SUPPORT and PYTHONPATH (both tests/support) in the environment. Prints TAP.
"""

import concurrent.futures
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

from machine import BootError, Machine

MEMTEST = "/usr/lib/memtest86+/memtest86+%s.iso"


def guest(name, suffix):
    """The file of a guest, made if need be."""
    folder = os.environ["BOOT_GUESTS"]
    subprocess.run([os.path.join(os.environ["BOOT_SUPPORT"], "boot-guest.sh"), folder, name],
                   check=True, stdout=subprocess.DEVNULL)
    return os.path.join(folder, name + suffix)


def memtest(variant, skip_fading):
    """memtest86+ finishes a pass without an error. Its last test waits for minutes to see bits fade;
    one of the two variants leaves it out through its menu, as a person would."""
    with Machine("--cdrom", MEMTEST % variant, memory="16M") as machine:
        machine.wait_screen(r"Memtest86\+ v\d", 60)
        if skip_fading:
            machine.wait_screen(r"Bit fade", 300)
            machine.control("keys", "f1")
            machine.wait_screen(r"Skip current test", 30)
            machine.control("keys", "f5")
        found = machine.wait_screen(r"Pass: +([1-9]\d*) +Errors: +(\d+)", 500)
        if found.group(2) != "0":
            raise BootError(f"memtest86+ found errors:\n{machine.screen()}")


def change_disc(machine):
    """A mounted disc is locked in; after it is unmounted, another one can be put in and read."""
    try:
        machine.control("eject", "cd0")
        answer = "the disc came out"
    except BootError as problem:
        answer = str(problem)
    if "has locked the" not in answer:
        raise BootError(f"eject of a mounted disc: {answer}")
    machine.control("type", "clear; umount /cdrom && echo unmounted\n")
    machine.wait_screen(r"^unmounted", 60)
    machine.control("eject", "cd0")
    machine.control("insert", "cd0", MEMTEST % "x64")
    machine.control("type", "clear; mount -t iso9660 -o ro /dev/sr0 /cdrom; ls /cdrom\n")
    machine.wait_screen(r"^EFI +boot", 60)


def demo_livecd():
    """The demonstration LiveCD reaches its prompts, and answers what is typed on its keyboard."""
    with Machine("--cdrom", guest("demo-livecd", ".iso")) as machine:
        machine.wait_screen(r"Guesthouse demonstration LiveCD(?s:.*)root@demo:~# *$", 240)
        machine.wait_serial(r"root@demo:~# ", 60)
        machine.control("type", "echo $((6*7)) is the answer; cat /proc/cmdline\n")
        machine.wait_screen(r"^42 is the answer", 60)
        machine.wait_screen(r"BOOT_IMAGE=/boot/vmlinuz", 30)
        # From the CD, by bus-master DMA.
        machine.control("type", "clear; md5sum /cdrom/WELCOME.txt && head -n 1 /cdrom/WELCOME.txt\n")
        machine.wait_screen(r"^Welcome to the Guesthouse demonstration LiveCD", 60)
        change_disc(machine)


def installer_text(arch):
    """The installer's text front end asks for the language."""
    with Machine("--cdrom", guest(f"installer-{arch}-text", ".iso"), memory="1024M") as machine:
        machine.wait_screen(r"Select a language|Choose language", 400)
        before = machine.screen()
        machine.control("keys", "down")
        machine.wait("an answer to the keyboard", 60, lambda: machine.screen() != before)


def share(picture, left, top, right, bottom, is_wanted):
    """How much of a rectangle of a picture has a wanted colour; right and bottom count from the far edge
    when they are not positive."""
    width, height, pixels = picture
    right += width if right <= 0 else 0
    bottom += height if bottom <= 0 else 0
    wanted = 0
    for y in range(top, bottom):
        row = pixels[3 * (y * width + left):3 * (y * width + right)]
        wanted += sum(is_wanted(row[x:x + 3]) for x in range(0, len(row), 3))
    return wanted / ((right - left) * (bottom - top))


def is_dialog(picture):
    """Whether a picture shows the graphical front end's first dialog: a coloured banner, below it a
    title, dark on light, then a white list."""
    if picture is None or picture[0] < 640 or picture[1] < 480:
        return False
    return (share(picture, 0, 0, 0, 70, lambda rgb: max(rgb) - min(rgb) > 40) > 0.7
            and share(picture, 10, 82, -10, 108, lambda rgb: min(rgb) > 200) > 0.8
            and 0.001 < share(picture, 10, 82, 200, 108, lambda rgb: max(rgb) < 80) < 0.3
            and share(picture, 30, 180, -50, -130, lambda rgb: min(rgb) > 240) > 0.7)


def installer_gtk(arch):
    """The installer's graphical front end shows its first dialog, and its list follows the keyboard."""
    with Machine("--cdrom", guest(f"installer-{arch}-gtk", ".iso"), memory="1024M") as machine:
        machine.wait("the first dialog", 500, lambda: is_dialog(machine.picture()), 3)
        time.sleep(3)
        before = machine.picture()
        machine.control("keys", "down")
        machine.wait("an answer to the keyboard", 60, lambda: machine.picture() != before)
        if not is_dialog(machine.picture()):
            raise BootError("the dialog went away\n" + machine.last_words())


@contextlib.contextmanager
def disk_machine(model="ide-disk"):
    """Four processors, a disk and random numbers, for the guest that writes and reads a file system."""
    initrd = guest("disk-test", ".initrd")
    kernel = os.path.join(os.environ["BOOT_GUESTS"], "debian-kernel", "vmlinuz")
    with tempfile.NamedTemporaryFile(suffix=".img") as image:
        image.truncate(64 << 20)
        with Machine("--cpus", "4", "--device", f"{model},file={image.name}", "--device", "virtio-rng",
                     "--kernel", kernel, "--initrd", initrd,
                     "--append", "console=ttyS0 panic=-1 mitigations=off", "--exit-on-shutdown") as machine:
            yield machine


def check_disk(machine):
    """The guest writes a file system, resets, reads it back, and ends by the power button."""
    machine.wait_serial(r"disk-test: 4 processors, disk of 131072 sectors", 300)
    machine.wait_serial(r"random numbers of virtio_rng\.\d+: 4096 bytes", 30)
    written = machine.wait_serial(r"disk-test: (written ([0-9a-f]+)|FAILED)", 200)
    read = machine.wait_serial(r"disk-test: (read back ([0-9a-f]+)|FAILED)", 400)
    if written.group(2) is None or written.group(2) != read.group(2):
        raise BootError("the checksums differ\n" + machine.last_words())
    machine.wait_serial(r"waiting for the power button", 30)


def shut_down(machine):
    machine.control("shutdown")
    machine.wait_serial(r"disk-test: power button", 60)
    if machine.wait_end(60) != 0:
        raise BootError(f"exit status {machine.process.returncode}\n{machine.last_words()}")


def disk():
    """What four processors write on the IDE disk is there after a reset; the power button ends it."""
    with disk_machine() as machine:
        check_disk(machine)
        shut_down(machine)


def virtio_disk():
    """The same on a virtio disk."""
    with disk_machine("virtio-blk") as machine:
        check_disk(machine)
        shut_down(machine)


def change_accelerators(machine, stop, changes):
    """Interpreter and translator in turn, from the firmware on; it is the interpreter's turn for less long."""
    machine.wait("an answer", 60, lambda: machine.is_listening())
    while not stop.is_set():
        for accelerator, seconds in (("interpreter", 0.1), ("translator", 0.3)):
            machine.control("set-accelerator", accelerator)
            changes.append(accelerator)
            stop.wait(seconds)


def accelerators():
    """The same, while the accelerator changes all the time: the guest does not notice."""
    stop, changes = threading.Event(), []
    with disk_machine() as machine, concurrent.futures.ThreadPoolExecutor() as pool:
        changing = pool.submit(change_accelerators, machine, stop, changes)
        try:
            check_disk(machine)
        finally:
            stop.set()
        changing.result()
        print(f"# {len(changes)} changes of the accelerator")
        if len(changes) < 10:
            raise BootError("the accelerator hardly ever changed")
        for complaint in ("Call Trace", "soft lockup", "stall", "clocksource: Marking", "timed out", "spurious"):
            if complaint in machine.serial_text():
                raise BootError(f"the guest noticed: {complaint}\n{machine.last_words()}")
        shut_down(machine)


def mp_table():
    """Without ACPI, the MP table leads to four processors and to the timer behind the I/O APIC."""
    initrd = guest("disk-test", ".initrd")
    kernel = os.path.join(os.environ["BOOT_GUESTS"], "debian-kernel", "vmlinuz")
    with tempfile.NamedTemporaryFile(suffix=".img") as image:
        image.truncate(64 << 20)
        with Machine("--cpus", "4", "--topology", "sockets", "--disk", image.name, "--kernel", kernel, "--initrd", initrd,
                     "--append", "console=ttyS0 acpi=off nopv apic=verbose lapic=notscdeadline nolapic_timer") as machine:
            machine.wait_serial(r"\.\.TIMER: vector=\S+ apic1=0 pin1=2 ", 200)
            machine.wait_serial(r"disk-test: 4 processors", 300)
            if "MP-BIOS bug" in machine.serial_text():
                raise BootError("the timer is not where the MP table says\n" + machine.last_words())


def kvm_firmware():
    """SeaBIOS runs on the host's /dev/kvm, however slow that is, as far as looking for a disk."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("1..0 # SKIP this host offers no /dev/kvm")
        sys.exit(0)
    with Machine("--accel", "kvm", "--boot-menu", memory="64M") as machine:
        machine.wait_screen(r"SeaBIOS \(version(?s:.*)Press ESC for boot menu", 120)
        machine.wait_screen(r"No bootable device", 180)
        if "kvm" not in machine.control("--json", "state"):
            raise BootError("the machine does not run under KVM")


TESTS = {
    "kvm-firmware": kvm_firmware,
    "memtest-x64": lambda: memtest("x64", skip_fading=False),
    "memtest-ia32": lambda: memtest("ia32", skip_fading=True),
    "demo-livecd": demo_livecd,
    "installer-amd64-text": lambda: installer_text("amd64"),
    "installer-i386-text": lambda: installer_text("i386"),
    "installer-amd64-gtk": lambda: installer_gtk("amd64"),
    "installer-i386-gtk": lambda: installer_gtk("i386"),
    "disk": disk,
    "virtio-disk": virtio_disk,
    "accelerators": accelerators,
    "mp-table": mp_table,
}


def main():
    name = sys.argv[1]
    try:
        TESTS[name]()
    except (BootError, subprocess.SubprocessError, OSError) as problem:
        print(problem, file=sys.stderr)
        print(f"1..1\nnot ok 1 {name}")
        return 1
    print(f"1..1\nok 1 {name}")
    return 0


sys.exit(main())
