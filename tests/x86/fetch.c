/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where code ends: at the limit of CS, at the end of a page, where the address space does; and code
 * that is not what it was. */
#include "engines.h"
#include "vmm-core/memory.h"

#define CODE 0x10000
#define TABLES 0x200000 /* of pages far away */
#define PML4 X86_MACHINE_OWN
#define PTE_OF(page) (X86_MACHINE_OWN + 0x3000 + 8 * ((page) >> 12))
#define USER_PAGE 7 /* present, writable, the user's */

/* 16-bit code in compatibility mode at CPL 3. */
static void
init_16 (X86State *state, uint32_t limit)
{
  x86_machine_init_state (state, 32);
  state->seg[X86_CS].attributes &= ~(uint32_t) X86_SEG_DB;
  state->seg[X86_CS].base = CODE;
  state->seg[X86_CS].limit = limit;
  state->gpr[X86_RSP] = 0x8000;
}

static void
init_real (X86State *state)
{
  x86_machine_init_state (state, 16);
  state->seg[X86_CS].selector = CODE >> 4;
  state->seg[X86_CS].base = CODE;
  state->gpr[X86_RSP] = 0x8000;
}

/* Behind the last byte, IP is 10000h. Of that real mode pushes 16 bits. */
static void
test_past_the_end (X86Machine *machine, X86Vendor vendor)
{
  X86State state;

  engines_put_traps (machine, CODE, 0x20000);
  engines_put (machine, CODE + 0xfffc, "90 40 90 40"); /* nop; inc ax; nop; inc ax */
  init_16 (&state, 0xffff);
  state.rip = 0xfffc;
  g_assert_cmphex (engines_expect (machine, &state, X86_GP).error, ==, 0);
  g_assert_cmphex (state.rip, ==, 0x10000);
  g_assert_cmphex (state.gpr[X86_RAX], ==, 2);

  init_real (&state);
  state.rip = 0xfffc;
  engines_expect (machine, &state, X86_GP);
  g_assert_cmphex (state.rip, ==, 0);
  g_assert_cmphex (state.gpr[X86_RAX], ==, 2);
}

/* A longer segment has code there. Only branches go round. */
static void
test_long_segment (X86Machine *machine, X86Vendor vendor)
{
  X86State state;

  engines_put_traps (machine, CODE, 0x20000);
  engines_put (machine, CODE + 0xfffe, "90 40");
  init_16 (&state, 0x1ffff);
  state.rip = 0xfffe;
  engines_expect (machine, &state, X86_BP);
  g_assert_cmphex (state.rip, ==, 0x10001);

  engines_put (machine, CODE + 0xfffe, "eb 10"); /* jmp 10h */
  init_16 (&state, 0x1ffff);
  state.rip = 0xfffe;
  engines_expect (machine, &state, X86_BP);
  g_assert_cmphex (state.rip, ==, 0x11);

  engines_put (machine, CODE + 0xfffd, "e8 20 00"); /* call 20h, which pushes 16 bits of 10000h */
  engines_put (machine, 0x7ff8, "ff ff ff ff ff ff ff ff");
  init_16 (&state, 0x1ffff);
  state.rip = 0xfffd;
  engines_expect (machine, &state, X86_BP);
  g_assert_cmphex (state.rip, ==, 0x21);
  g_assert_cmphex (engines_get (machine, 0x7ff8), ==, 0x0000ffffffffffff);
}

/* What the limit cuts off faults whatever would come behind it; what is undefined in front of it
 * is. */
static void
test_cut_off (X86Machine *machine, X86Vendor vendor)
{
  static const struct
  {
    uint64_t at;
    const char *bytes;
    int vector;
  } cases[] = {
    { 0xfffe, "b8 34 12", X86_GP },    /* mov ax, 1234h */
    { 0xffff, "0f ff", X86_GP },       /* undefined, if one looks behind */
    { 0xffff, "66", X86_GP },          /* a prefix */
    { 0xfffd, "66 0f 38 ff", X86_GP }, /* undefined, likewise */
    { 0xfffe, "0f 0b", X86_UD },       /* ud2 */
    { 0xfffd, "b8 34 12", X86_GP },    /* all of it is there: the next one is missing */
    { 0xfff6, "66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 66", X86_GP },
  };
  X86State state;

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      bool whole = i == 5;

      engines_put_traps (machine, CODE, 0x20000);
      engines_put (machine, CODE + cases[i].at - 1, "90");
      engines_put (machine, CODE + cases[i].at, cases[i].bytes);
      init_16 (&state, 0xffff);
      state.rip = cases[i].at - 1;
      engines_expect (machine, &state, cases[i].vector);
      g_assert_cmphex (state.rip, ==, whole ? 0x10000 : cases[i].at);
      g_assert_cmphex (state.gpr[X86_RAX], ==, whole ? 0x1234 : 0);
    }
}

