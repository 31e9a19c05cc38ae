#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""guesthousectl as scripts and people meet it: words, options, exit states, sentences, JSON.
Machines are real processes without a CPU. usage: ctl-test.py GUESTHOUSECTL"""
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

CTL = sys.argv.pop(1)
FAILED, USAGE, NO_MACHINE, WRONG_STATE = 1, 2, 3, 4


class CtlTest(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="guesthouse-"))
        self.sockets = self.home / "sockets"
        self.sockets.mkdir(mode=0o700)
        self.machines = self.home / "guesthouse" / "machines"
        self.environment = {**os.environ, "HOME": str(self.home), "XDG_DATA_HOME": str(self.home),
                            "XDG_RUNTIME_DIR": str(self.sockets), "LC_ALL": "C.UTF-8"}
        self.addCleanup(shutil.rmtree, self.home)
        self.addCleanup(self.end_all)

    def end_all(self):
        for machine in self.list():
            self.run_ctl("stop", "--force", machine["folder"])

    def run_ctl(self, *words, **options):
        options = {"capture_output": True, "env": self.environment, "check": False, **options}
        return subprocess.run([CTL, *words], **options)

    def expect(self, status, *words):
        """Runs it to that status and returns what it printed, from both channels."""
        done = self.run_ctl(*words)
        said = (done.stdout + done.stderr).decode(errors="surrogateescape")
        self.assertEqual(done.returncode, status, f"{words}: {said}")
        return said

    def list(self):
        return json.loads(self.run_ctl("list", "--json").stdout)

    def make(self, name="Small", *words):
        folder = self.expect(0, "create", name, "--memory", "16M", *words).strip()
        self.expect(0, "set", name, "machine", "accelerator", "none")
        return pathlib.Path(folder)

    def find_process(self, machine="Small"):
        folder = str(self.machines / machine).encode()
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"--stopped" in words and folder in words:
                return int(process.name)
        self.fail("no process")


class Words(CtlTest):
    def test_help(self):
        self.assertIn("Usage", self.expect(USAGE))
        self.assertIn("screenshot MACHINE FILE", self.expect(0, "help"))
        self.assertIn("Exit status", self.expect(0, "--help"))
        self.assertIn("guesthousectl 0.", self.expect(0, "--version"))
        for said in (self.expect(0, "create", "--help"), self.expect(0, "help", "create")):
            self.assertIn("--memory=SIZE", said)
        commands = json.loads(self.expect(0, "help", "--json"))
        for command in commands:
            self.assertIn(command["synopsis"], self.expect(0, command["name"], "--help"))

    def test_mistypes(self):
        self.assertIn("“list”", self.expect(USAGE, "lsit"))
        self.assertIn("lists them", self.expect(USAGE, "xyzzy", "Small"))
        self.assertIn("lists them", self.expect(USAGE, "help", "xyzzy"))
        self.assertIn("“--memory”", self.expect(USAGE, "create", "Small", "--memroy", "1G"))
        self.assertIn("SIZE", self.expect(USAGE, "create", "Small", "--memory"))
        self.assertIn("“guesthousectl create NAME", self.expect(USAGE, "create"))
        self.expect(USAGE, "create", "A", "B")
        self.assertNotIn("“complete”", self.expect(USAGE, "completion"))
        self.expect(USAGE, "create", "A", "--cpus", "nine")
        self.expect(USAGE, "state")
        self.assertEqual(self.list(), [])

    def test_dashes(self):
        self.expect(0, "create", "--memory=16M", "--", "-odd")
        self.assertEqual([m["name"] for m in self.list()], ["-odd"])
        self.expect(USAGE, "info", "-odd")
        self.assertIn("-odd", self.expect(0, "info", "--", "-odd"))

    def test_language(self):
        """Help and refusals are in the user's language, what scripts read is not."""
        self.environment["LANGUAGE"] = "zh_CN"
        self.assertIn("列出虚拟机及其状态", self.expect(0, "help"))
        self.assertIn("不是命令", self.expect(USAGE, "xyzzy"))
        self.make()
        self.assertEqual(self.expect(0, "state", "Small"), "off\n")
        self.environment["LC_ALL"] = "C"  # JSON is UTF-8 whatever the terminal has
        self.expect(0, "rename", "Small", "Möhre")
        self.assertEqual(self.list()[0]["name"], "Möhre")

    def test_sizes(self):
        for written, memory in (("1g", "1024"), ("512M", "512"), ("1 GiB", "1024"), ("64mb", "64"),
                                ("300", "300")):
            self.expect(0, "create", written.replace(" ", "_"), "--memory", written)
            self.assertEqual(self.expect(0, "get", written.replace(" ", "_"), "machine", "memory"),
                             memory + "\n")
        self.make()
        self.expect(0, "set", "Small", "machine", "memory", "1 GiB")
        self.assertEqual(self.expect(0, "get", "Small", "machine", "memory"), "1024\n")
        self.expect(0, "set", "Small", "machine", "code-cache", "1 mib")
        self.expect(0, "add-disk", "Small", "--size=1 GiB")
        for bad in ("1.5G", "G", "-1", "1X", "", "1 G B"):
            self.expect(USAGE, "set", "Small", "machine", "memory", "--", bad)

    def test_output_that_cannot_be_written(self):
        self.make()
        with open("/dev/full", "wb") as full:
            for words in (("list",), ("list", "--json"), ("--version",), ("get", "Small")):
                done = self.run_ctl(*words, capture_output=False, stdout=full,
                                    stderr=subprocess.PIPE)
                self.assertEqual(done.returncode, FAILED)
                self.assertIn(b"cannot be written", done.stderr)
        self.expect(0, "start", "Small")
        self.assertIn("/dev/full", self.expect(FAILED, "screenshot", "Small", "/dev/full"))
        self.assertIn("“/nowhere/a.png” cannot be written: No such file",
                      self.expect(FAILED, "screenshot", "Small", "/nowhere/a.png"))
        self.assertTrue(pathlib.Path("/dev/full").is_char_device())

    def test_completion(self):
        self.make("Two words", "--disk-size", "1G")
        complete = lambda *words: [line.split("\t")[0] for line in
                                   self.expect(0, "complete", *words).splitlines()]
        self.assertIn("screenshot", complete("sc"))
        self.assertNotIn("complete", complete(""))
        self.assertEqual(complete("start", "T"), ["Two words"])
        self.assertEqual(complete("create", "--me"), ["--memory="])
        self.assertEqual(complete("eject", "Two words", ""), ["disk0", "cd0"])
        self.assertEqual(complete("set", "Two words", "smb"), ["smbios"])
        self.assertEqual(complete("set", "Two words", "machine", "cp"), ["cpus"])
        self.assertEqual(complete("add-cd", "Two words", ""), [":files"])
        self.assertIn("list", complete("help", ""))


