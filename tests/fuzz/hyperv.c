/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hyper-V's registers, as if they were a device's, and its calls. */
#include "fuzz-driver.h"

#include "vmm-core/x86/hyperv.h"
#include "vmm-core/x86/lapic.h"
#include "vmm-core/x86/msr.h"
#include "vmm-core/x86/software.h"
#include "vmm-core/x86/synic.h"

#include <string.h>

#define FIRST_MSR 0x40000000
#define N_MSRS 0x100

typedef struct
{
  Bus *mmio;
  Accel *accel;
  AccelVcpu *vcpus[2];
  X86Cpu *cpu;
} FuzzHyperv;

static uint64_t
msr_read (void *device, uint64_t offset, unsigned size)
{
  uint64_t value = 0;

  x86_msr_read (((FuzzHyperv *) device)->cpu, FIRST_MSR + offset / 8, &value);
  return value;
}

static void
msr_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  x86_msr_write (((FuzzHyperv *) device)->cpu, FIRST_MSR + offset / 8, value << (offset & 4) * 8);
}

static const BusOps msr_ops = { msr_read, msr_write, 4, 4 };

static void *
open_device (FuzzBoard *board)
{
  const AccelMachine machine = { .memory = board->memory,
                                 .io = board->io,
                                 .mmio = board->mmio,
                                 .clock = board->clock,
                                 .topology = { 1, 2, 1 },
                                 .cpu.hyperv = true };
  FuzzHyperv *self = g_new0 (FuzzHyperv, 1);

  self->mmio = board->mmio;
  self->accel = software_accel_ops.open (&machine, NULL);
  for (unsigned i = 0; i < 2; i++)
    self->vcpus[i] = software_accel_ops.vcpu_new (self->accel, i, NULL);
  self->cpu = x86_software_get_cpu (self->vcpus[0]);
  self->cpu->mode |= X86_MODE_PROTECTED;
  bus_map (board->mmio, FIRST_MSR, 8 * N_MSRS, &msr_ops, self);
  return self;
}

static void
close_device (void *device)
{
  FuzzHyperv *self = device;

  bus_unmap (self->mmio, FIRST_MSR, 8 * N_MSRS, self);
  for (unsigned i = 0; i < 2; i++)
    software_accel_ops.vcpu_free (self->vcpus[i]);
  software_accel_ops.close (self->accel);
  g_free (self);
}

/* A call with an input in memory or in registers; a state that came from elsewhere. */
static void
outside (void *device, const uint8_t bytes[4])
{
  static const X86Insn none;
  FuzzHyperv *self = device;
  X86State *state = &self->cpu->state;

  memset (state->ymm[bytes[3] & 7], bytes[2], 16);
  state->gpr[X86_RAX] = (bytes[0] & 0x1f) | (bytes[1] & 1) << 16 | (uint64_t) (bytes[1] >> 5) << 17;
  state->gpr[X86_RDX] = bytes[1] >> 1 & 3;
  state->gpr[X86_RBX] = bytes[2] & 1 ? bytes[3] : 0;
  state->gpr[X86_RCX] = (uint64_t) bytes[2] << 12 | bytes[3] << 3;
  self->cpu->insn = &none;
  x86_msr_write (self->cpu, FIRST_MSR, 1);
  x86_exclusive_enter (self->cpu);
  x86_hyperv_call (self->cpu);
  x86_exclusive_leave (self->cpu);
  lapic_acknowledge (self->cpu->lapic);
  x86_hyperv_update (self->cpu);
  x86_synic_restore (self->cpu);
}

static StateSection
device_state (void *device)
{
  FuzzHyperv *self = device;

  return (StateSection){ .id = "cpu0", .table = &x86_state_table, .state = &self->cpu->state };
}

const FuzzTarget fuzz_target = {
  .name = "hyperv",
  .open = open_device,
  .close = close_device,
  .state = device_state,
  .outside = outside,
  .ranges = { { FIRST_MSR, 8 * N_MSRS, true } },
};
