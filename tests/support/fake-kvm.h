/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <linux/kvm.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A /dev/kvm that does what a test says, in place of the host's: it keeps what it is given, and
 * runs no guest but the loop of kvm-probe.c, in no time. Linked into a test, or loaded into
 * guesthouse-vm (LD_PRELOAD), where FAKE_KVM in the environment holds words: “open=ERRNO”,
 * “vm=ERRNO”, “xsave=ERRNO”, “plain” (plain_cpu), “run=fail” and “run=stuck”; “late”: the first
 * machine, which only tries it, meets none of the refusals. */

#define FAKE_KVM_VCPUS 8
#define FAKE_KVM_SLOTS 120
#define FAKE_KVM_RING_PAGE 2 /* of a vCPU's mapping: where it gathers writes */

typedef struct
{
  int fd; /* 0: none */
  struct kvm_run *run;
  uint8_t kept[16][4096]; /* by pairs of KVM_GET_… and KVM_SET_… */
  unsigned tsc_khz;
  _Atomic bool inside; /* KVM_RUN */
  _Atomic unsigned nmis;
} FakeVcpu;

typedef struct
{
  int open_errno;        /* of /dev/kvm; 0: it opens */
  unsigned long refused; /* a request that fails… */
  int refused_errno;     /* … with this… */
  unsigned refused_from; /* … from this machine on, as plain_cpu is true */
  unsigned missing;      /* a capability that it has not got */
  unsigned max_vcpus;    /* 0: it does not say */
  unsigned max_slots;
  unsigned tsc_khz;         /* a vCPU's at first; 0: it does not say */
  bool plain_cpu;           /* one without anything that came after SSE2 */
  int (*run) (FakeVcpu *v); /* KVM_RUN, but for the probe; NULL: until it is kicked */
  FakeVcpu vcpus[FAKE_KVM_VCPUS];
  struct kvm_userspace_memory_region slots[FAKE_KVM_SLOTS];
  struct kvm_irq_routing_entry last_route;
  unsigned dirty_page;   /* of every slot, whenever its log is read */
  unsigned machines;     /* made so far */
  _Atomic unsigned gaps; /* how often a slot changed while a vCPU was inside */
} FakeKvm;

extern FakeKvm fake_kvm;

struct kvm_regs *fake_kvm_get_regs (FakeVcpu *vcpu);
struct kvm_sregs *fake_kvm_get_sregs (FakeVcpu *vcpu);
struct kvm_lapic_state *fake_kvm_get_lapic (FakeVcpu *vcpu);
struct kvm_vcpu_events *fake_kvm_get_events (FakeVcpu *vcpu);
/* For run: comes back with -1 and EINTR when it is kicked. */
int fake_kvm_wait (FakeVcpu *vcpu);
