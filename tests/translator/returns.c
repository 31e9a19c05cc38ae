/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls and returns, more of them than the stack of return addresses holds. */
#include "tests/x86/x86-machine.h"
#include "vmm-core/translator/translator.h"

#define CODE 0x200000
#define STACK 0x1000000

static X86Outcome
run (X86Machine *machine, X86State *state, uint64_t rip, uint64_t rcx)
{
  x86_machine_init_state (state, 64);
  state->rip = rip;
  state->gpr[X86_RCX] = rcx;
  state->gpr[X86_RDX] = 0;
  state->gpr[X86_RSP] = STACK;
  return x86_machine_run (machine, state);
}

static void
test_recursion (void)
{
  static const uint8_t code[] = {
    0xff, 0xc9,                   /*  0: dec ecx */
    0x74, 0x05,                   /*  2: jz 9 */
    0xe8, 0xf7, 0xff, 0xff, 0xff, /*  4: call 0 */
    0x48, 0xff, 0xc2,             /*  9: inc rdx */
    0xc3,                         /* 12: ret */
    0xe8, 0xee, 0xff, 0xff, 0xff, /* 13: call 0 */
    0xcc,                         /* 18 */
  };
  g_autoptr (X86Machine) machine = x86_machine_new (&translator_accel_ops);
  X86State state;

  x86_machine_write (machine, CODE, code, sizeof code);
  for (unsigned depth = 1; depth < 200000; depth *= 3)
    {
      g_assert_cmpint (run (machine, &state, CODE + 13, depth).vector, ==, X86_BP);
      g_assert_cmpuint (state.gpr[X86_RDX], ==, depth);
      g_assert_cmphex (state.gpr[X86_RSP], ==, STACK);
    }
}

/* Calls that never return, ever forwards: as many in a page as go into it. */
static void
test_forwards (void)
{
  static const uint8_t call[] = { 0xe8, 0, 0, 0, 0 }, end = 0xcc;
  const unsigned n = 20000;
  g_autoptr (X86Machine) machine = x86_machine_new (&translator_accel_ops);
  X86State state;

  for (unsigned i = 0; i < n; i++)
    x86_machine_write (machine, CODE + i * sizeof call, call, sizeof call);
  x86_machine_write (machine, CODE + n * sizeof call, &end, 1);
  for (unsigned round = 0; round < 3; round++)
    {
      g_assert_cmpint (run (machine, &state, CODE, 0).vector, ==, X86_BP);
      g_assert_cmphex (state.gpr[X86_RSP], ==, STACK - 8 * n);
    }
}

/* PUSH and POP around what looks at the stack pointer, or faults. */
static void
test_pushes (void)
{
  static const uint8_t code[] = {
    0x51,                         /*  0: push rcx */
    0x52,                         /*  1: push rdx */
    0x54,                         /*  2: push rsp */
    0x58,                         /*  3: pop rax */
    0x48, 0x83, 0xec, 0x08,       /*  4: sub rsp, 8 */
    0x48, 0x89, 0x0c, 0x24,       /*  8: mov [rsp], rcx */
    0x48, 0x29, 0xe0,             /* 12: sub rax, rsp */
    0x48, 0x8d, 0x64, 0x24, 0x10, /* 15: lea rsp, [rsp + 16] */
    0x5a,                         /* 20: pop rdx */
    0xcc,                         /* 21 */
  };
  g_autoptr (X86Machine) machine = x86_machine_new (&translator_accel_ops);
  X86State state;

  x86_machine_write (machine, CODE, code, sizeof code);
  g_assert_cmpint (run (machine, &state, CODE, 77).vector, ==, X86_BP);
  g_assert_cmphex (state.gpr[X86_RSP], ==, STACK);
  g_assert_cmpuint (state.gpr[X86_RAX], ==, 8);
  g_assert_cmpuint (state.gpr[X86_RDX], ==, 77);

  /* The second push meets a page that is not there. */
  x86_machine_protect (machine, STACK - 4096 - 4096, false, false);
  x86_machine_init_state (&state, 64);
  state.rip = CODE;
  state.gpr[X86_RSP] = STACK - 4096 + 8;
  g_assert_cmpint (x86_machine_run (machine, &state).vector, ==, X86_PF);
  g_assert_cmphex (state.rip, ==, CODE + 1);
  g_assert_cmphex (state.gpr[X86_RSP], ==, STACK - 4096);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/translator/returns/recursion", test_recursion);
  g_test_add_func ("/translator/returns/forwards", test_forwards);
  g_test_add_func ("/translator/returns/pushes", test_pushes);
  return g_test_run ();
}
