/* SPDX-License-Identifier: GPL-3.0-or-later */
/* X86State to and from KVM: the registers here, the rest in files of their own. */
#include "kvm-internal.h"

#include <glib/gi18n.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm-core/x86/x86.h"

static void
segment_from_kvm (X86Segment *to, const struct kvm_segment *from)
{
  to->base = from->base;
  to->limit = from->limit;
  to->selector = from->selector;
  to->attributes = from->type | from->s << 4 | from->dpl << X86_SEG_DPL_SHIFT | from->present << 7
                   | from->avl << 12 | from->l << 13 | from->db << 14 | from->g << 15
                   | from->unusable << 16;
}

static void
segment_to_kvm (struct kvm_segment *to, const X86Segment *from)
{
  uint32_t a = from->attributes;

  *to = (struct kvm_segment){
    .base = from->base,
    .limit = from->limit,
    .selector = from->selector,
    .type = a & X86_SEG_TYPE,
    .s = a >> 4 & 1,
    .dpl = a >> X86_SEG_DPL_SHIFT & 3,
    .present = a >> 7 & 1,
    .avl = a >> 12 & 1,
    .l = a >> 13 & 1,
    .db = a >> 14 & 1,
    .g = a >> 15 & 1,
    .unusable = a >> 16 & 1,
  };
}

static void
general_get (AccelVcpu *vcpu, X86State *state)
{
  struct kvm_regs regs = { 0 };

  ioctl (vcpu->fd, KVM_GET_REGS, &regs);
  state->gpr[X86_RAX] = regs.rax;
  state->gpr[X86_RCX] = regs.rcx;
  state->gpr[X86_RDX] = regs.rdx;
  state->gpr[X86_RBX] = regs.rbx;
  state->gpr[X86_RSP] = regs.rsp;
  state->gpr[X86_RBP] = regs.rbp;
  state->gpr[X86_RSI] = regs.rsi;
  state->gpr[X86_RDI] = regs.rdi;
  memcpy (&state->gpr[8], &regs.r8, 8 * sizeof (uint64_t));
  state->rip = regs.rip;
  state->rflags = regs.rflags;
}

static bool
general_set (AccelVcpu *vcpu, const X86State *state)
{
  struct kvm_regs regs = {
    .rax = state->gpr[X86_RAX],
    .rcx = state->gpr[X86_RCX],
    .rdx = state->gpr[X86_RDX],
    .rbx = state->gpr[X86_RBX],
    .rsp = state->gpr[X86_RSP],
    .rbp = state->gpr[X86_RBP],
    .rsi = state->gpr[X86_RSI],
    .rdi = state->gpr[X86_RDI],
    .rip = state->rip,
    .rflags = state->rflags,
  };

  memcpy (&regs.r8, &state->gpr[8], 8 * sizeof (uint64_t));
  return ioctl (vcpu->fd, KVM_SET_REGS, &regs) == 0;
}

static void
system_get (AccelVcpu *vcpu, X86State *state)
{
  struct kvm_sregs sregs = { 0 };

  ioctl (vcpu->fd, KVM_GET_SREGS, &sregs);
  segment_from_kvm (&state->seg[X86_ES], &sregs.es);
  segment_from_kvm (&state->seg[X86_CS], &sregs.cs);
  segment_from_kvm (&state->seg[X86_SS], &sregs.ss);
  segment_from_kvm (&state->seg[X86_DS], &sregs.ds);
  segment_from_kvm (&state->seg[X86_FS], &sregs.fs);
  segment_from_kvm (&state->seg[X86_GS], &sregs.gs);
  segment_from_kvm (&state->ldtr, &sregs.ldt);
  segment_from_kvm (&state->tr, &sregs.tr);
  state->gdtr = (X86DescriptorTable){ sregs.gdt.base, sregs.gdt.limit };
  state->idtr = (X86DescriptorTable){ sregs.idt.base, sregs.idt.limit };
  state->cr0 = sregs.cr0;
  state->cr2 = sregs.cr2;
  state->cr3 = sregs.cr3;
  state->cr4 = sregs.cr4;
  state->cr8 = sregs.cr8;
  state->efer = sregs.efer;
  state->lapic.base_msr = sregs.apic_base;
}

