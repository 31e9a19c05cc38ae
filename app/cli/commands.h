/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "call.h"

/* The commands, by what they are about: FALSE with one sentence when they did not succeed. */

/* library-commands.c */
gboolean command_list (Call *call, GError **error);
gboolean command_create (Call *call, GError **error);
gboolean command_rename (Call *call, GError **error);
gboolean command_delete (Call *call, GError **error);
gboolean command_trust (Call *call, GError **error);

/* info-commands.c */
gboolean command_info (Call *call, GError **error);
gboolean command_open (Call *call, GError **error);
gboolean command_log (Call *call, GError **error);
gboolean command_state (Call *call, GError **error);
gboolean command_stats (Call *call, GError **error);

/* power-commands.c */
gboolean command_start (Call *call, GError **error);
gboolean command_stop (Call *call, GError **error);
gboolean command_shutdown (Call *call, GError **error);
gboolean command_reset (Call *call, GError **error);
gboolean command_pause (Call *call, GError **error);
gboolean command_resume (Call *call, GError **error);
gboolean command_quit (Call *call, GError **error);

/* drive-commands.c */
gboolean command_insert (Call *call, GError **error);
gboolean command_eject (Call *call, GError **error);
gboolean command_add_disk (Call *call, GError **error);
gboolean command_add_cd (Call *call, GError **error);
gboolean command_remove_drive (Call *call, GError **error);

/* device-commands.c */
gboolean command_devices (Call *call, GError **error);
gboolean command_add_device (Call *call, GError **error);
gboolean command_set_device (Call *call, GError **error);
gboolean command_remove_device (Call *call, GError **error);

/* input-commands.c */
gboolean command_keys (Call *call, GError **error);
gboolean command_type (Call *call, GError **error);

/* mouse-command.c */
gboolean command_mouse (Call *call, GError **error);

/* screen-commands.c */
gboolean command_screenshot (Call *call, GError **error);
gboolean command_screen_text (Call *call, GError **error);
gboolean command_trace (Call *call, GError **error);

/* settings-commands.c */
gboolean command_get (Call *call, GError **error);
gboolean command_set (Call *call, GError **error);
gboolean command_set_accelerator (Call *call, GError **error);

/* help-commands.c */
gboolean command_help (Call *call, GError **error);
gboolean command_complete (Call *call, GError **error);
/* The list of commands. */
char *command_dup_list (void);
