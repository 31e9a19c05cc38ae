/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The task file and the data phases: ATA/ATAPI-7 volume 2, chapters 7 and 11. */
#include "ide-internal.h"

#include <glib/gi18n.h>
#include <string.h>

#include "disk-geometry.h"
#include "vmm-core/trace.h"

#define CONTROL_NIEN 0x02
#define CONTROL_SRST 0x04
#define CONTROL_HOB 0x80
#define DEVICE_DEV 0x10

static IdeDrive *
selected (IdeChannel *channel)
{
  return &channel->drives[channel->drives[0].state.device & DEVICE_DEV ? 1 : 0];
}

void
ide_update_irq (IdeChannel *channel)
{
  irq_set (channel->irq, channel->irq_pending && !(channel->control & CONTROL_NIEN));
}

void
ide_raise_irq (IdeDrive *drive)
{
  IdeChannel *channel = drive->channel;

  channel->irq_pending = true;
  if (channel->dma_ops != NULL && !(channel->control & CONTROL_NIEN))
    channel->dma_ops->interrupt (channel->dma);
  ide_update_irq (channel);
}

/* Bit 4 is DSC. A packet device has SERV there, but for SEEK. */
static uint8_t
ready (const IdeDrive *drive)
{
  return IDE_STATUS_DRDY | (drive->kind == IDE_DRIVE_CD ? 0 : IDE_STATUS_DSC);
}

static void
dma_finished (IdeDrive *drive)
{
  IdeChannel *channel = drive->channel;

  if (drive->state.dma && channel->dma_ops != NULL)
    channel->dma_ops->finished (channel->dma);
  drive->state.dma = false;
}

void
ide_complete (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;

  s->phase = IDE_PHASE_IDLE;
  s->status = ready (drive);
  s->error = 0;
  if (drive->kind == IDE_DRIVE_CD)
    s->count[0] = 3; /* interrupt reason: completion */
  dma_finished (drive);
  ide_raise_irq (drive);
}

static void
fail (IdeDrive *drive, uint8_t status, uint8_t error)
{
  IdeDriveState *s = &drive->state;

  TRACE ("ide.abort", "%s.%u command %#x status %#x error %#x", drive->channel->id, drive->unit,
         s->command, status, error);
  s->phase = IDE_PHASE_IDLE;
  s->status = status | IDE_STATUS_ERR;
  s->error = error;
  dma_finished (drive);
  ide_raise_irq (drive);
}

void
ide_abort (IdeDrive *drive, uint8_t error)
{
  fail (drive, ready (drive), error);
}

/* The host could not do it. What cannot be read is uncorrectable data; for what cannot be written
 * there is no such error: the device is at fault, and the command is given up. */
static void
transfer_failed (IdeDrive *drive)
{
  bool reading = drive->state.phase == IDE_PHASE_IMAGE_READ;

  if (drive->kind == IDE_DRIVE_CD)
    {
      atapi_cd_fail (drive, 3, 0x11, 0); /* medium error: unrecovered read error */
      return;
    }
  if (drive->state.phase != IDE_PHASE_FLUSH)
    ata_disk_tell_address (drive);
  if (reading)
    ide_abort (drive, IDE_ERROR_UNC);
  else
    fail (drive, IDE_STATUS_DRDY | IDE_STATUS_DF, IDE_ERROR_ABRT);
}

static void
begin_drq (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;
  uint32_t n = MIN (s->block, s->filled - s->at);

  s->drq_end = s->at + n;
  s->status = ready (drive) | IDE_STATUS_DRQ;
  if (drive->kind == IDE_DRIVE_CD)
    s->count[0] = s->to_guest ? 2 : 0; /* interrupt reason: data */
  if (drive->kind == IDE_DRIVE_CD && s->command == 0xa0)
    {
      s->lba_mid[0] = n;
      s->lba_high[0] = n >> 8;
    }
}

