/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "memory.h"

/* Signals that the host raises over a guest: memory of it is gone (a file was cut short, a page is
 * broken), or code that was made for it is wrong. A thread that is about to meet one sets up a
 * guard and comes back to it:
 *
 *   HostGuard guard = { .memory = memory };
 *
 *   if (host_guard_enter (&guard))
 *     {
 *       … no lock is taken and nothing half done here that does not bear to be left …
 *       host_guard_leave (&guard);
 *     }
 *   else
 *     … guard.fault tells what was met …
 *
 * Variables that change inside are volatile if they are read after a fault. Whatever no guard of
 * the thread claims is left to the action that was there before. */

struct HostFault
{
  int number; /* SIGBUS, … */
  uintptr_t code, stack, address;
};

typedef struct HostGuard HostGuard;
struct HostGuard
{
  const Memory *memory; /* SIGSEGV and SIGBUS over its blocks are the guard's; NULL: none are */
  /* Whether any other signal is, too; NULL: none. Runs in the handler. */
  bool (*claims) (const HostGuard *guard, const HostFault *fault);
  HostFault fault;
  HostGuard *outer;
  sigjmp_buf escape;
};

/* Guards do nothing before that; once more does nothing. Any thread. memory_new calls it. */
void host_guard_catch (void);
/* What every SIGFPE goes through first; TRUE: it is met, and the context says where to go on. */
void host_guard_set_exception (bool (*meet) (void *context));

void host_guard_push (HostGuard *guard);
/* The handler blocks no signal, so there is no mask to keep. TRUE at first, FALSE after a fault. */
#define host_guard_enter(guard) (host_guard_push (guard), sigsetjmp ((guard)->escape, 0) == 0)
void host_guard_leave (HostGuard *guard);
