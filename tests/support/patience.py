# SPDX-License-Identifier: GPL-3.0-or-later
"""How long processes have had the chance to get on, however busy the host is."""

import os
import time

TICKS = os.sysconf("SC_CLK_TCK")


def stat(path):
    """The fields of a stat file of /proc from the state on, or None: processes come and go."""
    try:
        with open(path, "rb") as file:
            return file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def descendants(root):
    """A process and all that come from it, while they live, by their ids: their stat."""
    everyone, children, found = {}, {}, {}
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        fields = stat(f"/proc/{pid}/stat")
        if fields is not None:
            everyone[pid] = fields
            children.setdefault(int(fields[1]), []).append(pid)
    ahead = [root]
    while ahead:
        pid = ahead.pop()
        if pid in everyone:
            found[pid] = everyone[pid]
        ahead += children.get(pid, ())
    return found


def is_asleep(pid):
    """Whether every thread of a process waits for something else than a processor or a disk."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except (FileNotFoundError, ProcessLookupError):
        return True
    states = (stat(f"/proc/{pid}/task/{thread}/stat") for thread in threads)
    return not any(fields is not None and fields[0] in (b"R", b"D") for fields in states)


class Patience:
    """Counts the processor time that a process and its descendants take, and the time in which all of
    them sleep; but not the time in which they could run and other programs have the processor. Whoever
    counts is left out."""

    def __init__(self, root):
        self.root = root
        self.seconds = 0.0
        self.looked = time.monotonic()
        self.processor, self.asleep = self.look()

    def look(self):
        """The processor time of all so far, in seconds, and whether everyone sleeps now."""
        ticks, asleep = 0, True
        for pid, fields in descendants(self.root).items():
            # utime and stime; of a child that was waited for, its parent has them, in cutime and cstime.
            own, waited = sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))
            ticks += waited if pid == os.getpid() else own + waited
            asleep = asleep and (pid == os.getpid() or is_asleep(pid))
        return ticks / TICKS, asleep

    def spent(self):
        """Looks once more, which should be done about every second; the seconds so far."""
        now, (processor, asleep) = time.monotonic(), self.look()
        used = max(0.0, processor - self.processor)
        self.seconds += max(used, now - self.looked) if asleep and self.asleep else used
        self.looked, self.processor, self.asleep = now, processor, asleep
        return self.seconds
