/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel 82093AA IOAPIC data sheet (290566); the EOI register at 40h is that of later I/O APICs
 * (version 20h, Intel ICH data sheets). Message format: Intel SDM 3A, 11.11. */
#include "ioapic.h"

#include "vmm-core/trace.h"

#define IOREGSEL 0x00
#define IOWIN 0x10
#define IOEOIR 0x40

#define IOAPICID 0x00
#define IOAPICVER 0x01
#define IOAPICARB 0x02
#define IOREDTBL 0x10
#define IOAPIC_VERSION 0x20

/* A redirection entry. */
#define REDIR_DELMOD_SHIFT 8
#define REDIR_DESTMOD (1u << 11)
#define REDIR_REMOTE_IRR (1u << 14)
#define REDIR_LEVEL (1u << 15)
#define REDIR_MASK (1u << 16)
#define REDIR_LOW_WRITABLE 0x1afffu
#define REDIR_DEST_SHIFT 56

#define MSI_ADDRESS 0xfee00000u
#define MSI_DEST_SHIFT 12
#define MSI_LOGICAL (1u << 2)
#define MSI_ASSERT (1u << 14)
#define MSI_LEVEL (1u << 15)

typedef struct
{
  uint64_t entries[IOAPIC_N_PINS];
  uint32_t lines;
  uint8_t ioregsel;
  uint8_t id;
} IoapicState;

struct Ioapic
{
  Bus *mmio;
  void (*send_msi) (void *target, uint64_t address, uint32_t data);
  void *target;
  IoapicState state;
};

static const StateField ioapic_fields[] = {
  STATE_INTS (IoapicState, entries),
  STATE_INT_IN (IoapicState, lines, 0, (1u << IOAPIC_N_PINS) - 1),
  STATE_INT (IoapicState, ioregsel),
  STATE_INT_IN (IoapicState, id, 0, 15),
};
static const StateTable ioapic_table = STATE_TABLE (IoapicState, 1, ioapic_fields);

static void
ioapic_send (Ioapic *ioapic, unsigned pin)
{
  uint64_t entry = ioapic->state.entries[pin];
  uint32_t address = MSI_ADDRESS | (uint32_t) (entry >> REDIR_DEST_SHIFT) << MSI_DEST_SHIFT
                     | (entry & REDIR_DESTMOD ? MSI_LOGICAL : 0);
  uint32_t data = entry & 0x7ff;

  if (entry & REDIR_LEVEL)
    data |= MSI_LEVEL | MSI_ASSERT;
  TRACE ("ioapic.send", "pin %u address %#x data %#x", pin, address, data);
  ioapic->send_msi (ioapic->target, address, data);
}

/* A level-triggered input speaks while it is asserted and its last message has been ended. */
static void
ioapic_service_level (Ioapic *ioapic, unsigned pin)
{
  uint64_t *entry = &ioapic->state.entries[pin];

  if (!(*entry & REDIR_LEVEL) || (*entry & (REDIR_MASK | REDIR_REMOTE_IRR))
      || !(ioapic->state.lines >> pin & 1))
    return;
  /* Only fixed and lowest-priority messages are answered by an EOI. */
  if ((*entry >> REDIR_DELMOD_SHIFT & 7) <= 1)
    *entry |= REDIR_REMOTE_IRR;
  ioapic_send (ioapic, pin);
}

static void
ioapic_set_pin (void *data, unsigned pin, bool level)
{
  Ioapic *ioapic = data;
  uint32_t bit = 1u << pin;
  bool rising = level && !(ioapic->state.lines & bit);
  uint64_t entry = ioapic->state.entries[pin];

  ioapic->state.lines = level ? ioapic->state.lines | bit : ioapic->state.lines & ~bit;
  if (!rising)
    return;
  if (entry & REDIR_LEVEL)
    ioapic_service_level (ioapic, pin);
  /* "Edge-sensitive interrupts signaled on a masked interrupt pin are ignored" (3.2.4, bit 16), not
   * held: guests that mask an edge look at its device again, and a late edge would be one too
   * many. */
  else if (!(entry & REDIR_MASK))
    ioapic_send (ioapic, pin);
}

Irq
ioapic_get_irq (Ioapic *ioapic, unsigned pin)
{
  g_assert (pin < IOAPIC_N_PINS);
  return (Irq){ ioapic_set_pin, ioapic, pin };
}

bool
ioapic_is_masked (const Ioapic *ioapic, unsigned pin)
{
  return (ioapic->state.entries[pin] & (REDIR_MASK | REDIR_LEVEL)) != 0;
}

