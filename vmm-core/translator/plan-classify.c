/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What becomes of an instruction: its kind, its operands, and the status flags it reads and writes
 * (SDM 1, appendix A). A kind of PLAN_INTERPRET is always right. */
#include "plan.h"

#include "translator-cpu.h"
#include "vmm-core/x86/opcode.h"
#include "vmm-core/x86/thunk.h"
#include "vmm-core/x86/vector.h"

#define ALL ((uint16_t) X86_FLAGS_STATUS)
#define CF X86_FLAG_CF
#define RW (PLAN_READ | PLAN_WRITE)

static const uint16_t condition_reads[8] = {
  X86_FLAG_OF,
  X86_FLAG_CF,
  X86_FLAG_ZF,
  X86_FLAG_CF | X86_FLAG_ZF,
  X86_FLAG_SF,
  X86_FLAG_PF,
  X86_FLAG_SF | X86_FLAG_OF,
  X86_FLAG_SF | X86_FLAG_OF | X86_FLAG_ZF,
};

static void
set_kind (PlanInsn *p, PlanKind kind, uint16_t flags_read, uint16_t flags_written)
{
  p->kind = kind;
  p->flags_read = flags_read;
  p->flags_written = flags_written;
  p->flags_undefined = 0;
}

static void
set_integer (PlanInsn *p, unsigned reg, unsigned rm, uint16_t flags_read, uint16_t flags_written)
{
  set_kind (p, PLAN_INTEGER, flags_read, flags_written);
  p->reg = reg;
  p->rm = rm;
  p->size = p->insn.attributes & (X86_OP_BYTE | X86_OP_BYTE_RM) ? 1 : p->insn.op_size;
}

/* add, or, adc, sbb, and, sub, xor, cmp */
static uint16_t
alu_reads (unsigned row)
{
  return row == 2 || row == 3 ? CF : 0;
}

static unsigned
alu_destination (unsigned row)
{
  return row == 7 ? PLAN_READ : RW;
}

static void
set_multiply (PlanInsn *p, unsigned reg)
{
  set_integer (p, reg, PLAN_READ, 0, ALL);
  p->flags_undefined = ALL & ~(CF | X86_FLAG_OF);
}

static void
classify_shift (PlanInsn *p)
{
  unsigned extension = p->insn.modrm >> 3 & 7;
  bool by_cl = p->insn.opcode == 0xd2 || p->insn.opcode == 0xd3;
  bool by_one = p->insn.opcode == 0xd0 || p->insn.opcode == 0xd1;
  bool wide = p->insn.op_size == 8 && !(p->insn.attributes & X86_OP_BYTE);
  unsigned count = by_one ? 1 : p->insn.imm & (wide ? 63 : 31);
  uint16_t carry = extension == 2 || extension == 3 ? CF : 0;

  if (by_cl)
    set_integer (p, 0, RW, ALL, ALL);
  else if (count == 0)
    set_integer (p, 0, RW, ALL, 0);
  else
    set_integer (p, 0, RW, carry, extension < 4 ? CF | X86_FLAG_OF : ALL);
  if (!by_cl && count > 1 && extension < 2)
    p->flags_undefined = X86_FLAG_OF;
}

static void
classify_group3 (PlanInsn *p)
{
  switch (p->insn.modrm >> 3 & 7)
    {
    case 0:
    case 1:
      set_integer (p, 0, PLAN_READ, 0, ALL);
      break;
    case 2:
      set_integer (p, 0, RW, 0, 0);
      break;
    case 3:
      set_integer (p, 0, RW, 0, ALL);
      break;
    case 4:
    case 5:
      set_multiply (p, 0);
      break;
    default:
      if (!(p->insn.attributes & X86_OP_BYTE))
        {
          set_kind (p, PLAN_DIVIDE, 0, 0);
          p->rm = PLAN_READ;
          p->size = p->insn.op_size;
        }
      break;
    }
}

