/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/board-pc.h"
#include "machine-config.h"

/* A command that the state does not allow. */
#define VM_ERROR (vm_error_quark ())
typedef enum
{
  VM_ERROR_STATE
} VmError;
GQuark vm_error_quark (void);

/* One machine's life: off, starting, running, paused, crashed. Everything is called on the I/O
 * thread, which is the thread of the default main context, without the machine lock held. */
typedef struct Vm Vm;

typedef enum
{
  VM_OFF,
  VM_STARTING, /* waits for the files of its drives */
  VM_RUNNING,
  VM_PAUSED,
  VM_CRASHED
} VmState;

/* Events for whoever shows the machine; drive and writing belong to activity. */
typedef struct
{
  void (*state_changed) (void *data);
  void (*drives_changed) (void *data);
  /* The guest or a command did it: "power-off", "reset". */
  void (*power_event) (void *data, const char *event);
} VmListener;

/* Opens what config names, but for the drives' files, so that what is wrong is said before anything
 * starts. Takes config over. */
Vm *vm_new (MachineConfig *config, GError **error);
void vm_free (Vm *vm);
void vm_set_listener (Vm *vm, const VmListener *listener, void *data);

const MachineConfig *vm_get_config (Vm *vm);
VmState vm_get_state (Vm *vm);
const char *vm_state_to_string (VmState state);
/* Why it crashed; empty otherwise. */
const char *vm_get_failure (Vm *vm);
/* The drive whose file is why it could not start; empty otherwise. */
const char *vm_get_failed_drive (Vm *vm);
/* Why it paused by itself or what it waits for to start, and what went wrong with a disk since
 * power on; empty otherwise. */
const char *vm_get_pause_reason (Vm *vm);
const char *vm_get_disk_error (Vm *vm);
/* The accelerator's name and, a sentence, why it was chosen. */
const char *vm_get_accelerator (Vm *vm);
const char *vm_get_accelerator_reason (Vm *vm);

/* error NULL: it is done. */
typedef void (*VmDone) (void *data, const GError *error);

/* done runs when the machine runs, or with why it does not; maybe before the call returns. */
void vm_power_on (Vm *vm, VmDone done, void *data);
gboolean vm_power_off (Vm *vm, GError **error);
gboolean vm_power_button (Vm *vm, GError **error);
/* A paused machine stays paused. */
gboolean vm_reset (Vm *vm, GError **error);
/* TRUE once the guest has ended the machine through its test device; *status is what the process
 * shall end with: an odd number, as others give it for the same write. */
gboolean vm_get_test_status (Vm *vm, int *status);
gboolean vm_pause (Vm *vm, GError **error);
gboolean vm_resume (Vm *vm, GError **error);

/* Has another accelerator run the machine, which goes on as it is. If that cannot, the one before
 * goes on with it. */
gboolean vm_set_accelerator (Vm *vm, const char *name, GError **error);

/* Drives by their groups' names. The file is opened beside the I/O thread, since the
 * host's disk may hang. */
void vm_insert_medium (Vm *vm, const char *drive, const char *path, VmDone done, void *data);
gboolean vm_eject_medium (Vm *vm, const char *drive, gboolean force, GError **error);
/* a(sssb): id, kind, path or empty, locked by the guest. Floating. */
GVariant *vm_get_drives (Vm *vm);
/* Bytes moved so far by drive n, of the disc that is in it; its name, or NULL behind the last one.
 */
const char *vm_get_drive_traffic (Vm *vm, unsigned n, uint64_t *bytes_read,
                                  uint64_t *bytes_written);

/* a{st}. Floating. */
GVariant *vm_get_statistics (Vm *vm);

/* NULL and 0 while it is off; lock held. */
Accel *vm_get_accel (Vm *vm);
int64_t vm_get_guest_ns (Vm *vm);
/* They live as long as the machine's process; to be used with the lock held. */
Console *vm_get_console (Vm *vm);
Input *vm_get_input (Vm *vm);
MachineLock *vm_get_lock (Vm *vm);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Vm, vm_free)
