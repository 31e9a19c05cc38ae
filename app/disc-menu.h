/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/model/machine.h"

G_BEGIN_DECLS

/* The menu of a machine's CD drives, and the actions behind it: insert-disc and eject-disc, each
 * with a drive's name. */
#define DISC_MENU_TYPE (disc_menu_get_type ())
G_DECLARE_FINAL_TYPE (DiscMenu, disc_menu, DISC, MENU, GObject)

/* Dialogs belong to the window of page, which outlives the menu. */
DiscMenu *disc_menu_new (Machine *machine, GtkWidget *page);
/* A section for each drive. */
GMenuModel *disc_menu_get_model (DiscMenu *self);
/* Inserts an image into the running machine's first CD drive, as if it was chosen in the menu.
 * FALSE: it has none. */
gboolean disc_menu_insert (DiscMenu *self, const char *path);
void disc_menu_add_actions (DiscMenu *self, GActionMap *map);

G_END_DECLS
