/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/model/machine.h"

G_BEGIN_DECLS

/* A machine's settings. Each row says when it takes effect. */
#define SETTINGS_DIALOG_TYPE (settings_dialog_get_type ())
G_DECLARE_FINAL_TYPE (SettingsDialog, settings_dialog, SETTINGS, DIALOG, AdwWindow)

SettingsDialog *settings_dialog_new (GtkWindow *parent, Machine *machine);

G_END_DECLS
