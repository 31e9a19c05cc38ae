/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <assert.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* The soft TLB: what inline accesses look up. Direct mapped; one view for each way of looking at
 * the guest's pages, so that a lookup needs no permission bits. */

#define X86_TLB_BITS 14
#define X86_TLB_ENTRIES (1u << X86_TLB_BITS)
#define X86_TLB_INDEX_FOLD (12 + X86_TLB_BITS)
#define X86_TLB_LOG 4096
#define X86_TLB_CODE_ENTRIES 2048
#define X86_TLB_CODE_LOG 64
#define X86_TLB_SPACES 8
#define X86_TLB_SPACE_PAGES 256
#define X86_TLB_SPACE_CODE 32
#define X86_TLB_TABLES 256
#define X86_TLB_SHARED 64

enum
{
  X86_VIEW_USER,
  X86_VIEW_SUPERVISOR,    /* with SMAP: user pages are not in it */
  X86_VIEW_SUPERVISOR_AC, /* with SMAP and EFLAGS.AC: user pages are in it */
  X86_N_VIEWS
};

/* read and write are the page's linear address, or a value that no address with this index
 * matches: (linear ^ tag) <= 4096 - size is both the comparison and the test for page crossing.
 * Full 64-bit tags: a non-canonical address never matches. */
typedef struct
{
  uint64_t read, write;
  uint64_t addend; /* host address - linear address */
  uint64_t global; /* kept when CR3 is written */
} X86TlbEntry;
#define X86_TLB_ENTRY_SHIFT 5
static_assert (sizeof (X86TlbEntry) == 1u << X86_TLB_ENTRY_SHIFT);

/* In front of it, for translated code: the last page found through one base register (or the like),
 * for reads and for writes. An empty slot has the tag X86_TLB_NOWHERE, an address that is not
 * canonical, and leads to a page that nobody looks at. */
#define X86_TLB_SLOTS 64
#define X86_TLB_NEAR_SLOTS 16 /* the first of them */
#define X86_TLB_NOWHERE 0x4d5b3a61f0c2e000u
typedef struct
{
  uint64_t read, write;
  /* What leads to the host: of a near slot, host address - linear address; of others, the host's
   * page. */
  uint64_t read_host, write_host;
} X86TlbSlot;

typedef struct MemoryBlock MemoryBlock;

/* A page of code: where fetches find it. */
typedef struct
{
  uint64_t linear;     /* of the page; bit 0: seen by user code, bit 1: valid, bit 2: global */
  uint64_t physical;   /* of the page */
  const uint8_t *host; /* NULL: fetches go to the MMIO bus */
  MemoryBlock *block;
  uint64_t page; /* number inside block */
} X86CodePage;

/* A page table of PAE or 4-level paging: where it is, and what the entries above it allow, so that
 * a walk needs only its last step (SDM 3A, 4.10.3). */
typedef struct
{
  uint64_t region; /* linear >> 21 */
  uint64_t epoch;  /* good while it is that of the TLB */
  const uint8_t *read;
  uint8_t *write; /* NULL: in ROM */
  MemoryBlock *block;
  uint64_t page; /* number inside block */
  bool user, writable, executable;
} X86TlbTable;

typedef struct
{
  unsigned n; /* > X86_TLB_LOG: the log overflowed */
  uint16_t index[X86_TLB_LOG];
} X86TlbLog;

/* A writable page that holds code: stores that meet none need not be interpreted. */
typedef struct
{
  uint64_t linear; /* of the page */
  uint64_t epoch;  /* good while it is that of the TLB */
  uint8_t *host;
  MemoryBlock *block;
  uint64_t page; /* number inside block */
} X86TlbShared;

/* What is kept for an address space while another one is current (PCIDs: SDM 3A, 4.10.1). */
typedef struct
{
  unsigned pcid, n_pages, n_code;
  struct
  {
    uint64_t linear; /* of the page; bits 0 and 1: the view, bit 2: writable */
    uint64_t addend;
  } pages[X86_TLB_SPACE_PAGES];
  X86CodePage code[X86_TLB_SPACE_CODE];
} X86TlbSpace;

/* Large pages, of up to size bytes, were filled inside these bounds: INVLPG there has to drop more
 * than one entry. */
typedef struct
{
  uint64_t first, last, size;
} X86TlbLarge;

typedef struct
{
  X86TlbSlot slots[X86_N_VIEWS][X86_TLB_SLOTS];
  X86TlbEntry view[X86_N_VIEWS][X86_TLB_ENTRIES];
  /* What was filled, pages that are not global and those that are apart: an index may be in both,
   * and hold nothing any more. */
  X86TlbLog log[X86_N_VIEWS][2];
  X86CodePage code[X86_TLB_CODE_ENTRIES];
  unsigned n_code_log;                 /* > X86_TLB_CODE_LOG: the log overflowed */
  uint16_t code_log[X86_TLB_CODE_LOG]; /* of those that are not global */
  X86TlbSpace spaces[X86_TLB_SPACES];
  unsigned next_space; /* that makes room for another */
  /* By the half of the address space, pages of up to 4 MiB and greater ones. */
  X86TlbLarge large[2][2];
  uint64_t flushes, full_flushes; /* how often pages were dropped; and global ones, too */
  X86TlbTable table[X86_TLB_TABLES];
  X86TlbShared shared[X86_N_VIEWS][X86_TLB_SHARED]; /* by the page's number */
  uint64_t epoch; /* of table and shared: goes up with every flush */
  uint8_t nowhere[4096] __attribute__ ((aligned (4096)));
} X86Tlb;

/* Pages that are used together often lie a power of two apart: the bits above count, too. */
static inline unsigned
x86_tlb_index (uint64_t linear)
{
  return (linear >> 12 ^ linear >> X86_TLB_INDEX_FOLD) & (X86_TLB_ENTRIES - 1);
}

/* Its memory is zero; parts that are never looked at are not touched. */
void x86_tlb_init (X86Tlb *tlb);

/* Drops everything, or everything but global pages; of all address spaces. */
void x86_tlb_flush (X86Tlb *tlb, bool keep_global);
/* Goes from one PCID to another, which may be the same, and drops what is not global, but keeps it
 * for the first; and for the other, if keep. */
void x86_tlb_switch (X86Tlb *tlb, unsigned from, unsigned to, bool keep);
/* Drops what is kept for a PCID that is not the current one. */
void x86_tlb_flush_space (X86Tlb *tlb, unsigned pcid);
/* Drops what covers linear: global, or of the current address space. */
void x86_tlb_flush_page (X86Tlb *tlb, uint64_t linear);
/* Drops write permission to the page at host. */
void x86_tlb_drop_writes_to (X86Tlb *tlb, const uint8_t *host);

/* Installs one page (linear and host are those of the page), readable and perhaps writable. */
void x86_tlb_fill (X86Tlb *tlb, unsigned view, uint64_t linear, uint8_t *host, bool writable,
                   bool global);
/* The place for linear's page of code, which the caller fills. */
X86CodePage *x86_tlb_get_code (X86Tlb *tlb, uint64_t linear);
/* It was filled with a page that is not global. */
void x86_tlb_note_code (X86Tlb *tlb, const X86CodePage *code);
/* Notes that linear was filled from a large page of size bytes. */
void x86_tlb_note_large (X86Tlb *tlb, uint64_t linear, uint64_t size);
