/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "devices/device-spec.h"

/* The devices that a machine.conf names: an array of DeviceSpec, each in a place of its own. Files
 * are absolute in it. */

GPtrArray *machine_devices_new (void);
/* Reads all groups of devices. Error: one sentence that names the file, the group and the remedy;
 * path is for that. */
gboolean machine_devices_read (GPtrArray *devices, GKeyFile *file, const char *folder,
                               const char *path, GError **error);
/* Adds a device with the first free number of its kind. NULL if there is no room for it. The
 * array keeps it. */
DeviceSpec *machine_devices_add (GPtrArray *devices, const DeviceModel *model);
/* The model by its name; NULL with a sentence that names the nearest. */
const DeviceModel *machine_devices_find_model (const char *name, GError **error);
/* A device from "MODEL,OPTION=VALUE,OPTION=VALUE", without a number of its own and with its files
 * as given; “,,” is a comma in a value. */
DeviceSpec *machine_devices_parse (const char *text, GError **error);
/* Checks "OPTION=VALUE" for a model and splits it; *value is part of the text. NULL with error. */
const DeviceOption *machine_devices_parse_option (const DeviceModel *model, const char *text,
                                                  const char **value, GError **error);
/* NULL if there is none. */
DeviceSpec *machine_devices_find (GPtrArray *devices, const char *group);
/* The one that holds a place, or NULL. */
DeviceSpec *machine_devices_find_at (GPtrArray *devices, const DeviceSocket *socket,
                                     unsigned place);

/* A path counts from folder unless it is absolute; folder NULL: from where the process is. */
char *machine_devices_dup_path (const char *folder, const char *file);
/* The same of the path in an output "file:PATH" or "socket:PATH". */
char *machine_devices_dup_output (const char *folder, const char *output);
