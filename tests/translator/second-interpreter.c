/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "second-interpreter.h"

#include "vmm-core/x86/software.h"

/* An interpreter by itself would say that nothing is left. */
static void
leave_code (X86Software *software, MemoryBlock *block, uint64_t page, unsigned offset,
            unsigned length)
{
}

Accel *
second_interpreter_open (const AccelMachine *machine, GError **error)
{
  static X86Engine engine;
  Accel *accel = software_accel_ops.open (machine, error);
  X86Software *software = (X86Software *) accel;

  if (accel == NULL)
    return NULL;
  engine = *software->engine;
  engine.code_overwritten = leave_code;
  software->engine = &engine;
  return accel;
}
