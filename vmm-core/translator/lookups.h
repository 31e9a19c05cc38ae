/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Lookups that leave their slot out. A slot that misses costs more than a look into the TLB at
 * once, one that mostly hits far less. So what misses is sampled; where much of it comes from one
 * slot of one block, that block is made anew, with code that counts, and then, if that says so,
 * with lookups that are direct. */

/* Misses from one sample to the next: a prime, so that loops do not hide. */
#define LOOKUPS_PERIOD 2053

/* Of one block. Bits are by slot, the second mask is of lookups for writes. */
typedef struct
{
  uint64_t physical, rip; /* the block's */
  uint32_t key;
  uint64_t direct[2];
  bool counting, counts_writes; /* of one slot, */
  unsigned counts_slot;
  uint64_t n_lookups, n_misses; /* by the block's code */
  unsigned n_kept;              /* slots that were counted and better stay */
  unsigned wait; /* how often more the block has to be noticed before another slot is counted */
} BlockLookups;

typedef struct Lookups Lookups;

Lookups *lookups_new (void);
void lookups_free (Lookups *lookups);
/* No block is left. */
void lookups_clear (Lookups *lookups);

/* NULL: all of the block's go through slots. */
BlockLookups *lookups_find (const Lookups *lookups, uint64_t physical, uint64_t rip, uint32_t key);

/* A lookup at `code` missed, as about LOOKUPS_PERIOD ones before it. TRUE: it may be worth a look
 * at its block. */
bool lookups_note_sample (Lookups *lookups, const uint8_t *code);
/* That look. TRUE: the block is to be made anew. */
bool lookups_consider (Lookups *lookups, uint64_t physical, uint64_t rip, uint32_t key,
                       unsigned slot, bool write);

/* How many are direct. */
unsigned lookups_get_n_direct (const Lookups *lookups);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Lookups, lookups_free)
