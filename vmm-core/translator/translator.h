/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/x86/software.h"

/* The accelerator "translator": guest code becomes host code that keeps most of the guest's
 * registers in the host's. What it does not translate, the interpreter runs, one instruction. */
extern const AccelOps translator_accel_ops;

/* For comparisons with other engines. Slower. */
enum
{
  TRANSLATOR_ALL_FLAGS = 1 << 0, /* status flags that no later instruction can read are right, too,
                                  * where an exception interrupts a block */
  TRANSLATOR_UNDEFINED_FLAGS = 1 << 1, /* those an instruction leaves undefined: as on the host */
  TRANSLATOR_EVERY_PAGE = 1 << 2,      /* code is translated however often it is overwritten */
  TRANSLATOR_THOROUGH = 7,
  TRANSLATOR_LAZY = 6,        /* all but the flags that are never read */
  TRANSLATOR_SINGLE = 1 << 3, /* each instruction is a block of its own */
  TRANSLATOR_DIRECT = 1 << 4, /* no lookup goes through a slot */
  TRANSLATOR_COUNT = 1 << 5   /* code counts how often blocks are run, and lookups */
};

/* Before any code has run. None is set at first. */
void translator_set_options (Accel *accel, unsigned options);
