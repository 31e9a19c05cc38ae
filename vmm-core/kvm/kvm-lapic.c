/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The local APIC, which lives in the kernel: Intel SDM 3A, chapter 11. Its timer runs at 1 GHz. */
#include "kvm-internal.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

/* Local vector table (figure 11-8). */
#define LVT_MASKED (1u << 16)
#define LVT_MODE (7u << 8)
#define LVT_MODE_NMI (4u << 8)

#define MSR_TSC_DEADLINE 0x6e0
#define NS_PER_MS 1000000

/* Messages to local APICs (SDM 3A, 11.11). */
#define MSI_ADDRESS 0xfee00000u
#define MSI_LEVEL (1u << 15)

enum
{
  REG_ID = 0x20,
  REG_VERSION = 0x30,
  REG_ISR = 0x100,
  REG_TMR = 0x180,
  REG_IRR = 0x200,
  REG_ICR = 0x300,
  REG_ICR_HIGH = 0x310,
  REG_LVT_TIMER = 0x320,
  REG_TIMER_INITIAL = 0x380,
  REG_TIMER_CURRENT = 0x390,
  REG_TIMER_DIVIDE = 0x3e0
};

enum
{
  TIMER_ONE_SHOT,
  TIMER_PERIODIC,
  TIMER_TSC_DEADLINE
};

/* The APIC page: 32-bit registers at multiples of 16 (SDM 3A, table 11-1). */
static uint32_t
page_get (const struct kvm_lapic_state *page, unsigned offset)
{
  uint32_t value;

  memcpy (&value, page->regs + offset, 4);
  return value;
}

static void
page_set (struct kvm_lapic_state *page, unsigned offset, uint32_t value)
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
  { REG_LVT_TIMER, offsetof (X86LapicState, lvt_timer) },
  { 0x330, offsetof (X86LapicState, lvt_thermal) },
  { 0x340, offsetof (X86LapicState, lvt_pmc) },
  { 0x350, offsetof (X86LapicState, lvt_lint0) },
  { 0x360, offsetof (X86LapicState, lvt_lint1) },
  { 0x370, offsetof (X86LapicState, lvt_error) },
  { REG_TIMER_INITIAL, offsetof (X86LapicState, timer_initial) },
  { REG_TIMER_DIVIDE, offsetof (X86LapicState, timer_divide) },
};

static unsigned
timer_mode (const X86LapicState *lapic)
{
  return lapic->lvt_timer >> 17 & 3;
}

static unsigned
timer_divisor (const X86LapicState *lapic)
{
  unsigned code = (lapic->timer_divide & 3) | (lapic->timer_divide >> 1 & 4);

  return code == 7 ? 1 : 2u << code;
}

/* A one-shot timer that stands at 0 has expired, but the kernel may still have to put its interrupt
 * into the IRR, which no state tells of. It does so where it looks for signals, before any
 * instruction of the guest. */
static void
deliver_expired_timer (AccelVcpu *vcpu, const struct kvm_lapic_state *page)
{
  struct
  {
    struct kvm_signal_mask header;
    uint8_t bits[8];
  } mask = { .header.len = sizeof mask.bits };
  const struct timespec now = { 0 };
  uint32_t lvt = page_get (page, REG_LVT_TIMER);
  uint8_t immediate_exit = vcpu->run->immediate_exit;
  sigset_t kick, before;

  if ((lvt >> 17 & 3) != TIMER_ONE_SHOT || page_get (page, REG_TIMER_INITIAL) == 0
      || page_get (page, REG_TIMER_CURRENT) != 0)
    return;
  sigemptyset (&kick);
  sigaddset (&kick, KVM_KICK_SIGNAL);
  pthread_sigmask (SIG_BLOCK, &kick, &before);
  if (ioctl (vcpu->fd, KVM_SET_SIGNAL_MASK, &mask) == 0)
    {
      vcpu->run->immediate_exit = 0;
      pthread_kill (pthread_self (), KVM_KICK_SIGNAL);
      ioctl (vcpu->fd, KVM_RUN, 0);
      sigtimedwait (&kick, NULL, &now);
      ioctl (vcpu->fd, KVM_SET_SIGNAL_MASK, NULL);
      vcpu->run->immediate_exit = immediate_exit;
    }
  pthread_sigmask (SIG_SETMASK, &before, NULL);
}

static bool
read_page (AccelVcpu *vcpu, struct kvm_lapic_state *page)
{
  memset (page, 0, sizeof *page);
  if (ioctl (vcpu->fd, KVM_GET_LAPIC, page) < 0)
    return false;
  if (vcpu->kvm->time.stopped)
    page_set (page, REG_TIMER_CURRENT, vcpu->stopped_timer.count);
  return true;
}

static uint64_t
read_deadline (AccelVcpu *vcpu)
{
  uint64_t deadline = 0;

  if (vcpu->kvm->time.stopped)
    return vcpu->stopped_timer.tsc_deadline;
  kvm_msrs_read (vcpu, MSR_TSC_DEADLINE, &deadline);
  return deadline;
}

/* Where the timer stands, as instants of guest time. */
static void
timer_get (AccelVcpu *vcpu, X86LapicState *lapic, uint32_t count)
{
  int64_t now = clock_get_ns (vcpu->kvm->machine.clock);

  lapic->timer_deadline = -1;
  if (timer_mode (lapic) == TIMER_TSC_DEADLINE)
    {
      lapic->tsc_deadline = read_deadline (vcpu);
      if (lapic->tsc_deadline != 0)
        lapic->timer_deadline
          = now
            + (int64_t) clock_muldiv (kvm_time_until_tsc (vcpu, lapic->tsc_deadline), NS_PER_MS,
                                      vcpu->kvm->time.tsc_khz);
      return;
    }
  /* It would expire again if it was set as it is. */
  if (timer_mode (lapic) == TIMER_ONE_SHOT && count == 0)
    lapic->timer_initial = 0;
  if (lapic->timer_initial == 0)
    return;
  lapic->timer_deadline = now + (int64_t) count * timer_divisor (lapic);
  lapic->timer_start
    = MAX (lapic->timer_deadline - (int64_t) lapic->timer_initial * timer_divisor (lapic), 0);
}

