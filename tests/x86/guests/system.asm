; SPDX-License-Identifier: GPL-3.0-or-later
; System instructions of 64-bit mode.
%include "guest.inc"
%include "long.inc"

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
        xor eax, eax
        jmp finish64
