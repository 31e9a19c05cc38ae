/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The vector instructions that C libraries and compilers emit most, written out: they need no
 * MXCSR, and a call of a thunk would cost more than they do. The thunk stays bound for the
 * translator. */
#include "vector-direct.h"

#include <emmintrin.h>

#include "vector.h"

static inline __m128i_u *
vector_xmm (X86Cpu *cpu, unsigned at)
{
  return (__m128i_u *) ((char *) cpu + at);
}

static inline void
vector_demand_alignment (X86Cpu *cpu, const X86Insn *insn, uint64_t ea, unsigned length)
{
  if (G_UNLIKELY (((ea + cpu->window[insn->segment].base) & (length - 1)) != 0))
    x86_raise_code (cpu, X86_GP, 0);
}

static inline __m128i
vector_load_128 (X86Cpu *cpu, const X86Insn *insn, bool aligned)
{
  uint64_t ea = x86_ea (cpu, insn);
  uint8_t bounce[16];

  if (aligned)
    vector_demand_alignment (cpu, insn, ea, 16);
  return _mm_loadu_si128 (vector_load (cpu, insn, ea, 16, bounce));
}

static inline void
vector_store (X86Cpu *cpu, const X86Insn *insn, const void *bytes, unsigned length, bool aligned)
{
  uint64_t ea = x86_ea (cpu, insn);
  void *host;

  if (aligned)
    vector_demand_alignment (cpu, insn, ea, length);
  host = vector_try_write (cpu, insn->segment, ea, length);
  if (G_LIKELY (host != NULL))
    memcpy (host, bytes, length);
  else
    x86_store_bytes (cpu, insn->segment, ea, bytes, length);
}

static void
vector_move_registers (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_sse (cpu);
  *vector_xmm (cpu, insn->reg_at) = *vector_xmm (cpu, insn->rm_at);
}

static void
vector_move_load (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_sse (cpu);
  *vector_xmm (cpu, insn->reg_at) = vector_load_128 (cpu, insn, false);
}

static void
vector_move_load_aligned (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_sse (cpu);
  *vector_xmm (cpu, insn->reg_at) = vector_load_128 (cpu, insn, true);
}

static void
vector_move_store (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_sse (cpu);
  vector_store (cpu, insn, vector_xmm (cpu, insn->reg_at), 16, false);
}

static void
vector_move_store_aligned (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_sse (cpu);
  vector_store (cpu, insn, vector_xmm (cpu, insn->reg_at), 16, true);
}

/* MOVQ, MOVD, MOVSD and MOVSS: the low element, the rest of the register zero after a load. */
static void
vector_low_load_64 (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_sse (cpu);
  *vector_xmm (cpu, insn->reg_at)
    = _mm_cvtsi64_si128 ((int64_t) x86_load64 (cpu, insn->segment, x86_ea (cpu, insn)));
}

static void
vector_low_load_32 (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_sse (cpu);
  *vector_xmm (cpu, insn->reg_at)
    = _mm_cvtsi32_si128 ((int32_t) x86_load32 (cpu, insn->segment, x86_ea (cpu, insn)));
}

static void
vector_low_store_64 (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_sse (cpu);
  x86_store64 (cpu, insn->segment, x86_ea (cpu, insn),
               (uint64_t) _mm_cvtsi128_si64 (*vector_xmm (cpu, insn->reg_at)));
}

static void
vector_low_store_32 (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_sse (cpu);
  x86_store32 (cpu, insn->segment, x86_ea (cpu, insn),
               (uint32_t) _mm_cvtsi128_si32 (*vector_xmm (cpu, insn->reg_at)));
}

static void
vector_low_from_general_64 (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_sse (cpu);
  *vector_xmm (cpu, insn->reg_at) = _mm_cvtsi64_si128 (X86_AT (cpu, int64_t, insn->rm_at));
}

static void
vector_low_from_general_32 (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_sse (cpu);
  *vector_xmm (cpu, insn->reg_at) = _mm_cvtsi32_si128 (X86_AT (cpu, int32_t, insn->rm_at));
}

