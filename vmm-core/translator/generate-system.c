/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an operating system does all the time: flags, interrupts, segment bases; and string
 * instructions without repetition. Whatever is out of the ordinary is interpreted. */
#include "generator.h"

#define POPF_MASK                                                                                  \
  (X86_FLAG_TF | X86_FLAG_DF | X86_FLAG_IOPL | X86_FLAG_NT | X86_FLAG_AC | X86_FLAG_ID)

static void
emit_test_imm (Generator *g, HostOperand rm, uint32_t mask)
{
  emit_insn (g->e, &(HostInsn){ .opcode = 0xf7, .rm = rm, .imm_size = 4, .imm = mask });
}

static void
interpret_if_not_zero (Generator *g, const PlanInsn *p, size_t byte_field)
{
  emit_insn (g->e, &(HostInsn){
                     .opcode = 0x80, .reg = EMIT_CMP, .rm = host_cpu (byte_field), .imm_size = 1 });
  generator_interpret_if (g, p, EMIT_NE);
}

/* Flags out of r10, as EFLAGS has them, into cc. */
static void
emit_status_to_cc (Generator *g)
{
  Emitter *e = g->e;

  emit_op32 (e, 0x8b, HOST_R11, host_register (HOST_R10));
  emit_alu_imm (e, EMIT_AND, false, host_register (HOST_R11), X86_FLAGS_STATUS & 0xff);
  emit_shift (e, EMIT_SHL, false, HOST_R11, 8);
  emit_shift (e, EMIT_SHR, false, HOST_R10, 11);
  emit_alu_imm (e, EMIT_AND, false, host_register (HOST_R10), 1);
  emit_op32 (e, 0x0b, HOST_R10, host_register (HOST_R11));
  emit_op32 (e, 0x89, HOST_R10, AT (cpu.cc));
}

void
generator_pushf (Generator *g, const PlanInsn *p)
{
  Emitter *e = g->e;
  Ea ea = generator_stack_ea (g, p, -(int) p->insn.op_size);
  HostOperand to;

  generator_need_host_flags (g);
  if (!(g->flags & FLAGS_MEMORY))
    generator_save_flags (g);
  g->flags = FLAGS_MEMORY;
  emit_bytes (e, "\x9c\x41\x5a", 3); /* pushfq; pop r10 */
  emit_alu_imm (e, EMIT_AND, false, host_register (HOST_R10), X86_FLAGS_STATUS);
  emit_op32 (e, 0x8b, HOST_R11, AT (cpu.state.rflags));
  emit_alu_imm (e, EMIT_AND, false, host_register (HOST_R11),
                (int32_t) ~(uint32_t) (X86_FLAGS_STATUS | X86_FLAG_RF | X86_FLAG_VM));
  emit_op32 (e, 0x0b, HOST_R10, host_register (HOST_R11));
  emit_alu_imm (e, EMIT_OR, false, host_register (HOST_R10), 2);
  emit_store (e, AT (target), HOST_R10);
  to = generator_access (g, p, &ea, p->insn.op_size, 0, true, true);
  emit_load (e, HOST_R11, AT (target));
  generator_sized (g, p, 0x89, HOST_R11, to);
  generator_add_to_stack (g, X86_RSP, -(int) p->insn.op_size);
}

/* At CPL 0, and with nothing but the status flags and IF changed. */
void
generator_popf (Generator *g, const PlanInsn *p)
{
  Emitter *e = g->e;
  Ea ea = generator_stack_ea (g, p, 0);
  HostOperand from = generator_access (g, p, &ea, p->insn.op_size, 0, false, false);

  generator_sized (g, p, 0x8b, HOST_R10, from);
  emit_op32 (e, 0x8b, HOST_R11, AT (cpu.state.rflags));
  emit_op32 (e, 0x33, HOST_R11, host_register (HOST_R10));
  emit_test_imm (g, host_register (HOST_R11), POPF_MASK);
  generator_interpret_if (g, p, EMIT_NE);
  interpret_if_not_zero (g, p, offsetof (X86Cpu, interrupt_waiting));
  emit_alu_imm (e, EMIT_AND, false, host_register (HOST_R11), X86_FLAG_IF);
  emit_op32 (e, 0x31, HOST_R11, AT (cpu.state.rflags));
  emit_status_to_cc (g);
  generator_add_to_stack (g, X86_RSP, p->insn.op_size);
  g->flags = FLAGS_MEMORY;
}

/* At CPL 0 */
void
generator_cli (Generator *g, const PlanInsn *p)
{
  generator_before_clobber (g);
  emit_alu_imm (g->e, EMIT_AND, false, AT (cpu.state.rflags), (int32_t) ~(uint32_t) X86_FLAG_IF);
}

/* At CPL 0, and not the last of its block: nothing is delivered between two instructions of one,
 * which is what the shadow of STI asks for. */
