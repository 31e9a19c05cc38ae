/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The decoder against Zydis: which bytes are an instruction, how long it is, and its operands. */
#include <string.h>

#include "zydis-oracle.h"

static const ZydisOracleMode modes[] = {
  { "real", 0, ZYDIS_MACHINE_MODE_REAL_16, ZYDIS_STACK_WIDTH_16 },
  { "16", X86_MODE_PROTECTED, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16 },
  { "32", X86_MODE_CODE32 | X86_MODE_STACK32 | X86_MODE_PROTECTED, ZYDIS_MACHINE_MODE_LEGACY_32,
    ZYDIS_STACK_WIDTH_32 },
  { "64", X86_MODE_CODE64 | X86_MODE_FLAT | X86_MODE_PROTECTED | X86_MODE_LONG,
    ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64 },
};

/* 66 in front of a near branch means something there. */
static const ZydisOracleMode mode_64_amd
  = { "64-amd", X86_MODE_CODE64 | X86_MODE_FLAT | X86_MODE_PROTECTED | X86_MODE_LONG,
      ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64, X86_AMD };

/* What follows the bytes a test is about: arbitrary, but the same in every run. */
static void
fill (uint8_t *bytes, unsigned n)
{
  uint32_t value = 0x9e3779b9;

  for (unsigned i = 0; i < n; i++)
    {
      value = value * 1664525 + 1013904223;
      bytes[i] = value >> 24;
    }
}

/* Every start of three bytes. */
static void
test_three_bytes (gconstpointer mode)
{
  uint8_t bytes[X86_MAX_LENGTH];
  ZydisOracle oracle;

  zydis_oracle_init (&oracle, mode, X86_FEATURES_ALL);
  fill (bytes, sizeof bytes);
  for (unsigned first = 0; first < 1 << 24; first++)
    {
      bytes[0] = first >> 16;
      bytes[1] = first >> 8;
      bytes[2] = first;
      zydis_oracle_compare (&oracle, bytes, false);
    }
  zydis_oracle_finish (&oracle);
}

/* Every opcode of every map with every ModRM byte, under every set of prefixes that may matter. */
static void
test_prefixes (gconstpointer mode)
{
  static const char *const starts[] = { "", "\x0f", "\x0f\x38", "\x0f\x3a" };
  static const uint8_t legacy[] = { 0x66, 0xf2, 0xf3, 0xf0, 0x67 };
  static const uint8_t rexes[] = { 0, 0x40, 0x48, 0x47 };
  unsigned n_rexes
    = ((const ZydisOracleMode *) mode)->mode & X86_MODE_CODE64 ? G_N_ELEMENTS (rexes) : 1;
  ZydisOracle oracle;

  zydis_oracle_init (&oracle, mode, X86_FEATURES_ALL);
  for (unsigned set = 0; set < 1u << G_N_ELEMENTS (legacy); set++)
    for (unsigned rex = 0; rex < n_rexes; rex++)
      for (unsigned map = 0; map < G_N_ELEMENTS (starts); map++)
        {
          uint8_t bytes[X86_MAX_LENGTH];
          unsigned n = 0;

          fill (bytes, sizeof bytes);
          for (unsigned i = 0; i < G_N_ELEMENTS (legacy); i++)
            if (set >> i & 1)
              bytes[n++] = legacy[i];
          if (rexes[rex] != 0)
            bytes[n++] = rexes[rex];
          memcpy (bytes + n, starts[map], strlen (starts[map]));
          n += strlen (starts[map]);
          for (unsigned i = 0; i < 1 << 16; i++)
            {
              bytes[n] = i >> 8;
              bytes[n + 1] = i;
              zydis_oracle_compare (&oracle, bytes, false);
            }
        }
  zydis_oracle_finish (&oracle);
}

/* Every opcode with every payload of both forms of VEX, with memory and registers as operands. */
static void
test_vex (gconstpointer mode)
{
  static const uint8_t modrms[] = { 0x01, 0x4c, 0xd8, 0xe1, 0xee, 0xf7 };
  uint8_t bytes[X86_MAX_LENGTH];
  ZydisOracle oracle;

  zydis_oracle_init (&oracle, mode, X86_FEATURES_ALL);
  fill (bytes, sizeof bytes);
  for (unsigned i = 0; i < 1 << 24; i++)
    {
      bytes[0] = 0xc5;
      bytes[1] = i >> 16;
      bytes[2] = i >> 8;
      bytes[3] = i;
      zydis_oracle_compare (&oracle, bytes, false);
      if ((bytes[1] & 0x1f) > 4)
        continue;
      bytes[0] = 0xc4;
      for (unsigned j = 0; j < G_N_ELEMENTS (modrms); j++)
        {
          bytes[4] = modrms[j];
          zydis_oracle_compare (&oracle, bytes, false);
        }
    }
  zydis_oracle_finish (&oracle);
}

