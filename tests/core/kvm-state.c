/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a CPU under KVM is: saved, loaded, reset and stopped, on the /dev/kvm of this host. */
#include "vmm-core/bare-machine.h"
#include "vmm-core/accel.h"
#include "vmm-core/clock-ticks.h"
#include "vmm-core/kvm/kvm-host.h"
#include "vmm-core/kvm/kvm-internal.h"
#include "vmm-core/x86/cpu.h"
#include "vmm-core/x86/software.h"

#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define MEMORY_SIZE 0x200000
#define CODE_AT 0x1000
#define VMCB_AT 0x4000
#define HOST_SAVE_AT 0x5000
#define NOTE_AT 0x6000
#define PAGE_DIRECTORY_AT 0x7000
#define EXIT_PORT 0xf4

#define MSR_HV_SIMP 0x40000083
#define MSR_STEAL_TIME 0x4b564d03
#define MSR_PV_EOI 0x4b564d04
#define EFER_SVME (1 << 12)
#define START_NS INT64_C (5000000000)

typedef struct
{
  AccelMachine machine;
  MemoryBlock *ram;
  Accel *accel;
  AccelVcpu *vcpu, *other;
} Rig;

/* ns that the host slept, as it seems: its other clocks and its TSC went on, this one did not. */
static int64_t slept;

int
clock_gettime (clockid_t id, struct timespec *time)
{
  int64_t ns;

  if (syscall (SYS_clock_gettime, id, time) < 0)
    return -1;
  ns = time->tv_sec * INT64_C (1000000000) + time->tv_nsec - (id == CLOCK_MONOTONIC ? slept : 0);
  *time = (struct timespec){ ns / 1000000000, ns % 1000000000 };
  return 0;
}

/* The guest has done what it was to do. */
static void
exit_port_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  Rig *rig = device;

  rig->accel->ops->vcpu_kick (rig->vcpu);
}

static const BusOps exit_port = { .write = exit_port_write };

static void
set_up (Rig *rig, gconstpointer hyperv)
{
  g_autoptr (GError) error = NULL;

  rig->machine = (AccelMachine){ .topology = { 1, 2, 1 },
                                 .cpu = { .nested = true, .hyperv = hyperv != NULL } };
  rig->ram = bare_machine_init (&rig->machine, MEMORY_SIZE, NULL);
  clock_advance (rig->machine.clock, START_NS);
  bus_map (rig->machine.io, EXIT_PORT, 1, &exit_port, rig);
  rig->accel = kvm_accel_ops.open (&rig->machine, &error);
  if (rig->accel != NULL)
    rig->vcpu = kvm_accel_ops.vcpu_new (rig->accel, 0, &error);
  if (rig->vcpu != NULL)
    rig->other = kvm_accel_ops.vcpu_new (rig->accel, 1, &error);
  g_assert_no_error (error);
}

static void
tear_down (Rig *rig, gconstpointer data)
{
  kvm_accel_ops.vcpu_free (rig->other);
  kvm_accel_ops.vcpu_free (rig->vcpu);
  kvm_accel_ops.close (rig->accel);
  bare_machine_clear (&rig->machine);
}

static void
set (Rig *rig, const X86State *state)
{
  g_autoptr (GError) error = NULL;

  rig->accel->ops->set_state (rig->vcpu, state, &error);
  g_assert_no_error (error);
}

static void
reset (Rig *rig)
{
  X86State state;

  x86_state_reset (&state, 0);
  set (rig, &state);
}

static char *
dump (X86State *state)
{
  const StateSection section = { .id = "cpu", .table = &x86_state_table, .state = state };

  return state_dump (&section);
}

/* Its state, of which a copy made by loading and saving it is equal. */
static void
get (Rig *rig, X86State *state)
{
  X86State copy;
  g_autofree char *before = NULL, *after = NULL;

  rig->accel->ops->get_state (rig->vcpu, state);
  set (rig, state);
  rig->accel->ops->get_state (rig->vcpu, &copy);
  before = dump (state);
  after = dump (&copy);
  g_assert_cmpstr (before, ==, after);
}

