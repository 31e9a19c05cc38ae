/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the beam is, by guest time: IBM VGA technical reference, CRT controller registers 00h to
 * 12h and Input Status Register 1. The retrace lasts to the end of the frame, not just the lines
 * that CRTC 11h counts: a guest that is slow to look must not miss it. */
#include "vga-internal.h"

#define NS_PER_SECOND INT64_C (1000000000)

/* A monitor follows nothing slower or faster than this; an unprogrammed CRTC is 640×480 at 60
 * Hz. */
#define MIN_FRAME_NS 5000000
#define MAX_FRAME_NS 50000000

typedef struct
{
  int64_t line_ns;
  int64_t lines;              /* of a frame, from the first one displayed */
  int64_t displayed, retrace; /* lines */
  int64_t characters, shown;  /* of a line */
} Timing;

static unsigned
vertical_value (const VgaState *s, unsigned low, unsigned bit8, unsigned bit9)
{
  return s->crtc[low] | (s->crtc[7] >> bit8 & 1) << 8 | (s->crtc[7] >> bit9 & 1) << 9;
}

static Timing
timing_of (const VgaState *s)
{
  static const int64_t clocks[4] = { 25175000, 28322000, 25175000, 25175000 };
  int64_t dots = (s->seq[1] & 1 ? 8 : 9) << (s->seq[1] >> 3 & 1);
  Timing t = {
    .characters = s->crtc[0] + 5,
    .shown = s->crtc[1] + 1,
    .lines = vertical_value (s, 0x06, 0, 5) + 2,
    .displayed = vertical_value (s, 0x12, 1, 6) + 1,
    .retrace = vertical_value (s, 0x10, 2, 7),
  };

  t.line_ns = t.characters * dots * NS_PER_SECOND / clocks[s->misc_output >> 2 & 3];
  if (t.line_ns * t.lines >= MIN_FRAME_NS && t.line_ns * t.lines <= MAX_FRAME_NS
      && t.retrace < t.lines)
    return t;
  return (Timing){
    .line_ns = 31778, .lines = 525, .displayed = 480, .retrace = 490, .characters = 100, .shown = 80
  };
}

uint8_t
vga_timing_get_status (const VgaState *s, int64_t now)
{
  Timing t = timing_of (s);
  int64_t line = now / t.line_ns % t.lines;
  int64_t character = now % t.line_ns * t.characters / t.line_ns;
  bool retrace = line >= t.retrace;
  bool blank = line >= t.displayed || character >= t.shown;

  return (retrace ? 0x08 : 0) | (blank ? 0x01 : 0);
}

int64_t
vga_timing_next_retrace (const VgaState *s, int64_t now)
{
  Timing t = timing_of (s);
  int64_t frame = t.line_ns * t.lines, retrace = t.line_ns * t.retrace;

  return (now - retrace + frame) / frame * frame + retrace;
}
