/* SPDX-License-Identifier: GPL-3.0-or-later */
/* x87, MMX, SSE and AVX. */
#include "generate.h"

#include "vmm-core/x86/insn.h"
#include "vmm-core/x86/vector-table.h"

void
generate_x87 (Generator *g)
{
  unsigned opcode = 0xd8 + generator_below (g, 8), reg = generator_below (g, 8);

  if (generator_chance (g, 50))
    {
      generator_byte (g, opcode);
      generator_byte (g, 0xc0 + generator_below (g, 64));
      return;
    }
  /* The images of FNSTENV and FNSAVE hold addresses that belong to the host. */
  if ((opcode == 0xd9 || opcode == 0xdd) && reg == 6)
    reg = 0;
  /* A new control word or environment is seldom one that lets more happen. */
  if (((opcode == 0xd9 && (reg == 4 || reg == 5)) || (opcode == 0xdd && reg == 4))
      && generator_chance (g, 80))
    reg = 0;
  g->test->loose_address |= reg == 4 && (opcode == 0xd9 || opcode == 0xdd);
  generator_insn (g, 0, 0, opcode, reg, GENERATOR_MEMORY, 0);
}

static bool
vector_is_general (unsigned operands)
{
  return operands == VECTOR_G || operands == VECTOR_VG || operands == VECTOR_MG;
}

void
generate_vector (Generator *g)
{
  static const uint8_t prefix_of[] = { 0, GENERATOR_66, GENERATOR_F3, GENERATOR_F2 };
  unsigned n, map = X86_MAP_0F + generator_below (g, 3), pp = generator_below (g, 4);
  const VectorOp *op = vector_table_get (map, &n);
  bool strict = generator_chance (g, 97), w = generator_chance (g, 30),
       l = generator_chance (g, 50), vex, mmx;
  unsigned reg, vvvv = generator_any_vector (g);
  int rm;

  op += generator_below (g, n);
  while ((op->flags & 1u << pp) == 0)
    pp = (pp + 1) & 3;
  mmx = pp == 0 && (op->flags & VECTOR_MMX) != 0;
  vex = (op->flags & VECTOR_VEX) != 0
        || (!mmx && (op->flags & VECTOR_LEGACY) == 0 && generator_chance (g, 50));
  /* Not every CPU minds a W of 0 where the documents have 1. */
  w |= (op->flags & VECTOR_W1) != 0;
  if (strict)
    {
      w = w && (op->flags & VECTOR_W0) == 0;
      l = (op->flags & VECTOR_L1) != 0 || (l && (op->flags & VECTOR_L0) == 0);
      switch (op->operands)
        {
        case VECTOR_RVM:
        case VECTOR_RVMR:
        case VECTOR_MVR:
        case VECTOR_VG:
        case VECTOR_SHIFT:
          break;
        default:
          vvvv = 0;
        }
    }
  if (op->operands == VECTOR_GM)
    reg = generator_free_register (g);
  else
    reg = mmx || op->operands == VECTOR_QX ? generator_below (g, 8) : generator_any_vector (g);
  rm = mmx || op->operands == VECTOR_XQ ? (int) generator_below (g, 8)
                                        : (int) generator_any_vector (g);
  if (vector_is_general (op->operands))
    rm = (int) generator_free_register (g);
  if (op->operands == VECTOR_SHIFT)
    do
      reg = generator_below (g, 8);
    while ((op->group >> reg & 1) == 0);
  if ((op->flags & VECTOR_MEM) != 0 || ((op->flags & VECTOR_REG) == 0 && generator_chance (g, 50)))
    rm = GENERATOR_MEMORY;
  if (vex)
    generator_vex_insn (g, pp, w, l, map, op->opcode, reg, vvvv, rm, (op->flags & VECTOR_IMM) != 0);
  else
    generator_insn (
      g, prefix_of[pp] | (w && !g->code32 && (op->flags & VECTOR_GW) != 0 ? GENERATOR_W : 0), map,
      op->opcode, reg, rm, (op->flags & VECTOR_IMM) != 0);
}

void
generate_vector_special (Generator *g)
{
  unsigned reg = generator_any_vector (g), vvvv = generator_any_vector (g);
  bool l = generator_chance (g, 50), w = generator_chance (g, 50);

  switch (generator_below (g, 8))
    {
    case 0:
      g->test->loose_address = true;
      generator_vex_insn (g, 1, false, l, X86_MAP_0F38, 0x2c + generator_below (g, 4), reg, vvvv,
                          GENERATOR_MEMORY, 0);
      break;
    case 1:
      g->test->loose_address = true;
      generator_vex_insn (g, 1, w, l, X86_MAP_0F38, 0x8c + 2 * generator_below (g, 2), reg, vvvv,
                          GENERATOR_MEMORY, 0);
      break;
    case 2: /* STMXCSR */
      generator_insn (g, 0, X86_MAP_0F, 0xae, 3, GENERATOR_MEMORY, 0);
      break;
    case 3:
      generator_insn (g, w && !g->code32 ? GENERATOR_W : 0, X86_MAP_0F, 0xc3,
                      generator_free_register (g), GENERATOR_MEMORY, 0);
      break;
    case 4: /* MASKMOVQ, MASKMOVDQU */
      w = generator_chance (g, 50);
      generator_insn (g, w ? GENERATOR_66 : 0, X86_MAP_0F, 0xf7,
                      w ? generator_any_vector (g) : generator_below (g, 8),
                      w ? (int) generator_any_vector (g) : (int) generator_below (g, 8), 0);
      break;
    case 5:
      generator_bytes (g, l ? 0x77fcc5 : 0x77f8c5, 3);
      break;
    case 6:
      generator_bytes (g, 0x770f, 2);
      break;
    default:
      {
        /* vpsrlq index, index, 58; then a gather through it. */
        unsigned index = generator_below (g, 8), pointer = g->code32 ? 3 : 12;

        generator_vex_insn (g, 1, false, true, X86_MAP_0F, 0x73, 2, index, (int) index, 0);
        generator_byte (g, 58);
        generator_byte (g, 0xc4);
        generator_byte (g, (~reg >> 3 & 1) << 7 | 0x40 | (pointer < 8 ? 0x20 : 0) | X86_MAP_0F38);
        generator_byte (g, (unsigned) w << 7 | (~vvvv & 15) << 3 | (unsigned) l << 2 | 1);
        generator_byte (g, 0x90 + generator_below (g, 4));
        generator_byte (g, 0x04 | (reg & 7) << 3);
        generator_byte (g, generator_below (g, 4) << 6 | index << 3 | (pointer & 7));
      }
    }
}
