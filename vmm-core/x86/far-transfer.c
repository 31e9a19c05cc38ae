/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transfers between code segments: Intel SDM 3A, 5.8, and the pages of JMP, CALL, RET and IRET. */
#include "far-transfer.h"

#include "access.h"
#include "rflags.h"
#include "segment.h"
#include "stack.h"
#include "task.h"

#define TYPE_CONFORMING 4

enum
{
  SYSTEM_TSS16 = 1,
  SYSTEM_CALL_GATE16 = 4,
  SYSTEM_TASK_GATE = 5,
  SYSTEM_TSS = 9,
  SYSTEM_CALL_GATE = 12
};

/* A code segment that a transfer wants to enter. */
typedef struct
{
  X86Descriptor descriptor;
  uint16_t selector;
  unsigned type, dpl;
} Target;

static uint64_t
offset_mask (unsigned width)
{
  return width == 8 ? UINT64_MAX : width == 4 ? UINT32_MAX : 0xffff;
}

static void
target_read (X86Cpu *cpu, uint16_t selector, Target *target)
{
  if ((selector & ~3u) == 0)
    x86_raise_code (cpu, X86_GP, 0);
  x86_descriptor_read_or_raise (cpu, selector, X86_GP, &target->descriptor);
  target->selector = selector;
  target->type = x86_descriptor_type (&target->descriptor);
  target->dpl = x86_descriptor_dpl (&target->descriptor);
}

static bool
target_is_code (const Target *target)
{
  return (target->type & 0x18) == 0x18;
}

static bool
target_is_64 (X86Cpu *cpu, const Target *target)
{
  return x86_in_long_mode (cpu) && (target->descriptor.low >> 53 & 1);
}

static _Noreturn void
target_refuse (X86Cpu *cpu, const Target *target, unsigned vector)
{
  x86_raise_code (cpu, vector, target->selector & ~3u);
}

/* Checks presence and L/D, marks it accessed and unpacks it. */
static X86Segment
target_take (X86Cpu *cpu, Target *target)
{
  if (x86_in_long_mode (cpu) && (target->descriptor.low >> 53 & 3) == 3)
    target_refuse (cpu, target, X86_GP);
  if (!x86_descriptor_present (&target->descriptor))
    target_refuse (cpu, target, X86_NP);
  x86_descriptor_set_accessed (cpu, target->selector, &target->descriptor);
  target->descriptor.low |= 1ull << 40;
  return x86_descriptor_unpack (&target->descriptor, target->selector, false);
}

static void
check_offset (X86Cpu *cpu, const X86Segment *cs, uint64_t offset)
{
  bool wide = x86_in_long_mode (cpu) && (cs->attributes & X86_SEG_L);

  if (wide ? !x86_is_canonical (offset) : offset > cs->limit)
    x86_raise_code (cpu, X86_GP, 0);
}

/* The rules of a direct JMP or CALL to a code segment. */
static X86Segment
target_take_direct (X86Cpu *cpu, Target *target)
{
  if (target->type & TYPE_CONFORMING ? target->dpl > cpu->cpl
                                     : (target->selector & 3) > cpu->cpl || target->dpl != cpu->cpl)
    target_refuse (cpu, target, X86_GP);
  return target_take (cpu, target);
}

/* The rules common to gates and TSSs named by a JMP or CALL. */
static void
check_gate (X86Cpu *cpu, const Target *target)
{
  if (target->dpl < cpu->cpl || target->dpl < (target->selector & 3u))
    target_refuse (cpu, target, X86_GP);
}

typedef struct
{
  uint16_t selector;
  uint64_t offset;
  unsigned width, parameters;
} CallGate;

