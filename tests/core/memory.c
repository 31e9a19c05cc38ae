/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm-core/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static MemoryBlock *
make_block (Memory *memory, const char *name, uint64_t size)
{
  g_autoptr (GError) error = NULL;
  MemoryBlock *block = memory_block_new (memory, name, size, FALSE, &error);

  g_assert_no_error (error);
  return block;
}

static void
test_holes_read_ones_and_swallow_writes (void)
{
  g_autoptr (Memory) memory = memory_new ();
  uint32_t value = 0;

  g_assert_false (memory_read (memory, 0x1000, &value, 4));
  g_assert_cmphex (value, ==, 0xffffffff);
  g_assert_false (memory_write (memory, 0x1000, &value, 4));
}

static void
test_dma_crosses_mappings (void)
{
  g_autoptr (Memory) memory = memory_new ();
  MemoryBlock *low = make_block (memory, "low", 0x1000);
  MemoryBlock *high = make_block (memory, "high", 0x1000);

  memory_map (memory, 0, 0x1000, low, 0, MEMORY_RW, 0);
  memory_map (memory, 0x1000, 0x1000, high, 0, MEMORY_RW, 0);
  memory_write_u32 (memory, 0xffe, 0x44332211);
  g_assert_cmphex (memory_block_get_data (low)[0xffe], ==, 0x11);
  g_assert_cmphex (memory_block_get_data (high)[1], ==, 0x44);
  g_assert_cmphex (memory_read_u32 (memory, 0xffe), ==, 0x44332211);
}

static void
test_rom_is_read_and_shadow_written (void)
{
  g_autoptr (Memory) memory = memory_new ();
  MemoryBlock *ram = make_block (memory, "ram", 0x100000);
  MemoryBlock *rom = make_block (memory, "rom", 0x10000);
  MemoryRange range;

  memory_block_get_data (rom)[0] = 0xea;
  memory_map (memory, 0, 0x100000, ram, 0, MEMORY_RW, 0);
  memory_map (memory, 0xf0000, 0x10000, rom, 0, MEMORY_READ, 1);
  memory_write_u16 (memory, 0xf0000, 0x1234);
  g_assert_cmphex (memory_read_u16 (memory, 0xf0000), ==, 0x00ea);
  g_assert_cmphex (memory_block_get_data (ram)[0xf0000], ==, 0x34);

  range = memory_find (memory, 0xf5000);
  g_assert_cmphex (range.first, ==, 0xf0000);
  g_assert_cmphex (range.last, ==, 0xfffff);
  g_assert_true (range.read == memory_block_get_data (rom));
  g_assert_true (range.write == memory_block_get_data (ram) + 0xf0000);

  memory_unmap (memory, 0xf0000, rom);
  g_assert_cmphex (memory_read_u16 (memory, 0xf0000), ==, 0x1234);
  range = memory_find (memory, 0);
  g_assert_cmphex (range.last, ==, 0xfffff);
}

static void
test_a_bar_may_lie_anywhere (void)
{
  g_autoptr (Memory) memory = memory_new ();
  MemoryBlock *bar = make_block (memory, "bar", 0x4000);
  MemoryRange range;

  memory_map (memory, (1ull << 52) - 0x1000, 0x4000, bar, 0, MEMORY_RW, 0);
  range = memory_find (memory, (1ull << 52) - 1);
  g_assert_nonnull (range.read);
  g_assert_cmphex (range.last, ==, (1ull << 52) - 1);
  g_assert_null (memory_find (memory, 1ull << 52).read);
  memory_unmap (memory, (1ull << 52) - 0x1000, bar);
  memory_map (memory, UINT64_MAX - 0xfff, 0x4000, bar, 0, MEMORY_RW, 0);
  g_assert_null (memory_find (memory, UINT64_MAX).read);
}

static void
test_dirty_pages_are_taken_once (void)
{
  g_autoptr (Memory) memory = memory_new ();
  MemoryBlock *block = make_block (memory, "vram", 0x100000);
  uint64_t bits[4];

  memory_map (memory, 0xe0000000, 0x100000, block, 0, MEMORY_RW, 0);
  memory_write_u32 (memory, 0xe0000000, 1);
  memory_block_set_logging (block, TRUE);
  g_assert_false (memory_block_take_dirty (memory, block, 0, 256, bits));
  memory_write_u32 (memory, 0xe0000ffe, 1); /* pages 0 and 1 */
  memory_write_u32 (memory, 0xe0046000, 1); /* page 70 */
  g_assert_true (memory_block_take_dirty (memory, block, 0, 256, bits));
  g_assert_cmphex (bits[0], ==, 3);
  g_assert_cmphex (bits[1], ==, 1 << 6);
  g_assert_false (memory_block_take_dirty (memory, block, 0, 256, bits));

  /* A window that starts inside a word of the bitmap. */
  memory_write_u32 (memory, 0xe0046000, 1);
  g_assert_true (memory_block_take_dirty (memory, block, 10, 100, bits));
  g_assert_cmphex (bits[0], ==, 1ull << 60);
  g_assert_cmphex (bits[1], ==, 0);
}

