/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random routines that are loaded over each other in turn, as overlays are: by a device or by the
 * guest, in pages that are mapped in three places. Interpreted and translated, they must do the
 * same; and what was translated once is not translated each time.
 *
 *   overlays [--start SEED] [--count N] */
#include <string.h>

#include "tests/x86/x86-machine.h"
#include "vmm-core/translator/translator.h"

#define N_SLOTS 12
#define SLOT_DISTANCE 48
#define SLOT_SIZE 47
#define N_VARIANTS 3
#define ROUNDS 60
#define FUEL 60 /* routines that are run in a round */

/* Two copies of three pages, and a window to one of them. */
#define COPY(n) (0x400000u + 0x10000u * (n))
#define WINDOW 0x500000u
#define N_PAGES 3
#define VARIABLES 0x1f00u /* in the second page */
#define LOADER 0x600000u
#define LOADED (LOADER + 0x1000u)
#define STACK 0x700000u
#define FINISH 0x800000u

typedef struct
{
  X86Machine *interpreter, *translator;
  uint64_t random;
  unsigned shift; /* of all routines, so that another instruction goes over the end of a page */
  uint8_t routines[N_SLOTS][N_VARIANTS][SLOT_SIZE];
} Overlays;

static uint64_t first_seed = 1, n_cases = 100;

static unsigned
below (Overlays *self, unsigned n)
{
  self->random = self->random * 6364136223846793005u + 1442695040888963407u;
  return (self->random >> 33) % n;
}

/* From the first byte of a copy. The fifth lies across the end of a page. */
static unsigned
slot_offset (const Overlays *self, unsigned slot)
{
  return slot < 8 ? 4096 + SLOT_DISTANCE * slot - 4 * SLOT_DISTANCE - self->shift
                  : 2 * 4096 + SLOT_DISTANCE * (slot - 8);
}

static void
write_both (Overlays *self, uint64_t at, const void *bytes, size_t n)
{
  x86_machine_write (self->interpreter, at, bytes, n);
  x86_machine_write (self->translator, at, bytes, n);
}

/* Instructions that read and write some of the status flags, and the variables. */
static unsigned
put_operation (Overlays *self, uint8_t *at)
{
  static const struct
  {
    uint8_t n;
    char bytes[5];
  } operations[] = {
    { 2, "\x01\xd8" },             /* add eax, ebx */
    { 2, "\x11\xd0" },             /* adc eax, edx */
    { 2, "\x19\xc3" },             /* sbb ebx, eax */
    { 3, "\x0f\x92\xc2" },         /* setb dl */
    { 3, "\x0f\x98\xc3" },         /* sets bl */
    { 2, "\x31\xc2" },             /* xor edx, eax */
    { 2, "\xd1\xc0" },             /* rol eax, 1 */
    { 2, "\xff\xc2" },             /* inc edx */
    { 1, "\xf5" },                 /* cmc */
    { 2, "\x39\xd8" },             /* cmp eax, ebx */
    { 3, "\x8d\x04\x1a" },         /* lea eax, [rdx + rbx] */
    { 3, "\x0f\x42\xd8" },         /* cmovb ebx, eax */
    { 3, "\xff\x47\x08" },         /* inc [rdi + 8] */
    { 3, "\x11\x57\x10" },         /* adc [rdi + 16], edx */
    { 5, "\x05\x11\x22\x33\x84" }, /* add eax, 84332211h */
  };
  const unsigned i = below (self, G_N_ELEMENTS (operations));

  memcpy (at, operations[i].bytes, operations[i].n);
  return operations[i].n;
}

/* A branch of these bytes from a slot to another one. */
static unsigned
put_branch (Overlays *self, unsigned slot, uint8_t *routine, unsigned at, const char *opcode,
            unsigned n)
{
  const int32_t distance = (int32_t) (slot_offset (self, below (self, N_SLOTS))
                                      - (slot_offset (self, slot) + at + n + 4));

  memcpy (routine + at, opcode, n);
  memcpy (routine + at + n, &distance, 4);
  return at + n + 4;
}

