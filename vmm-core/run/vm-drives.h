/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vm.h"

/* What is in a machine's drives. Files are opened beside the I/O thread, since the host's disk may
 * hang; everything else is as in vm.h. */
typedef struct VmDrives VmDrives;

/* Those among devices (machine-devices.h), which outlive them, and whose files change with their
 * discs. */
VmDrives *vm_drives_new (GPtrArray *devices, GMainContext *context, MachineLock *lock);
void vm_drives_free (VmDrives *drives);
/* troubled as in image.h; changed: a disc came or went. */
void vm_drives_set_listener (VmDrives *drives, ImageTroubled troubled, void (*changed) (void *data),
                             void *data);
/* Who has the drives; NULL while there is none. Lock held. */
void vm_drives_set_board (VmDrives *drives, BoardPc *board);

/* Opens what is not open. done runs when all is, or with error when a file cannot be; before the
 * call returns where nothing has to be waited for. */
void vm_drives_open (VmDrives *drives, VmDone done, void *data);
/* done is not to run any more. */
void vm_drives_give_up (VmDrives *drives);
/* The first file that is still being opened, or NULL. */
const char *vm_drives_get_awaited (VmDrives *drives);

/* The drive whose file could not be opened, or NULL. */
const char *vm_drives_get_failed (VmDrives *drives);
/* A sentence about the disc image that is gone, and without which the machine starts since it has a
 * disk; NULL: there is none. */
const char *vm_drives_get_missing (VmDrives *drives);

/* NULL: the drive is empty, or spec is none. */
Image *vm_drives_get_image (VmDrives *drives, const DeviceSpec *spec);
/* What found no room is tried again. */
void vm_drives_retry (VmDrives *drives);

void vm_drives_insert (VmDrives *drives, const char *id, const char *path, VmDone done, void *data);
gboolean vm_drives_eject (VmDrives *drives, const char *id, gboolean force, GError **error);
/* As vm_get_drive_traffic gives it. */
const char *vm_drives_get_traffic (VmDrives *drives, unsigned n, uint64_t *bytes_read,
                                   uint64_t *bytes_written);
/* As vm_get_drives gives them. */
GVariant *vm_drives_describe (VmDrives *drives);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VmDrives, vm_drives_free)
