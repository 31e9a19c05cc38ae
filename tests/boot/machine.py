# SPDX-License-Identifier: GPL-3.0-or-later
"""A quick machine under test: guesthouse-vm, driven and read through guesthousectl."""

import os
import re
import subprocess
import tempfile
import time

from patience import Patience


class BootError(Exception):
    """The guest did something else than the test waits for; str() holds what it showed last."""


class Machine:
    """Runs guesthouse-vm with options; used as `with Machine(…) as machine:`."""

    def __init__(self, *options, memory="512M", env=None):
        self.folder = tempfile.TemporaryDirectory(prefix="guesthouse-boot-")
        self.socket = os.path.join(self.folder.name, "control")
        self.serial = os.path.join(self.folder.name, "serial")
        self.log = open(os.path.join(self.folder.name, "log"), "w+")
        accelerator = os.environ.get("BOOT_ACCELERATOR", "translator")
        self.process = subprocess.Popen(
            [os.environ["GUESTHOUSE_VM"], "--headless", "--memory", memory, "--accel", accelerator,
             "--serial", "file:" + self.serial, "--control", self.socket, *options],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})})

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        self.folder.cleanup()

    def control(self, *command):
        """A command of guesthousectl; what it prints."""
        done = subprocess.run([os.environ["GUESTHOUSECTL"], "--socket", self.socket, *command],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BootError(f"guesthousectl {' '.join(command)}: {done.stderr.strip()}")
        return done.stdout

    def is_listening(self):
        """Whether the machine's process can be told something."""
        return os.path.exists(self.socket)

    def screen(self):
        """The text screen, or "" in graphics modes and before the machine listens."""
        try:
            return self.control("screen-text")
        except BootError:
            return ""

    def serial_text(self):
        """What the guest has written to its serial port so far."""
        try:
            with open(self.serial, encoding="utf-8", errors="replace") as stream:
                return stream.read()
        except FileNotFoundError:
            return ""

    def picture(self):
        """The screen as (width, height, bytes of RGB), or None before the machine listens."""
        path = os.path.join(self.folder.name, "screen.png")
        try:
            self.control("screenshot", path)
        except BootError:
            return None
        size = subprocess.run(["identify", "-format", "%w %h", path],
                              capture_output=True, text=True, check=True).stdout.split()
        pixels = subprocess.run(["convert", path, "-depth", "8", "rgb:-"],
                                capture_output=True, check=True).stdout
        return int(size[0]), int(size[1]), pixels

    def wait(self, what, seconds, look, pause=1.0):
        """Repeats look() until it is true; returns that. The seconds are those that the machine could have
        used for its guest."""
        patience = Patience(self.process.pid)
        while patience.spent() < seconds:
            found = look()
            if found:
                return found
            if self.process.poll() is not None:
                raise BootError(f"the machine ended with status {self.process.returncode} "
                                f"while the test waited for {what}\n{self.last_words()}")
            time.sleep(pause)
        raise BootError(f"no {what} within {seconds} seconds\n{self.last_words()}")

    def wait_screen(self, pattern, seconds):
        """Waits until the text screen matches; returns the match."""
        return self.wait(f"“{pattern}” on the screen", seconds,
                         lambda: re.search(pattern, self.screen(), re.MULTILINE))

    def wait_serial(self, pattern, seconds):
        """Waits until the serial output matches; returns the match."""
        return self.wait(f"“{pattern}” on the serial line", seconds,
                         lambda: re.search(pattern, self.serial_text(), re.MULTILINE), 0.5)

    def wait_end(self, seconds):
        """Waits until the process ends; its exit status."""
        patience = Patience(self.process.pid)
        while self.process.poll() is None:
            if patience.spent() > seconds:
                raise BootError(f"the machine still runs after {seconds} seconds\n{self.last_words()}")
            time.sleep(0.2)
        return self.process.returncode

    def last_words(self):
        """What to look at when a test fails."""
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as stream:
            log = stream.read()[-2000:]
        return f"--- screen\n{self.screen()}\n--- serial\n{self.serial_text()[-2000:]}\n--- log\n{log}"


def report(tests):
    """Runs pairs of a name and a function, and prints TAP; whether one failed."""
    failed = False
    print(f"1..{len(tests)}")
    for number, (name, test) in enumerate(tests, 1):
        try:
            test()
            print(f"ok {number} {name}", flush=True)
        except BootError as problem:
            failed = True
            print(f"not ok {number} {name}")
            print("".join(f"# {line}\n" for line in str(problem).splitlines()), flush=True)
    return failed
