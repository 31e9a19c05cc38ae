/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instruction format: Intel SDM 2, chapter 2. */
#include "decode.h"

#include <stddef.h>
#include <string.h>

#include "fpu.h"
#include "opcode.h"
#include "vendor.h"
#include "x86-features.h"

#define ZERO_AT offsetof (X86Cpu, zero)
#define RIP_AT offsetof (X86Cpu, block_rip)

typedef struct
{
  const uint8_t *bytes;
  unsigned available;
  unsigned at;
  unsigned segment; /* override, or X86_NO_OVERRIDE */
  uint8_t rex;      /* also the inverted bits of VEX, in REX's places */
  bool code64;
} Decoder;

#define NO_OVERRIDE 0xff
#define REX_B 1
#define REX_X 2
#define REX_R 4
#define REX_W 8

/* Whether n more bytes can be had; else *result says why not. */
static bool
decoder_has (const Decoder *d, unsigned n, X86DecodeResult *result)
{
  if (d->at + n > X86_MAX_LENGTH)
    *result = X86_DECODE_TOO_LONG;
  else if (d->at + n > d->available)
    *result = X86_DECODE_SHORT;
  else
    return true;
  return false;
}

static uint64_t
decoder_take (Decoder *d, unsigned n)
{
  uint64_t value = 0;

  memcpy (&value, d->bytes + d->at, n);
  d->at += n;
  return value;
}

static int64_t
sign_extend (uint64_t value, unsigned size)
{
  return size == 1   ? (int8_t) value
         : size == 2 ? (int16_t) value
         : size == 4 ? (int32_t) value
                     : (int64_t) value;
}

/* Legacy prefixes and REX. */
static bool
decode_prefixes (Decoder *d, X86Insn *insn, X86DecodeResult *result)
{
  for (;; d->at++)
    {
      uint8_t byte;

      if (!decoder_has (d, 1, result))
        return false;
      byte = d->bytes[d->at];
      if (d->code64 && (byte & 0xf0) == 0x40)
        {
          d->rex = byte;
          continue;
        }
      switch (byte)
        {
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e:
          if (!d->code64)
            d->segment = byte >> 3 & 3;
          break;
        case 0x64:
        case 0x65:
          d->segment = byte - 0x64 + X86_FS;
          break;
        case 0x66:
          insn->prefixes |= X86_PREFIX_OPSIZE;
          break;
        case 0x67:
          insn->prefixes |= X86_PREFIX_ADDRSIZE;
          break;
        case 0xf0:
          insn->prefixes |= X86_PREFIX_LOCK;
          break;
        case 0xf2:
          insn->prefixes = (insn->prefixes & ~X86_PREFIX_REP) | X86_PREFIX_REPNE;
          break;
        case 0xf3:
          insn->prefixes = (insn->prefixes & ~X86_PREFIX_REPNE) | X86_PREFIX_REP;
          break;
        default:
          return true;
        }
      d->rex = 0; /* counts only right before the opcode */
    }
}

/* C4 and C5, when they are VEX and not LES and LDS. */
static bool
decode_vex (Decoder *d, X86Insn *insn, X86DecodeResult *result)
{
  bool three = d->bytes[d->at] == 0xc4;
  uint8_t first, last;

  if (!decoder_has (d, three ? 3 : 2, result))
    return false;
  if (d->rex != 0
      || (insn->prefixes
          & (X86_PREFIX_LOCK | X86_PREFIX_REP | X86_PREFIX_REPNE | X86_PREFIX_OPSIZE)))
    {
      *result = X86_DECODE_UNDEFINED;
      return false;
    }
  first = d->bytes[d->at + 1];
  last = d->bytes[d->at + (three ? 2 : 1)];
  d->at += three ? 3 : 2;
  d->rex = 0x40 | (first & 0x80 ? 0 : REX_R);
  insn->map = X86_MAP_0F;
  if (three)
    {
      d->rex |= (first & 0x40 ? 0 : REX_X) | (first & 0x20 ? 0 : REX_B) | (last & 0x80 ? REX_W : 0);
      insn->map = first & 0x1f;
      if (insn->map < X86_MAP_0F || insn->map > X86_MAP_0F3A)
        {
          *result = X86_DECODE_UNDEFINED;
          return false;
        }
    }
  insn->prefixes |= X86_PREFIX_VEX;
  insn->vvvv = ~last >> 3 & 15;
  insn->vex_l = last >> 2 & 1;
  insn->pp = last & 3;
  if (!d->code64)
    d->rex &= ~(REX_X | REX_B | REX_R);
  if (!decoder_has (d, 1, result))
    return false;
  insn->opcode = decoder_take (d, 1);
  return true;
}