static bool
system_set (AccelVcpu *vcpu, const X86State *state)
{
  struct kvm_sregs sregs = {
    .gdt = { .base = state->gdtr.base, .limit = state->gdtr.limit },
    .idt = { .base = state->idtr.base, .limit = state->idtr.limit },
    .cr0 = state->cr0,
    .cr2 = state->cr2,
    .cr3 = state->cr3,
    .cr4 = state->cr4,
    .cr8 = state->cr8,
    .efer = state->efer,
    .apic_base = state->lapic.base_msr,
  };

  segment_to_kvm (&sregs.es, &state->seg[X86_ES]);
  segment_to_kvm (&sregs.cs, &state->seg[X86_CS]);
  segment_to_kvm (&sregs.ss, &state->seg[X86_SS]);
  segment_to_kvm (&sregs.ds, &state->seg[X86_DS]);
  segment_to_kvm (&sregs.fs, &state->seg[X86_FS]);
  segment_to_kvm (&sregs.gs, &state->seg[X86_GS]);
  segment_to_kvm (&sregs.ldt, &state->ldtr);
  segment_to_kvm (&sregs.tr, &state->tr);
  return ioctl (vcpu->fd, KVM_SET_SREGS, &sregs) == 0;
}

/* Any change of CR0 has the kernel look for the tables anew. */
void
kvm_state_map_anew (AccelVcpu *vcpu)
{
  struct kvm_sregs sregs = { 0 };

  ioctl (vcpu->fd, KVM_GET_SREGS, &sregs);
  for (unsigned twice = 0; twice < 2; twice++)
    {
      sregs.cr0 ^= X86_CR0_MP;
      ioctl (vcpu->fd, KVM_SET_SREGS, &sregs);
    }
}

void
kvm_state_open (KvmAccel *kvm)
{
  struct kvm_enable_cap triple_fault = { .cap = KVM_CAP_X86_TRIPLE_FAULT_EVENT, .args = { 1 } };

  kvm_xsave_open (kvm);
  kvm_time_open (kvm);
  /* One that is pending is an event as others are, where the kernel can tell. */
  ioctl (kvm->vm_fd, KVM_ENABLE_CAP, &triple_fault);
}

void
kvm_state_add_vcpu (AccelVcpu *vcpu)
{
  kvm_msrs_open (vcpu);
  kvm_time_add_vcpu (vcpu);
}

void
kvm_state_read (AccelVcpu *vcpu, X86State *state)
{
  memset (state, 0, sizeof *state);
  general_get (vcpu, state);
  system_get (vcpu, state);
  kvm_xsave_get (vcpu, state);
  kvm_msrs_get (vcpu, state);
  kvm_time_get (vcpu, state);
  kvm_lapic_get (vcpu, &state->lapic);
  kvm_events_get (vcpu, state);
  kvm_nested_get (vcpu, state);
}

/* What came when the vCPU was just leaving is not lost with it. */
void
kvm_state_get (AccelVcpu *vcpu, X86State *state)
{
  kvm_state_read (vcpu, state);
  if (vcpu->nmi_pending && kvm_lapic_takes_nmi (&state->lapic))
    state->nmi_pending = 1;
  if (vcpu->init_pending)
    x86_state_init (state, vcpu->index);
}

/* Takes what is still to come (an INIT, a SIPI) and ends what would hinder the next state. */
static bool
leave_last_state (AccelVcpu *vcpu)
{
  struct kvm_mp_state mp;

  vcpu->init_pending = vcpu->nmi_pending = false;
  ioctl (vcpu->fd, KVM_GET_MP_STATE, &mp);
  /* What the guest could take an interrupt of is no more. */
  vcpu->run->ready_for_interrupt_injection = 0;
  return kvm_nested_leave (vcpu);
}

bool
kvm_state_set (AccelVcpu *vcpu, const X86State *state, GError **error)
{
  if (!x86_state_check (state, error))
    return false;
  if (state->xcr0 & ~vcpu->kvm->xsave.features)
    {
      g_set_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM,
                   _ ("The machine uses vector registers that this computer's processor lacks: run "
                      "it on the computer that it comes from."));
      return false;
    }
  if (leave_last_state (vcpu) && system_set (vcpu, state) && general_set (vcpu, state)
      && kvm_xsave_set (vcpu, state) && kvm_msrs_set (vcpu, state)
      && kvm_lapic_set (vcpu, &state->lapic) && kvm_events_set (vcpu, state)
      && kvm_nested_set (vcpu, state))
    return kvm_time_set (vcpu, state, error);
  kvm_set_error (error, _ ("KVM cannot take over the state of a CPU."));
  return false;
}

bool
kvm_state_set_registers (AccelVcpu *vcpu, const X86State *state)
{
  return system_set (vcpu, state) && general_set (vcpu, state) && kvm_xsave_set (vcpu, state)
         && kvm_events_set (vcpu, state);
}
