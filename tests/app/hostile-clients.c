/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clients of a machine's control socket that are silent, flood, vanish or cheat, and a guest that
 * resets itself without end. Whatever they do costs only themselves: everybody else is answered,
 * the machine's memory and descriptors stay what they were, and it ends when it is told to. */
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "display-interfaces.h"
#include "vm-rig.h"
#include "vmm-core/control-names.h"
#include "vmm-core/unix-socket.h"

#define BIOS_SIZE 65536
#define RESET_VECTOR (BIOS_SIZE - 16)
#define MIB 1024  /* KiB */
#define HOLDS 200 /* answers to others in a row, while a client's calls are not taken */

/* Checked memory is larger, and is kept for a while after it was freed. */
#ifdef __SANITIZE_ADDRESS__
#define MOST(mebibytes) (4 * (mebibytes) *MIB)
#else
#define MOST(mebibytes) ((mebibytes) *MIB)
#endif

static const char *vm_program;

typedef struct
{
  VmRig vm;
  char *output;
} Fixture;

/* What a guest is made of: a BIOS that has these bytes at the reset vector and at F0000h. */
typedef struct
{
  const char *accelerator;
  const char *vector;
  gsize vector_size;
  const char *code;
  gsize code_size;
} Guest;

#define BYTES(string) string, sizeof (string) - 1

static const Guest no_guest = { "none", BYTES (""), BYTES ("") };

/* lidt cs:[0fff8h], a table without an entry; int 3: that faults three times. */
static const Guest triple_fault
  = { "translator", BYTES ("\x2e\x0f\x01\x1e\xf8\xff\xcc\xf4\0\0\0\0\0\0"), BYTES ("") };

/* Resets the board by CF9h: mov dx, 0cf9h; mov al, 6; out dx, al; hlt. */
static const Guest hard_reset
  = { "translator", BYTES ("\xba\xf9\x0c\xb0\x06\xee\xf4"), BYTES ("") };

/* What comes from the keyboard and the mouse goes to the serial line. */
static const Guest echo = { "interpreter", BYTES ("\xea\0\0\0\xf0"),
                            BYTES ("\xe4\x64"     /* in al, 64h */
                                   "\xa8\x01"     /* test al, 1 */
                                   "\x74\xfa"     /* jz 0 */
                                   "\xe4\x60"     /* in al, 60h */
                                   "\xba\xf8\x03" /* mov dx, 3f8h */
                                   "\xee"         /* out dx, al */
                                   "\xeb\xf2") }; /* jmp 0 */

static GDBusConnection *
connect_to (Fixture *f)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  int fd = unix_socket_connect (f->vm.socket, NULL);

  if (fd < 0)
    return NULL;
  socket = g_socket_new_from_fd (fd, NULL);
  stream = g_socket_connection_factory_create_connection (socket);
  return g_dbus_connection_new_sync (
    G_IO_STREAM (stream), NULL, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL, NULL);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const Guest *guest = data;
  g_autofree char *image = g_malloc0 (BIOS_SIZE);
  g_autofree char *serial = NULL;
  g_autofree char *bios = NULL;

  vm_rig_open (&f->vm);
  f->output = g_build_filename (f->vm.folder, "output", NULL);
  serial = g_strconcat ("file:", f->output, NULL);
  bios = g_build_filename (f->vm.folder, "bios", NULL);
  memcpy (image, guest->code, guest->code_size);
  memcpy (image + RESET_VECTOR, guest->vector, guest->vector_size);
  g_assert_true (g_file_set_contents (bios, image, BIOS_SIZE, NULL));
  vm_rig_start (&f->vm, vm_program, "--accel", guest->accelerator, "--memory", "16", "--bios", bios,
                "--serial", serial, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gh_machine1_call_quit_sync (f->vm.machine, NULL, &error));
  g_assert_no_error (error);
  vm_rig_close (&f->vm);
  g_free (f->output);
}

/* The machine seen from outside */

