/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Accesses near one base that share a lookup, wherever a page ends among them. */
#include <string.h>

#include "tests/x86/x86-machine.h"
#include "vmm-core/translator/translator.h"

#define CODE 0x10000
#define DATA 0x20000 /* two pages */
#define WORDS 5

/* Sums four words through RBX, which moves, and stores the sum behind them. */
static const uint8_t code[] = {
  0x48, 0x8b, 0x03,       /*  0: mov rax, [rbx] */
  0x48, 0x03, 0x43, 0x08, /*  3: add rax, [rbx + 8] */
  0x48, 0x83, 0xc3, 0x10, /*  7: add rbx, 16 */
  0x48, 0x03, 0x03,       /* 11: add rax, [rbx] */
  0x48, 0x03, 0x43, 0x08, /* 14: add rax, [rbx + 8] */
  0x48, 0x89, 0x43, 0x10, /* 18: mov [rbx + 16], rax */
  0x48, 0x33, 0x43, 0x10, /* 22: xor rax, [rbx + 16] */
  0xcc,                   /* 26 */
};
static const uint8_t access_at[WORDS] = { 0, 3, 11, 14, 18 };

static X86Machine *
new_machine (void)
{
  X86Machine *machine = x86_machine_new (&translator_accel_ops);

  x86_machine_write (machine, CODE, code, sizeof code);
  return machine;
}

static X86Outcome
run (X86Machine *machine, X86State *state, uint64_t rbx)
{
  static const uint64_t words[WORDS] = { 1, 20, 300, 4000, 0 };

  x86_machine_write (machine, rbx, words, sizeof words);
  x86_machine_init_state (state, 64);
  state->rip = CODE;
  state->gpr[X86_RBX] = rbx;
  return x86_machine_run (machine, state);
}

/* Words of their own lie in one page each: nothing has to be interpreted. */
static void
test_page_end (void)
{
  g_autoptr (X86Machine) machine = new_machine ();
  X86State state;

  for (uint64_t rbx = DATA + 4096 - 48; rbx <= DATA + 4096 + 8; rbx += 8)
    {
      uint64_t sum;

      g_assert_cmpint (run (machine, &state, rbx).vector, ==, X86_BP);
      x86_machine_read (machine, rbx + 32, &sum, sizeof sum);
      g_assert_cmpuint (sum, ==, 4321);
      g_assert_cmpuint (state.gpr[X86_RAX], ==, 0);
      g_assert_cmphex (state.gpr[X86_RBX], ==, rbx + 16);
    }
  g_assert_cmpuint (x86_machine_count (machine, "slow-page-crossing"), >, 0);
  g_assert_cmpuint (x86_machine_count (machine, "slow-accesses"), ==, 0);
}

/* The first access to a page that is not there faults, and all before it has happened. */
static void
test_fault (void)
{
  g_autoptr (X86Machine) machine = new_machine ();

  for (unsigned first = 0; first < WORDS; first++)
    {
      uint64_t rbx = DATA + 4096 - 8 * first;
      X86Outcome outcome;
      X86State state;

      x86_machine_protect (machine, DATA + 4096, false, false);
      outcome = run (machine, &state, rbx);
      g_assert_cmpint (outcome.vector, ==, X86_PF);
      g_assert_cmphex (outcome.address, ==, DATA + 4096);
      g_assert_cmphex (state.rip, ==, CODE + access_at[first]);
      g_assert_cmphex (state.gpr[X86_RBX], ==, rbx + (first >= 2 ? 16 : 0));
    }
}

/* Reading where only reading is allowed does not ask for more. */
static void
test_read_only (void)
{
  g_autoptr (X86Machine) machine = new_machine ();
  X86Outcome outcome;
  X86State state;

  x86_machine_protect (machine, DATA, true, false);
  outcome = run (machine, &state, DATA);
  g_assert_cmpint (outcome.vector, ==, X86_PF);
  g_assert_cmphex (outcome.error, ==, 7);
  g_assert_cmphex (state.rip, ==, CODE + access_at[4]);
  g_assert_cmpuint (state.gpr[X86_RAX], ==, 4321);
}

