/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stubs.h"

#include <stddef.h>
#include <string.h>

#include "run.h"
#include "translator-cpu.h"
#include "vmm-core/clock-ticks.h"
#include "vmm-core/memory.h"
#include "vmm-core/x86/fpu-unit.h"
#include "vmm-core/x86/insn.h"
#include "vmm-core/x86/x86-features.h"

#define AT(field) host_cpu (offsetof (TranslatorCpu, field))
#define GPR(n) host_cpu (offsetof (X86Cpu, state.gpr) + 8u * (n))
#define N_VECTORS 16

/* The guest's registers that live in the host's. */
static const struct
{
  uint8_t guest, host;
} resident[] = {
  { 0, HOST_RAX },  { 1, HOST_RCX },  { 2, HOST_RDX },  { 3, HOST_RBX }, { 4, HOST_R15 },
  { 5, HOST_RBP },  { 6, HOST_RSI },  { 7, HOST_RDI },  { 8, HOST_R8 },  { 9, HOST_R9 },
  { 12, HOST_R12 }, { 13, HOST_R13 }, { 14, HOST_R14 },
};

static const uint8_t callee_saved[]
  = { HOST_RBX, HOST_RBP, HOST_R12, HOST_R13, HOST_R14, HOST_R15 };

static void
emit_push (Emitter *e, unsigned reg)
{
  if (reg >= 8)
    emit_u8 (e, 0x41);
  emit_u8 (e, 0x50 | (reg & 7));
}

static void
emit_pop (Emitter *e, unsigned reg)
{
  if (reg >= 8)
    emit_u8 (e, 0x41);
  emit_u8 (e, 0x58 | (reg & 7));
}

static void
emit_save_registers (Emitter *e)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (resident); i++)
    emit_store (e, GPR (resident[i].guest), resident[i].host);
}

static void
emit_load_registers (Emitter *e)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (resident); i++)
    emit_load (e, resident[i].host, GPR (resident[i].guest));
}

/* mov byte gs:[vectors], level */
static void
emit_set_level (Emitter *e, unsigned level)
{
  emit_insn (e, &(HostInsn){ .opcode = 0xc6, .rm = AT (vectors), .imm_size = 1, .imm = level });
}

static void
emit_compare_level (Emitter *e, size_t field, unsigned level)
{
  emit_insn (
    e, &(HostInsn){
         .opcode = 0x80, .reg = EMIT_CMP, .rm = host_cpu (field), .imm_size = 1, .imm = level });
}

/* All 16 registers: the 16-byte halves, or all of them. */
static void
emit_vectors (Emitter *e, bool store, bool ymm)
{
  for (unsigned i = 0; i < N_VECTORS; i++)
    emit_insn (e, &(HostInsn){ .map = X86_MAP_0F,
                               .opcode = store ? 0x11 : 0x10,
                               .reg = i,
                               .vex = ymm,
                               .vex_l = ymm,
                               .rm = host_cpu (offsetof (X86Cpu, state.ymm) + 32 * i) });
}

static void
emit_mxcsr (Emitter *e, bool store, HostOperand rm)
{
  emit_insn (e, &(HostInsn){ .map = X86_MAP_0F, .opcode = 0xae, .reg = store ? 3 : 2, .rm = rm });
}

/* Puts the guest's vector registers away if the host's hold them. */
static void
emit_save_vectors (Emitter *e)
{
  bool avx = x86_features_have (x86_features_of_host (), X86_FEATURE_AVX);
  uint8_t *none, *xmm, *done;

  emit_compare_level (e, offsetof (TranslatorCpu, vectors), VECTORS_NONE);
  none = emit_jcc (e, EMIT_E);
  emit_mxcsr (e, true, AT (cpu.state.mxcsr));
  emit_mxcsr (e, false, AT (host_mxcsr));
  emit_compare_level (e, offsetof (TranslatorCpu, vectors), VECTORS_XMM);
  emit_set_level (e, VECTORS_NONE);
  xmm = emit_jcc (e, EMIT_E);
  if (avx)
    {
      emit_vectors (e, true, true);
      emit_bytes (e, "\xc5\xf8\x77", 3); /* vzeroupper */
    }
  done = emit_jump (e);
  emit_link_here (e, xmm);
  emit_vectors (e, true, false);
  emit_link_here (e, none);
  emit_link_here (e, done);
}

/* Onto the run loop's stack, with all the guest's registers put away. */
static void
emit_to_host_stack (Emitter *e)
{
  emit_load (e, HOST_RSP, AT (host_rsp));
}

