/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/x86/software.h"

/* A machine with one software CPU, RAM and nothing else, to run a few instructions in. Memory is
 * mapped one to one. Whatever exception comes ends at a HLT of the machine's own. */
typedef struct X86Machine X86Machine;

#define X86_MACHINE_RAM (32u << 20)
/* The last MiB of RAM and, for 16-bit code, F0000h to F00FFh are the machine's own. */
#define X86_MACHINE_OWN (31u << 20)

typedef struct
{
  int vector; /* -1: none */
  uint32_t error;
  uint64_t address; /* of a page fault */
} X86Outcome;

/* ops is software_accel_ops, or another engine's. */
X86Machine *x86_machine_new (const AccelOps *ops);
Accel *x86_machine_get_accel (X86Machine *machine);
Memory *x86_machine_get_memory (X86Machine *machine);
X86Cpu *x86_machine_get_cpu (X86Machine *machine);
/* Whose processor it has; the host's unless set. */
void x86_machine_set_vendor (X86Machine *machine, X86Vendor vendor);
void x86_machine_free (X86Machine *machine);
/* One of its accelerator's counters, which must be there. */
uint64_t x86_machine_count (X86Machine *machine, const char *name);

/* A state ready to run user code of 64 or 32 bits (CPL 3, compatibility mode) or real-mode code
 * of 16. */
void x86_machine_init_state (X86State *state, unsigned bits);

/* Turns a state of 64- or 32-bit code into one of 64-bit code at CPL 0. */
void x86_machine_make_supervisor (X86State *state);

/* Access to a page for 32- and 64-bit code; at first every page may be read and written. */
void x86_machine_protect (X86Machine *machine, uint64_t address, bool present, bool writable);
/* Lets a page, be another one of memory. */
void x86_machine_map (X86Machine *machine, uint64_t address, uint64_t physical);
void x86_machine_write (X86Machine *machine, uint64_t address, const void *bytes, size_t n);
void x86_machine_read (X86Machine *machine, uint64_t address, void *bytes, size_t n);

/* The pages that code stored to since forget_changes, as an array of uint64_t page numbers. */
void x86_machine_forget_changes (X86Machine *machine);
GArray *x86_machine_dup_changes (X86Machine *machine);

/* Runs until the CPU stops by itself, for whatever reason. */
AccelExit x86_machine_enter (X86Machine *machine, X86State *state, GError **error);
/* Runs until an exception; the state then is the one the exception interrupted. Without
 * exception (a HLT, a triple fault) vector is -1. */
X86Outcome x86_machine_run (X86Machine *machine, X86State *state);

/* What x86_machine_step does for each instruction: x86_interpret_one, unless set otherwise. */
void x86_machine_set_step (X86Machine *machine, void (*step) (X86Cpu *cpu));
/* Runs up to n instructions, one at a time. */
X86Outcome x86_machine_step (X86Machine *machine, X86State *state, uint64_t n, uint64_t *done);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (X86Machine, x86_machine_free)
