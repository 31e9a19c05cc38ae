/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel 82371FB/82371SB (PIIX, PIIX3) data sheet; Programming Interface for Bus Master IDE
 * Controller, revision 1.0. */
#include "piix-ide.h"

#include <string.h>

#include "vmm-core/trace.h"

#define BMIC_SSBM 0x01  /* start */
#define BMIC_RWCON 0x08 /* the controller writes to memory */
#define BMIS_ACTIVE 0x01
#define BMIS_ERROR 0x02
#define BMIS_INTERRUPT 0x04
#define BMIS_CAPABLE 0x60

typedef struct
{
  uint8_t command, status;
  uint32_t table;   /* physical address of the PRD table */
  uint32_t next;    /* of the descriptor after the current one */
  uint32_t address; /* in the current region */
  uint32_t left;    /* bytes left there */
  bool last;        /* it was the table's last */
} BusMasterState;

typedef struct
{
  BusMasterState channels[2];
} PiixIdeState;

struct PiixIde
{
  PiixIdeState state;
  PciFunction *function;
  IdeChannel *channels[2];
  struct BusMaster
  {
    PiixIde *ide;
    unsigned index;
  } masters[2];
};

static BusMasterState *
state_of (struct BusMaster *master)
{
  return &master->ide->state.channels[master->index];
}

static bool
master_is_started (void *dma)
{
  return state_of (dma)->command & BMIC_SSBM;
}

/* Loads the next descriptor; FALSE after the last. A count of 0 stands for 64 KiB. */
static bool
next_descriptor (struct BusMaster *master)
{
  BusMasterState *s = state_of (master);
  uint8_t prd[8];

  if (s->last || !pci_function_dma_read (master->ide->function, s->next, prd, sizeof prd))
    return false;
  memcpy (&s->address, prd, 4);
  s->address &= ~1u;
  s->left = (prd[4] | prd[5] << 8) & 0xfffe;
  s->left = s->left != 0 ? s->left : 65536;
  s->last = prd[7] & 0x80;
  s->next += 8;
  return true;
}

static size_t
master_transfer (void *dma, void *buffer, size_t length, bool to_memory)
{
  struct BusMaster *master = dma;
  BusMasterState *s = state_of (master);
  uint8_t *bytes = buffer;
  size_t done = 0;

  /* Every descriptor moves at least two bytes, so length bounds the loop. */
  while (done < length)
    {
      size_t n;

      if (s->left == 0 && !next_descriptor (master))
        break;
      n = MIN (length - done, s->left);
      if (to_memory)
        pci_function_dma_write (master->ide->function, s->address, bytes + done, n);
      else
        pci_function_dma_read (master->ide->function, s->address, bytes + done, n);
      s->address += n;
      s->left -= n;
      done += n;
    }
  if (done < length)
    TRACE ("piix-ide.short", "channel %u: descriptors end after %zu of %zu bytes", master->index,
           done, length);
  return done;
}

/* Active stays while regions are left. */
static void
master_finished (void *dma)
{
  BusMasterState *s = state_of (dma);

  if (s->left == 0 && s->last)
    s->status &= ~BMIS_ACTIVE;
}

static void
master_interrupt (void *dma)
{
  state_of (dma)->status |= BMIS_INTERRUPT;
}

static const IdeDma dma_ops
  = { master_is_started, master_transfer, master_finished, master_interrupt };

static uint64_t
bar_read (void *device, uint64_t offset, unsigned size)
{
  PiixIde *ide = device;
  const BusMasterState *s = &ide->state.channels[offset >> 3 & 1];

  switch (offset & 7)
    {
    case 0:
      return s->command;
    case 2:
      return s->status;
    case 4 ... 7:
      return s->table >> (offset & 3) * 8 & 0xff;
    default:
      return 0xff;
    }
}

