/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory operands: the lookup in front of every access. */
#include "generator.h"
#include "translator.h"

/* 0 to 15: by the base register, near it */
enum
{
  SLOT_FS = 16,
  SLOT_GS = 17,
  SLOT_CONSTANT = 18, /* 8 of them, by the page */
  SLOT_ARRAY = 32,    /* by the base register, where there is an index */
  SLOT_FAR = 48 /* 16 of them, by the register and the page: half a page or more from the base, or
                 * an index alone, which mostly means an array at a fixed address */
};

Ea
generator_ea (const Generator *g, const X86Insn *insn)
{
  Ea ea
    = { GUEST_NONE, GUEST_NONE, insn->scale, insn->segment, insn->addr_size, false, insn->disp };

  if (insn->base == offsetof (X86Cpu, block_rip))
    {
      ea.constant = true;
      ea.disp += (int64_t) g->plan->rip;
    }
  else if (insn->base != offsetof (X86Cpu, zero))
    ea.base = insn->base / 8;
  if (insn->index != offsetof (X86Cpu, zero))
    ea.index = insn->index / 8;
  if (ea.base == GUEST_NONE && ea.index == GUEST_NONE)
    ea.constant = true;
  if (ea.constant && ea.addr_size < 8)
    ea.disp = ea.addr_size == 4 ? (uint32_t) ea.disp : (uint16_t) ea.disp;
  return ea;
}

/* The host register that has a guest register's value, `spare` being one to load it into unless
 * that is `taken`. */
static unsigned
load_address_register (Generator *g, unsigned guest, unsigned spare, unsigned taken)
{
  unsigned host;

  if (guest == GUEST_NONE)
    return HOST_NONE;
  host = generator_host_of (guest);
  if (host != HOST_NONE)
    return host;
  return generator_load_spilled (g, guest, spare != taken ? spare : HOST_R10 + HOST_R11 - spare);
}

/* The place of its bit behind a bit string's address, onto `to`. */
static void
emit_bit (Generator *g, const Ea *ea, unsigned to)
{
  const unsigned host = generator_host_of (ea->bit);
  const unsigned scale = (unsigned) __builtin_ctz (ea->bit_size);
  const HostOperand sum = { .memory = true, .base = to, .index = HOST_R11, .scale = scale };
  Emitter *e = g->e;

  emit_insn (e, &(HostInsn){ .map = ea->bit_size == 2 ? X86_MAP_0F : X86_MAP_PRIMARY,
                             .opcode = ea->bit_size == 2   ? 0xbf
                                       : ea->bit_size == 4 ? 0x63
                                                           : 0x8b,
                             .reg = HOST_R11,
                             .wide = true,
                             .rm = host == HOST_NONE ? GPR_AT (ea->bit) : host_register (host) });
  emit_shift (e, EMIT_SAR, true, HOST_R11, scale + 3);
  emit_insn (e, &(HostInsn){ .opcode = 0x8d, .reg = to, .wide = ea->addr_size == 8, .rm = sum });
}

static void
emit_plain_ea (Generator *g, const Ea *ea, unsigned to)
{
  HostOperand rm = { .memory = true, .scale = ea->scale, .disp = (int32_t) ea->disp };

  if (ea->constant)
    {
      emit_move_imm (g->e, to, (uint64_t) ea->disp);
      return;
    }
  rm.base = load_address_register (g, ea->base, HOST_R10, generator_find_held (g, ea->index));
  rm.index = load_address_register (g, ea->index, HOST_R11, rm.base);
  if (ea->addr_size == 8 && rm.index == HOST_NONE && rm.disp == 0)
    {
      if (rm.base != to)
        emit_move (g->e, to, rm.base);
      return;
    }
  if (ea->addr_size == 8)
    emit_op64 (g->e, 0x8d, to, rm);
  else
    emit_op32 (g->e, 0x8d, to, rm);
  if (ea->addr_size == 2)
    emit_insn (
      g->e, &(HostInsn){ .map = X86_MAP_0F, .opcode = 0xb7, .reg = to, .rm = host_register (to) });
}

