/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Vector instructions that reach memory element by element or change state other than registers
 * (Intel SDM volume 2): written out, because a fault of one element must be exact. */
#include "fpu-unit.h"
#include "thunk.h"
#include "vector-table.h"
#include "vector.h"
#include "vendor.h"

static inline uint64_t
vector_element (const uint8_t *vector, unsigned index, unsigned size)
{
  uint64_t value = 0;

  memcpy (&value, vector + index * size, size);
  return value;
}

static inline bool
vector_element_is_masked (const uint8_t *mask, unsigned index, unsigned size)
{
  return (mask[index * size + size - 1] & 0x80) != 0;
}

static void
vector_check_mxcsr (X86Cpu *cpu, const X86Insn *insn)
{
  if ((insn->prefixes & X86_PREFIX_VEX) != 0)
    vector_check_avx (cpu);
  else
    vector_check_sse (cpu);
}

static void
vector_exec_ldmxcsr (X86Cpu *cpu, const X86Insn *insn)
{
  uint32_t value;

  vector_check_mxcsr (cpu, insn);
  value = x86_load32 (cpu, insn->segment, x86_ea (cpu, insn));
  if ((value & ~FPU_MXCSR_MASK) != 0)
    x86_raise_code (cpu, X86_GP, 0);
  fpu_unit_set_mxcsr (cpu, value);
}

static void
vector_exec_stmxcsr (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_mxcsr (cpu, insn);
  fpu_unit_gather_mxcsr (cpu);
  x86_store32 (cpu, insn->segment, x86_ea (cpu, insn), cpu->state.mxcsr);
}

static void
vector_exec_emms (X86Cpu *cpu, const X86Insn *insn)
{
  fpu_unit_check_mmx (cpu);
  __asm__ volatile ("emms");
}

static void
vector_exec_vzeroall (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_avx (cpu);
  memset (cpu->state.ymm, 0,
          x86_is_code64 (cpu) ? sizeof cpu->state.ymm : sizeof cpu->state.ymm / 2);
}

static void
vector_exec_vzeroupper (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_avx (cpu);
  for (unsigned i = 0; i < (x86_is_code64 (cpu) ? 16 : 8); i++)
    vector_zero_upper (cpu, i);
}

static void
vector_exec_movnti (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t ea = x86_ea (cpu, insn), value = cpu->state.gpr[insn->reg];

  if ((insn->prefixes & X86_PREFIX_REX_W) != 0 && x86_is_code64 (cpu))
    x86_store64 (cpu, insn->segment, ea, value);
  else
    x86_store32 (cpu, insn->segment, ea, (uint32_t) value);
}

/* MASKMOVQ and MASKMOVDQU: n bytes of data go to DS:rDI where the mask has bit 7 set. Faults are
 * those of the whole operand, whatever the mask: the architecture leaves that open. */
static void
vector_store_masked_bytes (X86Cpu *cpu, const X86Insn *insn, const uint8_t *data,
                           const uint8_t *mask, unsigned n)
{
  uint64_t address = cpu->state.gpr[X86_RDI];
  uint64_t limit = insn->addr_size == 8   ? UINT64_MAX
                   : insn->addr_size == 4 ? UINT32_MAX
                                          : UINT16_MAX;

  if (n == 16 && x86_maskmovdqu_probes_upper_half_first (cpu))
    x86_probe_store (cpu, insn->segment, (address + 8) & limit, 8);
  x86_probe_store (cpu, insn->segment, address & limit, n);
  for (unsigned i = 0; i < n; i++)
    if (vector_element_is_masked (mask, i, 1))
      x86_store8 (cpu, insn->segment, (address + i) & limit, data[i]);
}

static void
vector_exec_maskmovdqu (X86Cpu *cpu, const X86Insn *insn)
{
  if ((insn->prefixes & X86_PREFIX_VEX) != 0)
    vector_check_avx (cpu);
  else
    vector_check_sse (cpu);
  vector_store_masked_bytes (cpu, insn, cpu->state.ymm[insn->reg], cpu->state.ymm[insn->rm], 16);
}

static void
vector_exec_maskmovq (X86Cpu *cpu, const X86Insn *insn)
{
  uint8_t registers[16];

  fpu_unit_check_mmx (cpu);
  thunk_call (insn->thunk, 0, NULL, registers, NULL, NULL, cpu);
  vector_store_masked_bytes (cpu, insn, registers, registers + 8, 8);
}

