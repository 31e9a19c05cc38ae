/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "vmm-core/smbios-texts.h"

/* [smbios] in machine.conf: what the machine calls itself to its guest. */

#define MACHINE_SMBIOS_GROUP "smbios"

/* Whether text is short enough, and can be shown. */
gboolean machine_smbios_is_text (const char *text);

/* FALSE with error when a text is too long or cannot be shown. */
gboolean machine_smbios_read (GKeyFile *file, const char *path, SmbiosTexts *texts, GError **error);
void machine_smbios_clear (SmbiosTexts *texts);