void
generator_emit_ea (Generator *g, const Ea *ea, unsigned to)
{
  emit_plain_ea (g, ea, to);
  if (ea->bit_size != 0)
    emit_bit (g, ea, to);
}

static bool
is_segmented (const Generator *g, unsigned segment)
{
  return is_code64 (g) ? segment >= X86_FS : !is_flat (g) || segment >= X86_FS || segment == X86_CS;
}

/* Makes the address in r10 linear; outside 64-bit code, leaves for cold's second half where the
 * segment's limit or type need a look. */
static void
emit_segment (Generator *g, unsigned segment, bool write, Cold *cold)
{
  size_t window = offsetof (X86Cpu, window) + segment * sizeof (X86Window);

  if (!is_segmented (g, segment))
    return;
  if (is_code64 (g))
    {
      emit_op64 (g->e, 0x03, HOST_R10, host_cpu (window + offsetof (X86Window, base)));
      return;
    }
  emit_op64 (
    g->e, 0x3b, HOST_R10,
    host_cpu (window + (write ? offsetof (X86Window, write_end) : offsetof (X86Window, read_end))));
  cold->interpret_from[cold->n_interpret++] = emit_jcc (g->e, EMIT_AE);
  emit_op32 (g->e, 0x03, HOST_R10, host_cpu (window + offsetof (X86Window, base)));
}

static unsigned
choose_slot (const Generator *g, const Ea *ea)
{
  uint64_t page = (uint64_t) ea->disp >> 12;
  unsigned reg;

  if (ea->segment >= X86_FS)
    return ea->segment == X86_FS ? SLOT_FS : SLOT_GS;
  if (ea->constant)
    return SLOT_CONSTANT + (page & 7);
  if (ea->base != GUEST_NONE && (ea->index != GUEST_NONE || ea->bit_size != 0))
    return SLOT_ARRAY + ea->base;
  if (ea->base != GUEST_NONE && ea->disp >= -2048 && ea->disp < 2048)
    return ea->base;
  reg = ea->base != GUEST_NONE ? ea->base : ea->index;
  /* Arrays often lie a power of two apart. */
  return SLOT_FAR + ((reg ^ page ^ page >> 4 ^ page >> 8 ^ page >> 12) & 15);
}

/* Whether [base + r11 + disp] can be the operand itself. */
static bool
is_near (const Generator *g, const Ea *ea)
{
  return ea->addr_size == 8 && choose_slot (g, ea) < X86_TLB_NEAR_SLOTS
         && !is_segmented (g, ea->segment) && generator_host_of (ea->base) != HOST_NONE;
}

void
generator_end_runs (Generator *g)
{
  memset (g->looked_up, 0, sizeof g->looked_up);
  memset (g->looked_up_pair, 0, sizeof g->looked_up_pair);
  generator_forget_all_held (g);
}

static bool
is_direct (const Generator *g, unsigned slot, bool write)
{
  const BlockLookups *lookups = g->plan->lookups;

  return (g->plan->options & TRANSLATOR_DIRECT)
         || (lookups != NULL && (lookups->direct[write] >> slot & 1));
}

static bool
is_write (const Cold *cold)
{
  return cold->what != X86_FILL_FOR_READ;
}

/* Counts lookups or misses of the slot that is being looked at (lookups.h). */
static void
emit_count (Generator *g, const Cold *cold, size_t field)
{
  const BlockLookups *lookups = g->plan->lookups;

  if (lookups == NULL || !lookups->counting || lookups->counts_slot != cold->slot
      || lookups->counts_writes != is_write (cold))
    return;
  emit_move_imm (g->e, HOST_R11, (uintptr_t) lookups);
  emit_increment (g->e, host_memory (HOST_R11, (int32_t) field));
}

static void
emit_count_lookup (Generator *g, const Cold *cold)
{
  emit_count (g, cold, offsetof (BlockLookups, n_lookups));
  if (g->plan->options & TRANSLATOR_COUNT)
    emit_increment (g->e,
                    cold->direct ? AT (statistics.direct_lookups) : AT (statistics.slot_lookups));
}

