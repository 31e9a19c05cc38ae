/* SPDX-License-Identifier: GPL-3.0-or-later */
/* X86State to and from KVM's structures. */
#include "kvm-internal.h"

#include <errno.h>
#include <gio/gio.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm-core/x86/cpuid-topology.h"
#include "vmm-core/x86/x86.h"

#define KVM_CPUID_ENTRIES 256

typedef struct
{
  uint32_t index;
  uint32_t offset; /* of the 64-bit field in X86State */
} MsrField;

/* clang-format off */
static const MsrField msr_fields[] = {
  { 0x10, offsetof (X86State, tsc_offset) }, /* carries the TSC itself here */
  { 0x174, offsetof (X86State, sysenter_cs) },
  { 0x175, offsetof (X86State, sysenter_esp) },
  { 0x176, offsetof (X86State, sysenter_eip) },
  { 0x277, offsetof (X86State, pat) },
  { 0x1a0, offsetof (X86State, misc_enable) },
  { 0xc0000081, offsetof (X86State, star) },
  { 0xc0000082, offsetof (X86State, lstar) },
  { 0xc0000083, offsetof (X86State, cstar) },
  { 0xc0000084, offsetof (X86State, sfmask) },
  { 0xc0000102, offsetof (X86State, kernel_gs_base) },
  { 0xc0000103, offsetof (X86State, tsc_aux) },
  { 0x2ff, offsetof (X86State, mtrr_def_type) },
};
/* clang-format on */

typedef struct
{
  struct kvm_msrs header;
  struct kvm_msr_entry entries[G_N_ELEMENTS (msr_fields)];
} MsrList;

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

/* The XSAVE image in standard format (SDM 1, 13.4). */
static void
extended_get (AccelVcpu *vcpu, X86State *state)
{
  struct kvm_xsave xsave;
  struct kvm_xcrs xcrs = { 0 };
  const uint8_t *image = (const uint8_t *) xsave.region;

  memset (&xsave, 0, sizeof xsave);
  ioctl (vcpu->fd, KVM_GET_XSAVE, &xsave);
  memcpy (&state->fpu.control, image, 2);
  memcpy (&state->fpu.status, image + 2, 2);
  state->fpu.tag = image[4];
  memcpy (&state->fpu.opcode, image + 6, 2);
  memcpy (&state->fpu.ip, image + 8, 8);
  memcpy (&state->fpu.dp, image + 16, 8);
  memcpy (&state->mxcsr, image + 24, 4);
  memcpy (state->fpu.st, image + 32, sizeof state->fpu.st);
  for (unsigned i = 0; i < 16; i++)
    {
      memcpy (state->ymm[i], image + 160 + 16 * i, 16);
      memcpy (state->ymm[i] + 16, image + 576 + 16 * i, 16);
    }
  state->xcr0 = 1;
  if (ioctl (vcpu->fd, KVM_GET_XCRS, &xcrs) == 0 && xcrs.nr_xcrs > 0)
    state->xcr0 = xcrs.xcrs[0].value;
}

static bool
extended_set (AccelVcpu *vcpu, const X86State *state)
{
  struct kvm_xsave xsave;
  struct kvm_xcrs xcrs = { .nr_xcrs = 1, .xcrs = { { .xcr = 0, .value = state->xcr0 } } };
  uint8_t *image = (uint8_t *) xsave.region;
  uint64_t features = 7; /* x87, SSE, AVX */

  memset (&xsave, 0, sizeof xsave);
  memcpy (image, &state->fpu.control, 2);
  memcpy (image + 2, &state->fpu.status, 2);
  image[4] = state->fpu.tag;
  memcpy (image + 6, &state->fpu.opcode, 2);
  memcpy (image + 8, &state->fpu.ip, 8);
  memcpy (image + 16, &state->fpu.dp, 8);
  memcpy (image + 24, &state->mxcsr, 4);
  memcpy (image + 32, state->fpu.st, sizeof state->fpu.st);
  memcpy (image + 512, &features, 8);
  for (unsigned i = 0; i < 16; i++)
    {
      memcpy (image + 160 + 16 * i, state->ymm[i], 16);
      memcpy (image + 576 + 16 * i, state->ymm[i] + 16, 16);
    }
  ioctl (vcpu->fd, KVM_SET_XCRS, &xcrs);
  return ioctl (vcpu->fd, KVM_SET_XSAVE, &xsave) == 0;
}