class Machines(CtlTest):
    def test_names(self):
        """A name is one machine's, whatever it was called before."""
        self.make("Alpha")
        self.expect(0, "rename", "Alpha", "Beta")
        self.expect(0, "start", "Beta")
        self.expect(0, "rename", "Beta", "Gamma")  # keeps its folder, for it runs
        self.assertEqual(pathlib.Path(self.list()[0]["folder"]).name, "Beta")
        self.expect(NO_MACHINE, "delete", "Beta")
        self.expect(NO_MACHINE, "state", "Alpha")
        self.make("Beta")
        for bad in ("", " ", "a/b", ".x", "a\nb", "gamma", "ＧＡＭＭＡ"):
            self.assertNotEqual(self.run_ctl("rename", "Beta", bad).returncode, 0, bad)
            self.assertNotEqual(self.run_ctl("set", "Beta", "machine", "name", bad).returncode, 0)
        self.expect(0, "stop", "Gamma")
        self.expect(0, "rename", "Gamma", "Alpha")
        self.assertEqual({(m["name"], pathlib.Path(m["folder"]).name) for m in self.list()},
                         {("Alpha", "Alpha"), ("Beta", "Beta 2")})

    def test_ambiguous(self):
        shutil.copytree(self.make("Twin"), self.machines / "Copy")
        uuids = {machine["uuid"] for machine in self.list()}
        self.assertEqual(len(uuids), 2)
        said = self.expect(NO_MACHINE, "delete", "Twin", "--permanently")
        for uuid in uuids:
            self.assertIn(uuid, said)
        self.expect(0, "delete", uuids.pop(), "--permanently")
        self.expect(0, "state", "Twin")

    def test_list(self):
        folder = self.make()
        self.assertEqual(self.expect(0, "list"), "off            Small\n")
        self.assertIn(str(folder), self.expect(0, "list", "--long"))
        (machine,) = self.list()
        self.assertEqual((machine["name"], machine["state"], machine["folder"]),
                         ("Small", "off", str(folder)))
        (folder / "machine.conf").write_text("[machine]\nname=two\\nlines\\s\n")
        self.assertEqual(len(self.expect(0, "list").splitlines()), 1)

    def test_info(self):
        self.make("Small", "--disk-size", "1G")
        told = json.loads(self.expect(0, "info", "Small", "--json"))
        self.assertEqual((told["name"], told["memory"], told["state"]), ("Small", 16, "off"))
        self.assertIn({"id": "disk0", "kind": "disk", "file": "disks/disk0.img"}, told["drives"])
        self.assertIn("accelerator  none", self.expect(0, "info", "Small"))
        self.expect(0, "start", "Small")
        self.assertEqual(json.loads(self.expect(0, "info", "Small", "--json"))["state"], "running")
        self.expect(0, "log", "Small")

    def test_open(self):
        folder = self.make()
        application = self.home / "application"
        application.write_text('#!/bin/sh\necho "shows $1"\n')
        application.chmod(0o755)
        self.environment["GUESTHOUSE"] = str(application)
        self.assertEqual(self.expect(0, "open", "Small"), f"shows {folder}\n")
        elsewhere = shutil.copytree(folder, self.home / "Elsewhere")
        self.assertIn("library", self.expect(FAILED, "open", str(elsewhere)))
        self.environment["GUESTHOUSE"] = str(self.home / "nothing")
        self.expect(FAILED, "open", "Small")

    def test_settings(self):
        self.make()
        self.assertIn("“memory”", self.expect(USAGE, "set", "Small", "machine", "memroy", "5"))
        self.assertIn("[machine]", self.expect(USAGE, "get", "Small", "machin"))
        self.expect(USAGE, "get", "Small", "machine", "xyzzy")
        self.expect(FAILED, "get", "Small", "machine", "topology")
        self.assertIn("choose one of host", self.expect(FAILED, "set", "Small", "cpu", "model", "i9"))
        self.expect(0, "set", "Small", "cpu", "model", "v3")
        self.assertEqual("v3\n", self.expect(0, "get", "Small", "cpu", "model"))
        self.assertIn("machine accelerator none\n", self.expect(0, "get", "Small"))
        told = json.loads(self.expect(0, "get", "Small", "machine", "--json"))
        self.assertEqual(told["machine"]["accelerator"], "none")
        self.assertEqual(json.loads(self.expect(0, "get", "Small", "machine", "cpus", "--json")), "1")

    def test_accelerator(self):
        """It changes at once, and stays; what a running machine refuses is not written."""
        self.make()
        self.expect(0, "start", "Small")
        for accelerator in ("interpreter", "none"):
            self.expect(0, "set-accelerator", "Small", accelerator)
            self.assertEqual(json.loads(self.expect(0, "state", "Small", "--json"))["accelerator"], accelerator)
            self.assertEqual(self.expect(0, "get", "Small", "machine", "accelerator").strip(), accelerator)
        self.assertIn("is no accelerator", self.expect(FAILED, "set-accelerator", "Small", "warp"))
        self.assertEqual(self.expect(0, "get", "Small", "machine", "accelerator").strip(), "none")
        self.assertEqual(self.expect(0, "state", "Small"), "running\n")

    def test_devices(self):
        """A machine's devices are those of the catalogue: added, changed and removed by their models."""
        listed = json.loads(self.expect(0, "devices", "--json"))
        self.assertIn("16550a", [model["model"] for model in listed])
        self.assertIn("ide-cd  CD Drive (IDE)", self.expect(0, "devices"))
        folder = self.make()
        there = folder / "logs" / "serial"
        self.assertEqual("serial0\n", self.expect(0, "add-device", "Small", "16550a", f"output=file:{there}"))
        self.assertEqual("file:logs/serial\n", self.expect(0, "get", "Small", "serial0", "output"))
        self.assertEqual("serial1\n", self.expect(0, "add-device", "Small", "16550a"))
        self.expect(0, "start", "Small")
        self.expect(0, "stop", "--force", "Small")
        self.assertTrue(there.exists())
        self.expect(0, "set-device", "Small", "serial0", "output=none")
        self.assertEqual("none\n", self.expect(0, "get", "Small", "serial0", "output"))
        self.expect(0, "remove-device", "Small", "serial0")
        self.assertNotIn("serial0", self.expect(0, "get", "Small"))
        before = (folder / "machine.conf").read_text()
        for status, words, sentence in [
            (USAGE, ["add-device", "Small", "16550b"], "did you mean “16550a”?"),
            (USAGE, ["add-device", "Small", "16550a", "outptu=none"], "did you mean “output”?"),
            (USAGE, ["add-device", "Small", "16550a", "output"], "write output=…"),
            (FAILED, ["add-device", "Small", "ide-disk"], "add file=…"),
            (FAILED, ["add-device", "Small", "ide-disk", "file=/nowhere"], "“/nowhere” cannot be read"),
            (FAILED, ["set-device", "Small", "serial3", "output=none"], "has no device “serial3”"),
            (FAILED, ["remove-device", "Small", "machine"], "has no device “machine”"),
        ]:
            self.assertIn(sentence, self.expect(status, *words))
        self.assertEqual(before, (folder / "machine.conf").read_text())
        for _ in range(3):
            self.expect(0, "add-device", "Small", "16550a")
        self.assertIn("has 4 places for COM port", self.expect(FAILED, "add-device", "Small", "16550a"))

    def test_delete(self):
        """The trash keeps it; where there is none, nothing is lost."""
        folder = self.make()
        self.expect(0, "start", "Small")
        self.expect(WRONG_STATE, "delete", "Small")
        self.expect(0, "stop", "Small")
        self.expect(0, "delete", "Small")
        self.assertFalse(folder.exists())
        self.assertTrue((self.home / "Trash" / "files" / "Small" / "machine.conf").exists())
        shutil.rmtree(self.home / "Trash")
        (self.home / "Trash").write_text("no folder")
        self.make()
        self.assertIn("--permanently", self.expect(FAILED, "delete", "Small"))
        self.assertTrue(folder.exists())
        self.expect(0, "delete", "Small", "--permanently")
        self.assertFalse(folder.exists())

    def test_states(self):
        self.make()
        for command in ("stop", "pause", "resume", "reset", "shutdown", "quit", "stats"):
            self.expect(WRONG_STATE, command, "Small")
        self.expect(0, "start", "Small")
        for command in ("start", "resume"):
            self.expect(WRONG_STATE, command, "Small")
        self.expect(NO_MACHINE, "--socket", str(self.home / "nobody"), "state")
        self.expect(USAGE, "--socket", str(self.home / "nobody"), "info")

    def test_screenshot(self):
        self.make()
        self.expect(0, "start", "Small")
        picture = self.run_ctl("screenshot", "Small", "-").stdout
        self.assertTrue(picture.startswith(b"\x89PNG"))
        file = self.home / "shot.png"
        self.expect(0, "screenshot", "Small", str(file))
        self.assertEqual(file.read_bytes()[:4], picture[:4])


