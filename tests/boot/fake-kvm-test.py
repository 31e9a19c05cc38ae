#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine on a host whose KVM does not serve, or fails when the machine starts.

usage: fake-kvm-test.py, with GUESTHOUSE_VM, GUESTHOUSECTL and FAKE_KVM_LIBRARY (the library that is the
host's KVM) in the environment. Prints TAP.
"""

import contextlib
import json
import os
import sys

from machine import BootError, Machine, report

PATIENCE = 120


def start(accelerator, words, *options):
    """A machine with that accelerator on a KVM of which the words are true (tests/support/fake-kvm.h)."""
    return Machine("--accel", accelerator, *options, memory="64",
                   env={"LD_PRELOAD": os.environ["FAKE_KVM_LIBRARY"], "FAKE_KVM": words})


def wait_for(machine, name, value):
    """Waits until guesthousectl tells this of the machine; all that it tells then."""
    def look():
        try:
            state = json.loads(machine.control("--json", "state"))
        except BootError:
            return None
        return state if state.get(name) == value else None
    return machine.wait(f"{name} {value}", PATIENCE, look, 0.1)


def expect(text, part):
    """Fails unless the part is in the text."""
    if part not in text:
        raise BootError(f"“{part}” is missing in: {text}")


def runs_translated(words, part, *options):
    """The machine runs all the same, and says why it does without KVM."""
    with start("auto", words, *options) as machine:
        state = wait_for(machine, "accelerator", "translator")
        expect(state["accelerator-reason"], part)
        wait_for(machine, "state", "running")


def no_permission():
    """Who may not use KVM reads the command that changes that."""
    runs_translated("open=13", "sudo usermod -aG kvm")


def held_by_another():
    """VirtualBox and VMware do not share a processor with KVM."""
    runs_translated("vm=16", "VirtualBox")


def power_on_fails():
    """KVM served when it was tried, and does not when the machine is made."""
    runs_translated("late xsave=22", "KVM cannot take over the state of a CPU")


def model_is_refused():
    """A processor that KVM cannot make is one that the translator may have."""
    runs_translated("late plain", "processor model “baseline” has features", "--cpu-model", "baseline")


def first_entry_fails():
    """The processor refuses what it did when it was tried."""
    runs_translated("run=fail", "refuses to run the guest (reason 0x80000021)")


def kvm_is_asked_for():
    """Nobody changes what the settings say."""
    with start("kvm", "run=fail") as machine:
        expect(wait_for(machine, "state", "crashed")["failure-reason"],
               "choose the accelerator “translator”")


def stuck_in_the_kernel():
    """A CPU that never comes back keeps nobody from switching the machine off."""
    with start("kvm", "run=stuck") as machine:
        wait_for(machine, "state", "running")
        try:
            machine.control("pause")
            raise BootError("the machine has paused, though its CPU runs")
        except BootError as error:
            expect(str(error), "does not give a processor of the machine back")
        wait_for(machine, "state", "running")
        with contextlib.suppress(BootError):
            machine.control("stop")  # the process may have ended before it could answer
        machine.wait_end(PATIENCE)


TESTS = [
    ("no-permission", no_permission),
    ("held-by-another", held_by_another),
    ("power-on-fails", power_on_fails),
    ("model-is-refused", model_is_refused),
    ("first-entry-fails", first_entry_fails),
    ("kvm-is-asked-for", kvm_is_asked_for),
    ("stuck-in-the-kernel", stuck_in_the_kernel),
]

if __name__ == "__main__":
    sys.exit(report(TESTS))
