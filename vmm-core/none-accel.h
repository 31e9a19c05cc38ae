/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "accel.h"

/* An accelerator that runs no CPU: vCPUs are halted for ever. For tests, which then drive the
 * devices and the clock themselves. */
extern const AccelOps none_accel_ops;