/* The thunk spills both MMX registers: movq [rsi], reg; movq [rsi+8], rm. */
static bool
vector_bind_maskmovq (X86Insn *insn)
{
  const uint8_t code[] = { 0x0f, 0x7f, (uint8_t) ((insn->modrm & 0x38) | THUNK_RM),
                           0x0f, 0x7f, (uint8_t) (0x40 | (insn->modrm & 7) << 3 | THUNK_RM),
                           8,    0x31, 0xc0,
                           0xc3 };
  ThunkBuilder builder = { .head.access = 0 };

  thunk_bytes (&builder, code, sizeof code);
  insn->thunk = thunk_finish (&builder);
  insn->exec = vector_exec_maskmovq;
  return insn->thunk != NULL;
}

/* VMASKMOVPS/PD and VPMASKMOVD/Q. */
static inline void
vector_masked_load (X86Cpu *cpu, const X86Insn *insn, unsigned size)
{
  unsigned n = (16u << insn->vex_l) / size;
  const uint8_t *mask = cpu->state.ymm[insn->vvvv];
  uint64_t ea = x86_ea (cpu, insn);
  uint8_t result[32] = { 0 };

  vector_check_avx (cpu);
  for (unsigned i = 0; i < n; i++)
    if (vector_element_is_masked (mask, i, size))
      {
        uint64_t value = size == 4 ? x86_load32 (cpu, insn->segment, ea + i * size)
                                   : x86_load64 (cpu, insn->segment, ea + i * size);

        memcpy (result + i * size, &value, size);
      }
  memcpy (cpu->state.ymm[insn->reg], result, 32);
}

static inline void
vector_masked_store (X86Cpu *cpu, const X86Insn *insn, unsigned size)
{
  unsigned n = (16u << insn->vex_l) / size;
  const uint8_t *mask = cpu->state.ymm[insn->vvvv], *data = cpu->state.ymm[insn->reg];
  uint64_t ea = x86_ea (cpu, insn);

  vector_check_avx (cpu);
  for (unsigned i = 0; i < n; i++)
    if (vector_element_is_masked (mask, i, size))
      x86_probe_store (cpu, insn->segment, ea + i * size, size);
  for (unsigned i = 0; i < n; i++)
    if (vector_element_is_masked (mask, i, size))
      x86_store_bytes (cpu, insn->segment, ea + i * size, data + i * size, size);
}

static void
vector_extend_mask (uint8_t *mask, unsigned length, unsigned size)
{
  memset (mask + length, 0, 32 - length);
  for (unsigned i = 0; i < length / size; i++)
    memset (mask + i * size, vector_element_is_masked (mask, i, size) ? 0xff : 0, size);
}

/* VGATHER…: an element that is in is done, its mask bit clear, before the next may fault. */
static inline void
vector_gather (X86Cpu *cpu, const X86Insn *insn, unsigned index_size, unsigned size)
{
  unsigned n = (16u << insn->vex_l) / (index_size > size ? index_size : size);
  const uint8_t *indices = (const uint8_t *) cpu + insn->index;
  uint64_t base = *(const uint64_t *) ((const char *) cpu + insn->base) + (uint64_t) insn->disp;
  uint8_t *mask = cpu->state.ymm[insn->vvvv], *destination = cpu->state.ymm[insn->reg];

  vector_check_avx (cpu);
  if (x86_gathers_extend (cpu))
    vector_extend_mask (mask, 16u << insn->vex_l, size);
  for (unsigned i = 0; i < n; i++)
    {
      if (vector_element_is_masked (mask, i, size))
        {
          uint64_t index = vector_element (indices, i, index_size), value;
          uint64_t ea;

          if (index_size == 4)
            index = (uint64_t) (int64_t) (int32_t) index;
          ea = base + (index << insn->scale);
          if (insn->addr_size == 4)
            ea = (uint32_t) ea;
          value
            = size == 4 ? x86_load32 (cpu, insn->segment, ea) : x86_load64 (cpu, insn->segment, ea);
          memcpy (destination + i * size, &value, size);
          if (!insn->vex_l && x86_gathers_extend (cpu))
            memset (destination + 16, 0, 16);
        }
      memset (mask + i * size, 0, size);
    }
  memset (mask, 0, 32);
  memset (destination + n * size, 0, 32 - n * size);
}

#define VECTOR_SIZED(name, call, ...)                                                              \
  static void name (X86Cpu *cpu, const X86Insn *insn)                                              \
  {                                                                                                \
    call (cpu, insn, __VA_ARGS__);                                                                 \
  }