/* Its count at this moment of guest time; 0 for one that does not run. */
static uint32_t
timer_count (AccelVcpu *vcpu, const X86LapicState *lapic)
{
  int64_t left = lapic->timer_deadline - clock_get_ns (vcpu->kvm->machine.clock);

  if (timer_mode (lapic) == TIMER_TSC_DEADLINE || lapic->timer_deadline < 0)
    return 0;
  return CLAMP (left / timer_divisor (lapic), 1, MAX (lapic->timer_initial, 1));
}

void
kvm_lapic_get (AccelVcpu *vcpu, X86LapicState *lapic)
{
  struct kvm_lapic_state page;

  if (!read_page (vcpu, &page))
    return;
  for (unsigned i = 0; i < G_N_ELEMENTS (lapic_registers); i++)
    *(uint32_t *) ((char *) lapic + lapic_registers[i].field)
      = page_get (&page, lapic_registers[i].page);
  for (unsigned i = 0; i < 8; i++)
    {
      lapic->isr[i] = page_get (&page, REG_ISR + 16 * i);
      lapic->tmr[i] = page_get (&page, REG_TMR + 16 * i);
      lapic->irr[i] = page_get (&page, REG_IRR + 16 * i);
    }
  lapic->icr = page_get (&page, REG_ICR) | (uint64_t) page_get (&page, REG_ICR_HIGH) << 32;
  lapic->id = vcpu->apic_id;
  timer_get (vcpu, lapic, page_get (&page, REG_TIMER_CURRENT));
}

bool
kvm_lapic_takes_nmi (const X86LapicState *lapic)
{
  return !(lapic->lvt_lint1 & LVT_MASKED) && (lapic->lvt_lint1 & LVT_MODE) == LVT_MODE_NMI;
}

/* Of what is in service, or waits, the IOAPIC wants to hear the EOI, whoever delivered it. */
static void
note_level_routes (AccelVcpu *vcpu, const X86LapicState *lapic)
{
  uint64_t address = MSI_ADDRESS | vcpu->apic_id << 12;

  for (unsigned vector = 0; vector < 256; vector++)
    {
      unsigned i = vector / 32;

      if ((lapic->tmr[i] & (lapic->isr[i] | lapic->irr[i])) >> vector % 32 & 1)
        kvm_note_level_route (vcpu->kvm, address, MSI_LEVEL | vector);
    }
}

bool
kvm_lapic_set (AccelVcpu *vcpu, const X86LapicState *lapic)
{
  struct kvm_lapic_state page = { 0 };
  KvmStoppedTimer timer = { timer_count (vcpu, lapic), lapic->tsc_deadline };

  /* In this form in x2APIC mode, too, as long as nobody asks for another. */
  page_set (&page, REG_ID, lapic->id << 24);
  page_set (&page, REG_VERSION, 0x50014);
  for (unsigned i = 0; i < G_N_ELEMENTS (lapic_registers); i++)
    page_set (&page, lapic_registers[i].page,
              *(const uint32_t *) ((const char *) lapic + lapic_registers[i].field));
  for (unsigned i = 0; i < 8; i++)
    {
      page_set (&page, REG_ISR + 16 * i, lapic->isr[i]);
      page_set (&page, REG_TMR + 16 * i, lapic->tmr[i]);
      page_set (&page, REG_IRR + 16 * i, lapic->irr[i]);
    }
  page_set (&page, REG_ICR, lapic->icr);
  page_set (&page, REG_ICR_HIGH, lapic->icr >> 32);
  page_set (&page, REG_TIMER_CURRENT, timer.count);
  if (timer_mode (lapic) == TIMER_ONE_SHOT && timer.count == 0)
    page_set (&page, REG_TIMER_INITIAL, 0);
  vcpu->stopped_timer = timer;
  if (ioctl (vcpu->fd, KVM_SET_LAPIC, &page) < 0)
    return false;
  note_level_routes (vcpu, lapic);
  if (!vcpu->kvm->time.stopped && timer.tsc_deadline != 0)
    kvm_msrs_write (vcpu, MSR_TSC_DEADLINE, timer.tsc_deadline);
  return true;
}

void
kvm_lapic_stop_timer (AccelVcpu *vcpu)
{
  struct kvm_lapic_state page;

  if (!read_page (vcpu, &page))
    return;
  deliver_expired_timer (vcpu, &page);
  vcpu->stopped_timer
    = (KvmStoppedTimer){ page_get (&page, REG_TIMER_CURRENT), read_deadline (vcpu) };
}

void
kvm_lapic_start_timer (AccelVcpu *vcpu)
{
  const KvmStoppedTimer *timer = &vcpu->stopped_timer;
  struct kvm_lapic_state page;

  if (!read_page (vcpu, &page))
    return;
  if ((page_get (&page, REG_LVT_TIMER) >> 17 & 3) == TIMER_ONE_SHOT && timer->count == 0)
    page_set (&page, REG_TIMER_INITIAL, 0);
  ioctl (vcpu->fd, KVM_SET_LAPIC, &page);
  if (timer->tsc_deadline != 0)
    kvm_msrs_write (vcpu, MSR_TSC_DEADLINE, timer->tsc_deadline);
}
