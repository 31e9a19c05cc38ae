/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reset values: Intel SDM 3A, table 10-1; x87: 8.1; APIC: 11.4.7. */
#include "x86-state.h"

#include "mmu.h"
#include "segment.h"
#include "vmm-core/clock.h"
#include "x86-cpuid.h"
#include "x86.h"

#include <glib/gi18n.h>
#include <string.h>

static const StateField segment_fields[] = {
  STATE_INT (X86Segment, base),
  STATE_INT (X86Segment, limit),
  STATE_INT (X86Segment, attributes),
  STATE_INT (X86Segment, selector),
};
static const StateTable segment_table = STATE_TABLE (X86Segment, 1, segment_fields);

static const StateField descriptor_table_fields[] = {
  STATE_INT (X86DescriptorTable, base),
  STATE_INT (X86DescriptorTable, limit),
};
static const StateTable descriptor_table_table
  = STATE_TABLE (X86DescriptorTable, 1, descriptor_table_fields);

static const StateField fpu_fields[] = {
  STATE_BLOB (X86Fpu, st),    STATE_INT (X86Fpu, control), STATE_INT (X86Fpu, status),
  STATE_INT (X86Fpu, opcode), STATE_INT (X86Fpu, tag),     STATE_INT (X86Fpu, cs),
  STATE_INT (X86Fpu, ds),     STATE_INT (X86Fpu, ip),      STATE_INT (X86Fpu, dp),
};
static const StateTable fpu_table = STATE_TABLE (X86Fpu, 1, fpu_fields);

static const StateField lapic_fields[] = {
  STATE_INT (X86LapicState, base_msr),
  STATE_INT (X86LapicState, id),
  STATE_INT (X86LapicState, tpr),
  STATE_INT (X86LapicState, ldr),
  STATE_INT (X86LapicState, dfr),
  STATE_INT (X86LapicState, svr),
  STATE_INT (X86LapicState, esr),
  STATE_INT (X86LapicState, esr_pending),
  STATE_INTS (X86LapicState, isr),
  STATE_INTS (X86LapicState, tmr),
  STATE_INTS (X86LapicState, irr),
  STATE_INT (X86LapicState, icr),
  STATE_INT (X86LapicState, lvt_cmci),
  STATE_INT (X86LapicState, lvt_timer),
  STATE_INT (X86LapicState, lvt_thermal),
  STATE_INT (X86LapicState, lvt_pmc),
  STATE_INT (X86LapicState, lvt_lint0),
  STATE_INT (X86LapicState, lvt_lint1),
  STATE_INT (X86LapicState, lvt_error),
  STATE_INT (X86LapicState, timer_initial),
  STATE_INT (X86LapicState, timer_divide),
  STATE_INT (X86LapicState, timer_start),
  STATE_INT (X86LapicState, timer_deadline),
  STATE_INT (X86LapicState, timer_owed),
  STATE_INT (X86LapicState, tsc_deadline),
};
static const StateTable lapic_table = STATE_TABLE (X86LapicState, 1, lapic_fields);

static const StateField hyperv_fields[] = {
  STATE_INT (X86HypervState, guest_os_id),    STATE_INT (X86HypervState, hypercall),
  STATE_INT (X86HypervState, reference_tsc),  STATE_INT (X86HypervState, vp_assist_page),
  STATE_INT (X86HypervState, scontrol),       STATE_INT (X86HypervState, siefp),
  STATE_INT (X86HypervState, simp),           STATE_INTS (X86HypervState, sint),
  STATE_INTS (X86HypervState, stimer_config), STATE_INTS (X86HypervState, stimer_count),
};
static const StateTable hyperv_table = STATE_TABLE (X86HypervState, 1, hyperv_fields);

static const StateField msr_fields[] = {
  STATE_INT (X86Msr, index),
  STATE_INT (X86Msr, value),
};
static const StateTable msr_table = STATE_TABLE (X86Msr, 1, msr_fields);

