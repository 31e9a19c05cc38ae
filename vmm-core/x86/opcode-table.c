/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opcode maps: Intel SDM 2, appendix A. */
#include "opcode.h"

#include "insn-integer.h"
#include "sys-insn.h"

/* An entry by family (sized functions), by one function, or by a further table. */
/* clang-format off */
#define SIZED(name, attrs) { &x86_##name, NULL, NULL, X86_OP_VALID | (attrs) }
#define ONE(name, attrs) { NULL, x86_##name, NULL, X86_OP_VALID | (attrs) }
#define MORE(table, attrs) { NULL, NULL, table, X86_OP_VALID | (attrs) }
#define FPU(attrs) { NULL, NULL, NULL, X86_OP_VALID | X86_OP_FPU | (attrs) }
#define NONE { NULL, NULL, NULL, 0 }
/* clang-format on */

#define RM X86_OP_MODRM
#define BYTE X86_OP_BYTE
#define LOCK X86_OP_LOCK
#define END X86_OP_END

static const X86Family push_family
  = { { NULL }, { x86_push_r }, { x86_push_r }, { x86_push_r_64 } };
static const X86Family pop_family = { { NULL }, { x86_pop_r }, { x86_pop_r }, { x86_pop_r_64 } };
#define x86_push_family push_family
#define x86_pop_family pop_family

/* Group 1: 80 to 83 */
/* clang-format off */
static const X86Opcode group1[8] = {
  SIZED (add_rm_imm, LOCK),
  SIZED (or_rm_imm, LOCK),
  SIZED (adc_rm_imm, LOCK),
  SIZED (sbb_rm_imm, LOCK),
  SIZED (and_rm_imm, LOCK),
  SIZED (sub_rm_imm, LOCK),
  SIZED (xor_rm_imm, LOCK),
  SIZED (cmp_rm_imm, 0),
};
/* clang-format on */

/* clang-format off */
static const X86Opcode group2_imm[8] = {
  SIZED (rol_rm_imm, 0),
  SIZED (ror_rm_imm, 0),
  SIZED (rcl_rm_imm, 0),
  SIZED (rcr_rm_imm, 0),
  SIZED (shl_rm_imm, 0),
  SIZED (shr_rm_imm, 0),
  SIZED (shl_rm_imm, 0),
  SIZED (sar_rm_imm, 0),
};
/* clang-format on */

/* clang-format off */
static const X86Opcode group2_cl[8] = {
  SIZED (rol_rm_cl, 0),
  SIZED (ror_rm_cl, 0),
  SIZED (rcl_rm_cl, 0),
  SIZED (rcr_rm_cl, 0),
  SIZED (shl_rm_cl, 0),
  SIZED (shr_rm_cl, 0),
  SIZED (shl_rm_cl, 0),
  SIZED (sar_rm_cl, 0),
};
/* clang-format on */

/* clang-format off */
static const X86Opcode group2_1[8] = {
  SIZED (rol_rm_1, 0),
  SIZED (ror_rm_1, 0),
  SIZED (rcl_rm_1, 0),
  SIZED (rcr_rm_1, 0),
  SIZED (shl_rm_1, 0),
  SIZED (shr_rm_1, 0),
  SIZED (shl_rm_1, 0),
  SIZED (sar_rm_1, 0),
};
/* clang-format on */

static const X86Opcode group3_byte[8] = {
  SIZED (test_rm_imm, X86_OP_IMM8),
  SIZED (test_rm_imm, X86_OP_IMM8),
  SIZED (not_rm, LOCK),
  SIZED (neg_rm, LOCK),
  SIZED (mul, 0),
  SIZED (imul, 0),
  SIZED (div, 0),
  SIZED (idiv, 0),
};

