/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engines.h"

#include <string.h>

#include "vmm-core/translator/translator.h"

typedef struct
{
  EnginesTest test;
  const AccelOps *ops;
  X86Vendor vendor;
} Run;

static void
run_test (gconstpointer data)
{
  const Run *run = data;
  g_autoptr (X86Machine) machine = x86_machine_new (run->ops);

  x86_machine_set_vendor (machine, run->vendor);
  run->test (machine, run->vendor);
}

void
engines_add_test (const char *path, EnginesTest test)
{
  const AccelOps *const engines[] = { &software_accel_ops, &translator_accel_ops };
  static const char *const vendors[] = { [X86_INTEL] = "intel", [X86_AMD] = "amd" };

  for (unsigned engine = 0; engine < G_N_ELEMENTS (engines); engine++)
    for (unsigned vendor = 0; vendor < G_N_ELEMENTS (vendors); vendor++)
      {
        g_autofree char *name
          = g_strdup_printf ("%s/%s/%s", path, engines[engine]->name, vendors[vendor]);
        const Run run = { test, engines[engine], vendor };

        g_test_add_data_func_full (name, g_memdup2 (&run, sizeof run), run_test, g_free);
      }
}

void
engines_put_traps (X86Machine *machine, uint64_t address, unsigned n)
{
  g_autofree uint8_t *traps = g_malloc (n);

  memset (traps, 0xcc, n);
  x86_machine_write (machine, address, traps, n);
}

void
engines_put (X86Machine *machine, uint64_t address, const char *hex)
{
  for (; *hex != '\0'; hex += hex[2] == ' ' ? 3 : 2)
    {
      uint8_t byte = (uint8_t) (g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));

      x86_machine_write (machine, address++, &byte, 1);
    }
}

uint64_t
engines_get (X86Machine *machine, uint64_t address)
{
  uint64_t value;

  x86_machine_read (machine, address, &value, sizeof value);
  return value;
}

X86Outcome
engines_expect (X86Machine *machine, X86State *state, int vector)
{
  X86Outcome outcome = x86_machine_run (machine, state);

  g_assert_cmpint (outcome.vector, ==, vector);
  return outcome;
}
