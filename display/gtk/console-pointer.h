/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* The pointer of a widget as a client of org.qemu.Display1.Mouse. */
typedef struct ConsolePointer ConsolePointer;

typedef struct
{
  /* The pixel of the guest's screen at a point of the widget; FALSE: there is no picture. */
  gboolean (*locate) (void *data, double x, double y, unsigned *guest_x, unsigned *guest_y);
  /* A button was pressed. TRUE: it took the pointer, and is not the guest's. */
  gboolean (*pressed) (void *data);
  /* The guest's pointer changed its kind. */
  void (*changed) (void *data);
  /* While it was grabbed, the pointer went to another window and stayed there. */
  void (*lost) (void *data);
} ConsolePointerOps;

/* Adds its controllers to widget. */
ConsolePointer *console_pointer_new (GtkWidget *widget, const ConsolePointerOps *ops, void *data);
/* While the widget still has its controllers: in its dispose. */
void console_pointer_free (ConsolePointer *pointer);

/* NULL: events go nowhere. */
void console_pointer_set_connection (ConsolePointer *pointer, GDBusConnection *connection);
/* Grabbed, a guest whose pointer is moved by distances gets all of them: the person's pointer meets
 * no edge. */
void console_pointer_set_grabbed (ConsolePointer *pointer, gboolean grabbed);
/* No button stays down. */
void console_pointer_release_buttons (ConsolePointer *pointer);
/* The guest's pointer takes positions: no need to take the person's. */
gboolean console_pointer_is_absolute (const ConsolePointer *pointer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ConsolePointer, console_pointer_free)
