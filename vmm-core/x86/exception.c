/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exceptions and interrupts: Intel SDM 3A, chapter 6; virtual-8086: SDM 3B, 20.3. */
#include "exception.h"

#include "access.h"
#include "rflags.h"
#include "segment.h"
#include "stack.h"
#include "task.h"
#include "vmm-core/trace.h"

#include <inttypes.h>

/* What is to be delivered. */
typedef struct
{
  uint8_t vector;
  X86EventType type;
  bool has_code;
  uint32_t code;
  uint64_t rip;   /* to come back to */
  uint64_t flags; /* image to push */
} Event;

enum
{
  GATE_TASK = 5,
  GATE_INTERRUPT16 = 6,
  GATE_TRAP16 = 7,
  GATE_INTERRUPT = 14,
  GATE_TRAP = 15
};

_Noreturn static void
exception_escape (X86Cpu *cpu)
{
  if (cpu->insn != NULL)
    {
      cpu->state.rip = x86_insn_rip (cpu, cpu->insn);
      cpu->insn = NULL;
    }
  cpu->exception.type = X86_EVENT_EXCEPTION;
  siglongjmp (cpu->escape, 1);
}

_Noreturn void
x86_raise (X86Cpu *cpu, unsigned vector)
{
  cpu->exception.vector = vector;
  cpu->exception.has_code = false;
  cpu->exception.code = 0;
  exception_escape (cpu);
}

_Noreturn void
x86_raise_code (X86Cpu *cpu, unsigned vector, uint32_t code)
{
  cpu->exception.vector = vector;
  cpu->exception.has_code = true;
  cpu->exception.code = code;
  exception_escape (cpu);
}

_Noreturn void
x86_raise_page_fault (X86Cpu *cpu, uint64_t linear, uint32_t code)
{
  cpu->exception.address = linear;
  x86_raise_code (cpu, X86_PF, code);
}

_Noreturn void
x86_raise_debug_fault (X86Cpu *cpu, uint64_t dr6)
{
  cpu->exception.vector = X86_DB;
  cpu->exception.has_code = false;
  cpu->exception.code = 0;
  cpu->exception.dr6 = dr6;
  exception_escape (cpu);
}

_Noreturn void
x86_raise_debug_trap (X86Cpu *cpu, uint64_t dr6)
{
  cpu->insn = NULL;
  x86_raise_debug_fault (cpu, dr6);
}

typedef enum
{
  CLASS_BENIGN,
  CLASS_CONTRIBUTORY,
  CLASS_PAGE_FAULT,
  CLASS_DOUBLE_FAULT
} ExceptionClass;

static ExceptionClass
exception_class (unsigned vector)
{
  switch (vector)
    {
    case X86_DE:
    case X86_TS:
    case X86_NP:
    case X86_SSF:
    case X86_GP:
      return CLASS_CONTRIBUTORY;
    case X86_PF:
      return CLASS_PAGE_FAULT;
    case X86_DF:
      return CLASS_DOUBLE_FAULT;
    default:
      return CLASS_BENIGN;
    }
}

/* Table 6-5: whether second, met while first was being delivered, makes a double fault. */
static bool
exceptions_double (ExceptionClass first, ExceptionClass second)
{
  if (first == CLASS_CONTRIBUTORY)
    return second == CLASS_CONTRIBUTORY;
  if (first == CLASS_PAGE_FAULT || first == CLASS_DOUBLE_FAULT)
    return second == CLASS_CONTRIBUTORY || second == CLASS_PAGE_FAULT;
  return false;
}

/* Error codes name the event that was interrupted as external to the program. */
static bool
event_is_external (X86EventType type)
{
  return type == X86_EVENT_INTERRUPT || type == X86_EVENT_NMI || type == X86_EVENT_EXCEPTION
         || type == X86_EVENT_PRIVILEGED;
}

static _Noreturn void
raise_for_vector (X86Cpu *cpu, const Event *event, unsigned raised)
{
  x86_raise_code (cpu, raised, event->vector * 8 + 2);
}

/* Real mode, and virtual-8086 with the redirection bit clear: through the vector table at base. */
static void
deliver_real (X86Cpu *cpu, const Event *event, uint64_t base, uint64_t clear)
{
  X86Stack stack = x86_stack_current (cpu, 2);
  uint32_t target = x86_load_system (cpu, base + event->vector * 4, 4);

  x86_stack_push (cpu, &stack, event->flags);
  x86_stack_push (cpu, &stack, cpu->state.seg[X86_CS].selector);
  x86_stack_push (cpu, &stack, event->rip);
  x86_stack_commit (cpu, &stack);
  x86_rflags_load (cpu, 0, clear);
  x86_segment_set_real (cpu, X86_CS, target >> 16);
  cpu->state.rip = target & 0xffff;
  x86_mode_update (cpu);
}

