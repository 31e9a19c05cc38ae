/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Task management: Intel SDM 3A, chapter 7. */
#include "task.h"

#include "access.h"
#include "exception.h"
#include "mmu.h"
#include "rflags.h"
#include "segment.h"
#include "stack.h"

#define TYPE_BUSY 2
#define TYPE_WIDE 8 /* 32-bit TSS */
#define DESCRIPTOR_BUSY (1ull << 41)

/* Offsets inside a TSS: 16 bit and 32 bit. */
typedef struct
{
  uint8_t cr3, ip, flags, gpr, segments, ldt, trap;
  uint8_t size; /* of a general register's slot */
  uint8_t slot; /* of a selector's slot */
  uint8_t n_segments;
  uint8_t limit; /* least */
} TssLayout;

static const TssLayout layout16 = { 0, 0x0e, 0x10, 0x12, 0x22, 0x2a, 0, 2, 2, 4, 0x2b };
static const TssLayout layout32 = { 0x1c, 0x20, 0x24, 0x28, 0x48, 0x60, 0x64, 4, 4, 6, 0x67 };

/* What a TSS says. */
typedef struct
{
  uint32_t cr3, ip, flags, gpr[8];
  uint16_t selectors[6], ldt;
  bool trap;
} TaskImage;

static const TssLayout *
tss_layout (unsigned type)
{
  return type & TYPE_WIDE ? &layout32 : &layout16;
}

static void
task_read (X86Cpu *cpu, uint64_t base, const TssLayout *layout, TaskImage *image)
{
  *image = (TaskImage){ 0 };
  if (layout->cr3 != 0)
    image->cr3 = x86_load_system (cpu, base + layout->cr3, 4);
  image->ip = x86_load_system (cpu, base + layout->ip, layout->size);
  image->flags = x86_load_system (cpu, base + layout->flags, layout->size);
  for (unsigned i = 0; i < 8; i++)
    image->gpr[i] = x86_load_system (cpu, base + layout->gpr + i * layout->size, layout->size);
  for (unsigned i = 0; i < layout->n_segments; i++)
    image->selectors[i] = x86_load_system (cpu, base + layout->segments + i * layout->slot, 2);
  image->ldt = x86_load_system (cpu, base + layout->ldt, 2);
  if (layout->trap != 0)
    image->trap = x86_load_system (cpu, base + layout->trap, 2) & 1;
}

static void
task_save (X86Cpu *cpu, uint64_t base, const TssLayout *layout, uint64_t rip, uint64_t flags)
{
  const X86State *state = &cpu->state;

  x86_store_system (cpu, base + layout->ip, layout->size, rip);
  x86_store_system (cpu, base + layout->flags, layout->size, flags);
  for (unsigned i = 0; i < 8; i++)
    x86_store_system (cpu, base + layout->gpr + i * layout->size, layout->size, state->gpr[i]);
  for (unsigned i = 0; i < layout->n_segments; i++)
    x86_store_system (cpu, base + layout->segments + i * layout->slot, 2, state->seg[i].selector);
}

/* Reads and checks the descriptor of the TSS to enter. */
static X86Segment
task_find (X86Cpu *cpu, uint16_t selector, X86TaskSwitch how)
{
  unsigned vector = how == X86_TASK_IRET ? X86_TS : X86_GP;
  X86Descriptor descriptor;
  X86Segment tss;
  unsigned type;

  if (selector & 4)
    x86_raise_code (cpu, vector, selector & ~3u);
  x86_descriptor_read_or_raise (cpu, selector, vector, &descriptor);
  type = x86_descriptor_type (&descriptor);
  if ((type & ~(unsigned) TYPE_WIDE) != (how == X86_TASK_IRET ? 3 : 1))
    x86_raise_code (cpu, vector, selector & ~3u);
  if (!x86_descriptor_present (&descriptor))
    x86_raise_code (cpu, X86_NP, selector & ~3u);
  tss = x86_descriptor_unpack (&descriptor, selector, false);
  if (tss.limit < tss_layout (type)->limit)
    x86_raise_code (cpu, X86_TS, selector & ~3u);
  return tss;
}

static void
task_set_busy (X86Cpu *cpu, uint16_t selector, bool busy)
{
  uint64_t at = x86_descriptor_address (cpu, selector & ~4u) + 5;
  unsigned byte = x86_load_system (cpu, at, 1);

  x86_store_system (cpu, at, 1, busy ? byte | TYPE_BUSY : byte & ~TYPE_BUSY);
}

