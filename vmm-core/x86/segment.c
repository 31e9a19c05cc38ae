/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Segmentation: Intel SDM 3A, chapters 3 and 5. */
#include "segment.h"

#include "access.h"
#include "mmu.h"

#define TYPE_CODE 8
#define TYPE_WRITABLE 2    /* of data; readable for code */
#define TYPE_EXPAND_DOWN 4 /* of data; conforming for code */

bool
x86_is_canonical (uint64_t linear)
{
  return (uint64_t) ((int64_t) (linear << 16) >> 16) == linear;
}

static unsigned
segment_dpl (const X86Segment *segment)
{
  return segment->attributes >> X86_SEG_DPL_SHIFT & 3;
}

static bool
segment_is_flat (const X86Segment *segment, bool code)
{
  uint32_t want = X86_SEG_S | X86_SEG_P | (code ? TYPE_CODE | TYPE_WRITABLE : TYPE_WRITABLE);
  uint32_t mask = X86_SEG_UNUSABLE | X86_SEG_S | X86_SEG_P | TYPE_CODE | TYPE_WRITABLE
                  | (code ? 0 : TYPE_EXPAND_DOWN);

  return segment->base == 0 && segment->limit == UINT32_MAX && (segment->attributes & mask) == want;
}

/* Whether the cached type lets data be read and written; real mode does not look. */
static void
segment_rights (const X86Cpu *cpu, const X86Segment *segment, bool *readable, bool *writable)
{
  unsigned type = segment->attributes & X86_SEG_TYPE;

  *readable = *writable = true;
  if (!(cpu->mode & X86_MODE_PROTECTED) || (cpu->mode & X86_MODE_VM86))
    return;
  if ((segment->attributes & X86_SEG_UNUSABLE) || !(segment->attributes & X86_SEG_P))
    *readable = *writable = false;
  else if (type & TYPE_CODE)
    {
      *readable = (type & TYPE_WRITABLE) != 0;
      *writable = false;
    }
  else
    *writable = (type & TYPE_WRITABLE) != 0;
}

static bool
segment_expands_down (const X86Segment *segment)
{
  return (segment->attributes & (TYPE_CODE | TYPE_EXPAND_DOWN | X86_SEG_S))
         == (TYPE_EXPAND_DOWN | X86_SEG_S);
}

bool
x86_segment_contains (const X86Segment *segment, uint64_t ea, unsigned length)
{
  uint64_t last = ea + length - 1;

  if (segment_expands_down (segment))
    return ea > segment->limit && last <= (segment->attributes & X86_SEG_DB ? UINT32_MAX : 0xffff);
  /* A segment of 4 GiB wraps around. */
  return last <= segment->limit || (segment->limit == UINT32_MAX && ea <= UINT32_MAX);
}

static bool
mode_checks_alignment (const X86Cpu *cpu)
{
  return cpu->cpl == 3 && (cpu->state.rflags & X86_FLAG_AC) && (cpu->state.cr0 & X86_CR0_AM);
}

static void
window_update (X86Cpu *cpu, unsigned i)
{
  const X86Segment *segment = &cpu->state.seg[i];
  X86Window *window = &cpu->window[i];
  uint64_t end;
  bool readable, writable;

  window->read_end = window->write_end = 0;
  if (x86_is_code64 (cpu))
    {
      window->base = i >= X86_FS ? segment->base : 0;
      end = UINT64_MAX;
      readable = writable = true;
    }
  else
    {
      window->base = segment->base;
      end = segment->limit >= 7 ? (uint64_t) segment->limit - 6 : 0;
      segment_rights (cpu, segment, &readable, &writable);
      if (segment_expands_down (segment))
        end = 0;
    }
  if (mode_checks_alignment (cpu))
    end = 0;
  window->read_end = readable ? end : 0;
  window->write_end = writable ? end : 0;
}

static void
windows_update (X86Cpu *cpu)
{
  for (unsigned i = 0; i < 6; i++)
    window_update (cpu, i);
}

