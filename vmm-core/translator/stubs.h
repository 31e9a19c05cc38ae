/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "code-cache.h"
#include "vmm-core/x86/mmu.h"
#include "vmm-core/x86/tlb.h"

#define STUBS_N_SIZES 10
#define STUBS_N_FILLS 4   /* X86FillFor */
#define STUBS_FILL_SKIP 8 /* bytes: a jump, and one instruction more */

/* What a lookup that failed wants in r11 (r10): what leads from an address to the host (the
 * address), as slots near their base register have it, or lookups without a slot; or the host's
 * page (the offset in the page). The first two differ in who looks again. */
typedef enum
{
  STUBS_NEAR,
  STUBS_FAR,
  STUBS_DIRECT,
  STUBS_N_LEADS
} StubsLead;

/* Of lookups of 1 to 512 bytes: rounded up to a power of two. */
unsigned stubs_size_class (unsigned size);

/* A way from the TLB into a slot. */
typedef struct
{
  unsigned view, slot, size;
  X86FillFor what;
  bool address; /* r10 is the address; else what the slot's tag makes of it by XOR */
} StubsRefill;

/* Host code that all blocks share: in and out of translated code, and calls into C. */
typedef struct
{
  /* uintptr_t enter (const uint8_t *entry): runs translated code until it leaves; gives r10. */
  uintptr_t (*enter) (const uint8_t *entry);
  /* Jumped to: leaves with r10. */
  const uint8_t *leave;
  /* Called: interprets the site in r10. */
  const uint8_t *interpret;
  /* Called: the time stamp counter into edx:eax. */
  const uint8_t *read_tsc;
  /* Called: an access found nothing in a slot. Those that were needed so far (stubs_get_refill).
   * They fill it. r10 is then the address again if the slot is a near one and r10 was it, or else
   * the offset in the page; r11 leads there (StubsLead). Where there is nothing they return
   * STUBS_FILL_SKIP bytes further. */
  const uint8_t *refill[2][X86_N_VIEWS][STUBS_N_FILLS][STUBS_N_SIZES][X86_TLB_SLOTS];
  /* And where they go on if that one is sampled: sampled_slot is set. */
  const uint8_t *sample;
  /* Where they go on if the TLB has nothing: by X86FillFor and size class; and what that calls.
   * Where stores meet no code in a page that has some, they give what leads there, and leave the
   * slot empty. STUBS_DIRECT: called, by who has no slot, with the address in r10. */
  const uint8_t *fill[STUBS_N_LEADS][STUBS_N_FILLS][STUBS_N_SIZES];
  const uint8_t *fill_page;
  /* Called: make the vector registers hold the guest's, as far as VECTORS_* says. */
  const uint8_t *vectors[3];
  /* Called where a return's pair did not match: drops it, if there is one. */
  const uint8_t *drop_pair;
  /* Where the pair below all others leads: leaves, with RIP from r10. */
  const uint8_t *bottom;
  Emitter *emitter; /* for refill, where there is room for those of one block */
} Stubs;

/* Emits those that stay at the start of the cache. */
void stubs_emit (Stubs *stubs, CodeCache *cache);

/* The stub as run; it is emitted if it is the first of its kind. */
const uint8_t *stubs_get_refill (Stubs *stubs, const StubsRefill *refill);
/* The code cache was emptied. */
void stubs_forget_refills (Stubs *stubs);

/* r11 becomes the offset of the TLB's entry for r10 among those of a view. */
void stubs_emit_find_entry (Emitter *e);
/* Of the entry at r11, in the CPU's struct. */
HostOperand stubs_entry_tag (unsigned view, bool write);
HostOperand stubs_entry_addend (unsigned view);

/* What an access compares and what leads it to the host, in the CPU's struct. */
HostOperand stubs_slot_tag (unsigned view, unsigned slot, bool write);
HostOperand stubs_slot_host (unsigned view, unsigned slot, bool write);
