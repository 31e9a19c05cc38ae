/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "overwritten.h"

struct Overwritten
{
  GMutex mutex;
  GArray *noted, *taken; /* of OverwrittenPage */
  bool all;
};

Overwritten *
overwritten_new (void)
{
  Overwritten *overwritten = g_new0 (Overwritten, 1);

  g_mutex_init (&overwritten->mutex);
  overwritten->noted = g_array_new (FALSE, TRUE, sizeof (OverwrittenPage));
  overwritten->taken = g_array_new (FALSE, TRUE, sizeof (OverwrittenPage));
  return overwritten;
}

void
overwritten_free (Overwritten *overwritten)
{
  if (overwritten == NULL)
    return;
  g_array_unref (overwritten->noted);
  g_array_unref (overwritten->taken);
  g_mutex_clear (&overwritten->mutex);
  g_free (overwritten);
}

/* mutex held. The one that was noted last is likely to be noted again. NULL: no room. */
static OverwrittenPage *
find_page (Overwritten *overwritten, MemoryBlock *block, uint64_t page)
{
  GArray *noted = overwritten->noted;

  for (unsigned i = noted->len; i-- > 0;)
    {
      OverwrittenPage *found = &g_array_index (noted, OverwrittenPage, i);

      if (found->block == block && found->page == page)
        return found;
    }
  if (noted->len == OVERWRITTEN_MAX)
    return NULL;
  g_array_set_size (noted, noted->len + 1);
  g_array_index (noted, OverwrittenPage, noted->len - 1).block = block;
  g_array_index (noted, OverwrittenPage, noted->len - 1).page = page;
  return &g_array_index (noted, OverwrittenPage, noted->len - 1);
}

void
overwritten_note (Overwritten *overwritten, MemoryBlock *block, uint64_t page, unsigned offset,
                  unsigned length)
{
  OverwrittenPage *found;

  g_mutex_lock (&overwritten->mutex);
  found = find_page (overwritten, block, page);
  if (found != NULL)
    memory_code_set_add (&found->bytes, offset, length);
  else
    overwritten->all = true;
  g_mutex_unlock (&overwritten->mutex);
}

OverwrittenPage *
overwritten_take (Overwritten *overwritten, unsigned *n, bool *all)
{
  GArray *taken;

  g_array_set_size (overwritten->taken, 0);
  g_mutex_lock (&overwritten->mutex);
  taken = overwritten->noted;
  overwritten->noted = overwritten->taken;
  *all = overwritten->all;
  overwritten->all = false;
  g_mutex_unlock (&overwritten->mutex);
  overwritten->taken = taken;
  *n = taken->len;
  return (OverwrittenPage *) taken->data;
}
