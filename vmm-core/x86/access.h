/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"
#include "mmu.h"

/* How instructions reach memory. ea is an effective address, truncated to the address size; the
 * functions add the segment base, check type, limit and canonical form, translate through the soft
 * TLB and raise #GP, #SS, #AC or #PF. Accesses may cross pages; then both pages are checked before
 * the first byte moves. MMIO goes to the bus. CPL decides user or supervisor. */

uint64_t x86_load_slow (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned size);
void x86_store_slow (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned size, uint64_t value);

/* The host addresses of an operand of size bytes that the TLB and the segment's window allow to be
 * read (written) without more ado, or NULL. */
static inline void *
x86_try_read (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned size)
{
  const X86Window *window = &cpu->window[segment];
  uint64_t linear = (ea + window->base) & cpu->linear_mask;
  const X86TlbEntry *entry = &cpu->view[x86_tlb_index (linear)];

  if (G_LIKELY (ea < window->read_end && (linear ^ entry->read) <= 4096 - size))
    return (void *) (uintptr_t) (linear + entry->addend);
  return NULL;
}

static inline void *
x86_try_write (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned size)
{
  const X86Window *window = &cpu->window[segment];
  uint64_t linear = (ea + window->base) & cpu->linear_mask;
  const X86TlbEntry *entry = &cpu->view[x86_tlb_index (linear)];

  if (G_LIKELY (ea < window->write_end && (linear ^ entry->write) <= 4096 - size))
    return (void *) (uintptr_t) (linear + entry->addend);
  return NULL;
}

/* One host access each: what another CPU sees is whole, and in order, as the guest's own was. */
#define X86_ACCESS_FUNCTIONS(bits)                                                                 \
  static inline uint##bits##_t x86_load##bits (X86Cpu *cpu, unsigned segment, uint64_t ea)         \
  {                                                                                                \
    volatile uint##bits##_t *host = x86_try_read (cpu, segment, ea, bits / 8);                     \
                                                                                                   \
    return G_LIKELY (host != NULL) ? *host : x86_load_slow (cpu, segment, ea, bits / 8);           \
  }                                                                                                \
                                                                                                   \
  static inline void x86_store##bits (X86Cpu *cpu, unsigned segment, uint64_t ea,                  \
                                      uint##bits##_t value)                                        \
  {                                                                                                \
    volatile uint##bits##_t *host = x86_try_write (cpu, segment, ea, bits / 8);                    \
                                                                                                   \
    if (G_LIKELY (host != NULL))                                                                   \
      *host = value;                                                                               \
    else                                                                                           \
      x86_store_slow (cpu, segment, ea, bits / 8, value);                                          \
  }

X86_ACCESS_FUNCTIONS (8)
X86_ACCESS_FUNCTIONS (16)
X86_ACCESS_FUNCTIONS (32)
X86_ACCESS_FUNCTIONS (64)
#undef X86_ACCESS_FUNCTIONS

/* length bytes, up to 4096: vectors, FXSAVE areas, descriptors. Nothing is stored unless all is
 * writable. */
void x86_load_bytes (X86Cpu *cpu, unsigned segment, uint64_t ea, void *buffer, unsigned length);
void x86_store_bytes (X86Cpu *cpu, unsigned segment, uint64_t ea, const void *buffer,
                      unsigned length);

/* Raises what a load (store) of length bytes there would raise, and moves nothing. */
void x86_probe_load (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned length);
void x86_probe_store (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned length);

/* Read-modify-write. Begin checks for writing and returns where the operand of 1, 2, 4, 8 or 16
 * bytes is: in guest RAM itself, so that a host LOCK-prefixed instruction on it is the guest's
 * atomic operation, or in modify->copy, for MMIO, pages with code and operands that cross a page.
 * End finishes; it never faults. With locked, an operand that has to be copied is done while
 * every other CPU of the machine stands still. Nothing between the two may raise. */
typedef struct
{
  uint8_t copy[16] __attribute__ ((aligned (16)));
  X86Page page[2];
  uint8_t length, first; /* bytes of the operand, and of its part in the first page */
  bool copied, exclusive;
} X86Modify;

void *x86_modify_begin_slow (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned length,
                             bool locked, X86Modify *modify);
void x86_modify_end_slow (X86Cpu *cpu, X86Modify *modify);

static inline void *
x86_modify_begin (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned length, bool locked,
                  X86Modify *modify)
{
  void *host = length <= 8 ? x86_try_write (cpu, segment, ea, length) : NULL;

  modify->copied = false;
  return G_LIKELY (host != NULL) ? host
                                 : x86_modify_begin_slow (cpu, segment, ea, length, locked, modify);
}

static inline void
x86_modify_end (X86Cpu *cpu, X86Modify *modify)
{
  if (G_UNLIKELY (modify->copied))
    x86_modify_end_slow (cpu, modify);
}

/* By linear address, as a supervisor whatever the CPL: descriptor tables, TSS, stacks of inner
 * rings. */
uint64_t x86_load_system (X86Cpu *cpu, uint64_t linear, unsigned size);
void x86_store_system (X86Cpu *cpu, uint64_t linear, unsigned size, uint64_t value);
/* The same with the rights that access (mmu.h) names. */
uint64_t x86_load_as (X86Cpu *cpu, uint64_t linear, unsigned size, unsigned access);
void x86_store_as (X86Cpu *cpu, uint64_t linear, unsigned size, uint64_t value, unsigned access);
/* Raises what the store would raise. */
void x86_probe_store_system (X86Cpu *cpu, uint64_t linear, unsigned length);

/* A stretch of memory for string instructions: the host address of the element at ea, and how many
 * bytes from there lie in the same page of RAM inside the segment's limit (going down when
 * backwards), at most wanted. NULL when the first element has to take the slow path. Raises the
 * element's fault. */
uint8_t *x86_string_run (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned element, bool write,
                         bool backwards, uint64_t wanted, uint64_t *available);
