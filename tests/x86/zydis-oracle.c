/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "zydis-oracle.h"

#include <string.h>

#include "zydis-features.h"

void
zydis_oracle_init (ZydisOracle *oracle, const ZydisOracleMode *mode, uint32_t features)
{
  static const ZydisDecoderMode off[]
    = { ZYDIS_DECODER_MODE_MPX, ZYDIS_DECODER_MODE_CET, ZYDIS_DECODER_MODE_CLDEMOTE };

  *oracle = (ZydisOracle){ .mode = mode, .cpu = g_new0 (X86Cpu, 1) };
  oracle->cpu->mode = mode->mode;
  oracle->cpu->vendor = mode->vendor;
  oracle->cpu->features = features;
  oracle->kinds = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_assert_true (ZYAN_SUCCESS (ZydisDecoderInit (&oracle->zydis, mode->machine, mode->stack)));
  for (unsigned i = 0; i < G_N_ELEMENTS (off); i++)
    ZydisDecoderEnableMode (&oracle->zydis, off[i], ZYAN_FALSE);
  ZydisDecoderEnableMode (&oracle->zydis, ZYDIS_DECODER_MODE_AMD_BRANCHES, mode->vendor == X86_AMD);
}

void
zydis_oracle_finish (ZydisOracle *oracle)
{
  g_free (oracle->cpu);
  g_hash_table_unref (oracle->kinds);
  g_test_message ("%" G_GUINT64_FORMAT " compared", oracle->compared);
  if (oracle->differences != 0)
    g_test_fail_printf ("%" G_GUINT64_FORMAT " differences", oracle->differences);
}

static void
report (ZydisOracle *oracle, const uint8_t *bytes, const X86Insn *insn, const char *ours,
        const char *theirs)
{
  g_autoptr (GString) text = g_string_new (NULL);

  oracle->differences++;
  if (!g_hash_table_add (oracle->kinds,
                         g_strdup_printf ("%u %02x %s %s", insn->map, insn->opcode, ours, theirs)))
    return;
  for (unsigned i = 0; i < X86_MAX_LENGTH; i++)
    g_string_append_printf (text, "%02x", bytes[i]);
  g_test_message ("%s: %s: %s; Zydis: %s", oracle->mode->name, text->str, ours, theirs);
}

/* Instruction sets that CPUID does not offer are #UD. */
static bool
offered (uint32_t features, const ZydisDecodedInstruction *zydis)
{
  if (!zydis_features_have (features, zydis))
    return false;
  if (zydis->mnemonic == ZYDIS_MNEMONIC_VMCALL || zydis->mnemonic == ZYDIS_MNEMONIC_VMMCALL)
    return true;
  switch (zydis->meta.isa_ext)
    {
    case ZYDIS_ISA_EXT_AMD3DNOW:
    case ZYDIS_ISA_EXT_AMD_INVLPGB:
    case ZYDIS_ISA_EXT_AMX_BF16:
    case ZYDIS_ISA_EXT_AMX_INT8:
    case ZYDIS_ISA_EXT_AMX_TILE:
    case ZYDIS_ISA_EXT_AVX512EVEX:
    case ZYDIS_ISA_EXT_AVX512VEX:
    case ZYDIS_ISA_EXT_AVX_VNNI:
    case ZYDIS_ISA_EXT_CET:
    case ZYDIS_ISA_EXT_CLZERO:
    case ZYDIS_ISA_EXT_ENQCMD:
    case ZYDIS_ISA_EXT_FMA4:
    case ZYDIS_ISA_EXT_HRESET:
    case ZYDIS_ISA_EXT_KEYLOCKER:
    case ZYDIS_ISA_EXT_KEYLOCKER_WIDE:
    case ZYDIS_ISA_EXT_KNC:
    case ZYDIS_ISA_EXT_KNCE:
    case ZYDIS_ISA_EXT_KNCV:
    case ZYDIS_ISA_EXT_MCOMMIT:
    case ZYDIS_ISA_EXT_MONITORX:
    case ZYDIS_ISA_EXT_MOVDIR:
    case ZYDIS_ISA_EXT_PADLOCK:
    case ZYDIS_ISA_EXT_PCONFIG:
    case ZYDIS_ISA_EXT_PT:
    case ZYDIS_ISA_EXT_RDPRU:
    case ZYDIS_ISA_EXT_RTM:
    case ZYDIS_ISA_EXT_SERIALIZE:
    case ZYDIS_ISA_EXT_SGX:
    case ZYDIS_ISA_EXT_SGX_ENCLV:
    case ZYDIS_ISA_EXT_SMX:
    case ZYDIS_ISA_EXT_SNP:
    case ZYDIS_ISA_EXT_SSE4A:
    case ZYDIS_ISA_EXT_SVM:
    case ZYDIS_ISA_EXT_TBM:
    case ZYDIS_ISA_EXT_TDX:
    case ZYDIS_ISA_EXT_TSX_LDTRK:
    case ZYDIS_ISA_EXT_UINTR:
    case ZYDIS_ISA_EXT_VMFUNC:
    case ZYDIS_ISA_EXT_VTX:
    case ZYDIS_ISA_EXT_WAITPKG:
    case ZYDIS_ISA_EXT_XOP:
      return false;
    default:
      break;
    }
  switch (zydis->mnemonic)
    {
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
    case ZYDIS_MNEMONIC_RSM: /* there is no SMM to leave */
      return false;
    default:
      return true;
    }
}

