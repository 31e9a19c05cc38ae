/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Virtio over PCI: Virtual I/O Device (VIRTIO) 1.2, 2.1 to 2.4 and 4.1. */
#include "virtio-pci.h"

#include "devices/pci/pci-msix.h"
#include "vmm-core/little-endian.h"
#include "vmm-core/trace.h"

#define VENDOR_ID 0x1af4
#define FIRST_DEVICE_ID 0x1040
#define MSIX_BAR 1
#define REGISTERS_BAR 4 /* and 5, the upper half */

/* Regions of the BAR, a page each. */
#define REGION_SIZE 0x1000u
#define BAR_SIZE (4 * REGION_SIZE)
typedef enum
{
  REGION_COMMON,
  REGION_ISR,
  REGION_DEVICE,
  REGION_NOTIFY
} Region;

/* 4.1.4: capabilities, in configuration space */
#define CAP_VENDOR 0x09
#define CAP_COMMON_CFG 1
#define CAP_NOTIFY_CFG 2
#define CAP_ISR_CFG 3
#define CAP_DEVICE_CFG 4
#define CAP_PCI_CFG 5
#define CAP_LENGTH 2
#define CAP_CFG_TYPE 3
#define CAP_BAR 4
#define CAP_OFFSET 8
#define CAP_LENGTH_OF_REGION 12
#define CAP_SIZE 16
#define NOTIFY_MULTIPLIER 16 /* behind it */
#define PCI_CFG_DATA 16

#define STATUS_DRIVER_OK 4
#define STATUS_FEATURES_OK 8
#define STATUS_NEEDS_RESET 64
#define ISR_QUEUE 1
#define ISR_CONFIG 2
#define NO_VECTOR 0xffff

/* 4.1.4.3: registers of the common configuration */
typedef enum
{
  DEVICE_FEATURE_SELECT = 0,
  DEVICE_FEATURE = 4,
  DRIVER_FEATURE_SELECT = 8,
  DRIVER_FEATURE = 12,
  CONFIG_MSIX_VECTOR = 16,
  NUM_QUEUES = 18,
  DEVICE_STATUS = 20,
  CONFIG_GENERATION = 21,
  QUEUE_SELECT = 22,
  QUEUE_SIZE = 24,
  QUEUE_MSIX_VECTOR = 26,
  QUEUE_ENABLE = 28,
  QUEUE_NOTIFY_OFF = 30,
  QUEUE_DESC = 32,
  QUEUE_DRIVER = 40,
  QUEUE_DEVICE = 48,
  COMMON_SIZE = 56
} CommonRegister;

typedef struct
{
  uint64_t features; /* that the driver took */
  uint32_t device_feature_select, driver_feature_select;
  uint16_t config_vector, queue_select;
  uint8_t status, isr;
  VirtqueueState queues[VIRTIO_PCI_MAX_QUEUES];
} VirtioPciState;

struct VirtioPci
{
  const VirtioPciOps *ops;
  void *device;
  PciFunction *function;
  PciMsix *msix;
  Irq intx;
  unsigned pci_cfg; /* register of that capability */
  Timer *timer;     /* of the next round */
  unsigned left;    /* chains of this round */
  unsigned waiting; /* a bit for each queue that was not done; not saved: a load serves all */
  char id[24];
  uint8_t config[VIRTIO_PCI_MAX_CONFIG];
  VirtioPciState state;
};

static const StateField virtio_pci_fields[] = {
  STATE_INT (VirtioPciState, features),
  STATE_INT (VirtioPciState, device_feature_select),
  STATE_INT (VirtioPciState, driver_feature_select),
  STATE_INT (VirtioPciState, config_vector),
  STATE_INT (VirtioPciState, queue_select),
  STATE_INT (VirtioPciState, status),
  STATE_INT (VirtioPciState, isr),
  STATE_NESTED_ARRAY (VirtioPciState, queues, &virtqueue_table),
};
static const StateTable virtio_pci_table = STATE_TABLE (VirtioPciState, 1, virtio_pci_fields);

static uint64_t
offered_features (const VirtioPci *pci)
{
  return pci->ops->features | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1;
}

static bool
has_event_index (const VirtioPci *pci)
{
  return (pci->state.features & VIRTIO_F_EVENT_IDX) != 0;
}

