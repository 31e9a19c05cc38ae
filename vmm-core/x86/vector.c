/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MMX, SSE and AVX instructions, each as a thunk around the host's own (Intel SDM volume 2).
 *
 * The guest's vector registers live in X86State; a thunk loads its operands into registers 1
 * (ModRM.reg), 2 (ModRM.rm), 3 (VEX.vvvv) and 4 (imm8[7:4]), so that encodings that differ only in
 * register numbers share one. MMX registers are those of the x87 unit and keep their numbers. */
#include "vector.h"

#include "fpu-unit.h"
#include "thunk.h"
#include "vector-direct.h"
#include "vector-table.h"
#include "vendor.h"

#define AT(field) ((uint32_t) offsetof (X86Cpu, field))

/* One encoding being made into a thunk. */
typedef struct
{
  const VectorOp *op;
  ThunkBuilder builder;
  bool vex, memory, mmx;
  bool exact;   /* with the guest's MXCSR in force */
  uint8_t w, l; /* as emitted */
  uint8_t pp, map, extension, mm_reg, mm_rm;
} VectorThunk;

void
vector_raise_sse (X86Cpu *cpu)
{
  if ((cpu->state.cr0 & X86_CR0_EM) != 0 || (cpu->state.cr4 & X86_CR4_OSFXSR) == 0)
    x86_raise (cpu, X86_UD);
  x86_raise (cpu, X86_NM);
}

void
vector_raise_avx (X86Cpu *cpu)
{
  if ((cpu->state.cr4 & X86_CR4_OSXSAVE) == 0 || (cpu->state.xcr0 & 6) != 6)
    x86_raise (cpu, X86_UD);
  x86_raise (cpu, X86_NM);
}

static _Noreturn void
vector_raise_exception (X86Cpu *cpu, uint32_t exception)
{
  if (exception == THUNK_X87_EXCEPTION)
    x86_raise (cpu, X86_MF);
  x86_raise (cpu, (cpu->state.cr4 & X86_CR4_OSXMMEXCPT) != 0 ? X86_XM : X86_UD);
}

static inline void
vector_check_alignment (X86Cpu *cpu, const X86Insn *insn, const Thunk *thunk, uint64_t ea)
{
  if (G_UNLIKELY (((ea + cpu->window[insn->segment].base) & thunk->alignment) != 0))
    x86_raise_code (cpu, X86_GP, 0);
}

static inline void
vector_run (X86Cpu *cpu, const X86Insn *insn, void *rm)
{
  const Thunk *thunk = insn->thunk;
  char *registers = (char *) cpu;
  uint32_t exception = thunk_call (thunk, fpu_unit_shares_mxcsr (cpu) ? 0 : thunk->exact_at,
                                   registers + insn->reg_at, rm, cpu->state.ymm[insn->vvvv],
                                   cpu->state.ymm[insn->imm >> 4 & 15], cpu);

  if (G_UNLIKELY (exception != 0))
    vector_raise_exception (cpu, exception);
}

static inline void
vector_run_load (X86Cpu *cpu, const X86Insn *insn)
{
  const Thunk *thunk = insn->thunk;
  uint8_t bounce[32] __attribute__ ((aligned (32)));
  uint64_t ea = x86_ea (cpu, insn);

  vector_check_alignment (cpu, insn, thunk, ea);
  vector_run (cpu, insn, (void *) vector_load (cpu, insn, ea, thunk->access, bounce));
}

static inline void
vector_run_store (X86Cpu *cpu, const X86Insn *insn)
{
  const Thunk *thunk = insn->thunk;
  uint8_t bounce[32] __attribute__ ((aligned (32)));
  uint64_t ea = x86_ea (cpu, insn);
  void *host;

  vector_check_alignment (cpu, insn, thunk, ea);
  host = vector_try_write (cpu, insn->segment, ea, thunk->access);
  if (G_LIKELY (host != NULL))
    {
      vector_run (cpu, insn, host);
      return;
    }
  x86_probe_store (cpu, insn->segment, ea, thunk->access);
  vector_run (cpu, insn, bounce);
  x86_store_bytes (cpu, insn->segment, ea, bounce, thunk->access);
}

static inline void
vector_run_registers (X86Cpu *cpu, const X86Insn *insn)
{
  vector_run (cpu, insn, (char *) cpu + insn->rm_at);
}

