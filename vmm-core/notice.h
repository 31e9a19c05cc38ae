/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Word to the I/O thread that something is to be looked at: however often it is given until then,
 * there is one look, so guests cannot pile up work by repeating themselves. */
typedef struct Notice Notice;

/* look runs on context's thread. */
Notice *notice_new (GMainContext *context, void (*look) (void *data), void *data);
/* On context's thread. */
void notice_free (Notice *notice);

/* look runs soon, but not before delay_us have passed since the first notice; a shorter delay than
 * one that is running brings it forward. Any thread. */
void notice_give (Notice *notice, gint64 delay_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Notice, notice_free)
