/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ATAPI CD drive: packets, sense data, the medium and its tray. */
#include "ide-rig.h"

#include <gio/gio.h>

#include "devices/storage/cd-sector.h"

enum
{
  NOT_READY = 2,
  ILLEGAL_REQUEST = 5,
  UNIT_ATTENTION = 6
};

/* Sends a packet and returns the status after it; replies wait at the data port. */
static uint8_t
packet (IdeRig *rig, bool dma, unsigned limit, const uint8_t command[12])
{
  ide_out (rig, SECONDARY, 1, dma ? 1 : 0);
  ide_out (rig, SECONDARY, 4, limit);
  ide_out (rig, SECONDARY, 5, limit >> 8);
  ide_out (rig, SECONDARY, 6, 0xa0);
  ide_out (rig, SECONDARY, 7, 0xa0);
  g_assert_cmphex (ide_status (rig, SECONDARY) & (BSY | DRQ | ERR), ==, DRQ);
  g_assert_cmphex (ide_in (rig, SECONDARY, 2) & 3, ==, 1); /* interrupt reason: the packet */
  ide_write_data (rig, SECONDARY, command, 12);
  return ide_status (rig, SECONDARY);
}
#define PACKET(rig, ...) packet (rig, false, 0xfffe, (const uint8_t[12]){ __VA_ARGS__ })

/* Takes the reply, which must be of that length, and the end of the command. */
static void
take (IdeRig *rig, void *buffer, unsigned length)
{
  g_assert_cmphex (ide_status (rig, SECONDARY) & (DRQ | ERR), ==, DRQ);
  g_assert_cmphex (ide_in (rig, SECONDARY, 2) & 3, ==, 2);
  g_assert_cmpuint (ide_in (rig, SECONDARY, 4) | ide_in (rig, SECONDARY, 5) << 8, ==, length);
  ide_read_data (rig, SECONDARY, buffer, length);
  g_assert_cmphex (ide_status (rig, SECONDARY) & (BSY | DRQ | ERR), ==, 0);
  g_assert_cmphex (ide_in (rig, SECONDARY, 2) & 3, ==, 3);
}

static void
assert_sense (IdeRig *rig, uint8_t key, uint8_t asc)
{
  uint8_t sense[18];

  g_assert_cmphex (ide_status (rig, SECONDARY) & ERR, ==, ERR);
  g_assert_cmphex (ide_in (rig, SECONDARY, 1) >> 4, ==, key);
  PACKET (rig, 0x03, 0, 0, 0, 18);
  take (rig, sense, 18);
  g_assert_cmphex (sense[0], ==, 0x70);
  g_assert_cmphex (sense[2], ==, key);
  g_assert_cmphex (sense[12], ==, asc);
}

/* A rig whose drive has told that it was switched on. */
static IdeRig *
ready_rig (void)
{
  IdeRig *rig = ide_rig_new ();

  PACKET (rig, 0x00);
  assert_sense (rig, UNIT_ATTENTION, 0x29);
  g_assert_cmphex (PACKET (rig, 0x00) & ERR, ==, 0);
  return rig;
}

static void
test_identify (void)
{
  IdeRig *rig = ide_rig_new ();
  uint8_t id[512];

  ide_out (rig, SECONDARY, 7, 0xec); /* refused with the signature */
  g_assert_cmphex (ide_status (rig, SECONDARY) & ERR, ==, ERR);
  g_assert_cmphex (ide_in (rig, SECONDARY, 4), ==, 0x14);
  g_assert_cmphex (ide_in (rig, SECONDARY, 5), ==, 0xeb);
  ide_out (rig, SECONDARY, 7, 0xa1);
  ide_read_data (rig, SECONDARY, id, 512);
  g_assert_cmphex (id[0] | id[1] << 8, ==, 0x85c0);
  g_assert_cmpmem (id + 54, 14, "uGsehtuoesC  D", 14);
  ide_rig_free (rig);
}