static CallGate
gate_unpack (X86Cpu *cpu, const Target *target)
{
  const X86Descriptor *d = &target->descriptor;
  CallGate gate = { .selector = d->low >> 16, .offset = d->low & 0xffff, .width = 2 };

  if (target->type == SYSTEM_CALL_GATE)
    {
      gate.offset |= d->low >> 32 & 0xffff0000;
      gate.width = 4;
    }
  if (x86_in_long_mode (cpu))
    {
      gate.offset |= d->high << 32;
      gate.width = 8;
    }
  else
    gate.parameters = d->low >> 32 & 31;
  return gate;
}

/* A gate's target is entered with RPL 0; outside it the code must not be less privileged. */
static void
gate_read_target (X86Cpu *cpu, const CallGate *gate, Target *target)
{
  target_read (cpu, gate->selector, target);
  if (!target_is_code (target) || target->dpl > cpu->cpl)
    target_refuse (cpu, target, X86_GP);
  if (x86_in_long_mode (cpu) && (target->descriptor.low >> 53 & 3) != 1)
    target_refuse (cpu, target, X86_GP);
}

static bool
is_call_gate (X86Cpu *cpu, const Target *target)
{
  return target->type == SYSTEM_CALL_GATE
         || (target->type == SYSTEM_CALL_GATE16 && !x86_in_long_mode (cpu));
}

/* TSSs and task gates; FALSE: neither. */
static bool
transfer_to_task (X86Cpu *cpu, const Target *target, X86TaskSwitch how, uint64_t next_rip)
{
  uint16_t selector = target->selector;

  if (x86_in_long_mode (cpu))
    return false;
  if (target->type == SYSTEM_TASK_GATE)
    {
      check_gate (cpu, target);
      if (!x86_descriptor_present (&target->descriptor))
        target_refuse (cpu, target, X86_NP);
      selector = target->descriptor.low >> 16;
    }
  else if (target->type == SYSTEM_TSS || target->type == SYSTEM_TSS16)
    check_gate (cpu, target);
  else
    return false;
  x86_task_switch (cpu, selector, how, next_rip, false, 0);
  return true;
}

static void
jump_real (X86Cpu *cpu, uint16_t selector, uint64_t offset)
{
  if (offset > cpu->state.seg[X86_CS].limit)
    x86_raise_code (cpu, X86_GP, 0);
  x86_segment_set_real (cpu, X86_CS, selector);
  cpu->state.rip = offset;
  x86_mode_update (cpu);
}

void
x86_far_jump (X86Cpu *cpu, uint16_t selector, uint64_t offset, unsigned width, uint64_t next_rip)
{
  Target target;
  X86Segment cs;

  offset &= offset_mask (width);
  if (x86_in_real_mode (cpu) || x86_in_vm86 (cpu))
    {
      jump_real (cpu, selector, offset);
      return;
    }
  target_read (cpu, selector, &target);
  if (target_is_code (&target))
    cs = target_take_direct (cpu, &target);
  else if (is_call_gate (cpu, &target))
    {
      CallGate gate = gate_unpack (cpu, &target);

      check_gate (cpu, &target);
      if (!x86_descriptor_present (&target.descriptor))
        target_refuse (cpu, &target, X86_NP);
      gate_read_target (cpu, &gate, &target);
      if (!(target.type & TYPE_CONFORMING) && target.dpl != cpu->cpl)
        target_refuse (cpu, &target, X86_GP);
      cs = target_take (cpu, &target);
      offset = gate.offset;
    }
  else if (transfer_to_task (cpu, &target, X86_TASK_JUMP, next_rip))
    return;
  else
    target_refuse (cpu, &target, X86_GP);
  check_offset (cpu, &cs, offset);
  cpu->state.rip = offset;
  x86_segment_commit_cs (cpu, &cs, cpu->cpl);
}

static void
push_return (X86Cpu *cpu, X86Stack *stack, uint64_t next_rip)
{
  x86_stack_push (cpu, stack, cpu->state.seg[X86_CS].selector);
  x86_stack_push (cpu, stack, next_rip);
}

