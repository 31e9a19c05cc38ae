/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "interpreter.h"

#include "block.h"
#include "debug.h"
#include "decode.h"
#include "exception.h"
#include "software.h"

/* Whether the longest instruction would reach past the limit of CS. */
static inline bool
is_near_limit (const X86Cpu *cpu, uint64_t rip)
{
  return !x86_is_code64 (cpu)
         && G_UNLIKELY (rip + X86_MAX_LENGTH - 1 > cpu->state.seg[X86_CS].limit);
}

/* How many of the block's instructions lie inside the limit of CS for certain. What comes behind
 * them is fetched by itself. */
static unsigned
count_inside_limit (X86Cpu *cpu, const X86Block *block)
{
  unsigned n = 1;

  while (n < block->n && !is_near_limit (cpu, cpu->state.rip + block->insns[n].offset))
    n++;
  return n;
}

static inline void
execute (X86Cpu *cpu, X86Block *block)
{
  const X86Insn *insn = block->insns;
  unsigned n = block->n;
  const X86Insn *end;

  if (is_near_limit (cpu, cpu->state.rip + insn[n - 1].offset))
    n = count_inside_limit (cpu, block);
  end = insn + n;
  x86_block_set_running (cpu, block);
  cpu->block_rip = cpu->state.rip;
  /* Where it goes on unless the last instruction branches; a fault puts its own RIP here. */
  cpu->state.rip = x86_next_rip (cpu, &end[-1]);
  cpu->instructions += n;
  do
    {
      cpu->insn = insn;
      insn->exec (cpu, insn);
    }
  while (++insn < end);
  cpu->insn = NULL;
}

/* One instruction with everything that is only looked at between two. */
void
x86_interpreter_step (X86Cpu *cpu)
{
  bool tf = (cpu->state.rflags & X86_FLAG_TF) != 0;

  x86_debug_before (cpu);
  cpu->state.interrupt_shadow = 0;
  execute (cpu, x86_block_single (cpu));
  x86_debug_after (cpu, tf);
}

static inline X86Block *
find_block (X86Cpu *cpu)
{
  return is_near_limit (cpu, cpu->state.rip) ? x86_block_single (cpu) : x86_block_lookup (cpu);
}

void
x86_interpreter_block (X86Cpu *cpu)
{
  execute (cpu, find_block (cpu));
}

/* The block after `previous`, which has just run to its end. */
static inline X86Block *
next_block (X86Cpu *cpu, X86Block *previous)
{
  int64_t delta;
  unsigned which;
  X86Block *block;

  if (previous == NULL || !previous->links || is_near_limit (cpu, cpu->state.rip))
    return find_block (cpu);
  delta = cpu->state.rip - cpu->block_rip;
  which = delta != previous->length;
  block = previous->link[which].block;
  if (block != NULL && previous->link[which].delta == delta && x86_block_is_valid (block))
    return block;
  block = x86_block_lookup (cpu);
  /* Inside one page the successor is the same wherever the page is mapped, unless it goes on in the
   * next. The lookup may have emptied the cache, the previous block with it. */
  if (x86_block_get_running (cpu) == previous && block->version[1] == NULL
      && ((previous->physical + delta) ^ previous->physical) >> 12 == 0
      && block->physical == previous->physical + delta && block->mode == previous->mode)
    {
      previous->link[which].delta = delta;
      previous->link[which].block = block;
    }
  return block;
}

static AccelExit
run_blocks (X86Cpu *cpu)
{
  X86Block *block = NULL;
  AccelExit exit;

  for (;;)
    {
      if (G_UNLIKELY (atomic_load_explicit (&cpu->requests, memory_order_relaxed) != 0))
        {
          if (!x86_software_poll (cpu, &exit))
            return exit;
          block = NULL;
        }
      if (G_UNLIKELY (x86_interpreter_must_step (cpu)))
        {
          x86_interpreter_step (cpu);
          block = NULL;
          continue;
        }
      block = next_block (cpu, block);
      execute (cpu, block);
    }
}

bool
x86_interpreter_land (X86Cpu *cpu)
{
  const X86Block *running = x86_block_get_running (cpu);

  if (cpu->insn != NULL && running != NULL && cpu->insn >= running->insns
      && cpu->insn < running->insns + running->n)
    cpu->instructions -= running->insns + running->n - cpu->insn;
  cpu->insn = NULL;
  return x86_exception_deliver (cpu);
}

AccelExit
x86_interpreter_run (X86Cpu *cpu, GError **error)
{
  if (sigsetjmp (cpu->escape, 0) != 0 && !x86_interpreter_land (cpu))
    return ACCEL_EXIT_SHUTDOWN;
  return run_blocks (cpu);
}

bool
x86_interpret_one (X86Cpu *cpu)
{
  if (sigsetjmp (cpu->escape, 0) != 0)
    return x86_interpreter_land (cpu);
  x86_interpreter_step (cpu);
  return true;
}
