/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "block.h"

#include <string.h>

#include "decode.h"
#include "insn-integer.h"
#include "mmu.h"
#include "software.h"
#include "vmm-core/memory.h"

#define ARENA_SIZE (32u << 20)
#define HASH_SIZE 16384
#define JUMPS 4096
#define WINDOW 256 /* bytes decoded at a time: more than a usual block */

typedef struct
{
  uint64_t linear;
  uint32_t mode;
  uint32_t generation;
  X86Block *block;
} Jump;

struct X86BlockCache
{
  X86Block *running;
  uint32_t generation;
  Jump jumps[JUMPS];
  X86Block *hash[HASH_SIZE];
  uint8_t *arena;
  size_t used, limit;
  union
  {
    X86Block block;
    uint8_t room[sizeof (X86Block) + sizeof (X86Insn)];
  } single;
  uint32_t always; /* the version of what is never stale */
};

X86BlockCache *
x86_block_cache_new (void)
{
  X86BlockCache *cache = g_new0 (X86BlockCache, 1);

  cache->arena = g_malloc (ARENA_SIZE); /* mapped as it is filled */
  cache->limit = ARENA_SIZE;
  cache->generation = 1;
  return cache;
}

void
x86_block_cache_limit (X86BlockCache *cache, size_t size)
{
  cache->limit = MIN (size, ARENA_SIZE);
}

void
x86_block_cache_free (X86BlockCache *cache)
{
  if (cache == NULL)
    return;
  g_free (cache->arena);
  g_free (cache);
}

void
x86_block_flush_jumps (X86Cpu *cpu)
{
  cpu->blocks->generation++;
}

static void
flush_all (X86BlockCache *cache)
{
  memset (cache->hash, 0, sizeof cache->hash);
  cache->used = 0;
  cache->running = NULL;
  cache->generation++;
}

void
x86_block_set_running (X86Cpu *cpu, X86Block *block)
{
  cpu->blocks->running = block;
}

X86Block *
x86_block_get_running (X86Cpu *cpu)
{
  return cpu->blocks->running;
}

/* What the rest of a block that overwrote itself turns into. */
static void
leave_block (X86Cpu *cpu, const X86Insn *insn)
{
  cpu->state.rip = x86_insn_rip (cpu, insn);
}

static void
skip_insn (X86Cpu *cpu, const X86Insn *insn)
{
}

void
x86_block_store_hit (X86Cpu *cpu)
{
  X86Block *block = cpu->blocks->running;
  ptrdiff_t at;

  if (block == NULL || cpu->insn == NULL || x86_block_is_valid (block))
    return;
  at = cpu->insn - block->insns;
  if (at < 0 || at >= block->n)
    return;
  for (unsigned i = at + 1; i < block->n; i++)
    block->insns[i].exec = i == at + 1u ? leave_block : skip_insn;
}

static void
raise_too_long (X86Cpu *cpu, const X86Insn *insn)
{
  x86_raise_code (cpu, X86_GP, 0);
}

/* An instruction that only raises its exception. */
static void
make_faulting (X86Insn *insn, X86DecodeResult result)
{
  insn->exec = result == X86_DECODE_TOO_LONG ? raise_too_long : x86_undefined;
  insn->length = 1;
}

static uint64_t
linear_rip (const X86Cpu *cpu)
{
  return (cpu->state.seg[X86_CS].base + cpu->state.rip) & cpu->linear_mask;
}

/* Up to 15 bytes of the instruction at linear, from wherever they come. second gets the page behind
 * the first, if the first has fewer than 15 bytes left and more of them were asked for. */
static unsigned
fetch_bytes (X86Cpu *cpu, uint64_t linear, const X86CodePage *page, uint8_t *bytes)
{
  unsigned offset = linear & 4095;
  unsigned n = MIN (4096 - offset, X86_MAX_LENGTH);

  if (page->host != NULL)
    memcpy (bytes, page->host + offset, n);
  else
    for (unsigned i = 0; i < n; i++)
      bytes[i] = bus_dispatch_read (cpu->software->machine.mmio, page->physical + offset + i, 1);
  return n;
}

/* How many bytes of an instruction at RIP the limit of CS lets be fetched. */
static unsigned
bytes_inside_limit (X86Cpu *cpu)
{
  uint64_t limit = cpu->state.seg[X86_CS].limit;

  if (x86_is_code64 (cpu))
    return X86_MAX_LENGTH;
  if (cpu->state.rip > limit)
    x86_raise_code (cpu, X86_GP, 0);
  return MIN (limit - cpu->state.rip + 1, X86_MAX_LENGTH);
}

