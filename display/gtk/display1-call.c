/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display1-call.h"

void
display1_call (GDBusConnection *connection, const char *interface, const char *method,
               GVariant *arguments)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (arguments);

  if (connection != NULL && !g_dbus_connection_is_closed (connection))
    g_dbus_connection_call (connection, NULL, DISPLAY1_CONSOLE_PATH, interface, method, sunk, NULL,
                            G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}
