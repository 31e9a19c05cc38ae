/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "display/gtk/release-keys.h"

/* Whether the application's keys are its own: not while a guest has the keyboard. */
void shortcuts_set (GtkApplication *application, gboolean on);

/* Lists them, and those that release the keyboard. */
GtkWindow *shortcuts_window_new (GtkWindow *parent, ReleaseKeys release_keys);
