/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/accel.h"

/* The accelerator for a name from machine.conf. "auto" measures KVM and takes it only at hardware
 * speed. *reason (owned by the caller) says in one sentence why it is this one. NULL with error
 * when the one asked for cannot be had. */
const AccelOps *accel_choice (const char *name, char **reason, GError **error);