/* A flat guest at CODE_AT, until it writes to the port. FALSE: this KVM does not know all of its
 * instructions. */
static bool
run (Rig *rig, const uint8_t *code, size_t size, X86State *state)
{
  g_autoptr (GError) error = NULL;

  memory_write (rig->machine.memory, CODE_AT, code, size);
  for (unsigned i = 0; i < 6; i++)
    state->seg[i].base = 0;
  state->rip = CODE_AT;
  set (rig, state);
  return rig->accel->ops->vcpu_run (rig->vcpu, &error) == ACCEL_EXIT_KICKED;
}

static void
test_registers (Rig *rig, gconstpointer data)
{
  X86State state, saved;

  x86_state_reset (&state, 0);
  /* A host that has only these may not have XSAVE at all. */
  state.xcr0 = rig->vcpu->kvm->xsave.features == 3 ? 1 : rig->vcpu->kvm->xsave.features;
  for (unsigned i = 0; i < sizeof state.ymm; i++)
    ((uint8_t *) state.ymm)[i] = i;
  if (!(state.xcr0 & 4))
    for (unsigned i = 0; i < 16; i++)
      memset (state.ymm[i] + 16, 0, 16);
  if (state.xcr0 & 0x20)
    {
      state.opmask[7] = 0x123456789abcdef;
      memset (state.zmm_high, 0x55, sizeof state.zmm_high);
      memset (state.zmm_upper, 0x77, sizeof state.zmm_upper);
    }
  state.pkru = state.xcr0 & 0x200 ? 0x55555554 : 0;
  state.mxcsr = 0x1fa0;
  state.fpu.control = 0x27f;
  state.fpu.st[3][9] = 0x40;
  state.fpu.tag = 8;
  state.pat = 0x0007010600070106;
  state.mtrr_fixed[0] = state.mtrr_fixed[10] = 0x0606060606060606;
  state.mtrr_base[2] = 0xe0000001;
  state.mtrr_mask[2] = 0xff0000800;
  state.sysenter_eip = 0x1234;
  state.dr[0] = 0x4321;
  state.kernel_gs_base = 0xffff800000000000;
  set (rig, &state);
  get (rig, &saved);
  g_assert_cmpmem (saved.ymm, sizeof saved.ymm, state.ymm, sizeof state.ymm);
  g_assert_cmpmem (saved.zmm_upper, sizeof saved.zmm_upper, state.zmm_upper,
                   sizeof state.zmm_upper);
  g_assert_cmpmem (saved.fpu.st, sizeof saved.fpu.st, state.fpu.st, sizeof state.fpu.st);
  g_assert_cmphex (saved.xcr0, ==, state.xcr0);
  g_assert_cmphex (saved.pkru, ==, state.pkru);
  g_assert_cmphex (saved.mxcsr, ==, state.mxcsr);
  g_assert_cmphex (saved.pat, ==, state.pat);
  g_assert_cmphex (saved.mtrr_fixed[10], ==, state.mtrr_fixed[10]);
  g_assert_cmphex (saved.mtrr_mask[2], ==, state.mtrr_mask[2]);
  g_assert_cmphex (saved.dr[0], ==, state.dr[0]);
  g_assert_cmphex (saved.kernel_gs_base, ==, state.kernel_gs_base);
}

/* What AMX is asked for is refused: nobody may have it. */
static void
test_refused (Rig *rig, gconstpointer data)
{
  X86State state;
  g_autoptr (GError) error = NULL;

  x86_state_reset (&state, 0);
  state.xcr0 = 0x60007;
  g_assert_false (rig->accel->ops->set_state (rig->vcpu, &state, &error));
  g_assert_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM);
}

