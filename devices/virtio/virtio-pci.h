/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "virtqueue.h"
#include "vmm-core/clock.h"

/* A virtio device on PCI (VirtIO 1.2, 4.1), without the interface of before 1.0: identification,
 * features, status, queues and interrupts. What the device does is its owner's. */
typedef struct VirtioPci VirtioPci;

#define VIRTIO_PCI_MAX_QUEUES 8
#define VIRTIO_PCI_MAX_CONFIG 64

/* Features that every device has (6.): indirect descriptors, event index, version 1. */
#define VIRTIO_F_INDIRECT_DESC (UINT64_C (1) << 28)
#define VIRTIO_F_EVENT_IDX (UINT64_C (1) << 29)
#define VIRTIO_F_VERSION_1 (UINT64_C (1) << 32)

typedef struct
{
  uint16_t type;       /* 5.: of the device */
  uint32_t class_code; /* as in PciIdentity */
  uint64_t features;   /* its own */
  unsigned n_queues;
  uint16_t queue_size;  /* of each, at most */
  unsigned config_size; /* bytes of its own configuration, up to VIRTIO_PCI_MAX_CONFIG */

  /* The driver told of new buffers, or may have: so after a load, too. Lock held. A round takes as
   * many chains as the queue is long; what a driver adds meanwhile waits for the next. */
  void (*serve) (void *device, unsigned queue);
  /* The driver, or RST#, begins anew. May be NULL. */
  void (*reset) (void *device);
} VirtioPciOps;

VirtioPci *virtio_pci_new (PciBus *bus, unsigned slot, Clock *clock, const VirtioPciOps *ops,
                           void *device);
void virtio_pci_free (VirtioPci *pci);

/* Takes the next chain of a queue; FALSE: there is none in this round, or the driver must reset the
 * device. */
bool virtio_pci_take (VirtioPci *pci, unsigned queue, VirtqueueChain *chain);
/* Gives it back, written bytes of it written, without an interrupt. */
void virtio_pci_give (VirtioPci *pci, unsigned queue, const VirtqueueChain *chain,
                      uint32_t written);
/* Interrupts for what was given, if the driver wants that. */
void virtio_pci_interrupt (VirtioPci *pci, unsigned queue);
/* As in virtqueue.h. */
bool virtio_pci_take_again (VirtioPci *pci, unsigned queue, uint16_t head, VirtqueueChain *chain);
uint32_t virtio_pci_read (VirtioPci *pci, const VirtqueueChain *chain, uint64_t offset, void *bytes,
                          uint32_t length);
uint32_t virtio_pci_write (VirtioPci *pci, const VirtqueueChain *chain, uint64_t offset,
                           const void *bytes, uint32_t length);
/* The driver did what cannot be: it is told that it must reset the device. */
void virtio_pci_break (VirtioPci *pci);
/* What the driver reads of the device's own configuration; to be filled once. */
uint8_t *virtio_pci_get_config (VirtioPci *pci);

/* Three sections: the device's, MSI-X's and the PCI header's. */
void virtio_pci_get_states (VirtioPci *pci, StateSection states[3]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VirtioPci, virtio_pci_free)
