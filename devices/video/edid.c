/* SPDX-License-Identifier: GPL-3.0-or-later */
/* VESA Enhanced EDID Standard, release A2: structure 1.4. Timings: VESA CVT 1.2, reduced
 * blanking. */
#include "edid.h"

#include <string.h>

#define REFRESH_HZ 60
#define H_BLANK 160
#define H_FRONT 48
#define H_SYNC 32
#define V_FRONT 3
#define V_SYNC 4
#define V_BLANK_US 460

enum
{
  ASPECT_16_10,
  ASPECT_4_3,
  ASPECT_5_4,
  ASPECT_16_9
};

static const struct
{
  uint16_t width;
  uint8_t aspect;
} standard_timings[8] = {
  { 1152, ASPECT_4_3 }, { 1280, ASPECT_16_9 },  { 1280, ASPECT_5_4 },  { 1440, ASPECT_16_10 },
  { 1600, ASPECT_4_3 }, { 1680, ASPECT_16_10 }, { 1920, ASPECT_16_9 }, { 1920, ASPECT_16_10 },
};

/* 3.10.2, "Detailed Timing Descriptor". */
static void
detailed_timing (uint8_t d[18], unsigned width, unsigned height)
{
  unsigned v_blank = height * V_BLANK_US / (1000000 / REFRESH_HZ - V_BLANK_US) + 1;
  unsigned clock = (width + H_BLANK) * (height + v_blank) * REFRESH_HZ / 10000; /* of 10 kHz */
  unsigned h_mm = width * 254 / 960, v_mm = height * 254 / 960;                 /* at 96 dpi */

  d[0] = (uint8_t) clock;
  d[1] = clock >> 8;
  d[2] = (uint8_t) width;
  d[3] = H_BLANK;
  d[4] = (width >> 8) << 4 | H_BLANK >> 8;
  d[5] = (uint8_t) height;
  d[6] = (uint8_t) v_blank;
  d[7] = (height >> 8) << 4 | v_blank >> 8;
  d[8] = H_FRONT;
  d[9] = H_SYNC;
  d[10] = V_FRONT << 4 | V_SYNC;
  d[12] = (uint8_t) h_mm;
  d[13] = (uint8_t) v_mm;
  d[14] = (h_mm >> 8) << 4 | v_mm >> 8;
  d[17] = 0x1a; /* digital separate sync, horizontal positive */
}

void
edid_make (uint8_t edid[EDID_SIZE], unsigned width, unsigned height)
{
  static const uint8_t head[35] = {
    0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, /* header */
    0x1e, 0x68, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, /* manufacturer GSH, product 1 */
    0xff, 36,   1,    4,                            /* model year 2026; version 1.4 */
    0xa5, 0,    0,    120,  0x06,                   /* digital, 8 bits a colour; gamma 2.2; sRGB */
    0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54, /* chromaticity of sRGB */
  };
  static const char name[13] = "Guesthouse\n  ";
  uint8_t sum = 0;

  memset (edid, 0, EDID_SIZE);
  memcpy (edid, head, sizeof head);
  edid[21] = width * 254 / 9600; /* centimetres */
  edid[22] = height * 254 / 9600;
  edid[35] = 0x21; /* 640×480 and 800×600 at 60 Hz */
  edid[36] = 0x08; /* 1024×768 at 60 Hz */
  for (unsigned i = 0; i < 8; i++)
    {
      edid[38 + i * 2] = standard_timings[i].width / 8 - 31;
      edid[39 + i * 2] = standard_timings[i].aspect << 6 | (REFRESH_HZ - 60);
    }
  detailed_timing (edid + 54, width, height);
  edid[72 + 3] = 0xfc; /* display product name */
  memcpy (edid + 72 + 5, name, sizeof name);
  edid[90 + 3] = 0x10; /* unused */
  edid[108 + 3] = 0x10;
  for (unsigned i = 0; i < EDID_SIZE - 1; i++)
    sum += edid[i];
  edid[EDID_SIZE - 1] = -sum;
}
