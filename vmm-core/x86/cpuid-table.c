/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cpuid-table.h"

#include <stddef.h>
#include <string.h>

X86Cpuid *
cpuid_table_find (CpuidTable *table, uint32_t leaf, uint32_t subleaf)
{
  for (unsigned i = 0; i < table->n; i++)
    {
      CpuidEntry *entry = &table->entries[i];

      if (entry->leaf == leaf && (!entry->indexed || entry->subleaf == subleaf))
        return &entry->answer;
    }
  return NULL;
}

X86Cpuid
cpuid_table_get (const CpuidTable *table, uint32_t leaf, uint32_t subleaf)
{
  const X86Cpuid *found = cpuid_table_find ((CpuidTable *) table, leaf, subleaf);

  return found != NULL ? *found : (X86Cpuid){ 0 };
}

static void
put (CpuidTable *table, CpuidEntry entry)
{
  X86Cpuid *old = cpuid_table_find (table, entry.leaf, entry.subleaf);

  if (old != NULL)
    *old = entry.answer;
  else if (table->n < CPUID_TABLE_ENTRIES)
    table->entries[table->n++] = entry;
}

void
cpuid_table_put (CpuidTable *table, uint32_t leaf, X86Cpuid answer)
{
  put (table, (CpuidEntry){ leaf, 0, false, answer });
}

void
cpuid_table_put_indexed (CpuidTable *table, uint32_t leaf, uint32_t subleaf, X86Cpuid answer)
{
  put (table, (CpuidEntry){ leaf, subleaf, true, answer });
}

void
cpuid_table_remove (CpuidTable *table, uint32_t leaf)
{
  unsigned kept = 0;

  for (unsigned i = 0; i < table->n; i++)
    if (table->entries[i].leaf != leaf)
      table->entries[kept++] = table->entries[i];
  table->n = kept;
}

bool
cpuid_table_is_amd (const CpuidTable *table)
{
  const X86Cpuid zero = cpuid_table_get (table, 0, 0);

  return memcmp (&zero.ebx, "Auth", 4) == 0 || memcmp (&zero.ebx, "Hygo", 4) == 0;
}
