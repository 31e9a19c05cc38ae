/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands of an ATAPI CD/DVD drive: ATA/ATAPI-7 for the ATA side, SPC-3 and MMC-5 for packets. */
#include "ide-internal.h"

#include <string.h>

#include "vmm-core/trace.h"

enum
{
  KEY_NOT_READY = 2,
  KEY_ILLEGAL_REQUEST = 5,
  KEY_UNIT_ATTENTION = 6
};

#define ASC_INVALID_OPCODE 0x20
#define ASC_LBA_OUT_OF_RANGE 0x21
#define ASC_INVALID_FIELD 0x24
#define ASC_MEDIUM_CHANGED 0x28
#define ASC_NO_MEDIUM 0x3a
#define ASC_REMOVAL_PREVENTED 0x53

#define FEATURE_DMA 0x01
#define CD_BYTES_MAX (700u << 20) /* larger discs are DVDs */

static uint16_t
be16 (const uint8_t *p)
{
  return p[0] << 8 | p[1];
}

static uint32_t
be32 (const uint8_t *p)
{
  return (uint32_t) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static void
put16 (uint8_t *p, unsigned value)
{
  p[0] = value >> 8;
  p[1] = value;
}

static void
put32 (uint8_t *p, uint32_t value)
{
  put16 (p, value >> 16);
  put16 (p + 2, value);
}

/* Minutes, seconds, frames: 75 frames a second, two seconds before sector 0. */
static void
put_msf (uint8_t *p, uint32_t lba)
{
  lba += 150;
  p[0] = 0;
  p[1] = lba / 75 / 60;
  p[2] = lba / 75 % 60;
  p[3] = lba % 75;
}

static bool
has_medium (const IdeDrive *drive)
{
  return drive->image != NULL && !drive->state.tray_open;
}

static uint32_t
sectors_of (const IdeDrive *drive)
{
  return has_medium (drive) ? MIN (image_get_size (drive->image) / ATAPI_SECTOR, UINT32_MAX) : 0;
}

static bool
is_dvd (const IdeDrive *drive)
{
  return has_medium (drive) && image_get_size (drive->image) > CD_BYTES_MAX;
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

static void
succeed (IdeDrive *drive)
{
  drive->state.sense_key = drive->state.asc = drive->state.ascq = 0;
  ide_complete (drive);
}

/* Sends the first length bytes of the buffer, cut to what the command allows. */
static void
reply (IdeDrive *drive, uint32_t length, uint32_t allocation)
{
  IdeDriveState *s = &drive->state;
  uint32_t limit = s->lba_high[0] << 8 | s->lba_mid[0];

  s->sense_key = s->asc = s->ascq = 0;
  length = MIN (length, allocation);
  if (length == 0)
    succeed (drive);
  else
    ide_start_data_in (drive, length, MAX (limit & ~1u, 2), s->features[0] & FEATURE_DMA);
}

static void
inquiry (IdeDrive *drive)
{
  uint8_t *b = drive->state.buffer;

  memset (b, 0, 36);
  b[0] = 0x05; /* CD/DVD */
  b[1] = 0x80; /* removable */
  b[3] = 0x21; /* ATAPI, response format */
  b[4] = 31;
  memcpy (b + 8, "GUESTHSE", 8);
  memcpy (b + 16, "Guesthouse CD   ", 16);
  memcpy (b + 32, "1.0 ", 4);
  reply (drive, 36, be16 (drive->state.packet + 3));
}

static void
request_sense (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;
  uint8_t *b = s->buffer;

  memset (b, 0, 18);
  b[0] = 0x70;
  b[7] = 10;
  if (s->attention)
    {
      b[2] = KEY_UNIT_ATTENTION;
      b[12] = ASC_MEDIUM_CHANGED;
      s->attention = false;
    }
  else
    {
      b[2] = s->sense_key;
      b[12] = s->asc;
      b[13] = s->ascq;
    }
  reply (drive, 18, s->packet[4]);
}

static void
read_capacity (IdeDrive *drive)
{
  uint8_t *b = drive->state.buffer;

  put32 (b, sectors_of (drive) - 1);
  put32 (b + 4, ATAPI_SECTOR);
  reply (drive, 8, 8);
}

static void
read_sectors (IdeDrive *drive, uint32_t lba, uint32_t count)
{
  IdeDriveState *s = &drive->state;
  uint32_t sectors = sectors_of (drive);
  uint32_t limit = (s->lba_high[0] << 8 | s->lba_mid[0]) & ~1u;

  if (lba > sectors || count > sectors - lba || count > 65535)
    atapi_cd_fail (drive, KEY_ILLEGAL_REQUEST, ASC_LBA_OUT_OF_RANGE, 0);
  else if (count == 0)
    succeed (drive);
  else
    {
      s->sense_key = s->asc = s->ascq = 0;
      ide_start_transfer (drive, (uint64_t) lba * ATAPI_SECTOR, count * ATAPI_SECTOR,
                          MAX (limit, 2), true, s->features[0] & FEATURE_DMA);
    }
}

/* READ CD of user data only, which is all that an image has. */
static void
read_cd (IdeDrive *drive)
{
  const uint8_t *p = drive->state.packet;
  uint32_t count = p[6] << 16 | p[7] << 8 | p[8];

  if ((p[9] & 0xf8) == 0)
    succeed (drive);
  else if ((p[9] & 0xf8) != 0x10 || (p[10] & 7) != 0)
    atapi_cd_fail (drive, KEY_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
  else
    read_sectors (drive, be32 (p + 2), count);
}

static uint8_t *
put_track (uint8_t *b, uint8_t track, uint32_t lba, bool msf)
{
  memset (b, 0, 8);
  b[1] = 0x14; /* data track */
  b[2] = track;
  if (msf)
    put_msf (b + 4, lba);
  else
    put32 (b + 4, lba);
  return b + 8;
}

static void
read_toc (IdeDrive *drive)
{
  const uint8_t *p = drive->state.packet;
  uint8_t *b = drive->state.buffer, *end = b + 4;
  bool msf = p[1] & 2;
  unsigned format = p[2] & 15 ? p[2] & 15 : p[9] >> 6;

  if (format == 0)
    {
      if (p[6] > 1 && p[6] != 0xaa)
        {
          atapi_cd_fail (drive, KEY_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
          return;
        }
      if (p[6] <= 1)
        end = put_track (end, 1, 0, msf);
      end = put_track (end, 0xaa, sectors_of (drive), msf);
    }
  else if (format == 1)
    end = put_track (end, 1, 0, msf); /* one session */
  else
    {
      atapi_cd_fail (drive, KEY_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
      return;
    }
  put16 (b, end - b - 2);
  b[2] = b[3] = 1; /* first and last track or session */
  reply (drive, end - b, be16 (p + 7));
}

/* GET EVENT STATUS NOTIFICATION, polled, class 4: media. */
static void
event_status (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;
  uint8_t *b = s->buffer;

  if (!(s->packet[1] & 1))
    {
      atapi_cd_fail (drive, KEY_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
      return;
    }
  memset (b, 0, 8);
  b[3] = 0x10; /* supported: media */
  if (!(s->packet[4] & 0x10))
    {
      put16 (b, 2);
      b[2] = 0x80; /* no event of the classes asked for */
      reply (drive, 4, be16 (s->packet + 7));
      return;
    }
  put16 (b, 6);
  b[2] = 4;
  if (s->event)
    b[4] = has_medium (drive) ? 2 : 3; /* new media, media removal */
  s->event = false;
  b[5] = (s->tray_open ? 1 : 0) | (has_medium (drive) ? 2 : 0);
  reply (drive, 8, be16 (s->packet + 7));
}

static uint8_t *
put_feature (uint8_t *b, unsigned code, bool current, unsigned extra)
{
  memset (b, 0, 4 + extra);
  put16 (b, code);
  b[2] = 0x03 | (current ? 1 : 0); /* persistent for the core ones */
  b[3] = extra;
  return b + 4 + extra;
}

static void
get_configuration (IdeDrive *drive)
{
  uint8_t *b = drive->state.buffer, *end = b + 8;
  bool dvd = is_dvd (drive), cd = has_medium (drive) && !dvd;

  memset (b, 0, 8);
  put16 (b + 6, dvd ? 0x10 : cd ? 0x08 : 0); /* current profile */
  end = put_feature (end, 0x0000, true, 8); /* profile list: DVD-ROM, CD-ROM */
  put16 (end - 8, 0x10);
  end[-6] = dvd;
  put16 (end - 4, 0x08);
  end[-2] = cd;
  end = put_feature (end, 0x0001, true, 8); /* core: ATAPI */
  end[-5] = 2;
  end[-4] = 1;
  end = put_feature (end, 0x0003, true, 4); /* removable medium: tray, eject, lock */
  end[-4] = 0x29;
  put32 (b, end - b - 4);
  reply (drive, end - b, be16 (drive->state.packet + 7));
}

/* Pages 01h (error recovery), 0Eh (audio) and 2Ah (capabilities). */
static uint8_t *
put_mode_page (IdeDrive *drive, uint8_t *b, unsigned page)
{
  switch (page)
    {
    case 0x01:
      memset (b, 0, 8);
      b[0] = 0x01;
      b[1] = 6;
      return b + 8;
    case 0x0e:
      memset (b, 0, 16);
      b[0] = 0x0e;
      b[1] = 14;
      return b + 16;
    case 0x2a:
      memset (b, 0, 20);
      b[0] = 0x2a;
      b[1] = 18;
      b[2] = 0x3b; /* reads CD-R, CD-RW, DVD-ROM, DVD-R */
      b[4] = 0x70;
      b[6] = 0x29 | (drive->state.locked ? 2 : 0); /* tray, eject, lock */
      put16 (b + 8, 706);
      put16 (b + 12, 512);
      put16 (b + 14, 706);
      return b + 20;
    default:
      return b;
    }
}

static void
mode_sense (IdeDrive *drive)
{
  const uint8_t *p = drive->state.packet;
  uint8_t *b = drive->state.buffer, *end = b + 8;
  unsigned page = p[2] & 0x3f;

  memset (b, 0, 8);
  b[2] = !has_medium (drive) ? 0x70 : 0x12;
  if (page == 0x3f)
    {
      end = put_mode_page (drive, end, 0x01);
      end = put_mode_page (drive, end, 0x0e);
      end = put_mode_page (drive, end, 0x2a);
    }
  else
    end = put_mode_page (drive, end, page);
  if (end == b + 8 || (p[2] >> 6) == 3)
    {
      atapi_cd_fail (drive, KEY_ILLEGAL_REQUEST, ASC_INVALID_FIELD, 0);
      return;
    }
  put16 (b, end - b - 2);
  reply (drive, end - b, be16 (p + 7));
}

static void
start_stop (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;
  bool load_eject = s->packet[4] & 2, start = s->packet[4] & 1;

  if (load_eject && !start && s->locked)
    {
      atapi_cd_fail (drive, KEY_ILLEGAL_REQUEST, ASC_REMOVAL_PREVENTED, 2);
      return;
    }
  if (load_eject && s->tray_open == start)
    {
      s->tray_open = !start;
      s->event = true;
      s->attention = start;
      if (drive->channel->tray_moved != NULL)
        drive->channel->tray_moved (drive->channel->tray_data);
    }
  succeed (drive);
}

static void
mechanism_status (IdeDrive *drive)
{
  uint8_t *b = drive->state.buffer;

  memset (b, 0, 8);
  b[1] = drive->state.tray_open ? 0x10 : 0;
  b[5] = 1;
  reply (drive, 8, be16 (drive->state.packet + 8));
}

static void
read_disc_information (IdeDrive *drive)
{
  uint8_t *b = drive->state.buffer;

  memset (b, 0, 34);
  put16 (b, 32);
  b[2] = 0x0e; /* last session complete, disc finalized */
  b[3] = b[4] = b[5] = b[6] = 1;
  b[7] = 0x20; /* unrestricted use */
  reply (drive, 34, be16 (drive->state.packet + 7));
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
    case 0xa8: /* READ (12) */
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
    case 0x2b: /* SEEK */
    case 0xbb: /* SET CD SPEED */
      succeed (drive);
      break;
    case 0x03:
      request_sense (drive);
      break;
    case 0x12:
      inquiry (drive);
      break;
    case 0x1b:
      start_stop (drive);
      break;
    case 0x1e: /* PREVENT ALLOW MEDIUM REMOVAL */
      s->locked = p[4] & 1;
      succeed (drive);
      break;
    case 0x25:
      read_capacity (drive);
      break;
    case 0x28:
      read_sectors (drive, be32 (p + 2), be16 (p + 7));
      break;
    case 0xa8:
      read_sectors (drive, be32 (p + 2), be32 (p + 6));
      break;
    case 0xbe:
      read_cd (drive);
      break;
    case 0x43:
      read_toc (drive);
      break;
    case 0x46:
      get_configuration (drive);
      break;
    case 0x4a:
      event_status (drive);
      break;
    case 0x51:
      read_disc_information (drive);
      break;
    case 0x5a:
      mode_sense (drive);
      break;
    case 0xbd:
      mechanism_status (drive);
      break;
    default:
      atapi_cd_fail (drive, KEY_ILLEGAL_REQUEST, ASC_INVALID_OPCODE, 0);
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
  if (s->attention && !ignores_attention (s->packet[0]))
    {
      s->attention = false;
      atapi_cd_fail (drive, KEY_UNIT_ATTENTION, ASC_MEDIUM_CHANGED, 0);
    }
  else if (needs_medium (s->packet[0]) && !has_medium (drive))
    atapi_cd_fail (drive, KEY_NOT_READY, ASC_NO_MEDIUM, s->tray_open ? 2 : 1);
  else
    run_packet (drive);
}

void
atapi_cd_medium_changed (IdeDrive *drive)
{
  drive->state.event = true;
  drive->state.attention = drive->image != NULL;
}

static void
identify_packet (IdeDrive *drive)
{
  uint8_t *w = drive->state.buffer;
  uint8_t mode = drive->state.transfer_mode;

  memset (w, 0, 512);
  ata_put_word (w, 0, 0x85c0); /* ATAPI, CD, removable, DRQ within 50 us, 12-byte packets */
  ata_put_string (w + 2 * 10, "GH00000003", 20);
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
      s->status = IDE_STATUS_DRDY | IDE_STATUS_DSC | IDE_STATUS_DRQ;
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
