/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* MONITOR and MWAIT (SDM 2B; AMD APM 3): a CPU sleeps until somebody stores to a line of 64 bytes.
 * The line is watched as if it held cached code: a store there raises its page's version
 * (memory.h), so that the CPU may be woken by another part of the page as well, as it may for any
 * reason. */

#define X86_MONITOR_LINE 64

/* Ends MWAIT, if the CPU sleeps in one that is over, or was woken otherwise. */
void x86_monitor_poll (X86Cpu *cpu);

/* A watched page was stored to: wakes those who sleep for that. Any thread. */
void x86_monitor_wake (X86Software *software, MemoryBlock *block, uint64_t page);
