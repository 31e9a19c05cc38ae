/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Guest code of smp.c, 64 bits, to run at 100000h wherever it was linked. rdi: number of the CPU,
 * rsi: how many there are. */

#define STOP 0x10000
#define SEQUENCE 0x10008
#define CURRENT 0x10010
#define ACKNOWLEDGED 0x10018
#define PROGRESS 0x10100
#define ACKNOWLEDGE_EACH 0x10200
#define SHORT_FUNCTION 0x300003 /* mov eax, imm32 at an aligned address; ret */
#define FROM_SAME_PAGE 0x300010 /* call of it; ret */
#define FROM_OTHER_PAGE 0x301000
#define LONG_FUNCTION 0x300040  /* 8 bytes */
#define WINDOW 0x400000         /* the page that is mapped to one of two */
#define WINDOW_CALL 0x401000    /* call of it; ret */
#define WINDOW_PTE 0x7000
#define FIRST_PAGE 0x402000
#define SECOND_PAGE 0x403000
#define OWN_PAGES 0x2e0000      /* one for each CPU */
#define TWO_PAGES 0x2dfffe      /* 4 bytes */
#define FUNCTIONS 0x800000      /* 1 << 10 of them, 4 KiB each */
#define GENERATED 0x1000000     /* 1 MiB for each CPU */
#define LAPIC 0xfee00000
#define SHARED_PAGE 0x303000
#define CHAINS 0x1000000        /* code, as smp.c lays it out */
#define CHAIN_SIZE 0x10000
#define N_CHAINS 700

  .intel_syntax noprefix
  .section .rodata
  .globl smp_guest, smp_guest_end
  .balign 16
smp_guest:

/* fail: what was found is in eax */
fail:
  out 0xf4, eax
stop:
  cli
  hlt
  jmp stop

.macro check_stop
  cmp dword ptr [STOP], 0
  jne stop
.endm

.macro count_round
  inc qword ptr [PROGRESS + rdi * 8]
.endm

/* eax from the counter in edx, so that half a value is no value */
.macro encode
  imul eax, edx, 0x9e3779b1
.endm

/* Overwrites code that others run, without a word. */
  .globl smc_writer
smc_writer:
  xor edx, edx
1:
  check_stop
  inc edx
  encode
  mov [SHORT_FUNCTION + 1], eax
  mov ecx, edx
  and ecx, 63
2:
  pause
  dec ecx
  jns 2b
  count_round
  jmp 1b

/* Old or new, never garbage. Nothing is said of the order: without a serializing instruction a CPU may
 * meet the old code on one way to it after the new on another (SDM 3A, 9.1.3). */
  .globl smc_reader
smc_reader:
  mov r12d, SHORT_FUNCTION
  mov r13d, FROM_SAME_PAGE
  mov r14d, FROM_OTHER_PAGE
  xor ebp, ebp
1:
  check_stop
  call r12
  call check_value
  call r13
  call check_value
  call r14
  call check_value
  count_round
  jmp 1b

check_value:
  imul ecx, eax, 0xe8b2f51 /* the inverse */
  mov edx, ecx
  sub edx, ebp
  add edx, 0x800000
  cmp edx, 0x1000000
  jae fail
  mov ebp, ecx
  ret

/* Overwrites code and waits until all have run it. */
  .globl handshake_writer
handshake_writer:
  xor edx, edx
1:
  inc edx
  encode
  mov [SHORT_FUNCTION + 1], eax
  mov rax, 0x9090c31111111105 /* add eax, 11111111h; ret */
  test edx, 1
  jz 2f
  mov rax, 0x90909090c3c0ff90 /* nop; inc eax; ret */
2:
  mov [LONG_FUNCTION], rax
  mov [SEQUENCE], edx
  mov ecx, 1
3:
  check_stop
  cmp ecx, esi
  jae 4f
  pause
  cmp [ACKNOWLEDGE_EACH + rcx * 8], edx
  jne 3b
  inc ecx
  jmp 3b
4:
  count_round
  jmp 1b

/* Exactly what was announced. */
  .globl handshake_reader
handshake_reader:
  mov r12d, SHORT_FUNCTION
  mov r13d, FROM_SAME_PAGE
  mov r14d, FROM_OTHER_PAGE
  mov r15d, LONG_FUNCTION
  xor ebp, ebp
1:
  check_stop
  pause
  mov edx, [SEQUENCE]
  cmp edx, ebp
  je 1b
  mov ebp, edx
  xor eax, eax
  cpuid
  mov edx, ebp
  encode
  mov ebx, eax
  call r12
  cmp eax, ebx
  jne fail
  call r13
  cmp eax, ebx
  jne fail
  call r14
  cmp eax, ebx
  jne fail
  xor eax, eax
  call r15
  mov ecx, 0x11111111
  test ebp, 1
  jz 2f
  mov ecx, 1
2:
  cmp eax, ecx
  jne fail
  mov [ACKNOWLEDGE_EACH + rdi * 8], ebp
  count_round
  jmp 1b

/* Maps the window elsewhere, and tells all others to forget where it was. */
  .globl shootdown_mapper
