/* SPDX-License-Identifier: GPL-3.0-or-later */
/* x87 instructions (Intel SDM volume 1, chapter 8). They run on the host's unit, which holds the
 * guest's whole x87 state; kept beside it are only the addresses of the last instruction and a
 * copy of the control word.
 *
 * The host must never meet a waiting instruction with an exception pending: it is looked for
 * before each one. With CR0.NE clear FERR# goes out, and the instruction is done with all
 * exceptions masked, as if IGNNE# were asserted. */
#include "x87.h"

#include "access.h"
#include "fpu-unit.h"
#include "software.h"
#include "thunk.h"
#include "vector.h"
#include "vendor.h"
#include "vmm-core/machine-lock.h"

#define AT(field) ((uint32_t) offsetof (X86Cpu, field))

enum
{
  X87_INVALID,
  X87_LOAD,
  X87_STORE,
  X87_SPECIAL
};

typedef struct
{
  uint8_t kind, length;
} X87Memory;

/* Memory operands by opcode - D8 and ModRM.reg. */
/* clang-format off */
static const X87Memory x87_memory[8][8] = {
  { { X87_LOAD, 4 }, { X87_LOAD, 4 }, { X87_LOAD, 4 }, { X87_LOAD, 4 },
    { X87_LOAD, 4 }, { X87_LOAD, 4 }, { X87_LOAD, 4 }, { X87_LOAD, 4 } },
  { { X87_LOAD, 4 }, { X87_INVALID, 0 }, { X87_STORE, 4 }, { X87_STORE, 4 },
    { X87_SPECIAL, 0 }, { X87_SPECIAL, 0 }, { X87_SPECIAL, 0 }, { X87_SPECIAL, 0 } },
  { { X87_LOAD, 4 }, { X87_LOAD, 4 }, { X87_LOAD, 4 }, { X87_LOAD, 4 },
    { X87_LOAD, 4 }, { X87_LOAD, 4 }, { X87_LOAD, 4 }, { X87_LOAD, 4 } },
  { { X87_LOAD, 4 }, { X87_STORE, 4 }, { X87_STORE, 4 }, { X87_STORE, 4 },
    { X87_INVALID, 0 }, { X87_LOAD, 10 }, { X87_INVALID, 0 }, { X87_STORE, 10 } },
  { { X87_LOAD, 8 }, { X87_LOAD, 8 }, { X87_LOAD, 8 }, { X87_LOAD, 8 },
    { X87_LOAD, 8 }, { X87_LOAD, 8 }, { X87_LOAD, 8 }, { X87_LOAD, 8 } },
  { { X87_LOAD, 8 }, { X87_STORE, 8 }, { X87_STORE, 8 }, { X87_STORE, 8 },
    { X87_SPECIAL, 0 }, { X87_INVALID, 0 }, { X87_SPECIAL, 0 }, { X87_SPECIAL, 0 } },
  { { X87_LOAD, 2 }, { X87_LOAD, 2 }, { X87_LOAD, 2 }, { X87_LOAD, 2 },
    { X87_LOAD, 2 }, { X87_LOAD, 2 }, { X87_LOAD, 2 }, { X87_LOAD, 2 } },
  { { X87_LOAD, 2 }, { X87_STORE, 2 }, { X87_STORE, 2 }, { X87_STORE, 2 },
    { X87_LOAD, 10 }, { X87_LOAD, 8 }, { X87_STORE, 10 }, { X87_STORE, 8 } },
};
/* clang-format on */

/* Valid second bytes C0-FF by opcode - D8, one bit each. The undocumented duplicates of FCOM,
 * FXCH, FSTP and FFREE are what they are on every CPU. */
static const uint64_t x87_valid[8] = {
  0xffffffffffffffff, 0xffff7f33ff01ffff, 0x00000200ffffffff, 0x00ffff1fffffffff,
  0xffffffffffffffff, 0x0000ffffffffffff, 0xffffffff02ffffff, 0x00ffff01ffffffff,
};