static void
test_inquiry (void)
{
  IdeRig *rig = ide_rig_new ();
  uint8_t reply[36];

  PACKET (rig, 0x12, 0, 0, 0, 36);
  take (rig, reply, 36);
  g_assert_cmphex (reply[0], ==, 5);
  g_assert_cmphex (reply[1], ==, 0x80);
  PACKET (rig, 0x12, 0, 0, 0, 8); /* cut to what is allowed */
  take (rig, reply, 8);
  ide_rig_free (rig);
}

static void
test_read_capacity (void)
{
  IdeRig *rig = ready_rig ();
  uint8_t reply[8];

  PACKET (rig, 0x25);
  take (rig, reply, 8);
  g_assert_cmpmem (reply, 8, "\0\0\0\x3f\0\0\x08\0", 8);
  ide_rig_free (rig);
}

static void
test_read_pio (void)
{
  IdeRig *rig = ready_rig ();
  uint8_t data[3 * 2048];

  packet (rig, false, 2048, (const uint8_t[12]){ 0x28, 0, 0, 0, 0, 10, 0, 0, 3 });
  for (unsigned i = 0; i < 3; i++)
    {
      g_assert_true (ide_in (rig, SECONDARY, 5) == 8 && ide_in (rig, SECONDARY, 4) == 0);
      ide_read_data (rig, SECONDARY, data + i * 2048, 2048);
      g_assert_true (rig->lines[1].level);
      g_assert_cmphex (ide_status (rig, SECONDARY) & DRQ, ==, i < 2 ? DRQ : 0);
    }
  ide_rig_assert_sectors (data, 2048, 10, 3);
  ide_rig_free (rig);
}

static void
test_read_dma (void)
{
  IdeRig *rig = ready_rig ();

  ide_rig_prd (rig, 0, 0x4000, 4096, true);
  packet (rig, true, 0, (const uint8_t[12]){ 0xa8, 0, 0, 0, 0, 20, 0, 0, 0, 2 });
  ide_rig_start_dma (rig, 1, true);
  g_assert_cmphex (ide_status (rig, SECONDARY) & (BSY | DRQ | ERR), ==, 0);
  g_assert_cmphex (bus_read (rig->io, IDE_RIG_BAR + 8 + 2, 1) & 7, ==, 4);
  ide_rig_assert_sectors (rig->ram + 0x4000, 2048, 20, 2);
  ide_rig_free (rig);
}

static void
test_read_cd (void)
{
  IdeRig *rig = ready_rig ();
  uint8_t data[2048];

  PACKET (rig, 0xbe, 0, 0, 0, 0, 5, 0, 0, 1, 0x10);
  take (rig, data, 2048);
  ide_rig_assert_sectors (data, 2048, 5, 1);
  PACKET (rig, 0xbe, 2 << 2, 0, 0, 0, 5, 0, 0, 1, 0x10); /* mode 1 is expected, and comes */
  take (rig, data, 2048);
  for (unsigned type = 1; type < 6; type++)
    if (type != 2)
      {
        PACKET (rig, 0xbe, type << 2, 0, 0, 0, 5, 0, 0, 1, 0x10); /* audio, mode 2: not here */
        assert_sense (rig, ILLEGAL_REQUEST, 0x64);
      }
  PACKET (rig, 0xbe, 0, 0, 0, 0, 5, 0, 0, 1, 0x12); /* there are no C2 errors to tell */
  assert_sense (rig, ILLEGAL_REQUEST, 0x24);
  PACKET (rig, 0xbe, 0, 0, 0, 0, 5, 0, 0, 1, 0x10, 1); /* nor subchannels */
  assert_sense (rig, ILLEGAL_REQUEST, 0x24);
  ide_rig_free (rig);
}

