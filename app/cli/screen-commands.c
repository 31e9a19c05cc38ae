/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands that look at what a running machine shows and does. */
#include <errno.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"

/* A regular file is replaced by a whole one; what is none (a pipe, a device) stays and is written
 * to. */
static gboolean
save (const char *path, const char *data, gsize length, GError **error)
{
  g_autofree char *shown = g_filename_display_name (path);
  FILE *file;
  gboolean saved;

  errno = 0;
  if (!g_file_test (path, G_FILE_TEST_EXISTS) || g_file_test (path, G_FILE_TEST_IS_REGULAR))
    saved = g_file_set_contents (path, data, length, NULL);
  else
    {
      file = fopen (path, "w");
      saved = file != NULL && fwrite (data, 1, length, file) == length;
      if (file != NULL)
        saved = fclose (file) == 0 && saved;
    }
  if (!saved)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                 _ ("“%s” cannot be written: %s."), shown, g_strerror (errno));
  return saved;
}

gboolean
command_screenshot (Call *call, GError **error)
{
  g_autoptr (GVariant) answer = NULL, bytes = NULL;
  GError *problem = NULL;
  const char *data;
  gsize length;

  answer = g_dbus_proxy_call_sync (G_DBUS_PROXY (call->look.proxy), "Screenshot", NULL,
                                   G_DBUS_CALL_FLAGS_NONE, -1, NULL, &problem);
  if (answer == NULL)
    return call_pass_on (problem, error);
  g_variant_get (answer, "(@ay)", &bytes);
  data = g_variant_get_fixed_array (bytes, &length, 1);
  if (!g_str_equal (call->words[0], "-"))
    return save (call->words[0], data, length, error);
  g_string_append_len (call->out, data, length);
  return TRUE;
}

gboolean
command_screen_text (Call *call, GError **error)
{
  g_autofree char *text = NULL;
  GError *problem = NULL;

  if (!gh_machine1_call_screen_text_sync (call->look.proxy, &text, NULL, &problem))
    return call_pass_on (problem, error);
  call_add_text (call->out, text);
  return TRUE;
}

gboolean
command_trace (Call *call, GError **error)
{
  GError *problem = NULL;

  gh_machine1_call_set_trace_sync (call->look.proxy, call->words[0], NULL, &problem);
  return call_pass_on (problem, error);
}