static void
vector_low_to_general_64 (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_sse (cpu);
  x86_set64 (cpu, insn->rm_at, (uint64_t) _mm_cvtsi128_si64 (*vector_xmm (cpu, insn->reg_at)));
}

static void
vector_low_to_general_32 (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_sse (cpu);
  x86_set32 (cpu, insn->rm_at, (uint32_t) _mm_cvtsi128_si32 (*vector_xmm (cpu, insn->reg_at)));
}

static void
vector_mask_to_general (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_sse (cpu);
  x86_set32 (cpu, insn->reg_at, (uint32_t) _mm_movemask_epi8 (*vector_xmm (cpu, insn->rm_at)));
}

#define BINARY(name, operation)                                                                    \
  static void vector_##name##_registers (X86Cpu *cpu, const X86Insn *insn)                         \
  {                                                                                                \
    __m128i_u *target = vector_xmm (cpu, insn->reg_at);                                            \
                                                                                                   \
    vector_check_sse (cpu);                                                                        \
    *target = operation (*target, *vector_xmm (cpu, insn->rm_at));                                 \
  }                                                                                                \
  static void vector_##name##_load (X86Cpu *cpu, const X86Insn *insn)                              \
  {                                                                                                \
    __m128i_u *target = vector_xmm (cpu, insn->reg_at);                                            \
                                                                                                   \
    vector_check_sse (cpu);                                                                        \
    *target = operation (*target, vector_load_128 (cpu, insn, true));                              \
  }

BINARY (and, _mm_and_si128)
BINARY (andnot, _mm_andnot_si128)
BINARY (or, _mm_or_si128)
BINARY (xor, _mm_xor_si128)
BINARY (cmpeq8, _mm_cmpeq_epi8)
BINARY (cmpeq16, _mm_cmpeq_epi16)
BINARY (cmpeq32, _mm_cmpeq_epi32)
BINARY (min8, _mm_min_epu8)
BINARY (add8, _mm_add_epi8)
BINARY (add16, _mm_add_epi16)
BINARY (add32, _mm_add_epi32)
BINARY (add64, _mm_add_epi64)
BINARY (sub8, _mm_sub_epi8)
BINARY (sub32, _mm_sub_epi32)
BINARY (sub64, _mm_sub_epi64)
BINARY (unpacklo64, _mm_unpacklo_epi64)

/* 256-bit moves, as the memory functions of C libraries use them. */
static void
vector_move_load_256 (X86Cpu *cpu, const X86Insn *insn)
{
  uint8_t bounce[32];

  vector_check_avx (cpu);
  memcpy ((char *) cpu + insn->reg_at, vector_load (cpu, insn, x86_ea (cpu, insn), 32, bounce), 32);
}

static void
vector_move_store_256 (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_avx (cpu);
  vector_store (cpu, insn, (char *) cpu + insn->reg_at, 32, false);
}

static void
vector_move_store_256_aligned (X86Cpu *cpu, const X86Insn *insn)
{
  vector_check_avx (cpu);
  vector_store (cpu, insn, (char *) cpu + insn->reg_at, 32, true);
}

/* A direct function, for legacy encodings in map 0F. */
typedef struct
{
  uint8_t opcode, pp;
  X86Exec registers, memory;
  X86Exec wide_registers, wide_memory; /* with REX.W in 64-bit code, where that matters */
} VectorDirect;

#define PACKED(opcode, registers, memory)                                                          \
  { opcode, 0, registers, memory, NULL, NULL },                                                    \
  {                                                                                                \
    opcode, 1, registers, memory, NULL, NULL                                                       \
  }
#define LOGIC(opcode, name) PACKED (opcode, vector_##name##_registers, vector_##name##_load)
#define INTEGER(opcode, name)                                                                      \
  {                                                                                                \
    opcode, 1, vector_##name##_registers, vector_##name##_load, NULL, NULL                         \
  }