/* Reads the next part of the command into the buffer. */
static void
next_read (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;
  uint32_t length = MIN (s->remaining, IDE_BUFFER_SIZE / s->block * s->block);

  if (s->raw_fields != 0)
    length = MIN (s->remaining, ATAPI_RAW_AT_ONCE);
  if (length
      == 0) /* blocks larger than the buffer do not exist, but a guest's state might say so */
    length = MIN (s->remaining, IDE_BUFFER_SIZE);
  s->phase = IDE_PHASE_IMAGE_READ;
  s->status = IDE_STATUS_BSY;
  s->at = 0;
  s->filled = length;
  s->remaining -= length;
  image_read (drive->image, s->offset, s->buffer, length, ide_image_done, drive);
}

static void
next_write (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;

  s->phase = IDE_PHASE_IMAGE_WRITE;
  s->status = IDE_STATUS_BSY;
  image_write (drive->image, s->offset, s->buffer, s->filled, ide_image_done, drive);
}

/* Asks the guest for the next block, by DRQ or from the bus master. */
static void
want_data (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;

  s->at = 0;
  s->filled = MIN (s->remaining, s->dma ? IDE_BUFFER_SIZE : s->block);
  if (s->dma)
    {
      IdeChannel *channel = drive->channel;

      if (channel->dma_ops == NULL || !channel->dma_ops->is_started (channel->dma))
        {
          s->phase = IDE_PHASE_DMA_WAIT;
          s->status = ready (drive) | IDE_STATUS_DRQ;
          return;
        }
      if (channel->dma_ops->transfer (channel->dma, s->buffer, s->filled, false) < s->filled)
        {
          ide_abort (drive, IDE_ERROR_ABRT);
          return;
        }
      s->remaining -= s->filled;
      next_write (drive);
      return;
    }
  s->phase = IDE_PHASE_DATA_OUT;
  begin_drq (drive);
}

/* The buffer is full of data for the guest. */
static void
offer_data (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;
  IdeChannel *channel = drive->channel;

  if (!s->dma)
    {
      s->phase = IDE_PHASE_DATA_IN;
      begin_drq (drive);
      ide_raise_irq (drive);
      return;
    }
  if (channel->dma_ops == NULL || !channel->dma_ops->is_started (channel->dma))
    {
      s->phase = IDE_PHASE_DMA_WAIT;
      s->status = ready (drive) | IDE_STATUS_DRQ;
      return;
    }
  if (channel->dma_ops->transfer (channel->dma, s->buffer, s->filled, true) < s->filled)
    ide_abort (drive, IDE_ERROR_ABRT);
  else if (s->remaining > 0)
    next_read (drive);
  else
    ide_complete (drive);
}

static void
flush (IdeDrive *drive)
{
  drive->state.phase = IDE_PHASE_FLUSH;
  drive->state.status = IDE_STATUS_BSY;
  image_flush (drive->image, ide_image_done, drive);
}

void
ide_image_done (void *data, int result)
{
  IdeDrive *drive = data;
  IdeDriveState *s = &drive->state;
  uint32_t from_image;

  if (result != 0)
    {
      transfer_failed (drive);
      return;
    }
  switch (s->phase)
    {
    case IDE_PHASE_IMAGE_READ:
      from_image = s->filled;
      if (s->raw_fields != 0)
        atapi_read_make_raw (drive);
      s->offset += from_image;
      offer_data (drive);
      break;
    case IDE_PHASE_IMAGE_WRITE:
      s->offset += s->filled;
      if (s->remaining == 0 && s->write_cache_off)
        flush (drive);
      else if (s->remaining == 0)
        ide_complete (drive);
      else
        {
          want_data (drive);
          if (s->phase == IDE_PHASE_DATA_OUT)
            ide_raise_irq (drive);
        }
      break;
    default:
      ide_complete (drive);
      break;
    }
}

void
ide_start_transfer (IdeDrive *drive, uint64_t offset, uint32_t bytes, uint32_t block, bool to_guest,
                    bool dma)
{
  IdeDriveState *s = &drive->state;

  s->offset = offset;
  s->remaining = bytes;
  s->block = block;
  s->to_guest = to_guest;
  s->dma = dma;
  s->power = IDE_POWER_ACTIVE;
  if (to_guest)
    next_read (drive);
  else
    want_data (drive);
}

