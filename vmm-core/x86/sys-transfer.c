/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Far transfers and system calls as instructions: Intel SDM 2; SYSCALL in legacy and compatibility
 * mode: AMD APM 3. */
#include "exception.h"
#include "far-transfer.h"
#include "operand.h"
#include "rflags.h"
#include "segment.h"
#include "sys-insn.h"
#include "vendor.h"

#define CODE_FLAT (X86_SEG_G | X86_SEG_P | X86_SEG_S | 0xb)
#define DATA_FLAT (X86_SEG_G | X86_SEG_DB | X86_SEG_P | X86_SEG_S | 3)

typedef void (*FarTransfer) (X86Cpu *cpu, uint16_t selector, uint64_t offset, unsigned width,
                             uint64_t next_rip);

static void
transfer_mem (X86Cpu *cpu, const X86Insn *insn, FarTransfer transfer)
{
  uint64_t offset;
  uint16_t selector = x86_load_far_pointer (cpu, insn, &offset);

  transfer (cpu, selector, offset, insn->op_size, x86_next_rip (cpu, insn));
}

void
x86_sys_call_far_imm (X86Cpu *cpu, const X86Insn *insn)
{
  x86_far_call (cpu, insn->imm >> 32, insn->imm & UINT32_MAX, insn->op_size,
                x86_next_rip (cpu, insn));
}

void
x86_sys_call_far_mem (X86Cpu *cpu, const X86Insn *insn)
{
  transfer_mem (cpu, insn, x86_far_call);
}

void
x86_sys_jmp_far_imm (X86Cpu *cpu, const X86Insn *insn)
{
  x86_far_jump (cpu, insn->imm >> 32, insn->imm & UINT32_MAX, insn->op_size,
                x86_next_rip (cpu, insn));
}

void
x86_sys_jmp_far_mem (X86Cpu *cpu, const X86Insn *insn)
{
  transfer_mem (cpu, insn, x86_far_jump);
}

void
x86_sys_ret_far (X86Cpu *cpu, const X86Insn *insn)
{
  x86_far_return (cpu, insn->op_size, insn->imm & 0xffff);
}

void
x86_sys_iret (X86Cpu *cpu, const X86Insn *insn)
{
  x86_interrupt_return (cpu, insn->op_size, x86_next_rip (cpu, insn));
}

void
x86_sys_int_n (X86Cpu *cpu, const X86Insn *insn)
{
  x86_software_interrupt (cpu, insn->imm & 0xff, X86_EVENT_SOFTWARE, x86_next_rip (cpu, insn));
}

void
x86_sys_int3 (X86Cpu *cpu, const X86Insn *insn)
{
  x86_software_interrupt (cpu, X86_BP, X86_EVENT_SOFTWARE_EXCEPTION, x86_next_rip (cpu, insn));
}

void
x86_sys_int1 (X86Cpu *cpu, const X86Insn *insn)
{
  x86_software_interrupt (cpu, X86_DB, X86_EVENT_PRIVILEGED, x86_next_rip (cpu, insn));
}

void
x86_sys_into (X86Cpu *cpu, const X86Insn *insn)
{
  if (cpu->cc & X86_CC_OF)
    x86_software_interrupt (cpu, X86_OF, X86_EVENT_SOFTWARE_EXCEPTION, x86_next_rip (cpu, insn));
  else
    cpu->state.rip = x86_next_rip (cpu, insn);
}

/* Flat code and stack with fixed descriptors, as the fast system calls load them. */
static void
enter_flat (X86Cpu *cpu, uint16_t cs, uint16_t ss, unsigned cpl, bool wide)
{
  X86Segment code = { .limit = UINT32_MAX, .selector = cs };

  code.attributes = CODE_FLAT | cpl << X86_SEG_DPL_SHIFT | (wide ? X86_SEG_L : X86_SEG_DB);
  cpu->state.seg[X86_SS]
    = (X86Segment){ .limit = UINT32_MAX, .attributes = DATA_FLAT, .selector = (ss & ~3u) | cpl };
  x86_segment_commit_cs (cpu, &code, cpl);
}

