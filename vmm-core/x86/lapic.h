/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/clock.h"
#include "x86-state.h"

/* A local APIC: xAPIC and x2APIC (Intel SDM 3A, chapter 11). All calls with the machine lock
 * held. */
typedef struct Lapic Lapic;

/* What it does to the rest of the machine. */
typedef struct
{
  void (*interrupt) (void *data, unsigned index); /* the CPU should look */
  void (*nmi) (void *data, unsigned index);
  void (*init) (void *data, unsigned index);
  void (*sipi) (void *data, unsigned index, uint8_t vector);
  void (*send) (void *data, unsigned index,
                uint64_t icr); /* an IPI of this APIC: 64-bit ICR in x2APIC form of destination */
  void (*eoi) (void *data, uint8_t vector); /* broadcast of a level-triggered one */
  uint64_t (*tsc_to_ns) (void *data, unsigned index,
                         uint64_t tsc); /* guest time at which the TSC shows that */
  void *data;
} LapicOps;

/* state is borrowed: the CPU's. */
Lapic *lapic_new (unsigned index, X86LapicState *state, Clock *clock, const LapicOps *ops);
void lapic_free (Lapic *lapic);

/* After state was loaded: arms the timer. */
void lapic_restore (Lapic *lapic);

/* Whether the xAPIC page is at base_msr's address. */
static inline bool
lapic_has_page (const X86LapicState *state)
{
  return (state->base_msr & 0xc00) == 0x800;
}

/* Registers by offset in the page; what the size and x2APIC rules forbid is the caller's. */
uint32_t lapic_read (Lapic *lapic, uint32_t offset);
void lapic_write (Lapic *lapic, uint32_t offset, uint32_t value);
/* MSRs 800h to 8FFh; FALSE: #GP. */
bool lapic_read_msr (Lapic *lapic, uint32_t msr, uint64_t *value);
bool lapic_write_msr (Lapic *lapic, uint32_t msr, uint64_t value);
/* IA32_APIC_BASE and IA32_TSC_DEADLINE. */
bool lapic_set_base (Lapic *lapic, uint64_t value);
void lapic_set_tsc_deadline (Lapic *lapic, uint64_t value);
uint64_t lapic_get_tsc_deadline (const Lapic *lapic);

uint8_t lapic_get_cr8 (const Lapic *lapic);
void lapic_set_cr8 (Lapic *lapic, uint8_t cr8);

/* The vector that would interrupt now, or -1. */
int lapic_get_pending (const Lapic *lapic);
/* Takes it into service; -1 when there is none. */
int lapic_acknowledge (Lapic *lapic);
/* Vectors that need no EOI: once taken they are no longer in service. */
void lapic_set_auto_eoi (Lapic *lapic, const uint32_t vectors[8]);
/* Whether LINT0 passes the 8259's INTR on: ExtINT and unmasked, or the APIC is off. */
bool lapic_accepts_extint (const Lapic *lapic);
/* LINT1 goes up and down. */
void lapic_pulse_lint1 (Lapic *lapic);

/* A message on the bus for this APIC, which lapic_matches said it is the target of. */
void lapic_deliver (Lapic *lapic, unsigned delivery_mode, uint8_t vector, bool level_triggered);
bool lapic_matches (const Lapic *lapic, uint32_t destination, bool logical);
/* Processor priority, for lowest-priority delivery. */
uint8_t lapic_get_ppr (const Lapic *lapic);
bool lapic_is_enabled (const Lapic *lapic);

/* What INIT does to it. */
void lapic_init (Lapic *lapic);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Lapic, lapic_free)
