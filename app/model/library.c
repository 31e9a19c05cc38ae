/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "library.h"

#include <glib/gstdio.h>
#include <string.h>

#include "machine-folder.h"
#include "machine-root.h"

#define POLL_SECONDS 3
#define RESCAN_MS 150

struct _Library
{
  GObject parent_instance;
  char *folder; /* NULL: those of all machines */
  GPtrArray *machines;
  GHashTable *refused; /* folder to the sentence why, which is told once */
  GPtrArray *monitors;
  guint poll;
  guint rescan;
  gboolean probing; /* on a thread */
};

static guint problem_signal;

static void library_list_model_init (GListModelInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (Library, library, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, library_list_model_init))

static GType
get_item_type (GListModel *model)
{
  return MACHINE_TYPE;
}

static guint
get_n_items (GListModel *model)
{
  return LIBRARY_LIBRARY (model)->machines->len;
}

static gpointer
get_item (GListModel *model, guint position)
{
  Library *self = LIBRARY_LIBRARY (model);
  return position < self->machines->len ? g_object_ref (self->machines->pdata[position]) : NULL;
}

static void
library_list_model_init (GListModelInterface *interface)
{
  interface->get_item_type = get_item_type;
  interface->get_n_items = get_n_items;
  interface->get_item = get_item;
}

Machine *
library_find (Library *self, const char *folder_or_uuid)
{
  for (guint i = 0; i < self->machines->len; i++)
    {
      Machine *machine = self->machines->pdata[i];
      if (strcmp (machine_get_folder (machine), folder_or_uuid) == 0
          || strcmp (machine_get_uuid (machine), folder_or_uuid) == 0)
        return machine;
    }
  return NULL;
}

unsigned
library_count_on (Library *self)
{
  unsigned on = 0;
  for (guint i = 0; i < self->machines->len; i++)
    on += machine_is_on (self->machines->pdata[i]);
  return on;
}

gboolean
library_has_processes (Library *self)
{
  for (guint i = 0; i < self->machines->len; i++)
    if (machine_is_on (self->machines->pdata[i])
        || machine_get_connection (self->machines->pdata[i]) != NULL)
      return TRUE;
  return FALSE;
}

static void
insert_sorted (Library *self, Machine *machine)
{
  guint at = 0;
  while (
    at < self->machines->len
    && g_utf8_collate (machine_get_name (self->machines->pdata[at]), machine_get_name (machine))
         <= 0)
    at++;
  g_ptr_array_insert (self->machines, (int) at, machine);
  g_list_model_items_changed (G_LIST_MODEL (self), at, 0, 1);
}

/* A new name may be a new place. */
static void
machine_changed (Machine *machine, Library *self)
{
  guint at;
  if (!g_ptr_array_find (self->machines, machine, &at))
    return;
  if ((at > 0
       && g_utf8_collate (machine_get_name (self->machines->pdata[at - 1]),
                          machine_get_name (machine))
            > 0)
      || (at + 1 < self->machines->len
          && g_utf8_collate (machine_get_name (machine),
                             machine_get_name (self->machines->pdata[at + 1]))
               > 0))
    {
      g_ptr_array_steal_index (self->machines, at);
      g_list_model_items_changed (G_LIST_MODEL (self), at, 1, 0);
      insert_sorted (self, machine);
    }
}

static void
machine_told (Machine *machine, const char *sentence, Library *self)
{
  g_signal_emit (self, problem_signal, 0, sentence);
}

/* A copied folder has its original's uuid. */
static gboolean
tell_apart (Library *self, Machine *machine, GError **error)
{
  const char *uuid = machine_get_uuid (machine);
  Machine *twin = *uuid != '\0' ? library_find (self, uuid) : NULL;

  return twin == NULL
         || (machine_folder_tell_apart (machine_get_folder (machine), machine_get_folder (twin),
                                        error)
             && machine_reload (machine, error) && machine_reload (twin, error));
}

static void
refuse (Library *self, const char *folder, const char *sentence)
{
  if (g_strcmp0 (g_hash_table_lookup (self->refused, folder), sentence) == 0)
    return;
  g_hash_table_insert (self->refused, g_strdup (folder), g_strdup (sentence));
  g_signal_emit (self, problem_signal, 0, sentence);
}

/* A folder without a readable machine.conf is not a machine, or not yet: it is still being made. */
static void
add_folder (Library *self, const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *conf = g_build_filename (folder, "machine.conf", NULL);

  if (library_find (self, folder) != NULL || !g_file_test (conf, G_FILE_TEST_IS_REGULAR))
    return;
  Machine *machine = machine_new (folder, &error);
  if (machine == NULL || !tell_apart (self, machine, &error))
    {
      refuse (self, folder, error->message);
      g_clear_object (&machine);
      return;
    }
  g_signal_connect (machine, "changed", G_CALLBACK (machine_changed), self);
  g_signal_connect (machine, "problem", G_CALLBACK (machine_told), self);
  g_hash_table_remove (self->refused, folder);
  insert_sorted (self, machine);
  machine_poll (machine);
}

static GPtrArray *
list_roots (Library *self)
{
  GPtrArray *roots;

  if (self->folder == NULL)
    return machine_root_list ();
  roots = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (roots, g_strdup (self->folder));
  return roots;
}

static void
add_root (Library *self, const char *root)
{
  g_autoptr (GDir) dir = g_dir_open (root, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *folder = g_build_filename (root, name, NULL);

      if (*name != '.')
        add_folder (self, folder);
    }
}

