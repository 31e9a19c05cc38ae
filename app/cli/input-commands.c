/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands that stand for a person at the machine. */
#include <string.h>

#include "commands.h"

#define PATIENCE_MS 30000
#define PATIENCE_MS_A_LETTER 500 /* a busy guest reads slowly */

gboolean
command_keys (Call *call, GError **error)
{
  GError *problem = NULL;

  gh_machine1_call_send_keys_sync (call->proxy, call->words[0], NULL, &problem);
  return call_pass_on (problem, error);
}

gboolean
command_type (Call *call, GError **error)
{
  gsize length = strlen (call->words[0]);
  GError *problem = NULL;

  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (call->proxy),
                                    MIN (length * PATIENCE_MS_A_LETTER + PATIENCE_MS, G_MAXINT));
  gh_machine1_call_type_text_sync (call->proxy, call->words[0], NULL, &problem);
  return call_pass_on (problem, error);
}
