/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The KVM accelerator. Source: Linux Documentation/virt/kvm/api.rst. */
#include "kvm-internal.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kvm-host.h"
#include "vmm-core/host-guard.h"
#include "vmm-core/trace.h"

void
kvm_set_error (GError **error, const char *sentence)
{
  g_set_error (error, ACCEL_ERROR, ACCEL_ERROR_HOST,
               _ ("%s The host says “%s”: choose the accelerator “translator” for this machine."),
               sentence, g_strerror (errno));
}

static void
kick_handler (int number)
{
  /* Its arrival is enough: it ends KVM_RUN. */
}

static void
kvm_accel_close (Accel *accel)
{
  KvmAccel *kvm = (KvmAccel *) accel;

  memory_remove_listener (kvm->machine.memory, kvm);
  if (kvm->vm_fd >= 0)
    close (kvm->vm_fd);
  if (kvm->kvm_fd >= 0)
    close (kvm->kvm_fd);
  g_free (kvm);
}

static bool
kvm_make_vm (KvmAccel *kvm, GError **error)
{
  struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { KVM_IOAPIC_ROUTES } };
  int run_size;

  kvm->kvm_fd = kvm_host_open (&kvm->machine.topology, error);
  if (kvm->kvm_fd < 0)
    return false;
  kvm->vm_fd = kvm_host_make_vm (kvm->kvm_fd, error);
  if (kvm->vm_fd < 0)
    return false;
  run_size = ioctl (kvm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
  if (run_size < 0)
    {
      kvm_set_error (error, _ ("KVM cannot say how large a virtual CPU is."));
      return false;
    }
  kvm->run_size = run_size;
  if (ioctl (kvm->vm_fd, KVM_SET_TSS_ADDR, 0xfffbd000ul) < 0
      || ioctl (kvm->vm_fd, KVM_ENABLE_CAP, &split) < 0)
    {
      kvm_set_error (error, _ ("KVM cannot keep the CPUs' interrupt controllers in the kernel."));
      return false;
    }
  return true;
}

static Accel *
kvm_accel_open (const AccelMachine *machine, GError **error)
{
  KvmAccel *kvm = g_new0 (KvmAccel, 1);
  struct sigaction action = { .sa_handler = kick_handler };

  kvm->accel.ops = &kvm_accel_ops;
  kvm->machine = *machine;
  kvm->kvm_fd = kvm->vm_fd = -1;
  memory_add_listener (machine->memory, &kvm_memory_listener, kvm);
  if (!kvm_make_vm (kvm, error))
    {
      kvm_accel_close (&kvm->accel);
      return NULL;
    }
  sigaction (KVM_KICK_SIGNAL, &action, NULL);
  kvm_memory_listener.map_changed (kvm);
  return &kvm->accel;
}

static void
kvm_vcpu_free (AccelVcpu *vcpu)
{
  if (vcpu->kvm->boot_vcpu == vcpu)
    vcpu->kvm->boot_vcpu = NULL;
  vcpu->kvm->vcpus[vcpu->index] = NULL;
  if (vcpu->run != NULL)
    munmap (vcpu->run, vcpu->kvm->run_size);
  if (vcpu->fd >= 0)
    close (vcpu->fd);
  g_free (vcpu);
}

static AccelVcpu *
kvm_vcpu_new (Accel *accel, unsigned index, GError **error)
{
  KvmAccel *kvm = (KvmAccel *) accel;
  AccelVcpu *vcpu = g_new0 (AccelVcpu, 1);
  void *run;

  g_assert (index < KVM_MAX_VCPUS);
  vcpu->kvm = kvm;
  vcpu->index = index;
  vcpu->apic_id = cpu_topology_get_apic_id (&kvm->machine.topology, index);
  vcpu->fd = ioctl (kvm->vm_fd, KVM_CREATE_VCPU, (unsigned long) vcpu->apic_id);
  run = vcpu->fd < 0 ? MAP_FAILED
                     : mmap (NULL, kvm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
  if (run == MAP_FAILED)
    {
      kvm_set_error (error, _ ("KVM cannot make a virtual CPU."));
      kvm_vcpu_free (vcpu);
      return NULL;
    }
  vcpu->run = run;
  if (!kvm_cpuid_set (vcpu, error))
    {
      kvm_vcpu_free (vcpu);
      return NULL;
    }
  if (index == 0)
    kvm->boot_vcpu = vcpu;
  kvm->vcpus[index] = vcpu;
  return vcpu;
}

static void
kvm_vcpu_kick (AccelVcpu *vcpu)
{
  vcpu->run->immediate_exit = 1;
  if (vcpu->entered)
    pthread_kill (vcpu->thread, KVM_KICK_SIGNAL);
}

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
      struct kvm_interrupt interrupt;

      machine_lock_acquire (machine->lock);
      interrupt.irq = machine->acknowledge_pic (machine->pic);
      machine_lock_release (machine->lock);
      ioctl (vcpu->fd, KVM_INTERRUPT, &interrupt);
    }
  else
    run->request_interrupt_window = 1;
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
    case KVM_EXIT_SHUTDOWN:
    case KVM_EXIT_SYSTEM_EVENT:
      TRACE ("cpu.shutdown", "CPU %u: triple fault", vcpu->index);
      if (machine->shutdown == NULL)
        {
          *exit = ACCEL_EXIT_SHUTDOWN;
          return false;
        }
      machine_lock_acquire (machine->lock);
      machine->shutdown (machine->chipset);
      machine_lock_release (machine->lock);
      return true;
    default:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                   "KVM stopped the guest (exit %u, detail %u): this host's KVM cannot run it. "
                   "Choose the accelerator “translator” for this machine.",
                   run->exit_reason,
                   run->exit_reason == KVM_EXIT_INTERNAL_ERROR ? run->internal.suberror : 0);
      *exit = ACCEL_EXIT_FAILED;
      return false;
    }
}

