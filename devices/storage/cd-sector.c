/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ECMA-130 (the “Yellow Book”), clause 14 and annex A. */
#include "cd-sector.h"

#include <string.h>

#define EDC_POLYNOMIAL                                                                             \
  0xd8018001u /* (x^16 + x^15 + x^2 + 1)(x^16 + x^2 + x + 1), lowest bit first */
#define P_COLUMNS 43
#define P_ROWS 24
#define Q_DIAGONALS 26
#define Q_LENGTH 43
#define WORDS_WITH_P (P_COLUMNS * (P_ROWS + 2))

static uint8_t
to_bcd (unsigned value)
{
  return value / 10 << 4 | value % 10;
}

static uint32_t
compute_edc (const uint8_t *bytes, unsigned length)
{
  uint32_t edc = 0;

  for (unsigned i = 0; i < length; i++)
    {
      edc ^= bytes[i];
      for (unsigned bit = 0; bit < 8; bit++)
        edc = edc >> 1 ^ (edc & 1 ? EDC_POLYNOMIAL : 0);
    }
  return edc;
}

/* In GF(2^8) over x^8 + x^4 + x^3 + x^2 + 1, whose primitive element is x. */
static uint8_t
times_x (uint8_t a)
{
  return a << 1 ^ (a & 0x80 ? 0x1d : 0);
}

/* F4h is the inverse of x + 1. */
static uint8_t
divided_by_x_plus_1 (uint8_t a)
{
  uint8_t result = 0;

  for (uint8_t factor = 0xf4; factor != 0; factor >>= 1, a = times_x (a))
    result ^= factor & 1 ? a : 0;
  return result;
}

/* One code word of the product code: n bytes, step words apart in a ring of words, and the two
 * parity bytes that make both the sum of all and the sum of all times powers of x zero. */
static void
put_parity (uint8_t *bytes, unsigned first, unsigned n, unsigned step, unsigned ring,
            uint8_t *parity[2])
{
  uint8_t sum = 0, weighted = 0;

  for (unsigned i = 0, word = first; i < n; i++, word = (word + step) % ring)
    {
      sum ^= bytes[2 * word];
      weighted = times_x (weighted ^ bytes[2 * word]);
    }
  weighted = times_x (weighted);
  *parity[0] = divided_by_x_plus_1 (sum ^ weighted);
  *parity[1] = sum ^ *parity[0];
}

/* The low and the high bytes of the words behind the synchronization are coded apart. */
static void
put_ecc (uint8_t *bytes)
{
  for (unsigned column = 0; column < P_COLUMNS; column++)
    put_parity (bytes, column, P_ROWS, P_COLUMNS, WORDS_WITH_P,
                (uint8_t *[2]){ bytes + 2 * (P_COLUMNS * P_ROWS + column),
                                bytes + 2 * (P_COLUMNS * (P_ROWS + 1) + column) });
  for (unsigned diagonal = 0; diagonal < Q_DIAGONALS; diagonal++)
    put_parity (bytes, Q_LENGTH * diagonal, Q_LENGTH, Q_LENGTH + 1, WORDS_WITH_P,
                (uint8_t *[2]){ bytes + 2 * (WORDS_WITH_P + diagonal),
                                bytes + 2 * (WORDS_WITH_P + Q_DIAGONALS + diagonal) });
}

void
cd_sector_complete (uint8_t sector[CD_SECTOR_SIZE], uint32_t lba)
{
  uint32_t frames = lba + CD_FRAME_OF_SECTOR_0, edc;
  uint8_t *header = sector + CD_SECTOR_HEADER;

  memset (sector, 0xff, CD_SECTOR_HEADER);
  sector[0] = sector[CD_SECTOR_HEADER - 1] = 0;
  header[0] = to_bcd (frames / 75 / 60 % 100);
  header[1] = to_bcd (frames / 75 % 60);
  header[2] = to_bcd (frames % 75);
  header[3] = 1; /* mode */
  edc = compute_edc (sector, CD_SECTOR_EDC);
  memset (sector + CD_SECTOR_EDC, 0, CD_SECTOR_SIZE - CD_SECTOR_EDC);
  for (unsigned i = 0; i < 4; i++)
    sector[CD_SECTOR_EDC + i] = edc >> 8 * i;
  put_ecc (header);
  put_ecc (header + 1);
}
