/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands of an ATAPI CD/DVD drive: ATA/ATAPI-7 for the ATA side, SPC-3 and MMC-5 for packets. */
#include "atapi-internal.h"

#include <string.h>

#include "vmm-core/trace.h"

bool
atapi_cd_is_open (const IdeDrive *drive)
{
  return drive->state.tray_open || drive->state.absence_untold;
}

bool
atapi_cd_has_medium (const IdeDrive *drive)
{
  return drive->image != NULL && !atapi_cd_is_open (drive);
}

uint32_t
atapi_cd_get_sectors (const IdeDrive *drive)
{
  if (!atapi_cd_has_medium (drive))
    return 0;
  return MIN (image_get_size (drive->image) / ATAPI_SECTOR, UINT32_MAX);
}

void
atapi_cd_fail (IdeDrive *drive, uint8_t key, uint8_t asc, uint8_t ascq)
{
  IdeDriveState *s = &drive->state;

  s->sense_key = key;
  s->asc = asc;
  s->ascq = ascq;
  ide_abort (drive, key << 4 | IDE_ERROR_ABRT);
  s->count[0] = 3;
}

void
atapi_cd_succeed (IdeDrive *drive)
{
  drive->state.sense_key = drive->state.asc = drive->state.ascq = 0;
  ide_complete (drive);
}

uint32_t
atapi_cd_get_byte_count_limit (const IdeDrive *drive)
{
  const IdeDriveState *s = &drive->state;
  uint32_t limit = (s->lba_high[0] << 8 | s->lba_mid[0]) & 0xfffe;

  return limit != 0 ? limit : 0xfffe;
}

void
atapi_cd_reply (IdeDrive *drive, uint32_t length, uint32_t allocation)
{
  IdeDriveState *s = &drive->state;

  s->sense_key = s->asc = s->ascq = 0;
  length = MIN (length, allocation);
  if (length == 0)
    atapi_cd_succeed (drive);
  else
    ide_start_data_in (drive, length, atapi_cd_get_byte_count_limit (drive),
                       s->features[0] & ATAPI_FEATURE_DMA);
}

static void
request_sense (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;
  uint8_t *b = s->buffer;

  memset (b, 0, 18);
  b[0] = 0x70;
  b[7] = 10;
  /* What the last command failed of comes first. */
  if (s->sense_key == 0 && s->attention != 0 && !s->absence_untold)
    {
      b[2] = ATAPI_UNIT_ATTENTION;
      b[12] = s->attention;
      s->attention = 0;
    }
  else
    {
      b[2] = s->sense_key;
      b[12] = s->asc;
      b[13] = s->ascq;
    }
  atapi_cd_reply (drive, 18, s->packet[4]);
}

/* There is nothing to move, but the drive tells that it arrived. */
static void
seek (IdeDrive *drive)
{
  if (atapi_get32 (drive->state.packet + 2) >= atapi_cd_get_sectors (drive))
    {
      atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_LBA_OUT_OF_RANGE, 0);
      return;
    }
  atapi_cd_succeed (drive);
  drive->state.status |= IDE_STATUS_DSC;
}

static void
read_capacity (IdeDrive *drive)
{
  uint8_t *b = drive->state.buffer;

  atapi_put32 (b, atapi_cd_get_sectors (drive) - 1);
  atapi_put32 (b + 4, ATAPI_SECTOR);
  atapi_cd_reply (drive, 8, 8);
}

/* Tells of the disc that is in the drive now, or that there is none any more. */
static void
announce (IdeDrive *drive)
{
  bool medium = drive->image != NULL && !drive->state.tray_open;

  drive->state.event = medium ? ATAPI_EVENT_NEW_MEDIUM : ATAPI_EVENT_MEDIUM_REMOVED;
  drive->state.attention = medium ? ATAPI_MEDIUM_CHANGED : 0;
}