class Broken(CtlTest):
    """A machine.conf that cannot be used hides nothing, and is mended or deleted like any other."""

    def break_conf(self, text):
        folder = self.make("Small", "--disk-size", "1G")
        conf = folder / "machine.conf"
        conf.write_text(conf.read_text() + text)
        return folder, conf

    def test_value(self):
        folder, _ = self.break_conf("[serial0]\noutput=none\n[cd1]\nposition=9\n")
        self.assertEqual(self.list()[0]["state"], "broken")
        self.assertIn("position", self.list()[0]["problem"])
        self.assertIn("broken", self.expect(0, "state", "Small"))
        self.assertIn("position", self.expect(0, "info", "Small"))
        self.assertIn("position", self.expect(FAILED, "start", "Small"))
        self.assertEqual(self.expect(0, "get", "Small", "machine", "memory"), "16\n")
        self.expect(FAILED, "set", "Small", "machine", "cpus", "99")
        self.assertIn("position", self.expect(0, "set", "Small", "machine", "cpus", "2"))
        self.expect(0, "set", "Small", "cd1", "position", "1")
        self.assertEqual(self.list()[0]["state"], "off")

    def test_line(self):
        folder, conf = self.break_conf("what is this\n")
        line = len(conf.read_text().splitlines())
        self.assertIn(f"line {line} ", self.expect(0, "list"))
        self.assertEqual(self.list()[0]["state"], "broken")
        self.assertIn(f"line {line} ", self.expect(0, "get", "Small", "machine", "memory"))
        self.expect(0, "set", "Small", "machine", "memory", "64M")
        self.expect(0, "set", "Small", "serial0", "output", "none")
        self.assertIn("memory=64\n", conf.read_text())
        self.assertIn("what is this\n", conf.read_text())
        conf.write_text(conf.read_text().replace("what is this\n", ""))
        self.assertEqual(self.expect(0, "get", "Small", "serial0", "output"), "none\n")
        self.expect(0, "start", "Small")
        conf.write_text("=\n" + conf.read_text())
        self.assertEqual(self.expect(0, "state", "Small").splitlines()[0], "running")
        self.expect(0, "quit", "Small")
        self.expect(0, "delete", "Small")
        self.assertFalse(folder.exists())


