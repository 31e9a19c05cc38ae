/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where processors of Intel and AMD differ, and near it, where they do not. */
#include "engines.h"

#include <string.h>

#include "vmm-core/x86/x86-features.h"

#define CODE 0x10800
#define DATA 0x30000
#define STACK 0x38000
#define ABSENT 0x40000

/* Code at CODE, INT3 all around. */
static void
prepare (X86Machine *machine, X86State *state, unsigned bits, uint64_t rip, const char *code)
{
  engines_put_traps (machine, 0, 0x20000);
  engines_put (machine, rip, code);
  x86_machine_init_state (state, bits);
  state->rip = rip;
  state->gpr[X86_RSP] = STACK;
  x86_machine_protect (machine, ABSENT, false, false);
}

/* 66 in front of near branches of 64-bit code. */
static void
test_near_branches (X86Machine *machine, X86Vendor vendor)
{
  static const struct
  {
    const char *code;
    uint64_t intel, amd;
    int pushed, pushed_amd;
  } cases[] = {
    { "66 e2 10", 0x10813, 0x0813, 0, 0 },              /* loop */
    { "66 67 e3 10", 0x10804, 0x10804, 0, 0 },          /* jecxz, not taken */
    { "66 eb 20", 0x10823, 0x0823, 0, 0 },              /* jmp */
    { "66 73 20", 0x10823, 0x0823, 0, 0 },              /* jnc */
    { "66 72 20", 0x10803, 0x10803, 0, 0 },             /* jc, not taken */
    { "66 0f 83 10 10 00 00", 0x11817, 0x1815, 0, 0 },  /* jnc */
    { "66 e9 10 10 00 00", 0x11816, 0x1814, 0, 0 },     /* jmp */
    { "66 e8 10 10 00 00", 0x11816, 0x1814, 8, 2 },     /* call */
    { "66 48 e9 10 10 00 00", 0x11817, 0x11817, 0, 0 }, /* jmp with REX.W */
    { "66 ff e0", 0x12345, 0x2345, 0, 0 },              /* jmp rax */
    { "66 ff d0", 0x12345, 0x2345, 8, 2 },              /* call rax */
    { "66 c3", 0x12345, 0x2345, -8, -2 },               /* ret */
    { "66 c2 08 00", 0x12345, 0x2345, -16, -10 },       /* ret 8 */
  };
  const bool amd = vendor == X86_AMD;
  const uint64_t target = 0x12345;
  X86State state;

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      prepare (machine, &state, 64, CODE, cases[i].code);
      x86_machine_write (machine, STACK, &target, sizeof target);
      state.gpr[X86_RAX] = target;
      state.gpr[X86_RCX] = 5;
      engines_expect (machine, &state, X86_BP);
      g_assert_cmphex (state.rip, ==, (amd ? cases[i].amd : cases[i].intel) + 1);
      g_assert_cmphex (state.gpr[X86_RSP], ==,
                       STACK - (uint64_t) (amd ? cases[i].pushed_amd : cases[i].pushed));
    }
}

/* In 32-bit code it cuts EIP to 16 bits for everybody, if the branch is taken. */
static void
test_near_branches_32 (X86Machine *machine, X86Vendor vendor)
{
  static const struct
  {
    const char *code;
    uint64_t target;
  } cases[] = {
    { "66 e2 10", 0x0813 },       /* loop */
    { "66 e1 10", 0x200803 },     /* loope, not taken */
    { "66 e0 10", 0x0813 },       /* loopne */
    { "66 67 e3 10", 0x200804 },  /* jcxz, not taken */
    { "66 eb 20", 0x0823 },       /* jmp */
    { "66 73 20", 0x0823 },       /* jnc */
    { "66 0f 83 10 10", 0x1815 }, /* jnc */
    { "66 e9 10 10", 0x1814 },    /* jmp */
    { "66 e8 10 10", 0x1814 },    /* call */
    { "66 ff e0", 0x2345 },       /* jmp ax */
  };
  X86State state;

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      prepare (machine, &state, 32, 0x200800, cases[i].code);
      engines_put_traps (machine, 0x200805, 16);
      if (cases[i].target >= 0x200800)
        engines_put_traps (machine, cases[i].target, 16);
      state.gpr[X86_RAX] = 0x12345;
      state.gpr[X86_RCX] = 5;
      engines_expect (machine, &state, X86_BP);
      g_assert_cmphex (state.rip, ==, cases[i].target + 1);
    }
}

