/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Linux/x86 boot protocol (Documentation/arch/x86/boot.rst), 2.02 and later. Memory is laid out
 * here; linux-boot.asm has the parts copied there and jumps. */
#include "linux-boot.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

#include "boot-rom.h"
#include "vmm-core/little-endian.h"

/* Fields of the setup header. */
#define SETUP_SECTS 0x1f1
#define VID_MODE 0x1fa
#define HEADER_MAGIC 0x202
#define VERSION 0x206
#define TYPE_OF_LOADER 0x210
#define LOADFLAGS 0x211
#define LOADFLAGS_LOADED_HIGH 0x01
#define LOADFLAGS_CAN_USE_HEAP 0x80
#define RAMDISK_IMAGE 0x218
#define RAMDISK_SIZE 0x21c
#define HEAP_END_PTR 0x224
#define CMD_LINE_PTR 0x228
#define INITRD_ADDR_MAX 0x22c
#define KERNEL_ALIGNMENT 0x230
#define RELOCATABLE_KERNEL 0x234
#define CMDLINE_SIZE 0x238
#define PREF_ADDRESS 0x258
#define INIT_SIZE 0x260
#define HEADER_END 0x268

#define SETUP_ADDRESS 0x10000u
#define CMDLINE_ADDRESS 0x20000u
#define KERNEL_ADDRESS 0x100000u
#define HEAP_END 0xde00u /* below the stack of linux-boot.asm, less 200h as the protocol counts */
#define MAX_SETUP_SECTS 64

#define ROM_FILE "genroms/linuxboot.bin"

extern const uint8_t linux_boot_rom[], linux_boot_rom_end[], linux_boot_rom_list[];

/* A part of the kernel and where it goes. */
typedef struct
{
  unsigned data_key, size_key, address_key;
  uint32_t address;
  GBytes *bytes;  /* either these… */
  BootFile *file; /* … or this, taken over, from offset on */
  uint64_t offset;
} Part;

enum
{
  PART_SETUP,
  PART_KERNEL,
  PART_INITRD,
  PART_CMDLINE,
  N_PARTS
};

static unsigned
get_version (const uint8_t *setup)
{
  return setup[VERSION] | setup[VERSION + 1] << 8;
}

gboolean
linux_boot_recognizes (GBytes *kernel)
{
  gsize length;
  const uint8_t *data = g_bytes_get_data (kernel, &length);

  return length >= HEADER_END && memcmp (data + HEADER_MAGIC, "HdrS", 4) == 0;
}

/* Splits the file in setup (a copy to be filled in) and the rest. */
static gboolean
split_kernel (const char *path, GBytes *file, uint8_t **setup, gsize *setup_size, GError **error)
{
  gsize length;
  const uint8_t *data = g_bytes_get_data (file, &length);
  unsigned sectors;

  if (get_version (data) < 0x202 || !(data[LOADFLAGS] & LOADFLAGS_LOADED_HIGH))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "The Linux kernel “%s” is too old or too small to be booted directly (it is no "
                   "bzImage). Choose another file.",
                   path);
      return FALSE;
    }
  sectors = data[SETUP_SECTS] != 0 ? data[SETUP_SECTS] : 4;
  *setup_size = (sectors + 1) * 512;
  if (sectors > MAX_SETUP_SECTS || length <= *setup_size)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "The Linux kernel “%s” is truncated or damaged. Choose another file.", path);
      return FALSE;
    }
  *setup = g_memdup2 (data, *setup_size);
  return TRUE;
}

/* Where the memory ends that the kernel needs, as it was loaded and where it unpacks itself and
 * runs. */
static uint64_t
kernel_end (const uint8_t *setup, gsize kernel_size)
{
  uint64_t end = KERNEL_ADDRESS + kernel_size, start = KERNEL_ADDRESS, alignment;

  if (get_version (setup) < 0x20a)
    return end;
  start = MIN (little_endian_get_u64 (setup + PREF_ADDRESS),
               (uint64_t) UINT32_MAX); /* too high is too high */
  if (setup[RELOCATABLE_KERNEL])
    {
      start = MAX (start, KERNEL_ADDRESS);
      alignment = MAX (little_endian_get_u32 (setup + KERNEL_ALIGNMENT), 1);
      if (start % alignment != 0)
        start += alignment - start % alignment;
    }
  return MAX (end, start + little_endian_get_u32 (setup + INIT_SIZE));
}

