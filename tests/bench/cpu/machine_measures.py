# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured of whole machines: start, memory, screen, idleness, clock, several CPUs."""

import statistics
import time

PARALLEL_JOBS, PARALLEL_COUNT = 4, 10
FILLS = {"R": "REP STOSD", "M": "MOV", "S": "MOVAPS"}


def machines(chosen):
    """Of the chosen engines those that run machines."""
    return [engine for engine in chosen if engine.name != "native"]


def verdict(held):
    """The mark of a figure that misses its demand."""
    return "" if held else " *"


def measure_parallel(chosen, arguments):
    """Sub-command “parallel”: the same four processes on one virtual CPU and on four."""
    print("\nFour processes on 4 vCPUs against 1 vCPU (demanded: 1.8 times as fast on 2 cores)")
    for engine in machines(chosen):
        count = max(PARALLEL_COUNT // engine.divisor, 1)
        samples = {1: [], 4: []}
        for _ in range(arguments.rounds):
            for cpus, values in samples.items():
                with engine.linux(cpus=cpus) as running:
                    running.wait_for(b"ready")
                    values.append(running.answer(f"parallel {PARALLEL_JOBS} {count}", "parallel", 900)[1])
        one, four = statistics.median(samples[1]), statistics.median(samples[4])
        print(f"{engine.name:12} {one:.2f} s and {four:.2f} s: {one / four:.2f} times{verdict(one / four >= 1.8)}")


def measure_start(chosen, arguments):
    """Sub-command “start”: from the start of the process to what a guest does first."""
    first, sector = {}, {}
    for _ in range(arguments.rounds):
        for engine in machines(chosen):
            with engine.firmware(engine.files.first_instruction) as running:
                first.setdefault(engine.name, []).append(running.wait_for(b"F", 60))
            with engine.disk(engine.files.boot_sector) as running:
                sector.setdefault(engine.name, []).append(running.wait_for(b"B", 120))
    print("\nPower on to the first firmware instruction (demanded: 20 ms) and to the boot sector (0.7 of QEMU's)")
    peer = statistics.median(sector["qemu"]) if "qemu" in sector else None
    for name in first:
        a, b = statistics.median(first[name]), statistics.median(sector[name])
        ours = name != "qemu"
        part = f" ({b / peer:.2f} of QEMU's{verdict(b <= 0.7 * peer)})" if peer and ours else ""
        print(f"{name:12} {a * 1000:7.1f} ms{verdict(a <= 0.02 or not ours)} {b * 1000:9.1f} ms{part}")


def measure_memory(chosen, _arguments):
    """Sub-command “memory”: what a machine of 512 MB holds beside the guest's memory."""
    print("\nResident memory beyond the guest's 512 MiB, at the boot sector and at a Linux prompt "
          "(demanded: 16 and 60 MiB)")
    for engine in machines(chosen):
        with engine.disk(engine.files.boot_sector) as running:
            running.wait_for(b"B", 120)
            time.sleep(0.5)
            sector = running.resident_beyond_memory()
        with engine.linux() as running:
            running.wait_for(b"ready")
            time.sleep(2)
            prompt = running.resident_beyond_memory()
        ours = engine.name != "qemu"
        print(f"{engine.name:12} {sector:7.1f} MiB{verdict(sector <= 16 or not ours)}"
              f" {prompt:7.1f} MiB{verdict(prompt <= 60 or not ours)}")


def fill_times(engine, seconds):
    """Milliseconds a fill takes, by its kind, with a window attached."""
    times = {letter: [] for letter in FILLS}
    with engine.disk(engine.files.fill, window=True) as running:
        running.wait_for(b"RMS", 120)
        last, end = None, time.monotonic() + seconds
        while time.monotonic() < end:
            data = running.read(1)
            now = time.monotonic()
            # Several letters at once came late: only a letter alone has its own time.
            if last is not None and len(data) == 1 and data.decode() in times:
                times[data.decode()].append((now - last) * 1000)
            last = now if data else last
    return {letter: statistics.median(values) for letter, values in times.items() if values}


def measure_fill(chosen, arguments):
    """Sub-command “fill”: full-screen fills with a window attached."""
    results = {engine.name: fill_times(engine, 3 * arguments.rounds) for engine in machines(chosen)}
    print("\nFills of the screen at 1600×1200×32, window attached: milliseconds for one "
          "(demanded: 0.9 of QEMU's rate)")
    for name, times in results.items():
        line = f"{name:12}"
        for letter, title in FILLS.items():
            if letter not in times:
                continue
            line += f"  {title} {times[letter]:.2f}"
            peer = results.get("qemu", {}).get(letter)
            if peer and name != "qemu":
                line += f" ({peer / times[letter]:.2f} of QEMU's rate{verdict(peer / times[letter] >= 0.9)})"
        print(line)


def percent_of_a_core(running, seconds):
    """Processor use over a time."""
    before, start = running.processor_seconds(), time.monotonic()
    time.sleep(seconds)
    return (running.processor_seconds() - before) / (time.monotonic() - start) * 100


def measure_idle(chosen, arguments):
    """Sub-command “idle”: a Linux guest at its prompt, then paused."""
    print("\nProcessor use at a Linux prompt (demanded: 2 % of a core) and paused (0)")
    for engine in machines(chosen):
        with engine.linux() as running:
            running.wait_for(b"ready")
            time.sleep(5)
            idle = percent_of_a_core(running, arguments.seconds)
            engine.pause()
            time.sleep(1)
            paused = percent_of_a_core(running, arguments.seconds / 3)
        ours = engine.name != "qemu"
        print(f"{engine.name:12} {idle:6.2f} %{verdict(idle <= 2 or not ours)}"
              f" {paused:6.2f} %{verdict(paused < 0.005 or not ours)}")


def measure_clock(chosen, arguments):
    """Sub-command “clock”: the guest's clocks against the host's while it works."""
    print(f"\nDrift of the guest's clocks over {arguments.minutes:g} minutes under load (demanded: 0.1 %)")
    for engine in machines(chosen):
        with engine.linux() as running:
            running.wait_for(b"ready")
            seconds = int(arguments.minutes * 60)
            running.send(f"clock {seconds}")
            points = []
            while True:
                words = running.line(60).split()
                if words[:1] == ["clock"] and words[1:2] != ["source"]:
                    points.append((time.monotonic(), int(words[1]) / 1e9, int(words[2]) / 1e9))
                elif words[:2] == ["done", "clock"]:
                    break
        print(f"{engine.name:12} " + ", ".join(
            f"{title} {drift:+.4f} %{verdict(abs(drift) <= 0.1 or engine.name == 'qemu')}"
            for title, drift in (("monotonic", drift_of(points, 1)), ("realtime", drift_of(points, 2)))))


def measure_growth(chosen, arguments):
    """Sub-command “growth”: what a guest that keeps generating code does to memory."""
    print(f"\nResident memory beyond the guest's 512 MiB while it generates code for {arguments.minutes:g} minutes, "
          "by tenths (demanded: flat)")
    for engine in machines(chosen):
        sizes = []
        with engine.linux() as running:
            running.wait_for(b"ready")
            for _ in range(11):
                running.answer(f"run jit 1000 {int(arguments.minutes * 6e9)}", "jit", arguments.minutes * 60 + 60)
                sizes.append(running.resident_beyond_memory())
        flat = max(sizes[6:]) <= 1.05 * max(sizes[:6])
        print(f"{engine.name:12} " + " ".join(f"{size:.0f}" for size in sizes) + " MiB"
              f"{verdict(flat or engine.name == 'qemu')}")


def measure_latency(chosen, arguments):
    """Sub-command “latency”: how late a timer's interrupt is."""
    print("\nHow late a process wakes that sleeps for a millisecond again and again while another computes, in µs "
          "(demanded of interrupts: 100)")
    for engine in machines(chosen):
        samples = []
        for _ in range(arguments.rounds):
            with engine.linux() as running:
                running.wait_for(b"ready")
                samples.append([int(word) / 1000 for word in running.answer("latency 2000", "latency")[0]])
        middle, most, worst = (statistics.median(values) for values in zip(*samples))
        print(f"{engine.name:12} median {middle:.0f}{verdict(middle <= 100 or engine.name == 'qemu')}, "
              f"99 of 100 at most {most:.0f}, worst {worst:.0f}")


def drift_of(points, column):
    """Percent that a clock runs fast, by the promptest lines of the first and the last tenth."""
    tenth = max(len(points) // 10, 1)
    first = min(points[:tenth], key=lambda p: p[0] - p[column])
    last = min(points[-tenth:], key=lambda p: p[0] - p[column])
    host = last[0] - first[0]
    return ((last[column] - first[column]) / host - 1) * 100 if host > 0 else 0.0


MIXED = {"p": "page", "l": "line", "d": "draw", "s": "schedule", "i": "immediates", "o": "overlays", "f": "far"}


def mixed_times(engine, bits):
    """Processor seconds for each kernel of mixed.asm."""
    times = {}
    with engine.bare(engine.files.mixed[bits]) as running:
        running.wait_for(b"ready\n", 120)
        last = running.processor_seconds()
        running.send("")
        for letter in MIXED:
            running.wait_for(letter.encode(), 300)
            now = running.processor_seconds()
            times[letter] = now - last
            last = now
    return times


def measure_mixed(chosen, arguments):
    """Sub-command “mixed”: code that shares pages with its data."""
    print("\nCode among its data: milliseconds of processor time (demanded: at most QEMU's)")
    print(f"{'':16}" + "".join(f"{name:>12}" for name in MIXED.values()) + f"{'all':>12}")
    for bits in (32, 64):
        samples = {engine.name: [] for engine in machines(chosen)}
        for _ in range(arguments.rounds):
            for engine in machines(chosen):
                samples[engine.name].append(mixed_times(engine, bits))
        medians = {name: [statistics.median(times[letter] for times in rounds) for letter in MIXED]
                   for name, rounds in samples.items()}
        for name, row in medians.items():
            peer = medians.get("qemu") if name != "qemu" else None
            cells = [f"{a * 1000:.0f}" + (f" ({a / b:.2f})" if b else "")
                     for a, b in zip([*row, sum(row)], [*peer, sum(peer)] if peer else [0] * (len(row) + 1))]
            print(f"{name:12}{bits:3} " + "".join(f"{cell:>12}" for cell in cells)
                  + verdict(not peer or sum(row) <= sum(peer)))


COMMANDS = {"mixed": measure_mixed, "parallel": measure_parallel, "start": measure_start, "memory": measure_memory, "fill": measure_fill,
            "idle": measure_idle, "clock": measure_clock, "growth": measure_growth,
            "latency": measure_latency}
