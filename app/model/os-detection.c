/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "os-detection.h"

void
os_detection_free (OsDetection *detection)
{
  if (detection == NULL)
    return;
  g_free (detection->id);
  g_free (detection->name);
  g_free (detection);
}
