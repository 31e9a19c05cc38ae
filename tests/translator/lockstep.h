/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/accel.h"

/* An accelerator for one CPU that runs guest code twice: a translated block, and, from the state
 * and memory that were before it, the same instructions by the interpreter. What devices answered
 * the first time is fed to the second; registers, flags and every page stored to are compared.
 *
 * Blocks are taken one by one, without links. Each is compared the first times it runs, then ever
 * more seldom. vcpu_run comes back as KICKED now and then, and as FAILED with a description where
 * the two differ. There is one such accelerator at a time. */
extern const AccelOps lockstep_accel_ops;

typedef enum
{
  LOCKSTEP_EXACT, /* all status flags are compared after each block */
  LOCKSTEP_ALIVE  /* those that nobody reads may be stale, as the translator usually has it */
} LockstepFlags;

/* Before the accelerator is opened. */
void lockstep_set_flags (LockstepFlags flags);

/* How many blocks were compared. */
uint64_t lockstep_get_compared (void);
/* Moves the time that the second run sees. */
void lockstep_set_time (int64_t ns);