static void
emit_return_to_run_loop (Emitter *e)
{
  emit_alu_imm (e, EMIT_ADD, true, host_register (HOST_RSP), 8);
  for (unsigned i = G_N_ELEMENTS (callee_saved); i-- > 0;)
    emit_pop (e, callee_saved[i]);
  emit_u8 (e, 0xc3);
}

static void
emit_enter (Stubs *stubs, Emitter *e)
{
  stubs->enter = (uintptr_t (*) (const uint8_t *)) (uintptr_t) emit_run_address (e, e->at);
  for (unsigned i = 0; i < G_N_ELEMENTS (callee_saved); i++)
    emit_push (e, callee_saved[i]);
  emit_alu_imm (e, EMIT_SUB, true, host_register (HOST_RSP), 8);
  emit_store (e, AT (host_rsp), HOST_RSP);
  emit_store (e, AT (entry), HOST_RDI);
  emit_load (e, HOST_RSP, AT (stack));
  emit_load_registers (e);
  emit_insn (e, &(HostInsn){ .opcode = 0xff, .reg = 4, .rm = AT (entry) });
}

static void
emit_leave (Stubs *stubs, Emitter *e)
{
  stubs->leave = emit_run_address (e, e->at);
  emit_save_registers (e);
  emit_store (e, AT (stack), HOST_RSP);
  emit_to_host_stack (e);
  emit_save_vectors (e);
  emit_move (e, HOST_RAX, HOST_R10);
  emit_return_to_run_loop (e);
}

static void
emit_call_c (Emitter *e, uintptr_t function)
{
  emit_move_imm (e, HOST_RAX, function);
  emit_bytes (e, "\xff\xd0", 2); /* call rax */
}

/* Into C from a stub that was called, its return address being on top of the stack. */
static void
emit_begin_c (Emitter *e)
{
  emit_save_registers (e);
  emit_store (e, AT (resume_rsp), HOST_RSP);
  emit_op64 (e, 0x8d, HOST_RAX, host_memory (HOST_RSP, 8));
  emit_store (e, AT (stack), HOST_RAX);
  emit_to_host_stack (e);
  emit_insn (e, &(HostInsn){ .opcode = 0x8a, .reg = HOST_RAX, .rm = AT (vectors) });
  emit_insn (e, &(HostInsn){ .opcode = 0x88, .reg = HOST_RAX, .rm = AT (vectors_before) });
  emit_save_vectors (e);
  emit_load (e, HOST_RDI, AT (self));
}

/* And back to where it was called from, with the vector registers as they were. */
static void
emit_end_c (Stubs *stubs, Emitter *e)
{
  uint8_t *skip[2];

  emit_load (e, HOST_RSP, AT (resume_rsp));
  emit_load_registers (e);
  emit_compare_level (e, offsetof (TranslatorCpu, vectors_before), VECTORS_XMM);
  skip[0] = emit_jcc (e, EMIT_B);
  skip[1] = emit_jcc (e, EMIT_A);
  emit_call_to (e, stubs->vectors[VECTORS_XMM]);
  emit_u8 (e, 0xc3);
  emit_link_here (e, skip[1]);
  emit_call_to (e, stubs->vectors[VECTORS_YMM]);
  emit_link_here (e, skip[0]);
  emit_u8 (e, 0xc3);
}

static void
emit_interpret (Stubs *stubs, Emitter *e)
{
  uint8_t *resume;

  stubs->interpret = emit_run_address (e, e->at);
  emit_begin_c (e);
  emit_move (e, HOST_RSI, HOST_R10);
  emit_call_c (e, (uintptr_t) translator_interpret);
  emit_op32 (e, 0x85, HOST_RAX, host_register (HOST_RAX));
  resume = emit_jcc (e, EMIT_NE);
  emit_return_to_run_loop (e); /* with 0 */
  emit_link_here (e, resume);
  emit_end_c (stubs, e);
}

