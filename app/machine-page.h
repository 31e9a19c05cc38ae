/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/model/machine.h"
#include "display/gtk/console-view.h"

G_BEGIN_DECLS

/* A machine's tab: its summary while it is off, its screen while it is on. Its actions are the
 * group "vm", which the window shows for the selected tab. */
#define MACHINE_PAGE_TYPE (machine_page_get_type ())
G_DECLARE_FINAL_TYPE (MachinePage, machine_page, MACHINE, PAGE, GtkWidget)

GtkWidget *machine_page_new (Machine *machine, GSettings *settings);
Machine *machine_page_get_machine (MachinePage *self);
GActionGroup *machine_page_get_actions (MachinePage *self);
/* Of its CD drives; empty while the machine is off. */
GMenuModel *machine_page_get_disc_menu (MachinePage *self);
ConsoleView *machine_page_get_console (MachinePage *self);
/* The guest gets the keyboard, if the machine is on. */
void machine_page_focus (MachinePage *self);

G_END_DECLS
