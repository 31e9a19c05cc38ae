/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-state.h"

#include <glib/gi18n.h>

const char *
machine_state_to_text (MachineState state)
{
  switch (state)
    {
    case MACHINE_OFF:
      return _ ("Powered off");
    case MACHINE_STARTING:
      return _ ("Starting…");
    case MACHINE_RUNNING:
      return _ ("Running");
    case MACHINE_PAUSED:
      return _ ("Paused");
    case MACHINE_NOT_STARTED:
      return _ ("Could not start");
    case MACHINE_BROKEN:
      return _ ("Settings cannot be read");
    case MACHINE_NOT_RESPONDING:
      return _ ("Not responding");
    case MACHINE_CRASHED:
    default:
      return _ ("Crashed");
    }
}
