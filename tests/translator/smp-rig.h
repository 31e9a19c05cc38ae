/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/accel.h"
#include "vmm-core/memory.h"

/* Up to 8 CPUs in 64-bit code at CPL 0, each on its thread, with 64 MiB of RAM mapped one to one
 * and their local APICs. Each begins with its number in RDI and the number of CPUs in RSI. Guest
 * code that finds something wrong writes what it found to port F4h. */
typedef struct SmpRig SmpRig;

/* Where things are, for guest code, too. */
#define SMP_CODE 0x100000
#define SMP_STOP 0x10000     /* not 0: go to HLT with interrupts off */
#define SMP_PROGRESS 0x10100 /* 8 bytes a CPU: to count in */
#define SMP_SMALL 0x400000   /* 2 MiB from here on are mapped by 4 KiB pages: */
#define SMP_PTE 0x7000       /* their entries */
#define SMP_IPI 0x40         /* vector whose handler the code brings along */

/* code is copied to SMP_CODE; entry and ipi_handler are offsets in it. code_cache is as in
 * AccelMachine. */
SmpRig *smp_rig_new (const AccelOps *ops, unsigned n_cpus, size_t code_cache, const void *code,
                     size_t length, size_t ipi_handler);
void smp_rig_free (SmpRig *rig);
Accel *smp_rig_get_accel (SmpRig *rig);
Memory *smp_rig_get_memory (SmpRig *rig);

/* Where each CPU begins: an offset in the code. */
void smp_rig_set_entry (SmpRig *rig, unsigned cpu, size_t entry);

void smp_rig_start (SmpRig *rig);
/* Tells the guest to stop and waits for it. Fails the test if something was written to port F4h, or
 * some CPU made no progress. */
void smp_rig_stop (SmpRig *rig);
bool smp_rig_has_failed (SmpRig *rig);

uint64_t smp_rig_get_progress (SmpRig *rig, unsigned cpu);
/* A counter of the accelerator. */
uint64_t smp_rig_get_statistic (SmpRig *rig, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmpRig, smp_rig_free)
