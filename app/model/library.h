/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "machine.h"

G_BEGIN_DECLS

/* The machines of a folder of machine folders, by name: a GListModel of Machine that follows what
 * happens in the folder, and attaches to the processes that run. Signal: "problem" (sentence): a
 * folder whose machine.conf cannot be used, or what one of the machines tells. */
#define LIBRARY_TYPE (library_get_type ())
G_DECLARE_FINAL_TYPE (Library, library, LIBRARY, LIBRARY, GObject)

/* folder NULL: ~/.local/share/guesthouse/machines. Makes the folder. */
Library *library_new (const char *folder);

/* Reads the folder again, at once. */
void library_rescan (Library *self);
/* Reads it again and tells all its problems, also those that were told already. */
void library_repeat_problems (Library *self);

/* The machine of a folder or with a uuid, or NULL; borrowed. */
Machine *library_find (Library *self, const char *folder_or_uuid);
unsigned library_count_on (Library *self);

/* Whether a machine is on still, or its process is. */
gboolean library_has_processes (Library *self);

G_END_DECLS
