/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "access.h"

#include "debug.h"
#include "segment.h"
#include "software.h"

#include <string.h>

/* An operand that may lie in two pages, translated and not yet moved. */
typedef struct
{
  X86Page page[2];
  unsigned first; /* bytes in the first page */
} Operand;

static unsigned
access_explicit (const X86Cpu *cpu, bool write)
{
  return (write ? X86_PF_W : 0) | (cpu->cpl == 3 ? X86_PF_U : 0);
}

static Operand
operand_translate_masked (X86Cpu *cpu, uint64_t linear, unsigned length, unsigned access,
                          uint64_t mask)
{
  Operand operand;

  operand.first = MIN (length, 4096 - (linear & 4095));
  x86_mmu_translate (cpu, linear, access, &operand.page[0]);
  if (operand.first < length)
    x86_mmu_translate (cpu, (linear + operand.first) & mask, access, &operand.page[1]);
  return operand;
}

static Operand
operand_translate (X86Cpu *cpu, uint64_t linear, unsigned length, unsigned access)
{
  return operand_translate_masked (cpu, linear, length, access, cpu->linear_mask);
}

static uint64_t
operand_load (X86Cpu *cpu, const Operand *operand, unsigned size)
{
  uint64_t value = x86_page_read (cpu, &operand->page[0], operand->first);

  if (operand->first < size)
    value = (value & ((1ull << 8 * operand->first) - 1))
            | x86_page_read (cpu, &operand->page[1], size - operand->first) << 8 * operand->first;
  return value;
}

static void
operand_store (X86Cpu *cpu, const Operand *operand, unsigned size, uint64_t value)
{
  x86_page_write (cpu, &operand->page[0], operand->first, value);
  if (operand->first < size)
    x86_page_write (cpu, &operand->page[1], size - operand->first, value >> 8 * operand->first);
}

static void
access_watch (X86Cpu *cpu, uint64_t linear, unsigned length, bool write)
{
  if (G_UNLIKELY (cpu->watching))
    x86_debug_note_access (cpu, linear, length, write);
}

uint64_t
x86_load_slow (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned size)
{
  uint64_t linear = x86_segment_linear (cpu, segment, ea, size, false);
  Operand operand = operand_translate (cpu, linear, size, access_explicit (cpu, false));

  access_watch (cpu, linear, size, false);
  return operand_load (cpu, &operand, size);
}

void
x86_store_slow (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned size, uint64_t value)
{
  uint64_t linear = x86_segment_linear (cpu, segment, ea, size, true);
  Operand operand = operand_translate (cpu, linear, size, access_explicit (cpu, true));

  access_watch (cpu, linear, size, true);
  operand_store (cpu, &operand, size, value);
}

/* Bytes of one page, eight at a time where they go to a device. */
static void
page_read_bytes (X86Cpu *cpu, const X86Page *page, uint8_t *to, unsigned length)
{
  X86Page piece = *page;

  if (page->host != NULL)
    {
      memcpy (to, page->host, length);
      return;
    }
  while (length > 0)
    {
      unsigned n = length >= 8 ? 8 : length >= 4 ? 4 : 1;
      uint64_t value = x86_page_read (cpu, &piece, n);

      memcpy (to, &value, n);
      to += n;
      length -= n;
      piece.physical += n;
    }
}

static void
page_write_bytes (X86Cpu *cpu, const X86Page *page, const uint8_t *from, unsigned length)
{
  X86Page piece = *page;

  if (page->host != NULL)
    {
      memcpy (page->host, from, length);
      x86_page_stored (cpu, page, length);
      return;
    }
  while (length > 0)
    {
      unsigned n = length >= 8 ? 8 : length >= 4 ? 4 : 1;
      uint64_t value = 0;

      memcpy (&value, from, n);
      x86_page_write (cpu, &piece, n, value);
      from += n;
      length -= n;
      piece.physical += n;
    }
}

void
x86_load_bytes (X86Cpu *cpu, unsigned segment, uint64_t ea, void *buffer, unsigned length)
{
  uint8_t *to = buffer;
  const X86Window *window = &cpu->window[segment];
  uint64_t linear = (ea + window->base) & cpu->linear_mask;
  const X86TlbEntry *entry = &cpu->view[x86_tlb_index (linear)];
  Operand operand;

  /* The window knows of eight bytes; the last ones are asked for by themselves. */
  if (length >= 8 && ea < window->read_end && ea + length - 8 < window->read_end
      && ea + length - 8 >= ea && (linear ^ entry->read) <= 4096 - length)
    {
      memcpy (to, (const void *) (uintptr_t) (linear + entry->addend), length);
      return;
    }
  linear = x86_segment_linear (cpu, segment, ea, length, false);
  operand = operand_translate (cpu, linear, length, access_explicit (cpu, false));
  access_watch (cpu, linear, length, false);
  page_read_bytes (cpu, &operand.page[0], to, operand.first);
  if (operand.first < length)
    page_read_bytes (cpu, &operand.page[1], to + operand.first, length - operand.first);
}

