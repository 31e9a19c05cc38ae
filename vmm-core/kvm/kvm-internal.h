/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "kvm-accel.h"
#include "vmm-core/x86/x86-state.h"

/* What the files of this folder share. */

#define KVM_MAX_SLOTS 64
#define KVM_MAX_VCPUS 64
#define KVM_IOAPIC_ROUTES 24
#define KVM_KICK_SIGNAL SIGUSR1 /* to a vCPU's thread: it ends KVM_RUN */

typedef struct
{
  struct kvm_userspace_memory_region region; /* memory_size 0: free */
  MemoryBlock *block;                        /* behind it, for the dirty log */
  uint64_t page;                             /* of the block, at the region's start */
} KvmSlot;

typedef struct
{
  Accel accel; /* first */
  AccelMachine machine;
  int kvm_fd, vm_fd;
  size_t run_size;
  KvmSlot slots[KVM_MAX_SLOTS];
  struct kvm_irq_routing_entry routes[KVM_IOAPIC_ROUTES]; /* level-triggered messages met so far */
  unsigned n_routes;
  _Atomic bool intr;
  AccelVcpu *boot_vcpu;
  AccelVcpu *vcpus[KVM_MAX_VCPUS];
} KvmAccel;

struct AccelVcpu
{
  KvmAccel *kvm;
  unsigned index;
  uint32_t apic_id; /* and its name to the kernel */
  int fd;
  struct kvm_run *run;
  pthread_t thread;
  _Atomic bool entered;      /* thread is valid */
  _Atomic bool init_pending; /* INIT# was pulsed */
  _Atomic uint64_t exits;
  _Atomic uint64_t exits_io, exits_mmio;
};

/* kvm-memory.c */
extern const MemoryListener kvm_memory_listener;

/* kvm-cpuid.c: what the CPU tells the guest of itself; before it runs. */
bool kvm_cpuid_set (AccelVcpu *vcpu, GError **error);

/* kvm-state.c */
void kvm_state_get (AccelVcpu *vcpu, X86State *state);
bool kvm_state_set (AccelVcpu *vcpu, const X86State *state, GError **error);

/* What that consists of; FALSE with errno. */
void kvm_xsave_get (AccelVcpu *vcpu, X86State *state);
bool kvm_xsave_set (AccelVcpu *vcpu, const X86State *state);
void kvm_msrs_get (AccelVcpu *vcpu, X86State *state);
void kvm_msrs_set (AccelVcpu *vcpu, const X86State *state);
void kvm_lapic_get (AccelVcpu *vcpu, X86LapicState *lapic);
bool kvm_lapic_set (AccelVcpu *vcpu, const X86LapicState *lapic);
void kvm_events_get (AccelVcpu *vcpu, X86State *state);
bool kvm_events_set (AccelVcpu *vcpu, const X86State *state);
/* INIT, once the vCPU is entered the next time. */
bool kvm_events_init (AccelVcpu *vcpu, GError **error);

/* Sets error to the sentence, what errno says of it, and the remedy. */
void kvm_set_error (GError **error, const char *sentence);
