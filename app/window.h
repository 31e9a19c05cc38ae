/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/model/library.h"

G_BEGIN_DECLS

/* The window: the library beside a tab for each open machine. */
#define WINDOW_TYPE (window_get_type ())
G_DECLARE_FINAL_TYPE (Window, window, GUESTHOUSE, WINDOW, AdwApplicationWindow)

Window *window_new (GtkApplication *application, Library *library, GSettings *settings);
/* Shows a machine of the library. */
void window_open_machine (Window *self, Machine *machine);
/* Opens the wizard; disc NULL: nothing is chosen in it yet. */
void window_new_machine (Window *self, GFile *disc);

G_END_DECLS