/* What decodes but faults whenever it is executed: Zydis takes it for no instruction at all. */
static bool
faults_when_executed (const X86Insn *insn)
{
  static const unsigned crs = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 8;
  unsigned reg = insn->modrm >> 3 & 7;

  if (insn->map == X86_MAP_PRIMARY)
    return (insn->opcode == 0x8c && reg > X86_GS)
           || (insn->opcode == 0x8e && (reg > X86_GS || reg == X86_CS));
  if (insn->map != X86_MAP_0F)
    return false;
  switch (insn->opcode)
    {
    case 0x07: /* SYSRET and SYSENTER of real mode */
    case 0x34:
    case 0x35:
      return true;
    case 0x20:
    case 0x22:
      return (crs >> insn->reg & 1) == 0;
    case 0x21:
    case 0x23:
      return insn->reg > 7;
    default:
      return false;
    }
}

void
zydis_oracle_compare (ZydisOracle *oracle, const uint8_t *bytes, bool operands)
{
  static const char *const results[] = { "valid", "short", "undefined", "too long" };
  ZydisDecodedInstruction zydis;
  ZydisDecoderContext context;
  ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
  X86Insn insn = { 0 };
  X86Flow flow;
  bool good = ZYAN_SUCCESS (
    ZydisDecoderDecodeInstruction (&oracle->zydis, &context, bytes, X86_MAX_LENGTH, &zydis));
  const char *theirs = good ? ZydisMnemonicGetString (zydis.mnemonic) : "none";
  X86DecodeResult ours = x86_decode (oracle->cpu, bytes, X86_MAX_LENGTH, &insn, &flow);

  oracle->compared++;
  if ((ours == X86_DECODE_OK) != (good && offered (oracle->cpu->features, &zydis)))
    {
      if (ours != X86_DECODE_OK || !faults_when_executed (&insn))
        report (oracle, bytes, &insn, results[ours], theirs);
    }
  else if (ours == X86_DECODE_OK && insn.length != zydis.length)
    report (oracle, bytes, &insn, "another length", theirs);
  else if (ours == X86_DECODE_OK && operands)
    {
      const char *difference;

      ZydisDecoderDecodeOperands (&oracle->zydis, &context, &zydis, operand, zydis.operand_count);
      difference = zydis_operands_difference (&zydis, operand, &insn);
      if (difference != NULL)
        report (oracle, bytes, &insn, difference, theirs);
    }
}
