/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random user code whose pages are taken away one after the other: wherever an operand meets such a
 * page, translated code must stop as the interpreter does, with everything before it done and
 * nothing behind.
 *
 *   faults [--start SEED] [--count N] */
#include "compared-cases.h"

typedef struct
{
  const char *name;
  uint64_t page;
  bool present;
} Fault;

static const Fault faults[] = {
  { "first page of data absent", USER_DATA, false },
  { "second page of data absent", USER_DATA + 4096, false },
  { "first page of data read-only", USER_DATA, true },
  { "second page of data read-only", USER_DATA + 4096, true },
  { "read-only page absent", USER_READONLY, false },
};

static void
set_pages (X86Machine *machine, const Fault *fault)
{
  x86_machine_protect (machine, USER_READONLY, true, false);
  x86_machine_protect (machine, USER_DATA, true, true);
  x86_machine_protect (machine, USER_DATA + 4096, true, true);
  x86_machine_protect (machine, fault->page, fault->present, false);
}

static void
test_faults (const Comparison *self, uint64_t first, uint64_t n)
{
  static UserCase test;
  unsigned n_faults = 0;

  for (uint64_t seed = first; seed < first + n && !g_test_failed (); seed++)
    {
      user_generate (&test, seed, self->code32);
      for (unsigned i = 0; i < G_N_ELEMENTS (faults); i++)
        {
          set_pages (self->interpreter, &faults[i]);
          set_pages (self->translator, &faults[i]);
          n_faults += compared_cases_run (self, &test, faults[i].name);
        }
    }
  g_test_message ("%u page faults", n_faults);
  g_assert_cmpuint (n_faults, >=, n / 4);
}

int
main (int argc, char **argv)
{
  return compared_cases_main (argc, argv, "/translator/faults", 3000, test_faults);
}
