/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which saved states a CPU can have. */
#include "vmm-core/x86/x86-state.h"

#include "vmm-core/clock.h"
#include "vmm-core/kvm/kvm-internal.h"
#include "vmm-core/x86/x86.h"
#include "x86-machine.h"

#include <string.h>

typedef struct
{
  const char *name;
  size_t offset;
  uint64_t value;
  unsigned size;
} Change;

#define CHANGE(field, value)                                                                       \
  {                                                                                                \
    #field, offsetof (X86State, field), value, sizeof ((X86State *) NULL)->field                   \
  }

static bool
is_accepted (const Change *change, bool (*check) (const X86State *state, GError **error))
{
  X86State state;
  g_autoptr (GError) error = NULL;
  uint64_t little = GUINT64_TO_LE (change->value);
  bool good;

  x86_state_reset (&state, 0);
  memcpy ((uint8_t *) &state + change->offset, &little, change->size);
  good = check (&state, &error);
  g_assert_true (good || g_error_matches (error, STATE_ERROR, STATE_ERROR_BAD_STREAM));
  return good;
}

static void
test_accepted (void)
{
  static const Change changes[] = {
    CHANGE (cr0, X86_CR0_PE | X86_CR0_ET),
    CHANGE (cr4, X86_CR4_PAE),
    CHANGE (rip, 0x10000), /* behind the end of a 16-bit segment */
    CHANGE (seg[X86_FS].base, 0xffff800000000000),
    CHANGE (seg[X86_DS].attributes, X86_SEG_UNUSABLE),
    CHANGE (lapic.timer_deadline, 12345),
    CHANGE (activity, X86_HALTED),
    CHANGE (mxcsr, 0xffff),
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (changes); i++)
    if (!is_accepted (&changes[i], x86_state_check_software))
      g_error ("%s", changes[i].name);
}

/* The kernel, that it would go to, is not even asked. */
static bool
set_in_kvm (const X86State *state, GError **error)
{
  AccelVcpu vcpu = { .fd = -1 };

  return kvm_state_set (&vcpu, state, error);
}

static void
test_refused (void)
{
  static const Change changes[] = {
    CHANGE (cr0, X86_CR0_PG),
    CHANGE (cr0, X86_CR0_NW),
    CHANGE (cr0, 1ull << 32),
    CHANGE (cr3, 1ull << 52),
    CHANGE (cr4, X86_CR4_PCIDE),
    CHANGE (efer, X86_EFER_LMA),
    CHANGE (xcr0, 4),
    CHANGE (rip, 1ull << 32),
    CHANGE (rip, 0x800000000000),
    CHANGE (lstar, 0x800000000000),
    CHANGE (gdtr.base, 0x800000000000),
    CHANGE (rflags, 0),
    CHANGE (rflags, 1 << 3 | 2),
    CHANGE (rflags, X86_FLAG_VM | 2),
    CHANGE (seg[X86_CS].base, 1ull << 32),
    CHANGE (seg[X86_FS].base, 0x800000000000),
    CHANGE (seg[X86_SS].attributes, 1 << 8),
    CHANGE (dr[7], 1ull << 32),
    CHANGE (activity, 3),
    CHANGE (interrupt_shadow, 3),
    CHANGE (event_pending, 1), /* of no type */
    CHANGE (event_type, 7),
    CHANGE (lapic.base_msr, 1 << 10),
    CHANGE (lapic.timer_deadline, INT64_MAX),
    CHANGE (lapic.timer_start, -1),
    CHANGE (lapic.timer_owed, CLOCK_MOST_OWED_TICKS + 1),
    CHANGE (lapic.irr[0], 1),
    CHANGE (tsc_khz, X86_STATE_LEAST_TSC_KHZ - 1),
    CHANGE (tsc_khz, X86_STATE_MOST_TSC_KHZ + 1),
    CHANGE (triple_fault, 2),
    CHANGE (nested_size, X86_STATE_NESTED + 1),
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (changes); i++)
    if (is_accepted (&changes[i], x86_state_check_software)
        || is_accepted (&changes[i], set_in_kvm))
      g_error ("%s %#" G_GINT64_MODIFIER "x", changes[i].name, changes[i].value);
}

