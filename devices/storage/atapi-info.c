/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a CD/DVD drive tells of itself: SPC-3 for INQUIRY, MMC-5 for the rest. */
#include "atapi-internal.h"

#include <string.h>

void
atapi_info_inquiry (IdeDrive *drive)
{
  const uint8_t *p = drive->state.packet;
  uint8_t *b = drive->state.buffer;

  if ((p[1] & 1) || p[2] != 0) /* vital product data: none */
    {
      atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_INVALID_FIELD, 0);
      return;
    }
  memset (b, 0, 36);
  b[0] = 0x05; /* CD/DVD */
  b[1] = 0x80; /* removable */
  b[3] = 0x21; /* ATAPI, response format */
  b[4] = 31;
  memcpy (b + 8, "GUESTHSE", 8);
  memcpy (b + 16, "Guesthouse CD   ", 16);
  memcpy (b + 32, "1.0 ", 4);
  atapi_cd_reply (drive, 36, atapi_get16 (p + 3));
}

static void
fill_mode_page (IdeDrive *drive, uint8_t *b, unsigned page)
{
  if (page == 0x0d)
    {
      atapi_put16 (b + 4, 60); /* seconds a minute */
      atapi_put16 (b + 6, 75); /* frames a second */
    }
  else if (page == 0x2a)
    {
      b[2] = 0x3b; /* reads CD-R, CD-RW, DVD-ROM, DVD-R */
      b[4] = 0x70;
      b[6] = 0x29 | (drive->state.locked ? 2 : 0); /* tray, eject, lock */
      atapi_put16 (b + 8, 706);
      atapi_put16 (b + 12, 512);
      atapi_put16 (b + 14, 706);
    }
}

/* Mode pages 01h (error recovery), 0Dh (time), 0Eh (audio) and 2Ah (capabilities). */
static uint8_t *
put_mode_page (IdeDrive *drive, uint8_t *b, unsigned page)
{
  static const struct
  {
    uint8_t page, length;
  } pages[] = { { 0x01, 6 }, { 0x0d, 6 }, { 0x0e, 14 }, { 0x2a, 18 } };
  unsigned i = 0;

  while (i < G_N_ELEMENTS (pages) && pages[i].page != page)
    i++;
  if (i == G_N_ELEMENTS (pages))
    return b;
  memset (b, 0, pages[i].length + 2);
  b[0] = page;
  b[1] = pages[i].length;
  if (drive->state.packet[2] >> 6 != 1) /* page control 1 asks which bits can be changed: none */
    fill_mode_page (drive, b, page);
  return b + pages[i].length + 2;
}

void
atapi_info_mode_sense (IdeDrive *drive)
{
  const uint8_t *p = drive->state.packet;
  uint8_t *b = drive->state.buffer, *end = b + 8;
  unsigned page = p[2] & 0x3f;

  if (p[2] >> 6 == 3)
    {
      atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_SAVING_NOT_SUPPORTED, 0);
      return;
    }
  memset (b, 0, 8);
  b[2] = atapi_cd_is_open (drive) ? 0x71 : !atapi_cd_has_medium (drive) ? 0x70 : 0x01;
  if (page == 0x3f)
    {
      end = put_mode_page (drive, end, 0x01);
      end = put_mode_page (drive, end, 0x0d);
      end = put_mode_page (drive, end, 0x0e);
      end = put_mode_page (drive, end, 0x2a);
    }
  else
    end = put_mode_page (drive, end, page);
  if (end == b + 8)
    {
      atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_INVALID_FIELD, 0);
      return;
    }
  atapi_put16 (b, end - b - 2);
  atapi_cd_reply (drive, end - b, atapi_get16 (p + 7));
}

void
atapi_info_mechanism_status (IdeDrive *drive)
{
  uint8_t *b = drive->state.buffer;

  memset (b, 0, 8);
  b[1] = atapi_cd_is_open (drive) ? 0x10 : 0;
  b[5] = 1; /* slot */
  atapi_cd_reply (drive, 8, atapi_get16 (drive->state.packet + 8));
}

