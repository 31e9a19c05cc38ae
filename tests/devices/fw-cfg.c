/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The firmware configuration device, and the ACPI tables and Linux kernel that are handed over
 * through it. */
#include "devices/acpi/acpi-tables.h"
#include "devices/firmware/direct-boot.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "fw-cfg-rig.h"
#include "tests/support/device-test.h"

#define MIB (1u << 20)

static void
set_up (FwCfgRig *rig, gconstpointer data)
{
  fw_cfg_rig_open (rig);
}

static void
tear_down (FwCfgRig *rig, gconstpointer data)
{
  fw_cfg_rig_close (rig);
}

static void
start_dma (FwCfgRig *rig, uint32_t control, uint32_t length, uint64_t address)
{
  memory_write_u32 (rig->memory, 0x1000, GUINT32_TO_BE (control));
  memory_write_u32 (rig->memory, 0x1004, GUINT32_TO_BE (length));
  memory_write_u64 (rig->memory, 0x1008, GUINT64_TO_BE (address));
  bus_write (rig->io, 0x514, 4, 0);
  bus_write (rig->io, 0x518, 4, GUINT32_TO_BE (0x1000));
}

static void
test_items_and_files (FwCfgRig *rig, gconstpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("hello", 5);
  g_autofree uint8_t *contents = NULL;
  uint64_t ram;
  uint32_t size;
  char signature[5] = "";

  fw_cfg_rig_read_item (rig, 0, signature, 4);
  g_assert_cmpstr (signature, ==, "QEMU");
  fw_cfg_add_number (rig->fw_cfg, FW_CFG_RAM_SIZE, 0x123456789a, 8);
  fw_cfg_rig_read_item (rig, FW_CFG_RAM_SIZE, &ram, 8);
  g_assert_cmphex (ram, ==, 0x123456789a);
  g_assert_cmphex (bus_read (rig->io, 0x511, 1), ==, 0); /* past the end */
  fw_cfg_add_file (rig->fw_cfg, "opt/greeting", bytes);
  contents = fw_cfg_rig_read_file (rig, "opt/greeting", &size);
  g_assert_cmpmem (contents, size, "hello", 5);
}

/* Whoever has something to boot adds a line; there is one file. */
static void
test_boot_order (FwCfgRig *rig, gconstpointer data)
{
  g_autofree uint8_t *contents = NULL;
  uint32_t size;

  fw_cfg_add_boot_entry (rig->fw_cfg, "/rom@genroms/linuxboot.bin");
  fw_cfg_add_boot_entry (rig->fw_cfg, "/pci@i0cf8/ide@1,1/drive@0/disk@0");
  contents = fw_cfg_rig_read_file (rig, "bootorder", &size);
  g_assert_cmpuint (size, ==, strlen ((char *) contents) + 1);
  g_assert_cmpstr ((char *) contents, ==,
                   "/rom@genroms/linuxboot.bin\n/pci@i0cf8/ide@1,1/drive@0/disk@0\n");
}

static void
test_dma (FwCfgRig *rig, gconstpointer data)
{
  char text[8];

  g_assert_cmphex (bus_read (rig->io, 0x514, 4), ==, 0x554d4551);
  start_dma (rig, 0x0000000a, 8, 0x2000); /* select item 0, read 8 bytes */
  g_assert_cmphex (memory_read_u32 (rig->memory, 0x1000), ==, 0);
  memory_read (rig->memory, 0x2000, text, 8);
  g_assert_cmpmem (text, 8, "QEMU\0\0\0\0", 8);
  start_dma (rig, 0x00000010, 4, 0x2000); /* nothing is writable */
  g_assert_cmphex (memory_read_u32 (rig->memory, 0x1000), ==, GUINT32_TO_BE (1));
  start_dma (rig, 0x0000000a, 4, 8 * MIB); /* where there is no RAM */
  g_assert_cmphex (memory_read_u32 (rig->memory, 0x1000), ==, GUINT32_TO_BE (1));
}

/* However much is asked for, the transfer ends with its item: nobody waits for what is not
 * there. */
static void
test_dma_ends_with_its_item (FwCfgRig *rig, gconstpointer data)
{
  memory_write_u32 (rig->memory, 0x2004, 0x12345678);
  memory_write_u32 (rig->memory, 3 * MIB, 0x12345678);
  start_dma (rig, 0x0000000a, 0xffffffff, 0x2000);
  g_assert_cmphex (memory_read_u32 (rig->memory, 0x1000), ==, 0);
  g_assert_cmphex (memory_read_u32 (rig->memory, 0x2004), ==, 0);
  g_assert_cmphex (memory_read_u32 (rig->memory, 3 * MIB), ==, 0x12345678);
  g_assert_cmphex (bus_read (rig->io, 0x511, 1), ==, 0);
}

