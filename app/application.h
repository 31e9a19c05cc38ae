/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* The application: one library, its settings and the window. */
#define APPLICATION_TYPE (application_get_type ())
G_DECLARE_FINAL_TYPE (Application, application, GUESTHOUSE, APPLICATION, AdwApplication)

Application *application_new (void);

/* Lets GSettings find the schema of the build tree, if the program runs from one. */
void application_use_build_tree (void);

G_END_DECLS
