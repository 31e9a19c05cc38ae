/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chardev.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "output-fd.h"
#include "real-path.h"
#include "unix-socket.h"

#define OUTPUT_LIMIT (1u << 20)
#define INPUT_LIMIT 4096u
#define LAST_WORDS_MS 1000 /* for what is unsent when the line ends */
#define ESCAPE 0x01        /* Ctrl+A */

/* How to write without waiting. */
typedef enum
{
  OUT_NEVER_WAITS, /* a file, or O_NONBLOCK */
  OUT_SOCKET,      /* by MSG_DONTWAIT */
  OUT_MAY_WAIT     /* a byte at a time, when there is room */
} OutKind;

struct Chardev
{
  GMainContext *context;
  MachineLock *lock;
  int in_fd, out_fd; /* -1: none */
  OutKind out_kind;
  UnixListener *listener;
  GSource *in_source, *out_source;
  GByteArray *output;  /* buffer kind */
  GByteArray *unsent;  /* output the far end had no room for */
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

  chardev->in_fd = chardev->out_fd = -1;
  chardev->unsent = g_byte_array_new ();
  chardev->pending = g_byte_array_new ();
  return chardev;
}

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
chardev_set_output (Chardev *chardev, int fd)
{
  struct stat about;

  chardev->out_fd = fd;
  chardev->out_kind = OUT_MAY_WAIT;
  if (fstat (fd, &about) == 0 && S_ISSOCK (about.st_mode))
    chardev->out_kind = OUT_SOCKET;
  else if (S_ISREG (about.st_mode) || (fcntl (fd, F_GETFL) & O_NONBLOCK))
    chardev->out_kind = OUT_NEVER_WAITS;
}

static void chardev_watch_input (Chardev *chardev);

/* Hands pending input to the device as far as it has room. Lock held. */
static void
chardev_deliver (Chardev *chardev)
{
  gboolean was_full = chardev->pending->len >= INPUT_LIMIT;

  while (chardev->pending->len > 0 && chardev->receive != NULL)
    {
      size_t room = chardev->room (chardev->device);
      size_t n = MIN (room, chardev->pending->len);

      if (n == 0)
        break;
      chardev->receive (chardev->device, chardev->pending->data, n);
      g_byte_array_remove_range (chardev->pending, 0, n);
    }
  if (chardev->in_fd >= 0 && was_full != (chardev->pending->len >= INPUT_LIMIT))
    chardev_watch_input (chardev);
}

/* Nothing more comes in; a client of a socket is gone. Lock held. */
static void
chardev_end_input (Chardev *chardev)
{
  clear_source (&chardev->in_source);
  if (chardev->listener != NULL && chardev->in_fd >= 0)
    {
      clear_source (&chardev->out_source);
      g_byte_array_set_size (chardev->unsent, 0);
      close (chardev->in_fd);
      chardev->out_fd = -1;
    }
  chardev->in_fd = -1;
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
  uint8_t buffer[INPUT_LIMIT];
  ssize_t n = 0;

  machine_lock_acquire (chardev->lock);
  if (chardev->pending->len < INPUT_LIMIT)
    n = read (fd, buffer, INPUT_LIMIT - chardev->pending->len);
  if (n > 0)
    {
      if (chardev->terminal)
        n = chardev_filter_escape (chardev, buffer, n);
      g_byte_array_append (chardev->pending, buffer, n);
      chardev_watch_input (chardev);
      chardev_deliver (chardev);
    }
  else if (n == 0 || (errno != EAGAIN && errno != EINTR))
    chardev_end_input (chardev);
  machine_lock_release (chardev->lock);
  return G_SOURCE_CONTINUE;
}

/* What the guest does not read stays with the far end; a client that leaves meanwhile is
 * noticed. */
static void
chardev_watch_input (Chardev *chardev)
{
  gboolean full = chardev->pending->len >= INPUT_LIMIT;

  clear_source (&chardev->in_source);
  if (full && chardev->listener == NULL)
    return;
  chardev->in_source = g_unix_fd_source_new (chardev->in_fd, full ? G_IO_HUP : G_IO_IN | G_IO_HUP);
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
  int fd;

  chardev->context = context;
  chardev->lock = lock;
  fd = output_fd_open (STDOUT_FILENO);
  chardev_set_output (chardev, fd >= 0 ? fd : STDOUT_FILENO);
  if (tcgetattr (STDIN_FILENO, &chardev->terminal_before) == 0)
    {
      struct termios raw = chardev->terminal_before;

      chardev->terminal = TRUE;
      raw.c_iflag &= ~(ICRNL | IXON | ISTRIP);
      raw.c_lflag &= ~(ICANON | ECHO | ISIG | IEXTEN);
      tcsetattr (STDIN_FILENO, TCSANOW, &raw);
    }
  chardev->in_fd = STDIN_FILENO;
  chardev_watch_input (chardev);
  return chardev;
}