/* In 16-bit code it lets them leave the segment, which faults before anything is counted. */
static void
test_near_branches_16 (X86Machine *machine, X86Vendor vendor)
{
  static const char *const codes[]
    = { "66 e2 70", "66 67 e2 70", "66 e0 70", "66 eb 70", "66 73 70", "66 e9 00 00 01 00" };
  X86State state;

  for (unsigned i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      prepare (machine, &state, 16, 0xffa0, codes[i]);
      state.gpr[X86_RCX] = 5;
      state.gpr[X86_RSP] = 0x8000;
      engines_expect (machine, &state, X86_GP);
      g_assert_cmphex (state.rip, ==, 0xffa0);
      g_assert_cmphex (state.gpr[X86_RCX], ==, 5);
    }
  prepare (machine, &state, 16, 0xffa0, "e2 70");
  state.gpr[X86_RCX] = 5;
  state.gpr[X86_RSP] = 0x8000;
  engines_expect (machine, &state, X86_BP);
  g_assert_cmphex (state.rip, ==, 0x13);
}

/* F2 and F3 in front of LOOPE and LOOPNE. */
static void
test_loops (X86Machine *machine, X86Vendor vendor)
{
  static const struct
  {
    const char *code;
    bool intel, amd; /* whether it is taken with ZF set; with ZF clear it is the reverse */
  } cases[] = {
    { "e1 10", true, true },        { "e0 10", false, false },      { "f2 e1 10", true, false },
    { "f3 e1 10", true, true },     { "f2 e0 10", false, false },   { "f3 e0 10", false, true },
    { "f2 f3 e0 10", false, true }, { "f3 f2 e1 10", true, false },
  };
  X86State state;

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    for (unsigned zero = 0; zero < 2; zero++)
      {
        bool taken = (vendor == X86_AMD ? cases[i].amd : cases[i].intel) == (zero != 0);
        unsigned length = (strlen (cases[i].code) + 1) / 3;

        prepare (machine, &state, 64, CODE, cases[i].code);
        state.gpr[X86_RCX] = 5;
        state.rflags |= zero ? X86_FLAG_ZF : 0;
        engines_expect (machine, &state, X86_BP);
        g_assert_cmphex (state.rip, ==, CODE + length + (taken ? 0x10 : 0) + 1);
        g_assert_cmphex (state.gpr[X86_RCX], ==, 4);
      }
  /* LOOP has no condition. */
  prepare (machine, &state, 64, CODE, "f2 e2 10");
  state.gpr[X86_RCX] = 5;
  state.rflags |= X86_FLAG_ZF;
  engines_expect (machine, &state, X86_BP);
  g_assert_cmphex (state.rip, ==, CODE + 3 + 0x11);
}

/* Where 90 with REX.B exchanges RAX and R8, and where it is PAUSE: the last of F2 and F3 counts. */
static void
test_exchange_r8 (X86Machine *machine, X86Vendor vendor)
{
  static const struct
  {
    const char *code;
    bool intel_pauses;
  } cases[] = { { "41 90", false },      { "f2 41 90", false },   { "66 41 90", false },
                { "f3 41 90", true },    { "f3 49 90", true },    { "f3 66 41 90", true },
                { "f2 f3 41 90", true }, { "f3 f2 41 90", false } };
  X86State state;

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      bool exchanged = vendor == X86_AMD || !cases[i].intel_pauses;

      prepare (machine, &state, 64, CODE, cases[i].code);
      state.gpr[X86_RAX] = 1;
      state.gpr[8] = 2;
      engines_expect (machine, &state, X86_BP);
      g_assert_cmphex (state.gpr[X86_RAX], ==, exchanged ? 2 : 1);
      g_assert_cmphex (state.gpr[8], ==, exchanged ? 1 : 2);
    }
}

/* What a gather that faults leaves in its mask: elements that are in are zero, and Intel's have
 * made the others all ones or all zeros. */