void
ide_start_data_in (IdeDrive *drive, uint32_t length, uint32_t block, bool dma)
{
  IdeDriveState *s = &drive->state;

  s->remaining = 0;
  s->at = 0;
  s->filled = length;
  s->block = block;
  s->to_guest = true;
  s->dma = dma;
  offer_data (drive);
}

void
ide_start_flush (IdeDrive *drive)
{
  drive->state.dma = false;
  flush (drive);
}

void
ide_channel_dma_started (IdeChannel *channel)
{
  for (unsigned unit = 0; unit < 2; unit++)
    if (channel->drives[unit].state.phase == IDE_PHASE_DMA_WAIT)
      {
        if (channel->drives[unit].state.to_guest)
          offer_data (&channel->drives[unit]);
        else
          want_data (&channel->drives[unit]);
      }
}

void
ide_cancel (IdeDrive *drive)
{
  if (drive->image != NULL)
    image_cancel (drive->image, drive);
  drive->state.phase = IDE_PHASE_IDLE;
  drive->state.dma = false;
}

void
ide_channel_dma_stopped (IdeChannel *channel)
{
  for (unsigned unit = 0; unit < 2; unit++)
    {
      IdeDrive *drive = &channel->drives[unit];

      if (drive->state.dma && drive->state.phase != IDE_PHASE_IDLE)
        {
          ide_cancel (drive);
          drive->state.status = ready (drive) | IDE_STATUS_ERR;
          drive->state.error = IDE_ERROR_ABRT;
        }
    }
}

/* The end of a block of data through the data port. */
static void
drq_done (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;

  switch (s->phase)
    {
    case IDE_PHASE_DATA_IN:
      if (s->at < s->filled)
        {
          begin_drq (drive);
          ide_raise_irq (drive);
        }
      else if (s->remaining > 0)
        next_read (drive);
      else if (drive->kind == IDE_DRIVE_CD && s->command == 0xa0)
        ide_complete (drive); /* packets have a status phase with an interrupt of its own */
      else
        {
          s->phase = IDE_PHASE_IDLE;
          s->status = ready (drive);
        }
      break;
    case IDE_PHASE_DATA_OUT:
      s->remaining -= s->filled;
      next_write (drive);
      break;
    default:
      memcpy (s->packet, s->buffer, sizeof s->packet);
      s->phase = IDE_PHASE_IDLE;
      atapi_cd_packet (drive);
      break;
    }
}

static uint64_t
data_read (IdeDrive *drive, unsigned size)
{
  IdeDriveState *s = &drive->state;
  uint32_t value = 0;

  if (s->phase != IDE_PHASE_DATA_IN)
    return 0;
  size = MIN (size, s->drq_end - s->at);
  memcpy (&value, s->buffer + s->at, size);
  s->at += size;
  if (s->at == s->drq_end)
    drq_done (drive);
  return value;
}

static void
data_write (IdeDrive *drive, unsigned size, uint32_t value)
{
  IdeDriveState *s = &drive->state;

  if (s->phase != IDE_PHASE_DATA_OUT && s->phase != IDE_PHASE_PACKET)
    return;
  size = MIN (size, s->drq_end - s->at);
  memcpy (s->buffer + s->at, &value, size);
  s->at += size;
  if (s->at == s->drq_end)
    drq_done (drive);
}

void
ide_set_signature (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;

  s->count[0] = 1;
  s->lba_low[0] = 1;
  s->lba_mid[0] = drive->kind == IDE_DRIVE_CD ? 0x14 : 0;
  s->lba_high[0] = drive->kind == IDE_DRIVE_CD ? 0xeb : 0;
  s->device &= DEVICE_DEV;
}

