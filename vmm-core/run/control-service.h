/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vm.h"

/* The control socket: org.guesthouse.Machine1 and the console's interfaces on every connection of
 * the same user. */
typedef struct ControlService ControlService;

/* Listens on a Unix socket at path; its folder is made if need be. A dead machine's socket is
 * replaced, a live one's is an error. quit ends the process. */
ControlService *control_service_new (Vm *vm, const char *path, void (*quit) (void *data),
                                     void *data, GError **error);
void control_service_free (ControlService *service);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ControlService, control_service_free)
