/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/accel.h"

/* An accelerator for one CPU that runs it by the translator and by the interpreter in turn: every
 * few milliseconds its whole state moves from one to the other, as a snapshot would. */
extern const AccelOps alternating_accel_ops;

/* How often it moved. */
uint64_t alternating_get_turns (Accel *accel);