static void
mode_update_flat (X86Cpu *cpu)
{
  const X86Segment *seg = cpu->state.seg;
  bool flat = x86_is_code64 (cpu)
              || (segment_is_flat (&seg[X86_CS], true) && segment_is_flat (&seg[X86_SS], false)
                  && segment_is_flat (&seg[X86_DS], false) && segment_is_flat (&seg[X86_ES], false)
                  && (cpu->mode & X86_MODE_PROTECTED));

  cpu->mode = (cpu->mode & ~X86_MODE_FLAT) | (flat ? X86_MODE_FLAT : 0);
}

static void
view_update (X86Cpu *cpu)
{
  unsigned view = X86_VIEW_SUPERVISOR;

  if (cpu->cpl == 3)
    view = X86_VIEW_USER;
  else if ((cpu->state.cr4 & X86_CR4_SMAP) && (cpu->state.rflags & X86_FLAG_AC))
    view = X86_VIEW_SUPERVISOR_AC;
  cpu->view = cpu->tlb.view[view];
}

/* All but windows and the view. */
static void
mode_update_word (X86Cpu *cpu)
{
  const X86State *state = &cpu->state;
  const X86Segment *cs = &state->seg[X86_CS];
  uint32_t mode = 0;

  if (state->cr0 & X86_CR0_PE)
    mode |= X86_MODE_PROTECTED;
  if (state->efer & X86_EFER_LMA)
    mode |= X86_MODE_LONG;
  if ((state->rflags & X86_FLAG_VM) && !(mode & X86_MODE_LONG) && (mode & X86_MODE_PROTECTED))
    {
      mode |= X86_MODE_VM86;
      cpu->cpl = 3;
    }
  else
    cpu->cpl = mode & X86_MODE_PROTECTED ? segment_dpl (&state->seg[X86_SS]) : 0;
  if ((mode & X86_MODE_LONG) && (cs->attributes & X86_SEG_L))
    mode |= X86_MODE_CODE64;
  else if (cs->attributes & X86_SEG_DB)
    mode |= X86_MODE_CODE32;
  if (state->seg[X86_SS].attributes & X86_SEG_DB)
    mode |= X86_MODE_STACK32;
  if (cpu->cpl == 3)
    mode |= X86_MODE_USER;
  cpu->mode = mode;
  cpu->linear_mask = mode & X86_MODE_CODE64 ? UINT64_MAX : UINT32_MAX;
  mode_update_flat (cpu);
}

void
x86_mode_update (X86Cpu *cpu)
{
  mode_update_word (cpu);
  windows_update (cpu);
  view_update (cpu);
}

void
x86_mode_update_ac (X86Cpu *cpu)
{
  if (cpu->cpl == 3 && (cpu->state.cr0 & X86_CR0_AM))
    windows_update (cpu);
  view_update (cpu);
}

static void
segment_check_alignment (X86Cpu *cpu, uint64_t linear, unsigned length)
{
  if (mode_checks_alignment (cpu) && (length == 2 || length == 4 || length == 8)
      && (linear & (length - 1)))
    x86_raise_code (cpu, X86_AC, 0);
}

uint64_t
x86_segment_linear (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned length, bool write)
{
  const X86Segment *s = &cpu->state.seg[segment];
  unsigned vector = segment == X86_SS ? X86_SSF : X86_GP;
  uint64_t linear = (ea + cpu->window[segment].base) & cpu->linear_mask;
  bool readable, writable;

  if (x86_is_code64 (cpu))
    {
      if (!x86_is_canonical (linear) || !x86_is_canonical (linear + length - 1))
        x86_raise_code (cpu, vector, 0);
      segment_check_alignment (cpu, linear, length);
      return linear;
    }
  segment_rights (cpu, s, &readable, &writable);
  if (!(write ? writable : readable))
    x86_raise_code (cpu, vector, 0);
  if (!x86_segment_contains (s, ea, length))
    x86_raise_code (cpu, vector, 0);
  segment_check_alignment (cpu, linear, length);
  return linear;
}