static void
write_command (PiixIde *ide, unsigned index, uint8_t value)
{
  BusMasterState *s = &ide->state.channels[index];
  bool was_started = s->command & BMIC_SSBM;

  s->command = value & (BMIC_SSBM | BMIC_RWCON);
  if (!was_started && (value & BMIC_SSBM))
    {
      s->next = s->table;
      s->left = 0;
      s->last = false;
      s->status |= BMIS_ACTIVE;
      ide_channel_dma_started (ide->channels[index]);
    }
  else if (was_started && !(value & BMIC_SSBM))
    {
      s->status &= ~BMIS_ACTIVE;
      ide_channel_dma_stopped (ide->channels[index]);
    }
}

static void
bar_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  PiixIde *ide = device;
  unsigned index = offset >> 3 & 1;
  BusMasterState *s = &ide->state.channels[index];

  switch (offset & 7)
    {
    case 0:
      write_command (ide, index, value);
      break;
    case 2:
      s->status = (s->status & BMIS_ACTIVE) | (value & BMIS_CAPABLE)
                  | (s->status & ~value & (BMIS_ERROR | BMIS_INTERRUPT));
      break;
    case 4 ... 7:
      s->table &= ~(0xffu << (offset & 3) * 8);
      s->table |= (uint32_t) value << (offset & 3) * 8;
      s->table &= ~3u;
      break;
    default:
      break;
    }
}

static const BusOps bar_ops = { bar_read, bar_write, 1, 1 };

static void
piix_ide_reset (void *device)
{
  PiixIde *ide = device;

  memset (&ide->state, 0, sizeof ide->state);
  for (unsigned i = 0; i < 2; i++)
    ide_channel_reset (ide->channels[i]);
}

PiixIde *
piix_ide_new (PciBus *bus, unsigned slot, unsigned function, IdeChannel *channels[2])
{
  static const PciIdentity identity
    = { .vendor_id = 0x8086, .device_id = 0x7010, .class_code = 0x010180 };
  static const PciFunctionOps ops = { .reset = piix_ide_reset };
  PiixIde *ide = g_new0 (PiixIde, 1);
  uint8_t *mask;

  ide->function = pci_function_new (bus, slot, function, &identity, &ops, ide);
  pci_function_set_io_bar (ide->function, 4, 16, &bar_ops, ide);
  /* IDETIM 40h to 43h, SIDETIM 44h: timings without meaning here, but Enable is what drivers look
   * at. */
  mask = pci_function_get_write_mask (ide->function);
  memset (mask + 0x40, 0xff, 5);
  pci_function_get_config (ide->function)[0x41] = 0x80;
  pci_function_get_config (ide->function)[0x43] = 0x80;
  for (unsigned i = 0; i < 2; i++)
    {
      ide->channels[i] = channels[i];
      ide->masters[i].ide = ide;
      ide->masters[i].index = i;
      ide_channel_set_dma (channels[i], &dma_ops, &ide->masters[i]);
    }
  return ide;
}

void
piix_ide_free (PiixIde *ide)
{
  if (ide == NULL)
    return;
  for (unsigned i = 0; i < 2; i++)
    ide_channel_set_dma (ide->channels[i], NULL, NULL);
  pci_function_free (ide->function);
  g_free (ide);
}

PciFunction *
piix_ide_get_function (PiixIde *ide)
{
  return ide->function;
}

static const StateField master_fields[] = {
  STATE_INT (BusMasterState, command), STATE_INT (BusMasterState, status),
  STATE_INT (BusMasterState, table),   STATE_INT (BusMasterState, next),
  STATE_INT (BusMasterState, address), STATE_INT_IN (BusMasterState, left, 0, 65536),
  STATE_FLAG (BusMasterState, last),
};
static const StateTable master_table = STATE_TABLE (BusMasterState, 1, master_fields);
static const StateField piix_ide_fields[]
  = { STATE_NESTED_ARRAY (PiixIdeState, channels, &master_table) };
static const StateTable piix_ide_table = STATE_TABLE (PiixIdeState, 1, piix_ide_fields);

StateSection
piix_ide_state (PiixIde *ide)
{
  return (StateSection){
    .id = "piix-ide", .table = &piix_ide_table, .state = &ide->state, .device = ide
  };
}
