; SPDX-License-Identifier: GPL-3.0-or-later
; Exceptions of 64-bit mode: every vector, error codes, what is pushed, double faults by IST, priorities.
; Intel SDM 3A, chapter 6.
%define MODE 64
%include "bare.inc"

RF              equ 1 << 16
AC              equ 1 << 18
NOT_CANONICAL   equ 0x800000000000
ABSENT          equ 0x40000000          ; a page of its own in the tables below
TEST_PT         equ FREE
DF_STACK        equ FREE + 0x3000

%macro RESTORE_GATE 1
        GATE %1, stub_ %+ %1
%endmacro

; INVALID bytes: not an instruction of 64-bit mode
%macro INVALID 1+
        FAULTS 6, 0, {db %1}
%endmacro

main:   mov dword [PD + 0x1000], TEST_PT + 7            ; 1 GiB
        mov qword [abs tss + 0x24], DF_STACK            ; IST1

        TEST "#DE: division by zero, and quotients that do not fit"
        xor ecx, ecx
        FAULTS 0, 0, div ecx
        CHECK_BITS [seen_flags], RF, RF
        FAULTS 0, 0, {div cl}
        mov edx, 5
        mov ecx, 5
        FAULTS 0, 0, div ecx
        CHECK edx, 5
        mov rax, 0x8000000000000000
        mov rcx, -1
        TRY
        cqo
        idiv rcx
        CAUGHT 0, 0

        TEST "#DB and #BP come after their instructions"
        FAULTS 1, 0, {db 0xf1}
        CHECK_BITS [seen_flags], RF, 0
