/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm-core/chardev.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/chardev/room", test_input_waits_for_room);
  g_test_add_func ("/chardev/file", test_a_file_takes_the_output);
  g_test_add_func ("/chardev/socket", test_a_socket_serves_a_client);
  return g_test_run ();
}
