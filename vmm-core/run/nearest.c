/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nearest.h"

#include <glib.h>
#include <string.h>

#define LONGEST 64

/* Letters to add, leave out, replace or swap. */
static unsigned
measure (const char *a, const char *b)
{
  unsigned rows[3][LONGEST + 1];
  unsigned *before = rows[0], *last = rows[1], *row = rows[2];
  size_t length = strlen (b);

  for (size_t j = 0; j <= length; j++)
    last[j] = j;
  for (size_t i = 1; a[i - 1] != '\0'; i++)
    {
      unsigned *oldest = before;

      row[0] = i;
      for (size_t j = 1; j <= length; j++)
        {
          row[j] = MIN (MIN (last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
          if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            row[j] = MIN (row[j], before[j - 2] + 1);
        }
      before = last;
      last = row;
      row = oldest;
    }
  return last[length];
}

const char *
nearest_find (const char *typed, const char *const *words)
{
  const char *nearest = NULL;
  unsigned least = strlen (typed) / 3 + 1;

  if (strlen (typed) > LONGEST)
    return NULL;
  for (; *words != NULL; words++)
    {
      unsigned distance = strlen (*words) <= LONGEST ? measure (typed, *words) : G_MAXUINT;

      if (distance == 0)
        return *words;
      if (distance <= least && distance < strlen (*words))
        {
          least = distance - 1;
          nearest = *words;
        }
    }
  return nearest;
}
