#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at built programs for what the compiler and the linker were asked for against faults that a
guest, or a file, could use (meson.build). Formats: System V ABI, chapters 4 and 5; AMD64 supplement.

usage: programs.py [--fortified] PROGRAM …"""

import os
import struct
import sys

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
PT_GNU_STACK, PT_GNU_RELRO, PT_GNU_PROPERTY = 0x6474e551, 0x6474e552, 0x6474e553
ET_DYN, PF_X, PF_W = 3, 1, 2
DT_STRTAB, DT_STRSZ, DT_FLAGS, DT_FLAGS_1 = 5, 10, 30, 0x6ffffffb
DF_BIND_NOW, DF_1_NOW, DF_1_PIE = 8, 1, 0x08000000
FEATURE_1_AND, FEATURE_SHSTK = 0xc0000002, 2
# What never goes without its check, whatever the compiler knows of the arguments.
UNCHECKED = {"printf", "fprintf", "dprintf", "vprintf", "vfprintf", "vdprintf", "longjmp", "siglongjmp"}
# sub rsp, 1000h; or qword [rsp], 0
PROBE = bytes.fromhex("4881ec00100000" "48830c2400")


class Program:
    """An ELF file of 64 bits."""

    def __init__(self, path):
        with open(path, "rb") as stream:
            self.data = stream.read()
        assert self.data[:6] == b"\x7fELF\x02\x01", f"{path} is no 64-bit ELF file"
        self.type, = struct.unpack_from("<H", self.data, 16)
        at, = struct.unpack_from("<Q", self.data, 32)
        size, count = struct.unpack_from("<HH", self.data, 54)
        self.headers = [struct.unpack_from("<IIQQQQQQ", self.data, at + i * size) for i in range(count)]

    def header(self, kind):
        """The first program header of a kind, or None."""
        return next((header for header in self.headers if header[0] == kind), None)

    def contents(self, header):
        return self.data[header[2]:header[2] + header[5]]

    def dynamic(self):
        """The dynamic section's values by tag; of several, the last."""
        return dict(struct.iter_unpack("<QQ", self.contents(self.header(PT_DYNAMIC))))

    def imported_names(self):
        """All names of the dynamic string table, among them those of functions called."""
        dynamic = self.dynamic()
        for load in self.headers:
            if load[0] == PT_LOAD and load[3] <= dynamic[DT_STRTAB] < load[3] + load[5]:
                at = dynamic[DT_STRTAB] - load[3] + load[2]
                return set(self.data[at:at + dynamic[DT_STRSZ]].decode().split("\0"))
        return set()

    def features(self):
        """GNU_PROPERTY_X86_FEATURE_1_AND: what the program says it can live with."""
        note = self.header(PT_GNU_PROPERTY)
        if note is None:
            return 0
        data = self.contents(note)
        size, = struct.unpack_from("<I", data, 4)
        at = 16
        while at < 16 + size:
            kind, length = struct.unpack_from("<II", data, at)
            if kind == FEATURE_1_AND:
                return struct.unpack_from("<I", data, at + 8)[0]
            at += 8 + (length + 7 & ~7)
        return 0

    def code(self):
        return b"".join(self.contents(header) for header in self.headers
                        if header[0] == PT_LOAD and header[1] & PF_X)


def findings(name, program, fortified):
    """(what must hold, whether it does) for each thing looked at."""
    dynamic, names = program.dynamic(), program.imported_names()
    stack = program.header(PT_GNU_STACK)
    flags, flags_1 = dynamic.get(DT_FLAGS, 0), dynamic.get(DT_FLAGS_1, 0)
    yield "may be loaded anywhere", (program.type == ET_DYN and program.header(PT_INTERP) is not None
                                     and bool(flags_1 & DF_1_PIE))
    yield "has a stack that is not executable", stack is not None and not stack[1] & PF_X
    yield "has no memory to be both written and run", not any(
        header[0] == PT_LOAD and header[1] & PF_W and header[1] & PF_X for header in program.headers)
    yield "makes its tables of functions read-only", program.header(PT_GNU_RELRO) is not None
    yield "looks all functions up at start", bool(flags & DF_BIND_NOW or flags_1 & DF_1_NOW)
    yield "guards return addresses", "__stack_chk_fail" in names
    # Which it would have to say that a host's shadow stack be used.
    yield "asks for no shadow stack", not program.features() & FEATURE_SHSTK
    if fortified:
        yield "calls nothing unchecked that can be checked", not names & UNCHECKED
    if name == "guesthouse-vm":
        # The others have no functions with so much on the stack, and jump nowhere.
        yield "touches every page of its stack", PROBE in program.code()
        if fortified:
            yield "checks where exceptions of the guest jump to", "__longjmp_chk" in names


def main():
    arguments = sys.argv[1:]
    fortified = "--fortified" in arguments
    n, failed = 0, False
    for path in arguments[1:] if fortified else arguments:
        name = os.path.basename(path)
        for what, holds in findings(name, Program(path), fortified):
            n += 1
            failed |= not holds
            print(f"{'' if holds else 'not '}ok {n} - {name} {what}")
    print(f"1..{n}")
    return 1 if failed else 0


sys.exit(main())