static void
x87_check_available (X86Cpu *cpu)
{
  if (G_UNLIKELY ((cpu->state.cr0 & (X86_CR0_EM | X86_CR0_TS)) != 0))
    x86_raise (cpu, X86_NM);
  fpu_unit_enter (cpu);
}

static void
x87_assert_ferr (X86Cpu *cpu)
{
  const AccelMachine *machine = &cpu->software->machine;

  if (machine->set_ferr == NULL)
    return;
  machine_lock_acquire (machine->lock);
  machine->set_ferr (machine->ferr, true);
  machine_lock_release (machine->lock);
}

/* Reports a pending exception, as every waiting instruction does first. TRUE: it stays pending,
 * and the instruction is to be done all the same. */
static bool
x87_wait (X86Cpu *cpu)
{
  if (!fpu_unit_is_pending (cpu))
    return false;
  if ((cpu->state.cr0 & X86_CR0_NE) != 0)
    x86_raise (cpu, X86_MF);
  x87_assert_ferr (cpu);
  return true;
}

static bool
x87_begin (X86Cpu *cpu)
{
  x87_check_available (cpu);
  return x87_wait (cpu);
}

static void
x87_mask (void)
{
  uint32_t environment[7];

  __asm__ volatile ("fnstenv %0" : "=m"(environment));
}

static void
x87_unmask (X86Cpu *cpu)
{
  __asm__ volatile ("fldcw %0" : : "m"(cpu->state.fpu.control));
}

static inline void
x87_run (X86Cpu *cpu, const X86Insn *insn, void *operand, bool masked)
{
  X86Fpu *fpu = &cpu->state.fpu;

  if (G_UNLIKELY (masked))
    x87_mask ();
  thunk_call (insn->thunk, 0, NULL, operand, NULL, NULL, cpu);
  if (G_UNLIKELY (masked))
    x87_unmask (cpu);
  fpu->ip = x86_insn_rip (cpu, insn);
  fpu->cs = cpu->state.seg[X86_CS].selector;
  fpu->opcode = (uint16_t) ((insn->opcode & 7) << 8 | insn->modrm);
}

static inline void
x87_note_operand (X86Cpu *cpu, const X86Insn *insn, uint64_t ea)
{
  cpu->state.fpu.dp = ea;
  cpu->state.fpu.ds = cpu->state.seg[insn->segment].selector;
}

static void
x87_exec_registers (X86Cpu *cpu, const X86Insn *insn)
{
  bool masked = x87_begin (cpu);

  x87_run (cpu, insn, NULL, masked);
}

static void
x87_exec_load (X86Cpu *cpu, const X86Insn *insn)
{
  const Thunk *thunk = insn->thunk;
  bool masked = x87_begin (cpu);
  uint64_t ea = x86_ea (cpu, insn);
  uint8_t bounce[16];

  x87_run (cpu, insn, (void *) vector_load (cpu, insn, ea, thunk->access, bounce), masked);
  x87_note_operand (cpu, insn, ea);
}

static unsigned
x87_unmasked (const X86Cpu *cpu)
{
  return fpu_unit_get_status () & ~cpu->state.fpu.control & FPU_EXCEPTIONS;
}

/* Whether an unmasked exception other than PE will leave the destination alone: tried out, and
 * taken back. None is pending. */
static bool
x87_refuses_store (X86Cpu *cpu, const X86Insn *insn)
{
  uint8_t ignored[16];
  X86Fpu before;
  bool refused;

  if ((cpu->state.fpu.control & FPU_EXCEPTIONS) == FPU_EXCEPTIONS)
    return false;
  fpu_unit_save (cpu);
  before = cpu->state.fpu;
  x87_run (cpu, insn, ignored, false);
  refused = (x87_unmasked (cpu) & ~FPU_STATUS_PE) != 0;
  fpu_unit_drop (cpu);
  cpu->state.fpu = before;
  fpu_unit_load (cpu);
  return refused;
}