static void
test_gather (X86Machine *machine, X86Vendor vendor)
{
  static const uint32_t mask[4] = { 0x80000001, 0x80000002, 0x7fffffff, 0xc0000000 };
  static const uint32_t of_intel[4] = { 0, 0xffffffff, 0, 0xffffffff };
  static const uint32_t of_amd[4] = { 0, 0x80000002, 0x7fffffff, 0xc0000000 };
  static const uint32_t index[4] = { 0, ABSENT - DATA, 0, 4 };
  X86State state;

  if (!x86_features_have (x86_features_of_host (), X86_FEATURE_AVX2))
    return;
  prepare (machine, &state, 64, CODE, "c4 e2 71 90 04 13"); /* vpgatherdd xmm0, [rbx+xmm2], xmm1 */
  state.gpr[X86_RBX] = DATA;
  memcpy (state.ymm[1], mask, sizeof mask);
  memcpy (state.ymm[2], index, sizeof index);
  engines_expect (machine, &state, X86_PF);
  g_assert_cmphex (state.cr2, ==, ABSENT);
  g_assert_cmpmem (state.ymm[1], sizeof mask, vendor == X86_AMD ? of_amd : of_intel, sizeof mask);
}

/* A code breakpoint on the instruction after MOV SS. */
static void
test_breakpoint_after_mov_ss (X86Machine *machine, X86Vendor vendor)
{
  const bool hidden = vendor != X86_AMD;
  X86State state;

  prepare (machine, &state, 32, CODE, "8e d0 31 db"); /* mov ss, eax; xor ebx, ebx */
  state.gpr[X86_RAX] = state.seg[X86_SS].selector;
  state.gpr[X86_RBX] = 1;
  state.dr[0] = CODE + 2;
  state.dr[7] |= 2; /* G0: execution of one byte */
  engines_expect (machine, &state, hidden ? X86_BP : X86_DB);
  g_assert_cmphex (state.gpr[X86_RBX], ==, hidden ? 0 : 1);
}

/* VPINSRQ outside 64-bit code. */
static void
test_vpinsrq (X86Machine *machine, X86Vendor vendor)
{
  X86State state;

  if (!x86_features_have (x86_features_of_host (), X86_FEATURE_AVX))
    return;
  prepare (machine, &state, 32, CODE, "c4 e3 f9 22 c8 00"); /* vpinsrq xmm1, xmm0, eax, 0 */
  state.gpr[X86_RAX] = 0x12345678;
  memset (state.ymm[0], 0x55, 16);
  engines_expect (machine, &state, vendor == X86_AMD ? X86_UD : X86_BP);
  if (vendor != X86_AMD)
    g_assert_cmpmem (state.ymm[1], 8, "\x78\x56\x34\x12\x55\x55\x55\x55", 8);
}

/* With REX.W the offset of a far pointer has 64 bits, or the prefix says nothing. */
static void
test_far_pointers (X86Machine *machine, X86Vendor vendor)
{
  static const uint64_t of_64[2] = { 0x1122334400010810, 0x33 };
  static const uint64_t of_32[2] = { 0x0000003300010810, 0 };
  const bool amd = vendor == X86_AMD;
  X86State state;

  /* lgs rax, [rbx], with null selectors */
  prepare (machine, &state, 64, CODE, "48 0f b5 03");
  engines_put (machine, DATA, "88 77 66 55 00 00 22 11 00 00");
  state.gpr[X86_RBX] = DATA;
  engines_expect (machine, &state, X86_BP);
  g_assert_cmphex (state.gpr[X86_RAX], ==, amd ? 0x55667788 : 0x1122000055667788);

  /* jmp far [rbx]: the first leads nowhere for the one, the second for the other */
  prepare (machine, &state, 64, CODE, "48 ff 2b");
  x86_machine_write (machine, DATA, amd ? of_32 : of_64, sizeof of_64);
  state.gpr[X86_RBX] = DATA;
  if (amd)
    {
      engines_expect (machine, &state, X86_BP);
      g_assert_cmphex (state.rip, ==, 0x10811);
    }
  else
    engines_expect (machine, &state, X86_GP);

  /* call far [rbx] pushes 64 bits of each for both */
  prepare (machine, &state, 64, CODE, "48 ff 1b");
  x86_machine_write (machine, DATA, of_32, sizeof of_32);
  if (!amd)
    engines_put (machine, DATA, "10 08 01 00 00 00 00 00 33 00");
  state.gpr[X86_RBX] = DATA;
  engines_expect (machine, &state, X86_BP);
  g_assert_cmphex (state.rip, ==, 0x10811);
  g_assert_cmphex (state.gpr[X86_RSP], ==, STACK - 16);
  g_assert_cmphex (engines_get (machine, STACK - 16), ==, CODE + 3);
}

