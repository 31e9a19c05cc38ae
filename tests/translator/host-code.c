/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whatever is emitted, thunks and stubs included, is of the instruction sets that the host has:
 * Zydis looks at all of it while random user code runs. With GUESTHOUSE_HIDE, that is less. */
#include <inttypes.h>

#include "tests/x86/user-case.h"
#include "tests/x86/zydis-features.h"
#include "vmm-core/translator/code-cache.h"
#include "vmm-core/translator/translator.h"
#include "vmm-core/x86/thunk.h"

static ZydisDecoder zydis;
static uint64_t n_looked_at;
static bool looking;

Emitter __real_code_cache_begin (CodeCache *cache, CodeKind kind);
Emitter __wrap_code_cache_begin (CodeCache *cache, CodeKind kind);
void __real_code_cache_end (CodeCache *cache, CodeKind kind, const Emitter *emitter);
void __wrap_code_cache_end (CodeCache *cache, CodeKind kind, const Emitter *emitter);
const Thunk *__real_thunk_finish (const ThunkBuilder *builder);
const Thunk *__wrap_thunk_finish (const ThunkBuilder *builder);

/* What a host of x86-64-v2 may lack, beside the features. */
static bool
is_foreign (const ZydisDecodedInstruction *insn)
{
  switch (insn->meta.isa_ext)
    {
    case ZYDIS_ISA_EXT_AVX512EVEX:
    case ZYDIS_ISA_EXT_AVX512VEX:
    case ZYDIS_ISA_EXT_CLFLUSHOPT:
    case ZYDIS_ISA_EXT_CLWB:
    case ZYDIS_ISA_EXT_LZCNT:
    case ZYDIS_ISA_EXT_PKU:
    case ZYDIS_ISA_EXT_RDPID:
    case ZYDIS_ISA_EXT_RDTSCP:
    case ZYDIS_ISA_EXT_RDWRFSGS:
    case ZYDIS_ISA_EXT_XSAVE:
    case ZYDIS_ISA_EXT_XSAVEC:
    case ZYDIS_ISA_EXT_XSAVEOPT:
    case ZYDIS_ISA_EXT_XSAVES:
      return true;
    default:
      return insn->mnemonic == ZYDIS_MNEMONIC_TZCNT;
    }
}

static void
look_at (const uint8_t *code, size_t length)
{
  const uint32_t features = x86_features_of_host ();

  while (looking && length > 0)
    {
      ZydisDecodedInstruction insn;
      bool scan;

      if (!ZYAN_SUCCESS (ZydisDecoderDecodeInstruction (&zydis, NULL, code, length, &insn)))
        g_error ("This is no instruction: %02x %02x %02x %02x.", code[0], length > 1 ? code[1] : 0,
                 length > 2 ? code[2] : 0, length > 3 ? code[3] : 0);
      scan
        = (insn.mnemonic == ZYDIS_MNEMONIC_TZCNT && x86_features_have (features, X86_FEATURE_BMI1))
          || (insn.mnemonic == ZYDIS_MNEMONIC_LZCNT
              && x86_features_have (features, X86_FEATURE_LZCNT));
      if (!zydis_features_have (features, &insn) || (is_foreign (&insn) && !scan))
        g_error ("%s is none of the host's instructions.", ZydisMnemonicGetString (insn.mnemonic));
      code += insn.length;
      length -= insn.length;
      n_looked_at++;
    }
}

static const uint8_t *begin[CODE_N_KINDS];

Emitter
__wrap_code_cache_begin (CodeCache *cache, CodeKind kind)
{
  Emitter emitter = __real_code_cache_begin (cache, kind);

  begin[kind] = emitter.at;
  return emitter;
}

void
__wrap_code_cache_end (CodeCache *cache, CodeKind kind, const Emitter *emitter)
{
  look_at (begin[kind], (size_t) (emitter->at - begin[kind]));
  __real_code_cache_end (cache, kind, emitter);
}

const Thunk *
__wrap_thunk_finish (const ThunkBuilder *builder)
{
  look_at (builder->code, builder->head.length);
  return __real_thunk_finish (builder);
}

static void
test_host_code (gconstpointer bits)
{
  g_autoptr (X86Machine) machine = NULL;

  looking = true;
  machine = x86_machine_new (&translator_accel_ops);
  user_software_prepare (machine);
  translator_set_options (x86_machine_get_accel (machine), TRANSLATOR_THOROUGH);
  for (uint64_t seed = 1; seed <= 2000; seed++)
    {
      static UserCase test;
      static UserResult result;

      looking = false; /* the generator decodes for other CPUs, too */
      user_generate (&test, seed, GPOINTER_TO_UINT (bits) == 32);
      looking = true;
      user_software_run (machine, &test, &result);
    }
  g_test_message ("%" PRIu64 " instructions looked at", n_looked_at);
  g_assert_cmpuint (n_looked_at, >, 100000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ZydisDecoderInit (&zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  g_test_add_data_func ("/translator/host-code/64", GUINT_TO_POINTER (64), test_host_code);
  g_test_add_data_func ("/translator/host-code/32", GUINT_TO_POINTER (32), test_host_code);
  return g_test_run ();
}
