/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vcpus.h"

#include <stdatomic.h>

#include "ready-source.h"

/* Five seconds that this process had the chance to use. */
#define KICK_US 10000
#define MOST_KICKS 500

typedef struct
{
  Vcpus *vcpus;
  unsigned index;
  AccelVcpu *vcpu;
  GThread *thread;
  GCond wake;  /* one for each, so that an interrupt disturbs no other halted vCPU */
  bool inside; /* the guest: between leaving and entering the wait below */
  bool woken;  /* since the last entry: a HALTED answer is stale then */
  bool halted;
} VcpuThread;

struct Vcpus
{
  Accel *accel;
  unsigned n;
  VcpusStopped stopped;
  void *data;
  GMutex mutex;
  GCond left;   /* a vCPU has left the guest */
  bool running; /* what the threads should do */
  bool quit;
  GSource *stop_source; /* ready: what follows waits to be told */
  unsigned stop_index;
  AccelExit stop_reason;
  GError *stop_error;
  VcpuThread threads[];
};

/* The source goes with the Vcpus, and so does what it is to tell: nobody is told of threads that
 * are gone. */
static gboolean
vcpus_deliver_stop (gpointer data)
{
  Vcpus *vcpus = data;
  g_autoptr (GError) error = NULL;
  AccelExit reason;

  g_mutex_lock (&vcpus->mutex);
  g_source_set_ready_time (vcpus->stop_source, -1);
  reason = vcpus->stop_reason;
  error = g_steal_pointer (&vcpus->stop_error);
  g_mutex_unlock (&vcpus->mutex);
  vcpus->stopped (vcpus->data, reason, error);
  return G_SOURCE_CONTINUE;
}

static void
vcpus_kick_all (Vcpus *vcpus)
{
  vcpus->running = false;
  for (unsigned i = 0; i < vcpus->n; i++)
    vcpus->accel->ops->vcpu_kick (vcpus->threads[i].vcpu);
}

/* A vCPU cannot go on by itself: everything stops, and the I/O thread hears of the first one why.
 * It hears in turn, so that a guest that does nothing but shut down keeps it from nothing else. */
static void
vcpus_report (Vcpus *vcpus, unsigned index, AccelExit reason, GError *error)
{
  vcpus_kick_all (vcpus);
  if (g_source_get_ready_time (vcpus->stop_source) >= 0)
    {
      g_clear_error (&error);
      return;
    }
  vcpus->stop_index = index;
  vcpus->stop_reason = reason;
  vcpus->stop_error = error;
  g_source_set_ready_time (vcpus->stop_source, 0);
}

/* The state that it reported of is no more. */
static void
vcpus_withdraw_report (Vcpus *vcpus, unsigned index)
{
  g_mutex_lock (&vcpus->mutex);
  if (vcpus->stop_index == index)
    {
      g_source_set_ready_time (vcpus->stop_source, -1);
      g_clear_error (&vcpus->stop_error);
    }
  g_mutex_unlock (&vcpus->mutex);
}

static gpointer
vcpu_thread_run (gpointer data)
{
  VcpuThread *self = data;
  Vcpus *vcpus = self->vcpus;

  g_mutex_lock (&vcpus->mutex);
  while (!vcpus->quit)
    {
      g_autoptr (GError) error = NULL;
      AccelExit exit;

      if (!vcpus->running || (self->halted && !self->woken))
        {
          g_cond_wait (&self->wake, &vcpus->mutex);
          continue;
        }
      self->inside = true;
      self->woken = false;
      self->halted = false;
      g_mutex_unlock (&vcpus->mutex);
      exit = vcpus->accel->ops->vcpu_run (self->vcpu, &error);
      g_mutex_lock (&vcpus->mutex);
      self->inside = false;
      self->halted = exit == ACCEL_EXIT_HALTED;
      if (exit == ACCEL_EXIT_SHUTDOWN || exit == ACCEL_EXIT_FAILED)
        vcpus_report (vcpus, self->index, exit, g_steal_pointer (&error));
      g_cond_broadcast (&vcpus->left);
    }
  g_mutex_unlock (&vcpus->mutex);
  return NULL;
}

static void
vcpus_wake (void *data, unsigned index)
{
  Vcpus *vcpus = data;

  g_mutex_lock (&vcpus->mutex);
  vcpus->threads[index].woken = true;
  g_cond_signal (&vcpus->threads[index].wake);
  g_mutex_unlock (&vcpus->mutex);
}

