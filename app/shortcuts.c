/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shortcuts.h"

void
shortcuts_set (GtkApplication *application, gboolean on)
{
  static const struct
  {
    const char *action, *keys;
  } shortcuts[] = {
    { "app.quit", "<Control>q" },
    { "win.new-machine", "<Control>n" },
    { "win.fullscreen", "F11" },
    { "win.show-help-overlay", "<Control>question" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (shortcuts); i++)
    {
      const char *keys[] = { on ? shortcuts[i].keys : NULL, NULL };

      gtk_application_set_accels_for_action (application, shortcuts[i].action, keys);
    }
}
