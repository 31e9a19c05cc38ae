/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "alternating.h"
#include "second-interpreter.h"

#include <stdatomic.h>

#include "vmm-core/translator/translator.h"
#include "vmm-core/x86/software.h"
#include "vmm-core/x86/x86-state.h"

#define TURN_US 3000

typedef struct
{
  Accel accel; /* first */
  MachineLock *lock;
  const AccelOps *ops[2];
  Accel *accels[2];
  AccelVcpu *vcpus[2];
  _Atomic unsigned active; /* changes under the lock */
  atomic_bool turn, kicked, quit;
  GThread *thread;
  uint64_t turns;
} Alternating;

/* The one vCPU. */
typedef struct
{
  Alternating *self;
} AlternatingVcpu;

static gpointer
turn_run (gpointer data)
{
  Alternating *self = data;

  while (!atomic_load (&self->quit))
    {
      unsigned active;

      g_usleep (TURN_US);
      active = atomic_load (&self->active);
      atomic_store (&self->turn, true);
      self->ops[active]->vcpu_kick (self->vcpus[active]);
    }
  return NULL;
}

static void
wake (void *data, unsigned index)
{
  Alternating *self = data;

  if (self->accel.wake != NULL)
    self->accel.wake (self->accel.wake_data, index);
}

static Accel *
alternating_open (const AccelMachine *machine, GError **error)
{
  Alternating *self = g_new0 (Alternating, 1);

  g_assert_cmpuint (cpu_topology_get_cpus (&machine->topology), ==, 1);
  self->accel.ops = &alternating_accel_ops;
  self->lock = machine->lock;
  self->ops[0] = &translator_accel_ops;
  self->ops[1] = &software_accel_ops;
  self->accels[0] = translator_accel_ops.open (machine, error);
  self->accels[1] = second_interpreter_open (machine, error);
  for (unsigned i = 0; i < 2; i++)
    {
      g_assert_nonnull (self->accels[i]);
      self->accels[i]->wake = wake;
      self->accels[i]->wake_data = self;
    }
  return &self->accel;
}

static void
alternating_close (Accel *accel)
{
  Alternating *self = (Alternating *) accel;

  for (unsigned i = 0; i < 2; i++)
    self->ops[i]->close (self->accels[i]);
  g_free (self);
}

static AccelVcpu *
alternating_vcpu_new (Accel *accel, unsigned index, GError **error)
{
  Alternating *self = (Alternating *) accel;
  AlternatingVcpu *vcpu = g_new0 (AlternatingVcpu, 1);

  vcpu->self = self;
  for (unsigned i = 0; i < 2; i++)
    {
      self->vcpus[i] = self->ops[i]->vcpu_new (self->accels[i], index, error);
      g_assert_nonnull (self->vcpus[i]);
    }
  self->thread = g_thread_new ("turns", turn_run, self);
  return (AccelVcpu *) vcpu;
}

static Alternating *
self_of (AccelVcpu *vcpu)
{
  return ((AlternatingVcpu *) vcpu)->self;
}

static void
alternating_vcpu_free (AccelVcpu *vcpu)
{
  Alternating *self = self_of (vcpu);

  atomic_store (&self->quit, true);
  g_thread_join (self->thread);
  for (unsigned i = 0; i < 2; i++)
    self->ops[i]->vcpu_free (self->vcpus[i]);
  g_free (vcpu);
}

/* No interrupt message may come between the two. */
static bool
take_turn (Alternating *self, GError **error)
{
  unsigned from = atomic_load (&self->active), to = !from;
  X86State state;
  bool good;

  machine_lock_acquire (self->lock);
  self->ops[from]->get_state (self->vcpus[from], &state);
  good = self->ops[to]->set_state (self->vcpus[to], &state, error);
  atomic_store (&self->active, to);
  machine_lock_release (self->lock);
  self->turns++;
  return good;
}

static AccelExit
alternating_vcpu_run (AccelVcpu *vcpu, GError **error)
{
  Alternating *self = self_of (vcpu);

  for (;;)
    {
      unsigned active = atomic_load (&self->active);
      AccelExit exit;

      if (atomic_exchange (&self->kicked, false))
        return ACCEL_EXIT_KICKED;
      exit = self->ops[active]->vcpu_run (self->vcpus[active], error);
      if (exit != ACCEL_EXIT_KICKED)
        return exit;
      if (atomic_exchange (&self->turn, false) && !take_turn (self, error))
        return ACCEL_EXIT_FAILED;
    }
}

static void
alternating_vcpu_kick (AccelVcpu *vcpu)
{
  Alternating *self = self_of (vcpu);

  atomic_store (&self->kicked, true);
  for (unsigned i = 0; i < 2; i++)
    self->ops[i]->vcpu_kick (self->vcpus[i]);
}

static void
alternating_get_state (AccelVcpu *vcpu, X86State *state)
{
  Alternating *self = self_of (vcpu);

  self->ops[self->active]->get_state (self->vcpus[self->active], state);
}

static bool
alternating_set_state (AccelVcpu *vcpu, const X86State *state, GError **error)
{
  Alternating *self = self_of (vcpu);

  return self->ops[self->active]->set_state (self->vcpus[self->active], state, error);
}

static void
alternating_set_intr (Accel *accel, bool level)
{
  Alternating *self = (Alternating *) accel;

  for (unsigned i = 0; i < 2; i++)
    self->ops[i]->set_intr (self->accels[i], level);
}

static void
alternating_pulse_nmi (Accel *accel)
{
  Alternating *self = (Alternating *) accel;

  self->ops[self->active]->pulse_nmi (self->accels[self->active]);
}

static void
alternating_pulse_init (Accel *accel)
{
  Alternating *self = (Alternating *) accel;

  self->ops[self->active]->pulse_init (self->accels[self->active]);
}

static void
alternating_send_msi (Accel *accel, uint64_t address, uint32_t data)
{
  Alternating *self = (Alternating *) accel;

  self->ops[self->active]->send_msi (self->accels[self->active], address, data);
}

static void
alternating_get_statistics (Accel *accel, GVariantBuilder *builder)
{
}

uint64_t
alternating_get_turns (Accel *accel)
{
  return ((Alternating *) accel)->turns;
}

const AccelOps alternating_accel_ops = {
  .name = "alternating",
  .open = alternating_open,
  .close = alternating_close,
  .vcpu_new = alternating_vcpu_new,
  .vcpu_free = alternating_vcpu_free,
  .vcpu_run = alternating_vcpu_run,
  .vcpu_kick = alternating_vcpu_kick,
  .get_state = alternating_get_state,
  .set_state = alternating_set_state,
  .set_intr = alternating_set_intr,
  .pulse_nmi = alternating_pulse_nmi,
  .pulse_init = alternating_pulse_init,
  .send_msi = alternating_send_msi,
  .get_statistics = alternating_get_statistics,
};
