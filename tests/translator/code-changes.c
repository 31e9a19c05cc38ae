/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Code that changes where the translator has looked at it, or ends where the address space does. */
#include <string.h>

#include "tests/x86/x86-machine.h"
#include "vmm-core/translator/translator.h"

#define CODE 0x10000

static void
put (X86Machine *machine, uint64_t at, const char *bytes, size_t n)
{
  x86_machine_write (machine, at, bytes, n);
}

/* cmp ecx, edx; jz 10009h; jmp 10040h; nop … int3, and at 10040h jmp 10200h */
static void
test_behind_two_jumps (void)
{
  g_autoptr (X86Machine) machine = x86_machine_new (&translator_accel_ops);
  X86State state;

  put (machine, CODE, "\x39\xd1\x74\x05\xe9\x37\x00\x00\x00\xcc", 10);
  put (machine, CODE + 0x40, "\xe9\xbb\x01\x00\x00", 5);
  put (machine, CODE + 0x200, "\x31\xc0\xcc", 3); /* xor eax, eax: no flag is alive before it */
  x86_machine_init_state (&state, 64);
  state.rip = CODE;
  state.gpr[X86_RDX] = 0;
  g_assert_cmpint (x86_machine_run (machine, &state).vector, ==, X86_BP);
  g_assert_cmphex (state.rip, ==, CODE + 10);

  put (machine, CODE + 0x200, "\x0f\x92\xc0\xcc", 4); /* setb al: now one is */
  x86_machine_init_state (&state, 64);
  state.rip = CODE;
  state.gpr[X86_RDX] = 1;
  g_assert_cmpint (x86_machine_run (machine, &state).vector, ==, X86_BP);
  g_assert_cmphex (state.rip, ==, CODE + 0x204);
  g_assert_cmphex (state.gpr[X86_RAX] & 0xff, ==, 1);
}

/* What was overwritten while the CPU was given another state is forgotten all the same. */
static void
test_between_two_states (void)
{
  g_autoptr (X86Machine) machine = x86_machine_new (&translator_accel_ops);
  X86State state;

  put (machine, CODE, "\xeb\x00\xe9\xf9\x0f\x00\x00", 7); /* jmp 10002h; jmp 11000h */
  for (unsigned round = 0; round < 4; round++)
    {
      char target[]
        = { (char) 0xb8, (char) round, 0, 0, 0, (char) 0xcc }; /* mov eax, round; int3 */

      put (machine, CODE + 0x1000, target, sizeof target);
      x86_machine_init_state (&state, 64);
      state.rip = CODE;
      g_assert_cmpint (x86_machine_run (machine, &state).vector, ==, X86_BP);
      g_assert_cmphex (state.gpr[X86_RAX], ==, round);
    }
}

/* IP goes on behind FFFFh, where the segment ends: not to the bytes that lie there, in the same
 * page, nor to 0, where INT3 is. */
static void
test_end_of_segment (void)
{
  g_autoptr (X86Machine) machine = x86_machine_new (&translator_accel_ops);
  X86State state;

  put (machine, 0x20340 + 0xfff8, "\x90\x90\x90\x90\x90\x90\x90\x90\x40\xcd\x05", 11);
  put (machine, 0x20340, "\xcc", 1);
  x86_machine_init_state (&state, 16);
  state.seg[X86_CS].selector = 0x2034;
  state.seg[X86_CS].base = 0x20340;
  state.rip = 0xfff8;
  state.gpr[X86_RSP] = 0x8000;
  g_assert_cmpint (x86_machine_run (machine, &state).vector, ==, X86_GP);
  g_assert_cmphex (state.rip, ==, 0); /* 16 bits of it were pushed */
  g_assert_cmphex (state.gpr[X86_RAX], ==, 0);
}

#define BESIDE 0x20000

/* Two routines with a variable between them, all in one line of memory; the caller is in another
 * page. What is stored to the variable costs no block; what is stored into a routine costs that
 * one, and what leads to it. */