static void
test_events (Rig *rig, gconstpointer data)
{
  static const struct
  {
    uint8_t type, vector, has_code;
    uint32_t code;
  } pending[] = {
    { X86_EVENT_EXCEPTION, X86_PF, 1, 2 },
    { X86_EVENT_INTERRUPT, 0x20, 0, 0 },
    { X86_EVENT_NMI, X86_NMI, 0, 0 },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (pending); i++)
    {
      X86State state;

      x86_state_reset (&state, 0);
      state.rflags |= X86_FLAG_IF;
      state.event_pending = 1;
      state.event_type = pending[i].type;
      state.event_vector = pending[i].vector;
      state.event_has_code = pending[i].has_code;
      state.event_code = pending[i].code;
      state.nmi_blocked = 1;
      state.activity = X86_HALTED;
      set (rig, &state);
      get (rig, &state);
      g_assert_cmpint (state.event_pending, ==, 1);
      g_assert_cmpint (state.event_type, ==, pending[i].type);
      g_assert_cmpint (state.event_vector, ==, pending[i].vector);
      g_assert_cmpint (state.event_code, ==, pending[i].code);
      g_assert_cmpint (state.nmi_blocked, ==, 1);
      g_assert_cmpint (state.activity, ==, X86_HALTED);
      reset (rig);
      get (rig, &state);
      g_assert_cmpint (state.event_pending, ==, 0);
      g_assert_cmpint (state.nmi_blocked, ==, 0);
    }
}

/* An interrupt of the 8259 that was acknowledged is part of the state, and a reset drops it. */
static void
test_acknowledged (Rig *rig, gconstpointer data)
{
  X86State state;

  x86_state_reset (&state, 0);
  state.rflags |= X86_FLAG_IF;
  state.activity = X86_HALTED;
  set (rig, &state);
  g_assert_true (kvm_events_inject (rig->vcpu, 0x42));
  get (rig, &state);
  g_assert_cmpint (state.event_pending, ==, 1);
  g_assert_cmpint (state.event_type, ==, X86_EVENT_INTERRUPT);
  g_assert_cmphex (state.event_vector, ==, 0x42);
  g_assert_cmpint (state.activity, ==, X86_RUNNING);
  reset (rig);
  get (rig, &state);
  g_assert_cmpint (state.event_pending, ==, 0);
}

static bool
has_msr (Rig *rig, uint32_t index)
{
  for (unsigned i = 0; i < rig->vcpu->n_msrs; i++)
    if (rig->vcpu->msrs[i].index == index)
      return true;
  return false;
}

/* Whatever a guest has written to an MSR is gone, and KVM writes nowhere any more. */
static void
test_reset (Rig *rig, gconstpointer data)
{
  static const uint8_t code[] = {
    0x66, 0xb9,      0x04, 0x4d, 0x56, 0x4b, /* mov ecx, PV EOI */
    0x66, 0xb8,      0x01, 0x30, 0x00, 0x00, /* mov eax, 3001h */
    0x66, 0x31,      0xd2, 0x0f, 0x30,       /* xor edx, edx; wrmsr */
    0xe6, EXIT_PORT, 0xf4,                   /* out EXIT_PORT, al; hlt */
  };
  X86State state;

  if (!has_msr (rig, MSR_PV_EOI))
    {
      g_test_skip ("this KVM keeps no PV EOI");
      return;
    }
  x86_state_reset (&state, 0);
  state.star = 0x1000;
  state.mtrr_fixed[0] = 0x0606060606060606;
  g_assert_true (run (rig, code, sizeof code, &state));
  get (rig, &state);
  g_assert_cmpint (state.n_msrs, ==, 1);
  g_assert_cmphex (state.msrs[0].index, ==, MSR_PV_EOI);
  g_assert_cmphex (state.msrs[0].value, ==, 0x3001);
  g_assert_cmphex (state.star, ==, 0x1000);
  reset (rig);
  get (rig, &state);
  g_assert_cmpint (state.n_msrs, ==, 0);
  g_assert_cmphex (state.star, ==, 0);
  g_assert_cmphex (state.mtrr_fixed[0], ==, 0);
}

