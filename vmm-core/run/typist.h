/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "vm.h"

/* Presses keys for clients, one call after the other, as fast as the guest reads them. A pause of
 * the machine is a pause of the typing. */
typedef struct Typist Typist;

Typist *typist_new (Vm *vm);
/* What is under way stays unanswered. */
void typist_free (Typist *typist);

/* Both answer the call, at once with what is wrong, or when the last key is released. What cannot
 * be typed to its end, because the machine stops or the guest does not read, is refused then. */
void typist_send_keys (Typist *typist, GDBusMethodInvocation *invocation, const char *chord);
void typist_type_text (Typist *typist, GDBusMethodInvocation *invocation, const char *text);

/* The machine's state has changed; it was reset. */
void typist_state_changed (Typist *typist);
void typist_reset (Typist *typist);

/* A client has left: no more is typed for it, and no key stays down. */
void typist_forget (Typist *typist, GDBusConnection *connection);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Typist, typist_free)