void
x86_store_bytes (X86Cpu *cpu, unsigned segment, uint64_t ea, const void *buffer, unsigned length)
{
  const uint8_t *from = buffer;
  const X86Window *window = &cpu->window[segment];
  uint64_t linear = (ea + window->base) & cpu->linear_mask;
  const X86TlbEntry *entry = &cpu->view[x86_tlb_index (linear)];
  Operand operand;

  if (length >= 8 && ea < window->write_end && ea + length - 8 < window->write_end
      && ea + length - 8 >= ea && (linear ^ entry->write) <= 4096 - length)
    {
      memcpy ((void *) (uintptr_t) (linear + entry->addend), from, length);
      return;
    }
  linear = x86_segment_linear (cpu, segment, ea, length, true);
  operand = operand_translate (cpu, linear, length, access_explicit (cpu, true));
  access_watch (cpu, linear, length, true);
  page_write_bytes (cpu, &operand.page[0], from, operand.first);
  if (operand.first < length)
    page_write_bytes (cpu, &operand.page[1], from + operand.first, length - operand.first);
}

void
x86_probe_load (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned length)
{
  operand_translate (cpu, x86_segment_linear (cpu, segment, ea, length, false), length,
                     access_explicit (cpu, false));
}

void
x86_probe_store (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned length)
{
  operand_translate (cpu, x86_segment_linear (cpu, segment, ea, length, true), length,
                     access_explicit (cpu, true));
}

/* Where reads of a page go that was translated for writing: ROM answers reads only. */
static X86Page
modify_source (X86Cpu *cpu, const X86Page *page)
{
  X86Page source = *page;
  MemoryRange range;

  if (page->lapic)
    return source;
  range = memory_find (cpu->software->machine.memory, page->physical);
  source.host = range.read != NULL ? range.read + (page->physical - range.first) : NULL;
  return source;
}

static void
modify_load (X86Cpu *cpu, X86Modify *modify)
{
  X86Page source = modify_source (cpu, &modify->page[0]);

  page_read_bytes (cpu, &source, modify->copy, modify->first);
  if (modify->first == modify->length)
    return;
  source = modify_source (cpu, &modify->page[1]);
  page_read_bytes (cpu, &source, modify->copy + modify->first, modify->length - modify->first);
}

void *
x86_modify_begin_slow (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned length, bool locked,
                       X86Modify *modify)
{
  uint64_t linear = x86_segment_linear (cpu, segment, ea, length, true);
  Operand operand = operand_translate (cpu, linear, length, access_explicit (cpu, true));
  X86Page *page = operand.page;

  access_watch (cpu, linear, length, true);
  if (operand.first == length && page->host != NULL && modify_source (cpu, page).host == page->host
      && !memory_block_has_code (page->block, page->block_page))
    {
      memory_block_mark_dirty (page->block, page->block_page, 1);
      return page->host;
    }
  memcpy (modify->page, operand.page, sizeof modify->page);
  modify->length = length;
  modify->first = operand.first;
  modify->copied = true;
  modify->exclusive = locked && cpu->software->n_cpus > 1;
  if (modify->exclusive)
    x86_exclusive_begin (cpu);
  modify_load (cpu, modify);
  return modify->copy;
}

void
x86_modify_end_slow (X86Cpu *cpu, X86Modify *modify)
{
  page_write_bytes (cpu, &modify->page[0], modify->copy, modify->first);
  if (modify->first < modify->length)
    page_write_bytes (cpu, &modify->page[1], modify->copy + modify->first,
                      modify->length - modify->first);
  if (modify->exclusive)
    x86_exclusive_end (cpu);
}

/* Linear addresses of tables are 64 bits wide in compatibility mode, too. */
static uint64_t
system_mask (const X86Cpu *cpu)
{
  return x86_in_long_mode (cpu) ? UINT64_MAX : UINT32_MAX;
}

/* The TLB's entry for an access by linear address. A supervisor's is looked for where no user pages
 * are if SMAP is on: what is found there is good with and without it. */
