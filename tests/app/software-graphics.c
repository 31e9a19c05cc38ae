/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which renderer is chosen, on an X server that has no way to a GPU (xvfb-run). */
#include "display/gtk/software-graphics.h"

static void
test_software_is_expected (void)
{
  g_assert_true (software_graphics_expected ());
  g_unsetenv ("GSK_RENDERER");
  software_graphics_choose_renderer ();
  g_assert_cmpstr (g_getenv ("GSK_RENDERER"), ==, "cairo");
}

static void
test_the_person_has_chosen (void)
{
  g_setenv ("GSK_RENDERER", "gl", TRUE);
  software_graphics_choose_renderer ();
  g_assert_cmpstr (g_getenv ("GSK_RENDERER"), ==, "gl");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("WAYLAND_DISPLAY");
  g_test_add_func ("/software-graphics/is-expected", test_software_is_expected);
  g_test_add_func ("/software-graphics/the-person-has-chosen", test_the_person_has_chosen);
  return g_test_run ();
}
