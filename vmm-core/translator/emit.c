/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emit.h"

#include <glib.h>
#include <string.h>

#include "vmm-core/x86/insn.h"

void
emit_u8 (Emitter *e, uint8_t value)
{
  g_assert (e->at < e->end);
  *e->at++ = value;
}

void
emit_bytes (Emitter *e, const void *bytes, size_t n)
{
  g_assert (n <= (size_t) (e->end - e->at));
  memcpy (e->at, bytes, n);
  e->at += n;
}

void
emit_u32 (Emitter *e, uint32_t value)
{
  emit_bytes (e, &value, sizeof value);
}

void
emit_u64 (Emitter *e, uint64_t value)
{
  emit_bytes (e, &value, sizeof value);
}

static unsigned
rex_bits (const HostInsn *insn)
{
  const HostOperand *rm = &insn->rm;
  unsigned low = rm->memory ? rm->base : rm->reg;
  unsigned bits = insn->wide ? 8 : 0;

  if (insn->reg >= 8)
    bits |= 4;
  if (rm->memory && rm->index != HOST_NONE && rm->index >= 8)
    bits |= 2;
  if (low != HOST_NONE && low >= 8)
    bits |= 1;
  return bits;
}

bool
emit_needs_rex (const HostInsn *insn)
{
  return insn->rex || rex_bits (insn) != 0;
}

static void
emit_modrm (Emitter *e, unsigned reg, const HostOperand *rm)
{
  unsigned field = (reg & 7) << 3;
  unsigned mod;

  if (!rm->memory)
    {
      emit_u8 (e, 0xc0 | field | (rm->reg & 7));
      return;
    }
  if (rm->base == HOST_NONE)
    {
      emit_u8 (e, field | 4);
      emit_u8 (e, rm->scale << 6 | (rm->index == HOST_NONE ? 4 : rm->index & 7) << 3 | 5);
      emit_u32 (e, rm->disp);
      return;
    }
  mod = rm->disp == 0 && (rm->base & 7) != HOST_RBP ? 0 : rm->disp == (int8_t) rm->disp ? 1 : 2;
  if (rm->index != HOST_NONE || (rm->base & 7) == HOST_RSP)
    {
      emit_u8 (e, mod << 6 | field | 4);
      emit_u8 (e,
               rm->scale << 6 | (rm->index == HOST_NONE ? 4 : rm->index & 7) << 3 | (rm->base & 7));
    }
  else
    emit_u8 (e, mod << 6 | field | (rm->base & 7));
  if (mod == 1)
    emit_u8 (e, rm->disp);
  else if (mod == 2)
    emit_u32 (e, rm->disp);
}

static void
emit_opcode (Emitter *e, const HostInsn *insn)
{
  if (insn->map != X86_MAP_PRIMARY)
    emit_u8 (e, 0x0f);
  if (insn->map == X86_MAP_0F38 || insn->map == X86_MAP_0F3A)
    emit_u8 (e, insn->map == X86_MAP_0F38 ? 0x38 : 0x3a);
}

void
emit_insn (Emitter *e, const HostInsn *insn)
{
  unsigned rex = rex_bits (insn);
  bool stores = insn->map == X86_MAP_PRIMARY && insn->opcode == 0x89 && insn->rm.memory;

  e->changed |= (stores ? 0 : 1u << insn->reg) | (insn->rm.memory ? 0 : 1u << insn->rm.reg);
  if (insn->rm.gs)
    emit_u8 (e, 0x65);
  if (insn->lock)
    emit_u8 (e, 0xf0);
  if (insn->vex)
    {
      emit_u8 (e, 0xc4);
      emit_u8 (e, ((~rex & 7) << 5) | insn->map);
      emit_u8 (e, (insn->wide ? 0x80 : 0) | (~insn->vvvv & 15) << 3 | (insn->vex_l ? 4 : 0)
                    | insn->pp);
    }
  else
    {
      if (insn->opsize)
        emit_u8 (e, 0x66);
      if (insn->repeat != 0)
        emit_u8 (e, insn->repeat);
      if (rex != 0 || insn->rex)
        emit_u8 (e, 0x40 | rex);
      emit_opcode (e, insn);
    }
  emit_u8 (e, insn->opcode);
  emit_modrm (e, insn->reg, &insn->rm);
  emit_bytes (e, &insn->imm, insn->imm_size);
}

void
emit_op64 (Emitter *e, uint8_t opcode, unsigned reg, HostOperand rm)
{
  emit_insn (e, &(HostInsn){ .opcode = opcode, .reg = reg, .wide = true, .rm = rm });
}