/* Each selection of fields that leaves nothing out in between is a part of the whole sector. */
static void
test_read_cd_fields (void)
{
  static const struct
  {
    uint8_t fields;
    unsigned from, to;
  } parts[] = {
    { 0x10, 16, 2064 }, { 0x18, 16, 2352 }, { 0x20, 12, 16 },   { 0x30, 12, 2064 },
    { 0x38, 12, 2352 }, { 0x50, 16, 2064 }, { 0x70, 12, 2064 }, { 0x78, 12, 2352 },
    { 0xa0, 0, 16 },    { 0xb0, 0, 2064 },  { 0xf0, 0, 2064 },  { 0xf8, 0, 2352 },
  };
  IdeRig *rig = ready_rig ();
  uint8_t whole[CD_SECTOR_SIZE], data[3 * CD_SECTOR_SIZE];

  for (unsigned i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      unsigned length = parts[i].to - parts[i].from;

      PACKET (rig, 0xbe, 0, 0, 0, 0, 5, 0, 0, 3, parts[i].fields);
      take (rig, data, 3 * length);
      for (unsigned n = 0; n < 3; n++)
        {
          ide_rig_sector (whole + CD_SECTOR_USER, 2048, 5 + n);
          cd_sector_complete (whole, 5 + n);
          g_assert_cmpmem (data + n * length, length, whole + parts[i].from, length);
        }
    }
  PACKET (rig, 0xbe, 0, 0, 0, 0, 5, 0, 0, 1, 0x90); /* without the header between them */
  assert_sense (rig, ILLEGAL_REQUEST, 0x24);
  PACKET (rig, 0xbe, 0, 0, 0, 0, 5, 0, 0, 1, 0x40); /* mode 1 has no subheader */
  g_assert_cmphex (ide_status (rig, SECONDARY) & (DRQ | ERR), ==, 0);
  ide_rig_free (rig);
}

/* More than the buffer holds, by bus master and in another machine from the middle on. */
static void
test_read_cd_raw (void)
{
  IdeRig *rig = ready_rig (), *other = ide_rig_new ();
  StateSection from = ide_channel_state (rig->channels[1]),
               to = ide_channel_state (other->channels[1]);
  const uint8_t command[12] = { 0xbe, 0, 0, 0, 0, 0, 0, 0, IDE_RIG_CD_SECTORS, 0xf8 };
  uint8_t whole[CD_SECTOR_SIZE], data[IDE_RIG_CD_SECTORS][CD_SECTOR_SIZE];

  ide_rig_prd (rig, 0, 0x10000, 0, false);
  ide_rig_prd (rig, 1, 0x20000, 0, false);
  ide_rig_prd (rig, 2, 0x30000, sizeof data - 0x20000, true);
  packet (rig, true, 0, command);
  ide_rig_start_dma (rig, 1, true);
  g_assert_cmphex (ide_status (rig, SECONDARY) & (BSY | DRQ | ERR), ==, 0);
  packet (rig, false, CD_SECTOR_SIZE, command);
  ide_read_data (rig, SECONDARY, data, 10000);
  test_state_round_trip (&from, &to);
  ide_read_data (other, SECONDARY, (uint8_t *) data + 10000, sizeof data - 10000);
  g_assert_cmphex (ide_status (other, SECONDARY) & (BSY | DRQ | ERR), ==, 0);
  g_assert_cmpmem (data, sizeof data, rig->ram + 0x10000, sizeof data);
  for (unsigned n = 0; n < IDE_RIG_CD_SECTORS; n++)
    {
      ide_rig_sector (whole + CD_SECTOR_USER, 2048, n);
      cd_sector_complete (whole, n);
      g_assert_cmpmem (data[n], CD_SECTOR_SIZE, whole, CD_SECTOR_SIZE);
    }
  ide_rig_free (rig);
  ide_rig_free (other);
}