/* Where the bytes do not lie in one page that can be written. */
static void
x87_store_slowly (X86Cpu *cpu, const X86Insn *insn, uint64_t ea, bool masked)
{
  const Thunk *thunk = insn->thunk;
  uint8_t bounce[16];

  if (masked || !x86_x87_refuses_before_store (cpu) || !x87_refuses_store (cpu, insn))
    x86_probe_store (cpu, insn->segment, ea, thunk->access);
  x87_run (cpu, insn, bounce, masked);
  if (masked || (x87_unmasked (cpu) & ~FPU_STATUS_PE) == 0)
    x86_store_bytes (cpu, insn->segment, ea, bounce, thunk->access);
}

static void
x87_exec_store (X86Cpu *cpu, const X86Insn *insn)
{
  const Thunk *thunk = insn->thunk;
  bool masked = x87_begin (cpu);
  uint64_t ea = x86_ea (cpu, insn);
  void *host = vector_try_write (cpu, insn->segment, ea, thunk->access);

  if (G_LIKELY (host != NULL))
    x87_run (cpu, insn, host, masked);
  else
    x87_store_slowly (cpu, insn, ea, masked);
  x87_note_operand (cpu, insn, ea);
}

static void
x87_exec_fwait (X86Cpu *cpu, const X86Insn *insn)
{
  if ((cpu->state.cr0 & (X86_CR0_MP | X86_CR0_TS)) == (X86_CR0_MP | X86_CR0_TS))
    x86_raise (cpu, X86_NM);
  fpu_unit_enter (cpu);
  x87_wait (cpu);
}

static void
x87_exec_fldcw (X86Cpu *cpu, const X86Insn *insn)
{
  bool masked = x87_begin (cpu);
  uint16_t control = x86_load16 (cpu, insn->segment, x86_ea (cpu, insn));

  if (masked)
    x87_mask ();
  __asm__ volatile ("fldcw %1; fnstcw %0" : "=m"(cpu->state.fpu.control) : "m"(control));
}

static void
x87_exec_fnstcw (X86Cpu *cpu, const X86Insn *insn)
{
  x87_check_available (cpu);
  x86_store16 (cpu, insn->segment, x86_ea (cpu, insn), cpu->state.fpu.control);
}

static void
x87_exec_fnstsw (X86Cpu *cpu, const X86Insn *insn)
{
  x87_check_available (cpu);
  if (x86_insn_is_memory (insn))
    x86_store16 (cpu, insn->segment, x86_ea (cpu, insn), fpu_unit_get_status ());
  else
    memcpy (&cpu->state.gpr[X86_RAX], &(uint16_t){ fpu_unit_get_status () }, 2);
}

static void
x87_exec_fninit (X86Cpu *cpu, const X86Insn *insn)
{
  X86Fpu *fpu = &cpu->state.fpu;

  x87_check_available (cpu);
  __asm__ volatile ("fninit; fnstcw %0" : "=m"(fpu->control));
  fpu->ip = fpu->dp = 0;
  fpu->cs = fpu->ds = fpu->opcode = 0;
}

static void
x87_exec_fnclex (X86Cpu *cpu, const X86Insn *insn)
{
  x87_check_available (cpu);
  __asm__ volatile ("fnclex");
}

/* FENI, FDISI, FSETPM: of the 8087 and 80287. */
static void
x87_exec_nothing (X86Cpu *cpu, const X86Insn *insn)
{
  x87_check_available (cpu);
}

static void
x87_exec_fldenv (X86Cpu *cpu, const X86Insn *insn)
{
  if (x87_begin (cpu))
    x87_mask ();
  x87_load_environment (cpu, insn, x86_ea (cpu, insn), false);
}

static void
x87_exec_frstor (X86Cpu *cpu, const X86Insn *insn)
{
  if (x87_begin (cpu))
    x87_mask ();
  x87_load_environment (cpu, insn, x86_ea (cpu, insn), true);
}

static void
x87_exec_fnstenv (X86Cpu *cpu, const X86Insn *insn)
{
  x87_check_available (cpu);
  x87_store_environment (cpu, insn, x86_ea (cpu, insn), false);
}

static void
x87_exec_fnsave (X86Cpu *cpu, const X86Insn *insn)
{
  x87_check_available (cpu);
  x87_store_environment (cpu, insn, x86_ea (cpu, insn), true);
}

