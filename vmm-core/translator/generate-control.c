/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading what the CPU is set to: control registers, segments and their bases, protection keys, the
 * time stamp. Whatever faults is interpreted. */
#include "generator.h"

/* CR4 lets the instruction be, or (present false) does not forbid it. */
static void
interpret_unless_cr4 (Generator *g, const PlanInsn *p, uint32_t bit, bool present)
{
  emit_insn (g->e,
             &(HostInsn){ .opcode = 0xf7, .rm = AT (cpu.state.cr4), .imm_size = 4, .imm = bit });
  generator_interpret_if (g, p, present ? EMIT_E : EMIT_NE);
}

/* The operand ModRM.rm, a general register of so many bytes, becomes r10. */
static void
emit_to_operand (Generator *g, const PlanInsn *p, unsigned size)
{
  unsigned host = generator_host_of (p->insn.rm);
  HostInsn move = { .opcode = 0x89,
                    .reg = HOST_R10,
                    .wide = size == 8,
                    .opsize = size == 2,
                    .rm = host == HOST_NONE ? GPR_AT (p->insn.rm) : host_register (host) };

  if (size == 4 && host == HOST_NONE)
    {
      emit_op32 (g->e, 0x8b, HOST_R10, host_register (HOST_R10));
      move.wide = true;
    }
  emit_insn (g->e, &move);
  generator_forget_held (g, p->insn.rm);
}

/* MOV from a segment register */
void
generator_read_segment (Generator *g, const PlanInsn *p)
{
  const X86Insn *insn = &p->insn;
  HostInsn load
    = { .map = X86_MAP_0F,
        .opcode = 0xb7,
        .reg = HOST_R11,
        .rm = host_cpu (offsetof (X86Cpu, state.seg) + (insn->reg & 7) * sizeof (X86Segment)
                        + offsetof (X86Segment, selector)) };

  if (x86_insn_is_memory (insn))
    {
      const Ea ea = generator_ea (g, insn);
      const HostOperand to = generator_access (g, p, &ea, 2, 0, true, true);

      emit_insn (g->e, &load);
      emit_insn (g->e, &(HostInsn){ .opcode = 0x89, .reg = HOST_R11, .opsize = true, .rm = to });
      return;
    }
  load.reg = HOST_R10;
  emit_insn (g->e, &load);
  emit_to_operand (g, p, insn->op_size);
}

/* MOV from CR0, CR2, CR3 and CR4, at CPL 0 of 64-bit code */
void
generator_read_control (Generator *g, const PlanInsn *p)
{
  static const uint32_t fields[] = { offsetof (X86Cpu, state.cr0), 0, offsetof (X86Cpu, state.cr2),
                                     offsetof (X86Cpu, state.cr3), offsetof (X86Cpu, state.cr4) };

  emit_load (g->e, HOST_R10, host_cpu (fields[p->insn.reg]));
  emit_to_operand (g, p, 8);
}

/* RDFSBASE, RDGSBASE, WRFSBASE and WRGSBASE */
void
generator_segment_base (Generator *g, const PlanInsn *p)
{
  const X86Insn *insn = &p->insn;
  const unsigned segment = insn->reg & 1 ? X86_GS : X86_FS;
  const HostOperand base = host_cpu (offsetof (X86Cpu, state.seg) + segment * sizeof (X86Segment)
                                     + offsetof (X86Segment, base));
  const HostOperand window = host_cpu (offsetof (X86Cpu, window) + segment * sizeof (X86Window)
                                       + offsetof (X86Window, base));
  const unsigned host = generator_host_of (insn->rm);
  const HostOperand from = host == HOST_NONE ? GPR_AT (insn->rm) : host_register (host);
  Emitter *e = g->e;

  generator_before_clobber (g);
  interpret_unless_cr4 (g, p, X86_CR4_FSGSBASE, true);
  if (!(insn->reg & 2))
    {
      emit_load (e, HOST_R10, base);
      emit_to_operand (g, p, insn->op_size == 8 ? 8 : 4);
      return;
    }
  if (insn->op_size != 8)
    emit_op32 (e, 0x8b, HOST_R10, from);
  else
    {
      emit_load (e, HOST_R10, from);
      /* Canonical: bits 63 to 47 are the same. */
      emit_move (e, HOST_R11, HOST_R10);
      emit_shift (e, EMIT_SAR, true, HOST_R11, 47);
      emit_alu_imm (e, EMIT_ADD, true, host_register (HOST_R11), 1);
      emit_alu_imm (e, EMIT_CMP, true, host_register (HOST_R11), 1);
      generator_interpret_if (g, p, EMIT_A);
    }
  emit_store (e, base, HOST_R10);
  emit_store (e, window, HOST_R10);
}

void
generator_read_keys (Generator *g, const PlanInsn *p)
{
  Emitter *e = g->e;

  generator_before_clobber (g);
  interpret_unless_cr4 (g, p, X86_CR4_PKE, true);
  emit_op32 (e, 0x85, HOST_RCX, host_register (HOST_RCX));
  generator_interpret_if (g, p, EMIT_NE);
  emit_op32 (e, 0x8b, HOST_RAX, AT (cpu.state.pkru));
  emit_op32 (e, 0x31, HOST_RDX, host_register (HOST_RDX));
}

/* RDTSC and RDTSCP, which waits for what comes before. */
void
generator_read_tsc (Generator *g, const PlanInsn *p)
{
  const bool waits = p->insn.opcode != 0x31;

  generator_before_clobber (g);
  if (g->plan->key & X86_MODE_USER)
    interpret_unless_cr4 (g, p, X86_CR4_TSD, false);
  if (waits)
    emit_bytes (g->e, "\x0f\xae\xe8", 3); /* lfence */
  emit_call_to (g->e, g->stubs->read_tsc);
  generator_forget_all_held (g);
  if (waits)
    emit_op32 (g->e, 0x8b, HOST_RCX, AT (cpu.state.tsc_aux));
}
