/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unix-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ready-source.h"

#define BACKLOG 64
#define ACCEPTS_IN_TURN 16
#define PAUSE_US 100000

/* How the kernel is told a path. */
typedef struct
{
  struct sockaddr_un address;
  int folder; /* -1: not needed */
} Place;

struct UnixListener
{
  int fd;
  char *path;
  dev_t device;
  ino_t inode;
  GSource *source;
  gpointer tag;
  UnixListenerAccept accept;
  void *data;
};

static gboolean
place_find (Place *place, const char *path, GError **error)
{
  char *to = place->address.sun_path;
  gsize room = sizeof place->address.sun_path;
  g_autofree char *folder = NULL;
  g_autofree char *name = NULL;

  *place = (Place){ .address.sun_family = AF_UNIX, .folder = -1 };
  if (g_strlcpy (to, path, room) < room)
    return TRUE;
  folder = g_path_get_dirname (path);
  name = g_path_get_basename (path);
  place->folder = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (place->folder < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   _ ("The folder “%s” cannot be opened: %s. Choose another path for the socket."),
                   folder, g_strerror (errno));
      return FALSE;
    }
  if (g_snprintf (to, room, "/proc/self/fd/%d/%s", place->folder, name) < (int) room)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG,
               _ ("The name “%s” is too long for a socket: use one of at most %d bytes."), name,
               80);
  close (place->folder);
  return FALSE;
}

static void
place_leave (Place *place)
{
  if (place->folder >= 0)
    close (place->folder);
}

/* A connected socket, or -1 with errno. */
static int
connect_place (const Place *place)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int problem;

  if (fd < 0 || connect (fd, (const struct sockaddr *) &place->address, sizeof place->address) == 0)
    return fd;
  problem = errno;
  close (fd);
  errno = problem;
  return -1;
}

int
unix_socket_connect (const char *path, GError **error)
{
  Place place;
  int fd;

  if (!place_find (&place, path, error))
    return -1;
  fd = connect_place (&place);
  if (fd < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                 _ ("Nobody answers at “%s”: %s. Check the path."), path, g_strerror (errno));
  place_leave (&place);
  return fd;
}

static gboolean
clear_path (const Place *place, const char *path, GError **error)
{
  struct stat about;
  int other;

  if (lstat (path, &about) < 0)
    return TRUE;
  if (S_ISSOCK (about.st_mode))
    {
      other = connect_place (place);
      if (other >= 0 || errno == EAGAIN)
        {
          if (other >= 0)
            close (other);
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
                       _ ("A machine runs already at “%s”: stop it first, or choose another "
                          "socket."),
                       path);
          return FALSE;
        }
      if (errno == ECONNREFUSED && about.st_uid == getuid () && unlink (path) == 0)
        return TRUE;
    }
  /* Only a socket may go: a path mistyped must not cost a file. */
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
               _ ("“%s” is in the way of the socket: remove it, or choose another path."), path);
  return FALSE;
}

/* A listening socket at path, or -1. */
static int
listen_at (const char *path, GError **error)
{
  Place place;
  int fd;

  if (!place_find (&place, path, error))
    return -1;
  if (!clear_path (&place, path, error))
    {
      place_leave (&place);
      return -1;
    }
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || fchmod (fd, 0600) < 0
      || bind (fd, (struct sockaddr *) &place.address, sizeof place.address) < 0
      || listen (fd, BACKLOG) < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   _ ("No socket can be made at “%s”: %s. Choose another path."), path,
                   g_strerror (errno));
      if (fd >= 0)
        close (fd);
      fd = -1;
    }
  place_leave (&place);
  return fd;
}

/* Without descriptors or memory those who wait are looked at again after a pause, not at once. */
static gboolean
listener_dispatch (gpointer data)
{
  UnixListener *listener = data;
  int fd = 0;

  g_source_set_ready_time (listener->source, -1);
  g_source_modify_unix_fd (listener->source, listener->tag, G_IO_IN);
  for (unsigned i = 0; i < ACCEPTS_IN_TURN && fd >= 0; i++)
    {
      fd = accept4 (listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0)
        listener->accept (listener->data, fd);
      else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        {
          g_source_modify_unix_fd (listener->source, listener->tag, 0);
          g_source_set_ready_time (listener->source, g_get_monotonic_time () + PAUSE_US);
        }
    }
  return G_SOURCE_CONTINUE;
}

UnixListener *
unix_listener_new (const char *path, GMainContext *context, UnixListenerAccept accept, void *data,
                   GError **error)
{
  int fd = listen_at (path, error);
  struct stat about = { 0 };
  UnixListener *listener;

  if (fd < 0)
    return NULL;
  lstat (path, &about);
  listener = g_new0 (UnixListener, 1);
  *listener = (UnixListener){ .fd = fd,
                              .path = g_strdup (path),
                              .device = about.st_dev,
                              .inode = about.st_ino,
                              .accept = accept,
                              .data = data };
  listener->source = ready_source_new (listener_dispatch, listener);
  listener->tag = g_source_add_unix_fd (listener->source, fd, G_IO_IN);
  g_source_attach (listener->source, context);
  return listener;
}

void
unix_listener_free (UnixListener *listener)
{
  struct stat about;

  if (listener == NULL)
    return;
  g_source_destroy (listener->source);
  g_source_unref (listener->source);
  close (listener->fd);
  if (lstat (listener->path, &about) == 0 && about.st_dev == listener->device
      && about.st_ino == listener->inode)
    unlink (listener->path);
  g_free (listener->path);
  g_free (listener);
}
