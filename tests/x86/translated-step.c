/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "translated-step.h"

#include <asm/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm-core/translator/run.h"
#include "vmm-core/translator/translator.h"
#include "vmm-core/x86/block.h"
#include "vmm-core/x86/fpu-unit.h"
#include "vmm-core/x86/interpreter.h"

static void
run_instruction (X86Cpu *cpu)
{
  if (sigsetjmp (cpu->escape, 0) != 0)
    {
      x86_interpreter_land (cpu);
      x86_block_set_running (cpu, NULL);
    }
  else if (x86_interpreter_must_step (cpu) || !translator_run_block (cpu))
    {
      x86_interpreter_step (cpu);
      fpu_unit_gather_mxcsr (cpu);
    }
}

static void
translated_step (X86Cpu *cpu)
{
  syscall (SYS_arch_prctl, ARCH_SET_GS, cpu);
  x86_block_set_running (cpu, NULL);
  x86_exclusive_enter (cpu);
  block_cache_drop_overwritten (cpu->software->engine_data, (TranslatorCpu *) cpu);
  /* Nothing comes from outside; with a request, translated code would not begin. */
  atomic_store (&cpu->requests, 0);
  run_instruction (cpu);
  x86_exclusive_leave (cpu);
}

X86Machine *
translated_machine_new (void)
{
  X86Machine *machine = x86_machine_new (&translator_accel_ops);

  translator_set_options (x86_machine_get_accel (machine), TRANSLATOR_THOROUGH | TRANSLATOR_SINGLE);
  x86_machine_set_step (machine, translated_step);
  return machine;
}