void
x86_sys_syscall (X86Cpu *cpu, const X86Insn *insn)
{
  X86State *state = &cpu->state;
  uint64_t next = x86_next_rip (cpu, insn);
  uint16_t selector = state->star >> 32;
  bool wide = x86_is_code64 (cpu);

  if (!(state->efer & X86_EFER_SCE) || (!wide && !x86_has_syscall_outside_64 (cpu))
      || x86_in_real_mode (cpu))
    x86_raise (cpu, X86_UD);
  if (x86_in_long_mode (cpu))
    {
      state->gpr[X86_RCX] = next;
      state->gpr[11] = x86_flags_get (cpu) & ~(uint64_t) X86_FLAG_RF;
      x86_rflags_load (cpu, 0, state->sfmask | X86_FLAG_RF);
      state->rip = wide ? state->lstar : state->cstar;
    }
  else
    {
      state->gpr[X86_RCX] = (uint32_t) next;
      x86_rflags_load (cpu, 0, X86_FLAG_VM | X86_FLAG_IF | X86_FLAG_RF);
      state->rip = (uint32_t) state->star;
    }
  cpu->step_void = !(state->rflags & X86_FLAG_TF);
  enter_flat (cpu, selector & ~3u, (selector & ~3u) + 8, 0, x86_in_long_mode (cpu));
}

void
x86_sys_sysret (X86Cpu *cpu, const X86Insn *insn)
{
  X86State *state = &cpu->state;
  uint16_t selector = state->star >> 48;
  bool to_64 = insn->op_size == 8;

  if (!(state->efer & X86_EFER_SCE) || (!x86_is_code64 (cpu) && !x86_has_syscall_outside_64 (cpu))
      || x86_in_real_mode (cpu))
    x86_raise (cpu, X86_UD);
  if (cpu->cpl != 0
      || (to_64 && x86_sysret_checks_rip (cpu) && !x86_is_canonical (state->gpr[X86_RCX])))
    x86_raise_code (cpu, X86_GP, 0);
  state->rip = to_64 ? state->gpr[X86_RCX] : (uint32_t) state->gpr[X86_RCX];
  if (x86_in_long_mode (cpu))
    x86_rflags_load (cpu, state->gpr[11], 0x3c7fd7);
  else
    x86_rflags_load (cpu, X86_FLAG_IF, X86_FLAG_IF);
  enter_flat (cpu, selector + (to_64 ? 16 : 0), selector + 8, 3, to_64);
  /* Unlike IRET, it traps itself when it sets TF, and not when it clears it. */
  cpu->step_void = true;
  if (state->rflags & X86_FLAG_TF)
    x86_raise_debug_trap (cpu, 1 << 14);
}

void
x86_sys_sysenter (X86Cpu *cpu, const X86Insn *insn)
{
  X86State *state = &cpu->state;
  bool wide = x86_in_long_mode (cpu);
  uint16_t selector = state->sysenter_cs & ~3u;

  if (wide && !x86_has_sysenter_in_long (cpu))
    x86_raise (cpu, X86_UD);
  if (x86_in_real_mode (cpu) || selector == 0)
    x86_raise_code (cpu, X86_GP, 0);
  x86_rflags_load (cpu, 0, X86_FLAG_VM | X86_FLAG_IF | X86_FLAG_RF);
  state->gpr[X86_RSP] = wide ? state->sysenter_esp : (uint32_t) state->sysenter_esp;
  state->rip = wide ? state->sysenter_eip : (uint32_t) state->sysenter_eip;
  enter_flat (cpu, selector, selector + 8, 0, wide);
}

void
x86_sys_sysexit (X86Cpu *cpu, const X86Insn *insn)
{
  X86State *state = &cpu->state;
  uint16_t selector = state->sysenter_cs & ~3u;
  bool to_64 = insn->op_size == 8;
  uint64_t rip = state->gpr[X86_RDX];
  uint64_t rsp = state->gpr[X86_RCX];

  if (x86_in_real_mode (cpu) || cpu->cpl != 0)
    x86_raise_code (cpu, X86_GP, 0);
  if (x86_in_long_mode (cpu) && !x86_has_sysenter_in_long (cpu))
    x86_raise (cpu, X86_UD);
  if (selector == 0 || (to_64 && (!x86_is_canonical (rip) || !x86_is_canonical (rsp))))
    x86_raise_code (cpu, X86_GP, 0);
  state->rip = to_64 ? rip : (uint32_t) rip;
  state->gpr[X86_RSP] = to_64 ? rsp : (uint32_t) rsp;
  selector += to_64 ? 32 : 16;
  enter_flat (cpu, selector, selector + 8, 3, to_64);
}
