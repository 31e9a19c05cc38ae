/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instructions on general registers: the same instruction, on the registers' new places. */
#include "generator.h"

/* A register operand on its way: where the guest has it, and what the host uses. */
typedef struct
{
  uint8_t guest, host;
  bool high;    /* AH, CH, DH or BH: host is 4 to 7, without REX */
  bool spilled; /* lives in memory; host is where it is worked on */
  bool held;    /* and has its value already */
} Place;

static Place
place_register (const X86Insn *insn, unsigned guest, uint16_t at, bool byte, unsigned spare)
{
  Place place = { .guest = guest, .host = generator_host_of (guest) };

  if (byte && (at & 1))
    {
      place.high = true;
      place.host = guest;
    }
  else if (place.host == HOST_NONE)
    {
      place.spilled = true;
      place.host = spare;
    }
  return place;
}

/* SPL, BPL, SIL and DIL need a REX prefix. */
static bool
needs_rex (const Place *place, bool byte)
{
  return byte && !place->high && place->host >= 4 && place->host < 8;
}

static unsigned
immediate_size (const X86Insn *insn)
{
  uint32_t attributes = insn->attributes;

  return attributes & (X86_OP_IMM8 | X86_OP_IMM8U) ? 1
         : attributes & X86_OP_IMM16               ? 2
         : attributes & X86_OP_IMMZ                ? (insn->op_size == 2 ? 2 : 4)
         : attributes & X86_OP_IMMV                ? insn->op_size
                                                   : 0;
}

/* The prefixes that an opcode means something with. */
static void
set_prefixes (HostInsn *h, const X86Insn *insn, bool byte)
{
  h->opsize = insn->op_size == 2 && !byte;
  h->wide = insn->op_size == 8 && !byte;
  h->lock = (insn->prefixes & X86_PREFIX_LOCK) != 0;
  if (insn->prefixes & X86_PREFIX_VEX)
    {
      h->vex = true;
      h->pp = insn->pp;
      return;
    }
  if (insn->map == X86_MAP_0F && (insn->opcode == 0xb8 || (insn->opcode | 1) == 0xbd))
    h->repeat = insn->prefixes & X86_PREFIX_REP ? 0xf3 : 0;
  if (insn->map == X86_MAP_0F38)
    {
      h->repeat = insn->pp == 3 ? 0xf2 : insn->opcode == 0xf6 && insn->pp == 2 ? 0xf3 : 0;
      if (insn->opcode == 0xf6 && insn->pp == 1)
        h->opsize = true;
    }
}

/* Encodings that 64-bit code has not, or that hold a register in the opcode, as others that do the
 * same. */
static void
normalize (X86Insn *insn)
{
  if (insn->map != X86_MAP_PRIMARY)
    return;
  switch (insn->opcode)
    {
    case 0x40 ... 0x4f:
      insn->modrm = 0xc0 | (insn->opcode & 8);
      insn->opcode = 0xff;
      break;
    case 0x82:
      insn->opcode = 0x80;
      break;
    case 0x90 ... 0x97:
      insn->opcode = 0x87;
      insn->modrm = 0xc0;
      insn->reg = insn->reg_at = X86_RAX;
      break;
    case 0xa0 ... 0xa3:
      insn->opcode = 0x88 | (insn->opcode & 1) | (insn->opcode < 0xa2 ? 2 : 0);
      insn->modrm = 0x05;
      insn->has_modrm = true;
      insn->reg = insn->reg_at = X86_RAX;
      insn->disp = (int64_t) insn->imm;
      insn->attributes &= ~(uint32_t) X86_OP_MOFFS;
      break;
    case 0xb0 ... 0xb7:
      insn->opcode = 0xc6;
      insn->modrm = 0xc0;
      break;
    case 0xb8 ... 0xbf:
      insn->opcode = 0xc7;
      insn->modrm = 0xc0;
      break;
    }
}