/* clock_ticks_read, as long as there is a line. */
static void
emit_read_tsc (Stubs *stubs, Emitter *e)
{
  const HostOperand sequence = host_memory (HOST_R10, offsetof (ClockLine, sequence));
  uint8_t *slow[3];

  stubs->read_tsc = emit_run_address (e, e->at);
  emit_load (e, HOST_R10, AT (cpu.clock_line));
  emit_load (e, HOST_R11, sequence);
  emit_insn (
    e, &(HostInsn){ .opcode = 0xf6, .rm = host_register (HOST_R11), .imm_size = 1, .imm = 1 });
  slow[0] = emit_jcc (e, EMIT_NE);
  emit_bytes (e, "\x0f\x31", 2); /* rdtsc */
  emit_shift (e, EMIT_SHL, true, HOST_RDX, 32);
  emit_op64 (e, 0x0b, HOST_RAX, host_register (HOST_RDX));
  emit_op64 (e, 0x2b, HOST_RAX, host_memory (HOST_R10, offsetof (ClockLine, host)));
  emit_op64 (e, 0x3b, HOST_RAX, host_memory (HOST_R10, offsetof (ClockLine, valid)));
  slow[1] = emit_jcc (e, EMIT_AE);
  emit_insn (e, &(HostInsn){ .map = X86_MAP_0F,
                             .opcode = 0xaf,
                             .reg = HOST_RAX,
                             .wide = true,
                             .rm = host_memory (HOST_R10, offsetof (ClockLine, factor)) });
  emit_shift (e, EMIT_SHR, true, HOST_RAX, 32);
  emit_op64 (e, 0x03, HOST_RAX, host_memory (HOST_R10, offsetof (ClockLine, ticks)));
  emit_op64 (e, 0x3b, HOST_R11, sequence);
  slow[2] = emit_jcc (e, EMIT_NE);
  emit_op64 (e, 0x03, HOST_RAX, AT (cpu.state.tsc_offset));
  emit_move (e, HOST_RDX, HOST_RAX);
  emit_shift (e, EMIT_SHR, true, HOST_RDX, 32);
  emit_op32 (e, 0x8b, HOST_RAX, host_register (HOST_RAX));
  emit_u8 (e, 0xc3);
  for (unsigned i = 0; i < G_N_ELEMENTS (slow); i++)
    emit_link_here (e, slow[i]);
  emit_begin_c (e);
  emit_call_c (e, (uintptr_t) translator_read_tsc);
  emit_end_c (stubs, e);
}

static HostOperand
slot_field (unsigned view, unsigned slot, size_t field)
{
  return host_cpu (offsetof (TranslatorCpu, cpu.tlb.slots[view][slot]) + field);
}

HostOperand
stubs_slot_tag (unsigned view, unsigned slot, bool write)
{
  return slot_field (view, slot,
                     write ? offsetof (X86TlbSlot, write) : offsetof (X86TlbSlot, read));
}

HostOperand
stubs_slot_host (unsigned view, unsigned slot, bool write)
{
  return slot_field (view, slot,
                     write ? offsetof (X86TlbSlot, write_host) : offsetof (X86TlbSlot, read_host));
}

unsigned
stubs_size_class (unsigned size)
{
  unsigned class = 0;

  while (1u << class < size)
    class ++;
  return class;
}

/* Adds to the return address on top of the stack. */
static void
emit_skip (Emitter *e, HostOperand top)
{
  emit_alu_imm (e, EMIT_ADD, true, top, STUBS_FILL_SKIP);
}

/* Behind a refill, whose results r10 and r11 are kept. */
static void
emit_sample (Stubs *stubs, Emitter *e)
{
  stubs->sample = emit_run_address (e, e->at);
  emit_store (e, AT (scratch), HOST_R10);
  emit_store (e, AT (fill_look), HOST_R11);
  emit_begin_c (e);
  emit_call_c (e, (uintptr_t) translator_sample);
  emit_load (e, HOST_R10, AT (scratch));
  emit_load (e, HOST_R11, AT (fill_look));
  emit_end_c (stubs, e);
}

/* Has the TLB filled for the address in r10; r11 is where the stub looks into it. What need not be
 * looked for again is in r10 and r11 then (translator_fill). */
static void
emit_fill_page (Stubs *stubs, Emitter *e)
{
  uint8_t *failed, *ready, *done;

  stubs->fill_page = emit_run_address (e, e->at);
  emit_store (e, AT (fill_look), HOST_R11);
  emit_begin_c (e);
  emit_load (e, HOST_RSI, AT (scratch));
  emit_op32 (e, 0x8b, HOST_RDX, AT (fill));
  emit_call_c (e, (uintptr_t) translator_fill);
  emit_load (e, HOST_RCX, AT (resume_rsp));
  emit_op32 (e, 0x85, HOST_RAX, host_register (HOST_RAX));
  failed = emit_jcc (e, EMIT_E);
  emit_alu_imm (e, EMIT_CMP, false, host_register (HOST_RAX), TRANSLATOR_FILL_READY);
  ready = emit_jcc (e, EMIT_E);
  /* The TLB has it now. */
  emit_load (e, HOST_RAX, AT (fill_look));
  emit_store (e, host_memory (HOST_RCX, -8), HOST_RAX);
  emit_alu_imm (e, EMIT_SUB, true, AT (resume_rsp), 8);
  done = emit_jump (e);
  emit_link_here (e, failed);
  emit_skip (e, host_memory (HOST_RCX, 0));
  emit_link_here (e, done);
  emit_link_here (e, ready);
  emit_load (e, HOST_R10, AT (scratch));
  emit_load (e, HOST_R11, AT (fill_look));
  emit_end_c (stubs, e);
}

