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
run_case (X86Machine *translator, X86Machine *interpreter, uint64_t seed, bool code32,
          unsigned options, unsigned *n_faults)
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
      text = user_compare (&test, &theirs, &ours, !(options & TRANSLATOR_ALL_FLAGS));
      *n_faults += theirs.outcome.vector == X86_PF;
      if (text->len > 0)
        {
          g_test_message ("seed %" G_GUINT64_FORMAT
                          ", %u bits, %s (the interpreter is “host”):\n%s",
                          seed, code32 ? 32 : 64, faults[i].name, text->str);
          g_test_fail ();
        }
      g_string_free (text, TRUE);
    }
}

static void
test_faults (bool code32, unsigned options)
{
  g_autoptr (X86Machine) interpreter = open_machine (&software_accel_ops);
  g_autoptr (X86Machine) translator = open_machine (&translator_accel_ops);
  unsigned n_faults = 0;

  translator_set_options (x86_machine_get_accel (translator), options);
  for (uint64_t i = 0; i < n_cases && !g_test_failed (); i++)
    run_case (translator, interpreter, first_seed + i, code32, options, &n_faults);
  g_test_message ("%u page faults", n_faults);
  g_assert_cmpuint (n_faults, >=, n_cases / 4);
}

static void
test_64 (gconstpointer options)
{
  test_faults (false, GPOINTER_TO_UINT (options));
}

static void
test_32 (gconstpointer options)
{
  test_faults (true, GPOINTER_TO_UINT (options));
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    unsigned options;
  } kinds[] = { { "thorough", TRANSLATOR_THOROUGH },
                { "lazy", TRANSLATOR_LAZY },
                { "direct", TRANSLATOR_THOROUGH | TRANSLATOR_DIRECT } };

  g_test_init (&argc, &argv, NULL);
  for (int i = 1; i + 1 < argc; i += 2)
    {
      if (strcmp (argv[i], "--start") == 0)
        first_seed = g_ascii_strtoull (argv[i + 1], NULL, 10);
      else if (strcmp (argv[i], "--count") == 0)
        n_cases = g_ascii_strtoull (argv[i + 1], NULL, 10);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *of_64 = g_strdup_printf ("/translator/faults/%s/64", kinds[i].name);
      g_autofree char *of_32 = g_strdup_printf ("/translator/faults/%s/32", kinds[i].name);

      g_test_add_data_func (of_64, GUINT_TO_POINTER (kinds[i].options), test_64);
      g_test_add_data_func (of_32, GUINT_TO_POINTER (kinds[i].options), test_32);
    }
  return g_test_run ();
}
