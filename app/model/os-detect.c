/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "os-detect.h"

#include <osinfo/osinfo.h>
#include <string.h>

#define DEFAULT_MEMORY 1024 /* MiB */
#define DEFAULT_DISK 20     /* GiB */
#define MIB ((gint64) 1 << 20)
#define GIB ((gint64) 1 << 30)

void
os_detection_free (OsDetection *detection)
{
  if (detection == NULL)
    return;
  g_free (detection->id);
  g_free (detection->name);
  g_free (detection);
}

/* Reading the database takes a second, so it is kept. Only worker threads come here. */
static OsinfoDb *
read_database (void)
{
  static GMutex mutex;
  static OsinfoDb *database;

  g_mutex_lock (&mutex);
  if (database == NULL)
    {
      g_autoptr (OsinfoLoader) loader = osinfo_loader_new ();

      osinfo_loader_process_default_path (loader, NULL);
      database = g_object_ref (osinfo_loader_get_db (loader));
    }
  g_mutex_unlock (&mutex);
  return database;
}

/* What the system recommends, or else needs, for x86. */
static void
read_resources (OsinfoOs *os, OsDetection *detection)
{
  OsinfoResourcesList *lists[2] = { osinfo_os_get_minimum_resources (os), osinfo_os_get_recommended_resources (os) };

  for (unsigned l = 0; l < 2; l++)
    {
      for (int i = 0; i < osinfo_list_get_length (OSINFO_LIST (lists[l])); i++)
        {
          OsinfoResources *resources = OSINFO_RESOURCES (osinfo_list_get_nth (OSINFO_LIST (lists[l]), i));
          gint64 memory = osinfo_resources_get_ram (resources);
          gint64 disk = osinfo_resources_get_storage (resources);

          if (memory > 0)
            detection->memory = CLAMP (memory / MIB, 128, 16384);
          if (disk > 0)
            detection->disk = CLAMP ((disk + GIB - 1) / GIB, 1, 2048);
        }
      g_object_unref (lists[l]);
    }
}

static void
detect (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const char *path = task_data;
  g_autofree char *uri = g_filename_to_uri (path, NULL, NULL);
  g_autoptr (OsinfoMedia) media = osinfo_media_create_from_location (uri, cancellable, NULL);
  OsDetection *detection = g_new0 (OsDetection, 1);

  detection->memory = DEFAULT_MEMORY;
  detection->disk = DEFAULT_DISK;
  if (media != NULL)
    {
      const char *label = osinfo_media_get_volume_id (media);

      detection->name = label != NULL ? g_strchomp (g_strdup (label)) : NULL;
      if (osinfo_db_identify_media (read_database (), media))
        {
          OsinfoOs *os = osinfo_media_get_os (media);

          detection->id = g_strdup (osinfo_entity_get_id (OSINFO_ENTITY (os)));
          g_free (detection->name);
          detection->name = g_strdup (osinfo_product_get_name (OSINFO_PRODUCT (os)));
          detection->live = osinfo_media_get_live (media);
          read_resources (os, detection);
          g_object_unref (os);
        }
    }
  if (detection->name == NULL || *detection->name == '\0')
    {
      char *dot;

      g_free (detection->name);
      detection->name = g_path_get_basename (path);
      dot = strrchr (detection->name, '.');
      if (dot != NULL && dot != detection->name)
        *dot = '\0';
    }
  g_task_return_pointer (task, detection, (GDestroyNotify) os_detection_free);
}

void
os_detect_async (const char *path, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_task_data (task, g_strdup (path), g_free);
  g_task_run_in_thread (task, detect);
}

OsDetection *
os_detect_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