static inline void
vector_check_mixed (X86Cpu *cpu)
{
  vector_check_sse (cpu);
  fpu_unit_check_mmx (cpu);
}

/* CVTPI2PS and CVTPI2PD from memory: whether a pending x87 exception counts is up to the host. */
static inline void
vector_check_mixed_load (X86Cpu *cpu)
{
  vector_check_sse (cpu);
  fpu_unit_enter (cpu);
}

/* The ways to run a thunk: which registers it needs, and where its operand is. */
#define VECTOR_EXEC(family, check)                                                                 \
  static void vector_##family##_registers (X86Cpu *cpu, const X86Insn *insn)                       \
  {                                                                                                \
    check (cpu);                                                                                   \
    vector_run_registers (cpu, insn);                                                              \
  }                                                                                                \
  static void vector_##family##_load (X86Cpu *cpu, const X86Insn *insn)                            \
  {                                                                                                \
    check (cpu);                                                                                   \
    vector_run_load (cpu, insn);                                                                   \
  }                                                                                                \
  static void vector_##family##_store (X86Cpu *cpu, const X86Insn *insn)                           \
  {                                                                                                \
    check (cpu);                                                                                   \
    vector_run_store (cpu, insn);                                                                  \
  }

VECTOR_EXEC (sse, vector_check_sse)
VECTOR_EXEC (avx, vector_check_avx)
VECTOR_EXEC (mmx, fpu_unit_check_mmx)
VECTOR_EXEC (mixed, vector_check_mixed)
VECTOR_EXEC (mixed_load, vector_check_mixed_load)

/* One whose operand the guest's processor takes from anywhere, the host's perhaps not. */
static void
vector_sse_load_copied (X86Cpu *cpu, const X86Insn *insn)
{
  uint8_t copy[16] __attribute__ ((aligned (16)));

  vector_check_sse (cpu);
  x86_load_bytes (cpu, insn->segment, x86_ea (cpu, insn), copy, sizeof copy);
  vector_run (cpu, insn, copy);
}

static void
vector_mmx_store_top_first (X86Cpu *cpu, const X86Insn *insn)
{
  fpu_unit_check_mmx (cpu);
  fpu_unit_clear_top ();
  vector_run_store (cpu, insn);
}

/* VCVTPS2PH where it converts first: an exception is told even if its memory is not there. */
static void
vector_avx_store_converted (X86Cpu *cpu, const X86Insn *insn)
{
  const Thunk *thunk = insn->thunk;
  uint8_t converted[16];

  vector_check_avx (cpu);
  vector_run (cpu, insn, converted);
  x86_store_bytes (cpu, insn->segment, x86_ea (cpu, insn), converted, thunk->access);
}

enum
{
  FAMILY_SSE,
  FAMILY_AVX,
  FAMILY_MMX,
  FAMILY_MIXED,
  FAMILY_MIXED_LOAD
};
enum
{
  PLACE_REGISTERS,
  PLACE_LOAD,
  PLACE_STORE
};

static const X86Exec vector_exec[5][3] = {
  { vector_sse_registers, vector_sse_load, vector_sse_store },
  { vector_avx_registers, vector_avx_load, vector_avx_store },
  { vector_mmx_registers, vector_mmx_load, vector_mmx_store },
  { vector_mixed_registers, vector_mixed_load, vector_mixed_store },
  { vector_mixed_load_registers, vector_mixed_load_load, vector_mixed_load_store },
};

static bool
vector_op_is_general_rm (const VectorOp *op)
{
  return op->operands == VECTOR_G || op->operands == VECTOR_VG || op->operands == VECTOR_MG;
}

static bool
vector_op_uses_vvvv (const VectorOp *op)
{
  switch (op->operands)
    {
    case VECTOR_RVM:
    case VECTOR_RVMR:
    case VECTOR_MVR:
    case VECTOR_VG:
    case VECTOR_SHIFT:
      return true;
    default:
      return false;
    }
}