static void
run_command (IdeChannel *channel, uint8_t command)
{
  IdeDrive *drive = selected (channel);

  TRACE ("ide.command", "%s.%u command %#x", channel->id, drive->unit, command);
  channel->irq_pending = false;
  ide_update_irq (channel);
  if (command == 0x90) /* EXECUTE DEVICE DIAGNOSTIC: both drives, answered by the master */
    {
      if (channel->reset == IDE_RESET_NONE)
        ide_reset_diagnose (channel);
      return;
    }
  if (drive->kind == IDE_DRIVE_NONE)
    return;
  if (command == 0x08 && drive->kind == IDE_DRIVE_CD && channel->reset == IDE_RESET_NONE)
    {
      ide_reset_drive (drive); /* DEVICE RESET, even when busy */
      return;
    }
  if (drive->state.status & (IDE_STATUS_BSY | IDE_STATUS_DRQ))
    return;
  drive->state.command = command;
  drive->state.error = 0;
  drive->state.dma = false;
  if (drive->kind == IDE_DRIVE_CD)
    atapi_cd_command (drive, command);
  else
    ata_disk_command (drive, command);
}

static uint8_t
read_register (const IdeChannel *channel, const IdeDriveState *s, unsigned offset)
{
  unsigned old = channel->control & CONTROL_HOB ? 1 : 0;

  switch (offset)
    {
    case 1:
      return s->error;
    case 2:
      return s->count[old];
    case 3:
      return s->lba_low[old];
    case 4:
      return s->lba_mid[old];
    case 5:
      return s->lba_high[old];
    default:
      return s->device | 0xa0;
    }
}

/* A missing drive does not answer: a missing slave is spoken for by the master, with zeros. */
static bool
absent (IdeChannel *channel, const IdeDrive *drive)
{
  return drive->kind == IDE_DRIVE_NONE && channel->drives[!drive->unit].kind == IDE_DRIVE_NONE;
}

static uint64_t
command_read (void *device, uint64_t offset, unsigned size)
{
  IdeChannel *channel = device;
  IdeDrive *drive = selected (channel);

  if (absent (channel, drive))
    return offset == 7 ? 0x7f : 0xff; /* the bus floats; bit 7 is pulled down */
  if (drive->kind == IDE_DRIVE_NONE)
    return 0;
  if (offset == 0)
    return data_read (drive, size);
  if (offset == 7)
    {
      channel->irq_pending = false;
      ide_update_irq (channel);
      return drive->state.status;
    }
  return read_register (channel, &drive->state, offset);
}

static void
push_register (uint8_t pair[2], uint8_t value)
{
  pair[1] = pair[0];
  pair[0] = value;
}

static void
write_register (IdeDriveState *s, unsigned offset, uint8_t value)
{
  switch (offset)
    {
    case 1:
      push_register (s->features, value);
      break;
    case 2:
      push_register (s->count, value);
      break;
    case 3:
      push_register (s->lba_low, value);
      break;
    case 4:
      push_register (s->lba_mid, value);
      break;
    case 5:
      push_register (s->lba_high, value);
      break;
    default:
      s->device = value;
      break;
    }
}

static void
command_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  IdeChannel *channel = device;

  channel->control &= ~CONTROL_HOB;
  if (offset == 0)
    data_write (selected (channel), size, value);
  else if (offset == 7)
    run_command (channel, value);
  else
    /* Both drives hear what is written to the task file. */
    for (unsigned unit = 0; unit < 2; unit++)
      if (offset == 6 || !(channel->drives[unit].state.status & (IDE_STATUS_BSY | IDE_STATUS_DRQ)))
        write_register (&channel->drives[unit].state, offset, value);
}

/* Only the data port is wider than a byte: a word or dword there is data, elsewhere it is bytes. */
static uint64_t
task_file_read (void *device, uint64_t offset, unsigned size)
{
  uint64_t value = 0;

  if (offset == 0)
    return command_read (device, 0, size);
  for (unsigned i = 0; i < size; i++)
    value |= command_read (device, offset + i, 1) << i * 8;
  return value;
}

static void
task_file_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  if (offset == 0)
    command_write (device, 0, size, value);
  else
    for (unsigned i = 0; i < size; i++)
      command_write (device, offset + i, 1, value >> i * 8 & 0xff);
}

