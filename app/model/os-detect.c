/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "os-detect.h"

#include <string.h>

#include "os-database.h"

void
os_detection_free (OsDetection *detection)
{
  if (detection == NULL)
    return;
  g_free (detection->id);
  g_free (detection->name);
  g_free (detection);
}

/* What the database knows of a medium. */
static void
identify (OsinfoMedia *media, OsDetection *detection)
{
  g_autoptr (OsinfoOs) os = NULL;

  if (osinfo_db_identify_media (os_database_lock (), media))
    {
      os = osinfo_media_get_os (media);
      detection->id = g_strdup (osinfo_entity_get_id (OSINFO_ENTITY (os)));
      g_free (detection->name);
      detection->name = g_strdup (osinfo_product_get_name (OSINFO_PRODUCT (os)));
      detection->live = osinfo_media_get_live (media);
    }
  os_database_read_needs (os, &detection->memory, &detection->disk);
  os_database_unlock ();
}

/* libosinfo waits in a main loop for what it has begun. In the context of the main thread, that
 * could be over before the waiting begins, which then has no end. */
static OsinfoMedia *
read_media (const char *path, GCancellable *cancellable)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autofree char *uri = g_filename_to_uri (path, NULL, NULL);
  OsinfoMedia *media;

  g_main_context_push_thread_default (context);
  media = osinfo_media_create_from_location (uri, cancellable, NULL);
  g_main_context_pop_thread_default (context);
  return media;
}

static void
detect (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const char *path = task_data;
  g_autoptr (OsinfoMedia) media = read_media (path, cancellable);
  OsDetection *detection = g_new0 (OsDetection, 1);

  os_database_read_needs (NULL, &detection->memory, &detection->disk);
  if (media != NULL)
    {
      const char *label = osinfo_media_get_volume_id (media);

      detection->name = label != NULL ? g_strchomp (g_strdup (label)) : NULL;
      identify (media, detection);
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
os_detect_async (const char *path, GCancellable *cancellable, GAsyncReadyCallback callback,
                 gpointer data)
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