static const VectorDirect vector_direct[] = {
  PACKED (0x10, vector_move_registers, vector_move_load),
  { 0x10, 2, NULL, vector_low_load_32, NULL, NULL },
  { 0x10, 3, NULL, vector_low_load_64, NULL, NULL },
  PACKED (0x11, NULL, vector_move_store),
  { 0x11, 2, NULL, vector_low_store_32, NULL, NULL },
  { 0x11, 3, NULL, vector_low_store_64, NULL, NULL },
  { 0x13, 0, NULL, vector_low_store_64, NULL, NULL },
  { 0x13, 1, NULL, vector_low_store_64, NULL, NULL },
  PACKED (0x28, vector_move_registers, vector_move_load_aligned),
  PACKED (0x29, NULL, vector_move_store_aligned),
  LOGIC (0x54, and),
  LOGIC (0x55, andnot),
  LOGIC (0x56, or),
  LOGIC (0x57, xor),
  INTEGER (0x6c, unpacklo64),
  { 0x6e, 1, vector_low_from_general_32, vector_low_load_32, vector_low_from_general_64,
    vector_low_load_64 },
  { 0x6f, 1, vector_move_registers, vector_move_load_aligned, NULL, NULL },
  { 0x6f, 2, vector_move_registers, vector_move_load, NULL, NULL },
  INTEGER (0x74, cmpeq8),
  INTEGER (0x75, cmpeq16),
  INTEGER (0x76, cmpeq32),
  { 0x7e, 1, vector_low_to_general_32, vector_low_store_32, vector_low_to_general_64,
    vector_low_store_64 },
  { 0x7e, 2, NULL, vector_low_load_64, NULL, NULL },
  { 0x7f, 1, NULL, vector_move_store_aligned, NULL, NULL },
  { 0x7f, 2, NULL, vector_move_store, NULL, NULL },
  INTEGER (0xd4, add64),
  { 0xd6, 1, NULL, vector_low_store_64, NULL, NULL },
  { 0xd7, 1, vector_mask_to_general, NULL, NULL, NULL },
  INTEGER (0xda, min8),
  INTEGER (0xdb, and),
  INTEGER (0xdf, andnot),
  { 0xe7, 1, NULL, vector_move_store_aligned, NULL, NULL },
  INTEGER (0xeb, or),
  INTEGER (0xef, xor),
  INTEGER (0xf8, sub8),
  INTEGER (0xfa, sub32),
  INTEGER (0xfb, sub64),
  INTEGER (0xfc, add8),
  INTEGER (0xfd, add16),
  INTEGER (0xfe, add32),
};

static void
vector_direct_bind_256 (X86Insn *insn)
{
  bool packed = insn->pp < 2, integer = insn->pp == 2;

  if (!insn->vex_l || !x86_insn_is_memory (insn))
    return;
  if ((insn->opcode == 0x10 && packed) || (insn->opcode == 0x6f && integer))
    insn->exec = vector_move_load_256;
  else if ((insn->opcode == 0x11 && packed) || (insn->opcode == 0x7f && integer))
    insn->exec = vector_move_store_256;
  else if ((insn->opcode == 0x29 && packed) || (insn->opcode == 0x7f && insn->pp == 1)
           || (insn->opcode == 0xe7 && insn->pp == 1))
    insn->exec = vector_move_store_256_aligned;
}

void
vector_direct_bind (const X86Cpu *cpu, X86Insn *insn)
{
  bool memory = x86_insn_is_memory (insn);
  bool wide = (insn->prefixes & X86_PREFIX_REX_W) != 0 && x86_is_code64 (cpu);

  if (insn->map != X86_MAP_0F)
    return;
  if ((insn->prefixes & X86_PREFIX_VEX) != 0)
    {
      vector_direct_bind_256 (insn);
      return;
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (vector_direct); i++)
    {
      const VectorDirect *direct = &vector_direct[i];
      X86Exec exec = memory ? direct->memory : direct->registers;
      X86Exec wide_exec = memory ? direct->wide_memory : direct->wide_registers;

      if (direct->opcode != insn->opcode || direct->pp != insn->pp)
        continue;
      if (wide && wide_exec != NULL)
        exec = wide_exec;
      if (exec != NULL)
        insn->exec = exec;
      return;
    }
}
