/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tlb.h"

#include <string.h>

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
tlb_clear_slot (X86Tlb *tlb, X86TlbSlot *slot)
{
  slot->read = slot->write = X86_TLB_NOWHERE;
  slot->read_addend = slot->write_addend = (uintptr_t) tlb->nowhere - X86_TLB_NOWHERE;
}

static void
tlb_clear_slots (X86Tlb *tlb)
{
  for (unsigned view = 0; view < X86_N_VIEWS; view++)
    for (unsigned i = 0; i < X86_TLB_SLOTS; i++)
      tlb_clear_slot (tlb, &(*tlb->slots)[view][i]);
}

/* Those that lead to the page. */
static void
tlb_clear_slots_of (X86Tlb *tlb, uint64_t page)
{
  for (unsigned view = 0; view < X86_N_VIEWS; view++)
    for (unsigned i = 0; i < X86_TLB_SLOTS; i++)
      {
        X86TlbSlot *slot = &(*tlb->slots)[view][i];

        if (slot->read == page || slot->write == page)
          tlb_clear_slot (tlb, slot);
      }
}

X86Tlb *
x86_tlb_new (X86TlbSlots *slots)
{
  X86Tlb *tlb = g_aligned_alloc0 (1, sizeof *tlb, 4096);

  tlb->epoch = 1;
  tlb->slots = slots;
  tlb_clear_slots (tlb);
  for (unsigned view = 0; view < X86_N_VIEWS; view++)
    tlb_clear (&tlb->view[view][0], 0);
  for (unsigned half = 0; half < 2; half++)
    tlb->large_first[half] = UINT64_MAX;
  return tlb;
}

void
x86_tlb_free (X86Tlb *tlb)
{
  g_aligned_free (tlb);
}

static void
tlb_flush_view (X86Tlb *tlb, unsigned view, bool keep_global)
{
  X86TlbLog *log = &tlb->log[view];
  X86TlbEntry *entries = tlb->view[view];
  unsigned kept = 0;

  if (log->n > X86_TLB_LOG)
    {
      memset (entries, 0, sizeof tlb->view[view]);
      tlb_clear (&entries[0], 0);
      log->n = 0;
      return;
    }
  for (unsigned i = 0; i < log->n; i++)
    {
      unsigned index = log->index[i];

      if (keep_global && entries[index].global)
        log->index[kept++] = index;
      else
        tlb_clear (&entries[index], index);
    }
  log->n = kept;
}

void
x86_tlb_flush (X86Tlb *tlb, bool keep_global)
{
  tlb->flushes++;
  tlb->epoch++;
  tlb->full_flushes += !keep_global;
  tlb_clear_slots (tlb);
  for (unsigned view = 0; view < X86_N_VIEWS; view++)
    tlb_flush_view (tlb, view, keep_global);
  for (unsigned i = 0; i < X86_TLB_CODE_ENTRIES; i++)
    if (!keep_global || !(tlb->code[i].linear & 4))
      tlb->code[i].linear = 0;
  if (keep_global)
    return;
  for (unsigned half = 0; half < 2; half++)
    {
      tlb->large_first[half] = UINT64_MAX;
      tlb->large_last[half] = 0;
    }
}

void
x86_tlb_flush_page (X86Tlb *tlb, uint64_t linear)
{
  unsigned index = x86_tlb_index (linear);
  uint64_t page = linear & ~4095ull;
  X86CodePage *code = &tlb->code[x86_tlb_code_index (linear)];

  tlb->epoch++;
  if (linear >= tlb->large_first[linear >> 63] && linear <= tlb->large_last[linear >> 63])
    {
      x86_tlb_flush (tlb, false);
      return;
    }
  tlb_clear_slots_of (tlb, page);
  for (unsigned view = 0; view < X86_N_VIEWS; view++)
    if (tlb->view[view][index].read == page || tlb->view[view][index].write == page)
      tlb_clear (&tlb->view[view][index], index);
  if ((code->linear & ~4095ull) == page)
    code->linear = 0;
}

static void
tlb_drop_writes (X86Tlb *tlb, unsigned view, const uint8_t *host)
{
  X86TlbLog *log = &tlb->log[view];
  bool all = log->n > X86_TLB_LOG;
  unsigned n = all ? X86_TLB_ENTRIES : log->n;

  for (unsigned i = 0; i < n; i++)
    {
      unsigned index = all ? i : log->index[i];
      X86TlbEntry *entry = &tlb->view[view][index];

      if (host == NULL || entry->write + entry->addend == (uintptr_t) host)
        entry->write = tlb_no_tag (index);
    }
}

void
x86_tlb_drop_writes (X86Tlb *tlb)
{
  x86_tlb_drop_writes_to (tlb, NULL);
}

void
x86_tlb_drop_writes_to (X86Tlb *tlb, const uint8_t *host)
{
  tlb_clear_slots (tlb);
  for (unsigned view = 0; view < X86_N_VIEWS; view++)
    tlb_drop_writes (tlb, view, host);
}

void
x86_tlb_fill (X86Tlb *tlb, unsigned view, uint64_t linear, uint8_t *host, bool writable,
              bool global)
{
  unsigned index = x86_tlb_index (linear);
  X86TlbEntry *entry = &tlb->view[view][index];
  X86TlbLog *log = &tlb->log[view];
  uint64_t none = tlb_no_tag (index);

  /* An index that holds something is in the log already. */
  if (entry->read == none && entry->write == none)
    {
      if (log->n < X86_TLB_LOG)
        log->index[log->n++] = index;
      else
        log->n = X86_TLB_LOG + 1;
    }
  entry->read = linear;
  entry->write = writable ? linear : none;
  entry->addend = (uintptr_t) host - linear;
  entry->global = global;
}

void
x86_tlb_note_large (X86Tlb *tlb, uint64_t linear, uint64_t size)
{
  unsigned half = linear >> 63;
  uint64_t first = linear & ~(size - 1);

  tlb->large_first[half] = MIN (tlb->large_first[half], first);
  tlb->large_last[half] = MAX (tlb->large_last[half], first + size - 1);
}
