/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "code-cache.h"
#include "vmm-core/x86/tlb.h"

/* Host code that all blocks share: in and out of translated code, and calls into C. */
typedef struct
{
  /* uintptr_t enter (const uint8_t *entry): runs translated code until it leaves; gives r10. */
  uintptr_t (*enter) (const uint8_t *entry);
  /* Jumped to: leaves with r10. */
  const uint8_t *leave;
  /* Called: interprets the site in r10. */
  const uint8_t *interpret;
  /* Called: r10 is a linear address, r11d the offset of a slot in the CPU's struct. Fills the slot,
   * or else returns 5 bytes further. */
  const uint8_t *fill[X86_N_VIEWS][2];
  /* Called: make the vector registers hold the guest's, as far as VECTORS_* says. */
  const uint8_t *vectors[3];
  /* Called where a return's pair did not match: drops it, if there is one. */
  const uint8_t *drop_pair;
  /* Where the pair below all others leads: leaves, with RIP from r10. */
  const uint8_t *bottom;
} Stubs;

/* Emits them at the start of the cache. */
void stubs_emit (Stubs *stubs, CodeCache *cache);
