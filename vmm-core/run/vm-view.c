/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a machine has and tells of itself. */
#include "vm-private.h"

#include <glib/gi18n.h>

/* Drives */

void
vm_insert_medium (Vm *vm, const char *drive, const char *path, VmDone done, void *data)
{
  vm_drives_insert (vm->drives, drive, path, done, data);
}

gboolean
vm_eject_medium (Vm *vm, const char *drive, gboolean force, GError **error)
{
  return vm_drives_eject (vm->drives, drive, force, error);
}

GVariant *
vm_get_drives (Vm *vm)
{
  return vm_drives_describe (vm->drives);
}

const char *
vm_get_drive_traffic (Vm *vm, unsigned n, uint64_t *bytes_read, uint64_t *bytes_written)
{
  return vm_drives_get_traffic (vm->drives, n, bytes_read, bytes_written);
}

/* What others need */

const MachineConfig *
vm_get_config (Vm *vm)
{
  return vm->config;
}

VmState
vm_get_state (Vm *vm)
{
  return vm->state;
}

const char *
vm_state_to_string (VmState state)
{
  static const char *const names[]
    = { N_ ("off"), N_ ("starting"), N_ ("running"), N_ ("paused"), N_ ("crashed") };

  return names[state];
}

const char *
vm_get_failure (Vm *vm)
{
  return vm->failure != NULL ? vm->failure : "";
}

const char *
vm_get_failed_drive (Vm *vm)
{
  return vm->failed_drive != NULL ? vm->failed_drive : "";
}

const char *
vm_get_pause_reason (Vm *vm)
{
  return vm->pause_reason != NULL ? vm->pause_reason : "";
}

const char *
vm_get_disk_error (Vm *vm)
{
  return vm->disk_error != NULL ? vm->disk_error : "";
}

const char *
vm_get_accelerator (Vm *vm)
{
  return vm->accel->name;
}

const char *
vm_get_accelerator_reason (Vm *vm)
{
  return vm->accel_reason;
}

Accel *
vm_get_accel (Vm *vm)
{
  return vm->board != NULL ? board_pc_get_accel (vm->board) : NULL;
}

int64_t
vm_get_guest_ns (Vm *vm)
{
  return vm->clock != NULL ? clock_get_ns (vm->clock) : 0;
}

Console *
vm_get_console (Vm *vm)
{
  return vm->console;
}

Input *
vm_get_input (Vm *vm)
{
  return vm->input;
}

MachineLock *
vm_get_lock (Vm *vm)
{
  return vm->lock;
}