/* Where a gate leads: its code segment and the privilege the handler runs at. */
typedef struct
{
  X86Segment cs;
  uint64_t offset;
  unsigned type, cpl, ist;
} Gate;

static void
gate_read_target (X86Cpu *cpu, Gate *gate, uint16_t selector)
{
  X86Descriptor descriptor;
  unsigned type, dpl;

  if ((selector & ~3u) == 0)
    x86_raise_code (cpu, X86_GP, 0);
  x86_descriptor_read_or_raise (cpu, selector, X86_GP, &descriptor);
  type = x86_descriptor_type (&descriptor);
  dpl = x86_descriptor_dpl (&descriptor);
  if ((type & 0x18) != 0x18 || dpl > cpu->cpl)
    x86_raise_code (cpu, X86_GP, selector & ~3u);
  /* Long mode: 64-bit handlers only. */
  if (x86_in_long_mode (cpu) && (descriptor.low >> 53 & 3) != 1)
    x86_raise_code (cpu, X86_GP, selector & ~3u);
  if (!x86_descriptor_present (&descriptor))
    x86_raise_code (cpu, X86_NP, selector & ~3u);
  gate->cpl = type & 4 ? cpu->cpl : dpl;
  if (x86_in_vm86 (cpu) && gate->cpl != 0)
    x86_raise_code (cpu, X86_GP, selector & ~3u);
  x86_descriptor_set_accessed (cpu, selector, &descriptor);
  descriptor.low |= 1ull << 40;
  gate->cs = x86_descriptor_unpack (&descriptor, selector, false);
}

static bool
event_needs_gate_privilege (const Event *event)
{
  return event->type == X86_EVENT_SOFTWARE || event->type == X86_EVENT_SOFTWARE_EXCEPTION;
}

/* Reads the gate and checks everything up to its target; FALSE: it is a task gate, switched
 * already. */
static bool
gate_read (X86Cpu *cpu, const Event *event, Gate *gate)
{
  bool wide = x86_in_long_mode (cpu);
  unsigned size = wide ? 16 : 8;
  uint64_t at = cpu->state.idtr.base + event->vector * size;
  uint64_t low;

  if (event->vector * size + size - 1 > cpu->state.idtr.limit)
    raise_for_vector (cpu, event, X86_GP);
  low = x86_load_system (cpu, at, 8);
  gate->type = low >> 40 & 0x1f;
  if (wide ? gate->type != GATE_INTERRUPT && gate->type != GATE_TRAP
           : gate->type != GATE_TASK && gate->type != GATE_INTERRUPT16 && gate->type != GATE_TRAP16
               && gate->type != GATE_INTERRUPT && gate->type != GATE_TRAP)
    raise_for_vector (cpu, event, X86_GP);
  if (event_needs_gate_privilege (event) && (low >> 45 & 3) < cpu->cpl)
    raise_for_vector (cpu, event, X86_GP);
  if (!(low >> 47 & 1))
    raise_for_vector (cpu, event, X86_NP);
  if (gate->type == GATE_TASK)
    {
      x86_task_switch (cpu, low >> 16, X86_TASK_CALL, event->rip, event->has_code, event->code);
      return false;
    }
  gate->offset = low & 0xffff;
  if (gate->type >= GATE_INTERRUPT)
    gate->offset |= low >> 32 & 0xffff0000;
  gate->ist = 0;
  if (wide)
    {
      gate->offset |= x86_load_system (cpu, at + 8, 8) << 32;
      gate->ist = low >> 32 & 7;
    }
  gate_read_target (cpu, gate, low >> 16);
  return true;
}

static void
deliver_finish (X86Cpu *cpu, const Gate *gate)
{
  uint64_t clear = X86_FLAG_TF | X86_FLAG_NT | X86_FLAG_RF | X86_FLAG_VM;

  if ((gate->type & 1) == 0)
    clear |= X86_FLAG_IF;
  x86_rflags_load (cpu, 0, clear);
  cpu->state.rip = gate->offset;
  x86_segment_commit_cs (cpu, &gate->cs, gate->cpl);
}