/* The same, if the access lies in one page. */
static void
emit_fill (Stubs *stubs, Emitter *e, StubsLead lead, X86FillFor what, unsigned class)
{
  const TranslatorFill fill = { .what = what, .lead = lead, .size = 1u << class };
  uint8_t *crossing;
  int32_t bits;

  memcpy (&bits, &fill, sizeof bits);
  stubs->fill[lead][what][class] = emit_run_address (e, e->at);
  emit_store (e, AT (scratch), HOST_R10);
  emit_alu_imm (e, EMIT_AND, false, host_register (HOST_R10), 4095);
  emit_alu_imm (e, EMIT_CMP, false, host_register (HOST_R10), 4096 - (1 << class));
  crossing = emit_jcc (e, EMIT_A);
  emit_insn (e, &(HostInsn){ .opcode = 0xc7, .rm = AT (fill), .imm_size = 4, .imm = bits });
  emit_jump_to (e, stubs->fill_page);
  emit_link_here (e, crossing);
  emit_increment (e, AT (statistics.slow[SLOW_PAGE_CROSSING]));
  emit_skip (e, host_memory (HOST_RSP, 0));
  emit_u8 (e, 0xc3);
}

static HostOperand
entry_field (unsigned view, size_t field)
{
  HostOperand operand = host_cpu (offsetof (TranslatorCpu, cpu.tlb.view[view]) + field);

  operand.base = HOST_R11;
  return operand;
}

HostOperand
stubs_entry_tag (unsigned view, bool write)
{
  return entry_field (view, write ? offsetof (X86TlbEntry, write) : offsetof (X86TlbEntry, read));
}

HostOperand
stubs_entry_addend (unsigned view)
{
  return entry_field (view, offsetof (X86TlbEntry, addend));
}

/* x86_tlb_index */
void
stubs_emit_find_entry (Emitter *e)
{
  emit_move (e, HOST_R11, HOST_R10);
  emit_shift (e, EMIT_SHR, true, HOST_R11, X86_TLB_INDEX_FOLD - MEMORY_PAGE_SHIFT);
  emit_op32 (e, 0x33, HOST_R11, host_register (HOST_R10));
  emit_shift (e, EMIT_SHR, false, HOST_R11, MEMORY_PAGE_SHIFT - X86_TLB_ENTRY_SHIFT);
  emit_alu_imm (e, EMIT_AND, false, host_register (HOST_R11),
                (X86_TLB_ENTRIES - 1) << X86_TLB_ENTRY_SHIFT);
}

/* From the TLB into the slot. */
static void
emit_refill (const Stubs *stubs, Emitter *e, const StubsRefill *refill)
{
  const bool write = refill->what != X86_FILL_FOR_READ;
  const unsigned class = stubs_size_class (refill->size);
  const bool near = refill->slot < X86_TLB_NEAR_SLOTS;
  /* By an address near a register: r10 is needed again. Of a page: its offset. */
  const bool keep = near == refill->address;
  const HostOperand tag = stubs_entry_tag (refill->view, write);
  const HostOperand addend = stubs_entry_addend (refill->view);
  const HostOperand slot_tag = stubs_slot_tag (refill->view, refill->slot, write);
  const HostOperand slot_host = stubs_slot_host (refill->view, refill->slot, write);
  uint8_t *miss, *sample, *look;

  if (!refill->address)
    emit_op64 (e, 0x33, HOST_R10, slot_tag);
  look = e->at;
  stubs_emit_find_entry (e);
  emit_op64 (e, 0x33, HOST_R10, tag);
  emit_alu_imm (e, EMIT_CMP, true, host_register (HOST_R10), 4096 - (1 << class));
  miss = emit_jcc (e, EMIT_A);
  if (keep)
    emit_push (e, HOST_R10);
  emit_load (e, HOST_R10, tag);
  emit_store (e, slot_tag, HOST_R10);
  emit_load (e, HOST_R11, addend);
  if (!near)
    emit_op64 (e, 0x03, HOST_R11, host_register (HOST_R10));
  emit_store (e, slot_host, HOST_R11);
  if (keep)
    emit_pop (e, HOST_R10);
  if (near && refill->address)
    emit_op64 (e, 0x33, HOST_R10, slot_tag);
  emit_alu_imm (e, EMIT_SUB, true, AT (statistics.refills_left), 1);
  sample = emit_jcc (e, EMIT_E);
  emit_u8 (e, 0xc3);

  emit_link_here (e, sample);
  emit_insn (e, &(HostInsn){ .opcode = 0xc7,
                             .rm = AT (sampled_slot),
                             .imm_size = 4,
                             .imm = refill->slot | (unsigned) write << 8 });
  emit_jump_to (e, stubs->sample);

  emit_link_here (e, miss);
  emit_op64 (e, 0x33, HOST_R10, tag);
  emit_move_imm (e, HOST_R11, (uintptr_t) emit_run_address (e, look));
  emit_jump_to (e, stubs->fill[near ? STUBS_NEAR : STUBS_FAR][refill->what][class]);
}