static void
msrs_get (AccelVcpu *vcpu, X86State *state)
{
  MsrList list = { .header.nmsrs = G_N_ELEMENTS (msr_fields) };
  int n;

  for (unsigned i = 0; i < G_N_ELEMENTS (msr_fields); i++)
    list.entries[i].index = msr_fields[i].index;
  n = ioctl (vcpu->fd, KVM_GET_MSRS, &list);
  for (int i = 0; i < n; i++)
    *(uint64_t *) ((char *) state + msr_fields[i].offset) = list.entries[i].data;
}

static void
msrs_set (AccelVcpu *vcpu, const X86State *state)
{
  /* One by one: a host that lacks one of them still takes the others. */
  for (unsigned i = 0; i < G_N_ELEMENTS (msr_fields); i++)
    {
      MsrList list = { .header.nmsrs = 1 };

      list.entries[0].index = msr_fields[i].index;
      list.entries[0].data = *(const uint64_t *) ((const char *) state + msr_fields[i].offset);
      ioctl (vcpu->fd, KVM_SET_MSRS, &list);
    }
}

/* The APIC page: 32-bit registers at multiples of 16 (SDM 3A, table 11-1). */
static uint32_t
lapic_page_get (const struct kvm_lapic_state *page, unsigned offset)
{
  uint32_t value;

  memcpy (&value, page->regs + offset, 4);
  return value;
}

static void
lapic_page_set (struct kvm_lapic_state *page, unsigned offset, uint32_t value)
{
  memcpy (page->regs + offset, &value, 4);
}

static const struct
{
  unsigned page;
  unsigned field;
} lapic_registers[] = {
  { 0x80, offsetof (X86LapicState, tpr) },
  { 0xd0, offsetof (X86LapicState, ldr) },
  { 0xe0, offsetof (X86LapicState, dfr) },
  { 0xf0, offsetof (X86LapicState, svr) },
  { 0x280, offsetof (X86LapicState, esr) },
  { 0x2f0, offsetof (X86LapicState, lvt_cmci) },
  { 0x320, offsetof (X86LapicState, lvt_timer) },
  { 0x330, offsetof (X86LapicState, lvt_thermal) },
  { 0x340, offsetof (X86LapicState, lvt_pmc) },
  { 0x350, offsetof (X86LapicState, lvt_lint0) },
  { 0x360, offsetof (X86LapicState, lvt_lint1) },
  { 0x370, offsetof (X86LapicState, lvt_error) },
  { 0x380, offsetof (X86LapicState, timer_initial) },
  { 0x3e0, offsetof (X86LapicState, timer_divide) },
};

static void
lapic_get (AccelVcpu *vcpu, X86LapicState *lapic)
{
  struct kvm_lapic_state page = { 0 };

  if (ioctl (vcpu->fd, KVM_GET_LAPIC, &page) < 0)
    return;
  for (unsigned i = 0; i < G_N_ELEMENTS (lapic_registers); i++)
    *(uint32_t *) ((char *) lapic + lapic_registers[i].field)
      = lapic_page_get (&page, lapic_registers[i].page);
  for (unsigned i = 0; i < 8; i++)
    {
      lapic->isr[i] = lapic_page_get (&page, 0x100 + 16 * i);
      lapic->tmr[i] = lapic_page_get (&page, 0x180 + 16 * i);
      lapic->irr[i] = lapic_page_get (&page, 0x200 + 16 * i);
    }
  lapic->icr = lapic_page_get (&page, 0x300) | (uint64_t) lapic_page_get (&page, 0x310) << 32;
  lapic->id = vcpu->apic_id;
}