/* A large item comes in pieces; between them others have the machine lock. */
static void
test_dma_in_pieces (FwCfgRig *rig, gconstpointer data)
{
  StateSection section = fw_cfg_state (rig->fw_cfg);
  g_autoptr (GBytes) file = NULL;
  uint8_t *large = g_malloc (3 * MIB + 5);
  g_autofree uint8_t *copy = g_malloc0 (3 * MIB + 5);
  unsigned pieces = 1;

  for (unsigned i = 0; i < 3 * MIB + 5; i++)
    large[i] = i ^ i >> 8 ^ i >> 16;
  file = g_bytes_new_take (large, 3 * MIB + 5);
  fw_cfg_add_file (rig->fw_cfg, "opt/large", file);
  start_dma (rig, 0x0020000a, 3 * MIB + 5, 2 * MIB);
  while (memory_read_u32 (rig->memory, 0x1000) != 0)
    {
      test_state_same (&section);
      clock_advance (rig->clock, TIMER_LEAST_PERIOD);
      pieces++;
    }
  g_assert_cmpuint (pieces, >=, 3);
  memory_read (rig->memory, 2 * MIB, copy, 3 * MIB + 5);
  g_assert_cmpmem (copy, 3 * MIB + 5, large, 3 * MIB + 5);
  /* A reset ends it, and whoever starts another. */
  start_dma (rig, 0x0020000a, 3 * MIB, 2 * MIB);
  start_dma (rig, 0x0000000a, 4, 0x2000);
  g_assert_cmphex (memory_read_u32 (rig->memory, 0x1000), ==, 0);
  start_dma (rig, 0x0020000a, 3 * MIB, 2 * MIB);
  fw_cfg_reset (rig->fw_cfg);
  clock_advance (rig->clock, TIMER_LEAST_PERIOD);
  g_assert_cmphex (memory_read_u32 (rig->memory, 0x1000), !=, 0);
}

static void
test_reset_and_state (FwCfgRig *rig, gconstpointer data)
{
  StateSection section = fw_cfg_state (rig->fw_cfg);

  bus_write (rig->io, 0x510, 2, 0);
  bus_read (rig->io, 0x511, 1);
  test_state_same (&section);
  g_assert_cmphex (bus_read (rig->io, 0x511, 1), ==, 'E');
  fw_cfg_reset (rig->fw_cfg);
  g_assert_cmphex (bus_read (rig->io, 0x511, 1), ==, 'Q');
}

/* Links the tables as firmware does, with TABLES at 0 and the RSDP apart; then every checksum
 * holds. */
static void
test_acpi_tables_link (FwCfgRig *rig, gconstpointer data)
{
  const AcpiTablesConfig config
    = { .topology = { 2, 3, 1 }, .pci_memory_start = 0x10000000, .serial_ports = 1 };
  g_autofree uint8_t *tables = NULL, *rsdp = NULL, *script = NULL;
  uint32_t tables_size, rsdp_size, script_size, checksums = 0;

  acpi_tables_add (rig->fw_cfg, &config);
  tables = fw_cfg_rig_read_file (rig, "etc/acpi/tables", &tables_size);
  rsdp = fw_cfg_rig_read_file (rig, "etc/acpi/rsdp", &rsdp_size);
  script = fw_cfg_rig_read_file (rig, "etc/table-loader", &script_size);
  g_assert_cmpuint (script_size % 128, ==, 0);
  for (const uint8_t *command = script; command < script + script_size; command += 128)
    {
      gboolean is_rsdp = strcmp ((const char *) command + 4, "etc/acpi/rsdp") == 0;
      uint8_t *file = is_rsdp ? rsdp : tables, sum = 0;
      uint32_t args[3];

      memcpy (args, command + 60, sizeof args);
      if (command[0] != 3)
        continue;
      checksums++;
      g_assert_cmpuint (args[1] + args[2], <=, is_rsdp ? rsdp_size : tables_size);
      for (uint32_t i = 0; i < args[2]; i++)
        sum += file[args[1] + i];
      file[args[0]] -= sum;
    }
  g_assert_cmpuint (checksums, ==, 7); /* DSDT, FADT, MADT, RSDT, XSDT and twice the RSDP */
  g_assert_cmpmem (rsdp, 8, "RSD PTR ", 8);
  g_assert_cmpmem (tables, 4, "FACS", 4);
  g_assert_nonnull (memmem (tables, tables_size, "COMS\x0a\x01", 6));
  g_assert_nonnull (memmem (tables, tables_size, "NCPU\x0a\x06", 6));
  /* The fourth CPU is the second socket's first: its number 3, its APIC ID 4. */
  g_assert_nonnull (memmem (tables, tables_size, "\x00\x08\x03\x04\x01\x00\x00\x00", 8));
}