/* What a guest of Hyper-V's interface may have in its registers. */
static X86HypervState
make_hyperv (void)
{
  X86HypervState hyperv;

  x86_hyperv_state_reset (&hyperv);
  hyperv.guest_os_id = UINT64_C (0x1040000000000);
  hyperv.hypercall = 0x8001;
  hyperv.reference_tsc = 0x9001;
  hyperv.vp_assist_page = 0xa001;
  hyperv.scontrol = 1;
  hyperv.simp = 0xb001;
  hyperv.siefp = 0xc001;
  hyperv.sint[2] = 0x72;
  hyperv.sint[15] = 0x73 | 1 << 17;
  hyperv.stimer_config[0] = 1 << 12 | 0x61 << 4 | 1 << 3 | 1; /* direct, once, by its count */
  hyperv.stimer_count[0] = UINT64_C (1) << 50;
  hyperv.stimer_config[3] = 2 << 16 | 2 | 1; /* by messages, periodic */
  hyperv.stimer_count[3] = UINT64_C (1) << 40;
  return hyperv;
}

static void
compare_hyperv (const X86HypervState *one, const X86HypervState *other)
{
  X86State a = { .hyperv = *one }, b = { .hyperv = *other };
  g_autofree char *one_text = dump (&a), *other_text = dump (&b);

  g_assert_cmpstr (one_text, ==, other_text);
}

/* Hyper-V's registers go from KVM to the software CPU and back, and end with a reset. */
static void
test_hyperv (Rig *rig, gconstpointer data)
{
  const X86HypervState wanted = make_hyperv ();
  g_autoptr (GError) error = NULL;
  Accel *software;
  AccelVcpu *vcpu;
  X86State state, fresh, after_reset;

  if (!has_msr (rig, MSR_HV_SIMP))
    {
      g_test_skip ("this host's KVM has no interface of Hyper-V");
      return;
    }
  x86_state_reset (&fresh, 0);
  state = fresh;
  state.hyperv = wanted;
  set (rig, &state);
  get (rig, &state);
  compare_hyperv (&state.hyperv, &wanted);
  software = software_accel_ops.open (&rig->machine, &error);
  g_assert_no_error (error);
  vcpu = software_accel_ops.vcpu_new (software, 0, &error);
  software_accel_ops.set_state (vcpu, &state, &error);
  g_assert_no_error (error);
  software_accel_ops.get_state (vcpu, &state);
  software_accel_ops.vcpu_free (vcpu);
  software_accel_ops.close (software);
  compare_hyperv (&state.hyperv, &wanted);
  reset (rig);
  rig->accel->ops->get_state (rig->vcpu, &after_reset);
  compare_hyperv (&after_reset.hyperv, &fresh.hyperv);
  set (rig, &state);
  get (rig, &state);
  compare_hyperv (&state.hyperv, &wanted);
}

static void
put (Rig *rig, uint64_t address, uint64_t value, unsigned size)
{
  memory_write (rig->machine.memory, address, &value, size);
}

static uint8_t
get_note (Rig *rig)
{
  return memory_block_get_data (rig->ram)[NOTE_AT];
}

/* A guest of the guest (AMD APM 2, 15 and appendix B): flat, 32 bits, no paging. */
static void
make_vmcb (Rig *rig, uint64_t rip)
{
  static const uint16_t selectors[] = { 0x400, 0x410, 0x420, 0x430 };

  put (rig, VMCB_AT + 0x10, 3, 4); /* intercepts VMRUN, as it must, and VMMCALL */
  put (rig, VMCB_AT + 0x58, 1, 4); /* ASID */
  for (unsigned i = 0; i < G_N_ELEMENTS (selectors); i++)
    {
      put (rig, VMCB_AT + selectors[i] + 2, i == 1 ? 0xc9b : 0xc93, 2);
      put (rig, VMCB_AT + selectors[i] + 4, UINT32_MAX, 4);
    }
  put (rig, VMCB_AT + 0x4d0, EFER_SVME, 8);
  put (rig, VMCB_AT + 0x558, X86_CR0_PE | X86_CR0_ET, 8);
  put (rig, VMCB_AT + 0x560, 0x400, 8);
  put (rig, VMCB_AT + 0x568, 0xffff0ff0, 8);
  put (rig, VMCB_AT + 0x570, 2, 8);
  put (rig, VMCB_AT + 0x578, rip, 8);
}