static unsigned
vector_access (const VectorThunk *thunk)
{
  unsigned full = thunk->mmx ? 8 : 16u << thunk->l;

  switch ((VectorMemory) thunk->op->memory)
    {
    case VECTOR_FULL:
      return full;
    case VECTOR_HALF:
      return full / 2;
    case VECTOR_QUARTER:
      return full / 4;
    case VECTOR_EIGHTH:
      return full / 8;
    case VECTOR_DUP:
      return thunk->l ? 32 : 8;
    case VECTOR_1:
      return 1;
    case VECTOR_2:
      return 2;
    case VECTOR_4:
      return 4;
    case VECTOR_8:
      return 8;
    case VECTOR_16:
      return 16;
    case VECTOR_GPR:
    case VECTOR_ELEMENT:
      break;
    }
  return thunk->w ? 8 : 4;
}

static const VectorOp *
vector_find (const X86Insn *insn)
{
  bool vex = (insn->prefixes & X86_PREFIX_VEX) != 0, memory = x86_insn_is_memory (insn);
  unsigned n, low = 0, high;
  const VectorOp *ops = vector_table_get (insn->map, &n);

  for (high = n; low < high;)
    {
      unsigned middle = (low + high) / 2;

      if (ops[middle].opcode < insn->opcode)
        low = middle + 1;
      else
        high = middle;
    }
  for (; low < n && ops[low].opcode == insn->opcode; low++)
    {
      const VectorOp *op = &ops[low];

      if ((op->flags & (1u << insn->pp)) != 0
          && (op->flags & (vex ? VECTOR_LEGACY : VECTOR_VEX)) == 0
          && (op->flags & (memory ? VECTOR_REG : VECTOR_MEM)) == 0
          && !(vex && insn->pp == 0 && (op->flags & VECTOR_MMX) != 0)
          && (op->operands != VECTOR_SHIFT || (op->group >> (insn->modrm >> 3 & 7) & 1) != 0))
        return op;
    }
  return NULL;
}

static bool
vector_has_features (const VectorOp *op, uint32_t features, bool vex, bool l)
{
  if (!x86_features_have (features, op->feature))
    return false;
  if (!vex)
    return true;
  if (!x86_features_have (features, X86_FEATURE_AVX))
    return false;
  if (l && (op->flags & VECTOR_INTEGER) != 0)
    return x86_features_have (features, X86_FEATURE_AVX2);
  if (l && op->feature == X86_FEATURE_AES)
    return x86_features_have (features, X86_FEATURE_VAES);
  return !(l && op->feature == X86_FEATURE_PCLMUL)
         || x86_features_have (features, X86_FEATURE_VPCLMUL);
}

/* Whether the fields of the encoding are allowed; decides which W and L to emit. */
static bool
vector_choose_form (VectorThunk *thunk, const X86Cpu *cpu, const X86Insn *insn)
{
  uint32_t flags = thunk->op->flags;
  bool w = (insn->prefixes & X86_PREFIX_REX_W) != 0;

  if ((insn->prefixes & X86_PREFIX_LOCK) != 0)
    return false;
  thunk->vex = (insn->prefixes & X86_PREFIX_VEX) != 0;
  thunk->memory = x86_insn_is_memory (insn);
  thunk->mmx = (flags & VECTOR_MMX) != 0 && insn->pp == 0;
  thunk->pp = insn->pp;
  thunk->map = insn->map;
  thunk->extension = thunk->mm_reg = insn->modrm >> 3 & 7;
  thunk->mm_rm = insn->modrm & 7;
  if (thunk->vex
      && (((flags & VECTOR_W0) != 0 && w) || ((flags & VECTOR_W1) != 0 && !w)
          || ((flags & VECTOR_L0) != 0 && insn->vex_l) || ((flags & VECTOR_L1) != 0 && !insn->vex_l)
          || (!vector_op_uses_vvvv (thunk->op) && insn->vvvv != 0)))
    return false;
  if (thunk->vex && w && !x86_is_code64 (cpu) && insn->map == X86_MAP_0F3A
      && thunk->op->memory == VECTOR_GPR && x86_vpinsrq_demands_64 (cpu))
    return false;
  thunk->l = thunk->vex && (flags & VECTOR_SCALAR) == 0 && insn->vex_l;
  if ((flags & VECTOR_GW) != 0)
    thunk->w = w && x86_is_code64 (cpu);
  else
    thunk->w = thunk->vex && (flags & (VECTOR_W | VECTOR_W1)) != 0 && w;
  return vector_has_features (thunk->op, cpu->features, thunk->vex, thunk->l);
}

