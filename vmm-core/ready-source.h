/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* A source that waits for nothing of its own: callback runs when the ready time that it was given
 * has come (g_source_set_ready_time), or a descriptor that was added to it is ready. Not attached
 * yet; owned by the caller. */
GSource *ready_source_new (GSourceFunc callback, void *data);
