/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keyboard and the pointer of the console widget, on a real display (xvfb-run), with a real
 * pointer and keyboard (xdotool). */
#include "console-rig.h"

static void
test_keys (ConsoleRig *f, const void *data)
{
  console_rig_xdotool ("keydown a keyup a key Up");
  wait_for (strstr (f->log->str, "key-c8") != NULL);
  g_assert_cmpstr (f->log->str, ==, "key+1e key-1e key+c8 key-c8 ");
}

static void
test_focus_lost_releases_keys (ConsoleRig *f, const void *data)
{
  console_rig_xdotool ("keydown Shift_L");
  wait_for (strstr (f->log->str, "key+2a") != NULL);
  gtk_window_set_focus (f->window, NULL);
  wait_for (strstr (f->log->str, "key-2a") != NULL);
  console_rig_xdotool ("keyup Shift_L");
}

static void
test_absolute_pointer (ConsoleRig *f, const void *data)
{
  wait_for (gtk_widget_get_width (GTK_WIDGET (f->view)) == 640);
  display_mouse_set_is_absolute (f->mouse, TRUE);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (f->mouse));
  /* As soon as the widget has heard of it, the guest sees the pointer. */
  for (unsigned i = 0; strstr (f->log->str, "at") == NULL; i++)
    {
      console_rig_xdotool (i & 1 ? "mousemove 52 60" : "mousemove 50 60");
      while (g_main_context_iteration (NULL, FALSE))
        ;
    }
  console_rig_xdotool ("mousemove 100 60 mousemove 200 100 click 1 click 4");
  wait_for (strstr (f->log->str, "button-3") != NULL);
  g_assert_nonnull (strstr (f->log->str, "at100,50 button+0 button-0 button+3 button-3"));
}

static void
test_grab_and_release_chord (ConsoleRig *f, const void *data)
{
  console_rig_xdotool ("mousemove 320 200 click 1");
  wait_for (console_view_get_grabbed (f->view));
  g_assert_null (strstr (f->log->str, "button")); /* that click was for us */
  /* Farther than the screen is wide: the pointer meets no edge. */
  for (unsigned i = 0; i < 40; i++)
    {
      int before = console_rig_moved (f);

      console_rig_xdotool ("mousemove_relative 100 0");
      wait_for (console_rig_moved (f) > before);
    }
  g_assert_cmpint (console_rig_moved (f), >=, 3900);
  g_assert_cmpint (console_rig_moved (f), <=, 4100);
  console_rig_xdotool ("keydown Control_L keydown Alt_L key Delete keyup Alt_L keyup Control_L");
  wait_for (strstr (f->log->str, "key-1d") != NULL);
  g_assert_true (console_view_get_grabbed (f->view));
  console_rig_xdotool ("keydown Control_L keydown Alt_L keyup Alt_L keyup Control_L");
  wait_for (!console_view_get_grabbed (f->view));
}

/* Other keys can give it back, which the guest hears all the same. */
static void
test_release_keys (ConsoleRig *f, const void *data)
{
  console_view_set_release_keys (f->view, RELEASE_KEYS_RIGHT_CTRL);
  console_rig_xdotool ("mousemove 320 200 click 1");
  wait_for (console_view_get_grabbed (f->view));
  console_rig_xdotool ("keydown Control_L keydown Alt_L keyup Alt_L keyup Control_L");
  wait_for (strstr (f->log->str, "key-1d") != NULL);
  g_assert_true (console_view_get_grabbed (f->view));
  console_rig_xdotool ("keydown Control_R key c keyup Control_R");
  wait_for (strstr (f->log->str, "key-9d") != NULL);
  g_assert_true (console_view_get_grabbed (f->view));
  console_rig_xdotool ("key Control_R");
  wait_for (!console_view_get_grabbed (f->view));
  g_assert_false (console_view_has_keyboard (f->view));
}

static unsigned shortcuts_asked;

/* In GTK's place, which asks nobody where there is no window manager. */
void
gdk_toplevel_inhibit_system_shortcuts (GdkToplevel *toplevel, GdkEvent *event)
{
  shortcuts_asked++;
}

/* The desktop's own keys are the guest's with a grab, if the person wants that. */
static void
test_system_shortcuts (ConsoleRig *f, const void *data)
{
  static const gboolean wanted[] = { TRUE, FALSE };

  for (unsigned i = 0; i < G_N_ELEMENTS (wanted); i++)
    {
      shortcuts_asked = 0;
      g_object_set (f->view, "system-shortcuts", wanted[i], NULL);
      console_rig_xdotool ("mousemove 320 200 click 1");
      wait_for (console_view_get_grabbed (f->view));
      g_assert_cmpuint (shortcuts_asked, ==, wanted[i]);
      console_rig_xdotool ("keydown Control_L keydown Alt_L keyup Alt_L keyup Control_L");
      wait_for (!console_view_get_grabbed (f->view));
    }
}

/* Another program's window, which says what it hears. */
static GSubprocess *
open_other_window (GDataInputStream **heard)
{
  g_autoptr (GError) error = NULL;
  GSubprocess *other = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "xev", "-name",
                                         "other-window", "-geometry", "200x100+700+500", NULL);

  g_assert_no_error (error);
  *heard = g_data_input_stream_new (g_subprocess_get_stdout_pipe (other));
  return other;
}

