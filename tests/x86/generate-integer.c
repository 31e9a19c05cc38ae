/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arithmetic, logic, bits, moves and exchanges. */
#include "generate.h"

#include "vmm-core/x86/insn.h"

void
generate_alu (Generator *g)
{
  unsigned operation = generator_below (g, 8), flags = generator_size_flags (g);
  int rm = generator_register_or_memory (g);
  unsigned lock = rm < 0 && operation != 7 && generator_chance (g, 15) ? GENERATOR_LOCK : 0;

  switch (generator_below (g, 8))
    {
    case 0:
      generator_insn (g, lock, 0, operation << 3, generator_byte_register (g),
                      rm < 0 ? rm : (int) generator_byte_register (g), 0);
      break;
    case 1:
    case 2:
      generator_insn (g, flags | lock, 0, operation << 3 | 1, generator_free_register (g), rm, 0);
      break;
    case 3:
      generator_insn (g, flags, 0, operation << 3 | 3, generator_free_register (g), rm, 0);
      break;
    case 4:
      generator_prefixes (g, flags);
      if (flags & GENERATOR_W)
        generator_byte (g, 0x48);
      generator_byte (g, operation << 3 | 5);
      generator_bytes (g, generator_number (g), generator_full_immediate (flags));
      break;
    case 5:
      generator_insn (g, flags | lock, 0, 0x83, operation, rm, 1);
      break;
    case 6:
      generator_insn (g, flags | lock, 0, 0x81, operation, rm, generator_full_immediate (flags));
      break;
    default:
      generator_insn (g, lock, 0, 0x80, operation, rm < 0 ? rm : (int) generator_byte_register (g),
                      1);
    }
}

/* After a multiplication or division: CF and OF may be kept, then all flags are defined again. */
static void
define_flags (Generator *g, bool carry)
{
  if (carry && generator_chance (g, 50))
    generator_bytes (g, UINT64_C (0xc1900fc0920f), 6); /* setc al; seto cl */
  generator_bytes (g, 0xc039, 2);                      /* cmp eax, eax */
}

void
generate_unary (Generator *g)
{
  unsigned flags = generator_size_flags (g);
  int rm = generator_register_or_memory (g);
  bool small = generator_chance (g, 25);

  if (small && rm >= 0)
    rm = (int) generator_byte_register (g);
  switch (generator_below (g, 6))
    {
    case 0:
      generator_insn (g, flags, 0, small ? 0xf6 : 0xf7, 2 + generator_below (g, 2), rm, 0);
      break;
    case 1:
      generator_insn (g, flags, 0, small ? 0xf6 : 0xf7, 4 + generator_below (g, 2), rm, 0);
      define_flags (g, true);
      break;
    case 2: /* a dividend that lets some divisions succeed */
      generator_bytes (g, small ? 0xe430 : 0xd231, 2); /* xor ah, ah; xor edx, edx */
      generator_insn (g, flags, 0, small ? 0xf6 : 0xf7, 6 + generator_below (g, 2), rm, 0);
      define_flags (g, false);
      break;
    case 3:
      generator_insn (g, flags, 0, small ? 0xfe : 0xff, generator_below (g, 2), rm, 0);
      break;
    case 4:
      generator_insn (g, flags, 0, small ? 0x84 : 0x85,
                      small ? generator_byte_register (g) : generator_free_register (g), rm, 0);
      break;
    default:
      generator_insn (g, flags, 0, small ? 0xf6 : 0xf7, 0, rm,
                      small ? 1 : generator_full_immediate (flags));
    }
}

void
generate_multiply (Generator *g)
{
  unsigned flags = generator_size_flags (g);

  switch (generator_below (g, 3))
    {
    case 0:
      generator_insn (g, flags, X86_MAP_0F, 0xaf, generator_free_register (g),
                      generator_register_or_memory (g), 0);
      break;
    case 1:
      generator_insn (g, flags, 0, 0x69, generator_free_register (g),
                      generator_register_or_memory (g), generator_full_immediate (flags));
      break;
    default:
      generator_insn (g, flags, 0, 0x6b, generator_free_register (g),
                      generator_register_or_memory (g), 1);
    }
  define_flags (g, true);
}