/* Decodes the instruction at RIP, which may go on in the next page. TRUE: it does, and that is
 * second. One that is cut off by the limit of CS faults before what lies behind is looked at. */
static bool
decode_across (X86Cpu *cpu, uint64_t linear, const X86CodePage *first, X86Insn *insn, X86Flow *flow,
               uint8_t bytes[2 * X86_MAX_LENGTH], X86CodePage *second)
{
  unsigned inside = bytes_inside_limit (cpu);
  unsigned n = fetch_bytes (cpu, linear, first, bytes);
  X86DecodeResult result;
  bool crosses = false;

  insn->offset = 0;
  result = x86_decode (cpu, bytes, MIN (n, inside), insn, flow);
  if (result == X86_DECODE_SHORT && n < inside)
    {
      uint64_t next = ((linear | 4095) + 1) & cpu->linear_mask;

      *second = *x86_mmu_fetch (cpu, next);
      n += fetch_bytes (cpu, next, second, bytes + n);
      crosses = true;
      insn->offset = 0;
      result = x86_decode (cpu, bytes, MIN (n, inside), insn, flow);
    }
  if (result == X86_DECODE_SHORT)
    x86_raise_code (cpu, X86_GP, 0);
  if (result != X86_DECODE_OK)
    {
      make_faulting (insn, result);
      *flow = X86_FLOW_END;
    }
  return crosses;
}

X86Block *
x86_block_single (X86Cpu *cpu)
{
  X86BlockCache *cache = cpu->blocks;
  X86Block *block = &cache->single.block;
  uint64_t linear = linear_rip (cpu);
  X86CodePage first = *x86_mmu_fetch (cpu, linear);
  X86CodePage second;
  uint8_t bytes[2 * X86_MAX_LENGTH];
  X86Flow flow;

  memset (block, 0, sizeof *block);
  decode_across (cpu, linear, &first, block->insns, &flow, bytes, &second);
  block->version[0] = &cache->always;
  block->mode = cpu->mode;
  block->n = 1;
  block->length = block->insns[0].length;
  return block;
}

/* Decodes as far as a block goes inside one page. Returns the number of instructions; 0 when the
 * first one goes on in the next page, or is none. */
static unsigned
decode_block (X86Cpu *cpu, const uint8_t *bytes, unsigned available, X86Insn *insns,
              unsigned *length, bool *links)
{
  unsigned n = 0;
  unsigned at = 0;
  X86Flow flow = X86_FLOW_NEXT;

  while (n < X86_BLOCK_MAX_INSNS && flow == X86_FLOW_NEXT)
    {
      X86DecodeResult result;

      insns[n].offset = at;
      result = x86_decode (cpu, bytes + at, MIN (available - at, X86_MAX_LENGTH), &insns[n], &flow);
      if (result != X86_DECODE_OK)
        break;
      at += insns[n++].length;
    }
  *length = at;
  *links = flow != X86_FLOW_END;
  return n;
}

/* Code is noted before it is compared with what was decoded: a store of another CPU in between is
 * either seen here or raises the version. */
static bool
note_code (X86Cpu *cpu, const X86CodePage *page, unsigned offset, const uint8_t *bytes,
           unsigned length)
{
  x86_mmu_note_code (cpu, page->block, page->page, offset, length);
  return memcmp (page->host + offset, bytes, length) == 0;
}

static X86Block *
block_store (X86Cpu *cpu, const X86Insn *insns, unsigned n)
{
  X86BlockCache *cache = cpu->blocks;
  size_t size = sizeof (X86Block) + n * sizeof (X86Insn);
  X86Block *block;

  if (cache->used + size > cache->limit)
    flush_all (cache);
  block = (X86Block *) (cache->arena + cache->used);
  cache->used += (size + 15) & ~(size_t) 15;
  memset (block, 0, sizeof *block);
  memcpy (block->insns, insns, n * sizeof (X86Insn));
  block->n = n;
  return block;
}