/* A misaligned operand of SHA instructions, but of others never. */
static void
test_sha (X86Machine *machine, X86Vendor vendor)
{
  X86State state;

  if (!x86_features_have (x86_features_of_host (), X86_FEATURE_SHA))
    {
      g_test_skip ("the host's CPU has no SHA instructions");
      return;
    }
  for (unsigned aligned = 0; aligned < 2; aligned++)
    {
      prepare (machine, &state, 64, CODE, "0f 38 c8 0b"); /* sha1nexte xmm1, [rbx] */
      engines_put (machine, DATA, "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10");
      state.gpr[X86_RBX] = DATA + !aligned;
      engines_expect (machine, &state, aligned || vendor == X86_AMD ? X86_BP : X86_GP);
      if (state.rip != CODE)
        g_assert_cmphex (state.ymm[1][0], ==, !aligned);
    }
  prepare (machine, &state, 64, CODE, "66 0f ef 0b"); /* pxor xmm1, [rbx] */
  state.gpr[X86_RBX] = DATA + 1;
  engines_expect (machine, &state, X86_GP);
}

/* Of two operands that fault one is reported. */
static void
test_strings (X86Machine *machine, X86Vendor vendor)
{
  static const struct
  {
    const char *code;
    bool rdi_on_amd;
  } cases[] = { { "a4", false }, { "f3 48 a5", false }, { "a6", true }, { "f3 48 a7", true } };
  X86State state;

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      prepare (machine, &state, 64, CODE, cases[i].code);
      state.gpr[X86_RSI] = ABSENT + 0x100;
      state.gpr[X86_RDI] = ABSENT + 0x200;
      state.gpr[X86_RCX] = 5;
      g_assert_cmphex (engines_expect (machine, &state, X86_PF).address, ==,
                       cases[i].rdi_on_amd && vendor == X86_AMD ? ABSENT + 0x200 : ABSENT + 0x100);
      g_assert_cmpuint (state.gpr[X86_RCX], ==, 5);
    }
}

/* The first push hits, a later one does not. */
static void
test_broken_pushes (X86Machine *machine, X86Vendor vendor)
{
  static const struct
  {
    unsigned bits;
    const char *code;
    uint64_t pushed;
  } cases[] = {
    { 64, "c8 20 00 00", 0x5555555555555555 }, /* enter 32, 0 */
    { 64, "c8 00 00 02", 0x5555555555555555 }, /* enter 0, 2 */
    { 32, "60", 0x000000aa000000cc },          /* pusha */
  };
  X86State state;

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      prepare (machine, &state, cases[i].bits, CODE, cases[i].code);
      engines_put (machine, ABSENT + 0x1000, "11 11 11 11 11 11 11 11");
      state.gpr[X86_RAX] = 0xaa;
      state.gpr[X86_RCX] = 0xcc;
      state.gpr[X86_RBP] = 0x5555555555555555;
      state.gpr[X86_RSP] = ABSENT + 0x1008;
      /* The second level's frame pointer is to be had. */
      if (i == 1)
        state.gpr[X86_RBP] = DATA;
      engines_expect (machine, &state, X86_PF);
      g_assert_cmphex (state.gpr[X86_RSP], ==, ABSENT + 0x1008);
      g_assert_cmphex (engines_get (machine, ABSENT + 0x1000), ==,
                       vendor == X86_INTEL ? 0x1111111111111111
                       : i == 1            ? DATA
                                           : cases[i].pushed);
    }
}

/* CALL to nowhere, without a stack. */
static void
test_call (X86Machine *machine, X86Vendor vendor)
{
  X86State state;

  prepare (machine, &state, 64, CODE, "ff d0");
  state.gpr[X86_RAX] = UINT64_C (0x8000000000000000);
  state.gpr[X86_RSP] = ABSENT + 0x100;
  engines_expect (machine, &state, vendor == X86_AMD ? X86_PF : X86_GP);
  g_assert_cmphex (state.gpr[X86_RSP], ==, ABSENT + 0x100);
}

