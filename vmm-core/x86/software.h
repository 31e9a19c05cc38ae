/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"
#include "cpuid-table.h"

/* All software CPUs of a machine, and the accelerator "interpreter" made of them. */

/* How their code is run: by the interpreter, or by the translator on top of it. Everything but
 * cpu_size and run may be NULL. */
typedef struct
{
  size_t cpu_size;                                /* of a struct that begins with X86Cpu */
  AccelExit (*run) (X86Cpu *cpu, GError **error); /* as vcpu_run */
  void (*cpu_added) (X86Cpu *cpu);
  void (*cpu_removed) (X86Cpu *cpu);
  void (*close) (X86Software *software);
  void (*page_flushed) (X86Cpu *cpu, uint64_t linear); /* INVLPG */
  /* As in MemoryListener; X86_REQUEST_CODE is posted to every CPU afterwards. NULL: the engine
   * relies on versions alone. */
  void (*code_overwritten) (X86Software *software, MemoryBlock *block, uint64_t page,
                            unsigned offset, unsigned length);
  /* Whether the host's code there is the engine's doing. Out of a signal handler, too. */
  bool (*owns) (const X86Software *software, uintptr_t code);
  /* For a host that was at code, with its stack pointer at stack: *rip becomes that of the guest's
   * code which it ran, if that can be told. On the CPU's thread. */
  void (*locate) (X86Cpu *cpu, uintptr_t code, uintptr_t stack, uint64_t *rip);
  void (*add_statistics) (X86Software *software, GVariantBuilder *builder);
} X86Engine;

struct X86Software
{
  Accel accel; /* first */
  const X86Engine *engine;
  void *engine_data;
  AccelMachine machine;
  X86Cpu *cpus[64];
  unsigned n_cpus; /* of the machine, made or not yet */
  uint64_t tsc_khz;
  CpuidTable cpuid;             /* what CPUID tells, but for what depends on the CPU */
  uint64_t cr4_bits, xcr0_bits; /* that go with it */
  struct X86Exclusive *exclusive;
  _Atomic bool intr; /* the 8259 pair's INTR output */
};

#define X86_MAX_CPUS 64

extern const AccelOps software_accel_ops;

/* For an accelerator with another engine: its `open`, and its other operations. */
Accel *x86_software_open (const AccelMachine *machine, const AccelOps *ops, const X86Engine *engine,
                          GError **error);
void x86_software_close (Accel *accel);
AccelVcpu *x86_software_vcpu_new (Accel *accel, unsigned index, GError **error);
void x86_software_vcpu_free (AccelVcpu *vcpu);
AccelExit x86_software_vcpu_run (AccelVcpu *vcpu, GError **error);
void x86_software_vcpu_kick (AccelVcpu *vcpu);
void x86_software_get_state (AccelVcpu *vcpu, X86State *state);
bool x86_software_set_state (AccelVcpu *vcpu, const X86State *state, GError **error);
void x86_software_set_intr (Accel *accel, bool level);
void x86_software_pulse_nmi (Accel *accel);
void x86_software_pulse_init (Accel *accel);
void x86_software_send_msi (Accel *accel, uint64_t address, uint32_t data);
void x86_software_get_statistics (Accel *accel, GVariantBuilder *builder);

#define X86_SOFTWARE_OPS                                                                           \
  .cpus = "software", .close = x86_software_close, .vcpu_new = x86_software_vcpu_new,              \
  .vcpu_free = x86_software_vcpu_free, .vcpu_run = x86_software_vcpu_run,                          \
  .vcpu_kick = x86_software_vcpu_kick, .get_state = x86_software_get_state,                        \
  .set_state = x86_software_set_state, .set_intr = x86_software_set_intr,                          \
  .pulse_nmi = x86_software_pulse_nmi, .pulse_init = x86_software_pulse_init,                      \
  .send_msi = x86_software_send_msi, .get_statistics = x86_software_get_statistics

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
/* Ends one that the CPU may be in the midst of. */
void x86_exclusive_give_up (X86Cpu *cpu);
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
