; SPDX-License-Identifier: GPL-3.0-or-later
; Single steps, breakpoints on instructions, data and ports, and the debug registers themselves.
; Intel SDM 3B, 17.2 and 17.3.
%define MODE 64
%include "bare.inc"

TF              equ 1 << 8
RF              equ 1 << 16
BD              equ 1 << 13
BS              equ 1 << 14
GD              equ 1 << 13
DE              equ 1 << 3
DATA            equ FREE + 0x100
FIXED7          equ 0x400

; Fields of DR7: enable number n; R/W and LEN of n
%define G(n) (2 << 2 * (n))
%define L(n) (1 << 2 * (n))
%define RW(n, rw, len) (((len) << 2 | (rw)) << (16 + 4 * (n)))
ON_EXECUTE      equ 0
ON_WRITE        equ 1
ON_PORT         equ 2
ON_ACCESS       equ 3
LEN1            equ 0
LEN2            equ 1
LEN8            equ 2
LEN4            equ 3

%macro SET_DR 2
        mov rax, %2
        mov dr%1, rax
%endmacro
%macro ARM 1                            ; DR7, with DR6 clear
        SET_DR 6, 0
        SET_DR 7, %1
%endmacro
; HITS DR6's bits, instruction: a debug exception behind it
%macro HITS 2+
        SET_DR 6, 0
        TRY
        %2
%%here: nop
        CAUGHT 1, 0
        CHECK [seen_ip], %%here
        CHECK_BITS [seen_dr6], 0x600f, %1
%endmacro
; What stands between these two is stepped through, and the PUSHFQ, AND and POPFQ that end it, too.
%macro STEP_FROM_HERE 0
        mov dword [n_steps], 0
        pushfq
        or dword [rsp], TF
        popfq
%endmacro
%macro STEP_TO_HERE 0
        pushfq
        and dword [rsp], ~TF
        popfq
%endmacro
; STEP number, where
%macro STEP 2
        CHECK [steps + 4 * (%1)], %2
%endmacro

main:
        TEST "registers: fixed bits, aliases, and who may touch them"
        ARM 0
        mov rcx, dr7
        CHECK ecx, FIXED7
        mov rcx, dr6
        CHECK ecx, 0xffff0ff0
        SET_DR 6, 0xffffffff
        mov rcx, dr6
        CHECK_BITS ecx, 0xffff0fff, 0xffff0fff
        CHECK_BITS ecx, 1 << 12, 0
        SET_DR 0, 0x123456789
        mov rcx, dr0
        CHECK ecx, 0x23456789
        shr rcx, 32
        CHECK ecx, 1
        mov rcx, 1 << 32
        FAULTS 13, 0, {mov dr7, rcx}
        FAULTS 13, 0, {mov dr6, rcx}
        RUNS {db 0x0f, 0x21, 0xe0}                      ; mov rax, dr4
        mov rcx, cr4
        or ecx, DE
        mov cr4, rcx
        FAULTS 6, 0, {db 0x0f, 0x21, 0xe0}
        FAULTS 6, 0, {db 0x0f, 0x21, 0xe8}
        or dword [PML4], 4
        or dword [PDPT], 4
        or dword [PD], 4
        mov rax, cr3
        mov cr3, rax
        FAULTS 13, 0, {IN_USER user_dr}

        TEST "single step: behind each instruction, not within the handler"
        ARM 0
        GATE 1, step
        STEP_FROM_HERE
.i0:    nop
.i1:    mov eax, 1
.i2:    push rax
.i3:    pop rax
.i4:    STEP_TO_HERE
.end:   CHECK [n_steps], 7
        STEP 0, .i1
        STEP 1, .i2
        STEP 2, .i3
        STEP 3, .i4
        CHECK_BITS [step_dr6], 0x600f, BS
        CHECK_BITS [step_flags], TF, TF
        CHECK_BITS [within_flags], TF, 0

        TEST "single step: REP steps through, MOV SS takes two"
        mov esi, DATA
        mov edi, DATA + 16
        mov ecx, 3
        STEP_FROM_HERE
