/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* The pointer held in its place under Wayland, telling how far it is moved nevertheless: the
 * protocols pointer-constraints and relative-pointer. */
typedef struct PointerLock PointerLock;

/* Holds the pointer over widget's window as long as that is the active one. NULL where the display
 * server cannot. */
PointerLock *pointer_lock_new (GtkWidget *widget, void (*moved) (void *data, double dx, double dy),
                               void *data);
void pointer_lock_free (PointerLock *lock);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PointerLock, pointer_lock_free)
