/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/x86/software.h"

/* The accelerator "translator": guest code becomes host code that keeps most of the guest's
 * registers in the host's. What it does not translate, the interpreter runs, one instruction. */
extern const AccelOps translator_accel_ops;

/* For comparisons with other engines: status flags that no later instruction can read are right,
 * too, where an exception interrupts a block, and code is translated however often it is
 * overwritten. Slower; off at first. Before any code has run. */
void translator_set_thorough (Accel *accel, bool thorough);
