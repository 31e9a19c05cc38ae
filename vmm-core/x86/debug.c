/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Debug registers: Intel SDM 3B, 18.2. */
#include "debug.h"

#include "exception.h"
#include "segment.h"
#include "vendor.h"

#define DR6_BS (1u << 14)

enum
{
  BREAK_CODE,
  BREAK_WRITE,
  BREAK_IO,
  BREAK_ACCESS
};

static bool
is_enabled (const X86Cpu *cpu, unsigned i)
{
  return cpu->state.dr[7] >> 2 * i & 3;
}

static unsigned
break_kind (const X86Cpu *cpu, unsigned i)
{
  return cpu->state.dr[7] >> (16 + 4 * i) & 3;
}

static unsigned
break_length (const X86Cpu *cpu, unsigned i)
{
  static const uint8_t lengths[4] = { 1, 2, 8, 4 };

  return lengths[cpu->state.dr[7] >> (18 + 4 * i) & 3];
}

static bool
break_meets (const X86Cpu *cpu, unsigned i, uint64_t first, unsigned length)
{
  uint64_t size = break_length (cpu, i);
  uint64_t start = cpu->state.dr[i] & ~(size - 1);

  return first < start + size && start < first + length;
}

bool
x86_debug_needs_steps (const X86Cpu *cpu)
{
  return (cpu->state.rflags & (X86_FLAG_TF | X86_FLAG_RF)) || (cpu->state.dr[7] & 0xff);
}

void
x86_debug_before (X86Cpu *cpu)
{
  uint64_t hits = 0;
  bool enabled = false;
  uint64_t linear = (cpu->state.rip + cpu->window[X86_CS].base) & cpu->linear_mask;

  cpu->step_void = false;
  /* RF counts for one instruction; a fault of that one sets it again in what it pushes. */
  if (cpu->state.rflags & X86_FLAG_RF)
    {
      cpu->state.rflags &= ~(uint64_t) X86_FLAG_RF;
      return;
    }
  if (cpu->state.interrupt_shadow == X86_SHADOW_MOV_SS && x86_mov_ss_hides_code_breakpoints (cpu))
    return;
  for (unsigned i = 0; i < 4; i++)
    if (break_kind (cpu, i) == BREAK_CODE && cpu->state.dr[i] == linear)
      {
        hits |= 1u << i;
        enabled |= is_enabled (cpu, i);
      }
  if (!enabled)
    return;
  x86_raise_debug_fault (cpu, hits);
}

void
x86_debug_after (X86Cpu *cpu, bool tf)
{
  uint64_t hits = cpu->debug_hits | (tf && !cpu->step_void ? DR6_BS : 0);

  cpu->step_void = false;
  if (cpu->state.interrupt_shadow == X86_SHADOW_MOV_SS)
    return;
  cpu->debug_hits = 0;
  if (hits != 0)
    x86_raise_debug_trap (cpu, hits);
}

static void
note_hits (X86Cpu *cpu, uint64_t first, unsigned length, unsigned kinds)
{
  uint64_t hits = 0;
  bool enabled = false;

  for (unsigned i = 0; i < 4; i++)
    if ((kinds >> break_kind (cpu, i) & 1) && break_meets (cpu, i, first, length))
      {
        hits |= 1u << i;
        enabled |= is_enabled (cpu, i);
      }
  if (enabled)
    cpu->debug_hits |= hits;
}

void
x86_debug_note_access (X86Cpu *cpu, uint64_t linear, unsigned length, bool write)
{
  note_hits (cpu, linear, length, write ? 1 << BREAK_WRITE | 1 << BREAK_ACCESS : 1 << BREAK_ACCESS);
}

void
x86_debug_note_io (X86Cpu *cpu, uint16_t port, unsigned length)
{
  if ((cpu->state.dr[7] & 0xff) && (cpu->state.cr4 & X86_CR4_DE))
    note_hits (cpu, port, length, 1 << BREAK_IO);
}

bool
x86_debug_watches_page (const X86Cpu *cpu, uint64_t linear)
{
  for (unsigned i = 0; i < 4; i++)
    if (is_enabled (cpu, i) && (break_kind (cpu, i) & BREAK_WRITE)
        && break_meets (cpu, i, linear & ~4095ull, 4096))
      return true;
  return false;
}

void
x86_debug_update (X86Cpu *cpu)
{
  bool watching = false;

  for (unsigned i = 0; i < 4; i++)
    watching |= is_enabled (cpu, i) && (break_kind (cpu, i) & BREAK_WRITE);
  /* Pages that were watched or will be have to leave or may enter the TLB. */
  if (watching || cpu->watching)
    x86_tlb_flush (&cpu->tlb, false);
  cpu->watching = watching;
  atomic_fetch_or (&cpu->requests, X86_REQUEST_LOCAL);
}
