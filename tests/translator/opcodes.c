/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every opcode of every map, with every prefix, in code of every width, on registers and memory:
 * the translator does what the interpreter does, and the host takes what is made of it. */
#include <string.h>

#include "lockstep-compare.h"
#include "tests/x86/translated-step.h"
#include "vmm-core/x86/decode.h"
#include "vmm-core/x86/interpreter.h"
#include "vmm-core/x86/opcode.h"

#define CODE 0x5000
#define STACK 0x7800
#define DATA 0x8000 /* where registers point to */
#define MAX_REPORTS 20

typedef struct
{
  const char *name;
  unsigned bits;
  bool code16; /* of compatibility mode */
  bool supervisor;
} Mode;

static const Mode modes[] = {
  { "real", 16, false, false },         { "16", 32, true, false },
  { "32", 32, false, false },           { "64", 64, false, false },
  { "64-supervisor", 64, false, true },
};

/* Pages that operands meet. */
static const uint64_t pages[] = { 0, STACK & ~4095ull, DATA };

typedef struct
{
  const Mode *mode;
  X86Machine *interpreter, *translator;
  X86State state;
  uint8_t memory[G_N_ELEMENTS (pages)][4096];
  unsigned n_run, n_different;
} Sweep;

static void
init_state (Sweep *self)
{
  X86State *state = &self->state;
  const Mode *mode = self->mode;

  x86_machine_init_state (state, mode->bits);
  if (mode->code16)
    state->seg[X86_CS].attributes &= ~(uint32_t) X86_SEG_DB;
  if (mode->supervisor)
    x86_machine_make_supervisor (state);
  state->rip = CODE;
  for (unsigned i = 0; i < 16; i++)
    {
      state->gpr[i] = DATA + 0x40 + 0x50 * i;
      for (unsigned byte = 0; byte < 32; byte += 4)
        state->ymm[i][byte] = (uint8_t) (16 * i + byte);
    }
  state->gpr[X86_RCX] = 3;
  state->gpr[X86_RSP] = STACK;
  state->rflags |= X86_FLAG_CF | X86_FLAG_SF;
}

/* X86Cpu.mode of the code, as far as decoding depends on it. */
static uint32_t
mode_word (const Mode *mode)
{
  const uint32_t protected = X86_MODE_PROTECTED | X86_MODE_LONG;

  return mode->bits == 16   ? 0
         : mode->code16     ? protected
         : mode->bits == 32 ? protected | X86_MODE_CODE32
                            : protected | X86_MODE_CODE64;
}

/* The same memory for each case. */
static void
fill_memory (Sweep *self)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (pages); i++)
    for (unsigned byte = 0; byte < 4096; byte++)
      self->memory[i][byte] = (uint8_t) (byte * 7 + (byte >> 6) + i);
}

static void
prepare (const Sweep *self, X86Machine *machine, const uint8_t *code)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (pages); i++)
    x86_machine_write (machine, pages[i], self->memory[i], 4096);
  x86_machine_write (machine, CODE, code, X86_MAX_LENGTH);
}

static void
compare (Sweep *self, const X86State *ours, const X86State *theirs, const X86Outcome *outcomes,
         const uint8_t *code, unsigned length)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (outcomes[0].vector != outcomes[1].vector || outcomes[0].error != outcomes[1].error
      || outcomes[0].address != outcomes[1].address)
    g_string_append_printf (text, "  translator exception %d, interpreter %d\n", outcomes[0].vector,
                            outcomes[1].vector);
  lockstep_compare (ours, theirs, 0, text);
  for (unsigned i = 0; i < G_N_ELEMENTS (pages); i++)
    {
      uint8_t our_page[4096], their_page[4096];

      x86_machine_read (self->translator, pages[i], our_page, 4096);
      x86_machine_read (self->interpreter, pages[i], their_page, 4096);
      if (memcmp (our_page, their_page, 4096) != 0)
        lockstep_compare_pages (pages[i], our_page, their_page, text);
    }
  if (text->len == 0 || self->n_different++ >= MAX_REPORTS)
    return;
  g_string_prepend (text, "\n");
  for (unsigned i = length; i-- > 0;)
    g_string_prepend_len (
      text, (char[]){ "0123456789abcdef"[code[i] >> 4], "0123456789abcdef"[code[i] & 15], ' ' }, 3);
  g_test_message ("%s", text->str);
}

/* What is different each time, or waits. */
static bool
is_random (const X86Insn *insn)
{
  return insn->map == X86_MAP_0F && insn->opcode == 0xc7 && insn->modrm >= 0xf0;
}

/* The CPU is given its state anew before it runs. */
static bool
decode (const Sweep *self, const uint8_t *code, X86Insn *insn)
{
  X86Cpu *cpu = x86_machine_get_cpu (self->interpreter);
  X86Flow flow;

  cpu->mode = mode_word (self->mode);
  insn->offset = 0;
  return x86_decode (cpu, code, X86_MAX_LENGTH, insn, &flow) == X86_DECODE_OK;
}

