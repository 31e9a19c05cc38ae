/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* How instructions reach memory. ea is an effective address, truncated to the address size; the
 * functions add the segment base, check type, limit and canonical form, translate through the soft
 * TLB and raise #GP, #SS, #AC or #PF. Accesses may cross pages; then both pages are checked before the
 * first byte moves. MMIO goes to the bus. CPL decides user or supervisor. */

static inline uint8_t x86_load8 (X86Cpu *cpu, unsigned segment, uint64_t ea);
static inline uint16_t x86_load16 (X86Cpu *cpu, unsigned segment, uint64_t ea);
static inline uint32_t x86_load32 (X86Cpu *cpu, unsigned segment, uint64_t ea);
static inline uint64_t x86_load64 (X86Cpu *cpu, unsigned segment, uint64_t ea);
static inline void x86_store8 (X86Cpu *cpu, unsigned segment, uint64_t ea, uint8_t value);
static inline void x86_store16 (X86Cpu *cpu, unsigned segment, uint64_t ea, uint16_t value);
static inline void x86_store32 (X86Cpu *cpu, unsigned segment, uint64_t ea, uint32_t value);
static inline void x86_store64 (X86Cpu *cpu, unsigned segment, uint64_t ea, uint64_t value);

/* length bytes, up to 4096: vectors, FXSAVE areas, descriptors. Nothing is stored unless all is writable. */
void x86_load_bytes (X86Cpu *cpu, unsigned segment, uint64_t ea, void *buffer, unsigned length);
void x86_store_bytes (X86Cpu *cpu, unsigned segment, uint64_t ea, const void *buffer, unsigned length);

/* Raises what a store of length bytes there would raise, and stores nothing. */
void x86_probe_store (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned length);

/* Read-modify-write. Begin checks for writing and returns where the operand of 1, 2, 4, 8 or 16
 * bytes is: in guest RAM itself, so that a host LOCK-prefixed instruction on it is the guest's
 * atomic operation, or in modify->copy, for MMIO, pages with code and operands that cross a page.
 * End finishes; it never faults. With locked, an operand that has to be copied is done while
 * every other CPU of the machine stands still. */
typedef struct
{
  uint8_t copy[16] __attribute__ ((aligned (16)));
  uint64_t linear;
  uint8_t length;
  bool copied, exclusive;
} X86Modify;
static inline void *x86_modify_begin (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned length, bool locked, X86Modify *modify);
static inline void x86_modify_end (X86Cpu *cpu, X86Modify *modify);

/* By linear address, as a supervisor whatever the CPL: descriptor tables, TSS, stacks of inner rings. */
uint64_t x86_load_system (X86Cpu *cpu, uint64_t linear, unsigned size);
void x86_store_system (X86Cpu *cpu, uint64_t linear, unsigned size, uint64_t value);

/* A stretch of memory for string instructions: the host address of the element at ea, and how many
 * bytes from there lie in the same page of RAM inside the segment's limit (going down when backwards),
 * at most wanted. NULL when the first element has to take the slow path. Raises the element's fault. */
uint8_t *x86_string_run (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned element, bool write, bool backwards, uint64_t wanted, uint64_t *available);
