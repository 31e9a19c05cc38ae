/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What counts time inside the kernel: the TSCs, kvmclock and the APIC timers. They stand still as
 * long as the machine's clock does. A CPU's TSC is the host's and an offset, unless it runs at the
 * rate of another host. Linux, Documentation/virt/kvm/devices/vcpu.rst (KVM_VCPU_TSC_CTRL) and
 * api.rst (KVM_SET_CLOCK, KVM_SET_TSC_KHZ). */
#include "kvm-internal.h"

#include <glib/gi18n.h>
#include <sys/ioctl.h>
#include <x86intrin.h>

#include "kvm-host.h"
#include "vmm-core/x86/x86-cpuid.h"

#define MSR_TSC 0x10
#define NS_PER_MS 1000000
/* What the software CPU has measured of the same host may be off by as much. */
#define SAME_RATE_KHZ 2000
/* A TSC that is set to what it would be within a second is left alone, for the sake of its
 * neighbours, by kernels without the offset. */
#define FAR_AWAY (UINT64_C (1) << 60)

void
kvm_time_open (KvmAccel *kvm)
{
  kvm->time = (KvmTime){ .stopped = true, .host = __rdtsc () };
}

static struct kvm_device_attr
offset_attribute (uint64_t *offset)
{
  return (struct kvm_device_attr){ .group = KVM_VCPU_TSC_CTRL,
                                   .attr = KVM_VCPU_TSC_OFFSET,
                                   .addr = (uintptr_t) offset };
}

void
kvm_time_add_vcpu (AccelVcpu *vcpu)
{
  KvmTime *time = &vcpu->kvm->time;
  struct kvm_device_attr attribute = offset_attribute (NULL);
  int khz = ioctl (vcpu->fd, KVM_GET_TSC_KHZ, 0);

  time->has_offset = ioctl (vcpu->fd, KVM_HAS_DEVICE_ATTR, &attribute) == 0;
  time->host_khz = time->tsc_khz = khz > 0 ? (uint64_t) khz : x86_cpuid_get_tsc_khz ();
  time->ns = clock_get_ns (vcpu->kvm->machine.clock);
}

/* Where the TSC has the host's rate, it is the kernel's offset. */
static bool
knows_offset (const KvmTime *time)
{
  return time->has_offset && time->tsc_khz == time->host_khz;
}

static uint64_t
read_offset (AccelVcpu *vcpu)
{
  uint64_t offset = 0, tsc = 0;
  struct kvm_device_attr attribute = offset_attribute (&offset);

  if (knows_offset (&vcpu->kvm->time) && ioctl (vcpu->fd, KVM_GET_DEVICE_ATTR, &attribute) == 0)
    return offset;
  kvm_msrs_read (vcpu, MSR_TSC, &tsc);
  return tsc - __rdtsc ();
}

static void
write_offset (AccelVcpu *vcpu, uint64_t offset)
{
  struct kvm_device_attr attribute = offset_attribute (&offset);

  if (knows_offset (&vcpu->kvm->time) && ioctl (vcpu->fd, KVM_SET_DEVICE_ATTR, &attribute) == 0)
    return;
  /* The others then get the offset of the first, exactly. */
  if (vcpu->index == 0)
    kvm_msrs_write (vcpu, MSR_TSC, __rdtsc () + offset + FAR_AWAY);
  kvm_msrs_write (vcpu, MSR_TSC, __rdtsc () + offset);
}

static uint64_t
get_offset (AccelVcpu *vcpu)
{
  return vcpu->kvm->time.stopped ? vcpu->stopped_offset : read_offset (vcpu);
}

/* X86State counts from guest time, of which one moment is known in the host's TSC. */
static uint64_t
get_ticks (const KvmAccel *kvm, uint64_t khz)
{
  return clock_muldiv ((uint64_t) kvm->time.ns, khz, NS_PER_MS);
}

void
kvm_time_get (AccelVcpu *vcpu, X86State *state)
{
  const KvmAccel *kvm = vcpu->kvm;

  state->tsc_khz = kvm->time.tsc_khz;
  state->tsc_offset = get_offset (vcpu) + kvm->time.host - get_ticks (kvm, state->tsc_khz);
  state->kvmclock_offset = kvm->time.kvmclock_offset;
}

static void
write_kvmclock (KvmAccel *kvm)
{
  struct kvm_clock_data data = {
    .clock = (uint64_t) (clock_get_ns (kvm->machine.clock) + kvm->time.kvmclock_offset),
  };

  ioctl (kvm->vm_fd, KVM_SET_CLOCK, &data);
}

static bool
is_same_rate (uint64_t khz, uint64_t other)
{
  return MAX (khz, other) - MIN (khz, other) <= SAME_RATE_KHZ;
}

/* A host that has the rate itself keeps its own. */
static bool
set_rate (AccelVcpu *vcpu, uint64_t khz, GError **error)
{
  KvmTime *time = &vcpu->kvm->time;
  uint64_t wanted = is_same_rate (khz, time->host_khz) ? time->host_khz : khz;
  int now = ioctl (vcpu->fd, KVM_GET_TSC_KHZ, 0);

  if (wanted != (now > 0 ? (uint64_t) now : time->host_khz)
      && (kvm_host_get (vcpu->kvm->kvm_fd, KVM_CAP_TSC_CONTROL) == 0
          || ioctl (vcpu->fd, KVM_SET_TSC_KHZ, (unsigned long) wanted) < 0))
    {
      g_set_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM,
                   _ ("The machine's time stamp counter runs at %u MHz, which KVM of this computer "
                      "cannot give it: choose the accelerator “translator” for this machine."),
                   (unsigned) (khz / 1000));
      return false;
    }
  time->tsc_khz = wanted;
  return true;
}