static const StateField x86_fields[] = {
  STATE_INTS (X86State, gpr),
  STATE_INT (X86State, rip),
  STATE_INT (X86State, rflags),
  STATE_NESTED_ARRAY (X86State, seg, &segment_table),
  STATE_NESTED (X86State, ldtr, &segment_table),
  STATE_NESTED (X86State, tr, &segment_table),
  STATE_NESTED (X86State, gdtr, &descriptor_table_table),
  STATE_NESTED (X86State, idtr, &descriptor_table_table),
  STATE_INT (X86State, cr0),
  STATE_INT (X86State, cr2),
  STATE_INT (X86State, cr3),
  STATE_INT (X86State, cr4),
  STATE_INT (X86State, cr8),
  STATE_INT (X86State, xcr0),
  STATE_INTS (X86State, dr),
  STATE_INT (X86State, efer),
  STATE_INT (X86State, star),
  STATE_INT (X86State, lstar),
  STATE_INT (X86State, cstar),
  STATE_INT (X86State, sfmask),
  STATE_INT (X86State, kernel_gs_base),
  STATE_INT (X86State, tsc_aux),
  STATE_INT (X86State, sysenter_cs),
  STATE_INT (X86State, sysenter_esp),
  STATE_INT (X86State, sysenter_eip),
  STATE_INT (X86State, pat),
  STATE_INT (X86State, misc_enable),
  STATE_INT (X86State, xss),
  STATE_INT (X86State, spec_ctrl),
  STATE_INT (X86State, pkru),
  STATE_INT (X86State, pkrs),
  STATE_INT (X86State, mtrr_def_type),
  STATE_INTS (X86State, mtrr_fixed),
  STATE_INTS (X86State, mtrr_base),
  STATE_INTS (X86State, mtrr_mask),
  STATE_INT_IN (X86State, tsc_khz, 0, X86_STATE_MOST_TSC_KHZ),
  STATE_INT (X86State, tsc_offset),
  STATE_INT (X86State, tsc_adjust),
  STATE_INT (X86State, kvmclock),
  STATE_INT (X86State, kvmclock_wall),
  STATE_INT_IN (X86State, kvmclock_offset, -STATE_MAX_TIME, STATE_MAX_TIME),
  STATE_NESTED (X86State, hyperv, &hyperv_table),
  STATE_NESTED (X86State, fpu, &fpu_table),
  STATE_INT (X86State, mxcsr),
  STATE_BLOB (X86State, ymm),
  STATE_NESTED (X86State, lapic, &lapic_table),
  STATE_INT (X86State, activity),
  STATE_INT (X86State, interrupt_shadow),
  STATE_INT (X86State, nmi_blocked),
  STATE_INT (X86State, nmi_pending),
  STATE_INT (X86State, smi_pending),
  STATE_INT (X86State, in_smm),
  STATE_INT (X86State, smm_inside_nmi),
  STATE_INT (X86State, smbase),
  STATE_INT (X86State, event_pending),
  STATE_INT (X86State, event_vector),
  STATE_INT (X86State, event_type),
  STATE_INT (X86State, event_has_code),
  STATE_INT (X86State, event_code),
  STATE_INT (X86State, triple_fault),
  STATE_INTS (X86State, opmask),
  STATE_BLOB (X86State, zmm_high),
  STATE_BLOB (X86State, zmm_upper),
  STATE_INT_IN (X86State, n_msrs, 0, X86_STATE_MSRS),
  STATE_NESTED_ARRAY (X86State, msrs, &msr_table),
  STATE_INT_IN (X86State, nested_size, 0, X86_STATE_NESTED),
  STATE_BLOB (X86State, nested),
};
const StateTable x86_state_table = STATE_TABLE (X86State, 1, x86_fields);

static void
reset_segments (X86State *state)
{
  for (unsigned i = 0; i < 6; i++)
    state->seg[i] = (X86Segment){ .limit = 0xffff, .attributes = X86_SEG_P | X86_SEG_S | 3 };
  state->seg[X86_CS].base = 0xffff0000;
  state->seg[X86_CS].selector = 0xf000;
  state->ldtr = (X86Segment){ .limit = 0xffff, .attributes = X86_SEG_P | 2 };
  state->tr = (X86Segment){ .limit = 0xffff, .attributes = X86_SEG_P | 11 };
  state->gdtr = (X86DescriptorTable){ .limit = 0xffff };
  state->idtr = (X86DescriptorTable){ .limit = 0xffff };
}

void
x86_lapic_state_reset (X86LapicState *lapic, unsigned index)
{
  const uint32_t masked = 1 << 16;
  uint64_t base = lapic->base_msr;
  uint32_t id = lapic->id;

  *lapic = (X86LapicState){ .base_msr = base,
                            .id = id,
                            .dfr = UINT32_MAX,
                            .svr = 0xff,
                            .lvt_cmci = masked,
                            .lvt_timer = masked,
                            .lvt_thermal = masked,
                            .lvt_pmc = masked,
                            .lvt_lint1 = masked,
                            /* The boot CPU sees the 8259 pair, as firmware leaves it. */
                            .lvt_lint0 = index == 0 ? 7 << 8 : masked,
                            .lvt_error = masked,
                            .timer_deadline = -1 };
}

void
x86_hyperv_state_reset (X86HypervState *hyperv)
{
  *hyperv = (X86HypervState){ 0 };
  for (unsigned i = 0; i < X86_HYPERV_SINTS; i++)
    hyperv->sint[i] = X86_HYPERV_SINT_MASKED;
}

