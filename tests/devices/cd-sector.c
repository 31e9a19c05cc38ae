/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Raw sectors by the equations of ECMA-130: every code word has to be one. */
#include "devices/storage/cd-sector.h"

#include <glib.h>
#include <string.h>

static uint8_t
multiply (uint8_t a, uint8_t b)
{
  uint8_t product = 0;

  for (; b != 0; b >>= 1, a = a << 1 ^ (a & 0x80 ? 0x1d : 0))
    product ^= b & 1 ? a : 0;
  return product;
}

/* The remainder of the bits, lowest first, by (x^16 + x^15 + x^2 + 1)(x^16 + x^2 + x + 1). */
static uint32_t
remainder_of (const uint8_t *bytes, unsigned n)
{
  uint32_t remainder = 0;

  for (unsigned i = 0; i < n * 8; i++)
    {
      uint32_t bit = bytes[i / 8] >> i % 8 & 1;
      uint32_t top = remainder >> 31;

      remainder = remainder << 1 | bit;
      remainder ^= top ? 0x8001801b : 0;
    }
  return remainder;
}

/* The sums that are zero in a code word: of the bytes, and of the bytes times powers of x. */
static void
assert_code_word (const uint8_t *word, unsigned n)
{
  uint8_t sum = 0, weighted = 0;

  for (unsigned i = 0; i < n; i++)
    {
      sum ^= word[i];
      weighted = multiply (weighted, 2) ^ word[i];
    }
  g_assert_cmphex (sum, ==, 0);
  g_assert_cmphex (weighted, ==, 0);
}

static void
assert_parity (const uint8_t *bytes)
{
  uint8_t word[45];

  for (unsigned column = 0; column < 43; column++)
    {
      for (unsigned row = 0; row < 26; row++)
        word[row] = bytes[2 * (43 * row + column)];
      assert_code_word (word, 26);
    }
  for (unsigned diagonal = 0; diagonal < 26; diagonal++)
    {
      for (unsigned i = 0; i < 43; i++)
        word[i] = bytes[2 * ((44 * i + 43 * diagonal) % 1118)];
      word[43] = bytes[2 * (1118 + diagonal)];
      word[44] = bytes[2 * (1144 + diagonal)];
      assert_code_word (word, 45);
    }
}

static void
test_sectors (void)
{
  static const uint8_t sync[12] = { 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0 };
  static const struct
  {
    uint32_t lba;
    uint8_t header[4];
  } sectors[] = {
    { 0, { 0x00, 0x02, 0x00, 1 } },
    { 74, { 0x00, 0x02, 0x74, 1 } },
    { 4350, { 0x01, 0x00, 0x00, 1 } },
    { 359999, { 0x80, 0x01, 0x74, 1 } },
  };

  for (unsigned n = 0; n < G_N_ELEMENTS (sectors); n++)
    {
      uint8_t sector[CD_SECTOR_SIZE], user[2048];

      for (unsigned i = 0; i < sizeof user; i++)
        user[i] = i * (n + 3) + (i >> 8);
      memset (sector, 0xee, sizeof sector);
      memcpy (sector + CD_SECTOR_USER, user, sizeof user);
      cd_sector_complete (sector, sectors[n].lba);
      g_assert_cmpmem (sector, 12, sync, 12);
      g_assert_cmpmem (sector + 12, 4, sectors[n].header, 4);
      g_assert_cmpmem (sector + 16, 2048, user, 2048);
      g_assert_cmphex (remainder_of (sector, 2068), ==, 0);
      g_assert_cmpmem (sector + 2068, 8, "\0\0\0\0\0\0\0\0", 8);
      assert_parity (sector + 12);
      assert_parity (sector + 13);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cd-sector/sectors", test_sectors);
  return g_test_run ();
}