/* lea rcx, [rcx - 1]; jrcxz end; operations; perhaps a branch; a jump, return or the like;
 * end: add esi, esi; jmp r11. So what is alive of the flags depends on what lies behind jumps. */
static void
make_routine (Overlays *self, unsigned slot, uint8_t *routine)
{
  static const char conditions[] = { 2, 3, 4, 5, 8, 9, 12, 15 };
  const char conditional[2] = { 0x0f, (char) (0x80 | conditions[below (self, 8)]) };
  unsigned at = 6;

  memcpy (routine, "\x48\x8d\x49\xff\xe3", 5);
  for (unsigned n = below (self, 4); n > 0; n--)
    at += put_operation (self, routine + at);
  switch (below (self, 4))
    {
    case 0:
    case 1:
      at = put_branch (self, slot, routine, at, conditional, 2);
      break;
    case 2:
      at = put_branch (self, slot, routine, at, "\xe8", 1);
      at += put_operation (self, routine + at);
      break;
    default:
      break;
    }
  switch (below (self, 5))
    {
    case 0:
      routine[at++] = 0xc3; /* ret */
      break;
    case 1:
      memcpy (routine + at, "\x41\xff\xe4", 3); /* jmp r12 */
      at += 3;
      break;
    case 2:
      memcpy (routine + at, "\x41\xff\xd5", 3); /* call r13 */
      at = put_branch (self, slot, routine, at + 3, "\xe9", 1);
      break;
    default:
      at = put_branch (self, slot, routine, at, "\xe9", 1);
      break;
    }
  routine[5] = (uint8_t) (at - 6);
  memcpy (routine + at, "\x01\xf6\x41\xff\xe3", 5);
  g_assert_cmpuint (at + 5, <=, SLOT_SIZE);
}

static void
set_window (Overlays *self, unsigned copy)
{
  for (unsigned page = 0; page < N_PAGES; page++)
    {
      const uint64_t from = WINDOW + 4096 * page, to = COPY (copy) + 4096 * page;

      x86_machine_map (self->interpreter, from, to);
      x86_machine_map (self->translator, from, to);
    }
}

/* Loads a routine, or has the guest do so first. */
static void
load (Overlays *self, X86State *state)
{
  const unsigned slot = below (self, N_SLOTS);
  const uint8_t *routine = self->routines[slot][below (self, N_VARIANTS)];
  const uint64_t to = COPY (below (self, 2)) + slot_offset (self, slot);

  write_both (self, state != NULL ? LOADED : to, routine, SLOT_SIZE);
  if (state == NULL)
    return;
  state->gpr[8] = to;
  state->rip = LOADER;
}

static void
init_state (Overlays *self, X86State *state)
{
  const uint64_t places[] = { COPY (0), COPY (1), WINDOW };
  const uint64_t place = places[below (self, 3)];

  x86_machine_init_state (state, 64);
  state->rip = state->gpr[10] = place + slot_offset (self, below (self, N_SLOTS));
  state->gpr[X86_RAX] = below (self, 1 << 30);
  state->gpr[X86_RBX] = below (self, 1 << 30);
  state->gpr[X86_RCX] = FUEL;
  state->gpr[X86_RSP] = STACK;
  state->gpr[X86_RDI] = place + VARIABLES;
  state->gpr[11] = FINISH;
  for (unsigned i = 12; i < 16; i++)
    state->gpr[i] = place + slot_offset (self, below (self, N_SLOTS));
}

/* Whether both did the same. */
static bool
run_round (Overlays *self)
{
  X86State left, right;
  uint64_t variables[2][4];

  for (unsigned n = below (self, 3); n > 0; n--)
    load (self, NULL);
  set_window (self, below (self, 2));
  init_state (self, &left);
  load (self, &left);
  right = left;
  g_assert_cmpint (x86_machine_run (self->interpreter, &left).vector, ==, X86_BP);
  g_assert_cmpint (x86_machine_run (self->translator, &right).vector, ==, X86_BP);
  x86_machine_read (self->interpreter, left.gpr[X86_RDI], variables[0], sizeof variables[0]);
  x86_machine_read (self->translator, right.gpr[X86_RDI], variables[1], sizeof variables[1]);
  return left.rip == right.rip && memcmp (left.gpr, right.gpr, sizeof left.gpr) == 0
         && memcmp (variables[0], variables[1], sizeof variables[0]) == 0;
}

