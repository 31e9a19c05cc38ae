/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random user code on the software CPU against the host's CPU: registers, flags, x87 and vector
 * state, memory, and the exception that ends it, must all be the same.
 *
 *   differential [--engine interpreter|translator|translator-lazy|translator-direct] [--start SEED]
 *                [--count N]
 *
 * The lazy translator makes only those status flags that somebody reads, as it does for guests;
 * they are compared where the case ends well. The direct one leaves out the slots in front of the
 * TLB.
 *
 * A failure prints its seed and the shortest code that still fails. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user-case.h"
#include "vmm-core/translator/translator.h"

#define BATCH 64

typedef struct
{
  unsigned n;
  UserCase tests[BATCH];
  UserResult results[BATCH];
} Shared;

typedef struct
{
  Shared *shared;
  int to_child, from_child;
  X86Machine *machine;
} Differential;

static uint64_t first_seed = 1, n_cases = 50000;
static bool translate, lazy, direct;

static _Noreturn void
native_child (Shared *shared, int input, int output)
{
  char token;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  user_native_prepare ();
  while (read (input, &token, 1) == 1)
    {
      for (unsigned i = 0; i < shared->n; i++)
        user_native_run (&shared->tests[i], &shared->results[i]);
      if (write (output, &token, 1) != 1)
        break;
    }
  _exit (0);
}