void
generate_shift (Generator *g)
{
  static const uint8_t opcodes[] = { 0xc0, 0xc1, 0xc1, 0xd0, 0xd1, 0xd2, 0xd3, 0xd3 };
  unsigned flags = generator_size_flags (g), opcode = opcodes[generator_below (g, sizeof opcodes)];
  int rm = generator_register_or_memory (g);

  if (generator_chance (g, 20))
    {
      static const uint8_t doubles[] = { 0xa4, 0xa5, 0xac, 0xad };

      opcode = doubles[generator_below (g, sizeof doubles)];
      generator_insn (g, flags, X86_MAP_0F, opcode, generator_free_register (g), rm,
                      (opcode & 1) == 0);
      return;
    }
  if ((opcode & 1) == 0 && rm >= 0)
    rm = (int) generator_byte_register (g);
  generator_insn (g, flags, 0, opcode, generator_below (g, 8), rm, opcode < 0xd0);
}

void
generate_bits (Generator *g)
{
  static const uint8_t tests[] = { 0xa3, 0xab, 0xb3, 0xbb }, scans[] = { 0xbc, 0xbd };
  unsigned flags = generator_size_flags (g), operation = generator_below (g, 4);
  int rm = generator_register_or_memory (g);
  unsigned lock = rm < 0 && operation != 0 && generator_chance (g, 15) ? GENERATOR_LOCK : 0;

  switch (generator_below (g, 5))
    {
    case 0: /* in memory, only a small bit offset */
      generator_insn (g, flags | lock, X86_MAP_0F, tests[operation],
                      rm < 0 ? 5 : generator_free_register (g), rm, 0);
      break;
    case 1:
      generator_insn (g, flags | lock, X86_MAP_0F, 0xba, 4 + operation, rm, 1);
      break;
    case 2:
      generator_insn (g, flags | (generator_chance (g, 50) ? GENERATOR_F3 : 0), X86_MAP_0F,
                      scans[generator_below (g, 2)], generator_free_register (g), rm, 0);
      break;
    case 3:
      generator_insn (g, flags | GENERATOR_F3, X86_MAP_0F, 0xb8, generator_free_register (g), rm,
                      0);
      break;
    default:
      {
        unsigned reg = generator_free_register (g);

        if (flags & GENERATOR_W)
          generator_byte (g, 0x48 | reg >> 3);
        else if (reg >= 8)
          generator_byte (g, 0x41);
        generator_byte (g, 0x0f);
        generator_byte (g, 0xc8 | (reg & 7));
      }
    }
}

void
generate_bmi (Generator *g)
{
  bool w = !g->code32 && generator_chance (g, 50);
  unsigned reg = generator_free_register (g), vvvv = generator_free_register (g);
  int rm = generator_register_or_memory (g);

  switch (generator_below (g, 8))
    {
    case 0:
      generator_vex_insn (g, 0, w, 0, X86_MAP_0F38, 0xf2, reg, vvvv, rm, 0);
      break;
    case 1:
      generator_vex_insn (g, 0, w, 0, X86_MAP_0F38, 0xf3, 1 + generator_below (g, 3), vvvv, rm, 0);
      break;
    case 2: /* BZHI, PEXT, PDEP */
      generator_vex_insn (g, (const uint8_t[]){ 0, 2, 3 }[generator_below (g, 3)], w, 0,
                          X86_MAP_0F38, 0xf5, reg, vvvv, rm, 0);
      break;
    case 3:
      generator_vex_insn (g, 3, w, 0, X86_MAP_0F38, 0xf6, reg, vvvv, rm, 0);
      break;
    case 4: /* BEXTR, SHLX, SARX, SHRX */
      generator_vex_insn (g, generator_below (g, 4), w, 0, X86_MAP_0F38, 0xf7, reg, vvvv, rm, 0);
      break;
    case 5:
      generator_vex_insn (g, 3, w, 0, X86_MAP_0F3A, 0xf0, reg, 0, rm, 1);
      break;
    case 6: /* ADCX, ADOX */
      generator_insn (
        g, (generator_chance (g, 50) ? GENERATOR_66 : GENERATOR_F3) | (w ? GENERATOR_W : 0),
        X86_MAP_0F38, 0xf6, reg, rm, 0);
      break;
    default: /* CRC32 and MOVBE */
      if (generator_chance (g, 50))
        generator_insn (g, GENERATOR_F2 | (w ? GENERATOR_W : 0), X86_MAP_0F38, 0xf1, reg, rm, 0);
      else
        generator_insn (g, generator_size_flags (g), X86_MAP_0F38, 0xf0 + generator_below (g, 2),
                        reg, GENERATOR_MEMORY, 0);
    }
}