static bool
is_supervisor (uint32_t key)
{
  return !(key & (X86_MODE_USER | X86_MODE_VM86));
}

static bool
is_view_ac (uint32_t key)
{
  return translator_view_of_key (key) == X86_VIEW_SUPERVISOR_AC;
}

/* Instructions that end the interpreter's blocks because they go elsewhere, or may. */
static bool
leaves (const X86Insn *insn)
{
  unsigned extension = insn->modrm >> 3 & 7;

  if (insn->map == X86_MAP_PRIMARY)
    switch (insn->opcode)
      {
      case 0x9a:
      case 0xca ... 0xcf:
      case 0xea:
      case 0xf1:
      case 0xf4:
        return true;
      case 0xff:
        return extension == 3 || extension == 5;
      }
  else if (insn->map == X86_MAP_0F)
    return insn->opcode == 0x05 || insn->opcode == 0x07 || insn->opcode == 0x34
           || insn->opcode == 0x35;
  return false;
}

/* Calls, jumps and the stack: translated in flat code of the usual size only. */
static void
classify_flow (PlanInsn *p, PlanKind kind, uint32_t key)
{
  unsigned size = key & X86_MODE_CODE64 ? 8 : key & X86_MODE_CODE32 ? 4 : 2;
  bool stack = kind == PLAN_PUSH || kind == PLAN_POP || kind == PLAN_PUSHF || kind == PLAN_POPF;

  /* In 32-bit and 16-bit code the stack takes both. */
  if (p->insn.op_size != size && !(stack && size < 8))
    return;
  if ((key & X86_MODE_VM86) && (kind == PLAN_PUSHF || kind == PLAN_POPF))
    return;
  set_kind (p, kind, kind == PLAN_CONDITIONAL ? condition_reads[p->insn.opcode >> 1 & 7] : 0, 0);
  p->size = size;
}

static void
classify_group5 (PlanInsn *p, uint32_t key)
{
  switch (p->insn.modrm >> 3 & 7)
    {
    case 0:
    case 1:
      set_integer (p, 0, RW, 0, ALL & ~CF);
      break;
    case 2:
      classify_flow (p, PLAN_CALL_INDIRECT, key);
      break;
    case 4:
      classify_flow (p, PLAN_JUMP_INDIRECT, key);
      break;
    case 6:
      classify_flow (p, PLAN_PUSH, key);
      break;
    }
}