/* A call through a gate to more privileged code: the stack comes from the TSS. */
static void
call_inner (X86Cpu *cpu, const CallGate *gate, Target *target, uint64_t next_rip)
{
  X86State *state = &cpu->state;
  X86Segment ss = { .selector = target->dpl, .attributes = X86_SEG_UNUSABLE };
  X86Stack from = x86_stack_current (cpu, gate->width);
  X86Segment cs = target_take (cpu, target);
  uint64_t parameters[32];
  X86Stack stack;

  if (gate->width == 8)
    stack = x86_stack_new (cpu, &ss, x86_task_get_rsp (cpu, target->dpl, 0), target->dpl, true, 8);
  else
    {
      uint16_t selector;
      uint32_t esp;

      x86_task_get_stack (cpu, target->dpl, &selector, &esp);
      ss = x86_stack_check_segment (cpu, selector, target->dpl, X86_TS);
      stack = x86_stack_new (cpu, &ss, esp, target->dpl, false, gate->width);
    }
  x86_stack_check_room (cpu, &stack, 4 + gate->parameters);
  check_offset (cpu, &cs, gate->offset);
  for (unsigned i = 0; i < gate->parameters; i++)
    parameters[i] = x86_stack_pop (cpu, &from);
  x86_stack_push (cpu, &stack, state->seg[X86_SS].selector);
  x86_stack_push (cpu, &stack, state->gpr[X86_RSP]);
  for (unsigned i = gate->parameters; i > 0; i--)
    x86_stack_push (cpu, &stack, parameters[i - 1]);
  push_return (cpu, &stack, next_rip);
  state->seg[X86_SS] = ss;
  x86_stack_commit (cpu, &stack);
  state->rip = gate->offset;
  x86_segment_commit_cs (cpu, &cs, target->dpl);
}

static void
call_same (X86Cpu *cpu, const X86Segment *cs, uint64_t offset, unsigned width, bool wide_stack,
           uint64_t next_rip)
{
  X86Stack stack = x86_stack_current (cpu, width);

  /* A gate of long mode leads out of compatibility mode: the stack is the 64-bit one already. */
  if (wide_stack)
    stack
      = x86_stack_new (cpu, &cpu->state.seg[X86_SS], cpu->state.gpr[X86_RSP], cpu->cpl, true, 8);
  x86_stack_check_room (cpu, &stack, 2);
  check_offset (cpu, cs, offset);
  push_return (cpu, &stack, next_rip);
  x86_stack_commit (cpu, &stack);
  cpu->state.rip = offset;
  x86_segment_commit_cs (cpu, cs, cpu->cpl);
}

static void
call_gate (X86Cpu *cpu, Target *target, uint64_t next_rip)
{
  CallGate gate = gate_unpack (cpu, target);
  X86Segment cs;

  check_gate (cpu, target);
  if (!x86_descriptor_present (&target->descriptor))
    target_refuse (cpu, target, X86_NP);
  gate_read_target (cpu, &gate, target);
  if (!(target->type & TYPE_CONFORMING) && target->dpl < cpu->cpl)
    {
      call_inner (cpu, &gate, target, next_rip);
      return;
    }
  cs = target_take (cpu, target);
  call_same (cpu, &cs, gate.offset, gate.width, gate.width == 8, next_rip);
}

static void
call_real (X86Cpu *cpu, uint16_t selector, uint64_t offset, unsigned width, uint64_t next_rip)
{
  X86Stack stack = x86_stack_current (cpu, width);

  x86_stack_check_room (cpu, &stack, 2);
  if (offset > cpu->state.seg[X86_CS].limit)
    x86_raise_code (cpu, X86_GP, 0);
  push_return (cpu, &stack, next_rip);
  x86_stack_commit (cpu, &stack);
  jump_real (cpu, selector, offset);
}

