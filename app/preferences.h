/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* What holds for all machines, and for those to come. */
#define PREFERENCES_TYPE (preferences_get_type ())
G_DECLARE_FINAL_TYPE (Preferences, preferences, GUESTHOUSE, PREFERENCES, AdwWindow)

Preferences *preferences_new (GtkWindow *parent, GSettings *settings);

G_END_DECLS
