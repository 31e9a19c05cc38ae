/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-peer.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm-core/unix-socket.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#define REMEMBERED "machine-peer"

/* From Linux 6.5 on the kernel knows it. Before, its number is asked for: a connected socket whose
 * other end is open proves that its process has not ended between the two questions. In another
 * sandbox it has no number. */
int
machine_peer_open_socket (int fd)
{
  struct ucred process;
  socklen_t size = sizeof process;
  struct pollfd end = { .fd = fd };
  int peer = -1;
  socklen_t peer_size = sizeof peer;

  if (getsockopt (fd, SOL_SOCKET, SO_PEERPIDFD, &peer, &peer_size) == 0)
    return peer;
  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &process, &size) < 0 || process.pid <= 0)
    return -1;
  peer = pidfd_open (process.pid, 0);
  if (peer < 0 || (poll (&end, 1, 0) == 0 && end.revents == 0))
    return peer;
  close (peer);
  return -1;
}

static void
forget (gpointer data)
{
  close (GPOINTER_TO_INT (data));
}

void
machine_peer_remember (GDBusConnection *connection, int peer)
{
  int own = peer >= 0 ? fcntl (peer, F_DUPFD_CLOEXEC, 3) : -1;

  if (own >= 0)
    g_object_set_data_full (G_OBJECT (connection), REMEMBERED, GINT_TO_POINTER (own), forget);
}

int
machine_peer_open (GDBusConnection *connection)
{
  gpointer peer = g_object_get_data (G_OBJECT (connection), REMEMBERED);

  return peer != NULL ? fcntl (GPOINTER_TO_INT (peer), F_DUPFD_CLOEXEC, 3) : -1;
}

int
machine_peer_open_at (const char *socket)
{
  int fd = unix_socket_connect (socket, NULL);
  int peer = fd >= 0 ? machine_peer_open_socket (fd) : -1;

  if (fd >= 0)
    close (fd);
  return peer;
}

/* Whether a process has the file open and locked, by what the kernel tells of its descriptors. */
static gboolean
has_locked (int pid, const GStatBuf *file)
{
  g_autofree char *fds = g_strdup_printf ("/proc/%d/fd", pid);
  g_autoptr (GDir) dir = g_dir_open (fds, 0, NULL);
  gboolean locked = FALSE;
  const char *name;

  while (!locked && dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *fd = g_build_filename (fds, name, NULL);
      g_autofree char *info_path = g_strdup_printf ("/proc/%d/fdinfo/%s", pid, name);
      g_autofree char *info = NULL;
      GStatBuf open;

      locked = g_stat (fd, &open) == 0 && open.st_dev == file->st_dev && open.st_ino == file->st_ino
               && g_file_get_contents (info_path, &info, NULL, NULL)
               && strstr (info, "FLOCK  ADVISORY  WRITE") != NULL;
    }
  return locked;
}

/* The number of the process that has a file locked; 0: none. The kernel's list of locks names those
 * that may be it: "1: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF". Its devices are not those of
 * stat() on btrfs. */
static int
find_locker (const GStatBuf *file)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents ("/proc/locks", &text, NULL, NULL))
    return 0;
  lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      guint64 inode;
      int pid;

      if (sscanf (*line, "%*d: FLOCK ADVISORY WRITE %d %*x:%*x:%" G_GUINT64_FORMAT, &pid, &inode)
            == 2
          && inode == file->st_ino && pid > 0 && has_locked (pid, file))
        return pid;
    }
  return 0;
}

int
machine_peer_open_locker (const char *folder)
{
  GStatBuf file;
  int pid = g_stat (folder, &file) == 0 ? find_locker (&file) : 0;
  int peer = pid > 0 ? pidfd_open (pid, 0) : -1;

  /* Who holds it still has not ended between the two questions. */
  if (peer < 0 || has_locked (pid, &file))
    return peer;
  close (peer);
  return -1;
}

/* The line "State:\tT (stopped)" of the process whose number the descriptor's own information
 * has. */
gboolean
machine_peer_is_stopped (int peer)
{
  g_autofree char *info_path = g_strdup_printf ("/proc/self/fdinfo/%d", peer);
  g_autofree char *info = NULL, *status_path = NULL, *status = NULL;
  const char *pid, *state;

  if (!g_file_get_contents (info_path, &info, NULL, NULL)
      || (pid = strstr (info, "\nPid:\t")) == NULL)
    return FALSE;
  status_path = g_strdup_printf ("/proc/%d/status", atoi (pid + strlen ("\nPid:\t")));
  return g_file_get_contents (status_path, &status, NULL, NULL)
         && (state = strstr (status, "\nState:\t")) != NULL
         && g_ascii_toupper (state[strlen ("\nState:\t")]) == 'T';
}

gboolean
machine_peer_wait (int peer, int ms)
{
  struct pollfd end = { .fd = peer, .events = POLLIN };

  return poll (&end, 1, ms) > 0;
}

gboolean
machine_peer_kill (int peer, GError **error)
{
  if (pidfd_send_signal (peer, SIGKILL, NULL, 0) == 0 || errno == ESRCH)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               _ ("The machine's process cannot be ended from here: %s. End it where it was "
                  "started."),
               g_strerror (errno));
  return FALSE;
}