void
x86_far_call (X86Cpu *cpu, uint16_t selector, uint64_t offset, unsigned width, uint64_t next_rip)
{
  Target target;

  offset &= offset_mask (width);
  if (x86_in_real_mode (cpu) || x86_in_vm86 (cpu))
    {
      call_real (cpu, selector, offset, width, next_rip);
      return;
    }
  target_read (cpu, selector, &target);
  if (target_is_code (&target))
    {
      X86Segment cs = target_take_direct (cpu, &target);

      call_same (cpu, &cs, offset, width, false, next_rip);
    }
  else if (is_call_gate (cpu, &target))
    call_gate (cpu, &target, next_rip);
  else if (!transfer_to_task (cpu, &target, X86_TASK_CALL, next_rip))
    target_refuse (cpu, &target, X86_GP);
}

/* The code segment that RET or IRET goes back to. */
static X86Segment
take_return_target (X86Cpu *cpu, uint16_t selector, Target *target)
{
  unsigned rpl = selector & 3;

  target_read (cpu, selector, target);
  if (!target_is_code (target) || rpl < cpu->cpl
      || (target->type & TYPE_CONFORMING ? target->dpl > rpl : target->dpl != rpl))
    target_refuse (cpu, target, X86_GP);
  return target_take (cpu, target);
}

/* SS of an outer (or, in 64-bit mode, any) level; null is a stack in 64-bit code below ring 3. */
static X86Segment
take_return_stack (X86Cpu *cpu, uint16_t selector, unsigned rpl, bool to_64)
{
  if ((selector & ~3u) == 0 && to_64 && rpl != 3 && (selector & 3) == rpl)
    return (X86Segment){ .selector = selector,
                         .attributes = X86_SEG_UNUSABLE | rpl << X86_SEG_DPL_SHIFT };
  return x86_stack_check_segment (cpu, selector, rpl, X86_GP);
}

/* On the way out, data segments that the outer level may not have become null. */
static void
drop_inner_segments (X86Cpu *cpu)
{
  bool dropped = false;

  for (unsigned i = 0; i < 6; i++)
    {
      X86Segment *segment = &cpu->state.seg[i];
      bool conforming = (segment->attributes & 0xc) == 0xc;

      if (i == X86_CS || i == X86_SS || (segment->attributes & X86_SEG_UNUSABLE) || conforming)
        continue;
      if ((segment->attributes >> X86_SEG_DPL_SHIFT & 3) < cpu->cpl)
        {
          /* The base stays: systems count on that of GS. */
          segment->selector = 0;
          segment->attributes |= X86_SEG_UNUSABLE;
          dropped = true;
        }
    }
  if (dropped)
    x86_mode_update (cpu);
}

static void
set_stack_pointer (X86Cpu *cpu, uint64_t sp, unsigned width, bool to_64)
{
  uint64_t *rsp = &cpu->state.gpr[X86_RSP];

  if (to_64 || width == 8)
    *rsp = sp;
  else if (cpu->state.seg[X86_SS].attributes & X86_SEG_DB)
    *rsp = (uint32_t) sp;
  else
    *rsp = (*rsp & ~0xffffull) | (sp & 0xffff);
}

static void
return_real (X86Cpu *cpu, unsigned width, unsigned release)
{
  X86Stack stack = x86_stack_current (cpu, width);
  uint64_t rip = x86_stack_pop (cpu, &stack);
  uint16_t cs = x86_stack_pop (cpu, &stack);

  if (rip > cpu->state.seg[X86_CS].limit)
    x86_raise_code (cpu, X86_GP, 0);
  x86_stack_skip (&stack, release);
  x86_stack_commit (cpu, &stack);
  jump_real (cpu, cs, rip);
}