void
generator_sti (Generator *g, const PlanInsn *p)
{
  generator_before_clobber (g);
  interpret_if_not_zero (g, p, offsetof (X86Cpu, interrupt_waiting));
  emit_alu_imm (g->e, EMIT_OR, false, AT (cpu.state.rflags), X86_FLAG_IF);
}

void
generator_direction (Generator *g, const PlanInsn *p)
{
  generator_before_clobber (g);
  if (p->insn.opcode == 0xfc)
    emit_alu_imm (g->e, EMIT_AND, false, AT (cpu.state.rflags), (int32_t) ~(uint32_t) X86_FLAG_DF);
  else
    emit_alu_imm (g->e, EMIT_OR, false, AT (cpu.state.rflags), X86_FLAG_DF);
}

/* At CPL 0 of 64-bit code */
void
generator_swapgs (Generator *g)
{
  Emitter *e = g->e;

  emit_load (e, HOST_R10, AT (cpu.state.seg[X86_GS].base));
  emit_load (e, HOST_R11, AT (cpu.state.kernel_gs_base));
  emit_store (e, AT (cpu.state.kernel_gs_base), HOST_R10);
  emit_store (e, AT (cpu.state.seg[X86_GS].base), HOST_R11);
  emit_store (e, AT (cpu.window[X86_GS].base), HOST_R11);
}

/* A dword of the CPU's struct becomes value. */
static void
emit_set32 (Generator *g, size_t field, uint32_t value)
{
  emit_insn (g->e,
             &(HostInsn){ .opcode = 0xc7, .rm = host_cpu (field), .imm_size = 4, .imm = value });
}

/* STAC and CLAC with SMAP: the block behind has another view of memory, and its own stack of
 * pairs. */
void
generator_change_view (Generator *g, const PlanInsn *p)
{
  Emitter *e = g->e;
  bool set = p->insn.modrm == 0xcb;
  unsigned view = set ? X86_VIEW_SUPERVISOR_AC : X86_VIEW_SUPERVISOR;
  uint32_t key = (g->plan->key & ~(3u << TRANSLATOR_VIEW_SHIFT)) | view << TRANSLATOR_VIEW_SHIFT;
  size_t from = offsetof (TranslatorCpu, sets) + g->view * sizeof (TranslatorSet);
  size_t to = offsetof (TranslatorCpu, sets) + view * sizeof (TranslatorSet);
  Cold *cold;

  generator_before_clobber (g);
  emit_insn (e, &(HostInsn){ .opcode = 0x81,
                             .reg = EMIT_CMP,
                             .rm = host_cpu (to + offsetof (TranslatorSet, key)),
                             .imm_size = 4,
                             .imm = key });
  cold = generator_add_cold (g, COLD_SITE, p);
  cold->from[cold->n_from++] = emit_jcc (e, EMIT_NE);
  emit_alu_imm (e, set ? EMIT_OR : EMIT_AND, false, AT (cpu.state.rflags),
                set ? X86_FLAG_AC : (int32_t) ~(uint32_t) X86_FLAG_AC);
  emit_load (e, HOST_R10, AT (self));
  emit_alu_imm (e, EMIT_ADD, true, host_register (HOST_R10),
                (int32_t) offsetof (TranslatorCpu, cpu.tlb.view[view]));
  emit_store (e, AT (cpu.view), HOST_R10);
  emit_set32 (g, offsetof (TranslatorCpu, key), key);
  emit_store (e, host_cpu (from + offsetof (TranslatorSet, stack)), HOST_RSP);
  emit_load (e, HOST_RSP, host_cpu (to + offsetof (TranslatorSet, stack)));
  emit_load (e, HOST_R10, host_cpu (to + offsetof (TranslatorSet, stack_memory)));
  emit_op64 (e, 0x8d, HOST_R11, host_memory (HOST_R10, TRANSLATOR_STACK_TOP));
  emit_store (e, AT (stack_top), HOST_R11);
  emit_op64 (e, 0x8d, HOST_R11, host_memory (HOST_R10, TRANSLATOR_STACK_LIMIT));
  emit_op32 (e, 0x89, HOST_R11, AT (cpu.stack_limit_low));
  emit_shift (e, EMIT_SHR, true, HOST_R11, 32);
  emit_insn (e,
             &(HostInsn){
               .opcode = 0x89, .reg = HOST_R11, .opsize = true, .rm = AT (cpu.stack_limit_high) });
  generator_exit (g, generator_next_rip (g, p), p->live, -1)->key = key;
}

static void
emit_advance (Generator *g, const PlanInsn *p, unsigned reg, unsigned size)
{
  emit_insn (g->e, &(HostInsn){ .opcode = 0x8d,
                                .reg = reg,
                                .wide = p->insn.addr_size == 8,
                                .rm = host_memory (reg, (int32_t) size) });
}

static Ea
string_ea (const PlanInsn *p, unsigned base)
{
  return (Ea){ .base = base,
               .index = GUEST_NONE,
               .segment = base == X86_RSI ? p->insn.segment : X86_ES,
               .addr_size = p->insn.addr_size };
}

