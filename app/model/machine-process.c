/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-process.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine-peer.h"
#include "vmm-core/dbus-link.h"
#include "vmm-core/plain-file.h"
#include "vmm-core/real-path.h"
#include "vmm-core/run/installed-file.h"
#include "vmm-core/run/machine-config.h"
#include "vmm-core/unix-socket.h"

#define LOG_BYTES 16384
#define PROGRAM "guesthouse-vm"
#define LOG "logs/" PROGRAM ".log"

char *
machine_process_find_program (const char *name, const char *variable)
{
  static const char *const places[] = { ".", "..", "../vmm-core/run", "../../vmm-core/run" };
  g_autofree char *folder = installed_file_dup_program_folder ();
  const char *given = g_getenv (variable);

  if (given != NULL)
    return g_strdup (given);
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *path = g_build_filename (folder, places[i], name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_REGULAR)
          && g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
        return g_steal_pointer (&path);
    }
  return g_find_program_in_path (name);
}

static void
leave_session (gpointer data)
{
  setsid ();
}

char *
machine_process_dup_log_path (const char *folder)
{
  return g_build_filename (folder, LOG, NULL);
}

char *
machine_process_dup_log (const char *folder)
{
  g_autofree char *path = real_path_in (folder, LOG);
  g_autoptr (GBytes) text = plain_file_read_end (path, LOG_BYTES);
  gsize length = 0;
  const char *data = text != NULL ? g_bytes_get_data (text, &length) : NULL;

  return length > 0 ? g_utf8_make_valid (data, length) : g_strdup ("");
}

char *
machine_process_dup_last_words (const char *folder)
{
  g_autofree char *log = g_strchomp (machine_process_dup_log (folder));
  const char *end = strrchr (log, '\n');
  const char *line = end != NULL ? end + 1 : log;

  if (g_str_has_prefix (line, PROGRAM ": "))
    line += strlen (PROGRAM ": ");
  return *line != '\0' ? g_strdup (line) : NULL;
}

/* The log, empty unless the machine still runs, for then it is that process's. In somebody else's
 * folder it might be a link to, or another name of, a file of the user's. */
static int
open_log (const char *folder, GError **error)
{
  g_autofree char *path = real_path_in (folder, LOG);
  g_autofree char *logs = g_path_get_dirname (path);
  int lock = machine_config_lock_folder (folder, 0, NULL);
  gboolean begin = lock >= 0;
  struct stat about;
  int fd, saved;

  mkdir (logs, 0700);
  fd = real_path_open (path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY, 0600);
  saved = errno;
  if (lock >= 0)
    close (lock);
  if (fd >= 0 && fstat (fd, &about) == 0 && S_ISREG (about.st_mode) && about.st_nlink == 1
      && (!begin || ftruncate (fd, 0) == 0))
    return fd;
  if (fd < 0 && saved != ELOOP && saved != ENOTDIR && saved != ENXIO)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved),
                 _ ("The log “%s” cannot be written: %s. Make room or change the folder's "
                    "permissions."),
                 path, g_strerror (saved));
  else
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                 _ ("“%s” is not the log's own file but a link, or something else: remove it."),
                 path);
  if (fd >= 0)
    close (fd);
  return -1;
}

GSubprocess *
machine_process_spawn (const char *folder, gboolean without_disc, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *program = machine_process_find_program (PROGRAM, "GUESTHOUSE_VM");
  int log;

  if (program == NULL)
    {
      g_set_error_literal (
        error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
        _ ("The program guesthouse-vm was not found: install Guesthouse again."));
      return NULL;
    }
  log = open_log (folder, error);
  if (log < 0)
    return NULL;
  /* A file, not a pipe: a pipe's reader would have to live as long as the machine. */
  g_subprocess_launcher_take_stdout_fd (launcher, fcntl (log, F_DUPFD_CLOEXEC, 3));
  g_subprocess_launcher_take_stderr_fd (launcher, log);
  g_subprocess_launcher_set_child_setup (launcher, leave_session, NULL, NULL);
  return g_subprocess_launcher_spawn (launcher, error, program, "--stopped", folder,
                                      without_disc ? "--without-disc" : NULL, NULL);
}

typedef struct
{
  int peer;
} Contact;

static void
contact_free (gpointer data)
{
  if (((Contact *) data)->peer >= 0)
    close (((Contact *) data)->peer);
  g_free (data);
}

static void
connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_finish (result, &error);

  if (connection == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  machine_peer_remember (connection, ((Contact *) g_task_get_task_data (task))->peer);
  g_task_return_pointer (task, connection, g_object_unref);
}

void
machine_process_connect_async (const char *socket, GMainContext *context, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  g_autoptr (GError) error = NULL;
  int fd = unix_socket_connect (socket, &error);
  Contact contact = { fd >= 0 ? machine_peer_open_socket (fd) : -1 };
  g_autoptr (GIOStream) stream
    = fd >= 0 ? dbus_link_open (fd, DBUS_LINK_MACHINE, context, &error) : NULL;

  g_task_set_task_data (task, g_memdup2 (&contact, sizeof contact), contact_free);
  if (stream != NULL)
    g_dbus_connection_new (stream, NULL, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL,
                           cancellable, connected, task);
  else
    {
      g_task_return_error (task, g_steal_pointer (&error));
      g_object_unref (task);
    }
}

GDBusConnection *
machine_process_connect_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
