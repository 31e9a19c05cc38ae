/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpuid-hyperv.h"
#include "cpuid-table.h"

#include "vmm-core/accel.h"

/* The one place that decides what the guest's CPUs tell of themselves: it makes the answers of
 * CPUID out of the machine's processor model and what the accelerator can offer, of Hyper-V's
 * interface, too. What depends on the CPU's number (cpuid-topology.h) and on its registers comes
 * later. FALSE with one sentence when the model cannot be had. */
bool cpu_policy_make (const AccelMachine *machine, const CpuidTable *offered,
                      const CpuidHyperv *hyperv, CpuidTable *guest, GError **error);

/* Parts of it, in which all but “host” under KVM are the same. */

/* The components of the extended state (XCR0) that the features in the table need. */
uint64_t cpu_policy_get_xcr0 (const CpuidTable *table);

/* Cache parameters: 32 KiB L1, 1 MiB L2, 8 MiB L3. */
void cpu_policy_put_caches (CpuidTable *table);
/* Their sizes and places: leaf D. */
void cpu_policy_put_xsave (CpuidTable *table);
/* A name in the leaves for it: up to 47 bytes. */
void cpu_policy_put_brand (CpuidTable *table, const char *brand);
/* AMD's copies of leaf 1 in 8000_0001h. */
void cpu_policy_mirror_amd (CpuidTable *table);
