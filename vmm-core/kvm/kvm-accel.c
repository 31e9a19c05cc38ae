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

void
kvm_fail (KvmAccel *kvm, const GError *error)
{
  g_mutex_lock (&kvm->gate_mutex);
  if (kvm->failure == NULL)
    kvm->failure = g_error_copy (error);
  kvm->failed = true;
  g_mutex_unlock (&kvm->gate_mutex);
  for (unsigned i = 0; i < KVM_MAX_VCPUS; i++)
    if (kvm->vcpus[i] != NULL)
      kvm_accel_ops.vcpu_kick (kvm->vcpus[i]);
}

static void
kvm_accel_close (Accel *accel)
{
  KvmAccel *kvm = (KvmAccel *) accel;

  memory_remove_listener (kvm->machine.memory, kvm);
  kvm_interpret_close (kvm);
  if (kvm->vm_fd >= 0)
    close (kvm->vm_fd);
  if (kvm->kvm_fd >= 0)
    close (kvm->kvm_fd);
  g_clear_error (&kvm->failure);
  g_cond_clear (&kvm->gate_changed);
  g_mutex_clear (&kvm->gate_mutex);
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
  kvm->n_slots = MIN (kvm_host_get (kvm->kvm_fd, KVM_CAP_NR_MEMSLOTS), KVM_MAX_SLOTS);
  if (ioctl (kvm->vm_fd, KVM_SET_TSS_ADDR, 0xfffbd000ul) < 0
      || ioctl (kvm->vm_fd, KVM_ENABLE_CAP, &split) < 0)
    {
      kvm_set_error (error, _ ("KVM cannot keep the CPUs' interrupt controllers in the kernel."));
      return false;
    }
  if (!kvm_cpuid_open (kvm, error))
    return false;
  kvm_state_open (kvm);
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
  g_mutex_init (&kvm->gate_mutex);
  g_cond_init (&kvm->gate_changed);
  memory_add_listener (machine->memory, &kvm_memory_listener, kvm);
  sigaction (KVM_KICK_SIGNAL, &action, NULL);
  if (!kvm_make_vm (kvm, error) || !kvm_interpret_open (kvm, error))
    {
      kvm_accel_close (&kvm->accel);
      return NULL;
    }
  kvm_memory_listener.map_changed (kvm);
  return &kvm->accel;
}

static void
kvm_vcpu_free (AccelVcpu *vcpu)
{
  if (vcpu->kvm->boot_vcpu == vcpu)
    {
      kvm_coalesced_close (vcpu->kvm);
      vcpu->kvm->boot_vcpu = NULL;
    }
  vcpu->kvm->vcpus[vcpu->index] = NULL;
  if (vcpu->run != NULL)
    munmap (vcpu->run, vcpu->kvm->run_size);
  if (vcpu->statistics_fd >= 0)
    close (vcpu->statistics_fd);
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
  vcpu->statistics_fd = vcpu->fd < 0 ? -1 : ioctl (vcpu->fd, KVM_GET_STATS_FD, NULL);
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
  kvm_state_add_vcpu (vcpu);
  if (index == 0)
    {
      kvm->boot_vcpu = vcpu;
      kvm_coalesced_open (kvm, vcpu->run);
    }
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

/* On the vCPU's own thread, too: the kernel would let another one wait until it leaves the guest.
 */
static void
kvm_pulse_nmi (Accel *accel)
{
  KvmAccel *kvm = (KvmAccel *) accel;

  if (kvm->boot_vcpu == NULL)
    return;
  kvm->boot_vcpu->nmi_pending = true;
  kvm_vcpu_kick (kvm->boot_vcpu);
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

void
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

const AccelOps kvm_accel_ops = {
  .name = "kvm",
  .cpus = "kvm",
  .open = kvm_accel_open,
  .close = kvm_accel_close,
  .vcpu_new = kvm_vcpu_new,
  .vcpu_free = kvm_vcpu_free,
  .vcpu_run = kvm_run,
  .vcpu_kick = kvm_vcpu_kick,
  .get_state = kvm_state_get,
  .set_state = kvm_state_set,
  .run_time = kvm_time_run,
  .set_intr = kvm_set_intr,
  .pulse_nmi = kvm_pulse_nmi,
  .pulse_init = kvm_pulse_init,
  .send_msi = kvm_send_msi,
  .get_statistics = kvm_get_statistics,
};
