/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "machine-interface.h"

/* A guesthouse-vm of its own, in a folder of its own, with a client of its control socket. */
typedef struct
{
  char *folder, *socket;
  GSubprocess *process;
  GDBusConnection *connection;
  GhMachine1 *machine;
} VmRig;

/* Makes the folder, for what the options name. */
void vm_rig_open (VmRig *rig);
/* Starts the program with these options, NULL at the end, and waits until it answers. */
void vm_rig_start (VmRig *rig, const char *program, ...) G_GNUC_NULL_TERMINATED;
/* Waits for the process, which must end well, and removes the folder. */
void vm_rig_close (VmRig *rig);
