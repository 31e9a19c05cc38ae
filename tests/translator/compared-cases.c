/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "compared-cases.h"

#include <string.h>

#include "vmm-core/translator/translator.h"

static ComparedTest compared_test;
static uint64_t first_seed = 1, n_cases;

bool
compared_cases_run (const Comparison *self, const UserCase *test, const char *what)
{
  static UserResult ours, theirs;
  g_autofree char *text = NULL;

  user_software_run (self->interpreter, test, &theirs);
  user_software_run (self->translator, test, &ours);
  text = g_string_free (
    user_compare (test, &theirs, &ours, !(self->options & TRANSLATOR_ALL_FLAGS)), FALSE);
  if (*text != '\0')
    {
      g_test_message ("seed %" G_GUINT64_FORMAT ", %u bits, %s (the interpreter is “host”):\n%s",
                      test->seed, self->code32 ? 32 : 64, what, text);
      g_test_fail ();
    }
  return theirs.outcome.vector == X86_PF;
}

static void
run_test (bool code32, unsigned options)
{
  g_autoptr (X86Machine) interpreter = x86_machine_new (&software_accel_ops);
  g_autoptr (X86Machine) translator = x86_machine_new (&translator_accel_ops);
  const Comparison comparison = { interpreter, translator, options, code32 };

  user_software_prepare (interpreter);
  user_software_prepare (translator);
  translator_set_options (x86_machine_get_accel (translator), options);
  compared_test (&comparison, first_seed, n_cases);
}

static void
test_64 (gconstpointer options)
{
  run_test (false, GPOINTER_TO_UINT (options));
}

static void
test_32 (gconstpointer options)
{
  run_test (true, GPOINTER_TO_UINT (options));
}

int
compared_cases_main (int argc, char **argv, const char *path, uint64_t n, ComparedTest test)
{
  static const struct
  {
    const char *name;
    unsigned options;
  } kinds[] = { { "thorough", TRANSLATOR_THOROUGH },
                { "lazy", TRANSLATOR_LAZY },
                { "direct", TRANSLATOR_THOROUGH | TRANSLATOR_DIRECT } };

  g_test_init (&argc, &argv, NULL);
  compared_test = test;
  n_cases = n;
  for (int i = 1; i + 1 < argc; i += 2)
    {
      if (strcmp (argv[i], "--start") == 0)
        first_seed = g_ascii_strtoull (argv[i + 1], NULL, 10);
      else if (strcmp (argv[i], "--count") == 0)
        n_cases = g_ascii_strtoull (argv[i + 1], NULL, 10);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *of_64 = g_strdup_printf ("%s/%s/64", path, kinds[i].name);
      g_autofree char *of_32 = g_strdup_printf ("%s/%s/32", path, kinds[i].name);

      g_test_add_data_func (of_64, GUINT_TO_POINTER (kinds[i].options), test_64);
      g_test_add_data_func (of_32, GUINT_TO_POINTER (kinds[i].options), test_32);
    }
  return g_test_run ();
}
