/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A vCPU runs: what it is given on the way into the guest, and what it wants when it leaves.
 * Source: Linux Documentation/virt/kvm/api.rst, KVM_RUN. */
#include "kvm-internal.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm-core/host-guard.h"
#include "vmm-core/trace.h"

static void
kvm_exit_io (AccelVcpu *vcpu)
{
  struct kvm_run *run = vcpu->run;
  uint8_t *data = (uint8_t *) run + run->io.data_offset;
  Bus *io = vcpu->kvm->machine.io;

  vcpu->exits_io++;
  for (unsigned i = 0; i < run->io.count; i++, data += run->io.size)
    {
      uint64_t value = 0;

      if (run->io.direction == KVM_EXIT_IO_OUT)
        {
          memcpy (&value, data, run->io.size);
          bus_dispatch_write (io, run->io.port, run->io.size, value);
        }
      else
        {
          value = bus_dispatch_read (io, run->io.port, run->io.size);
          memcpy (data, &value, run->io.size);
        }
    }
}

static void
kvm_exit_mmio (AccelVcpu *vcpu)
{
  struct kvm_run *run = vcpu->run;
  AccelMachine *machine = &vcpu->kvm->machine;
  MemoryRange range = memory_find (machine->memory, run->mmio.phys_addr);
  uint64_t value = 0;

  vcpu->exits_mmio++;
  if (run->mmio.is_write && range.write != NULL)
    {
      /* Shadow RAM that is written under a ROM that is read. */
      memory_write (machine->memory, run->mmio.phys_addr, run->mmio.data, run->mmio.len);
      return;
    }
  /* The length may be 3, 5, 6 or 7 where an access crosses into a slot: byte by byte then. */
  if (run->mmio.len & (run->mmio.len - 1))
    {
      for (unsigned i = 0; i < run->mmio.len; i++)
        if (run->mmio.is_write)
          bus_dispatch_write (machine->mmio, run->mmio.phys_addr + i, 1, run->mmio.data[i]);
        else
          run->mmio.data[i] = bus_dispatch_read (machine->mmio, run->mmio.phys_addr + i, 1);
      return;
    }
  if (run->mmio.is_write)
    {
      memcpy (&value, run->mmio.data, run->mmio.len);
      bus_dispatch_write (machine->mmio, run->mmio.phys_addr, run->mmio.len, value);
    }
  else
    {
      value = bus_dispatch_read (machine->mmio, run->mmio.phys_addr, run->mmio.len);
      memcpy (run->mmio.data, &value, run->mmio.len);
    }
}

/* The 8259's interrupt: taken as soon as the guest can take it, else told when it can. */
static void
kvm_inject_intr (AccelVcpu *vcpu)
{
  AccelMachine *machine = &vcpu->kvm->machine;
  struct kvm_run *run = vcpu->run;

  run->request_interrupt_window = 0;
  if (vcpu->index != 0 || !vcpu->kvm->intr || vcpu->init_pending)
    return;
  if (run->ready_for_interrupt_injection && run->if_flag)
    {
      uint8_t vector;

      machine_lock_acquire (machine->lock);
      vector = machine->acknowledge_pic (machine->pic);
      machine_lock_release (machine->lock);
      if (!kvm_events_inject (vcpu, vector))
        TRACE ("kvm.interrupt-refused", "vector %#x", vector);
    }
  else
    run->request_interrupt_window = 1;
}

/* LINT1 of the boot CPU. */
static void
kvm_inject_nmi (AccelVcpu *vcpu)
{
  X86LapicState lapic;

  if (!vcpu->nmi_pending || !atomic_exchange (&vcpu->nmi_pending, false))
    return;
  kvm_lapic_get (vcpu, &lapic);
  if (kvm_lapic_takes_nmi (&lapic))
    ioctl (vcpu->fd, KVM_NMI, 0);
}

static bool
kvm_exit_shutdown (AccelVcpu *vcpu, AccelExit *exit)
{
  AccelMachine *machine = &vcpu->kvm->machine;

  TRACE ("cpu.shutdown", "CPU %u: triple fault", vcpu->index);
  if (machine->shutdown == NULL)
    {
      *exit = ACCEL_EXIT_SHUTDOWN;
      return false;
    }
  kvm_state_map_anew (vcpu);
  machine_lock_acquire (machine->lock);
  machine->shutdown (machine->chipset);
  machine_lock_release (machine->lock);
  return true;
}

static bool
kvm_exit_internal_error (AccelVcpu *vcpu, AccelExit *exit, GError **error)
{
  *exit = ACCEL_EXIT_FAILED;
  if (vcpu->run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION)
    *exit = kvm_interpret (vcpu);
  if (*exit == ACCEL_EXIT_KICKED)
    return true;
  if (*exit == ACCEL_EXIT_SHUTDOWN)
    return kvm_exit_shutdown (vcpu, exit);
  kvm_crash_log (vcpu);
  kvm_crash_set_error (vcpu, error);
  return false;
}