.bp:    FAULTS 3, 0, {int3}
        CHECK_BITS [seen_flags], RF, 0
        FAULTS 3, 0, {int 3}
        FAULTS 1, 0, {db 0xcd, 1}

        TEST "#UD: opcodes that 64-bit mode has not"
        FAULTS 6, 0, ud2
        CHECK_BITS [seen_flags], RF, RF
        INVALID 0x06
        INVALID 0x0e
        INVALID 0x1f
        INVALID 0x27
        INVALID 0x2f
        INVALID 0x37
        INVALID 0x3f
        INVALID 0x60
        INVALID 0x61
        INVALID 0x82, 0xc0, 0
        INVALID 0x9a, 0, 0, 0, 0, 0, 0
        INVALID 0xce
        INVALID 0xd4, 0x0a
        INVALID 0xd5, 0x0a
        INVALID 0xd6
        INVALID 0xea, 0, 0, 0, 0, 0, 0
        INVALID 0x0f, 0xff, 0xc0
        INVALID 0x0f, 0xb9, 0xc0
        INVALID 0x0f, 0x04

        TEST "#UD: LOCK before what cannot be locked; registers that are not there"
        INVALID 0xf0, 0x90
        INVALID 0xf0, 0x01, 0xc0
        INVALID 0xf0, 0x8b, 0x00
        INVALID 0xf0, 0x39, 0x00
        INVALID 0x0f, 0x20, 0xc8                        ; mov rax, cr1
        INVALID 0x44, 0x0f, 0x20, 0xc8                  ; mov rax, cr9
        INVALID 0x8e, 0xc8                              ; mov cs, eax
        INVALID 0x8c, 0xf0                              ; mov eax, segment 6
        INVALID 0x8d, 0xc0                              ; lea of a register
        INVALID 0xfe, 0xd0
        INVALID 0xc6, 0xc8, 0

        TEST "an instruction of more than 15 bytes is a general protection fault"
        TRY
        times 14 db 0x66
        nop
        CAUGHT -1
        TRY
        times 15 db 0x66
        nop
        CAUGHT 13, 0

        TEST "#NM: CR0.TS and CR0.EM"
        mov rbx, cr0
        mov rcx, rbx
        or ecx, 8
        mov cr0, rcx
        FAULTS 7, 0, fnop
        FAULTS 7, 0, fwait
        FAULTS 7, 0, {movaps xmm0, xmm1}
        FAULTS 7, 0, {fxsave [FREE]}
        INVALID 0xf0, 0xd9, 0xd0                        ; LOCK is looked at first
        clts
        RUNS fnop
        mov rcx, rbx
        or ecx, 4
        and ecx, ~2
        mov cr0, rcx
        FAULTS 7, 0, fnop
        RUNS fwait
        FAULTS 6, 0, {movaps xmm0, xmm1}
        mov cr0, rbx

        TEST "#NP, #SS and #GP name the selector"
        DESCRIPTOR SPARE, 0x0000ffff, 0x00cf1300        ; data, not present
        mov ecx, SPARE
        FAULTS 11, SPARE, {mov ds, ecx}
        FAULTS 12, SPARE, {mov ss, ecx}
        FAULTS 11, SPARE, {mov fs, ecx}
        mov ecx, SPARE + 0x1000
        FAULTS 13, SPARE + 0x1000, {mov ds, ecx}
        mov ecx, SPARE | 4                              ; no LDT
        FAULTS 13, SPARE | 4, {mov es, ecx}
        mov ecx, KERNEL_CODE
        FAULTS 13, KERNEL_CODE, {mov ss, ecx}
        mov ecx, USER_DATA
        FAULTS 13, USER_DATA & ~3, {mov ss, ecx}
        mov ecx, TSS
        FAULTS 13, TSS, {ltr cx}                        ; busy
        xor ecx, ecx
        FAULTS 13, 0, {ltr cx}
        RUNS {mov ss, ecx}                              ; at CPL 0 of 64-bit mode
        mov ecx, KERNEL_DATA
        mov ss, ecx

        TEST "addresses that are not canonical"
        mov rcx, NOT_CANONICAL
        FAULTS 13, 0, {mov eax, [rcx]}
        FAULTS 13, 0, {mov eax, [rcx - 1]}
        mov rbp, rcx
        FAULTS 12, 0, {mov eax, [rbp]}
        GATE 12, stub_12, 0x8e, 1
        TRY
        lea rsp, [rcx + 64]
        push rax
        CAUGHT 12, 0
        GATE 12, stub_12
        FAULTS 13, 0, {jmp rcx}
        TRY
        push rcx
        ret
        CAUGHT 13, 0
        mov ecx, 0xc0000100
        mov edx, 0x8000
        FAULTS 13, 0, {wrmsr}

        TEST "control registers refuse what makes no sense"
        mov rbx, cr0
        mov rcx, rbx
        and rcx, ~1
        FAULTS 13, 0, {mov cr0, rcx}                    ; PG without PE
        mov rcx, rbx
        or rcx, 1 << 29
        FAULTS 13, 0, {mov cr0, rcx}                    ; NW without CD
        bts rcx, 32
        FAULTS 13, 0, {mov cr0, rcx}
        mov rcx, cr4
        and rcx, ~(1 << 5)
        FAULTS 13, 0, {mov cr4, rcx}                    ; PAE, in long mode
        mov rcx, cr4
        bts rcx, 15
        FAULTS 13, 0, {mov cr4, rcx}
        mov ecx, 16
        FAULTS 13, 0, {mov cr8, rcx}
        mov ecx, 0xc0000080
        rdmsr
        and eax, ~0x100
        FAULTS 13, 0, {wrmsr}                           ; LME, while paging is on
        mov ecx, 0x12345678
        FAULTS 13, 0, {rdmsr}
        FAULTS 13, 0, {wrmsr}

        TEST "gates that are not there, and where the IDT ends"
        mov byte [IDT + 0x80 * 16 + 5], 0x0e
        FAULTS 11, 0x80 * 8 + 2, {int 0x80}
        mov byte [IDT + 6 * 16 + 5], 0x0e
        FAULTS 11, 6 * 8 + 3, {ud2}                     ; EXT: while an exception was delivered
        RESTORE_GATE 6
        mov byte [IDT + 3 * 16 + 5], 0x0e
        FAULTS 11, 3 * 8 + 2, {int3}
        RESTORE_GATE 3
        mov byte [IDT + 1 * 16 + 5], 0x0e
        FAULTS 11, 1 * 8 + 3, {db 0xf1}
        RESTORE_GATE 1
        mov byte [IDT + 0x81 * 16 + 5], 0x85            ; a task gate
        FAULTS 13, 0x81 * 8 + 2, {int 0x81}
        mov word [IDT + 0x82 * 16 + 2], KERNEL_CODE     ; not a 64-bit segment
        FAULTS 13, KERNEL_CODE, {int 0x82}
        mov word [IDT + 0x83 * 16 + 2], 0
        FAULTS 13, 0, {int 0x83}
        mov dword [IDT + 0x84 * 16 + 8], 0x8000         ; the handler's address is not canonical
        FAULTS 13, 0, {int 0x84}
        mov word [idt_pointer], 0x80 * 16 + 14
        lidt [idt_pointer]
        FAULTS 13, 0x80 * 8 + 2, {int 0x80}
        mov word [idt_pointer], 256 * 16 - 1
        lidt [idt_pointer]

        TEST "#DF: a fault on the way to the handler of a fault"
        GATE 8, stub_8, 0x8e, 1
        mov byte [IDT + 13 * 16 + 5], 0x0e
        mov rcx, NOT_CANONICAL
        FAULTS 8, 0, {mov eax, [rcx]}                   ; #GP, then #NP
        mov byte [IDT + 14 * 16 + 5], 0x0e
        FAULTS 8, 0, {mov eax, [ABSENT]}                ; #PF, then #NP
        mov byte [IDT + 0 * 16 + 5], 0x0e
        xor ecx, ecx
        FAULTS 8, 0, {div ecx}                          ; #DE, then #NP
        RESTORE_GATE 0
        RESTORE_GATE 13
        RESTORE_GATE 14
        TRY
        mov rsp, ABSENT + 0x800
        mov eax, [ABSENT]
        CAUGHT 8, 0        ; #PF, then #PF
        CHECK [seen_cr2], ABSENT + 0x7f8
        GATE 14, stub_14, 0x8e, 1
        TRY
        mov rsp, ABSENT + 0x800
        ud2
        CAUGHT 14, 2        ; #UD is benign: #PF comes next
        RESTORE_GATE 14
        RESTORE_GATE 8

        TEST "the stack of a handler is aligned and holds SS and RSP"
        GATE 0x80, .aligned
        mov rbx, rsp
        sub rsp, 3
        mov rcx, rsp
        int 0x80
        mov rsp, rbx
        jmp .aligned_end
