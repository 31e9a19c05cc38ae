/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "clock.h"
#include "cpu-topology.h"
#include "machine-lock.h"
#include "memory.h"

/* What runs the guest's CPUs: "kvm", "translator", "interpreter" or "none". A plain table of
 * operations; the machine knows nothing else about it. */
typedef struct Accel Accel;
typedef struct AccelVcpu AccelVcpu;
typedef struct X86State X86State; /* vmm-core/x86/x86-state.h */

/* What the guest's CPUs are to be. */
typedef struct
{
  const char *model; /* of x86/cpu-models.h; NULL: all that the accelerator offers */
  bool nested;       /* with that, the guest can run virtual machines itself */
  bool hyperv;       /* Hyper-V's interface: without a model, what the accelerator has of it */
} AccelCpu;

/* The machine as an accelerator sees it. Everything outlives the accelerator. */
typedef struct
{
  Memory *memory;
  Bus *io;
  Bus *mmio;
  Clock *clock;
  MachineLock *lock;
  CpuTopology topology;
  AccelCpu cpu;
  size_t code_cache_size; /* bytes for translated code, at least 256 KiB; 0: a default */
  /* Interrupt acknowledge cycle of the 8259 pair: the vector. Lock held. */
  uint8_t (*acknowledge_pic) (void *pic);
  void *pic;
  /* EOI broadcast of a level-triggered vector to the IOAPICs. Lock held. */
  void (*eoi) (void *ioapic, uint8_t vector);
  void *ioapic;
  /* A CPU has taken an interrupt that came as a message or from its own APIC. May be NULL;
   * accelerators whose local APICs live elsewhere do not tell. Lock held. */
  void (*taken) (void *isa_irq, uint8_t vector);
  void *isa_irq;
  /* The FERR# output of the CPUs, which a PC turns into IRQ 13: raised for an x87 exception while
   * CR0.NE is clear; the write to port F0h takes it back. May be NULL. Lock held. */
  void (*set_ferr) (void *ferr, bool level);
  void *ferr;
  /* The shutdown cycle of a CPU that met a triple fault, which a chipset answers with pulse_init.
   * NULL: vcpu_run comes back with ACCEL_EXIT_SHUTDOWN. Lock held. */
  void (*shutdown) (void *chipset);
  void *chipset;
} AccelMachine;

/* Why vcpu_run came back. */
typedef enum
{
  ACCEL_EXIT_KICKED,   /* by vcpu_kick; run again when nothing else is to do */
  ACCEL_EXIT_HALTED,   /* waits for an interrupt: run again after the next kick */
  ACCEL_EXIT_SHUTDOWN, /* triple fault, with nobody to answer it */
  ACCEL_EXIT_FAILED    /* this accelerator cannot go on; error is set */
} AccelExit;

/* What the host, or the accelerator on it, cannot do: another accelerator may run the machine. */
#define ACCEL_ERROR (accel_error_quark ())
typedef enum
{
  ACCEL_ERROR_HOST
} AccelError;
GQuark accel_error_quark (void);

/* vCPU operations are called on that vCPU's own thread unless said otherwise. */
typedef struct
{
  const char *name;
  /* Under accelerators whose CPUs are of one kind, every model is the same; under others all but
   * “host” are. NULL: no CPU runs. */
  const char *cpus;
  Accel *(*open) (const AccelMachine *machine, GError **error);
  void (*close) (Accel *accel);

  AccelVcpu *(*vcpu_new) (Accel *accel, unsigned index, GError **error);
  void (*vcpu_free) (AccelVcpu *vcpu);
  AccelExit (*vcpu_run) (AccelVcpu *vcpu, GError **error);
  void (*vcpu_kick) (
    AccelVcpu *vcpu); /* any thread; makes a running or the next vcpu_run return soon */
  /* Only while the vCPU does not run; any thread. */
  void (*get_state) (AccelVcpu *vcpu, X86State *state);
  bool (*set_state) (AccelVcpu *vcpu, const X86State *state, GError **error);
  /* The machine's clock goes on, or has stopped: so does what counts time without it (at first it
   * stands). No vCPU runs; lock held. NULL: nothing does. */
  void (*run_time) (Accel *accel, bool running);

  /* Any thread, lock held. A vCPU that sleeps as HALTED is woken through wake (below). */
  void (*set_intr) (Accel *accel, bool level); /* the 8259 pair's INTR output, LINT0 of every CPU */
  void (*pulse_nmi) (Accel *accel);            /* LINT1 of the boot CPU */
  void (*pulse_init) (Accel *accel);           /* INIT# of every CPU */
  void (*send_msi) (Accel *accel, uint64_t address, uint32_t data); /* Intel SDM 3A, 11.11 */

  /* Counters for `stats`, as "name value" pairs appended to the builder of type a{st}. */
  void (*get_statistics) (Accel *accel, GVariantBuilder *builder);
} AccelOps;

/* To be called by an accelerator when a halted vCPU has something to do. Any thread. Set by
 * whoever runs the threads (vcpus.c). */
typedef void (*AccelWake) (void *data, unsigned index);

/* The first member of every implementation's struct. */
struct Accel
{
  const AccelOps *ops;
  AccelWake wake;
  void *wake_data;
};