/* FCMOVcc, FCOMI and their like. */
static bool
x87_uses_flags (unsigned opcode, unsigned modrm)
{
  return ((opcode == 0xda || opcode == 0xdb) && modrm < 0xe0)
         || ((opcode == 0xdb || opcode == 0xdf) && modrm >= 0xe8);
}

static bool
x87_bind_thunk (X86Insn *insn, unsigned access, X86Exec exec)
{
  /* AH holds SAHF's flags, AL is OF: 7Fh + 1 overflows. */
  static const uint8_t get_cc[] = { 0x41, 0x8b }, put_cc[] = { 0x41, 0x89 };
  static const uint8_t load_flags[] = { 0x04, 0x7f, 0x9e };
  static const uint8_t capture_flags[] = { 0x9f, 0x0f, 0x90, 0xc0, 0x0f, 0xb7, 0xc0 };
  static const uint8_t end[] = { 0x31, 0xc0, 0xc3 };
  bool flags = access == 0 && x87_uses_flags (insn->opcode, insn->modrm);
  ThunkBuilder builder = { .head.access = (uint8_t) access };

  if (flags)
    {
      thunk_bytes (&builder, get_cc, sizeof get_cc);
      thunk_cpu_operand (&builder, 0, AT (cc));
      thunk_bytes (&builder, load_flags, sizeof load_flags);
    }
  thunk_byte (&builder, insn->opcode);
  thunk_byte (&builder, access == 0 ? insn->modrm : (insn->modrm & 0x38) | THUNK_RM);
  if (flags)
    {
      thunk_bytes (&builder, capture_flags, sizeof capture_flags);
      thunk_bytes (&builder, put_cc, sizeof put_cc);
      thunk_cpu_operand (&builder, 0, AT (cc));
    }
  thunk_bytes (&builder, end, sizeof end);
  insn->thunk = thunk_finish (&builder);
  insn->exec = exec;
  return insn->thunk != NULL;
}

static bool
x87_bind_memory (X86Insn *insn)
{
  static const X86Exec special_d9[]
    = { x87_exec_fldenv, x87_exec_fldcw, x87_exec_fnstenv, x87_exec_fnstcw };
  static const X86Exec special_dd[] = { x87_exec_frstor, NULL, x87_exec_fnsave, x87_exec_fnstsw };
  unsigned extension = insn->modrm >> 3 & 7;
  const X87Memory *memory = &x87_memory[insn->opcode & 7][extension];

  switch (memory->kind)
    {
    case X87_LOAD:
      return x87_bind_thunk (insn, memory->length, x87_exec_load);
    case X87_STORE:
      return x87_bind_thunk (insn, memory->length, x87_exec_store);
    case X87_SPECIAL:
      insn->exec = (insn->opcode == 0xd9 ? special_d9 : special_dd)[extension - 4];
      return true;
    default:
      return false;
    }
}

bool
x87_bind (const X86Cpu *cpu, X86Insn *insn)
{
  if ((insn->prefixes & X86_PREFIX_LOCK) != 0)
    return false;
  if (insn->opcode == 0x9b)
    {
      insn->exec = x87_exec_fwait;
      return true;
    }
  if (insn->opcode < 0xd8 || insn->opcode > 0xdf)
    return false;
  if (x86_insn_is_memory (insn))
    return x87_bind_memory (insn);
  if ((x87_valid[insn->opcode & 7] >> (insn->modrm & 0x3f) & 1) == 0)
    return false;
  insn->exec = NULL;
  if (insn->opcode == 0xdb)
    {
      if (insn->modrm == 0xe2)
        insn->exec = x87_exec_fnclex;
      else if (insn->modrm == 0xe3)
        insn->exec = x87_exec_fninit;
      else if (insn->modrm == 0xe0 || insn->modrm == 0xe1 || insn->modrm == 0xe4)
        insn->exec = x87_exec_nothing;
    }
  else if (insn->opcode == 0xdf && insn->modrm == 0xe0)
    insn->exec = x87_exec_fnstsw;
  return insn->exec != NULL || x87_bind_thunk (insn, 0, x87_exec_registers);
}
