/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "code-cache.h"
#include "vmm-core/x86/tlb.h"

#define STUBS_N_SIZES 10
#define STUBS_FILL_SKIP 8 /* bytes: add r10, r11 and a jump */

/* Of lookups of 1 to 512 bytes: rounded up to a power of two. */
unsigned stubs_size_class (unsigned size);

/* Host code that all blocks share: in and out of translated code, and calls into C. */
typedef struct
{
  /* uintptr_t enter (const uint8_t *entry): runs translated code until it leaves; gives r10. */
  uintptr_t (*enter) (const uint8_t *entry);
  /* Jumped to: leaves with r10. */
  const uint8_t *leave;
  /* Called: interprets the site in r10. */
  const uint8_t *interpret;
  /* Called: an access at linear address r10 found nothing in the slot at offset r11d of the CPU's
   * struct. By view, whether it writes, and the logarithm of its size (stubs_size_class). Fills the
   * slot and returns the addend in r11; or else returns STUBS_FILL_SKIP bytes further. */
  const uint8_t *fill[X86_N_VIEWS][2][STUBS_N_SIZES];
  /* Called: make the vector registers hold the guest's, as far as VECTORS_* says. */
  const uint8_t *vectors[3];
  /* Called where a return's pair did not match: drops it, if there is one. */
  const uint8_t *drop_pair;
  /* Where the pair below all others leads: leaves, with RIP from r10. */
  const uint8_t *bottom;
} Stubs;

/* Emits them at the start of the cache. */
void stubs_emit (Stubs *stubs, CodeCache *cache);
