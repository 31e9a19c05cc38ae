/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* Page tables: from linear to physical addresses, and the slow path of every access. */

#define X86_PHYSICAL_BITS 40

/* The bits of a page fault's error code. */
enum
{
  X86_PF_P = 1 << 0,
  X86_PF_W = 1 << 1,
  X86_PF_U = 1 << 2,
  X86_PF_RSVD = 1 << 3,
  X86_PF_I = 1 << 4,
  X86_PF_PK = 1 << 5
};

/* How an access is made: W, U and I as above; implicit supervisor accesses have no U and leave
 * EFLAGS.AC out. */
enum
{
  X86_ACCESS_IMPLICIT = 1 << 8
};

/* One page as a data access found it. */
typedef struct
{
  uint64_t physical; /* of the byte asked for */
  uint8_t *host;     /* of the same byte, in the access's direction; NULL: MMIO or the local APIC */
  MemoryBlock *block; /* behind host */
  uint64_t block_page;
  bool lapic; /* inside the local APIC's page */
} X86Page;

/* Translates linear and sets A and D as the access demands; raises #PF. Fills the TLB if the page
 * allows it. */
void x86_mmu_translate (X86Cpu *cpu, uint64_t linear, unsigned access, X86Page *page);

typedef enum
{
  X86_FILL_DONE,
  X86_FILL_FAULT,  /* the walk ends at an obstacle */
  X86_FILL_DEVICE, /* no RAM, or none for this access */
  X86_FILL_WATCHED /* by those who follow stores, or by debug registers */
} X86FillResult;

typedef enum
{
  X86_FILL_FOR_READ,
  X86_FILL_FOR_WRITE,
  X86_FILL_FOR_RANGE_WRITE,   /* others to the same page rely on it */
  X86_FILL_FOR_FORESEEN_WRITE /* which may not come: D must be set already */
} X86FillFor;

/* Makes the TLB hold linear's page in the current view, if such an access there is one to RAM that
 * needs no more looking at. Never raises. */
X86FillResult x86_mmu_try_fill (X86Cpu *cpu, uint64_t linear, X86FillFor what);

/* Whether linear's page was found, in the current view, to be one that code shares with data. */
bool x86_mmu_is_shared (X86Cpu *cpu, uint64_t linear);
/* If so, and if [linear, linear + size), which lies in the page, meets no code: where stores to the
 * page go. One may go there, at once. Else NULL. */
uint8_t *x86_mmu_find_beside_code (X86Cpu *cpu, uint64_t linear, unsigned size);

/* Where to fetch code from at linear (CS base included), at the CPU's CPL; raises #PF, or #GP(0) if
 * that is not canonical. The answer stays good until the TLB is flushed. */
const X86CodePage *x86_mmu_fetch (X86Cpu *cpu, uint64_t linear);

/* Translates without any effect on the guest, as a supervisor: for dumps. FALSE when not
 * present. */
bool x86_mmu_peek (X86Cpu *cpu, uint64_t linear, uint64_t *physical);

/* Loads the four PDPTEs that CR3 points to under PAE paging. FALSE when reserved bits are set in a
 * present one. */
bool x86_mmu_load_pdptes (X86Cpu *cpu, uint64_t cr3);

/* Moves bytes of one page. size is at most what is left of the page. */
uint64_t x86_page_read (X86Cpu *cpu, const X86Page *page, unsigned size);
void x86_page_write (X86Cpu *cpu, const X86Page *page, unsigned size, uint64_t value);

/* The page was stored to at [offset of page->host, +length): keeps the promises of a store. */
void x86_page_stored (X86Cpu *cpu, const X86Page *page, unsigned length);

/* After changes of CR0, CR3, CR4, EFER, or of the map of memory. */
void x86_mmu_flush (X86Cpu *cpu, bool keep_global);
void x86_mmu_flush_page (X86Cpu *cpu, uint64_t linear);
/* After a change of CR3 from one PCID to another; keep: what is cached for the other one stays. */
void x86_mmu_switch_space (X86Cpu *cpu, unsigned from, unsigned to, bool keep);

/* This CPU is about to cache code there, and will compare it with what is there afterwards: from
 * now on every store to it is noticed. Not with the machine lock held. */
void x86_mmu_note_code (X86Cpu *cpu, MemoryBlock *block, uint64_t page, unsigned offset,
                        unsigned length);