static void
classify_primary (PlanInsn *p, uint32_t key)
{
  unsigned op = p->insn.opcode;
  unsigned row = op >> 3;

  if (op < 0x40)
    {
      if ((op & 7) < 2)
        set_integer (p, PLAN_READ, alu_destination (row), alu_reads (row), ALL);
      else if ((op & 7) < 4)
        set_integer (p, alu_destination (row), PLAN_READ, alu_reads (row), ALL);
      else if ((op & 7) < 6)
        set_kind (p, PLAN_RAW, alu_reads (row), ALL);
      return;
    }
  switch (op)
    {
    case 0x40 ... 0x4f:
      set_integer (p, 0, RW, 0, ALL & ~CF);
      break;
    case 0x50 ... 0x57:
    case 0x68:
    case 0x6a:
      classify_flow (p, PLAN_PUSH, key);
      break;
    case 0x58 ... 0x5f:
      classify_flow (p, PLAN_POP, key);
      break;
    case 0x63:
      if (key & X86_MODE_CODE64)
        {
          set_integer (p, PLAN_WRITE, PLAN_READ, 0, 0);
          p->size = MIN (p->insn.op_size, 4);
        }
      break;
    case 0x69:
    case 0x6b:
      set_multiply (p, PLAN_WRITE);
      break;
    case 0x70 ... 0x7f:
      classify_flow (p, PLAN_CONDITIONAL, key);
      break;
    case 0x80 ... 0x83:
      row = p->insn.modrm >> 3 & 7;
      set_integer (p, 0, alu_destination (row), alu_reads (row), ALL);
      break;
    case 0x84:
    case 0x85:
      set_integer (p, PLAN_READ, PLAN_READ, 0, ALL);
      break;
    case 0x86:
    case 0x87:
      set_integer (p, RW, RW, 0, 0);
      break;
    case 0x88:
    case 0x89:
      set_integer (p, PLAN_READ, PLAN_WRITE, 0, 0);
      break;
    case 0x8a:
    case 0x8b:
      set_integer (p, PLAN_WRITE, PLAN_READ, 0, 0);
      break;
    case 0x8d:
      set_kind (p, PLAN_LEA, 0, 0);
      break;
    case 0x90:
      if (p->flow == X86_FLOW_NEXT && p->insn.rm_at == 0)
        set_kind (p, PLAN_NOTHING, 0, 0);
      else if (p->flow == X86_FLOW_NEXT)
        set_integer (p, RW, RW, 0, 0);
      break;
    case 0x91 ... 0x97:
      set_integer (p, RW, RW, 0, 0);
      break;
    case 0x98:
    case 0x99:
      set_kind (p, PLAN_RAW, 0, 0);
      break;
    case 0x9e:
      set_kind (p, PLAN_RAW, 0, ALL & ~X86_FLAG_OF);
      break;
    case 0x9f:
      set_kind (p, PLAN_RAW, ALL & ~X86_FLAG_OF, 0);
      break;
    case 0xa0:
    case 0xa1:
      set_integer (p, PLAN_WRITE, PLAN_READ, 0, 0);
      break;
    case 0xa2:
    case 0xa3:
      set_integer (p, PLAN_READ, PLAN_WRITE, 0, 0);
      break;
    case 0xa8:
    case 0xa9:
      set_kind (p, PLAN_RAW, 0, ALL);
      break;
    case 0xb0 ... 0xbf:
    case 0xc6:
    case 0xc7:
      set_integer (p, 0, PLAN_WRITE, 0, 0);
      break;
    case 0xc0:
    case 0xc1:
    case 0xd0 ... 0xd3:
      classify_shift (p);
      break;
    case 0xc2:
    case 0xc3:
      classify_flow (p, PLAN_RETURN, key);
      break;
    case 0x8c:
      if (p->insn.reg <= X86_GS)
        set_kind (p, PLAN_READ_SEGMENT, 0, 0);
      break;
    case 0x9c:
      classify_flow (p, PLAN_PUSHF, key);
      if (p->kind == PLAN_PUSHF)
        p->flags_read = ALL;
      break;
    case 0x9d:
      if (is_supervisor (key) && p->insn.op_size >= 4)
        classify_flow (p, PLAN_POPF, key);
      if (p->kind == PLAN_POPF)
        p->flags_written = ALL;
      break;
    case 0xa4:
    case 0xa5:
    case 0xaa ... 0xad:
      if (p->flow == X86_FLOW_NEXT && (key & X86_MODE_FLAT) && p->insn.addr_size >= 4)
        set_kind (p, PLAN_STRING, 0, 0);
      else if (op < 0xac && (key & X86_MODE_CODE64) && p->insn.addr_size == 8
               && p->insn.segment < X86_FS)
        set_kind (p, PLAN_REPEAT, 0, 0);
      break;
    case 0xc9:
      classify_flow (p, PLAN_LEAVE, key);
      break;
    case 0xe2:
    case 0xe3:
      classify_flow (p, PLAN_COUNT, key);
      break;
    case 0xe8:
      classify_flow (p, PLAN_CALL, key);
      break;
    case 0xe9:
    case 0xeb:
      classify_flow (p, PLAN_JUMP, key);
      break;
    case 0xf5:
      set_kind (p, PLAN_RAW, CF, CF);
      break;
    case 0xf6:
    case 0xf7:
      classify_group3 (p);
      break;
    case 0xf8:
    case 0xf9:
      set_kind (p, PLAN_RAW, 0, CF);
      break;
    case 0xfa:
      if (is_supervisor (key))
        set_kind (p, PLAN_CLI, 0, 0);
      break;
    case 0xfb:
      if (is_supervisor (key))
        set_kind (p, PLAN_STI, 0, 0);
      break;
    case 0xfc:
    case 0xfd:
      set_kind (p, PLAN_DIRECTION, 0, 0);
      break;
    case 0xfe:
    case 0xff:
      classify_group5 (p, key);
      break;
    }
}