static const X86Opcode group3[8] = {
  SIZED (test_rm_imm, X86_OP_IMMZ),
  SIZED (test_rm_imm, X86_OP_IMMZ),
  SIZED (not_rm, LOCK),
  SIZED (neg_rm, LOCK),
  SIZED (mul, 0),
  SIZED (imul, 0),
  SIZED (div, 0),
  SIZED (idiv, 0),
};

static const X86Opcode group4[8] = { SIZED (inc_rm, LOCK), SIZED (dec_rm, LOCK) };

static const X86Opcode group5[8] = {
  SIZED (inc_rm, LOCK),
  SIZED (dec_rm, LOCK),
  ONE (call_rm, X86_OP_F64 | X86_OP_BRANCH),
  ONE (sys_call_far_mem, X86_OP_MEMORY | END),
  ONE (jmp_rm, X86_OP_F64 | X86_OP_BRANCH),
  ONE (sys_jmp_far_mem, X86_OP_MEMORY | END),
  ONE (push_rm, X86_OP_D64),
};

static const X86Opcode group1a[8] = { ONE (pop_rm, X86_OP_D64) };
static const X86Opcode group11_byte[8] = { SIZED (mov_rm_imm, X86_OP_IMM8) };
static const X86Opcode group11[8] = { SIZED (mov_rm_imm, X86_OP_IMMZ) };

static const X86Opcode group6[8] = {
  ONE (sys_sldt, 0), ONE (sys_str, 0),  ONE (sys_lldt, 0),
  ONE (sys_ltr, 0),  ONE (sys_verr, 0), ONE (sys_verw, 0),
};

/* 0F 01 with a register: the low three bits of ModRM tell on */
static const X86Opcode group7_c0[8] = { NONE, ONE (sys_hypercall, END) };
static const X86Opcode group7_d8[8] = { NONE, ONE (sys_hypercall, END) };
static const X86Opcode group7_c8[8] = {
  ONE (sys_monitor, 0),
  ONE (sys_mwait, END),
  ONE (sys_clac, 0),
  ONE (sys_stac, 0),
};
static const X86Opcode group7_d0[8] = { ONE (sys_xgetbv, 0), ONE (sys_xsetbv, END) };
static const X86Opcode group7_e8[8] = {
  NONE, NONE, NONE, NONE, NONE, NONE, ONE (sys_rdpkru, 0), ONE (sys_wrpkru, END),
};
static const X86Opcode group7_f8[8] = { ONE (sys_swapgs, X86_OP_ONLY64), ONE (sys_rdtscp, 0) };
static const X86Opcode group7[16] = {
  ONE (sys_sgdt, 0),
  ONE (sys_sidt, 0),
  ONE (sys_lgdt, 0),
  ONE (sys_lidt, 0),
  ONE (sys_smsw, 0),
  NONE,
  ONE (sys_lmsw, END),
  ONE (sys_invlpg, END),
  MORE (group7_c0, X86_OP_BY_RM | X86_OP_NP),
  MORE (group7_c8, X86_OP_BY_RM | X86_OP_NP),
  MORE (group7_d0, X86_OP_BY_RM | X86_OP_NP),
  MORE (group7_d8, X86_OP_BY_RM),
  ONE (sys_smsw, 0),
  MORE (group7_e8, X86_OP_BY_RM | X86_OP_NP),
  ONE (sys_lmsw, END),
  MORE (group7_f8, X86_OP_BY_RM),
};

static const X86Opcode group8[8] = {
  NONE,
  NONE,
  NONE,
  NONE,
  SIZED (bt_rm_imm, 0),
  SIZED (bts_rm_imm, LOCK),
  SIZED (btr_rm_imm, LOCK),
  SIZED (btc_rm_imm, LOCK),
};

static const X86Opcode group9_7[4]
  = { ONE (sys_rdrand, 0), ONE (sys_rdrand, 0), ONE (sys_rdpid, X86_OP_D64), NONE };
