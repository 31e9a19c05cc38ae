/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "accel.h"

G_DEFINE_QUARK (accel - error, accel_error)
