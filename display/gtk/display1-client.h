/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* A client of one interface of the machine's console: it calls methods, and knows one property.
 * Whatever else the machine says goes nowhere. */
typedef struct Display1Client Display1Client;

typedef struct
{
  /* The property has been learnt, for the first time on this connection; and then, each change. */
  void (*known) (void *data);
  void (*changed) (void *data);
} Display1ClientOps;

/* The property is of this type, or it is not known. */
Display1Client *display1_client_new (const char *interface, const char *property,
                                     const GVariantType *type, const Display1ClientOps *ops,
                                     void *data);
void display1_client_free (Display1Client *client);

/* NULL: calls go nowhere. */
void display1_client_set_connection (Display1Client *client, GDBusConnection *connection);
gboolean display1_client_is_connected (const Display1Client *client);
/* NULL: it is not known. */
GVariant *display1_client_get_property (const Display1Client *client);

/* Nobody waits for the answer. Takes a floating arguments. */
void display1_client_call (Display1Client *client, const char *method, GVariant *arguments);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Display1Client, display1_client_free)