/* What leads the accesses of a run to the host. */
static HostOperand
run_field (const Generator *g, const PlanInsn *first, unsigned base)
{
  const bool write = first->run_writes;

  if (first->run_pair != 0)
    return host_cpu (offsetof (TranslatorCpu, run_bases[first->run_pair - 1]));
  if (is_direct (g, base, write))
    return host_cpu (offsetof (TranslatorCpu, run_addends[base][write]));
  return stubs_slot_host (g->view, base, write);
}

/* The operand of an access at `lead`, which leads to the host, and index, which may have to be
 * loaded. */
static HostOperand
index_operand (Generator *g, const Ea *ea, unsigned lead, int64_t disp, bool spare_r11)
{
  const unsigned index = load_address_register (g, ea->index, HOST_R10 + HOST_R11 - lead, lead);
  const HostOperand operand
    = { .memory = true, .base = lead, .index = index, .scale = ea->scale, .disp = (int32_t) disp };

  if (!spare_r11)
    return operand;
  emit_op64 (g->e, 0x8d, HOST_R10, operand);
  return host_memory (HOST_R10, 0);
}

static const PlanInsn *
first_of_run (const Generator *g, const PlanInsn *p)
{
  return p->run == PLAN_RUN_EARLY ? p : &g->plan->insns[p->run_first];
}

/* An access that an earlier lookup was for, too. Keeps flags. */
static HostOperand
follow (Generator *g, const PlanInsn *p, const Ea *ea, bool spare_r11)
{
  const PlanInsn *first = first_of_run (g, p);
  const HostOperand field = run_field (g, first, ea->base);
  const unsigned base = generator_host_of (ea->base);
  Ea now = *ea;
  unsigned lead;

  if (p->run_pair != 0)
    {
      lead = generator_load_run (g, first, field, generator_find_held (g, ea->index));
      return index_operand (g, ea, lead, ea->disp + p->run_moved, spare_r11);
    }
  if (ea->base == X86_RSP)
    now.disp += g->stack_pending;
  if (ea->addr_size == 8 && base != HOST_NONE && !spare_r11)
    {
      lead = generator_load_run (g, first, field, HOST_NONE);
      return (
        HostOperand){ .memory = true, .base = base, .index = lead, .disp = (int32_t) now.disp };
    }
  generator_emit_ea (g, &now, HOST_R10);
  lead = generator_load_run (g, first, field, HOST_R10);
  if (spare_r11)
    {
      emit_op64 (g->e, 0x8d, HOST_R10,
                 (HostOperand){ .memory = true, .base = HOST_R10, .index = lead });
      return host_memory (HOST_R10, 0);
    }
  return (HostOperand){ .memory = true, .base = HOST_R10, .index = lead };
}

/* What happens if the lookup fails. */
static Cold *
add_access (Generator *g, const PlanInsn *p, const Ea *ea, unsigned size, bool write)
{
  Cold *cold = generator_add_cold (g, COLD_ACCESS, p);

  cold->ea = *ea;
  cold->what = !write                   ? X86_FILL_FOR_READ
               : p->kind == PLAN_REPEAT ? X86_FILL_FOR_RANGE_WRITE
                                        : X86_FILL_FOR_WRITE;
  cold->slot = choose_slot (g, ea);
  cold->direct = is_direct (g, cold->slot, write);
  cold->size = size;
  if (cold->slot < X86_TLB_NEAR_SLOTS)
    g->looked_up[cold->slot][write] = NULL;
  return cold;
}

/* The same for all the range of a run, whose first instruction is p; write: the access at hand is
 * one. Where it fails, rip is gone on with. */