/* The value of the last of the options that begin with name, which ends with “=”; NULL: there is
 * none. The kernel's own options end at “--”. */
static const char *
find_option (const char *append, const char *name)
{
  const char *found = NULL;

  for (const char *at = append + strspn (append, " "); *at != '\0'; at += strspn (at, " "))
    {
      if (g_str_has_prefix (at, "-- ") || g_str_equal (at, "--"))
        break;
      if (g_str_has_prefix (at, name))
        found = at + strlen (name);
      at += strcspn (at, " ");
    }
  return found;
}

/* What “vga=” says the video mode shall be, for the header; 0 if nothing. */
static uint16_t
get_video_mode (const char *append)
{
  static const struct
  {
    const char *name;
    uint16_t mode;
  } names[] = { { "normal", 0xffff }, { "ext", 0xfffe }, { "ask", 0xfffd } };
  const char *value = find_option (append, "vga=");
  size_t length = value != NULL ? strcspn (value, " ") : 0;
  guint64 number;
  char *end;

  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++)
    if (length == strlen (names[i].name) && strncmp (value, names[i].name, length) == 0)
      return names[i].mode;
  if (value == NULL || !g_ascii_isdigit (*value))
    return 0;
  number = g_ascii_strtoull (value, &end, 0);
  return end == value + length && number <= UINT16_MAX ? number : 0;
}

/* Where “mem=” says memory ends: a number as in C, with K, M, G … behind it. */
static uint64_t
get_memory_limit (const char *append)
{
  static const char units[] = "kmgtpe";
  const char *value = find_option (append, "mem="), *unit;
  guint64 number;
  char *end;
  unsigned shift;

  if (value == NULL || !g_ascii_isdigit (*value))
    return UINT64_MAX;
  number = g_ascii_strtoull (value, &end, 0);
  unit = *end != '\0' ? strchr (units, g_ascii_tolower (*end)) : NULL;
  shift = unit != NULL ? 10 * (unit - units + 1) : 0;
  return number <= UINT64_MAX >> shift ? number << shift : UINT64_MAX;
}

/* Where the initrd goes: as high as kernel and firmware allow. 0: nowhere. */
static uint32_t
place_initrd (const uint8_t *setup, gsize kernel_size, gsize initrd_size, uint64_t memory_size,
              uint64_t limit)
{
  uint64_t top = 0x37ffffff, end = kernel_end (setup, kernel_size);

  if (get_version (setup) >= 0x203)
    top = little_endian_get_u32 (setup + INITRD_ADDR_MAX);
  if (memory_size < DIRECT_BOOT_FIRMWARE_RESERVE)
    return 0;
  top = MIN (top + 1, memory_size - DIRECT_BOOT_FIRMWARE_RESERVE);
  top = MIN (top, limit);
  if (end > top || initrd_size > top - end)
    return 0;
  top = (top - initrd_size) & ~(uint64_t) 0xfff;
  return top >= end ? top : 0;
}

static void
fill_setup (uint8_t *setup, const char *append, uint32_t initrd_address, gsize initrd_size)
{
  uint16_t video_mode = get_video_mode (append);

  if (video_mode != 0)
    {
      setup[VID_MODE] = video_mode;
      setup[VID_MODE + 1] = video_mode >> 8;
    }
  setup[TYPE_OF_LOADER] = 0xff; /* none of the registered ones */
  setup[LOADFLAGS] |= LOADFLAGS_CAN_USE_HEAP;
  setup[HEAP_END_PTR] = HEAP_END & 0xff;
  setup[HEAP_END_PTR + 1] = HEAP_END >> 8;
  little_endian_put (setup + CMD_LINE_PTR, CMDLINE_ADDRESS, 4);
  little_endian_put (setup + RAMDISK_IMAGE, initrd_size != 0 ? initrd_address : 0, 4);
  little_endian_put (setup + RAMDISK_SIZE, initrd_size, 4);
}

