#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""limit-time finds what hangs, leaves alone what only has to wait for a processor, and passes on the rest.

usage: limit-time-test.py LIMIT-TIME. Prints TAP.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time

LIMIT = 1.0  # seconds, in the tests of the limit
LOOP = "while :; do :; done"


def run(limit, *command, processors=os.sched_getaffinity(0)):
    """A command under limit-time: exit status, output, errors, and the seconds that passed."""
    start = time.monotonic()
    done = subprocess.run([sys.argv[1], *command], env=os.environ | {"TEST_SECONDS": str(limit)},
                          capture_output=True, text=True, check=False,
                          preexec_fn=lambda: os.sched_setaffinity(0, processors))
    return done.returncode, done.stdout, done.stderr, time.monotonic() - start


def is_there(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


def check(true, what):
    if not true:
        raise AssertionError(what)


def expect_ended(*command):
    """The command is ended for its time, and told what it did; what it printed comes out."""
    status, out, errors, _ = run(LIMIT, *command)
    check(status == 124, f"status {status}")
    check("did not end" in errors and command[0] in errors, errors)
    return out, errors


def passes_on():
    status, out, errors, _ = run(60, "sh", "-c", "echo out; echo in words >&2; cat; exit 77")
    check((status, out, errors) == (77, "out\n", "in words\n"), f"{status} {out} {errors}")
    check(run(60, "true")[0] == 0, "true")
    check(run(60, "sh", "-c", "kill -SEGV $$")[0] == 128 + signal.SIGSEGV, "the signal")
    status, _, errors, _ = run(60, "/nowhere/test")
    check(status == 127 and "/nowhere/test" in errors, errors)


def endless_loop():
    out, errors = expect_ended("sh", "-c", "echo started; " + LOOP)
    check(out == "started\n", out)
    check(re.search(r"state R, [1-9]", errors), errors)


def sleep_for_ever():
    _, errors = expect_ended("sleep", "1000")
    check("state S, 0.0 s" in errors, errors)


def children_count():
    """A child that loops, and children that loop and end one after the other."""
    expect_ended("sh", "-c", f"({LOOP}) & wait")
    expect_ended("sh", "-c", "while :; do sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'; done")


def daemons_end():
    """A process in a session of its own, whose parent has ended, belongs to the test, too."""
    with tempfile.TemporaryDirectory() as folder:
        note = os.path.join(folder, "pid")
        daemon = f"trap '' TERM; echo $$ >{note}; exec sleep 1000"
        status, _, errors, _ = run(60, "sh", "-c", '(setsid sh -c "$1" &); until [ -s "$2" ]; do sleep 0.1; done; exit 4',
                                   "sh", daemon, note)
        check(status == 4, f"status {status}: {errors}")
        with open(note, encoding="ascii") as file:
            check(not is_there(int(file.read())), "it is still there")


def interrupted():
    limiter = subprocess.Popen([sys.argv[1], "sh", "-c", "echo $$; exec sleep 1000"], stdout=subprocess.PIPE, text=True)
    child = int(limiter.stdout.readline())
    limiter.terminate()
    check(limiter.wait() == 128 + signal.SIGTERM, f"status {limiter.returncode}")
    check(not is_there(child), "the child is still there")


def busy_host():
    """Work of less than the limit that has to wait for longer than that, since others have the processor."""
    processor = min(os.sched_getaffinity(0))
    others = [subprocess.Popen(["taskset", "-c", str(processor), "sh", "-c", LOOP]) for _ in range(12)]
    try:
        status, _, errors, seconds = run(LIMIT, "sh", "-c", "i=0; while [ $i -lt 150000 ]; do i=$((i+1)); done",
                                         processors={processor})
    finally:
        for other in others:
            other.kill()
            other.wait()
    check(status == 0, errors)
    check(seconds > LIMIT, f"it took {seconds} s only, so it shows nothing")


TESTS = [passes_on, endless_loop, sleep_for_ever, children_count, daemons_end, interrupted, busy_host]

print(f"1..{len(TESTS)}", flush=True)
for number, test in enumerate(TESTS, 1):
    try:
        test()
        print(f"ok {number} {test.__name__}", flush=True)
    except AssertionError as problem:
        print(f"not ok {number} {test.__name__}: {problem}", flush=True)