static void
test_beside_code (void)
{
  g_autoptr (X86Machine) machine = x86_machine_new (&translator_accel_ops);
  X86State state;
  uint64_t made;

  put (machine, BESIDE, "\xff\x05\x0a\x00\x00\x00\xc3", 7);    /* inc [variable]; ret */
  put (machine, BESIDE + 0x10, "\0\0\0\0", 4);                 /* variable */
  put (machine, BESIDE + 0x20, "\xb8\x00\x00\x00\x00\xc3", 6); /* mov eax, 0; ret */
  /* call; call; add edx, eax; inc [variable]; dec ecx; jnz; int3 */
  put (machine, CODE,
       "\xe8\xfb\xff\x00\x00\xe8\x16\x00\x01\x00\x01\xc2\xff\x04\x25\x10\x00\x02\x00"
       "\xff\xc9\x75\xe9\xcc",
       24);
  for (unsigned round = 1; round <= 10; round++)
    {
      put (machine, BESIDE + 0x21, (char[]){ (char) round }, 1);
      x86_machine_init_state (&state, 64);
      state.rip = CODE;
      state.gpr[X86_RSP] = 0x30000;
      state.gpr[X86_RCX] = 5000;
      state.gpr[X86_RDX] = 0;
      g_assert_cmpint (x86_machine_run (machine, &state).vector, ==, X86_BP);
      g_assert_cmphex (state.gpr[X86_RDX], ==, 5000 * round);
    }
  x86_machine_read (machine, BESIDE + 0x10, &made, 4);
  g_assert_cmpuint ((uint32_t) made, ==, 2 * 5000 * 10);
  g_assert_cmpuint (x86_machine_count (machine, "stores-beside-code"), >, 90000);
  /* The page was taken for all code at first. */
  g_assert_cmpuint (x86_machine_count (machine, "blocks-dropped"), <, 30);
  g_assert_cmpuint (x86_machine_count (machine, "blocks"), <, 60);
}

/* A string that begins where no code is and goes on over code. */
static void
test_string_over_code (void)
{
  static const char *const strings[] = { "\xf3\xa4\xcc", "\xf3\xaa\xcc" }; /* rep movsb, stosb */
  X86State state;

  for (unsigned i = 0; i < G_N_ELEMENTS (strings); i++)
    {
      g_autoptr (X86Machine) machine = x86_machine_new (&translator_accel_ops);

      for (unsigned round = 0; round < 3; round++)
        {
          const uint64_t at = BESIDE + 0x100 * round;

          put (machine, CODE, strings[i], 3);
          put (machine, CODE + 0x1000, "\x90\x90\x90\x90\x90\x90\xcc\xcc", 8);
          put (machine, at, "\0\0\0\0\xff\xc0\xff\xc0\xcc", 9); /* 4: inc eax; inc eax */
          for (unsigned run = 0; run < 3; run++)
            {
              x86_machine_init_state (&state, 64);
              state.rip = run == 1 ? CODE : at + 4;
              state.gpr[X86_RAX] = run == 1 ? 0x90 : 0;
              state.gpr[X86_RSI] = CODE + 0x1000;
              state.gpr[X86_RDI] = at;
              state.gpr[X86_RCX] = 6;
              g_assert_cmpint (x86_machine_run (machine, &state).vector, ==, X86_BP);
              if (run != 1)
                g_assert_cmphex (state.gpr[X86_RAX], ==, run == 0 ? 2 : 1);
            }
        }
    }
}

/* mov eax, value; int3 */
static void
put_value (X86Machine *machine, uint64_t at, uint32_t value)
{
  uint8_t code[] = { 0xb8, 0, 0, 0, 0, 0xcc };

  memcpy (code + 1, &value, 4);
  put (machine, at, (const char *) code, sizeof code);
}

static uint32_t
run_for_value (X86Machine *machine, uint64_t at)
{
  X86State state;

  x86_machine_init_state (&state, 64);
  state.rip = at;
  state.gpr[X86_RDX] = 1;
  g_assert_cmpint (x86_machine_run (machine, &state).vector, ==, X86_BP);
  return (uint32_t) state.gpr[X86_RAX];
}

