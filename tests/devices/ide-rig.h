/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <string.h>

#include "devices/pci/pci.h"
#include "devices/storage/piix-ide.h"
#include "tests/support/device-test.h"

/* A PIIX3 IDE function with a disk as primary master and a CD drive as secondary master, images in
 * memory, RAM at 0: what the tests of the channel, the disk and the CD drive drive through
 * ports. */

#define IDE_RIG_DISK_SECTORS 4096
#define IDE_RIG_CD_SECTORS 64
#define IDE_RIG_RAM (1u << 20)
#define IDE_RIG_BAR 0xc000

/* Ports of the two channels; bases[] of the helpers. */
#define PRIMARY 0x1f0
#define SECONDARY 0x170
#define PRIMARY_CONTROL 0x3f6
#define SECONDARY_CONTROL 0x376

enum
{
  BSY = 0x80,
  DRDY = 0x40,
  DF = 0x20,
  DRQ = 0x08,
  ERR = 0x01
};

typedef struct
{
  Bus *io, *mmio;
  Memory *memory;
  Clock *clock;
  uint8_t *ram;
  PciBus *pci;
  TestLine lines[2];
  IdeChannel *channels[2];
  PiixIde *ide;
  Image *disk, *cd;
} IdeRig;

/* Each sector of an image begins with its number and goes on with a pattern of it. */
static inline void
ide_rig_sector (uint8_t *sector, unsigned size, uint32_t number)
{
  for (unsigned i = 0; i < size; i++)
    sector[i] = number * 31 + i;
  memcpy (sector, &number, 4);
}

static inline void
ide_rig_ignore (void *data, int result)
{
  g_assert_cmpint (result, ==, 0);
}

static inline void
ide_rig_fill (Image *image, unsigned sector_size)
{
  uint8_t sector[2048];

  for (uint32_t n = 0; n < image_get_size (image) / sector_size; n++)
    {
      ide_rig_sector (sector, sector_size, n);
      image_write (image, (uint64_t) n * sector_size, sector, sector_size, ide_rig_ignore, NULL);
    }
}

static inline void
ide_rig_assert_sectors (const void *bytes, unsigned sector_size, uint32_t first, unsigned count)
{
  uint8_t sector[2048];

  for (unsigned i = 0; i < count; i++)
    {
      ide_rig_sector (sector, sector_size, first + i);
      g_assert_cmpmem ((const uint8_t *) bytes + i * sector_size, sector_size, sector, sector_size);
    }
}

/* The devices on given buses, memory and clock; the RAM must be there. */
static inline IdeRig *
ide_rig_new_on (Bus *io, Bus *mmio, Memory *memory, Clock *clock)
{
  IdeRig *rig = g_new0 (IdeRig, 1);
  const Irq intx[4] = { IRQ_NONE, IRQ_NONE, IRQ_NONE, IRQ_NONE };

  rig->io = io;
  rig->mmio = mmio;
  rig->memory = memory;
  rig->clock = clock;
  rig->pci = pci_bus_new (rig->io, rig->mmio, rig->memory, intx, NULL, NULL);
  rig->channels[0] = ide_channel_new (rig->io, PRIMARY, PRIMARY_CONTROL, rig->clock,
                                      test_line_irq (&rig->lines[0]), "ide0");
  rig->channels[1] = ide_channel_new (rig->io, SECONDARY, SECONDARY_CONTROL, rig->clock,
                                      test_line_irq (&rig->lines[1]), "ide1");
  rig->ide = piix_ide_new (rig->pci, 1, 1, rig->channels);
  rig->disk = image_new_memory (IDE_RIG_DISK_SECTORS * 512, FALSE);
  rig->cd = image_new_memory (IDE_RIG_CD_SECTORS * 2048, FALSE);
  ide_rig_fill (rig->disk, 512);
  ide_rig_fill (rig->cd, 2048);
  ide_channel_attach (rig->channels[0], 0, IDE_DRIVE_DISK, rig->disk);
  ide_channel_attach (rig->channels[1], 0, IDE_DRIVE_CD, rig->cd);
  pci_bus_config_write (rig->pci, 0, 1 << 3 | 1, 0x20, 4, IDE_RIG_BAR);
  pci_bus_config_write (rig->pci, 0, 1 << 3 | 1, 0x04, 2, 5); /* I/O space, bus master */
  return rig;
}

