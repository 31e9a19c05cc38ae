/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whatever a guest runs, its thunks have room: every encoding that one is made for, in turn. Which
 * registers it names makes no difference but for MMX. */
#include <string.h>

#include "vmm-core/x86/decode.h"
#include "vmm-core/x86/thunk.h"
#include "vmm-core/x86/x86-features.h"
#include "x86-machine.h"

static unsigned n_made, n_refused;

const Thunk *__real_thunk_finish (const ThunkBuilder *builder);
const Thunk *__wrap_thunk_finish (const ThunkBuilder *builder);

const Thunk *
__wrap_thunk_finish (const ThunkBuilder *builder)
{
  const Thunk *thunk = __real_thunk_finish (builder);

  n_made += thunk != NULL;
  n_refused += thunk == NULL;
  return thunk;
}

/* Whether the decoder asked for a thunk. */
static bool
decode (const X86Cpu *cpu, const uint8_t *bytes)
{
  unsigned before = n_made + n_refused;
  X86Insn insn = { .offset = 0 };
  X86Flow flow;

  x86_decode (cpu, bytes, X86_MAX_LENGTH, &insn, &flow);
  return n_made + n_refused > before;
}

/* The bytes up to the opcode are given: all forms of the operands, all immediates. */
static void
try_operands (const X86Cpu *cpu, uint8_t *bytes, unsigned n, bool immediate)
{
  for (unsigned modrm = 0; modrm < 256; modrm++)
    {
      const unsigned rm = modrm & 7;

      /* Memory is memory: of its forms, one without displacement. */
      if (modrm < 0xc0 && (modrm >= 0x40 || rm != 0))
        continue;
      bytes[n] = (uint8_t) modrm;
      bytes[n + 1] = 0;
      if (!decode (cpu, bytes) || !immediate)
        continue;
      for (unsigned value = 1; value < 256; value++)
        {
          bytes[n + 1] = (uint8_t) value;
          decode (cpu, bytes);
        }
    }
}

static const uint8_t maps[] = { 0, 0x38, 0x3a };

static void
try_legacy (const X86Cpu *cpu, unsigned map, unsigned opcode, bool immediate)
{
  static const uint8_t prefixes[] = { 0, 0x66, 0xf2, 0xf3 };

  for (unsigned prefix = 0; prefix < 4; prefix++)
    for (unsigned w = 0; w < 2; w++)
      {
        uint8_t bytes[X86_MAX_LENGTH] = { 0 };
        unsigned n = 0;

        if (prefixes[prefix] != 0)
          bytes[n++] = prefixes[prefix];
        if (w)
          bytes[n++] = 0x48;
        bytes[n++] = 0x0f;
        if (maps[map] != 0)
          bytes[n++] = maps[map];
        bytes[n++] = (uint8_t) opcode;
        try_operands (cpu, bytes, n, immediate);
      }
}

static void
try_vex (const X86Cpu *cpu, unsigned map, unsigned opcode, bool immediate)
{
  for (unsigned fields = 0; fields < 16; fields++)
    for (unsigned vvvv = 0; vvvv < 16; vvvv += 15)
      {
        const unsigned w = fields & 8, l = fields & 4, pp = fields & 3;
        uint8_t bytes[X86_MAX_LENGTH]
          = { 0xc4, (uint8_t) (0xe1 + map), (uint8_t) (w << 4 | vvvv << 3 | l | pp),
              (uint8_t) opcode };

        try_operands (cpu, bytes, 4, immediate);
      }
}

/* Of the first map, those that have an immediate. */
static bool
has_immediate (unsigned map, unsigned opcode)
{
  return map == 2
         || (map == 0
             && ((opcode >= 0x70 && opcode <= 0x73) || opcode == 0xc2
                 || (opcode >= 0xc4 && opcode <= 0xc6)));
}

static void
test_room (void)
{
  g_autoptr (X86Machine) machine = x86_machine_new (&software_accel_ops);
  X86Cpu *cpu = ((X86Software *) x86_machine_get_accel (machine))->cpus[0];

  cpu->mode = X86_MODE_CODE64;
  cpu->features = X86_FEATURES_ALL;
  for (unsigned map = 0; map < 3; map++)
    for (unsigned opcode = 0; opcode < 256; opcode++)
      {
        try_legacy (cpu, map, opcode, has_immediate (map, opcode));
        try_vex (cpu, map, opcode, has_immediate (map, opcode));
      }
  for (unsigned opcode = 0xd8; opcode < 0xe0; opcode++)
    {
      uint8_t bytes[X86_MAX_LENGTH] = { (uint8_t) opcode };

      try_operands (cpu, bytes, 1, false);
    }
  g_test_message ("%u encodings", n_made);
  g_assert_cmpuint (n_made, >, 10000);
  g_assert_cmpuint (n_refused, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/x86/thunks/room", test_room);
  return g_test_run ();
}