void
x86_segment_set_base (X86Cpu *cpu, unsigned segment, uint64_t base)
{
  cpu->state.seg[segment].base = base;
  window_update (cpu, segment);
}

uint64_t
x86_descriptor_address (X86Cpu *cpu, uint16_t selector)
{
  return (selector & 4 ? cpu->state.ldtr.base : cpu->state.gdtr.base) + (selector & ~7u);
}

bool
x86_descriptor_read (X86Cpu *cpu, uint16_t selector, X86Descriptor *descriptor)
{
  const X86State *state = &cpu->state;
  uint32_t limit = selector & 4 ? state->ldtr.limit : state->gdtr.limit;
  uint64_t address = x86_descriptor_address (cpu, selector);

  if ((selector & 4) && (state->ldtr.attributes & X86_SEG_UNUSABLE))
    return false;
  if ((selector | 7u) > limit)
    return false;
  descriptor->low = x86_load_system (cpu, address, 8);
  descriptor->high = 0;
  if (x86_in_long_mode (cpu) && !(descriptor->low >> 44 & 1) && (selector | 7u) + 8 <= limit)
    descriptor->high = x86_load_system (cpu, address + 8, 8);
  return true;
}

void
x86_descriptor_read_or_raise (X86Cpu *cpu, uint16_t selector, unsigned vector,
                              X86Descriptor *descriptor)
{
  if (!x86_descriptor_read (cpu, selector, descriptor))
    x86_raise_code (cpu, vector, selector & ~3u);
}

X86Segment
x86_descriptor_unpack (const X86Descriptor *descriptor, uint16_t selector, bool wide)
{
  uint64_t low = descriptor->low;
  X86Segment segment = { .selector = selector };

  segment.base = (low >> 16 & 0xffffff) | (low >> 32 & 0xff000000);
  if (wide)
    segment.base |= descriptor->high << 32;
  segment.limit = (low & 0xffff) | (low >> 32 & 0xf0000);
  segment.attributes = low >> 40 & 0xf0ff;
  if (segment.attributes & X86_SEG_G)
    segment.limit = segment.limit << 12 | 0xfff;
  return segment;
}

void
x86_descriptor_set_accessed (X86Cpu *cpu, uint16_t selector, const X86Descriptor *descriptor)
{
  uint64_t accessed = 1ull << 40;

  if (!(descriptor->low & accessed))
    x86_store_system (cpu, x86_descriptor_address (cpu, selector) + 5, 1,
                      (descriptor->low | accessed) >> 40 & 0xff);
}

void
x86_segment_set_real (X86Cpu *cpu, unsigned segment, uint16_t selector)
{
  X86Segment *s = &cpu->state.seg[segment];

  s->selector = selector;
  s->base = (uint32_t) selector << 4;
  if (cpu->state.rflags & X86_FLAG_VM)
    {
      s->limit = 0xffff;
      s->attributes = X86_SEG_P | X86_SEG_S | 3 << X86_SEG_DPL_SHIFT | 3;
    }
  else
    {
      /* The limit stays what it was: "unreal" mode lives on that. */
      s->attributes = (s->attributes & (X86_SEG_DB | X86_SEG_G)) | X86_SEG_P | X86_SEG_S | 3;
    }
}

static void
segment_load_null (X86Cpu *cpu, unsigned segment, uint16_t selector, unsigned vector)
{
  X86Segment *s = &cpu->state.seg[segment];

  if (segment == X86_SS)
    {
      if (!x86_is_code64 (cpu) || cpu->cpl == 3 || (selector & 3) != cpu->cpl)
        x86_raise_code (cpu, vector, 0);
      *s = (X86Segment){ .selector = selector,
                         .attributes = X86_SEG_UNUSABLE | cpu->cpl << X86_SEG_DPL_SHIFT };
      return;
    }
  /* The base of a null FS or GS is cleared, as Intel's CPUs do. */
  *s = (X86Segment){ .selector = selector, .attributes = X86_SEG_UNUSABLE };
}

