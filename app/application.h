/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/model/library.h"

G_BEGIN_DECLS

/* The application: one library, one window, and what both share. */
#define APPLICATION_TYPE (application_get_type ())
G_DECLARE_FINAL_TYPE (Application, application, GUESTHOUSE, APPLICATION, AdwApplication)

Application *application_new (void);
Library *application_get_library (Application *self);
GSettings *application_get_settings (Application *self);
/* Whether the application's keys are its own: not while a guest has the keyboard. */
void application_set_shortcuts (Application *self, gboolean on);

/* Lets GSettings find the schema of the build tree, if the program runs from one. */
void application_use_build_tree (void);

G_END_DECLS
