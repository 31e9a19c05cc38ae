/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel 82371AB PIIX4 data sheet (290562), chapter 7: function 3 and its power management I/O
 * space. The SMI handler of a real board, which turns ACPI on and off, is what port B2h does here.
 * There is no SMBus; its configuration registers only store. */
#include "piix4-pm.h"

#include "vmm-core/trace.h"

#include <string.h>

#define PM_TIMER_FREQUENCY 3579545 /* Hz */
#define NS_PER_SECOND INT64_C (1000000000)

/* Configuration space. */
#define PMBASE 0x40
#define DEVACTB_APMC_EN 0x5b /* byte 3 of DEVACTB: bit 1 */
#define PMREGMISC 0x80
#define PMREGMISC_PMIOSE 0x01
#define SMBBASE 0x90
#define SMBHSTCFG 0xd2

/* I/O space. */
#define PM_SIZE 64
#define PMSTS 0x00
#define PMEN 0x02
#define PMCNTRL 0x04
#define PMTMR 0x08
#define GPSTS 0x0c
#define GPEN 0x0e

#define PM_TMR (1 << 0) /* in both PMSTS and PMEN */
#define PM_GBL (1 << 5)
#define PM_PWRBTN (1 << 8)
#define PM_RTC (1 << 10)
#define PMSTS_WRITE_CLEAR 0x8d31
#define PMCNTRL_SCI_EN (1 << 0)
#define PMCNTRL_SUS_EN (1 << 13)
#define PMCNTRL_SUS_TYP(value) ((value) >> 10 & 7)
#define PMCNTRL_WRITABLE 0x1c02 /* SCI_EN is the SMI handler's */
#define SUS_TYP_S5 0

typedef struct
{
  uint16_t pmsts, pmen, pmcntrl, gpsts, gpen;
  uint8_t apmc, apms;
  int64_t synced; /* guest time up to which TMR_STS is right */
} Piix4PmState;

struct Piix4Pm
{
  Bus *io;
  Clock *clock;
  Irq sci;
  void (*power_off) (void *data);
  void *power_off_data;
  PciFunction *function;
  Timer *timer;
  uint16_t mapped; /* where the I/O space is, 0: nowhere */
  Piix4PmState state;
};

static const StateField piix4_pm_fields[] = {
  STATE_INT (Piix4PmState, pmsts),   STATE_INT (Piix4PmState, pmen),
  STATE_INT (Piix4PmState, pmcntrl), STATE_INT (Piix4PmState, gpsts),
  STATE_INT (Piix4PmState, gpen),    STATE_INT (Piix4PmState, apmc),
  STATE_INT (Piix4PmState, apms),    STATE_TIME (Piix4PmState, synced),
};
static const StateTable piix4_pm_table = STATE_TABLE (Piix4PmState, 1, piix4_pm_fields);

static uint64_t
piix4_pm_ticks (int64_t ns)
{
  return clock_muldiv (ns, PM_TIMER_FREQUENCY, NS_PER_SECOND);
}

/* TMR_STS comes up whenever bit 23 of the timer changes. A host timer runs only while that would
 * interrupt. */
static void
piix4_pm_arm (Piix4Pm *pm)
{
  uint64_t half = (piix4_pm_ticks (clock_get_ns (pm->clock)) >> 23) + 1;

  if ((pm->state.pmen & PM_TMR) && !(pm->state.pmsts & PM_TMR))
    timer_arm (pm->timer, clock_muldiv (half << 23, NS_PER_SECOND, PM_TIMER_FREQUENCY) + 1);
  else
    timer_disarm (pm->timer);
}

static void
piix4_pm_update_sci (Piix4Pm *pm)
{
  const Piix4PmState *state = &pm->state;

  irq_set (pm->sci, (state->pmcntrl & PMCNTRL_SCI_EN)
                      && ((state->pmsts & state->pmen & (PM_TMR | PM_GBL | PM_PWRBTN | PM_RTC))
                          || (state->gpsts & state->gpen)));
}

static void
piix4_pm_sync (Piix4Pm *pm)
{
  Piix4PmState *state = &pm->state;
  int64_t now = clock_get_ns (pm->clock);

  if (piix4_pm_ticks (now) >> 23 != piix4_pm_ticks (state->synced) >> 23)
    state->pmsts |= PM_TMR;
  state->synced = now;
  piix4_pm_update_sci (pm);
  piix4_pm_arm (pm);
}

static void
piix4_pm_expired (void *device)
{
  piix4_pm_sync (device);
}

