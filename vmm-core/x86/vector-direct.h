/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* Puts a function written out in C in place of insn->exec, which vector_bind has set, where there
 * is one. */
void vector_direct_bind (const X86Cpu *cpu, X86Insn *insn);
