/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exclusive sections: one CPU works while no other is inside guest code. */
#include "software.h"

struct X86Exclusive
{
  GMutex mutex;
  GCond changed;
  unsigned n_inside;  /* CPUs in guest code, the owner not counted */
  unsigned n_waiting; /* threads, for a change */
  const X86Cpu *owner;
};

struct X86Exclusive *
x86_exclusive_new (void)
{
  struct X86Exclusive *exclusive = g_new0 (struct X86Exclusive, 1);

  g_mutex_init (&exclusive->mutex);
  g_cond_init (&exclusive->changed);
  return exclusive;
}

void
x86_exclusive_free (struct X86Exclusive *exclusive)
{
  if (exclusive == NULL)
    return;
  g_mutex_clear (&exclusive->mutex);
  g_cond_clear (&exclusive->changed);
  g_free (exclusive);
}

/* mutex held. */
static void
exclusive_await (struct X86Exclusive *exclusive)
{
  exclusive->n_waiting++;
  g_cond_wait (&exclusive->changed, &exclusive->mutex);
  exclusive->n_waiting--;
}

/* mutex held. Without a system call where nobody waits. */
static void
exclusive_tell (struct X86Exclusive *exclusive)
{
  if (exclusive->n_waiting > 0)
    g_cond_broadcast (&exclusive->changed);
}

/* mutex held. */
static void
exclusive_go_in (struct X86Exclusive *exclusive)
{
  while (exclusive->owner != NULL)
    exclusive_await (exclusive);
  exclusive->n_inside++;
}

static void
exclusive_go_out (struct X86Exclusive *exclusive)
{
  exclusive->n_inside--;
  exclusive_tell (exclusive);
}

void
x86_exclusive_enter (X86Cpu *cpu)
{
  struct X86Exclusive *exclusive = cpu->software->exclusive;

  g_mutex_lock (&exclusive->mutex);
  exclusive_go_in (exclusive);
  g_mutex_unlock (&exclusive->mutex);
}

void
x86_exclusive_leave (X86Cpu *cpu)
{
  struct X86Exclusive *exclusive = cpu->software->exclusive;

  g_mutex_lock (&exclusive->mutex);
  exclusive_go_out (exclusive);
  g_mutex_unlock (&exclusive->mutex);
}

void
x86_exclusive_wait (X86Cpu *cpu)
{
  struct X86Exclusive *exclusive = cpu->software->exclusive;

  g_mutex_lock (&exclusive->mutex);
  exclusive_go_out (exclusive);
  exclusive_go_in (exclusive);
  g_mutex_unlock (&exclusive->mutex);
}

void
x86_exclusive_begin (X86Cpu *cpu)
{
  X86Software *software = cpu->software;
  struct X86Exclusive *exclusive = software->exclusive;

  g_mutex_lock (&exclusive->mutex);
  /* While it waits for its turn it counts as outside, or two would wait for each other. */
  exclusive_go_out (exclusive);
  while (exclusive->owner != NULL)
    exclusive_await (exclusive);
  exclusive->owner = cpu;
  for (unsigned i = 0; i < X86_MAX_CPUS; i++)
    if (software->cpus[i] != NULL && software->cpus[i] != cpu)
      atomic_fetch_or (&software->cpus[i]->requests, X86_REQUEST_EXCLUSIVE);
  while (exclusive->n_inside > 0)
    exclusive_await (exclusive);
  g_mutex_unlock (&exclusive->mutex);
}

void
x86_exclusive_end (X86Cpu *cpu)
{
  struct X86Exclusive *exclusive = cpu->software->exclusive;

  g_mutex_lock (&exclusive->mutex);
  exclusive->owner = NULL;
  exclusive->n_inside++;
  exclusive_tell (exclusive);
  g_mutex_unlock (&exclusive->mutex);
}

void
x86_exclusive_give_up (X86Cpu *cpu)
{
  struct X86Exclusive *exclusive = cpu->software->exclusive;
  bool owner;

  g_mutex_lock (&exclusive->mutex);
  owner = exclusive->owner == cpu;
  g_mutex_unlock (&exclusive->mutex);
  if (owner)
    x86_exclusive_end (cpu);
}