static bool
lapic_set (AccelVcpu *vcpu, const X86LapicState *lapic)
{
  struct kvm_lapic_state page = { 0 };

  lapic_page_set (&page, 0x20, lapic->base_msr & 1 << 10 ? lapic->id : lapic->id << 24);
  lapic_page_set (&page, 0x30, 0x50014);
  for (unsigned i = 0; i < G_N_ELEMENTS (lapic_registers); i++)
    lapic_page_set (&page, lapic_registers[i].page,
                    *(const uint32_t *) ((const char *) lapic + lapic_registers[i].field));
  for (unsigned i = 0; i < 8; i++)
    {
      lapic_page_set (&page, 0x100 + 16 * i, lapic->isr[i]);
      lapic_page_set (&page, 0x180 + 16 * i, lapic->tmr[i]);
      lapic_page_set (&page, 0x200 + 16 * i, lapic->irr[i]);
    }
  lapic_page_set (&page, 0x300, lapic->icr);
  lapic_page_set (&page, 0x310, lapic->icr >> 32);
  return ioctl (vcpu->fd, KVM_SET_LAPIC, &page) == 0;
}

static void
activity_get (AccelVcpu *vcpu, X86State *state)
{
  struct kvm_mp_state mp = { KVM_MP_STATE_RUNNABLE };
  struct kvm_vcpu_events events = { 0 };
  struct kvm_debugregs debug = { 0 };

  ioctl (vcpu->fd, KVM_GET_MP_STATE, &mp);
  state->activity = mp.mp_state == KVM_MP_STATE_HALTED     ? X86_HALTED
                    : mp.mp_state == KVM_MP_STATE_RUNNABLE ? X86_RUNNING
                                                           : X86_WAIT_FOR_SIPI;
  ioctl (vcpu->fd, KVM_GET_VCPU_EVENTS, &events);
  state->interrupt_shadow = events.interrupt.shadow != 0;
  state->nmi_blocked = events.nmi.masked;
  state->nmi_pending = events.nmi.pending;
  ioctl (vcpu->fd, KVM_GET_DEBUGREGS, &debug);
  memcpy (state->dr, debug.db, 4 * sizeof (uint64_t));
  state->dr[6] = debug.dr6;
  state->dr[7] = debug.dr7;
}

static bool
activity_set (AccelVcpu *vcpu, const X86State *state)
{
  struct kvm_mp_state mp = {
    state->activity == X86_RUNNING  ? KVM_MP_STATE_RUNNABLE
    : state->activity == X86_HALTED ? KVM_MP_STATE_HALTED
                                    : KVM_MP_STATE_UNINITIALIZED,
  };
  struct kvm_vcpu_events events = {
    .interrupt.shadow = state->interrupt_shadow,
    .nmi = { .masked = state->nmi_blocked, .pending = state->nmi_pending },
    .flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW,
  };
  struct kvm_debugregs debug = { .dr6 = state->dr[6], .dr7 = state->dr[7] };

  memcpy (debug.db, state->dr, 4 * sizeof (uint64_t));
  ioctl (vcpu->fd, KVM_SET_DEBUGREGS, &debug);
  return ioctl (vcpu->fd, KVM_SET_VCPU_EVENTS, &events) == 0
         && ioctl (vcpu->fd, KVM_SET_MP_STATE, &mp) == 0;
}

void
kvm_state_get (AccelVcpu *vcpu, X86State *state)
{
  memset (state, 0, sizeof *state);
  general_get (vcpu, state);
  system_get (vcpu, state);
  extended_get (vcpu, state);
  msrs_get (vcpu, state);
  lapic_get (vcpu, &state->lapic);
  activity_get (vcpu, state);
}

bool
kvm_state_set (AccelVcpu *vcpu, const X86State *state, GError **error)
{
  if (!x86_state_check (state, error))
    return false;
  vcpu->init_pending = false;
  if (system_set (vcpu, state) && general_set (vcpu, state) && extended_set (vcpu, state)
      && lapic_set (vcpu, &state->lapic) && activity_set (vcpu, state))
    {
      msrs_set (vcpu, state);
      return true;
    }
  kvm_set_error (error, "take over the state of a CPU");
  return false;
}