static bool
decode_opcode (const X86Cpu *cpu, Decoder *d, X86Insn *insn, X86DecodeResult *result)
{
  uint8_t byte = d->bytes[d->at];

  if (byte == 0xc4 || byte == 0xc5)
    {
      if (!decoder_has (d, 2, result))
        return false;
      if (d->code64 || (d->bytes[d->at + 1] & 0xc0) == 0xc0)
        {
          /* Real and virtual-8086 mode know no VEX. */
          if ((cpu->mode & X86_MODE_VM86) || !(cpu->mode & X86_MODE_PROTECTED))
            {
              *result = X86_DECODE_UNDEFINED;
              return false;
            }
          return decode_vex (d, insn, result);
        }
    }
  d->at++;
  insn->map = X86_MAP_PRIMARY;
  insn->opcode = byte;
  if (byte != 0x0f)
    return true;
  if (!decoder_has (d, 1, result))
    return false;
  insn->map = X86_MAP_0F;
  insn->opcode = decoder_take (d, 1);
  if (insn->opcode == 0x38 || insn->opcode == 0x3a)
    {
      insn->map = insn->opcode == 0x38 ? X86_MAP_0F38 : X86_MAP_0F3A;
      if (!decoder_has (d, 1, result))
        return false;
      insn->opcode = decoder_take (d, 1);
    }
  return true;
}

static void
decode_sizes (const X86Cpu *cpu, const Decoder *d, X86Insn *insn)
{
  bool code32 = (cpu->mode & X86_MODE_CODE32) != 0;
  bool op66 = (insn->prefixes & X86_PREFIX_OPSIZE) != 0;
  bool op67 = (insn->prefixes & X86_PREFIX_ADDRSIZE) != 0;

  if (d->rex != 0)
    insn->prefixes |= X86_PREFIX_REX;
  if (d->rex & REX_W)
    insn->prefixes |= X86_PREFIX_REX_W;
  if (insn->prefixes & X86_PREFIX_VEX)
    {
      insn->op_size = d->code64 && (d->rex & REX_W) ? 8 : 4;
      insn->addr_size = d->code64 ? (op67 ? 4 : 8) : code32 != op67 ? 4 : 2;
      return;
    }
  if (d->code64)
    {
      insn->op_size = d->rex & REX_W ? 8 : op66 ? 2 : 4;
      insn->addr_size = op67 ? 4 : 8;
    }
  else
    {
      insn->op_size = code32 != op66 ? 4 : 2;
      insn->addr_size = code32 != op67 ? 4 : 2;
    }
  insn->pp = insn->prefixes & X86_PREFIX_REP     ? 2
             : insn->prefixes & X86_PREFIX_REPNE ? 3
             : op66                              ? 1
                                                 : 0;
}

/* 16-bit addressing: SDM 2, table 2-1. */
static bool
decode_memory16 (Decoder *d, X86Insn *insn, unsigned *segment, X86DecodeResult *result)
{
  static const uint8_t bases[8]
    = { X86_RBX, X86_RBX, X86_RBP, X86_RBP, X86_RSI, X86_RDI, X86_RBP, X86_RBX };
  unsigned mod = insn->modrm >> 6;
  unsigned rm = insn->modrm & 7;
  unsigned disp_size = mod == 1 ? 1 : mod == 2 || rm == 6 ? 2 : 0;

  if (mod == 1)
    disp_size = 1;
  if (mod == 0 && rm != 6)
    disp_size = 0;
  insn->base = mod == 0 && rm == 6 ? ZERO_AT : bases[rm] * 8u;
  if (rm < 4)
    insn->index = (rm & 1 ? X86_RDI : X86_RSI) * 8;
  *segment = rm == 2 || rm == 3 || (rm == 6 && mod != 0) ? X86_SS : X86_DS;
  if (!decoder_has (d, disp_size, result))
    return false;
  insn->disp = sign_extend (decoder_take (d, disp_size), disp_size == 0 ? 8 : disp_size);
  return true;
}

