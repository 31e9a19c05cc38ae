/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes that may come late (bus.h) make no exit: the kernel gathers them in a ring, in their order
 * and for all vCPUs together, and goes on with the guest. Whoever comes out of KVM_RUN hands them
 * over before anything else, and so does who looks at what they did. A full ring exits as ever.
 * Source: Linux Documentation/virt/kvm/api.rst, KVM_REGISTER_COALESCED_MMIO. */
#include "kvm-internal.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kvm-host.h"

void
kvm_coalesced_open (KvmAccel *kvm, void *run)
{
  unsigned page = kvm_host_get (kvm->vm_fd, KVM_CAP_COALESCED_MMIO);
  uint64_t base, length;

  if (page == 0)
    return; /* an exit for each, then */
  kvm->ring = (struct kvm_coalesced_mmio_ring *) ((uint8_t *) run + page * getpagesize ());
  for (unsigned i = 0; bus_get_late_writes (kvm->machine.mmio, i, &base, &length); i++)
    {
      struct kvm_coalesced_mmio_zone zone = { .addr = base, .size = length };

      ioctl (kvm->vm_fd, KVM_REGISTER_COALESCED_MMIO, &zone);
    }
}

void
kvm_coalesced_close (KvmAccel *kvm)
{
  kvm->ring = NULL;
}

static bool
ring_is_empty (const struct kvm_coalesced_mmio_ring *ring)
{
  return __atomic_load_n (&ring->first, __ATOMIC_ACQUIRE)
         == __atomic_load_n (&ring->last, __ATOMIC_ACQUIRE);
}

static void
hand_over (Bus *mmio, const struct kvm_coalesced_mmio *entry)
{
  /* An access that crosses into a slot leaves 3, 5, 6 or 7 bytes. */
  unsigned size = entry->len & (entry->len - 1) ? 1 : entry->len;

  for (unsigned i = 0; i < entry->len; i += size)
    {
      uint64_t value = 0;

      memcpy (&value, entry->data + i, size);
      bus_write (mmio, entry->phys_addr + i, size, value);
    }
}

void
kvm_coalesced_drain (KvmAccel *kvm)
{
  const AccelMachine *machine = &kvm->machine;
  struct kvm_coalesced_mmio_ring *ring = kvm->ring;
  unsigned room = (getpagesize () - sizeof *ring) / sizeof ring->coalesced_mmio[0];
  bool held;

  if (ring == NULL || ring_is_empty (ring))
    return;
  held = machine_lock_is_held (machine->lock);
  if (!held)
    machine_lock_acquire (machine->lock);
  while (!ring_is_empty (ring))
    {
      hand_over (machine->mmio, &ring->coalesced_mmio[ring->first % room]);
      /* Not sooner: who finds the ring empty may go on. */
      __atomic_store_n (&ring->first, (ring->first + 1) % room, __ATOMIC_RELEASE);
    }
  if (!held)
    machine_lock_release (machine->lock);
}
