/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "kvm-accel.h"
#include "vmm-core/x86/cpuid-hyperv.h"
#include "vmm-core/x86/cpuid-table.h"
#include "vmm-core/x86/x86-state.h"

/* What the files of this folder share. */

#define KVM_MAX_SLOTS MEMORY_MAX_RANGES
#define KVM_MAX_VCPUS 64
#define KVM_IOAPIC_ROUTES 24
#define KVM_MAX_MSRS 512
#define KVM_MCE_BANKS 10
#define KVM_KICK_SIGNAL SIGUSR1 /* to a vCPU's thread: it ends KVM_RUN */

typedef struct
{
  struct kvm_userspace_memory_region region; /* memory_size 0: free */
  MemoryBlock *block;                        /* behind it, for the dirty log */
  uint64_t page;                             /* of the block, at the region's start */
} KvmSlot;

/* What XSAVE saves for a guest: where each component of the standard form is. */
#define KVM_XSAVE_COMPONENTS 10
typedef struct
{
  unsigned long get; /* the ioctl */
  uint32_t size;
  uint64_t features;
  uint32_t offset[KVM_XSAVE_COMPONENTS];
} KvmXsave;

/* Those that X86State has, in XCR0: x87, SSE, AVX, AVX-512, PKRU. A guest must see no others. */
#define KVM_XSAVE_FEATURES 0x2e7

typedef struct
{
  bool stopped;
  bool has_offset;  /* the kernel can tell and set TSCs as offsets to the host's */
  uint64_t tsc_khz; /* the guest's, which is the host's unless its state comes from another */
  uint64_t host_khz;
  uint64_t host;           /* one moment in the host's TSC */
  int64_t ns;              /* and in guest time */
  int64_t kvmclock_offset; /* see X86State */
  _Atomic int64_t slept;   /* how long the host had when that was last looked at */
} KvmTime;

/* Where an APIC timer stands while time is stopped; 0 for one that does not run. */
typedef struct
{
  uint32_t count;
  uint64_t tsc_deadline;
} KvmStoppedTimer;

typedef struct
{
  Accel accel; /* first */
  AccelMachine machine;
  int kvm_fd, vm_fd;
  size_t run_size;
  KvmSlot slots[KVM_MAX_SLOTS];
  unsigned n_slots;                                       /* that the host takes of them */
  struct kvm_irq_routing_entry routes[KVM_IOAPIC_ROUTES]; /* level-triggered messages met so far */
  unsigned n_routes;
  CpuidTable offer;
  KvmXsave xsave;
  KvmTime time;
  _Atomic bool intr;
  AccelVcpu *boot_vcpu;
  struct kvm_coalesced_mmio_ring *ring; /* in the boot vCPU's mapping; NULL: none */
  AccelVcpu *vcpus[KVM_MAX_VCPUS];

  GMutex gate_mutex;
  GCond gate_changed; /* it opens, or a vCPU came out while it was closed */
  _Atomic bool gate_closed;
  _Atomic bool failed;
  GError *failure; /* why no vCPU can go on; gate_mutex held */

  GMutex interpreter_mutex;
  Accel *interpreter;
  AccelVcpu *interpreter_vcpu; /* NULL: was not needed yet */
} KvmAccel;

struct AccelVcpu
{
  KvmAccel *kvm;
  unsigned index;
  uint32_t apic_id; /* and its name to the kernel */
  int fd;
  struct kvm_run *run;
  pthread_t thread;
  _Atomic bool entered;                    /* thread is valid */
  _Atomic bool init_pending;               /* INIT# was pulsed */
  _Atomic bool nmi_pending;                /* so was LINT1 */
  _Atomic bool inside;                     /* the guest, or on the way */
  int statistics_fd;                       /* of what the kernel counts; -1: it does not tell */
  struct kvm_msr_entry msrs[KVM_MAX_MSRS]; /* all that it has, with what they are after a reset */
  unsigned n_msrs;
  uint64_t stopped_offset; /* of the TSC to the host's */
  KvmStoppedTimer stopped_timer;
  _Atomic uint64_t exits;
  _Atomic uint64_t exits_io, exits_mmio;
  _Atomic uint64_t interrupt_windows; /* waited for, to inject an interrupt */
  _Atomic uint64_t interpreted;       /* instructions that the kernel could not emulate */
};

/* kvm-accel.c: no vCPU can go on, and each says why. */
void kvm_fail (KvmAccel *kvm, const GError *error);
/* The kernel tells of an EOI only for vectors that a level-triggered route of the IOAPIC names. */
void kvm_note_level_route (KvmAccel *kvm, uint64_t address, uint32_t data);

/* kvm-gate.c: around KVM_RUN, and around what no vCPU may run meanwhile. Close waits until all are
 * outside; on any thread, a vCPU's that is outside, too; lock held, or nothing else that a vCPU
 * waits for. FALSE: one does not come out, which is the host's doing; the gate is closed for the
 * others. */
void kvm_gate_enter (AccelVcpu *vcpu);
void kvm_gate_leave (AccelVcpu *vcpu);
bool kvm_gate_close (KvmAccel *kvm);
void kvm_gate_open (KvmAccel *kvm);

/* kvm-coalesced.c: run is the boot vCPU's mapping, which outlives what is opened here. Drain hands
 * over the writes that have gathered, with or without the machine lock. */