static void
tell_tray (IdeDrive *drive)
{
  if (drive->channel->tray_moved != NULL)
    drive->channel->tray_moved (drive->channel->tray_data);
}

static void
prevent_removal (IdeDrive *drive)
{
  bool locked = drive->state.packet[4] & 1;
  bool changed = drive->state.locked != locked;

  drive->state.locked = locked;
  if (changed)
    tell_tray (drive);
  atapi_cd_succeed (drive);
}

static void
start_stop (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;
  bool load_eject = s->packet[4] & 2, start = s->packet[4] & 1;

  if (load_eject && !start && s->locked)
    {
      atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_REMOVAL_PREVENTED, 2);
      return;
    }
  if (load_eject && s->tray_open == start)
    {
      s->tray_open = !start;
      announce (drive);
      tell_tray (drive);
    }
  atapi_cd_succeed (drive);
}

/* Commands that answer whatever became of the medium. */
static bool
ignores_attention (uint8_t opcode)
{
  return opcode == 0x12 || opcode == 0x03 || opcode == 0x46 || opcode == 0x4a;
}

static bool
needs_medium (uint8_t opcode)
{
  switch (opcode)
    {
    case 0x00: /* TEST UNIT READY */
    case 0x25: /* READ CAPACITY */
    case 0x28: /* READ (10) */
    case 0x2b: /* SEEK */
    case 0x43: /* READ TOC */
    case 0x51: /* READ DISC INFORMATION */
    case 0x52: /* READ TRACK INFORMATION */
    case 0xa8: /* READ (12) */
    case 0xad: /* READ DVD STRUCTURE */
    case 0xb9: /* READ CD MSF */
    case 0xbe: /* READ CD */
      return true;
    default:
      return false;
    }
}

static void
run_packet (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;
  const uint8_t *p = s->packet;

  switch (p[0])
    {
    case 0x00: /* TEST UNIT READY */
    case 0xbb: /* SET CD SPEED */
      atapi_cd_succeed (drive);
      break;
    case 0x2b:
      seek (drive);
      break;
    case 0x03:
      request_sense (drive);
      break;
    case 0x12:
      atapi_info_inquiry (drive);
      break;
    case 0x1b:
      start_stop (drive);
      break;
    case 0x1e: /* PREVENT ALLOW MEDIUM REMOVAL */
      prevent_removal (drive);
      break;
    case 0x25:
      read_capacity (drive);
      break;
    case 0x28:
      atapi_read_sectors (drive, atapi_get32 (p + 2), atapi_get16 (p + 7));
      break;
    case 0xa8:
      atapi_read_sectors (drive, atapi_get32 (p + 2), atapi_get32 (p + 6));
      break;
    case 0xad:
      atapi_disc_read_dvd_structure (drive);
      break;
    case 0xb9:
      atapi_read_cd_msf (drive);
      break;
    case 0xbe:
      atapi_read_cd (drive);
      break;
    case 0x43:
      atapi_disc_read_toc (drive);
      break;
    case 0x46:
      atapi_info_get_configuration (drive);
      break;
    case 0x4a:
      atapi_info_event_status (drive);
      break;
    case 0x51:
      atapi_disc_read_information (drive);
      break;
    case 0x52:
      atapi_disc_read_track_information (drive);
      break;
    case 0x5a:
      atapi_info_mode_sense (drive);
      break;
    case 0xbd:
      atapi_info_mechanism_status (drive);
      break;
    default:
      atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_INVALID_OPCODE, 0);
      break;
    }
}

