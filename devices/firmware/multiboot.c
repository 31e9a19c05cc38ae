/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Multiboot Specification 0.6.96. Kernel, modules and information are laid out here; multiboot.asm
 * has them copied and adds what the BIOS says of memory. */
#include "multiboot.h"

#include <gio/gio.h>
#include <string.h>

#include "boot-file.h"
#include "boot-rom.h"
#include "multiboot-image.h"

#define MAX_MODULES 32
#define ROM_FILE "genroms/multiboot.bin"
#define PAGE_SIZE 4096u

extern const uint8_t multiboot_rom[], multiboot_rom_end[], multiboot_rom_list[];

/* The information block in conventional memory: fixed part, modules, strings. The memory map
 * follows at 18000h and is the ROM's. */
#define INFO_ADDRESS 0x10000u
#define INFO_SIZE 0x8000u
#define MMAP_ADDRESS 0x18000u
#define INFO_FIXED_SIZE 128u

/* Fields of the fixed part and its flags. */
#define INFO_FLAGS 0
#define INFO_FLAGS_MEMORY (1u << 0)
#define INFO_FLAGS_CMDLINE (1u << 2)
#define INFO_FLAGS_MODS (1u << 3)
#define INFO_FLAGS_MMAP (1u << 6)
#define INFO_FLAGS_BOOT_LOADER_NAME (1u << 9)
#define INFO_FLAGS_FRAMEBUFFER (1u << 12)
#define INFO_CMDLINE 16
#define INFO_MODS_COUNT 20
#define INFO_MODS_ADDR 24
#define INFO_MMAP_ADDR 48
#define INFO_BOOT_LOADER_NAME 64
#define INFO_FRAMEBUFFER_ADDR 88
#define INFO_FRAMEBUFFER_PITCH 96
#define INFO_FRAMEBUFFER_WIDTH 100
#define INFO_FRAMEBUFFER_HEIGHT 104
#define INFO_FRAMEBUFFER_BPP 108
#define INFO_FRAMEBUFFER_TYPE 109
#define INFO_FRAMEBUFFER_TYPE_EGA_TEXT 2

typedef struct
{
  const DirectBoot *boot;
  MultibootImage image;
  GByteArray *data; /* what is copied, in the order of the copies */
  BootRomCopy copies[BOOT_ROM_MAX_COPIES];
  unsigned n_copies;
  uint64_t top;  /* the end of what may be used */
  uint64_t next; /* where the next module goes */
  uint8_t info[INFO_SIZE];
  unsigned n_modules;
  uint32_t strings_end; /* in info */
} Plan;

gboolean
multiboot_recognizes (GBytes *kernel)
{
  MultibootHeader header;

  return multiboot_find_header (kernel, &header);
}

static void
put_info (Plan *plan, unsigned at, uint32_t value)
{
  value = GUINT32_TO_LE (value);
  memcpy (plan->info + at, &value, sizeof value);
}

/* Where the copy of a string will be; 0 with error when there is no room for it. */
static uint32_t
add_string (Plan *plan, const char *string, GError **error)
{
  gsize size = strlen (string) + 1;
  uint32_t at = plan->strings_end;

  if (size > INFO_SIZE - at)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "The command lines of the kernel and its modules have more than %u characters "
                   "together. Shorten them.",
                   INFO_SIZE - INFO_FIXED_SIZE - 16 * MAX_MODULES);
      return 0;
    }
  memcpy (plan->info + at, string, size);
  plan->strings_end = at + size;
  return INFO_ADDRESS + at;
}

static void
add_copy (Plan *plan, unsigned key, uint32_t length, uint64_t address)
{
  bool select = plan->n_copies == 0 || plan->copies[plan->n_copies - 1].key != key;

  if (length > 0)
    plan->copies[plan->n_copies++] = (BootRomCopy){ key, select, length, address };
}

/* Zeros first: a segment's padding may share a page with the next segment. */
static void
add_segments (Plan *plan, const uint8_t *file)
{
  for (unsigned i = 0; i < plan->image.n_segments; i++)
    {
      const MultibootSegment *segment = &plan->image.segments[i];

      add_copy (plan, FW_CFG_SETUP_DATA, segment->memory_size - segment->file_size,
                segment->address + segment->file_size);
    }
  for (unsigned i = 0; i < plan->image.n_segments; i++)
    {
      const MultibootSegment *segment = &plan->image.segments[i];

      g_byte_array_append (plan->data, file + segment->offset, segment->file_size);
      add_copy (plan, FW_CFG_KERNEL_DATA, segment->file_size, segment->address);
    }
}