static Cold *
add_run (Generator *g, const PlanInsn *p, const Ea *ea, bool write, uint64_t rip)
{
  Cold *cold = add_access (g, p, ea, p->run_span, p->run_writes);

  if (p->run_writes)
    cold->what = write ? X86_FILL_FOR_RANGE_WRITE : X86_FILL_FOR_FORESEEN_WRITE;
  cold->ea.disp += p->run_low;
  cold->exit = generator_new_exit (g, rip);
  cold->exit->key |= TRANSLATOR_NO_RUNS;
  if (p->run_pair != 0)
    g->looked_up_pair[p->run_pair - 1] = p;
  else
    g->looked_up[cold->slot][p->run_writes] = p;
  return cold;
}

static void
add_jump_to_refill (Generator *g, Cold *cold, unsigned condition)
{
  cold->from[cold->n_from++] = emit_jcc (g->e, condition);
  g->e->changed |= 1u << HOST_R10 | 1u << HOST_R11;
}

/* Looks for an address that is known. */
static HostOperand
access_constant (Generator *g, Cold *cold, bool spare_r11)
{
  const HostOperand tag = stubs_slot_tag (g->view, cold->slot, is_write (cold));
  const int64_t page = cold->ea.disp & ~4095ll;
  const unsigned base = spare_r11 ? HOST_R10 : HOST_R11;
  Emitter *e = g->e;

  if (page == (int32_t) page)
    emit_alu_imm (e, EMIT_CMP, true, tag, (int32_t) page);
  else
    {
      emit_move_imm (e, HOST_R10, (uint64_t) page);
      emit_op64 (e, 0x3b, HOST_R10, tag);
    }
  cold->address = true;
  add_jump_to_refill (g, cold, EMIT_NE);
  emit_load (e, base, stubs_slot_host (g->view, cold->slot, is_write (cold)));
  cold->found = emit_run_address (e, e->at);
  cold->then = base == HOST_R10 ? COLD_MOVE_LEAD : COLD_KEEP_LEAD;
  return host_memory (base, (int32_t) (cold->ea.disp & 4095));
}

/* The check: `tested` is the address, and becomes its offset in the page. */
static void
emit_check (Generator *g, Cold *cold, unsigned tested, HostOperand tag, unsigned alignment)
{
  Emitter *e = g->e;

  emit_op64 (e, 0x33, tested, tag);
  if (alignment != 0)
    {
      emit_insn (e, &(HostInsn){ .opcode = 0xf6,
                                 .rex = true,
                                 .rm = host_register (tested),
                                 .imm_size = 1,
                                 .imm = alignment });
      cold->interpret_from[cold->n_interpret++] = emit_jcc (e, EMIT_NE);
    }
  emit_alu_imm (e, EMIT_CMP, true, host_register (tested), 4096 - (int32_t) cold->size);
  add_jump_to_refill (g, cold, EMIT_A);
}

static void
emit_slot_check (Generator *g, Cold *cold, unsigned tested, unsigned alignment)
{
  emit_check (g, cold, tested, stubs_slot_tag (g->view, cold->slot, is_write (cold)), alignment);
}

/* Without the slot, for the address in r10, which may be kept: r11 becomes what leads from there to
 * the host. (Behind a lookup that failed it is kept.) */
static void
emit_direct_check (Generator *g, Cold *cold, unsigned alignment, bool keep)
{
  const HostOperand tag = stubs_entry_tag (g->view, is_write (cold));

  stubs_emit_find_entry (g->e);
  emit_check (g, cold, HOST_R10, tag, alignment);
  if (keep)
    emit_op64 (g->e, 0x33, HOST_R10, tag);
  emit_load (g->e, HOST_R11, stubs_entry_addend (g->view));
  cold->found = emit_run_address (g->e, g->e->at);
}

static HostOperand
near_operand (const Ea *ea)
{
  return (HostOperand){ .memory = true,
                        .base = generator_host_of (ea->base),
                        .index = HOST_R11,
                        .disp = (int32_t) ea->disp };
}

/* Near a register that is the host's, too: only the addend is needed. */
static HostOperand
access_near (Generator *g, const PlanInsn *p, const Ea *ea, Cold *cold, unsigned alignment)
{
  emit_slot_check (g, cold, HOST_R10, alignment);
  emit_load (g->e, HOST_R11, stubs_slot_host (g->view, cold->slot, is_write (cold)));
  generator_note_run (g, p->run == PLAN_RUN_FIRST ? p : NULL, HOST_R11);
  cold->found = emit_run_address (g->e, g->e->at);
  return near_operand (ea);
}

