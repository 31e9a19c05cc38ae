/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib-object.h>

/* The keys that give keyboard and pointer back to the person, pressed and released with no other
 * key between. */
typedef enum
{
  RELEASE_KEYS_LEFT_CTRL_ALT,
  RELEASE_KEYS_RIGHT_CTRL
} ReleaseKeys;

#define RELEASE_KEYS_TYPE (release_keys_get_type ())
GType release_keys_get_type (void);