class Places(CtlTest):
    """Machines are found by who has another environment: cron, su, ssh."""

    def test_without_runtime_folder(self):
        self.make()
        here = self.environment["XDG_RUNTIME_DIR"]
        usual = pathlib.Path(f"/run/user/{os.geteuid()}")
        del self.environment["XDG_RUNTIME_DIR"]
        self.expect(0, "start", "Small")
        self.assertEqual(self.expect(0, "state", "Small"), "running\n")
        self.environment["XDG_RUNTIME_DIR"] = here
        self.assertEqual(self.expect(0, "state", "Small"), "running\n")
        self.environment["XDG_RUNTIME_DIR"] = "/proc/1/fd"  # as good as another user's
        self.assertEqual(self.expect(0, "state", "Small"), "running\n")
        self.expect(0, "quit", "Small")
        if usual.is_dir() and usual.stat().st_mode & 0o77 == 0:
            self.environment["XDG_RUNTIME_DIR"] = str(usual)
            self.expect(0, "start", "Small")
            del self.environment["XDG_RUNTIME_DIR"]
            self.assertEqual(self.expect(0, "state", "Small"), "running\n")
            self.expect(0, "quit", "Small")

    def test_flatpak(self):
        """Each run of a Flatpak has a runtime folder of its own, in which app/ID is the same."""
        shared = self.home / "shared"
        shared.mkdir(mode=0o700)
        for place in ("one", "two"):
            (self.home / place / "app").mkdir(parents=True, mode=0o700)
            (self.home / place / "app" / "org.example.Id").symlink_to(shared)
        self.make()
        self.environment["FLATPAK_ID"] = "../etc"
        self.expect(0, "start", "Small")
        self.expect(0, "quit", "Small")
        self.environment.update(FLATPAK_ID="org.example.Id", XDG_RUNTIME_DIR=str(self.home / "one"))
        self.expect(0, "start", "Small")
        self.assertEqual(len(list(shared.glob("guesthouse/*/control"))), 1)
        self.environment["XDG_RUNTIME_DIR"] = str(self.home / "two")
        self.assertEqual(self.expect(0, "state", "Small"), "running\n")
        self.expect(0, "quit", "Small")