static void
task_load_ldt (X86Cpu *cpu, uint16_t selector)
{
  X86Descriptor descriptor;

  cpu->state.ldtr = (X86Segment){ .selector = selector, .attributes = X86_SEG_UNUSABLE };
  if ((selector & ~3u) == 0)
    return;
  if ((selector & 4) || !x86_descriptor_read (cpu, selector, &descriptor)
      || x86_descriptor_type (&descriptor) != 2 || !x86_descriptor_present (&descriptor))
    x86_raise_code (cpu, X86_TS, selector & ~3u);
  cpu->state.ldtr = x86_descriptor_unpack (&descriptor, selector, false);
}

static void
task_load_cs (X86Cpu *cpu, uint16_t selector)
{
  X86Descriptor descriptor;
  X86Segment cs;
  unsigned type, dpl, rpl = selector & 3;

  if ((selector & ~3u) == 0)
    x86_raise_code (cpu, X86_TS, 0);
  x86_descriptor_read_or_raise (cpu, selector, X86_TS, &descriptor);
  type = x86_descriptor_type (&descriptor);
  dpl = x86_descriptor_dpl (&descriptor);
  if ((type & 0x18) != 0x18 || (type & 4 ? dpl > rpl : dpl != rpl))
    x86_raise_code (cpu, X86_TS, selector & ~3u);
  if (!x86_descriptor_present (&descriptor))
    x86_raise_code (cpu, X86_NP, selector & ~3u);
  x86_descriptor_set_accessed (cpu, selector, &descriptor);
  descriptor.low |= 1ull << 40;
  cs = x86_descriptor_unpack (&descriptor, selector, false);
  x86_segment_commit_cs (cpu, &cs, rpl);
}

/* Registers without their descriptors: from here on faults belong to the new task. */
static void
task_load_registers (X86Cpu *cpu, const TaskImage *image, const TssLayout *layout)
{
  X86State *state = &cpu->state;
  unsigned cpl = image->flags & X86_FLAG_VM ? 3 : image->selectors[X86_CS] & 3;

  state->rip = image->ip;
  for (unsigned i = 0; i < 8; i++)
    /* Processors fill the upper halves, which a 16-bit TSS does not have, with ones. */
    state->gpr[i] = layout->size == 4 ? image->gpr[i] : 0xffff0000 | image->gpr[i];
  for (unsigned i = 0; i < 6; i++)
    state->seg[i] = (X86Segment){ .selector = image->selectors[i],
                                  .attributes = X86_SEG_UNUSABLE | cpl << X86_SEG_DPL_SHIFT };
  /* Of a 16-bit TSS the upper half is zero, VM included. */
  x86_rflags_load (cpu, image->flags, 0x3f7fd5);
  x86_mode_update (cpu);
}

static void
task_load_segments (X86Cpu *cpu, const TaskImage *image)
{
  if (cpu->state.rflags & X86_FLAG_VM)
    {
      for (unsigned i = 0; i < 6; i++)
        x86_segment_set_real (cpu, i, image->selectors[i]);
      x86_mode_update (cpu);
      return;
    }
  task_load_cs (cpu, image->selectors[X86_CS]);
  x86_segment_load_or_raise (cpu, X86_SS, image->selectors[X86_SS], X86_TS);
  for (unsigned i = 0; i < 6; i++)
    if (i != X86_CS && i != X86_SS)
      x86_segment_load_or_raise (cpu, i, image->selectors[i], X86_TS);
  x86_mode_update (cpu);
}

static void
task_load_cr3 (X86Cpu *cpu, const TaskImage *image, const TssLayout *layout)
{
  if (layout->cr3 == 0 || !(cpu->state.cr0 & X86_CR0_PG))
    return;
  cpu->state.cr3 = image->cr3;
  if (cpu->state.cr4 & X86_CR4_PAE)
    x86_mmu_load_pdptes (cpu, image->cr3);
  x86_mmu_flush (cpu, true);
}

static void
task_push_code (X86Cpu *cpu, const TssLayout *layout, uint32_t code)
{
  X86Stack stack = x86_stack_current (cpu, layout->size);

  x86_stack_push (cpu, &stack, code);
  x86_stack_commit (cpu, &stack);
}