static void
classify_0f (PlanInsn *p, uint32_t key)
{
  unsigned op = p->insn.opcode;
  bool memory = x86_insn_is_memory (&p->insn);
  unsigned extension = p->insn.modrm >> 3 & 7;

  switch (op)
    {
    case 0x01:
      if (p->insn.modrm == 0xf8 && (key & X86_MODE_CODE64) && is_supervisor (key))
        set_kind (p, PLAN_SWAPGS, 0, 0);
      else if ((p->insn.modrm == 0xca || p->insn.modrm == 0xcb) && (key & TRANSLATOR_SMAP)
               && (key & X86_MODE_CODE64))
        set_kind (p, (p->insn.modrm == 0xcb) == is_view_ac (key) ? PLAN_NOTHING : PLAN_CHANGE_VIEW,
                  0, 0);
      else if (p->insn.modrm == 0xee)
        set_kind (p, PLAN_READ_KEYS, 0, 0);
      else if (p->insn.modrm == 0xf9)
        set_kind (p, PLAN_READ_TSC, 0, 0);
      break;
    case 0x0d:
      if (memory)
        set_kind (p, PLAN_NOTHING, 0, 0);
      break;
    case 0x18 ... 0x1f:
      set_kind (p, PLAN_NOTHING, 0, 0);
      break;
    case 0x20:
      if ((key & X86_MODE_CODE64) && is_supervisor (key)
          && (p->insn.reg == 0 || (p->insn.reg >= 2 && p->insn.reg <= 4)))
        set_kind (p, PLAN_READ_CONTROL, 0, 0);
      break;
    case 0x31:
      set_kind (p, PLAN_READ_TSC, 0, 0);
      break;
    case 0x40 ... 0x4f:
      set_integer (p, RW, PLAN_READ, condition_reads[op >> 1 & 7], 0);
      break;
    case 0x80 ... 0x8f:
      classify_flow (p, PLAN_CONDITIONAL, key);
      break;
    case 0x90 ... 0x9f:
      set_integer (p, 0, PLAN_WRITE, condition_reads[op >> 1 & 7], 0);
      break;
    case 0xa3:
    case 0xab:
    case 0xb3:
    case 0xbb:
      if (memory && p->insn.addr_size == 2)
        break;
      set_integer (p, PLAN_READ, op == 0xa3 ? PLAN_READ : RW, 0, CF);
      /* In memory the bit may lie far from the address. */
      if (memory)
        p->kind = PLAN_BIT_STRING;
      break;
    case 0xa4:
    case 0xac:
      set_integer (p, PLAN_READ, RW, ALL, ALL);
      break;
    case 0xa5:
    case 0xad:
      set_integer (p, PLAN_READ, RW, ALL, ALL);
      break;
    case 0xae:
      if (!memory && extension >= 5)
        set_kind (p, PLAN_RAW, 0, 0);
      else if (!memory && extension < 4 && (key & X86_MODE_CODE64))
        set_kind (p, PLAN_SEGMENT_BASE, 0, 0);
      break;
    case 0xaf:
      set_multiply (p, RW);
      break;
    case 0xb0:
    case 0xb1:
      set_integer (p, PLAN_READ, RW, 0, ALL);
      break;
    case 0xb6:
    case 0xbe:
      set_integer (p, PLAN_WRITE, PLAN_READ, 0, 0);
      break;
    case 0xb7:
    case 0xbf:
      set_integer (p, PLAN_WRITE, PLAN_READ, 0, 0);
      p->size = 2;
      break;
    case 0xb8:
      set_integer (p, PLAN_WRITE, PLAN_READ, 0, ALL);
      break;
    case 0xba:
      set_integer (p, 0, extension == 4 ? PLAN_READ : RW, 0, CF);
      break;
    case 0xbc:
    case 0xbd:
      /* BSF and BSR of 0 leave the destination alone. */
      if (p->insn.prefixes & X86_PREFIX_REP)
        set_integer (p, PLAN_WRITE, PLAN_READ, 0, CF | X86_FLAG_ZF);
      else
        {
          set_integer (p, RW, PLAN_READ, 0, ALL);
          p->flags_undefined = ALL & ~X86_FLAG_ZF;
        }
      break;
    case 0xc0:
    case 0xc1:
      set_integer (p, RW, RW, 0, ALL);
      break;
    case 0xc3:
      if (p->insn.thunk == NULL && memory)
        set_integer (p, PLAN_READ, PLAN_WRITE, 0, 0);
      break;
    case 0xc7:
      if (memory && extension == 1)
        {
          set_integer (p, 0, RW, 0, X86_FLAG_ZF);
          p->size = p->insn.op_size == 8 ? 16 : 8;
          p->alignment = p->size == 16 ? 15 : 0;
        }
      break;
    case 0xc8 ... 0xcf:
      if (p->insn.op_size >= 4)
        set_integer (p, 0, RW, 0, 0);
      break;
    }
}

