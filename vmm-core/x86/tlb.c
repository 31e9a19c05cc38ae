/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tlb.h"

#include <string.h>

#define LARGE_SIZE (4u << 20) /* of the largest page but those of 1 GiB */

/* A tag that no address with this index matches. */
static inline uint64_t
tlb_no_tag (unsigned index)
{
  return index == 0 ? 4096 : 0;
}

static inline void
tlb_clear (X86TlbEntry *entry, unsigned index)
{
  entry->read = entry->write = tlb_no_tag (index);
}

static void
tlb_clear_slot (X86Tlb *tlb, unsigned view, unsigned i)
{
  X86TlbSlot *slot = &tlb->slots[view][i];

  slot->read = slot->write = X86_TLB_NOWHERE;
  slot->read_host = slot->write_host
    = (uintptr_t) tlb->nowhere - (i < X86_TLB_NEAR_SLOTS ? X86_TLB_NOWHERE : 0);
}

static void
tlb_clear_slots (X86Tlb *tlb)
{
  for (unsigned view = 0; view < X86_N_VIEWS; view++)
    for (unsigned i = 0; i < X86_TLB_SLOTS; i++)
      tlb_clear_slot (tlb, view, i);
}

/* Those that lead to the page. */
static void
tlb_clear_slots_of (X86Tlb *tlb, uint64_t page)
{
  for (unsigned view = 0; view < X86_N_VIEWS; view++)
    for (unsigned i = 0; i < X86_TLB_SLOTS; i++)
      {
        const X86TlbSlot *slot = &tlb->slots[view][i];

        if (slot->read == page || slot->write == page)
          tlb_clear_slot (tlb, view, i);
      }
}

static void
tlb_forget_large (X86Tlb *tlb)
{
  for (unsigned half = 0; half < 2; half++)
    for (unsigned huge = 0; huge < 2; huge++)
      tlb->large[half][huge] = (X86TlbLarge){ .first = UINT64_MAX };
}

void
x86_tlb_init (X86Tlb *tlb)
{
  tlb->epoch = 1;
  tlb_clear_slots (tlb);
  for (unsigned view = 0; view < X86_N_VIEWS; view++)
    tlb_clear (&tlb->view[view][0], 0);
  tlb_forget_large (tlb);
}

static bool
log_overflowed (const X86TlbLog *log)
{
  return log->n > X86_TLB_LOG;
}

static void
log_add (X86TlbLog *log, unsigned index)
{
  if (log->n < X86_TLB_LOG)
    log->index[log->n++] = index;
  else
    log->n = X86_TLB_LOG + 1;
}

static void
tlb_flush_view (X86Tlb *tlb, unsigned view, bool keep_global)
{
  X86TlbLog *logs = tlb->log[view];
  X86TlbEntry *entries = tlb->view[view];

  if (log_overflowed (&logs[0]) || (!keep_global && log_overflowed (&logs[1])))
    {
      memset (entries, 0, sizeof tlb->view[view]);
      tlb_clear (&entries[0], 0);
      logs[0].n = logs[1].n = 0;
      return;
    }
  for (unsigned global = 0; global < (keep_global ? 1 : 2); global++)
    {
      for (unsigned i = 0; i < logs[global].n; i++)
        {
          unsigned index = logs[global].index[i];

          if (!keep_global || !entries[index].global)
            tlb_clear (&entries[index], index);
        }
      logs[global].n = 0;
    }
}

static void
tlb_flush_code (X86Tlb *tlb, bool keep_global)
{
  if (keep_global && tlb->n_code_log <= X86_TLB_CODE_LOG)
    for (unsigned i = 0; i < tlb->n_code_log; i++)
      {
        X86CodePage *code = &tlb->code[tlb->code_log[i]];

        if (!(code->linear & 4))
          code->linear = 0;
      }
  else
    for (unsigned i = 0; i < X86_TLB_CODE_ENTRIES; i++)
      if (!keep_global || !(tlb->code[i].linear & 4))
        tlb->code[i].linear = 0;
  tlb->n_code_log = 0;
}

static void
space_clear (X86TlbSpace *space)
{
  space->n_pages = space->n_code = 0;
}

/* Of the current address space. */
static void
tlb_flush_current (X86Tlb *tlb, bool keep_global)
{
  tlb->flushes++;
  tlb->epoch++;
  tlb_clear_slots (tlb);
  for (unsigned view = 0; view < X86_N_VIEWS; view++)
    tlb_flush_view (tlb, view, keep_global);
  tlb_flush_code (tlb, keep_global);
}