static void
test_a_store_into_code_raises_the_version (void)
{
  g_autoptr (Memory) memory = memory_new ();
  MemoryBlock *block = make_block (memory, "ram", 0x10000);
  const uint32_t *version = memory_block_get_code_version (block, 2);
  static const MemoryCodeSet none;
  uint32_t before = *version;

  memory_map (memory, 0, 0x10000, block, 0, MEMORY_RW, 0);
  g_assert_cmpint (memory_block_note_code (block, 2, 0x100, 20), ==, MEMORY_CODE_FIRST);
  g_assert_cmpint (memory_block_note_code (block, 2, 0x200, 64), ==, MEMORY_CODE_NOTED);
  memory_write_u32 (memory, 0x2080, 0); /* another granule */
  g_assert_cmpuint (*version, ==, before);
  memory_write_u32 (memory, 0x2110, 0);
  g_assert_cmpuint (*version, ==, before + 1);
  g_assert_true (memory_block_has_code (block, 2));
  memory_block_keep_code (block, 2, &none);
  g_assert_false (memory_block_has_code (block, 2));
  g_assert_cmpuint (*version, >, before + 1);
  before = *version;
  memory_write_u32 (memory, 0x2110, 0);
  g_assert_cmpuint (*version, ==, before);
}

/* Once a store has met the granules of code, every byte counts; what is kept stays noted. */
static void
test_data_beside_code (void)
{
  g_autoptr (Memory) memory = memory_new ();
  MemoryBlock *block = make_block (memory, "ram", 0x10000);
  const uint32_t *version = memory_block_get_code_version (block, 2);
  MemoryCodeSet keep = { 0 };
  uint32_t before;

  memory_map (memory, 0, 0x10000, block, 0, MEMORY_RW, 0);
  memory_block_note_code (block, 2, 0x104, 5);
  memory_block_note_code (block, 2, 0x13e, 4);
  memory_block_note_code (block, 2, 0x800, 1);
  memory_write_u32 (memory, 0x2100, 0);
  memory_code_set_add (&keep, 0x104, 5);
  memory_code_set_add (&keep, 0x13e, 4);
  memory_block_keep_code (block, 2, &keep);
  before = *version;
  memory_write_u32 (memory, 0x2100, 0);
  memory_write_u32 (memory, 0x2109, 0);
  memory_write_u32 (memory, 0x213a, 0);
  memory_write_u32 (memory, 0x2142, 0);
  memory_write_u32 (memory, 0x2800, 0);
  g_assert_cmpuint (*version, ==, before);
  g_assert_true (memory_block_is_beside_code (block, 2, 0x109, 0x35));
  g_assert_false (memory_block_is_beside_code (block, 2, 0x109, 0x36));
  g_assert_false (memory_block_is_beside_code (block, 2, 0x108, 1));
  memory_write_u32 (memory, 0x2108, 0);
  g_assert_cmpuint (*version, ==, before + 1);
  memory_write_u32 (memory, 0x213f, 0);
  g_assert_cmpuint (*version, ==, before + 2);
  /* Others may just be storing there. */
  g_assert_cmpint (memory_block_note_code (block, 2, 0x110, 1), ==, MEMORY_CODE_BESIDE_DATA);
  g_assert_cmpint (memory_block_note_code (block, 2, 0x110, 1), ==, MEMORY_CODE_NOTED);
}

/* There are fewer maps of bytes than pages: a page that lost its own goes by granules again. */
static void
test_pages_of_code_and_data_without_end (void)
{
  const uint64_t n = 5000;
  g_autoptr (Memory) memory = memory_new ();
  MemoryBlock *block = make_block (memory, "ram", n * MEMORY_PAGE_SIZE);

  memory_map (memory, 0, n * MEMORY_PAGE_SIZE, block, 0, MEMORY_RW, 0);
  for (uint64_t page = 0; page < n; page++)
    {
      memory_block_note_code (block, page, 0x100, 4);
      g_assert_true (memory_block_is_beside_code (block, page, 0x140, 4));
    }
  for (uint64_t page = 0; page < n; page++)
    {
      const uint32_t *version = memory_block_get_code_version (block, page);

      g_assert_false (memory_block_is_beside_code (block, page, 0x100, 4));
      g_assert_true (memory_block_is_beside_code (block, page, 0x140, 4));
      memory_write_u32 (memory, page * MEMORY_PAGE_SIZE + 0x100, 0);
      g_assert_cmpuint (*version, ==, 1);
    }
}

