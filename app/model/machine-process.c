/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-process.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <unistd.h>

char *
machine_process_dup_socket (const char *uuid)
{
  return g_build_filename (g_get_user_runtime_dir (), "guesthouse", uuid, "control", NULL);
}

/* Beside the application in a build tree, else where it was installed. */
static char *
find_program (void)
{
  const char *given = g_getenv ("GUESTHOUSE_VM");
  if (given != NULL)
    return g_strdup (given);

  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  if (self != NULL)
    {
      g_autofree char *folder = g_path_get_dirname (self);
      const char *places[] = { "guesthouse-vm", "../vmm-core/run/guesthouse-vm",
                               "../../vmm-core/run/guesthouse-vm" };
      for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
        {
          g_autofree char *path = g_build_filename (folder, places[i], NULL);
          if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
            return g_steal_pointer (&path);
        }
    }
  return g_find_program_in_path ("guesthouse-vm");
}

static void
leave_session (gpointer data)
{
  setsid ();
}

GSubprocess *
machine_process_spawn (const char *folder, const char *socket, GError **error)
{
  g_autofree char *program = find_program ();
  if (program == NULL)
    {
      g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                           _("The program guesthouse-vm was not found: install Guesthouse again."));
      return NULL;
    }
  g_autofree char *runtime = g_path_get_dirname (socket);
  if (g_mkdir_with_parents (runtime, 0700) != 0)
    {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
                   _("The folder “%s” cannot be made: %s."), runtime, g_strerror (errno));
      return NULL;
    }
  g_autofree char *logs = g_build_filename (folder, "logs", NULL);
  g_autofree char *log = g_build_filename (logs, "guesthouse-vm.log", NULL);
  g_mkdir_with_parents (logs, 0700);

  g_autoptr (GSubprocessLauncher) launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  /* A file, not a pipe: a pipe's reader would have to live as long as the machine. */
  g_subprocess_launcher_set_stderr_file_path (launcher, log);
  g_subprocess_launcher_set_child_setup (launcher, leave_session, NULL, NULL);
  return g_subprocess_launcher_spawn (launcher, error, program, "--stopped", folder, NULL);
}

static void
connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_finish (result, &error);

  if (connection != NULL)
    g_task_return_pointer (task, connection, g_object_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

void
machine_process_connect_async (const char *socket, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data)
{
  g_autofree char *escaped = g_dbus_address_escape_value (socket);
  g_autofree char *address = g_strconcat ("unix:path=", escaped, NULL);
  GTask *task = g_task_new (NULL, cancellable, callback, data);

  g_dbus_connection_new_for_address (address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL,
                                     cancellable, connected, task);
}

GDBusConnection *
machine_process_connect_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
