/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-cpu.h"

#include <glib/gi18n.h>
#include <string.h>

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

static gboolean
is_host (const char *model)
{
  return g_str_equal (model, CPU_MODEL_HOST);
}

gboolean
machine_cpu_check (const MachineConfig *config, GError **error)
{
  static const char *const choices[] = { "auto", "on", "off", NULL };
  g_autofree char *names = dup_names ();

  if (cpu_models_find (config->cpu_model) == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("“%s” is no processor model: choose one of %s."), config->cpu_model, names);
  else if (!g_strv_contains (choices, config->hyperv))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("“%s” does not say whether there is Hyper-V's interface: choose auto, on or "
                    "off."),
                 config->hyperv);
  else if (config->nested && !is_host (config->cpu_model))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("The processor model “%s” cannot run virtual machines itself: choose “%s”, or "
                    "set nested to false."),
                 config->cpu_model, CPU_MODEL_HOST);
  else
    return TRUE;
  return FALSE;
}

/* Windows from Vista on. */
static gboolean
knows_hyperv (const char *os)
{
  static const char prefix[] = "http://microsoft.com/win/";
  static const char *const older[]
    = { "1.0", "2.0", "2.1", "3.1", "95", "98", "me", "2k", "xp", "2k3", "2k3r2", NULL };

  return os != NULL && g_str_has_prefix (os, prefix)
         && !g_strv_contains (older, os + strlen (prefix));
}

AccelCpu
machine_cpu_get (const MachineConfig *config)
{
  return (AccelCpu){
    .model = config->cpu_model,
    .nested = config->nested,
    .hyperv = g_str_equal (config->hyperv, "on")
              || (g_str_equal (config->hyperv, "auto") && knows_hyperv (config->os)),
  };
}

gboolean
machine_cpu_check_move (const AccelCpu *cpu, const AccelOps *from, const AccelOps *to,
                        GError **error)
{
  if (!is_host (cpu->model) || from->cpus == NULL || to->cpus == NULL
      || g_str_equal (from->cpus, to->cpus))
    return TRUE;
  g_set_error (
    error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
    _ ("A running machine with the processor model “%s” cannot change from “%s” to “%s”, "
       "under which it is another processor: power it off first, or choose another "
       "model for the next start, for example “baseline”."),
    cpu->model, from->name, to->name);
  return FALSE;
}
