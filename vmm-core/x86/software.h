/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* All software CPUs of a machine, and the accelerator "interpreter" made of them. */

struct X86Software
{
  Accel accel; /* first */
  AccelMachine machine;
  X86Cpu *cpus[64];
  uint64_t tsc_khz;
  struct X86Exclusive *exclusive;
  _Atomic bool intr; /* the 8259 pair's INTR output */
};

#define X86_MAX_CPUS 64

extern const AccelOps software_accel_ops;

/* The CPU behind a vCPU of software_accel_ops. */
X86Cpu *x86_software_get_cpu (AccelVcpu *vcpu);

/* Serves cpu->requests between two blocks: interrupts, INIT, SIPI, TLB flushes, waiting for others'
 * exclusive sections. FALSE: leave the run loop with *exit. May raise (to cpu->escape). An
 * interrupt is not taken while state.interrupt_shadow is set; the request then stays. */
bool x86_software_poll (X86Cpu *cpu, AccelExit *exit);

/* Posts requests to a CPU and wakes it when it is halted. Any thread. */
void x86_software_request (X86Cpu *cpu, uint32_t requests);

/* All other CPUs stand still outside guest code between begin and end. Never with the machine lock
 * held. */
void x86_exclusive_begin (X86Cpu *cpu);
void x86_exclusive_end (X86Cpu *cpu);
/* Around running the guest on this CPU's thread; enter waits while another is exclusive. */
void x86_exclusive_enter (X86Cpu *cpu);
void x86_exclusive_leave (X86Cpu *cpu);
/* Between two blocks: lets another CPU be alone. */
void x86_exclusive_wait (X86Cpu *cpu);

struct X86Exclusive *x86_exclusive_new (void);
void x86_exclusive_free (struct X86Exclusive *exclusive);

/* The guest's time stamp counter. */
uint64_t x86_tsc_read (X86Cpu *cpu);
void x86_tsc_write (X86Cpu *cpu, uint64_t value);

/* What state holds and the running CPU keeps elsewhere: derived fields after set_state, and status
 * flags and the FPU before get_state. */
void x86_cpu_sync_in (X86Cpu *cpu);
void x86_cpu_sync_out (X86Cpu *cpu);