Chardev *
chardev_new_file (const char *path, GError **error)
{
  int fd = real_path_open (path, O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY, 0600);
  struct stat about;
  Chardev *chardev;

  if (fd < 0 && errno != ENXIO)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   _ ("“%s” cannot be written: %s. Choose another file for the serial line."), path,
                   g_strerror (errno));
      return NULL;
    }
  /* Nobody may read from a pipe, ever (ENXIO: nobody does now). */
  if (fd < 0 || fstat (fd, &about) < 0 || (!S_ISREG (about.st_mode) && !S_ISCHR (about.st_mode)))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                   _ ("“%s” is a pipe or a socket, not a file: choose a file for the serial line, "
                      "or socket:PATH."),
                   path);
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  /* By another name it may be a file that nobody meant. */
  if (S_ISREG (about.st_mode) && (about.st_nlink > 1 || ftruncate (fd, 0) < 0))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                   _ ("“%s” cannot be emptied, or has a second name: choose another file for the "
                      "serial line."),
                   path);
      close (fd);
      return NULL;
    }
  chardev = chardev_new ();
  chardev_set_output (chardev, fd);
  return chardev;
}

static void
chardev_connected (void *data, int client)
{
  Chardev *chardev = data;

  machine_lock_acquire (chardev->lock);
  if (chardev->in_fd >= 0)
    close (client); /* one client at a time */
  else
    {
      chardev->in_fd = client;
      chardev_set_output (chardev, client);
      chardev_watch_input (chardev);
    }
  machine_lock_release (chardev->lock);
}

Chardev *
chardev_new_socket (const char *path, GMainContext *context, MachineLock *lock, GError **error)
{
  Chardev *chardev = chardev_new ();

  chardev->context = context;
  chardev->lock = lock;
  chardev->listener = unix_listener_new (path, context, chardev_connected, chardev, error);
  if (chardev->listener == NULL)
    g_clear_pointer (&chardev, chardev_free);
  return chardev;
}

/* One write that does not wait; -1 with EAGAIN when there is no room. */
static ssize_t
write_once (const Chardev *chardev, const uint8_t *data, size_t length)
{
  struct pollfd room = { chardev->out_fd, POLLOUT, 0 };

  if (chardev->out_kind == OUT_NEVER_WAITS)
    return write (chardev->out_fd, data, length);
  if (chardev->out_kind == OUT_SOCKET)
    return send (chardev->out_fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (poll (&room, 1, 0) == 1)
    return write (chardev->out_fd, data, 1);
  errno = EAGAIN;
  return -1;
}

/* How much of data the far end took at once; what it will never take counts as taken. */
static size_t
write_now (const Chardev *chardev, const uint8_t *data, size_t length)
{
  size_t done = 0;

  while (done < length)
    {
      ssize_t n = write_once (chardev, data + done, length - done);

      if (n > 0)
        done += n;
      else if (n == 0 || errno == EAGAIN)
        return done;
      else if (errno != EINTR)
        return length;
    }
  return done;
}

static gboolean
chardev_writable (int fd, GIOCondition condition, gpointer data)
{
  Chardev *chardev = data;

  machine_lock_acquire (chardev->lock);
  g_byte_array_remove_range (chardev->unsent, 0,
                             write_now (chardev, chardev->unsent->data, chardev->unsent->len));
  if (chardev->unsent->len == 0)
    clear_source (&chardev->out_source);
  machine_lock_release (chardev->lock);
  return G_SOURCE_CONTINUE;
}

static void
chardev_send (Chardev *chardev, const uint8_t *data, size_t length)
{
  size_t done = chardev->unsent->len == 0 ? write_now (chardev, data, length) : 0;

  if (done == length || chardev->context == NULL)
    return;
  g_byte_array_append (chardev->unsent, data + done,
                       MIN (length - done, OUTPUT_LIMIT - chardev->unsent->len));
  if (chardev->out_source != NULL)
    return;
  chardev->out_source = g_unix_fd_source_new (chardev->out_fd, G_IO_OUT);
  g_source_set_callback (chardev->out_source, G_SOURCE_FUNC (chardev_writable), chardev, NULL);
  g_source_attach (chardev->out_source, chardev->context);
}

void
chardev_write (Chardev *chardev, const void *data, size_t length)
{
  if (chardev->output != NULL)
    {
      g_byte_array_append (chardev->output, data, length);
      if (chardev->output->len > OUTPUT_LIMIT)
        g_byte_array_remove_range (chardev->output, 0, chardev->output->len - OUTPUT_LIMIT);
    }
  if (chardev->out_fd >= 0)
    chardev_send (chardev, data, length);
}

/* The end of a log is what matters most of it: a reader that is only slow gets a moment. */
static void
chardev_send_rest (Chardev *chardev)
{
  gint64 deadline = g_get_monotonic_time () + LAST_WORDS_MS * 1000;
  size_t done = 0;

  while (done < chardev->unsent->len && g_get_monotonic_time () < deadline)
    {
      struct pollfd ready = { chardev->out_fd, POLLOUT, 0 };

      if (poll (&ready, 1, (deadline - g_get_monotonic_time ()) / 1000) == 0)
        return;
      done += write_now (chardev, chardev->unsent->data + done, chardev->unsent->len - done);
    }
}

void
chardev_free (Chardev *chardev)
{
  if (chardev == NULL)
    return;
  if (chardev->terminal)
    tcsetattr (STDIN_FILENO, TCSANOW, &chardev->terminal_before);
  clear_source (&chardev->out_source);
  chardev_send_rest (chardev);
  chardev_end_input (chardev);
  unix_listener_free (chardev->listener);
  if (chardev->out_fd > STDERR_FILENO)
    close (chardev->out_fd);
  g_clear_pointer (&chardev->output, g_byte_array_unref);
  g_byte_array_unref (chardev->unsent);
  g_byte_array_unref (chardev->pending);
  g_free (chardev);
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