.rep:   rep movsb
.after_rep:
        STEP_TO_HERE
        STEP 0, .rep
        STEP 1, .rep
        STEP 2, .after_rep
        CHECK [n_steps], 6
        mov ecx, KERNEL_DATA
        STEP_FROM_HERE
        mov ss, ecx
        nop
.after_ss:
        STEP_TO_HERE
        STEP 0, .after_ss
        CHECK [n_steps], 4

        TEST "single step: jumps, calls, interrupts"
        GATE 0x80, .handler
        STEP_FROM_HERE
        jmp .target
        nop
.target:
        call .routine
.back:  int 0x80
.after_int:
        STEP_TO_HERE
        jmp .check
.routine:
        ret
.handler:
        iretq
.check: STEP 0, .target
        STEP 1, .routine
        STEP 2, .back
        STEP 3, .after_int + 1                          ; IRET brings TF back for what follows
        CHECK [n_steps], 6
        GATE 1, stub_1

        TEST "instruction breakpoints come before, RF holds them off"
        SET_DR 0, here
        SET_DR 1, here.second
        ARM L(0)
        FAULTS 1, 0, {call here}
        CHECK [seen_ip], here
        CHECK_BITS [seen_dr6], 0x600f, 1
        CHECK_BITS [seen_flags], RF, 0                  ; of all faults, only this one
        ARM L(0)
        TRY
        push .returned
        mov rcx, rsp
        push KERNEL_DATA
        push rcx
        push RF | 2
        push CODE64
        push here
        iretq
.returned:
        CAUGHT -1
        ARM G(0)
        FAULTS 1, 0, {call here}
        ARM L(1)
        FAULTS 1, 0, {call here}
        CHECK [seen_ip], here.second
        CHECK_BITS [seen_dr6], 0x600f, 2
        ARM 0
        RUNS {call here}

        TEST "data breakpoints come behind, on writes or on any access"
        SET_DR 0, DATA
        ARM L(0) | RW(0, ON_WRITE, LEN4)
        HITS 1, {mov dword [DATA], 1}
        HITS 1, {mov byte [DATA + 3], 1}
        HITS 1, {mov qword [DATA - 4], 1}               ; any byte in common
        HITS 1, {inc word [DATA - 1]}
        RUNS {mov dword [DATA + 4], 1}
        RUNS {mov dword [DATA - 4], 1}
        RUNS {mov ecx, [DATA]}
        ARM L(0) | RW(0, ON_ACCESS, LEN4)
        HITS 1, {mov ecx, [DATA]}
        HITS 1, {mov cl, [DATA + 2]}
        HITS 1, {test dword [DATA], 1}
        HITS 1, {movups xmm0, [DATA - 12]}
        HITS 1, {lock xadd [DATA], ecx}
        SET_DR 0, DATA + 1
        ARM L(0) | RW(0, ON_WRITE, LEN1)
        HITS 1, {mov dword [DATA], 1}
        RUNS {mov byte [DATA], 1}
        SET_DR 0, DATA
        ARM L(0) | RW(0, ON_WRITE, LEN8)
        HITS 1, {mov byte [DATA + 7], 1}
        RUNS {mov byte [DATA + 8], 1}
        SET_DR 0, DATA + 1
        ARM L(0) | RW(0, ON_WRITE, LEN2)                ; aligned down
        HITS 1, {mov byte [DATA], 1}
        RUNS {mov byte [DATA + 2], 1}

        TEST "several breakpoints at once, and those that are not enabled"
        SET_DR 0, DATA
        SET_DR 1, DATA + 2
        SET_DR 2, DATA + 4
        SET_DR 3, DATA + 8
        ARM L(0) | G(1) | RW(0, ON_WRITE, LEN2) | RW(1, ON_WRITE, LEN2) \
            | RW(2, ON_WRITE, LEN4) | RW(3, ON_WRITE, LEN4)
        HITS 3, {mov dword [DATA], 1}
        SET_DR 6, 0
        TRY
        mov qword [DATA + 2], 1
        nop
        CAUGHT 1, 0
        CHECK_BITS [seen_dr6], 0x6003, 2
        ARM L(0) | RW(0, ON_WRITE, LEN2)
        TRY
        pushfq
        or dword [rsp], TF
        popfq
        mov word [DATA], 1
        CAUGHT 1, 0
        CHECK_BITS [seen_dr6], 0x600f, BS | 1           ; both reasons in one exception

        TEST "a data breakpoint of a repeated instruction stops within"
        SET_DR 0, DATA + 4
        ARM L(0) | RW(0, ON_WRITE, LEN1)
        mov edi, DATA
        mov ecx, 16
        mov eax, 0
        TRY
        rep stosb
        CAUGHT 1, 0
        CHECK edi, DATA + 5
        CHECK ecx, 11
        ARM 0

        TEST "a code breakpoint at a repeated instruction stops before the first element only"
        GATE 1, step
        mov eax, .repeated
        mov dr0, rax
        ARM L(0)
        mov dword [n_steps], 0
        mov esi, DATA
        mov edi, DATA + 0x100
        mov ecx, 4
