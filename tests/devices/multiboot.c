/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Multiboot kernels: what of a file goes where, and what is said of files that are damaged, greedy
 * or something else. */
#include "devices/firmware/direct-boot.h"
#include "devices/firmware/multiboot-image.h"

#include <elf.h>
#include <glib/gstdio.h>
#include <string.h>

#define TOP (64u << 20)
#define MAGIC 0x1badb002u
#define FILE_SIZE 0x2000

typedef struct
{
  uint8_t file[FILE_SIZE];
  MultibootImage image;
} Rig;

static void
put_header (Rig *rig, gsize at, uint32_t flags)
{
  MultibootHeader header = { .magic = MAGIC, .flags = flags, .checksum = -(MAGIC + flags) };

  memcpy (rig->file + at, &header, sizeof header);
}

static void
put_elf32 (Rig *rig, unsigned i, Elf32_Phdr segment)
{
  Elf32_Ehdr header = { .e_ident = ELFMAG,
                        .e_machine = EM_386,
                        .e_entry = 0x100010,
                        .e_phoff = 0x40,
                        .e_phentsize = sizeof segment,
                        .e_phnum = i + 1 };

  header.e_ident[EI_CLASS] = ELFCLASS32;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  segment.p_type = PT_LOAD;
  memcpy (rig->file, &header, sizeof header);
  memcpy (rig->file + 0x40 + i * sizeof segment, &segment, sizeof segment);
}

/* What is said of the file; NULL: it is good. */
static char *
complaint (Rig *rig)
{
  g_autoptr (GBytes) bytes = g_bytes_new (rig->file, FILE_SIZE);
  g_autoptr (GError) error = NULL;

  if (multiboot_image_parse (&rig->image, "the file", bytes, TOP, &error))
    return NULL;
  g_assert_nonnull (strstr (error->message, "the file"));
  return g_strdup (error->message);
}

static void
assert_refused (Rig *rig, const char *reason)
{
  g_autofree char *text = complaint (rig);

  g_assert_nonnull (text);
  g_assert_nonnull (strstr (text, reason));
}

static void
set_up (Rig *rig, gconstpointer data)
{
  put_header (rig, 0x1000, 3);
  put_elf32 (rig, 0,
             (Elf32_Phdr){ .p_offset = 0x1000,
                           .p_vaddr = 0x100000,
                           .p_paddr = 0x100000,
                           .p_filesz = 0x800,
                           .p_memsz = 0x3000 });
}

static void
tear_down (Rig *rig, gconstpointer data)
{
}

static void
test_elf (Rig *rig, gconstpointer data)
{
  g_assert_null (complaint (rig));
  g_assert_cmpuint (rig->image.n_segments, ==, 1);
  g_assert_cmphex (rig->image.segments[0].offset, ==, 0x1000);
  g_assert_cmphex (rig->image.segments[0].file_size, ==, 0x800);
  g_assert_cmphex (rig->image.entry, ==, 0x100010);
  g_assert_cmphex (rig->image.end, ==, 0x103000);
  /* A kernel linked for the upper half: its entry is among the virtual addresses. */
  put_elf32 (rig, 0,
             (Elf32_Phdr){ .p_offset = 0x1000,
                           .p_vaddr = 0x100000,
                           .p_paddr = 0x200000,
                           .p_filesz = 0x800,
                           .p_memsz = 0x800 });
  g_assert_null (complaint (rig));
  g_assert_cmphex (rig->image.entry, ==, 0x200010);
}

/* Segments on top of each other, each as long as the file: more data than memory. */
static void
test_overlap (Rig *rig, gconstpointer data)
{
  Elf32_Phdr segment = { .p_offset = 0x1000,
                         .p_vaddr = 0x100000,
                         .p_paddr = 0x100000,
                         .p_filesz = 0x800,
                         .p_memsz = 0x110000 };

  put_elf32 (rig, 0, segment);
  put_elf32 (rig, 1, segment);
  assert_refused (rig, "damaged");
  segment.p_paddr = 0x210000;
  put_elf32 (rig, 1, segment);
  g_assert_null (complaint (rig));
}

static void
test_elf64 (Rig *rig, gconstpointer data)
{
  Elf64_Ehdr header = { .e_ident = ELFMAG,
                        .e_machine = EM_X86_64,
                        .e_entry = 0x400000,
                        .e_phoff = 0x40,
                        .e_phentsize = sizeof (Elf64_Phdr),
                        .e_phnum = 1 };
  Elf64_Phdr segment = { .p_type = PT_LOAD,
                         .p_offset = 0x1000,
                         .p_vaddr = 0x400000,
                         .p_paddr = 0x400000,
                         .p_filesz = 16,
                         .p_memsz = 32 };

  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  memcpy (rig->file, &header, sizeof header);
  memcpy (rig->file + 0x40, &segment, sizeof segment);
  g_assert_null (complaint (rig));
  g_assert_cmphex (rig->image.segments[0].address, ==, 0x400000);
  segment.p_memsz = UINT64_MAX;
  memcpy (rig->file + 0x40, &segment, sizeof segment);
  assert_refused (rig, "too little memory");
}