static void
run (Sweep *self, const uint8_t *code)
{
  X86State ours = self->state, theirs = self->state;
  X86Outcome outcomes[2];
  X86Insn insn;
  uint64_t done;

  if (!decode (self, code, &insn) || is_random (&insn))
    return;
  prepare (self, self->translator, code);
  outcomes[0] = x86_machine_step (self->translator, &ours, 1, &done);
  prepare (self, self->interpreter, code);
  outcomes[1] = x86_machine_step (self->interpreter, &theirs, 1, &done);
  compare (self, &ours, &theirs, outcomes, code, insn.length);
  self->n_run++;
}

/* The code is complete but for ModRM, at n. Where its middle field does not choose the instruction,
 * a few of its values do. */
static void
run_operands (Sweep *self, uint8_t *code, unsigned n)
{
  /* [rbx + 10h], [rbx + 10h] by SIB, rCX or CL, rSP or AH */
  static const uint8_t forms[] = { 0x43, 0x44, 0xc1, 0xc4 };
  static const uint8_t rest[] = { 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 };
  X86Insn insn;

  for (unsigned reg = 0; reg < 8; reg++)
    for (unsigned form = 0; form < G_N_ELEMENTS (forms); form++)
      {
        code[n] = (uint8_t) (forms[form] | reg << 3);
        memcpy (code + n + 1, rest, MIN (sizeof rest, X86_MAX_LENGTH - n - 1));
        if (form == 1)
          {
            memmove (code + n + 2, code + n + 1, X86_MAX_LENGTH - n - 2);
            code[n + 1] = 0x23;
          }
        if (!decode (self, code, &insn))
          continue;
        if (insn.has_modrm && reg != 1 && reg != 4 && insn.map != X86_MAP_PRIMARY
            && !(insn.attributes & (X86_OP_GROUP | X86_OP_GROUP_MOD)))
          continue;
        run (self, code);
        if (!insn.has_modrm)
          return;
      }
}

static void
sweep_legacy (Sweep *self)
{
  static const char *const maps[] = { "", "\x0f", "\x0f\x38", "\x0f\x3a" };
  static const char *const prefixes[] = {
    "",
    "\x66",
    "\xf2",
    "\xf3",
    "\xf0",
    "\x67",
    "\x64",
    "\x66\xf2",
    "\x66\xf3",
    "\x66\xf0",
    "\x66\x67",
    "\xf3\x67",
    /* of 64-bit code */
    "\x40",
    "\x48",
    "\x41",
    "\x44",
    "\x66\x48",
    "\x66\x41",
    "\xf2\x48",
    "\xf3\x48",
    "\xf3\x41",
    "\xf0\x48",
    "\x67\x48",
  };
  const unsigned n_prefixes = self->mode->bits == 64 ? G_N_ELEMENTS (prefixes) : 12;

  for (unsigned map = 0; map < G_N_ELEMENTS (maps); map++)
    for (unsigned prefix = 0; prefix < n_prefixes; prefix++)
      for (unsigned opcode = 0; opcode < 256; opcode++)
        {
          uint8_t code[X86_MAX_LENGTH + 1] = { 0 };
          unsigned n = (unsigned) strlen (prefixes[prefix]);

          memcpy (code, prefixes[prefix], n);
          memcpy (code + n, maps[map], strlen (maps[map]));
          n += (unsigned) strlen (maps[map]);
          code[n++] = (uint8_t) opcode;
          run_operands (self, code, n);
        }
}

/* Of three bytes: every map, W, L and mandatory prefix, with a second source and without. */
static void
sweep_vex (Sweep *self)
{
  for (unsigned map = 1; map < 4; map++)
    for (unsigned payload = 0; payload < 32; payload++)
      for (unsigned opcode = 0; opcode < 256; opcode++)
        {
          const uint8_t vvvv = payload & 8 ? 0x78 : 0x50; /* none, or 5 */
          uint8_t code[X86_MAX_LENGTH + 1]
            = { 0xc4, (uint8_t) (0xe0 | map),
                (uint8_t) ((payload & 16 ? 0x80 : 0) | vvvv | (payload & 7)), (uint8_t) opcode };

          run_operands (self, code, 4);
        }
}

/* As translated_step: nothing comes from outside, so that repeated instructions are not left. */
static void
interpret (X86Cpu *cpu)
{
  atomic_store (&cpu->requests, 0);
  x86_interpret_one (cpu);
}

static void
test_mode (gconstpointer data)
{
  g_autoptr (X86Machine) interpreter = x86_machine_new (&software_accel_ops);
  g_autoptr (X86Machine) translator = translated_machine_new ();
  g_autofree Sweep *self = g_new0 (Sweep, 1);

  x86_machine_set_step (interpreter, interpret);
  self->mode = data;
  self->interpreter = interpreter;
  self->translator = translator;
  init_state (self);
  fill_memory (self);
  sweep_legacy (self);
  sweep_vex (self);
  g_test_message ("%u instructions", self->n_run);
  g_assert_cmpuint (self->n_run, >, 5000);
  g_assert_cmpuint (self->n_different, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/translator/opcodes/%s", modes[i].name);

      g_test_add_data_func (path, &modes[i], test_mode);
    }
  return g_test_run ();
}
