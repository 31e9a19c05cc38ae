/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/accel.h"

/* Makes a throw-away machine with a CPU of this model and topology, exactly as a machine's are
 * made, and times a small loop in it. TRUE if the host runs guests at hardware speed; else *reason
 * (owned by the caller) says in one sentence for the user why not. *mips is the measured speed in
 * million instructions a second, 0 where KVM could not be used at all. The loop has 25 ms in all,
 * whatever else the host does. */
gboolean kvm_probe_measure (const CpuTopology *topology, const AccelCpu *cpu, double *mips,
                            char **reason);
