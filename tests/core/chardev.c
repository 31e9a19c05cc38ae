/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm-core/chardev.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "vmm-core/unix-socket.h"

#define LONG_NAME                                                                                  \
  "a-long-name-a-long-name-a-long-name-a-long-name-a-long-name-a-long-name-a-long-name-a-long-"    \
  "name"

typedef struct
{
  size_t room;
  GString *text;
} Line;

static size_t
line_room (void *device)
{
  return ((Line *) device)->room;
}

static void
line_receive (void *device, const uint8_t *data, size_t length)
{
  Line *line = device;

  g_assert_cmpuint (length, <=, line->room);
  line->room -= length;
  g_string_append_len (line->text, (const char *) data, length);
}

static void
test_input_waits_for_room (void)
{
  g_autoptr (Chardev) chardev = chardev_new_buffer ();
  Line line = { 2, g_string_new (NULL) };

  chardev_set_receiver (chardev, line_room, line_receive, &line);
  chardev_feed (chardev, "hello", 5);
  g_assert_cmpstr (line.text->str, ==, "he");
  line.room = 16;
  chardev_accept_input (chardev);
  g_assert_cmpstr (line.text->str, ==, "hello");
  chardev_write (chardev, "out", 3);
  g_assert_cmpmem (chardev_get_output (chardev)->data, chardev_get_output (chardev)->len, "out", 3);
  g_string_free (line.text, TRUE);
}

static void
test_a_file_takes_the_output (void)
{
  g_autofree char *folder = g_dir_make_tmp ("chardev-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "serial.log", NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  Chardev *chardev = chardev_new_file (path, &error);

  g_assert_no_error (error);
  chardev_write (chardev, "login:", 6);
  chardev_free (chardev);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "login:");
  g_assert_null (chardev_new_file (folder, &error));
  g_assert_nonnull (strstr (error->message, folder));
  unlink (path);
  rmdir (folder);
}

