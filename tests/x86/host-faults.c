/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signals that the host raises while it runs a guest: the CPU comes back with an error that names
 * the guest's code, and the next machine runs as if nothing had been. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engines.h"
#include "vmm-core/memory.h"
#include "vmm-core/host-guard.h"

#define CODE 0x10000
#define DATA 0x20000

/* Replaces bytes wherever they are among what the process has made to be run: how many times? */
static unsigned
plant (const void *old, const void *new, size_t n)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  unsigned found = 0;

  g_assert_true (g_file_get_contents ("/proc/self/maps", &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (unsigned i = 0; lines[i] != NULL; i++)
    {
      char *first = strtok (lines[i], "-"), *last = strtok (NULL, " "),
           *access = strtok (NULL, " ");
      uint8_t *at, *end;

      if (strstr (strtok (NULL, "") ?: "", "guesthouse-code") == NULL || access[1] != 'w')
        continue;
      at = (uint8_t *) (uintptr_t) g_ascii_strtoull (first, NULL, 16);
      end = (uint8_t *) (uintptr_t) g_ascii_strtoull (last, NULL, 16);
      while ((at = memmem (at, (size_t) (end - at), old, n)) != NULL)
        {
          memcpy (at, new, n);
          found++;
        }
    }
  return found;
}

static bool
is_translator (X86Machine *machine)
{
  return g_str_equal (x86_machine_get_accel (machine)->ops->name, "translator");
}

/* The CPU stops over the guest's code at CODE, with the signal. What is interpreted is known to be
 * one instruction; of translated code only the block is. */
static void
expect_failure (X86Machine *machine, X86State *state, const char *signal, const char *code,
                bool interpreted)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *where
    = g_strdup_printf ("64-bit %s at 0033:10000 (%s", interpreted ? "instruction" : "code", code);

  g_assert_cmpint (x86_machine_enter (machine, state, &error), ==, ACCEL_EXIT_FAILED);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, signal));
  g_assert_nonnull (strstr (error->message, where));
}

static void
init (X86State *state)
{
  x86_machine_init_state (state, 64);
  state->rip = CODE;
  state->gpr[X86_RBX] = DATA;
  state->gpr[X86_RSP] = 0x30000;
}

/* Code of the host that is none, may not be run here, or faults. */
static void
test_translated (X86Machine *machine, X86Vendor vendor)
{
  static const char move[] = "\xb8\xcd\xab\x34\x12"; /* mov eax, 1234abcdh, as it is translated */
  static const struct
  {
    const char *signal, *code;
  } cases[] = { { "SIGILL", "\x0f\x0b\x90\x90\x90" },   /* ud2 */
                { "SIGSEGV", "\xf4\x90\x90\x90\x90" },  /* hlt */
                { "SIGTRAP", "\xcc\x90\x90\x90\x90" },  /* int3 */
                { "SIGFPE", "\x48\xf7\xf1\x90\x90" } }; /* div rcx */
  X86State state;

  if (!is_translator (machine))
    {
      g_test_skip ("the interpreter makes no code of this kind");
      return;
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      engines_put (machine, CODE, "b8 cd ab 34 12 cc");
      init (&state);
      engines_expect (machine, &state, X86_BP);
      g_assert_cmpuint (plant (move, cases[i].code, 5), ==, 1);
      init (&state);
      expect_failure (machine, &state, cases[i].signal, "b8 cd ab 34 12 cc", false);
      /* Other code goes on as before, and that code when it is mended. */
      engines_put (machine, CODE, "b8 01 00 00 00 cc");
      init (&state);
      engines_expect (machine, &state, X86_BP);
      g_assert_cmphex (state.gpr[X86_RAX], ==, 1);
      g_assert_cmpuint (plant (cases[i].code, move, 5), ==, 1);
    }
}

