/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/chardev.h"

/* Opens what a serial line is said to lead to: "none", "stdio", "file:PATH" or "socket:PATH". */
Chardev *serial_place_open (const char *place, GMainContext *context, MachineLock *lock,
                            GError **error);