static void
test_a_socket_serves_a_client (void)
{
  g_autofree char *folder = g_dir_make_tmp ("chardev-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "serial", NULL);
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GError) error = NULL;
  Chardev *chardev = chardev_new_socket (path, context, NULL, &error);
  Line line = { 16, g_string_new (NULL) };
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int client = socket (AF_UNIX, SOCK_STREAM, 0);
  char buffer[8] = "";

  g_assert_no_error (error);
  chardev_set_receiver (chardev, line_room, line_receive, &line);
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_assert_cmpint (connect (client, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (write (client, "ls\n", 3), ==, 3);
  while (line.text->len < 3)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpstr (line.text->str, ==, "ls\n");
  chardev_write (chardev, "bin", 3);
  g_assert_cmpint (read (client, buffer, 7), ==, 3);
  g_assert_cmpstr (buffer, ==, "bin");

  /* The next client is served after this one has gone. */
  close (client);
  while (g_main_context_iteration (context, FALSE))
    ;
  client = socket (AF_UNIX, SOCK_STREAM, 0);
  g_assert_cmpint (connect (client, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (write (client, "ps\n", 3), ==, 3);
  while (line.text->len < 6)
    g_main_context_iteration (context, TRUE);
  close (client);
  chardev_free (chardev);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  rmdir (folder);
  g_string_free (line.text, TRUE);
}

/* A pipe may have no reader, or one that stops: it is refused at once. */
static void
test_a_pipe_is_no_file (void)
{
  g_autofree char *folder = g_dir_make_tmp ("chardev-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "pipe", NULL);
  int reader = -1;

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  for (unsigned i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (chardev_new_file (path, &error));
      g_assert_nonnull (strstr (error->message, path));
      g_assert_nonnull (strstr (error->message, "pipe"));
      if (i == 0)
        reader = open (path, O_RDONLY | O_NONBLOCK);
    }
  close (reader);
  unlink (path);
  rmdir (folder);
}

typedef struct
{
  char *folder, *path;
  GMainContext *context;
  Chardev *chardev;
  Line line;
} SocketRig;

static void
set_up (SocketRig *rig, gconstpointer name)
{
  rig->folder = g_dir_make_tmp ("chardev-XXXXXX", NULL);
  rig->path = g_build_filename (rig->folder, name, NULL);
  rig->context = g_main_context_new ();
  rig->line.text = g_string_new (NULL);
}

static gboolean
listen_at (SocketRig *rig, GError **error)
{
  rig->chardev = chardev_new_socket (rig->path, rig->context, NULL, error);
  if (rig->chardev != NULL)
    chardev_set_receiver (rig->chardev, line_room, line_receive, &rig->line);
  return rig->chardev != NULL;
}

static void
serve (SocketRig *rig)
{
  while (g_main_context_iteration (rig->context, FALSE))
    ;
}

static int
come (SocketRig *rig)
{
  g_autoptr (GError) error = NULL;
  int client = unix_socket_connect (rig->path, &error);

  g_assert_no_error (error);
  serve (rig);
  return client;
}

static void
tear_down (SocketRig *rig, gconstpointer name)
{
  chardev_free (rig->chardev);
  g_assert_false (g_file_test (rig->path, G_FILE_TEST_EXISTS));
  rmdir (rig->folder);
  g_main_context_unref (rig->context);
  g_string_free (rig->line.text, TRUE);
  g_free (rig->folder);
  g_free (rig->path);
}

/* Takes what is there, and has more sent, until nothing comes any more: how many bytes in a row. */
static size_t
read_all (SocketRig *rig, int client)
{
  uint8_t buffer[65536];
  size_t total = 0;
  ssize_t n;

  for (; (n = read (client, buffer, sizeof buffer)) > 0; serve (rig))
    for (ssize_t i = 0; i < n; i++)
      g_assert_cmpuint (buffer[i], ==, (uint8_t) (total++ / 1000));
  return total;
}

/* A client that stops reading loses bytes beyond what is kept for it; nobody waits. */
static void
test_a_silent_reader (SocketRig *rig, gconstpointer name)
{
  uint8_t line[1000];
  size_t kept;
  int client;

  g_assert_true (listen_at (rig, NULL));
  client = come (rig);
  for (unsigned i = 0; i < 4096; i++)
    {
      memset (line, i, sizeof line);
      chardev_write (rig->chardev, line, sizeof line);
    }
  kept = read_all (rig, client);
  g_assert_cmpuint (kept, >=, 1 << 20);
  g_assert_cmpuint (kept, <, 3 << 20);
  memset (line, 0, sizeof line);
  chardev_write (rig->chardev, line, sizeof line);
  g_assert_cmpuint (read_all (rig, client), ==, sizeof line);
  close (client);
}

/* A client that sends more than the guest reads waits; when it vanishes, the next is served. */
static void
test_a_flood (SocketRig *rig, gconstpointer name)
{
  static const char bytes[65536] = "x";
  size_t sent = 0;
  ssize_t n;
  int client;

  g_assert_true (listen_at (rig, NULL));
  client = come (rig);
  while ((n = write (client, bytes, sizeof bytes)) > 0)
    {
      sent += n;
      serve (rig);
      g_assert_cmpuint (sent, <, 16 << 20);
    }
  for (rig->line.room = 100000; rig->line.room > 50000; serve (rig))
    chardev_accept_input (rig->chardev);
  rig->line.room = 0;
  serve (rig);
  close (client);
  serve (rig);
  client = come (rig);
  chardev_write (rig->chardev, "next", 4);
  g_assert_cmpint (read (client, (char[4]){ 0 }, 4), ==, 4);
  close (client);
}

/* What a process that was killed left behind does not count; a file, or a living socket, does. */
static void
test_leftovers (SocketRig *rig, gconstpointer name)
{
  g_autoptr (GError) error = NULL;
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int dead = socket (AF_UNIX, SOCK_STREAM, 0);

  g_strlcpy (address.sun_path, rig->path, sizeof address.sun_path);
  g_assert_cmpint (bind (dead, (struct sockaddr *) &address, sizeof address), ==, 0);
  close (dead);
  g_assert_true (g_file_test (rig->path, G_FILE_TEST_EXISTS));
  g_assert_true (listen_at (rig, NULL));
  g_assert_null (chardev_new_socket (rig->path, rig->context, NULL, &error));
  g_assert_nonnull (strstr (error->message, rig->path));
  g_clear_error (&error);
  g_clear_pointer (&rig->chardev, chardev_free);

  g_assert_true (g_file_set_contents (rig->path, "precious", -1, NULL));
  g_assert_false (listen_at (rig, &error));
  g_assert_nonnull (strstr (error->message, rig->path));
  g_assert_true (g_file_test (rig->path, G_FILE_TEST_IS_REGULAR));
  unlink (rig->path);
}

/* Longer than an address of the kernel's: the socket is where it was wanted nevertheless. */
static void
test_a_long_path (SocketRig *rig, gconstpointer name)
{
  g_autofree char *deep = g_build_filename (rig->folder, name, NULL);

  g_assert_cmpint (g_mkdir (deep, 0700), ==, 0);
  g_free (rig->path);
  rig->path = g_build_filename (deep, "serial", NULL);
  g_assert_cmpuint (strlen (rig->path), >, 107);
  g_assert_true (listen_at (rig, NULL));
  g_assert_true (g_file_test (rig->path, G_FILE_TEST_EXISTS));
  close (come (rig));
  g_clear_pointer (&rig->chardev, chardev_free);
  g_assert_cmpint (g_rmdir (deep), ==, 0);
}

static void
test_a_long_name (SocketRig *rig, gconstpointer name)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (listen_at (rig, &error));
  g_assert_nonnull (strstr (error->message, name));
}

/* Without a descriptor for whoever knocks, nothing spins; with one again, he is let in. */
static void
test_no_descriptors (SocketRig *rig, gconstpointer name)
{
  struct rlimit before, none;
  struct timespec start, end;
  gint64 until = g_get_monotonic_time () + G_USEC_PER_SEC / 2;
  int client;

  g_assert_true (listen_at (rig, NULL));
  client = unix_socket_connect (rig->path, NULL);
  getrlimit (RLIMIT_NOFILE, &before);
  none = (struct rlimit){ client + 1, before.rlim_max };
  setrlimit (RLIMIT_NOFILE, &none);
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &start);
  while (g_get_monotonic_time () < until)
    g_main_context_iteration (rig->context, TRUE);
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &end);
  setrlimit (RLIMIT_NOFILE, &before);
  g_assert_cmpint ((end.tv_sec - start.tv_sec) * 1000000000 + end.tv_nsec - start.tv_nsec, <,
                   50000000);
  rig->line.room = 1;
  g_assert_cmpint (write (client, "x", 1), ==, 1);
  while (rig->line.text->len == 0)
    g_main_context_iteration (rig->context, TRUE);
  close (client);
}

#define ADD(path, name, function) g_test_add (path, SocketRig, name, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/chardev/room", test_input_waits_for_room);
  g_test_add_func ("/chardev/file", test_a_file_takes_the_output);
  g_test_add_func ("/chardev/pipe", test_a_pipe_is_no_file);
  g_test_add_func ("/chardev/socket", test_a_socket_serves_a_client);
  ADD ("/chardev/silent-reader", "serial", test_a_silent_reader);
  ADD ("/chardev/flood", "serial", test_a_flood);
  ADD ("/chardev/leftovers", "serial", test_leftovers);
  ADD ("/chardev/no-descriptors", "serial", test_no_descriptors);
  ADD ("/chardev/long-path", LONG_NAME, test_a_long_path);
  ADD ("/chardev/long-name", LONG_NAME LONG_NAME, test_a_long_name);
  return g_test_run ();
}
