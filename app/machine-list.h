/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/model/library.h"

G_BEGIN_DECLS

/* The machines of the library in the sidebar, those that run above, with a search and a menu for
 * each. Signals: "activated" (Machine): one was chosen; "pointed-at" (Machine): something is done
 * with one from here, for which the actions "vm" must be its own. */
#define MACHINE_LIST_TYPE (machine_list_get_type ())
G_DECLARE_FINAL_TYPE (MachineList, machine_list, MACHINE, LIST, AdwBin)

/* Once: whose machines these are. */
void machine_list_set_library (MachineList *self, Library *library);
/* The keyboard goes to the search. */
void machine_list_find (MachineList *self);
/* Marks the machine whose tab is shown; NULL: none is. */
void machine_list_select (MachineList *self, Machine *machine);

G_END_DECLS
