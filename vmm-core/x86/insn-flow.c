/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Near branches and the stack. */
#include "insn-integer.h"

#include "segment.h"
#include "vendor.h"

static inline void
check_target (X86Cpu *cpu, uint64_t target)
{
  if (cpu->mode & X86_MODE_CODE64 ? !x86_is_canonical (target)
                                  : target > cpu->state.seg[X86_CS].limit)
    x86_raise_code (cpu, X86_GP, 0);
}

void
x86_branch (X86Cpu *cpu, uint64_t target)
{
  check_target (cpu, target);
  cpu->state.rip = target;
}

/* Target of a relative branch, cut to the operand size. */
static inline uint64_t
relative_target (X86Cpu *cpu, const X86Insn *insn)
{
  return x86_address_mask (x86_next_rip (cpu, insn) + insn->imm, insn->op_size);
}

/* Where a conditional branch goes on when it is not taken. */
static inline void
fall_through (X86Cpu *cpu, const X86Insn *insn)
{
  cpu->state.rip = x86_next_rip (cpu, insn);
}

#define JCC(condition)                                                                             \
  void x86_jcc_##condition (X86Cpu *cpu, const X86Insn *insn)                                      \
  {                                                                                                \
    if (x86_condition (cpu->cc, condition))                                                        \
      x86_branch (cpu, relative_target (cpu, insn));                                               \
    else                                                                                           \
      fall_through (cpu, insn);                                                                    \
  }
JCC (0)
JCC (1)
JCC (2)
JCC (3)
JCC (4)
JCC (5)
JCC (6)
JCC (7)
JCC (8)
JCC (9)
JCC (10)
JCC (11)
JCC (12)
JCC (13)
JCC (14)
JCC (15)

void
x86_jmp_rel (X86Cpu *cpu, const X86Insn *insn)
{
  x86_branch (cpu, relative_target (cpu, insn));
}

void
x86_jmp_rm (X86Cpu *cpu, const X86Insn *insn)
{
  x86_branch (cpu, x86_insn_is_memory (insn)
                     ? x86_load_sized (cpu, insn->segment, x86_ea (cpu, insn), insn->op_size)
                     : x86_get_sized (cpu, insn->rm_at, insn->op_size));
}

/* The target is checked before the return address is pushed: a fault leaves the stack alone. */
static void
call (X86Cpu *cpu, const X86Insn *insn, uint64_t target)
{
  if (x86_calls_probe_stack_first (cpu))
    x86_probe_store (cpu, X86_SS, x86_stack_mask (cpu, cpu->state.gpr[X86_RSP] - insn->op_size),
                     insn->op_size);
  check_target (cpu, target);
  x86_push (cpu, insn->op_size, x86_address_mask (x86_next_rip (cpu, insn), insn->op_size));
  cpu->state.rip = target;
}

void
x86_call_rel (X86Cpu *cpu, const X86Insn *insn)
{
  call (cpu, insn, relative_target (cpu, insn));
}

void
x86_call_rm (X86Cpu *cpu, const X86Insn *insn)
{
  call (cpu, insn,
        x86_insn_is_memory (insn)
          ? x86_load_sized (cpu, insn->segment, x86_ea (cpu, insn), insn->op_size)
          : x86_get_sized (cpu, insn->rm_at, insn->op_size));
}

void
x86_ret (X86Cpu *cpu, const X86Insn *insn)
{
  x86_branch (cpu, x86_top (cpu, insn->op_size));
  x86_stack_set (cpu, cpu->state.gpr[X86_RSP] + insn->op_size + (uint16_t) insn->imm);
}

/* LOOP, LOOPE, LOOPNE and JrCXZ count in the address size. */
void
x86_loop (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t count = x86_address_mask (cpu->state.gpr[X86_RCX] - 1, insn->addr_size);
  bool zero = cpu->cc & X86_CC_ZF;
  bool wanted = insn->opcode == 0xe1;
  bool taken;

  if (x86_loops_obey_repeat (cpu) && (insn->prefixes & (X86_PREFIX_REP | X86_PREFIX_REPNE)))
    wanted = (insn->prefixes & X86_PREFIX_REP) != 0;
  taken = count != 0 && (insn->opcode == 0xe2 || zero == wanted);

  if (taken)
    x86_branch (cpu, relative_target (cpu, insn));
  else
    fall_through (cpu, insn);
  x86_set_sized (cpu, X86_RCX * 8, insn->addr_size, count);
}

void
x86_jcxz (X86Cpu *cpu, const X86Insn *insn)
{
  if (x86_address_mask (cpu->state.gpr[X86_RCX], insn->addr_size) == 0)
    x86_branch (cpu, relative_target (cpu, insn));
  else
    fall_through (cpu, insn);
}

/* Stack */

void
x86_push_r (X86Cpu *cpu, const X86Insn *insn)
{
  x86_push (cpu, insn->op_size, x86_get_sized (cpu, insn->rm_at, insn->op_size));
}

void
x86_push_r_64 (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t rsp = cpu->state.gpr[X86_RSP] - 8;

  x86_store64 (cpu, X86_SS, rsp, X86_AT (cpu, uint64_t, insn->rm_at));
  cpu->state.gpr[X86_RSP] = rsp;
}