static void
test_a_kernel_is_prepared (FwCfgRig *rig, gconstpointer data)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "guesthouse-test-kernel", NULL);
  g_autofree uint8_t *image = g_malloc0 (0x3000), *rom = NULL;
  g_autoptr (GError) error = NULL;
  uint32_t size;
  uint8_t sum = 0, setup[0x400];

  g_assert_true (g_file_set_contents (path, (char *) image, 0x3000, NULL));
  g_assert_false (
    direct_boot_add (rig->fw_cfg, &(DirectBoot){ path, NULL, NULL, 64 << 20 }, &error));
  g_assert_nonnull (strstr (error->message, path));
  g_clear_error (&error);

  image[0x1f1] = 1;
  memcpy (image + 0x202, "HdrS\x02\x02", 6);
  image[0x211] = 1;
  g_assert_true (g_file_set_contents (path, (char *) image, 0x3000, NULL));
  g_assert_false (
    direct_boot_add (rig->fw_cfg, &(DirectBoot){ path, NULL, NULL, 1 << 20 }, &error));
  g_clear_error (&error);
  g_assert_true (
    direct_boot_add (rig->fw_cfg, &(DirectBoot){ path, NULL, "quiet", 64 << 20 }, &error));
  fw_cfg_rig_read_item (rig, FW_CFG_SETUP_DATA, setup, sizeof setup);
  g_assert_cmphex (setup[0x22a], ==, 0x02); /* the command line is at 20000h */
  rom = fw_cfg_rig_read_file (rig, "genroms/linuxboot.bin", &size);
  g_assert_cmpuint (rom[2] * 512, ==, size);
  for (uint32_t i = 0; i < size; i++)
    sum += rom[i];
  g_assert_cmpuint (sum, ==, 0);
  g_unlink (path);
}

/* A bzImage that unpacks itself at 16 MiB and needs 8 MiB there. */
static char *
make_kernel (void)
{
  char *path = g_build_filename (g_get_tmp_dir (), "guesthouse-test-bzimage-XXXXXX", NULL);
  g_autofree uint8_t *image = g_malloc0 (0x3000);
  int fd = g_mkstemp (path);

  image[0x1f1] = 1;
  memcpy (image + 0x202, "HdrS\x0a\x02", 6);
  image[0x211] = 1;
  memcpy (image + 0x22c, "\xff\xff\xff\x7f", 4); /* initrd_addr_max */
  memcpy (image + 0x230, "\x00\x00\x20\x00", 4); /* kernel_alignment */
  image[0x234] = 1;                              /* relocatable_kernel */
  memcpy (image + 0x238, "\xff\x07\x00\x00", 4); /* cmdline_size */
  memcpy (image + 0x258, "\x00\x00\x00\x01", 4); /* pref_address */
  memcpy (image + 0x260, "\x00\x00\x80\x00", 4); /* init_size */
  g_assert_cmpint (write (fd, image, 0x3000), ==, 0x3000);
  close (fd);
  return path;
}

#define KERNEL_SIZE 0x2c00 /* without its setup */

/* Reads what a boot ROM reads, in one transfer: how that ends, and the bytes. */
static uint32_t
read_kernel (FwCfgRig *rig, uint8_t *bytes)
{
  start_dma (rig, FW_CFG_KERNEL_DATA << 16 | 0x0a, KERNEL_SIZE, 0x2000);
  memory_read (rig->memory, 0x2000, bytes, KERNEL_SIZE);
  return GUINT32_FROM_BE (memory_read_u32 (rig->memory, 0x1000));
}

static void
overwrite (const char *path)
{
  int fd = g_open (path, O_WRONLY);

  g_assert_cmpint (pwrite (fd, "new", 3, 0x2000), ==, 3);
  close (fd);
}

/* A kernel is not kept in memory. A file that takes its place changes nothing for a machine that is
 * on; one that was overwritten is no longer the kernel that this machine has prepared. */
