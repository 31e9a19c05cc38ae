/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Paging: Intel SDM 3A, chapter 4. 32-bit with PSE-36, PAE and 4-level paging; NX, WP, SMEP, SMAP,
 * protection keys. */
#include "mmu.h"

#include "block.h"
#include "debug.h"
#include "lapic.h"
#include "segment.h"
#include "software.h"

#include <string.h>

#define PTE_P (1ull << 0)
#define PTE_W (1ull << 1)
#define PTE_U (1ull << 2)
#define PTE_A (1ull << 5)
#define PTE_D (1ull << 6)
#define PTE_PS (1ull << 7)
#define PTE_G (1ull << 8)
#define PTE_KEY_SHIFT 59
#define PTE_NX (1ull << 63)
#define PTE_ADDRESS (((1ull << X86_PHYSICAL_BITS) - 1) & ~4095ull)
/* Bits 51 down to MAXPHYADDR. */
#define PTE_RESERVED (((1ull << 52) - 1) & ~((1ull << X86_PHYSICAL_BITS) - 1))
#define PAE_IGNORED_IN_LONG (((1ull << 63) - 1) & ~((1ull << 52) - 1))

#define MAX_RETRIES 64

/* An entry of a paging structure in guest memory. */
typedef struct
{
  void *host; /* NULL: nothing there that could be changed */
  MemoryBlock *block;
  uint64_t page;
  unsigned offset;
  uint64_t value;
} Pte;

/* Where a walk ended up. */
typedef struct
{
  uint64_t physical; /* of the byte */
  uint64_t size;     /* of the page */
  bool user, writable, executable, global, dirty;
  unsigned key; /* protection key */
} Walk;

static uint64_t
pte_load (const uint8_t *host, unsigned size)
{
  return size == 8 ? __atomic_load_n ((const uint64_t *) host, __ATOMIC_RELAXED)
                   : __atomic_load_n ((const uint32_t *) host, __ATOMIC_RELAXED);
}

static Pte
pte_read (X86Cpu *cpu, uint64_t address, unsigned size)
{
  MemoryRange range = memory_find (cpu->software->machine.memory, address);
  uint64_t offset = address - range.first;
  Pte pte = { .offset = address & 4095, .value = UINT64_MAX };
  const uint8_t *host = range.read + offset;

  if (range.read == NULL)
    return pte;
  pte.value = pte_load (host, size);
  if (range.write == range.read)
    {
      pte.host = range.write + offset;
      pte.block = range.write_block;
      pte.page = range.write_page + (offset >> MEMORY_PAGE_SHIFT);
    }
  return pte;
}

