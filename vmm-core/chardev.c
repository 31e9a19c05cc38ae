/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chardev.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define BUFFER_LIMIT (1u << 20)
#define ESCAPE 0x01 /* Ctrl+A */

struct Chardev
{
  GMainContext *context;
  MachineLock *lock;
  int in_fd, out_fd; /* -1: none */
  int listen_fd;
  char *socket_path;
  GSource *in_source, *listen_source;
  GByteArray *output;  /* buffer kind */
  GByteArray *pending; /* input the device had no room for */
  gboolean terminal;
  gboolean escaped; /* the last byte from the terminal was Ctrl+A */
  struct termios terminal_before;

  ChardevRoom room;
  ChardevReceive receive;
  void *device;
};

static Chardev *
chardev_new (void)
{
  Chardev *chardev = g_new0 (Chardev, 1);

  chardev->in_fd = chardev->out_fd = chardev->listen_fd = -1;
  chardev->pending = g_byte_array_new ();
  return chardev;
}

/* Hands pending input to the device as far as it has room. Lock held. */
static void
chardev_deliver (Chardev *chardev)
{
  while (chardev->pending->len > 0 && chardev->receive != NULL)
    {
      size_t room = chardev->room (chardev->device);
      size_t n = MIN (room, chardev->pending->len);

      if (n == 0)
        return;
      chardev->receive (chardev->device, chardev->pending->data, n);
      g_byte_array_remove_range (chardev->pending, 0, n);
    }
}

static void
chardev_close_client (Chardev *chardev)
{
  if (chardev->in_source != NULL)
    {
      g_source_destroy (chardev->in_source);
      g_clear_pointer (&chardev->in_source, g_source_unref);
    }
  if (chardev->listen_fd >= 0 && chardev->in_fd >= 0)
    close (chardev->in_fd);
  if (chardev->listen_fd >= 0)
    chardev->in_fd = chardev->out_fd = -1;
}

/* Takes the escape sequence of a terminal out of data; Ctrl+A Ctrl+A is one Ctrl+A. */
static size_t
chardev_filter_escape (Chardev *chardev, uint8_t *data, size_t length)
{
  size_t kept = 0;

  for (size_t i = 0; i < length; i++)
    {
      if (!chardev->escaped && data[i] == ESCAPE)
        {
          chardev->escaped = TRUE;
          continue;
        }
      if (chardev->escaped && data[i] == 'x')
        raise (SIGTERM);
      chardev->escaped = FALSE;
      data[kept++] = data[i];
    }
  return kept;
}

static gboolean
chardev_readable (int fd, GIOCondition condition, gpointer data)
{
  Chardev *chardev = data;
  uint8_t buffer[4096];
  ssize_t n;

  if (chardev->pending->len >= BUFFER_LIMIT)
    {
      g_usleep (1000); /* the guest does not read: leave the rest in the pipe */
      return G_SOURCE_CONTINUE;
    }
  n = read (fd, buffer, sizeof buffer);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n <= 0)
    {
      machine_lock_acquire (chardev->lock);
      chardev_close_client (chardev);
      machine_lock_release (chardev->lock);
      return G_SOURCE_REMOVE;
    }
  if (chardev->terminal)
    n = chardev_filter_escape (chardev, buffer, n);
  machine_lock_acquire (chardev->lock);
  g_byte_array_append (chardev->pending, buffer, n);
  chardev_deliver (chardev);
  machine_lock_release (chardev->lock);
  return G_SOURCE_CONTINUE;
}

static void
chardev_watch_input (Chardev *chardev, int fd)
{
  chardev->in_fd = fd;
  chardev->in_source = g_unix_fd_source_new (fd, G_IO_IN | G_IO_HUP);
  g_source_set_callback (chardev->in_source, G_SOURCE_FUNC (chardev_readable), chardev, NULL);
  g_source_attach (chardev->in_source, chardev->context);
}

Chardev *
chardev_new_null (void)
{
  return chardev_new ();
}

Chardev *
chardev_new_buffer (void)
{
  Chardev *chardev = chardev_new ();

  chardev->output = g_byte_array_new ();
  return chardev;
}

Chardev *
chardev_new_stdio (GMainContext *context, MachineLock *lock, GError **error)
{
  Chardev *chardev = chardev_new ();

  chardev->context = context;
  chardev->lock = lock;
  chardev->out_fd = STDOUT_FILENO;
  if (tcgetattr (STDIN_FILENO, &chardev->terminal_before) == 0)
    {
      struct termios raw = chardev->terminal_before;

      chardev->terminal = TRUE;
      raw.c_iflag &= ~(ICRNL | IXON | ISTRIP);
      raw.c_lflag &= ~(ICANON | ECHO | ISIG | IEXTEN);
      tcsetattr (STDIN_FILENO, TCSANOW, &raw);
    }
  chardev_watch_input (chardev, STDIN_FILENO);
  return chardev;
}

