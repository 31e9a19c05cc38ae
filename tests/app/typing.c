/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What clients type, as a guest reads it that prints each byte of its keyboard
 * (tests/guests/bare/keys.asm). */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "display-interfaces.h"
#include "vm-rig.h"
#include "vmm-core/control-names.h"

static const char *vm_program, *ctl_program, *guest;

typedef struct
{
  VmRig vm;
  char *serial;
} Fixture;

/* What the guest has printed. */
static char *
read_output (Fixture *f)
{
  char *text = NULL;

  g_file_get_contents (f->serial, &text, NULL, NULL);
  return text != NULL ? text : g_strdup ("");
}

/* Waits for text among what the guest prints after it got ready. */
static void
wait_for_bytes (Fixture *f, const char *bytes)
{
  for (;;)
    {
      g_autofree char *text = read_output (f);
      const char *ready = strstr (text, "ready\n");

      if (ready != NULL && strstr (ready, bytes) != NULL)
        return;
      g_main_context_iteration (NULL, FALSE);
      g_usleep (2000);
    }
}

static void
expect_bytes (Fixture *f, const char *bytes)
{
  g_autofree char *text = NULL;

  wait_for_bytes (f, bytes);
  text = read_output (f);
  g_assert_cmpstr (strstr (text, "ready\n") + strlen ("ready\n"), ==, bytes);
}

static void
set_up (Fixture *f, gconstpointer what)
{
  g_autofree char *serial = NULL;

  vm_rig_open (&f->vm);
  f->serial = g_build_filename (f->vm.folder, "serial", NULL);
  serial = g_strconcat ("file:", f->serial, NULL);
  vm_rig_start (&f->vm, vm_program, "--accel", "translator", "--memory", "16", "--kernel", guest,
                "--append", what, "--serial", serial, NULL);
  wait_for_bytes (f, "ready\n");
}

static void
tear_down (Fixture *f, gconstpointer what)
{
  g_assert_true (gh_machine1_call_quit_sync (f->vm.machine, NULL, NULL));
  vm_rig_close (&f->vm);
  g_free (f->serial);
}

static void
type (Fixture *f, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gh_machine1_call_type_text_sync (f->vm.machine, text, NULL, &error));
  g_assert_no_error (error);
}

static void
expect_refusal (Fixture *f, const char *text, const char *sentence)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gh_machine1_call_type_text_sync (f->vm.machine, text, NULL, &error));
  g_assert_nonnull (strstr (error->message, sentence));
}

static void
test_text (Fixture *f, gconstpointer what)
{
  type (f, "aB\n");
  expect_bytes (f, "1e 9e 2a 30 b0 aa 1c 9c ");
}

static void
test_caps_lock (Fixture *f, gconstpointer what)
{
  type (f, "aB1!");
  expect_bytes (f, "2a 1e 9e aa 30 b0 02 82 2a 02 82 aa ");
}

static void
typed (GObject *source, GAsyncResult *result, void *data)
{
  g_autoptr (GError) error = NULL;

  gh_machine1_call_type_text_finish (GH_MACHINE1 (source), result, &error);
  g_assert_no_error (error);
  ++*(unsigned *) data;
}

/* Two callers at once: one after the other. A chord between waits for its turn, too. */
static void
test_callers_take_turns (Fixture *f, gconstpointer what)
{
  unsigned done = 0;

  gh_machine1_call_type_text (f->vm.machine, "aaaaaa", NULL, typed, &done);
  gh_machine1_call_send_keys (f->vm.machine, "win", NULL, NULL, NULL);
  gh_machine1_call_type_text (f->vm.machine, "bbb", NULL, typed, &done);
  while (done < 2)
    g_main_context_iteration (NULL, TRUE);
  expect_bytes (f, "1e 9e 1e 9e 1e 9e 1e 9e 1e 9e 1e 9e e0 5b e0 db 30 b0 30 b0 30 b0 ");
}

/* A pause in the middle loses nothing; the call is answered when all of it is typed. */
static void
test_pause (Fixture *f, gconstpointer what)
{
  g_autofree char *text = g_strnfill (1000, 'a');
  g_autoptr (GString) bytes = g_string_new (NULL);
  unsigned done = 0;

  gh_machine1_call_type_text (f->vm.machine, text, NULL, typed, &done);
  wait_for_bytes (f, "1e 9e 1e");
  g_assert_true (gh_machine1_call_pause_sync (f->vm.machine, NULL, NULL));
  g_assert_cmpuint (done, ==, 0);
  g_assert_true (gh_machine1_call_resume_sync (f->vm.machine, NULL, NULL));
  while (done < 1)
    g_main_context_iteration (NULL, TRUE);
  for (unsigned i = 0; i < 1000; i++)
    g_string_append (bytes, "1e 9e ");
  expect_bytes (f, bytes->str);
}