static unsigned
count_descriptors (Fixture *f)
{
  g_autofree char *path
    = g_strdup_printf ("/proc/%s/fd", g_subprocess_get_identifier (f->vm.process));
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  unsigned n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* KiB */
static unsigned
get_resident (Fixture *f)
{
  g_autofree char *path
    = g_strdup_printf ("/proc/%s/status", g_subprocess_get_identifier (f->vm.process));
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return atoi (strstr (text, "VmRSS:") + strlen ("VmRSS:"));
}

static void
expect_answer (Fixture *f)
{
  g_autoptr (GVariant) counters = NULL;
  g_autoptr (GError) error = NULL;

  gh_machine1_call_statistics_sync (f->vm.machine, &counters, NULL, &error);
  g_assert_no_error (error);
}

static void
wait_a_moment (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_usleep (10000);
}

/* A client without a library */

static gboolean
write_all (int fd, const void *data, gsize length)
{
  for (gsize done = 0; done < length;)
    {
      ssize_t n = send (fd, (const char *) data + done, length - done, MSG_NOSIGNAL);

      if (n <= 0)
        return FALSE;
      done += n;
    }
  return TRUE;
}

/* Connected and known; the socket does not wait. */
static int
come (Fixture *f)
{
  g_autofree char *uid = g_strdup_printf ("%u", getuid ());
  g_autoptr (GString) login = g_string_new ("AUTH EXTERNAL ");
  int fd = unix_socket_connect (f->vm.socket, NULL);
  char answer[256];
  ssize_t n;

  g_assert_cmpint (fd, >=, 0);
  for (const char *at = uid; *at != '\0'; at++)
    g_string_append_printf (login, "%02x", *at);
  g_string_append (login, "\r\n");
  g_assert_true (write_all (fd, "", 1));
  g_assert_true (write_all (fd, login->str, login->len));
  while ((n = recv (fd, answer, sizeof answer, 0)) < 0 && errno == EAGAIN)
    g_usleep (1000);
  g_assert_cmpint (n, >, 2);
  g_assert_cmpmem (answer, 2, "OK", 2);
  g_assert_true (write_all (fd, "BEGIN\r\n", 7));
  return fd;
}

static GBytes *
make_call (const char *interface, const char *method, GVariant *parameters, gboolean answer)
{
  g_autoptr (GDBusMessage) message = g_dbus_message_new_method_call (
    NULL, g_str_has_prefix (interface, "org.qemu") ? CONTROL_CONSOLE_PATH : CONTROL_MACHINE_PATH,
    interface, method);
  guchar *blob;
  gsize size;

  if (!answer)
    g_dbus_message_set_flags (message, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  if (parameters != NULL)
    g_dbus_message_set_body (message, parameters);
  g_dbus_message_set_serial (message, 1);
  blob = g_dbus_message_to_blob (message, &size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
  return g_bytes_new_take (blob, size);
}

/* Sends a call again and again, without reading, until there were most of them, the client was cut
 * off, or none was taken while the machine answered so many calls of ours: how many. */
static unsigned
flood (Fixture *f, int fd, GBytes *call, unsigned most, unsigned answers)
{
  g_autofree uint8_t *copy = g_memdup2 (g_bytes_get_data (call, NULL), g_bytes_get_size (call));
  gsize size = g_bytes_get_size (call), done = 0;
  unsigned sent = 0;

  for (unsigned answered = 0; answered < answers && sent < most;)
    {
      uint32_t serial = GUINT32_TO_LE (sent + 1);
      ssize_t n;

      memcpy (copy + 8, &serial, sizeof serial);
      n = send (fd, copy + done, size - done, MSG_NOSIGNAL);
      if (n < 0 && errno != EAGAIN)
        return sent;
      if (n < 0)
        {
          answered++;
          expect_answer (f);
          continue;
        }
      answered = 0;
      done += n;
      if (done == size)
        {
          done = 0;
          sent++;
        }
    }
  return sent;
}

/* Tests */

static void
test_many_connections (Fixture *f, gconstpointer data)
{
  unsigned before = count_descriptors (f);

  for (unsigned i = 0; i < 1200; i++)
    {
      g_autoptr (GDBusConnection) connection = i % 4 == 0 ? connect_to (f) : NULL;

      if (i % 4 != 0)
        close (i % 4 == 1 ? unix_socket_connect (f->vm.socket, NULL) : come (f));
      else
        g_assert_true (g_dbus_connection_close_sync (connection, NULL, NULL));
    }
  while (count_descriptors (f) > before)
    expect_answer (f);
  expect_answer (f);
}

/* Connections that stay, silent or known, use up no more than their share. */
static void
test_connections_that_stay (Fixture *f, gconstpointer data)
{
  unsigned before = count_descriptors (f);
  int fds[200];

  for (unsigned i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      fds[i] = i % 2 == 0 ? unix_socket_connect (f->vm.socket, NULL) : come (f);
      expect_answer (f);
    }
  g_assert_cmpuint (count_descriptors (f), <, before + 100);
  {
    g_autoptr (GDBusConnection) another = connect_to (f);

    g_assert_nonnull (another);
  }
  expect_answer (f);
  for (unsigned i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

/* Asks for more and more and takes nothing of it. */
static void
test_no_reader (Fixture *f, gconstpointer data)
{
  static const char *const methods[] = { "Statistics", "Screenshot", "ScreenText", "Nonsense" };
  unsigned before;
  int fds[8];

  expect_answer (f);
  before = get_resident (f);
  for (unsigned i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_autoptr (GBytes) call
        = make_call (CONTROL_MACHINE, methods[i % G_N_ELEMENTS (methods)], NULL, TRUE);

      fds[i] = come (f);
      g_assert_cmpuint (flood (f, fds[i], call, 100000, HOLDS), <, 100000);
      expect_answer (f);
    }
  g_assert_cmpuint (get_resident (f), <, before + MOST (24));
  /* tear_down: the machine ends while they are there. */
}

/* Calls without answers are calls, too: as fast as they are served, and not faster. */
static void
test_flood (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) call
    = make_call (CONTROL_MOUSE, "RelMotion", g_variant_new ("(ii)", 1, 1), FALSE);
  unsigned before;
  int fd = come (f);

  expect_answer (f);
  before = get_resident (f);
  g_assert_cmpuint (flood (f, fd, call, 50000, G_MAXUINT), ==, 50000);
  expect_answer (f);
  g_assert_cmpuint (get_resident (f), <, before + MOST (16));
  close (fd);
}

/* A message that would have to be kept before it can be judged is not kept. */
static void
test_large_message (Fixture *f, gconstpointer data)
{
  g_autofree char *text = g_strnfill (8 * MIB * 1024, 'x');
  g_autoptr (GBytes) call
    = make_call (CONTROL_MACHINE, "TypeText", g_variant_new ("(s)", text), TRUE);
  unsigned before = get_resident (f);
  int fd = come (f);

  g_assert_cmpuint (flood (f, fd, call, 1, G_MAXUINT), ==, 0); /* cut off */
  g_assert_cmpuint (get_resident (f), <, before + MOST (8));
  expect_answer (f);
  close (fd);
}

/* Bytes that are no messages. */
static void
test_nonsense (Fixture *f, gconstpointer data)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  g_autoptr (GBytes) call = make_call (CONTROL_MACHINE, "Statistics", NULL, TRUE);
  gsize size = g_bytes_get_size (call);

  for (unsigned i = 0; i < 200; i++)
    {
      g_autofree uint8_t *copy = g_memdup2 (g_bytes_get_data (call, NULL), size);
      int fd = i % 8 == 0 ? unix_socket_connect (f->vm.socket, NULL) : come (f);

      for (unsigned n = g_rand_int_range (random, 1, 4); n > 0; n--)
        copy[g_rand_int_range (random, 0, size)] = g_rand_int (random);
      write_all (fd, copy, size);
      write_all (fd, copy, g_rand_int_range (random, 0, size));
      close (fd);
      if (i % 30 == 0)
        expect_answer (f);
    }
  expect_answer (f);
}

/* A signal, which goes nowhere, whose header and body together overflow 32 bits to no length. */
static void
test_no_length (Fixture *f, gconstpointer data)
{
  static const uint8_t message[32] = { 'l', 4, 0, 1, 0xf0, 0xff, 0xff, 0xff, 1, 0, 0, 0 };
  int fd = come (f);
  ssize_t n;
  char byte;

  g_assert_true (write_all (fd, message, sizeof message));
  while ((n = recv (fd, &byte, 1, 0)) > 0 || (n < 0 && errno == EAGAIN))
    expect_answer (f);
  close (fd);
}

static void
test_power_in_a_reset_loop (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  for (unsigned i = 0; i < 200; i++)
    {
      gh_machine1_call_power_off_sync (f->vm.machine, NULL, &error);
      g_assert_no_error (error);
      gh_machine1_call_power_on_sync (f->vm.machine, NULL, &error);
      g_assert_no_error (error);
      if (i % 2)
        g_usleep (g_test_rand_int_range (0, 3000));
    }
}

/* A guest that resets itself all the time is told of now and then, also to whoever does not
 * listen. */
static void
count_signal (GDBusProxy *proxy, const char *sender, const char *name, GVariant *parameters,
              gpointer n)
{
  if (g_str_equal (name, "PowerEvent"))
    ++*(unsigned *) n;
}

static void
test_events_of_a_reset_loop (Fixture *f, gconstpointer data)
{
  int silent = come (f);
  unsigned before, n = 0;
  gint64 since;

  expect_answer (f);
  before = get_resident (f);
  wait_a_moment ();
  since = g_get_monotonic_time ();
  g_signal_connect (f->vm.machine, "g-signal", G_CALLBACK (count_signal), &n);
  while (n < 20)
    wait_a_moment ();
  /* Ten a second at most, of which some may have been on the way: however slow this host is, so
   * many are not told faster. */
  g_assert_cmpint (g_get_monotonic_time () - since, >, G_USEC_PER_SEC * 3 / 2);
  g_assert_cmpuint (get_resident (f), <, before + MOST (8));
  expect_answer (f);
  close (silent);
}

/* A viewer's view of the screen */

typedef struct
{
  int fd;
  gsize size;
} Picture;

static gboolean
scanout_map (DisplayListenerUnixMap *listener, GDBusMethodInvocation *invocation, GUnixFDList *fds,
             GVariant *handle, guint offset, guint width, guint height, guint stride, guint format,
             gpointer data)
{
  Picture *picture = data;

  picture->fd = g_unix_fd_list_get (fds, g_variant_get_handle (handle), NULL);
  picture->size = (gsize) stride * height;
  display_listener_unix_map_complete_scanout_map (listener, invocation, NULL);
  return TRUE;
}

static gboolean
offer (Fixture *f, int fd)
{
  g_autoptr (DisplayConsole) console
    = display_console_proxy_new_sync (f->vm.connection, G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES,
                                      NULL, CONTROL_CONSOLE_PATH, NULL, NULL);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();

  g_assert_cmpint (g_unix_fd_list_append (fds, fd, NULL), ==, 0);
  return display_console_call_register_listener_sync (console, g_variant_new_handle (0), fds, NULL,
                                                      NULL, NULL);
}

/* Registers a viewer and waits for its picture. */
static Picture
look (Fixture *f)
{
  const char *interfaces[] = { CONTROL_LISTENER_MAP, NULL };
  g_autoptr (DisplayListener) listener = display_listener_skeleton_new ();
  g_autoptr (DisplayListenerUnixMap) map = display_listener_unix_map_skeleton_new ();
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  g_autoptr (GDBusConnection) connection = NULL;
  Picture picture = { -1, 0 };
  int pair[2];

  display_listener_set_interfaces (listener, interfaces);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  g_assert_true (offer (f, pair[1]));
  close (pair[1]);
  socket = g_socket_new_from_fd (pair[0], NULL);
  stream = g_socket_connection_factory_create_connection (socket);
  connection = g_dbus_connection_new_sync (G_IO_STREAM (stream), NULL,
                                           G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                             | G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                                           NULL, NULL, NULL);
  g_assert_nonnull (connection);
  g_signal_connect (map, "handle-scanout-map", G_CALLBACK (scanout_map), &picture);
  g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (listener), connection,
                                    CONTROL_LISTENER_PATH, NULL);
  g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (map), connection,
                                    CONTROL_LISTENER_PATH, NULL);
  g_dbus_connection_start_message_processing (connection);
  while (picture.fd < 0)
    wait_a_moment ();
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (listener));
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (map));
  g_dbus_connection_close_sync (connection, NULL, NULL);
  return picture;
}

