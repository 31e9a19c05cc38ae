; SPDX-License-Identifier: GPL-3.0-or-later
; Single step, code and data breakpoints, general detect.
%include "guest.inc"

main:
; TF traps after the instruction that follows POPF.
        pushf
        pop ebx
        or ebx, 0x100
        FAULTS 1, 0, call step
        CHECK dword [seen_eip], step.after
        mov eax, [seen_dr6]
        and eax, 0x4000
        CHECK eax, 0x4000

; MOV SS holds the trap back for one instruction.
        FAULTS 1, 0, call step_ss
        CHECK dword [seen_eip], step_ss.after

; A code breakpoint is a fault: the instruction has not run.
        xor eax, eax
        mov dr6, eax
        mov eax, broken
        mov dr0, eax
        mov eax, 0x402
        mov dr7, eax
        mov ecx, 0
        FAULTS 1, 0, call broken
        CHECK dword [seen_eip], broken
        CHECK ecx, 0
; RF in the image lets it pass once.
        pushf
        pop eax
        or eax, 0x10000
        push dword .passed
        push eax
        push dword KERNEL_CODE
        push dword broken
        RUNS iret
.passed equ $
        CHECK ecx, 1

; A data breakpoint is a trap, for any part of what it watches.
        mov eax, watched
        mov dr1, eax
        mov eax, 0x00d00408             ; DR1: writes of 4 bytes
        mov dr7, eax
        RUNS mov eax, [watched]
        FAULTS 1, 0, mov byte [watched + 3], 1
        CHECK byte [watched + 3], 1
        mov eax, [seen_dr6]
        and eax, 0xf
        CHECK eax, 2

; General detect guards the debug registers themselves.
        mov eax, 0x2400
        mov dr7, eax
        FAULTS 1, 0, mov eax, dr0
        mov eax, [seen_dr6]
        and eax, 0x2000
        CHECK eax, 0x2000

        xor eax, eax
        jmp finish

step:   push ebx
        popf
        nop
.after: nop
        ret
step_ss:
        mov ax, ss
        push ebx
        popf
        mov ss, ax
        nop
.after: nop
        ret
broken: mov ecx, 1
        ret
        align 4
watched dd 0