bool
kvm_time_set (AccelVcpu *vcpu, const X86State *state, GError **error)
{
  KvmAccel *kvm = vcpu->kvm;
  uint64_t khz = state->tsc_khz != 0 ? state->tsc_khz : kvm->time.tsc_khz;

  if (!set_rate (vcpu, khz, error))
    return false;
  vcpu->stopped_offset = state->tsc_offset - kvm->time.host + get_ticks (kvm, khz);
  if (vcpu->index == 0)
    kvm->time.kvmclock_offset = state->kvmclock_offset;
  if (kvm->time.stopped)
    return true;
  write_offset (vcpu, vcpu->stopped_offset);
  if (vcpu->index == 0)
    write_kvmclock (kvm);
  return true;
}

uint64_t
kvm_time_until_tsc (AccelVcpu *vcpu, uint64_t tsc)
{
  const KvmTime *time = &vcpu->kvm->time;
  int64_t left = (int64_t) (tsc - get_offset (vcpu) - (time->stopped ? time->host : __rdtsc ()));

  /* Beyond what the state can say is as good as never. */
  return CLAMP (left, 0, (int64_t) (time->tsc_khz * (STATE_MAX_TIME >> 24)));
}

static void
time_stop (KvmAccel *kvm)
{
  struct kvm_clock_data data = { 0 };

  for (unsigned i = 0; i < KVM_MAX_VCPUS; i++)
    if (kvm->vcpus[i] != NULL)
      {
        kvm_lapic_stop_timer (kvm->vcpus[i]);
        kvm->vcpus[i]->stopped_offset = read_offset (kvm->vcpus[i]);
      }
  kvm->time.host = __rdtsc ();
  kvm->time.ns = clock_get_ns (kvm->machine.clock);
  if (ioctl (kvm->vm_fd, KVM_GET_CLOCK, &data) == 0)
    kvm->time.kvmclock_offset = (int64_t) data.clock - kvm->time.ns;
}

static void
time_start (KvmAccel *kvm)
{
  uint64_t host = __rdtsc (), stood = host - kvm->time.host;

  kvm->time.host = host;
  kvm->time.slept = clock_get_host_slept ();
  for (unsigned i = 0; i < KVM_MAX_VCPUS; i++)
    if (kvm->vcpus[i] != NULL)
      write_offset (kvm->vcpus[i], kvm->vcpus[i]->stopped_offset -= stood);
  write_kvmclock (kvm);
  for (unsigned i = 0; i < KVM_MAX_VCPUS; i++)
    if (kvm->vcpus[i] != NULL)
      {
        kvm_lapic_start_timer (kvm->vcpus[i]);
        /* Fails where the guest has no such clock: it need not hear that it stood, either. */
        ioctl (kvm->vcpus[i]->fd, KVM_KVMCLOCK_CTRL, 0);
      }
}

void
kvm_time_run (Accel *accel, bool running)
{
  KvmAccel *kvm = (KvmAccel *) accel;

  if (kvm->time.stopped != running)
    return;
  if (running)
    time_start (kvm);
  else
    time_stop (kvm);
  kvm->time.stopped = !running;
}

/* What was found at the stop has gone on while the host slept, or not: some counters stand still
 * then, and the kernel takes care of those that begin anew. */
static void
take_back (KvmAccel *kvm, const KvmTime *before, int64_t slept)
{
  const KvmTime *now = &kvm->time;
  int64_t ticks = (int64_t) clock_muldiv ((uint64_t) slept, now->host_khz, NS_PER_MS);
  int64_t guest
    = (int64_t) clock_muldiv ((uint64_t) (now->ns - before->ns), now->host_khz, NS_PER_MS);

  if ((int64_t) (now->host - before->host) - guest > ticks / 2)
    for (unsigned i = 0; i < KVM_MAX_VCPUS; i++)
      if (kvm->vcpus[i] != NULL)
        kvm->vcpus[i]->stopped_offset -= clock_muldiv ((uint64_t) slept, now->tsc_khz, NS_PER_MS);
  if (now->kvmclock_offset - before->kvmclock_offset > slept / 2)
    kvm->time.kvmclock_offset -= slept;
}

void
kvm_time_skip_sleep (KvmAccel *kvm)
{
  KvmTime before;
  int64_t slept;

  if (clock_get_host_slept () - kvm->time.slept < CLOCK_LEAST_SLEEP)
    return;
  machine_lock_acquire (kvm->machine.lock);
  kvm_gate_close (kvm);
  before = kvm->time;
  slept = clock_get_host_slept () - kvm->time.slept;
  if (!kvm->time.stopped && slept >= CLOCK_LEAST_SLEEP)
    {
      kvm_time_run (&kvm->accel, false);
      take_back (kvm, &before, slept);
      kvm_time_run (&kvm->accel, true);
    }
  kvm_gate_open (kvm);
  machine_lock_release (kvm->machine.lock);
}
