/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MOVS, STOS, LODS, SCAS and CMPS, alone and repeated. Repeated ones go through memory in runs
 * inside a page, a bounded number of bytes at a time, so that interrupts are taken in between. */
#include "insn-integer.h"

#include <string.h>

#include "debug.h"
#include "vendor.h"

#define CHUNK 65536

static inline uint64_t
load_element (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned size)
{
  return size == 1 ? x86_load8 (cpu, segment, ea) : x86_load_sized (cpu, segment, ea, size);
}

static inline void
store_element (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned size, uint64_t value)
{
  if (size == 1)
    x86_store8 (cpu, segment, ea, value);
  else
    x86_store_sized (cpu, segment, ea, size, value);
}

static inline void
set_accumulator (X86Cpu *cpu, unsigned size, uint64_t value)
{
  if (size == 1)
    x86_set8 (cpu, X86_RAX * 8, value);
  else
    x86_set_sized (cpu, X86_RAX * 8, size, value);
}

static inline unsigned
element_size (const X86Insn *insn)
{
  return insn->opcode & 1 ? insn->op_size : 1;
}

static inline uint64_t
index_of (X86Cpu *cpu, const X86Insn *insn, unsigned reg)
{
  return x86_address_mask (cpu->state.gpr[reg], insn->addr_size);
}

static inline void
move_index (X86Cpu *cpu, const X86Insn *insn, unsigned reg, int64_t bytes)
{
  x86_set_sized (cpu, reg * 8, insn->addr_size, cpu->state.gpr[reg] + bytes);
}

static void
compare (X86Cpu *cpu, unsigned size, uint64_t x, uint64_t y)
{
  uint32_t ax;

  switch (size)
    {
    case 1:
      asm ("cmpb %[y], %[x]" X86_CC_SAVE
           : "=&a"(ax)
           : [x] "r"((uint8_t) x), [y] "r"((uint8_t) y)
           : "cc");
      break;
    case 2:
      asm ("cmpw %[y], %[x]" X86_CC_SAVE
           : "=&a"(ax)
           : [x] "r"((uint16_t) x), [y] "r"((uint16_t) y)
           : "cc");
      break;
    case 4:
      asm ("cmpl %[y], %[x]" X86_CC_SAVE
           : "=&a"(ax)
           : [x] "r"((uint32_t) x), [y] "r"((uint32_t) y)
           : "cc");
      break;
    default:
      asm ("cmpq %[y], %[x]" X86_CC_SAVE : "=&a"(ax) : [x] "r"(x), [y] "r"(y) : "cc");
      break;
    }
  cpu->cc = (uint16_t) ax;
}

/* One element, whatever the prefix. */
static void
string_step (X86Cpu *cpu, const X86Insn *insn)
{
  unsigned size = element_size (insn);
  int64_t step = cpu->state.rflags & X86_FLAG_DF ? -(int64_t) size : (int64_t) size;
  uint64_t value;

  switch (insn->opcode & 0xfe)
    {
    case 0xa4: /* MOVS */
      value = load_element (cpu, insn->segment, index_of (cpu, insn, X86_RSI), size);
      store_element (cpu, X86_ES, index_of (cpu, insn, X86_RDI), size, value);
      move_index (cpu, insn, X86_RSI, step);
      move_index (cpu, insn, X86_RDI, step);
      break;
    case 0xa6: /* CMPS */
      if (x86_cmps_reads_rdi_first (cpu))
        x86_probe_load (cpu, X86_ES, index_of (cpu, insn, X86_RDI), size);
      value = load_element (cpu, insn->segment, index_of (cpu, insn, X86_RSI), size);
      compare (cpu, size, value, load_element (cpu, X86_ES, index_of (cpu, insn, X86_RDI), size));
      move_index (cpu, insn, X86_RSI, step);
      move_index (cpu, insn, X86_RDI, step);
      break;
    case 0xaa: /* STOS */
      store_element (cpu, X86_ES, index_of (cpu, insn, X86_RDI), size, cpu->state.gpr[X86_RAX]);
      move_index (cpu, insn, X86_RDI, step);
      break;
    case 0xac: /* LODS */
      set_accumulator (cpu, size,
                       load_element (cpu, insn->segment, index_of (cpu, insn, X86_RSI), size));
      move_index (cpu, insn, X86_RSI, step);
      break;
    default: /* SCAS */
      value = load_element (cpu, X86_ES, index_of (cpu, insn, X86_RDI), size);
      compare (cpu, size, cpu->state.gpr[X86_RAX], value);
      move_index (cpu, insn, X86_RDI, step);
      break;
    }
}

