/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shortcuts.h"

void
shortcuts_set (GtkApplication *application, gboolean on)
{
  static const struct
  {
    const char *action, *keys[3];
  } shortcuts[] = {
    { "app.quit", { "<Control>q" } },
    { "vm.settings", { "<Control>comma" } },
    { "win.close-tab", { "<Control>w" } },
    { "win.find", { "<Control>f" } },
    { "win.fullscreen", { "F11", "<Control><Alt>Return" } },
    { "win.help", { "F1" } }, /* a second key of win.show-help-overlay is what GTK 4.8 trips over */
    { "win.new-machine", { "<Control>n" } },
    { "win.show-help-overlay", { "<Control>question" } },
    { "win.sidebar", { "F9" } },
  };
  static const char *const none[] = { NULL };

  for (unsigned i = 0; i < G_N_ELEMENTS (shortcuts); i++)
    gtk_application_set_accels_for_action (application, shortcuts[i].action,
                                           on ? shortcuts[i].keys : none);
}
