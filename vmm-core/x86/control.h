/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* Control registers: each write checks, raises #GP, and does what follows from the change. */
void x86_control_set_cr0 (X86Cpu *cpu, uint64_t value);
void x86_control_set_cr3 (X86Cpu *cpu, uint64_t value);
void x86_control_set_cr4 (X86Cpu *cpu, uint64_t value);
void x86_control_set_efer (X86Cpu *cpu, uint64_t value);
/* PKRU or PKRS, which rights points to in the state; value has 32 bits. Raises nothing. */
void x86_control_set_keys (X86Cpu *cpu, uint64_t *rights, uint64_t value);
