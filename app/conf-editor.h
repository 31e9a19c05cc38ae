/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/model/machine.h"

G_BEGIN_DECLS

/* A machine's machine.conf as text. What is no configuration cannot be saved: one sentence says
 * what is wrong. */
#define CONF_EDITOR_TYPE (conf_editor_get_type ())
G_DECLARE_FINAL_TYPE (ConfEditor, conf_editor, CONF, EDITOR, AdwPreferencesGroup)

/* Once: whose file this is. */
void conf_editor_set_machine (ConfEditor *self, Machine *machine);

G_END_DECLS
