/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-cpu.h"

#include <glib/gi18n.h>

#include "vmm-core/x86/cpu-models.h"

static char *
dup_names (void)
{
  g_autoptr (GString) names = g_string_new (NULL);
  const CpuModel *model;

  for (unsigned i = 0; (model = cpu_models_get (i)) != NULL; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", model->name);
  return g_string_free (g_steal_pointer (&names), FALSE);
}

gboolean
machine_cpu_check (const char *model, gboolean nested, GError **error)
{
  g_autofree char *names = dup_names ();

  if (cpu_models_find (model) == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("“%s” is no processor model: choose one of %s."), model, names);
  else if (nested && !g_str_equal (model, CPU_MODEL_HOST))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("The processor model “%s” cannot run virtual machines itself: choose “%s”, or "
                    "set nested to false."),
                 model, CPU_MODEL_HOST);
  else
    return TRUE;
  return FALSE;
}