static AccelExit
kvm_run_guest (AccelVcpu *vcpu, GError **error)
{
  AccelExit exit = ACCEL_EXIT_KICKED;

  for (;;)
    {
      kvm_inject_intr (vcpu);
      if (ioctl (vcpu->fd, KVM_RUN, 0) < 0)
        {
          if (errno == EINTR || errno == EAGAIN)
            break;
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

static AccelExit
kvm_vcpu_run (AccelVcpu *vcpu, GError **error)
{
  HostGuard guard = { .memory = vcpu->kvm->machine.memory };
  AccelExit exit;

  vcpu->thread = pthread_self ();
  vcpu->entered = true;
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

static void
kvm_set_intr (Accel *accel, bool level)
{
  KvmAccel *kvm = (KvmAccel *) accel;

  if (kvm->intr == level)
    return;
  kvm->intr = level;
  /* A vCPU may sleep in the kernel, or its thread may be the very one that is in the device now. */
  if (level && kvm->boot_vcpu != NULL && kvm->boot_vcpu->entered
      && !pthread_equal (kvm->boot_vcpu->thread, pthread_self ()))
    kvm_vcpu_kick (kvm->boot_vcpu);
}

static void
kvm_pulse_nmi (Accel *accel)
{
  KvmAccel *kvm = (KvmAccel *) accel;

  if (kvm->boot_vcpu != NULL)
    ioctl (kvm->boot_vcpu->fd, KVM_NMI);
}

/* Each vCPU sees to it when it has left the kernel, this thread's too. */
static void
kvm_pulse_init (Accel *accel)
{
  KvmAccel *kvm = (KvmAccel *) accel;

  for (unsigned i = 0; i < KVM_MAX_VCPUS; i++)
    if (kvm->vcpus[i] != NULL)
      {
        kvm->vcpus[i]->init_pending = true;
        kvm_vcpu_kick (kvm->vcpus[i]);
      }
}

/* The kernel tells of an EOI only for vectors that a level-triggered route of the IOAPIC names. */
static void
kvm_note_level_route (KvmAccel *kvm, uint64_t address, uint32_t data)
{
  struct kvm_irq_routing_entry entry = {
    .type = KVM_IRQ_ROUTING_MSI,
    .u.msi = { .address_lo = address, .address_hi = address >> 32, .data = data },
  };
  g_autofree struct kvm_irq_routing *table = NULL;
  unsigned slot = kvm->n_routes % KVM_IOAPIC_ROUTES;

  for (unsigned i = 0; i < MIN (kvm->n_routes, KVM_IOAPIC_ROUTES); i++)
    if (memcmp (&kvm->routes[i].u.msi, &entry.u.msi, sizeof entry.u.msi) == 0)
      return;
  entry.gsi = slot;
  kvm->routes[slot] = entry;
  kvm->n_routes++;
  table = g_malloc0 (sizeof *table + sizeof kvm->routes);
  table->nr = MIN (kvm->n_routes, KVM_IOAPIC_ROUTES);
  memcpy (table->entries, kvm->routes, table->nr * sizeof *kvm->routes);
  if (ioctl (kvm->vm_fd, KVM_SET_GSI_ROUTING, table) < 0)
    g_warning ("KVM refused an interrupt route: %s", g_strerror (errno));
}

static void
kvm_send_msi (Accel *accel, uint64_t address, uint32_t data)
{
  KvmAccel *kvm = (KvmAccel *) accel;
  struct kvm_msi msi = { .address_lo = address, .address_hi = address >> 32, .data = data };

  if (data & 1u << 15)
    kvm_note_level_route (kvm, address, data);
  if (ioctl (kvm->vm_fd, KVM_SIGNAL_MSI, &msi) < 0)
    TRACE ("kvm.msi-refused", "address %#lx data %#x", (unsigned long) address, data);
}

static void
kvm_get_statistics (Accel *accel, GVariantBuilder *builder)
{
  const AccelVcpu *vcpu = ((KvmAccel *) accel)->boot_vcpu;

  if (vcpu == NULL)
    return;
  g_variant_builder_add (builder, "{st}", "exits", (guint64) vcpu->exits);
  g_variant_builder_add (builder, "{st}", "exits-io", (guint64) vcpu->exits_io);
  g_variant_builder_add (builder, "{st}", "exits-mmio", (guint64) vcpu->exits_mmio);
}

const AccelOps kvm_accel_ops = {
  .name = "kvm",
  .open = kvm_accel_open,
  .close = kvm_accel_close,
  .vcpu_new = kvm_vcpu_new,
  .vcpu_free = kvm_vcpu_free,
  .vcpu_run = kvm_vcpu_run,
  .vcpu_kick = kvm_vcpu_kick,
  .get_state = kvm_state_get,
  .set_state = kvm_state_set,
  .set_intr = kvm_set_intr,
  .pulse_nmi = kvm_pulse_nmi,
  .pulse_init = kvm_pulse_init,
  .send_msi = kvm_send_msi,
  .get_statistics = kvm_get_statistics,
};
