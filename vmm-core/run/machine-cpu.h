/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "machine-config.h"

#include "vmm-core/accel.h"

/* Checks the values of [cpu]. */
gboolean machine_cpu_check (const MachineConfig *config, GError **error);

/* What they mean for the machine's operating system; the strings are config's. */
AccelCpu machine_cpu_get (const MachineConfig *config);

/* Whether a machine with that CPU may go on under another accelerator while it runs. */
gboolean machine_cpu_check_move (const AccelCpu *cpu, const AccelOps *from, const AccelOps *to,
                                 GError **error);
