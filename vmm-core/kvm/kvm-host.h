/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/accel.h"

/* The host's KVM: what it has, and in words why there is none. Errors are ACCEL_ERROR_HOST. */

/* A descriptor of /dev/kvm that has what every machine needs, and enough CPUs; -1 with error. */
int kvm_host_open (const CpuTopology *topology, GError **error);

/* What KVM, or a virtual machine of it, says of a capability (KVM_CAP_…): 0 where it has not got
 * it.
 */
unsigned kvm_host_get (int fd, unsigned capability);

/* A descriptor of a new virtual machine; -1 with error. */
int kvm_host_make_vm (int kvm_fd, GError **error);

/* What tells why a computer offers no KVM. */
typedef struct
{
  bool amd;        /* its virtualization is AMD-V, of the module kvm_amd, else VT-x of kvm_intel */
  bool has;        /* the processor has that */
  bool usable;     /* to the kernel, whatever the firmware did */
  bool is_virtual; /* the processor is a hypervisor's */
  bool module_loaded; /* kvm_amd or kvm_intel */
} KvmHostCpu;

/* One sentence with the remedy, owned by the caller. */
char *kvm_host_explain_absence (const KvmHostCpu *cpu);
