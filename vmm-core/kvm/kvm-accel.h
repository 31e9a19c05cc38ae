/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/accel.h"

/* The accelerator on the host's /dev/kvm. The local APICs live in the kernel (split irqchip); PIC,
 * PIT and IOAPIC are the board's. */
extern const AccelOps kvm_accel_ops;
