/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* What one CPU counts under the translator. */

/* What kept an access to memory off the fast path, so that its instruction was interpreted. */
typedef enum
{
  SLOW_PAGE_CROSSING, /* runs that are not in one page among them */
  SLOW_FAULT,         /* the walk found no page that allows it */
  SLOW_DEVICE,        /* MMIO, the local APIC, ROM */
  SLOW_WATCHED,       /* stores to pages with translated code; pages with debug addresses */
  N_SLOW
} SlowPath;

enum
{
  STATISTICS_MAPS = 4,
  STATISTICS_TOP = 12 /* of the opcodes, shown */
};

typedef struct
{
  /* Of code made while the trace event translator.count was asked for. */
  uint64_t block_runs, slot_lookups, direct_lookups;
  uint64_t entries;      /* from the run loop into translated code */
  uint64_t untranslated; /* blocks the interpreter ran */
  /* Misses of a base register's slot that hit the TLB: at the last sample, and those that are left
   * until the next one (lookups.h). */
  uint64_t slot_refills, refills_left;
  uint64_t fills; /* of the TLB asked for */
  uint64_t slow[N_SLOW];
  uint64_t beside_code;                   /* stores to pages with code that met none */
  uint64_t slow_accesses;                 /* instructions interpreted because of their access */
  uint64_t opcodes[STATISTICS_MAPS][256]; /* interpreted because of what they are */
} TranslatorStatistics;

void statistics_sum (TranslatorStatistics *sum, const TranslatorStatistics *one);
/* Adds named counters, "{st}". */
void statistics_add_to (const TranslatorStatistics *statistics, GVariantBuilder *builder);
