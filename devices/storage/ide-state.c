/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The saved state of an IDE channel. */
#include "ide-internal.h"

static const StateField drive_fields[] = {
  STATE_INTS (IdeDriveState, features),
  STATE_INTS (IdeDriveState, count),
  STATE_INTS (IdeDriveState, lba_low),
  STATE_INTS (IdeDriveState, lba_mid),
  STATE_INTS (IdeDriveState, lba_high),
  STATE_INT (IdeDriveState, device),
  STATE_INT (IdeDriveState, status),
  STATE_INT (IdeDriveState, error),
  STATE_INT (IdeDriveState, command),
  STATE_INT_IN (IdeDriveState, multiple, 0, ATA_MAX_MULTIPLE),
  STATE_INT (IdeDriveState, transfer_mode),
  STATE_INT_IN (IdeDriveState, heads, 1, 255),
  STATE_INT_IN (IdeDriveState, sectors, 1, 255),
  STATE_INT_IN (IdeDriveState, phase, IDE_PHASE_IDLE, IDE_PHASE_DMA_WAIT),
  STATE_INT_IN (IdeDriveState, default_heads, 1, 255),
  STATE_INT_IN (IdeDriveState, default_sectors, 1, 255),
  STATE_INT (IdeDriveState, power),
  STATE_FLAG (IdeDriveState, write_cache_off),
  STATE_FLAG (IdeDriveState, look_ahead_off),
  STATE_FLAG (IdeDriveState, smart_off),
  STATE_FLAG (IdeDriveState, max_was_read),
  STATE_INT (IdeDriveState, max_sectors),
  STATE_FLAG (IdeDriveState, dma),
  STATE_FLAG (IdeDriveState, to_guest),
  STATE_INT (IdeDriveState, offset),
  STATE_INT_IN (IdeDriveState, remaining, 0, 65536 * 2352),
  STATE_INT_IN (IdeDriveState, block, 0, IDE_BUFFER_SIZE),
  STATE_INT_IN (IdeDriveState, at, 0, IDE_BUFFER_SIZE),
  STATE_INT_IN (IdeDriveState, filled, 0, IDE_BUFFER_SIZE),
  STATE_INT_IN (IdeDriveState, drq_end, 0, IDE_BUFFER_SIZE),
  STATE_BLOB (IdeDriveState, buffer),
  STATE_BLOB (IdeDriveState, packet),
  STATE_INT (IdeDriveState, sense_key),
  STATE_INT (IdeDriveState, asc),
  STATE_INT (IdeDriveState, ascq),
  STATE_INT (IdeDriveState, attention),
  STATE_INT (IdeDriveState, event),
  STATE_FLAG (IdeDriveState, locked),
  STATE_FLAG (IdeDriveState, tray_open),
  STATE_FLAG (IdeDriveState, absence_untold),
  STATE_INT (IdeDriveState, raw_fields),
};
static const StateTable drive_table = STATE_TABLE (IdeDriveState, 1, drive_fields);
static const StateField channel_fields[] = {
  STATE_INT (IdeChannelState, control),
  STATE_FLAG (IdeChannelState, irq),
  STATE_INT_IN (IdeChannelState, reset, IDE_RESET_NONE, IDE_RESET_DIAGNOSTIC),
  STATE_DEADLINE (IdeChannelState, reset_deadline),
  STATE_NESTED_ARRAY (IdeChannelState, drives, &drive_table),
};
static const StateTable channel_table = STATE_TABLE (IdeChannelState, 1, channel_fields);

static void
before_save (void *device)
{
  IdeChannel *channel = device;

  channel->saved.control = channel->control;
  channel->saved.irq = channel->irq_pending;
  channel->saved.reset = channel->reset;
  channel->saved.reset_deadline = timer_get_deadline (channel->reset_timer);
  for (unsigned unit = 0; unit < 2; unit++)
    channel->saved.drives[unit] = channel->drives[unit].state;
}

/* Whether the drive can be in the middle of this: a transfer needs something to transfer, and an
 * image to read it from or write it to. */
static bool
is_sane (const IdeDrive *drive, const IdeDriveState *s)
{
  bool image = drive->image != NULL;
  bool writable = image && drive->kind == IDE_DRIVE_DISK && !image_is_read_only (drive->image);

  if (s->at > s->drq_end || s->drq_end > s->filled)
    return false;
  switch (s->phase)
    {
    case IDE_PHASE_IDLE:
      return true;
    case IDE_PHASE_PACKET:
      return drive->kind == IDE_DRIVE_CD && s->filled == sizeof s->packet
             && s->drq_end == s->filled;
    case IDE_PHASE_FLUSH:
      return image;
    case IDE_PHASE_IMAGE_READ:
      return image && s->filled > 0 && s->block > 0;
    case IDE_PHASE_IMAGE_WRITE:
      return writable && s->filled > 0 && s->block > 0;
    case IDE_PHASE_DATA_IN:
      return drive->kind != IDE_DRIVE_NONE && s->at < s->drq_end && s->block > 0
             && (image || s->remaining == 0);
    case IDE_PHASE_DATA_OUT:
      return writable && s->at < s->drq_end && s->block > 0 && s->remaining >= s->filled;
    default: /* the bus master's start goes on with DATA_IN or DATA_OUT */
      return drive->kind != IDE_DRIVE_NONE && s->dma && s->block > 0
             && (s->to_guest ? s->filled > 0 && (image || s->remaining == 0)
                             : writable && s->remaining > 0);
    }
}

static bool
is_raw_sane (const IdeDrive *drive, const IdeDriveState *s)
{
  return s->raw_fields == 0
         || (drive->kind == IDE_DRIVE_CD && atapi_read_are_fields (s->raw_fields)
             && (s->phase != IDE_PHASE_IMAGE_READ || s->filled <= ATAPI_RAW_AT_ONCE));
}

/* What was under way with the image is begun again: the buffer is as it was. */
static void
resume (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;

  if (s->phase == IDE_PHASE_IMAGE_READ)
    image_read (drive->image, s->offset, s->buffer, s->filled, ide_image_done, drive);
  else if (s->phase == IDE_PHASE_IMAGE_WRITE)
    image_write (drive->image, s->offset, s->buffer, s->filled, ide_image_done, drive);
  else if (s->phase == IDE_PHASE_FLUSH)
    image_flush (drive->image, ide_image_done, drive);
}

static gboolean
after_load (void *device, GError **error)
{
  IdeChannel *channel = device;

  for (unsigned unit = 0; unit < 2; unit++)
    if (!is_sane (&channel->drives[unit], &channel->saved.drives[unit])
        || !is_raw_sane (&channel->drives[unit], &channel->saved.drives[unit]))
      {
        g_set_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM,
                     "The saved state of “%s” describes a transfer that cannot be.", channel->id);
        return FALSE;
      }
  channel->control = channel->saved.control;
  channel->irq_pending = channel->saved.irq;
  channel->reset = channel->saved.reset;
  timer_restore (channel->reset_timer, channel->saved.reset_deadline);
  for (unsigned unit = 0; unit < 2; unit++)
    {
      ide_cancel (&channel->drives[unit]);
      channel->drives[unit].state = channel->saved.drives[unit];
      resume (&channel->drives[unit]);
    }
  return TRUE;
}

static void
show_lines (void *device)
{
  ide_update_irq (device);
}

StateSection
ide_channel_state (IdeChannel *channel)
{
  return (StateSection){ .id = channel->id,
                         .table = &channel_table,
                         .state = &channel->saved,
                         .device = channel,
                         .before_save = before_save,
                         .after_load = after_load,
                         .show_lines = show_lines };
}
