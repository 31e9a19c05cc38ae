/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kvm-probe.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Any processor with virtualization extensions does far more, any interpreter in a kernel far
 * less. */
#define HARDWARE_MIPS 100.0
#define LOOPS 200000u
#define LIMIT_NS 250000000l

/* Real mode at address 0: mov ecx, LOOPS; loop: dec ecx; jnz loop; hlt */
static const uint8_t probe_code[]
  = { 0x66, 0xb9, LOOPS & 0xff, LOOPS >> 8 & 0xff, LOOPS >> 16 & 0xff, LOOPS >> 24, 0x66, 0x49,
      0x75, 0xfc, 0xf4 };

typedef struct
{
  int kvm, vm, vcpu;
  size_t run_size;
  struct kvm_run *run;
  uint8_t *memory;
} Probe;

static int64_t
now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C (1000000000) + now.tv_nsec;
}

static gboolean
probe_open (Probe *probe)
{
  struct kvm_userspace_memory_region region = { .memory_size = 4096 };
  struct kvm_sregs sregs;
  struct kvm_regs regs = { .rip = 0, .rflags = 2 };
  int run_size;

  probe->vm = ioctl (probe->kvm, KVM_CREATE_VM, 0);
  run_size = ioctl (probe->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
  probe->memory = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (probe->vm < 0 || run_size < 0 || probe->memory == MAP_FAILED)
    return FALSE;
  memcpy (probe->memory, probe_code, sizeof probe_code);
  region.userspace_addr = (uintptr_t) probe->memory;
  probe->run_size = run_size;
  if (ioctl (probe->vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
    return FALSE;
  probe->vcpu = ioctl (probe->vm, KVM_CREATE_VCPU, 0);
  if (probe->vcpu < 0)
    return FALSE;
  probe->run = mmap (NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, probe->vcpu, 0);
  if (probe->run == MAP_FAILED || ioctl (probe->vcpu, KVM_GET_SREGS, &sregs) < 0)
    return FALSE;
  sregs.cs.base = 0;
  sregs.cs.selector = 0;
  return ioctl (probe->vcpu, KVM_SET_SREGS, &sregs) == 0
         && ioctl (probe->vcpu, KVM_SET_REGS, &regs) == 0;
}

static void
probe_close (Probe *probe)
{
  if (probe->run != NULL && probe->run != MAP_FAILED)
    munmap (probe->run, probe->run_size);
  if (probe->memory != NULL && probe->memory != MAP_FAILED)
    munmap (probe->memory, 4096);
  if (probe->vcpu >= 0)
    close (probe->vcpu);
  if (probe->vm >= 0)
    close (probe->vm);
  close (probe->kvm);
}

/* A signal that only ends KVM_RUN. */
static void
alarm_handler (int number)
{
}

/* Runs the loop; the time it took in ns, or -1. An instruction count read back tells how far a loop
 * came that was cut short. */
static int64_t
probe_run (Probe *probe, uint64_t *instructions)
{
  struct sigaction action = { .sa_handler = alarm_handler }, before;
  struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
  struct itimerspec limit = { .it_value = { 0, LIMIT_NS } };
  struct kvm_regs regs;
  timer_t timer;
  int64_t start, end;
  int result;

  sigaction (SIGUSR2, &action, &before);
  if (timer_create (CLOCK_MONOTONIC, &event, &timer) < 0)
    return -1;
  start = now_ns ();
  timer_settime (timer, 0, &limit, NULL);
  result = ioctl (probe->vcpu, KVM_RUN, 0);
  end = now_ns ();
  timer_delete (timer);
  sigaction (SIGUSR2, &before, NULL);
  if (result < 0 && errno != EINTR)
    return -1;
  if (result == 0 && probe->run->exit_reason != KVM_EXIT_HLT
      && probe->run->exit_reason != KVM_EXIT_INTR)
    return -1;
  if (ioctl (probe->vcpu, KVM_GET_REGS, &regs) < 0)
    return -1;
  *instructions = 2 * (uint64_t) (LOOPS - (uint32_t) regs.rcx);
  return MAX (end - start, 1);
}

gboolean
kvm_probe_measure (double *mips, char **reason)
{
  Probe probe = { -1, -1, -1, 0, NULL, NULL };
  uint64_t instructions = 0;
  int64_t ns = -1;

  *mips = 0;
  *reason = NULL;
  probe.kvm = open ("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (probe.kvm < 0)
    {
      *reason
        = errno == ENOENT
            ? g_strdup (_ ("this computer offers no /dev/kvm (virtualization may be switched off "
                           "in its firmware)"))
            : g_strdup_printf (_ ("/dev/kvm cannot be opened: %s"), g_strerror (errno));
      return FALSE;
    }
  if (probe_open (&probe))
    ns = probe_run (&probe, &instructions);
  probe_close (&probe);
  if (ns < 0)
    {
      *reason = g_strdup (_ ("/dev/kvm exists but could not run a test guest"));
      return FALSE;
    }
  *mips = instructions * 1000.0 / ns;
  if (*mips >= HARDWARE_MIPS)
    return TRUE;
  *reason = g_strdup_printf (
    _ ("/dev/kvm runs guests at only about %.0f million instructions a second, far "
       "below hardware speed"),
    MAX (*mips, 1));
  return FALSE;
}