class FileNames(CtlTest):
    """Names that are not UTF-8 are refused where they would be kept, and escaped where they are
    shown."""

    def test_names(self):
        odd = os.fsencode(self.home) + b"/odd\xff.iso"
        pathlib.Path(os.fsdecode(odd)).write_bytes(bytes(65536))
        for words in (("create", "A", "--cdrom", odd), ("create", "A", "--disk", odd)):
            self.assertIn("not UTF-8", self.expect(FAILED, *words))
        self.assertEqual(self.list(), [])
        self.make()
        self.expect(0, "start", "Small")
        for words in (("insert", "Small", odd), ("add-cd", "Small", odd), ("add-disk", "Small", odd)):
            self.assertIn("not UTF-8", self.expect(FAILED, *words))
        self.expect(USAGE, "set", "Small", "cd0", "file", odd)
        self.expect(USAGE, "rename", "Small", b"\xff")
        self.expect(NO_MACHINE, "state", b"\xff")
        self.assertEqual(self.expect(0, "state", "Small"), "running\n")

    def test_folder(self):
        """A library in such a folder works."""
        home = os.fsencode(self.home) + b"/h\xff"
        os.mkdir(home)
        self.environment["XDG_DATA_HOME"] = os.fsdecode(home)
        self.run_ctl("create", "Small", "--memory", "16M", "--disk-size", "1G")
        self.expect(0, "set", "Small", "machine", "accelerator", "none")
        self.expect(0, "start", "Small")
        self.assertEqual(self.list()[0]["state"], "running")
        self.assertIn("Small", self.list()[0]["folder"])
        json.loads(self.expect(0, "info", "Small", "--json"))
        self.expect(0, "quit", "Small")
        os.unlink(home + b"/guesthouse/machines/Small/disks/disk0.img")
        self.assertIn("disk0.img", self.expect(FAILED, "start", "Small"))


