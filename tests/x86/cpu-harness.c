/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs cases given as JSON lines on standard input, and writes what became of them. README.md
 * has the format. */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "cpu-harness-json.h"
#include "translated-step.h"
#include "x86-machine.h"

/* NULL: there is none of that name. */
static X86Machine *
open_machine (const char *engine)
{
  if (g_str_equal (engine, "interpreter"))
    return x86_machine_new (&software_accel_ops);
  if (g_str_equal (engine, "translator"))
    return translated_machine_new ();
  fprintf (stderr, "cpu-harness: there is no engine “%s”; use interpreter or translator.\n",
           engine);
  return NULL;
}

/* One line in, one line out. */
static char *
run_line (X86Machine *machine, const char *line)
{
  g_autoptr (HarnessCase) test = NULL;
  g_autoptr (GError) error = NULL;
  X86Outcome outcome;
  X86State state;
  uint64_t done;
  char *answer;

  test = harness_case_parse (line, &error);
  if (test == NULL)
    return harness_error_to_json (error->message);
  state = test->state;
  harness_case_load (test, machine);
  outcome = x86_machine_step (machine, &state, test->n_insns, &done);
  answer = harness_result_to_json (test, machine, &state, &outcome, done);
  harness_case_unload (test, machine);
  return answer;
}

int
main (int argc, char **argv)
{
  g_autofree char *engine = g_strdup ("interpreter");
  const GOptionEntry options[]
    = { { "engine", 0, 0, G_OPTION_ARG_STRING, &engine, "What executes the code", "NAME" },
        { NULL } };
  g_autoptr (GOptionContext) context = g_option_context_new ("< cases.jsonl");
  g_autoptr (GIOChannel) input = g_io_channel_unix_new (0);
  g_autoptr (X86Machine) machine = NULL;
  g_autoptr (GError) error = NULL;
  char *line;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      fprintf (stderr, "cpu-harness: %s\n", error->message);
      return 1;
    }
  machine = open_machine (engine);
  if (machine == NULL)
    return 1;
  g_io_channel_set_encoding (input, NULL, NULL);
  while (g_io_channel_read_line (input, &line, NULL, NULL, NULL) == G_IO_STATUS_NORMAL)
    {
      if (*g_strstrip (line) != '\0')
        {
          g_autofree char *answer = run_line (machine, line);

          puts (answer);
          fflush (stdout);
        }
      g_free (line);
    }
  return 0;
}