/* 32- and 64-bit addressing: SDM 2, tables 2-2 and 2-3. */
static bool
decode_memory (Decoder *d, X86Insn *insn, unsigned *segment, bool *rip_relative,
               X86DecodeResult *result)
{
  unsigned mod = insn->modrm >> 6;
  unsigned base = insn->modrm & 7;
  unsigned disp_size = mod == 1 ? 1 : mod == 2 ? 4 : 0;
  bool no_base = mod == 0 && base == 5;

  if (base == 4)
    {
      uint8_t sib;
      unsigned index;

      if (!decoder_has (d, 1, result))
        return false;
      sib = decoder_take (d, 1);
      base = sib & 7;
      index = (sib >> 3 & 7) | (d->rex & REX_X ? 8 : 0);
      insn->scale = sib >> 6;
      if (index != 4)
        insn->index = index * 8;
      insn->vsib = index;
      no_base = mod == 0 && base == 5;
    }
  else if (no_base && d->code64)
    *rip_relative = true;
  base |= d->rex & REX_B ? 8 : 0;
  if (no_base)
    disp_size = 4;
  insn->base = *rip_relative ? RIP_AT : no_base ? ZERO_AT : base * 8;
  *segment = !no_base && (base == X86_RSP || base == X86_RBP) ? X86_SS : X86_DS;
  if (!decoder_has (d, disp_size, result))
    return false;
  insn->disp = sign_extend (decoder_take (d, disp_size), disp_size == 0 ? 8 : disp_size);
  return true;
}

static bool
decode_modrm (Decoder *d, X86Insn *insn, uint32_t attributes, bool *rip_relative,
              X86DecodeResult *result)
{
  unsigned segment = X86_DS;

  if (!decoder_has (d, 1, result))
    return false;
  insn->has_modrm = true;
  insn->modrm = decoder_take (d, 1);
  if (attributes & X86_OP_MOD_IGNORED)
    insn->modrm |= 0xc0;
  insn->reg = (insn->modrm >> 3 & 7) | (d->rex & REX_R ? 8 : 0);
  insn->rm = (insn->modrm & 7) | (d->rex & REX_B ? 8 : 0);
  if (insn->modrm >= 0xc0)
    return true;
  if (!(insn->addr_size == 2 ? decode_memory16 (d, insn, &segment, result)
                             : decode_memory (d, insn, &segment, rip_relative, result)))
    return false;
  insn->segment = d->segment != NO_OVERRIDE ? d->segment : segment;
  return true;
}

static bool
decode_immediate (Decoder *d, X86Insn *insn, uint32_t attributes, X86DecodeResult *result)
{
  unsigned z = insn->op_size == 2 ? 2 : 4;
  unsigned size = attributes & (X86_OP_IMM8 | X86_OP_IMM8U)  ? 1
                  : attributes & X86_OP_IMM16                ? 2
                  : attributes & (X86_OP_IMMZ | X86_OP_RELZ) ? z
                  : attributes & X86_OP_IMMV                 ? insn->op_size
                  : attributes & X86_OP_MOFFS                ? insn->addr_size
                  : attributes & X86_OP_FAR                  ? z + 2
                                                             : 0;

  if (!decoder_has (d, size, result))
    return false;
  if (attributes & X86_OP_FAR)
    {
      insn->imm = decoder_take (d, z);
      insn->imm |= decoder_take (d, 2) << 32;
    }
  else if (size != 0)
    {
      insn->imm = decoder_take (d, size);
      if (attributes & (X86_OP_IMM8 | X86_OP_IMMZ | X86_OP_RELZ))
        insn->imm = sign_extend (insn->imm, size);
    }
  /* ENTER has a second one, its nesting level. */
  if ((attributes & X86_OP_IMM16) && insn->opcode == 0xc8 && insn->map == X86_MAP_PRIMARY)
    {
      if (!decoder_has (d, 1, result))
        return false;
      insn->imm |= decoder_take (d, 1) << 16;
    }
  return true;
}

/* Byte registers: without REX, 4 to 7 are AH to BH. */
static uint16_t
byte_register_at (const Decoder *d, unsigned number)
{
  return d->rex == 0 && number >= 4 && number < 8 ? (number - 4) * 8 + 1 : number * 8;
}

static void
bind_registers (const Decoder *d, X86Insn *insn, uint32_t attributes)
{
  bool byte = (attributes & X86_OP_BYTE) != 0;

  if (attributes & X86_OP_IN_CODE)
    insn->rm = (insn->opcode & 7) | (d->rex & REX_B ? 8 : 0);
  else if (attributes & X86_OP_A)
    insn->rm = X86_RAX;
  insn->rm_at
    = byte || (attributes & X86_OP_BYTE_RM) ? byte_register_at (d, insn->rm) : insn->rm * 8;
  insn->reg_at = byte ? byte_register_at (d, insn->reg) : insn->reg * 8;
}