/* Interrupts */

static void
update_pin (VirtioPci *pci)
{
  irq_set (pci->intx, pci->state.isr != 0 && !pci_msix_is_enabled (pci->msix));
}

static void
interrupt (VirtioPci *pci, uint8_t reason, uint16_t vector)
{
  if (pci_msix_is_enabled (pci->msix))
    {
      pci_msix_send (pci->msix, vector);
      return;
    }
  pci->state.isr |= reason;
  update_pin (pci);
}

void
virtio_pci_interrupt (VirtioPci *pci, unsigned queue)
{
  VirtqueueState *state = &pci->state.queues[queue];

  if (virtqueue_wants_interrupt (state, pci->function, has_event_index (pci)))
    interrupt (pci, ISR_QUEUE, state->vector);
}

/* Queues */

static bool
is_running (const VirtioPci *pci)
{
  return (pci->state.status & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) == STATUS_DRIVER_OK;
}

void
virtio_pci_break (VirtioPci *pci)
{
  pci->state.status |= STATUS_NEEDS_RESET;
  interrupt (pci, ISR_CONFIG, pci->state.config_vector);
}

bool
virtio_pci_take_again (VirtioPci *pci, unsigned queue, uint16_t head, VirtqueueChain *chain)
{
  return is_running (pci)
         && virtqueue_take_again (&pci->state.queues[queue], pci->function, head, chain)
              == VIRTQUEUE_TAKEN;
}

bool
virtio_pci_take (VirtioPci *pci, unsigned queue, VirtqueueChain *chain)
{
  if (!is_running (pci))
    return false;
  if (pci->left == 0)
    {
      pci->waiting |= 1u << queue;
      timer_arm (pci->timer, 0);
      return false;
    }
  pci->left--;
  switch (virtqueue_take (&pci->state.queues[queue], pci->function, has_event_index (pci), chain))
    {
    case VIRTQUEUE_TAKEN:
      return true;
    case VIRTQUEUE_BROKEN:
      virtio_pci_break (pci);
      return false;
    default:
      return false;
    }
}

void
virtio_pci_give (VirtioPci *pci, unsigned queue, const VirtqueueChain *chain, uint32_t written)
{
  virtqueue_give (&pci->state.queues[queue], pci->function, chain, written);
}

uint32_t
virtio_pci_read (VirtioPci *pci, const VirtqueueChain *chain, uint64_t offset, void *bytes,
                 uint32_t length)
{
  return virtqueue_read (pci->function, chain, offset, bytes, length);
}

uint32_t
virtio_pci_write (VirtioPci *pci, const VirtqueueChain *chain, uint64_t offset, const void *bytes,
                  uint32_t length)
{
  return virtqueue_write (pci->function, chain, offset, bytes, length);
}

static void
serve (VirtioPci *pci, unsigned queue)
{
  if (queue >= pci->ops->n_queues || !is_running (pci) || !pci->state.queues[queue].enabled)
    return;
  pci->left = pci->ops->queue_size;
  pci->ops->serve (pci->device, queue);
}

static void
next_round (void *device)
{
  VirtioPci *pci = device;
  unsigned waiting = pci->waiting;

  pci->waiting = 0;
  for (unsigned i = 0; i < pci->ops->n_queues; i++)
    if (waiting >> i & 1)
      serve (pci, i);
}

static void
reset_state (VirtioPci *pci)
{
  pci->state = (VirtioPciState){ .config_vector = NO_VECTOR };
  for (unsigned i = 0; i < pci->ops->n_queues; i++)
    {
      pci->state.queues[i].size = pci->ops->queue_size;
      pci->state.queues[i].vector = NO_VECTOR;
    }
  update_pin (pci);
}

static void
begin_anew (VirtioPci *pci)
{
  reset_state (pci);
  pci->waiting = 0;
  timer_disarm (pci->timer);
  if (pci->ops->reset != NULL)
    pci->ops->reset (pci->device);
}

/* The common configuration */

/* NULL: there is no such queue. */
static VirtqueueState *
selected_queue (VirtioPci *pci)
{
  return pci->state.queue_select < pci->ops->n_queues ? &pci->state.queues[pci->state.queue_select]
                                                      : NULL;
}

