/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpuid-table.h"

/* The features that CPUID has a bit for, by the names that /proc/cpuinfo of Linux has for most of
 * them. */

typedef enum
{
  CPU_REGISTER_EAX,
  CPU_REGISTER_EBX,
  CPU_REGISTER_ECX,
  CPU_REGISTER_EDX
} CpuRegister;

typedef struct
{
  const char *name;
  uint32_t leaf, subleaf;
  CpuRegister reg;
  unsigned bit;
} CpuFeature;

/* NULL: there is none of that name. */
const CpuFeature *cpu_feature_find (const char *name);

bool cpu_feature_is_in (const CpuFeature *feature, const CpuidTable *table);
/* The table must have the leaf. */
void cpu_feature_add (const CpuFeature *feature, CpuidTable *table);
void cpu_feature_remove (const CpuFeature *feature, CpuidTable *table);

/* The same by name, which must be one. */
bool cpu_feature_has (const CpuidTable *table, const char *name);
void cpu_feature_add_all (CpuidTable *table, const char *names); /* separated by spaces */
void cpu_feature_remove_all (CpuidTable *table, const char *names);