static inline IdeRig *
ide_rig_new (void)
{
  Memory *memory = memory_new ();
  MemoryBlock *ram = memory_block_new (memory, "ram", IDE_RIG_RAM, false, NULL);
  IdeRig *rig;

  memory_map (memory, 0, IDE_RIG_RAM, ram, 0, MEMORY_RW, 0);
  rig = ide_rig_new_on (bus_new ("io", 0x10000, NULL), bus_new ("mmio", 0, NULL), memory,
                        clock_new_manual ());
  rig->ram = memory_block_get_data (ram);
  return rig;
}

static inline void
ide_rig_free_devices (IdeRig *rig)
{
  piix_ide_free (rig->ide);
  ide_channel_free (rig->channels[0]);
  ide_channel_free (rig->channels[1]);
  image_free (rig->disk);
  image_free (rig->cd);
  pci_bus_free (rig->pci);
  g_free (rig);
}

static inline void
ide_rig_free (IdeRig *rig)
{
  Memory *memory = rig->memory;
  Bus *mmio = rig->mmio, *io = rig->io;
  Clock *clock = rig->clock;

  ide_rig_free_devices (rig);
  clock_free (clock);
  memory_free (memory);
  bus_free (mmio);
  bus_free (io);
}

static inline uint8_t
ide_in (IdeRig *rig, uint16_t base, unsigned reg)
{
  return bus_read (rig->io, base + reg, 1);
}

static inline void
ide_out (IdeRig *rig, uint16_t base, unsigned reg, uint8_t value)
{
  bus_write (rig->io, base + reg, 1, value);
}

/* The Status register; reading it acknowledges the interrupt. */
static inline uint8_t
ide_status (IdeRig *rig, uint16_t base)
{
  return ide_in (rig, base, 7);
}

/* A command of the disk with a 28-bit address. */
static inline void
ide_command (IdeRig *rig, uint8_t command, uint32_t lba, uint8_t count)
{
  ide_out (rig, PRIMARY, 2, count);
  ide_out (rig, PRIMARY, 3, lba);
  ide_out (rig, PRIMARY, 4, lba >> 8);
  ide_out (rig, PRIMARY, 5, lba >> 16);
  ide_out (rig, PRIMARY, 6, 0xe0 | lba >> 24);
  ide_out (rig, PRIMARY, 7, command);
}

static inline void
ide_read_data (IdeRig *rig, uint16_t base, void *buffer, unsigned length)
{
  for (unsigned i = 0; i < length; i += 2)
    {
      uint16_t word = bus_read (rig->io, base, 2);

      memcpy ((uint8_t *) buffer + i, &word, 2);
    }
}

static inline void
ide_write_data (IdeRig *rig, uint16_t base, const void *buffer, unsigned length)
{
  for (unsigned i = 0; i < length; i += 2)
    {
      uint16_t word;

      memcpy (&word, (const uint8_t *) buffer + i, 2);
      bus_write (rig->io, base, 2, word);
    }
}

/* Descriptor n of a table at 1000h. */
static inline void
ide_rig_prd (IdeRig *rig, unsigned n, uint32_t address, uint16_t count, bool last)
{
  uint8_t *prd = rig->ram + 0x1000 + 8 * n;

  memcpy (prd, &address, 4);
  prd[4] = count;
  prd[5] = count >> 8;
  prd[6] = 0;
  prd[7] = last ? 0x80 : 0;
}

/* Starts the bus master of a channel (0, 1) on the table at 1000h. */
static inline void
ide_rig_start_dma (IdeRig *rig, unsigned channel, bool to_memory)
{
  uint16_t bar = IDE_RIG_BAR + channel * 8;

  bus_write (rig->io, bar + 4, 4, 0x1000);
  bus_write (rig->io, bar + 2, 1, 6);
  bus_write (rig->io, bar, 1, (to_memory ? 8 : 0) | 1);
}