class AtOnce(CtlTest):
    """Programs that change the library at the same time give no name twice and lose no change."""

    def all_at_once(self, *commands):
        running = [subprocess.Popen([CTL, *words], env=self.environment, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL) for words in commands]
        return [process.wait() for process in running]

    def test_at_once(self):
        for n in range(3):
            self.assertEqual(sorted(self.all_at_once(*[("create", f"Same{n}", "--memory", "16M")] * 4)),
                             [0, FAILED, FAILED, FAILED])
        self.assertEqual(sorted(self.all_at_once(*[("rename", f"Same{n}", "Other") for n in range(3)])),
                         [0, FAILED, FAILED])
        for n in range(5):
            self.assertEqual(self.all_at_once(("set", "Other", "machine", "memory", str(20 + n)),
                                              ("set", "Other", "machine", "cpus", str(2 + n)),
                                              ("set", "Other", "machine", "boot", "dc")), [0, 0, 0])
            self.assertEqual(self.expect(0, "get", "Other", "machine", "memory"), f"{20 + n}\n")
            self.assertEqual(self.expect(0, "get", "Other", "machine", "cpus"), f"{2 + n}\n")


class Terminal(CtlTest):
    """What others have written does not move the terminal's cursor."""

    def test_escapes(self):
        folder = self.make()
        (folder / "logs" / "guesthouse-vm.log").write_text("one\x1b[2J\n\ttwo\n")
        self.assertEqual(self.expect(0, "log", "Small"), "one\\x1b[2J\n\ttwo\n")
        conf = folder / "machine.conf"
        conf.write_text(conf.read_text().replace("accelerator=none", "accelerator=\x1b[2J"))
        for words in (("list",), ("state", "Small"), ("info", "Small"), ("start", "Small")):
            said = self.run_ctl(*words)
            self.assertNotIn(b"\x1b", said.stdout + said.stderr, words)
            self.assertIn(b"\\x1b[2J", said.stdout + said.stderr, words)