.aligned:
        mov eax, esp
        and eax, 15
        mov [seen_code], rax
        mov rax, [rsp + 24]
        mov [seen_ip], rax
        mov rax, [rsp + 32]
        mov [seen_cs], rax
        iretq
.aligned_end:
        CHECK [seen_code], 8
        CHECK [seen_ip], ecx
        CHECK [seen_cs], KERNEL_DATA

        TEST "#AC: unaligned access in user mode only, with CR0.AM and RFLAGS.AC"
        mov rax, cr0
        bts rax, 18
        mov cr0, rax
        pushfq
        or dword [rsp], AC
        popfq
        RUNS mov ecx, [FREE + 1]
        mov dword [PML4], PDPT + 7
        mov rcx, PD
.user:  or dword [rcx], 4
        add rcx, 8
        cmp rcx, PD + 0x100
        jb .user
        mov rax, cr3
        mov cr3, rax
        FAULTS 17, 0, {IN_USER user_unaligned}
        FAULTS 13, 0, {IN_USER user_unaligned_sse}
        FAULTS 6, 0, {IN_USER user_aligned}
        pushfq
        and dword [rsp], ~AC
        popfq

        TEST "privileged instructions in user mode"
        FAULTS 13, 0, {IN_USER user_hlt}
        FAULTS 13, 0, {IN_USER user_cr0}
        FAULTS 6, 0, {IN_USER user_monitor}
        FAULTS 6, 0, {IN_USER user_mwait}
        FAULTS 13, 0, {IN_USER user_in}
        FAULTS 13, 0, {IN_USER user_cli}
        FAULTS 13, 0, {IN_USER user_lgdt}
        FAULTS 13, 0, {IN_USER user_rdmsr}
        FAULTS 13, 0, {IN_USER user_invlpg}
        FAULTS 13, 0, {IN_USER user_ltr}
        FAULTS 13, 0x80 * 8 + 2, {IN_USER user_int}     ; the gate's DPL is 0
        GATE 0x80, stub_3, 0xee
        FAULTS 3, 0, {IN_USER user_int}
        CHECK_BITS [seen_cs], 3, 3
        FAULTS 12, 0, {IN_USER user_stack}
        FAULTS 6, 0, {IN_USER user_ud}

        TEST "#MF and #XM"
        fninit
        mov word [FREE], 0x37b                          ; division by zero is not masked
        fldcw [FREE]
        fld1
        fldz
        RUNS {fdivp st1, st0}
        FAULTS 16, 0, fwait
        FAULTS 16, 0, fldz
        RUNS fnclex
        RUNS fwait
        fninit
        mov dword [FREE], 0x1d80
        ldmxcsr [FREE]
        xorps xmm0, xmm0
        mov eax, 0x3f800000
        movd xmm1, eax
        FAULTS 19, 0, {divss xmm1, xmm0}
        CHECK_BITS [seen_flags], RF, RF
        stmxcsr [FREE]
        CHECK_BITS [FREE], 0x3f, 4
        mov rcx, cr4
        and ecx, ~(1 << 10)
        mov cr4, rcx
        FAULTS 6, 0, {divss xmm1, xmm0}                 ; without OSXMMEXCPT
        or ecx, 1 << 10
        mov cr4, rcx
        mov dword [FREE], 0x1f80
        ldmxcsr [FREE]
        mov dword [FREE], 0x10000
        FAULTS 13, 0, {ldmxcsr [FREE]}
        FAULTS 13, 0, {movaps xmm0, [FREE + 8]}

        TEST "of several reasons the first one counts"
        TRY
        xor ecx, ecx
        div dword [ABSENT]
        CAUGHT 14, 0        ; no operand, no division
        mov rcx, NOT_CANONICAL
        FAULTS 6, 0, {db 0xf0, 0x8b, 0x01}              ; LOCK, then the address
        FAULTS 13, 0, {mov ecx, [rcx]}
        FAULTS 6, 0, {IN_USER user_lock_cr0}            ; #UD, then the privilege
        TRY
        mov esi, FREE
        mov edi, ABSENT
        movsd
        CAUGHT 14, 2
        CHECK esi, FREE
        CHECK edi, ABSENT

        TEST "SYSCALL and SYSRET"
        mov ecx, 0xc0000081
        xor eax, eax
        mov edx, (USER_DATA - 8) << 16 | CODE64         ; 64-bit SYSRET goes to +16
        wrmsr
        mov ecx, 0xc0000082
        mov eax, .entered
        xor edx, edx
        wrmsr
        mov ecx, 0xc0000084
        mov eax, 0x401
        wrmsr
        stc
        std
        syscall