/* The picture is shown, not given. */
static void
test_sealed_picture (Fixture *f, gconstpointer data)
{
  Picture picture = look (f);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", picture.fd);
  int again = open (path, O_RDWR | O_CLOEXEC);
  g_autoptr (GVariant) png = NULL;
  void *pixels;

  g_assert_cmpint (ftruncate (picture.fd, 0), <, 0);
  g_assert_cmpint (ftruncate (picture.fd, picture.size * 2), <, 0);
  g_assert_cmpint (pwrite (picture.fd, "x", 1, 0), <, 0);
  g_assert_true (mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, picture.fd, 0)
                 == MAP_FAILED);
  g_assert_cmpint (fcntl (picture.fd, F_ADD_SEALS, F_SEAL_WRITE), <, 0);
  if (again >= 0)
    {
      g_assert_cmpint (ftruncate (again, 0), <, 0);
      g_assert_cmpint (pwrite (again, "x", 1, 0), <, 0);
      close (again);
    }
  pixels = mmap (NULL, picture.size, PROT_READ, MAP_SHARED, picture.fd, 0);
  g_assert_true (pixels != MAP_FAILED);
  munmap (pixels, picture.size);
  close (picture.fd);
  png = g_dbus_proxy_call_sync (G_DBUS_PROXY (f->vm.machine), "Screenshot", NULL,
                                G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  g_assert_nonnull (png);
}

