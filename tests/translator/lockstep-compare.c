/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lockstep-compare.h"

#include <inttypes.h>
#include <string.h>

#include "vmm-core/memory.h"
#include "vmm-core/x86/mmu.h"
#include "vmm-core/x86/software.h"

#define CODE_SHOWN 64

/* Makes equal what need not be. */
static void
normalize (X86State *state, uint64_t ignored)
{
  state->rflags &= ~ignored;
  memset (&state->lapic, 0, sizeof state->lapic);
  state->cr8 = 0;
  state->nmi_pending = 0;
  state->fpu.opcode = state->fpu.cs = state->fpu.ds = 0;
  state->fpu.ip = state->fpu.dp = 0;
  for (unsigned i = 0; i < 8; i++)
    memset (state->fpu.st[i] + 10, 0, 6);
}

static bool
fields_are_equal (const X86State *translator, const X86State *interpreter)
{
  const StateSection a = { .id = "cpu", .table = &x86_state_table, .state = (void *) translator };
  const StateSection b = { .id = "cpu", .table = &x86_state_table, .state = (void *) interpreter };
  g_autoptr (GByteArray) left = g_byte_array_new (), right = g_byte_array_new ();

  state_save (&a, left);
  state_save (&b, right);
  return left->len == right->len && memcmp (left->data, right->data, left->len) == 0;
}

static void
append_lines (const X86State *translator, const X86State *interpreter, GString *text)
{
  const StateSection a = { .id = "cpu", .table = &x86_state_table, .state = (void *) translator };
  const StateSection b = { .id = "cpu", .table = &x86_state_table, .state = (void *) interpreter };
  g_autofree char *left = state_dump (&a), *right = state_dump (&b);
  g_auto (GStrv) ours = g_strsplit (left, "\n", -1), theirs = g_strsplit (right, "\n", -1);

  for (unsigned i = 0; ours[i] != NULL && theirs[i] != NULL; i++)
    if (!g_str_equal (ours[i], theirs[i]))
      g_string_append_printf (text, "  translator %s\n  interpreter %s\n", ours[i], theirs[i]);
}

bool
lockstep_compare (const X86State *translator, const X86State *interpreter, uint64_t ignored,
                  GString *text)
{
  X86State a = *translator, b = *interpreter;

  normalize (&a, ignored);
  normalize (&b, ignored);
  /* What lies between fields may be anything. */
  if (memcmp (&a, &b, sizeof a) == 0 || fields_are_equal (&a, &b))
    return true;
  if (text != NULL)
    append_lines (&a, &b, text);
  return false;
}

void
lockstep_compare_pages (uint64_t page, const uint8_t *translator, const uint8_t *interpreter,
                        GString *text)
{
  unsigned shown = 0;

  for (unsigned at = 0; at < 4096 && shown < 16; at++)
    if (translator[at] != interpreter[at])
      {
        g_string_append_printf (text,
                                "  page %#" PRIx64 " byte %#x: translator %02x interpreter %02x\n",
                                page, at, translator[at], interpreter[at]);
        shown++;
      }
}

void
lockstep_append_code (GString *text, X86Cpu *cpu, const X86State *state)
{
  uint64_t linear = state->seg[X86_CS].base + state->rip, physical;
  uint8_t bytes[CODE_SHOWN];

  if (x86_mmu_peek (cpu, linear, &physical))
    {
      unsigned n = MIN (CODE_SHOWN, 4096 - (physical & 4095));

      memory_read (cpu->software->machine.memory, physical, bytes, n);
      for (unsigned i = 0; i < n; i++)
        g_string_append_printf (text, " %02x", bytes[i]);
    }
  g_string_append_c (text, '\n');
}