void
emit_op32 (Emitter *e, uint8_t opcode, unsigned reg, HostOperand rm)
{
  emit_insn (e, &(HostInsn){ .opcode = opcode, .reg = reg, .rm = rm });
}

void
emit_load (Emitter *e, unsigned reg, HostOperand from)
{
  emit_op64 (e, 0x8b, reg, from);
}

void
emit_store (Emitter *e, HostOperand to, unsigned reg)
{
  emit_op64 (e, 0x89, reg, to);
}

void
emit_move (Emitter *e, unsigned to, unsigned from)
{
  emit_op64 (e, 0x8b, to, host_register (from));
}

void
emit_move_imm (Emitter *e, unsigned reg, uint64_t value)
{
  e->changed |= 1u << reg;
  if (value == (uint32_t) value)
    {
      if (reg >= 8)
        emit_u8 (e, 0x41);
      emit_u8 (e, 0xb8 | (reg & 7));
      emit_u32 (e, value);
    }
  else if (value == (uint64_t) (int32_t) value)
    emit_insn (
      e, &(HostInsn){
           .opcode = 0xc7, .wide = true, .rm = host_register (reg), .imm_size = 4, .imm = value });
  else
    {
      emit_u8 (e, 0x48 | (reg >= 8 ? 1 : 0));
      emit_u8 (e, 0xb8 | (reg & 7));
      emit_u64 (e, value);
    }
}

void
emit_alu_imm (Emitter *e, unsigned extension, bool wide, HostOperand rm, int32_t value)
{
  bool small = value == (int8_t) value;

  emit_insn (e, &(HostInsn){ .opcode = small ? 0x83 : 0x81,
                             .reg = extension,
                             .wide = wide,
                             .rm = rm,
                             .imm_size = small ? 1 : 4,
                             .imm = (uint32_t) value });
}

static uint8_t *
emit_displacement (Emitter *e)
{
  uint8_t *at = e->at;

  emit_u32 (e, 0);
  return at;
}

void
emit_increment (Emitter *e, HostOperand counter)
{
  emit_insn (e, &(HostInsn){ .opcode = 0xff, .wide = true, .rm = counter });
}

void
emit_shift (Emitter *e, unsigned extension, bool wide, unsigned reg, unsigned count)
{
  emit_insn (e, &(HostInsn){ .opcode = 0xc1,
                             .reg = extension,
                             .wide = wide,
                             .rm = host_register (reg),
                             .imm_size = 1,
                             .imm = count });
}

/* The four bytes must not cross 8, or they could not be changed at once while others run them. */
void
emit_align_displacement (Emitter *e, unsigned opcode, uint8_t *from)
{
  static const uint8_t nops[] = { 0x0f, 0x1f, 0x00, 0x66, 0x90, 0x00, 0x90 };
  const unsigned at = (uintptr_t) (e->at + opcode) & 7;
  const unsigned missing = at > 4 ? 8 - at : 0;

  if (missing == 0)
    return;
  memmove (from + missing, from, (size_t) (e->at - from));
  memcpy (from, nops + 3 * (3 - missing), missing);
  e->at += missing;
}

uint8_t *
emit_jump (Emitter *e)
{
  emit_u8 (e, 0xe9);
  return emit_displacement (e);
}

uint8_t *
emit_jcc (Emitter *e, unsigned condition)
{
  emit_u8 (e, 0x0f);
  emit_u8 (e, 0x80 | condition);
  return emit_displacement (e);
}

uint8_t *
emit_call (Emitter *e)
{
  emit_u8 (e, 0xe8);
  return emit_displacement (e);
}

void
emit_link (const Emitter *e, uint8_t *at, const uint8_t *target)
{
  int32_t displacement = (int32_t) (target - (at + e->shift + 4));

  __atomic_store_n ((int32_t *) at, displacement, __ATOMIC_RELEASE);
}

void
emit_link_here (const Emitter *e, uint8_t *at)
{
  emit_link (e, at, e->at + e->shift);
}

void
emit_jump_to (Emitter *e, const uint8_t *target)
{
  emit_u8 (e, 0xe9);
  emit_u32 (e, (uint32_t) (target - (e->at + e->shift + 4)));
}

void
emit_call_to (Emitter *e, const uint8_t *target)
{
  e->changed = UINT16_MAX;
  emit_u8 (e, 0xe8);
  emit_u32 (e, (uint32_t) (target - (e->at + e->shift + 4)));
}

const uint8_t *
emit_get_target (const uint8_t *code)
{
  int32_t displacement;

  memcpy (&displacement, code + 1, sizeof displacement);
  return code + 1 + sizeof displacement + displacement;
}
