/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "catalog.h"

#include <string.h>

#define N_(text) text
#define OPTIONS(options) options, sizeof options / sizeof options[0]

static const DeviceSocket ide = { N_ ("IDE"), 0, 4, "position" };
static const DeviceSocket com = { N_ ("COM port"), 0, 4, NULL };
/* Behind the slots of the host bridge, the PIIX and the VGA. */
static const DeviceSocket pci = { N_ ("PCI"), 3, 29, "slot" };

static const DeviceOption disk_options[]
  = { { "file", N_ ("Disk image"), DEVICE_OPTION_FILE, NULL, true, false } };
static const DeviceOption cd_options[]
  = { { "file", N_ ("Disc image"), DEVICE_OPTION_FILE_TO_READ, NULL, false, true } };
static const DeviceOption serial_options[]
  = { { "output", N_ ("Output"), DEVICE_OPTION_OUTPUT, "none", false, false } };

static const DeviceModel models[] = {
  { "disk", "ide-disk", N_ ("Hard Disk"), N_ ("IDE"), &ide, true, 4, 0, 2, OPTIONS (disk_options) },
  { "disk", "virtio-blk", N_ ("Hard Disk"), "virtio", &pci, true, 4, 11, 4,
    OPTIONS (disk_options) },
  { "cd", "ide-cd", N_ ("CD Drive"), N_ ("IDE"), &ide, true, 4, 2, 2, OPTIONS (cd_options) },
  { "rng", "virtio-rng", N_ ("Random Number Generator"), "virtio", &pci, false, 1, 31, 1, NULL, 0 },
  { "serial", "16550a", N_ ("Serial Port"), "16550A", &com, false, 4, 0, 4,
    OPTIONS (serial_options) },
};
#define N_MODELS (sizeof models / sizeof models[0])

const DeviceModel *
catalog_get_models (unsigned *n)
{
  *n = N_MODELS;
  return models;
}

const DeviceModel *
catalog_find (const char *kind, const char *model)
{
  for (unsigned i = 0; i < N_MODELS; i++)
    if (strcmp (models[i].kind, kind) == 0
        && (model == NULL || strcmp (models[i].model, model) == 0))
      return &models[i];
  return NULL;
}

const DeviceModel *
catalog_find_model (const char *model)
{
  for (unsigned i = 0; i < N_MODELS; i++)
    if (strcmp (models[i].model, model) == 0)
      return &models[i];
  return NULL;
}

const DeviceModel *
catalog_find_group (const char *group, unsigned *number)
{
  for (unsigned i = 0; i < N_MODELS; i++)
    {
      size_t length = strlen (models[i].kind);
      const char *digit = group + length;

      if (strncmp (group, models[i].kind, length) != 0 || *digit < '0' || *digit > '9'
          || digit[1] != '\0')
        continue;
      *number = *digit - '0';
      return *number < models[i].max ? &models[i] : NULL;
    }
  return NULL;
}

const DeviceOption *
catalog_find_option (const DeviceModel *model, const char *name)
{
  for (unsigned i = 0; i < model->n_options; i++)
    if (strcmp (model->options[i].name, name) == 0)
      return &model->options[i];
  return NULL;
}