/* Viewers that never answer take no place from those who do. */
static void
test_silent_viewers (Fixture *f, gconstpointer data)
{
  int silent[40];

  for (unsigned i = 0; i < G_N_ELEMENTS (silent); i++)
    {
      int pair[2];

      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
      g_assert_true (offer (f, pair[1]));
      close (pair[1]);
      silent[i] = pair[0];
    }
  close (look (f).fd);
  for (unsigned i = 0; i < G_N_ELEMENTS (silent); i++)
    close (silent[i]);
}

/* Keys */

static void
call_sync (GDBusConnection *connection, const char *interface, const char *method,
           GVariant *parameters)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
    = g_dbus_connection_call_sync (connection, NULL, CONTROL_CONSOLE_PATH, interface, method,
                                   parameters, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);

  g_assert_no_error (error);
}

/* Scan codes as the controller translates them, with bit 7 when a key is let go. */
#define A 0x1e
#define B 0x30
#define SHIFT 0x2a
#define UP 0x80

/* Waits until the guest has received this code after what it has received before. In between there
 * is nothing but what keys that are held repeat. */
static void
expect_code (Fixture *f, gsize *seen, uint8_t code)
{
  for (;;)
    {
      g_autofree char *text = NULL;
      gsize size = 0;

      g_file_get_contents (f->output, &text, &size, NULL);
      while (*seen < size)
        {
          uint8_t next = text[(*seen)++];

          if (next == code)
            return;
          g_assert_true (next == A || next == SHIFT);
        }
      g_usleep (10000);
    }
}

