/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "direct-boot.h"

#include <gio/gio.h>

#include "boot-file.h"
#include "linux-boot.h"
#include "multiboot.h"

gboolean
direct_boot_add (FwCfg *fw_cfg, const DirectBoot *boot, GError **error)
{
  g_autoptr (GBytes) kernel = NULL;
  g_autoptr (BootFile) file = boot_file_open (boot->kernel, boot->memory_size, &kernel, error);

  if (file == NULL)
    return FALSE;
  if (linux_boot_recognizes (kernel))
    return linux_boot_add (fw_cfg, boot, g_steal_pointer (&file), kernel, error);
  if (multiboot_recognizes (kernel))
    return multiboot_add (fw_cfg, boot, kernel, error);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "“%s” is neither a Linux kernel image (bzImage) nor a Multiboot kernel. Choose "
               "another file.",
               boot->kernel);
  return FALSE;
}
