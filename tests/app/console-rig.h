/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>
#include <string.h>

#include "display-interfaces.h"
#include "display/gtk/console-view.h"
#include "display/surface.h"

#define CONSOLE_TITLE "console-view-test"
#define PIXMAN_X8R8G8B8 0x20020888u

/* The console widget in a window, and a machine of cardboard that it shows. */
typedef struct
{
  GDBusConnection *near, *far; /* the widget's and the machine's end */
  DisplayConsole *console;
  DisplayKeyboard *keyboard;
  DisplayMouse *mouse;
  GDBusConnection *listener;
  Surface *surface;
  GString *log; /* of keys and pointer */
  unsigned answers;
  GtkWindow *window;
  ConsoleView *view;
} ConsoleRig;

/* Waits for something to come true, as long as the test may take. */
#define wait_for(condition)                                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    while (!(condition))                                                                           \
      if (!g_main_context_iteration (NULL, FALSE))                                                 \
        g_usleep (1000);                                                                           \
  }                                                                                                \
  G_STMT_END

/* The window is on the screen, its widget has the focus, and the guest's screen has 320 × 200
 * pixels. data is what xdotool does to give it the focus, if not the usual. */
void console_rig_set_up (ConsoleRig *rig, const void *data);
void console_rig_tear_down (ConsoleRig *rig, const void *data);

/* The guest's screen gets a size, and is black. */
void console_rig_show (ConsoleRig *rig, unsigned width, unsigned height);
/* Calls a method of the widget's, which must succeed. */
void console_rig_tell (ConsoleRig *rig, const char *method, GVariant *arguments, GUnixFDList *fds);

/* Moves a real pointer, presses real keys. */
void console_rig_xdotool (const char *arguments);
/* How far the guest's pointer has moved to the right. */
int console_rig_moved (const ConsoleRig *rig);
/* What the machine heard since the last time. */
void console_rig_forget (ConsoleRig *rig);
