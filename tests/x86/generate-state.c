/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registers and memory to begin with. */
#include "generate.h"

#include <string.h>

static uint64_t
pointer (Generator *g)
{
  switch (generator_below (g, 20))
    {
    case 0:
      return USER_HOLE - generator_below (g, 64);
    case 1:
      return USER_DATA - generator_below (g, 64);
    case 2:
      return USER_READONLY + generator_below (g, 4096);
    case 3:
      return USER_DATA + 4096 - generator_below (g, 48);
    case 4:
      return g->code32 || generator_chance (g, 90)
               ? USER_DATA + 2048
               : UINT64_C (0x800000000000) + 512 + generator_below (g, 64);
    default:
      return USER_DATA + 512 + generator_below (g, 200) * 32;
    }
}

/* Vector and memory contents: numbers of all formats, and rubbish. */
static void
generate_bytes (Generator *g, uint8_t *data, size_t n)
{
  static const float floats[] = {
    0, -0.0f, 1, -1, 1.5f, 3e38f, 1e-40f, 2147483648.0f, __builtin_inff (), -__builtin_nanf ("")
  };
  static const double doubles[]
    = { 0, -0.0, 1, -2, 1e300, 5e-310, 9.3e18, 0.1, __builtin_inf (), __builtin_nan ("") };

  for (size_t i = 0; i + 8 <= n; i += 8)
    {
      uint64_t value = generator_number (g);
      float pair[2] = { floats[generator_below (g, 10)], floats[generator_below (g, 10)] };

      switch (generator_below (g, 8))
        {
        case 0:
          memcpy (data + i, pair, 8);
          break;
        case 1:
          memcpy (data + i, &doubles[generator_below (g, 10)], 8);
          break;
        case 2: /* doubles and floats of usual size */
          value = (value & ~(UINT64_C (0x7ff) << 52))
                  | (uint64_t) (1000 + generator_below (g, 48)) << 52;
          memcpy (data + i, &value, 8);
          break;
        default:
          memcpy (data + i, &value, 8);
        }
    }
}

static void
generate_x87_state (Generator *g, uint8_t *fx)
{
  uint16_t control
    = generator_chance (g, 85) ? 0x37f : (uint16_t) ((generator_next (g) & 0xf3f) | 0x40);

  if (generator_chance (g, 30))
    control = (uint16_t) ((control & 0x7f) | (generator_next (g) & 0xf00));
  memcpy (fx, &control, 2);
  fx[4] = (uint8_t) generator_next (g) & (uint8_t) generator_next (g);
  fx[3] = (uint8_t) (generator_below (g, 8) << 3);
  for (unsigned i = 0; i < 8; i++)
    {
      uint64_t mantissa = generator_next (g) | UINT64_C (1) << 63;
      uint16_t exponent = (uint16_t) (0x3fff - 32 + generator_below (g, 64));

      if (generator_chance (g, 15))
        mantissa = generator_number (g);
      if (generator_chance (g, 20))
        exponent
          = (const uint16_t[]){ 0, 0x7fff, 0x8000, 0xffff, 1, 0x7ffe }[generator_below (g, 6)];
      if (generator_chance (g, 40))
        exponent |= 0x8000;
      memcpy (fx + 32 + 16 * i, &mantissa, 8);
      memcpy (fx + 40 + 16 * i, &exponent, 2);
    }
}

void
generate_state (Generator *g)
{
  static const uint8_t pointers[] = { 3, 6, 7, 11, 12, 13, 15 };
  UserState *state = &g->test->state;
  uint32_t mxcsr = 0x1f80;

  for (unsigned i = 0; i < 16; i++)
    state->gpr[i] = generator_number (g);
  for (unsigned i = 0; i < sizeof pointers; i++)
    state->gpr[pointers[i]] = pointer (g);
  state->gpr[4] = USER_DATA + 4096 + generator_below (g, 64) * 8;
  state->gpr[5] = generator_below (g, 64);
  state->gpr[14] = generator_below (g, 16) * 16;
  if (g->code32)
    for (unsigned i = 0; i < 16; i++)
      state->gpr[i] = i < 8 ? (uint32_t) state->gpr[i] : 0;
  state->rip = USER_CODE;
  state->rflags = 0x202 | (generator_next (g) & 0x8d5);
  generate_x87_state (g, state->fx);
  if (generator_chance (g, 30))
    mxcsr ^= (uint32_t) (generator_next (g) & 0xe040);
  if (generator_chance (g, 10))
    mxcsr ^= (uint32_t) (generator_next (g) & 0x1f80);
  if (generator_chance (g, 50))
    mxcsr |= (uint32_t) (generator_next (g) & 0x3f);
  memcpy (state->fx + 24, &mxcsr, 4);
  generate_bytes (g, state->fx + 160, 256);
  generate_bytes (g, &state->upper[0][0], 256);
  if (g->code32)
    {
      memset (state->fx + 160 + 128, 0, 128);
      memset (state->upper[8], 0, 128);
    }
  generate_bytes (g, g->test->data, USER_DATA_SIZE);
}