static void
classify_0f38 (PlanInsn *p)
{
  unsigned op = p->insn.opcode;

  if ((op == 0xf0 || op == 0xf1) && p->insn.pp == 3)
    {
      set_integer (p, RW, PLAN_READ, 0, 0);
      if (op == 0xf0)
        p->size = 1;
    }
  else if (op == 0xf0)
    set_integer (p, PLAN_WRITE, PLAN_READ, 0, 0);
  else if (op == 0xf1)
    set_integer (p, PLAN_READ, PLAN_WRITE, 0, 0);
  else if (op == 0xf6)
    set_integer (p, RW, PLAN_READ, p->insn.pp == 1 ? CF : X86_FLAG_OF,
                 p->insn.pp == 1 ? CF : X86_FLAG_OF);
}

/* BMI1 and BMI2 */
static void
classify_vex_integer (PlanInsn *p)
{
  switch (p->insn.opcode)
    {
    case 0xf0: /* RORX */
      set_integer (p, PLAN_WRITE, PLAN_READ, 0, 0);
      break;
    case 0xf2:
      set_integer (p, PLAN_WRITE, PLAN_READ, 0, ALL);
      break;
    case 0xf3:
      set_integer (p, 0, PLAN_READ, 0, ALL);
      break;
    case 0xf5:
      set_integer (p, PLAN_WRITE, PLAN_READ, 0, p->insn.pp == 0 ? ALL : 0);
      break;
    case 0xf6:
      set_integer (p, PLAN_WRITE, PLAN_READ, 0, 0);
      break;
    case 0xf7:
      set_integer (p, PLAN_WRITE, PLAN_READ, 0, p->insn.pp == 0 ? ALL : 0);
      break;
    }
}

static bool
x87_stores (unsigned opcode, unsigned extension)
{
  switch (opcode)
    {
    case 0xd9:
      return extension == 2 || extension == 3 || extension == 7;
    case 0xdb:
    case 0xdf:
      return (extension >= 1 && extension <= 3) || extension == 7
             || (opcode == 0xdf && extension == 6);
    case 0xdd:
      return (extension >= 1 && extension <= 3) || extension == 7;
    default:
      return false;
    }
}