/* MOV of 4 or 8 bytes of immediate, and BSWAP: the host's forms without ModRM. */
static bool
emit_special (Generator *g, const X86Insn *insn)
{
  unsigned host = generator_host_of (insn->rm);
  bool spilled = host == HOST_NONE;
  bool immediate = insn->map == X86_MAP_PRIMARY && insn->opcode >= 0xb8 && insn->opcode <= 0xbf;
  bool swap = insn->map == X86_MAP_0F && insn->opcode >= 0xc8 && insn->opcode <= 0xcf;

  if (spilled)
    host = HOST_R10;
  if (immediate && insn->op_size >= 4)
    emit_move_imm (g->e, host, insn->op_size == 4 ? (uint32_t) insn->imm : insn->imm);
  else if (swap)
    {
      if (spilled)
        emit_load (g->e, host, GPR_AT (insn->rm));
      emit_u8 (g->e, 0x40 | (insn->op_size == 8 ? 8 : 0) | host >> 3);
      emit_u8 (g->e, 0x0f);
      emit_u8 (g->e, 0xc8 | (host & 7));
    }
  else
    return false;
  if (spilled)
    generator_store_spilled (g, insn->rm, host);
  return true;
}

static void
emit_swap_bytes (Generator *g, unsigned high)
{
  emit_insn (g->e, &(HostInsn){ .opcode = 0x86, .reg = high, .rm = host_register (high - 4) });
}

static void
load_place (Generator *g, const Place *place, unsigned role, unsigned size)
{
  if (place->spilled && !place->held && ((role & PLAN_READ) || size < 4))
    emit_load (g->e, place->host, GPR_AT (place->guest));
}

/* Operands that are held stay where they are, the others get what is left. */
static void
place_spilled (Generator *g, Place *reg, Place *rm)
{
  Place *places[2] = { rm, reg };

  for (unsigned n = 0; n < 2; n++)
    if (places[n]->spilled)
      {
        unsigned host = generator_find_held (g, places[n]->guest);

        places[n]->held = host != HOST_NONE;
        places[n]->host = host;
      }
  if (rm->spilled && !rm->held)
    rm->host = reg->spilled && reg->host == HOST_R11 ? HOST_R10 : HOST_R11;
  if (reg->spilled && !reg->held)
    reg->host = rm->spilled && reg->guest == rm->guest ? rm->host
                : rm->spilled && rm->host == HOST_R11  ? HOST_R10
                                                       : HOST_R11;
}

static void
store_place (Generator *g, const Place *place, unsigned role)
{
  if (place->spilled && (role & PLAN_WRITE))
    generator_store_spilled (g, place->guest, place->host);
}

static void
emit_with_memory (Generator *g, const PlanInsn *p, const X86Insn *insn, HostInsn *h, Place *reg,
                  bool has_reg)
{
  Ea ea = generator_ea (g, insn);
  bool spare = has_reg && (reg->spilled || reg->high);

  h->rm = generator_access (g, p, &ea, p->size, p->alignment, (p->rm & PLAN_WRITE) != 0, spare);
  generator_prepare_flags (g, p);
  if (has_reg)
    load_place (g, reg, p->reg, insn->attributes & X86_OP_BYTE ? 1 : insn->op_size);
  if (has_reg && reg->high && emit_needs_rex (h))
    {
      unsigned high = h->reg;

      emit_swap_bytes (g, high);
      h->reg = high - 4;
      emit_insn (g->e, h);
      emit_swap_bytes (g, high);
    }
  else
    emit_insn (g->e, h);
  if (has_reg)
    store_place (g, reg, p->reg);
}