static void
deliver_long (X86Cpu *cpu, const Event *event, const Gate *gate)
{
  X86State *state = &cpu->state;
  bool inner = gate->cpl < cpu->cpl;
  uint64_t sp = state->gpr[X86_RSP];
  X86Stack stack;

  if (inner || gate->ist != 0)
    sp = x86_task_get_rsp (cpu, gate->cpl, gate->ist);
  stack = x86_stack_new (cpu, &state->seg[X86_SS], sp & ~15ull, gate->cpl, true, 8);
  x86_stack_check_room (cpu, &stack, 5 + event->has_code);
  if (!x86_is_canonical (gate->offset))
    x86_raise_code (cpu, X86_GP, 0);
  x86_stack_push (cpu, &stack, state->seg[X86_SS].selector);
  x86_stack_push (cpu, &stack, state->gpr[X86_RSP]);
  x86_stack_push (cpu, &stack, event->flags);
  x86_stack_push (cpu, &stack, state->seg[X86_CS].selector);
  x86_stack_push (cpu, &stack, event->rip);
  if (event->has_code)
    x86_stack_push (cpu, &stack, event->code);
  x86_stack_commit (cpu, &stack);
  if (inner)
    state->seg[X86_SS] = (X86Segment){ .selector = gate->cpl, .attributes = X86_SEG_UNUSABLE };
  deliver_finish (cpu, gate);
}

/* Leaving virtual-8086 mode: the handler finds the data segments on its stack and null selectors in
 * them. */
static void
push_vm86_segments (X86Cpu *cpu, X86Stack *stack)
{
  static const uint8_t order[] = { X86_GS, X86_FS, X86_DS, X86_ES };

  for (unsigned i = 0; i < G_N_ELEMENTS (order); i++)
    x86_stack_push (cpu, stack, cpu->state.seg[order[i]].selector);
}

static void
deliver_protected (X86Cpu *cpu, const Event *event, const Gate *gate)
{
  X86State *state = &cpu->state;
  bool inner = gate->cpl < cpu->cpl;
  bool vm86 = x86_in_vm86 (cpu);
  unsigned width = gate->type >= GATE_INTERRUPT ? 4 : 2;
  X86Stack stack = x86_stack_current (cpu, width);

  if (inner)
    {
      uint16_t ss;
      uint32_t esp;
      X86Segment segment;

      x86_task_get_stack (cpu, gate->cpl, &ss, &esp);
      segment = x86_stack_check_segment (cpu, ss, gate->cpl, X86_TS);
      stack = x86_stack_new (cpu, &segment, esp, gate->cpl, false, width);
    }
  x86_stack_check_room (cpu, &stack, 3 + event->has_code + (vm86 ? 6 : inner ? 2 : 0));
  if (gate->offset > gate->cs.limit)
    x86_raise_code (cpu, X86_GP, 0);
  if (inner)
    {
      if (vm86)
        push_vm86_segments (cpu, &stack);
      x86_stack_push (cpu, &stack, state->seg[X86_SS].selector);
      x86_stack_push (cpu, &stack, state->gpr[X86_RSP]);
    }
  x86_stack_push (cpu, &stack, event->flags);
  x86_stack_push (cpu, &stack, state->seg[X86_CS].selector);
  x86_stack_push (cpu, &stack, event->rip);
  if (event->has_code)
    x86_stack_push (cpu, &stack, event->code);
  if (inner)
    state->seg[X86_SS] = stack.segment;
  x86_stack_commit (cpu, &stack);
  if (vm86)
    for (unsigned i = 0; i < 6; i++)
      if (i != X86_CS && i != X86_SS)
        state->seg[i] = (X86Segment){ .attributes = X86_SEG_UNUSABLE };
  deliver_finish (cpu, gate);
}

static void
event_deliver (X86Cpu *cpu, const Event *event)
{
  Gate gate;

  TRACE ("cpu.event", "cpu %u vector %#x type %u code %#x at %04x:%#" PRIx64 " cr2 %#" PRIx64,
         cpu->index, event->vector, event->type, event->code, cpu->state.seg[X86_CS].selector,
         event->rip, cpu->state.cr2);
  if (x86_in_real_mode (cpu))
    {
      if (event->vector * 4u + 3 > cpu->state.idtr.limit)
        x86_raise_code (cpu, X86_GP, event->vector * 8 + 2);
      deliver_real (cpu, event, cpu->state.idtr.base,
                    X86_FLAG_IF | X86_FLAG_TF | X86_FLAG_AC | X86_FLAG_RF);
    }
  else if (gate_read (cpu, event, &gate))
    {
      if (x86_in_long_mode (cpu))
        deliver_long (cpu, event, &gate);
      else
        deliver_protected (cpu, event, &gate);
    }
  cpu->state.interrupt_shadow = 0;
  cpu->state.activity = X86_RUNNING;
  cpu->delivering = X86_EVENT_NONE;
}