bool
ioapic_is_vector_of (const Ioapic *ioapic, unsigned pin, uint8_t vector)
{
  return !ioapic_is_masked (ioapic, pin) && (ioapic->state.entries[pin] & 0xff) == vector;
}

void
ioapic_eoi (Ioapic *ioapic, uint8_t vector)
{
  for (unsigned pin = 0; pin < IOAPIC_N_PINS; pin++)
    {
      uint64_t *entry = &ioapic->state.entries[pin];

      if ((*entry & 0xff) != vector || !(*entry & REDIR_LEVEL) || !(*entry & REDIR_REMOTE_IRR))
        continue;
      *entry &= ~(uint64_t) REDIR_REMOTE_IRR;
      ioapic_service_level (ioapic, pin);
    }
}

static uint32_t
ioapic_read_register (const Ioapic *ioapic, unsigned reg)
{
  unsigned pin = (reg - IOREDTBL) / 2;

  if (reg == IOAPICID || reg == IOAPICARB)
    return (uint32_t) ioapic->state.id << 24;
  if (reg == IOAPICVER)
    return IOAPIC_VERSION | (IOAPIC_N_PINS - 1) << 16;
  if (reg < IOREDTBL || pin >= IOAPIC_N_PINS)
    return 0;
  return ioapic->state.entries[pin] >> (reg & 1 ? 32 : 0);
}

static void
ioapic_write_register (Ioapic *ioapic, unsigned reg, uint32_t value)
{
  unsigned pin = (reg - IOREDTBL) / 2;
  uint64_t *entry;

  TRACE ("ioapic.write", "register %#x value %#x", reg, value);
  if (reg == IOAPICID)
    ioapic->state.id = value >> 24 & 15;
  if (reg < IOREDTBL || pin >= IOAPIC_N_PINS)
    return;
  entry = &ioapic->state.entries[pin];
  if (reg & 1)
    {
      *entry = (*entry & UINT32_MAX) | (uint64_t) (value & 0xff000000) << 32;
      return;
    }
  *entry = (*entry & ~(uint64_t) REDIR_LOW_WRITABLE) | (value & REDIR_LOW_WRITABLE);
  /* Software without the EOI register ends an interrupt by making the input edge-triggered. */
  if (!(*entry & REDIR_LEVEL))
    *entry &= ~(uint64_t) REDIR_REMOTE_IRR;
  ioapic_service_level (ioapic, pin);
}

static uint64_t
ioapic_read (void *device, uint64_t offset, unsigned size)
{
  Ioapic *ioapic = device;

  switch (offset & ~3u)
    {
    case IOREGSEL:
      return ioapic->state.ioregsel;
    case IOWIN:
      return ioapic_read_register (ioapic, ioapic->state.ioregsel);
    default:
      return 0;
    }
}

static void
ioapic_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  Ioapic *ioapic = device;

  switch (offset & ~3u)
    {
    case IOREGSEL:
      ioapic->state.ioregsel = value;
      break;
    case IOWIN:
      ioapic_write_register (ioapic, ioapic->state.ioregsel, value);
      break;
    case IOEOIR:
      ioapic_eoi (ioapic, value);
      break;
    default:
      break;
    }
}

static const BusOps ioapic_ops
  = { .read = ioapic_read, .write = ioapic_write, .min_size = 4, .max_size = 4 };

void
ioapic_reset (Ioapic *ioapic)
{
  for (unsigned pin = 0; pin < IOAPIC_N_PINS; pin++)
    ioapic->state.entries[pin] = REDIR_MASK;
  ioapic->state.ioregsel = 0;
  ioapic->state.id = 0;
}

Ioapic *
ioapic_new (Bus *mmio, void (*send_msi) (void *target, uint64_t address, uint32_t data),
            void *target)
{
  Ioapic *ioapic = g_new0 (Ioapic, 1);

  ioapic->mmio = mmio;
  ioapic->send_msi = send_msi;
  ioapic->target = target;
  ioapic_reset (ioapic);
  bus_map (mmio, IOAPIC_BASE, 0x1000, &ioapic_ops, ioapic);
  return ioapic;
}

void
ioapic_free (Ioapic *ioapic)
{
  if (ioapic == NULL)
    return;
  bus_unmap (ioapic->mmio, IOAPIC_BASE, 0x1000, ioapic);
  g_free (ioapic);
}

StateSection
ioapic_state (Ioapic *ioapic)
{
  return (StateSection){
    .id = "ioapic",
    .table = &ioapic_table,
    .state = &ioapic->state,
    .device = ioapic,
  };
}
