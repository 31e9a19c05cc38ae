/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several CPUs that overwrite each other's code, remap each other's pages, and never get enough
 * room for their translations; smp-guest.S is what they run.
 *
 *   smp [--seconds N]: processor time of each test */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "smp-rig.h"
#include "vmm-core/translator/translator.h"

#define SMALLEST_CACHE (256u << 10)
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

extern const uint8_t smp_guest[], smp_guest_end[], smc_writer[], smc_reader[], handshake_writer[],
  handshake_reader[], shootdown_mapper[], shootdown_handler[], shootdown_reader[], wanderer[],
  neighbour[], generator[], tenant[], scatterer[];

static int seconds = 3;

typedef struct
{
  unsigned n_cpus;
  unsigned options; /* TRANSLATOR_* */
  bool variant;
} Variant;

static SmpRig *
open_rig (const Variant *variant, size_t code_cache)
{
  SmpRig *rig = smp_rig_new (&translator_accel_ops, variant->n_cpus, code_cache, smp_guest,
                             smp_guest_end - smp_guest, shootdown_handler - smp_guest);

  translator_set_options (smp_rig_get_accel (rig), variant->options);
  return rig;
}

static void
set_entries (SmpRig *rig, unsigned n_cpus, const uint8_t *first, const uint8_t *others)
{
  for (unsigned i = 0; i < n_cpus; i++)
    smp_rig_set_entry (rig, i, (i == 0 ? first : others) - smp_guest);
}

/* Starts the CPUs and waits until they have had their processor time. */
static void
start (SmpRig *rig)
{
  clock_t end = clock () + seconds * CLOCKS_PER_SEC;

  smp_rig_start (rig);
  while (clock () < end && !smp_rig_has_failed (rig))
    g_usleep (10000);
}

static void
run (SmpRig *rig)
{
  start (rig);
  smp_rig_stop (rig);
}

static void
put_call (Memory *memory, uint64_t at, uint64_t target)
{
  uint8_t code[6] = { 0xe8, 0, 0, 0, 0, 0xc3 };
  uint32_t distance = (uint32_t) (target - (at + 5));

  memcpy (code + 1, &distance, 4);
  memory_write (memory, at, code, sizeof code);
}

/* mov eax, value; ret */
static void
put_function (Memory *memory, uint64_t at, uint32_t value)
{
  uint8_t code[6] = { 0xb8, 0, 0, 0, 0, 0xc3 };

  memcpy (code + 1, &value, 4);
  memory_write (memory, at, code, sizeof code);
}

static void
put_overwritten_functions (Memory *memory)
{
  put_function (memory, 0x300003, 0);
  put_call (memory, 0x300010, 0x300003);
  put_call (memory, 0x301000, 0x300003);
}

static void
run_overwritten (const Variant *variant, const uint8_t *writer, const uint8_t *readers)
{
  g_autoptr (SmpRig) rig = open_rig (variant, 0);

  put_overwritten_functions (smp_rig_get_memory (rig));
  set_entries (rig, variant->n_cpus, writer, readers);
  run (rig);
}

static void
test_overwrite (gconstpointer data)
{
  run_overwritten (data, smc_writer, smc_reader);
}

static void
test_handshake (gconstpointer data)
{
  run_overwritten (data, handshake_writer, handshake_reader);
}

/* The writer is a device. */
static void
test_dma (gconstpointer data)
{
  const Variant *variant = data;
  g_autoptr (SmpRig) rig = open_rig (variant, 0);
  Memory *memory = smp_rig_get_memory (rig);
  clock_t end = clock () + seconds * CLOCKS_PER_SEC;
  unsigned rounds = 0;

  put_overwritten_functions (memory);
  set_entries (rig, variant->n_cpus, handshake_reader, handshake_reader);
  smp_rig_start (rig);
  for (uint32_t sequence = 1; clock () < end && !smp_rig_has_failed (rig); sequence++)
    {
      static const uint8_t bodies[2][8] = { { 0x05, 0x11, 0x11, 0x11, 0x11, 0xc3, 0x90, 0x90 },
                                            { 0x90, 0xff, 0xc0, 0xc3, 0x90, 0x90, 0x90, 0x90 } };
      uint32_t value = sequence * 0x9e3779b1;

      memory_write (memory, 0x300004, &value, 4);
      memory_write (memory, 0x300040, bodies[sequence & 1], 8);
      memory_write_u32 (memory, 0x10008, sequence);
      for (unsigned i = 0; i < variant->n_cpus; i++)
        while (memory_read_u32 (memory, 0x10200 + 8 * i) != sequence && !smp_rig_has_failed (rig)
               && clock () < end)
          g_usleep (1);
      rounds++;
    }
  smp_rig_stop (rig);
  g_assert_cmpuint (rounds, >, 10);
  /* One of the functions comes back every other time. */
  g_assert_cmpuint (smp_rig_get_statistic (rig, "blocks-revived"), >, 0);
}