/* Combines the new exception with the one whose delivery it broke off. FALSE: triple fault. */
static bool
exception_combine (X86Cpu *cpu)
{
  X86EventType first = cpu->delivering;

  if (first == X86_EVENT_NONE)
    return true;
  if (event_is_external (first) && cpu->exception.vector >= X86_TS
      && cpu->exception.vector <= X86_GP)
    cpu->exception.code |= 1;
  if (first == X86_EVENT_EXCEPTION
      && exceptions_double (exception_class (cpu->delivering_vector),
                            exception_class (cpu->exception.vector)))
    {
      if (cpu->delivering_vector == X86_DF)
        return false;
      cpu->exception.vector = X86_DF;
      cpu->exception.has_code = true;
      cpu->exception.code = 0;
    }
  return true;
}

bool
x86_exception_deliver (X86Cpu *cpu)
{
  Event event;

  cpu->insn = NULL;
  if (cpu->exception.vector == X86_PF)
    cpu->state.cr2 = cpu->exception.address;
  if (!exception_combine (cpu))
    {
      TRACE ("cpu.triple-fault", "cpu %u at %04x:%#" PRIx64, cpu->index,
             cpu->state.seg[X86_CS].selector, cpu->state.rip);
      cpu->delivering = X86_EVENT_NONE;
      return false;
    }
  if (cpu->exception.vector == X86_DB)
    {
      cpu->state.dr[6] = (cpu->state.dr[6] & ~0xfull) | cpu->exception.dr6;
      cpu->state.dr[7] &= ~(1ull << 13); /* GD */
    }
  cpu->delivering = X86_EVENT_EXCEPTION;
  cpu->delivering_vector = cpu->exception.vector;
  event = (Event){ .vector = cpu->exception.vector,
                   .type = X86_EVENT_EXCEPTION,
                   .has_code = cpu->exception.has_code && !x86_in_real_mode (cpu),
                   .code = cpu->exception.code,
                   .rip = cpu->state.rip,
                   .flags = x86_flags_get (cpu) };
  /* All that come here are faults, but for #DB, which leaves RF to its handler. */
  if (cpu->exception.vector != X86_DB)
    event.flags |= X86_FLAG_RF;
  event_deliver (cpu, &event);
  return true;
}

void
x86_interrupt_deliver (X86Cpu *cpu, unsigned vector, X86EventType type)
{
  Event event
    = { .vector = vector, .type = type, .rip = cpu->state.rip, .flags = x86_flags_get (cpu) };

  cpu->insn = NULL;
  cpu->delivering = type;
  cpu->delivering_vector = vector;
  event_deliver (cpu, &event);
  if (type == X86_EVENT_NMI)
    cpu->state.nmi_blocked = 1;
}

/* INT n in virtual-8086 mode (table 20-2). TRUE: done here. */
static bool
software_interrupt_vm86 (X86Cpu *cpu, Event *event)
{
  bool privileged = (cpu->state.rflags & X86_FLAG_IOPL) == X86_FLAG_IOPL;
  uint64_t clear = X86_FLAG_TF | X86_FLAG_NT | X86_FLAG_RF;

  if (event->type != X86_EVENT_SOFTWARE)
    return false;
  if (!(cpu->state.cr4 & X86_CR4_VME) || x86_task_redirects (cpu, event->vector))
    {
      if (!privileged)
        x86_raise_code (cpu, X86_GP, 0);
      return false;
    }
  if (privileged)
    clear |= X86_FLAG_IF;
  else
    {
      bool vif = (event->flags & X86_FLAG_VIF) != 0;

      event->flags = (event->flags & ~X86_FLAG_IF) | X86_FLAG_IOPL | (vif ? X86_FLAG_IF : 0);
      clear |= X86_FLAG_VIF;
    }
  deliver_real (cpu, event, 0, clear);
  cpu->delivering = X86_EVENT_NONE;
  return true;
}

void
x86_software_interrupt (X86Cpu *cpu, unsigned vector, X86EventType type, uint64_t next_rip)
{
  Event event = { .vector = vector,
                  .type = type,
                  .rip = next_rip,
                  .flags = x86_flags_get (cpu) & ~(uint64_t) X86_FLAG_RF };

  cpu->delivering = type;
  cpu->delivering_vector = vector;
  cpu->step_void = true;
  if (type == X86_EVENT_PRIVILEGED)
    {
      /* Breakpoints that MOV SS held back are reported along with it. */
      cpu->state.dr[6] |= cpu->debug_hits;
      cpu->debug_hits = 0;
    }
  if (x86_in_vm86 (cpu) && software_interrupt_vm86 (cpu, &event))
    return;
  event_deliver (cpu, &event);
}