static void
classify_x87 (PlanInsn *p, uint32_t key)
{
  const Thunk *thunk = p->insn.thunk;
  unsigned op = p->insn.opcode, modrm = p->insn.modrm, extension = modrm >> 3 & 7;
  bool memory = x86_insn_is_memory (&p->insn);
  bool control = memory && (op == 0xd9 || op == 0xdd) && extension == 7; /* FNSTCW, FNSTSW */

  if (key & TRANSLATOR_NO_X87)
    return;
  if (op == 0x9b)
    {
      set_kind (p, PLAN_NOTHING, 0, 0);
      return;
    }
  if (thunk == NULL && !control && !(op == 0xdf && modrm == 0xe0))
    return;
  set_kind (p, PLAN_X87, 0, 0);
  if (memory)
    {
      p->size = control ? 2 : thunk->access;
      p->rm = x87_stores (op, extension) ? PLAN_WRITE : PLAN_READ;
    }
  else if ((op == 0xda || op == 0xdb) && modrm < 0xe0)
    p->flags_read = CF | X86_FLAG_ZF | X86_FLAG_PF;
  else if ((op == 0xdb || op == 0xdf) && modrm >= 0xe8)
    p->flags_written = CF | X86_FLAG_ZF | X86_FLAG_PF;
}

static void
classify_vector (PlanInsn *p, uint32_t key)
{
  bool vex = (p->insn.prefixes & X86_PREFIX_VEX) != 0;
  bool zero_upper = vex && p->insn.map == X86_MAP_0F && p->insn.opcode == 0x77;
  const Thunk *thunk = p->insn.thunk;
  VectorShape shape;

  if (key & (vex ? TRANSLATOR_NO_AVX : TRANSLATOR_NO_SSE))
    return;
  if (zero_upper)
    {
      /* Other code leaves the registers 8 to 15 alone. */
      if (key & X86_MODE_CODE64)
        set_kind (p, PLAN_VECTOR, 0, 0);
      return;
    }
  if (thunk == NULL || !vector_get_shape (&p->insn, &shape) || shape.operands == VECTOR_XQ
      || shape.operands == VECTOR_QX || shape.copied
      || (shape.obeys_mxcsr && (key & TRANSLATOR_SIMD_EXACT))
      || (shape.mmx && (key & TRANSLATOR_NO_X87)))
    return;
  set_kind (p, shape.mmx ? PLAN_X87 : PLAN_VECTOR, 0, 0);
  p->size = thunk->access;
  p->alignment = thunk->alignment;
  p->rm = shape.operands == VECTOR_MR || shape.operands == VECTOR_MVR || shape.operands == VECTOR_MG
            ? PLAN_WRITE
            : PLAN_READ;
  if (shape.operands == VECTOR_CMP || shape.operands == VECTOR_STRI
      || shape.operands == VECTOR_STRM)
    p->flags_written = ALL;
}

void
plan_leave_to_interpreter (PlanInsn *p)
{
  /* It sees all flags and may leave with them. */
  set_kind (p, p->flow == X86_FLOW_BRANCH || leaves (&p->insn) ? PLAN_END : PLAN_INTERPRET, ALL, 0);
  p->reg = p->rm = p->size = p->alignment = 0;
}

void
plan_classify (PlanInsn *p, uint32_t key)
{
  plan_leave_to_interpreter (p);
  if (p->insn.attributes & X86_OP_FPU)
    {
      if (p->insn.map == X86_MAP_PRIMARY)
        classify_x87 (p, key);
      else if (p->insn.map == X86_MAP_0F && p->insn.opcode == 0xc3)
        classify_0f (p, key);
      else
        classify_vector (p, key);
    }
  else if (p->insn.prefixes & X86_PREFIX_VEX)
    classify_vex_integer (p);
  else if (p->insn.map == X86_MAP_PRIMARY)
    classify_primary (p, key);
  else if (p->insn.map == X86_MAP_0F)
    classify_0f (p, key);
  else if (p->insn.map == X86_MAP_0F38)
    classify_0f38 (p);
}