void
x86_push_rm (X86Cpu *cpu, const X86Insn *insn)
{
  x86_push (cpu, insn->op_size,
            x86_insn_is_memory (insn)
              ? x86_load_sized (cpu, insn->segment, x86_ea (cpu, insn), insn->op_size)
              : x86_get_sized (cpu, insn->rm_at, insn->op_size));
}

void
x86_push_imm (X86Cpu *cpu, const X86Insn *insn)
{
  x86_push (cpu, insn->op_size, insn->imm);
}

/* POP moves RSP before it writes: POP RSP gets the value read. */
void
x86_pop_r (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t value = x86_top (cpu, insn->op_size);

  x86_stack_set (cpu, cpu->state.gpr[X86_RSP] + insn->op_size);
  x86_set_sized (cpu, insn->rm_at, insn->op_size, value);
}

void
x86_pop_r_64 (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t value = x86_load64 (cpu, X86_SS, cpu->state.gpr[X86_RSP]);

  cpu->state.gpr[X86_RSP] += 8;
  X86_AT (cpu, uint64_t, insn->rm_at) = value;
}

/* An address with RSP as its base counts from the incremented RSP; a fault puts RSP back. */
void
x86_pop_rm (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t value = x86_top (cpu, insn->op_size);
  uint64_t before = cpu->state.gpr[X86_RSP];
  uint64_t ea;

  x86_stack_set (cpu, before + insn->op_size);
  if (!x86_insn_is_memory (insn))
    {
      x86_set_sized (cpu, insn->rm_at, insn->op_size, value);
      return;
    }
  ea = x86_ea (cpu, insn);
  cpu->state.gpr[X86_RSP] = before;
  x86_store_sized (cpu, insn->segment, ea, insn->op_size, value);
  x86_stack_set (cpu, before + insn->op_size);
}

void
x86_pusha (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t before = cpu->state.gpr[X86_RSP];
  uint64_t at = before;
  unsigned size = insn->op_size;

  for (unsigned i = 1; i <= 8 && !x86_broken_pushes_stay (cpu); i++)
    x86_probe_store (cpu, X86_SS, x86_stack_mask (cpu, before - i * size), size);
  for (unsigned i = 0; i < 8; i++)
    {
      at = x86_stack_mask (cpu, at - size);
      x86_store_sized (cpu, X86_SS, at, size, cpu->state.gpr[i]);
    }
  x86_stack_set (cpu, at);
}

void
x86_popa (X86Cpu *cpu, const X86Insn *insn)
{
  unsigned size = insn->op_size;
  uint64_t rsp = cpu->state.gpr[X86_RSP];
  uint64_t values[8];

  for (unsigned i = 0; i < 8; i++)
    values[7 - i] = x86_load_sized (cpu, X86_SS, x86_stack_mask (cpu, rsp + i * size), size);
  for (unsigned i = 0; i < 8; i++)
    if (i != X86_RSP)
      x86_set_sized (cpu, i * 8, size, values[i]);
  x86_stack_set (cpu, rsp + 8 * size);
}

/* What ENTER does to memory, or, as a rehearsal, what it would raise. Returns the new top. */
static uint64_t
enter_frame (X86Cpu *cpu, const X86Insn *insn, uint64_t frame, bool rehearsal)
{
  unsigned size = insn->op_size;
  unsigned level = insn->imm >> 16 & 31;
  uint64_t at = x86_stack_mask (cpu, cpu->state.gpr[X86_RSP] - size);
  uint64_t value = cpu->state.gpr[X86_RBP];

  for (unsigned i = 0;; i++)
    {
      if (rehearsal)
        x86_probe_store (cpu, X86_SS, at, size);
      else
        x86_store_sized (cpu, X86_SS, at, size, value);
      if (i == level)
        break;
      value = frame;
      if (i + 1 < level)
        value = x86_load_sized (
          cpu, X86_SS, x86_stack_mask (cpu, cpu->state.gpr[X86_RBP] - (i + 1) * size), size);
      at = x86_stack_mask (cpu, at - size);
    }
  return x86_stack_mask (cpu, at - (uint16_t) insn->imm);
}

/* ENTER: imm is the frame's size, bits 16 to 20 the nesting level. */
void
x86_enter (X86Cpu *cpu, const X86Insn *insn)
{
  unsigned size = insn->op_size;
  uint64_t rsp = cpu->state.gpr[X86_RSP];
  uint64_t frame = x86_stack_mask (cpu, rsp - size);
  uint64_t top;

  /* The frame pointer is all of ESP, even where the stack uses only SP. */
  if (x86_stack_size (cpu) == 2)
    frame |= rsp & ~(uint64_t) 0xffff;
  top = enter_frame (cpu, insn, frame, !x86_broken_pushes_stay (cpu));
  /* The new top has to be writable (SDM 2A, ENTER). */
  x86_probe_store (cpu, X86_SS, top, size);
  if (!x86_broken_pushes_stay (cpu))
    enter_frame (cpu, insn, frame, false);
  x86_set_sized (cpu, X86_RBP * 8, size, frame);
  x86_stack_set (cpu, top);
}

void
x86_leave (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t frame = cpu->state.gpr[X86_RBP];
  uint64_t value = x86_load_sized (cpu, X86_SS, x86_stack_mask (cpu, frame), insn->op_size);

  x86_stack_set (cpu, frame + insn->op_size);
  x86_set_sized (cpu, X86_RBP * 8, insn->op_size, value);
}