static void
differential_start (Differential *d)
{
  int there[2], back[2];

  d->shared
    = mmap (NULL, sizeof *d->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert_true (d->shared != MAP_FAILED);
  g_assert_cmpint (pipe (there), ==, 0);
  g_assert_cmpint (pipe (back), ==, 0);
  if (fork () == 0)
    {
      close (there[1]);
      close (back[0]);
      native_child (d->shared, there[0], back[1]);
    }
  close (there[0]);
  close (back[1]);
  d->to_child = there[1];
  d->from_child = back[0];
  d->machine = x86_machine_new (translate ? &translator_accel_ops : &software_accel_ops);
  if (translate)
    translator_set_options (x86_machine_get_accel (d->machine),
                            lazy     ? TRANSLATOR_LAZY
                            : direct ? TRANSLATOR_THOROUGH | TRANSLATOR_DIRECT
                                     : TRANSLATOR_THOROUGH);
  user_software_prepare (d->machine);
}

static void
differential_start_natives (Differential *d)
{
  g_assert_cmpint (write (d->to_child, "x", 1), ==, 1);
}

static void
differential_wait_natives (Differential *d)
{
  char token;

  /* The child dies only of a case that stores over the child itself. */
  g_assert_cmpint (read (d->from_child, &token, 1), ==, 1);
}

/* Runs one case on both. */
static GString *
differential_run_one (Differential *d, const UserCase *test)
{
  UserResult software;

  d->shared->n = 1;
  d->shared->tests[0] = *test;
  differential_start_natives (d);
  differential_wait_natives (d);
  user_software_run (d->machine, test, &software);
  return user_compare (test, &d->shared->results[0], &software, lazy);
}

static bool
differential_fails (Differential *d, const UserCase *test)
{
  GString *text = differential_run_one (d, test);
  bool fails = text->len > 0;

  g_string_free (text, TRUE);
  return fails;
}

/* Cuts the code off after the first instruction that matters, then drops what does not. */
static void
differential_minimise (Differential *d, UserCase *test)
{
  for (unsigned n = 1; n < test->n_insns; n++)
    {
      UserCase shorter = *test;

      shorter.n_insns = (uint16_t) n;
      shorter.code_length = shorter.insn_at[n] + 1;
      shorter.code[shorter.insn_at[n]] = 0xcc;
      if (differential_fails (d, &shorter))
        {
          *test = shorter;
          break;
        }
    }
  for (unsigned i = test->n_insns; i-- > 0;)
    {
      UserCase shorter = *test;
      unsigned end = i + 1 < test->n_insns ? test->insn_at[i + 1] : test->code_length - 1u;

      memset (shorter.code + test->insn_at[i], 0x90, end - test->insn_at[i]);
      if (differential_fails (d, &shorter))
        *test = shorter;
    }
}

static void
print_case (const UserCase *test)
{
  static const char *const names[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi" };

  for (unsigned i = 0; i < test->n_insns; i++)
    {
      unsigned end = i + 1 < test->n_insns ? test->insn_at[i + 1] : test->code_length - 1u;
      GString *line = g_string_new (NULL);
      bool nothing = true;

      for (unsigned j = test->insn_at[i]; j < end; j++)
        {
          g_string_append_printf (line, " %02x", test->code[j]);
          nothing = nothing && test->code[j] == 0x90;
        }
      if (!nothing)
        g_test_message ("  %x:%s", USER_CODE + test->insn_at[i], line->str);
      g_string_free (line, TRUE);
    }
  for (unsigned i = 0; i < 8; i++)
    g_test_message ("  before: %s %" G_GINT64_MODIFIER "x, r%u %" G_GINT64_MODIFIER "x", names[i],
                    test->state.gpr[i], i + 8, test->state.gpr[i + 8]);
  g_test_message ("  before: rflags %" G_GINT64_MODIFIER "x", test->state.rflags);
}

static void
report (Differential *d, const UserCase *failed)
{
  UserCase test = *failed;
  GString *text;

  differential_minimise (d, &test);
  text = differential_run_one (d, &test);
  g_test_message ("seed %" G_GUINT64_FORMAT ", %u-bit code, host vector %d:", test.seed,
                  test.code32 ? 32 : 64, d->shared->results[0].outcome.vector);
  print_case (&test);
  for (char *line = strtok (text->str, "\n"); line != NULL; line = strtok (NULL, "\n"))
    g_test_message ("%s", line);
  g_string_free (text, TRUE);
}

static unsigned
run_batch (Differential *d, uint64_t seed, unsigned n, bool code32, uint64_t *insns)
{
  UserResult software[BATCH];
  unsigned failures = 0;
  uint64_t failed = 0;

  G_STATIC_ASSERT (BATCH <= 64);
  d->shared->n = n;
  for (unsigned i = 0; i < n; i++)
    user_generate (&d->shared->tests[i], seed + i, code32);
  differential_start_natives (d);
  for (unsigned i = 0; i < n; i++)
    {
      user_software_run (d->machine, &d->shared->tests[i], &software[i]);
      *insns += d->shared->tests[i].n_insns;
    }
  differential_wait_natives (d);
  for (unsigned i = 0; i < n; i++)
    {
      GString *text
        = user_compare (&d->shared->tests[i], &d->shared->results[i], &software[i], lazy);

      if (text->len > 0)
        failed |= UINT64_C (1) << i;
      g_string_free (text, TRUE);
    }
  for (unsigned i = 0; i < n; i++)
    if ((failed >> i & 1) != 0)
      {
        UserCase test;

        failures++;
        user_generate (&test, seed + i, code32);
        report (d, &test);
      }
  return failures;
}

static void
test_user_code (gconstpointer data)
{
  bool code32 = GPOINTER_TO_INT (data) == 32;
  unsigned failures = 0;
  uint64_t insns = 0;
  Differential d;

  differential_start (&d);
  for (uint64_t i = 0; i < n_cases && failures < 10; i += BATCH)
    failures += run_batch (&d, first_seed + i, (unsigned) MIN (BATCH, n_cases - i), code32, &insns);
  g_test_message ("%" G_GUINT64_FORMAT " instructions", insns);
  close (d.to_child);
  close (d.from_child);
  wait (NULL);
  x86_machine_free (d.machine);
  munmap (d.shared, sizeof *d.shared);
  g_assert_cmpuint (failures, ==, 0);
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
      else if (strcmp (argv[i], "--engine") == 0)
        {
          lazy = strcmp (argv[i + 1], "translator-lazy") == 0;
          direct = strcmp (argv[i + 1], "translator-direct") == 0;
          translate = lazy || direct || strcmp (argv[i + 1], "translator") == 0;
        }
    }
  g_test_add_data_func ("/x86/differential/64", GINT_TO_POINTER (64), test_user_code);
  g_test_add_data_func ("/x86/differential/32", GINT_TO_POINTER (32), test_user_code);
  return g_test_run ();
}
