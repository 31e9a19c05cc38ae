/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/model/os-list.h"

G_BEGIN_DECLS

/* A list of all operating systems to choose one from, with a search. Signal "chosen" (OsItem): it
 * was pressed; the window then closes. */
#define OS_CHOOSER_TYPE (os_chooser_get_type ())
G_DECLARE_FINAL_TYPE (OsChooser, os_chooser, OS, CHOOSER, AdwWindow)

OsChooser *os_chooser_new (GtkWindow *parent);

G_END_DECLS