/* Repeats an element's value over n bytes, upwards from `to`. */
static void
fill (uint8_t *to, uint64_t value, unsigned size, uint64_t n)
{
  uint64_t count = n / size;

  switch (size)
    {
    case 1:
      asm volatile ("rep stosb" : "+D"(to), "+c"(count) : "a"(value) : "memory");
      break;
    case 2:
      asm volatile ("rep stosw" : "+D"(to), "+c"(count) : "a"(value) : "memory");
      break;
    case 4:
      asm volatile ("rep stosl" : "+D"(to), "+c"(count) : "a"(value) : "memory");
      break;
    default:
      asm volatile ("rep stosq" : "+D"(to), "+c"(count) : "a"(value) : "memory");
      break;
    }
}

/* Element by element in the guest's order, so that overlapping runs come out as on the CPU. */
static void
copy (uint8_t *to, const uint8_t *from, unsigned size, uint64_t n, bool backwards)
{
  if (!backwards && (to <= from || to >= from + n))
    {
      memmove (to, from, n);
      return;
    }
  for (uint64_t i = 0; i < n; i += size)
    if (backwards)
      memmove (to - i, from - i, size);
    else
      memmove (to + i, from + i, size);
}

/* As many elements of MOVS or STOS as one pair of pages holds; 0 if the first must go alone. */
static uint64_t
string_bulk (X86Cpu *cpu, const X86Insn *insn, uint64_t count)
{
  unsigned size = element_size (insn);
  bool backwards = cpu->state.rflags & X86_FLAG_DF;
  uint64_t wanted = MIN (count, CHUNK / size) * size;
  uint64_t n;
  uint8_t *to, *from = NULL;

  if ((insn->opcode & 0xfe) == 0xa4)
    {
      from = x86_string_run (cpu, insn->segment, index_of (cpu, insn, X86_RSI), size, false,
                             backwards, wanted, &n);
      if (from == NULL)
        return 0;
      wanted = MIN (wanted, n);
    }
  else if ((insn->opcode & 0xfe) != 0xaa)
    return 0;
  to = x86_string_run (cpu, X86_ES, index_of (cpu, insn, X86_RDI), size, true, backwards, wanted,
                       &n);
  if (to == NULL)
    return 0;
  n = MIN (n, wanted) / size * size;
  if (n == 0)
    return 0;
  if (from != NULL)
    copy (to, from, size, n, backwards);
  else
    fill (backwards ? to - (n - size) : to, cpu->state.gpr[X86_RAX], size, n);
  if (from != NULL)
    move_index (cpu, insn, X86_RSI, backwards ? -(int64_t) n : (int64_t) n);
  move_index (cpu, insn, X86_RDI, backwards ? -(int64_t) n : (int64_t) n);
  return n / size;
}

/* Whether REPE or REPNE ends CMPS and SCAS here. */
static bool
repeat_ends (const X86Cpu *cpu, const X86Insn *insn)
{
  bool zero = cpu->cc & X86_CC_ZF;

  if ((insn->opcode & 0xf6) != 0xa6)
    return false; /* not CMPS (A6, A7) or SCAS (AE, AF) */
  return zero != ((insn->prefixes & X86_PREFIX_REP) != 0);
}

void
x86_string (X86Cpu *cpu, const X86Insn *insn)
{
  string_step (cpu, insn);
}

void
x86_string_repeated (X86Cpu *cpu, const X86Insn *insn)
{
  bool stepping = x86_debug_needs_steps (cpu);
  uint64_t budget = stepping ? 1 : CHUNK / element_size (insn);
  uint64_t count = index_of (cpu, insn, X86_RCX);
  uint16_t before = cpu->cc;
  bool ended = count == 0;

  while (count > 0 && budget > 0 && !ended)
    {
      uint64_t done = string_bulk (cpu, insn, MIN (count, budget));

      if (done == 0)
        {
          if (x86_broken_repeats_restore_flags (cpu))
            cpu->cc = before; /* should this element fault */
          string_step (cpu, insn);
          ended = repeat_ends (cpu, insn);
          done = 1;
        }
      count -= done;
      budget -= done;
      /* Written after each part: a fault in the next finds the registers as they stand. */
      x86_set_sized (cpu, X86_RCX * 8, insn->addr_size, count);
      ended = ended || count == 0;
    }
  /* Traps come between two elements; those that follow are no new start for a code breakpoint. */
  if (stepping && !ended)
    cpu->state.rflags |= X86_FLAG_RF;
  /* Not finished: the same instruction again, after whatever interrupt is waiting. */
  cpu->state.rip = ended ? x86_next_rip (cpu, insn) : x86_insn_rip (cpu, insn);
}