/* Until a guest runs a guest of its own, which has written to the port. FALSE: this KVM lets none.
 */
static bool
run_nested (Rig *rig, X86State *state)
{
  static const uint8_t code[] = {
    0xb9, 0x17,      0x01, 0x01, 0xc0,          /* mov ecx, VM_HSAVE_PA */
    0xb8, 0x00,      0x50, 0x00, 0x00,          /* mov eax, HOST_SAVE_AT */
    0x31, 0xd2,      0x0f, 0x30,                /* xor edx, edx; wrmsr */
    0xb8, 0x00,      0x40, 0x00, 0x00,          /* mov eax, VMCB_AT */
    0x0f, 0x01,      0xd8,                      /* vmrun */
    0xc6, 0x05,      0x00, 0x60, 0x00, 0x00, 3, /* mov byte [NOTE_AT], 3 */
    0xe6, EXIT_PORT,                            /* out EXIT_PORT, al */
    0x0f, 0x01,      0xdc,                      /* stgi */
    0xe6, EXIT_PORT, 0xf4,                      /* out EXIT_PORT, al; hlt */
    0xc6, 0x05,      0x00, 0x60, 0x00, 0x00, 1, /* the inner one: mov byte [NOTE_AT], 1 */
    0xe6, EXIT_PORT,                            /* out EXIT_PORT, al */
    0xc6, 0x05,      0x00, 0x60, 0x00, 0x00, 2, /* mov byte [NOTE_AT], 2 */
    0xe6, EXIT_PORT,                            /* out EXIT_PORT, al */
    0x0f, 0x01,      0xd9,                      /* vmmcall */
  };
  const uint64_t inner = CODE_AT + 37;

  x86_state_reset (state, 0);
  /* VMRUN wants paging: one page of 4 MiB. */
  state->cr0 = X86_CR0_PE | X86_CR0_ET | X86_CR0_PG;
  state->cr3 = PAGE_DIRECTORY_AT;
  state->cr4 = X86_CR4_PSE;
  put (rig, PAGE_DIRECTORY_AT, 0x83, 4);
  state->efer = EFER_SVME;
  for (unsigned i = 0; i < 6; i++)
    state->seg[i]
      = (X86Segment){ .limit = UINT32_MAX, .attributes = i == X86_CS ? 0xc09b : 0xc093 };
  make_vmcb (rig, inner);
  return rig->accel->ops->set_state (rig->vcpu, state, NULL) && run (rig, code, sizeof code, state)
         && get_note (rig) == 1;
}

static void
run_on (Rig *rig)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (rig->accel->ops->vcpu_run (rig->vcpu, &error), ==, ACCEL_EXIT_KICKED);
  g_assert_no_error (error);
}

/* A reset leaves a guest's own guest, too, and what runs afterwards is the machine itself. */
static void
test_nested_reset (Rig *rig, gconstpointer data)
{
  static const uint8_t plain[] = { 0xe6, EXIT_PORT, 0xf4 };
  X86State state;

  if (!run_nested (rig, &state))
    {
      g_test_skip ("this KVM lets no guest use SVM");
      return;
    }
  reset (rig);
  get (rig, &state);
  g_assert_cmphex (state.efer, ==, 0);
  g_assert_cmpuint (state.nested_size, ==, 0);
  g_assert_true (run (rig, plain, sizeof plain, &state));
}

/* Saved, in a CPU that has forgotten it since. */
static void
save_and_load (Rig *rig, X86State *state)
{
  get (rig, state);
  reset (rig);
  set (rig, state);
}

/* The inner one goes on, then leaves to the outer one, which no interrupt reaches until it says so
 * (STGI). The software CPU has no such thing. */