void
x86_task_switch (X86Cpu *cpu, uint16_t selector, X86TaskSwitch how, uint64_t next_rip,
                 bool has_code, uint32_t code)
{
  X86Segment tss = task_find (cpu, selector, how);
  const TssLayout *layout = tss_layout (tss.attributes);
  const X86Segment old = cpu->state.tr;
  const TssLayout *old_layout = tss_layout (old.attributes);
  uint64_t flags = x86_flags_get (cpu);
  TaskImage image;

  task_read (cpu, tss.base, layout, &image);
  x86_probe_store_system (cpu, old.base, old_layout->limit + 1);
  x86_probe_store_system (cpu, tss.base, 2);
  x86_probe_store_system (cpu, x86_descriptor_address (cpu, selector), 8);
  x86_probe_store_system (cpu, x86_descriptor_address (cpu, old.selector & ~4u), 8);

  if (how != X86_TASK_CALL)
    task_set_busy (cpu, old.selector, false);
  if (how == X86_TASK_IRET)
    flags &= ~(uint64_t) X86_FLAG_NT;
  task_save (cpu, old.base, old_layout, next_rip, flags);
  if (how == X86_TASK_CALL)
    {
      x86_store_system (cpu, tss.base, 2, old.selector);
      image.flags |= X86_FLAG_NT;
    }
  if (how != X86_TASK_IRET)
    task_set_busy (cpu, selector, true);
  cpu->insn = NULL;
  cpu->state.tr = tss;
  cpu->state.tr.attributes |= TYPE_BUSY;
  cpu->state.cr0 |= X86_CR0_TS;
  cpu->state.dr[7] &= ~0x155ull; /* local breakpoints */
  task_load_cr3 (cpu, &image, layout);
  task_load_registers (cpu, &image, layout);
  task_load_ldt (cpu, image.ldt);
  task_load_segments (cpu, &image);
  if (has_code)
    task_push_code (cpu, layout, code);
  if (cpu->state.rip > cpu->state.seg[X86_CS].limit)
    x86_raise_code (cpu, X86_GP, 0);
  if (image.trap)
    {
      cpu->delivering = X86_EVENT_NONE;
      x86_raise_debug_trap (cpu, 1 << 15);
    }
}

void
x86_task_get_stack (X86Cpu *cpu, unsigned level, uint16_t *ss, uint32_t *esp)
{
  const X86Segment *tr = &cpu->state.tr;
  bool wide = (tr->attributes & TYPE_WIDE) != 0;
  unsigned at = wide ? 4 + level * 8 : 2 + level * 4;

  if (at + (wide ? 5 : 3) > tr->limit)
    x86_raise_code (cpu, X86_TS, tr->selector & ~3u);
  *esp = x86_load_system (cpu, tr->base + at, wide ? 4 : 2);
  *ss = x86_load_system (cpu, tr->base + at + (wide ? 4 : 2), 2);
}

uint64_t
x86_task_get_rsp (X86Cpu *cpu, unsigned level, unsigned ist)
{
  const X86Segment *tr = &cpu->state.tr;
  unsigned at = ist != 0 ? 28 + ist * 8 : 4 + level * 8;
  uint64_t rsp;

  if (at + 7 > tr->limit)
    x86_raise_code (cpu, X86_TS, tr->selector & ~3u);
  rsp = x86_load_system (cpu, tr->base + at, 8);
  if (!x86_is_canonical (rsp))
    x86_raise_code (cpu, X86_SSF, 0);
  return rsp;
}

/* The 16 bits that start at the byte with bit 0 of bitmap position bit; all ones outside the
 * TSS. */
static bool
task_map_bits (X86Cpu *cpu, uint32_t at, uint16_t *bits)
{
  const X86Segment *tr = &cpu->state.tr;

  if ((tr->attributes & X86_SEG_UNUSABLE) || !(tr->attributes & TYPE_WIDE) || at + 1 > tr->limit)
    return false;
  *bits = x86_load_system (cpu, tr->base + at, 2);
  return true;
}

static bool
task_map_base (X86Cpu *cpu, uint32_t *base)
{
  const X86Segment *tr = &cpu->state.tr;

  if ((tr->attributes & X86_SEG_UNUSABLE) || !(tr->attributes & TYPE_WIDE) || tr->limit < 0x67)
    return false;
  *base = x86_load_system (cpu, tr->base + 0x66, 2);
  return true;
}

bool
x86_task_allows_io (X86Cpu *cpu, uint16_t port, unsigned size)
{
  uint32_t base;
  uint16_t bits;

  return task_map_base (cpu, &base) && task_map_bits (cpu, base + port / 8, &bits)
         && (bits >> port % 8 & ((1u << size) - 1)) == 0;
}

bool
x86_task_redirects (X86Cpu *cpu, uint8_t vector)
{
  uint32_t base;
  uint16_t bits;

  if (!task_map_base (cpu, &base) || base < 32
      || !task_map_bits (cpu, base - 32 + vector / 8, &bits))
    return true;
  return bits >> vector % 8 & 1;
}