/* The entry that opcode, ModRM and prefixes lead to, with the attributes of all on the way. */
static const X86Opcode *
resolve (const X86Opcode *entry, const X86Insn *insn, uint32_t *attributes)
{
  *attributes = entry->attributes;
  while (entry->more != NULL)
    {
      unsigned reg = insn->modrm >> 3 & 7;
      unsigned which = entry->attributes & X86_OP_GROUP       ? reg
                       : entry->attributes & X86_OP_GROUP_MOD ? reg + (insn->modrm >= 0xc0 ? 8 : 0)
                       : entry->attributes & X86_OP_BY_RM     ? insn->modrm & 7
                                                              : insn->pp;

      entry = &entry->more[which];
      *attributes = (*attributes & ~X86_OP_VALID) | entry->attributes;
    }
  return entry;
}

/* Whether the operand size of 64-bit code is 64 bits without REX.W. */
static bool
has_64_bits (const X86Cpu *cpu, const X86Insn *insn, uint32_t attributes)
{
  bool obeys_66 = (attributes & X86_OP_D64)
                  || ((attributes & X86_OP_BRANCH) && x86_near_branches_obey_66 (cpu));

  return (attributes & (X86_OP_F64 | X86_OP_D64))
         && !(obeys_66 && (insn->prefixes & X86_PREFIX_OPSIZE) && insn->op_size == 2);
}

/* What an integer instruction demands of the CPU; fpu_bind knows it of the others. */
static X86Feature
integer_feature (const X86Insn *insn)
{
  const bool vex = (insn->prefixes & X86_PREFIX_VEX) != 0;
  const unsigned reg = insn->modrm >> 3 & 7;

  if (vex && insn->map == X86_MAP_0F38)
    return insn->opcode <= 0xf3 || (insn->opcode == 0xf7 && insn->pp == 0) ? X86_FEATURE_BMI1
                                                                           : X86_FEATURE_BMI2;
  if (vex)
    return X86_FEATURE_BMI2;
  if (insn->map == X86_MAP_0F && insn->opcode == 0xb8)
    return X86_FEATURE_POPCNT;
  if (insn->map == X86_MAP_0F && insn->opcode == 0xc7 && insn->modrm >= 0xc0)
    return reg == 6 ? X86_FEATURE_RDRAND : insn->pp != 2 ? X86_FEATURE_RDSEED : X86_FEATURE_SSE2;
  if (insn->map == X86_MAP_0F38 && (insn->opcode & 0xfe) == 0xf0)
    return insn->pp == 3 ? X86_FEATURE_SSE42 : X86_FEATURE_MOVBE;
  if (insn->map == X86_MAP_0F38 && insn->opcode == 0xf6)
    return X86_FEATURE_ADX;
  return X86_FEATURE_SSE2;
}

/* To a CPU without TZCNT or LZCNT, their F3 means nothing: they are BSF and BSR. */
static void
drop_meaningless_prefix (const X86Cpu *cpu, X86Insn *insn)
{
  if (insn->map != X86_MAP_0F || (insn->opcode & 0xfe) != 0xbc || !(insn->prefixes & X86_PREFIX_REP)
      || x86_features_have (cpu->features,
                            insn->opcode == 0xbc ? X86_FEATURE_BMI1 : X86_FEATURE_LZCNT))
    return;
  insn->prefixes &= ~X86_PREFIX_REP;
  insn->pp = 0;
}

static bool
allowed (const X86Cpu *cpu, const Decoder *d, const X86Insn *insn, uint32_t attributes)
{
  bool protected_mode = (cpu->mode & X86_MODE_PROTECTED) && !(cpu->mode & X86_MODE_VM86);

  if (!(attributes & X86_OP_VALID))
    return false;
  if ((attributes & X86_OP_NOT64) && d->code64)
    return false;
  if ((attributes & X86_OP_ONLY64) && !d->code64)
    return false;
  if ((attributes & X86_OP_PROTECTED) && !protected_mode)
    return false;
  if ((attributes & X86_OP_MEMORY) && !x86_insn_is_memory (insn))
    return false;
  if ((attributes & X86_OP_REGISTER) && x86_insn_is_memory (insn))
    return false;
  if ((attributes & X86_OP_NP) && insn->pp != 0)
    return false;
  /* General-purpose instructions: VEX.L is 0, and RORX names no second source. */
  if ((insn->prefixes & X86_PREFIX_VEX) && !(attributes & X86_OP_FPU)
      && (insn->vex_l || (insn->map == X86_MAP_0F3A && insn->vvvv != 0)))
    return false;
  if (!(attributes & X86_OP_FPU) && !x86_features_have (cpu->features, integer_feature (insn)))
    return false;
  if ((insn->prefixes & X86_PREFIX_LOCK)
      && !((attributes & X86_OP_LOCK) && x86_insn_is_memory (insn)))
    return false;
  return true;
}

