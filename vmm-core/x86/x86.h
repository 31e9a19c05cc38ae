/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Architectural constants of x86, named as in the Intel SDM. */

enum
{
  X86_FLAG_CF = 1 << 0,
  X86_FLAG_PF = 1 << 2,
  X86_FLAG_AF = 1 << 4,
  X86_FLAG_ZF = 1 << 6,
  X86_FLAG_SF = 1 << 7,
  X86_FLAG_TF = 1 << 8,
  X86_FLAG_IF = 1 << 9,
  X86_FLAG_DF = 1 << 10,
  X86_FLAG_OF = 1 << 11,
  X86_FLAG_IOPL = 3 << 12,
  X86_FLAG_NT = 1 << 14,
  X86_FLAG_RF = 1 << 16,
  X86_FLAG_VM = 1 << 17,
  X86_FLAG_AC = 1 << 18,
  X86_FLAG_VIF = 1 << 19,
  X86_FLAG_VIP = 1 << 20,
  X86_FLAG_ID = 1 << 21,
  X86_FLAGS_STATUS
  = X86_FLAG_CF | X86_FLAG_PF | X86_FLAG_AF | X86_FLAG_ZF | X86_FLAG_SF | X86_FLAG_OF
};

#define X86_CR0_PE (1u << 0)
#define X86_CR0_MP (1u << 1)
#define X86_CR0_EM (1u << 2)
#define X86_CR0_TS (1u << 3)
#define X86_CR0_ET (1u << 4)
#define X86_CR0_NE (1u << 5)
#define X86_CR0_WP (1u << 16)
#define X86_CR0_AM (1u << 18)
#define X86_CR0_NW (1u << 29)
#define X86_CR0_CD (1u << 30)
#define X86_CR0_PG (1u << 31)

#define X86_CR4_VME (1u << 0)
#define X86_CR4_PVI (1u << 1)
#define X86_CR4_TSD (1u << 2)
#define X86_CR4_DE (1u << 3)
#define X86_CR4_PSE (1u << 4)
#define X86_CR4_PAE (1u << 5)
#define X86_CR4_MCE (1u << 6)
#define X86_CR4_PGE (1u << 7)
#define X86_CR4_PCE (1u << 8)
#define X86_CR4_OSFXSR (1u << 9)
#define X86_CR4_OSXMMEXCPT (1u << 10)
#define X86_CR4_UMIP (1u << 11)
#define X86_CR4_FSGSBASE (1u << 16)
#define X86_CR4_PCIDE (1u << 17)
#define X86_CR4_OSXSAVE (1u << 18)
#define X86_CR4_SMEP (1u << 20)
#define X86_CR4_SMAP (1u << 21)
#define X86_CR4_PKE (1u << 22)
#define X86_CR4_PKS (1u << 24)

#define X86_EFER_SCE (1u << 0)
#define X86_EFER_LME (1u << 8)
#define X86_EFER_LMA (1u << 10)
#define X86_EFER_NXE (1u << 11)

enum
{
  X86_DE = 0,
  X86_DB = 1,
  X86_NMI = 2,
  X86_BP = 3,
  X86_OF = 4,
  X86_BR = 5,
  X86_UD = 6,
  X86_NM = 7,
  X86_DF = 8,
  X86_TS = 10,
  X86_NP = 11,
  X86_SSF = 12,
  X86_GP = 13,
  X86_PF = 14,
  X86_MF = 16,
  X86_AC = 17,
  X86_MC = 18,
  X86_XM = 19
};