/* Bit 4 of Status has to do with a seek alone; the interrupt reason says which way data goes. */
static void
test_status (void)
{
  IdeRig *rig = ready_rig ();
  uint8_t id[512];

  g_assert_cmphex (PACKET (rig, 0x00), ==, DRDY);
  g_assert_cmphex (PACKET (rig, 0x2b, 0, 0, 0, 0, 9), ==, DRDY | 0x10);
  g_assert_cmphex (PACKET (rig, 0x2b, 0, 0, 0, 0, IDE_RIG_CD_SECTORS), ==, DRDY | ERR);
  assert_sense (rig, ILLEGAL_REQUEST, 0x21);
  g_assert_cmphex (PACKET (rig, 0x12, 0, 0, 0, 8), ==, DRDY | DRQ);
  ide_read_data (rig, SECONDARY, id, 8);
  g_assert_cmphex (ide_status (rig, SECONDARY), ==, DRDY);
  ide_out (rig, SECONDARY, 7, 0xa1);
  g_assert_cmphex (ide_status (rig, SECONDARY), ==, DRDY | DRQ);
  g_assert_cmphex (ide_in (rig, SECONDARY, 2), ==, 2);
  ide_read_data (rig, SECONDARY, id, 512);
  g_assert_cmphex (ide_status (rig, SECONDARY), ==, DRDY);
  ide_rig_free (rig);
}

static uint8_t
medium_type (IdeRig *rig)
{
  uint8_t reply[16];

  PACKET (rig, 0x5a, 0, 0x0d, 0, 0, 0, 0, 0, 64);
  take (rig, reply, 16);
  g_assert_cmpmem (reply + 8, 8, "\x0d\x06\0\0\0\x3c\0\x4b", 8);
  return reply[2];
}

/* What MODE SENSE tells of the disc, and mode page 0Dh: seconds a minute, frames a second. */
static void
test_medium_types (void)
{
  IdeRig *rig = ready_rig ();

  g_assert_cmphex (medium_type (rig), ==, 0x01);
  PACKET (rig, 0x1b, 0, 0, 0, 2);
  g_assert_cmphex (medium_type (rig), ==, 0x71);
  PACKET (rig, 0x1b, 0, 0, 0, 3);
  PACKET (rig, 0x00);
  assert_sense (rig, UNIT_ATTENTION, 0x28);
  g_assert_cmphex (medium_type (rig), ==, 0x01);
  ide_channel_change_medium (rig->channels[1], 0, NULL, FALSE, NULL);
  g_assert_cmphex (medium_type (rig), ==, 0x71); /* as it is taken out */
  PACKET (rig, 0x00);
  assert_sense (rig, NOT_READY, 0x3a);
  g_assert_cmphex (medium_type (rig), ==, 0x70);
  ide_rig_free (rig);
}

