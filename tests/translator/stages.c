/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people see of the translator, its stages and its counters, and divisions at their edges. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/x86/x86-machine.h"
#include "vmm-core/trace.h"
#include "vmm-core/translator/translator.h"

#define CODE 0x1000000u

static X86Outcome
run (X86Machine *machine, const uint8_t *code, size_t n, const uint64_t *registers, X86State *state)
{
  x86_machine_write (machine, CODE, code, n);
  x86_machine_init_state (state, 64);
  state->rip = CODE;
  state->gpr[0] = registers[0];
  state->gpr[1] = registers[1];
  state->gpr[2] = registers[2];
  return x86_machine_run (machine, state);
}

/* DIV or IDIV of RDX:RAX by RCX, then INT3. */
static unsigned
division (uint8_t *code, unsigned size, bool is_signed)
{
  unsigned n = 0;

  if (size == 2)
    code[n++] = 0x66;
  if (size == 8)
    code[n++] = 0x48;
  code[n++] = 0xf7;
  code[n++] = is_signed ? 0xf9 : 0xf1;
  code[n++] = 0xcc;
  return n;
}

static void
test_division (void)
{
  static const uint64_t values[]
    = { 0,         1,           2,          7,         INT16_MAX,          0x8000,    UINT16_MAX,
        INT32_MAX, 0x80000000u, UINT32_MAX, INT64_MAX, UINT64_C (1) << 63, UINT64_MAX };
  const unsigned n = G_N_ELEMENTS (values);
  g_autoptr (X86Machine) ours = x86_machine_new (&translator_accel_ops);
  g_autoptr (X86Machine) theirs = x86_machine_new (&software_accel_ops);

  for (unsigned size = 2; size <= 8; size *= 2)
    for (unsigned i = 0; i < 2 * n * n * n; i++)
      {
        const uint64_t registers[]
          = { values[i / 2 % n], values[i / 2 / n % n], values[i / 2 / n / n] };
        uint8_t code[8];
        unsigned length = division (code, size, i & 1);
        X86State a, b;
        X86Outcome left = run (ours, code, length, registers, &a);
        X86Outcome right = run (theirs, code, length, registers, &b);

        g_assert_cmpint (left.vector, ==, right.vector);
        g_assert_cmphex (a.rip, ==, b.rip);
        g_assert_cmphex (a.gpr[0], ==, b.gpr[0]);
        g_assert_cmphex (a.gpr[2], ==, b.gpr[2]);
      }
}

static void
test_trace (void)
{
  static const uint8_t code[] = { 0x48, 0x01, 0xc8, 0x0f, 0xa2, 0xcc }; /* add, cpuid, int3 */
  static const uint64_t registers[3] = { 0 };
  g_autoptr (X86Machine) machine = x86_machine_new (&translator_accel_ops);
  g_autofree char *text = g_malloc0 (1 << 20);
  X86State state;
  FILE *file = tmpfile ();

  g_assert_nonnull (file);
  trace_set_output (fileno (file));
  trace_set_patterns ("decode,block,emit,invalidate,flush");
  run (machine, code, sizeof code, registers, &state);
  trace_set_patterns (NULL);
  trace_set_output (STDERR_FILENO);
  g_assert_cmpint (pread (fileno (file), text, (1 << 20) - 1, 0), >, 0);
  fclose (file);
  g_assert_nonnull (strstr (text, "translator.decode rip 0x1000000 "));
  g_assert_nonnull (strstr (text, "translator.block rip 0x1000000 "));
  g_assert_nonnull (strstr (text, "translator.emit rip 0x1000000 "));
  g_assert_nonnull (strstr (text, "48 01 c8 ; integer"));
  g_assert_nonnull (strstr (text, "0f a2 ; "));
}

static void
test_statistics (void)
{
  static const uint8_t code[] = { 0x0f, 0xa2, 0x0f, 0xa2, 0xcc };
  static const char *const names[] = { "blocks",           "block-bytes",        "code-bytes",
                                       "exits-linked",     "invalidations",      "tlb-flushes",
                                       "entries",          "tlb-slot-refills",   "tlb-fills",
                                       "page-walks",       "slow-page-crossing", "slow-fault",
                                       "slow-device",      "slow-watched-page",  "slow-accesses",
                                       "interpreted",      "interpreted-0f-a2",  "block-runs",
                                       "tlb-slot-lookups", "tlb-direct-lookups" };
  static const uint64_t registers[3] = { 0 };
  g_autoptr (X86Machine) machine = x86_machine_new (&translator_accel_ops);
  X86State state;

  run (machine, code, sizeof code, registers, &state);
  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++)
    x86_machine_count (machine, names[i]);
  g_assert_cmpuint (x86_machine_count (machine, "interpreted-0f-a2"), ==, 2);
}

/* Code made while that is asked for counts how often it is run. */
static void
test_count (void)
{
  static const uint8_t code[] = {
    0x48, 0x03, 0x02, /* 0: add rax, [rdx] */
    0xff, 0xc9,       /* 3: dec ecx */
    0x75, 0xf9,       /* 5: jnz 0 */
    0xcc,             /* 7 */
  };
  static const uint64_t registers[3] = { 0, 8000, CODE + 4096 };
  g_autoptr (X86Machine) machine = x86_machine_new (&translator_accel_ops);
  X86State state;

  trace_set_patterns ("count");
  run (machine, code, sizeof code, registers, &state);
  trace_set_patterns (NULL);
  g_assert_cmpuint (state.gpr[X86_RCX], ==, 0);
  /* The loop is laid out eight times. */
  g_assert_cmpuint (x86_machine_count (machine, "block-runs"), >=, 1000);
  g_assert_cmpuint (x86_machine_count (machine, "block-runs"), <, 1010);
  g_assert_cmpuint (x86_machine_count (machine, "tlb-slot-lookups"), >=, 1000);
  g_assert_cmpuint (x86_machine_count (machine, "tlb-slot-lookups"), <, 1010);
  g_assert_cmpuint (x86_machine_count (machine, "tlb-slot-refills"), <, 10);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/translator/stages/trace", test_trace);
  g_test_add_func ("/translator/stages/statistics", test_statistics);
  g_test_add_func ("/translator/stages/count", test_count);
  g_test_add_func ("/translator/stages/division", test_division);
  return g_test_run ();
}
