/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random user code whose pages are taken away one after the other: wherever an operand meets such a
 * page, translated code must stop as the interpreter does, with everything before it done and
 * nothing behind.
 *
 *   faults [--start SEED] [--count N] */
#include <string.h>

#include "tests/x86/user-case.h"
#include "vmm-core/translator/translator.h"

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

static uint64_t first_seed = 1, n_cases = 3000;

static void
set_pages (X86Machine *machine, const Fault *fault)
{
  x86_machine_protect (machine, USER_READONLY, true, false);
  x86_machine_protect (machine, USER_DATA, true, true);
  x86_machine_protect (machine, USER_DATA + 4096, true, true);
  x86_machine_protect (machine, fault->page, fault->present, false);
}

static X86Machine *
open_machine (const AccelOps *ops)
{
  X86Machine *machine = x86_machine_new (ops);

  user_software_prepare (machine);
  return machine;
}

static void
run_case (X86Machine *translator, X86Machine *interpreter, uint64_t seed, bool code32, bool lazy,
          unsigned *n_faults)
{
  static UserCase test;
  static UserResult ours, theirs;

  user_generate (&test, seed, code32);
  for (unsigned i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      GString *text;

      set_pages (interpreter, &faults[i]);
      set_pages (translator, &faults[i]);
      user_software_run (interpreter, &test, &theirs);
      user_software_run (translator, &test, &ours);
      text = user_compare (&test, &theirs, &ours, lazy);
      *n_faults += theirs.outcome.vector == X86_PF;
      if (text->len > 0)
        {
          g_test_message ("seed %" G_GUINT64_FORMAT ", %u bits, %s (the interpreter is “host”):\n%s",
                          seed, code32 ? 32 : 64, faults[i].name, text->str);
          g_test_fail ();
        }
      g_string_free (text, TRUE);
    }
}

static void
test_faults (bool code32, bool lazy)
{
  g_autoptr (X86Machine) interpreter = open_machine (&software_accel_ops);
  g_autoptr (X86Machine) translator = open_machine (&translator_accel_ops);
  unsigned n_faults = 0;

  translator_set_options (x86_machine_get_accel (translator),
                          lazy ? TRANSLATOR_UNDEFINED_FLAGS | TRANSLATOR_EVERY_PAGE
                               : TRANSLATOR_THOROUGH);
  for (uint64_t i = 0; i < n_cases && !g_test_failed (); i++)
    run_case (translator, interpreter, first_seed + i, code32, lazy, &n_faults);
  g_test_message ("%u page faults", n_faults);
  g_assert_cmpuint (n_faults, >=, n_cases / 4);
}

static void
test_thorough_64 (void)
{
  test_faults (false, false);
}

static void
test_thorough_32 (void)
{
  test_faults (true, false);
}

static void
test_lazy_64 (void)
{
  test_faults (false, true);
}

static void
test_lazy_32 (void)
{
  test_faults (true, true);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (int i = 1; i + 1 < argc; i += 2)
    {
      if (strcmp (argv[i], "--start") == 0)
        first_seed = g_ascii_strtoull (argv[i + 1], NULL, 10);
      else if (strcmp (argv[i], "--count") == 0)
        n_cases = g_ascii_strtoull (argv[i + 1], NULL, 10);
    }
  g_test_add_func ("/translator/faults/thorough/64", test_thorough_64);
  g_test_add_func ("/translator/faults/thorough/32", test_thorough_32);
  g_test_add_func ("/translator/faults/lazy/64", test_lazy_64);
  g_test_add_func ("/translator/faults/lazy/32", test_lazy_32);
  return g_test_run ();
}
