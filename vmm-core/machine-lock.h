/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* The one lock of a machine. It is taken in two places only: bus dispatch from a vCPU, and
 * dispatch on the I/O thread. Devices run under it and therefore need no mutex of their own. */
typedef struct MachineLock MachineLock;

MachineLock *machine_lock_new (void);
void machine_lock_free (MachineLock *lock);

/* Not recursive. A NULL lock is accepted and does nothing, for tests with one thread. */
void machine_lock_acquire (MachineLock *lock);
void machine_lock_release (MachineLock *lock);

/* Whether the calling thread holds it; TRUE for a NULL lock. For assertions. */
gboolean machine_lock_is_held (MachineLock *lock);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MachineLock, machine_lock_free)
