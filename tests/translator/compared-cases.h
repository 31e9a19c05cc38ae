/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "tests/x86/user-case.h"

/* Random user code that must do the same interpreted and translated, with each of the translator's
 * options that tests use, in 64-bit and 32-bit code. */

typedef struct
{
  X86Machine *interpreter, *translator;
  unsigned options; /* TRANSLATOR_* */
  bool code32;
} Comparison;

/* Runs cases first to first + n - 1. */
typedef void (*ComparedTest) (const Comparison *self, uint64_t first, uint64_t n);

/* The program's main: --start SEED, --count N; n cases unless said otherwise. */
int compared_cases_main (int argc, char **argv, const char *path, uint64_t n, ComparedTest test);

/* Runs a case on both. What differs fails the test; `what` says more about the case. Returns
 * whether it ended in a page fault. */
bool compared_cases_run (const Comparison *self, const UserCase *test, const char *what);
