/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "display/console.h"
#include "display/input.h"
#include "vmm-core/machine-lock.h"

/* The machine's own window. SDL and the window live in a thread of their own, so that neither a
 * slow display server nor vertical synchronisation holds up the machine; it meets the I/O thread in
 * a queue of input events and in a rectangle of damage. */
typedef struct SdlWindow SdlWindow;

/* Opens the window. title names the machine. closed is called on the I/O thread, without the lock,
 * when the person closes the window; the window then stays until freed. While the window exists it
 * asks the console for a new picture 60 times a second. Call this and sdl_window_free on the I/O
 * thread (the thread of context), without the lock. Error: one sentence for the user. */
SdlWindow *sdl_window_new (Console *console, Input *input, GMainContext *context, MachineLock *lock,
                           const char *title, void (*closed) (void *data), void *data,
                           GError **error);
void sdl_window_free (SdlWindow *window);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SdlWindow, sdl_window_free)