static void
note_change (void *data)
{
  (*(unsigned *) data)++;
}

static void
test_listeners_hear_of_changes (void)
{
  static const MemoryListener listener = { .map_changed = note_change };
  g_autoptr (Memory) memory = memory_new ();
  MemoryBlock *block = make_block (memory, "ram", 0x1000);
  unsigned changes = 0;

  memory_add_listener (memory, &listener, &changes);
  memory_map (memory, 0, 0x1000, block, 0, MEMORY_RW, 0);
  g_assert_cmpuint (changes, ==, 1);
  memory_remove_listener (memory, &changes);
  memory_unmap (memory, 0, block);
  g_assert_cmpuint (changes, ==, 1);
}

/* An empty file lies where pages of a block were: the host raises SIGBUS there. */
static void
lose (MemoryBlock *block, uint64_t offset, uint64_t length)
{
  int file = memfd_create ("cut", MFD_CLOEXEC);
  uint8_t *at = memory_block_get_data (block) + offset;

  g_assert_true (mmap (at, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == at);
  close (file);
}

static void
keep_sentence (void *data, const char *sentence)
{
  g_test_message ("%s", sentence);
  g_string_assign (data, sentence);
}

/* DMA to what the host took away ends as one to no memory does, and the machine hears which device
 * needed what. Memory beside it is as good as ever. */
/* KVM shows a guest large pages only where both agree on an address's low 21 bits. */
static void
test_guest_memory_is_aligned_and_stays_here (void)
{
  g_autoptr (Memory) memory = memory_new ();
  uint8_t *data = memory_block_get_data (make_block (memory, "ram", 64u << 20));
  pid_t child;
  int status;

  g_assert_cmphex ((uintptr_t) data & ((2u << 20) - 1), ==, 0);
  child = fork ();
  if (child == 0)
    {
      unsigned char resident;

      _exit (mincore (data, 1, &resident) < 0 && errno == ENOMEM ? 0 : 1);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
}

static void
test_dma_to_lost_memory (void)
{
  g_autoptr (Memory) memory = memory_new ();
  MemoryBlock *block = make_block (memory, "ram", 0x4000);
  GString *said = g_string_new (NULL);
  uint8_t bytes[0x1800] = { 1 };

  memory_map (memory, 0x100000, 0x4000, block, 0, MEMORY_RW, 0);
  memory_set_lost (memory, keep_sentence, said);
  lose (block, 0x2000, 0x1000);
  g_assert_false (memory_dma_write (memory, "ide", 0x101800, bytes, sizeof bytes));
  g_assert_nonnull (strstr (said->str, "“ide”"));
  g_assert_nonnull (strstr (said->str, "“ram”"));
  g_assert_nonnull (strstr (said->str, "SIGBUS"));
  g_assert_nonnull (strstr (said->str, " 102000h"));
  g_string_truncate (said, 0);
  g_assert_false (memory_dma_read (memory, "fw-cfg", 0x102ffe, bytes, 4));
  g_assert_nonnull (strstr (said->str, "“fw-cfg”"));
  g_assert_nonnull (strstr (said->str, " 102FFEh"));
  g_string_truncate (said, 0);
  g_assert_true (memory_dma_write (memory, "ide", 0x103000, bytes, 0x1000));
  g_assert_cmpuint (said->len, ==, 0);
  g_string_free (said, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory/holes", test_holes_read_ones_and_swallow_writes);
  g_test_add_func ("/memory/dma", test_dma_crosses_mappings);
  g_test_add_func ("/memory/shadow", test_rom_is_read_and_shadow_written);
  g_test_add_func ("/memory/bar-anywhere", test_a_bar_may_lie_anywhere);
  g_test_add_func ("/memory/dirty", test_dirty_pages_are_taken_once);
  g_test_add_func ("/memory/code", test_a_store_into_code_raises_the_version);
  g_test_add_func ("/memory/code-and-data", test_data_beside_code);
  g_test_add_func ("/memory/code-and-data-without-end", test_pages_of_code_and_data_without_end);
  g_test_add_func ("/memory/aligned", test_guest_memory_is_aligned_and_stays_here);
  g_test_add_func ("/memory/lost", test_dma_to_lost_memory);
  g_test_add_func ("/memory/listeners", test_listeners_hear_of_changes);
  return g_test_run ();
}
