/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/image/image.h"
#include "devices/pci/pci.h"
#include "vmm-core/clock.h"

/* One IDE channel with a master and a slave: the task file and what the drives do with it. */
typedef struct IdeChannel IdeChannel;

typedef enum
{
  IDE_DRIVE_NONE,
  IDE_DRIVE_DISK,
  IDE_DRIVE_CD
} IdeDriveKind;

/* command_base and control_base are the ports of the task file (8) and of the control block
 * (1): 1F0h and 3F6h, 170h and 376h. id names the state: "ide0". */
IdeChannel *ide_channel_new (Bus *io, uint16_t command_base, uint16_t control_base, Clock *clock,
                             Irq irq, const char *id);
void ide_channel_free (IdeChannel *channel);
void ide_channel_reset (IdeChannel *channel);

/* Attaches a drive as unit 0 (master) or 1 (slave) before the guest runs. image is borrowed and
 * may be NULL for a CD drive without a disc. */
void ide_channel_attach (IdeChannel *channel, unsigned unit, IdeDriveKind kind, Image *image);

/* Changes the disc of a CD drive; NULL takes it out. FALSE with error while the guest has locked
 * the tray, unless forced. The guest hears of it as a unit attention. */
gboolean ide_channel_change_medium (IdeChannel *channel, unsigned unit, Image *image,
                                    gboolean force, GError **error);
gboolean ide_channel_is_locked (IdeChannel *channel, unsigned unit);

/* opened_or_closed is called when the guest moves, locks or unlocks a tray of the channel; NULL for
 * none. */
void ide_channel_set_tray_listener (IdeChannel *channel, void (*opened_or_closed) (void *data),
                                    void *data);

/* What moves the data of DMA commands. transfer moves up to length bytes of the drive's data to (or
 * from) memory and returns how many it moved: fewer means that the descriptors ran out. finished
 * ends a command. interrupt is told of every interrupt of the channel, those of PIO commands,
 * too. */
typedef struct
{
  bool (*is_started) (void *dma);
  size_t (*transfer) (void *dma, void *buffer, size_t length, bool to_memory);
  void (*finished) (void *dma);
  void (*interrupt) (void *dma);
} IdeDma;
void ide_channel_set_dma (IdeChannel *channel, const IdeDma *ops, void *dma);
/* The bus master was started; a drive that waits for it goes on. */
void ide_channel_dma_started (IdeChannel *channel);
/* The bus master was stopped in the middle of a command. */
void ide_channel_dma_stopped (IdeChannel *channel);

StateSection ide_channel_state (IdeChannel *channel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IdeChannel, ide_channel_free)
