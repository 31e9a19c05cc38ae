/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "console-frame.h"

/* Serves org.qemu.Display1.Listener (and .Unix.Map) to a machine and brings what it says into a
 * ConsoleFrame. */
typedef struct FrameListener FrameListener;

typedef struct
{
  void (*attached) (void *data);
  void (*resized) (void *data); /* another picture, perhaps of another size */
  void (*damaged) (void *data);
  void (*cursor) (void *data, GdkTexture *cursor, int hot_x, int hot_y); /* NULL: hidden */
  void (*lost) (void *data); /* the machine is gone, or would not have us */
} FrameListenerOps;

/* Attaches to the first console behind machine; frame outlives the listener. */
FrameListener *frame_listener_new (GDBusConnection *machine, ConsoleFrame *frame,
                                   const FrameListenerOps *ops, void *data);
/* No function of ops runs afterwards. */
void frame_listener_free (FrameListener *listener);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FrameListener, frame_listener_free)
