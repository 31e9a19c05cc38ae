/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The catalogue: whatever it lists can be made and is documented, and a device's place follows from
 * its name. */
#include <glib.h>
#include <string.h>

#include "devices/board-devices.h"

static void
test_every_model_can_be_made (void)
{
  unsigned n;
  const DeviceModel *models = catalog_get_models (&n);

  for (unsigned i = 0; i < n; i++)
    {
      g_assert_cmpstr (board_devices_get_model (i), ==, models[i].model);
      g_assert_true (catalog_find_model (models[i].model) == &models[i]);
      g_assert_true (catalog_find (models[i].kind, models[i].model) == &models[i]);
    }
  g_assert_null (board_devices_get_model (n));
}

static void
test_groups (void)
{
  static const struct
  {
    const char *group, *model; /* NULL: it is no device */
    unsigned number;
  } cases[] = {
    { "disk0", "ide-disk", 0 },
    { "disk3", "ide-disk", 3 },
    { "cd2", "ide-cd", 2 },
    { "serial1", "16550a", 1 },
    { "disk4", NULL, 0 },
    { "disk", NULL, 0 },
    { "disk00", NULL, 0 },
    { "disk-1", NULL, 0 },
    { "diskette0", NULL, 0 },
    { "machine", NULL, 0 },
    { "", NULL, 0 },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      unsigned number = 99;
      const DeviceModel *model = catalog_find_group (cases[i].group, &number);

      g_assert_cmpstr (model != NULL ? model->model : NULL, ==, cases[i].model);
      if (model != NULL)
        g_assert_cmpuint (number, ==, cases[i].number);
    }
}

static void
test_numbers_lead_to_places (void)
{
  unsigned n;
  const DeviceModel *models = catalog_get_models (&n);

  for (unsigned i = 0; i < n; i++)
    {
      const DeviceSocket *socket = models[i].socket;

      g_assert_cmpuint (models[i].first_home, >=, socket->first);
      g_assert_cmpuint (models[i].first_home + models[i].homes, <=, socket->first + socket->places);
    }
}

/* machine.conf.md has every kind, model and option. */
static void
test_documented (void)
{
  g_autofree char *path
    = g_build_filename (g_getenv ("SOURCE_ROOT"), "vmm-core/run/machine.conf.md", NULL);
  g_autofree char *text = NULL;
  unsigned n;
  const DeviceModel *models = catalog_get_models (&n);

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  for (unsigned i = 0; i < n; i++)
    {
      g_autofree char *row = models[i].max == 1
                               ? g_strdup_printf ("| `[%s0]` |", models[i].kind)
                               : g_strdup_printf ("| `[%s0]` … `[%s%u]` |", models[i].kind,
                                                  models[i].kind, models[i].max - 1);
      g_autofree char *model = g_strdup_printf ("`%s`", models[i].model);
      const char *at = strstr (text, row);

      g_assert_nonnull (at);
      g_assert_nonnull (strstr (at, model));
      for (unsigned j = 0; j < models[i].n_options; j++)
        {
          g_autofree char *option = g_strdup_printf ("| `%s` |", models[i].options[j].name);

          g_assert_nonnull (strstr (at, option));
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/catalog/makers", test_every_model_can_be_made);
  g_test_add_func ("/catalog/groups", test_groups);
  g_test_add_func ("/catalog/places", test_numbers_lead_to_places);
  g_test_add_func ("/catalog/documented", test_documented);
  return g_test_run ();
}