/* mov between vector register number reg and memory at host register base (3 bits). */
static void
vector_emit_move (VectorThunk *thunk, bool store, bool whole, unsigned reg, unsigned base)
{
  if (thunk->vex)
    {
      thunk_byte (&thunk->builder, 0xc5);
      thunk_byte (&thunk->builder, whole ? 0xfc : 0xf8);
    }
  else
    thunk_byte (&thunk->builder, 0x0f);
  thunk_byte (&thunk->builder, store ? 0x11 : 0x10);
  thunk_byte (&thunk->builder, (uint8_t) (reg << 3 | base));
}

static void
vector_emit_general_move (VectorThunk *thunk, bool store, unsigned base)
{
  const uint8_t code[] = { 0x48, store ? 0x89 : 0x8b, (uint8_t) base };

  thunk_bytes (&thunk->builder, code, sizeof code);
}

/* prefix bytes, then opcode, with register reg and memory at offset of X86Cpu. */
static void
vector_emit_cpu (VectorThunk *thunk, unsigned n, const uint8_t *code, unsigned reg, uint32_t offset)
{
  thunk_bytes (&thunk->builder, code, n);
  thunk_cpu_operand (&thunk->builder, reg, offset);
}

static void
vector_emit_loads (VectorThunk *thunk)
{
  static const uint8_t move_general[] = { 0x49, 0x8b }, move_xmm0[] = { 0x41, 0x0f, 0x10 };
  static const uint8_t ldmxcsr[] = { 0x41, 0x0f, 0xae };
  const VectorOp *op = thunk->op;

  if (!thunk->mmx && op->operands != VECTOR_GM && op->operands != VECTOR_QX
      && (!thunk->vex || op->feature == X86_FEATURE_FMA || op->operands == VECTOR_MR
          || op->operands == VECTOR_MVR || op->operands == VECTOR_CMP || op->operands == VECTOR_MG
          || op->operands == VECTOR_STRI || op->operands == VECTOR_STRM))
    vector_emit_move (thunk, false, thunk->l, 1, THUNK_REG);
  if (!thunk->memory && vector_op_is_general_rm (op) && op->operands != VECTOR_MG)
    vector_emit_general_move (thunk, false, THUNK_RM);
  if (!thunk->memory && !thunk->mmx && !vector_op_is_general_rm (op) && op->operands != VECTOR_XQ)
    vector_emit_move (thunk, false, thunk->l, 2, THUNK_RM);
  if (thunk->vex && vector_op_uses_vvvv (op) && op->operands != VECTOR_SHIFT)
    vector_emit_move (thunk, false, thunk->l, 3, THUNK_VVVV);
  if (op->operands == VECTOR_RVMR)
    vector_emit_move (thunk, false, thunk->l, 4, THUNK_IS4);
  if (op->operands == VECTOR_RM0)
    vector_emit_cpu (thunk, sizeof move_xmm0, move_xmm0, 0, AT (state.ymm[0]));
  if ((op->operands == VECTOR_STRI || op->operands == VECTOR_STRM) && (op->flags & VECTOR_GW) != 0)
    {
      vector_emit_cpu (thunk, sizeof move_general, move_general, 0, AT (state.gpr[X86_RAX]));
      vector_emit_cpu (thunk, sizeof move_general, move_general, 2, AT (state.gpr[X86_RDX]));
    }
  if (thunk->exact)
    vector_emit_cpu (thunk, sizeof ldmxcsr, ldmxcsr, 2, AT (state.mxcsr));
}

static void
vector_emit_operation (VectorThunk *thunk, const X86Insn *insn)
{
  static const uint8_t prefix[] = { 0, 0x66, 0xf3, 0xf2 };
  const VectorOp *op = thunk->op;
  ThunkBuilder *builder = &thunk->builder;
  unsigned reg = thunk->mmx || op->operands == VECTOR_QX ? thunk->mm_reg : 1;
  unsigned rm = thunk->mmx || op->operands == VECTOR_XQ ? thunk->mm_rm : 2;

  if (op->operands == VECTOR_GM)
    reg = 0;
  if (op->operands == VECTOR_SHIFT)
    reg = thunk->extension;
  if (vector_op_is_general_rm (op))
    rm = 0;
  if (thunk->vex)
    {
      unsigned vvvv = vector_op_uses_vvvv (op) ? 3 : 0;

      thunk_byte (builder, 0xc4);
      thunk_byte (builder, 0xe0 | thunk->map);
      thunk_byte (builder,
                  (uint8_t) (thunk->w << 7 | (~vvvv & 15) << 3 | thunk->l << 2 | thunk->pp));
    }
  else
    {
      if (thunk->pp != 0)
        thunk_byte (builder, prefix[thunk->pp]);
      if (thunk->w)
        thunk_byte (builder, 0x48);
      thunk_byte (builder, 0x0f);
      if (thunk->map != X86_MAP_0F)
        thunk_byte (builder, thunk->map == X86_MAP_0F38 ? 0x38 : 0x3a);
    }
  thunk_byte (builder, op->opcode);
  thunk_byte (builder, (uint8_t) (thunk->memory ? reg << 3 | THUNK_RM : 0xc0 | reg << 3 | rm));
  if (op->operands == VECTOR_RVMR)
    thunk_byte (builder, 4 << 4);
  else if ((op->flags & VECTOR_IMM) != 0)
    thunk_byte (builder, (uint8_t) insn->imm);
}

