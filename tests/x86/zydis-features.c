/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "zydis-features.h"

static X86Feature
feature_of (const ZydisDecodedInstruction *zydis)
{
  const bool vex = zydis->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX;
  const bool l = vex && zydis->raw.vex.L;

  /* Zydis has one set for both lengths. */
  if (zydis->mnemonic == ZYDIS_MNEMONIC_VPCLMULQDQ)
    return l ? X86_FEATURE_VPCLMUL : X86_FEATURE_PCLMUL;
  switch (zydis->meta.isa_set)
    {
    case ZYDIS_ISA_SET_ADOX_ADCX:
      return X86_FEATURE_ADX;
    case ZYDIS_ISA_SET_AES:
    case ZYDIS_ISA_SET_AVXAES:
      return X86_FEATURE_AES;
    case ZYDIS_ISA_SET_VAES:
      return X86_FEATURE_VAES;
    case ZYDIS_ISA_SET_AVX:
      return X86_FEATURE_AVX;
    case ZYDIS_ISA_SET_AVX2:
    case ZYDIS_ISA_SET_AVX2GATHER:
      return X86_FEATURE_AVX2;
    case ZYDIS_ISA_SET_BMI1:
      return zydis->mnemonic == ZYDIS_MNEMONIC_TZCNT ? X86_FEATURE_SSE2 : X86_FEATURE_BMI1;
    case ZYDIS_ISA_SET_BMI2:
      return X86_FEATURE_BMI2;
    case ZYDIS_ISA_SET_F16C:
      return X86_FEATURE_F16C;
    case ZYDIS_ISA_SET_FMA:
      return X86_FEATURE_FMA;
    case ZYDIS_ISA_SET_GFNI:
    case ZYDIS_ISA_SET_AVX_GFNI:
      return X86_FEATURE_GFNI;
    case ZYDIS_ISA_SET_MOVBE:
      return X86_FEATURE_MOVBE;
    case ZYDIS_ISA_SET_PCLMULQDQ:
      return X86_FEATURE_PCLMUL;
    case ZYDIS_ISA_SET_RDRAND:
      return X86_FEATURE_RDRAND;
    case ZYDIS_ISA_SET_RDSEED:
      return X86_FEATURE_RDSEED;
    case ZYDIS_ISA_SET_SHA:
      return X86_FEATURE_SHA;
    default:
      return X86_FEATURE_SSE2;
    }
}

/* A VEX form needs AVX, too, but for general registers. */
bool
zydis_features_have (uint32_t features, const ZydisDecodedInstruction *zydis)
{
  X86Feature feature = feature_of (zydis);

  return x86_features_have (features, feature)
         && (zydis->encoding != ZYDIS_INSTRUCTION_ENCODING_VEX || feature == X86_FEATURE_BMI1
             || feature == X86_FEATURE_BMI2 || x86_features_have (features, X86_FEATURE_AVX));
}
