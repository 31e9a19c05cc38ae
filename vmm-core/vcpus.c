/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vcpus.h"

#include <stdatomic.h>

typedef struct
{
  Vcpus *vcpus;
  unsigned index;
  AccelVcpu *vcpu;
  GThread *thread;
  GCond wake; /* one for each, so that an interrupt disturbs no other halted vCPU */
  bool inside; /* the guest: between leaving and entering the wait below */
  bool woken;  /* since the last entry: a HALTED answer is stale then */
  bool halted;
} VcpuThread;

struct Vcpus
{
  Accel *accel;
  unsigned n;
  GMainContext *context;
  VcpusStopped stopped;
  void *data;
  GMutex mutex;
  GCond left; /* a vCPU has left the guest */
  bool running; /* what the threads should do */
  bool quit;
  VcpuThread threads[];
};

typedef struct
{
  Vcpus *vcpus;
  AccelExit reason;
  GError *error;
} StopReport;

static gboolean
vcpus_deliver_stop (gpointer data)
{
  StopReport *report = data;

  report->vcpus->stopped (report->vcpus->data, report->reason, report->error);
  return G_SOURCE_REMOVE;
}

static void
stop_report_free (gpointer data)
{
  StopReport *report = data;

  g_clear_error (&report->error);
  g_free (report);
}

static void
vcpus_kick_all (Vcpus *vcpus)
{
  vcpus->running = false;
  for (unsigned i = 0; i < vcpus->n; i++)
    vcpus->accel->ops->vcpu_kick (vcpus->threads[i].vcpu);
}

/* A vCPU cannot go on by itself: everything stops, and the I/O thread hears why. */
static void
vcpus_report (Vcpus *vcpus, AccelExit reason, GError *error)
{
  StopReport *report = g_new0 (StopReport, 1);

  report->vcpus = vcpus;
  report->reason = reason;
  report->error = error;
  vcpus_kick_all (vcpus);
  g_main_context_invoke_full (vcpus->context, G_PRIORITY_HIGH, vcpus_deliver_stop, report,
                              stop_report_free);
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
        vcpus_report (vcpus, exit, g_steal_pointer (&error));
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
  vcpus->context = context;
  vcpus->stopped = stopped;
  vcpus->data = data;
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

void
vcpus_stop (Vcpus *vcpus)
{
  g_mutex_lock (&vcpus->mutex);
  vcpus->running = false;
  for (unsigned i = 0; i < vcpus->n; i++)
    while (vcpus->threads[i].inside)
      {
        /* Again and again: a kick may arrive just before the entry and be spent there. */
        vcpus->accel->ops->vcpu_kick (vcpus->threads[i].vcpu);
        g_cond_wait_until (&vcpus->left, &vcpus->mutex, g_get_monotonic_time () + 10000);
      }
  g_mutex_unlock (&vcpus->mutex);
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
  return vcpus->accel->ops->set_state (vcpus->threads[index].vcpu, state, error);
}
