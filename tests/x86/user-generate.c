/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random user code. Pointers (RBX RSI RDI R12 R13 RSP) and indices (RBP R14) are set before the
 * code runs and written by string and stack instructions only, so that memory operands mostly meet
 * the case's pages; the other registers hold anything. */
#include <string.h>

#include "user-case.h"
#include "vmm-core/x86/insn.h"
#include "vmm-core/x86/vector-table.h"

typedef struct
{
  UserCase *test;
  uint64_t random;
  bool code32;
} Generator;

#define MEMORY -1 /* in place of a ModRM.rm register */
enum { P66 = 1, PF3 = 2, PF2 = 4, PLOCK = 8, W = 16 };

static uint64_t
next (Generator *g)
{
  uint64_t z = g->random += UINT64_C (0x9e3779b97f4a7c15);

  z = (z ^ z >> 30) * UINT64_C (0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C (0x94d049bb133111eb);
  return z ^ z >> 31;
}

static unsigned
below (Generator *g, unsigned n)
{
  return (unsigned) ((next (g) >> 32) * n >> 32);
}

static bool
chance (Generator *g, unsigned percent)
{
  return below (g, 100) < percent;
}

static void
byte (Generator *g, unsigned value)
{
  if (g->test->code_length < sizeof g->test->code)
    g->test->code[g->test->code_length++] = (uint8_t) value;
}

static void
bytes (Generator *g, uint64_t value, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    byte (g, (unsigned) (value >> 8 * i) & 0xff);
}

/* A number that makes carries, signs and bounds likely. */
static uint64_t
number (Generator *g)
{
  uint64_t value = next (g);

  switch (below (g, 6))
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

static unsigned
free_register (Generator *g)
{
  static const uint8_t free64[] = { 0, 1, 2, 8, 9, 10, 11, 15 };

  return g->code32 ? below (g, 3) : free64[below (g, sizeof free64)];
}

static unsigned
any_vector (Generator *g)
{
  return below (g, g->code32 ? 8 : 16);
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
  static const uint8_t pointers64[] = { 3, 6, 7, 12, 13, 4 }, pointers32[] = { 3, 6, 7, 4 };
  unsigned base = g->code32 ? pointers32[below (g, 4)] : pointers64[below (g, 6)];
  unsigned index = !g->code32 && chance (g, 50) ? 14 : 5, size = below (g, 3);
  bool sib = (base & 7) == 4 || chance (g, 25), scaled = sib && chance (g, 60);
  int32_t displacement = (int32_t) below (g, 256) - 128;
  Operand operand = { .b = base >> 3 };

  if (chance (g, 75))
    displacement &= ~31;
  if (chance (g, 6))
    {
      uint32_t target = USER_DATA + 0x800 + below (g, 64) * 16;

      operand = (Operand) { .bytes = { 5 }, .n = 5, .relative = !g->code32 };
      memcpy (operand.bytes + 1, &target, 4);
      return operand;
    }
  if (size == 0 && (base & 7) == 5)
    size = 1;
  operand.bytes[operand.n++] = (uint8_t) (size << 6 | (sib ? 4 : base & 7));
  if (sib)
    {
      operand.bytes[operand.n++]
        = (uint8_t) (below (g, 2) << 6 | (scaled ? index & 7 : 4) << 3 | (base & 7));
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
  return (Operand) { .bytes = { (uint8_t) (0xc0 | (rm & 7)) }, .n = 1, .b = rm >> 3 };
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
    byte (g, operand.bytes[i]);
}

static void
put_legacy_prefixes (Generator *g, unsigned flags)
{
  if ((flags & PLOCK) != 0)
    byte (g, 0xf0);
  if ((flags & P66) != 0)
    byte (g, 0x66);
  if ((flags & PF3) != 0)
    byte (g, 0xf3);
  if ((flags & PF2) != 0)
    byte (g, 0xf2);
}

static void
put_map (Generator *g, unsigned map)
{
  if (map != X86_MAP_PRIMARY)
    byte (g, 0x0f);
  if (map == X86_MAP_0F38)
    byte (g, 0x38);
  if (map == X86_MAP_0F3A)
    byte (g, 0x3a);
}

/* An instruction with ModRM and immediate bytes of immediate. */
static void
insn (Generator *g, unsigned flags, unsigned map, unsigned opcode, unsigned reg, int rm,
      unsigned immediate)
{
  Operand operand = rm < 0 ? memory_operand (g) : register_operand ((unsigned) rm);
  unsigned rex = (flags & W ? 8u : 0) | reg >> 3 << 2 | operand.x << 1 | operand.b;

  put_legacy_prefixes (g, flags);
  if (!g->code32 && (rex != 0 || chance (g, 3)))
    byte (g, 0x40 | rex);
  put_map (g, map);
  byte (g, opcode);
  put_operand (g, operand, reg, immediate);
  bytes (g, number (g), immediate);
}

static void
vex_insn (Generator *g, unsigned pp, bool w, bool l, unsigned map, unsigned opcode, unsigned reg,
          unsigned vvvv, int rm, unsigned immediate)
{
  Operand operand = rm < 0 ? memory_operand (g) : register_operand ((unsigned) rm);
  unsigned last = (~vvvv & 15) << 3 | (l ? 4 : 0) | pp, r = ~reg >> 3 & 1;

  if (map == X86_MAP_0F && !w && operand.x == 0 && operand.b == 0 && chance (g, 60))
    {
      byte (g, 0xc5);
      byte (g, r << 7 | last);
    }
  else
    {
      byte (g, 0xc4);
      byte (g, r << 7 | (operand.x ^ 1) << 6 | (operand.b ^ 1) << 5 | map);
      byte (g, (w ? 0x80 : 0) | last);
    }
  byte (g, opcode);
  put_operand (g, operand, reg, immediate);
  bytes (g, next (g), immediate);
}

/* 66, W or neither; 32-bit code has no W. */
static unsigned
size_flags (Generator *g)
{
  static const uint8_t flags[] = { 0, 0, P66, W, W };

  return flags[below (g, g->code32 ? 3 : 5)];
}

static unsigned
full_immediate (unsigned flags)
{
  return (flags & (P66 | W)) == P66 ? 2 : 4;
}

static int
register_or_memory (Generator *g)
{
  return chance (g, 55) ? (int) free_register (g) : MEMORY;
}

/* 4 to 6 are AH, CH and DH without REX; with one they would be RSP, RBP and RSI. */
static unsigned
byte_register (Generator *g)
{
  return g->code32 && chance (g, 40) ? 4 + below (g, 3) : below (g, 3);
}

static void
generate_alu (Generator *g)
{
  unsigned operation = below (g, 8), flags = size_flags (g);
  int rm = register_or_memory (g);
  unsigned lock = rm < 0 && operation != 7 && chance (g, 15) ? PLOCK : 0;

  switch (below (g, 8))
    {
    case 0:
      insn (g, lock, 0, operation << 3, byte_register (g), rm < 0 ? rm : (int) byte_register (g),
            0);
      break;
    case 1:
    case 2:
      insn (g, flags | lock, 0, operation << 3 | 1, free_register (g), rm, 0);
      break;
    case 3:
      insn (g, flags, 0, operation << 3 | 3, free_register (g), rm, 0);
      break;
    case 4:
      put_legacy_prefixes (g, flags);
      if (flags & W)
        byte (g, 0x48);
      byte (g, operation << 3 | 5);
      bytes (g, number (g), full_immediate (flags));
      break;
    case 5:
      insn (g, flags | lock, 0, 0x83, operation, rm, 1);
      break;
    case 6:
      insn (g, flags | lock, 0, 0x81, operation, rm, full_immediate (flags));
      break;
    default:
      insn (g, lock, 0, 0x80, operation, rm < 0 ? rm : (int) byte_register (g), 1);
    }
}

/* After a multiplication or division: CF and OF may be kept, then all flags are defined again. */
static void
define_flags (Generator *g, bool carry)
{
  if (carry && chance (g, 50))
    bytes (g, UINT64_C (0xc1900fc0920f), 6); /* setc al; seto cl */
  bytes (g, 0xc039, 2);                      /* cmp eax, eax */
}

static void
generate_unary (Generator *g)
{
  unsigned flags = size_flags (g);
  int rm = register_or_memory (g);
  bool small = chance (g, 25);

  if (small && rm >= 0)
    rm = (int) byte_register (g);
  switch (below (g, 6))
    {
    case 0:
      insn (g, flags, 0, small ? 0xf6 : 0xf7, 2 + below (g, 2), rm, 0);
      break;
    case 1:
      insn (g, flags, 0, small ? 0xf6 : 0xf7, 4 + below (g, 2), rm, 0);
      define_flags (g, true);
      break;
    case 2: /* a dividend that lets some divisions succeed */
      bytes (g, small ? 0xe430 : 0xd231, 2); /* xor ah, ah; xor edx, edx */
      insn (g, flags, 0, small ? 0xf6 : 0xf7, 6 + below (g, 2), rm, 0);
      define_flags (g, false);
      break;
    case 3:
      insn (g, flags, 0, small ? 0xfe : 0xff, below (g, 2), rm, 0);
      break;
    case 4:
      insn (g, flags, 0, small ? 0x84 : 0x85, small ? byte_register (g) : free_register (g), rm, 0);
      break;
    default:
      insn (g, flags, 0, small ? 0xf6 : 0xf7, 0, rm, small ? 1 : full_immediate (flags));
    }
}

static void
generate_multiply (Generator *g)
{
  unsigned flags = size_flags (g);

  switch (below (g, 3))
    {
    case 0:
      insn (g, flags, X86_MAP_0F, 0xaf, free_register (g), register_or_memory (g), 0);
      break;
    case 1:
      insn (g, flags, 0, 0x69, free_register (g), register_or_memory (g), full_immediate (flags));
      break;
    default:
      insn (g, flags, 0, 0x6b, free_register (g), register_or_memory (g), 1);
    }
  define_flags (g, true);
}

static void
generate_shift (Generator *g)
{
  static const uint8_t opcodes[] = { 0xc0, 0xc1, 0xc1, 0xd0, 0xd1, 0xd2, 0xd3, 0xd3 };
  unsigned flags = size_flags (g), opcode = opcodes[below (g, sizeof opcodes)];
  int rm = register_or_memory (g);

  if (chance (g, 20))
    {
      static const uint8_t doubles[] = { 0xa4, 0xa5, 0xac, 0xad };

      opcode = doubles[below (g, sizeof doubles)];
      insn (g, flags, X86_MAP_0F, opcode, free_register (g), rm, (opcode & 1) == 0);
      return;
    }
  if ((opcode & 1) == 0 && rm >= 0)
    rm = (int) byte_register (g);
  insn (g, flags, 0, opcode, below (g, 8), rm, opcode < 0xd0);
}

static void
generate_bits (Generator *g)
{
  static const uint8_t tests[] = { 0xa3, 0xab, 0xb3, 0xbb }, scans[] = { 0xbc, 0xbd };
  unsigned flags = size_flags (g), operation = below (g, 4);
  int rm = register_or_memory (g);
  unsigned lock = rm < 0 && operation != 0 && chance (g, 15) ? PLOCK : 0;

  switch (below (g, 5))
    {
    case 0: /* in memory, only a small bit offset */
      insn (g, flags | lock, X86_MAP_0F, tests[operation], rm < 0 ? 5 : free_register (g), rm, 0);
      break;
    case 1:
      insn (g, flags | lock, X86_MAP_0F, 0xba, 4 + operation, rm, 1);
      break;
    case 2:
      insn (g, flags | (chance (g, 50) ? PF3 : 0), X86_MAP_0F, scans[below (g, 2)],
            free_register (g), rm, 0);
      break;
    case 3:
      insn (g, flags | PF3, X86_MAP_0F, 0xb8, free_register (g), rm, 0);
      break;
    default:
      {
        unsigned reg = free_register (g);

        if (flags & W)
          byte (g, 0x48 | reg >> 3);
        else if (reg >= 8)
          byte (g, 0x41);
        byte (g, 0x0f);
        byte (g, 0xc8 | (reg & 7));
      }
    }
}

static void
generate_bmi (Generator *g)
{
  bool w = !g->code32 && chance (g, 50);
  unsigned reg = free_register (g), vvvv = free_register (g);
  int rm = register_or_memory (g);

  switch (below (g, 8))
    {
    case 0:
      vex_insn (g, 0, w, 0, X86_MAP_0F38, 0xf2, reg, vvvv, rm, 0);
      break;
    case 1:
      vex_insn (g, 0, w, 0, X86_MAP_0F38, 0xf3, 1 + below (g, 3), vvvv, rm, 0);
      break;
    case 2: /* BZHI, PEXT, PDEP */
      vex_insn (g, (const uint8_t[]){ 0, 2, 3 }[below (g, 3)], w, 0, X86_MAP_0F38, 0xf5, reg, vvvv,
                rm, 0);
      break;
    case 3:
      vex_insn (g, 3, w, 0, X86_MAP_0F38, 0xf6, reg, vvvv, rm, 0);
      break;
    case 4: /* BEXTR, SHLX, SARX, SHRX */
      vex_insn (g, below (g, 4), w, 0, X86_MAP_0F38, 0xf7, reg, vvvv, rm, 0);
      break;
    case 5:
      vex_insn (g, 3, w, 0, X86_MAP_0F3A, 0xf0, reg, 0, rm, 1);
      break;
    case 6: /* ADCX, ADOX */
      insn (g, (chance (g, 50) ? P66 : PF3) | (w ? W : 0), X86_MAP_0F38, 0xf6, reg, rm, 0);
      break;
    default: /* CRC32 and MOVBE */
      if (chance (g, 50))
        insn (g, PF2 | (w ? W : 0), X86_MAP_0F38, 0xf1, reg, rm, 0);
      else
        insn (g, size_flags (g), X86_MAP_0F38, 0xf0 + below (g, 2), reg, MEMORY, 0);
    }
}

static void
generate_move (Generator *g)
{
  unsigned flags = size_flags (g), reg = free_register (g), w = g->code32 ? 0 : flags & W;
  int rm = register_or_memory (g);

  switch (below (g, 11))
    {
    case 0:
      insn (g, flags, 0, 0x89, reg, rm, 0);
      break;
    case 1:
      insn (g, flags, 0, 0x8b, reg, rm, 0);
      break;
    case 2:
      insn (g, 0, 0, 0x88 + 2 * below (g, 2), byte_register (g),
            rm < 0 ? rm : (int) byte_register (g), 0);
      break;
    case 3:
      insn (g, flags, 0, 0xc7, 0, rm, full_immediate (flags));
      break;
    case 4:
      insn (g, flags, X86_MAP_0F, 0xb7 + 8 * below (g, 2), reg, rm, 0);
      break;
    case 5:
      insn (g, flags, X86_MAP_0F, 0xb6 + 8 * below (g, 2), reg,
            rm < 0 ? rm : (int) byte_register (g), 0);
      break;
    case 6:
      insn (g, flags, 0, 0x8d, reg, MEMORY, 0);
      break;
    case 7:
      insn (g, flags, X86_MAP_0F, 0x40 + below (g, 16), reg, rm, 0);
      break;
    case 8:
      insn (g, 0, X86_MAP_0F, 0x90 + below (g, 16), 0, rm < 0 ? rm : (int) byte_register (g), 0);
      break;
    case 9:
      if (g->code32)
        insn (g, flags, 0, 0xc6, 0, MEMORY, 1);
      else /* of 16 bits, vendors load 2 or 4 bytes */
        insn (g, flags & W, 0, 0x63, reg, rm, 0);
      break;
    default:
      if (w)
        byte (g, 0x48 | reg >> 3);
      else if (reg >= 8)
        byte (g, 0x41);
      byte (g, 0xb8 | (reg & 7));
      bytes (g, number (g), w ? 8 : 4);
    }
}

static void
generate_exchange (Generator *g)
{
  unsigned flags = size_flags (g);
  int rm = register_or_memory (g);
  unsigned lock = rm < 0 && chance (g, 40) ? PLOCK : 0;

  switch (below (g, 5))
    {
    case 0:
      insn (g, flags | lock, 0, 0x87, free_register (g), rm, 0);
      break;
    case 1:
      insn (g, flags | lock, X86_MAP_0F, 0xc1, free_register (g), rm, 0);
      break;
    case 2:
      insn (g, flags | lock, X86_MAP_0F, 0xb1, free_register (g), rm, 0);
      break;
    case 3: /* CMPXCHG8B, CMPXCHG16B: RBX is a pointer that comes along */
      insn (g, lock | (flags & W), X86_MAP_0F, 0xc7, 1, MEMORY, 0);
      break;
    default:
      insn (g, lock, X86_MAP_0F, 0xb0 + 0x10 * below (g, 2), byte_register (g),
            rm < 0 ? rm : (int) byte_register (g), 0);
    }
}

static void
generate_plain (Generator *g)
{
  static const uint8_t plain[]
    = { 0x98, 0x99, 0x9e, 0x9f, 0xf5, 0xf8, 0xf9, 0xfc, 0xfd, 0x90, 0xd7 };
  static const uint8_t plain32[] = { 0x27, 0x2f, 0x37, 0x3f, 0xd4, 0xd5, 0xd6, 0x60 };
  unsigned flags = size_flags (g);

  if (g->code32 && chance (g, 30))
    {
      unsigned opcode = plain32[below (g, sizeof plain32)];

      byte (g, opcode);
      if (opcode == 0xd4 || opcode == 0xd5)
        byte (g, below (g, 20));
      else if (chance (g, 50))
        bytes (g, 0xc1920f, 3); /* setc cl */
      bytes (g, 0xc039, 2);     /* cmp eax, eax: the other flags are undefined */
      return;
    }
  put_legacy_prefixes (g, flags);
  if (flags & W)
    byte (g, 0x48);
  byte (g, plain[below (g, sizeof plain)]);
}

static void
generate_string (Generator *g)
{
  static const uint8_t opcodes[] = { 0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf };
  static const uint8_t repeats[] = { 0, PF3, PF3, PF2 };
  unsigned flags = size_flags (g) | repeats[below (g, sizeof repeats)];

  if (flags & (PF2 | PF3))
    {
      byte (g, 0xb9);
      bytes (g, below (g, 24), 4);
    }
  put_legacy_prefixes (g, flags);
  if (flags & W)
    byte (g, 0x48);
  byte (g, opcodes[below (g, sizeof opcodes)]);
}

static void
generate_stack (Generator *g)
{
  unsigned reg = free_register (g);

  switch (below (g, 7))
    {
    case 0:
    case 1:
      if (reg >= 8)
        byte (g, 0x41);
      byte (g, (chance (g, 60) ? 0x50 : 0x58) | (reg & 7));
      break;
    case 2:
      byte (g, 0x68);
      bytes (g, number (g), 4);
      break;
    case 3:
      insn (g, 0, 0, 0xff, 6, MEMORY, 0);
      break;
    case 4:
      insn (g, 0, 0, 0x8f, 0, MEMORY, 0);
      break;
    case 5: /* PUSHF, POP; the flags a user sees */
      byte (g, 0x9c);
      byte (g, chance (g, 50) ? 0x9d : 0x58);
      break;
    default: /* CALL to the next instruction */
      byte (g, 0xe8);
      bytes (g, 0, 4);
    }
}

/* A forward branch over a few bytes of NOP. */
static void
generate_branch (Generator *g)
{
  unsigned distance = 1 + below (g, 4);

  switch (below (g, 4))
    {
    case 0:
      byte (g, 0x0f);
      byte (g, 0x80 + below (g, 16));
      bytes (g, distance, 4);
      break;
    case 1:
      byte (g, 0xe0 + below (g, 4));
      byte (g, distance);
      break;
    default:
      byte (g, 0x70 + below (g, 16));
      byte (g, distance);
    }
  for (unsigned i = 0; i < distance; i++)
    byte (g, 0x90);
}

/* INC of a byte of the immediate of a MOV that comes soon. */
static void
generate_self_modification (Generator *g)
{
  unsigned distance = below (g, 4), target = g->test->code_length + 6 + distance + 1 + below (g, 4);

  bytes (g, 0x05fe, 2);
  bytes (g, g->code32 ? USER_CODE + target : target - (g->test->code_length + 4u), 4);
  for (unsigned i = 0; i < distance; i++)
    byte (g, 0x90);
  byte (g, 0xb8 + below (g, 3));
  bytes (g, number (g), 4);
}

static void
generate_x87 (Generator *g)
{
  unsigned opcode = 0xd8 + below (g, 8), reg = below (g, 8);

  if (chance (g, 50))
    {
      byte (g, opcode);
      byte (g, 0xc0 + below (g, 64));
      return;
    }
  /* The images of FNSTENV and FNSAVE hold addresses that belong to the host. */
  if ((opcode == 0xd9 || opcode == 0xdd) && reg == 6)
    reg = 0;
  /* A new control word or environment is seldom one that lets more happen. */
  if (((opcode == 0xd9 && (reg == 4 || reg == 5)) || (opcode == 0xdd && reg == 4))
      && chance (g, 80))
    reg = 0;
  g->test->loose_address |= reg == 4 && (opcode == 0xd9 || opcode == 0xdd);
  insn (g, 0, 0, opcode, reg, MEMORY, 0);
}

static bool
vector_is_general (unsigned operands)
{
  return operands == VECTOR_G || operands == VECTOR_VG || operands == VECTOR_MG;
}

static void
generate_vector (Generator *g)
{
  static const uint8_t prefix_of[] = { 0, P66, PF3, PF2 };
  unsigned n, map = X86_MAP_0F + below (g, 3), pp = below (g, 4);
  const VectorOp *op = vector_table_get (map, &n);
  bool strict = chance (g, 97), w = chance (g, 30), l = chance (g, 50), vex, mmx;
  unsigned reg, vvvv = any_vector (g);
  int rm;

  op += below (g, n);
  while ((op->flags & 1u << pp) == 0)
    pp = (pp + 1) & 3;
  mmx = pp == 0 && (op->flags & VECTOR_MMX) != 0;
  vex
    = (op->flags & VECTOR_VEX) != 0 || (!mmx && (op->flags & VECTOR_LEGACY) == 0 && chance (g, 50));
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
    reg = free_register (g);
  else
    reg = mmx || op->operands == VECTOR_QX ? below (g, 8) : any_vector (g);
  rm = mmx || op->operands == VECTOR_XQ ? (int) below (g, 8) : (int) any_vector (g);
  if (vector_is_general (op->operands))
    rm = (int) free_register (g);
  if (op->operands == VECTOR_SHIFT)
    do
      reg = below (g, 8);
    while ((op->group >> reg & 1) == 0);
  if ((op->flags & VECTOR_MEM) != 0 || ((op->flags & VECTOR_REG) == 0 && chance (g, 50)))
    rm = MEMORY;
  /* Whether these demand an aligned operand differs between vendors. */
  if (op->feature == VECTOR_SHA && rm < 0)
    rm = (int) any_vector (g);
  if (vex)
    vex_insn (g, pp, w, l, map, op->opcode, reg, vvvv, rm, (op->flags & VECTOR_IMM) != 0);
  else
    insn (g, prefix_of[pp] | (w && !g->code32 && (op->flags & VECTOR_GW) != 0 ? W : 0), map,
          op->opcode, reg, rm, (op->flags & VECTOR_IMM) != 0);
}

static void
generate_vector_special (Generator *g)
{
  unsigned reg = any_vector (g), vvvv = any_vector (g);
  bool l = chance (g, 50), w = chance (g, 50);

  switch (below (g, 8))
    {
    case 0:
      vex_insn (g, 1, false, l, X86_MAP_0F38, 0x2c + below (g, 4), reg, vvvv, MEMORY, 0);
      break;
    case 1:
      vex_insn (g, 1, w, l, X86_MAP_0F38, 0x8c + 2 * below (g, 2), reg, vvvv, MEMORY, 0);
      break;
    case 2: /* STMXCSR */
      insn (g, 0, X86_MAP_0F, 0xae, 3, MEMORY, 0);
      break;
    case 3:
      insn (g, w && !g->code32 ? W : 0, X86_MAP_0F, 0xc3, free_register (g), MEMORY, 0);
      break;
    case 4: /* MASKMOVQ, MASKMOVDQU */
      w = chance (g, 50);
      insn (g, w ? P66 : 0, X86_MAP_0F, 0xf7, w ? any_vector (g) : below (g, 8),
            w ? (int) any_vector (g) : (int) below (g, 8), 0);
      break;
    case 5:
      bytes (g, l ? 0x77fcc5 : 0x77f8c5, 3);
      break;
    case 6:
      bytes (g, 0x770f, 2);
      break;
    default:
      {
        /* vpsrlq index, index, 58; then a gather through it. */
        unsigned index = below (g, 8), pointer = g->code32 ? 3 : 12;

        vex_insn (g, 1, false, true, X86_MAP_0F, 0x73, 2, index, (int) index, 0);
        byte (g, 58);
        byte (g, 0xc4);
        byte (g, (~reg >> 3 & 1) << 7 | 0x40 | (pointer < 8 ? 0x20 : 0) | X86_MAP_0F38);
        byte (g, (unsigned) w << 7 | (~vvvv & 15) << 3 | (unsigned) l << 2 | 1);
        byte (g, 0x90 + below (g, 4));
        byte (g, 0x04 | (reg & 7) << 3);
        byte (g, below (g, 4) << 6 | index << 3 | (pointer & 7));
      }
    }
}

static void
generate_insn (Generator *g)
{
  static void (*const kinds[]) (Generator *)
    = { generate_alu,    generate_alu,      generate_unary,         generate_multiply,
        generate_shift,  generate_bits,     generate_bmi,           generate_move,
        generate_move,   generate_exchange, generate_plain,         generate_string,
        generate_stack,  generate_branch,   generate_x87,           generate_x87,
        generate_x87,    generate_vector,   generate_vector,        generate_vector,
        generate_vector, generate_vector,   generate_vector_special };
  UserCase *test = g->test;

  test->insn_at[test->n_insns++] = test->code_length;
  if (chance (g, 2))
    {
      generate_self_modification (g);
      return;
    }
  if (!g->code32 && chance (g, 2))
    byte (g, 0x67);
  else if (chance (g, 2))
    byte (g, (const uint8_t[]) { 0x26, 0x2e, 0x36, 0x3e }[below (g, 4)]);
  kinds[below (g, G_N_ELEMENTS (kinds))] (g);
}

/* SUB dword [counter], 1; JNZ to the beginning. */
static void
generate_loop (Generator *g)
{
  g->test->insn_at[g->test->n_insns++] = g->test->code_length;
  g->test->n_runs = (uint8_t) (2 + below (g, 4));
  bytes (g, g->code32 ? 0x2d83 : 0x252c83, g->code32 ? 2 : 3);
  bytes (g, USER_COUNTER, 4);
  byte (g, 1);
  bytes (g, 0x850f, 2);
  bytes (g, -(g->test->code_length + 4u), 4);
}

static uint64_t
pointer (Generator *g)
{
  switch (below (g, 20))
    {
    case 0:
      return USER_HOLE - below (g, 64);
    case 1:
      return USER_DATA - below (g, 64);
    case 2:
      return USER_READONLY + below (g, 4096);
    case 3:
      return USER_DATA + 4096 - below (g, 48);
    case 4:
      return g->code32 || chance (g, 90) ? USER_DATA + 2048
                                         : UINT64_C (0x800000000000) + 512 + below (g, 64);
    default:
      return USER_DATA + 512 + below (g, 200) * 32;
    }
}

/* Vector and memory contents: numbers of all formats, and rubbish. */
static void
generate_bytes (Generator *g, uint8_t *data, size_t n)
{
  static const float floats[] = {
    0, -0.0f, 1, -1, 1.5f, 3e38f, 1e-40f, 2147483648.0f, __builtin_inff (), -__builtin_nanf ("")
  };
  static const double doubles[]
    = { 0, -0.0, 1, -2, 1e300, 5e-310, 9.3e18, 0.1, __builtin_inf (), __builtin_nan ("") };

  for (size_t i = 0; i + 8 <= n; i += 8)
    {
      uint64_t value = number (g);
      float pair[2] = { floats[below (g, 10)], floats[below (g, 10)] };

      switch (below (g, 8))
        {
        case 0:
          memcpy (data + i, pair, 8);
          break;
        case 1:
          memcpy (data + i, &doubles[below (g, 10)], 8);
          break;
        case 2: /* doubles and floats of usual size */
          value = (value & ~(UINT64_C (0x7ff) << 52)) | (uint64_t) (1000 + below (g, 48)) << 52;
          memcpy (data + i, &value, 8);
          break;
        default:
          memcpy (data + i, &value, 8);
        }
    }
}

static void
generate_x87_state (Generator *g, uint8_t *fx)
{
  uint16_t control = chance (g, 85) ? 0x37f : (uint16_t) ((next (g) & 0xf3f) | 0x40);

  if (chance (g, 30))
    control = (uint16_t) ((control & 0x7f) | (next (g) & 0xf00));
  memcpy (fx, &control, 2);
  fx[4] = (uint8_t) next (g) & (uint8_t) next (g);
  fx[3] = (uint8_t) (below (g, 8) << 3);
  for (unsigned i = 0; i < 8; i++)
    {
      uint64_t mantissa = next (g) | UINT64_C (1) << 63;
      uint16_t exponent = (uint16_t) (0x3fff - 32 + below (g, 64));

      if (chance (g, 15))
        mantissa = number (g);
      if (chance (g, 20))
        exponent = (const uint16_t[]) { 0, 0x7fff, 0x8000, 0xffff, 1, 0x7ffe }[below (g, 6)];
      if (chance (g, 40))
        exponent |= 0x8000;
      memcpy (fx + 32 + 16 * i, &mantissa, 8);
      memcpy (fx + 40 + 16 * i, &exponent, 2);
    }
}

static void
generate_state (Generator *g)
{
  static const uint8_t pointers[] = { 3, 6, 7, 12, 13 };
  UserState *state = &g->test->state;
  uint32_t mxcsr = 0x1f80;

  for (unsigned i = 0; i < 16; i++)
    state->gpr[i] = number (g);
  for (unsigned i = 0; i < sizeof pointers; i++)
    state->gpr[pointers[i]] = pointer (g);
  state->gpr[4] = USER_DATA + 4096 + below (g, 64) * 8;
  state->gpr[5] = below (g, 64);
  state->gpr[14] = below (g, 16) * 16;
  if (g->code32)
    for (unsigned i = 0; i < 16; i++)
      state->gpr[i] = i < 8 ? (uint32_t) state->gpr[i] : 0;
  state->rip = USER_CODE;
  state->rflags = 0x202 | (next (g) & 0x8d5);
  generate_x87_state (g, state->fx);
  if (chance (g, 30))
    mxcsr ^= (uint32_t) (next (g) & 0xe040);
  if (chance (g, 10))
    mxcsr ^= (uint32_t) (next (g) & 0x1f80);
  if (chance (g, 50))
    mxcsr |= (uint32_t) (next (g) & 0x3f);
  memcpy (state->fx + 24, &mxcsr, 4);
  generate_bytes (g, state->fx + 160, 256);
  generate_bytes (g, &state->upper[0][0], 256);
  if (g->code32)
    {
      memset (state->fx + 160 + 128, 0, 128);
      memset (state->upper[8], 0, 128);
    }
  generate_bytes (g, g->test->data, USER_DATA_SIZE);
}

void
user_generate (UserCase *test, uint64_t seed, bool code32)
{
  Generator g = { .test = test, .random = seed, .code32 = code32 };
  unsigned n = 1 + below (&g, 20);

  memset (test, 0, sizeof *test);
  test->seed = seed;
  test->code32 = code32;
  generate_state (&g);
  for (unsigned i = 0; i < n; i++)
    generate_insn (&g);
  if (chance (&g, 30))
    generate_loop (&g);
  byte (&g, 0xcc);
}
