/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* The application: one library, its settings and the window. */
#define APPLICATION_TYPE (application_get_type ())
G_DECLARE_FINAL_TYPE (Application, application, GUESTHOUSE, APPLICATION, AdwApplication)

Application *application_new (void);

/* Lets GSettings find our schema in the build tree or the prefix that the program runs from,
 * wherever the system looks for those of others. */
void application_find_schemas (void);

G_END_DECLS
