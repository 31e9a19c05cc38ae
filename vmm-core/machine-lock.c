/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-lock.h"

struct MachineLock
{
  GMutex mutex;
  GThread *owner; /* read by other threads only to compare it with themselves */
};

MachineLock *
machine_lock_new (void)
{
  MachineLock *lock = g_new0 (MachineLock, 1);

  g_mutex_init (&lock->mutex);
  return lock;
}

void
machine_lock_free (MachineLock *lock)
{
  if (lock == NULL)
    return;
  g_mutex_clear (&lock->mutex);
  g_free (lock);
}

void
machine_lock_acquire (MachineLock *lock)
{
  if (lock == NULL)
    return;
  g_mutex_lock (&lock->mutex);
  g_atomic_pointer_set (&lock->owner, g_thread_self ());
}

void
machine_lock_release (MachineLock *lock)
{
  if (lock == NULL)
    return;
  g_atomic_pointer_set (&lock->owner, NULL);
  g_mutex_unlock (&lock->mutex);
}

gboolean
machine_lock_is_held (MachineLock *lock)
{
  return lock == NULL || g_atomic_pointer_get (&lock->owner) == g_thread_self ();
}
