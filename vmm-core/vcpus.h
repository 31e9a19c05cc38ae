/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "accel.h"

/* The threads of a machine's vCPUs: one each, stopped at first. All calls come from the I/O thread
 * without the machine lock held, unless said otherwise. */
typedef struct Vcpus Vcpus;

/* Reports that a vCPU shut down (triple fault) or failed (error set); all are stopped at the next
 * opportunity. Called on the I/O thread; never after vcpus_free, nor of a state that was
 * replaced. */
typedef void (*VcpusStopped) (void *data, AccelExit reason, const GError *error);

Vcpus *vcpus_new (Accel *accel, unsigned n, GMainContext *context, VcpusStopped stopped, void *data,
                  GError **error);
void vcpus_free (Vcpus *vcpus);
unsigned vcpus_get_count (const Vcpus *vcpus);

void vcpus_start (Vcpus *vcpus);
/* Has all of them leave the guest at the next opportunity, without waiting. Any thread, with or
 * without the machine lock. */
void vcpus_request_stop (Vcpus *vcpus);
/* Returns when no vCPU is inside the guest any more; FALSE: one does not come out, which is the
 * host's doing. It goes no further if it ever does, but nothing that it may use can be freed. */
bool vcpus_stop (Vcpus *vcpus);

/* Only while stopped. */
void vcpus_get_state (Vcpus *vcpus, unsigned index, X86State *state);
bool vcpus_set_state (Vcpus *vcpus, unsigned index, const X86State *state, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Vcpus, vcpus_free)