/* A key that is let go during a pause is not down after it, and one pressed in it does nothing. */
static void
test_keys_in_a_pause (Fixture *f, gconstpointer what)
{
  g_autoptr (DisplayKeyboard) keyboard = display_keyboard_proxy_new_sync (
    f->vm.connection, G_DBUS_PROXY_FLAGS_NONE, NULL, CONTROL_CONSOLE_PATH, NULL, NULL);

  g_assert_true (display_keyboard_call_press_sync (keyboard, 0x1e, NULL, NULL));
  expect_bytes (f, "1e ");
  g_assert_true (gh_machine1_call_pause_sync (f->vm.machine, NULL, NULL));
  g_assert_true (display_keyboard_call_release_sync (keyboard, 0x1e, NULL, NULL));
  g_assert_true (display_keyboard_call_press_sync (keyboard, 0x30, NULL, NULL));
  g_assert_true (gh_machine1_call_resume_sync (f->vm.machine, NULL, NULL));
  g_assert_true (display_keyboard_call_release_sync (keyboard, 0x30, NULL, NULL));
  type (f, "c");
  expect_bytes (f, "1e 9e 2e ae ");
}

static void
test_nothing_is_typed_in_part (Fixture *f, gconstpointer what)
{
  expect_refusal (f, "a\xc3\xa9 b\xe2\x98\x83\x01\xc3\xa9", "\xc3\xa9 \xe2\x98\x83 U+0001.");
  type (f, "c");
  expect_bytes (f, "2e ae ");
}

/* A guest that reads no key: said so, not waited for without end. */
static void
test_nobody_reads (Fixture *f, gconstpointer what)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (gh_machine1_call_send_keys_sync (f->vm.machine, "ctrl+alt+f1", NULL, &error));
  g_assert_no_error (error);
  expect_refusal (f, "text", "does not read its keyboard");
}

/* Runs guesthousectl; its exit status. */
static int
control (Fixture *f, const char *command, ...)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_autoptr (GSubprocess) process = NULL;
  va_list more;

  g_ptr_array_add (words, (char *) ctl_program);
  g_ptr_array_add (words, "--socket");
  g_ptr_array_add (words, f->vm.socket);
  va_start (more, command);
  for (const char *word = command; word != NULL; word = va_arg (more, const char *))
    g_ptr_array_add (words, (char *) word);
  va_end (more);
  g_ptr_array_add (words, NULL);
  process = g_subprocess_newv ((const char *const *) words->pdata,
                               G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
  return g_subprocess_get_exit_status (process);
}

static void
test_mouse (Fixture *f, gconstpointer what)
{
  g_assert_cmpint (control (f, "mouse", "move", "5", "3", NULL), ==, 0);
  expect_bytes (f, "28 05 fd ");
  g_assert_cmpint (control (f, "mouse", "click", "right", NULL), ==, 0);
  expect_bytes (f, "28 05 fd 0a 00 00 08 00 00 ");
  g_assert_cmpint (control (f, "mouse", "drag", "10", "0", NULL), ==, 0);
  expect_bytes (f, "28 05 fd 0a 00 00 08 00 00 09 00 00 09 0a 00 08 00 00 ");
  g_assert_cmpint (control (f, "mouse", "wheel", "-2", NULL), ==, 0);
  g_assert_cmpint (control (f, "mouse", "move", "5", NULL), ==, 2);
  g_assert_cmpint (control (f, "mouse", "move", "5", "far", NULL), ==, 2);
  g_assert_cmpint (control (f, "mouse", "click", "nose", NULL), ==, 2);
  g_assert_cmpint (control (f, "mouse", "eat", NULL), ==, 2);
  g_assert_cmpint (control (f, "type", "\xff", NULL), ==, 2);
}

static void
refused (GObject *source, GAsyncResult *result, void *data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (gh_machine1_call_type_text_finish (GH_MACHINE1 (source), result, &error));
  g_assert_nonnull (strstr (error->message, "before all keys were pressed"));
  ++*(unsigned *) data;
}

static void
test_the_machine_stops (Fixture *f, gconstpointer what)
{
  unsigned n = 0;

  gh_machine1_call_type_text (f->vm.machine, "text", NULL, refused, &n);
  g_assert_true (gh_machine1_call_reset_sync (f->vm.machine, NULL, NULL));
  gh_machine1_call_type_text (f->vm.machine, "text", NULL, refused, &n);
  g_assert_true (gh_machine1_call_power_off_sync (f->vm.machine, NULL, NULL));
  while (n < 2)
    g_main_context_iteration (NULL, TRUE);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name, *what;
    void (*test) (Fixture *f, gconstpointer what);
  } tests[] = {
    { "text", "-", test_text },
    { "caps-lock", "c", test_caps_lock },
    { "callers-take-turns", "-", test_callers_take_turns },
    { "pause", "-", test_pause },
    { "keys-in-a-pause", "-", test_keys_in_a_pause },
    { "nothing-is-typed-in-part", "-", test_nothing_is_typed_in_part },
    { "nobody-reads", "n", test_nobody_reads },
    { "mouse", "m", test_mouse },
    { "the-machine-stops", "n", test_the_machine_stops },
  };

  g_test_init (&argc, &argv, NULL);
  if (argc != 4)
    return 1;
  vm_program = argv[1];
  ctl_program = argv[2];
  guest = argv[3];
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strdup_printf ("/typing/%s", tests[i].name);

      g_test_add (path, Fixture, tests[i].what, set_up, tests[i].test, tear_down);
    }
  return g_test_run ();
}