/* A thunk that is broken. */
static void
test_thunk (X86Machine *machine, X86Vendor vendor)
{
  static const uint8_t crc[]
    = { 0x66, 0x0f, 0x3a, 0x63, 0xca, 0x5a }; /* pcmpistri, as in its thunk */
  static const uint8_t broken[] = { 0x0f, 0x0b, 0x90, 0x90, 0x90, 0x90 };
  X86State state;

  engines_put (machine, CODE, "66 0f 3a 63 ca 5a cc");
  init (&state);
  engines_expect (machine, &state, X86_BP);
  g_assert_cmpuint (plant (crc, broken, sizeof crc), >=, 1);
  init (&state);
  expect_failure (machine, &state, "SIGILL", "66 0f 3a 63 ca 5a cc", !is_translator (machine));
  plant (broken, crc, sizeof crc);
  init (&state);
  engines_expect (machine, &state, X86_BP);
}

static uint8_t *
host_of (X86Machine *machine, uint64_t page)
{
  const MemoryRange range = memory_find (x86_machine_get_memory (machine), page);

  return range.write + (page - range.first);
}

/* Memory of the guest that the host does not give: by an access of each kind. */
static void
test_memory (X86Machine *machine, X86Vendor vendor)
{
  static const char *const codes[] = {
    "48 8b 03",       /* mov rax, [rbx] */
    "48 89 03",       /* mov [rbx], rax */
    "f0 48 01 03",    /* lock add [rbx], rax */
    "f3 a4",          /* rep movsb */
    "0f ae 03",       /* fxsave [rbx] */
    "66 0f 7f 03",    /* movdqa [rbx], xmm0 */
    "48 8b 83 fd 0f", /* mov rax, [rbx + 0ffdh]: out of the page before it */
  };
  /* By the translator, too. */
  static const bool interpreted[] = { false, false, false, false, true, false, true };
  X86State state;

  for (unsigned i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      uint8_t *page = host_of (machine, DATA);

      engines_put (machine, CODE, "90 90 90 90 90 90 90 90 cc");
      engines_put (machine, CODE, codes[i]);
      init (&state);
      state.gpr[X86_RCX] = 8;
      state.gpr[X86_RSI] = DATA;
      state.gpr[X86_RDI] = DATA + 0x100;
      if (i == 6)
        {
          engines_put (machine, CODE + 5, "00 00 90 cc");
          state.gpr[X86_RBX] = DATA - 0x1000;
        }
      mprotect (page, 4096, PROT_NONE);
      expect_failure (machine, &state, "SIGSEGV", codes[i],
                      !is_translator (machine) || interpreted[i]);
      mprotect (page, 4096, PROT_READ | PROT_WRITE);
      state.rip = CODE;
      engines_expect (machine, &state, X86_BP);
    }
}

/* The file behind it was cut short. The code itself is what cannot be read. */
static void
test_cut_file (X86Machine *machine, X86Vendor vendor)
{
  uint8_t *page = host_of (machine, CODE);
  int file = memfd_create ("cut", MFD_CLOEXEC);
  g_autoptr (GError) error = NULL;
  X86State state;

  init (&state);
  g_assert_true (mmap (page, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0)
                 == page);
  g_assert_cmpint (x86_machine_enter (machine, &state, &error), ==, ACCEL_EXIT_FAILED);
  g_assert_nonnull (strstr (error->message, "SIGBUS"));
  g_assert_nonnull (strstr (error->message, "“ram”"));
  g_assert_nonnull (strstr (error->message, "64-bit code at 0033:10000:"));
  close (file);
}

/* What is not about the guest ends the process as ever. */
static void
test_not_ours (void)
{
  if (g_test_subprocess ())
    {
      host_guard_catch ();
      raise (SIGSEGV);
      g_print ("alive\n");
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stdout_unmatched ("*alive*");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  engines_add_test ("/x86/host-faults/translated", test_translated);
  engines_add_test ("/x86/host-faults/thunk", test_thunk);
  engines_add_test ("/x86/host-faults/memory", test_memory);
  engines_add_test ("/x86/host-faults/cut-file", test_cut_file);
  g_test_add_func ("/x86/host-faults/not-ours", test_not_ours);
  return g_test_run ();
}
