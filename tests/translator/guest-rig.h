/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/board-pc.h"

/* A whole PC with one CPU and 512 MiB, for guests under any accelerator: firmware, a CD drive,
 * COM1. Devices' completions run where the default main context is iterated. */
typedef struct
{
  Clock *clock;
  MachineLock *lock;
  Console *console;
  Input *input;
  Image *disc;
  Chardev *serial;
  BoardPc *board;
  bool wants_reset, off; /* the guest's wishes, to be served by the test */
} GuestRig;

/* lock is taken over, and so is clock, which was made with it if it is the host's. guest is
 * "firmware", or a disc image that boots. */
void guest_rig_open (GuestRig *rig, const AccelOps *ops, Clock *clock, MachineLock *lock,
                     const char *guest);
/* After the vCPUs are gone. */
void guest_rig_close (GuestRig *rig);

/* Resets all chips; the CPU is the caller's. */
void guest_rig_reset (GuestRig *rig);