static void
begin_upwards (Generator *g, const PlanInsn *p)
{
  generator_before_clobber (g);
  emit_test_imm (g, AT (cpu.state.rflags), X86_FLAG_DF);
  generator_interpret_if (g, p, EMIT_NE);
}

/* MOVS, STOS and LODS, once, upwards */
void
generator_string (Generator *g, const PlanInsn *p)
{
  const X86Insn *insn = &p->insn;
  unsigned size = insn->opcode & 1 ? insn->op_size : 1;
  bool loads = insn->opcode != 0xaa && insn->opcode != 0xab;
  bool stores = insn->opcode != 0xac && insn->opcode != 0xad;
  Ea source = string_ea (p, X86_RSI), target = string_ea (p, X86_RDI);
  HostInsn move = { .wide = size == 8, .opsize = size == 2 };
  unsigned reg = HOST_RAX;

  begin_upwards (g, p);
  if (loads)
    {
      move.opcode = size == 1 ? 0x8a : 0x8b;
      move.reg = stores ? HOST_R10 : HOST_RAX;
      move.rm = generator_access (g, p, &source, size, 0, false, false);
      emit_insn (g->e, &move);
      if (stores)
        emit_store (g->e, AT (target), HOST_R10);
    }
  if (stores)
    {
      move.opcode = size == 1 ? 0x88 : 0x89;
      move.rm = generator_access (g, p, &target, size, 0, true, loads);
      if (loads)
        {
          reg = HOST_R11;
          emit_load (g->e, reg, AT (target));
        }
      move.reg = reg;
      emit_insn (g->e, &move);
      emit_advance (g, p, HOST_RDI, size);
    }
  if (loads)
    emit_advance (g, p, HOST_RSI, size);
}

/* Looks up the page of a string's first element, and leaves if it does not end in there. r11
 * becomes what leads from there to the host. */
static void
emit_string_page (Generator *g, const PlanInsn *p, unsigned base, unsigned scale)
{
  const Ea ea = string_ea (p, base);
  const HostOperand end = { .memory = true, .base = HOST_R10, .index = HOST_RCX, .scale = scale };

  generator_access (g, p, &ea, 1, 0, base == X86_RDI, false);
  emit_op32 (g->e, 0x8b, HOST_R10, host_register (base));
  emit_alu_imm (g->e, EMIT_AND, false, host_register (HOST_R10), 4095);
  emit_op64 (g->e, 0x8d, HOST_R10, end);
  emit_alu_imm (g->e, EMIT_CMP, false, host_register (HOST_R10), 4096);
  generator_interpret_if (g, p, EMIT_A);
}

/* REP MOVS and STOS, upwards inside of pages: by the host's. All else is interpreted. */
void
generator_repeat (Generator *g, const PlanInsn *p)
{
  const unsigned size = p->insn.opcode & 1 ? p->insn.op_size : 1;
  const unsigned scale = (unsigned) __builtin_ctz (size);
  const bool loads = p->insn.opcode < 0xaa;
  Emitter *e = g->e;

  begin_upwards (g, p);
  /* A count of 0 touches nothing. */
  emit_op64 (e, 0x8d, HOST_R10, host_memory (HOST_RCX, -1));
  emit_alu_imm (e, EMIT_CMP, true, host_register (HOST_R10), (4096 >> scale) - 1);
  generator_interpret_if (g, p, EMIT_A);
  if (loads)
    {
      emit_string_page (g, p, X86_RSI, scale);
      emit_store (e, AT (target), HOST_R11);
    }
  emit_string_page (g, p, X86_RDI, scale);
  if (loads)
    {
      emit_load (e, HOST_R10, AT (target));
      emit_op64 (e, 0x01, HOST_R10, host_register (HOST_RSI));
    }
  emit_op64 (e, 0x01, HOST_R11, host_register (HOST_RDI));
  if (size == 2)
    emit_u8 (e, 0x66);
  emit_u8 (e, 0xf3);
  if (size == 8)
    emit_u8 (e, 0x48);
  emit_u8 (e, p->insn.opcode);
  emit_op64 (e, 0x29, HOST_R11, host_register (HOST_RDI));
  if (loads)
    emit_op64 (e, 0x29, HOST_R10, host_register (HOST_RSI));
}

/* LOOP and JrCXZ */
void
generator_count (Generator *g, const PlanInsn *p)
{
  const X86Insn *insn = &p->insn;
  HostInsn count = { .opcode = 0x83,
                     .reg = EMIT_SUB,
                     .rm = host_register (HOST_RCX),
                     .wide = insn->addr_size == 8,
                     .opsize = insn->addr_size == 2,
                     .imm_size = 1,
                     .imm = 1 };

  generator_before_clobber (g);
  if (insn->opcode == 0xe3)
    {
      count.opcode = 0x85;
      count.reg = HOST_RCX;
      count.imm_size = 0;
    }
  emit_insn (g->e, &count);
  generator_exit (g, plan_get_target (g->plan, p), 0, insn->opcode == 0xe3 ? EMIT_E : EMIT_NE);
}
