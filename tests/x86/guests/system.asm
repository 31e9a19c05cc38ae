; SPDX-License-Identifier: GPL-3.0-or-later
; System instructions of 64-bit mode.
%include "guest.inc"
%include "long.inc"

PAGE   equ 0x200000
ENTRY  equ PT + PAGE / 4096 * 8
AREA   equ 0x80000              ; for XSAVE

%macro SET_PKRU 1
        mov eax, %1
        xor ecx, ecx
        xor edx, edx
        wrpkru
%endmacro

main64:
; The base of a TSS or LDT is canonical: the second half of the descriptor holds its upper bits.
        DESCRIPTOR SPARE + 16, 0x00000067, 0x00008900
        DESCRIPTOR SPARE + 24, 0x00008000, 0
        mov cx, SPARE + 16
        FAULTS64 13, SPARE + 16, ltr cx
        DESCRIPTOR SPARE + 24, 0xffff8000, 0
        RUNS64 ltr cx
        CHECK byte [gdt + SPARE + 21], 0x8b             ; busy
        DESCRIPTOR SPARE + 16, 0x00000067, 0x00008200
        DESCRIPTOR SPARE + 24, 0x00008000, 0
        FAULTS64 13, SPARE + 16, lldt cx
        DESCRIPTOR SPARE + 24, 0, 0
        RUNS64 lldt cx

; A hypercall nobody knows is refused; both vendors' instructions make one.
        mov eax, 0x1234
        vmcall
        mov rbx, rax
        CHECK64 rbx, -1000
        mov eax, 0x1234
        vmmcall
        mov rbx, rax
        CHECK64 rbx, -1000

; A segment register's number has three bits.
        mov rcx, -1
        db 0x44, 0x8c, 0xd9                             ; mov ecx, ds with REX.R
        CHECK64 rcx, KERNEL_DATA
        FAULTS64 6, 0, {db 0x8e, 0xf1}                  ; mov to number 6

; Protection keys. Page 2 MiB has key 1; CR4.PKE makes PKRU count for user pages.
        FAULTS64 6, 0, rdpkru
        mov rax, cr4
        or eax, 1 << 22 | 1 << 24 | 1 << 18             ; PKE, PKS, OSXSAVE
        mov cr4, rax
        mov rax, PAGE | 1 << 59 | PTE_P | PTE_W | PTE_U
        mov [ENTRY], rax
        invlpg [PAGE]
        SET_PKRU 1 << 2                                 ; AD
        FAULTS64 14, 0x21, mov rcx, [PAGE]
        FAULTS64 14, 0x23, mov [PAGE], rcx
        SET_PKRU 1 << 4                                 ; AD of another key
        RUNS64 mov rcx, [PAGE]
        SET_PKRU 2 << 2                                 ; WD
        RUNS64 mov rcx, [PAGE]
        FAULTS64 14, 0x23, mov [PAGE], rcx
        mov rax, cr0
        btr rax, 16
        mov cr0, rax
        RUNS64 mov [PAGE], rcx                          ; CR0.WP is clear
        mov rax, cr0
        bts rax, 16
        mov cr0, rax
; PKRU does not concern supervisor pages; PKRS does.
        mov rax, PAGE | 1 << 59 | PTE_P | PTE_W
        mov [ENTRY], rax
        invlpg [PAGE]
        SET_PKRU 1 << 2
        RUNS64 mov [PAGE], rcx
        mov ecx, 0x6e1
        mov eax, 1 << 2
        xor edx, edx
        wrmsr
        FAULTS64 14, 0x21, mov rbx, [PAGE]
        xor eax, eax
        wrmsr
        RUNS64 mov rbx, [PAGE]

; PKRU is component 9 of the extended state.
        xor ecx, ecx
        xor edx, edx
        mov eax, 0x203
        xsetbv
        mov eax, 0x200
        xsave64 [AREA]
        mov rbx, [AREA + 512]
        CHECK64 rbx, 0x200
        mov rbx, [AREA + 832]
        CHECK64 rbx, 1 << 2
        mov qword [AREA + 832], 1 << 6
        mov eax, 0x200
        xor edx, edx
        xrstor64 [AREA]
        xor ecx, ecx
        rdpkru
        mov rbx, rax
        CHECK64 rbx, 1 << 6
        mov qword [AREA + 512], 0                       ; the initial configuration
        mov eax, 0x200
        xrstor64 [AREA]
        rdpkru
        mov rbx, rax
        CHECK64 rbx, 0
        xor eax, eax
        jmp finish64
