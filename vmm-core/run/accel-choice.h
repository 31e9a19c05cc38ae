/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/accel.h"

/* The accelerator for a name from machine.conf. "auto" tries KVM with such CPUs, and
 * takes it only at hardware speed. *reason (owned by the caller) says in words why it is this one.
 * NULL with error when the one asked for cannot be had. */
const AccelOps *accel_choice (const char *name, const CpuTopology *topology, const AccelCpu *cpu,
                              char **reason, GError **error);

/* What "auto" takes where KVM does not serve; the sentence says why that is so. */
const AccelOps *accel_choice_without_kvm (const char *sentence, char **reason);