Chardev *
chardev_new_file (const char *path, GError **error)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  Chardev *chardev;

  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   _ ("“%s” cannot be written: %s. Choose another file for the serial line."), path,
                   g_strerror (errno));
      return NULL;
    }
  chardev = chardev_new ();
  chardev->out_fd = fd;
  return chardev;
}

static gboolean
chardev_connected (int fd, GIOCondition condition, gpointer data)
{
  Chardev *chardev = data;
  int client = accept4 (fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

  if (client < 0)
    return G_SOURCE_CONTINUE;
  machine_lock_acquire (chardev->lock);
  if (chardev->in_fd >= 0)
    close (client); /* one client at a time */
  else
    {
      chardev->out_fd = client;
      chardev_watch_input (chardev, client);
    }
  machine_lock_release (chardev->lock);
  return G_SOURCE_CONTINUE;
}

Chardev *
chardev_new_socket (const char *path, GMainContext *context, MachineLock *lock, GError **error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  Chardev *chardev;
  int fd;

  if (strlen (path) >= sizeof address.sun_path)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG,
                   _ ("“%s” is too long for a socket: use a path of at most %zu bytes."), path,
                   sizeof address.sun_path - 1);
      return NULL;
    }
  strcpy (address.sun_path, path);
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind (fd, (struct sockaddr *) &address, sizeof address) < 0 || listen (fd, 1) < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   _ ("No socket can be made at “%s”: %s. Choose another path for the serial "
                      "line."),
                   path, g_strerror (errno));
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  chardev = chardev_new ();
  chardev->context = context;
  chardev->lock = lock;
  chardev->listen_fd = fd;
  chardev->socket_path = g_strdup (path);
  chardev->listen_source = g_unix_fd_source_new (fd, G_IO_IN);
  g_source_set_callback (chardev->listen_source, G_SOURCE_FUNC (chardev_connected), chardev, NULL);
  g_source_attach (chardev->listen_source, context);
  return chardev;
}

void
chardev_free (Chardev *chardev)
{
  if (chardev == NULL)
    return;
  if (chardev->terminal)
    tcsetattr (STDIN_FILENO, TCSANOW, &chardev->terminal_before);
  chardev_close_client (chardev);
  if (chardev->listen_source != NULL)
    {
      g_source_destroy (chardev->listen_source);
      g_source_unref (chardev->listen_source);
      close (chardev->listen_fd);
      unlink (chardev->socket_path);
    }
  if (chardev->out_fd > STDERR_FILENO)
    close (chardev->out_fd);
  g_clear_pointer (&chardev->output, g_byte_array_unref);
  g_byte_array_unref (chardev->pending);
  g_free (chardev->socket_path);
  g_free (chardev);
}

/* Waits a little for a slow reader, so that no line of a boot log is lost in a pipe, but never for
 * one that has stopped reading. */
static void
chardev_write_fd (int fd, const uint8_t *data, size_t length)
{
  unsigned patience = 100;

  while (length > 0)
    {
      ssize_t n = write (fd, data, length);

      if (n > 0)
        {
          data += n;
          length -= n;
        }
      else if (n < 0 && errno == EAGAIN && patience-- > 0)
        g_usleep (100);
      else if (n < 0 && errno != EINTR)
        return;
    }
}

void
chardev_write (Chardev *chardev, const void *data, size_t length)
{
  if (chardev->output != NULL)
    {
      g_byte_array_append (chardev->output, data, length);
      if (chardev->output->len > BUFFER_LIMIT)
        g_byte_array_remove_range (chardev->output, 0, chardev->output->len - BUFFER_LIMIT);
    }
  if (chardev->out_fd >= 0)
    chardev_write_fd (chardev->out_fd, data, length);
}

void
chardev_set_receiver (Chardev *chardev, ChardevRoom room, ChardevReceive receive, void *device)
{
  chardev->room = room;
  chardev->receive = receive;
  chardev->device = device;
}

void
chardev_accept_input (Chardev *chardev)
{
  chardev_deliver (chardev);
}

const GByteArray *
chardev_get_output (Chardev *chardev)
{
  g_assert (chardev->output != NULL);
  return chardev->output;
}

void
chardev_feed (Chardev *chardev, const void *data, size_t length)
{
  g_assert (chardev->output != NULL);
  g_byte_array_append (chardev->pending, data, length);
  chardev_deliver (chardev);
}
