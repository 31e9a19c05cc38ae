# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes what the benchmark runs: the kernels' program, the guest that holds it, the bare-metal programs."""

import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "../../.."))
# Every machine of the architecture runs these instructions; and the compiler must neither merge calls
# nor replace loops by calls of the C library.
KERNEL_FLAGS = ("-O2 -march=x86-64 -fno-pie -fcf-protection=none -fno-asynchronous-unwind-tables -fno-stack-protector "
                "-fno-tree-loop-distribute-patterns -ffreestanding -fno-builtin").split()


class Files:
    """Paths of everything that is run; made when they are missing or older than their sources."""

    def __init__(self, build):
        self.vm = os.path.join(build, "vmm-core/run/guesthouse-vm")
        self.control = os.path.join(build, "app/cli/guesthousectl")
        for program in (self.vm, self.control):
            if not os.access(program, os.X_OK):
                sys.exit(f"run: “{program}” is not there: build it, or name the build folder with --build.")
        self.folder = os.path.join(ROOT, "build/bench")
        os.makedirs(self.folder, exist_ok=True)
        subprocess.run([os.path.join(ROOT, "tests/support/install-packages"), "bench"], check=True)
        self.program = self.make_program()
        self.initrd = self.make_initrd()
        self.kernel = self.find_kernel()
        self.first_instruction, self.boot_sector, self.fill = (
            self.assemble(name) for name in ("first-instruction", "boot-sector", "fill"))
        self.mixed = {bits: self.assemble("mixed", bits) for bits in (32, 64)}

    def path(self, name):
        """Where a made file lives."""
        return os.path.join(self.folder, name)

    def is_fresh(self, made, *sources):
        """Whether a made file is newer than its sources."""
        return os.path.exists(made) and all(os.path.getmtime(made) > os.path.getmtime(s) for s in sources)

    def make_program(self):
        """The static program."""
        program = self.path("guest")
        sources = [os.path.join(HERE, n) for n in ("kernels.c", "system.c", "guest.c")]
        generator = os.path.join(HERE, "generate-large.py")
        if self.is_fresh(program, *sources, generator, os.path.join(HERE, "kernels.h")):
            return program
        large = self.path("large.c")
        with open(large, "w", encoding="ascii") as stream:
            subprocess.run([sys.executable, generator], stdout=stream, check=True)
        objects = []
        for source in [*sources, large]:
            made = self.path(os.path.basename(source) + ".o")
            flags = [*(KERNEL_FLAGS if source in (sources[0], large) else ["-O2", "-fno-pie"]),
                     *(["-w"] if source == large else ["-Wall", "-Wextra"])]
            subprocess.run(["gcc", *flags, "-I", HERE, "-c", source, "-o", made], check=True)
            objects.append(made)
        subprocess.run(["gcc", "-static", "-no-pie", "-o", program, *objects], check=True)
        return program

    def make_initrd(self):
        """The program as /init, and nothing else."""
        initrd, tree = self.path("guest.initrd"), self.path("root")
        if not self.is_fresh(initrd, self.program):
            os.makedirs(os.path.join(tree, "sys"), exist_ok=True)
            os.makedirs(os.path.join(tree, "dev"), exist_ok=True)
            subprocess.run(["cp", self.program, os.path.join(tree, "init")], check=True)
            subprocess.run(f"find . | cpio --quiet -o -H newc -R 0:0 >'{initrd}'", shell=True, cwd=tree, check=True)
        return initrd

    def find_kernel(self):
        """The stock Debian kernel: that of the boot tests, or the installed one, or the package's."""
        folders = glob.glob(os.path.join(ROOT, "build/**/debian-kernel/vmlinuz"), recursive=True)
        if folders:
            return folders[0]
        subprocess.run([os.path.join(ROOT, "tests/support/debian-kernel.sh"), self.path("debian-kernel")], check=True)
        return self.path("debian-kernel/vmlinuz")

    def assemble(self, name, bits=None):
        """A bare-metal program; with bits, one in the frame of the bare-metal tests."""
        source, made = os.path.join(HERE, name + ".asm"), self.path(f"{name}{bits or ''}.bin")
        frame = os.path.join(ROOT, "tests/guests/bare/")
        options = [f"-DMODE={bits}", "-i", frame] if bits else []
        if not self.is_fresh(made, source):
            subprocess.run(["nasm", "-f", "bin", *options, "-o", made, source], check=True)
        return made