/* By the addend, or by the host's page. */
static HostOperand
access_by_address (Generator *g, const Ea *ea, Cold *cold, unsigned alignment, bool spare_r11)
{
  const HostOperand host = stubs_slot_host (g->view, cold->slot, is_write (cold));
  const bool near = cold->slot < X86_TLB_NEAR_SLOTS;
  Emitter *e = g->e;

  if (near)
    {
      emit_move (e, HOST_R11, HOST_R10);
      cold->address = true;
    }
  emit_slot_check (g, cold, near ? HOST_R11 : HOST_R10, alignment);
  if (!near && !spare_r11)
    {
      emit_load (e, HOST_R11, host);
      cold->found = emit_run_address (e, e->at);
      return (HostOperand){ .memory = true, .base = HOST_R10, .index = HOST_R11 };
    }
  emit_op64 (e, 0x03, HOST_R10, host);
  cold->found = emit_run_address (e, e->at);
  cold->then = COLD_ADD_LEAD;
  return host_memory (HOST_R10, (int32_t) (ea->disp - cold->ea.disp));
}

/* Without the slot. */
static HostOperand
access_direct (Generator *g, const PlanInsn *p, const Ea *ea, Cold *cold, unsigned alignment,
               bool spare_r11)
{
  const int32_t disp = (int32_t) (ea->disp - cold->ea.disp);
  const bool first = p->run == PLAN_RUN_FIRST, near = is_near (g, ea) && !spare_r11;

  emit_direct_check (g, cold, alignment, !near);
  if (first)
    emit_store (g->e, run_field (g, p, ea->base), HOST_R11);
  generator_note_run (g, first ? p : NULL, HOST_R11);
  if (near)
    return near_operand (ea);
  if (spare_r11)
    {
      emit_op64 (g->e, 0x03, HOST_R10, host_register (HOST_R11));
      return host_memory (HOST_R10, disp);
    }
  return (HostOperand){ .memory = true, .base = HOST_R10, .index = HOST_R11, .disp = disp };
}

/* For a run through a pair: r11 becomes where the base leads in the host. */
static void
look_up_pair (Generator *g, const PlanInsn *p, const Ea *ea, Cold *cold)
{
  const unsigned base = generator_host_of (ea->base);
  Emitter *e = g->e;

  if (cold->direct)
    emit_direct_check (g, cold, 0, false);
  else
    {
      emit_slot_check (g, cold, HOST_R10, 0);
      cold->found = emit_run_address (e, e->at);
      emit_load (e, HOST_R11, stubs_slot_host (g->view, cold->slot, is_write (cold)));
      emit_op64 (e, 0x2b, HOST_R11, stubs_slot_tag (g->view, cold->slot, is_write (cold)));
    }
  if (ea->base != GUEST_NONE)
    emit_op64 (e, 0x03, HOST_R11, base == HOST_NONE ? GPR_AT (ea->base) : host_register (base));
  emit_store (e, run_field (g, p, ea->base), HOST_R11);
  generator_note_run (g, p, HOST_R11);
}

void
generator_look_up_early (Generator *g, const PlanInsn *p)
{
  Ea ea = generator_ea (g, &p->insn);
  Cold *cold;

  ea.disp = p->run_at;
  generator_before_clobber (g);
  cold = add_run (g, p, &ea, false, g->plan->rip);
  emit_count_lookup (g, cold);
  generator_emit_ea (g, &cold->ea, HOST_R10);
  if (p->run_pair != 0)
    look_up_pair (g, p, &ea, cold);
  else if (cold->direct)
    {
      emit_direct_check (g, cold, 0, false);
      emit_store (g->e, run_field (g, p, ea.base), HOST_R11);
    }
  else
    {
      emit_slot_check (g, cold, HOST_R10, 0);
      cold->found = emit_run_address (g->e, g->e->at);
    }
}

