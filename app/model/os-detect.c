/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "os-detect.h"

#include <glib/gstdio.h>
#include <string.h>

#include "os-database.h"
#include "os-discs.h"

#define LONGEST_ACRONYM 4
#define SMALLEST_INSTALLER (8 << 20) /* bytes */

/* What is known by the disc's own words; NULL: nothing. */
static OsDetection *
recognize (OsinfoMedia *media, const char *file)
{
  const char *publisher = media != NULL ? osinfo_media_get_publisher_id (media) : NULL;
  const char *application = media != NULL ? osinfo_media_get_application_id (media) : NULL;
  g_autofree char *maker = g_strdup_printf ("%s %s", publisher != NULL ? publisher : "",
                                            application != NULL ? application : "");
  OsDetection *detection
    = os_discs_find (media != NULL ? osinfo_media_get_volume_id (media) : NULL, maker, file);
  g_autofree char *id = NULL;

  if (detection == NULL || detection->id == NULL)
    return detection;
  /* Its release may be younger than the database. */
  id = g_steal_pointer (&detection->id);
  detection->id = os_database_dup_nearest (os_database_lock (), id);
  os_database_unlock ();
  return detection;
}

/* What the database knows of it. */
static gboolean
identify (OsinfoMedia *media, OsDetection *detection)
{
  g_autoptr (OsinfoOs) os = NULL;

  if (osinfo_db_identify_media (os_database_lock (), media))
    {
      os = osinfo_media_get_os (media);
      detection->known = TRUE;
      detection->id = g_strdup (osinfo_entity_get_id (OSINFO_ENTITY (os)));
      detection->name = g_strdup (osinfo_product_get_name (OSINFO_PRODUCT (os)));
      detection->live = osinfo_media_get_live (media);
      os_database_read_needs (os, &detection->memory, &detection->disk);
    }
  os_database_unlock ();
  return detection->known;
}

/* Whether all of it is in capitals, as in "MY_DISC.ISO"; "BSD" is a word of its own. */
static gboolean
is_shouted (const char *name)
{
  g_autofree char *upper = g_utf8_strup (name, -1);
  g_autofree char *lower = g_utf8_strdown (name, -1);

  return strlen (name) > LONGEST_ACRONYM && strcmp (name, upper) == 0 && strcmp (name, lower) != 0;
}

char *
os_detect_dup_name_of_file (const char *path)
{
  g_autofree char *file = g_path_get_basename (path);
  g_autofree char *name = g_filename_display_name (file);
  char *dot = strrchr (name, '.');
  GString *quiet;
  gboolean inside = FALSE;

  if (dot != NULL && dot != name)
    *dot = '\0';
  g_strdelimit (name, "_", ' ');
  if (!is_shouted (name))
    return g_steal_pointer (&name);
  quiet = g_string_new (NULL);
  for (const char *at = name; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar letter = g_utf8_get_char (at);

      g_string_append_unichar (quiet, inside ? g_unichar_tolower (letter) : letter);
      inside = g_unichar_isalnum (letter);
    }
  return g_string_free (quiet, FALSE);
}

static gboolean
says_live (const char *text)
{
  return text != NULL
         && g_regex_match_simple ("(?<![a-z])live(?:cd|dvd|usb)?(?![a-z])", text,
                                  G_REGEX_CASELESS | G_REGEX_RAW, 0);
}

/* A system that nobody knows. What is too small to install one from is no use without its disc. */
static void
guess (OsinfoMedia *media, const char *path, OsDetection *detection)
{
  GStatBuf about;

  os_database_read_needs (NULL, &detection->memory, &detection->disk);
  detection->name = os_detect_dup_name_of_file (path);
  detection->live = says_live (detection->name)
                    || (media != NULL && says_live (osinfo_media_get_volume_id (media)))
                    || (g_stat (path, &about) == 0 && S_ISREG (about.st_mode)
                        && about.st_size < SMALLEST_INSTALLER);
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
  media = osinfo_media_create_from_location_with_flags (uri, cancellable, 0, NULL);
  g_main_context_pop_thread_default (context);
  return media;
}

static void
detect (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const char *path = task_data;
  g_autoptr (OsinfoMedia) media = read_media (path, cancellable);
  g_autofree char *file = g_path_get_basename (path);
  OsDetection *detection = recognize (media, file);

  if (detection == NULL)
    {
      detection = g_new0 (OsDetection, 1);
      if (media == NULL || !identify (media, detection))
        guess (media, path, detection);
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