class FullDisk(CtlTest):
    """What cannot be written is as it was."""

    def test_full(self):
        folder = self.make()
        before = (folder / "machine.conf").read_bytes()
        for words in (("set", "Small", "machine", "memory", "32"), ("rename", "Small", "Large"),
                      ("create", "Other", "--memory", "16M"),
                      ("create", "Other", "--memory", "16M", "--disk-size", "1G")):
            done = self.run_ctl(*words, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
            self.assertEqual(done.returncode, FAILED, words)
            self.assertIn(b"guesthousectl: ", done.stderr)
        self.assertEqual((folder / "machine.conf").read_bytes(), before)
        self.assertEqual(sorted(os.listdir(folder)), ["disks", "logs", "machine.conf"])
        self.assertEqual(os.listdir(self.machines), ["Small"])


class Starting(CtlTest):
    def test_disc_gone(self):
        disc = self.home / "gone.iso"
        disc.write_bytes(bytes(65536))
        self.make("Live", "--cdrom", str(disc))
        self.make("Installed", "--cdrom", str(disc), "--disk-size", "1G")
        disc.unlink()
        said = self.expect(FAILED, "start", "Live")
        self.assertIn("gone.iso", said)
        self.assertIn("--without-disc", said)
        self.assertEqual(len(said.splitlines()), 1)
        self.expect(0, "start", "Live", "--without-disc")
        self.assertIn("gone.iso", self.expect(0, "get", "Live", "cd0", "file"))
        self.assertIn("gone.iso", self.expect(0, "start", "Installed"))
        self.assertIn("gone.iso", json.loads(self.expect(0, "--json", "state", "Installed"))
                      ["disk-error"])


class Silent(CtlTest):
    """A process that does not answer hangs nobody, and can be ended."""

    def test_silent(self):
        self.make()
        self.make("Other")
        self.expect(0, "start", "Small")
        self.expect(0, "start", "Other")
        process = self.find_process()
        os.kill(process, signal.SIGSTOP)
        self.assertEqual({m["name"]: m["state"] for m in self.list()},
                         {"Small": "not-responding", "Other": "running"})
        self.assertEqual(self.expect(0, "state", "Small"), "not-responding\n")
        self.assertEqual(json.loads(self.expect(0, "state", "Small", "--json")),
                         {"state": "not-responding"})
        for command in ("start", "stop", "pause", "quit", "delete", "screen-text"):
            self.assertIn("--force", self.expect(WRONG_STATE, command, "Small"))
        os.kill(process, signal.SIGCONT)
        self.assertEqual(self.expect(0, "state", "Small"), "running\n")
        os.kill(process, signal.SIGSTOP)
        self.expect(0, "stop", "--force", "Small")
        self.assertEqual(self.expect(0, "state", "Small"), "off\n")
        self.assertEqual(self.expect(0, "state", "Other"), "running\n")
        self.expect(WRONG_STATE, "stop", "--force", "Small")
        self.expect(0, "start", "Small")

    def test_full(self):
        """One whose queue of clients is full, too."""
        self.make()
        self.expect(0, "start", "Small")
        os.kill(self.find_process(), signal.SIGSTOP)
        for _ in range(70):
            self.assertEqual(self.expect(0, "state", "Small"), "not-responding\n")
        self.expect(0, "stop", "--force", "Small")


if __name__ == "__main__":
    unittest.main()