const uint8_t *
stubs_get_refill (Stubs *stubs, const StubsRefill *refill)
{
  const uint8_t **stub = &stubs->refill[refill->address][refill->view][refill->what]
                                       [stubs_size_class (refill->size)][refill->slot];

  if (*stub == NULL)
    {
      *stub = emit_run_address (stubs->emitter, stubs->emitter->at);
      emit_refill (stubs, stubs->emitter, refill);
    }
  return *stub;
}

static void
emit_get_vectors (Stubs *stubs, Emitter *e, unsigned level)
{
  uint8_t *loaded, *fresh;

  stubs->vectors[level] = emit_run_address (e, e->at);
  emit_compare_level (e, offsetof (TranslatorCpu, vectors), VECTORS_NONE);
  fresh = emit_jcc (e, EMIT_E);
  if (level == VECTORS_YMM)
    emit_vectors (e, true, false);
  loaded = emit_jump (e);
  emit_link_here (e, fresh);
  emit_mxcsr (e, false, AT (cpu.state.mxcsr));
  emit_link_here (e, loaded);
  emit_vectors (e, false, level == VECTORS_YMM);
  emit_set_level (e, level);
  emit_u8 (e, 0xc3);
}

/* A pair that does not match is dropped, unless the stack is empty. */
static void
emit_drop_pair (Stubs *stubs, Emitter *e)
{
  uint8_t *empty;

  stubs->drop_pair = emit_run_address (e, e->at);
  /* The stub's own return address lies on top. */
  emit_op64 (e, 0x8d, HOST_R11, host_memory (HOST_RSP, 8));
  emit_op64 (e, 0x3b, HOST_R11, AT (stack_top));
  empty = emit_jcc (e, EMIT_AE);
  emit_pop (e, HOST_R11);
  emit_alu_imm (e, EMIT_ADD, true, host_register (HOST_RSP), 16);
  emit_push (e, HOST_R11);
  emit_link_here (e, empty);
  emit_u8 (e, 0xc3);
}

static void
emit_bottom (Stubs *stubs, Emitter *e)
{
  stubs->bottom = emit_run_address (e, e->at);
  emit_store (e, AT (cpu.state.rip), HOST_R10);
  emit_load (e, HOST_RSP, AT (stack_top));
  emit_op32 (e, 0x31, HOST_R10, host_register (HOST_R10));
  emit_jump_to (e, stubs->leave);
}

void
stubs_forget_refills (Stubs *stubs)
{
  memset (stubs->refill, 0, sizeof stubs->refill);
}

void
stubs_emit (Stubs *stubs, CodeCache *cache)
{
  Emitter e = code_cache_begin (cache, CODE_HOT);

  emit_enter (stubs, &e);
  emit_leave (stubs, &e);
  emit_get_vectors (stubs, &e, VECTORS_XMM);
  if (x86_features_have (x86_features_of_host (), X86_FEATURE_AVX))
    emit_get_vectors (stubs, &e, VECTORS_YMM);
  else
    stubs->vectors[VECTORS_YMM] = stubs->vectors[VECTORS_XMM];
  emit_interpret (stubs, &e);
  emit_read_tsc (stubs, &e);
  emit_sample (stubs, &e);
  emit_fill_page (stubs, &e);
  for (unsigned lead = 0; lead < STUBS_N_LEADS; lead++)
    for (unsigned what = 0; what < STUBS_N_FILLS; what++)
      for (unsigned class = 0; class < STUBS_N_SIZES; class ++)
        emit_fill (stubs, &e, lead, what, class);
  emit_drop_pair (stubs, &e);
  emit_bottom (stubs, &e);
  code_cache_end (cache, CODE_HOT, &e);
  code_cache_keep (cache);
}
