/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a process says when it is made to say it again and again. */
#include "vmm-core/run/log-limit.h"

#include <glib.h>
#include <string.h>

#define REPEATS 10000

/* In a process of its own: thousands of lines at once, and long ones. */
static void
say_much (void)
{
  g_autofree char *text = g_strnfill (1 << 20, 'x');

  log_limit_init ();
  g_warning ("%s", text);
  for (unsigned i = 0; i < REPEATS; i++)
    {
      g_printerr ("again\n");
      g_warning ("again");
    }
  /* The next second. */
  g_usleep (G_USEC_PER_SEC * 3 / 2);
  g_printerr ("and that was it\n");
}

static void
test_repeats (void)
{
  g_autofree char *out = NULL;
  g_autofree char *said = NULL;
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr (GError) error = NULL;
  unsigned lines = 0;
  int status;

  g_spawn_sync (NULL, (char *[]){ self, "say-much", NULL }, NULL, 0, NULL, NULL, &out, &said,
                &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  for (const char *at = said; *at != '\0'; at++)
    lines += *at == '\n';
  g_assert_cmpuint (lines, >=, 20);
  g_assert_cmpuint (lines, <, REPEATS / 10); /* 20 a second, however slow this computer is */
  g_assert_cmpuint (strlen (said), <, 2000 * lines);
  g_assert_nonnull (strstr (said, "lines were left out here"));
  g_assert_nonnull (strstr (said, "and that was it"));
}

int
main (int argc, char **argv)
{
  if (argc == 2 && g_str_equal (argv[1], "say-much"))
    {
      say_much ();
      return 0;
    }
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/log-limit/repeats", test_repeats);
  return g_test_run ();
}