void kvm_coalesced_open (KvmAccel *kvm, void *run);
void kvm_coalesced_close (KvmAccel *kvm);
void kvm_coalesced_drain (KvmAccel *kvm);

/* kvm-run.c: as vcpu_run. */
AccelExit kvm_run (AccelVcpu *vcpu, GError **error);

/* kvm-interpret.c: the instruction at which the vCPU stands. KICKED: it is done; SHUTDOWN: it was a
 * triple fault; FAILED: the interpreter cannot do it either, and nothing has changed. */
bool kvm_interpret_open (KvmAccel *kvm, GError **error);
void kvm_interpret_close (KvmAccel *kvm);
AccelExit kvm_interpret (AccelVcpu *vcpu);

/* kvm-crash.c: of a vCPU whose last exit means that it cannot go on. */
void kvm_crash_log (AccelVcpu *vcpu);
void kvm_crash_set_error (AccelVcpu *vcpu, GError **error);

/* kvm-statistics.c */
void kvm_get_statistics (Accel *accel, GVariantBuilder *builder);

/* kvm-memory.c */
extern const MemoryListener kvm_memory_listener;

/* kvm-cpuid.c: what CPUs can tell the guest of themselves, the offer; and what one tells, before it
 * runs. */
bool kvm_cpuid_open (KvmAccel *kvm, GError **error);
bool kvm_cpuid_set (AccelVcpu *vcpu, GError **error);

/* kvm-hyperv.c: switches the interface of Hyper-V on, and tells what the kernel has of it. */
CpuidHyperv kvm_hyperv_open (AccelVcpu *vcpu);
void kvm_hyperv_exit (AccelVcpu *vcpu);

/* kvm-state.c */
void kvm_state_open (KvmAccel *kvm);
void kvm_state_add_vcpu (AccelVcpu *vcpu);              /* once it has its CPUID */
void kvm_state_read (AccelVcpu *vcpu, X86State *state); /* what the kernel has */
void kvm_state_get (AccelVcpu *vcpu, X86State *state);  /* with what the vCPU was asked for */
/* After a shutdown: on AMD, Linux then clears all that the CPU is told of a vCPU, and where paging
 * was off, forgets to tell it again where the guest's memory is (the nested CR3). */
void kvm_state_map_anew (AccelVcpu *vcpu);
bool kvm_state_set (AccelVcpu *vcpu, const X86State *state, GError **error);
/* What an instruction changes; MSRs, time and the local APIC stay. */
bool kvm_state_set_registers (AccelVcpu *vcpu, const X86State *state);

/* What that consists of; FALSE with errno. */
void kvm_xsave_open (KvmAccel *kvm);
void kvm_xsave_get (AccelVcpu *vcpu, X86State *state);
bool kvm_xsave_set (AccelVcpu *vcpu, const X86State *state);
void kvm_msrs_open (AccelVcpu *vcpu);
void kvm_msrs_get (AccelVcpu *vcpu, X86State *state);
bool kvm_msrs_set (AccelVcpu *vcpu, const X86State *state);
bool kvm_msrs_read (AccelVcpu *vcpu, uint32_t index, uint64_t *value);
bool kvm_msrs_write (AccelVcpu *vcpu, uint32_t index, uint64_t value);
void kvm_lapic_get (AccelVcpu *vcpu, X86LapicState *lapic);
bool kvm_lapic_set (AccelVcpu *vcpu, const X86LapicState *lapic);
bool kvm_lapic_takes_nmi (const X86LapicState *lapic); /* of LINT1, which it lets through as one */
void kvm_lapic_stop_timer (AccelVcpu *vcpu);
void kvm_lapic_start_timer (AccelVcpu *vcpu);
void kvm_events_get (AccelVcpu *vcpu, X86State *state);
bool kvm_events_set (AccelVcpu *vcpu, const X86State *state);
/* The guest takes an external interrupt when it is entered the next time, which it must be able to:
 * it is part of its state from now on. */
bool kvm_events_inject (AccelVcpu *vcpu, uint8_t vector);
/* INIT, once the vCPU is entered the next time. */
bool kvm_events_init (AccelVcpu *vcpu, GError **error);
/* kvm-nested.c: what a guest hypervisor has begun. Leave ends it: no guest of it runs, and it is
 * off. Set goes on from there, once the CPU has all else of the state. */
bool kvm_nested_leave (AccelVcpu *vcpu);
void kvm_nested_get (AccelVcpu *vcpu, X86State *state);
bool kvm_nested_set (AccelVcpu *vcpu, const X86State *state);

/* kvm-time.c */
void kvm_time_open (KvmAccel *kvm);
void kvm_time_add_vcpu (AccelVcpu *vcpu);
void kvm_time_get (AccelVcpu *vcpu, X86State *state);
/* Where the kernel cannot have the TSC run at the state's rate, FALSE with error. */
bool kvm_time_set (AccelVcpu *vcpu, const X86State *state, GError **error);
uint64_t kvm_time_until_tsc (AccelVcpu *vcpu, uint64_t tsc); /* in ticks; 0: it has passed */
void kvm_time_run (Accel *accel, bool running);
/* Takes back what passed while the host slept. On a vCPU's thread, outside; lock not held. */
void kvm_time_skip_sleep (KvmAccel *kvm);

/* Sets error to the sentence, what errno says of it, and the remedy. */
void kvm_set_error (GError **error, const char *sentence);
