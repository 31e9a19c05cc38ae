#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine whose disk lies on a host's disk that hangs, is full or fails.

usage: host-disk-test.py, with GUESTHOUSE_VM, GUESTHOUSECTL, DISK_GUEST (a kernel that writes and reads its
disk) and HOST_DISK (the library that makes the disk fail) in the environment. Prints TAP.
"""

import contextlib
import functools
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile

from machine import BootError, Machine, report

DISK_SIZE = 4 << 20
WRITTEN = 2 << 20
MIX = 2654435761
PASSED = 33
FAILED = 35
PATIENCE = 120


class HostDisk:
    """A disk image in a folder of its own, and what its host's disk does."""

    def __init__(self, folder):
        self.image = os.path.join(folder, "disk.img")
        self.mode = os.path.join(folder, "mode")
        with open(self.image, "wb") as stream:
            stream.truncate(DISK_SIZE)
        self.set("")

    def set(self, mode):
        """hang, full, error, or nothing."""
        with open(self.mode + ".new", "w", encoding="ascii") as stream:
            stream.write(mode)
        os.replace(self.mode + ".new", self.mode)
        if os.path.exists(self.mode + ".hit"):
            os.unlink(self.mode + ".hit")

    def was_hit(self):
        """Whether a request hangs or has failed since the last set()."""
        return os.path.exists(self.mode + ".hit")

    def environment(self):
        """What a machine needs to have this for its host's disk."""
        return {"LD_PRELOAD": os.environ["HOST_DISK"], "HOST_DISK_IMAGE": self.image,
                "HOST_DISK_MODE": self.mode}

    def machine(self, *options):
        """A machine that writes and reads this disk."""
        return Machine("--kernel", os.environ["DISK_GUEST"], "--disk", self.image, *options,
                       memory="64", env=self.environment())

    def is_written(self):
        """Whether every byte that the guest wrote is there."""
        with open(self.image, "rb") as stream:
            found = stream.read(WRITTEN)
        return found == b"".join((n * MIX & 0xffffffff).to_bytes(4, "little") for n in range(WRITTEN // 4))


def state_of(machine):
    """What guesthousectl says of the state; an empty dictionary before the machine listens."""
    try:
        return json.loads(machine.control("--json", "state"))
    except BootError:
        return {}


def wait_paused(machine):
    """Waits until the machine has paused by itself; the reason."""
    return machine.wait("pause", PATIENCE, lambda: state_of(machine).get("state") == "paused"
                        and state_of(machine)["pause-reason"], 0.1)


def expect(condition, words):
    """Fails the test with words unless the condition holds."""
    if not condition:
        raise BootError(words)


def finishes(machine, disk):
    """The guest comes to its end without having seen an error, and all of it is on the disk."""
    status = machine.wait_end(PATIENCE)
    expect(status == PASSED, f"the guest ended with {status}\n{machine.last_words()}")
    expect(disk.is_written(), "the disk does not hold what the guest wrote")


def full(folder):
    """No room: the machine pauses with the reason, again if there is still none, and then goes on."""
    disk = HostDisk(folder)
    disk.set("full")
    with disk.machine("--test-device") as machine:
        reason = wait_paused(machine)
        expect(disk.image in reason and "full" in reason, reason)
        disk.set("full")
        machine.control("resume")
        machine.wait("second try", PATIENCE, disk.was_hit, 0.1)
        wait_paused(machine)
        disk.set("")
        machine.control("resume")
        finishes(machine, disk)


def full_without_control(folder):
    """A machine that nobody could resume tries by itself."""
    disk = HostDisk(folder)
    disk.set("full")
    command = [os.environ["GUESTHOUSE_VM"], "--headless", "--accel", "translator", "--memory", "64",
               "--kernel", os.environ["DISK_GUEST"], "--disk", disk.image, "--test-device"]
    with subprocess.Popen(command, env={**os.environ, **disk.environment()}, stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as machine:
        said = machine.stderr.readline()
        expect("is full" in said, said)
        disk.set("")
        expect(machine.wait() == PASSED, machine.stderr.read())
    expect(disk.is_written(), "the disk does not hold what the guest wrote")


def full_file_system(folder):
    """The same on a file system that is really full; where none can be mounted, only the first half."""
    disk = HostDisk(folder)
    filler = os.path.join(folder, "filler")
    descriptor = os.open(filler, os.O_CREAT | os.O_WRONLY)
    try:
        while os.write(descriptor, bytes(4096)):
            pass
    except OSError:
        os.close(descriptor)
    with disk.machine("--test-device") as machine:
        reason = wait_paused(machine)
        expect(f"“{folder}” is full" in reason, reason)
        expect("4.0\u00a0MiB until" in reason, reason)
        os.unlink(filler)
        machine.control("resume")
        machine.wait("second pause", PATIENCE, lambda: os.stat(disk.image).st_blocks > 0
                     and state_of(machine).get("state") == "paused", 0.1)
        subprocess.run(["mount", "-o", "remount,size=16m", folder], check=True)
        machine.control("resume")
        finishes(machine, disk)


def file_size_limit(folder):
    """A limit of the size of files is lack of room, too, and can be raised."""
    disk = HostDisk(folder)
    disk.set("full")
    with disk.machine("--test-device") as machine:
        wait_paused(machine)
        disk.set("")
        limit = resource.prlimit(machine.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(machine.process.pid, resource.RLIMIT_FSIZE, (WRITTEN // 2, limit[1]))
        machine.control("resume")
        machine.wait("pause at the limit", PATIENCE,
                     lambda: "largest size" in state_of(machine).get("pause-reason", ""), 0.1)
        resource.prlimit(machine.process.pid, resource.RLIMIT_FSIZE, limit)
        machine.control("resume")
        finishes(machine, disk)


def hang_at_first_write(machine, disk):
    """Has the machine's first request hang: what it waits for at first is room."""
    wait_paused(machine)
    disk.set("hang")
    machine.control("resume")
    machine.wait("hanging request", PATIENCE, disk.was_hit, 0.1)


def hang(folder):
    """A disk that hangs holds no command: they all answer while it does."""
    disk = HostDisk(folder)
    disk.set("full")
    with disk.machine() as machine:
        hang_at_first_write(machine, disk)
        machine.control("reset")
        machine.control("pause")
        machine.control("resume")
        machine.control("stop")
        expect(state_of(machine)["state"] == "off", "it is not off")
        machine.control("quit")
        machine.wait_end(PATIENCE)
        expect(disk.was_hit(), "the disk did not hang all the time")
    disk.set("full")
    with disk.machine("--test-device") as machine:
        hang_at_first_write(machine, disk)
        machine.process.send_signal(signal.SIGTERM)
        machine.wait_end(PATIENCE)


def hang_at_start(folder):
    """A disk that hangs while it is opened holds the start alone: that says so, can be given up, and goes
    on as soon as the disk does."""
    disk = HostDisk(folder)
    disk.set("hang")
    with disk.machine() as machine:
        machine.wait("hanging request", PATIENCE, disk.was_hit, 0.1)
        machine.wait("words", PATIENCE, lambda: state_of(machine).get("pause-reason"), 0.1)
        expect(state_of(machine)["state"] == "starting", machine.last_words())
        expect(disk.image in state_of(machine)["pause-reason"], state_of(machine)["pause-reason"])
        machine.control("stop")
        expect(state_of(machine)["state"] == "off", "the start was not given up")
        expect(state_of(machine)["pause-reason"] == "", "it still says that it waits")
        machine.control("quit")
        machine.wait_end(PATIENCE)
    with disk.machine("--test-device") as machine:
        machine.wait("hanging request", PATIENCE, disk.was_hit, 0.1)
        machine.process.send_signal(signal.SIGTERM)
        machine.wait_end(PATIENCE)
    disk.set("hang")
    with disk.machine("--test-device") as machine:
        machine.wait("hanging request", PATIENCE, disk.was_hit, 0.1)
        disk.set("")
        finishes(machine, disk)


def hang_and_go_on(folder):
    """After a reset in the middle of a request that hangs, the guest starts over and finds its disk."""
    disk = HostDisk(folder)
    disk.set("full")
    with disk.machine("--test-device") as machine:
        hang_at_first_write(machine, disk)
        machine.control("reset")
        disk.set("")
        finishes(machine, disk)


def hanging_disc(folder):
    """A disc whose host's disk hangs holds whoever puts it in, and nobody else."""
    disc = HostDisk(folder)
    with Machine("--cdrom", disc.image, memory="16", env=disc.environment()) as machine:
        machine.wait("machine", PATIENCE, lambda: state_of(machine).get("state") == "running", 0.1)
        machine.control("eject", "cd0")
        disc.set("hang")
        command = [os.environ["GUESTHOUSECTL"], "--socket", machine.socket, "insert", "cd0", disc.image]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as insertion:
            machine.wait("hanging request", PATIENCE, disc.was_hit, 0.1)
            machine.control("pause")
            machine.control("stop")
            expect(insertion.poll() is None, "the disc did not hang all the time")
            disc.set("")
            expect(insertion.wait(PATIENCE) == 0, "the disc was not put in")


def error(folder):
    """An error of the host's disk is the guest's, and the user is told."""
    disk = HostDisk(folder)
    disk.set("error")
    with disk.machine("--test-device") as machine:
        status = machine.wait_end(PATIENCE)
        log = machine.last_words()
    expect(status == FAILED, f"the guest ended with {status}\n{log}")
    expect(log.count(f"“{disk.image}” cannot be written") == 1, log)


def lost_memory(folder):
    """Memory that the host takes away from a device crashes the machine, and not its process."""
    disk = HostDisk(folder)
    disk.set("full")
    with disk.machine() as machine:
        wait_paused(machine)
        disk.set("lost")
        machine.control("resume")
        machine.wait("loss", PATIENCE, disk.was_hit, 0.1)
        with contextlib.suppress(BootError):
            machine.control("screenshot", os.path.join(folder, "screen.png"))
        machine.wait("crash", PATIENCE, lambda: state_of(machine).get("state") == "crashed", 0.1)
        failure = state_of(machine)["failure-reason"]
        expect("“vga”" in failure, failure)
        disk.set("")
        machine.control("stop")
        machine.control("start")
        expect(state_of(machine)["state"] == "running", "it does not run again")


def can_mount():
    """Whether this process may mount file systems in a name space of its own."""
    return subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"],
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


def run(test):
    """Runs one test in a folder of its own, on a small file system if it wants one."""
    with tempfile.TemporaryDirectory(prefix="guesthouse-disk-") as folder:
        if test != full_file_system:
            test(folder)
            return
        # In a name space of its own, where nobody else sees the mount.
        script = "mount -t tmpfs -o size=1m none \"$1\" && exec \"$2\" \"$3\" \"$1\""
        done = subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", folder, sys.executable,
                               __file__], capture_output=True, text=True, check=False)
        expect(done.returncode == 0, done.stdout + done.stderr)


def main():
    """Runs all tests, or the one that needs a small file system in the folder named there."""
    if len(sys.argv) > 1:
        full_file_system(sys.argv[1])
        return 0
    tests = [full, full_without_control, file_size_limit, hang, hang_at_start, hang_and_go_on, hanging_disc, lost_memory, error]
    if can_mount():
        tests.append(full_file_system)
    return report([(test.__name__, functools.partial(run, test)) for test in tests])


if __name__ == "__main__":
    sys.exit(main())
