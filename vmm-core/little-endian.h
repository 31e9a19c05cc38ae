/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/* Numbers in bytes that a guest or a file lays out, the least byte first, at any address. */

static inline uint32_t
little_endian_get_u32 (const uint8_t *at)
{
  return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t) at[3] << 24;
}

static inline uint64_t
little_endian_get_u64 (const uint8_t *at)
{
  return little_endian_get_u32 (at) | (uint64_t) little_endian_get_u32 (at + 4) << 32;
}

/* Of size bytes, 8 at most. */
static inline void
little_endian_put (uint8_t *at, uint64_t value, unsigned size)
{
  for (unsigned i = 0; i < size; i++)
    at[i] = value >> i * 8;
}