static void
test_a_kernel_stays_in_its_file (FwCfgRig *rig, gconstpointer data)
{
  g_autofree char *path = make_kernel (), *other = make_kernel (), *aside = NULL;
  g_autofree uint8_t *bytes = g_malloc0 (KERNEL_SIZE), *expected = g_malloc0 (KERNEL_SIZE);

  aside = g_strconcat (path, ".aside", NULL);
  overwrite (path);
  memcpy (expected + 0x2000 - 0x400, "new", 3);
  g_assert_true (direct_boot_add (rig->fw_cfg, &(DirectBoot){ path, NULL, NULL, 64 << 20 }, NULL));
  g_assert_cmpuint (read_kernel (rig, bytes), ==, 0);
  g_assert_cmpmem (bytes, KERNEL_SIZE, expected, KERNEL_SIZE);
  g_assert_cmpint (link (path, aside), ==, 0);
  g_assert_cmpint (rename (other, path), ==, 0);
  fw_cfg_rig_read_item (rig, FW_CFG_KERNEL_DATA, bytes, KERNEL_SIZE);
  g_assert_cmpmem (bytes, KERNEL_SIZE, expected, KERNEL_SIZE);

  g_test_expect_message ("guesthouse", G_LOG_LEVEL_WARNING, "*which the guest starts from*");
  g_usleep (10000); /* a file system counts time in ticks of its kernel */
  overwrite (aside);
  g_assert_cmpuint (read_kernel (rig, bytes), ==, 1);
  g_test_assert_expected_messages ();
  g_assert_cmpint (truncate (aside, 0x400), ==, 0);
  g_assert_cmpuint (read_kernel (rig, bytes), ==, 1); /* it was said */
  g_unlink (aside);
  g_unlink (path);
}

/* Boots it with a 4 KiB initrd: where that goes, or 0 where there is no room. The video mode,
 * too. */
static uint32_t
boot_with (const char *append, uint64_t memory_size, uint16_t *video_mode)
{
  g_autofree char *kernel = make_kernel ();
  g_autofree char *initrd = g_strconcat (kernel, ".initrd", NULL);
  g_autofree char *zeros = g_malloc0 (0x1000);
  uint8_t setup[0x400];
  uint32_t address = 0;
  FwCfgRig rig;

  fw_cfg_rig_open (&rig);
  g_assert_true (g_file_set_contents (initrd, zeros, 0x1000, NULL));
  if (direct_boot_add (rig.fw_cfg, &(DirectBoot){ kernel, initrd, append, memory_size }, NULL))
    {
      fw_cfg_rig_read_item (&rig, FW_CFG_INITRD_ADDR, &address, 4);
      fw_cfg_rig_read_item (&rig, FW_CFG_SETUP_DATA, setup, sizeof setup);
      memcpy (video_mode, setup + 0x1fa, 2);
    }
  fw_cfg_rig_close (&rig);
  g_unlink (initrd);
  g_unlink (kernel);
  return GUINT32_FROM_LE (address);
}

/* What the kernel reads before its command line, the loader reads for it. */
static void
test_options_for_the_loader (void)
{
  static const struct
  {
    const char *append;
    uint16_t video_mode;
    uint32_t initrd;
  } boots[] = {
    { "quiet", 0, 0x3eff000 }, /* below what the firmware has at the end of 64 MiB */
    { "vga=791 quiet", 0x317, 0x3eff000 },
    { "quiet vga=0x0f04", 0x0f04, 0x3eff000 },
    { "vga=01234", 01234, 0x3eff000 },
    { "vga=normal", 0xffff, 0x3eff000 },
    { "vga=ext", 0xfffe, 0x3eff000 },
    { "vga=5 vga=ask", 0xfffd, 0x3eff000 },
    { "vga=asking", 0, 0x3eff000 },
    { "vga=70000", 0, 0x3eff000 },
    { "novga=5 -- vga=6", 0, 0x3eff000 },
    { "mem=48M", 0, 0x2fff000 },
    { "mem=0x3000000", 0, 0x2fff000 },
    { "mem=49152k vga=1", 1, 0x2fff000 },
    { "mem=2G", 0, 0x3eff000 },
    { "mem=nopentium", 0, 0x3eff000 },
    { "mem=99999999999999999999E", 0, 0x3eff000 },
    { "mem=25M", 0, 0x18ff000 },
    { "mem=24M", 0, 0 }, /* the kernel runs up to there */
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (boots); i++)
    {
      uint16_t video_mode = 0;

      g_test_message ("%s", boots[i].append);
      g_assert_cmphex (boot_with (boots[i].append, 64 << 20, &video_mode), ==, boots[i].initrd);
      g_assert_cmphex (video_mode, ==, boots[i].video_mode);
    }
}

#define ADD(path, function) g_test_add (path, FwCfgRig, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/fw-cfg/items", test_items_and_files);
  ADD ("/fw-cfg/boot-order", test_boot_order);
  ADD ("/fw-cfg/dma", test_dma);
  ADD ("/fw-cfg/dma/end", test_dma_ends_with_its_item);
  ADD ("/fw-cfg/dma/pieces", test_dma_in_pieces);
  ADD ("/fw-cfg/reset-state", test_reset_and_state);
  ADD ("/acpi/tables", test_acpi_tables_link);
  ADD ("/linux-boot/kernel", test_a_kernel_is_prepared);
  ADD ("/linux-boot/file", test_a_kernel_stays_in_its_file);
  g_test_add_func ("/linux-boot/options", test_options_for_the_loader);
  return g_test_run ();
}