static void
run_case (Overlays *self, uint64_t seed)
{
  self->random = seed;
  self->shift = below (self, SLOT_DISTANCE);
  for (unsigned slot = 0; slot < N_SLOTS; slot++)
    {
      for (unsigned variant = 0; variant < N_VARIANTS; variant++)
        make_routine (self, slot, self->routines[slot][variant]);
      for (unsigned copy = 0; copy < 2; copy++)
        write_both (self, COPY (copy) + slot_offset (self, slot), self->routines[slot][0],
                    SLOT_SIZE);
    }
  for (unsigned round = 0; round < ROUNDS && !g_test_failed (); round++)
    if (!run_round (self))
      {
        g_test_message ("seed %" G_GUINT64_FORMAT ", round %u", seed, round);
        g_test_fail ();
      }
}

static void
run_cases (unsigned options)
{
  static Overlays self;
  uint64_t blocks, revived, dropped;

  self.interpreter = x86_machine_new (&software_accel_ops);
  self.translator = x86_machine_new (&translator_accel_ops);
  translator_set_options (x86_machine_get_accel (self.translator), options);
  /* push rcx, rsi, rdi; mov esi, LOADED; mov rdi, r8; mov ecx, SLOT_SIZE; rep movsb; pop rdi, rsi,
   * rcx; jmp r10 */
  write_both (&self, LOADER,
              "\x51\x56\x57\xbe\x00\x10\x60\x00\x4c\x89\xc7\xb9\x2f\x00\x00\x00"
              "\xf3\xa4\x5f\x5e\x59\x41\xff\xe2",
              24);
  write_both (&self, FINISH, "\xcc", 1);
  for (unsigned i = 0; i < 2 * FUEL; i++)
    write_both (&self, STACK + 8 * i, &(uint64_t){ FINISH }, 8);
  for (uint64_t seed = first_seed; seed < first_seed + n_cases && !g_test_failed (); seed++)
    run_case (&self, seed);
  blocks = x86_machine_count (self.translator, "blocks");
  dropped = x86_machine_count (self.translator, "blocks-dropped");
  revived = x86_machine_count (self.translator, "blocks-revived");
  g_test_message ("%" G_GUINT64_FORMAT " blocks, %" G_GUINT64_FORMAT
                  " times one was dropped, %" G_GUINT64_FORMAT " times one came back",
                  blocks, dropped, revived);
  g_assert_cmpuint (revived, >, options & TRANSLATOR_EVERY_PAGE ? dropped / 4 : 0);
  x86_machine_free (self.translator);
  x86_machine_free (self.interpreter);
}

static void
test_random (gconstpointer options)
{
  run_cases (GPOINTER_TO_UINT (options));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (int i = 1; i + 1 < argc; i += 2)
    {
      if (strcmp (argv[i], "--start") == 0)
        first_seed = g_ascii_strtoull (argv[i + 1], NULL, 10);
      else if (strcmp (argv[i], "--count") == 0)
        n_cases = g_ascii_strtoull (argv[i + 1], NULL, 10);
    }
  g_test_add_data_func ("/translator/overlays/thorough", GUINT_TO_POINTER (TRANSLATOR_THOROUGH),
                        test_random);
  g_test_add_data_func ("/translator/overlays/lazy", GUINT_TO_POINTER (TRANSLATOR_LAZY),
                        test_random);
  /* Some of it interpreted. */
  g_test_add_data_func ("/translator/overlays/restless",
                        GUINT_TO_POINTER (TRANSLATOR_UNDEFINED_FLAGS), test_random);
  return g_test_run ();
}