static void
test_nested_saved (Rig *rig, gconstpointer data)
{
  X86State state;
  g_autoptr (GError) error = NULL;

  if (!run_nested (rig, &state))
    {
      g_test_skip ("this KVM lets no guest use SVM");
      return;
    }
  save_and_load (rig, &state);
  g_assert_cmpuint (state.nested_size, >, 4096);
  g_assert_false (x86_state_check_software (&state, &error));
  g_assert_nonnull (strstr (error->message, "a virtual machine inside"));
  run_on (rig);
  g_assert_cmpuint (get_note (rig), ==, 2);
  save_and_load (rig, &state);
  run_on (rig);
  g_assert_cmpuint (get_note (rig), ==, 3);
  save_and_load (rig, &state);
  g_assert_cmpuint (state.nested_size, >, 0);
  run_on (rig);
  get (rig, &state);
  g_assert_cmpuint (state.nested_size, ==, 0);
}

/* A triple fault that comes next is a shutdown when it is loaded, and nothing after a reset. */
static void
test_triple_fault (Rig *rig, gconstpointer data)
{
  X86State state;
  g_autoptr (GError) error = NULL;

  if (kvm_host_get (rig->vcpu->kvm->kvm_fd, KVM_CAP_X86_TRIPLE_FAULT_EVENT) == 0)
    {
      g_test_skip ("this KVM does not tell of triple faults");
      return;
    }
  x86_state_reset (&state, 0);
  state.triple_fault = 1;
  set (rig, &state);
  get (rig, &state);
  g_assert_cmpuint (state.triple_fault, ==, 1);
  g_assert_cmpint (rig->accel->ops->vcpu_run (rig->vcpu, &error), ==, ACCEL_EXIT_SHUTDOWN);
  get (rig, &state);
  g_assert_cmpuint (state.triple_fault, ==, 0);
  state.triple_fault = 1;
  set (rig, &state);
  reset (rig);
  get (rig, &state);
  g_assert_cmpuint (state.triple_fault, ==, 0);
}

/* Whether the TSC counts from where it is set. */
static bool
has_tsc (Rig *rig)
{
  const uint64_t from = UINT64_C (1) << 50;
  uint64_t host = __rdtsc (), tsc = 0;

  kvm_msrs_write (rig->vcpu, 0x10, from);
  kvm_msrs_read (rig->vcpu, 0x10, &tsc);
  return tsc - from <= __rdtsc () - host;
}

/* Guest time stands still: TSC and APIC timer are where they were, however long that takes. */
static void
test_pause (Rig *rig, gconstpointer data)
{
  X86State state, other, before, after;
  uint64_t first, last;

  if (!has_tsc (rig))
    {
      g_test_skip ("the TSC of this KVM cannot be set");
      return;
    }
  x86_state_reset (&state, 0);
  state.lapic.svr = 0x1ff;
  state.lapic.lvt_timer = 0x40;
  state.lapic.timer_initial = 4000000000;
  state.lapic.timer_divide = 0xb;
  state.lapic.timer_start = START_NS - 1000000000;
  state.lapic.timer_deadline = START_NS + 3000000000;
  set (rig, &state);
  x86_state_reset (&other, 1);
  other.lapic.id = 1;
  rig->accel->ops->set_state (rig->other, &other, NULL);
  rig->accel->ops->run_time (rig->accel, true);
  rig->accel->ops->run_time (rig->accel, false);
  get (rig, &before);
  g_usleep (20000);
  get (rig, &after);
  g_assert_cmphex (after.tsc_offset, ==, before.tsc_offset);
  g_assert_cmpint (after.lapic.timer_deadline, ==, before.lapic.timer_deadline);
  first = __rdtsc ();
  rig->accel->ops->run_time (rig->accel, true);
  rig->accel->ops->run_time (rig->accel, false);
  last = __rdtsc ();
  get (rig, &after);
  /* The clock, which the test moves, stands: the rest has gone on for that moment. */
  g_assert_cmpuint (after.tsc_offset - before.tsc_offset, >, 0);
  g_assert_cmpuint (after.tsc_offset - before.tsc_offset, <=, last - first);
  g_assert_cmpint (after.lapic.timer_deadline, <=, before.lapic.timer_deadline);
  g_assert_cmpint (before.lapic.timer_deadline - after.lapic.timer_deadline, <=,
                   (int64_t) ((last - first) * 1000000 / rig->vcpu->kvm->time.tsc_khz + 1000));
}

