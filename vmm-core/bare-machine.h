/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "accel.h"

/* A machine to try an accelerator in: RAM at 0, buses without devices, and a clock that is set by
 * hand. Makes these of machine, whose other members stay as they are. The RAM, or NULL with error;
 * whatever was made goes with bare_machine_clear. */
MemoryBlock *bare_machine_init (AccelMachine *machine, uint64_t ram_size, GError **error);
/* After the accelerator is closed. */
void bare_machine_clear (AccelMachine *machine);
