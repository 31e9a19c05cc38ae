/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The saved state of an IDE channel. */
#include "ide-internal.h"

static const StateField drive_fields[] = {
  STATE_INTS (IdeDriveState, features), STATE_INTS (IdeDriveState, count),
  STATE_INTS (IdeDriveState, lba_low),  STATE_INTS (IdeDriveState, lba_mid),
  STATE_INTS (IdeDriveState, lba_high), STATE_INT (IdeDriveState, device),
  STATE_INT (IdeDriveState, status),    STATE_INT (IdeDriveState, error),
  STATE_INT (IdeDriveState, command),   STATE_INT (IdeDriveState, multiple),
  STATE_INT (IdeDriveState, transfer_mode), STATE_INT (IdeDriveState, heads),
  STATE_INT (IdeDriveState, sectors),   STATE_INT (IdeDriveState, phase),
  STATE_INT (IdeDriveState, default_heads), STATE_INT (IdeDriveState, default_sectors),
  STATE_INT (IdeDriveState, power),     STATE_FLAG (IdeDriveState, write_cache_off),
  STATE_FLAG (IdeDriveState, look_ahead_off), STATE_FLAG (IdeDriveState, smart_off),
  STATE_FLAG (IdeDriveState, max_was_read), STATE_INT (IdeDriveState, max_sectors),
  STATE_FLAG (IdeDriveState, dma),      STATE_FLAG (IdeDriveState, to_guest),
  STATE_INT (IdeDriveState, offset),    STATE_INT (IdeDriveState, remaining),
  STATE_INT (IdeDriveState, block),     STATE_INT (IdeDriveState, at),
  STATE_INT (IdeDriveState, filled),    STATE_INT (IdeDriveState, drq_end),
  STATE_BLOB (IdeDriveState, buffer),   STATE_BLOB (IdeDriveState, packet),
  STATE_INT (IdeDriveState, sense_key), STATE_INT (IdeDriveState, asc),
  STATE_INT (IdeDriveState, ascq),      STATE_INT (IdeDriveState, attention),
  STATE_INT (IdeDriveState, event),    STATE_FLAG (IdeDriveState, locked),
  STATE_FLAG (IdeDriveState, tray_open), STATE_FLAG (IdeDriveState, absence_untold),
  STATE_INT (IdeDriveState, raw_fields),
};
static const StateTable drive_table = STATE_TABLE (IdeDriveState, 1, drive_fields);
static const StateField channel_fields[] = {
  STATE_INT (IdeChannelState, control),
  STATE_FLAG (IdeChannelState, irq),
  STATE_INT (IdeChannelState, reset),
  STATE_INT (IdeChannelState, reset_deadline),
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

static bool
is_sane (const IdeDrive *drive, const IdeDriveState *s)
{
  if (s->phase > IDE_PHASE_DMA_WAIT || s->filled > IDE_BUFFER_SIZE || s->at > s->drq_end
      || s->drq_end > s->filled || s->remaining > 65536u * 2352 || s->heads == 0 || s->sectors == 0
      || s->default_heads == 0 || s->default_sectors == 0)
    return false;
  if (s->phase == IDE_PHASE_IDLE)
    return true;
  /* A transfer needs something to transfer, and from. */
  if (s->phase == IDE_PHASE_PACKET)
    return drive->kind == IDE_DRIVE_CD && s->drq_end == sizeof s->packet && s->filled == s->drq_end;
  if (s->phase == IDE_PHASE_DATA_OUT && s->remaining < s->filled)
    return false;
  return drive->kind != IDE_DRIVE_NONE && s->block > 0
         && (drive->image != NULL || s->remaining == 0)
         && (drive->image != NULL || s->phase == IDE_PHASE_DATA_IN
             || s->phase == IDE_PHASE_DMA_WAIT)
         && (s->at < s->drq_end
             || (s->phase != IDE_PHASE_DATA_IN && s->phase != IDE_PHASE_DATA_OUT));
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
        || !is_raw_sane (&channel->drives[unit], &channel->saved.drives[unit])
        || channel->saved.reset > IDE_RESET_DIAGNOSTIC)
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
  return (StateSection){ .id = channel->id, .table = &channel_table, .state = &channel->saved,
                         .device = channel, .before_save = before_save, .after_load = after_load,
                         .show_lines = show_lines };
}
