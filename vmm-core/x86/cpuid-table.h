/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What CPUID answers, as a list: what an engine can offer, and what a guest sees. */

typedef struct
{
  uint32_t eax, ebx, ecx, edx;
} X86Cpuid;

typedef struct
{
  uint32_t leaf, subleaf;
  bool indexed; /* ECX chooses the subleaf */
  X86Cpuid answer;
} CpuidEntry;

#define CPUID_TABLE_ENTRIES 256

typedef struct
{
  unsigned n;
  CpuidEntry entries[CPUID_TABLE_ENTRIES];
} CpuidTable;

/* The answer in the table, or NULL. A leaf that is not indexed has the same for every subleaf. */
X86Cpuid *cpuid_table_find (CpuidTable *table, uint32_t leaf, uint32_t subleaf);
/* The same, zeros if there is none. */
X86Cpuid cpuid_table_get (const CpuidTable *table, uint32_t leaf, uint32_t subleaf);

/* Adds an answer, or replaces it. What does not fit is dropped: no CPU has so many. */
void cpuid_table_put (CpuidTable *table, uint32_t leaf, X86Cpuid answer);
void cpuid_table_put_indexed (CpuidTable *table, uint32_t leaf, uint32_t subleaf, X86Cpuid answer);
void cpuid_table_remove (CpuidTable *table, uint32_t leaf);

/* The same processors' makers in leaf 0: AMD or Hygon. */
bool cpuid_table_is_amd (const CpuidTable *table);
