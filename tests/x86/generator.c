/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "generator.h"

#include <string.h>

#include "vmm-core/x86/insn.h"

uint64_t
generator_next (Generator *g)
{
  uint64_t z = g->random += UINT64_C (0x9e3779b97f4a7c15);

  z = (z ^ z >> 30) * UINT64_C (0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C (0x94d049bb133111eb);
  return z ^ z >> 31;
}

unsigned
generator_below (Generator *g, unsigned n)
{
  return (unsigned) ((generator_next (g) >> 32) * n >> 32);
}

bool
generator_chance (Generator *g, unsigned percent)
{
  return generator_below (g, 100) < percent;
}

void
generator_byte (Generator *g, unsigned value)
{
  if (g->test->code_length < sizeof g->test->code)
    g->test->code[g->test->code_length++] = (uint8_t) value;
}

void
generator_bytes (Generator *g, uint64_t value, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    generator_byte (g, (unsigned) (value >> 8 * i) & 0xff);
}

/* A number that makes carries, signs and bounds likely. */
uint64_t
generator_number (Generator *g)
{
  uint64_t value = generator_next (g);

  switch (generator_below (g, 6))
    {
    case 0:
      return value & 0xf;
    case 1:
      return -(value & 0xf);
    case 2:
      return UINT64_C (1) << (value & 63);
    case 3:
      return (UINT64_C (1) << (value & 63)) - 1;
    default:
      return value;
    }
}

unsigned
generator_free_register (Generator *g)
{
  static const uint8_t free64[] = { 0, 1, 2, 8, 9, 10, 11, 15 };

  return g->code32 ? generator_below (g, 3) : free64[generator_below (g, sizeof free64)];
}

unsigned
generator_any_vector (Generator *g)
{
  return generator_below (g, g->code32 ? 8 : 16);
}

unsigned
generator_pointer (Generator *g)
{
  static const uint8_t pointers64[] = { 3, 6, 7, 12, 13, 4, 11, 15 }, pointers32[] = { 3, 6, 7, 4 };

  return g->code32 ? pointers32[generator_below (g, 4)] : pointers64[generator_below (g, 8)];
}

/* A memory operand: ModRM without reg, SIB, displacement, and REX.X and B. */
typedef struct
{
  uint8_t bytes[6];
  unsigned n, x, b;
  bool relative; /* the last four bytes are relative to the instruction's end */
} Operand;

static Operand
memory_operand (Generator *g)
{
  bool favourite = g->favourite != 0 && generator_chance (g, 80);
  unsigned base = favourite ? g->favourite : generator_pointer (g);
  unsigned index = !g->code32 && generator_chance (g, 50) ? 14 : 5, size = generator_below (g, 3);
  bool sib = (base & 7) == 4 || generator_chance (g, 25);
  bool scaled = sib && generator_chance (g, favourite ? 10 : 60);
  int32_t displacement = (int32_t) generator_below (g, 256) - 128;
  Operand operand = { .b = base >> 3 };

  if (generator_chance (g, 75))
    displacement &= ~31;
  if (generator_chance (g, 6))
    {
      uint32_t target = USER_DATA + 0x800 + generator_below (g, 64) * 16;

      operand = (Operand){ .bytes = { 5 }, .n = 5, .relative = !g->code32 };
      memcpy (operand.bytes + 1, &target, 4);
      return operand;
    }
  if (size == 0 && (base & 7) == 5)
    size = 1;
  operand.bytes[operand.n++] = (uint8_t) (size << 6 | (sib ? 4 : base & 7));
  if (sib)
    {
      operand.bytes[operand.n++]
        = (uint8_t) (generator_below (g, 2) << 6 | (scaled ? index & 7 : 4) << 3 | (base & 7));
      operand.x = scaled ? index >> 3 : 0;
    }
  if (size == 1)
    operand.bytes[operand.n++] = (uint8_t) displacement;
  else if (size == 2)
    {
      memcpy (operand.bytes + operand.n, &displacement, 4);
      operand.n += 4;
    }
  return operand;
}

static Operand
register_operand (unsigned rm)
{
  return (Operand){ .bytes = { (uint8_t) (0xc0 | (rm & 7)) }, .n = 1, .b = rm >> 3 };
}

static void
put_operand (Generator *g, Operand operand, unsigned reg, unsigned immediate)
{
  operand.bytes[0] |= (reg & 7) << 3;
  if (operand.relative)
    {
      uint32_t displacement;

      memcpy (&displacement, operand.bytes + 1, 4);
      displacement -= USER_CODE + g->test->code_length + operand.n + immediate;
      memcpy (operand.bytes + 1, &displacement, 4);
    }
  for (unsigned i = 0; i < operand.n; i++)
    generator_byte (g, operand.bytes[i]);
}

void
generator_prefixes (Generator *g, unsigned flags)
{
  if ((flags & GENERATOR_LOCK) != 0)
    generator_byte (g, 0xf0);
  if ((flags & GENERATOR_66) != 0)
    generator_byte (g, 0x66);
  if ((flags & GENERATOR_F3) != 0)
    generator_byte (g, 0xf3);
  if ((flags & GENERATOR_F2) != 0)
    generator_byte (g, 0xf2);
}

static void
put_map (Generator *g, unsigned map)
{
  if (map != X86_MAP_PRIMARY)
    generator_byte (g, 0x0f);
  if (map == X86_MAP_0F38)
    generator_byte (g, 0x38);
  if (map == X86_MAP_0F3A)
    generator_byte (g, 0x3a);
}

/* An instruction with ModRM and immediate bytes of immediate. */
void
generator_insn (Generator *g, unsigned flags, unsigned map, unsigned opcode, unsigned reg, int rm,
                unsigned immediate)
{
  Operand operand = rm < 0 ? memory_operand (g) : register_operand ((unsigned) rm);
  unsigned rex = (flags & GENERATOR_W ? 8u : 0) | reg >> 3 << 2 | operand.x << 1 | operand.b;

  generator_prefixes (g, flags);
  if (!g->code32 && (rex != 0 || generator_chance (g, 3)))
    generator_byte (g, 0x40 | rex);
  put_map (g, map);
  generator_byte (g, opcode);
  put_operand (g, operand, reg, immediate);
  generator_bytes (g, generator_number (g), immediate);
}

void
generator_vex_insn (Generator *g, unsigned pp, bool w, bool l, unsigned map, unsigned opcode,
                    unsigned reg, unsigned vvvv, int rm, unsigned immediate)
{
  Operand operand = rm < 0 ? memory_operand (g) : register_operand ((unsigned) rm);
  unsigned last = (~vvvv & 15) << 3 | (l ? 4 : 0) | pp, r = ~reg >> 3 & 1;

  if (map == X86_MAP_0F && !w && operand.x == 0 && operand.b == 0 && generator_chance (g, 60))
    {
      generator_byte (g, 0xc5);
      generator_byte (g, r << 7 | last);
    }
  else
    {
      generator_byte (g, 0xc4);
      generator_byte (g, r << 7 | (operand.x ^ 1) << 6 | (operand.b ^ 1) << 5 | map);
      generator_byte (g, (w ? 0x80 : 0) | last);
    }
  generator_byte (g, opcode);
  put_operand (g, operand, reg, immediate);
  generator_bytes (g, generator_next (g), immediate);
}

/* 66, REX.w or neither; 32-bit code has no REX.w. */
unsigned
generator_size_flags (Generator *g)
{
  static const uint8_t flags[] = { 0, 0, GENERATOR_66, GENERATOR_W, GENERATOR_W };

  return flags[generator_below (g, g->code32 ? 3 : 5)];
}

unsigned
generator_full_immediate (unsigned flags)
{
  return (flags & (GENERATOR_66 | GENERATOR_W)) == GENERATOR_66 ? 2 : 4;
}

int
generator_register_or_memory (Generator *g)
{
  return generator_chance (g, 55) ? (int) generator_free_register (g) : GENERATOR_MEMORY;
}

/* 4 to 6 are AH, CH and DH without REX; with one they would be RSP, RBP and RSI. */
unsigned
generator_byte_register (Generator *g)
{
  return g->code32 && generator_chance (g, 40) ? 4 + generator_below (g, 3)
                                               : generator_below (g, 3);
}
