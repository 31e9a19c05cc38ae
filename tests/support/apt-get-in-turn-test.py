#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""apt-get-in-turn waits for every lock that apt takes, says for whom, and goes on.

usage: apt-get-in-turn-test.py APT-GET-IN-TURN. The packages are those of an empty system in a folder, so
nobody needs to be root. Prints TAP.
"""

import fcntl
import os
import subprocess
import sys
import tempfile

CONFIGURATION = """
Dir "{0}";
Dir::State "{0}/state";
Dir::State::status "{0}/dpkg/status";
Dir::Cache "{0}/cache";
Dir::Etc "{0}/etc";
APT::Sandbox::User "";
"""


def make_system(folder):
    for path in ("state/lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d", "dpkg"):
        os.makedirs(os.path.join(folder, path))
    for path in ("dpkg/status", "etc/sources.list"):
        open(os.path.join(folder, path), "wb").close()
    configuration = os.path.join(folder, "apt.conf")
    with open(configuration, "w", encoding="utf-8") as file:
        file.write(CONFIGURATION.format(folder))
    os.environ["APT_CONFIG"] = configuration


def apt_get(*arguments):
    return subprocess.Popen([sys.argv[1], *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def waits(lock, *arguments):
    """Takes a lock, as another apt-get would, until it is waited for."""
    with open(lock, "wb") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        apt = apt_get(*arguments)
        said = apt.stdout.readline()
        assert said.startswith("Waiting for another program"), said or apt.stderr.read()
        assert lock in said and f"process {os.getpid()} " in said, said
        assert apt.poll() is None, "it did not wait"
    rest, errors = apt.communicate()
    assert apt.returncode == 0 and rest == "", rest + errors


def test(folder):
    waits(os.path.join(folder, "state/lists/lock"), "update")
    waits(os.path.join(folder, "dpkg/lock-frontend"), "install", "-y")
    waits(os.path.join(folder, "dpkg/lock"), "install", "-y")

    # Whatever else goes wrong is told at once.
    apt = apt_get("install", "-y", "no-such-package")
    said, errors = apt.communicate()
    assert apt.returncode == 1 and said == "" and "no-such-package" in errors, said + errors


print("1..1", flush=True)
try:
    with tempfile.TemporaryDirectory() as place:
        make_system(place)
        test(place)
    print("ok 1 waits")
except AssertionError as problem:
    print(f"not ok 1 waits: {problem}")