/* The page behind the limit is not looked at, though the instruction would go on in it. */
static void
test_limit_at_page_end (X86Machine *machine, X86Vendor vendor)
{
  X86State state;

  engines_put (machine, CODE + 0xffe, "b8 78");
  x86_machine_protect (machine, CODE + 0x1000, false, false);
  for (unsigned inside = 0; inside < 2; inside++)
    {
      x86_machine_init_state (&state, 32);
      state.seg[X86_CS].limit = CODE + 0xfff + inside;
      state.rip = CODE + 0xffe;
      engines_expect (machine, &state, inside ? X86_PF : X86_GP);
      g_assert_cmphex (state.rip, ==, CODE + 0xffe);
    }
}

/* Maps the page at linear to the page at physical, with tables of its own. */
static void
map_far (X86Machine *machine, uint64_t linear, uint64_t physical, uint64_t tables)
{
  Memory *memory = x86_machine_get_memory (machine);

  memory_write_u64 (memory, PML4 + 8 * (linear >> 39 & 511), tables | USER_PAGE);
  for (unsigned level = 3; level > 1; level--, tables += 0x1000)
    memory_write_u64 (memory, tables + 8 * (linear >> (3 + 9 * level) & 511),
                      (tables + 0x1000) | USER_PAGE);
  memory_write_u64 (memory, tables + 8 * (linear >> 12 & 511), physical | USER_PAGE);
}

/* The last page of the lower half, and the first of the upper half, which is not the next one. */
static void
map_halves (X86Machine *machine)
{
  map_far (machine, 0x7ffffffff000, CODE, TABLES);
  map_far (machine, 0xffff800000000000, CODE + 0x1000, TABLES + 0x10000);
  engines_put_traps (machine, CODE, 0x2000);
}

static void
test_canonical (X86Machine *machine, X86Vendor vendor)
{
  X86State state;

  map_halves (machine);
  engines_put (machine, CODE + 0xffe, "90 90");
  x86_machine_init_state (&state, 64);
  state.rip = 0x7ffffffffffe;
  engines_expect (machine, &state, X86_GP);
  g_assert_cmphex (state.rip, ==, 0x800000000000);

  engines_put (machine, CODE + 0xffe, "b8 78");
  x86_machine_init_state (&state, 64);
  state.rip = 0x7ffffffffffe;
  engines_expect (machine, &state, X86_GP);
  g_assert_cmphex (state.rip, ==, 0x7ffffffffffe);
}

/* A branch to nowhere faults where it is, and CALL has not pushed. */
static void
test_branch_to_nowhere (X86Machine *machine, X86Vendor vendor)
{
  static const char *const branches[] = {
    "eb 20",             /* jmp */
    "e9 00 01 00 00",    /* jmp */
    "73 20",             /* jnc */
    "0f 83 00 01 00 00", /* jnc */
    "e2 20",             /* loop */
    "e3 20",             /* jrcxz, of 0 */
    "e8 20 00 00 00",    /* call */
    "ff e0",             /* jmp rax */
    "ff d0",             /* call rax */
    "c3",                /* ret */
  };
  X86State state;

  map_halves (machine);
  for (unsigned i = 0; i < G_N_ELEMENTS (branches); i++)
    {
      uint64_t nowhere = UINT64_C (0x8000000000000000);

      engines_put (machine, CODE + 0xff0, branches[i]);
      engines_put (machine, 0x20000, "11 11 11 11 11 11 11 11");
      x86_machine_write (machine, 0x20008, &nowhere, 8);
      x86_machine_init_state (&state, 64);
      state.rip = 0x7ffffffffff0;
      state.gpr[X86_RAX] = nowhere;
      state.gpr[X86_RCX] = branches[i][1] == '2' ? 5 : 0;
      state.gpr[X86_RSP] = 0x20008;
      engines_expect (machine, &state, X86_GP);
      g_assert_cmphex (state.rip, ==, 0x7ffffffffff0);
      g_assert_cmphex (state.gpr[X86_RSP], ==, 0x20008);
      g_assert_cmphex (state.gpr[X86_RCX], ==, branches[i][1] == '2' ? 5 : 0);
      g_assert_cmphex (engines_get (machine, 0x20000), ==, 0x1111111111111111);
    }
}

/* Near and far, past the limit of CS. */
static void
test_call_past_limit (X86Machine *machine, X86Vendor vendor)
{
  static const char *const calls[] = {
    "e8 00 00 10 00", /* call */
    "ff d0",          /* call eax */
    "66 e8 00 7f",    /* call, of 16 bits, to 17F04h & FFFFh, which is inside */
  };
  X86State state;

  engines_put_traps (machine, 0, 0x20000);
  for (unsigned i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      bool inside = i == 2;

      engines_put (machine, CODE, calls[i]);
      engines_put (machine, 0x1fff8, "11 11 11 11 11 11 11 11");
      x86_machine_init_state (&state, 32);
      state.seg[X86_CS].limit = 0x1ffff;
      state.rip = CODE;
      state.gpr[X86_RAX] = 0x20000;
      state.gpr[X86_RSP] = 0x20000;
      engines_expect (machine, &state, inside ? X86_BP : X86_GP);
      g_assert_cmphex (state.rip, ==, inside ? 0x7f05 : CODE);
      g_assert_cmphex (state.gpr[X86_RSP], ==, inside ? 0x1fffe : 0x20000);
      g_assert_cmphex (engines_get (machine, 0x1fff8), ==,
                       inside ? 0x0004111111111111 : 0x1111111111111111);
    }
  engines_put (machine, CODE, "66 9a 00 00 01 00 00 10"); /* call 1000h:10000h */
  engines_put (machine, 0x7ff8, "11 11 11 11 11 11 11 11");
  init_real (&state);
  state.rip = 0;
  engines_expect (machine, &state, X86_GP);
  /* Below it is the exception's own frame. */
  g_assert_cmphex (engines_get (machine, 0x7ff8) & 0xffff, ==, 0x1111);
}