static uint32_t
read_queue (VirtioPci *pci, unsigned offset)
{
  const VirtqueueState *queue = selected_queue (pci);

  if (queue == NULL)
    return offset == QUEUE_MSIX_VECTOR ? NO_VECTOR : 0;
  switch (offset)
    {
    case QUEUE_SIZE:
      return queue->size;
    case QUEUE_MSIX_VECTOR:
      return queue->vector;
    case QUEUE_ENABLE:
      return queue->enabled;
    case QUEUE_NOTIFY_OFF:
      return pci->state.queue_select;
    case QUEUE_DESC:
      return queue->descriptors;
    case QUEUE_DESC + 4:
      return queue->descriptors >> 32;
    case QUEUE_DRIVER:
      return queue->driver;
    case QUEUE_DRIVER + 4:
      return queue->driver >> 32;
    case QUEUE_DEVICE:
      return queue->device;
    case QUEUE_DEVICE + 4:
      return queue->device >> 32;
    default:
      return 0;
    }
}

static uint32_t
read_common (VirtioPci *pci, unsigned offset)
{
  switch (offset)
    {
    case DEVICE_FEATURE_SELECT:
      return pci->state.device_feature_select;
    case DEVICE_FEATURE:
      return pci->state.device_feature_select < 2
               ? offered_features (pci) >> pci->state.device_feature_select * 32
               : 0;
    case DRIVER_FEATURE_SELECT:
      return pci->state.driver_feature_select;
    case DRIVER_FEATURE:
      return pci->state.driver_feature_select < 2
               ? pci->state.features >> pci->state.driver_feature_select * 32
               : 0;
    case CONFIG_MSIX_VECTOR:
      return pci->state.config_vector;
    case NUM_QUEUES:
      return pci->ops->n_queues;
    case DEVICE_STATUS:
      return pci->state.status;
    case QUEUE_SELECT:
      return pci->state.queue_select;
    default:
      return read_queue (pci, offset);
    }
}

/* 2.2.2: a driver that takes what was not offered, or not version 1, does not get FEATURES_OK. */
static void
write_status (VirtioPci *pci, uint8_t value)
{
  TRACE ("virtio.status", "%s %#x", pci->id, value);
  if (value == 0)
    {
      begin_anew (pci);
      return;
    }
  if ((value & STATUS_FEATURES_OK) != 0
      && ((pci->state.features & ~offered_features (pci)) != 0
          || (pci->state.features & VIRTIO_F_VERSION_1) == 0))
    value &= ~STATUS_FEATURES_OK;
  pci->state.status = value | (pci->state.status & STATUS_NEEDS_RESET);
}

static void
write_driver_features (VirtioPci *pci, uint32_t value)
{
  unsigned shift = pci->state.driver_feature_select * 32;

  if (pci->state.driver_feature_select >= 2 || (pci->state.status & STATUS_FEATURES_OK) != 0)
    return;
  pci->state.features
    = (pci->state.features & ~(UINT64_C (0xffffffff) << shift)) | (uint64_t) value << shift;
}

static uint16_t
vector_that_is_there (const VirtioPci *pci, uint16_t value)
{
  return value < pci_msix_get_count (pci->msix) ? value : NO_VECTOR;
}

static void
set_half (uint64_t *address, bool upper, uint32_t value)
{
  *address = upper ? (uint32_t) *address | (uint64_t) value << 32
                   : (*address & ~(uint64_t) UINT32_MAX) | value;
}

/* A queue that is enabled keeps its shape until the reset. */
static void
write_queue (VirtioPci *pci, unsigned offset, uint32_t value)
{
  VirtqueueState *queue = selected_queue (pci);

  if (queue != NULL && offset == QUEUE_MSIX_VECTOR)
    queue->vector = vector_that_is_there (pci, value);
  if (queue == NULL || queue->enabled)
    return;
  switch (offset)
    {
    case QUEUE_SIZE:
      if (value != 0 && value <= pci->ops->queue_size && (value & (value - 1)) == 0)
        queue->size = value;
      break;
    case QUEUE_ENABLE:
      queue->enabled = value == 1;
      break;
    case QUEUE_DESC:
    case QUEUE_DESC + 4:
      set_half (&queue->descriptors, offset != QUEUE_DESC, value);
      break;
    case QUEUE_DRIVER:
    case QUEUE_DRIVER + 4:
      set_half (&queue->driver, offset != QUEUE_DRIVER, value);
      break;
    case QUEUE_DEVICE:
    case QUEUE_DEVICE + 4:
      set_half (&queue->device, offset != QUEUE_DEVICE, value);
      break;
    }
}

