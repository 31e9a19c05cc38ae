/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display/console.h"

#include <string.h>
#include <sys/mman.h>

#include "display/screenshot.h"

typedef struct
{
  unsigned resized, damaged, width;
} Seen;

static void
seen_resized (void *data, Surface *surface)
{
  Seen *seen = data;

  seen->resized++;
  seen->width = surface_get_width (surface);
}

static void
seen_damaged (void *data, unsigned x, unsigned y, unsigned width, unsigned height)
{
  ((Seen *) data)->damaged += width * height;
}

static const ConsoleListener listener = { seen_resized, seen_damaged };

static void
draw (void *device)
{
  Console *console = device;

  console_resize (console, 320, 200);
  surface_get_pixels (console_get_surface (console))[0] = 0x00336699;
  console_damage (console, 0, 0, 1, 1);
}

static gboolean
get_text (void *device, GString *text)
{
  g_string_append (text, "hello\n");
  return TRUE;
}

static const ConsoleSource source = { draw, get_text };

static void
test_listeners (void)
{
  g_autoptr (Console) console = console_new ();
  Seen seen = { 0 };

  console_refresh (console); /* without a source */
  console_add_listener (console, &listener, &seen);
  g_assert_cmpuint (seen.resized, ==, 1);
  g_assert_cmpuint (seen.width, ==, 640);
  console_set_source (console, &source, console);
  console_refresh (console);
  console_refresh (console);
  g_assert_cmpuint (seen.resized, ==, 2);
  g_assert_cmpuint (seen.width, ==, 320);
  g_assert_cmpuint (seen.damaged, ==, 2);
  g_assert_true (console_has_listeners (console));
  console_remove_listener (console, &seen);
  g_assert_false (console_has_listeners (console));
  console_refresh (console);
  g_assert_cmpuint (seen.damaged, ==, 2);
}

static void
test_text (void)
{
  g_autoptr (Console) console = console_new ();
  g_autoptr (GString) text = g_string_new (NULL);

  g_assert_false (console_get_text (console, text));
  console_set_source (console, &source, console);
  g_assert_true (console_get_text (console, text));
  g_assert_cmpstr (text->str, ==, "hello\n");
}

/* Someone who still shows the old picture keeps it; it can be shared as a file. */
static void
test_surface_outlives_a_change_of_mode (void)
{
  g_autoptr (Console) console = console_new ();
  g_autoptr (Surface) old = surface_ref (console_get_surface (console));
  const uint32_t *shared
    = mmap (NULL, 640 * 480 * 4, PROT_READ, MAP_SHARED, surface_get_fd (old), 0);

  g_assert_true (shared != MAP_FAILED);
  console_resize (console, 800, 600);
  surface_get_pixels (old)[5] = 0x00abcdef;
  g_assert_cmphex (shared[5], ==, 0x00abcdef);
  munmap ((void *) shared, 640 * 480 * 4);
}

static void
test_screenshot (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Surface) surface = surface_new (3, 2, &error);
  g_autoptr (GByteArray) png = NULL;

  g_assert_no_error (error);
  png = screenshot_to_png (surface, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (png->len, >, 40);
  g_assert_cmpmem (png->data, 8, "\x89PNG\r\n\x1a\n", 8);
  g_assert_cmpmem (png->data + 16, 8, "\0\0\0\3\0\0\0\2", 8); /* IHDR: width, height */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/console/listeners", test_listeners);
  g_test_add_func ("/console/text", test_text);
  g_test_add_func ("/console/surface-outlives-a-change-of-mode",
                   test_surface_outlives_a_change_of_mode);
  g_test_add_func ("/console/screenshot", test_screenshot);
  return g_test_run ();
}
