/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "vmm-core/x86/cpu.h"

/* Whether two states are equal, but for the local APIC, the x87's addresses of the last
 * instruction, and the ignored bits of RFLAGS. What differs is appended to text, which may be
 * NULL. */
bool lockstep_compare (const X86State *translator, const X86State *interpreter, uint64_t ignored,
                       GString *text);

/* Appends the bytes of a page that differ. */
void lockstep_compare_pages (uint64_t page, const uint8_t *translator, const uint8_t *interpreter,
                             GString *text);

/* Appends the bytes of code at state.rip as they are now. */
void lockstep_append_code (GString *text, X86Cpu *cpu, const X86State *state);