/* What RESET and INIT have in common. */
static void
reset_common (X86State *state, unsigned index)
{
  memset (state->gpr, 0, sizeof state->gpr);
  state->gpr[X86_RDX] = 0x600; /* family 6 */
  state->rip = 0xfff0;
  state->rflags = 2;
  reset_segments (state);
  state->cr2 = state->cr3 = state->cr4 = state->cr8 = state->efer = 0;
  memset (state->dr, 0, sizeof state->dr);
  state->dr[6] = 0xffff0ff0;
  state->dr[7] = 0x400;
  state->star = state->lstar = state->cstar = state->sfmask = state->kernel_gs_base = 0;
  state->sysenter_cs = state->sysenter_esp = state->sysenter_eip = 0;
  state->activity = index == 0 ? X86_RUNNING : X86_WAIT_FOR_SIPI;
  state->interrupt_shadow = state->nmi_blocked = state->nmi_pending = 0;
  state->smi_pending = state->in_smm = state->smm_inside_nmi = 0;
  state->event_pending = state->triple_fault = 0;
  state->nested_size = 0;
  state->kvmclock = state->kvmclock_wall = 0;
  state->pkrs = 0;
  x86_lapic_state_reset (&state->lapic, index);
}

void
x86_state_reset (X86State *state, unsigned index)
{
  memset (state, 0, sizeof *state);
  state->lapic.id = index;
  reset_common (state, index);
  state->cr0 = X86_CR0_CD | X86_CR0_NW | X86_CR0_ET;
  state->xcr0 = 1;
  state->pat = 0x0007040600070406;
  state->misc_enable = 1 | 1 << 18; /* fast strings, MONITOR */
  state->fpu.control = 0x40;
  state->mxcsr = 0x1f80;
  state->smbase = 0x30000;
  x86_hyperv_state_reset (&state->hyperv);
  state->lapic.base_msr = 0xfee00000 | 1 << 11 | (index == 0 ? 1 << 8 : 0);
}

void
x86_state_init (X86State *state, unsigned index)
{
  uint64_t caching = state->cr0 & (X86_CR0_CD | X86_CR0_NW);

  reset_common (state, index);
  state->cr0 = caching | X86_CR0_ET;
}

/* What follows are the checks that VM entry makes (SDM 3C, 26.3.1), each NULL or what is wrong. */

static const char *
check_modes (const X86State *state)
{
  bool paging = (state->cr0 & X86_CR0_PG) != 0, lma = (state->efer & X86_EFER_LMA) != 0;

  if (paging && !(state->cr0 & X86_CR0_PE))
    return "paging without protection";
  if (state->cr0 >> 32 || (state->cr0 & (X86_CR0_NW | X86_CR0_CD)) == X86_CR0_NW)
    return "impossible bits in CR0";
  if (state->cr3 >> X86_PHYSICAL_BITS)
    return "CR3 beyond the physical addresses";
  if (lma != (paging && (state->efer & X86_EFER_LME)))
    return "EFER.LMA at odds with CR0.PG";
  if (lma && !(state->cr4 & X86_CR4_PAE))
    return "long mode without CR4.PAE";
  if (!lma && (state->cr4 & X86_CR4_PCIDE))
    return "PCIDs without long mode";
  /* AVX needs SSE, and the three of AVX-512 need each other and AVX (SDM 1, 13.3). */
  if (!(state->xcr0 & 1) || (state->xcr0 & 6) == 4
      || ((state->xcr0 & 0xe0) != 0 && (state->xcr0 & 0xe6) != 0xe6))
    return "an XCR0 that no CPU has";
  return NULL;
}

static const char *
check_segments (const X86State *state)
{
  const uint32_t attributes
    = 0xff | X86_SEG_AVL | X86_SEG_L | X86_SEG_DB | X86_SEG_G | X86_SEG_UNUSABLE;
  const X86Segment *all[] = { &state->seg[0], &state->seg[1], &state->seg[2], &state->seg[3],
                              &state->seg[4], &state->seg[5], &state->ldtr,   &state->tr };
  uint32_t cs = state->seg[X86_CS].attributes;

  for (unsigned i = 0; i < G_N_ELEMENTS (all); i++)
    if ((all[i]->attributes & ~attributes)
        || (i < X86_FS ? all[i]->base >> 32 != 0 : !x86_is_canonical (all[i]->base)))
      return "a segment that cannot be";
  if (!x86_is_canonical (state->gdtr.base) || !x86_is_canonical (state->idtr.base))
    return "a descriptor table that cannot be";
  if ((state->efer & X86_EFER_LMA) && (cs & X86_SEG_L))
    return (cs & X86_SEG_DB) ? "a code segment of 32 and 64 bits" : NULL;
  return state->rip >> 32 != 0 ? "RIP beyond 4 GiB" : NULL;
}