/* Neither does the host's sleep pass for the guest. */
static void
test_sleep (Rig *rig, gconstpointer data)
{
  X86State before, after;
  uint64_t first, last, lost;

  if (!has_tsc (rig))
    {
      g_test_skip ("the TSC of this KVM cannot be set");
      return;
    }
  reset (rig);
  rig->accel->ops->get_state (rig->vcpu, &before);
  first = __rdtsc ();
  rig->accel->ops->run_time (rig->accel, true);
  g_usleep (50000);
  slept += 50000000;
  kvm_time_skip_sleep (rig->vcpu->kvm);
  rig->accel->ops->run_time (rig->accel, false);
  last = __rdtsc ();
  rig->accel->ops->get_state (rig->vcpu, &after);
  lost = 50 * rig->vcpu->kvm->time.tsc_khz;
  g_assert_cmpuint (after.tsc_offset - before.tsc_offset, <=, last - first - lost);
  g_assert_cmpint (after.kvmclock_offset - before.kvmclock_offset, <=,
                   (int64_t) ((last - first - lost) * 1000000 / rig->vcpu->kvm->time.tsc_khz));
}

/* The same from kernels that do not tell the TSC's offset (before 5.16): all CPUs have one. */
static void
test_old_kernel (Rig *rig, gconstpointer data)
{
  KvmTime *time = &rig->vcpu->kvm->time;
  const bool has_offset = time->has_offset;
  X86State first, second;

  time->has_offset = false;
  test_pause (rig, data);
  if (!has_offset)
    return;
  rig->accel->ops->run_time (rig->accel, true);
  time->has_offset = true;
  rig->accel->ops->run_time (rig->accel, false);
  rig->accel->ops->get_state (rig->vcpu, &first);
  rig->accel->ops->get_state (rig->other, &second);
  g_assert_cmphex (first.tsc_offset, ==, second.tsc_offset);
}

/* A timer that expired before the stop is not forgotten. */
static void
test_expired (Rig *rig, gconstpointer data)
{
  X86State state;

  x86_state_reset (&state, 0);
  state.lapic.svr = 0x1ff;
  state.lapic.lvt_timer = 0x40;
  state.lapic.timer_initial = 1000;
  state.lapic.timer_divide = 0xb;
  state.lapic.timer_deadline = START_NS + 1000;
  set (rig, &state);
  rig->accel->ops->run_time (rig->accel, true);
  g_usleep (20000);
  rig->accel->ops->run_time (rig->accel, false);
  get (rig, &state);
  g_assert_cmphex (state.lapic.irr[2], ==, 1);
  g_assert_cmpint (state.lapic.timer_deadline, ==, -1);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Rig *rig, gconstpointer data);
  } tests[] = {
    { "/kvm-state/registers", test_registers },
    { "/kvm-state/refused", test_refused },
    { "/kvm-state/events", test_events },
    { "/kvm-state/acknowledged", test_acknowledged },
    { "/kvm-state/reset", test_reset },
    { "/kvm-state/nested-reset", test_nested_reset },
    { "/kvm-state/nested-saved", test_nested_saved },
    { "/kvm-state/triple-fault", test_triple_fault },
    { "/kvm-state/pause", test_pause },
    { "/kvm-state/expired", test_expired },
    { "/kvm-state/old-kernel", test_old_kernel },
    { "/kvm-state/sleep", test_sleep },
  };

  g_test_init (&argc, &argv, NULL);
  if (access ("/dev/kvm", R_OK | W_OK) < 0)
    {
      g_print ("1..0 # SKIP there is no /dev/kvm that can be opened\n");
      return 0;
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Rig, NULL, set_up, tests[i].test, tear_down);
  g_test_add ("/kvm-state/hyperv", Rig, "on", set_up, test_hyperv, tear_down);
  return g_test_run ();
}