static uint64_t
control_read (void *device, uint64_t offset, unsigned size)
{
  IdeChannel *channel = device;
  IdeDrive *drive = selected (channel);

  /* Alternate Status: no acknowledgement of the interrupt. */
  return absent (channel, drive) ? 0x7f : drive->kind == IDE_DRIVE_NONE ? 0 : drive->state.status;
}

static void
control_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  IdeChannel *channel = device;
  uint8_t before = channel->control;

  channel->control = value;
  if ((before ^ value) & CONTROL_SRST)
    ide_reset_set_srst (channel, (value & CONTROL_SRST) != 0);
  ide_update_irq (channel);
}

static const BusOps task_file_ops = { task_file_read, task_file_write, 1, 4 };
static const BusOps control_ops = { control_read, control_write, 1, 1 };

IdeChannel *
ide_channel_new (Bus *io, uint16_t command_base, uint16_t control_base, Clock *clock, Irq irq,
                 const char *id)
{
  IdeChannel *channel = g_new0 (IdeChannel, 1);

  channel->io = io;
  channel->command_base = command_base;
  channel->control_base = control_base;
  channel->clock = clock;
  channel->reset_timer = timer_new (clock, ide_reset_expired, channel);
  channel->irq = irq;
  channel->id = g_strdup (id);
  for (unsigned unit = 0; unit < 2; unit++)
    {
      channel->drives[unit].channel = channel;
      channel->drives[unit].unit = unit;
      channel->drives[unit].state.default_heads = 16;
      channel->drives[unit].state.default_sectors = 63;
    }
  ide_channel_reset (channel);
  bus_map (io, command_base, 8, &task_file_ops, channel);
  bus_map (io, control_base, 1, &control_ops, channel);
  return channel;
}

void
ide_channel_free (IdeChannel *channel)
{
  if (channel == NULL)
    return;
  for (unsigned unit = 0; unit < 2; unit++)
    ide_cancel (&channel->drives[unit]);
  bus_unmap (channel->io, channel->command_base, 8, channel);
  bus_unmap (channel->io, channel->control_base, 1, channel);
  timer_free (channel->reset_timer);
  g_free (channel->id);
  g_free (channel);
}

void
ide_channel_attach (IdeChannel *channel, unsigned unit, IdeDriveKind kind, Image *image)
{
  IdeDrive *drive = &channel->drives[unit];
  DiskGeometry geometry, firmware;

  drive->kind = kind;
  drive->image = image;
  if (kind == IDE_DRIVE_DISK)
    {
      disk_geometry_find (image, &geometry, &firmware);
      drive->state.default_heads = geometry.heads;
      drive->state.default_sectors = geometry.sectors;
    }
  ide_channel_reset (channel);
}

gboolean
ide_channel_change_medium (IdeChannel *channel, unsigned unit, Image *image, gboolean force,
                           GError **error)
{
  IdeDrive *drive = &channel->drives[unit];

  if (drive->kind != IDE_DRIVE_CD)
    {
      g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        "This drive is not a CD drive: only discs can be changed while the machine runs.");
      return FALSE;
    }
  if (drive->state.locked && !force)
    {
      atapi_cd_request_eject (drive);
      g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_BUSY,
        _ ("The guest has locked the CD tray: eject the disc inside the guest first, or force "
           "it."));
      return FALSE;
    }
  if (drive->state.phase != IDE_PHASE_IDLE)
    {
      ide_cancel (drive);
      drive->image = NULL;
      atapi_cd_fail (drive, 2, 0x3a, 0);
    }
  drive->image = image;
  drive->state.locked = false;
  drive->state.tray_open = false;
  atapi_cd_medium_changed (drive);
  return TRUE;
}

gboolean
ide_channel_is_locked (IdeChannel *channel, unsigned unit)
{
  return channel->drives[unit].state.locked;
}

void
ide_channel_set_dma (IdeChannel *channel, const IdeDma *ops, void *dma)
{
  channel->dma_ops = ops;
  channel->dma = dma;
}

void
ide_channel_set_tray_listener (IdeChannel *channel, void (*opened_or_closed) (void *data),
                               void *data)
{
  channel->tray_moved = opened_or_closed;
  channel->tray_data = data;
}
