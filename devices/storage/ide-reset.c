/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Resets of an IDE channel: ATA/ATAPI-7 volume 2, 9.2 (power on), 9.3 (SRST) and 6.13 of volume 1
 * (EXECUTE DEVICE DIAGNOSTIC). */
#include "ide-internal.h"

#include <string.h>

#include "vmm-core/trace.h"

#define DIAGNOSTIC_NS 1000000 /* how long the drives are busy with themselves */
#define PASSED 0x01

void
ide_reset_drive (IdeDrive *drive)
{
  ide_cancel (drive);
  ide_set_signature (drive);
  drive->state.error = PASSED;
  drive->state.status = drive->kind == IDE_DRIVE_DISK ? IDE_STATUS_DRDY | IDE_STATUS_DSC : 0;
  drive->state.multiple = ATA_MAX_MULTIPLE;
  drive->state.power = IDE_POWER_ACTIVE;
}

static void
begin (IdeChannel *channel, IdeReset reset)
{
  TRACE ("ide.reset", "%s %s", channel->id, reset == IDE_RESET_SOFT ? "soft" : "diagnostic");
  for (unsigned unit = 0; unit < 2; unit++)
    {
      ide_cancel (&channel->drives[unit]);
      channel->drives[unit].state.status = IDE_STATUS_BSY;
      channel->drives[unit].state.device = 0;
    }
  channel->reset = reset;
  channel->irq_pending = false;
  ide_update_irq (channel);
}

static void
start_timer (IdeChannel *channel)
{
  timer_arm (channel->reset_timer, clock_get_ns (channel->clock) + DIAGNOSTIC_NS);
}

void
ide_reset_expired (void *device)
{
  IdeChannel *channel = device;
  IdeReset reset = channel->reset;

  channel->reset = IDE_RESET_NONE;
  for (unsigned unit = 0; unit < 2; unit++)
    ide_reset_drive (&channel->drives[unit]);
  if (reset == IDE_RESET_DIAGNOSTIC && channel->drives[0].kind != IDE_DRIVE_NONE)
    ide_raise_irq (&channel->drives[0]);
}

void
ide_reset_set_srst (IdeChannel *channel, bool srst)
{
  if (srst)
    {
      timer_disarm (channel->reset_timer);
      begin (channel, IDE_RESET_SOFT);
    }
  else if (channel->reset == IDE_RESET_SOFT)
    start_timer (channel);
}

void
ide_reset_diagnose (IdeChannel *channel)
{
  begin (channel, IDE_RESET_DIAGNOSTIC);
  start_timer (channel);
}

void
ide_channel_reset (IdeChannel *channel)
{
  channel->control = 0;
  channel->reset = IDE_RESET_NONE;
  timer_disarm (channel->reset_timer);
  for (unsigned unit = 0; unit < 2; unit++)
    {
      IdeDrive *drive = &channel->drives[unit];
      IdeDriveState *s = &drive->state;
      bool tray_open = s->tray_open;
      unsigned heads = s->default_heads, sectors = s->default_sectors;

      ide_cancel (drive);
      memset (s, 0, sizeof *s);
      s->tray_open = tray_open;
      s->heads = s->default_heads = heads;
      s->sectors = s->default_sectors = sectors;
      ide_reset_drive (drive);
      if (drive->kind == IDE_DRIVE_CD)
        atapi_cd_powered_on (drive);
    }
  channel->irq_pending = false;
  ide_update_irq (channel);
}