/* A CPU that lacks one of the features, in turn: what is left is as it was. */
static void
test_features (gconstpointer mode)
{
  static const char *const starts[] = { "\x0f", "\x0f\x38", "\x0f\x3a", "\xc5", "\xc4" };
  static const uint8_t prefixes[] = { 0, 0x66, 0xf2, 0xf3 };

  for (X86Feature feature = 0; feature < X86_N_FEATURES; feature++)
    {
      ZydisOracle oracle;

      if (x86_feature_get_name (feature) == NULL)
        continue;
      zydis_oracle_init (&oracle, mode, x86_features_without (X86_FEATURES_ALL, feature));
      for (unsigned which = 0; which < G_N_ELEMENTS (starts) * G_N_ELEMENTS (prefixes); which++)
        for (unsigned i = 0; i < 1 << 16; i++)
          {
            const char *start = starts[which / 4];
            uint8_t bytes[X86_MAX_LENGTH];
            unsigned n = 0;

            fill (bytes, sizeof bytes);
            if (start[0] == '\x0f' && prefixes[which % 4] != 0)
              bytes[n++] = prefixes[which % 4];
            memcpy (bytes + n, start, strlen (start));
            n += strlen (start);
            /* The payload of VEX: every map, every prefix, every L and W. */
            if (start[0] == '\xc4')
              bytes[n++] = 0xe0 | (1 + which % 4);
            if (start[0] != '\x0f')
              bytes[n++] = (uint8_t) (0x78 | (i & 0x87));
            bytes[n++] = (uint8_t) (i >> 8);
            bytes[n] = (uint8_t) i;
            zydis_oracle_compare (&oracle, bytes, true);
          }
      zydis_oracle_finish (&oracle);
    }
}

/* Longer instructions, and what their operands are. */
static void
test_operands (gconstpointer mode)
{
  static const uint8_t prefixes[] = { 0x66, 0xf2, 0xf3, 0x67, 0xf0, 0x2e, 0x65, 0x48, 0x41 };
  static const char *const starts[] = { "", "\x0f", "\x0f\x38", "\x0f\x3a", "\xc4", "\xc5" };
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  ZydisOracle oracle;

  zydis_oracle_init (&oracle, mode, X86_FEATURES_ALL);
  for (unsigned i = 0; i < 6000000; i++)
    {
      uint8_t bytes[X86_MAX_LENGTH + 1];
      const char *start = starts[g_rand_int_range (rand, 0, G_N_ELEMENTS (starts))];
      unsigned n = 0;

      for (unsigned at = 0; at < sizeof bytes; at += 4)
        {
          uint32_t value = g_rand_int (rand);

          memcpy (bytes + at, &value, sizeof value);
        }
      while (n < 5 && g_rand_int_range (rand, 0, 5) < 3)
        bytes[n++] = prefixes[g_rand_int_range (rand, 0, G_N_ELEMENTS (prefixes))];
      memcpy (bytes + n, start, strlen (start));
      if (start[0] == '\xc4' && g_rand_boolean (rand))
        bytes[n + 1] = (bytes[n + 1] & 0xe0) | g_rand_int_range (rand, 1, 4);
      zydis_oracle_compare (&oracle, bytes, true);
    }
  zydis_oracle_finish (&oracle);
}

/* Fewer bytes than the instruction has: it asks for more, and the bytes behind do not matter. */
static void
test_short (gconstpointer mode)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  ZydisOracle oracle;

  zydis_oracle_init (&oracle, mode, X86_FEATURES_ALL);
  for (unsigned i = 0; i < 200000; i++)
    {
      uint8_t bytes[X86_MAX_LENGTH];
      X86Insn insn = { 0 };
      X86Flow flow;
      unsigned length;

      for (unsigned at = 0; at < X86_MAX_LENGTH; at++)
        bytes[at] = g_rand_int (rand);
      if (x86_decode (oracle.cpu, bytes, X86_MAX_LENGTH, &insn, &flow) != X86_DECODE_OK)
        continue;
      length = insn.length;
      memset (bytes + length, 0x5a, X86_MAX_LENGTH - length);
      g_assert_cmpint (x86_decode (oracle.cpu, bytes, length, &insn, &flow), ==, X86_DECODE_OK);
      g_assert_cmpuint (insn.length, ==, length);
      for (unsigned n = 0; n < length; n++)
        g_assert_cmpint (x86_decode (oracle.cpu, bytes, n, &insn, &flow), ==, X86_DECODE_SHORT);
    }
  zydis_oracle_finish (&oracle);
}

/* Fifteen bytes are an instruction, sixteen are too many. */
static void
test_too_long (gconstpointer mode)
{
  uint8_t bytes[X86_MAX_LENGTH];
  X86Insn insn = { 0 };
  X86Flow flow;
  ZydisOracle oracle;

  zydis_oracle_init (&oracle, mode, X86_FEATURES_ALL);
  memset (bytes, 0x2e, sizeof bytes);
  g_assert_cmpint (x86_decode (oracle.cpu, bytes, 15, &insn, &flow), ==, X86_DECODE_TOO_LONG);
  bytes[14] = 0x90;
  g_assert_cmpint (x86_decode (oracle.cpu, bytes, 15, &insn, &flow), ==, X86_DECODE_OK);
  g_assert_cmpuint (insn.length, ==, 15);
  memcpy (bytes + 13, "\xb0\x00", 2);
  g_assert_cmpint (x86_decode (oracle.cpu, bytes, 15, &insn, &flow), ==, X86_DECODE_OK);
  memcpy (bytes + 12, "\x66\x05\x00", 3);
  g_assert_cmpint (x86_decode (oracle.cpu, bytes, 15, &insn, &flow), ==, X86_DECODE_TOO_LONG);
  zydis_oracle_finish (&oracle);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    GTestDataFunc function;
  } tests[] = {
    { "three-bytes", test_three_bytes }, { "prefixes", test_prefixes }, { "vex", test_vex },
    { "features", test_features },       { "operands", test_operands }, { "short", test_short },
    { "too-long", test_too_long },
  };

  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (modes); i++)
    for (unsigned j = 0; j < G_N_ELEMENTS (tests); j++)
      {
        g_autofree char *path = g_strdup_printf ("/decode/%s/%s", modes[i].name, tests[j].name);

        g_test_add_data_func (path, &modes[i], tests[j].function);
      }
  g_test_add_data_func ("/decode/64-amd/prefixes", &mode_64_amd, test_prefixes);
  return g_test_run ();
}