void
atapi_cd_packet (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;

  TRACE ("ide.packet", "%s.%u %02x %02x%02x%02x%02x %02x%02x%02x", drive->channel->id, drive->unit,
         s->packet[0], s->packet[2], s->packet[3], s->packet[4], s->packet[5], s->packet[6],
         s->packet[7], s->packet[8]);
  s->raw_fields = 0;
  if (needs_medium (s->packet[0]) && !atapi_cd_has_medium (drive) && s->absence_untold)
    {
      s->absence_untold = false;
      atapi_cd_fail (drive, ATAPI_NOT_READY, ATAPI_NO_MEDIUM, 2);
    }
  else if (s->attention != 0 && !s->absence_untold && !ignores_attention (s->packet[0]))
    {
      uint8_t asc = s->attention;

      s->attention = 0;
      atapi_cd_fail (drive, ATAPI_UNIT_ATTENTION, asc, 0);
    }
  else if (needs_medium (s->packet[0]) && !atapi_cd_has_medium (drive))
    atapi_cd_fail (drive, ATAPI_NOT_READY, ATAPI_NO_MEDIUM, s->tray_open ? 2 : 1);
  else
    run_packet (drive);
}

/* On a real drive the tray is open for some seconds while a disc is changed, so that a system which
 * looks every second finds no disc first (2/3A) and then that there is another (6/28); Windows XP
 * takes notice of the one only after the other. A host changes discs in no time, so the drive
 * pretends that the tray is open until the guest has looked once. */
void
atapi_cd_medium_changed (IdeDrive *drive)
{
  announce (drive);
  drive->state.absence_untold = true;
}

void
atapi_cd_powered_on (IdeDrive *drive)
{
  drive->state.attention = ATAPI_POWERED_ON;
}

void
atapi_cd_request_eject (IdeDrive *drive)
{
  drive->state.event = ATAPI_EVENT_EJECT_REQUEST;
}

static void
identify_packet (IdeDrive *drive)
{
  uint8_t *w = drive->state.buffer;
  uint8_t mode = drive->state.transfer_mode;
  char serial[21];

  g_snprintf (serial, sizeof serial, "GH-%s-%u", drive->channel->id, drive->unit);
  memset (w, 0, 512);
  ata_put_word (w, 0, 0x85c0); /* ATAPI, CD, removable, DRQ within 50 us, 12-byte packets */
  ata_put_string (w + 2 * 10, serial, 20);
  ata_put_string (w + 2 * 23, "1.0", 8);
  ata_put_string (w + 2 * 27, "Guesthouse CD", 40);
  ata_put_word (w, 49, 0x0f00);
  ata_put_word (w, 53, 0x0007);
  ata_put_word (w, 63, 0x0007 | ((mode & 0xf8) == 0x20 ? 0x100u << (mode & 7) : 0));
  ata_put_word (w, 64, 0x0003);
  for (unsigned i = 65; i <= 68; i++)
    ata_put_word (w, i, 120);
  ata_put_word (w, 80, 0x00f0);
  ata_put_word (w, 82, 0x4210); /* NOP, DEVICE RESET, PACKET */
  ata_put_word (w, 83, 0x4000);
  ata_put_word (w, 85, 0x4210);
  ata_put_word (w, 87, 0x4000);
  ata_put_word (w, 88, 0x003f | ((mode & 0xf8) == 0x40 ? 0x100u << (mode & 7) : 0));
  ide_start_data_in (drive, 512, 512, false);
}

void
atapi_cd_command (IdeDrive *drive, uint8_t command)
{
  IdeDriveState *s = &drive->state;

  if (ata_common_command (drive, command))
    return;
  switch (command)
    {
    case 0xa0: /* PACKET */
      s->phase = IDE_PHASE_PACKET;
      s->at = 0;
      s->filled = s->drq_end = sizeof s->packet;
      s->count[0] = 1; /* interrupt reason: command packet */
      s->status = IDE_STATUS_DRDY | IDE_STATUS_DRQ;
      break;
    case 0xa1:
      identify_packet (drive);
      break;
    case 0xe7: /* FLUSH CACHE: nothing to flush */
      ide_complete (drive);
      break;
    default:
      /* Commands of a disk are refused with the signature of a packet device. */
      ide_abort (drive, IDE_ERROR_ABRT);
      ide_set_signature (drive);
      break;
    }
}
