/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kvm-internal.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

/* Memory slots follow the flattened map. A range that reads and writes the same bytes is a plain
 * slot, one that only reads is a read-only slot whose writes leave the guest; anything else is no
 * slot. */

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
slot_equals (const KvmSlot *a, const KvmSlot *b)
{
  return a->region.guest_phys_addr == b->region.guest_phys_addr
         && a->region.memory_size == b->region.memory_size
         && a->region.userspace_addr == b->region.userspace_addr
         && a->region.flags == b->region.flags;
}

static void
slot_set (KvmAccel *kvm, unsigned index)
{
  kvm->slots[index].region.slot = index;
  if (ioctl (kvm->vm_fd, KVM_SET_USER_MEMORY_REGION, &kvm->slots[index].region) < 0)
    g_warning ("KVM refused a memory slot at %#llx: %s", kvm->slots[index].region.guest_phys_addr,
               g_strerror (errno));
}

static void
kvm_memory_map_changed (void *data)
{
  KvmAccel *kvm = data;
  MemoryRange ranges[MEMORY_MAX_RANGES];
  KvmSlot wanted[KVM_MAX_SLOTS];
  bool placed[KVM_MAX_SLOTS] = { false };
  unsigned n_ranges = memory_get_ranges (kvm->machine.memory, ranges);
  unsigned n_wanted = 0;

  for (unsigned i = 0; i < n_ranges && n_wanted < KVM_MAX_SLOTS; i++)
    if (range_to_slot (&ranges[i], &wanted[n_wanted]))
      n_wanted++;

  for (unsigned s = 0; s < KVM_MAX_SLOTS; s++)
    {
      bool kept = false;

      if (kvm->slots[s].region.memory_size == 0)
        continue;
      for (unsigned w = 0; w < n_wanted && !kept; w++)
        if (!placed[w] && slot_equals (&kvm->slots[s], &wanted[w]))
          kept = placed[w] = true;
      if (!kept)
        {
          kvm->slots[s].region.memory_size = 0;
          slot_set (kvm, s);
        }
    }
  for (unsigned w = 0, s = 0; w < n_wanted; w++)
    {
      if (placed[w])
        continue;
      while (kvm->slots[s].region.memory_size != 0)
        s++;
      kvm->slots[s] = wanted[w];
      slot_set (kvm, s);
    }
}

static void
kvm_memory_dirty_sync (void *data, MemoryBlock *block)
{
  KvmAccel *kvm = data;

  for (unsigned s = 0; s < KVM_MAX_SLOTS; s++)
    {
      const KvmSlot *slot = &kvm->slots[s];
      uint64_t n_pages = slot->region.memory_size >> MEMORY_PAGE_SHIFT;
      g_autofree uint64_t *bits = NULL;
      struct kvm_dirty_log log = { .slot = s };

      if (slot->block != block || n_pages == 0 || !(slot->region.flags & KVM_MEM_LOG_DIRTY_PAGES))
        continue;
      bits = g_new0 (uint64_t, (n_pages + 63) / 64);
      log.dirty_bitmap = bits;
      if (ioctl (kvm->vm_fd, KVM_GET_DIRTY_LOG, &log) < 0)
        continue;
      for (uint64_t page = 0; page < n_pages; page++)
        if (bits[page / 64] >> page % 64 & 1)
          memory_block_mark_dirty (block, slot->page + page, 1);
    }
}

const MemoryListener kvm_memory_listener = {
  .map_changed = kvm_memory_map_changed,
  .dirty_sync = kvm_memory_dirty_sync,
};