/* Sets bits as the page walker does, atomically; FALSE when the entry has changed meanwhile. */
static bool
pte_set (X86Cpu *cpu, Pte *pte, unsigned size, uint64_t bits)
{
  bool done;

  if ((pte->value & bits) == bits || pte->host == NULL)
    return true;
  if (size == 8)
    done = __atomic_compare_exchange_n ((uint64_t *) pte->host, &pte->value, pte->value | bits,
                                        false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  else
    {
      uint32_t old = pte->value;

      done = __atomic_compare_exchange_n ((uint32_t *) pte->host, &old, old | (uint32_t) bits,
                                          false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
  if (done)
    {
      X86Page page = { .block = pte->block, .block_page = pte->page, .physical = pte->offset };

      pte->value |= bits;
      x86_page_stored (cpu, &page, size);
    }
  return done;
}

static bool
mmu_smap_forbids (const X86Cpu *cpu, unsigned access)
{
  return (cpu->state.cr4 & X86_CR4_SMAP)
         && ((access & X86_ACCESS_IMPLICIT) || !(cpu->state.rflags & X86_FLAG_AC));
}

/* What the page's protection key forbids to data accesses (4.6.2). */
static bool
key_forbids (const X86Cpu *cpu, const Walk *walk, unsigned access)
{
  const X86State *state = &cpu->state;
  uint64_t rights = (walk->user ? state->pkru : state->pkrs) >> 2 * walk->key;
  bool write = (access & X86_PF_W) && ((access & X86_PF_U) || (state->cr0 & X86_CR0_WP));

  if (!(state->cr4 & (walk->user ? X86_CR4_PKE : X86_CR4_PKS)) || !x86_in_long_mode (cpu)
      || (access & X86_PF_I))
    return false;
  return (rights & 1) || ((rights & 2) && write);
}

static bool
walk_allows (const X86Cpu *cpu, const Walk *walk, unsigned access)
{
  if (key_forbids (cpu, walk, access))
    return false;
  if (access & X86_PF_U)
    return walk->user && (walk->writable || !(access & X86_PF_W))
           && (walk->executable || !(access & X86_PF_I));
  if (access & X86_PF_I)
    return walk->executable && !(walk->user && (cpu->state.cr4 & X86_CR4_SMEP));
  if (walk->user && mmu_smap_forbids (cpu, access))
    return false;
  return walk->writable || !(access & X86_PF_W) || !(cpu->state.cr0 & X86_CR0_WP);
}

static uint64_t
walk_reserved (const X86Cpu *cpu, unsigned level, uint64_t value, bool large)
{
  bool wide = x86_in_long_mode (cpu);
  uint64_t reserved = PTE_RESERVED;

  if (!(cpu->state.efer & X86_EFER_NXE))
    reserved |= PTE_NX;
  if (!wide)
    reserved |= PAE_IGNORED_IN_LONG;
  if (level == 4)
    reserved |= PTE_PS;
  if (large)
    reserved |= level == 3 ? 0x3fffe000 : 0x1fe000;
  return value & reserved;
}

typedef enum
{
  WALK_DONE,
  WALK_NOT_PRESENT,
  WALK_RESERVED,
  WALK_FORBIDDEN,
  WALK_AGAIN
} WalkResult;

/* Sets A on the way and D at its end, once the access is known to be allowed. */
static WalkResult
walk_finish (X86Cpu *cpu, unsigned access, Walk *walk, Pte *ptes, unsigned n, unsigned size,
             bool peek)
{
  if (peek)
    return WALK_DONE;
  if (!walk_allows (cpu, walk, access))
    return WALK_FORBIDDEN;
  for (unsigned i = 0; i < n; i++)
    {
      bool leaf = i == n - 1;

      if (!pte_set (cpu, &ptes[i], size, PTE_A | (leaf && (access & X86_PF_W) ? PTE_D : 0)))
        return WALK_AGAIN;
    }
  walk->dirty = (ptes[n - 1].value & PTE_D) != 0;
  walk->global = (ptes[n - 1].value & PTE_G) && (cpu->state.cr4 & X86_CR4_PGE);
  return WALK_DONE;
}

/* The last step of a walk: the entry of a 4 KiB page in a page table found before. Whatever it does
 * not allow is left to a whole walk, which a change of the entries above may have made possible. */
static bool
walk_table (X86Cpu *cpu, uint64_t linear, unsigned access, Walk *walk)
{
  const X86TlbTable *table = &cpu->tlb.table[linear >> 21 & (X86_TLB_TABLES - 1)];
  unsigned at = (linear >> 12 & 511) * 8;
  Pte pte = { .host = table->write != NULL ? table->write + at : NULL,
              .block = table->block,
              .page = table->page,
              .offset = at };

  if (table->epoch != cpu->tlb.epoch || table->region != linear >> 21)
    return false;
  pte.value = pte_load (table->read + at, 8);
  if (!(pte.value & PTE_P) || walk_reserved (cpu, 1, pte.value, false) != 0)
    return false;
  *walk = (Walk){ .physical = (pte.value & PTE_ADDRESS) | (linear & 4095),
                  .size = 4096,
                  .user = table->user && (pte.value & PTE_U),
                  .writable = table->writable && (pte.value & PTE_W),
                  .executable = table->executable && !(pte.value & PTE_NX),
                  .key = pte.value >> PTE_KEY_SHIFT & 15 };
  return walk_finish (cpu, access, walk, &pte, 1, 8, false) == WALK_DONE;
}

/* Remembers the page table at physical address table that a whole walk came to. above: what the
 * entries that lead to it allow. */
static void
walk_note_table (X86Cpu *cpu, uint64_t linear, uint64_t table, const Walk *above)
{
  MemoryRange range = memory_find (cpu->software->machine.memory, table);
  uint64_t offset = table - range.first;
  X86TlbTable *note = &cpu->tlb.table[linear >> 21 & (X86_TLB_TABLES - 1)];

  if (range.read == NULL)
    return;
  *note = (X86TlbTable){ .region = linear >> 21,
                         .epoch = cpu->tlb.epoch,
                         .read = range.read + offset,
                         .user = above->user,
                         .writable = above->writable,
                         .executable = above->executable };
  if (range.write == range.read)
    {
      note->write = range.write + offset;
      note->block = range.write_block;
      note->page = range.write_page + (offset >> MEMORY_PAGE_SHIFT);
    }
}

static WalkResult
walk_wide (X86Cpu *cpu, uint64_t linear, unsigned access, Walk *walk, bool peek)
{
  bool pae = !x86_in_long_mode (cpu);
  uint64_t table = cpu->state.cr3 & PTE_ADDRESS;
  unsigned level = 4;
  Pte ptes[4];
  unsigned n = 0;
  Walk above = { .size = 0 };

  if (!peek && walk_table (cpu, linear, access, walk))
    return WALK_DONE;
  *walk = (Walk){ .user = true, .writable = true, .executable = true };
  if (pae)
    {
      uint64_t pdpte = cpu->pdpte[linear >> 30 & 3];

      if (!(pdpte & PTE_P))
        return WALK_NOT_PRESENT;
      table = pdpte & PTE_ADDRESS;
      level = 2;
    }
  for (;; level--)
    {
      unsigned shift = 3 + 9 * level;
      Pte *pte = &ptes[n++];
      bool large;

      if (level == 1)
        above = *walk;
      *pte = pte_read (cpu, table + (linear >> shift & 511) * 8, 8);
      if (!(pte->value & PTE_P))
        return WALK_NOT_PRESENT;
      large = (level == 2 || level == 3) && (pte->value & PTE_PS);
      if (walk_reserved (cpu, level, pte->value, large) != 0)
        return WALK_RESERVED;
      walk->user &= (pte->value & PTE_U) != 0;
      walk->writable &= (pte->value & PTE_W) != 0;
      walk->executable &= !(pte->value & PTE_NX);
      if (large || level == 1)
        {
          WalkResult result;

          walk->size = 1ull << shift;
          walk->physical
            = (pte->value & PTE_ADDRESS & ~(walk->size - 1)) | (linear & (walk->size - 1));
          walk->key = pte->value >> PTE_KEY_SHIFT & 15;
          result = walk_finish (cpu, access, walk, ptes, n, 8, peek);
          if (result == WALK_DONE && !large && !peek)
            walk_note_table (cpu, linear, table, &above);
          return result;
        }
      table = pte->value & PTE_ADDRESS;
    }
}

static WalkResult
walk_narrow (X86Cpu *cpu, uint64_t linear, unsigned access, Walk *walk, bool peek)
{
  uint64_t table = cpu->state.cr3 & 0xfffff000;
  Pte ptes[2];

  *walk = (Walk){ .executable = true };
  ptes[0] = pte_read (cpu, table + (linear >> 22 & 1023) * 4, 4);
  ptes[0].value &= UINT32_MAX;
  if (!(ptes[0].value & PTE_P))
    return WALK_NOT_PRESENT;
  walk->user = (ptes[0].value & PTE_U) != 0;
  walk->writable = (ptes[0].value & PTE_W) != 0;
  if ((ptes[0].value & PTE_PS) && (cpu->state.cr4 & X86_CR4_PSE))
    {
      if (ptes[0].value & 1u << 21)
        return WALK_RESERVED;
      walk->size = 1u << 22;
      walk->physical
        = (ptes[0].value & 0xffc00000) | (ptes[0].value >> 13 & 0xff) << 32 | (linear & 0x3fffff);
      return walk_finish (cpu, access, walk, ptes, 1, 4, peek);
    }
  ptes[1] = pte_read (cpu, (ptes[0].value & 0xfffff000) + (linear >> 12 & 1023) * 4, 4);
  ptes[1].value &= UINT32_MAX;
  if (!(ptes[1].value & PTE_P))
    return WALK_NOT_PRESENT;
  walk->user &= (ptes[1].value & PTE_U) != 0;
  walk->writable &= (ptes[1].value & PTE_W) != 0;
  walk->size = 4096;
  walk->physical = (ptes[1].value & 0xfffff000) | (linear & 4095);
  return walk_finish (cpu, access, walk, ptes, 2, 4, peek);
}

static WalkResult
walk_once (X86Cpu *cpu, uint64_t linear, unsigned access, Walk *walk, bool peek)
{
  return cpu->state.cr4 & X86_CR4_PAE ? walk_wide (cpu, linear, access, walk, peek)
                                      : walk_narrow (cpu, linear, access, walk, peek);
}

static void
mmu_walk (X86Cpu *cpu, uint64_t linear, unsigned access, Walk *walk)
{
  WalkResult result = WALK_AGAIN;
  uint32_t code = access & (X86_PF_W | X86_PF_U);

  if (!(cpu->state.cr0 & X86_CR0_PG))
    {
      *walk = (Walk){ linear, 4096, true, true, true, false, true, 0 };
      return;
    }
  cpu->statistics[X86_STATISTIC_PAGE_WALKS]++;
  for (unsigned tries = 0; result == WALK_AGAIN && tries < MAX_RETRIES; tries++)
    result = walk_once (cpu, linear, access, walk, false);
  if (result == WALK_DONE || result == WALK_AGAIN)
    return;
  if (result != WALK_NOT_PRESENT)
    code |= X86_PF_P;
  if (result == WALK_RESERVED)
    code |= X86_PF_RSVD;
  if (result == WALK_FORBIDDEN && key_forbids (cpu, walk, access))
    code |= X86_PF_PK;
  if ((access & X86_PF_I)
      && ((cpu->state.cr4 & X86_CR4_SMEP)
          || ((cpu->state.efer & X86_EFER_NXE) && (cpu->state.cr4 & X86_CR4_PAE))))
    code |= X86_PF_I;
  x86_raise_page_fault (cpu, linear, code);
}

static void
mmu_note_large (X86Cpu *cpu, uint64_t linear, const Walk *walk)
{
  if (walk->size > 4096)
    x86_tlb_note_large (&cpu->tlb, linear, walk->size);
}

static bool
mmu_is_lapic (const X86Cpu *cpu, uint64_t physical)
{
  return lapic_has_page (&cpu->state.lapic)
         && ((physical ^ cpu->state.lapic.base_msr) & PTE_ADDRESS) == 0;
}

/* Which view an access of that kind looks at, or fills. */
static unsigned
mmu_view (const X86Cpu *cpu, unsigned access)
{
  if (access & X86_PF_U)
    return X86_VIEW_USER;
  if ((cpu->state.cr4 & X86_CR4_SMAP) && !mmu_smap_forbids (cpu, access))
    return X86_VIEW_SUPERVISOR_AC;
  return X86_VIEW_SUPERVISOR;
}

static void
mmu_fill (X86Cpu *cpu, uint64_t linear, unsigned access, const Walk *walk, const MemoryRange *range)
{
  uint64_t offset = (walk->physical & ~4095ull) - range->first;
  bool may_write = (walk->writable || (!(access & X86_PF_U) && !(cpu->state.cr0 & X86_CR0_WP)))
                   && !key_forbids (cpu, walk, access | X86_PF_W);
  uint64_t page;

  if (range->read == NULL || (cpu->watching && x86_debug_watches_page (cpu, linear)))
    return;
  page = range->write_page + (offset >> MEMORY_PAGE_SHIFT);
  may_write = may_write && walk->dirty && range->write == range->read
              && !memory_block_has_code (range->write_block, page);
  x86_tlb_fill (&cpu->tlb, mmu_view (cpu, access), linear & ~4095ull, range->read + offset,
                may_write, walk->global);
  mmu_note_large (cpu, linear, walk);
  /* After the tag: whoever takes the dirty bits from now on also drops the tag. */
  if (may_write)
    memory_block_mark_dirty (range->write_block, page, 1);
}

static unsigned
current_view (const X86Cpu *cpu)
{
  return (unsigned) ((cpu->view - cpu->tlb.view[0]) / X86_TLB_ENTRIES);
}

static X86TlbShared *
mmu_shared (X86Cpu *cpu, unsigned view, uint64_t linear)
{
  return &cpu->tlb.shared[view][linear >> 12 & (X86_TLB_SHARED - 1)];
}

/* Notes a page that may be written but holds code; page is what linear's byte was found to be. */
static void
mmu_note_shared (X86Cpu *cpu, unsigned view, uint64_t linear, const X86Page *page)
{
  if (!memory_block_has_code (page->block, page->block_page)
      || (cpu->watching && x86_debug_watches_page (cpu, linear)))
    return;
  *mmu_shared (cpu, view, linear) = (X86TlbShared){ .linear = linear & ~4095ull,
                                                    .epoch = cpu->tlb.epoch,
                                                    .host = page->host - (linear & 4095),
                                                    .block = page->block,
                                                    .page = page->block_page };
}

void
x86_mmu_translate (X86Cpu *cpu, uint64_t linear, unsigned access, X86Page *page)
{
  MemoryRange range;
  Walk walk;
  uint64_t offset;

  mmu_walk (cpu, linear, access, &walk);
  *page = (X86Page){ .physical = walk.physical };
  if (mmu_is_lapic (cpu, walk.physical))
    {
      page->lapic = true;
      return;
    }
  range = memory_find (cpu->software->machine.memory, walk.physical);
  mmu_fill (cpu, linear, access, &walk, &range);
  offset = walk.physical - range.first;
  if (access & X86_PF_W)
    {
      page->host = range.write != NULL ? range.write + offset : NULL;
      page->block = range.write_block;
      page->block_page = range.write_page + (offset >> MEMORY_PAGE_SHIFT);
      if (range.write != NULL && range.write == range.read)
        mmu_note_shared (cpu, mmu_view (cpu, access), linear, page);
    }
  else
    {
      page->host = range.read != NULL ? range.read + offset : NULL;
      page->block = range.read_block;
      page->block_page = range.read_page + (offset >> MEMORY_PAGE_SHIFT);
    }
}

X86FillResult
x86_mmu_try_fill (X86Cpu *cpu, uint64_t linear, X86FillFor what)
{
  unsigned access = (what == X86_FILL_FOR_WRITE || what == X86_FILL_FOR_RANGE_WRITE ? X86_PF_W : 0)
                    | (cpu->cpl == 3 ? X86_PF_U : 0);
  const bool write = what != X86_FILL_FOR_READ;
  const X86TlbEntry *entry = &cpu->view[x86_tlb_index (linear)];
  WalkResult result = WALK_AGAIN;
  MemoryRange range;
  Walk walk;

  if (!(cpu->state.cr0 & X86_CR0_PG))
    walk = (Walk){ linear, 4096, true, true, true, false, true };
  else
    {
      if (x86_is_code64 (cpu) && !x86_is_canonical (linear))
        return X86_FILL_FAULT;
      cpu->statistics[X86_STATISTIC_PAGE_WALKS]++;
      for (unsigned tries = 0; result == WALK_AGAIN && tries < MAX_RETRIES; tries++)
        result = walk_once (cpu, linear, access, &walk, false);
      if (result != WALK_DONE)
        return X86_FILL_FAULT;
    }
  if (mmu_is_lapic (cpu, walk.physical))
    return X86_FILL_DEVICE;
  range = memory_find (cpu->software->machine.memory, walk.physical);
  mmu_fill (cpu, linear, access, &walk, &range);
  if ((linear & ~4095ull) == (write ? entry->write : entry->read))
    return X86_FILL_DONE;
  if (what == X86_FILL_FOR_FORESEEN_WRITE)
    return X86_FILL_FAULT;
  if (range.read == NULL || (write && range.write != range.read))
    return X86_FILL_DEVICE;
  if (write)
    {
      const uint64_t offset = walk.physical - range.first;
      const X86Page page = { .host = range.write + offset,
                             .block = range.write_block,
                             .block_page = range.write_page + (offset >> MEMORY_PAGE_SHIFT) };

      mmu_note_shared (cpu, current_view (cpu), linear, &page);
    }
  return X86_FILL_WATCHED;
}

bool
x86_mmu_is_shared (X86Cpu *cpu, uint64_t linear)
{
  const X86TlbShared *shared = mmu_shared (cpu, current_view (cpu), linear);

  return shared->linear == (linear & ~4095ull) && shared->epoch == cpu->tlb.epoch
         && memory_block_has_code (shared->block, shared->page);
}

uint8_t *
x86_mmu_find_beside_code (X86Cpu *cpu, uint64_t linear, unsigned size)
{
  const X86TlbShared *shared = mmu_shared (cpu, current_view (cpu), linear);

  if (!x86_mmu_is_shared (cpu, linear)
      || !memory_block_is_beside_code (shared->block, shared->page, linear & 4095, size))
    return NULL;
  memory_block_mark_dirty (shared->block, shared->page, 1);
  return shared->host;
}

const X86CodePage *
x86_mmu_fetch (X86Cpu *cpu, uint64_t linear)
{
  bool user = cpu->cpl == 3;
  X86CodePage *code = x86_tlb_get_code (&cpu->tlb, linear);
  MemoryRange range;
  uint64_t offset;
  Walk walk;

  if ((code->linear & ~4ull) == ((linear & ~4095ull) | 2 | user))
    return code;
  if (!x86_is_canonical (linear))
    x86_raise_code (cpu, X86_GP, 0);
  mmu_walk (cpu, linear, X86_PF_I | (user ? X86_PF_U : 0), &walk);
  range = memory_find (cpu->software->machine.memory, walk.physical);
  offset = (walk.physical & ~4095ull) - range.first;
  *code = (X86CodePage){ .linear = (linear & ~4095ull) | 2 | user | (walk.global ? 4 : 0),
                         .physical = walk.physical & ~4095ull };
  if (range.read != NULL && !mmu_is_lapic (cpu, walk.physical))
    {
      code->host = range.read + offset;
      code->block = range.read_block;
      code->page = range.read_page + (offset >> MEMORY_PAGE_SHIFT);
    }
  if (!walk.global)
    x86_tlb_note_code (&cpu->tlb, code);
  mmu_note_large (cpu, linear, &walk);
  return code;
}

bool
x86_mmu_peek (X86Cpu *cpu, uint64_t linear, uint64_t *physical)
{
  Walk walk;

  if (!(cpu->state.cr0 & X86_CR0_PG))
    {
      *physical = linear;
      return true;
    }
  if (walk_once (cpu, linear, 0, &walk, true) != WALK_DONE)
    return false;
  *physical = walk.physical;
  return true;
}

bool
x86_mmu_load_pdptes (X86Cpu *cpu, uint64_t cr3)
{
  const uint64_t reserved = ~PTE_ADDRESS & ~0xe19ull;
  uint64_t pdpte[4];

  for (unsigned i = 0; i < 4; i++)
    {
      pdpte[i] = pte_read (cpu, (cr3 & 0xffffffe0) + i * 8, 8).value;
      if ((pdpte[i] & PTE_P) && (pdpte[i] & reserved))
        return false;
    }
  memcpy (cpu->pdpte, pdpte, sizeof pdpte);
  return true;
}

static uint64_t
mmio_read (X86Cpu *cpu, uint64_t address, unsigned size)
{
  uint64_t value = 0;

  if (size == 1 || size == 2 || size == 4 || size == 8)
    return bus_dispatch_read (cpu->software->machine.mmio, address, size);
  for (unsigned i = 0; i < size; i++)
    value |= bus_dispatch_read (cpu->software->machine.mmio, address + i, 1) << 8 * i;
  return value;
}

static void
mmio_write (X86Cpu *cpu, uint64_t address, unsigned size, uint64_t value)
{
  if (size == 1 || size == 2 || size == 4 || size == 8)
    {
      uint64_t mask = size == 8 ? UINT64_MAX : (1ull << 8 * size) - 1;

      bus_dispatch_write (cpu->software->machine.mmio, address, size, value & mask);
      return;
    }
  for (unsigned i = 0; i < size; i++)
    bus_dispatch_write (cpu->software->machine.mmio, address + i, 1, value >> 8 * i & 0xff);
}

/* The registers are 32 bits wide, each at a multiple of 16; narrower reads see a part of one. */
static uint64_t
lapic_page_read (X86Cpu *cpu, uint32_t offset)
{
  MachineLock *lock = cpu->software->machine.lock;
  uint32_t value;

  machine_lock_acquire (lock);
  value = lapic_read (cpu->lapic, offset & ~3u);
  machine_lock_release (lock);
  return value >> 8 * (offset & 3);
}

static void
lapic_page_write (X86Cpu *cpu, uint32_t offset, uint32_t value)
{
  MachineLock *lock = cpu->software->machine.lock;

  if (offset & 3)
    return;
  machine_lock_acquire (lock);
  lapic_write (cpu->lapic, offset, value);
  machine_lock_release (lock);
}

uint64_t
x86_page_read (X86Cpu *cpu, const X86Page *page, unsigned size)
{
  uint64_t value = 0;

  if (page->lapic)
    return lapic_page_read (cpu, page->physical & 4095);
  if (page->host == NULL)
    return mmio_read (cpu, page->physical, size);
  switch (size)
    {
    case 1:
      return *(volatile uint8_t *) page->host;
    case 2:
      return *(volatile uint16_t *) page->host;
    case 4:
      return *(volatile uint32_t *) page->host;
    case 8:
      return *(volatile uint64_t *) page->host;
    default:
      memcpy (&value, page->host, size);
      return value;
    }
}

void
x86_page_write (X86Cpu *cpu, const X86Page *page, unsigned size, uint64_t value)
{
  if (page->lapic)
    {
      lapic_page_write (cpu, page->physical & 4095, value);
      return;
    }
  if (page->host == NULL)
    {
      mmio_write (cpu, page->physical, size, value);
      return;
    }
  switch (size)
    {
    case 1:
      *(volatile uint8_t *) page->host = value;
      break;
    case 2:
      *(volatile uint16_t *) page->host = value;
      break;
    case 4:
      *(volatile uint32_t *) page->host = value;
      break;
    case 8:
      *(volatile uint64_t *) page->host = value;
      break;
    default:
      memcpy (page->host, &value, size);
    }
  x86_page_stored (cpu, page, size);
}

void
x86_page_stored (X86Cpu *cpu, const X86Page *page, unsigned length)
{
  memory_block_mark_dirty (page->block, page->block_page, 1);
  if (memory_block_has_code (page->block, page->block_page)
      && memory_block_store_hit (page->block, page->block_page, page->physical & 4095, length))
    x86_block_store_hit (cpu);
}

void
x86_mmu_flush (X86Cpu *cpu, bool keep_global)
{
  x86_tlb_flush (&cpu->tlb, keep_global);
  x86_block_flush_jumps (cpu);
}

void
x86_mmu_switch_space (X86Cpu *cpu, unsigned from, unsigned to, bool keep)
{
  x86_tlb_switch (&cpu->tlb, from, to, keep);
  x86_block_flush_jumps (cpu);
}

void
x86_mmu_flush_page (X86Cpu *cpu, uint64_t linear)
{
  x86_tlb_flush_page (&cpu->tlb, linear);
  if (cpu->software->engine->page_flushed != NULL)
    cpu->software->engine->page_flushed (cpu, linear);
  x86_block_flush_jumps (cpu);
}

static void
drop_writes_everywhere (X86Software *software, MemoryBlock *block, uint64_t page)
{
  const uint8_t *host = memory_block_get_data (block) + (page << MEMORY_PAGE_SHIFT);

  for (unsigned i = 0; i < X86_MAX_CPUS; i++)
    if (software->cpus[i] != NULL)
      x86_tlb_drop_writes_to (&software->cpus[i]->tlb, host);
}

/* The page holds no code yet. It is seen to hold some only when nobody can store there without a
 * word any more: another CPU that notes code in it goes on at once. */
static void
note_first_code (X86Cpu *cpu, MemoryBlock *block, uint64_t page, unsigned offset, unsigned length)
{
  bool alone = cpu->software->n_cpus == 1;

  if (!alone)
    x86_exclusive_begin (cpu);
  memory_block_note_code (block, page, offset, length);
  drop_writes_everywhere (cpu->software, block, page);
  if (!alone)
    x86_exclusive_end (cpu);
}

void
x86_mmu_note_code (X86Cpu *cpu, MemoryBlock *block, uint64_t page, unsigned offset, unsigned length)
{
  MemoryCodeNote note = MEMORY_CODE_FIRST;

  if (memory_block_has_code (block, page))
    note = memory_block_note_code (block, page, offset, length);
  if (note == MEMORY_CODE_FIRST)
    note_first_code (cpu, block, page, offset, length);
  else if (note == MEMORY_CODE_BESIDE_DATA && cpu->software->n_cpus > 1)
    {
      x86_exclusive_begin (cpu);
      x86_exclusive_end (cpu);
    }
}
