# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs the kernels: this host, Guesthouse under its accelerators, and QEMU's translator."""

import os
import select
import signal
import socket
import subprocess
import tempfile
import time

APPEND = "console=ttyS0 mitigations=off nokaslr nowatchdog rcupdate.rcu_cpu_stall_suppress=1"
MEMORY_MIB = 512


class BenchError(Exception):
    """Something could not be measured; str() says what and why."""


class Running:
    """A process whose standard output is read as it comes, with the host's time of arrival."""

    def __init__(self, argv, environment=None):
        self.folder = None
        self.seen = b""
        self.log = tempfile.TemporaryFile()
        self.started = time.monotonic()
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                        bufsize=0, env={**os.environ, **(environment or {})})

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.resume()
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()
        if self.folder is not None:
            self.folder.cleanup()

    def fail(self, what):
        """Raises what went wrong, with the last output."""
        self.log.seek(0)
        said = self.log.read()[-800:] + b"\n" + self.seen[-800:]
        raise BenchError(f"{' '.join(self.process.args[:4])} …: {what}\n{said.decode(errors='replace')}")

    def read(self, seconds):
        """Some bytes of output, at the latest when seconds have passed (then none)."""
        ready, _, _ = select.select([self.process.stdout], [], [], max(seconds, 0))
        if not ready:
            return b""
        data = os.read(self.process.stdout.fileno(), 65536)
        if not data:
            self.fail(f"it ended with status {self.process.wait()}")
        return data

    def wait_for(self, text, seconds=300):
        """Waits for text in the output; seconds from the start to its arrival. What came before it is dropped."""
        end = time.monotonic() + seconds
        while text not in self.seen:
            data = self.read(end - time.monotonic())
            if not data and time.monotonic() >= end:
                self.fail(f"no “{text.decode()}” within {seconds} seconds")
            self.seen += data
        self.seen = self.seen[self.seen.index(text) + len(text):]
        return time.monotonic() - self.started

    def line(self, seconds=300):
        """The next whole line."""
        end = time.monotonic() + seconds
        while b"\n" not in self.seen:
            data = self.read(end - time.monotonic())
            if not data and time.monotonic() >= end:
                self.fail(f"no answer within {seconds} seconds")
            self.seen += data
        line, self.seen = self.seen.split(b"\n", 1)
        return line.decode(errors="replace").strip()

    def send(self, command):
        """Gives the kernels' program a command."""
        self.process.stdin.write(command.encode() + b"\n")

    def answer(self, command, word, seconds=300):
        """Sends a command and waits for the line “done WORD …”; its further words, and the outside clock's seconds."""
        start = time.monotonic()
        self.send(command)
        while True:
            words = self.line(seconds).split()
            if words[:2] == ["done", word]:
                return words[2:], time.monotonic() - start

    def halt(self):
        """Stops the process, so that it does not disturb others."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        """Lets a stopped process go on."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)

    def processor_seconds(self):
        """The processor time of all its threads so far."""
        total = 0
        tasks = f"/proc/{self.process.pid}/task"
        for task in os.listdir(tasks):
            try:
                with open(f"{tasks}/{task}/schedstat", encoding="ascii") as stream:
                    total += int(stream.read().split()[0])
            except FileNotFoundError:
                pass
        return total / 1e9

    def resident_beyond_memory(self):
        """Resident MiB of everything but the guest's memory: the smallest mapping that can hold it.
        Pages that a process maps twice (a memfd of code, to write and to run) count once."""
        mappings, twice = [], False
        with open(f"/proc/{self.process.pid}/smaps", encoding="ascii", errors="replace") as stream:
            for line in stream:
                if "-" in line.split(" ", 1)[0]:
                    twice = "/memfd:" in line
                elif line.startswith("Size:"):
                    size = int(line.split()[1])
                elif line.startswith("Pss:" if twice else "Rss:"):
                    mappings.append((size, int(line.split()[1])))
        memory = min(m for m in mappings if m[0] >= MEMORY_MIB * 1024)
        return (sum(resident for _, resident in mappings) - memory[1]) / 1024


