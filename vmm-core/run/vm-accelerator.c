/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Another accelerator for a machine that is on. */
#include "vm-private.h"

#include <glib/gi18n.h>

#include "accel-choice.h"
#include "machine-cpu.h"
#include "vmm-core/x86/x86-state.h"

/* The CPUs, which the machine has not now, under an accelerator. */
static gboolean
give_to (Vm *vm, const AccelOps *accel, const X86State *states, GError **error)
{
  gboolean given;

  machine_lock_acquire (vm->lock);
  given = board_pc_set_accel (vm->board, accel, error);
  machine_lock_release (vm->lock);
  given = given && vm_make_vcpus (vm, error);
  for (unsigned i = 0; given && i < vm->config->cpus; i++)
    given = vcpus_set_state (vm->vcpus, i, &states[i], error);
  if (!given)
    g_clear_pointer (&vm->vcpus, vcpus_free);
  return given;
}

/* If the new one cannot, the old one goes on. */
static gboolean
move_to (Vm *vm, const AccelOps *accel, GError **error)
{
  g_autofree X86State *states = g_new (X86State, vm->config->cpus);
  g_autoptr (GError) problem = NULL;

  for (unsigned i = 0; i < vm->config->cpus; i++)
    vcpus_get_state (vm->vcpus, i, &states[i]);
  g_clear_pointer (&vm->vcpus, vcpus_free);
  if (give_to (vm, accel, states, error))
    return TRUE;
  if (!give_to (vm, vm->accel, states, &problem))
    vm_crash (vm, problem->message);
  return FALSE;
}

gboolean
vm_set_accelerator (Vm *vm, const char *name, GError **error)
{
  g_autofree char *reason = NULL;
  const AccelOps *accel = accel_choice (name, &vm->topology, &vm->cpu, &reason, error);
  gboolean running = vm->state == VM_RUNNING, moved = TRUE;

  if (accel == NULL)
    return FALSE;
  if (vm->state == VM_STARTING)
    return vm_wrong_state (vm, N_ ("on"), error);
  if (vm_is_on (vm) && !machine_cpu_check_move (&vm->cpu, vm->accel, accel, error))
    return FALSE;
  if (vm_is_on (vm) && accel != vm->accel)
    {
      if (running && !vm_halt (vm, error))
        return FALSE;
      moved = move_to (vm, accel, error);
    }
  if (moved)
    {
      vm->accel = accel;
      g_free (vm->accel_reason);
      vm->accel_reason = g_steal_pointer (&reason);
    }
  if (running && vm_is_on (vm))
    vm_run (vm);
  else
    vm_set_state (vm, vm->state);
  return moved;
}