void
x86_tlb_flush (X86Tlb *tlb, bool keep_global)
{
  tlb->full_flushes += !keep_global;
  tlb_flush_current (tlb, keep_global);
  for (unsigned i = 0; i < X86_TLB_SPACES; i++)
    space_clear (&tlb->spaces[i]);
  if (keep_global)
    return;
  tlb_forget_large (tlb);
}

/* Address spaces that are not current */

static bool
space_is_empty (const X86TlbSpace *space)
{
  return space->n_pages == 0 && space->n_code == 0;
}

static X86TlbSpace *
find_space (X86Tlb *tlb, unsigned pcid)
{
  for (unsigned i = 0; i < X86_TLB_SPACES; i++)
    if (tlb->spaces[i].pcid == pcid && !space_is_empty (&tlb->spaces[i]))
      return &tlb->spaces[i];
  return NULL;
}

static X86TlbSpace *
new_space (X86Tlb *tlb, unsigned pcid)
{
  X86TlbSpace *space = find_space (tlb, pcid);

  for (unsigned i = 0; i < X86_TLB_SPACES && space == NULL; i++)
    if (space_is_empty (&tlb->spaces[i]))
      space = &tlb->spaces[i];
  if (space == NULL)
    space = &tlb->spaces[tlb->next_space++ % X86_TLB_SPACES];
  space->pcid = pcid;
  space_clear (space);
  return space;
}

/* As much as there is room for. */
static void
keep_space (X86Tlb *tlb, X86TlbSpace *space)
{
  for (unsigned view = 0; view < X86_N_VIEWS; view++)
    {
      const X86TlbLog *log = &tlb->log[view][0];

      for (unsigned i = 0; !log_overflowed (log) && i < log->n; i++)
        {
          X86TlbEntry *entry = &tlb->view[view][log->index[i]];

          if (entry->global || entry->read == tlb_no_tag (log->index[i])
              || space->n_pages == X86_TLB_SPACE_PAGES)
            continue;
          space->pages[space->n_pages].linear
            = entry->read | view | (entry->write == entry->read) << 2;
          space->pages[space->n_pages++].addend = entry->addend;
          tlb_clear (entry, log->index[i]);
        }
    }
  for (unsigned i = 0; i < tlb->n_code_log && i < X86_TLB_CODE_LOG; i++)
    {
      X86CodePage *code = &tlb->code[tlb->code_log[i]];

      if (code->linear == 0 || (code->linear & 4) || space->n_code == X86_TLB_SPACE_CODE)
        continue;
      space->code[space->n_code++] = *code;
      code->linear = 0;
    }
}

static void
bring_back_space (X86Tlb *tlb, X86TlbSpace *space)
{
  for (unsigned i = 0; i < space->n_pages; i++)
    {
      uint64_t linear = space->pages[i].linear, page = linear & ~4095ull;

      x86_tlb_fill (tlb, linear & 3, page, (uint8_t *) (uintptr_t) (page + space->pages[i].addend),
                    (linear & 4) != 0, false);
    }
  for (unsigned i = 0; i < space->n_code; i++)
    {
      X86CodePage *code = x86_tlb_get_code (tlb, space->code[i].linear);

      *code = space->code[i];
      x86_tlb_note_code (tlb, code);
    }
  space_clear (space);
}

void
x86_tlb_flush_space (X86Tlb *tlb, unsigned pcid)
{
  X86TlbSpace *space = find_space (tlb, pcid);

  if (space != NULL)
    space_clear (space);
}

void
x86_tlb_switch (X86Tlb *tlb, unsigned from, unsigned to, bool keep)
{
  X86TlbSpace *space;

  keep_space (tlb, new_space (tlb, from));
  tlb_flush_current (tlb, true);
  if (!keep)
    x86_tlb_flush_space (tlb, to);
  space = find_space (tlb, to);
  if (space != NULL)
    bring_back_space (tlb, space);
}

static void
tlb_flush_4k (X86Tlb *tlb, uint64_t page)
{
  unsigned index = x86_tlb_index (page);
  X86CodePage *code = x86_tlb_get_code (tlb, page);

  for (unsigned view = 0; view < X86_N_VIEWS; view++)
    if (tlb->view[view][index].read == page || tlb->view[view][index].write == page)
      tlb_clear (&tlb->view[view][index], index);
  if ((code->linear & ~4095ull) == page)
    code->linear = 0;
}