class Native:
    """The kernels' program as a process of this host."""

    name = "native"
    divisor = 1

    def __init__(self, files):
        self.files = files

    def linux(self, **_options):
        """A running program that reads commands."""
        return Running([self.files.program])


class Guesthouse:
    """guesthouse-vm under one of its accelerators."""

    def __init__(self, files, accelerator):
        self.files = files
        self.name = accelerator
        self.divisor = 16 if accelerator == "interpreter" else 1

    def start(self, *options, window=False):
        """A machine with these options."""
        folder = tempfile.TemporaryDirectory(prefix="guesthouse-bench-")
        self.socket = os.path.join(folder.name, "control")
        running = Running([self.files.vm, "--accel", self.name, "--memory", f"{MEMORY_MIB}M", "--control", self.socket,
                           "--window" if window else "--headless", *options],
                          {"SDL_VIDEODRIVER": "dummy"} if window else None)
        running.folder = folder
        return running

    def linux(self, cpus=1):
        """A machine that boots the kernel with the kernels' program as its only process."""
        return self.start("--cpus", str(cpus), "--kernel", self.files.kernel, "--initrd", self.files.initrd,
                          "--append", APPEND, "--serial", "stdio")

    def bare(self, path):
        """A machine that runs a Multiboot kernel, with which one talks over the serial port."""
        return self.start("--kernel", path, "--serial", "stdio")

    def firmware(self, path):
        """A machine with another firmware, whose debug console is read."""
        return self.start("--bios", path, "--debugcon", "stdio")

    def disk(self, path, window=False):
        """A machine that boots a disk and whose serial port is read."""
        return self.start("--disk", path, "--serial", "stdio", window=window)

    def pause(self):
        """Pauses the machine that was started last."""
        subprocess.run([self.files.control, "--socket", self.socket, "pause"], check=True, timeout=60)


class Qemu:
    """QEMU with its translator."""

    name = "qemu"
    divisor = 1

    def __init__(self, files):
        self.files = files

    def start(self, *options, window=False, cpus=1):
        """A machine with these options."""
        folder = tempfile.TemporaryDirectory(prefix="guesthouse-bench-")
        self.socket = os.path.join(folder.name, "monitor")
        running = Running(["qemu-system-x86_64", "-machine", "pc", "-accel",
                           "tcg,thread=" + ("multi" if cpus > 1 else "single"),
                           "-m", str(MEMORY_MIB), "-smp", str(cpus), "-display", "sdl" if window else "none",
                           "-vga", "std", "-net", "none", "-no-reboot",
                           "-monitor", f"unix:{self.socket},server=on,wait=off", *options],
                          {"SDL_VIDEODRIVER": "dummy"} if window else None)
        running.folder = folder
        return running

    def linux(self, cpus=1):
        """A machine that boots the kernel with the kernels' program as its only process."""
        return self.start("-kernel", self.files.kernel, "-initrd", self.files.initrd, "-append", APPEND,
                          "-serial", "stdio", cpus=cpus)

    def bare(self, path):
        """A machine that runs a Multiboot kernel, with which one talks over the serial port."""
        return self.start("-kernel", path, "-serial", "stdio")

    def firmware(self, path):
        """A machine with another firmware, whose debug console is read."""
        return self.start("-bios", path, "-debugcon", "stdio", "-global", "isa-debugcon.iobase=0x402")

    def disk(self, path, window=False):
        """A machine that boots a disk and whose serial port is read."""
        return self.start("-drive", f"format=raw,file={path}", "-serial", "stdio", window=window)

    def pause(self):
        """Pauses the machine that was started last."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(self.socket)
            monitor.sendall(b"stop\n")
            time.sleep(1)