Vcpus *
vcpus_new (Accel *accel, unsigned n, GMainContext *context, VcpusStopped stopped, void *data,
           GError **error)
{
  g_autoptr (Vcpus) vcpus = g_malloc0 (sizeof (Vcpus) + n * sizeof (VcpuThread));

  vcpus->accel = accel;
  vcpus->n = n;
  vcpus->stopped = stopped;
  vcpus->data = data;
  vcpus->stop_source = ready_source_new (vcpus_deliver_stop, vcpus);
  g_source_attach (vcpus->stop_source, context);
  g_mutex_init (&vcpus->mutex);
  g_cond_init (&vcpus->left);
  for (unsigned i = 0; i < n; i++)
    g_cond_init (&vcpus->threads[i].wake);
  for (unsigned i = 0; i < n; i++)
    {
      VcpuThread *thread = &vcpus->threads[i];

      thread->vcpus = vcpus;
      thread->index = i;
      thread->vcpu = accel->ops->vcpu_new (accel, i, error);
      if (thread->vcpu == NULL)
        return NULL;
    }
  accel->wake_data = vcpus;
  accel->wake = vcpus_wake;
  for (unsigned i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("vcpu%u", i);

      vcpus->threads[i].thread = g_thread_new (name, vcpu_thread_run, &vcpus->threads[i]);
    }
  return g_steal_pointer (&vcpus);
}

void
vcpus_free (Vcpus *vcpus)
{
  if (vcpus == NULL)
    return;
  vcpus_stop (vcpus);
  g_mutex_lock (&vcpus->mutex);
  vcpus->quit = true;
  for (unsigned i = 0; i < vcpus->n; i++)
    g_cond_signal (&vcpus->threads[i].wake);
  g_mutex_unlock (&vcpus->mutex);
  for (unsigned i = 0; i < vcpus->n; i++)
    if (vcpus->threads[i].thread != NULL)
      g_thread_join (vcpus->threads[i].thread);
  g_source_destroy (vcpus->stop_source);
  g_source_unref (vcpus->stop_source);
  g_clear_error (&vcpus->stop_error);
  vcpus->accel->wake = NULL;
  for (unsigned i = 0; i < vcpus->n; i++)
    if (vcpus->threads[i].vcpu != NULL)
      vcpus->accel->ops->vcpu_free (vcpus->threads[i].vcpu);
  g_mutex_clear (&vcpus->mutex);
  for (unsigned i = 0; i < vcpus->n; i++)
    g_cond_clear (&vcpus->threads[i].wake);
  g_cond_clear (&vcpus->left);
  g_free (vcpus);
}

unsigned
vcpus_get_count (const Vcpus *vcpus)
{
  return vcpus->n;
}

void
vcpus_start (Vcpus *vcpus)
{
  g_mutex_lock (&vcpus->mutex);
  vcpus->running = true;
  /* Whatever happened to a halted vCPU while it stood, it looks for itself. */
  for (unsigned i = 0; i < vcpus->n; i++)
    {
      vcpus->threads[i].woken = true;
      g_cond_signal (&vcpus->threads[i].wake);
    }
  g_mutex_unlock (&vcpus->mutex);
}

void
vcpus_request_stop (Vcpus *vcpus)
{
  g_mutex_lock (&vcpus->mutex);
  vcpus_kick_all (vcpus);
  g_mutex_unlock (&vcpus->mutex);
}

bool
vcpus_stop (Vcpus *vcpus)
{
  unsigned kicks = 0;
  bool stopped = true;

  g_mutex_lock (&vcpus->mutex);
  vcpus->running = false;
  for (unsigned i = 0; i < vcpus->n; i++)
    {
      /* Again and again: a kick may arrive just before the entry and be spent there. */
      while (vcpus->threads[i].inside && kicks++ < MOST_KICKS)
        {
          vcpus->accel->ops->vcpu_kick (vcpus->threads[i].vcpu);
          g_cond_wait_until (&vcpus->left, &vcpus->mutex, g_get_monotonic_time () + KICK_US);
        }
      stopped = stopped && !vcpus->threads[i].inside;
    }
  g_mutex_unlock (&vcpus->mutex);
  return stopped;
}

void
vcpus_get_state (Vcpus *vcpus, unsigned index, X86State *state)
{
  g_assert (index < vcpus->n && !vcpus->running);
  vcpus->accel->ops->get_state (vcpus->threads[index].vcpu, state);
}

bool
vcpus_set_state (Vcpus *vcpus, unsigned index, const X86State *state, GError **error)
{
  g_assert (index < vcpus->n && !vcpus->running);
  vcpus_withdraw_report (vcpus, index);
  return vcpus->accel->ops->set_state (vcpus->threads[index].vcpu, state, error);
}
