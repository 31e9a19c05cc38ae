/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What has no ModRM: strings, the stack, branches, and code that writes code. */
#include "generate.h"

void
generate_plain (Generator *g)
{
  static const uint8_t plain[]
    = { 0x98, 0x99, 0x9e, 0x9f, 0xf5, 0xf8, 0xf9, 0xfc, 0xfd, 0x90, 0xd7 };
  static const uint8_t plain32[] = { 0x27, 0x2f, 0x37, 0x3f, 0xd4, 0xd5, 0xd6, 0x60 };
  unsigned flags = generator_size_flags (g);

  if (g->code32 && generator_chance (g, 30))
    {
      unsigned opcode = plain32[generator_below (g, sizeof plain32)];

      generator_byte (g, opcode);
      if (opcode == 0xd4 || opcode == 0xd5)
        generator_byte (g, generator_below (g, 20));
      else if (generator_chance (g, 50))
        generator_bytes (g, 0xc1920f, 3); /* setc cl */
      generator_bytes (g, 0xc039, 2);     /* cmp eax, eax: the other flags are undefined */
      return;
    }
  if (!g->code32 && generator_chance (g, 3))
    {
      generator_bytes (g, 0x9041f3, 3); /* xchg r8d, eax, and no PAUSE */
      return;
    }
  generator_prefixes (g, flags);
  if (flags & GENERATOR_W)
    generator_byte (g, 0x48);
  generator_byte (g, plain[generator_below (g, sizeof plain)]);
}

void
generate_string (Generator *g)
{
  static const uint8_t opcodes[] = { 0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf };
  static const uint8_t repeats[] = { 0, GENERATOR_F3, GENERATOR_F3, GENERATOR_F2 };
  unsigned flags = generator_size_flags (g) | repeats[generator_below (g, sizeof repeats)];

  if (flags & (GENERATOR_F2 | GENERATOR_F3))
    {
      generator_byte (g, 0xb9);
      generator_bytes (g, generator_below (g, 24), 4);
    }
  generator_prefixes (g, flags);
  if (flags & GENERATOR_W)
    generator_byte (g, 0x48);
  generator_byte (g, opcodes[generator_below (g, sizeof opcodes)]);
}

void
generate_stack (Generator *g)
{
  unsigned reg = generator_free_register (g);

  switch (generator_below (g, 7))
    {
    case 0:
    case 1:
      if (reg >= 8)
        generator_byte (g, 0x41);
      generator_byte (g, (generator_chance (g, 60) ? 0x50 : 0x58) | (reg & 7));
      break;
    case 2:
      generator_byte (g, 0x68);
      generator_bytes (g, generator_number (g), 4);
      break;
    case 3:
      generator_insn (g, 0, 0, 0xff, 6, GENERATOR_MEMORY, 0);
      break;
    case 4:
      generator_insn (g, 0, 0, 0x8f, 0, GENERATOR_MEMORY, 0);
      break;
    case 5: /* PUSHF, POP; the flags a user sees */
      generator_byte (g, 0x9c);
      generator_byte (g, generator_chance (g, 50) ? 0x9d : 0x58);
      break;
    default: /* CALL to the next instruction */
      generator_byte (g, 0xe8);
      generator_bytes (g, 0, 4);
    }
}

/* ADD, SUB, or LEA: a pointer moves by up to 64 bytes. */
void
generate_pointer (Generator *g)
{
  unsigned pointer = g->favourite != 0 ? g->favourite : generator_pointer (g);
  unsigned amount = (generator_below (g, 17) - 8) * 8;

  if (!g->code32)
    generator_byte (g, 0x48 | (pointer >> 3));
  if (generator_chance (g, 60))
    {
      generator_byte (g, 0x83);
      generator_byte (g, (generator_chance (g, 50) ? 0xc0 : 0xe8) | (pointer & 7));
    }
  else
    {
      g->test->code[g->test->code_length - 1] |= g->code32 ? 0 : pointer >> 3 << 2;
      generator_byte (g, 0x8d);
      generator_byte (g, 0x40 | (pointer & 7) * 9);
      if ((pointer & 7) == 4)
        generator_byte (g, 0x24);
    }
  generator_byte (g, amount);
}

/* A forward branch over a few bytes of NOP. With 66 it may go to the first 64 KiB, where nothing
 * is; what F2 and F3 mean to LOOPE and LOOPNE is up to the vendor. */
void
generate_branch (Generator *g)
{
  unsigned distance = 1 + generator_below (g, 4);

  if (generator_chance (g, 5))
    generator_byte (g, 0x66);
  if (generator_chance (g, 10))
    generator_byte (g, 0xf2 + generator_below (g, 2));
  switch (generator_below (g, 4))
    {
    case 0:
      generator_byte (g, 0x0f);
      generator_byte (g, 0x80 + generator_below (g, 16));
      generator_bytes (g, distance, 4);
      break;
    case 1:
      generator_byte (g, 0xe0 + generator_below (g, 4));
      generator_byte (g, distance);
      break;
    default:
      generator_byte (g, 0x70 + generator_below (g, 16));
      generator_byte (g, distance);
    }
  for (unsigned i = 0; i < distance; i++)
    generator_byte (g, 0x90);
}

/* INC of a byte of the immediate of a MOV that comes soon. */
void
generate_self_modification (Generator *g)
{
  unsigned distance = generator_below (g, 4),
           target = g->test->code_length + 6 + distance + 1 + generator_below (g, 4);

  generator_bytes (g, 0x05fe, 2);
  generator_bytes (g, g->code32 ? USER_CODE + target : target - (g->test->code_length + 4u), 4);
  for (unsigned i = 0; i < distance; i++)
    generator_byte (g, 0x90);
  generator_byte (g, 0xb8 + generator_below (g, 3));
  generator_bytes (g, generator_number (g), 4);
}
