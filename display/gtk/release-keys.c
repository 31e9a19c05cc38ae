/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "release-keys.h"

G_DEFINE_ENUM_TYPE (ReleaseKeys, release_keys,
                    G_DEFINE_ENUM_VALUE (RELEASE_KEYS_LEFT_CTRL_ALT, "left-ctrl-alt"),
                    G_DEFINE_ENUM_VALUE (RELEASE_KEYS_RIGHT_CTRL, "right-ctrl"))
