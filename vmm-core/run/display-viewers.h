/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vm.h"

/* Who looks at a machine's screen: listeners of org.qemu.Display1, each behind a socket of its own.
 * One that does not answer for 20 seconds is let go, or sooner when all 16 places are taken. */
typedef struct DisplayViewers DisplayViewers;

DisplayViewers *display_viewers_new (Vm *vm);
void display_viewers_free (DisplayViewers *viewers);

/* fd is the viewers', even on an error. */
gboolean display_viewers_add (DisplayViewers *viewers, int fd, GError **error);

/* The console has another surface; part of it has changed. Lock held: only noted here. */
void display_viewers_resize (DisplayViewers *viewers);
void display_viewers_damage (DisplayViewers *viewers, unsigned x, unsigned y, unsigned width,
                             unsigned height);
