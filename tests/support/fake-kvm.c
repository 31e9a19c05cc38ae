/* SPDX-License-Identifier: GPL-3.0-or-later */
#undef _FILE_OFFSET_BITS /* open and open64 are two names here */
#include "fake-kvm.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RUN_SIZE 12288
#define PROBE_PORT 0x80
#define MOST_MSRS 512
#define PAUSE_US 1000

FakeKvm fake_kvm = { .max_vcpus = FAKE_KVM_VCPUS, .max_slots = FAKE_KVM_SLOTS };

static int kvm_fd = -1, vm_fd = -1;
static struct kvm_msr_entry msrs[MOST_MSRS];

/* Kept in this order in FakeVcpu. */
static const unsigned long pairs[][2] = {
  { KVM_GET_REGS, KVM_SET_REGS },           { KVM_GET_SREGS, KVM_SET_SREGS },
  { KVM_GET_LAPIC, KVM_SET_LAPIC },         { KVM_GET_XSAVE, KVM_SET_XSAVE },
  { KVM_GET_XCRS, KVM_SET_XCRS },           { KVM_GET_MP_STATE, KVM_SET_MP_STATE },
  { KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS }, { KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS },
  { KVM_GET_CLOCK, KVM_SET_CLOCK },
};
#define N_PAIRS (sizeof pairs / sizeof pairs[0])

struct kvm_regs *
fake_kvm_get_regs (FakeVcpu *vcpu)
{
  return (struct kvm_regs *) vcpu->kept[0];
}

struct kvm_sregs *
fake_kvm_get_sregs (FakeVcpu *vcpu)
{
  return (struct kvm_sregs *) vcpu->kept[1];
}

struct kvm_lapic_state *
fake_kvm_get_lapic (FakeVcpu *vcpu)
{
  return (struct kvm_lapic_state *) vcpu->kept[2];
}

struct kvm_vcpu_events *
fake_kvm_get_events (FakeVcpu *vcpu)
{
  return (struct kvm_vcpu_events *) vcpu->kept[7];
}

static uint8_t *
guest_memory (uint64_t gpa)
{
  for (unsigned i = 0; i < FAKE_KVM_SLOTS; i++)
    {
      const struct kvm_userspace_memory_region *slot = &fake_kvm.slots[i];

      if (gpa - slot->guest_phys_addr < slot->memory_size)
        return (uint8_t *) (uintptr_t) slot->userspace_addr + (gpa - slot->guest_phys_addr);
    }
  return NULL;
}

/* Running */

int
fake_kvm_wait (FakeVcpu *vcpu)
{
  while (!vcpu->run->immediate_exit && usleep (PAUSE_US) == 0)
    ;
  errno = EINTR;
  return -1;
}

/* The loop of the probe, which ends with a byte written to a port. */
static bool
run_probe (FakeVcpu *vcpu)
{
  struct kvm_regs *regs = fake_kvm_get_regs (vcpu);
  const uint8_t *code = guest_memory (fake_kvm_get_sregs (vcpu)->cs.base + regs->rip);

  if (code == NULL || code[0] != 0x66 || code[1] != 0xb9)
    return false;
  regs->rcx = 0;
  vcpu->run->exit_reason = KVM_EXIT_IO;
  vcpu->run->io.direction = KVM_EXIT_IO_OUT;
  vcpu->run->io.port = PROBE_PORT;
  vcpu->run->io.size = vcpu->run->io.count = 1;
  vcpu->run->io.data_offset = 4096;
  return true;
}

static int
run_vcpu (FakeVcpu *vcpu)
{
  int result = 0;

  if (vcpu->run->immediate_exit)
    {
      errno = EINTR;
      return -1;
    }
  vcpu->inside = true;
  if (fake_kvm.run != NULL)
    result = fake_kvm.run (vcpu);
  else if (!run_probe (vcpu))
    result = fake_kvm_wait (vcpu);
  vcpu->inside = false;
  return result;
}

/* As a host that cannot run this guest would. */
static int
run_failing (FakeVcpu *vcpu)
{
  if (!run_probe (vcpu))
    {
      vcpu->run->exit_reason = KVM_EXIT_FAIL_ENTRY;
      vcpu->run->fail_entry.hardware_entry_failure_reason = 0x80000021;
    }
  return 0;
}

/* As a kernel that does not come back. */
static int
run_stuck (FakeVcpu *vcpu)
{
  while (!run_probe (vcpu))
    usleep (PAUSE_US);
  return 0;
}

/* Requests */

