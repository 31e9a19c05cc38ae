/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a machine calls itself to its guest; NULL: something that fits. */
typedef struct
{
  char *manufacturer, *product, *version, *serial, *sku, *family, *asset_tag;
} SmbiosTexts;

#define SMBIOS_TEXT_MAX 64 /* bytes of each */