/* One exit's work; TRUE to enter the guest again. */
static bool
kvm_handle_exit (AccelVcpu *vcpu, AccelExit *exit, GError **error)
{
  struct kvm_run *run = vcpu->run;
  AccelMachine *machine = &vcpu->kvm->machine;

  vcpu->exits++;
  switch (run->exit_reason)
    {
    case KVM_EXIT_IO:
      kvm_exit_io (vcpu);
      return true;
    case KVM_EXIT_MMIO:
      kvm_exit_mmio (vcpu);
      return true;
    case KVM_EXIT_IRQ_WINDOW_OPEN:
      vcpu->interrupt_windows++;
      return true;
    case KVM_EXIT_INTR:
      return true;
    case KVM_EXIT_IOAPIC_EOI:
      machine_lock_acquire (machine->lock);
      machine->eoi (machine->ioapic, run->eoi.vector);
      machine_lock_release (machine->lock);
      return true;
    case KVM_EXIT_HLT:
      *exit = ACCEL_EXIT_HALTED;
      return false;
    case KVM_EXIT_HYPERV:
      kvm_hyperv_exit (vcpu);
      return true;
    case KVM_EXIT_SHUTDOWN:
    case KVM_EXIT_SYSTEM_EVENT:
      return kvm_exit_shutdown (vcpu, exit);
    case KVM_EXIT_INTERNAL_ERROR:
      return kvm_exit_internal_error (vcpu, exit, error);
    default:
      kvm_crash_log (vcpu);
      kvm_crash_set_error (vcpu, error);
      *exit = ACCEL_EXIT_FAILED;
      return false;
    }
}

/* Into the guest and back; false with errno. */
static bool
kvm_enter (AccelVcpu *vcpu)
{
  int result, number;

  kvm_gate_enter (vcpu);
  result = ioctl (vcpu->fd, KVM_RUN, 0);
  number = errno;
  kvm_gate_leave (vcpu);
  kvm_coalesced_drain (vcpu->kvm);
  errno = number;
  return result == 0;
}

static AccelExit
kvm_run_guest (AccelVcpu *vcpu, GError **error)
{
  AccelExit exit = ACCEL_EXIT_KICKED;

  for (;;)
    {
      kvm_inject_nmi (vcpu);
      kvm_inject_intr (vcpu);
      if (!kvm_enter (vcpu))
        {
          if (errno == EINTR || errno == EAGAIN)
            {
              /* A host that goes to sleep has all leave the kernel. */
              kvm_time_skip_sleep (vcpu->kvm);
              break;
            }
          kvm_set_error (error, _ ("KVM cannot run the guest."));
          exit = ACCEL_EXIT_FAILED;
          break;
        }
      if (!kvm_handle_exit (vcpu, &exit, error))
        break;
    }
  return exit;
}

/* Memory that the guest has, or a device that it talks to, is gone. */
static AccelExit
kvm_lose_memory (AccelVcpu *vcpu, const HostFault *fault, GError **error)
{
  MachineLock *lock = vcpu->kvm->machine.lock;

  if (lock != NULL && machine_lock_is_held (lock))
    machine_lock_release (lock);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
               _ ("The host took memory “%s” of the machine away (SIG%s), which the guest needs: "
                  "start the machine anew, with less memory if the host has too little."),
               memory_block_get_name (memory_find_host (vcpu->kvm->machine.memory, fault->address)),
               sigabbrev_np (fault->number));
  return ACCEL_EXIT_FAILED;
}

AccelExit
kvm_run (AccelVcpu *vcpu, GError **error)
{
  KvmAccel *kvm = vcpu->kvm;
  HostGuard guard = { .memory = kvm->machine.memory };
  AccelExit exit;

  vcpu->thread = pthread_self ();
  vcpu->entered = true;
  if (kvm->failed)
    {
      g_mutex_lock (&kvm->gate_mutex);
      g_propagate_error (error, g_error_copy (kvm->failure));
      g_mutex_unlock (&kvm->gate_mutex);
      return ACCEL_EXIT_FAILED;
    }
  /* Here, where nothing of an instruction that left the guest is still to be done. */
  if (atomic_exchange (&vcpu->init_pending, false) && !kvm_events_init (vcpu, error))
    return ACCEL_EXIT_FAILED;
  if (host_guard_enter (&guard))
    {
      exit = kvm_run_guest (vcpu, error);
      host_guard_leave (&guard);
    }
  else
    exit = kvm_lose_memory (vcpu, &guard.fault, error);
  vcpu->run->immediate_exit = 0;
  return exit;
}
