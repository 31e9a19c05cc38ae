/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-plan.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_MEMORY 1024
#define LEAST_MEMORY 16
#define DEFAULT_DISK 20
#define MOST_CPUS 8

MachinePlan *
machine_plan_new (void)
{
  MachinePlan *plan = g_new0 (MachinePlan, 1);

  plan->source = MACHINE_PLAN_NOTHING;
  plan->memory = MIN (DEFAULT_MEMORY, machine_plan_get_host_memory () / 2);
  plan->cpus = MIN (2, machine_plan_get_host_cpus ());
  plan->disk = DEFAULT_DISK;
  plan->name = g_strdup (_("New Machine"));
  return plan;
}

void
machine_plan_free (MachinePlan *plan)
{
  g_free (plan->path);
  g_free (plan->name);
  g_free (plan->os);
  g_free (plan);
}

guint
machine_plan_get_host_memory (void)
{
  gint64 bytes = (gint64) sysconf (_SC_PHYS_PAGES) * sysconf (_SC_PAGESIZE);
  return (guint) CLAMP (bytes >> 20, LEAST_MEMORY * 2, G_MAXINT);
}

guint
machine_plan_get_host_cpus (void)
{
  return CLAMP (g_get_num_processors (), 1, MOST_CPUS);
}

void
machine_plan_set_source (MachinePlan *plan, MachinePlanSource source, const char *path)
{
  char *copy = g_strdup (path);

  g_free (plan->path);
  plan->path = copy;
  plan->source = source;
  plan->disk = source == MACHINE_PLAN_DISK ? 0 : DEFAULT_DISK;
  g_free (plan->name);
  if (copy == NULL)
    {
      plan->name = g_strdup (_("New Machine"));
      return;
    }
  g_autofree char *base = g_path_get_basename (copy);
  char *dot = strrchr (base, '.');
  if (dot != NULL && dot != base)
    *dot = '\0';
  plan->name = g_utf8_make_valid (base, -1);
}

void
machine_plan_set_os (MachinePlan *plan, const OsInfo *os)
{
  g_free (plan->os);
  plan->os = g_strdup (os->id);
  if (os->id == NULL)
    return;
  g_free (plan->name);
  plan->name = g_strdup (os->name);
  if (os->memory > 0)
    plan->memory = CLAMP (os->memory, LEAST_MEMORY, machine_plan_get_host_memory () / 2);
  if (os->disk > 0 && plan->source != MACHINE_PLAN_DISK)
    plan->disk = os->disk;
}

static gboolean
is_folder_name (const char *name)
{
  return *name != '\0' && *name != '.' && strlen (name) <= 200 && strchr (name, '/') == NULL;
}

char *
machine_plan_check (const MachinePlan *plan, const char *library)
{
  if (!is_folder_name (plan->name))
    return g_strdup (_("Give the machine a name without “/” that does not begin with a dot."));
  g_autofree char *folder = g_build_filename (library, plan->name, NULL);
  if (g_file_test (folder, G_FILE_TEST_EXISTS))
    return g_strdup_printf (_("There is already a machine named “%s”: choose another name."),
                            plan->name);
  if (plan->memory < LEAST_MEMORY || plan->memory > machine_plan_get_host_memory ())
    return g_strdup (_("Choose no more memory than this computer has."));
  if (plan->path != NULL && access (plan->path, R_OK) != 0)
    return g_strdup_printf (_("The file “%s” cannot be read: choose another file."), plan->path);
  return NULL;
}

char *
machine_plan_dup_free_name (const char *library, const char *wish)
{
  g_autofree char *plain = g_strdelimit (g_strdup (wish), "/", '-');
  const char *base = *plain == '.' ? plain + 1 : plain;

  for (unsigned i = 1; i < 1000; i++)
    {
      g_autofree char *name = i == 1 ? g_strdup (base) : g_strdup_printf ("%s (%u)", base, i);
      g_autofree char *folder = g_build_filename (library, name, NULL);
      if (!g_file_test (folder, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&name);
    }
  return g_strdup (base);
}

typedef struct
{
  MachinePlan plan;
  char *library;
} Creation;

static void
creation_free (Creation *creation)
{
  g_free (creation->plan.path);
  g_free (creation->plan.name);
  g_free (creation->plan.os);
  g_free (creation->library);
  g_free (creation);
}

/* A file of zeros that takes no room on the disk before the guest writes to it. */
static gboolean
make_disk (const char *folder, guint gib, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "disks", "disk0.img", NULL);
  int fd = g_open (path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  gboolean ok = fd >= 0 && ftruncate (fd, (off_t) gib << 30) == 0;
  int reason = errno;

  if (fd >= 0)
    g_close (fd, NULL);
  if (!ok)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (reason),
                 _("The disk “%s” cannot be made: %s."), path, g_strerror (reason));
  return ok;
}