static void
test_system_calls (X86Machine *machine, X86Vendor vendor)
{
  X86State state;

  prepare (machine, &state, 64, CODE, "0f 34"); /* sysenter, of long mode, without a target */
  engines_expect (machine, &state, vendor == X86_AMD ? X86_UD : X86_GP);
  prepare (machine, &state, 64, CODE, "0f 35"); /* sysexit */
  engines_expect (machine, &state, X86_GP);
  prepare (machine, &state, 64, CODE, "0f 07"); /* sysret */
  engines_expect (machine, &state, X86_GP);
  prepare (machine, &state, 32, CODE, "0f 07");
  engines_expect (machine, &state, vendor == X86_AMD ? X86_GP : X86_UD);
  prepare (machine, &state, 32, CODE, "0f 05"); /* syscall, of compatibility mode */
  state.star = UINT64_C (8) << 32;
  state.cstar = 0x10900; /* where INT3 is */
  engines_expect (machine, &state, vendor == X86_AMD ? X86_BP : X86_UD);

  /* sysret to nowhere: RIP is that of the instruction, or where it leads to */
  prepare (machine, &state, 64, CODE, "48 0f 07");
  x86_machine_make_supervisor (&state);
  state.star = UINT64_C (0x23) << 48;
  state.gpr[X86_RCX] = UINT64_C (0x8000000000000000);
  state.gpr[11] = 2;
  engines_expect (machine, &state, X86_GP);
  g_assert_cmphex (state.rip, ==, vendor == X86_AMD ? UINT64_C (0x8000000000000000) : CODE);
}

/* Registers that do not exist are undefined, at CPL 3, too; those that exist are forbidden
 * there. */
static void
test_control_registers (X86Machine *machine, X86Vendor vendor)
{
  static const unsigned exist = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 8;
  X86State state;

  for (unsigned write = 0; write < 2; write++)
    for (unsigned number = 0; number < 16; number++)
      {
        g_autofree char *control = g_strdup_printf ("%02x 0f %02x %02x", number < 8 ? 0x40 : 0x44,
                                                    write ? 0x22 : 0x20, 0xc0 | (number & 7) << 3);
        g_autofree char *debug = g_strdup_printf ("%02x 0f %02x %02x", number < 8 ? 0x40 : 0x44,
                                                  write ? 0x23 : 0x21, 0xc0 | (number & 7) << 3);

        prepare (machine, &state, 64, CODE, control);
        engines_expect (machine, &state, exist >> number & 1 ? X86_GP : X86_UD);
        prepare (machine, &state, 64, CODE, debug);
        engines_expect (machine, &state, number < 8 ? X86_GP : X86_UD);
      }
}

static void
test_prefetchw (X86Machine *machine, X86Vendor vendor)
{
  X86State state;

  prepare (machine, &state, 64, CODE, "0f 0d 0b"); /* prefetchw [rbx] */
  engines_expect (machine, &state, X86_BP);
  prepare (machine, &state, 64, CODE, "0f 0d cb");
  engines_expect (machine, &state, vendor == X86_AMD ? X86_UD : X86_BP);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  engines_add_test ("/x86/vendors/near-branches", test_near_branches);
  engines_add_test ("/x86/vendors/near-branches-32", test_near_branches_32);
  engines_add_test ("/x86/vendors/near-branches-16", test_near_branches_16);
  engines_add_test ("/x86/vendors/loops", test_loops);
  engines_add_test ("/x86/vendors/exchange-r8", test_exchange_r8);
  engines_add_test ("/x86/vendors/gather", test_gather);
  engines_add_test ("/x86/vendors/breakpoint-after-mov-ss", test_breakpoint_after_mov_ss);
  engines_add_test ("/x86/vendors/vpinsrq", test_vpinsrq);
  engines_add_test ("/x86/vendors/far-pointers", test_far_pointers);
  engines_add_test ("/x86/vendors/sha", test_sha);
  engines_add_test ("/x86/vendors/strings", test_strings);
  engines_add_test ("/x86/vendors/broken-pushes", test_broken_pushes);
  engines_add_test ("/x86/vendors/call", test_call);
  engines_add_test ("/x86/vendors/system-calls", test_system_calls);
  engines_add_test ("/x86/vendors/control-registers", test_control_registers);
  engines_add_test ("/x86/vendors/prefetchw", test_prefetchw);
  return g_test_run ();
}