VECTOR_SIZED (vector_exec_masked_load32, vector_masked_load, 4)
VECTOR_SIZED (vector_exec_masked_load64, vector_masked_load, 8)
VECTOR_SIZED (vector_exec_masked_store32, vector_masked_store, 4)
VECTOR_SIZED (vector_exec_masked_store64, vector_masked_store, 8)
VECTOR_SIZED (vector_exec_gather_d32, vector_gather, 4, 4)
VECTOR_SIZED (vector_exec_gather_d64, vector_gather, 4, 8)
VECTOR_SIZED (vector_exec_gather_q32, vector_gather, 8, 4)
VECTOR_SIZED (vector_exec_gather_q64, vector_gather, 8, 8)

static bool
vector_bind_masked (const X86Cpu *cpu, X86Insn *insn)
{
  bool w = (insn->prefixes & X86_PREFIX_REX_W) != 0;
  bool wide = insn->opcode >= 0x80 ? w : (insn->opcode & 1) != 0;
  bool store = insn->opcode >= 0x80 ? insn->opcode == 0x8e : insn->opcode >= 0x2e;

  if (!x86_insn_is_memory (insn)
      || !x86_features_have (cpu->features,
                             insn->opcode >= 0x80 ? X86_FEATURE_AVX2 : X86_FEATURE_AVX)
      || (insn->opcode < 0x80 && w))
    return false;
  if (store)
    insn->exec = wide ? vector_exec_masked_store64 : vector_exec_masked_store32;
  else
    insn->exec = wide ? vector_exec_masked_load64 : vector_exec_masked_load32;
  return true;
}

static bool
vector_bind_gather (const X86Cpu *cpu, X86Insn *insn)
{
  unsigned mask = insn->vvvv & (x86_is_code64 (cpu) ? 15 : 7);

  static const X86Exec exec[2][2] = { { vector_exec_gather_d32, vector_exec_gather_d64 },
                                      { vector_exec_gather_q32, vector_exec_gather_q64 } };

  if (!x86_insn_is_memory (insn) || (insn->modrm & 7) != 4
      || !x86_features_have (cpu->features, X86_FEATURE_AVX2) || insn->addr_size == 2
      || insn->reg == mask || insn->reg == insn->vsib || mask == insn->vsib)
    return false;
  insn->index = (uint16_t) (offsetof (X86Cpu, state.ymm) + 32u * insn->vsib);
  insn->exec = exec[insn->opcode & 1][(insn->prefixes & X86_PREFIX_REX_W) != 0];
  return true;
}

static bool
vector_bind_0f (const X86Cpu *cpu, X86Insn *insn)
{
  bool vex = (insn->prefixes & X86_PREFIX_VEX) != 0, memory = x86_insn_is_memory (insn);
  unsigned extension = insn->modrm >> 3 & 7;

  if (vex && (insn->vvvv != 0 || !x86_features_have (cpu->features, X86_FEATURE_AVX)))
    return false;
  switch (insn->opcode)
    {
    case 0x77:
      if (insn->pp != 0)
        return false;
      if (vex)
        insn->exec = insn->vex_l ? vector_exec_vzeroall : vector_exec_vzeroupper;
      else
        insn->exec = vector_exec_emms;
      return true;
    case 0xae:
      if (insn->pp != 0 || !memory || insn->vex_l || (extension != 2 && extension != 3))
        return false;
      insn->exec = extension == 2 ? vector_exec_ldmxcsr : vector_exec_stmxcsr;
      return true;
    case 0xc3:
      if (insn->pp != 0 || !memory || vex)
        return false;
      insn->exec = vector_exec_movnti;
      return true;
    case 0xf7:
      if (memory || insn->vex_l || insn->pp > 1 || (vex && insn->pp == 0))
        return false;
      if (insn->pp == 0)
        return vector_bind_maskmovq (insn);
      insn->exec = vector_exec_maskmovdqu;
      return true;
    default:
      return false;
    }
}

bool
vector_special_bind (const X86Cpu *cpu, X86Insn *insn)
{
  if ((insn->prefixes & X86_PREFIX_LOCK) != 0)
    return false;
  if (insn->map == X86_MAP_0F)
    return vector_bind_0f (cpu, insn);
  if (insn->map != X86_MAP_0F38 || (insn->prefixes & X86_PREFIX_VEX) == 0 || insn->pp != 1)
    return false;
  switch (insn->opcode)
    {
    case 0x2c ... 0x2f:
    case 0x8c:
    case 0x8e:
      return vector_bind_masked (cpu, insn);
    case 0x90 ... 0x93:
      return vector_bind_gather (cpu, insn);
    default:
      return false;
    }
}
