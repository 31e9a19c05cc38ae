/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What became of a request to an image; `outcome_note` is its callback. */
typedef struct
{
  bool done;
  int result;
} Outcome;

static inline void
outcome_note (void *data, int result)
{
  g_assert_false (((Outcome *) data)->done);
  *(Outcome *) data = (Outcome){ true, result };
}

/* Runs the default context until it is done; the outcome can be used again. */
static inline int
outcome_wait (Outcome *outcome)
{
  while (!outcome->done)
    g_main_context_iteration (NULL, TRUE);
  outcome->done = false;
  return outcome->result;
}