static int
get_supported_cpuid (struct kvm_cpuid2 *cpuid)
{
  static const uint32_t leaves[] = { 0, 1, 7, 0xd, 0x80000000, 0x80000001, 0x80000008 };
  unsigned n = sizeof leaves / sizeof leaves[0];

  for (unsigned i = 0; i < n; i++)
    {
      struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

      *entry = (struct kvm_cpuid_entry2){ .function = leaves[i] };
      if (leaves[i] == 7 || leaves[i] == 0xd)
        entry->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
      __get_cpuid_count (leaves[i], 0, &entry->eax, &entry->ebx, &entry->ecx, &entry->edx);
      if (fake_kvm.plain_cpu && fake_kvm.machines >= fake_kvm.refused_from && leaves[i] == 1)
        entry->ecx = 0;
    }
  cpuid->nent = n;
  return 0;
}

static int
check_extension (unsigned capability)
{
  if (capability == fake_kvm.missing)
    return 0;
  switch (capability)
    {
    case KVM_CAP_NR_VCPUS:
    case KVM_CAP_MAX_VCPUS:
    case KVM_CAP_MAX_VCPU_ID:
      return fake_kvm.max_vcpus;
    case KVM_CAP_NR_MEMSLOTS:
      return fake_kvm.max_slots;
    case KVM_CAP_COALESCED_MMIO:
      return FAKE_KVM_RING_PAGE;
    case KVM_CAP_XSAVE2:
    case KVM_CAP_BINARY_STATS_FD:
      return 0;
    default:
      return 1;
    }
}

static int
transfer_msrs (struct kvm_msrs *list, bool set)
{
  for (unsigned i = 0; i < list->nmsrs; i++)
    {
      unsigned n = 0;

      while (n < MOST_MSRS - 1 && msrs[n].index != list->entries[i].index && msrs[n].index != 0)
        n++;
      msrs[n].index = list->entries[i].index;
      if (set)
        msrs[n].data = list->entries[i].data;
      else
        list->entries[i].data = msrs[n].data;
    }
  return list->nmsrs;
}

static int
set_region (const struct kvm_userspace_memory_region *region)
{
  if (region->slot >= FAKE_KVM_SLOTS)
    {
      errno = EINVAL;
      return -1;
    }
  for (unsigned i = 0; i < FAKE_KVM_VCPUS; i++)
    if (fake_kvm.vcpus[i].inside)
      fake_kvm.gaps++;
  fake_kvm.slots[region->slot] = *region;
  return 0;
}

static int
get_dirty_log (const struct kvm_dirty_log *log)
{
  ((uint64_t *) log->dirty_bitmap)[fake_kvm.dirty_page / 64] = 1ull << fake_kvm.dirty_page % 64;
  return 0;
}

