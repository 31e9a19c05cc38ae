/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MSI-X: PCI Local Bus Specification 3.0, 6.8.2. */
#include "pci-msix.h"

#include "pci-internal.h"
#include "vmm-core/trace.h"

#define CAPABILITY_ID 0x11
#define CAPABILITY_SIZE 12
#define CONTROL 2 /* of the capability */
#define CONTROL_ENABLE (1 << 15)
#define CONTROL_MASK_ALL (1 << 14)
#define TABLE 4
#define PBA 8
#define ENTRY_SIZE 16
#define VECTOR_MASKED 1u
#define PBA_OFFSET 0x800 /* in the BAR */
#define BAR_SIZE 0x1000

typedef struct
{
  uint64_t address;
  uint32_t data, control;
} PciMsixEntry;

typedef struct
{
  PciMsixEntry entries[PCI_MSIX_MAX];
  uint64_t pending; /* a bit for each vector */
} PciMsixState;

struct PciMsix
{
  PciFunction *function;
  unsigned capability; /* its register */
  unsigned n;
  char id[24];
  PciMsixState state;
};

G_STATIC_ASSERT (PCI_MSIX_MAX *ENTRY_SIZE <= PBA_OFFSET);

static const StateField entry_fields[] = {
  STATE_INT (PciMsixEntry, address),
  STATE_INT (PciMsixEntry, data),
  STATE_INT (PciMsixEntry, control),
};
static const StateTable entry_table = STATE_TABLE (PciMsixEntry, 1, entry_fields);
static const StateField msix_fields[] = {
  STATE_NESTED_ARRAY (PciMsixState, entries, &entry_table),
  STATE_INT (PciMsixState, pending),
};
static const StateTable msix_table = STATE_TABLE (PciMsixState, 1, msix_fields);

static unsigned
get_control (const PciMsix *msix)
{
  const uint8_t *at = &msix->function->state.config[msix->capability + CONTROL];

  return at[0] | at[1] << 8;
}

bool
pci_msix_is_enabled (const PciMsix *msix)
{
  return (get_control (msix) & CONTROL_ENABLE) != 0;
}

static bool
is_masked (const PciMsix *msix, unsigned vector)
{
  return (get_control (msix) & (CONTROL_ENABLE | CONTROL_MASK_ALL)) != CONTROL_ENABLE
         || (msix->state.entries[vector].control & VECTOR_MASKED) != 0;
}

void
pci_msix_send (PciMsix *msix, unsigned vector)
{
  PciBus *bus = msix->function->bus;
  const PciMsixEntry *entry;

  if (vector >= msix->n || !pci_msix_is_enabled (msix))
    return;
  if (is_masked (msix, vector))
    {
      msix->state.pending |= UINT64_C (1) << vector;
      return;
    }
  entry = &msix->state.entries[vector];
  TRACE ("pci.msi", "%s vector %u address %#" G_GINT64_MODIFIER "x data %#x", msix->function->id,
         vector, entry->address, entry->data);
  msix->state.pending &= ~(UINT64_C (1) << vector);
  if (pci_function_command (msix->function) & PCI_COMMAND_MASTER)
    bus->send_msi (bus->msi_target, entry->address, entry->data);
}

static void
send_pending (PciMsix *msix)
{
  for (unsigned vector = 0; vector < msix->n; vector++)
    if ((msix->state.pending >> vector & 1) != 0 && !is_masked (msix, vector))
      pci_msix_send (msix, vector);
}

void
pci_msix_config_written (PciMsix *msix)
{
  send_pending (msix);
}

static uint64_t
read_table (void *device, uint64_t offset, unsigned size)
{
  PciMsix *msix = device;
  const PciMsixEntry *entry;

  if (offset >= PBA_OFFSET)
    return offset < PBA_OFFSET + 8 ? (uint32_t) (msix->state.pending >> (offset & 4) * 8) : 0;
  if (offset / ENTRY_SIZE >= msix->n)
    return 0;
  entry = &msix->state.entries[offset / ENTRY_SIZE];
  switch (offset % ENTRY_SIZE)
    {
    case 0:
      return (uint32_t) entry->address;
    case 4:
      return entry->address >> 32;
    case 8:
      return entry->data;
    default:
      return entry->control;
    }
}

static void
write_table (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  PciMsix *msix = device;
  PciMsixEntry *entry;

  if (offset / ENTRY_SIZE >= msix->n)
    return;
  entry = &msix->state.entries[offset / ENTRY_SIZE];
  switch (offset % ENTRY_SIZE)
    {
    case 0:
      entry->address = (entry->address & ~(uint64_t) UINT32_MAX) | (value & ~UINT64_C (3));
      break;
    case 4:
      entry->address = (uint32_t) entry->address | value << 32;
      break;
    case 8:
      entry->data = value;
      break;
    default:
      entry->control = value & VECTOR_MASKED;
      send_pending (msix);
    }
}

static const BusOps table_ops
  = { .read = read_table, .write = write_table, .min_size = 4, .max_size = 4 };

PciMsix *
pci_msix_new (PciFunction *function, unsigned bar, unsigned n)
{
  PciMsix *msix = g_new0 (PciMsix, 1);
  uint8_t *config = pci_function_get_config (function);

  g_assert (n >= 1 && n <= PCI_MSIX_MAX);
  msix->function = function;
  msix->n = n;
  g_snprintf (msix->id, sizeof msix->id, "%s msi-x", function->id);
  msix->capability = pci_function_add_capability (function, CAPABILITY_ID, CAPABILITY_SIZE);
  config[msix->capability + CONTROL] = n - 1;
  config[msix->capability + TABLE] = bar;
  config[msix->capability + PBA] = bar | (PBA_OFFSET & 0xff);
  config[msix->capability + PBA + 1] = PBA_OFFSET >> 8;
  pci_function_get_write_mask (function)[msix->capability + CONTROL + 1]
    = (CONTROL_ENABLE | CONTROL_MASK_ALL) >> 8;
  pci_function_set_mmio_bar (function, bar, BAR_SIZE, &table_ops, msix);
  pci_msix_reset (msix);
  return msix;
}

void
pci_msix_free (PciMsix *msix)
{
  g_free (msix);
}

void
pci_msix_reset (PciMsix *msix)
{
  msix->state = (PciMsixState){ 0 };
  for (unsigned vector = 0; vector < msix->n; vector++)
    msix->state.entries[vector].control = VECTOR_MASKED;
  msix->function->state.config[msix->capability + CONTROL + 1] = 0;
}

unsigned
pci_msix_get_count (const PciMsix *msix)
{
  return msix->n;
}

StateSection
pci_msix_state (PciMsix *msix)
{
  return (
    StateSection){ .id = msix->id, .table = &msix_table, .state = &msix->state, .device = msix };
}
