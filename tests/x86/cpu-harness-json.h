/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "x86-machine.h"

/* The JSON lines of cpu-harness (README.md). */

typedef struct
{
  unsigned bits; /* 16, 32 or 64 */
  uint64_t n_insns;
  char *id; /* JSON text, or NULL */
  X86State state;
  GHashTable *pages; /* page number -> its 4096 bytes, all other memory being zero */
} HarnessCase;

HarnessCase *harness_case_parse (const char *line, GError **error);
void harness_case_free (HarnessCase *test);

/* Puts the case's memory into the machine; unload makes all memory zero again. */
void harness_case_load (HarnessCase *test, X86Machine *machine);
void harness_case_unload (HarnessCase *test, X86Machine *machine);

char *harness_result_to_json (HarnessCase *test, X86Machine *machine, const X86State *state,
                              const X86Outcome *outcome, uint64_t done);
char *harness_error_to_json (const char *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HarnessCase, harness_case_free)
