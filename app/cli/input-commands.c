/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands that stand for a person at the machine. */
#include <glib/gi18n.h>

#include "commands.h"

gboolean
command_keys (Call *call, GError **error)
{
  GError *problem = NULL;

  gh_machine1_call_send_keys_sync (call->look.proxy, call->words[0], NULL, &problem);
  return call_pass_on (problem, error);
}

gboolean
command_type (Call *call, GError **error)
{
  GError *problem = NULL;

  if (!g_utf8_validate (call->words[0], -1, NULL))
    {
      g_set_error_literal (error, CALL_ERROR, CALL_ERROR_USAGE,
                           _ ("The text is not UTF-8: check the encoding of the terminal or file "
                              "that it comes from."));
      return FALSE;
    }
  /* The machine answers when it is done, however long it is paused meanwhile. */
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (call->look.proxy), G_MAXINT);
  gh_machine1_call_type_text_sync (call->look.proxy, call->words[0], NULL, &problem);
  return call_pass_on (problem, error);
}