/* The checks of MOV and POP to SS. */
static void
segment_check_stack (X86Cpu *cpu, uint16_t selector, const X86Descriptor *descriptor,
                     unsigned vector)
{
  unsigned type = x86_descriptor_type (descriptor);

  if ((selector & 3) != cpu->cpl
      || (type & (X86_SEG_S | TYPE_CODE | TYPE_WRITABLE)) != (X86_SEG_S | TYPE_WRITABLE)
      || x86_descriptor_dpl (descriptor) != cpu->cpl)
    x86_raise_code (cpu, vector, selector & ~3u);
  if (!x86_descriptor_present (descriptor))
    x86_raise_code (cpu, X86_SSF, selector & ~3u);
}

static void
segment_check_data (X86Cpu *cpu, uint16_t selector, const X86Descriptor *descriptor,
                    unsigned vector)
{
  unsigned type = x86_descriptor_type (descriptor);
  unsigned privilege = MAX (selector & 3, cpu->cpl);
  bool code = (type & TYPE_CODE) != 0;
  bool conforming = code && (type & TYPE_EXPAND_DOWN);

  if (!(type & X86_SEG_S) || (code && !(type & TYPE_WRITABLE))
      || (!conforming && privilege > x86_descriptor_dpl (descriptor)))
    x86_raise_code (cpu, vector, selector & ~3u);
  if (!x86_descriptor_present (descriptor))
    x86_raise_code (cpu, X86_NP, selector & ~3u);
}

void
x86_segment_load (X86Cpu *cpu, unsigned segment, uint16_t selector)
{
  x86_segment_load_or_raise (cpu, segment, selector, X86_GP);
}

void
x86_segment_load_or_raise (X86Cpu *cpu, unsigned segment, uint16_t selector, unsigned vector)
{
  X86Descriptor descriptor;

  if (x86_in_real_mode (cpu) || x86_in_vm86 (cpu))
    x86_segment_set_real (cpu, segment, selector);
  else if ((selector & ~3u) == 0)
    segment_load_null (cpu, segment, selector, vector);
  else
    {
      x86_descriptor_read_or_raise (cpu, selector, vector, &descriptor);
      if (segment == X86_SS)
        segment_check_stack (cpu, selector, &descriptor, vector);
      else
        segment_check_data (cpu, selector, &descriptor, vector);
      x86_descriptor_set_accessed (cpu, selector, &descriptor);
      descriptor.low |= 1ull << 40;
      cpu->state.seg[segment] = x86_descriptor_unpack (&descriptor, selector, false);
    }
  if (segment == X86_SS)
    {
      cpu->mode &= ~X86_MODE_STACK32;
      if (cpu->state.seg[X86_SS].attributes & X86_SEG_DB)
        cpu->mode |= X86_MODE_STACK32;
    }
  window_update (cpu, segment);
  mode_update_flat (cpu);
}

void
x86_segment_commit_cs (X86Cpu *cpu, const X86Segment *cs, unsigned cpl)
{
  X86Segment *ss = &cpu->state.seg[X86_SS];
  bool was_code64 = x86_is_code64 (cpu);

  cpu->state.seg[X86_CS] = *cs;
  cpu->state.seg[X86_CS].selector = (cs->selector & ~3u) | cpl;
  ss->attributes = (ss->attributes & ~(3u << X86_SEG_DPL_SHIFT)) | cpl << X86_SEG_DPL_SHIFT;
  mode_update_word (cpu);
  view_update (cpu);
  /* The windows of 64-bit code are the same whatever CS and SS are. */
  if (!was_code64 || !x86_is_code64 (cpu)
      || ((cpu->state.cr0 & X86_CR0_AM) && (cpu->state.rflags & X86_FLAG_AC)))
    windows_update (cpu);
}