static void
write_common (VirtioPci *pci, unsigned offset, uint32_t value)
{
  switch (offset)
    {
    case DEVICE_FEATURE_SELECT:
      pci->state.device_feature_select = value;
      break;
    case DRIVER_FEATURE_SELECT:
      pci->state.driver_feature_select = value;
      break;
    case DRIVER_FEATURE:
      write_driver_features (pci, value);
      break;
    case CONFIG_MSIX_VECTOR:
      pci->state.config_vector = vector_that_is_there (pci, value);
      break;
    case DEVICE_STATUS:
      write_status (pci, value);
      break;
    case QUEUE_SELECT:
      pci->state.queue_select = value;
      break;
    default:
      write_queue (pci, offset, value);
    }
}

/* The BAR. Drivers access each register by its own size. */

static uint64_t
read_isr (VirtioPci *pci)
{
  uint8_t isr = pci->state.isr;

  pci->state.isr = 0;
  update_pin (pci);
  return isr;
}

static uint64_t
read_config (const VirtioPci *pci, unsigned offset, unsigned size)
{
  uint64_t value = 0;

  for (unsigned i = 0; i < size && offset + i < pci->ops->config_size; i++)
    value |= (uint64_t) pci->config[offset + i] << i * 8;
  return value;
}

static uint64_t
read_registers (void *device, uint64_t offset, unsigned size)
{
  VirtioPci *pci = device;

  switch (offset / REGION_SIZE)
    {
    case REGION_COMMON:
      return offset < COMMON_SIZE ? read_common (pci, offset) : 0;
    case REGION_ISR:
      return offset % REGION_SIZE == 0 ? read_isr (pci) : 0;
    case REGION_DEVICE:
      return read_config (pci, offset % REGION_SIZE, size);
    default:
      return 0;
    }
}

static void
write_registers (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  VirtioPci *pci = device;

  if (offset < COMMON_SIZE)
    write_common (pci, offset, value);
  else if (offset / REGION_SIZE == REGION_NOTIFY)
    serve (pci, offset % REGION_SIZE / 4);
}

static const BusOps register_ops
  = { .read = read_registers, .write = write_registers, .max_size = 4 };

/* Configuration space */

static unsigned
add_capability (VirtioPci *pci, uint8_t type, Region region, uint32_t length, unsigned extra)
{
  unsigned at = pci_function_add_capability (pci->function, CAP_VENDOR, CAP_SIZE + extra);
  uint8_t *config = pci_function_get_config (pci->function) + at;

  config[CAP_LENGTH] = CAP_SIZE + extra;
  config[CAP_CFG_TYPE] = type;
  config[CAP_BAR] = REGISTERS_BAR;
  little_endian_put (config + CAP_OFFSET, region * REGION_SIZE, 4);
  little_endian_put (config + CAP_LENGTH_OF_REGION, length, 4);
  return at;
}

static void
add_capabilities (VirtioPci *pci)
{
  uint8_t *config = pci_function_get_config (pci->function);
  uint8_t *mask = pci_function_get_write_mask (pci->function);
  unsigned notify;

  add_capability (pci, CAP_COMMON_CFG, REGION_COMMON, COMMON_SIZE, 0);
  add_capability (pci, CAP_ISR_CFG, REGION_ISR, 1, 0);
  notify = add_capability (pci, CAP_NOTIFY_CFG, REGION_NOTIFY, 4 * pci->ops->n_queues, 4);
  little_endian_put (config + notify + NOTIFY_MULTIPLIER, 4, 4);
  if (pci->ops->config_size > 0)
    add_capability (pci, CAP_DEVICE_CFG, REGION_DEVICE, pci->ops->config_size, 0);
  /* 4.1.4.9: the registers for who cannot reach the BAR. bar, offset, length and data are the
   * driver's. */
  pci->pci_cfg = add_capability (pci, CAP_PCI_CFG, 0, 0, 4);
  mask[pci->pci_cfg + CAP_BAR] = 0xff;
  for (unsigned i = 0; i < 12; i++)
    mask[pci->pci_cfg + CAP_OFFSET + i] = 0xff;
}