static void
vector_emit_stores (VectorThunk *thunk)
{
  static const uint8_t store_general[] = { 0x49, 0x89 }, store_flags[] = { 0x41, 0x89 };
  static const uint8_t store_xmm0[] = { 0x41, 0x0f, 0x11 },
                       store_ymm0[] = { 0xc4, 0xc1, 0x7c, 0x11 };
  static const uint8_t capture_flags[] = { 0x9f, 0x0f, 0x90, 0xc0, 0x0f, 0xb7, 0xc0 };
  const VectorOp *op = thunk->op;

  switch ((VectorOperands) op->operands)
    {
    case VECTOR_RM:
    case VECTOR_RVM:
    case VECTOR_RVMR:
    case VECTOR_RM0:
    case VECTOR_G:
    case VECTOR_VG:
    case VECTOR_XQ:
      if (!thunk->mmx)
        vector_emit_move (thunk, true, true, 1, THUNK_REG);
      break;
    case VECTOR_MR:
    case VECTOR_MVR:
      if (!thunk->memory && !thunk->mmx)
        vector_emit_move (thunk, true, true, 2, THUNK_RM);
      break;
    case VECTOR_SHIFT:
      if (thunk->vex)
        vector_emit_move (thunk, true, true, 3, THUNK_VVVV);
      else if (!thunk->mmx)
        vector_emit_move (thunk, true, true, 2, THUNK_RM);
      break;
    case VECTOR_GM:
      vector_emit_general_move (thunk, true, THUNK_REG);
      break;
    case VECTOR_MG:
      if (!thunk->memory)
        vector_emit_general_move (thunk, true, THUNK_RM);
      break;
    case VECTOR_STRI:
      vector_emit_cpu (thunk, sizeof store_general, store_general, 1, AT (state.gpr[X86_RCX]));
      break;
    case VECTOR_STRM:
      if (thunk->vex)
        vector_emit_cpu (thunk, sizeof store_ymm0, store_ymm0, 0, AT (state.ymm[0]));
      else
        vector_emit_cpu (thunk, sizeof store_xmm0, store_xmm0, 0, AT (state.ymm[0]));
      break;
    case VECTOR_CMP:
    case VECTOR_QX:
      break;
    }
  if (op->operands == VECTOR_CMP || op->operands == VECTOR_STRI || op->operands == VECTOR_STRM)
    {
      thunk_bytes (&thunk->builder, capture_flags, sizeof capture_flags);
      vector_emit_cpu (thunk, sizeof store_flags, store_flags, 0, AT (cc));
    }
}

static void
vector_emit_end (VectorThunk *thunk)
{
  static const uint8_t stmxcsr[] = { 0x41, 0x0f, 0xae };
  /* mov dword [rsp-8], 1F80h; ldmxcsr [rsp-8] */
  static const uint8_t default_mxcsr[]
    = { 0xc7, 0x44, 0x24, 0xf8, 0x80, 0x1f, 0, 0, 0x0f, 0xae, 0x54, 0x24, 0xf8 };
  static const uint8_t vzeroupper[] = { 0xc5, 0xf8, 0x77 }, end[] = { 0x31, 0xc0, 0xc3 };

  if (thunk->exact)
    {
      vector_emit_cpu (thunk, sizeof stmxcsr, stmxcsr, 3, AT (state.mxcsr));
      thunk_bytes (&thunk->builder, default_mxcsr, sizeof default_mxcsr);
    }
  if (thunk->l)
    thunk_bytes (&thunk->builder, vzeroupper, sizeof vzeroupper);
  thunk_bytes (&thunk->builder, end, sizeof end);
}