void
x86_far_return (X86Cpu *cpu, unsigned width, unsigned release)
{
  X86Stack stack;
  X86Segment cs, ss;
  Target target;
  uint16_t selector;
  uint64_t rip, sp;
  bool to_64;

  if (x86_in_real_mode (cpu) || x86_in_vm86 (cpu))
    {
      return_real (cpu, width, release);
      return;
    }
  stack = x86_stack_current (cpu, width);
  rip = x86_stack_pop (cpu, &stack);
  selector = x86_stack_pop (cpu, &stack);
  cs = take_return_target (cpu, selector, &target);
  to_64 = target_is_64 (cpu, &target);
  check_offset (cpu, &cs, rip);
  x86_stack_skip (&stack, release);
  if ((selector & 3u) == cpu->cpl)
    {
      x86_stack_commit (cpu, &stack);
      cpu->state.rip = rip;
      x86_segment_commit_cs (cpu, &cs, cpu->cpl);
      return;
    }
  sp = x86_stack_pop (cpu, &stack);
  ss = take_return_stack (cpu, x86_stack_pop (cpu, &stack), selector & 3, to_64);
  cpu->state.seg[X86_SS] = ss;
  cpu->state.rip = rip;
  x86_segment_commit_cs (cpu, &cs, selector & 3);
  set_stack_pointer (cpu, sp + release, width, to_64);
  drop_inner_segments (cpu);
}

/* Which flags IRET may change at the CPL it runs at. */
static uint64_t
iret_flags_mask (const X86Cpu *cpu, unsigned width)
{
  uint64_t mask = X86_FLAGS_STATUS | X86_FLAG_TF | X86_FLAG_DF | X86_FLAG_NT;
  unsigned iopl = cpu->state.rflags >> 12 & 3;

  if (width != 2)
    mask |= X86_FLAG_RF | X86_FLAG_AC | X86_FLAG_ID;
  if (cpu->cpl <= iopl)
    mask |= X86_FLAG_IF;
  if (cpu->cpl == 0)
    {
      mask |= X86_FLAG_IOPL;
      if (width != 2)
        mask |= X86_FLAG_VIF | X86_FLAG_VIP;
    }
  return mask;
}

static void
iret_real (X86Cpu *cpu, unsigned width)
{
  X86Stack stack = x86_stack_current (cpu, width);
  uint64_t rip = x86_stack_pop (cpu, &stack);
  uint16_t cs = x86_stack_pop (cpu, &stack);
  uint64_t flags = x86_stack_pop (cpu, &stack);
  uint64_t mask = width == 2 ? 0x7fd5 : 0x257fd5;

  if (rip > cpu->state.seg[X86_CS].limit)
    x86_raise_code (cpu, X86_GP, 0);
  x86_stack_commit (cpu, &stack);
  jump_real (cpu, cs, rip);
  x86_rflags_load (cpu, flags, mask);
}

static void
iret_vm86 (X86Cpu *cpu, unsigned width)
{
  X86Stack stack = x86_stack_current (cpu, width);
  bool privileged = (cpu->state.rflags & X86_FLAG_IOPL) == X86_FLAG_IOPL;
  uint64_t mask = width == 2 ? 0x4fd5 : 0x254fd5; /* all but IOPL, VM, VIF, VIP */
  uint64_t rip, flags;
  uint16_t cs;

  if (!privileged && (!(cpu->state.cr4 & X86_CR4_VME) || width != 2))
    x86_raise_code (cpu, X86_GP, 0);
  rip = x86_stack_pop (cpu, &stack);
  cs = x86_stack_pop (cpu, &stack);
  flags = x86_stack_pop (cpu, &stack);
  if (!privileged)
    {
      if ((flags & X86_FLAG_TF) || ((flags & X86_FLAG_IF) && (cpu->state.rflags & X86_FLAG_VIP)))
        x86_raise_code (cpu, X86_GP, 0);
      flags = (flags & ~(uint64_t) X86_FLAG_VIF) | (flags & X86_FLAG_IF ? X86_FLAG_VIF : 0);
      mask = (mask & ~(uint64_t) X86_FLAG_IF) | X86_FLAG_VIF;
    }
  if (rip > 0xffff)
    x86_raise_code (cpu, X86_GP, 0);
  x86_stack_commit (cpu, &stack);
  jump_real (cpu, cs, rip);
  x86_rflags_load (cpu, flags, mask);
}