static void
test_vanishing_typist (Fixture *f, gconstpointer data)
{
  const char *keyboard = CONTROL_KEYBOARD;
  g_autoptr (GDBusConnection) first = connect_to (f);
  g_autoptr (GDBusConnection) second = connect_to (f);
  gsize seen = 0;

  call_sync (first, keyboard, "Press", g_variant_new ("(u)", A));
  expect_code (f, &seen, A);
  call_sync (second, keyboard, "Press", g_variant_new ("(u)", SHIFT));
  expect_code (f, &seen, SHIFT);
  call_sync (first, keyboard, "Press", g_variant_new ("(u)", SHIFT));
  g_dbus_connection_close_sync (first, NULL, NULL);
  expect_code (f, &seen, A | UP); /* shift is still held by the other */
  g_dbus_connection_close_sync (second, NULL, NULL);
  expect_code (f, &seen, SHIFT | UP);
}

/* What a client that has left wanted typed ends, with no key down. */
static void
test_vanishing_author (Fixture *f, gconstpointer data)
{
  g_autofree char *capitals = g_strnfill (20000, 'A');
  g_autoptr (GBytes) call
    = make_call (CONTROL_MACHINE, "TypeText", g_variant_new ("(s)", capitals), FALSE);
  g_autofree char *text = NULL;
  gsize seen = 0, size = 0, before;
  int fd = come (f);

  g_assert_cmpuint (flood (f, fd, call, 1, G_MAXUINT), ==, 1);
  expect_code (f, &seen, SHIFT);
  expect_code (f, &seen, A);
  close (fd);
  do
    {
      before = size;
      g_usleep (G_USEC_PER_SEC / 2);
      g_clear_pointer (&text, g_free);
      g_assert_true (g_file_get_contents (f->output, &text, &size, NULL));
    }
  while (size != before);
  g_assert_cmpuint (size, <, 20000);
  for (gsize i = size; i-- > 0;)
    if (((uint8_t) text[i] & ~UP) == SHIFT)
      {
        g_assert_cmphex ((uint8_t) text[i], ==, SHIFT | UP);
        break;
      }
  expect_answer (f);
}