/* A lookup of something else in between has to look further, and uses the scratch registers. */
static void
test_between (void)
{
  static const uint8_t between[] = {
    0x48, 0x8b, 0x03,       /* mov rax, [rbx] */
    0x88, 0x24, 0x3e,       /* mov [rsi + rdi], ah */
    0x48, 0x03, 0x43, 0x08, /* add rax, [rbx + 8] */
    0x48, 0x03, 0x43, 0x10, /* add rax, [rbx + 16] */
    0xcc,
  };
  static const uint64_t words[3] = { 1, 20, 300 };
  g_autoptr (X86Machine) machine = x86_machine_new (&translator_accel_ops);
  X86State state;

  x86_machine_write (machine, CODE, between, sizeof between);
  x86_machine_write (machine, DATA, words, sizeof words);
  x86_machine_init_state (&state, 64);
  state.rip = CODE;
  state.gpr[X86_RBX] = DATA;
  state.gpr[X86_RSI] = DATA + 4096;
  g_assert_cmpint (x86_machine_run (machine, &state).vector, ==, X86_BP);
  g_assert_cmpuint (state.gpr[X86_RAX], ==, 321);
}

/* A prefix that is part of the opcode says nothing about the operand's size. */
static void
test_adcx_at_page_end (void)
{
  static const uint8_t adcx[] = { 0x66, 0x0f, 0x38, 0xf6, 0x16, 0xcc }; /* adcx edx, [rsi] */
  g_autoptr (X86Machine) machine = x86_machine_new (&translator_accel_ops);
  X86Outcome outcome;
  X86State state;

  x86_machine_write (machine, CODE, adcx, sizeof adcx);
  x86_machine_protect (machine, DATA + 4096, false, false);
  x86_machine_init_state (&state, 64);
  state.rip = CODE;
  state.gpr[X86_RSI] = DATA + 4096 - 3;
  outcome = x86_machine_run (machine, &state);
  g_assert_cmpint (outcome.vector, ==, X86_PF);
  g_assert_cmphex (outcome.address, ==, DATA + 4096);
}

/* Sums two words of one page after the other, so many times each. Returns how many lookups are
 * direct after that. */
static uint64_t
walk (X86Machine *machine, unsigned times)
{
  static const uint8_t walk[] = {
    0x48, 0x03, 0x03,                   /*  0: add rax, [rbx] */
    0x48, 0x03, 0x43, 0x08,             /*  3: add rax, [rbx + 8] */
    0xff, 0xca,                         /*  7: dec edx */
    0x75, 0x0e,                         /*  9: jnz 25 */
    0x89, 0xf2,                         /* 11: mov edx, esi */
    0x81, 0xc3, 0x00, 0x10, 0x00, 0x00, /* 13: add ebx, 4096 */
    0x81, 0xe3, 0xff, 0xff, 0x11, 0x00, /* 19: and ebx, 11FFFFh */
    0xff, 0xc9,                         /* 25: dec ecx */
    0x75, 0xe3,                         /* 27: jnz 0 */
    0xcc,                               /* 29 */
  };
  const uint64_t words[2] = { 2, 3 };
  const unsigned n = 2000000;
  X86State state;

  x86_machine_write (machine, CODE, walk, sizeof walk);
  for (uint64_t page = 0x100000; page < 0x120000; page += 4096)
    x86_machine_write (machine, page, words, sizeof words);
  x86_machine_init_state (&state, 64);
  state.rip = CODE;
  state.gpr[X86_RBX] = 0x100000;
  state.gpr[X86_RCX] = n;
  state.gpr[X86_RDX] = state.gpr[X86_RSI] = times;
  g_assert_cmpint (x86_machine_run (machine, &state).vector, ==, X86_BP);
  g_assert_cmpuint (state.gpr[X86_RAX], ==, 5ull * n);
  return x86_machine_count (machine, "lookups-direct");
}

/* A slot that hardly ever hits is left out; one that mostly hits is not, though it misses often. */
static void
test_direct (void)
{
  g_autoptr (X86Machine) machine = x86_machine_new (&translator_accel_ops);
  uint64_t refills;

  g_assert_cmpuint (walk (machine, 16), ==, 0);
  refills = x86_machine_count (machine, "tlb-slot-refills");
  g_assert_cmpuint (refills, >=, 2000000 / 16);
  for (unsigned n = 0; n < 500 && walk (machine, 1) == 0; n++)
    ; /* blocks are made anew now and then only */
  g_assert_cmpuint (x86_machine_count (machine, "lookups-direct"), ==, 1);
  refills = x86_machine_count (machine, "tlb-slot-refills");
  walk (machine, 1);
  g_assert_cmpuint (x86_machine_count (machine, "tlb-slot-refills"), <, refills + 2000000 / 100);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/translator/runs/page-end", test_page_end);
  g_test_add_func ("/translator/runs/fault", test_fault);
  g_test_add_func ("/translator/runs/read-only", test_read_only);
  g_test_add_func ("/translator/runs/between", test_between);
  g_test_add_func ("/translator/runs/adcx", test_adcx_at_page_end);
  g_test_add_func ("/translator/runs/direct", test_direct);
  return g_test_run ();
}
