/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CMOS RAM as AMI and Phoenix left it and others went on with: 12h has a nibble for each of the
 * first two disks, where Fh refers to 19h and 1Ah; type 47 there has its geometry in the CMOS RAM.
 * 39h says how the firmware translates, two bits for each disk. */
#include "bios-disks.h"

#include "devices/storage/disk-geometry.h"

#define CMOS_DISK_TYPES 0x12
#define CMOS_EXTENDED_TYPE 0x19 /* and 1Ah */
#define CMOS_GEOMETRY 0x1b      /* and 24h: 9 bytes each */
#define CMOS_TRANSLATION 0x39
#define TYPE_IN_CMOS 47
#define TRANSLATION_LBA 1

static void
describe_drive (Rtc *rtc, unsigned position, const DiskGeometry *g)
{
  const uint8_t bytes[] = {
    g->cylinders,
    g->cylinders >> 8,
    g->heads,
    0xff,
    0xff,                             /* write precompensation: none */
    0xc0 | (g->heads > 8 ? 0x08 : 0), /* no retries; more than eight heads */
    g->cylinders,
    g->cylinders >> 8, /* landing zone */
    g->sectors,
  };

  rtc_set_ram (rtc, CMOS_EXTENDED_TYPE + position, TYPE_IN_CMOS);
  for (unsigned i = 0; i < sizeof bytes; i++)
    rtc_set_ram (rtc, CMOS_GEOMETRY + position * sizeof bytes + i, bytes[i]);
}

void
bios_disks_describe (Rtc *rtc, FwCfg *fw_cfg, Image *const disks[BIOS_DISKS])
{
  g_autoptr (GString) lines = g_string_new (NULL);
  uint8_t types = 0, translations = 0;

  for (unsigned i = 0; i < BIOS_DISKS; i++)
    {
      DiskGeometry drive, firmware;

      if (disks[i] == NULL)
        continue;
      disk_geometry_find (disks[i], &drive, &firmware);
      if (i < 2)
        {
          types |= i == 0 ? 0xf0 : 0x0f;
          describe_drive (rtc, i, &drive);
        }
      if (firmware.heads == drive.heads && firmware.sectors == drive.sectors)
        continue;
      translations |= TRANSLATION_LBA << 2 * i;
      g_string_append_printf (lines, "%s/pci@i0cf8/ide@1,1/drive@%u/disk@%u %u %u %u",
                              lines->len > 0 ? "\n" : "", i / 2, i % 2, firmware.cylinders,
                              firmware.heads, firmware.sectors);
    }
  rtc_set_ram (rtc, CMOS_DISK_TYPES, types);
  rtc_set_ram (rtc, CMOS_TRANSLATION, translations);
  if (lines->len > 0)
    {
      g_autoptr (GBytes) file = g_bytes_new (lines->str, lines->len);

      fw_cfg_add_file (fw_cfg, "bios-geometry", file);
    }
}
