/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

typedef enum
{
  MACHINE_OFF,
  MACHINE_STARTING,
  MACHINE_RUNNING,
  MACHINE_PAUSED,
  MACHINE_CRASHED,
  MACHINE_NOT_STARTED,   /* the last start failed */
  MACHINE_BROKEN,        /* off, and its machine.conf cannot be used */
  MACHINE_NOT_RESPONDING /* there is a process, but it does not answer */
} MachineState;

/* The word shown for a state, translated. */
const char *machine_state_to_text (MachineState state);