/* Twice through MOV EAX, imm32 whose last two bytes lie in the page at 11000h, which is mapped to
 * another place meanwhile. */
static void
test_second_page_remapped (X86Machine *machine, X86Vendor vendor)
{
  X86State state;

  engines_put (machine, CODE,
               "e8 eb 0f 00 00"                   /* call 10ff0h */
               "89 c3"                            /* mov ebx, eax */
               "c7 04 25 88 30 f0 01 07 20 01 00" /* mov dword [pte], 12007h */
               "0f 01 3c 25 00 10 01 00"          /* invlpg [11000h] */
               "e8 d1 0f 00 00"                   /* call 10ff0h */
               "cc");
  engines_put (machine, CODE + 0xff0, "eb 0b"); /* jmp 10ffdh */
  engines_put (machine, CODE + 0xffd, "b8 11 11 11 11 c3");
  engines_put (machine, CODE + 0x2000, "22 22 c3");
  g_assert_cmphex (PTE_OF (CODE + 0x1000), ==, 0x1f03088);
  x86_machine_init_state (&state, 64);
  x86_machine_make_supervisor (&state);
  state.rip = CODE;
  state.gpr[X86_RSP] = 0x20000;
  engines_expect (machine, &state, X86_BP);
  g_assert_cmphex (state.gpr[X86_RBX], ==, 0x11111111);
  g_assert_cmphex (state.gpr[X86_RAX], ==, 0x22221111);
}

/* Bytes that were no instruction become one, by the last of them alone; at once and after CR3 leads
 * to another page. */
static void
test_undefined_overwritten (X86Machine *machine, X86Vendor vendor)
{
  static const uint64_t places[] = { CODE + 0x3f, CODE + 0xfff };
  X86State state;

  for (unsigned i = 0; i < G_N_ELEMENTS (places); i++)
    {
      engines_put (machine, places[i], "0f 0b cc");
      for (unsigned round = 0; round < 2; round++)
        {
          x86_machine_init_state (&state, 64);
          state.rip = places[i];
          engines_expect (machine, &state, round ? X86_BP : X86_UD);
          engines_put (machine, places[i] + 1, "05 cc");
          engines_put (machine, places[i] + 1, "18 c0 cc"); /* a hint */
        }
    }
}

/* Other memory at the same physical address has other code. */
static void
test_memory_exchanged (X86Machine *machine, X86Vendor vendor)
{
  Memory *memory = x86_machine_get_memory (machine);
  g_autoptr (GError) error = NULL;
  MemoryBlock *other = memory_block_new (memory, "other", 4096, false, &error);
  X86State state;

  g_assert_no_error (error);
  engines_put (machine, CODE, "b8 01 00 00 00 cc");
  for (unsigned round = 0; round < 4; round++)
    {
      if (round & 1)
        {
          memory_map (memory, CODE, 4096, other, 0, MEMORY_RW, 1);
          engines_put (machine, CODE, "b8 02 00 00 00 cc");
        }
      x86_machine_init_state (&state, 64);
      state.rip = CODE;
      engines_expect (machine, &state, X86_BP);
      g_assert_cmphex (state.gpr[X86_RAX], ==, 1 + (round & 1));
      if (round & 1)
        memory_unmap (memory, CODE, other);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  engines_add_test ("/x86/fetch/past-the-end", test_past_the_end);
  engines_add_test ("/x86/fetch/long-segment", test_long_segment);
  engines_add_test ("/x86/fetch/cut-off", test_cut_off);
  engines_add_test ("/x86/fetch/limit-at-page-end", test_limit_at_page_end);
  engines_add_test ("/x86/fetch/canonical", test_canonical);
  engines_add_test ("/x86/fetch/branch-to-nowhere", test_branch_to_nowhere);
  engines_add_test ("/x86/fetch/call-past-limit", test_call_past_limit);
  engines_add_test ("/x86/fetch/second-page-remapped", test_second_page_remapped);
  engines_add_test ("/x86/fetch/undefined-overwritten", test_undefined_overwritten);
  engines_add_test ("/x86/fetch/memory-exchanged", test_memory_exchanged);
  return g_test_run ();
}