static void
test_addresses (Rig *rig, gconstpointer data)
{
  MultibootHeader header
    = { MAGIC, 0x10003, -(MAGIC + 0x10003), 0x100200, 0x100100, 0x100500, 0x101000, 0x100220 };

  memset (rig->file, 0, FILE_SIZE);
  memcpy (rig->file + 0x400, &header, sizeof header);
  g_assert_null (complaint (rig));
  g_assert_cmphex (rig->image.segments[0].offset, ==, 0x300);
  g_assert_cmphex (rig->image.segments[0].file_size, ==, 0x400);
  g_assert_cmphex (rig->image.segments[0].memory_size, ==, 0xf00);
  g_assert_cmphex (rig->image.entry, ==, 0x100220);
  header.load_end_addr = 0; /* the rest of the file */
  header.bss_end_addr = 0;
  memcpy (rig->file + 0x400, &header, sizeof header);
  g_assert_null (complaint (rig));
  g_assert_cmphex (rig->image.segments[0].file_size, ==, FILE_SIZE - 0x300);
  header.load_addr = 0x100200 - 0x401; /* before the file */
  memcpy (rig->file + 0x400, &header, sizeof header);
  assert_refused (rig, "damaged");
}

static void
test_bad_files (Rig *rig, gconstpointer data)
{
  Elf32_Phdr good = { .p_offset = 0x1000,
                      .p_vaddr = 0x100000,
                      .p_paddr = 0x100000,
                      .p_filesz = 0x800,
                      .p_memsz = 0x800 };
  Elf32_Phdr bad = good;

  bad.p_offset = 0x1fff;
  put_elf32 (rig, 0, bad);
  assert_refused (rig, "damaged");
  bad = good;
  bad.p_memsz = 0x7ff;
  put_elf32 (rig, 0, bad);
  assert_refused (rig, "damaged");
  bad = good;
  bad.p_paddr = 0xa0000;
  put_elf32 (rig, 0, bad);
  assert_refused (rig, "where the firmware is");
  bad.p_paddr = TOP - 0x700;
  put_elf32 (rig, 0, bad);
  assert_refused (rig, "too little memory");
  bad = good;
  bad.p_vaddr = bad.p_paddr = 0x200000; /* the entry is nowhere */
  put_elf32 (rig, 0, bad);
  assert_refused (rig, "damaged");
  for (unsigned i = 0; i <= MULTIBOOT_MAX_SEGMENTS; i++)
    put_elf32 (rig, i, good);
  assert_refused (rig, "segments");
  put_header (rig, 0x1000, 8);
  assert_refused (rig, "not known");
  memset (rig->file, 0, 4);
  put_header (rig, 0x1000, 3);
  assert_refused (rig, "no ELF file");
}

/* Damaged at random, a file is good or refused; whatever is taken lies inside it and in memory. */
static void
test_damage (Rig *rig, gconstpointer data)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  g_autofree uint8_t *good = g_memdup2 (rig->file, FILE_SIZE);

  for (unsigned round = 0; round < 20000; round++)
    {
      memcpy (rig->file, good, FILE_SIZE);
      for (unsigned i = g_rand_int_range (random, 1, 5); i > 0; i--)
        rig->file[g_rand_int_range (random, 4, 0x80)] = (uint8_t) g_rand_int (random);
      g_free (complaint (rig));
      for (unsigned i = 0; i < rig->image.n_segments; i++)
        {
          const MultibootSegment *segment = &rig->image.segments[i];

          g_assert_cmpuint (segment->offset, <=, FILE_SIZE);
          g_assert_cmpuint (segment->file_size, <=, FILE_SIZE - segment->offset);
          g_assert_cmpuint (segment->file_size, <=, segment->memory_size);
          g_assert_cmpuint (segment->address, <=, TOP);
          g_assert_cmpuint (segment->memory_size, <=, TOP - segment->address);
        }
    }
}

/* Files that cannot be kernels or modules: one sentence that names each. */
static void
test_direct_boot (Rig *rig, gconstpointer data)
{
  g_autofree char *folder = g_dir_make_tmp ("guesthouse-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "kernel", NULL);
  g_autofree char *modules = g_strdup_printf ("%s one two,%s", path, folder);
  g_autofree char *long_text = g_strnfill (40000, 'x');
  g_autoptr (Bus) io = bus_new ("io", 0x10000, NULL);
  g_autoptr (Memory) memory = memory_new ();
  g_autoptr (Clock) clock = clock_new_manual ();
  g_autoptr (FwCfg) fw_cfg = fw_cfg_new (io, memory, clock);
  const struct
  {
    DirectBoot boot;
    const char *named, *reason;
  } cases[] = {
    { { folder, NULL, NULL, TOP }, folder, "not a regular file" },
    { { "/dev/zero", NULL, NULL, TOP }, "/dev/zero", "not a regular file" },
    { { "/nowhere", NULL, NULL, TOP }, "/nowhere", "cannot be read" },
    { { path, NULL, NULL, 0x1000 }, path, "too little memory" },
    { { path, modules, NULL, TOP }, folder, "not a regular file" },
    { { path, NULL, long_text, TOP }, "command line", "Shorten" },
  };

  g_assert_true (g_file_set_contents (path, (char *) rig->file, FILE_SIZE, NULL));
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (direct_boot_add (fw_cfg, &cases[i].boot, &error));
      g_assert_nonnull (strstr (error->message, cases[i].named));
      g_assert_nonnull (strstr (error->message, cases[i].reason));
    }
  g_assert_true (direct_boot_add (fw_cfg, &(DirectBoot){ path, path, "quiet", TOP }, NULL));
  g_unlink (path);
  g_rmdir (folder);
}

#define ADD(path, function) g_test_add (path, Rig, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/multiboot/elf", test_elf);
  ADD ("/multiboot/overlap", test_overlap);
  ADD ("/multiboot/elf64", test_elf64);
  ADD ("/multiboot/addresses", test_addresses);
  ADD ("/multiboot/bad-files", test_bad_files);
  ADD ("/multiboot/damage", test_damage);
  ADD ("/multiboot/direct-boot", test_direct_boot);
  return g_test_run ();
}
