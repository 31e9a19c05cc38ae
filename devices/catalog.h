/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

/* What a machine can be made of, as data: for the machine itself and for whoever configures one.
 * Nothing here knows a constructor or a back end. A device is a group of machine.conf, whose name
 * is its kind and a number: [disk0]. Titles are to be translated. */

typedef enum
{
  DEVICE_OPTION_FILE, /* a path, in machine.conf from the machine's folder on: to read and write */
  DEVICE_OPTION_FILE_TO_READ,
  DEVICE_OPTION_OUTPUT /* none, stdio, file:PATH or socket:PATH */
} DeviceOptionType;

typedef struct
{
  const char *name, *title;
  DeviceOptionType type;
  const char *fallback; /* what holds without it; NULL: nothing */
  bool needed;
  bool applies_now; /* to a machine that runs, too, not only at its next start */
} DeviceOption;

/* What devices are plugged into. The place of one follows from the number in its group's name, so
 * that none moves when another goes; a key of the group can say it, too. */
typedef struct
{
  const char *title;
  unsigned first, places; /* numbers from the first on */
  const char *place_key;  /* NULL: none */
} DeviceSocket;

typedef struct
{
  const char *kind; /* what the names of its groups begin with */
  const char
    *model; /* the value of the group's key model, which a kind's first model does not need */
  const char *title;
  const char *variant; /* what tells it from the others of its kind */
  const DeviceSocket *socket;
  bool bootable; /* the firmware can start from it */
  unsigned max;  /* of this kind in a machine: numbers below it */
  unsigned first_home,
    homes; /* number n < homes has the place first_home + n; the rest what is free */
  const DeviceOption *options;
  unsigned n_options;
} DeviceModel;

/* All models, those of one kind one after the other. */
const DeviceModel *catalog_get_models (unsigned *n);
/* The model of a kind, NULL: the first one. NULL if there is none. */
const DeviceModel *catalog_find (const char *kind, const char *model);
/* The model by its name, which is unlike any other's. NULL if there is none. */
const DeviceModel *catalog_find_model (const char *model);
/* The first model of the kind that a group's name tells, and its number; NULL if it is no device.
 */
const DeviceModel *catalog_find_group (const char *group, unsigned *number);
/* NULL if the model has no such option. */
const DeviceOption *catalog_find_option (const DeviceModel *model, const char *name);
