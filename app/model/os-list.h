/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* An operating system that libosinfo knows, or the one that stands for all others. */
#define OS_ITEM_TYPE (os_item_get_type ())
G_DECLARE_FINAL_TYPE (OsItem, os_item, OS, ITEM, GObject)

const char *os_item_get_id (OsItem *self); /* "http://debian.org/debian/12"; NULL: other */
const char *os_item_get_name (OsItem *self);
const char *os_item_get_vendor (OsItem *self); /* may be empty */
/* What it recommends: MiB and GiB. */
unsigned os_item_get_memory (OsItem *self);
unsigned os_item_get_disk (OsItem *self);
/* TRUE if each of the words, in any case, is in its name, vendor, code name or short id. The other
 * system matches always. */
gboolean os_item_matches (OsItem *self, const char *words);

/* All systems by name, first the other one; a GListModel of OsItem, made off the main thread. */
void os_list_load_async (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
GListModel *os_list_load_finish (GAsyncResult *result, GError **error);

G_END_DECLS