/* The versions are read before the bytes. */
static X86Block *
block_build (X86Cpu *cpu, uint64_t linear, const X86CodePage *first)
{
  unsigned offset = linear & 4095;
  unsigned available = MIN (4096 - offset, WINDOW);
  uint32_t versions[2] = { 0, 0 };
  const uint32_t *first_version = memory_block_get_code_version (first->block, first->page);
  uint8_t bytes[WINDOW];
  X86CodePage second = { 0 };
  X86Insn insns[X86_BLOCK_MAX_INSNS];
  unsigned n, length, in_first;
  bool links;
  X86Block *block;

  do
    {
      versions[0] = __atomic_load_n (first_version, __ATOMIC_ACQUIRE);
      memcpy (bytes, first->host + offset, available);
      second.block = NULL;
      n = decode_block (cpu, bytes, available, insns, &length, &links);
      in_first = length;
      if (n == 0)
        {
          X86Flow flow;
          const uint32_t *version;

          /* Bytes that are no instruction are not kept: that may change with any of them. */
          if (!decode_across (cpu, linear, first, insns, &flow, bytes, &second)
              || second.host == NULL || insns[0].length <= 4096 - offset)
            return x86_block_single (cpu);
          n = 1;
          length = insns[0].length;
          in_first = 4096 - offset;
          links = false;
          version = memory_block_get_code_version (second.block, second.page);
          versions[1] = __atomic_load_n (version, __ATOMIC_ACQUIRE);
        }
    }
  while (
    !note_code (cpu, first, offset, bytes, in_first)
    || (second.block != NULL && !note_code (cpu, &second, 0, bytes + in_first, length - in_first)));

  block = block_store (cpu, insns, n);
  block->physical = first->physical | offset;
  block->mode = cpu->mode;
  block->length = length;
  block->links = links;
  block->version[0] = first_version;
  block->made_at[0] = versions[0];
  if (second.block != NULL)
    {
      block->version[1] = memory_block_get_code_version (second.block, second.page);
      block->made_at[1] = versions[1];
    }
  return block;
}

static unsigned
hash_of (uint64_t physical, uint32_t mode)
{
  return (physical ^ physical >> 14 ^ mode * 0x9e5u) & (HASH_SIZE - 1);
}

static const uint32_t *
version_of (const X86CodePage *page)
{
  return page->host == NULL ? NULL : memory_block_get_code_version (page->block, page->page);
}

/* Whether a cached block is what a fetch at linear, in page, finds now. A page is known by its
 * version: the memory behind a physical address may be exchanged. */
static bool
block_matches (X86Cpu *cpu, const X86Block *block, uint64_t linear, const X86CodePage *page)
{
  uint64_t next = ((linear | 4095) + 1) & cpu->linear_mask;

  return x86_block_is_valid (block) && block->version[0] == version_of (page)
         && (block->version[1] == NULL
             || block->version[1] == version_of (x86_mmu_fetch (cpu, next)));
}

static X86Block *
lookup_slow (X86Cpu *cpu, uint64_t linear)
{
  X86BlockCache *cache = cpu->blocks;
  X86CodePage page = *x86_mmu_fetch (cpu, linear);
  uint64_t physical = page.physical | (linear & 4095);
  X86Block **link = &cache->hash[hash_of (physical, cpu->mode)];
  X86Block *block;

  if (page.host == NULL)
    return x86_block_single (cpu);
  while ((block = *link) != NULL)
    {
      if (block->physical == physical && block->mode == cpu->mode)
        {
          if (block_matches (cpu, block, linear, &page))
            return block;
          *link = block->hash_next; /* its memory comes back with the next flush */
          continue;
        }
      link = &block->hash_next;
    }
  block = block_build (cpu, linear, &page);
  if (block != &cache->single.block)
    {
      X86Block **bucket = &cache->hash[hash_of (physical, cpu->mode)];

      block->hash_next = *bucket;
      *bucket = block;
    }
  return block;
}

X86Block *
x86_block_lookup (X86Cpu *cpu)
{
  X86BlockCache *cache = cpu->blocks;
  uint64_t linear = linear_rip (cpu);
  Jump *jump = &cache->jumps[(linear ^ linear >> 12) & (JUMPS - 1)];
  X86Block *block;

  if (jump->linear == linear && jump->mode == cpu->mode && jump->generation == cache->generation
      && x86_block_is_valid (jump->block))
    return jump->block;
  block = lookup_slow (cpu, linear);
  if (block != &cache->single.block)
    *jump = (Jump){ linear, cpu->mode, cache->generation, block };
  return block;
}
