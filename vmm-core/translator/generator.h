/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <string.h>

#include "generate.h"
#include "vmm-core/x86/flags.h"
#include "vmm-core/x86/opcode.h"

/* What the parts of generate share. */

#define AT(field) host_cpu (offsetof (TranslatorCpu, field))
#define GPR_AT(n) host_cpu (offsetof (X86Cpu, state.gpr) + 8u * (n))

enum
{
  N_RESIDENT = 16,
  GUEST_NONE = 0xff
};

/* Where the guest's status flags are, as far as they are alive: in the host's, in cpu.cc, or
 * both. */
enum
{
  FLAGS_HOST = 1,
  FLAGS_MEMORY = 2
};

/* A memory operand of the guest. */
typedef struct
{
  uint8_t base, index; /* guest registers, GUEST_NONE where there is none */
  uint8_t scale, segment, addr_size;
  bool constant; /* disp is the address */
  int64_t disp;
  /* Of a bit string: the general register with the bit's number, of this many bytes, which is the
   * operand's size, too; 0: none. */
  uint8_t bit, bit_size;
} Ea;

typedef enum
{
  COLD_ACCESS,    /* a lookup that failed */
  COLD_EXIT,      /* an exit, and its stub */
  COLD_SITE,      /* interpret, and leave */
  COLD_INTERPRET, /* interpret, and go on */
  COLD_VECTORS,
  COLD_LEAVE, /* at the block's entry */
  COLD_RETURN /* the pair did not match */
} ColdKind;

/* What the access does with r11 that a lookup in its slot would have done already. */
typedef enum
{
  COLD_KEEP_LEAD,
  COLD_ADD_LEAD, /* to r10 */
  COLD_MOVE_LEAD /* into r10 */
} ColdThen;

/* Code that is seldom run lies behind the block. */
typedef struct
{
  ColdKind kind;
  ColdThen then;
  uint8_t *from[3], *interpret_from[3]; /* displacements of the jumps to it; to its second half */
  uint8_t n_from, n_interpret;
  bool load_flags, save_flags;
  bool address;    /* StubsRefill */
  bool direct;     /* it looked into the TLB */
  uint8_t held[2]; /* behind the instruction */
  uint8_t slot, level;
  uint16_t size;
  X86FillFor what; /* of an access */
  /* As run: behind the lookup, and behind the instruction. */
  const uint8_t *found, *back;
  const PlanInsn *insn;
  TranslatorExit *exit; /* of an access: where it goes on if nothing was found */
  Ea ea;
} Cold;

typedef struct
{
  Emitter *e;
  Stubs *stubs;
  const Plan *plan;
  TranslatorBlock *block;
  const GenerateArena *arena;
  unsigned view;
  unsigned flags;   /* FLAGS_* */
  unsigned vectors; /* VECTORS_* that are in place for certain */
  bool x87;         /* the host's unit is the guest's for certain */
  unsigned live;    /* status flags alive before the instruction */
  Cold cold[GENERATE_MAX_COLD];
  unsigned n_cold;
  unsigned first_cold; /* of the running instruction */
  /* The last instruction's code, if nothing leads into it and it is the same at another place. */
  uint8_t *movable, *movable_end;
  /* Per base register and whether it writes: the instruction that the slot's last lookup was for,
   * as long as no C code has run since. */
  const PlanInsn *looked_up[N_RESIDENT][2];
  const PlanInsn *looked_up_pair[PLAN_PAIRS];
  /* What the host's r10 and r11 still hold: guest registers, as memory does; what leads to the host
   * of the run that begins with an instruction. */
  uint8_t held[2];
  const PlanInsn *held_run[2];
  int stack_pending; /* what is yet to be added to the host's register of the stack pointer */
} Generator;

static inline bool
is_code64 (const Generator *g)
{
  return (g->plan->key & X86_MODE_CODE64) != 0;
}

static inline bool
is_flat (const Generator *g)
{
  return (g->plan->key & X86_MODE_FLAT) != 0;
}

/* The host's register of a guest's; HOST_NONE: it lives in memory. */
unsigned generator_host_of (unsigned guest);

uint64_t generator_next_rip (const Generator *g, const PlanInsn *p);

Cold *generator_add_cold (Generator *g, ColdKind kind, const PlanInsn *p);
/* From where on what was emitted may move. */
uint8_t *generator_get_movable (const Generator *g);
/* Where p can be interpreted, into r10; access: its operand needs that, not p itself. */
void generator_emit_site (Generator *g, const PlanInsn *p, bool access);

/* generate-scratch.c: the guest's registers that live in memory, and r10 and r11. */
/* Where the guest's register is: HOST_NONE, or a scratch register that still has it. */
unsigned generator_find_held (Generator *g, unsigned guest);
/* The scratch register that has it; it is loaded into spare if none has. */
unsigned generator_load_spilled (Generator *g, unsigned guest, unsigned spare);
void generator_store_spilled (Generator *g, unsigned guest, unsigned host);
/* It was written in memory alone. */
void generator_forget_held (Generator *g, unsigned guest);
void generator_forget_all_held (Generator *g);
/* The scratch register has what leads to the host of the run that begins with `first`. */
void generator_note_run (Generator *g, const PlanInsn *first, unsigned host);
/* Which one has; it is loaded from memory if none has, not into `taken`. */
unsigned generator_load_run (Generator *g, const PlanInsn *first, HostOperand from, unsigned taken);
/* Snapshot of what is held, and bringing it about again. */
void generator_copy_held (Generator *g, uint8_t held[2]);
void generator_reload_held (Generator *g, const uint8_t held[2]);

