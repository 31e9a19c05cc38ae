/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vm.h"

/* org.qemu.Display1 for a machine: exports its console, keyboard and mouse on connections, and
 * feeds the listeners that viewers register. */
typedef struct DisplayService DisplayService;

DisplayService *display_service_new (Vm *vm);
void display_service_free (DisplayService *service);

void display_service_export (DisplayService *service, GDBusConnection *connection);
/* The client has left: what it holds down is let go. */
void display_service_unexport (DisplayService *service, GDBusConnection *connection);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DisplayService, display_service_free)
