/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "opcode.h"
#include "operand.h"

/* The integer instructions, as the opcode table names them. */

#define X86_BINARY(name)                                                                           \
  extern const X86Family x86_##name##_rm_r, x86_##name##_rm_imm, x86_##name##_r_rm;
X86_BINARY (add)
X86_BINARY (or)
X86_BINARY (adc)
X86_BINARY (sbb)
X86_BINARY (and)
X86_BINARY (sub)
X86_BINARY (xor)
X86_BINARY (cmp)
#undef X86_BINARY
extern const X86Family x86_test_rm_r, x86_test_rm_imm;
extern const X86Family x86_inc_rm, x86_dec_rm, x86_neg_rm, x86_not_rm;
extern const X86Family x86_xchg_rm_r, x86_xchg_a, x86_xadd_rm_r, x86_cmpxchg_rm_r;
void x86_cmpxchg_pair (X86Cpu *cpu, const X86Insn *insn);

#define X86_SHIFT(name)                                                                            \
  extern const X86Family x86_##name##_rm_1, x86_##name##_rm_cl, x86_##name##_rm_imm;
X86_SHIFT (rol)
X86_SHIFT (ror)
X86_SHIFT (rcl)
X86_SHIFT (rcr)
X86_SHIFT (shl)
X86_SHIFT (shr)
X86_SHIFT (sar)
#undef X86_SHIFT
extern const X86Family x86_shld_rm_r_cl, x86_shld_rm_r_imm, x86_shrd_rm_r_cl, x86_shrd_rm_r_imm;
extern const X86Family x86_shlx, x86_shrx, x86_sarx, x86_rorx;

extern const X86Family x86_mul, x86_imul, x86_div, x86_idiv, x86_imul_r_rm, x86_imul_r_rm_imm,
  x86_mulx;
void x86_daa (X86Cpu *cpu, const X86Insn *insn);
void x86_das (X86Cpu *cpu, const X86Insn *insn);
void x86_aaa (X86Cpu *cpu, const X86Insn *insn);
void x86_aas (X86Cpu *cpu, const X86Insn *insn);
void x86_aam (X86Cpu *cpu, const X86Insn *insn);
void x86_aad (X86Cpu *cpu, const X86Insn *insn);

#define X86_BIT(name) extern const X86Family x86_##name##_rm_r, x86_##name##_rm_imm;
X86_BIT (bt)
X86_BIT (bts)
X86_BIT (btr)
X86_BIT (btc)
#undef X86_BIT
extern const X86Family x86_bsf, x86_bsr, x86_popcnt, x86_lzcnt, x86_tzcnt, x86_adcx, x86_adox;
extern const X86Family x86_andn, x86_bextr, x86_bzhi, x86_pdep, x86_pext, x86_blsr, x86_blsmsk,
  x86_blsi;
extern const X86Family x86_bswap, x86_movbe_load, x86_movbe_store;
void x86_crc32 (X86Cpu *cpu, const X86Insn *insn);

extern const X86Family x86_mov_rm_r, x86_mov_r_rm, x86_mov_rm_imm, x86_mov_a_moffs, x86_mov_moffs_a;
extern const X86Family x86_movzx_8, x86_movzx_16, x86_movsx_8, x86_movsx_16, x86_movsxd;
extern const X86Family x86_lea, x86_cmov;
void x86_setcc (X86Cpu *cpu, const X86Insn *insn);
void x86_cbw (X86Cpu *cpu, const X86Insn *insn);
void x86_cwd (X86Cpu *cpu, const X86Insn *insn);
void x86_xlat (X86Cpu *cpu, const X86Insn *insn);
void x86_lahf (X86Cpu *cpu, const X86Insn *insn);
void x86_sahf (X86Cpu *cpu, const X86Insn *insn);
void x86_salc (X86Cpu *cpu, const X86Insn *insn);
void x86_clc (X86Cpu *cpu, const X86Insn *insn);
void x86_stc (X86Cpu *cpu, const X86Insn *insn);
void x86_cmc (X86Cpu *cpu, const X86Insn *insn);
void x86_cld (X86Cpu *cpu, const X86Insn *insn);
void x86_std (X86Cpu *cpu, const X86Insn *insn);
void x86_nop (X86Cpu *cpu, const X86Insn *insn);
void x86_prefetchw (X86Cpu *cpu, const X86Insn *insn); /* 0F 0D */
void x86_undefined (X86Cpu *cpu, const X86Insn *insn);

/* Jcc by condition */
void x86_jcc_0 (X86Cpu *cpu, const X86Insn *insn);
void x86_jcc_1 (X86Cpu *cpu, const X86Insn *insn);
void x86_jcc_2 (X86Cpu *cpu, const X86Insn *insn);
void x86_jcc_3 (X86Cpu *cpu, const X86Insn *insn);
void x86_jcc_4 (X86Cpu *cpu, const X86Insn *insn);
void x86_jcc_5 (X86Cpu *cpu, const X86Insn *insn);
void x86_jcc_6 (X86Cpu *cpu, const X86Insn *insn);
void x86_jcc_7 (X86Cpu *cpu, const X86Insn *insn);
void x86_jcc_8 (X86Cpu *cpu, const X86Insn *insn);
void x86_jcc_9 (X86Cpu *cpu, const X86Insn *insn);
void x86_jcc_10 (X86Cpu *cpu, const X86Insn *insn);
void x86_jcc_11 (X86Cpu *cpu, const X86Insn *insn);
void x86_jcc_12 (X86Cpu *cpu, const X86Insn *insn);
void x86_jcc_13 (X86Cpu *cpu, const X86Insn *insn);
void x86_jcc_14 (X86Cpu *cpu, const X86Insn *insn);
void x86_jcc_15 (X86Cpu *cpu, const X86Insn *insn);
void x86_jmp_rel (X86Cpu *cpu, const X86Insn *insn);
void x86_jmp_rm (X86Cpu *cpu, const X86Insn *insn);
void x86_call_rel (X86Cpu *cpu, const X86Insn *insn);
void x86_call_rm (X86Cpu *cpu, const X86Insn *insn);
void x86_ret (X86Cpu *cpu, const X86Insn *insn);
void x86_loop (X86Cpu *cpu, const X86Insn *insn);
void x86_jcxz (X86Cpu *cpu, const X86Insn *insn);
void x86_push_r (X86Cpu *cpu, const X86Insn *insn);
void x86_push_r_64 (X86Cpu *cpu, const X86Insn *insn);
void x86_push_rm (X86Cpu *cpu, const X86Insn *insn);
void x86_push_imm (X86Cpu *cpu, const X86Insn *insn);
void x86_pop_r (X86Cpu *cpu, const X86Insn *insn);
void x86_pop_r_64 (X86Cpu *cpu, const X86Insn *insn);
void x86_pop_rm (X86Cpu *cpu, const X86Insn *insn);
void x86_pusha (X86Cpu *cpu, const X86Insn *insn);
void x86_popa (X86Cpu *cpu, const X86Insn *insn);
void x86_enter (X86Cpu *cpu, const X86Insn *insn);
void x86_leave (X86Cpu *cpu, const X86Insn *insn);

void x86_string (X86Cpu *cpu, const X86Insn *insn);
void x86_string_repeated (X86Cpu *cpu, const X86Insn *insn);
