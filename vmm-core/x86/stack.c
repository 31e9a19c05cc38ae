/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stack.h"

#include "access.h"
#include "segment.h"

X86Stack
x86_stack_new (X86Cpu *cpu, const X86Segment *segment, uint64_t sp, unsigned cpl, bool wide,
               unsigned width)
{
  X86Stack stack = { .segment = *segment, .sp = sp, .width = width };

  stack.mask = wide ? UINT64_MAX : segment->attributes & X86_SEG_DB ? UINT32_MAX : 0xffff;
  stack.access = cpl == 3 ? X86_PF_U : 0;
  stack.fault_code = wide ? 0 : segment->selector & ~3u;
  return stack;
}

X86Stack
x86_stack_current (X86Cpu *cpu, unsigned width)
{
  X86Stack stack = x86_stack_new (cpu, &cpu->state.seg[X86_SS], cpu->state.gpr[X86_RSP], cpu->cpl,
                                  x86_is_code64 (cpu), width);

  stack.fault_code = 0;
  return stack;
}

static uint64_t
stack_linear (X86Cpu *cpu, const X86Stack *stack, uint64_t sp)
{
  if (stack->mask == UINT64_MAX)
    {
      if (!x86_is_canonical (sp) || !x86_is_canonical (sp + stack->width - 1))
        x86_raise_code (cpu, X86_SSF, stack->fault_code);
      return sp;
    }
  if ((stack->segment.attributes & X86_SEG_UNUSABLE)
      || !x86_segment_contains (&stack->segment, sp, stack->width))
    x86_raise_code (cpu, X86_SSF, stack->fault_code);
  return (stack->segment.base + sp) & UINT32_MAX;
}

void
x86_stack_check_room (X86Cpu *cpu, const X86Stack *stack, unsigned n)
{
  for (unsigned i = 1; i <= n; i++)
    stack_linear (cpu, stack, (stack->sp - i * stack->width) & stack->mask);
}

void
x86_stack_push (X86Cpu *cpu, X86Stack *stack, uint64_t value)
{
  uint64_t sp = (stack->sp - stack->width) & stack->mask;

  x86_store_as (cpu, stack_linear (cpu, stack, sp), stack->width, value, stack->access);
  stack->sp = sp;
}

uint64_t
x86_stack_pop (X86Cpu *cpu, X86Stack *stack)
{
  uint64_t sp = stack->sp & stack->mask;
  uint64_t value = x86_load_as (cpu, stack_linear (cpu, stack, sp), stack->width, stack->access);

  stack->sp = (sp + stack->width) & stack->mask;
  return value;
}

void
x86_stack_skip (X86Stack *stack, uint64_t bytes)
{
  stack->sp = (stack->sp + bytes) & stack->mask;
}

void
x86_stack_commit (X86Cpu *cpu, const X86Stack *stack)
{
  uint64_t *rsp = &cpu->state.gpr[X86_RSP];

  if (stack->mask == UINT32_MAX)
    *rsp = (uint32_t) stack->sp;
  else
    *rsp = (*rsp & ~stack->mask) | (stack->sp & stack->mask);
}

X86Segment
x86_stack_check_segment (X86Cpu *cpu, uint16_t selector, unsigned cpl, unsigned vector)
{
  X86Descriptor descriptor;

  if ((selector & ~3u) == 0)
    x86_raise_code (cpu, vector, 0);
  x86_descriptor_read_or_raise (cpu, selector, vector, &descriptor);
  /* A writable data segment of exactly that privilege. */
  if ((selector & 3) != cpl || x86_descriptor_dpl (&descriptor) != cpl
      || (x86_descriptor_type (&descriptor) & 0x1a) != 0x12)
    x86_raise_code (cpu, vector, selector & ~3u);
  if (!x86_descriptor_present (&descriptor))
    x86_raise_code (cpu, X86_SSF, selector & ~3u);
  x86_descriptor_set_accessed (cpu, selector, &descriptor);
  descriptor.low |= 1ull << 40;
  return x86_descriptor_unpack (&descriptor, selector, false);
}
