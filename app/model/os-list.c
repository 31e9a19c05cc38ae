/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "os-list.h"

#include <glib/gi18n.h>
#include <string.h>

#include "os-database.h"

struct _OsItem
{
  GObject parent_instance;
  char *id, *name, *vendor;
  char *searched; /* everything that words are looked for in, folded */
  char *key;      /* to sort by */
  unsigned memory, disk;
};

G_DEFINE_FINAL_TYPE (OsItem, os_item, G_TYPE_OBJECT)

const char *
os_item_get_id (OsItem *self)
{
  return self->id;
}

const char *
os_item_get_name (OsItem *self)
{
  return self->name;
}

const char *
os_item_get_vendor (OsItem *self)
{
  return self->vendor;
}

unsigned
os_item_get_memory (OsItem *self)
{
  return self->memory;
}

unsigned
os_item_get_disk (OsItem *self)
{
  return self->disk;
}

gboolean
os_item_matches (OsItem *self, const char *words)
{
  g_autofree char *folded = g_utf8_casefold (words, -1);
  g_auto (GStrv) needles = g_strsplit (folded, " ", -1);

  if (self->id == NULL)
    return TRUE;
  for (char **needle = needles; *needle != NULL; needle++)
    if (strstr (self->searched, *needle) == NULL)
      return FALSE;
  return TRUE;
}

static char *
dup_text (const char *text)
{
  return g_strdup (text != NULL ? text : "");
}

static OsItem *
item_new (OsinfoOs *os)
{
  OsinfoProduct *product = OSINFO_PRODUCT (os);
  OsItem *self = g_object_new (OS_ITEM_TYPE, NULL);
  g_autofree char *codename = dup_text (osinfo_product_get_codename (product));
  g_autofree char *short_id = dup_text (osinfo_product_get_short_id (product));
  g_autofree char *all = NULL;

  self->id = dup_text (osinfo_entity_get_id (OSINFO_ENTITY (os)));
  self->name = dup_text (osinfo_product_get_name (product));
  self->vendor = dup_text (osinfo_product_get_vendor (product));
  all = g_strjoin (" ", self->name, self->vendor, codename, short_id, NULL);
  self->searched = g_utf8_casefold (all, -1);
  /* As for file names: "Debian 9" stands before "Debian 10". */
  self->key = g_utf8_collate_key_for_filename (self->name, -1);
  os_database_read_needs (os, &self->memory, &self->disk);
  return self;
}

static int
compare_items (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(OsItem *const *) a)->key, (*(OsItem *const *) b)->key);
}

/* What the database does not know; it stands first, as its key is empty. */
static OsItem *
item_new_other (void)
{
  OsItem *self = g_object_new (OS_ITEM_TYPE, NULL);

  self->name = g_strdup (_ ("Other system"));
  self->vendor = g_strdup ("");
  self->key = g_strdup ("");
  os_database_read_needs (NULL, &self->memory, &self->disk);
  return self;
}

static void
load (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (OsinfoOsList) systems = osinfo_db_get_os_list (os_database_lock ());
  GListStore *store = g_list_store_new (OS_ITEM_TYPE);

  g_ptr_array_add (items, item_new_other ());
  for (int i = 0; i < osinfo_list_get_length (OSINFO_LIST (systems)); i++)
    g_ptr_array_add (items, item_new (OSINFO_OS (osinfo_list_get_nth (OSINFO_LIST (systems), i))));
  g_clear_object (&systems);
  os_database_unlock ();
  g_ptr_array_sort (items, compare_items);
  g_list_store_splice (store, 0, 0, items->pdata, items->len);
  g_task_return_pointer (task, store, g_object_unref);
}

void
os_list_load_async (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);

  g_task_run_in_thread (task, load);
}

GListModel *
os_list_load_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
os_item_finalize (GObject *object)
{
  OsItem *self = OS_ITEM (object);

  g_free (self->id);
  g_free (self->name);
  g_free (self->vendor);
  g_free (self->searched);
  g_free (self->key);
  G_OBJECT_CLASS (os_item_parent_class)->finalize (object);
}

static void
os_item_class_init (OsItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = os_item_finalize;
}

static void
os_item_init (OsItem *self)
{
}
