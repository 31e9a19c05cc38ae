/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* The status flags of a running CPU: cpu->cc, as LAHF and SETO leave them in AX. */

enum
{
  X86_CC_OF = 1 << 0,
  X86_CC_CF = 1 << 8,
  X86_CC_PF = 1 << 10,
  X86_CC_AF = 1 << 12,
  X86_CC_ZF = 1 << 14,
  X86_CC_SF = 1 << 15
};

/* Around a host instruction in inline assembly: the guest's status flags into the host's, and back
 * into AX. Both use EAX only. */
#define X86_CC_LOAD "addb $0x7f, %%al\n\tsahf\n\t"
#define X86_CC_SAVE "\n\tseto %%al\n\tlahf"

/* EFLAGS with the running CPU's status flags in it. */
static inline uint64_t
x86_flags_get (const X86Cpu *cpu)
{
  uint64_t status = (cpu->cc >> 8 & 0xd5) | (cpu->cc & 1) << 11;

  return (cpu->state.rflags & ~(uint64_t) X86_FLAGS_STATUS) | status | 2;
}

/* Takes the status flags out of an EFLAGS value; the other bits are the caller's. */
static inline void
x86_flags_set_status (X86Cpu *cpu, uint64_t rflags)
{
  cpu->cc = (rflags & 0xd5) << 8 | (rflags >> 11 & 1);
}

/* Condition 0 to 15 as in Jcc, SETcc and CMOVcc (SDM 1, appendix B). */
static inline bool
x86_condition (uint32_t cc, unsigned condition)
{
  bool holds;

  switch (condition >> 1)
    {
    case 0:
      holds = cc & X86_CC_OF;
      break;
    case 1:
      holds = cc & X86_CC_CF;
      break;
    case 2:
      holds = cc & X86_CC_ZF;
      break;
    case 3:
      holds = cc & (X86_CC_CF | X86_CC_ZF);
      break;
    case 4:
      holds = cc & X86_CC_SF;
      break;
    case 5:
      holds = cc & X86_CC_PF;
      break;
    case 6:
      holds = (cc >> 15 ^ cc) & 1;
      break;
    default:
      holds = (cc & X86_CC_ZF) || ((cc >> 15 ^ cc) & 1);
      break;
    }
  return holds != (condition & 1);
}
