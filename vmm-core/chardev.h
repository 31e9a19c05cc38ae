/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "machine-lock.h"

/* The far end of a serial line or debug console: standard streams, a file, a socket, a buffer.
 * Calls happen under the machine lock; bytes from outside are delivered under it, too. */
typedef struct Chardev Chardev;

/* How many bytes the device takes now; and the bytes, never more than that. */
typedef size_t (*ChardevRoom) (void *device);
typedef void (*ChardevReceive) (void *device, const uint8_t *data, size_t length);

/* Output is dropped: for lines that lead nowhere. */
Chardev *chardev_new_null (void);
/* Standard input and output; a terminal is put in raw mode until the free, Ctrl+A x ends the
 * process. */
Chardev *chardev_new_stdio (GMainContext *context, MachineLock *lock, GError **error);
/* Output is appended to a file made anew; a character device will do, a pipe is refused. */
Chardev *chardev_new_file (const char *path, GError **error);
/* Listens on a Unix socket and serves one client at a time; output without a client is dropped, and
 * so is what a client that leaves has not read. */
Chardev *chardev_new_socket (const char *path, GMainContext *context, MachineLock *lock,
                             GError **error);
/* Output is kept in a buffer of the last 1 MiB, input comes from chardev_feed: for tests. */
Chardev *chardev_new_buffer (void);
void chardev_free (Chardev *chardev);

/* Never waits. What the far end does not take at once is kept, up to 1 MiB, and sent when it does;
 * then bytes are lost, as on a line without handshake. The guest is not held back (its CTS stays
 * set): a log that nobody reads must not stop the machine. */
void chardev_write (Chardev *chardev, const void *data, size_t length);

/* The device that receives; chardev_accept_input tells that it has room again. */
void chardev_set_receiver (Chardev *chardev, ChardevRoom room, ChardevReceive receive,
                           void *device);
void chardev_accept_input (Chardev *chardev);

/* Buffer only: what the device wrote so far (borrowed), and input for it. */
const GByteArray *chardev_get_output (Chardev *chardev);
void chardev_feed (Chardev *chardev, const void *data, size_t length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Chardev, chardev_free)