static void
test_out_of_range (void)
{
  IdeRig *rig = ready_rig ();

  PACKET (rig, 0x28, 0, 0, 0, 0, IDE_RIG_CD_SECTORS - 1, 0, 0, 2);
  assert_sense (rig, ILLEGAL_REQUEST, 0x21);
  PACKET (rig, 0xa8, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
  assert_sense (rig, ILLEGAL_REQUEST, 0x21);
  PACKET (rig, 0x28, 0, 0, 0, 0, 1, 0, 0, 0); /* nothing is not an error */
  g_assert_cmphex (ide_status (rig, SECONDARY) & (DRQ | ERR), ==, 0);
  ide_rig_free (rig);
}

static void
test_toc (void)
{
  IdeRig *rig = ready_rig ();
  uint8_t toc[20];

  PACKET (rig, 0x43, 0, 0, 0, 0, 0, 0, 0, 20);
  take (rig, toc, 20);
  g_assert_cmpmem (toc, 4, "\0\x12\1\1", 4);
  g_assert_cmphex (toc[5], ==, 0x14); /* a data track */
  g_assert_cmphex (toc[6], ==, 1);
  g_assert_cmphex (toc[14], ==, 0xaa);
  g_assert_cmpuint (toc[19], ==, IDE_RIG_CD_SECTORS);
  PACKET (rig, 0x43, 2, 0, 0, 0, 0, 0, 0, 20); /* in minutes, seconds, frames */
  take (rig, toc, 20);
  g_assert_cmpmem (toc + 8, 4, "\0\0\2\0", 4);
  ide_rig_free (rig);
}

static void
test_unknown (void)
{
  IdeRig *rig = ready_rig ();

  PACKET (rig, 0x2a);
  assert_sense (rig, ILLEGAL_REQUEST, 0x20);
  PACKET (rig, 0x5a, 0, 0x3e, 0, 0, 0, 0, 0, 64);
  assert_sense (rig, ILLEGAL_REQUEST, 0x24);
  ide_rig_free (rig);
}

static void
test_information (void)
{
  IdeRig *rig = ready_rig ();
  uint8_t reply[64];

  PACKET (rig, 0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 64); /* MODE SENSE: capabilities */
  take (rig, reply, 28);
  g_assert_cmphex (reply[8], ==, 0x2a);
  PACKET (rig, 0x46, 0, 0, 0, 0, 0, 0, 0, 64); /* GET CONFIGURATION: a CD-ROM */
  ide_read_data (rig, SECONDARY, reply, 8);
  g_assert_cmphex (reply[7], ==, 8);
  ide_out (rig, SECONDARY, 7, 0x08); /* DEVICE RESET in the middle of it */
  g_assert_cmphex (ide_status (rig, SECONDARY), ==, 0);
  PACKET (rig, 0x51, 0, 0, 0, 0, 0, 0, 0, 34);
  take (rig, reply, 34);
  PACKET (rig, 0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8);
  take (rig, reply, 8);
  PACKET (rig, 0x12, 1, 0x80, 0, 64); /* no vital product data */
  assert_sense (rig, ILLEGAL_REQUEST, 0x24);
  PACKET (rig, 0x5a, 0, 0xea, 0, 0, 0, 0, 0, 64); /* nor saved mode pages */
  assert_sense (rig, ILLEGAL_REQUEST, 0x39);
  PACKET (rig, 0x5a, 0, 0x6a, 0, 0, 0, 0, 0, 64); /* nor anything to change in them */
  take (rig, reply, 28);
  for (unsigned i = 10; i < 28; i++)
    g_assert_cmphex (reply[i], ==, 0);
  PACKET (rig, 0x52, 1, 0, 0, 0, 1, 0, 0, 36); /* READ TRACK INFORMATION: track 1 */
  take (rig, reply, 36);
  g_assert_cmphex (reply[5], ==, 0x04);
  g_assert_cmpuint (reply[27], ==, IDE_RIG_CD_SECTORS);
  PACKET (rig, 0x52, 1, 0, 0, 0, 2, 0, 0, 36);
  assert_sense (rig, ILLEGAL_REQUEST, 0x24);
  PACKET (rig, 0x43, 0, 2, 0, 0, 0, 0, 0, 64); /* the raw table of contents */
  take (rig, reply, 48);
  g_assert_cmpmem (reply, 4, "\0\x2e\1\1", 4);
  g_assert_cmpmem (reply + 26, 11, "\1\x14\0\xa2\0\0\0\0\0\2\x40", 11);
  g_assert_cmpmem (reply + 37, 11, "\1\x14\0\1\0\0\0\0\0\2\0", 11);
  PACKET (rig, 0xb9, 0, 0, 0, 2, 5, 0, 2, 6, 0x10); /* READ CD MSF */
  ide_read_data (rig, SECONDARY, reply, sizeof reply);
  g_assert_cmpuint (reply[0], ==, 5);
  ide_rig_free (rig);
}

/* Features come from the one asked for on: all, those of the medium, or one alone. */
static void
test_configuration (void)
{
  IdeRig *rig = ready_rig ();
  uint8_t reply[128];

  PACKET (rig, 0x46, 2, 0, 0x1e, 0, 0, 0, 0, 128);
  take (rig, reply, 16);
  g_assert_cmpmem (reply, 16, "\0\0\0\x0c\0\0\0\x08\0\x1e\x09\4\0\0\0\0", 16);
  PACKET (rig, 0x46, 1, 0, 0x1d, 0, 0, 0, 0, 128);
  take (rig, reply, 8 + 4 + 8 + 4 + 8); /* multi-read, CD read, power, time-outs; not DVD read */
  g_assert_cmphex (reply[8 + 1], ==, 0x1d);
  g_assert_cmphex (reply[8 + 4 + 8 + 0], ==, 0x01);
  ide_channel_change_medium (rig->channels[1], 0, NULL, FALSE, NULL);
  PACKET (rig, 0x46, 1, 0, 0x10, 0, 0, 0, 0, 128);
  take (rig, reply, 8 + 4 + 8);
  g_assert_cmphex (reply[7], ==, 0);
  ide_rig_free (rig);
}

static void
test_dvd (void)
{
  IdeRig *rig = ready_rig ();
  Image *dvd = image_new_memory (360001ull * 2048, TRUE);
  uint8_t reply[2052];

  PACKET (rig, 0xad, 0, 0, 0, 0, 0, 0, 0, 8, 4); /* not of a CD */
  assert_sense (rig, ILLEGAL_REQUEST, 0x30);
  ide_channel_change_medium (rig->channels[1], 0, dvd, FALSE, NULL);
  PACKET (rig, 0x00);
  assert_sense (rig, NOT_READY, 0x3a);
  PACKET (rig, 0x00);
  assert_sense (rig, UNIT_ATTENTION, 0x28);
  PACKET (rig, 0xad, 0, 0, 0, 0, 0, 0, 0, 8, 4); /* READ DVD STRUCTURE: physical format */
  take (rig, reply, 2052);
  g_assert_cmpmem (reply, 4, "\x08\x02\0\0", 4);
  g_assert_cmphex (reply[9], ==, 0x03); /* sectors count from 30000h */
  PACKET (rig, 0xad, 0, 0, 0, 0, 0, 0, 1, 8, 4);
  take (rig, reply, 8);
  PACKET (rig, 0xad, 0, 0, 0, 0, 0, 0, 0xff, 8, 4);
  take (rig, reply, 16);
  PACKET (rig, 0xad, 0, 0, 0, 0, 0, 1, 0, 8, 4); /* a second layer */
  assert_sense (rig, ILLEGAL_REQUEST, 0x24);
  PACKET (rig, 0x46, 2, 0, 0x1f, 0, 0, 0, 0, 64);
  take (rig, reply, 16);
  g_assert_cmphex (reply[7], ==, 0x10);
  g_assert_cmphex (reply[10] & 1, ==, 1);
  PACKET (rig, 0xbe, 0, 0, 0, 0, 5, 0, 0, 1, 0xf8); /* its sectors are others than those of a CD */
  assert_sense (rig, ILLEGAL_REQUEST, 0x30);
  ide_rig_free (rig);
  image_free (dvd);
}

/* A byte count limit of 0 is none. */
static void
test_no_limit (void)
{
  IdeRig *rig = ready_rig ();
  uint8_t data[2048];

  packet (rig, false, 0, (const uint8_t[12]){ 0x28, 0, 0, 0, 0, 10, 0, 0, 1 });
  take (rig, data, 2048);
  ide_rig_assert_sectors (data, 2048, 10, 1);
  ide_rig_free (rig);
}

static void
test_medium_change (void)
{
  IdeRig *rig = ready_rig ();
  Image *other = image_new_memory (8 * 2048, TRUE);
  uint8_t reply[8];

  g_assert_true (ide_channel_change_medium (rig->channels[1], 0, NULL, FALSE, NULL));
  PACKET (rig, 0x00);
  assert_sense (rig, NOT_READY, 0x3a);
  PACKET (rig, 0x28, 0, 0, 0, 0, 0, 0, 0, 1);
  assert_sense (rig, NOT_READY, 0x3a);
  PACKET (rig, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8);
  take (rig, reply, 8);
  g_assert_cmphex (reply[4], ==, 3); /* the medium was taken out */

  g_assert_true (ide_channel_change_medium (rig->channels[1], 0, other, FALSE, NULL));
  PACKET (rig, 0x00);
  assert_sense (rig, NOT_READY, 0x3a);
  PACKET (rig, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8);
  take (rig, reply, 8);
  g_assert_cmphex (reply[4], ==, 2); /* a new medium */
  g_assert_cmphex (reply[5], ==, 2);
  PACKET (rig, 0x00);
  assert_sense (rig, UNIT_ATTENTION, 0x28);
  g_assert_cmphex (PACKET (rig, 0x00), ==, DRDY);
  PACKET (rig, 0x25);
  take (rig, reply, 8);
  g_assert_cmphex (reply[3], ==, 7);
  ide_rig_free (rig);
  image_free (other);
}

/* One disc for another, in no time: the guest sees an open tray first, in whichever way it
 * looks. */
static void
test_medium_exchange (void)
{
  IdeRig *rig = ready_rig ();
  Image *other = image_new_memory (8 * 2048, TRUE);
  uint8_t reply[8];

  g_assert_true (ide_channel_change_medium (rig->channels[1], 0, other, FALSE, NULL));
  PACKET (rig, 0x25);
  assert_sense (rig, NOT_READY, 0x3a);
  PACKET (rig, 0x25);
  assert_sense (rig, UNIT_ATTENTION, 0x28);
  PACKET (rig, 0x25);
  take (rig, reply, 8);
  g_assert_cmphex (reply[3], ==, 7);

  g_assert_true (ide_channel_change_medium (rig->channels[1], 0, rig->cd, FALSE, NULL));
  PACKET (rig, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8);
  take (rig, reply, 8);
  g_assert_cmpmem (reply + 4, 2, "\3\1", 2); /* taken out, the tray is open */
  PACKET (rig, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8);
  take (rig, reply, 8);
  g_assert_cmpmem (reply + 4, 2, "\2\2", 2); /* a new one is there */
  PACKET (rig, 0x00);
  assert_sense (rig, UNIT_ATTENTION, 0x28);
  g_assert_cmphex (PACKET (rig, 0x00), ==, DRDY);
  ide_rig_free (rig);
  image_free (other);
}

static void
test_change_in_a_transfer (void)
{
  IdeRig *rig = ready_rig ();

  packet (rig, true, 0, (const uint8_t[12]){ 0x28, 0, 0, 0, 0, 0, 0, 0, 4 });
  g_assert_true (ide_channel_change_medium (rig->channels[1], 0, NULL, FALSE, NULL));
  assert_sense (rig, NOT_READY, 0x3a);
  ide_rig_prd (rig, 0, 0x4000, 8192, true);
  ide_rig_start_dma (rig, 1, true);
  g_assert_cmphex (rig->ram[0x4001], ==, 0);
  ide_rig_free (rig);
}

static void
test_lock (void)
{
  IdeRig *rig = ready_rig ();
  uint8_t reply[8];
  g_autoptr (GError) error = NULL;

  PACKET (rig, 0x1e, 0, 0, 0, 1);
  g_assert_true (ide_channel_is_locked (rig->channels[1], 0));
  g_assert_false (ide_channel_change_medium (rig->channels[1], 0, NULL, FALSE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  PACKET (rig, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8); /* but it hears that somebody wants the disc */
  take (rig, reply, 8);
  g_assert_cmphex (reply[4], ==, 1);
  PACKET (rig, 0x1b, 0, 0, 0, 2); /* nor may the guest eject */
  assert_sense (rig, ILLEGAL_REQUEST, 0x53);
  g_assert_true (ide_channel_change_medium (rig->channels[1], 0, NULL, TRUE, NULL));
  g_assert_false (ide_channel_is_locked (rig->channels[1], 0));
  ide_rig_free (rig);
}

static void
count_call (void *data)
{
  ++*(unsigned *) data;
}

static void
test_tray (void)
{
  IdeRig *rig = ready_rig ();
  unsigned moves = 0;

  ide_channel_set_tray_listener (rig->channels[1], count_call, &moves);
  PACKET (rig, 0x1b, 0, 0, 0, 2); /* eject */
  g_assert_cmphex (ide_status (rig, SECONDARY) & ERR, ==, 0);
  g_assert_cmpuint (moves, ==, 1);
  PACKET (rig, 0x00);
  assert_sense (rig, NOT_READY, 0x3a);
  PACKET (rig, 0x1b, 0, 0, 0, 3); /* load */
  g_assert_cmpuint (moves, ==, 2);
  PACKET (rig, 0x00);
  assert_sense (rig, UNIT_ATTENTION, 0x28);
  g_assert_cmphex (PACKET (rig, 0x00) & ERR, ==, 0);
  PACKET (rig, 0x1b, 0, 0, 0, 3); /* it is in already */
  g_assert_cmpuint (moves, ==, 2);
  ide_rig_free (rig);
}

static void
test_state (void)
{
  IdeRig *rig = ready_rig (), *other = ide_rig_new ();
  StateSection from = ide_channel_state (rig->channels[1]),
               to = ide_channel_state (other->channels[1]);
  uint8_t data[2 * 2048];

  packet (rig, false, 1000, (const uint8_t[12]){ 0x28, 0, 0, 0, 0, 30, 0, 0, 2 });
  ide_read_data (rig, SECONDARY, data, 600);
  test_state_round_trip (&from, &to);
  ide_read_data (other, SECONDARY, data + 600, sizeof data - 600);
  g_assert_cmphex (ide_status (other, SECONDARY) & (DRQ | ERR), ==, 0);
  ide_rig_assert_sectors (data, 2048, 30, 2);
  ide_rig_free (rig);
  ide_rig_free (other);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/atapi/identify", test_identify);
  g_test_add_func ("/atapi/inquiry", test_inquiry);
  g_test_add_func ("/atapi/read-capacity", test_read_capacity);
  g_test_add_func ("/atapi/read-pio", test_read_pio);
  g_test_add_func ("/atapi/read-dma", test_read_dma);
  g_test_add_func ("/atapi/read-cd", test_read_cd);
  g_test_add_func ("/atapi/read-cd-fields", test_read_cd_fields);
  g_test_add_func ("/atapi/read-cd-raw", test_read_cd_raw);
  g_test_add_func ("/atapi/status", test_status);
  g_test_add_func ("/atapi/medium-types", test_medium_types);
  g_test_add_func ("/atapi/out-of-range", test_out_of_range);
  g_test_add_func ("/atapi/toc", test_toc);
  g_test_add_func ("/atapi/unknown", test_unknown);
  g_test_add_func ("/atapi/information", test_information);
  g_test_add_func ("/atapi/configuration", test_configuration);
  g_test_add_func ("/atapi/dvd", test_dvd);
  g_test_add_func ("/atapi/no-limit", test_no_limit);
  g_test_add_func ("/atapi/medium-change", test_medium_change);
  g_test_add_func ("/atapi/medium-exchange", test_medium_exchange);
  g_test_add_func ("/atapi/change-in-a-transfer", test_change_in_a_transfer);
  g_test_add_func ("/atapi/lock", test_lock);
  g_test_add_func ("/atapi/tray", test_tray);
  g_test_add_func ("/atapi/state", test_state);
  return g_test_run ();
}