void
piix4_pm_press_power_button (Piix4Pm *pm)
{
  TRACE ("piix4-pm.power-button", "enabled %d", (pm->state.pmen & PM_PWRBTN) != 0);
  pm->state.pmsts |= PM_PWRBTN;
  piix4_pm_sync (pm);
}

static uint64_t
piix4_pm_read (void *device, uint64_t offset, unsigned size)
{
  Piix4Pm *pm = device;

  piix4_pm_sync (pm);
  switch (offset)
    {
    case PMSTS:
      return pm->state.pmsts;
    case PMEN:
      return pm->state.pmen;
    case PMCNTRL:
      return pm->state.pmcntrl;
    case PMTMR:
      return piix4_pm_ticks (pm->state.synced) & 0xffff;
    case PMTMR + 2:
      return piix4_pm_ticks (pm->state.synced) >> 16 & 0xff;
    case GPSTS:
      return pm->state.gpsts;
    case GPEN:
      return pm->state.gpen;
    default:
      return 0;
    }
}

/* The timer has to be read in one go. */
static uint64_t
piix4_pm_read_any (void *device, uint64_t offset, unsigned size)
{
  uint64_t aligned = offset & ~1u;
  uint64_t value = piix4_pm_read (device, aligned, 2);

  if (offset == PMTMR && size == 4)
    return piix4_pm_ticks (((Piix4Pm *) device)->state.synced) & 0xffffff;
  if (size == 4)
    value |= piix4_pm_read (device, aligned + 2, 2) << 16;
  return value >> (offset & 1) * 8;
}

static void
piix4_pm_write_cntrl (Piix4Pm *pm, uint16_t value)
{
  pm->state.pmcntrl = (pm->state.pmcntrl & ~PMCNTRL_WRITABLE) | (value & PMCNTRL_WRITABLE);
  if (!(value & PMCNTRL_SUS_EN))
    return;
  TRACE ("piix4-pm.suspend", "type %u", PMCNTRL_SUS_TYP (value));
  if (PMCNTRL_SUS_TYP (value) == SUS_TYP_S5)
    pm->power_off (pm->power_off_data);
}

/* A word; keep has the bits that a byte access leaves alone. */
static void
piix4_pm_write_word (Piix4Pm *pm, uint64_t offset, uint16_t value, uint16_t keep)
{
  Piix4PmState *state = &pm->state;

  switch (offset)
    {
    case PMSTS:
      state->pmsts &= ~(value & PMSTS_WRITE_CLEAR & ~keep);
      break;
    case PMEN:
      state->pmen = (state->pmen & keep) | (value & ~keep);
      break;
    case PMCNTRL:
      piix4_pm_write_cntrl (pm, (state->pmcntrl & keep) | (value & ~keep));
      break;
    case GPSTS:
      state->gpsts &= ~(value & ~keep);
      break;
    case GPEN:
      state->gpen = (state->gpen & keep) | (value & ~keep);
      break;
    default:
      break;
    }
}

static void
piix4_pm_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  Piix4Pm *pm = device;
  uint64_t aligned = offset & ~1u;

  TRACE ("piix4-pm.write", "register %#x size %u value %#x", (unsigned) offset, size,
         (unsigned) value);
  piix4_pm_sync (pm);
  if (size == 1)
    piix4_pm_write_word (pm, aligned, value << (offset & 1) * 8, offset & 1 ? 0x00ff : 0xff00);
  else
    piix4_pm_write_word (pm, aligned, value, 0);
  if (size == 4)
    piix4_pm_write_word (pm, aligned + 2, value >> 16, 0);
  piix4_pm_sync (pm);
}

static const BusOps piix4_pm_ops = { .read = piix4_pm_read_any, .write = piix4_pm_write };

static uint64_t
piix4_pm_apm_read (void *device, uint64_t offset, unsigned size)
{
  Piix4Pm *pm = device;

  return offset == 0 ? pm->state.apmc : pm->state.apms;
}

static void
piix4_pm_apm_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  Piix4Pm *pm = device;

  if (offset == 1)
    {
      pm->state.apms = value;
      return;
    }
  TRACE ("piix4-pm.smi-command", "%#x", (unsigned) value);
  pm->state.apmc = value;
  if (value == PIIX4_PM_ACPI_ENABLE)
    pm->state.pmcntrl |= PMCNTRL_SCI_EN;
  else if (value == PIIX4_PM_ACPI_DISABLE)
    pm->state.pmcntrl &= ~PMCNTRL_SCI_EN;
  piix4_pm_sync (pm);
}