/* What other CPUs have. */
static void
test_refused_by_software (void)
{
  static const Change changes[] = {
    CHANGE (cr4, 1ull << 63), CHANGE (efer, 1 << 5),     CHANGE (xcr0, 0xe7),
    CHANGE (mxcsr, 1 << 17),  CHANGE (nested_size, 128),
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (changes); i++)
    if (is_accepted (&changes[i], x86_state_check_software)
        || !is_accepted (&changes[i], x86_state_check))
      g_error ("%s %#" G_GINT64_MODIFIER "x", changes[i].name, changes[i].value);
}

/* What others asked of a CPU that had just left the guest is not lost with it. */
static void
test_asked (void)
{
  g_autoptr (X86Machine) machine = x86_machine_new (&software_accel_ops);
  Accel *accel = x86_machine_get_accel (machine);
  AccelVcpu *vcpu = (AccelVcpu *) x86_machine_get_cpu (machine);
  X86State state;

  accel->ops->get_state (vcpu, &state);
  state.gpr[X86_RAX] = 1;
  state.lapic.svr = 0x1ff;
  state.lapic.lvt_lint1 = 0x400; /* NMI */
  g_assert_true (accel->ops->set_state (vcpu, &state, NULL));
  accel->ops->pulse_nmi (accel);
  accel->ops->get_state (vcpu, &state);
  g_assert_cmpuint (state.nmi_pending, ==, 1);
  accel->ops->pulse_init (accel);
  accel->ops->get_state (vcpu, &state);
  g_assert_cmphex (state.gpr[X86_RAX], ==, 0);
}

/* A TSC that has run faster elsewhere goes on so, from where it was; a reset does not change that.
 */
static void
test_tsc_rate (void)
{
  g_autoptr (X86Machine) machine = x86_machine_new (&software_accel_ops);
  Accel *accel = x86_machine_get_accel (machine);
  X86Cpu *cpu = x86_machine_get_cpu (machine);
  Clock *clock = cpu->software->machine.clock;
  const uint64_t khz = cpu->software->tsc_khz * 3 / 2;
  X86State state;

  clock_advance (clock, 2000000000);
  x86_state_reset (&state, 0);
  state.tsc_khz = khz;
  state.tsc_offset = 1234;
  g_assert_true (accel->ops->set_state ((AccelVcpu *) cpu, &state, NULL));
  g_assert_cmpuint (x86_tsc_read (cpu), ==, 2000 * khz + 1234);
  clock_advance (clock, 1000000000);
  g_assert_cmpuint (x86_tsc_read (cpu), ==, 3000 * khz + 1234);
  x86_state_reset (&state, 0);
  g_assert_true (accel->ops->set_state ((AccelVcpu *) cpu, &state, NULL));
  g_assert_cmpuint (x86_tsc_read (cpu), ==, 3000 * khz);
  accel->ops->get_state ((AccelVcpu *) cpu, &state);
  g_assert_cmpuint (state.tsc_khz, ==, khz);
}

/* One that was about to come under KVM comes here. */
static void
test_triple_fault (void)
{
  g_autoptr (X86Machine) machine = x86_machine_new (&software_accel_ops);
  g_autoptr (GError) error = NULL;
  X86State state;

  x86_machine_init_state (&state, 64);
  state.triple_fault = 1;
  g_assert_cmpint (x86_machine_enter (machine, &state, &error), ==, ACCEL_EXIT_SHUTDOWN);
  g_assert_no_error (error);
  g_assert_cmpuint (state.triple_fault, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/x86-state/accepted", test_accepted);
  g_test_add_func ("/x86-state/refused", test_refused);
  g_test_add_func ("/x86-state/refused-by-software", test_refused_by_software);
  g_test_add_func ("/x86-state/asked", test_asked);
  g_test_add_func ("/x86-state/tsc-rate", test_tsc_rate);
  g_test_add_func ("/x86-state/triple-fault", test_triple_fault);
  return g_test_run ();
}