/* What is loaded in turn is translated once; and leads to what lies behind it now. */
static void
test_loaded_in_turn (void)
{
  g_autoptr (X86Machine) machine = x86_machine_new (&translator_accel_ops);

  for (unsigned round = 0; round < 12; round++)
    {
      put (machine, CODE, round & 1 ? "\xe9\xfb\x0f\x00\x00" : "\xe9\xfb\x1f\x00\x00", 5);
      put_value (machine, CODE + (round & 1 ? 0x1000 : 0x2000), round / 4);
      g_assert_cmphex (run_for_value (machine, CODE), ==, round / 4);
    }
  g_assert_cmpuint (x86_machine_count (machine, "blocks-revived"), >=, 10);
  g_assert_cmpuint (x86_machine_count (machine, "blocks"), <, 12);
}

/* jmp 10200h, behind a comparison. While it is gone what it leads to becomes a reader of flags. */
static void
test_behind_a_jump_that_comes_back (void)
{
  static const char code[] = "\x39\xd1\xe9\xf9\x01\x00\x00";
  g_autoptr (X86Machine) machine = x86_machine_new (&translator_accel_ops);

  put (machine, CODE, code, 7);
  put (machine, CODE + 0x200, "\x31\xc0\xcc", 3); /* xor eax, eax */
  g_assert_cmphex (run_for_value (machine, CODE), ==, 0);
  put_value (machine, CODE, 5);
  g_assert_cmphex (run_for_value (machine, CODE), ==, 5);
  put (machine, CODE, code, 7);
  put (machine, CODE + 0x200, "\x0f\x92\xc0\xcc", 4); /* setb al */
  g_assert_cmphex (run_for_value (machine, CODE), ==, 1);
  g_assert_cmpuint (x86_machine_count (machine, "blocks-revived"), ==, 0);
  put (machine, CODE + 0x200, "\x31\xc0\xcc", 3);
  g_assert_cmphex (run_for_value (machine, CODE), ==, 0);
  g_assert_cmpuint (x86_machine_count (machine, "blocks-revived"), >, 0);
}

/* An instruction in two pages, the second of which is one of two as well. */
static void
test_two_pages_that_come_back (void)
{
  const uint64_t at = CODE + 0x1ffd, second = CODE + 0x2000, other = CODE + 0x4000;
  g_autoptr (X86Machine) machine = x86_machine_new (&translator_accel_ops);

  put_value (machine, other - 3, 0x33330000);
  for (unsigned round = 0; round < 16; round++)
    {
      const unsigned value = round & 1 ? 0x11110000 : 0x22220000, low = round >> 1 & 1;

      x86_machine_map (machine, second, second);
      put_value (machine, at, value | low);
      g_assert_cmphex (run_for_value (machine, at), ==, value | low);
      x86_machine_map (machine, second, other);
      g_assert_cmphex (run_for_value (machine, at), ==, 0x33330000 | low);
    }
  g_assert_cmpuint (x86_machine_count (machine, "blocks-revived"), >, 16);
  g_assert_cmpuint (x86_machine_count (machine, "blocks"), <, 16);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/translator/code-changes/behind-two-jumps", test_behind_two_jumps);
  g_test_add_func ("/translator/code-changes/between-two-states", test_between_two_states);
  g_test_add_func ("/translator/code-changes/end-of-segment", test_end_of_segment);
  g_test_add_func ("/translator/code-changes/beside-code", test_beside_code);
  g_test_add_func ("/translator/code-changes/string-over-code", test_string_over_code);
  g_test_add_func ("/translator/code-changes/loaded-in-turn", test_loaded_in_turn);
  g_test_add_func ("/translator/code-changes/behind-a-jump-that-comes-back",
                   test_behind_a_jump_that_comes_back);
  g_test_add_func ("/translator/code-changes/two-pages-that-come-back",
                   test_two_pages_that_come_back);
  return g_test_run ();
}