static void
test_shootdown (gconstpointer data)
{
  const Variant *variant = data;
  g_autoptr (SmpRig) rig = open_rig (variant, 0);
  Memory *memory = smp_rig_get_memory (rig);
  uint64_t global = variant->variant ? 0x100 : 0;

  for (unsigned i = 0; i < 2; i++)
    {
      put_function (memory, 0x402000 + 0x1000 * i, i + 1);
      memory_write_u32 (memory, 0x402800 + 0x1000 * i, i + 1);
    }
  put_call (memory, 0x401000, SMP_SMALL);
  memory_write_u64 (memory, SMP_PTE, 0x402003 | global);
  memory_write_u32 (memory, 0x10010, 1);
  set_entries (rig, variant->n_cpus, shootdown_mapper, shootdown_reader);
  run (rig);
}

/* Functions that translate to many bytes: add [rbp], ecx; sub [rbp], ecx … mov eax, number; ret */
static void
put_functions (Memory *memory)
{
  for (uint32_t i = 0; i < 1024; i++)
    {
      uint64_t at = 0x800000 + ((uint64_t) i << 12);

      for (unsigned n = 0; n < 30; n++)
        {
          uint8_t code[3] = { n & 1 ? 0x29 : 0x01, 0x4d, (uint8_t) (4 * (n / 2)) };

          memory_write (memory, at + 3 * n, code, 3);
        }
      put_function (memory, at + 90, i);
    }
}

static void
test_small_cache (gconstpointer data)
{
  const Variant *variant = data;
  g_autoptr (SmpRig) rig = open_rig (variant, SMALLEST_CACHE);

  put_functions (smp_rig_get_memory (rig));
  set_entries (rig, variant->n_cpus, wanderer, wanderer);
  run (rig);
  g_test_message ("%" G_GUINT64_FORMAT " times emptied",
                  smp_rig_get_statistic (rig, "code-cache-flushes"));
  g_assert_cmpuint (smp_rig_get_statistic (rig, "code-cache-flushes"), >, 50);
}

static size_t
get_resident (void)
{
  g_autofree char *text = NULL;
  unsigned long pages = 0;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_assert_cmpint (sscanf (text, "%*u %lu", &pages), ==, 1);
  return pages * (size_t) sysconf (_SC_PAGESIZE);
}

/* A guest that goes on making code costs no more memory than there is for code: the cache, and what
 * each interpreter has for decoded blocks. */
static void
test_memory_is_flat (gconstpointer data)
{
  const Variant *variant = data;
  g_autoptr (SmpRig) rig = open_rig (variant, 4 * SMALLEST_CACHE);
  const size_t allowed = 4 * SMALLEST_CACHE + variant->n_cpus * (32u << 20) + (16u << 20);
  size_t before = get_resident (), after;

  set_entries (rig, variant->n_cpus, generator, generator);
  start (rig);
  after = get_resident ();
  smp_rig_stop (rig);
  g_test_message ("%zu KiB, then %zu KiB; the cache was emptied %" G_GUINT64_FORMAT " times",
                  before >> 10, after >> 10, smp_rig_get_statistic (rig, "code-cache-flushes"));
  /* A sanitizer keeps what was freed. */
  g_assert_true (SANITIZED || after < before + allowed);
}

/* What others do to a CPU's pages while it waits for them is seen when it goes on. */
static void
test_waiting (gconstpointer data)
{
  const Variant *variant = data;
  g_autoptr (SmpRig) rig = open_rig (variant, 0);

  set_entries (rig, variant->n_cpus, generator, neighbour);
  run (rig);
}

static void
test_tenants (gconstpointer data)
{
  const Variant *variant = data;
  g_autoptr (SmpRig) rig = open_rig (variant, 0);

  set_entries (rig, variant->n_cpus, tenant, tenant);
  run (rig);
}

/* As smp-guest.S has them. */
#define CHAINS 0x1000000
#define CHAIN_SIZE 0x10000
#define N_CHAINS 700
#define STEP 40

