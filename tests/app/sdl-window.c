/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine's own window, with SDL's driver for no display: events are put into SDL's queue. */
#include "display/sdl/sdl-window.h"

#include <SDL.h>
#include <linux/input-event-codes.h>

#include "display/sdl/sdl-keys.h"

typedef struct
{
  Console *console;
  Input *input;
  MachineLock *lock;
  SdlWindow *window;
  GString *log;
  unsigned refreshes;
  gboolean closed;
} Fixture;

static void
refresh (void *device)
{
  Fixture *f = device;

  g_assert_true (machine_lock_is_held (f->lock));
  console_resize (f->console, 320 + f->refreshes % 2, 200);
  console_damage (f->console, 0, 0, 320, 200);
  f->refreshes++;
}

static void
log_key (void *device, unsigned code, gboolean down)
{
  Fixture *f = device;

  g_assert_true (machine_lock_is_held (f->lock));
  g_string_append_printf (f->log, "%c%u ", down ? '+' : '-', code);
}

static void
on_closed (void *data)
{
  ((Fixture *) data)->closed = TRUE;
}

static void
set_up (Fixture *f, const void *data)
{
  static const ConsoleSource source = { refresh, NULL };
  static const InputSink sink = { .key = log_key };
  g_autoptr (GError) error = NULL;

  f->lock = machine_lock_new ();
  f->console = console_new ();
  f->input = input_new ();
  f->log = g_string_new (NULL);
  console_set_source (f->console, &source, f);
  input_add_sink (f->input, &sink, f);
  g_setenv ("SDL_VIDEODRIVER", "dummy", TRUE);
  f->window = sdl_window_new (f->console, f->input, g_main_context_default (), f->lock, "Test",
                              on_closed, f, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, const void *data)
{
  sdl_window_free (f->window);
  g_assert_false (console_has_listeners (f->console));
  input_free (f->input);
  console_free (f->console);
  machine_lock_free (f->lock);
  g_string_free (f->log, TRUE);
}

static void
push_key (SDL_Scancode scancode, gboolean down)
{
  SDL_Event event
    = { .key = { .type = down ? SDL_KEYDOWN : SDL_KEYUP, .keysym = { .scancode = scancode } } };

  g_assert_cmpint (SDL_PushEvent (&event), ==, 1);
}

static void
push_window_event (uint8_t what)
{
  SDL_Event event = { .window = { .type = SDL_WINDOWEVENT, .event = what } };

  g_assert_cmpint (SDL_PushEvent (&event), ==, 1);
}

static void
test_asks_for_pictures (Fixture *f, const void *data)
{
  while (f->refreshes < 10)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_keys (Fixture *f, const void *data)
{
  push_key (SDL_SCANCODE_A, TRUE);
  push_key (SDL_SCANCODE_A, FALSE);
  push_key (SDL_SCANCODE_RCTRL, TRUE);
  push_key ((SDL_Scancode) 511, TRUE);
  push_window_event (SDL_WINDOWEVENT_FOCUS_LOST);
  while (strstr (f->log->str, "-97") == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (f->log->str, ==, "+30 -30 +97 -97 ");
}

static void
test_closing (Fixture *f, const void *data)
{
  push_window_event (SDL_WINDOWEVENT_CLOSE);
  while (!f->closed)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_no_display (void)
{
  g_autoptr (Console) console = console_new ();
  g_autoptr (Input) input = input_new ();
  g_autoptr (GError) error = NULL;

  g_setenv ("SDL_VIDEODRIVER", "none-such", TRUE);
  g_assert_null (
    sdl_window_new (console, input, g_main_context_default (), NULL, "Test", NULL, NULL, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "--headless"));
}

static void
test_key_codes (void)
{
  g_assert_cmpuint (sdl_keys_code (SDL_SCANCODE_Z), ==, KEY_Z);
  g_assert_cmpuint (sdl_keys_code (SDL_SCANCODE_0), ==, KEY_0);
  g_assert_cmpuint (sdl_keys_code (SDL_SCANCODE_SLASH), ==, KEY_SLASH);
  g_assert_cmpuint (sdl_keys_code (SDL_SCANCODE_F12), ==, KEY_F12);
  g_assert_cmpuint (sdl_keys_code (SDL_SCANCODE_UP), ==, KEY_UP);
  g_assert_cmpuint (sdl_keys_code (SDL_SCANCODE_KP_PERIOD), ==, KEY_KPDOT);
  g_assert_cmpuint (sdl_keys_code (SDL_SCANCODE_APPLICATION), ==, KEY_COMPOSE);
  g_assert_cmpuint (sdl_keys_code (SDL_SCANCODE_RGUI), ==, KEY_RIGHTMETA);
  g_assert_cmpuint (sdl_keys_code (SDL_SCANCODE_F24), ==, KEY_F24);
  g_assert_cmpuint (sdl_keys_code (SDL_SCANCODE_KP_COMMA), ==, KEY_KPCOMMA);
  g_assert_cmpuint (sdl_keys_code (SDL_SCANCODE_LANG1), ==, KEY_HANGEUL);
  g_assert_cmpuint (sdl_keys_code (SDL_SCANCODE_INTERNATIONAL6), ==, KEY_KPJPCOMMA);
  g_assert_cmpuint (sdl_keys_code (SDL_SCANCODE_AUDIOPLAY), ==, KEY_PLAYPAUSE);
  g_assert_cmpuint (sdl_keys_code (SDL_SCANCODE_AC_BOOKMARKS), ==, KEY_BOOKMARKS);
  g_assert_cmpuint (sdl_keys_code (SDL_SCANCODE_SLEEP), ==, KEY_SLEEP);
  g_assert_cmpuint (sdl_keys_code (SDL_SCANCODE_UNKNOWN), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sdl-window/key-codes", test_key_codes);
  g_test_add ("/sdl-window/asks-for-pictures", Fixture, NULL, set_up, test_asks_for_pictures,
              tear_down);
  g_test_add ("/sdl-window/keys", Fixture, NULL, set_up, test_keys, tear_down);
  g_test_add ("/sdl-window/closing", Fixture, NULL, set_up, test_closing, tear_down);
  g_test_add_func ("/sdl-window/no-display", test_no_display);
  return g_test_run ();
}