/* Flags */
void generator_save_flags (Generator *g); /* clobbers r10 */
void generator_load_flags (Generator *g); /* clobbers nothing but flags */
/* Before the host's flags are lost. */
void generator_before_clobber (Generator *g);
void generator_need_host_flags (Generator *g);

/* generate-memory.c: the effective address into r10. */
Ea generator_ea (const Generator *g, const X86Insn *insn);
void generator_emit_ea (Generator *g, const Ea *ea, unsigned to);
/* A checked access of size bytes. Clobbers flags, r10 and r11; with spare_r11, r11 is free
 * afterwards. */
HostOperand generator_access (Generator *g, const PlanInsn *p, const Ea *ea, unsigned size,
                              unsigned alignment, bool write, bool spare_r11);
/* The lookup of a run, at the block's entry. */
void generator_look_up_early (Generator *g, const PlanInsn *p);
void generator_emit_cold_access (Generator *g, Cold *cold);
/* C code may have changed slots. */
void generator_end_runs (Generator *g);

/* Interprets the instruction in line. */
void generator_interpret (Generator *g, const PlanInsn *p);
/* Behind the code, if the condition holds: what was emitted of it so far must not have had
 * effects. */
void generator_interpret_if (Generator *g, const PlanInsn *p, unsigned condition);

/* Loads the host's flags if the instruction reads them, or passes some on. */
void generator_prepare_flags (Generator *g, const PlanInsn *p);

/* FALSE: cannot be translated after all; nothing was emitted. */
bool generator_integer (Generator *g, const PlanInsn *p);
void generator_bit_string (Generator *g, const PlanInsn *p);
void generator_divide (Generator *g, const PlanInsn *p);
void generator_lea (Generator *g, const PlanInsn *p);
bool generator_vector (Generator *g, const PlanInsn *p);
bool generator_x87 (Generator *g, const PlanInsn *p);
/* generate-flow.c */
Ea generator_stack_ea (const Generator *g, const PlanInsn *p, int disp);
/* The value of a ModRM operand into r10. */
void generator_load_operand (Generator *g, const PlanInsn *p);
/* An instruction with ModRM of the operand size. */
void generator_sized (Generator *g, const PlanInsn *p, uint8_t opcode, unsigned reg,
                      HostOperand rm);
/* The stack pointer becomes that register plus amount, in the stack's size. Keeps flags. */
void generator_add_to_stack (Generator *g, unsigned from, int amount);
/* Moves the stack pointer, but may leave that for later: several pushes need one addition. */
void generator_move_stack (Generator *g, int amount);
/* Before anything else looks at the stack pointer, or may leave the block. Keeps flags. */
void generator_settle_stack (Generator *g);
void generator_push (Generator *g, const PlanInsn *p);
void generator_pop (Generator *g, const PlanInsn *p);
void generator_stack_leave (Generator *g, const PlanInsn *p);
/* An exit, yet without its code. */
TranslatorExit *generator_new_exit (Generator *g, uint64_t rip);
/* A jump that is to be linked, and the stub that it leads to until then. */
void generator_emit_exit (Generator *g, TranslatorExit *exit);
void generator_emit_exit_stub (Generator *g, TranslatorExit *exit, const uint8_t *displacement);
/* condition -1: always. The exit lies behind the block's code; live are the flags alive there. */
TranslatorExit *generator_exit (Generator *g, uint64_t rip, unsigned live, int condition);
void generator_call (Generator *g, const PlanInsn *p);
void generator_call_indirect (Generator *g, const PlanInsn *p);
void generator_jump_indirect (Generator *g, const PlanInsn *p);
void generator_return (Generator *g, const PlanInsn *p);
/* generate-system.c */
void generator_pushf (Generator *g, const PlanInsn *p);
void generator_popf (Generator *g, const PlanInsn *p);
void generator_cli (Generator *g, const PlanInsn *p);
void generator_sti (Generator *g, const PlanInsn *p);
void generator_direction (Generator *g, const PlanInsn *p);
void generator_swapgs (Generator *g);
void generator_change_view (Generator *g, const PlanInsn *p);
void generator_string (Generator *g, const PlanInsn *p);
void generator_repeat (Generator *g, const PlanInsn *p);
void generator_count (Generator *g, const PlanInsn *p);
/* generate-control.c */
void generator_read_segment (Generator *g, const PlanInsn *p);
void generator_read_control (Generator *g, const PlanInsn *p);
void generator_segment_base (Generator *g, const PlanInsn *p);
void generator_read_keys (Generator *g, const PlanInsn *p);
void generator_read_tsc (Generator *g, const PlanInsn *p);
