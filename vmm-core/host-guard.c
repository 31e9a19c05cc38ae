/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host-guard.h"

#include <signal.h>
#include <ucontext.h>

static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };

static __thread HostGuard *current;
static struct sigaction before[G_N_ELEMENTS (signals)];
static bool (*_Atomic meet_exception) (void *context);

static bool
claims (const HostGuard *guard, const HostFault *fault)
{
  if ((fault->number == SIGSEGV || fault->number == SIGBUS) && guard->memory != NULL
      && memory_find_host (guard->memory, fault->address) != NULL)
    return true;
  return guard->claims != NULL && guard->claims (guard, fault);
}

/* The instruction runs again, and what it raises is met as if this file were not there. */
static void
pass_on (int number, const siginfo_t *info)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (signals); i++)
    if (signals[i] == number)
      sigaction (number, &before[i], NULL);
  if (info->si_code <= 0)
    raise (number);
}

static void
meet (int number, siginfo_t *info, void *data)
{
  const ucontext_t *context = data;
  const HostFault fault = { .number = number,
                            .code = (uintptr_t) context->uc_mcontext.gregs[REG_RIP],
                            .stack = (uintptr_t) context->uc_mcontext.gregs[REG_RSP],
                            .address = (uintptr_t) info->si_addr };

  if (number == SIGFPE && meet_exception != NULL && meet_exception (data))
    return;
  for (HostGuard *guard = current; guard != NULL && info->si_code > 0; guard = guard->outer)
    if (claims (guard, &fault))
      {
        guard->fault = fault;
        current = guard->outer;
        siglongjmp (guard->escape, 1);
      }
  pass_on (number, info);
}

void
host_guard_catch (void)
{
  static gsize once;

  if (g_once_init_enter (&once))
    {
      /* Translated code's stack is its own. */
      struct sigaction action
        = { .sa_sigaction = meet, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

      sigemptyset (&action.sa_mask);
      for (unsigned i = 0; i < G_N_ELEMENTS (signals); i++)
        sigaction (signals[i], &action, &before[i]);
      g_once_init_leave (&once, 1);
    }
}

void
host_guard_set_exception (bool (*met) (void *context))
{
  meet_exception = met;
}

void
host_guard_push (HostGuard *guard)
{
  guard->outer = current;
  current = guard;
}

void
host_guard_leave (HostGuard *guard)
{
  g_assert (current == guard);
  current = guard->outer;
}