static const BusOps piix4_pm_apm_ops = { piix4_pm_apm_read, piix4_pm_apm_write, 1, 1 };

/* Maps the I/O space where PMBASE says, if PMREGMISC allows. */
static void
piix4_pm_remap (Piix4Pm *pm)
{
  const uint8_t *config = pci_function_get_config (pm->function);
  uint16_t base = 0;

  if (config[PMREGMISC] & PMREGMISC_PMIOSE)
    base = (config[PMBASE] | config[PMBASE + 1] << 8) & 0xffc0;
  if (base == pm->mapped)
    return;
  if (pm->mapped != 0)
    bus_unmap (pm->io, pm->mapped, PM_SIZE, pm);
  if (base != 0)
    bus_map_guest (pm->io, base, PM_SIZE, &piix4_pm_ops, pm);
  TRACE ("piix4-pm.base", "%#x", base);
  pm->mapped = base;
}

static void
piix4_pm_config_write (void *device, unsigned reg, unsigned size, uint32_t value)
{
  piix4_pm_remap (device);
}

static void
piix4_pm_config_loaded (void *device)
{
  piix4_pm_remap (device);
}

static void
piix4_pm_reset (void *device)
{
  Piix4Pm *pm = device;
  uint8_t *config = pci_function_get_config (pm->function);

  memset (config + 0x40, 0, 0xc0);
  config[PMBASE] = 0x01;
  config[SMBBASE] = 0x01;
  /* SMIs by port B2h count as set up: firmware need not install a handler. */
  config[DEVACTB_APMC_EN] = 0x02;
  piix4_pm_remap (pm);
  pm->state = (Piix4PmState){ .synced = clock_get_ns (pm->clock) };
  piix4_pm_sync (pm);
}

static const PciFunctionOps piix4_pm_function_ops = {
  .config_write = piix4_pm_config_write,
  .config_loaded = piix4_pm_config_loaded,
  .reset = piix4_pm_reset,
};

Piix4Pm *
piix4_pm_new (Bus *io, PciBus *bus, unsigned slot, unsigned function, Clock *clock, Irq sci,
              void (*power_off) (void *data), void *data)
{
  static const PciIdentity identity = {
    .vendor_id = 0x8086,
    .device_id = 0x7113,
    .class_code = 0x068000,
    .revision = 3,
    .subsystem_vendor_id = 0x1af4,
    .subsystem_id = 0x1100,
    .interrupt_pin = 1,
    .multifunction = true,
  };
  Piix4Pm *pm = g_new0 (Piix4Pm, 1);
  uint8_t *mask;

  pm->io = io;
  pm->clock = clock;
  pm->sci = sci;
  pm->power_off = power_off;
  pm->power_off_data = data;
  pm->timer = timer_new (clock, piix4_pm_expired, pm);
  pm->function = pci_function_new (bus, slot, function, &identity, &piix4_pm_function_ops, pm);
  mask = pci_function_get_write_mask (pm->function);
  mask[PMBASE] = 0xc0;
  mask[PMBASE + 1] = 0xff;
  memset (mask + 0x44, 0xff, 0x80 - 0x44);
  mask[PMREGMISC] = PMREGMISC_PMIOSE;
  mask[SMBBASE] = 0xf0;
  mask[SMBBASE + 1] = 0xff;
  mask[SMBHSTCFG] = 0x0f;
  piix4_pm_reset (pm);
  bus_map (io, 0xb2, 2, &piix4_pm_apm_ops, pm);
  return pm;
}

void
piix4_pm_free (Piix4Pm *pm)
{
  if (pm == NULL)
    return;
  bus_unmap (pm->io, 0xb2, 2, pm);
  if (pm->mapped != 0)
    bus_unmap (pm->io, pm->mapped, PM_SIZE, pm);
  pci_function_free (pm->function);
  timer_free (pm->timer);
  g_free (pm);
}

PciFunction *
piix4_pm_get_function (Piix4Pm *pm)
{
  return pm->function;
}

static gboolean
piix4_pm_after_load (void *device, GError **error)
{
  piix4_pm_arm (device);
  return TRUE;
}

static void
piix4_pm_show_lines (void *device)
{
  piix4_pm_update_sci (device);
}

StateSection
piix4_pm_state (Piix4Pm *pm)
{
  return (StateSection){ .id = "piix4-pm",
                         .table = &piix4_pm_table,
                         .state = &pm->state,
                         .device = pm,
                         .after_load = piix4_pm_after_load,
                         .show_lines = piix4_pm_show_lines };
}