static const char *
check_registers (const X86State *state)
{
  const uint64_t addresses[]
    = { state->rip,          state->lstar,       state->cstar, state->kernel_gs_base,
        state->sysenter_esp, state->sysenter_eip };

  for (unsigned i = 0; i < G_N_ELEMENTS (addresses); i++)
    if (!x86_is_canonical (addresses[i]))
      return "an address that is not canonical";
  if ((state->rflags & ~UINT64_C (0x3f7fd7)) || !(state->rflags & 2)
      || ((state->rflags & X86_FLAG_VM)
          && ((state->efer & X86_EFER_LMA) || !(state->cr0 & X86_CR0_PE))))
    return "impossible flags";
  if (state->n_msrs > X86_STATE_MSRS || state->nested_size > X86_STATE_NESTED)
    return "more registers than fit";
  if (state->tsc_khz != 0
      && (state->tsc_khz < X86_STATE_LEAST_TSC_KHZ || state->tsc_khz > X86_STATE_MOST_TSC_KHZ))
    return "an impossible rate of the TSC";
  if (state->dr[6] >> 32 || state->dr[7] >> 32 || state->pkru >> 32 || state->pkrs >> 32)
    return "registers wider than they are";
  return NULL;
}

static const char *
check_events (const X86State *state)
{
  if (state->activity > X86_WAIT_FOR_SIPI)
    return "an unknown activity";
  if (state->interrupt_shadow > 2 || state->nmi_blocked > 1 || state->nmi_pending > 1
      || state->smi_pending > 1 || state->in_smm > 1 || state->smm_inside_nmi > 1
      || state->event_pending > 1 || state->event_has_code > 1 || state->triple_fault > 1)
    return "impossible events";
  if (state->event_type > X86_EVENT_PRIVILEGED || state->cr8 > 15
      || (state->event_pending
          && (state->event_type == X86_EVENT_NONE
              || (state->event_type == X86_EVENT_EXCEPTION && state->event_vector > 31))))
    return "an impossible pending event";
  return NULL;
}

static const char *
check_lapic (const X86LapicState *lapic)
{
  const uint64_t base = lapic->base_msr;

  if (base >> X86_PHYSICAL_BITS || (base & 0x2ff) || (base & 0xc00) == 0x400)
    return "an impossible IA32_APIC_BASE";
  if (lapic->timer_deadline < -1 || lapic->timer_deadline > STATE_MAX_TIME || lapic->timer_start < 0
      || lapic->timer_start > STATE_MAX_TIME)
    return "an APIC timer out of time";
  if (lapic->timer_owed > CLOCK_MOST_OWED_TICKS)
    return "an APIC timer that owes too much";
  /* Vectors 0 to 15 are never accepted (SDM 3A, 11.8.4). */
  if (lapic->tpr > 0xff || ((lapic->isr[0] | lapic->irr[0]) & 0xffff))
    return "an impossible APIC";
  return NULL;
}

static const char *
check_software (const X86State *state)
{
  if (state->nested_size > 0)
    return "a virtual machine inside";
  if (state->cr4 & ~x86_cpuid_get_cr4_bits ())
    return "bits in CR4";
  if (state->efer & ~0x200d01ull)
    return "bits in EFER";
  if (state->xcr0 & ~(uint64_t) X86_XCR0_SOFTWARE)
    return "bits in XCR0";
  if (state->mxcsr & ~0xffffu)
    return "bits in MXCSR";
  if (state->smi_pending || state->in_smm)
    return "system management mode";
  return NULL;
}

bool
x86_state_check (const X86State *state, GError **error)
{
  const char *wrong = check_modes (state);

  if (wrong == NULL)
    wrong = check_segments (state);
  if (wrong == NULL)
    wrong = check_registers (state);
  if (wrong == NULL)
    wrong = check_events (state);
  if (wrong == NULL)
    wrong = check_lapic (&state->lapic);
  if (wrong == NULL)
    return true;
  g_set_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM,
               "The saved state of the CPU is damaged (%s): restore another snapshot.", wrong);
  return false;
}

bool
x86_state_check_software (const X86State *state, GError **error)
{
  const char *lacking;

  if (!x86_state_check (state, error))
    return false;
  lacking = check_software (state);
  if (lacking == NULL)
    return true;
  g_set_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM,
               _ ("The machine uses something that the software CPU lacks (%s): run it with KVM, "
                  "where it comes from."),
               lacking);
  return false;
}
