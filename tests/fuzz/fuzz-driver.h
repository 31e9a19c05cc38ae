/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/bus.h"
#include "vmm-core/clock.h"
#include "vmm-core/memory.h"
#include "vmm-core/state.h"

/* A device under random register accesses. A target is one FuzzTarget named fuzz_target; the driver
 * has main () for a bounded run from seeds and LLVMFuzzerTestOneInput () for libFuzzer. What must
 * hold: every access returns, nothing crashes, and a damaged saved state is an error or a state the
 * device can live with. */

/* What the device is attached to, made anew for each input. */
typedef struct
{
  Bus *io; /* 64 KiB of ports */
  Bus *mmio;
  Memory *memory; /* 1 MiB of RAM at 0 */
  Clock *clock;   /* manual */
} FuzzBoard;

typedef struct
{
  uint64_t base, length;
  bool mmio;
} FuzzRange;

typedef struct
{
  const char *name;
  void *(*open) (FuzzBoard *board);
  void (*close) (void *device);
  /* May be NULL: the saved state; and what reaches the device beside its registers (lines,
   * keys). */
  StateSection (*state) (void *device);
  void (*outside) (void *device, const uint8_t bytes[4]);
  /* Where accesses go; a length of 0 ends the list. */
  FuzzRange ranges[8];
} FuzzTarget;

extern const FuzzTarget fuzz_target;