/* Where the window of the last capability leads; FALSE: nowhere. */
static bool
find_window (VirtioPci *pci, uint32_t *offset, uint32_t *size)
{
  const uint8_t *config = pci_function_get_config (pci->function) + pci->pci_cfg;

  *offset = little_endian_get_u32 (config + CAP_OFFSET);
  *size = little_endian_get_u32 (config + CAP_LENGTH_OF_REGION);
  return config[CAP_BAR] == REGISTERS_BAR && (*size == 1 || *size == 2 || *size == 4)
         && *offset <= BAR_SIZE - *size && *offset % *size == 0;
}

static void
config_write (void *device, unsigned reg, unsigned size, uint32_t value)
{
  VirtioPci *pci = device;
  uint32_t offset, length;

  pci_msix_config_written (pci->msix);
  update_pin (pci);
  if (reg == pci->pci_cfg + PCI_CFG_DATA && find_window (pci, &offset, &length))
    write_registers (pci, offset, length, value & (UINT32_MAX >> (4 - length) * 8));
}

static void
config_read (void *device, unsigned reg)
{
  VirtioPci *pci = device;
  uint32_t offset, length;

  if (reg == pci->pci_cfg + PCI_CFG_DATA && find_window (pci, &offset, &length))
    little_endian_put (pci_function_get_config (pci->function) + reg,
                       read_registers (pci, offset, length), 4);
}

static void
function_reset (void *device)
{
  VirtioPci *pci = device;

  pci_msix_reset (pci->msix);
  begin_anew (pci);
}

VirtioPci *
virtio_pci_new (PciBus *bus, unsigned slot, Clock *clock, const VirtioPciOps *ops, void *device)
{
  static const PciFunctionOps function_ops
    = { .config_read = config_read, .config_write = config_write, .reset = function_reset };
  VirtioPci *pci = g_new0 (VirtioPci, 1);
  const PciIdentity identity = {
    .vendor_id = VENDOR_ID,
    .device_id = FIRST_DEVICE_ID + ops->type,
    .class_code = ops->class_code,
    .revision = 1,
    .subsystem_vendor_id = VENDOR_ID,
    .subsystem_id = 0x40, /* 4.1.2.1: not one of before 1.0 */
    .interrupt_pin = 1,
  };

  g_assert (ops->n_queues <= VIRTIO_PCI_MAX_QUEUES && ops->queue_size <= VIRTQUEUE_MAX_SIZE
            && ops->config_size <= VIRTIO_PCI_MAX_CONFIG);
  pci->ops = ops;
  pci->device = device;
  pci->timer = timer_new (clock, next_round, pci);
  pci->function = pci_function_new (bus, slot, 0, &identity, &function_ops, pci);
  pci->intx = pci_function_get_intx (pci->function);
  pci->msix = pci_msix_new (pci->function, MSIX_BAR, ops->n_queues + 1);
  pci_function_set_wide_mmio_bar (pci->function, REGISTERS_BAR, BAR_SIZE, &register_ops, pci);
  add_capabilities (pci);
  g_snprintf (pci->id, sizeof pci->id, "virtio %02x", slot);
  reset_state (pci);
  return pci;
}

uint8_t *
virtio_pci_get_config (VirtioPci *pci)
{
  return pci->config;
}

void
virtio_pci_free (VirtioPci *pci)
{
  if (pci == NULL)
    return;
  pci_function_free (pci->function);
  pci_msix_free (pci->msix);
  timer_free (pci->timer);
  g_free (pci);
}

/* The guest may have told of buffers, and been saved before they were served. */
static void
show_lines (void *device)
{
  VirtioPci *pci = device;

  update_pin (pci);
  for (unsigned i = 0; i < pci->ops->n_queues; i++)
    serve (pci, i);
}

void
virtio_pci_get_states (VirtioPci *pci, StateSection states[3])
{
  states[0] = (StateSection){ .id = pci->id,
                              .table = &virtio_pci_table,
                              .state = &pci->state,
                              .device = pci,
                              .show_lines = show_lines };
  states[1] = pci_msix_state (pci->msix);
  states[2] = pci_function_state (pci->function);
}