static void
vector_emit (VectorThunk *thunk, const X86Insn *insn)
{
  vector_emit_loads (thunk);
  vector_emit_operation (thunk, insn);
  vector_emit_stores (thunk);
  vector_emit_end (thunk);
}

static bool
vector_takes_unaligned (const X86Cpu *cpu, const X86Insn *insn, const VectorOp *op)
{
  return op->feature == X86_FEATURE_SHA && x86_insn_is_memory (insn)
         && x86_sha_takes_unaligned (cpu);
}

bool
vector_get_shape (const X86Insn *insn, VectorShape *shape)
{
  const VectorOp *op = vector_find (insn);

  if (op == NULL)
    return false;
  shape->operands = op->operands;
  shape->mmx = (op->flags & VECTOR_MMX) != 0 && insn->pp == 0;
  shape->w = (insn->prefixes & X86_PREFIX_REX_W) != 0;
  shape->general_w = (op->flags & VECTOR_GW) != 0;
  shape->obeys_mxcsr = (op->flags & VECTOR_MXCSR) != 0;
  shape->copied = insn->exec == vector_sse_load_copied || insn->exec == vector_avx_store_converted;
  return true;
}

static void
vector_bind_registers (X86Insn *insn, const VectorOp *op)
{
  insn->reg_at = op->operands == VECTOR_GM ? offsetof (X86Cpu, state.gpr) + 8u * insn->reg
                                           : offsetof (X86Cpu, state.ymm) + 32u * insn->reg;
  insn->rm_at = vector_op_is_general_rm (op) ? offsetof (X86Cpu, state.gpr) + 8u * insn->rm
                                             : offsetof (X86Cpu, state.ymm) + 32u * insn->rm;
}

bool
vector_bind (const X86Cpu *cpu, X86Insn *insn)
{
  VectorThunk thunk = { .op = vector_find (insn) };
  const VectorOp *op = thunk.op;
  unsigned family, place;

  if (op == NULL || !vector_choose_form (&thunk, cpu, insn))
    return false;
  thunk.builder.head.access = (uint8_t) vector_access (&thunk);
  if (thunk.memory
      && ((op->flags & VECTOR_ALIGNED) != 0 || (!thunk.vex && (op->flags & VECTOR_UNALIGNED) == 0))
      && !vector_takes_unaligned (cpu, insn, op) && thunk.builder.head.access >= 16)
    thunk.builder.head.alignment = (uint8_t) (thunk.builder.head.access - 1);
  vector_emit (&thunk, insn);
  if ((op->flags & VECTOR_MXCSR) != 0)
    {
      thunk.exact = true;
      thunk.builder.head.exact_at = thunk.builder.head.length;
      vector_emit (&thunk, insn);
    }
  insn->thunk = thunk_finish (&thunk.builder);
  if (insn->thunk == NULL)
    return false;

  vector_bind_registers (insn, op);
  if (op->operands == VECTOR_RVMR && !x86_is_code64 (cpu))
    insn->imm &= 0x7f;
  if (op->operands == VECTOR_XQ || op->operands == VECTOR_QX)
    family = thunk.memory && op->operands == VECTOR_XQ ? FAMILY_MIXED_LOAD : FAMILY_MIXED;
  else
    family = thunk.vex ? FAMILY_AVX : thunk.mmx ? FAMILY_MMX : FAMILY_SSE;
  if (!thunk.memory)
    place = PLACE_REGISTERS;
  else
    place = op->operands == VECTOR_MR || op->operands == VECTOR_MG ? PLACE_STORE : PLACE_LOAD;
  insn->exec = vector_exec[family][place];
  if (vector_takes_unaligned (cpu, insn, op))
    insn->exec = vector_sse_load_copied;
  else if (place == PLACE_STORE && family == FAMILY_MMX && x86_mmx_stores_clear_top_first (cpu))
    insn->exec = vector_mmx_store_top_first;
  else if (place == PLACE_STORE && (op->flags & VECTOR_MXCSR) != 0
           && x86_converts_before_store (cpu))
    insn->exec = vector_avx_store_converted;
  else
    vector_direct_bind (cpu, insn);
  return true;
}
