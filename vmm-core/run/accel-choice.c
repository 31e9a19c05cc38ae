/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "accel-choice.h"

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "vmm-core/kvm/kvm-accel.h"
#include "vmm-core/kvm/kvm-probe.h"
#include "vmm-core/none-accel.h"
#include "vmm-core/translator/translator.h"
#include "vmm-core/x86/software.h"

const AccelOps *
accel_choice_without_kvm (const char *sentence, char **reason)
{
  *reason = g_strdup_printf (_ ("%s The binary translator runs the machine instead: it works "
                                "everywhere, but more slowly."),
                             sentence);
  return &translator_accel_ops;
}

static const AccelOps *
choose_automatically (const CpuTopology *topology, const AccelCpu *cpu, char **reason)
{
  g_autofree char *why_not = NULL;
  double mips;

  if (kvm_probe_measure (topology, cpu, &mips, &why_not))
    {
      *reason = g_strdup_printf (
        _ ("KVM runs guests at hardware speed (%.0f million instructions a second "
           "in a test loop)."),
        mips);
      return &kvm_accel_ops;
    }
  return accel_choice_without_kvm (why_not, reason);
}

const AccelOps *
accel_choice (const char *name, const CpuTopology *topology, const AccelCpu *cpu, char **reason,
              GError **error)
{
  if (g_str_equal (name, "auto"))
    return choose_automatically (topology, cpu, reason);
  *reason = g_strdup_printf (_ ("The machine's settings ask for “%s”."), name);
  if (g_str_equal (name, "kvm"))
    return &kvm_accel_ops;
  if (g_str_equal (name, "interpreter"))
    return &software_accel_ops;
  if (g_str_equal (name, "translator"))
    return &translator_accel_ops;
  if (g_str_equal (name, "none"))
    return &none_accel_ops;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("“%s” is no accelerator: choose auto, kvm, translator, interpreter or none."),
               name);
  return NULL;
}