static const X86Opcode group9_6[4] = { ONE (sys_rdrand, 0), ONE (sys_rdrand, 0), NONE, NONE };
static const X86Opcode group9[16] = {
  NONE,
  ONE (cmpxchg_pair, LOCK | X86_OP_NO16),
  NONE,
  FPU (0),
  FPU (0),
  FPU (0),
  NONE,
  NONE,
  NONE,
  NONE,
  NONE,
  NONE,
  NONE,
  NONE,
  MORE (group9_6, X86_OP_BY_PREFIX),
  MORE (group9_7, X86_OP_BY_PREFIX),
};

static const X86Opcode group15_m6[4] = { FPU (0), ONE (sys_clflush, 0), NONE, NONE };
static const X86Opcode group15_m7[4] = { ONE (sys_clflush, 0), ONE (sys_clflush, 0), NONE, NONE };
static const X86Opcode group15_base[4] = { NONE, NONE, ONE (sys_rdfsbase, X86_OP_ONLY64), NONE };
static const X86Opcode group15_fence[4] = { ONE (nop, 0), NONE, NONE, NONE };
static const X86Opcode group15[16] = {
  FPU (0),
  FPU (0),
  FPU (0),
  FPU (0),
  FPU (0),
  FPU (0),
  MORE (group15_m6, X86_OP_BY_PREFIX),
  MORE (group15_m7, X86_OP_BY_PREFIX),
  MORE (group15_base, X86_OP_BY_PREFIX),
  MORE (group15_base, X86_OP_BY_PREFIX),
  MORE (group15_base, X86_OP_BY_PREFIX),
  MORE (group15_base, X86_OP_BY_PREFIX),
  NONE,
  MORE (group15_fence, X86_OP_BY_PREFIX),
  MORE (group15_fence, X86_OP_BY_PREFIX),
  MORE (group15_fence, X86_OP_BY_PREFIX),
};

static const X86Opcode string_instruction[4]
  = { ONE (string, 0), ONE (string, 0), ONE (string_repeated, END), ONE (string_repeated, END) };
static const X86Opcode nop_or_pause[4]
  = { SIZED (xchg_a, 0), SIZED (xchg_a, 0), ONE (sys_pause, END), SIZED (xchg_a, 0) };
static const X86Opcode popcnt[4] = { NONE, NONE, SIZED (popcnt, 0), NONE };
static const X86Opcode bsf_or_tzcnt[4]
  = { SIZED (bsf, 0), SIZED (bsf, 0), SIZED (tzcnt, 0), SIZED (bsf, 0) };
static const X86Opcode bsr_or_lzcnt[4]
  = { SIZED (bsr, 0), SIZED (bsr, 0), SIZED (lzcnt, 0), SIZED (bsr, 0) };
static const X86Opcode movbe_or_crc32_f0[4]
  = { SIZED (movbe_load, X86_OP_MEMORY), SIZED (movbe_load, X86_OP_MEMORY), NONE,
      ONE (crc32, X86_OP_BYTE_RM) };
static const X86Opcode movbe_or_crc32_f1[4]
  = { SIZED (movbe_store, X86_OP_MEMORY), SIZED (movbe_store, X86_OP_MEMORY), NONE,
      ONE (crc32, 0) };
static const X86Opcode adx[4]
  = { NONE, SIZED (adcx, X86_OP_NO16), SIZED (adox, X86_OP_NO16), NONE };
static const X86Opcode invpcid[4] = { NONE, ONE (sys_invpcid, X86_OP_MEMORY | END), NONE, NONE };

const X86Opcode x86_opcode_movsxd = SIZED (movsxd, RM);