bool
kvm_state_init (AccelVcpu *vcpu, GError **error)
{
  struct kvm_vcpu_events events = { 0 };

  if (ioctl (vcpu->fd, KVM_GET_VCPU_EVENTS, &events) == 0)
    {
      /* The kernel does the rest when it finds an INIT that SMM held back. */
      events.flags = KVM_VCPUEVENT_VALID_SMM;
      events.smi.latched_init = 1;
      if (ioctl (vcpu->fd, KVM_SET_VCPU_EVENTS, &events) == 0)
        return true;
    }
  kvm_set_error (error, "reset a CPU by INIT");
  return false;
}

static bool
has_leaf (const struct kvm_cpuid2 *cpuid, uint32_t leaf)
{
  for (unsigned i = 0; i < cpuid->nent; i++)
    if (cpuid->entries[i].function == leaf)
      return true;
  return false;
}

/* Leaves that tell of the host's own topology are made anew; those after them move up. */
static void
replace_topology_leaf (struct kvm_cpuid2 *cpuid, uint32_t leaf)
{
  unsigned kept = 0;

  if (!has_leaf (cpuid, leaf))
    return;
  for (unsigned i = 0; i < cpuid->nent; i++)
    if (cpuid->entries[i].function != leaf)
      cpuid->entries[kept++] = cpuid->entries[i];
  /* One more says that there is nothing more. */
  for (unsigned level = 0; level <= CPUID_TOPOLOGY_LEVELS && kept < KVM_CPUID_ENTRIES; level++)
    cpuid->entries[kept++] = (struct kvm_cpuid_entry2){
      .function = leaf,
      .index = level,
      .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
    };
  cpuid->nent = kept;
}

static bool
is_amd (const struct kvm_cpuid2 *cpuid)
{
  for (unsigned i = 0; i < cpuid->nent; i++)
    if (cpuid->entries[i].function == 0)
      return memcmp (&cpuid->entries[i].ebx, "Auth", 4) == 0
             || memcmp (&cpuid->entries[i].ebx, "Hygo", 4) == 0;
  return false;
}

static void
fill_topology (struct kvm_cpuid2 *cpuid, const CpuTopology *topology, uint32_t apic_id)
{
  const CpuidTopology cpu = { topology, apic_id, is_amd (cpuid) };

  replace_topology_leaf (cpuid, 0x0b);
  replace_topology_leaf (cpuid, 0x1f);
  for (unsigned i = 0; i < cpuid->nent; i++)
    {
      struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];
      X86Cpuid answer = { entry->eax, entry->ebx, entry->ecx, entry->edx };

      cpuid_topology_fill (&cpu, entry->function, entry->index, &answer);
      entry->eax = answer.eax;
      entry->ebx = answer.ebx;
      entry->ecx = answer.ecx;
      entry->edx = answer.edx;
    }
}

bool
kvm_state_set_cpuid (AccelVcpu *vcpu, GError **error)
{
  g_autofree struct kvm_cpuid2 *cpuid
    = g_malloc0 (sizeof (struct kvm_cpuid2) + KVM_CPUID_ENTRIES * sizeof (struct kvm_cpuid_entry2));

  cpuid->nent = KVM_CPUID_ENTRIES;
  if (ioctl (vcpu->kvm->kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid) < 0)
    {
      kvm_set_error (error, "tell what CPUs it offers");
      return false;
    }
  for (unsigned i = 0; i < cpuid->nent; i++)
    if (cpuid->entries[i].function == 1)
      cpuid->entries[i].ecx |= 1u << 31; /* a hypervisor is present */
  fill_topology (cpuid, &vcpu->kvm->machine.topology, vcpu->apic_id);
  if (ioctl (vcpu->fd, KVM_SET_CPUID2, cpuid) < 0)
    {
      kvm_set_error (error, "offer a CPU to the guest");
      return false;
    }
  return true;
}