shootdown_mapper:
  mov ebx, LAPIC
  mov r8d, [WINDOW_PTE]
  and r8d, 0xfff           /* with or without the global bit */
  xor edx, edx
1:
  check_stop
  inc dword ptr [SEQUENCE]
  xor edx, 1
  mov eax, edx
  shl eax, 12
  add eax, FIRST_PAGE
  or eax, r8d
  mov [WINDOW_PTE], rax
  invlpg [WINDOW]
  mov dword ptr [ACKNOWLEDGED], 0
  mov dword ptr [rbx + 0x310], 0
  mov dword ptr [rbx + 0x300], 0xc4040 /* all others */
  lea ecx, [rsi - 1]
2:
  check_stop
  pause
  cmp [ACKNOWLEDGED], ecx
  jne 2b
  lea eax, [rdx + 1]
  mov [CURRENT], eax
  inc dword ptr [SEQUENCE]
  mov ecx, 500
3:
  pause
  dec ecx
  jnz 3b
  count_round
  jmp 1b

  .globl shootdown_handler
shootdown_handler:
  push rax
  invlpg [WINDOW]
  lock inc dword ptr [ACKNOWLEDGED]
  mov eax, LAPIC
  mov dword ptr [rax + 0xb0], 0
  pop rax
  iretq

/* Runs and reads what is mapped there. */
  .globl shootdown_reader
shootdown_reader:
  mov r12d, WINDOW
  mov r13d, WINDOW_CALL
  sti
1:
  check_stop
  count_round
  mov r8d, [SEQUENCE]
  test r8d, 1
  jnz 1b
  mov ebx, [CURRENT]
  call r12
  mov r9d, eax
  call r13
  mov r10d, eax
  mov r11d, [r12 + 0x800]
  cmp r8d, [SEQUENCE]
  jne 1b
  mov eax, r9d
  cmp eax, ebx
  jne fail
  mov eax, r10d
  cmp eax, ebx
  jne fail
  mov eax, r11d
  cmp eax, ebx
  je 1b
  jmp fail

/* Calls one of many functions, each of which gives back its own number. */
  .globl wanderer
wanderer:
  lea ebx, [rdi + 12345]
  mov ebp, 0x18000
1:
  check_stop
  imul ebx, ebx, 1103515245
  add ebx, 12345
  mov eax, ebx
  shr eax, 16
  and eax, 1023
  mov r12d, eax
  shl eax, 12
  add eax, FUNCTIONS
  call rax
  cmp eax, r12d
  jne fail
  count_round
  jmp 1b

/* Writes a function, runs it, and goes on behind it; begins anew after 1 MiB. */
  .globl generator
generator:
  mov r8d, edi
  shl r8d, 20
  add r8d, GENERATED
  xor ebx, ebx
1:
  check_stop
  inc ebx
  mov eax, ebx
  and eax, 0xffff
  shl eax, 4
  add eax, r8d
  mov byte ptr [rax], 0xb8
  mov [rax + 1], ebx
  mov byte ptr [rax + 5], 0xc3
  call rax
  cmp eax, ebx
  jne fail
  count_round
  jmp 1b

/* Stores near one address, with an instruction among them that waits for other CPUs: an atomic one
 * across two pages. */
  .globl neighbour
neighbour:
  mov ebx, edi
  shl ebx, 12
  add ebx, OWN_PAGES
  mov ecx, TWO_PAGES
  xor edx, edx
1:
  check_stop
  inc edx
  mov [rbx], rdx
  mov [rbx + 8], rdx
  lock inc dword ptr [rcx]
  mov [rbx + 16], rdx
  mov eax, [rbx]
  cmp [rbx + 8], rdx
  jne fail
  cmp [rbx + 16], rdx
  jne fail
  count_round
  jmp 1b
/* All in one page: a routine of one's own that is written anew each time, and behind it, in the same
 * line, what is counted. */
  .globl tenant
tenant:
  mov ebx, edi
  shl ebx, 6
  add ebx, SHARED_PAGE
  mov byte ptr [rbx], 0xb8
  mov byte ptr [rbx + 5], 0xc3
  xor edx, edx
1:
  check_stop
  inc edx
  mov [rbx + 1], edx
  call rbx
  cmp eax, edx
  jne fail
  inc dword ptr [rbx + 8]
  add qword ptr [rbx + 16], rdx
  cmp [rbx + 8], edx
  jne fail
  count_round
  jmp 1b

/* Runs chains of tiny blocks, each time with another PCID. */
  .globl scatterer
scatterer:
  mov rax, cr4
  bts rax, 17
  mov cr4, rax
  mov ebx, edi
  imul ebx, ebx, 2 * CHAIN_SIZE
1:
  check_stop
  inc ebp
  mov eax, ebp
  and eax, 0xfff
  or eax, 0x1000
  mov cr3, rax
  lea eax, [rbx + CHAINS]
  call rax
  add ebx, CHAIN_SIZE
  cmp ebx, N_CHAINS * CHAIN_SIZE
  jb 2f
  xor ebx, ebx
2:
  count_round
  jmp 1b
smp_guest_end:
  .section .note.GNU-stack, "", @progbits
