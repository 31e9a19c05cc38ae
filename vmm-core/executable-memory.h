/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory for machine code that the process makes: one memory file mapped twice, to be written and
 * to be run, so that no page is ever both. Nothing else makes memory executable, and what was once
 * mapped stays: a machine that is switched on again in the same process needs nothing new. */
typedef struct
{
  uint8_t *write, *run;
  size_t size;
} ExecutableMemory;

/* size bytes, all zero, a multiple of the page size. Any thread. */
bool executable_memory_take (ExecutableMemory *memory, size_t size, GError **error);
/* The contents go and cost no memory; the next to ask for as many bytes gets these. */
void executable_memory_give_back (ExecutableMemory *memory);
