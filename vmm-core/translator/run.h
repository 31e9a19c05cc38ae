/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "block-cache.h"
#include "vmm-core/x86/mmu.h"

/* What translated code calls, through stubs.c. */

/* Interprets one instruction. 1: goes on behind it; 0: the run loop has to look. May raise. */
uint32_t translator_interpret (TranslatorCpu *cpu, TranslatorSite site);
/* Sets RAX and RDX. */
void translator_read_tsc (TranslatorCpu *cpu);
/* Fills the TLB with linear's page, unless a store to it has to be looked at: TRANSLATOR_FILL_*,
 * FAILED where the access has to be interpreted. */
uint32_t translator_fill (TranslatorCpu *cpu, uint64_t linear, TranslatorFill fill);

/* A slot missed: looks at the block that did it, now and then. */
void translator_sample (TranslatorCpu *cpu);

/* For tests: runs the block at state.rip by itself, unlinked, with empty tables; GS leads to the
 * CPU. FALSE: the interpreter has to run what is there. May raise. */
bool translator_run_block (X86Cpu *cpu);
