/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "application.h"

G_BEGIN_DECLS

/* The window: the library beside a tab for each open machine. */
#define WINDOW_TYPE (window_get_type ())
G_DECLARE_FINAL_TYPE (Window, window, GUESTHOUSE, WINDOW, AdwApplicationWindow)

Window *window_new (Application *application);

/* Opens the tab of the machine in a folder; power_on: and starts it. */
void window_open_folder (Window *self, const char *folder, gboolean power_on);

G_END_DECLS
