/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "surface.h"

/* The surface as a PNG file in memory; owned by the caller. */
GByteArray *screenshot_to_png (Surface *surface, GError **error);
