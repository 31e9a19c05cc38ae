/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <Zydis/Zydis.h>
#include <glib.h>

#include "vmm-core/x86/decode.h"
#include "vmm-core/x86/x86-features.h"

/* What Zydis makes of the same bytes as the decoder. Differences are counted, and one of each kind
 * is reported. */

typedef struct
{
  const char *name;
  uint32_t mode; /* X86_MODE_... */
  ZydisMachineMode machine;
  ZydisStackWidth stack;
  X86Vendor vendor;
} ZydisOracleMode;

typedef struct
{
  const ZydisOracleMode *mode;
  ZydisDecoder zydis;
  X86Cpu *cpu;
  uint64_t compared, differences;
  GHashTable *kinds;
} ZydisOracle;

/* For a CPU that has these of X86Feature. */
void zydis_oracle_init (ZydisOracle *oracle, const ZydisOracleMode *mode, uint32_t features);

/* Fails the test when there were differences. */
void zydis_oracle_finish (ZydisOracle *oracle);

/* Compares validity and length; operands, too, if asked for. Bytes are X86_MAX_LENGTH. */
void zydis_oracle_compare (ZydisOracle *oracle, const uint8_t *bytes, bool operands);

/* What of the operands is not as Zydis has it, or NULL. */
const char *zydis_operands_difference (const ZydisDecodedInstruction *zydis,
                                       const ZydisDecodedOperand *operands, const X86Insn *insn);
