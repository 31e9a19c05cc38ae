/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "os-database.h"

#include <string.h>

#define MIB ((gint64) 1 << 20)
#define GIB ((gint64) 1 << 30)

#define DEFAULT_MEMORY 1024 /* MiB */
#define DEFAULT_DISK 20     /* GiB */

static GMutex mutex;

OsinfoDb *
os_database_lock (void)
{
  static OsinfoDb *database;

  g_mutex_lock (&mutex);
  if (database == NULL)
    {
      g_autoptr (OsinfoLoader) loader = osinfo_loader_new ();

      osinfo_loader_process_default_path (loader, NULL);
      database = g_object_ref (osinfo_loader_get_db (loader));
    }
  return database;
}

void
os_database_unlock (void)
{
  g_mutex_unlock (&mutex);
}

static void
read_list (OsinfoResourcesList *list, unsigned *memory, unsigned *disk)
{
  for (int i = 0; i < osinfo_list_get_length (OSINFO_LIST (list)); i++)
    {
      OsinfoResources *resources = OSINFO_RESOURCES (osinfo_list_get_nth (OSINFO_LIST (list), i));
      gint64 ram = osinfo_resources_get_ram (resources);
      gint64 storage = osinfo_resources_get_storage (resources);

      if (ram > 0)
        *memory = CLAMP (ram / MIB, 128, 16384);
      if (storage > 0)
        *disk = CLAMP ((storage + GIB - 1) / GIB, 1, 2048);
    }
}

void
os_database_read_needs (OsinfoOs *os, unsigned *memory, unsigned *disk)
{
  *memory = DEFAULT_MEMORY;
  *disk = DEFAULT_DISK;
  if (os == NULL)
    return;
  g_autoptr (OsinfoResourcesList) minimum = osinfo_os_get_minimum_resources (os);
  g_autoptr (OsinfoResourcesList) recommended = osinfo_os_get_recommended_resources (os);
  read_list (minimum, memory, disk);
  read_list (recommended, memory, disk);
}

/* The release behind a system's id, or NULL where that is a word. */
static const char *
release_of (const char *id)
{
  const char *slash = strrchr (id, '/');
  const char *release = slash != NULL ? slash + 1 : id;

  return *release != '\0' && strspn (release, "0123456789.") == strlen (release) ? release : NULL;
}

/* Whether a is nearer to what is wanted than b: the youngest that is not younger, or else the
 * oldest. */
static gboolean
is_nearer (const char *a, const char *b, const char *wanted)
{
  gboolean a_younger = strverscmp (a, wanted) > 0;
  gboolean b_younger = strverscmp (b, wanted) > 0;

  if (a_younger != b_younger)
    return b_younger;
  return a_younger ? strverscmp (a, b) < 0 : strverscmp (a, b) > 0;
}

char *
os_database_dup_nearest (OsinfoDb *database, const char *id)
{
  const char *wanted = release_of (id), *nearest = NULL;
  g_autoptr (OsinfoOsList) systems = NULL;

  if (osinfo_db_get_os (database, id) != NULL)
    return g_strdup (id);
  if (wanted == NULL)
    return NULL;
  systems = osinfo_db_get_os_list (database);
  for (int i = 0; i < osinfo_list_get_length (OSINFO_LIST (systems)); i++)
    {
      const char *other = osinfo_entity_get_id (osinfo_list_get_nth (OSINFO_LIST (systems), i));

      if (strncmp (other, id, wanted - id) == 0 && release_of (other) == other + (wanted - id)
          && (nearest == NULL || is_nearer (release_of (other), release_of (nearest), wanted)))
        nearest = other;
    }
  return g_strdup (nearest);
}