/* Tiny blocks wherever there is room: each is left in four ways, three of them never gone. */
static void
put_chains (Memory *memory)
{
  static const uint8_t link[]
    = { 0x74, 0x08, 0x78, 0x06, 0x7a, 0x04, 0xeb, 0x02, 0xcc, 0xcc, 0x90, 0xeb, STEP - 13 };
  uint8_t chain[CHAIN_SIZE] = { 0 };
  unsigned at;

  for (at = 0; at + 2 * STEP < CHAIN_SIZE; at += STEP)
    memcpy (chain + at, link, sizeof link);
  chain[at] = 0xc3;
  for (unsigned i = 0; i < N_CHAINS; i++)
    memory_write (memory, CHAINS + (uint64_t) i * CHAIN_SIZE, chain, sizeof chain);
}

static bool
all_have_got_on (SmpRig *rig, unsigned n_cpus)
{
  for (unsigned i = 0; i < n_cpus; i++)
    if (smp_rig_get_progress (rig, i) == 0)
      return false;
  return true;
}

/* What the cache's size allows holds for the code and once more for all that is known of it. */
static void
test_bounded (gconstpointer data, size_t code_cache)
{
  const Variant *variant = data;
  g_autoptr (SmpRig) rig = open_rig (variant, code_cache);
  /* A CPU's own tables, and what does not grow with the cache. */
  const size_t allowed = 2 * code_cache + variant->n_cpus * (8u << 20) + (8u << 20);
  size_t before, after;

  put_chains (smp_rig_get_memory (rig));
  set_entries (rig, variant->n_cpus, scatterer, scatterer);
  before = get_resident ();
  smp_rig_start (rig);
  while (!smp_rig_has_failed (rig)
         && (smp_rig_get_statistic (rig, "code-cache-flushes") < 2
             || !all_have_got_on (rig, variant->n_cpus)))
    g_usleep (10000);
  after = get_resident ();
  smp_rig_stop (rig);
  g_test_message ("%zu KiB, then %zu KiB; %" G_GUINT64_FORMAT " blocks", before >> 10, after >> 10,
                  smp_rig_get_statistic (rig, "blocks"));
  g_assert_cmpuint (smp_rig_get_statistic (rig, "code-cache-flushes"), >=, 2);
  g_assert_cmpuint (smp_rig_get_statistic (rig, "bookkeeping-bytes"), <=, code_cache);
  g_assert_true (SANITIZED || after < before + allowed);
}

static void
test_bounded_256k (gconstpointer data)
{
  test_bounded (data, SMALLEST_CACHE);
}

static void
test_bounded_4m (gconstpointer data)
{
  test_bounded (data, 4u << 20);
}

static void
test_bounded_64m (gconstpointer data)
{
  test_bounded (data, 64u << 20);
}

static void
add (const char *name, unsigned n_cpus, unsigned options, bool flag, GTestDataFunc function)
{
  g_autofree char *path = g_strdup_printf ("/translator/smp/%s%s/%u%s", name, flag ? "-global" : "",
                                           n_cpus, options != 0 ? "-every-page" : "");
  Variant *variant = g_new (Variant, 1);

  *variant = (Variant){ n_cpus, options, flag };
  g_test_add_data_func_full (path, variant, function, g_free);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (int i = 1; i + 1 < argc; i += 2)
    if (strcmp (argv[i], "--seconds") == 0)
      seconds = MAX (1, atoi (argv[i + 1]));
  for (unsigned options = 0; options <= TRANSLATOR_EVERY_PAGE; options += TRANSLATOR_EVERY_PAGE)
    {
      add ("overwrite", 2, options, false, test_overwrite);
      add ("overwrite", 8, options, false, test_overwrite);
      add ("handshake", 2, options, false, test_handshake);
      add ("handshake", 4, options, false, test_handshake);
      add ("handshake", 8, options, false, test_handshake);
      add ("dma", 2, options, false, test_dma);
      add ("memory-is-flat", 2, options, false, test_memory_is_flat);
    }
  add ("shootdown", 2, 0, false, test_shootdown);
  add ("shootdown", 4, 0, false, test_shootdown);
  add ("shootdown", 4, 0, true, test_shootdown);
  add ("small-cache", 4, 0, false, test_small_cache);
  add ("tenants", 2, TRANSLATOR_EVERY_PAGE, false, test_tenants);
  add ("tenants", 4, 0, false, test_tenants);
  add ("bounded-256k", 4, 0, false, test_bounded_256k);
  add ("bounded-4m", 4, 0, false, test_bounded_4m);
  add ("bounded-64m", 4, 0, false, test_bounded_64m);
  add ("waiting", 2, TRANSLATOR_EVERY_PAGE, false, test_waiting);
  add ("waiting", 3, 0, false, test_waiting);
  return g_test_run ();
}