static void
hear_key (GDataInputStream *heard, const char *keysym)
{
  for (;;)
    {
      g_autofree char *line = g_data_input_stream_read_line (heard, NULL, NULL, NULL);

      g_assert_nonnull (line);
      if (strstr (line, keysym) != NULL)
        return;
    }
}

/* What is typed into another window is not the guest's, however that window came to be active. */
static void
test_another_window_gets_active (ConsoleRig *f, const void *data)
{
  g_autoptr (GDataInputStream) heard = NULL;
  g_autoptr (GSubprocess) other = open_other_window (&heard);

  console_rig_xdotool ("mousemove 320 200 click 1");
  wait_for (console_view_get_grabbed (f->view));
  g_assert_true (console_view_has_keyboard (f->view));
  console_rig_xdotool ("keydown Shift_L mousedown 3");
  wait_for (strstr (f->log->str, "key+2a") != NULL && strstr (f->log->str, "button+2") != NULL);
  console_rig_xdotool ("search --sync --name other-window windowfocus");
  wait_for (!console_view_get_grabbed (f->view));
  wait_for (strstr (f->log->str, "key-2a") != NULL && strstr (f->log->str, "button-2") != NULL);
  g_assert_false (console_view_has_keyboard (f->view));
  console_rig_forget (f);
  console_rig_xdotool ("keyup Shift_L mouseup 3 key s");
  hear_key (heard, "(keysym 0x73, s)");

  /* The focus is back: so are the keys, not the grab. */
  console_rig_xdotool ("search --name " CONSOLE_TITLE " windowfocus");
  wait_for (console_view_has_keyboard (f->view));
  console_rig_xdotool ("key a");
  wait_for (strstr (f->log->str, "key-1e") != NULL);
  g_assert_cmpstr (f->log->str, ==, "key+1e key-1e ");
  g_assert_false (console_view_get_grabbed (f->view));
  g_subprocess_force_exit (other);
}

/* A screen locker puts its window over everything, and wants to grab the keyboard. */
static void
test_window_in_the_way (ConsoleRig *f, const void *data)
{
  g_autoptr (GDataInputStream) heard = NULL;
  g_autoptr (GSubprocess) other = NULL;

  console_rig_xdotool ("mousemove 320 200 click 1");
  wait_for (console_view_get_grabbed (f->view));
  other = open_other_window (&heard);
  console_rig_xdotool ("search --sync --name other-window windowmove 0 0 windowsize 640 400");
  wait_for (!console_view_get_grabbed (f->view));
  g_assert_false (console_view_has_keyboard (f->view));
  g_subprocess_force_exit (other);
}

static void
look_away_and_back (ConsoleRig *f)
{
  gtk_window_set_focus (f->window, NULL);
  g_assert_false (console_view_has_keyboard (f->view));
  console_rig_forget (f);
  gtk_widget_grab_focus (GTK_WIDGET (f->view));
  g_assert_true (console_view_has_keyboard (f->view));
}

static void
light_lamps (ConsoleRig *f, unsigned lamps)
{
  display_keyboard_set_modifiers (f->keyboard, lamps);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (f->keyboard));
}

/* Caps Lock and Num Lock are pressed where they differ when the console gets the keyboard. */
static void
test_locks_are_matched (ConsoleRig *f, const void *data)
{
  light_lamps (f, 2); /* Num Lock, which is off here */
  do
    {
      look_away_and_back (f);
      console_rig_xdotool ("key a");
      wait_for (strstr (f->log->str, "key-1e") != NULL);
    }
  while (strstr (f->log->str, "key+45") == NULL); /* until the lamp has come here */
  g_assert_cmpstr (f->log->str, ==, "key+45 key-45 key+1e key-1e ");
  /* A guest whose lamps do not follow is left alone. */
  look_away_and_back (f);
  console_rig_xdotool ("key a");
  wait_for (strstr (f->log->str, "key-1e") != NULL);
  g_assert_cmpstr (f->log->str, ==, "key+1e key-1e ");

  light_lamps (f, 0);
  gtk_window_set_focus (f->window, NULL);
  console_rig_xdotool ("key Caps_Lock"); /* here, while it is not the guest's */
  do
    {
      look_away_and_back (f);
      console_rig_xdotool ("key a");
      wait_for (strstr (f->log->str, "key-1e") != NULL);
    }
  while (strstr (f->log->str, "key+3a") == NULL);
  g_assert_cmpstr (f->log->str, ==, "key+3a key-3a key+1e key-1e ");
  console_rig_xdotool ("key Caps_Lock");
}

#define ADD(name, test)                                                                            \
  g_test_add ("/console-input/" name, ConsoleRig, NULL, console_rig_set_up, test,                  \
              console_rig_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("GDK_BACKEND", "x11", FALSE);
  if (!gtk_init_check ())
    {
      g_print ("1..0 # SKIP no display\n");
      return 0;
    }
  ADD ("keys", test_keys);
  ADD ("focus-lost-releases-keys", test_focus_lost_releases_keys);
  ADD ("absolute-pointer", test_absolute_pointer);
  ADD ("grab-and-release-chord", test_grab_and_release_chord);
  ADD ("release-keys", test_release_keys);
  ADD ("system-shortcuts", test_system_shortcuts);
  ADD ("another-window-gets-active", test_another_window_gets_active);
  ADD ("window-in-the-way", test_window_in_the_way);
  ADD ("locks-are-matched", test_locks_are_matched);
  return g_test_run ();
}
