/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory slots follow the flattened map. A range that reads and writes the same bytes is a plain
 * slot, one that only reads is a read-only slot whose writes leave the guest; anything else is no
 * slot. Source: Linux Documentation/virt/kvm/api.rst, KVM_SET_USER_MEMORY_REGION. */
#include "kvm-internal.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/ioctl.h>

static bool
range_to_slot (const MemoryRange *range, KvmSlot *slot)
{
  if (range->read == NULL)
    return false;
  memset (slot, 0, sizeof *slot);
  slot->region.guest_phys_addr = range->first;
  slot->region.memory_size = range->last - range->first + 1;
  slot->region.userspace_addr = (uintptr_t) range->read;
  if (range->write != range->read)
    slot->region.flags = KVM_MEM_READONLY;
  else if (memory_block_is_logging (range->read_block))
    slot->region.flags = KVM_MEM_LOG_DIRTY_PAGES;
  slot->block = range->read_block;
  slot->page = range->read_page;
  return true;
}

static bool
slot_is_free (const KvmSlot *slot)
{
  return slot->region.memory_size == 0;
}

/* Whether only the logging of dirty pages differs, which the kernel changes without a gap. */
static bool
slot_shows_same (const KvmSlot *a, const KvmSlot *b)
{
  return a->region.guest_phys_addr == b->region.guest_phys_addr
         && a->region.memory_size == b->region.memory_size
         && a->region.userspace_addr == b->region.userspace_addr
         && ((a->region.flags ^ b->region.flags) & KVM_MEM_READONLY) == 0;
}

static void
slot_set (KvmAccel *kvm, unsigned index)
{
  g_autoptr (GError) error = NULL;

  kvm->slots[index].region.slot = index;
  if (ioctl (kvm->vm_fd, KVM_SET_USER_MEMORY_REGION, &kvm->slots[index].region) == 0)
    return;
  kvm_set_error (&error, _ ("KVM cannot show the guest a part of its memory."));
  kvm_fail (kvm, error);
}

static void
slot_collect_dirty (KvmAccel *kvm, unsigned index)
{
  const KvmSlot *slot = &kvm->slots[index];
  uint64_t n_pages = slot->region.memory_size >> MEMORY_PAGE_SHIFT;
  g_autofree uint64_t *bits = NULL;
  struct kvm_dirty_log log = { .slot = index };

  if (slot_is_free (slot) || !(slot->region.flags & KVM_MEM_LOG_DIRTY_PAGES))
    return;
  bits = g_new0 (uint64_t, (n_pages + 63) / 64);
  log.dirty_bitmap = bits;
  if (ioctl (kvm->vm_fd, KVM_GET_DIRTY_LOG, &log) < 0)
    return;
  for (uint64_t word = 0; word < (n_pages + 63) / 64; word++)
    for (uint64_t left = bits[word]; left != 0; left &= left - 1)
      memory_block_mark_dirty (slot->block, slot->page + word * 64 + __builtin_ctzll (left), 1);
}

/* What the map wants to be seen, and which of it has its slot already. */
typedef struct
{
  unsigned n;
  KvmSlot slots[MEMORY_MAX_RANGES];
  bool placed[MEMORY_MAX_RANGES];
} Wanted;

static KvmSlot *
find_wanted (Wanted *wanted, const KvmSlot *slot)
{
  for (unsigned w = 0; w < wanted->n; w++)
    if (!wanted->placed[w] && slot_shows_same (slot, &wanted->slots[w]))
      {
        wanted->placed[w] = true;
        return &wanted->slots[w];
      }
  return NULL;
}

/* Slots that stay, and those that go: what the guest wrote there is noted first. */
static void
update_slots (KvmAccel *kvm, Wanted *wanted)
{
  for (unsigned s = 0; s < kvm->n_slots; s++)
    {
      KvmSlot *slot = &kvm->slots[s];
      const KvmSlot *kept = slot_is_free (slot) ? NULL : find_wanted (wanted, slot);

      if (slot_is_free (slot) || (kept != NULL && kept->region.flags == slot->region.flags))
        continue;
      slot_collect_dirty (kvm, s);
      if (kept != NULL)
        *slot = *kept;
      else
        slot->region.memory_size = 0;
      slot_set (kvm, s);
    }
}

static void
add_slots (KvmAccel *kvm, const Wanted *wanted)
{
  unsigned s = 0;

  for (unsigned w = 0; w < wanted->n; w++)
    {
      if (wanted->placed[w])
        continue;
      while (s < kvm->n_slots && !slot_is_free (&kvm->slots[s]))
        s++;
      if (s == kvm->n_slots)
        {
          g_autoptr (GError) error
            = g_error_new (ACCEL_ERROR, ACCEL_ERROR_HOST,
                           _ ("The machine's memory is in %u parts, and KVM of this computer takes "
                              "%u: choose the accelerator “translator” for this machine."),
                           wanted->n, kvm->n_slots);

          kvm_fail (kvm, error);
          return;
        }
      kvm->slots[s] = wanted->slots[w];
      slot_set (kvm, s);
    }
}

static void
kvm_memory_map_changed (void *data)
{
  KvmAccel *kvm = data;
  MemoryRange ranges[MEMORY_MAX_RANGES];
  g_autofree Wanted *wanted = g_new0 (Wanted, 1);
  unsigned n_ranges = memory_get_ranges (kvm->machine.memory, ranges);

  for (unsigned i = 0; i < n_ranges; i++)
    if (range_to_slot (&ranges[i], &wanted->slots[wanted->n]))
      wanted->n++;
  if (!kvm_gate_close (kvm))
    {
      g_autoptr (GError) error = g_error_new_literal (
        G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
        _ ("The host does not give a processor of the machine back: try again later, or power the "
           "machine off."));

      kvm_fail (kvm, error);
    }
  update_slots (kvm, wanted);
  add_slots (kvm, wanted);
  kvm_gate_open (kvm);
}

static void
kvm_memory_dirty_sync (void *data, MemoryBlock *block)
{
  KvmAccel *kvm = data;

  kvm_coalesced_drain (kvm);
  for (unsigned s = 0; s < kvm->n_slots; s++)
    if (kvm->slots[s].block == block)
      slot_collect_dirty (kvm, s);
}

const MemoryListener kvm_memory_listener = {
  .map_changed = kvm_memory_map_changed,
  .dirty_sync = kvm_memory_dirty_sync,
};