#define ALU_ROWS(base, name, lock)                                                                 \
  [base + 0] = SIZED (name##_rm_r, RM | BYTE | (lock)),                                            \
          [base + 1] = SIZED (name##_rm_r, RM | (lock)),                                           \
          [base + 2] = SIZED (name##_r_rm, RM | BYTE), [base + 3] = SIZED (name##_r_rm, RM),       \
          [base + 4] = SIZED (name##_rm_imm, X86_OP_A | BYTE | X86_OP_IMM8),                       \
          [base + 5] = SIZED (name##_rm_imm, X86_OP_A | X86_OP_IMMZ)

#define PUSH_SEGMENT ONE (sys_push_segment, X86_OP_NOT64)
#define POP_SEGMENT ONE (sys_pop_segment, X86_OP_NOT64 | END)

#define JCC(base, n, attrs) [base + n] = ONE (jcc_##n, X86_OP_F64 | X86_OP_BRANCH | (attrs))
#define JCC_ROWS(base, attrs)                                                                      \
  JCC (base, 0, attrs), JCC (base, 1, attrs), JCC (base, 2, attrs), JCC (base, 3, attrs),          \
    JCC (base, 4, attrs), JCC (base, 5, attrs), JCC (base, 6, attrs), JCC (base, 7, attrs),        \
    JCC (base, 8, attrs), JCC (base, 9, attrs), JCC (base, 10, attrs), JCC (base, 11, attrs),      \
    JCC (base, 12, attrs), JCC (base, 13, attrs), JCC (base, 14, attrs), JCC (base, 15, attrs)

static const X86Opcode primary[256] = {
  ALU_ROWS (0x00, add, LOCK),
  [0x06] = PUSH_SEGMENT,
  [0x07] = POP_SEGMENT,
  ALU_ROWS (0x08, or, LOCK),
  [0x0e] = PUSH_SEGMENT,
  ALU_ROWS (0x10, adc, LOCK),
  [0x16] = PUSH_SEGMENT,
  [0x17] = POP_SEGMENT,
  ALU_ROWS (0x18, sbb, LOCK),
  [0x1e] = PUSH_SEGMENT,
  [0x1f] = POP_SEGMENT,
  ALU_ROWS (0x20, and, LOCK),
  [0x27] = ONE (daa, X86_OP_NOT64),
  ALU_ROWS (0x28, sub, LOCK),
  [0x2f] = ONE (das, X86_OP_NOT64),
  ALU_ROWS (0x30, xor, LOCK),
  [0x37] = ONE (aaa, X86_OP_NOT64),
  ALU_ROWS (0x38, cmp, 0),
  [0x3f] = ONE (aas, X86_OP_NOT64),

  [0x40 ... 0x47] = SIZED (inc_rm, X86_OP_IN_CODE),
  [0x48 ... 0x4f] = SIZED (dec_rm, X86_OP_IN_CODE),
  [0x50 ... 0x57] = SIZED (push_family, X86_OP_IN_CODE | X86_OP_D64),
  [0x58 ... 0x5f] = SIZED (pop_family, X86_OP_IN_CODE | X86_OP_D64),

  [0x60] = ONE (pusha, X86_OP_NOT64),
  [0x61] = ONE (popa, X86_OP_NOT64),
  [0x62] = ONE (sys_bound, RM | X86_OP_MEMORY | X86_OP_NOT64),
  [0x63] = ONE (sys_arpl, RM | X86_OP_PROTECTED),
  [0x68] = ONE (push_imm, X86_OP_IMMZ | X86_OP_D64),
  [0x69] = SIZED (imul_r_rm_imm, RM | X86_OP_IMMZ),
  [0x6a] = ONE (push_imm, X86_OP_IMM8 | X86_OP_D64),
  [0x6b] = SIZED (imul_r_rm_imm, RM | X86_OP_IMM8),
  [0x6c ... 0x6d] = ONE (sys_ins, END),
  [0x6e ... 0x6f] = ONE (sys_outs, END),

  JCC_ROWS (0x70, X86_OP_IMM8),
  [0x80] = MORE (group1, RM | BYTE | X86_OP_IMM8 | X86_OP_GROUP),
  [0x81] = MORE (group1, RM | X86_OP_IMMZ | X86_OP_GROUP),
  [0x82] = MORE (group1, RM | BYTE | X86_OP_IMM8 | X86_OP_GROUP | X86_OP_NOT64),
  [0x83] = MORE (group1, RM | X86_OP_IMM8 | X86_OP_GROUP),
  [0x84] = SIZED (test_rm_r, RM | BYTE),
  [0x85] = SIZED (test_rm_r, RM),
  [0x86] = SIZED (xchg_rm_r, RM | BYTE | LOCK),
  [0x87] = SIZED (xchg_rm_r, RM | LOCK),
  [0x88] = SIZED (mov_rm_r, RM | BYTE),
  [0x89] = SIZED (mov_rm_r, RM),
  [0x8a] = SIZED (mov_r_rm, RM | BYTE),
  [0x8b] = SIZED (mov_r_rm, RM),
  [0x8c] = ONE (sys_mov_from_segment, RM),
  [0x8d] = SIZED (lea, RM | X86_OP_MEMORY),
  [0x8e] = ONE (sys_mov_to_segment, RM | END),
  [0x8f] = MORE (group1a, RM | X86_OP_GROUP),
  [0x90] = MORE (nop_or_pause, X86_OP_IN_CODE | X86_OP_BY_PREFIX),
  [0x91 ... 0x97] = SIZED (xchg_a, X86_OP_IN_CODE),
  [0x98] = ONE (cbw, 0),
  [0x99] = ONE (cwd, 0),
  [0x9a] = ONE (sys_call_far_imm, X86_OP_FAR | X86_OP_NOT64 | END),
  [0x9b] = FPU (0),
  [0x9c] = ONE (sys_pushf, X86_OP_D64),
  [0x9d] = ONE (sys_popf, X86_OP_D64 | END),
  [0x9e] = ONE (sahf, 0),
  [0x9f] = ONE (lahf, 0),
  [0xa0] = SIZED (mov_a_moffs, BYTE | X86_OP_MOFFS),
  [0xa1] = SIZED (mov_a_moffs, X86_OP_MOFFS),
  [0xa2] = SIZED (mov_moffs_a, BYTE | X86_OP_MOFFS),
  [0xa3] = SIZED (mov_moffs_a, X86_OP_MOFFS),
  [0xa4 ... 0xa7] = MORE (string_instruction, X86_OP_BY_PREFIX),
  [0xa8] = SIZED (test_rm_imm, X86_OP_A | BYTE | X86_OP_IMM8),
  [0xa9] = SIZED (test_rm_imm, X86_OP_A | X86_OP_IMMZ),
  [0xaa ... 0xaf] = MORE (string_instruction, X86_OP_BY_PREFIX),
  [0xb0 ... 0xb7] = SIZED (mov_rm_imm, X86_OP_IN_CODE | BYTE | X86_OP_IMM8),
  [0xb8 ... 0xbf] = SIZED (mov_rm_imm, X86_OP_IN_CODE | X86_OP_IMMV),
  [0xc0] = MORE (group2_imm, RM | BYTE | X86_OP_IMM8U | X86_OP_GROUP),
  [0xc1] = MORE (group2_imm, RM | X86_OP_IMM8U | X86_OP_GROUP),
  [0xc2] = ONE (ret, X86_OP_IMM16 | X86_OP_F64 | X86_OP_BRANCH),
  [0xc3] = ONE (ret, X86_OP_F64 | X86_OP_BRANCH),
  [0xc4 ... 0xc5] = ONE (sys_load_far_pointer, RM | X86_OP_MEMORY | X86_OP_NOT64 | END),
  [0xc6] = MORE (group11_byte, RM | BYTE | X86_OP_GROUP),
  [0xc7] = MORE (group11, RM | X86_OP_GROUP),
  [0xc8] = ONE (enter, X86_OP_IMM16 | X86_OP_D64),
  [0xc9] = ONE (leave, X86_OP_D64),
  [0xca] = ONE (sys_ret_far, X86_OP_IMM16 | END),
  [0xcb] = ONE (sys_ret_far, END),
  [0xcc] = ONE (sys_int3, END),
  [0xcd] = ONE (sys_int_n, X86_OP_IMM8U | END),
  [0xce] = ONE (sys_into, X86_OP_NOT64 | END),
  [0xcf] = ONE (sys_iret, END),
  [0xd0] = MORE (group2_1, RM | BYTE | X86_OP_GROUP),
  [0xd1] = MORE (group2_1, RM | X86_OP_GROUP),
  [0xd2] = MORE (group2_cl, RM | BYTE | X86_OP_GROUP),
  [0xd3] = MORE (group2_cl, RM | X86_OP_GROUP),
  [0xd4] = ONE (aam, X86_OP_IMM8U | X86_OP_NOT64),
  [0xd5] = ONE (aad, X86_OP_IMM8U | X86_OP_NOT64),
  [0xd6] = ONE (salc, X86_OP_NOT64),
  [0xd7] = ONE (xlat, 0),
  [0xd8 ... 0xdf] = FPU (RM),
  [0xe0 ... 0xe2] = ONE (loop, X86_OP_IMM8 | X86_OP_F64 | X86_OP_BRANCH),
  [0xe3] = ONE (jcxz, X86_OP_IMM8 | X86_OP_F64 | X86_OP_BRANCH),
  [0xe4] = ONE (sys_in, BYTE | X86_OP_IMM8U | END),
  [0xe5] = ONE (sys_in, X86_OP_IMM8U | END),
  [0xe6] = ONE (sys_out, BYTE | X86_OP_IMM8U | END),
  [0xe7] = ONE (sys_out, X86_OP_IMM8U | END),
  [0xe8] = ONE (call_rel, X86_OP_RELZ | X86_OP_F64 | X86_OP_BRANCH),
  [0xe9] = ONE (jmp_rel, X86_OP_RELZ | X86_OP_F64 | X86_OP_BRANCH),
  [0xea] = ONE (sys_jmp_far_imm, X86_OP_FAR | X86_OP_NOT64 | END),
  [0xeb] = ONE (jmp_rel, X86_OP_IMM8 | X86_OP_F64 | X86_OP_BRANCH),
  [0xec] = ONE (sys_in, BYTE | END),
  [0xed] = ONE (sys_in, END),
  [0xee] = ONE (sys_out, BYTE | END),
  [0xef] = ONE (sys_out, END),
  [0xf1] = ONE (sys_int1, END),
  [0xf4] = ONE (sys_hlt, END),
  [0xf5] = ONE (cmc, 0),
  [0xf6] = MORE (group3_byte, RM | BYTE | X86_OP_GROUP),
  [0xf7] = MORE (group3, RM | X86_OP_GROUP),
  [0xf8] = ONE (clc, 0),
  [0xf9] = ONE (stc, 0),
  [0xfa] = ONE (sys_cli, 0),
  [0xfb] = ONE (sys_sti, END),
  [0xfc] = ONE (cld, 0),
  [0xfd] = ONE (std, 0),
  [0xfe] = MORE (group4, RM | BYTE | X86_OP_GROUP),
  [0xff] = MORE (group5, RM | X86_OP_GROUP),
};

static const X86Opcode map_0f[256] = {
  [0x00] = MORE (group6, RM | X86_OP_GROUP | X86_OP_PROTECTED),
  [0x01] = MORE (group7, RM | X86_OP_GROUP_MOD),
  [0x02] = ONE (sys_lar, RM | X86_OP_PROTECTED),
  [0x03] = ONE (sys_lsl, RM | X86_OP_PROTECTED),
  [0x05] = ONE (sys_syscall, END),
  [0x06] = ONE (sys_clts, END),
  [0x07] = ONE (sys_sysret, END),
  [0x08 ... 0x09] = ONE (sys_invd, END),
  [0x0d] = ONE (prefetchw, RM),
  [0x10 ... 0x17] = FPU (RM),
  [0x18 ... 0x1f] = ONE (nop, RM),
  [0x20] = ONE (sys_mov_from_cr, RM | X86_OP_MOD_IGNORED | X86_OP_F64),
  [0x21] = ONE (sys_mov_from_dr, RM | X86_OP_MOD_IGNORED | X86_OP_F64),
  [0x22] = ONE (sys_mov_to_cr, RM | X86_OP_MOD_IGNORED | X86_OP_F64 | END),
  [0x23] = ONE (sys_mov_to_dr, RM | X86_OP_MOD_IGNORED | X86_OP_F64 | END),
  [0x28 ... 0x2f] = FPU (RM),
  [0x30] = ONE (sys_wrmsr, END),
  [0x31] = ONE (sys_rdtsc, 0),
  [0x32] = ONE (sys_rdmsr, 0),
  [0x33] = ONE (sys_rdpmc, 0),
  [0x34] = ONE (sys_sysenter, END),
  [0x35] = ONE (sys_sysexit, END),
  [0x40 ... 0x4f] = SIZED (cmov, RM),
  [0x50 ... 0x6f] = FPU (RM),
  [0x70 ... 0x73] = FPU (RM | X86_OP_IMM8U),
  [0x74 ... 0x76] = FPU (RM),
  [0x77] = FPU (0),
  [0x7c ... 0x7f] = FPU (RM),
  JCC_ROWS (0x80, X86_OP_RELZ),
  [0x90 ... 0x9f] = ONE (setcc, RM | BYTE),
  [0xa0] = ONE (sys_push_segment, X86_OP_D64),
  [0xa1] = ONE (sys_pop_segment, X86_OP_D64 | END),
  [0xa2] = ONE (sys_cpuid, 0),
  [0xa3] = SIZED (bt_rm_r, RM),
  [0xa4] = SIZED (shld_rm_r_imm, RM | X86_OP_IMM8U),
  [0xa5] = SIZED (shld_rm_r_cl, RM),
  [0xa8] = ONE (sys_push_segment, X86_OP_D64),
  [0xa9] = ONE (sys_pop_segment, X86_OP_D64 | END),
  [0xab] = SIZED (bts_rm_r, RM | LOCK),
  [0xac] = SIZED (shrd_rm_r_imm, RM | X86_OP_IMM8U),
  [0xad] = SIZED (shrd_rm_r_cl, RM),
  [0xae] = MORE (group15, RM | X86_OP_GROUP_MOD),
  [0xaf] = SIZED (imul_r_rm, RM),
  [0xb0] = SIZED (cmpxchg_rm_r, RM | BYTE | LOCK),
  [0xb1] = SIZED (cmpxchg_rm_r, RM | LOCK),
  [0xb2] = ONE (sys_load_far_pointer, RM | X86_OP_MEMORY | END),
  [0xb3] = SIZED (btr_rm_r, RM | LOCK),
  [0xb4 ... 0xb5] = ONE (sys_load_far_pointer, RM | X86_OP_MEMORY | END),
  [0xb6] = SIZED (movzx_8, RM | X86_OP_BYTE_RM),
  [0xb7] = SIZED (movzx_16, RM),
  [0xb8] = MORE (popcnt, RM | X86_OP_BY_PREFIX),
  [0xba] = MORE (group8, RM | X86_OP_IMM8U | X86_OP_GROUP),
  [0xbb] = SIZED (btc_rm_r, RM | LOCK),
  [0xbc] = MORE (bsf_or_tzcnt, RM | X86_OP_BY_PREFIX),
  [0xbd] = MORE (bsr_or_lzcnt, RM | X86_OP_BY_PREFIX),
  [0xbe] = SIZED (movsx_8, RM | X86_OP_BYTE_RM),
  [0xbf] = SIZED (movsx_16, RM),
  [0xc0] = SIZED (xadd_rm_r, RM | BYTE | LOCK),
  [0xc1] = SIZED (xadd_rm_r, RM | LOCK),
  [0xc2] = FPU (RM | X86_OP_IMM8U),
  [0xc3] = FPU (RM | X86_OP_NO16),
  [0xc4 ... 0xc6] = FPU (RM | X86_OP_IMM8U),
  [0xc7] = MORE (group9, RM | X86_OP_GROUP_MOD),
  [0xc8 ... 0xcf] = SIZED (bswap, X86_OP_IN_CODE),
  [0xd0 ... 0xfe] = FPU (RM),
};

static const X86Opcode map_0f38[256] = {
  [0x00 ... 0x81] = FPU (RM),
  [0x82] = MORE (invpcid, RM | X86_OP_BY_PREFIX),
  [0x83 ... 0xef] = FPU (RM),
  [0xf0] = MORE (movbe_or_crc32_f0, RM | X86_OP_BY_PREFIX),
  [0xf1] = MORE (movbe_or_crc32_f1, RM | X86_OP_BY_PREFIX),
  [0xf6] = MORE (adx, RM | X86_OP_BY_PREFIX),
};

static const X86Opcode map_0f3a[256] = { [0x00 ... 0xff] = FPU (RM | X86_OP_IMM8U) };

const X86Opcode *const x86_opcodes[4] = { primary, map_0f, map_0f38, map_0f3a };

/* With VEX */

static const X86Opcode vex_andn[4] = { SIZED (andn, 0) };
static const X86Opcode vex_f5[4] = { SIZED (bzhi, 0), NONE, SIZED (pext, 0), SIZED (pdep, 0) };
static const X86Opcode vex_f6[4] = { NONE, NONE, NONE, SIZED (mulx, 0) };
static const X86Opcode vex_f7[4]
  = { SIZED (bextr, 0), SIZED (shlx, 0), SIZED (sarx, 0), SIZED (shrx, 0) };
static const X86Opcode vex_rorx[4] = { NONE, NONE, NONE, SIZED (rorx, 0) };
static const X86Opcode group17[8] = { NONE, SIZED (blsr, 0), SIZED (blsmsk, 0), SIZED (blsi, 0) };
static const X86Opcode vex_f3[4] = { MORE (group17, X86_OP_GROUP), NONE, NONE, NONE };

const X86Opcode *
x86_opcode_vex (X86Map map, uint8_t opcode)
{
  static const X86Opcode andn = MORE (vex_andn, RM | X86_OP_BY_PREFIX);
  static const X86Opcode f3 = MORE (vex_f3, RM | X86_OP_BY_PREFIX);
  static const X86Opcode f5 = MORE (vex_f5, RM | X86_OP_BY_PREFIX);
  static const X86Opcode f6 = MORE (vex_f6, RM | X86_OP_BY_PREFIX);
  static const X86Opcode f7 = MORE (vex_f7, RM | X86_OP_BY_PREFIX);
  static const X86Opcode rorx = MORE (vex_rorx, RM | X86_OP_IMM8U | X86_OP_BY_PREFIX);
  static const X86Opcode vector = FPU (RM);
  static const X86Opcode vector_imm8 = FPU (RM | X86_OP_IMM8U);
  static const X86Opcode vector_plain = FPU (0);

  if (map == X86_MAP_0F3A)
    return opcode == 0xf0 ? &rorx : &vector_imm8;
  if (map == X86_MAP_0F)
    switch (opcode)
      {
      case 0x77:
        return &vector_plain;
      case 0x70 ... 0x73:
      case 0xc2:
      case 0xc4 ... 0xc6:
        return &vector_imm8;
      default:
        return &vector;
      }
  switch (opcode)
    {
    case 0xf2:
      return &andn;
    case 0xf3:
      return &f3;
    case 0xf5:
      return &f5;
    case 0xf6:
      return &f6;
    case 0xf7:
      return &f7;
    default:
      return &vector;
    }
}