static int
create_vcpu (void)
{
  for (unsigned i = 0; i < FAKE_KVM_VCPUS; i++)
    {
      FakeVcpu *vcpu = &fake_kvm.vcpus[i];

      if (vcpu->fd != 0 && fcntl (vcpu->fd, F_GETFD) >= 0)
        continue;
      memset (vcpu, 0, sizeof *vcpu);
      vcpu->tsc_khz = fake_kvm.tsc_khz;
      vcpu->fd = memfd_create ("fake-vcpu", MFD_CLOEXEC);
      if (ftruncate (vcpu->fd, RUN_SIZE) < 0)
        return -1;
      vcpu->run = mmap (NULL, RUN_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
      return vcpu->fd;
    }
  errno = EEXIST;
  return -1;
}

static int
system_request (unsigned long request, void *argument)
{
  switch (request)
    {
    case KVM_GET_API_VERSION:
      return KVM_API_VERSION;
    case KVM_CREATE_VM:
      fake_kvm.machines++;
      memset (fake_kvm.slots, 0, sizeof fake_kvm.slots);
      return vm_fd = memfd_create ("fake-vm", MFD_CLOEXEC);
    case KVM_GET_VCPU_MMAP_SIZE:
      return RUN_SIZE;
    case KVM_CHECK_EXTENSION:
      return check_extension ((uintptr_t) argument);
    case KVM_GET_SUPPORTED_CPUID:
      return get_supported_cpuid (argument);
    case KVM_GET_MSR_INDEX_LIST:
      ((struct kvm_msr_list *) argument)->nmsrs = 0;
      return 0;
    default:
      return 0;
    }
}

static int
vm_request (unsigned long request, void *argument)
{
  switch (request)
    {
    case KVM_CREATE_VCPU:
      return create_vcpu ();
    case KVM_SET_USER_MEMORY_REGION:
      return set_region (argument);
    case KVM_SET_GSI_ROUTING:
      fake_kvm.last_route = ((struct kvm_irq_routing *) argument)
                              ->entries[((struct kvm_irq_routing *) argument)->nr - 1];
      return 0;
    case KVM_GET_DIRTY_LOG:
      return get_dirty_log (argument);
    case KVM_CHECK_EXTENSION:
      return check_extension ((uintptr_t) argument);
    default:
      return 0;
    }
}

static int
vcpu_request (FakeVcpu *vcpu, unsigned long request, void *argument)
{
  for (unsigned i = 0; i < N_PAIRS; i++)
    if (request == pairs[i][0])
      {
        memcpy (argument, vcpu->kept[i], _IOC_SIZE (request));
        return 0;
      }
    else if (request == pairs[i][1])
      {
        memcpy (vcpu->kept[i], argument, _IOC_SIZE (request));
        return 0;
      }
  switch (request)
    {
    case KVM_RUN:
      return run_vcpu (vcpu);
    case KVM_GET_MSRS:
    case KVM_SET_MSRS:
      return transfer_msrs (argument, request == KVM_SET_MSRS);
    case KVM_GET_STATS_FD:
      errno = ENOTTY;
      return -1;
    case KVM_GET_TSC_KHZ:
      return vcpu->tsc_khz;
    case KVM_SET_TSC_KHZ:
      vcpu->tsc_khz = (uintptr_t) argument;
      return 0;
    case KVM_NMI:
      vcpu->nmis++;
      return 0;
    case KVM_TRANSLATE:
      ((struct kvm_translation *) argument)->physical_address
        = ((struct kvm_translation *) argument)->linear_address;
      ((struct kvm_translation *) argument)->valid = 1;
      return 0;
    default:
      return 0;
    }
}

/* In place of the C library's */

int
ioctl (int fd, unsigned long request, ...)
{
  va_list arguments;
  void *argument;

  va_start (arguments, request);
  argument = va_arg (arguments, void *);
  va_end (arguments);
  if (fd < 0 || _IOC_TYPE (request) != KVMIO)
    return syscall (SYS_ioctl, fd, request, argument);
  if (request == fake_kvm.refused && fake_kvm.machines >= fake_kvm.refused_from)
    {
      errno = fake_kvm.refused_errno;
      return -1;
    }
  if (fd == kvm_fd)
    return system_request (request, argument);
  if (fd == vm_fd)
    return vm_request (request, argument);
  for (unsigned i = 0; i < FAKE_KVM_VCPUS; i++)
    if (fd == fake_kvm.vcpus[i].fd)
      return vcpu_request (&fake_kvm.vcpus[i], request, argument);
  return syscall (SYS_ioctl, fd, request, argument);
}

static int
open_any (const char *path, int flags, mode_t mode)
{
  if (strcmp (path, "/dev/kvm") != 0)
    return syscall (SYS_openat, AT_FDCWD, path, flags, mode);
  if (fake_kvm.open_errno != 0)
    {
      errno = fake_kvm.open_errno;
      return -1;
    }
  return kvm_fd = memfd_create ("fake-kvm", MFD_CLOEXEC);
}

int
open64 (const char *path, int flags, ...)
{
  va_list arguments;
  mode_t mode = 0;

  va_start (arguments, flags);
  if (flags & (O_CREAT | O_TMPFILE))
    mode = va_arg (arguments, mode_t);
  va_end (arguments);
  return open_any (path, flags, mode);
}

int
open (const char *path, int flags, ...)
{
  va_list arguments;
  mode_t mode = 0;

  va_start (arguments, flags);
  if (flags & (O_CREAT | O_TMPFILE))
    mode = va_arg (arguments, mode_t);
  va_end (arguments);
  return open_any (path, flags, mode);
}

/* What the environment says. */
__attribute__ ((constructor)) static void
read_environment (void)
{
  static const struct
  {
    const char *word;
    unsigned long request;
  } refusals[] = { { "vm=", KVM_CREATE_VM }, { "xsave=", KVM_SET_XSAVE } };
  const char *words = getenv ("FAKE_KVM");

  if (words == NULL)
    return;
  if (strstr (words, "open=") != NULL)
    fake_kvm.open_errno = atoi (strstr (words, "open=") + strlen ("open="));
  for (unsigned i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
    if (strstr (words, refusals[i].word) != NULL)
      {
        fake_kvm.refused = refusals[i].request;
        fake_kvm.refused_errno
          = atoi (strstr (words, refusals[i].word) + strlen (refusals[i].word));
      }
  if (strstr (words, "late") != NULL)
    fake_kvm.refused_from = 2;
  fake_kvm.plain_cpu = strstr (words, "plain") != NULL;
  if (strstr (words, "run=fail") != NULL)
    fake_kvm.run = run_failing;
  if (strstr (words, "run=stuck") != NULL)
    fake_kvm.run = run_stuck;
}