/* "FILE ARGUMENTS": the whole is the module's string. */
static gboolean
add_module (Plan *plan, const char *text, GError **error)
{
  g_autofree char *path = g_strndup (text, strcspn (text, " "));
  unsigned at = INFO_FIXED_SIZE + 16 * plan->n_modules;
  g_autoptr (BootFile) file = NULL;
  g_autoptr (GBytes) bytes = NULL;
  uint32_t string;
  gsize size;

  if (plan->n_modules == MAX_MODULES)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "“%s” is one module too many: a kernel can have %u. Leave some out.", path,
                   MAX_MODULES);
      return FALSE;
    }
  plan->next = MIN ((plan->next + PAGE_SIZE - 1) & ~(uint64_t) (PAGE_SIZE - 1), plan->top);
  file = boot_file_open (path, plan->top - plan->next, &bytes, error);
  if (file == NULL)
    return FALSE;
  string = add_string (plan, text, error);
  if (string == 0)
    return FALSE;
  size = g_bytes_get_size (bytes);
  g_byte_array_append (plan->data, g_bytes_get_data (bytes, NULL), size);
  add_copy (plan, FW_CFG_KERNEL_DATA, size, plan->next);
  put_info (plan, at, plan->next);
  put_info (plan, at + 4, plan->next + size);
  put_info (plan, at + 8, string);
  plan->next += size;
  plan->n_modules++;
  return TRUE;
}

static gboolean
add_modules (Plan *plan, GError **error)
{
  g_auto (GStrv) modules = NULL;

  if (plan->boot->initrd == NULL)
    return TRUE;
  modules = g_strsplit (plan->boot->initrd, ",", -1);
  for (char **module = modules; *module != NULL; module++)
    if (!add_module (plan, *module, error))
      return FALSE;
  return TRUE;
}

/* The BIOS leaves the VGA in its text mode of 80 × 25 characters. */
static void
describe_text_screen (Plan *plan)
{
  put_info (plan, INFO_FRAMEBUFFER_ADDR, 0xb8000);
  put_info (plan, INFO_FRAMEBUFFER_PITCH, 160);
  put_info (plan, INFO_FRAMEBUFFER_WIDTH, 80);
  put_info (plan, INFO_FRAMEBUFFER_HEIGHT, 25);
  plan->info[INFO_FRAMEBUFFER_BPP] = 16;
  plan->info[INFO_FRAMEBUFFER_TYPE] = INFO_FRAMEBUFFER_TYPE_EGA_TEXT;
}

static gboolean
fill_info (Plan *plan, GError **error)
{
  const DirectBoot *boot = plan->boot;
  g_autofree char *command_line
    = g_strconcat (boot->kernel, boot->append != NULL ? " " : "", boot->append, NULL);
  uint32_t cmdline = add_string (plan, command_line, error);
  uint32_t name = cmdline != 0 ? add_string (plan, "Guesthouse", error) : 0;

  if (name == 0)
    return FALSE;
  put_info (plan, INFO_FLAGS,
            INFO_FLAGS_MEMORY | INFO_FLAGS_CMDLINE | INFO_FLAGS_MODS | INFO_FLAGS_MMAP
              | INFO_FLAGS_BOOT_LOADER_NAME | INFO_FLAGS_FRAMEBUFFER);
  put_info (plan, INFO_CMDLINE, cmdline);
  put_info (plan, INFO_BOOT_LOADER_NAME, name);
  put_info (plan, INFO_MODS_COUNT, plan->n_modules);
  put_info (plan, INFO_MODS_ADDR, INFO_ADDRESS + INFO_FIXED_SIZE);
  put_info (plan, INFO_MMAP_ADDR, MMAP_ADDRESS);
  describe_text_screen (plan);
  return TRUE;
}

static void
hand_over (Plan *plan, FwCfg *fw_cfg)
{
  g_autoptr (GBytes) data = g_bytes_new (plan->data->data, plan->data->len);
  g_autoptr (GBytes) info = g_bytes_new (plan->info, plan->strings_end);

  add_copy (plan, FW_CFG_CMDLINE_DATA, plan->strings_end, INFO_ADDRESS);
  fw_cfg_add_item (fw_cfg, FW_CFG_KERNEL_DATA, data);
  fw_cfg_add_item (fw_cfg, FW_CFG_CMDLINE_DATA, info);
  boot_rom_add (fw_cfg, ROM_FILE, multiboot_rom, multiboot_rom_end - multiboot_rom,
                multiboot_rom_list - multiboot_rom, plan->image.entry, plan->copies,
                plan->n_copies);
}

gboolean
multiboot_add (FwCfg *fw_cfg, const DirectBoot *boot, GBytes *kernel, GError **error)
{
  g_autofree Plan *plan = g_new0 (Plan, 1);
  g_autoptr (GByteArray) data = g_byte_array_new ();

  plan->boot = boot;
  plan->data = data;
  plan->strings_end = INFO_FIXED_SIZE + 16 * MAX_MODULES;
  plan->top = boot->memory_size - MIN (boot->memory_size, DIRECT_BOOT_FIRMWARE_RESERVE);
  if (!multiboot_image_parse (&plan->image, boot->kernel, kernel, plan->top, error))
    return FALSE;
  plan->next = MAX (plan->image.end, 1u << 20);
  add_segments (plan, g_bytes_get_data (kernel, NULL));
  if (!add_modules (plan, error) || !fill_info (plan, error))
    return FALSE;
  hand_over (plan, fw_cfg);
  return TRUE;
}
