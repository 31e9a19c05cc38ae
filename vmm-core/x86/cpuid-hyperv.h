/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpuid-table.h"

#include <stdbool.h>

/* The interface of Hyper-V, which Windows knows: what CPUID tells of it, in one place for all
 * accelerators. */

/* The words of CPUID that name its parts. */
typedef struct
{
  uint32_t features_eax, features_edx; /* leaf 40000003h */
  uint32_t recommended;                /* leaf 40000004h, EAX */
} CpuidHyperv;

/* All that the software CPU has. */
extern const CpuidHyperv cpuid_hyperv_software;
/* What every model but “host” has, under every accelerator. */
extern const CpuidHyperv cpuid_hyperv_model;

/* The parts of an offer that are of use to a machine. */
CpuidHyperv cpuid_hyperv_limit (const CpuidHyperv *offered);
bool cpuid_hyperv_is_within (const CpuidHyperv *part, const CpuidHyperv *whole);

/* Puts the interface in front of KVM's, which systems that know both find behind it. */
void cpuid_hyperv_put (CpuidTable *guest, const CpuidHyperv *parts);