static const X86TlbEntry *
system_entry (const X86Cpu *cpu, uint64_t linear, unsigned access)
{
  unsigned view = access & X86_PF_U ? X86_VIEW_USER : X86_VIEW_SUPERVISOR;

  return &cpu->tlb.view[view][x86_tlb_index (linear)];
}

uint64_t
x86_load_as (X86Cpu *cpu, uint64_t linear, unsigned size, unsigned access)
{
  uint64_t mask = system_mask (cpu);
  const X86TlbEntry *entry;
  Operand operand;
  uint64_t value = 0;

  linear &= mask;
  entry = system_entry (cpu, linear, access);
  if ((linear ^ entry->read) <= 4096 - size)
    {
      memcpy (&value, (const void *) (uintptr_t) (linear + entry->addend), size);
      return value;
    }
  operand = operand_translate_masked (cpu, linear, size, access, mask);
  return operand_load (cpu, &operand, size) & (size == 8 ? UINT64_MAX : (1ull << 8 * size) - 1);
}

void
x86_store_as (X86Cpu *cpu, uint64_t linear, unsigned size, uint64_t value, unsigned access)
{
  uint64_t mask = system_mask (cpu);
  const X86TlbEntry *entry;
  Operand operand;

  linear &= mask;
  entry = system_entry (cpu, linear, access);
  if ((linear ^ entry->write) <= 4096 - size)
    {
      memcpy ((void *) (uintptr_t) (linear + entry->addend), &value, size);
      return;
    }
  operand = operand_translate_masked (cpu, linear, size, access | X86_PF_W, mask);
  operand_store (cpu, &operand, size, value);
}

uint64_t
x86_load_system (X86Cpu *cpu, uint64_t linear, unsigned size)
{
  return x86_load_as (cpu, linear, size, X86_ACCESS_IMPLICIT);
}

void
x86_store_system (X86Cpu *cpu, uint64_t linear, unsigned size, uint64_t value)
{
  x86_store_as (cpu, linear, size, value, X86_ACCESS_IMPLICIT);
}

void
x86_probe_store_system (X86Cpu *cpu, uint64_t linear, unsigned length)
{
  uint64_t mask = system_mask (cpu);

  linear &= mask;
  if ((linear ^ system_entry (cpu, linear, X86_ACCESS_IMPLICIT)->write) <= 4096 - length)
    return;
  operand_translate_masked (cpu, linear, length, X86_ACCESS_IMPLICIT | X86_PF_W, mask);
}

/* How many bytes from the element at linear stay in its page, in the direction of travel. */
static uint64_t
run_in_page (uint64_t linear, unsigned element, bool backwards)
{
  unsigned offset = linear & 4095;

  return backwards ? offset + element : 4096 - offset;
}

/* The same in a page that code shares with data: as much as meets no code, by halves. */
static uint8_t *
run_beside_code (X86Cpu *cpu, uint64_t linear, unsigned element, bool backwards,
                 uint64_t *available)
{
  for (uint64_t n = *available / element * element; n > 0; n = n / 2 / element * element)
    {
      const uint8_t *page
        = x86_mmu_find_beside_code (cpu, backwards ? linear + element - n : linear, n);

      *available = n;
      if (page != NULL)
        return (uint8_t *) page + (linear & 4095);
    }
  return NULL;
}

uint8_t *
x86_string_run (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned element, bool write,
                bool backwards, uint64_t wanted, uint64_t *available)
{
  const X86Window *window = &cpu->window[segment];
  uint64_t end = write ? window->write_end : window->read_end;
  uint64_t linear = (ea + window->base) & cpu->linear_mask;
  const X86TlbEntry *entry = &cpu->view[x86_tlb_index (linear)];
  uint64_t n = run_in_page (linear, element, backwards);
  bool beside_code = false;

  /* Within the window only: expand-down segments and their like go element by element. */
  if (ea >= end || (linear & 4095) > 4096 - element || !x86_is_canonical (linear))
    return NULL;
  if ((linear ^ (write ? entry->write : entry->read)) > 4096 - element)
    {
      X86Page page;

      x86_mmu_translate (cpu, linear, access_explicit (cpu, write), &page);
      beside_code = (linear ^ (write ? entry->write : entry->read)) > 4096 - element;
      if (beside_code && !(write && x86_mmu_is_shared (cpu, linear)))
        return NULL;
    }
  if (backwards && ea < 4096)
    n = MIN (n, ea + element);
  else if (!backwards && end - ea < 4096)
    n = MIN (n, end - ea + 7);
  *available = MIN (n, wanted);
  return beside_code ? run_beside_code (cpu, linear, element, backwards, available)
                     : (uint8_t *) (uintptr_t) (linear + entry->addend);
}