void
generate_move (Generator *g)
{
  unsigned flags = generator_size_flags (g), reg = generator_free_register (g),
           w = g->code32 ? 0 : flags & GENERATOR_W;
  int rm = generator_register_or_memory (g);

  switch (generator_below (g, 11))
    {
    case 0:
      generator_insn (g, flags, 0, 0x89, reg, rm, 0);
      break;
    case 1:
      generator_insn (g, flags, 0, 0x8b, reg, rm, 0);
      break;
    case 2:
      generator_insn (g, 0, 0, 0x88 + 2 * generator_below (g, 2), generator_byte_register (g),
                      rm < 0 ? rm : (int) generator_byte_register (g), 0);
      break;
    case 3:
      generator_insn (g, flags, 0, 0xc7, 0, rm, generator_full_immediate (flags));
      break;
    case 4:
      generator_insn (g, flags, X86_MAP_0F, 0xb7 + 8 * generator_below (g, 2), reg, rm, 0);
      break;
    case 5:
      generator_insn (g, flags, X86_MAP_0F, 0xb6 + 8 * generator_below (g, 2), reg,
                      rm < 0 ? rm : (int) generator_byte_register (g), 0);
      break;
    case 6:
      generator_insn (g, flags, 0, 0x8d, reg, GENERATOR_MEMORY, 0);
      break;
    case 7:
      generator_insn (g, flags, X86_MAP_0F, 0x40 + generator_below (g, 16), reg, rm, 0);
      break;
    case 8:
      generator_insn (g, 0, X86_MAP_0F, 0x90 + generator_below (g, 16), 0,
                      rm < 0 ? rm : (int) generator_byte_register (g), 0);
      break;
    case 9:
      if (g->code32)
        generator_insn (g, flags, 0, 0xc6, 0, GENERATOR_MEMORY, 1);
      else /* of 16 bits, vendors load 2 or 4 bytes */
        generator_insn (g, flags & GENERATOR_W, 0, 0x63, reg, rm, 0);
      break;
    default:
      if (w)
        generator_byte (g, 0x48 | reg >> 3);
      else if (reg >= 8)
        generator_byte (g, 0x41);
      generator_byte (g, 0xb8 | (reg & 7));
      generator_bytes (g, generator_number (g), w ? 8 : 4);
    }
}

void
generate_exchange (Generator *g)
{
  unsigned flags = generator_size_flags (g);
  int rm = generator_register_or_memory (g);
  unsigned lock = rm < 0 && generator_chance (g, 40) ? GENERATOR_LOCK : 0;

  switch (generator_below (g, 5))
    {
    case 0:
      generator_insn (g, flags | lock, 0, 0x87, generator_free_register (g), rm, 0);
      break;
    case 1:
      generator_insn (g, flags | lock, X86_MAP_0F, 0xc1, generator_free_register (g), rm, 0);
      break;
    case 2:
      generator_insn (g, flags | lock, X86_MAP_0F, 0xb1, generator_free_register (g), rm, 0);
      break;
    case 3: /* CMPXCHG8B, CMPXCHG16B: RBX is a pointer that comes along */
      generator_insn (g, lock | (flags & GENERATOR_W), X86_MAP_0F, 0xc7, 1, GENERATOR_MEMORY, 0);
      break;
    default:
      generator_insn (g, lock, X86_MAP_0F, 0xb0 + 0x10 * generator_below (g, 2),
                      generator_byte_register (g), rm < 0 ? rm : (int) generator_byte_register (g),
                      0);
    }
}