/* Let go while the machine stands still; what is pressed then is not for later. */
static void
test_release_in_a_pause (Fixture *f, gconstpointer data)
{
  const char *keyboard = CONTROL_KEYBOARD;
  g_autoptr (GDBusConnection) client = connect_to (f);
  gsize seen = 0;

  call_sync (client, keyboard, "Press", g_variant_new ("(u)", A));
  expect_code (f, &seen, A);
  g_assert_true (gh_machine1_call_pause_sync (f->vm.machine, NULL, NULL));
  call_sync (client, keyboard, "Press", g_variant_new ("(u)", B));
  call_sync (client, keyboard, "Release", g_variant_new ("(u)", A));
  g_assert_true (gh_machine1_call_resume_sync (f->vm.machine, NULL, NULL));
  expect_code (f, &seen, A | UP);
}

/* What the machine's process has freed shall not look like what it holds. */
static void
bound_quarantine (void)
{
  const char *options = g_getenv ("ASAN_OPTIONS");
  g_autofree char *more
    = g_strconcat (options != NULL ? options : "", ":quarantine_size_mb=4", NULL);

  g_setenv ("ASAN_OPTIONS", more, TRUE);
}

#define ADD(path, guest, function) g_test_add (path, Fixture, guest, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (argc != 2)
    return 1;
  vm_program = argv[1];
  signal (SIGPIPE, SIG_IGN);
  bound_quarantine ();
  ADD ("/hostile-clients/many-connections", &no_guest, test_many_connections);
  ADD ("/hostile-clients/connections-that-stay", &no_guest, test_connections_that_stay);
  ADD ("/hostile-clients/no-reader", &no_guest, test_no_reader);
  ADD ("/hostile-clients/flood", &no_guest, test_flood);
  ADD ("/hostile-clients/large-message", &no_guest, test_large_message);
  ADD ("/hostile-clients/nonsense", &no_guest, test_nonsense);
  ADD ("/hostile-clients/no-length", &no_guest, test_no_length);
  ADD ("/hostile-clients/sealed-picture", &no_guest, test_sealed_picture);
  ADD ("/hostile-clients/silent-viewers", &no_guest, test_silent_viewers);
  ADD ("/hostile-clients/reset-loop/triple-fault", &triple_fault, test_power_in_a_reset_loop);
  ADD ("/hostile-clients/reset-loop/hard-reset", &hard_reset, test_power_in_a_reset_loop);
  ADD ("/hostile-clients/reset-loop/events", &hard_reset, test_events_of_a_reset_loop);
  ADD ("/hostile-clients/keys/vanishing-typist", &echo, test_vanishing_typist);
  ADD ("/hostile-clients/keys/vanishing-author", &echo, test_vanishing_author);
  ADD ("/hostile-clients/keys/release-in-a-pause", &echo, test_release_in_a_pause);
  return g_test_run ();
}