bool
generator_integer (Generator *g, const PlanInsn *p)
{
  X86Insn insn = p->insn;
  bool crc = insn.map == X86_MAP_0F38 && insn.opcode == 0xf0 && insn.pp == 3;
  bool byte = (insn.attributes & X86_OP_BYTE) != 0;
  bool byte_rm = byte || (insn.attributes & X86_OP_BYTE_RM) != 0;
  bool has_reg = p->reg != 0;
  Place reg = { 0 }, rm;
  HostInsn h = { .map = insn.map, .imm_size = immediate_size (&insn), .imm = insn.imm };

  if (emit_special (g, &p->insn))
    return true;
  normalize (&insn);
  h.opcode = insn.opcode;
  if (h.imm_size == 8)
    return false;
  set_prefixes (&h, &insn, byte);
  h.reg = insn.modrm >> 3 & 7;
  if (has_reg)
    {
      reg = place_register (&insn, insn.reg, insn.reg_at, byte && !crc, HOST_R11);
      h.reg = reg.host;
      h.rex |= needs_rex (&reg, byte && !crc);
    }
  if (h.vex && insn.opcode != 0xf0)
    {
      h.vvvv = generator_host_of (insn.vvvv);
      if (h.vvvv == HOST_NONE)
        return false;
    }
  if (insn.modrm < 0xc0)
    {
      if (p->size > 8 && !is_flat (g))
        return false;
      /* CMPXCHG compares AL, which exchanging AL and AH would change. */
      if (reg.high && insn.map == X86_MAP_0F && insn.opcode == 0xb0 && insn.reg == 4)
        return false;
      emit_with_memory (g, p, &insn, &h, &reg, has_reg);
      return true;
    }

  rm = place_register (&insn, insn.rm, insn.rm_at, byte_rm, HOST_R10);
  place_spilled (g, &reg, &rm);
  h.reg = has_reg ? reg.host : h.reg;
  h.rex |= needs_rex (&rm, byte_rm);
  h.rm = host_register (rm.host);
  if ((rm.high || reg.high) && emit_needs_rex (&h))
    return false;
  generator_prepare_flags (g, p);
  load_place (g, &rm, p->rm, byte_rm ? 1 : insn.op_size);
  if (has_reg)
    load_place (g, &reg, p->reg, byte && !crc ? 1 : insn.op_size);
  emit_insn (g->e, &h);
  store_place (g, &rm, p->rm);
  if (has_reg)
    store_place (g, &reg, p->reg);
  return true;
}

/* By the bit's number inside of the operand, which is then the host's address. */
void
generator_bit_string (Generator *g, const PlanInsn *p)
{
  const X86Insn *insn = &p->insn;
  const unsigned host = generator_host_of (insn->reg);
  HostInsn h = { .map = X86_MAP_0F, .opcode = insn->opcode, .reg = HOST_R11 };
  Ea ea = generator_ea (g, insn);

  ea.bit = insn->reg;
  ea.bit_size = insn->op_size;
  h.rm = generator_access (g, p, &ea, p->size, 0, (p->rm & PLAN_WRITE) != 0, true);
  emit_op32 (g->e, 0x8b, HOST_R11, host == HOST_NONE ? GPR_AT (insn->reg) : host_register (host));
  emit_alu_imm (g->e, EMIT_AND, false, host_register (HOST_R11), insn->op_size * 8 - 1);
  generator_prepare_flags (g, p);
  set_prefixes (&h, insn, false);
  emit_insn (g->e, &h);
}

void
generator_lea (Generator *g, const PlanInsn *p)
{
  const X86Insn *insn = &p->insn;
  Ea ea = generator_ea (g, insn);
  unsigned host = generator_host_of (insn->reg);
  unsigned to = host == HOST_NONE || insn->op_size == 2 || ea.addr_size == 2 ? HOST_R10 : host;

  if (insn->op_size == 4 && ea.addr_size == 8)
    {
      ea.addr_size = 4;
      if (ea.constant)
        ea.disp = (uint32_t) ea.disp;
    }
  generator_emit_ea (g, &ea, to);
  if (insn->op_size == 2)
    {
      if (host == HOST_NONE)
        {
          emit_insn (g->e,
                     &(HostInsn){
                       .opcode = 0x89, .reg = HOST_R10, .opsize = true, .rm = GPR_AT (insn->reg) });
          generator_forget_held (g, insn->reg);
        }
      else
        emit_insn (g->e,
                   &(HostInsn){
                     .opcode = 0x89, .reg = HOST_R10, .opsize = true, .rm = host_register (host) });
    }
  else if (host == HOST_NONE)
    generator_store_spilled (g, insn->reg, HOST_R10);
  else if (to != host)
    emit_op32 (g->e, 0x8b, host, host_register (HOST_R10));
}
