/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "devices/catalog.h"

/* The devices of a machine.conf that is being changed, for the application and the command line. */

/* The model of a group that is a device's; NULL if it is none. */
const DeviceModel *device_conf_get_model (GKeyFile *conf, const char *group);
/* TRUE if the model's socket has a place left. */
gboolean device_conf_has_room (GKeyFile *conf, const DeviceModel *model);
/* The name, a constant, that one more device of the model would have; NULL if there is no room. */
const char *device_conf_get_free (GKeyFile *conf, const DeviceModel *model);
/* Adds a device without options under that name. */
const char *device_conf_add (GKeyFile *conf, const DeviceModel *model);
/* Gives the device another model of its kind, and the place that this has by itself. */
void device_conf_set_model (GKeyFile *conf, const char *group, const DeviceModel *model);
/* Files in folder are written from there on; value NULL: none. */
void device_conf_set (GKeyFile *conf, const char *group, const DeviceOption *option,
                      const char *folder, const char *value);
