/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "catalog.h"

/* One device as it is to be made: a group of machine.conf, understood. */
typedef struct
{
  char *group; /* "disk0": what it is called everywhere */
  const DeviceModel *model;
  unsigned place; /* in the model's socket */
  char **values;  /* one for each option of the model; NULL: not given */
} DeviceSpec;

DeviceSpec *device_spec_new (const DeviceModel *model, unsigned number);
void device_spec_free (DeviceSpec *spec);

gboolean device_spec_is (const DeviceSpec *spec, const char *kind);
/* The value of an option that the model has, or what holds without one. */
const char *device_spec_get (const DeviceSpec *spec, const char *option);
/* Takes a copy; NULL takes the value away. */
void device_spec_set (DeviceSpec *spec, const char *option, const char *value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DeviceSpec, device_spec_free)
