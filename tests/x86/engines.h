/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "x86-machine.h"

/* Small pieces of code whose result is known, under every engine and for processors of either
 * vendor, whatever the host's is. */

typedef void (*EnginesTest) (X86Machine *machine, X86Vendor vendor);

/* Adds the test for each of them, as PATH/ENGINE/VENDOR; each gets a machine of its own. */
void engines_add_test (const char *path, EnginesTest test);

/* Fills [address, address + n) with INT3. */
void engines_put_traps (X86Machine *machine, uint64_t address, unsigned n);
/* Writes bytes given as hexadecimal digits. */
void engines_put (X86Machine *machine, uint64_t address, const char *hex);
/* The eight bytes at address. */
uint64_t engines_get (X86Machine *machine, uint64_t address);

/* x86_machine_run, which must end with vector. */
X86Outcome engines_expect (X86Machine *machine, X86State *state, int vector);