/* Whether the lookup that the access relies on was made, and still holds. */
static bool
is_looked_up (const Generator *g, const PlanInsn *p, const Ea *ea)
{
  const PlanInsn *first = first_of_run (g, p);

  if (p->run != PLAN_RUN_NEXT && p->run != PLAN_RUN_EARLY)
    return false;
  return p->run_pair != 0 ? g->looked_up_pair[p->run_pair - 1] == first
                          : g->looked_up[ea->base][first->run_writes] == first;
}

HostOperand
generator_access (Generator *g, const PlanInsn *p, const Ea *ea, unsigned size, unsigned alignment,
                  bool write, bool spare_r11)
{
  const unsigned offset = ea->disp & 4095;
  const bool known = ea->constant && ea->bit_size == 0 && !is_segmented (g, ea->segment);
  Cold *cold;

  if (is_looked_up (g, p, ea))
    return follow (g, p, ea, spare_r11);
  generator_settle_stack (g);
  generator_before_clobber (g);
  cold = p->run == PLAN_RUN_FIRST ? add_run (g, p, ea, write, g->plan->rip + p->insn.offset)
                                  : add_access (g, p, ea, size, write);
  emit_count_lookup (g, cold);
  if (known && !cold->direct && offset + size <= 4096 && (offset & alignment) == 0)
    return access_constant (g, cold, spare_r11);
  generator_emit_ea (g, &cold->ea, HOST_R10);
  emit_segment (g, ea->segment, write, cold);
  if (p->run == PLAN_RUN_FIRST && p->run_pair != 0)
    {
      look_up_pair (g, p, ea, cold);
      return index_operand (g, ea, HOST_R11, ea->disp, spare_r11);
    }
  if (cold->direct)
    return access_direct (g, p, ea, cold, alignment, spare_r11);
  if (is_near (g, ea) && !spare_r11)
    return access_near (g, p, ea, cold, alignment);
  return access_by_address (g, ea, cold, alignment, spare_r11);
}

/* STUBS_FILL_SKIP bytes: on with the access, with what the lookup has in r11. */
static void
emit_after_lookup (Emitter *e, const Cold *cold)
{
  const uint8_t *end = e->at + STUBS_FILL_SKIP;

  if (cold->then == COLD_ADD_LEAD)
    emit_op64 (e, 0x03, HOST_R10, host_register (HOST_R11));
  else if (cold->then == COLD_MOVE_LEAD)
    emit_move (e, HOST_R10, HOST_R11);
  emit_jump_to (e, cold->found);
  while (e->at < end)
    emit_u8 (e, 0xcc);
  g_assert (e->at == end);
}

/* Looks further; what cannot be found is interpreted. */
void
generator_emit_cold_access (Generator *g, Cold *cold)
{
  const StubsRefill refill = { g->view, cold->slot, cold->size, cold->what, cold->address };
  Emitter *e = g->e;

  if (cold->ea.constant && cold->address)
    generator_emit_ea (g, &cold->ea, HOST_R10);
  if (cold->direct)
    {
      emit_op64 (e, 0x33, HOST_R10, stubs_entry_tag (g->view, is_write (cold)));
      emit_call_to (e, g->stubs->fill[STUBS_DIRECT][cold->what][stubs_size_class (cold->size)]);
    }
  else
    {
      emit_count (g, cold, offsetof (BlockLookups, n_misses));
      emit_call_to (e, stubs_get_refill (g->stubs, &refill));
    }
  emit_after_lookup (e, cold);
  if (cold->exit != NULL)
    {
      generator_emit_exit (g, cold->exit);
      return;
    }
  for (unsigned i = 0; i < cold->n_interpret; i++)
    emit_link_here (e, cold->interpret_from[i]);
  generator_emit_site (g, cold->insn, true);
  emit_call_to (e, g->stubs->interpret);
  if (cold->load_flags)
    generator_load_flags (g);
  generator_reload_held (g, cold->held);
  emit_jump_to (e, cold->back);
}
