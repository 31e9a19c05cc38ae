/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/accel.h"

/* An interpreter on memory that a translator runs from, too: what is left of a page's code, when
 * some was overwritten, only the translator says. One at a time. */
Accel *second_interpreter_open (const AccelMachine *machine, GError **error);