.repeated:
        rep movsb
        CHECK [n_steps], 1
        CHECK ecx, 0
        ARM 0
        GATE 1, stub_1

        TEST "port breakpoints, with CR4.DE"
        SET_DR 0, 0x80
        ARM L(0) | RW(0, ON_PORT, LEN1)
        HITS 1, {out 0x80, al}
        HITS 1, {in al, 0x80}
        RUNS {out 0xe0, al}
        ARM 0

        TEST "general detect: a debug register is touched"
        mov ecx, FIXED7 | GD
        mov rbx, dr6
        SET_DR 6, 0
        mov dr7, rcx
.touch: FAULTS 1, 0, {mov rdx, dr0}
        CHECK_BITS [seen_dr6], BD, BD
        mov rcx, dr7
        CHECK_BITS ecx, GD, 0                           ; so that the handler can work
        SET_DR 6, 0

        TEST "what else raises #DB says nothing in DR6"
        SET_DR 6, 0
        FAULTS 1, 0, {db 0xf1}
        CHECK_BITS [seen_dr6], 0x600f, 0
        FAULTS 1, 0, {int 1}
        CHECK_BITS [seen_dr6], 0x600f, 0

        TEST "POP SS and MOV SS put a data breakpoint off"
        SET_DR 0, DATA
        mov dword [DATA], KERNEL_DATA
        ARM L(0) | RW(0, ON_ACCESS, LEN2)
        TRY
        mov ss, [DATA]
        nop
.late:  nop
        CAUGHT 1, 0
        CHECK [seen_ip], .late
        CHECK_BITS [seen_dr6], 0x600f, 1
        ARM 0
        END

; Notes where the step stopped, and goes on.
step:   push rax
        push rcx
        mov ecx, [n_steps]
        and ecx, 15
        mov eax, [rsp + 16]
        mov [steps + rcx * 4], eax
        inc dword [n_steps]
        mov eax, [rsp + 32]
        or [step_flags], eax
        pushfq
        pop rax
        mov [within_flags], eax
        mov rax, dr6
        mov [step_dr6], eax
        xor eax, eax
        mov dr6, rax
        pop rcx
        pop rax
        or dword [rsp + 16], RF
        iretq

here:   nop
.second:
        mov eax, [rsp]
        ret

user_dr:
        mov rax, dr7

section .data
        align 4
n_steps         dd 0
step_flags      dd 0
within_flags    dd 0
step_dr6        dd 0
steps           times 16 dd 0
section .text