/* From ring 0 of a 32-bit handler back to virtual-8086 mode. */
static void
iret_to_vm86 (X86Cpu *cpu, X86Stack *stack, uint64_t rip, uint16_t cs, uint64_t flags)
{
  static const uint8_t order[] = { X86_ES, X86_DS, X86_FS, X86_GS };
  uint16_t selectors[6] = { [X86_CS] = cs };
  uint64_t sp = x86_stack_pop (cpu, stack);

  selectors[X86_SS] = x86_stack_pop (cpu, stack);
  for (unsigned i = 0; i < G_N_ELEMENTS (order); i++)
    selectors[order[i]] = x86_stack_pop (cpu, stack);
  x86_rflags_load (cpu, flags, 0x3f7fd5);
  for (unsigned i = 0; i < 6; i++)
    x86_segment_set_real (cpu, i, selectors[i]);
  cpu->state.gpr[X86_RSP] = (uint32_t) sp;
  cpu->state.rip = rip & 0xffff;
  x86_mode_update (cpu);
}

static void
iret_protected (X86Cpu *cpu, unsigned width)
{
  X86Stack stack = x86_stack_current (cpu, width);
  uint64_t rip = x86_stack_pop (cpu, &stack);
  uint16_t selector = x86_stack_pop (cpu, &stack);
  uint64_t flags = x86_stack_pop (cpu, &stack);
  uint64_t mask = iret_flags_mask (cpu, width);
  bool with_stack = x86_is_code64 (cpu) || (selector & 3u) != cpu->cpl;
  bool to_64;
  X86Segment cs, ss;
  Target target;
  uint64_t sp = 0;

  if ((flags & X86_FLAG_VM) && width == 4 && cpu->cpl == 0 && !x86_in_long_mode (cpu))
    {
      iret_to_vm86 (cpu, &stack, rip, selector, flags);
      return;
    }
  cs = take_return_target (cpu, selector, &target);
  to_64 = target_is_64 (cpu, &target);
  check_offset (cpu, &cs, rip);
  if (with_stack)
    {
      bool outer = (selector & 3u) > cpu->cpl;

      sp = x86_stack_pop (cpu, &stack);
      ss = take_return_stack (cpu, x86_stack_pop (cpu, &stack), selector & 3, to_64);
      cpu->state.seg[X86_SS] = ss;
      cpu->state.rip = rip;
      x86_segment_commit_cs (cpu, &cs, selector & 3);
      set_stack_pointer (cpu, sp, width, to_64);
      if (outer)
        drop_inner_segments (cpu);
    }
  else
    {
      x86_stack_commit (cpu, &stack);
      cpu->state.rip = rip;
      x86_segment_commit_cs (cpu, &cs, cpu->cpl);
    }
  x86_rflags_load (cpu, flags, mask);
}

void
x86_interrupt_return (X86Cpu *cpu, unsigned width, uint64_t next_rip)
{
  if (x86_in_real_mode (cpu))
    iret_real (cpu, width);
  else if (x86_in_vm86 (cpu))
    iret_vm86 (cpu, width);
  else if (cpu->state.rflags & X86_FLAG_NT)
    {
      if (x86_in_long_mode (cpu))
        x86_raise_code (cpu, X86_GP, 0);
      x86_task_switch (cpu, x86_load_system (cpu, cpu->state.tr.base, 2), X86_TASK_IRET, next_rip,
                       false, 0);
    }
  else
    iret_protected (cpu, width);
  cpu->state.nmi_blocked = 0;
  if (cpu->state.nmi_pending)
    atomic_fetch_or (&cpu->requests, X86_REQUEST_LOCAL);
}