/* GET EVENT STATUS NOTIFICATION, polled, class 4: media. */
void
atapi_info_event_status (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;
  uint8_t *b = s->buffer;

  if (!(s->packet[1] & 1))
    {
      atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_INVALID_FIELD, 0);
      return;
    }
  memset (b, 0, 8);
  b[3] = 0x10; /* supported: media */
  if (!(s->packet[4] & 0x10))
    {
      atapi_put16 (b, 2);
      b[2] = 0x80; /* no event of the classes asked for */
      atapi_cd_reply (drive, 4, atapi_get16 (s->packet + 7));
      return;
    }
  atapi_put16 (b, 6);
  b[2] = 4;
  b[4] = s->absence_untold ? ATAPI_EVENT_MEDIUM_REMOVED : s->event;
  b[5] = (atapi_cd_is_open (drive) ? 1 : 0) | (atapi_cd_has_medium (drive) ? 2 : 0);
  if (!s->absence_untold || s->event == ATAPI_EVENT_MEDIUM_REMOVED)
    s->event = 0;
  s->absence_untold = false;
  atapi_cd_reply (drive, 8, atapi_get16 (s->packet + 7));
}

/* GET CONFIGURATION */

#define PROFILE_CD_ROM 0x08
#define PROFILE_DVD_ROM 0x10
#define CURRENT 0x01
#define PERSISTENT 0x02

enum
{
  REQUEST_ALL,
  REQUEST_CURRENT,
  REQUEST_ONE
};

typedef struct
{
  uint8_t *end;
  unsigned request, first;
} Features;

/* A feature descriptor, if it is one of those asked for. */
static void
put_feature (Features *f, unsigned code, unsigned version, unsigned flags, const char *data,
             unsigned length)
{
  if (f->request == REQUEST_ONE ? code != f->first : code < f->first)
    return;
  if (f->request == REQUEST_CURRENT && !(flags & CURRENT))
    return;
  atapi_put16 (f->end, code);
  f->end[2] = version << 2 | flags;
  f->end[3] = length;
  memcpy (f->end + 4, data, length);
  f->end += 4 + length;
}

void
atapi_info_get_configuration (IdeDrive *drive)
{
  const uint8_t *p = drive->state.packet;
  uint8_t *b = drive->state.buffer;
  Features f = { b + 8, p[1] & 3, atapi_get16 (p + 2) };
  bool medium = atapi_cd_has_medium (drive), dvd = atapi_disc_is_dvd (drive);
  unsigned always = PERSISTENT | CURRENT, with_cd = medium && !dvd ? CURRENT : 0;
  unsigned with_dvd = dvd ? CURRENT : 0;
  const char profiles[8] = { 0, PROFILE_DVD_ROM, with_dvd, 0, 0, PROFILE_CD_ROM, with_cd, 0 };
  const char readable[8] = { 0, 0, 0x08, 0x00, 0, dvd ? 16 : 1, 0, 0 }; /* blocks of 2048 bytes */

  if (f.request > REQUEST_ONE)
    {
      atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_INVALID_FIELD, 0);
      return;
    }
  memset (b, 0, 8);
  atapi_put16 (b + 6, dvd ? PROFILE_DVD_ROM : medium ? PROFILE_CD_ROM : 0);
  put_feature (&f, 0x0000, 0, always, profiles, 8);
  put_feature (&f, 0x0001, 2, always, "\0\0\0\2\1\0\0", 8); /* core: ATAPI, device busy events */
  put_feature (&f, 0x0002, 1, always, "\2\0\0", 4);         /* morphing */
  put_feature (&f, 0x0003, 0, always, "\x29\0\0", 4);       /* medium: tray, eject, lock */
  put_feature (&f, 0x0010, 0, medium ? CURRENT : 0, readable, 8);
  put_feature (&f, 0x001d, 0, with_cd, "", 0);        /* multi-read */
  put_feature (&f, 0x001e, 2, with_cd, "\0\0\0", 4);  /* CD read */
  put_feature (&f, 0x001f, 1, with_dvd, "\0\0\0", 4); /* DVD read */
  put_feature (&f, 0x0100, 0, always, "", 0);         /* power management */
  put_feature (&f, 0x0105, 1, always, "\0\0\0", 4);   /* time-outs */
  atapi_put32 (b, f.end - b - 4);
  atapi_cd_reply (drive, f.end - b, atapi_get16 (p + 7));
}
