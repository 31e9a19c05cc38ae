/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* Cached blocks of decoded instructions, one cache a CPU. A block belongs to the guest-physical
 * address of its first byte and to a mode word; it is valid while the code versions of its pages
 * (memory.h) are those it was made at. */

#define X86_BLOCK_MAX_INSNS 64

struct X86Block
{
  X86Block *hash_next;
  uint64_t physical; /* of the first byte */
  /* Of its page, and of the next one if its only instruction goes on there; else NULL. */
  const uint32_t *version[2];
  uint32_t made_at[2];
  uint32_t mode;
  uint16_t n;      /* instructions */
  uint16_t length; /* bytes */
  bool links;      /* ends in a way that leaves mode and mappings alone */
  struct
  {
    int64_t delta; /* RIP of the successor, from this block's RIP */
    X86Block *block;
  } link[2]; /* successors in the same page: the one that follows, and another */
  X86Insn insns[];
};

X86BlockCache *x86_block_cache_new (void);
/* Before any block is made: uses no more than size bytes, at least 64 KiB, for decoded
 * instructions. */
void x86_block_cache_limit (X86BlockCache *cache, size_t size);
void x86_block_cache_free (X86BlockCache *cache);

/* The block at state.rip, decoded if need be; raises #PF. */
X86Block *x86_block_lookup (X86Cpu *cpu);
/* The one instruction at state.rip, decoded anew and kept nowhere: valid until the next call. */
X86Block *x86_block_single (X86Cpu *cpu);

static inline bool
x86_block_is_valid (const X86Block *block)
{
  return __atomic_load_n (block->version[0], __ATOMIC_ACQUIRE) == block->made_at[0]
         && (block->version[1] == NULL
             || __atomic_load_n (block->version[1], __ATOMIC_ACQUIRE) == block->made_at[1]);
}

/* Tells which block runs, for x86_block_store_hit. */
void x86_block_set_running (X86Cpu *cpu, X86Block *block);
X86Block *x86_block_get_running (X86Cpu *cpu);

/* This CPU overwrote cached code: if it was that of the running block, the block ends after the
 * running instruction. */
void x86_block_store_hit (X86Cpu *cpu);
/* Linear addresses may lead elsewhere now. */
void x86_block_flush_jumps (X86Cpu *cpu);