static gboolean
write_conf (const MachinePlan *plan, const char *folder, GError **error)
{
  g_autoptr (GKeyFile) conf = g_key_file_new ();
  g_autofree char *uuid = g_uuid_string_random ();
  g_autofree char *path = g_build_filename (folder, "machine.conf", NULL);

  g_key_file_set_string (conf, "machine", "name", plan->name);
  g_key_file_set_string (conf, "machine", "uuid", uuid);
  if (plan->os != NULL)
    g_key_file_set_string (conf, "machine", "os", plan->os);
  g_key_file_set_integer (conf, "machine", "memory", (int) plan->memory);
  g_key_file_set_integer (conf, "machine", "cpus", (int) plan->cpus);
  g_key_file_set_string (conf, "machine", "accelerator", "auto");
  g_key_file_set_string (conf, "machine", "boot", plan->source == MACHINE_PLAN_ISO ? "dc" : "cd");
  if (plan->source == MACHINE_PLAN_DISK)
    g_key_file_set_string (conf, "disk0", "file", plan->path);
  else if (plan->disk > 0)
    g_key_file_set_string (conf, "disk0", "file", "disks/disk0.img");
  g_key_file_set_string (conf, "cd0", "file", plan->source == MACHINE_PLAN_ISO ? plan->path : "");

  gsize length;
  g_autofree char *text = g_key_file_to_data (conf, &length, NULL);
  return g_file_set_contents_full (path, text, (gssize) length,
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                   error);
}

static void
create (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Creation *creation = data;
  const MachinePlan *plan = &creation->plan;
  GError *error = NULL;
  g_autofree char *problem = machine_plan_check (plan, creation->library);
  g_autofree char *folder = g_build_filename (creation->library, plan->name, NULL);
  const char *parts[] = { "disks", "snapshots", "logs" };

  if (problem != NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s", problem);
      return;
    }
  g_mkdir_with_parents (creation->library, 0700);
  if (g_mkdir (folder, 0700) != 0)
    {
      int reason = errno;
      g_task_return_new_error (task, G_IO_ERROR, g_io_error_from_errno (reason),
                               _("The folder “%s” cannot be made: %s."), folder, g_strerror (reason));
      return;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *part = g_build_filename (folder, parts[i], NULL);
      g_mkdir (part, 0700);
    }
  /* machine.conf comes last: a folder with it is a complete machine. */
  if ((plan->source != MACHINE_PLAN_DISK && plan->disk > 0 && !make_disk (folder, plan->disk, &error)) ||
      !write_conf (plan, folder, &error))
    {
      g_autofree char *disk = g_build_filename (folder, "disks", "disk0.img", NULL);
      g_unlink (disk);
      for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
        {
          g_autofree char *part = g_build_filename (folder, parts[i], NULL);
          g_rmdir (part);
        }
      g_rmdir (folder);
      g_task_return_error (task, error);
      return;
    }
  g_task_return_pointer (task, g_steal_pointer (&folder), g_free);
}

void
machine_plan_create_async (const MachinePlan *plan, const char *library, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Creation *creation = g_new0 (Creation, 1);

  creation->plan = *plan;
  creation->plan.path = g_strdup (plan->path);
  creation->plan.name = g_strdup (plan->name);
  creation->plan.os = g_strdup (plan->os);
  creation->library = g_strdup (library);
  g_task_set_task_data (task, creation, (GDestroyNotify) creation_free);
  g_task_run_in_thread (task, create);
}

char *
machine_plan_create_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