static bool
large_contains (const X86TlbLarge *large, uint64_t linear)
{
  return linear >= large->first && linear <= large->last;
}

/* The page of that size that linear may be in, as if all of CR3 had changed. */
static void
tlb_flush_large (X86Tlb *tlb, uint64_t linear, uint64_t size)
{
  uint64_t first = linear & ~(size - 1);

  tlb->flushes++;
  tlb->full_flushes++;
  tlb_clear_slots (tlb);
  for (uint64_t page = first; page - first < size; page += 4096)
    tlb_flush_4k (tlb, page);
}

void
x86_tlb_flush_page (X86Tlb *tlb, uint64_t linear)
{
  const X86TlbLarge *large = tlb->large[linear >> 63];

  tlb->epoch++;
  if (large_contains (&large[1], linear))
    x86_tlb_flush (tlb, false);
  else if (large_contains (&large[0], linear))
    tlb_flush_large (tlb, linear, large[0].size);
  else
    {
      tlb_clear_slots_of (tlb, linear & ~4095ull);
      tlb_flush_4k (tlb, linear & ~4095ull);
    }
}

static void
drop_write_to (X86TlbEntry *entry, unsigned index, const uint8_t *host)
{
  if (entry->write + entry->addend == (uintptr_t) host)
    entry->write = tlb_no_tag (index);
}

void
x86_tlb_drop_writes_to (X86Tlb *tlb, const uint8_t *host)
{
  tlb_clear_slots (tlb);
  for (unsigned view = 0; view < X86_N_VIEWS; view++)
    {
      const X86TlbLog *logs = tlb->log[view];
      X86TlbEntry *entries = tlb->view[view];

      if (log_overflowed (&logs[0]) || log_overflowed (&logs[1]))
        for (unsigned index = 0; index < X86_TLB_ENTRIES; index++)
          drop_write_to (&entries[index], index, host);
      else
        for (unsigned global = 0; global < 2; global++)
          for (unsigned i = 0; i < logs[global].n; i++)
            drop_write_to (&entries[logs[global].index[i]], logs[global].index[i], host);
    }
  for (unsigned n = 0; n < X86_TLB_SPACES; n++)
    for (unsigned i = 0; i < tlb->spaces[n].n_pages; i++)
      if ((tlb->spaces[n].pages[i].linear & ~4095ull) + tlb->spaces[n].pages[i].addend
          == (uintptr_t) host)
        tlb->spaces[n].pages[i].linear &= ~4ull;
}

void
x86_tlb_fill (X86Tlb *tlb, unsigned view, uint64_t linear, uint8_t *host, bool writable,
              bool global)
{
  unsigned index = x86_tlb_index (linear);
  X86TlbEntry *entry = &tlb->view[view][index];
  uint64_t none = tlb_no_tag (index);

  /* An index that holds something is in its log already. */
  if ((entry->read == none && entry->write == none) || entry->global != global)
    log_add (&tlb->log[view][global], index);
  entry->read = linear;
  entry->write = writable ? linear : none;
  entry->addend = (uintptr_t) host - linear;
  entry->global = global;
}

X86CodePage *
x86_tlb_get_code (X86Tlb *tlb, uint64_t linear)
{
  uint64_t mixed = (linear >> 12) * 0x9e3779b97f4a7c15u;

  return &tlb->code[mixed >> 32 & (X86_TLB_CODE_ENTRIES - 1)];
}

void
x86_tlb_note_code (X86Tlb *tlb, const X86CodePage *code)
{
  if (tlb->n_code_log < X86_TLB_CODE_LOG)
    tlb->code_log[tlb->n_code_log++] = (uint16_t) (code - tlb->code);
  else
    tlb->n_code_log = X86_TLB_CODE_LOG + 1;
}

void
x86_tlb_note_large (X86Tlb *tlb, uint64_t linear, uint64_t size)
{
  X86TlbLarge *large = &tlb->large[linear >> 63][size > LARGE_SIZE];
  uint64_t first = linear & ~(size - 1);

  large->first = MIN (large->first, first);
  large->last = MAX (large->last, first + size - 1);
  large->size = MAX (large->size, size);
}