void
library_rescan (Library *self)
{
  g_autoptr (GPtrArray) roots = list_roots (self);

  g_clear_handle_id (&self->rescan, g_source_remove);
  for (guint i = self->machines->len; i-- > 0;)
    if (!g_file_test (machine_get_folder (self->machines->pdata[i]), G_FILE_TEST_IS_DIR))
      {
        g_signal_handlers_disconnect_by_data (self->machines->pdata[i], self);
        g_ptr_array_remove_index (self->machines, i);
        g_list_model_items_changed (G_LIST_MODEL (self), i, 1, 0);
      }
  for (guint i = 0; i < roots->len; i++)
    add_root (self, roots->pdata[i]);
}

void
library_repeat_problems (Library *self)
{
  g_hash_table_remove_all (self->refused);
  library_rescan (self);
}

/* Looking again. A disk of the host may hang: the window must not hang with it. So a thread goes
 * first, and as long as it has not come back, only processes are looked at. */

static void
visit (GTask *task, gpointer source, gpointer confs, GCancellable *cancellable)
{
  g_autoptr (GPtrArray) roots = list_roots (source);
  GPtrArray *all[] = { roots, confs };
  GStatBuf about;

  for (guint n = 0; n < G_N_ELEMENTS (all); n++)
    for (guint i = 0; i < all[n]->len; i++)
      g_stat (all[n]->pdata[i], &about);
  g_task_return_boolean (task, TRUE);
}

static void
visited (GObject *source, GAsyncResult *result, gpointer data)
{
  Library *self = LIBRARY_LIBRARY (source);

  self->probing = FALSE;
  if (self->poll == 0)
    return; /* it has been disposed of */
  library_rescan (self);
  for (guint i = 0; i < self->machines->len; i++)
    machine_refresh (self->machines->pdata[i], NULL); /* what is wrong with it is a state */
}

static void
look_again (Library *self)
{
  g_autoptr (GTask) task = NULL;
  GPtrArray *confs;

  if (self->probing)
    return;
  self->probing = TRUE;
  confs = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < self->machines->len; i++)
    g_ptr_array_add (confs, g_build_filename (machine_get_folder (self->machines->pdata[i]),
                                              MACHINE_CONFIG_FILE, NULL));
  task = g_task_new (self, NULL, visited, NULL);
  g_task_set_task_data (task, confs, (GDestroyNotify) g_ptr_array_unref);
  g_task_run_in_thread (task, visit);
}

static gboolean
rescan_later (gpointer data)
{
  Library *self = data;

  self->rescan = 0;
  look_again (self);
  return G_SOURCE_REMOVE;
}

static void
folder_changed (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event,
                Library *self)
{
  if (self->rescan == 0)
    self->rescan = g_timeout_add (RESCAN_MS, rescan_later, self);
}

/* Takes the pictures, and sees folders whose machine.conf came after the folder. */
static gboolean
poll_machines (gpointer data)
{
  Library *self = data;

  look_again (self);
  for (guint i = 0; i < self->machines->len; i++)
    machine_poll_process (self->machines->pdata[i]);
  return G_SOURCE_CONTINUE;
}

/* A folder that comes later is looked into now and then. */
static void
watch (Library *self)
{
  g_autoptr (GPtrArray) roots = list_roots (self);

  for (guint i = 0; i < roots->len; i++)
    {
      g_autoptr (GFile) file = g_file_new_for_path (roots->pdata[i]);
      GFileMonitor *monitor
        = g_file_monitor_directory (file, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);

      if (monitor == NULL)
        continue;
      g_signal_connect (monitor, "changed", G_CALLBACK (folder_changed), self);
      g_ptr_array_add (self->monitors, monitor);
    }
}

Library *
library_new (const char *folder)
{
  Library *self = g_object_new (LIBRARY_TYPE, NULL);
  g_autofree char *usual = machine_root_dup_usual ();

  self->folder = g_strdup (folder);
  g_mkdir_with_parents (folder != NULL ? folder : usual, 0700);
  watch (self);
  self->poll = g_timeout_add_seconds (POLL_SECONDS, poll_machines, self);
  library_rescan (self);
  return self;
}

static void
library_dispose (GObject *object)
{
  Library *self = LIBRARY_LIBRARY (object);

  g_clear_handle_id (&self->poll, g_source_remove);
  g_clear_handle_id (&self->rescan, g_source_remove);
  g_ptr_array_set_size (self->monitors, 0);
  for (guint i = 0; i < self->machines->len; i++)
    g_signal_handlers_disconnect_by_data (self->machines->pdata[i], self);
  g_ptr_array_set_size (self->machines, 0);
  G_OBJECT_CLASS (library_parent_class)->dispose (object);
}

static void
library_finalize (GObject *object)
{
  Library *self = LIBRARY_LIBRARY (object);

  g_ptr_array_unref (self->machines);
  g_ptr_array_unref (self->monitors);
  g_hash_table_unref (self->refused);
  g_free (self->folder);
  G_OBJECT_CLASS (library_parent_class)->finalize (object);
}

static void
library_class_init (LibraryClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = library_dispose;
  G_OBJECT_CLASS (klass)->finalize = library_finalize;
  problem_signal = g_signal_new ("problem", LIBRARY_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
library_init (Library *self)
{
  self->machines = g_ptr_array_new_with_free_func (g_object_unref);
  self->monitors = g_ptr_array_new_with_free_func (g_object_unref);
  self->refused = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}
