/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kvm-probe.h"

#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kvm-internal.h"
#include "vmm-core/bare-machine.h"

/* Any processor with virtualization extensions does far more, any interpreter in a kernel far
 * less. */
#define HARDWARE_MIPS 100.0
#define LOOPS 200000u
#define ROUNDS 5
#define SLICE_NS 5000000
#define LIMIT_NS 25000000
#define DONE_PORT 0x80

/* Real mode at address 0: mov ecx, LOOPS; loop: dec ecx; jnz loop; out DONE_PORT, al */
static const uint8_t probe_code[]
  = { 0x66, 0xb9, LOOPS & 0xff, LOOPS >> 8 & 0xff, LOOPS >> 16 & 0xff, LOOPS >> 24, 0x66, 0x49,
      0x75, 0xfc, 0xe6,         DONE_PORT };

typedef struct
{
  AccelMachine machine;
  Accel *accel;
  AccelVcpu *vcpu;
  bool done;
} Probe;

static int64_t
read_clock (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return now.tv_sec * INT64_C (1000000000) + now.tv_nsec;
}

static void
note_done (void *data, uint64_t offset, unsigned size, uint64_t value)
{
  Probe *probe = data;

  probe->done = true;
  kvm_accel_ops.vcpu_kick (probe->vcpu);
}

static const BusOps done_ops = { .write = note_done };

static bool
probe_open (Probe *probe, const CpuTopology *topology, const AccelCpu *cpu, GError **error)
{
  MemoryBlock *ram;

  probe->machine = (AccelMachine){ .topology = *topology, .cpu = *cpu };
  ram = bare_machine_init (&probe->machine, MEMORY_PAGE_SIZE, error);
  if (ram == NULL)
    return false;
  memcpy (memory_block_get_data (ram), probe_code, sizeof probe_code);
  bus_map (probe->machine.io, DONE_PORT, 1, &done_ops, probe);
  probe->accel = kvm_accel_ops.open (&probe->machine, error);
  if (probe->accel == NULL)
    return false;
  probe->vcpu = kvm_accel_ops.vcpu_new (probe->accel, 0, error);
  return probe->vcpu != NULL;
}

static void
probe_close (Probe *probe)
{
  if (probe->vcpu != NULL)
    kvm_accel_ops.vcpu_free (probe->vcpu);
  if (probe->accel != NULL)
    kvm_accel_ops.close (probe->accel);
  bare_machine_clear (&probe->machine);
}

/* Runs the loop once: its speed, by the processor time that this thread got for it, which a busy
 * host does not change; -1 with error. */
static double
probe_run (Probe *probe, GError **error)
{
  X86State state;
  int64_t start;

  x86_state_reset (&state, 0);
  state.rip = 0;
  state.seg[X86_CS].base = state.seg[X86_CS].selector = 0;
  state.gpr[X86_RCX] = LOOPS; /* not even the first instruction may be run */
  probe->done = false;
  if (!kvm_accel_ops.set_state (probe->vcpu, &state, error))
    return -1;
  start = read_clock (CLOCK_THREAD_CPUTIME_ID);
  if (kvm_accel_ops.vcpu_run (probe->vcpu, error) == ACCEL_EXIT_FAILED)
    return -1;
  start = read_clock (CLOCK_THREAD_CPUTIME_ID) - start;
  kvm_accel_ops.get_state (probe->vcpu, &state);
  return 2.0 * (LOOPS - (uint32_t) state.gpr[X86_RCX]) * 1000 / MAX (start, 1);
}

/* The best of several rounds. A timer cuts those of a slow KVM short: it kicks this thread, again
 * and again, for a kick just before the entry is lost. */
static double
probe_run_rounds (Probe *probe, GError **error)
{
  struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = KVM_KICK_SIGNAL };
  struct itimerspec slice = { { 0, SLICE_NS }, { 0, SLICE_NS } };
  int64_t end = read_clock (CLOCK_MONOTONIC) + LIMIT_NS;
  double best = 0;
  timer_t timer;

  event._sigev_un._tid = gettid ();
  if (timer_create (CLOCK_MONOTONIC, &event, &timer) < 0)
    {
      kvm_set_error (error, _ ("KVM cannot be tried without a timer."));
      return -1;
    }
  timer_settime (timer, 0, &slice, NULL);
  for (unsigned i = 0;
       i < ROUNDS && best >= 0 && best < HARDWARE_MIPS && read_clock (CLOCK_MONOTONIC) < end; i++)
    {
      double mips = probe_run (probe, error);

      best = mips < 0 ? mips : MAX (best, mips);
    }
  timer_delete (timer);
  return best;
}

gboolean
kvm_probe_measure (const CpuTopology *topology, const AccelCpu *cpu, double *mips, char **reason)
{
  Probe probe = { 0 };
  g_autoptr (GError) error = NULL;

  *mips = 0;
  *reason = NULL;
  if (probe_open (&probe, topology, cpu, &error))
    *mips = MAX (probe_run_rounds (&probe, &error), 0);
  probe_close (&probe);
  if (error != NULL)
    *reason = g_strdup (error->message);
  else if (*mips < HARDWARE_MIPS)
    *reason = g_strdup_printf (_ ("KVM of this computer runs guests at only about %.0f million "
                                  "instructions a second, far below hardware speed."),
                               MAX (*mips, 1));
  return *reason == NULL;
}