static X86Exec
pick (const X86Opcode *entry, const X86Insn *insn, uint32_t attributes)
{
  unsigned size = attributes & X86_OP_BYTE ? 0
                  : insn->op_size == 2     ? 1
                  : insn->op_size == 4     ? 2
                                           : 3;

  return entry->family != NULL ? (*entry->family)[size][x86_insn_is_memory (insn)] : entry->exec;
}

X86DecodeResult
x86_decode (const X86Cpu *cpu, const uint8_t *bytes, unsigned available, X86Insn *insn,
            X86Flow *flow)
{
  Decoder d = { bytes, available, 0, NO_OVERRIDE, 0, x86_is_code64 (cpu) };
  X86DecodeResult result = X86_DECODE_OK;
  uint16_t offset = insn->offset;
  bool rip_relative = false;
  const X86Opcode *entry;
  uint32_t attributes;

  memset (insn, 0, sizeof *insn);
  insn->offset = offset;
  insn->base = insn->index = ZERO_AT;
  insn->segment = X86_DS;
  *flow = X86_FLOW_NEXT;
  if (!decode_prefixes (&d, insn, &result) || !decode_opcode (cpu, &d, insn, &result))
    return result;
  decode_sizes (cpu, &d, insn);
  drop_meaningless_prefix (cpu, insn);
  if (d.segment != NO_OVERRIDE)
    insn->segment = d.segment;

  entry = insn->prefixes & X86_PREFIX_VEX ? x86_opcode_vex (insn->map, insn->opcode)
                                          : &x86_opcodes[insn->map][insn->opcode];
  if (d.code64 && insn->map == X86_MAP_PRIMARY && insn->opcode == 0x63)
    entry = &x86_opcode_movsxd;
  /* With REX.B, 90 is XCHG of R8, neither NOP nor, but for Intel's, PAUSE. */
  if ((d.rex & REX_B) && insn->map == X86_MAP_PRIMARY && insn->opcode == 0x90
      && !((insn->prefixes & X86_PREFIX_REP) && x86_pauses_with_rex_b (cpu)))
    entry = &x86_opcodes[X86_MAP_PRIMARY][0x91];
  if ((entry->attributes & X86_OP_MODRM)
      && !decode_modrm (&d, insn, entry->attributes, &rip_relative, &result))
    return result;
  entry = resolve (entry, insn, &attributes);
  if (d.code64 && has_64_bits (cpu, insn, attributes))
    insn->op_size = 8;
  if ((attributes & X86_OP_NO16) && insn->op_size == 2)
    insn->op_size = 4;
  if (!(attributes & X86_OP_VALID))
    return X86_DECODE_UNDEFINED;
  if (!decode_immediate (&d, insn, attributes, &result))
    return result;
  if (!allowed (cpu, &d, insn, attributes))
    return X86_DECODE_UNDEFINED;

  insn->length = d.at;
  insn->attributes = attributes;
  if (rip_relative)
    insn->disp += insn->offset + insn->length;
  bind_registers (&d, insn, attributes);
  if (attributes & X86_OP_FPU)
    {
      if (!fpu_bind (cpu, insn))
        return X86_DECODE_UNDEFINED;
    }
  else
    insn->exec = pick (entry, insn, attributes);
  if (insn->exec == NULL)
    return X86_DECODE_UNDEFINED;
  /* Outside 64-bit mode the fourth bit names no register; an unused field is still 1111. */
  if (!d.code64)
    insn->vvvv &= 7;
  *flow = attributes & X86_OP_END      ? X86_FLOW_END
          : attributes & X86_OP_BRANCH ? X86_FLOW_BRANCH
                                       : X86_FLOW_NEXT;
  return X86_DECODE_OK;
}
