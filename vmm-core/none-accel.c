/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "none-accel.h"

#include "vmm-core/x86/x86-state.h"

struct AccelVcpu
{
  X86State state;
};

static Accel *
none_accel_open (const AccelMachine *machine, GError **error)
{
  Accel *accel = g_new0 (Accel, 1);

  accel->ops = &none_accel_ops;
  return accel;
}

static void
none_accel_close (Accel *accel)
{
  g_free (accel);
}

static AccelVcpu *
none_accel_vcpu_new (Accel *accel, unsigned index, GError **error)
{
  return g_new0 (AccelVcpu, 1);
}

static void
none_accel_vcpu_free (AccelVcpu *vcpu)
{
  g_free (vcpu);
}

static AccelExit
none_accel_vcpu_run (AccelVcpu *vcpu, GError **error)
{
  return ACCEL_EXIT_HALTED;
}

static void
none_accel_vcpu_kick (AccelVcpu *vcpu)
{
}

static void
none_accel_get_state (AccelVcpu *vcpu, X86State *state)
{
  *state = vcpu->state;
}

static bool
none_accel_set_state (AccelVcpu *vcpu, const X86State *state, GError **error)
{
  vcpu->state = *state;
  return true;
}

static void
none_accel_set_intr (Accel *accel, bool level)
{
}

static void
none_accel_pulse_nmi (Accel *accel)
{
}

static void
none_accel_pulse_init (Accel *accel)
{
}

static void
none_accel_send_msi (Accel *accel, uint64_t address, uint32_t data)
{
}

static void
none_accel_get_statistics (Accel *accel, GVariantBuilder *builder)
{
}

const AccelOps none_accel_ops = {
  .name = "none",
  .open = none_accel_open,
  .close = none_accel_close,
  .vcpu_new = none_accel_vcpu_new,
  .vcpu_free = none_accel_vcpu_free,
  .vcpu_run = none_accel_vcpu_run,
  .vcpu_kick = none_accel_vcpu_kick,
  .get_state = none_accel_get_state,
  .set_state = none_accel_set_state,
  .set_intr = none_accel_set_intr,
  .pulse_nmi = none_accel_pulse_nmi,
  .pulse_init = none_accel_pulse_init,
  .send_msi = none_accel_send_msi,
  .get_statistics = none_accel_get_statistics,
};
