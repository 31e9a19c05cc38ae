/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "statistics.h"

#include <stdbool.h>

#include "lookups.h"

static const char *const map_names[STATISTICS_MAPS] = { "", "0f-", "0f-38-", "0f-3a-" };

void
statistics_sum (TranslatorStatistics *sum, const TranslatorStatistics *one)
{
  sum->block_runs += one->block_runs;
  sum->slot_lookups += one->slot_lookups;
  sum->direct_lookups += one->direct_lookups;
  sum->entries += one->entries;
  sum->untranslated += one->untranslated;
  sum->slot_refills += one->slot_refills + LOOKUPS_PERIOD - one->refills_left;
  sum->fills += one->fills;
  sum->beside_code += one->beside_code;
  sum->slow_accesses += one->slow_accesses;
  for (unsigned i = 0; i < N_SLOW; i++)
    sum->slow[i] += one->slow[i];
  for (unsigned map = 0; map < STATISTICS_MAPS; map++)
    for (unsigned i = 0; i < 256; i++)
      sum->opcodes[map][i] += one->opcodes[map][i];
}

static void
add (GVariantBuilder *builder, const char *name, uint64_t value)
{
  g_variant_builder_add (builder, "{st}", name, value);
}

/* The most frequent opcodes, and the sum of all. */
static void
add_opcodes (const TranslatorStatistics *statistics, GVariantBuilder *builder)
{
  const uint64_t *counters = statistics->opcodes[0];
  bool shown[STATISTICS_MAPS * 256] = { false };
  uint64_t total = 0;

  for (unsigned i = 0; i < STATISTICS_MAPS * 256; i++)
    total += counters[i];
  add (builder, "interpreted", total);
  for (unsigned n = 0; n < STATISTICS_TOP; n++)
    {
      g_autofree char *name = NULL;
      unsigned best = 0;

      for (unsigned i = 0; i < STATISTICS_MAPS * 256; i++)
        if (!shown[i] && (shown[best] || counters[i] > counters[best]))
          best = i;
      if (counters[best] == 0 || shown[best])
        return;
      shown[best] = true;
      name = g_strdup_printf ("interpreted-%s%02x", map_names[best >> 8], best & 255);
      add (builder, name, counters[best]);
    }
}

void
statistics_add_to (const TranslatorStatistics *statistics, GVariantBuilder *builder)
{
  const uint64_t *slow = statistics->slow;

  add (builder, "block-runs", statistics->block_runs);
  add (builder, "entries", statistics->entries);
  add (builder, "untranslated-blocks", statistics->untranslated);
  add (builder, "tlb-direct-lookups", statistics->direct_lookups);
  add (builder, "tlb-slot-lookups", statistics->slot_lookups);
  add (builder, "tlb-slot-refills", statistics->slot_refills);
  add (builder, "tlb-fills",
       statistics->fills - slow[SLOW_FAULT] - slow[SLOW_DEVICE] - slow[SLOW_WATCHED]);
  add (builder, "slow-page-crossing", slow[SLOW_PAGE_CROSSING]);
  add (builder, "slow-fault", slow[SLOW_FAULT]);
  add (builder, "slow-device", slow[SLOW_DEVICE]);
  add (builder, "slow-watched-page", slow[SLOW_WATCHED]);
  add (builder, "stores-beside-code", statistics->beside_code);
  add (builder, "slow-accesses", statistics->slow_accesses);
  add_opcodes (statistics, builder);
}