static void
add_parts (FwCfg *fw_cfg, const Part parts[N_PARTS])
{
  BootRomCopy copies[N_PARTS];

  for (unsigned i = 0; i < N_PARTS; i++)
    {
      const Part *part = &parts[i];
      uint32_t size = part->file != NULL ? boot_file_get_size (part->file) - part->offset
                                         : g_bytes_get_size (part->bytes);

      if (part->file != NULL)
        fw_cfg_add_boot_file (fw_cfg, part->data_key, part->file, part->offset);
      else
        fw_cfg_add_item (fw_cfg, part->data_key, part->bytes);
      fw_cfg_add_number (fw_cfg, part->size_key, size, 4);
      fw_cfg_add_number (fw_cfg, part->address_key, part->address, 4);
      copies[i] = (BootRomCopy){ part->data_key, true, size, part->address };
    }
  boot_rom_add (fw_cfg, ROM_FILE, linux_boot_rom, linux_boot_rom_end - linux_boot_rom,
                linux_boot_rom_list - linux_boot_rom, 0, copies, N_PARTS);
}

static gboolean
check_command_line (const uint8_t *setup, const char *append, GError **error)
{
  gsize most = 255;

  if (get_version (setup) >= 0x206)
    most = MIN (little_endian_get_u32 (setup + CMDLINE_SIZE), 0xffffu);
  if (strlen (append) <= most)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "The kernel command line has more than the %" G_GSIZE_FORMAT
               " characters that this kernel takes. Shorten it.",
               most);
  return FALSE;
}

gboolean
linux_boot_add (FwCfg *fw_cfg, const DirectBoot *boot, BootFile *file, GBytes *contents,
                GError **error)
{
  const char *append = boot->append != NULL ? boot->append : "";
  g_autoptr (BootFile) kernel = file;
  g_autoptr (BootFile) ramdisk = NULL;
  g_autoptr (GBytes) setup_bytes = NULL;
  g_autoptr (GBytes) command_line = NULL;
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  g_autofree uint8_t *setup = NULL;
  gsize setup_size, kernel_size, ramdisk_size = 0;
  uint32_t initrd_address;
  uint64_t limit;

  if (!split_kernel (boot->kernel, contents, &setup, &setup_size, error)
      || !check_command_line (setup, append, error))
    return FALSE;
  if (boot->initrd != NULL)
    {
      ramdisk = boot_file_open (boot->initrd, boot->memory_size, NULL, error);
      if (ramdisk == NULL)
        return FALSE;
      ramdisk_size = boot_file_get_size (ramdisk);
    }
  kernel_size = boot_file_get_size (kernel) - setup_size;
  limit = get_memory_limit (append);
  initrd_address = place_initrd (setup, kernel_size, ramdisk_size, boot->memory_size, limit);
  if (initrd_address == 0)
    {
      g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
        limit < boot->memory_size
          ? _ ("The kernel command line leaves too little memory for the Linux kernel “%s”: "
               "raise its “mem=”.")
          : _ ("The machine has too little memory for the Linux kernel “%s”. Give it more."),
        boot->kernel);
      return FALSE;
    }
  fill_setup (setup, append, initrd_address, ramdisk_size);
  setup_bytes = g_bytes_new (setup, setup_size);
  command_line = g_bytes_new (append, strlen (append) + 1);
  add_parts (fw_cfg, (Part[N_PARTS]){
                       { FW_CFG_SETUP_DATA, FW_CFG_SETUP_SIZE, FW_CFG_SETUP_ADDR, SETUP_ADDRESS,
                         .bytes = setup_bytes },
                       { FW_CFG_KERNEL_DATA, FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_ADDR, KERNEL_ADDRESS,
                         .file = g_steal_pointer (&kernel), .offset = setup_size },
                       { FW_CFG_INITRD_DATA, FW_CFG_INITRD_SIZE, FW_CFG_INITRD_ADDR, initrd_address,
                         .bytes = nothing, .file = g_steal_pointer (&ramdisk) },
                       { FW_CFG_CMDLINE_DATA, FW_CFG_CMDLINE_SIZE, FW_CFG_CMDLINE_ADDR,
                         CMDLINE_ADDRESS, .bytes = command_line },
                     });
  return TRUE;
}