.called:
.entered:
        pushfq
        cld
        CHECK ecx, .called
        CHECK_BITS r11d, 0x401, 0x401
        CHECK_BITS [rsp], 0x401, 0
        mov eax, cs
        CHECK eax, CODE64
        mov eax, ss
        CHECK eax, CODE64 + 8
        popfq
        mov eax, KERNEL_DATA
        mov ss, eax
        mov rcx, NOT_CANONICAL
        mov r11d, 2                                     ; what is in force at the fault differs
        FAULTS 13, 0, {o64 sysret}

        TEST "IRET refuses frames that make no sense"
        TRY
        push KERNEL_DATA
        push STACK_TOP
        push 2
        push CODE64
        mov rcx, NOT_CANONICAL
        push rcx
        iretq
        CAUGHT 13, 0
        TRY
        push 0
        push STACK_TOP
        push 2
        push USER_CODE64
        push user_ud
        iretq
        CAUGHT 13, 0        ; no SS in user mode
        TRY
        push KERNEL_DATA
        push STACK_TOP
        push 2
        push KERNEL_DATA
        push user_ud
        iretq
        CAUGHT 13, KERNEL_DATA
        TRY
        DESCRIPTOR SPARE, 0x0000ffff, 0x00af1b00
        push KERNEL_DATA
        push STACK_TOP
        push 2
        push SPARE
        push user_ud
        iretq
        CAUGHT 11, SPARE
        END

user_unaligned:
        pushfq
        or dword [rsp], AC
        popfq
        mov eax, [FREE + 1]
        ud2
user_unaligned_sse:
        pushfq
        or dword [rsp], AC
        popfq
        movaps xmm0, [FREE + 4]
        ud2
user_aligned:
        pushfq
        or dword [rsp], AC
        popfq
        mov eax, [FREE + 4]
        mov ax, [FREE + 6]
        mov al, [FREE + 7]
        movups xmm0, [FREE + 1]
        ud2
user_monitor:
        monitor
user_mwait:
        mwait
user_hlt:
        hlt
user_cr0:
        mov rax, cr0
user_in:
        in al, 0x80
user_cli:
        cli
user_lgdt:
        lgdt [gdt_pointer]
user_rdmsr:
        mov ecx, 0xc0000080
        rdmsr
user_invlpg:
        invlpg [0]
user_ltr:
        mov eax, TSS
        ltr ax
user_int:
        int 0x80
user_stack:
        mov rsp, NOT_CANONICAL + 64
        push rax
user_ud:
        ud2
user_lock_cr0:
        db 0xf0, 0x0f, 0x20, 0x08
