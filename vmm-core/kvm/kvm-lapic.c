/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The local APIC, which lives in the kernel. */
#include "kvm-internal.h"

#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

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

void
kvm_lapic_get (AccelVcpu *vcpu, X86LapicState *lapic)
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

bool
kvm_lapic_set (AccelVcpu *vcpu, const X86LapicState *lapic)
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
