; SPDX-License-Identifier: GPL-3.0-or-later
; Task switches by CALL, IRET, JMP and a task gate; virtual-8086 mode with its interrupts.
%include "guest.inc"

SECOND equ SPARE
GATE   equ SPARE + 8

main:
        DESCRIPTOR SECOND, 103, 0x00008900
        mov word [gdt + SECOND + 2], second_tss

; CALL nests: NT and the link are set, both tasks are busy, TS is set.
        mov ebx, 0x1234
        clts
        call SECOND:0
        CHECK dword [second_ran], 1
        CHECK ebx, 0x1234
        CHECK byte [gdt + SECOND + 5], 0x89
        CHECK byte [gdt + TSS + 5], 0x8b
        mov eax, [second_flags]
        and eax, 0x4000
        CHECK eax, 0x4000
        CHECK word [second_tss], TSS
        mov eax, cr0
        and eax, 8
        CHECK eax, 8
        str ax
        CHECK ax, TSS

; Through a task gate in the IDT, with an error code on the new task's stack.
        mov dword [second_tss + 0x20], second_fault
        mov dword [IDT_AT + 13 * 8], SECOND << 16
        mov dword [IDT_AT + 13 * 8 + 4], 0x8500
        mov ax, 0x1000
        mov dword [fault_eip], after_fault
        mov ds, ax
after_fault:
        CHECK dword [fault_code], 0x1000
        mov eax, [stub_13_gate]
        mov [IDT_AT + 13 * 8], eax
        mov dword [IDT_AT + 13 * 8 + 4], 0x8e00

; A busy task cannot be entered, and IRET needs one.
        mov byte [gdt + SECOND + 5], 0x8b
        FAULTS 13, SECOND, call SECOND:0
        mov byte [gdt + SECOND + 5], 0x89

; Virtual-8086 mode: IOPL 0 and no VME, so INT n, CLI and PUSHF fault.
        mov word [0x4000], 0x05cd       ; int 5
        mov byte [0x4002], 0xfa         ; cli
        mov byte [0x4003], 0x9c         ; pushf
%macro VM86 2                           ; flags, offset of the code in segment 400h
        push dword 0                    ; GS
        push dword 0
        push dword 0
        push dword 0                    ; ES
        push dword 0                    ; SS
        push dword 0x5000
        push dword %1
        push dword 0x400
        push dword %2
        iret
%endmacro
        FAULTS 13, 0, VM86 0x20002, 0
        CHECK dword [seen_cs], 0x400
        CHECK dword [seen_eip], 0
        test dword [seen_flags], 0x20000
        jz failed
        FAULTS 13, 0, VM86 0x20002, 2
        FAULTS 13, 0, VM86 0x20002, 3

; With VME and a clear redirection bit INT 5 goes through the vector table, and CLI clears VIF.
        mov eax, cr4
        or al, 1
        mov cr4, eax
        mov dword [5 * 4], 0x04000010
        mov byte [0x4002], 0xf4         ; hlt: #GP brings us back
        mov dword [0x4010], 0x90cffafb  ; sti, cli, iret
        FAULTS 13, 0, VM86 0x20202, 0
        CHECK dword [seen_eip], 2
        test dword [seen_flags], 0x80000
        jnz failed

; From virtual-8086 mode into a task of a 16-bit TSS: VM is not among its flags, and the upper halves
; of its registers are ones.
        DESCRIPTOR GATE, 43, 0x00008100
        mov word [gdt + GATE + 2], narrow_tss
        mov dword [IDT_AT + 13 * 8], GATE << 16
        mov dword [IDT_AT + 13 * 8 + 4], 0x8500
        mov [resume_esp], esp
        VM86 0x20002, 2                 ; cli
after_narrow:
        CHECK dword [narrow_ebx], 0xffff1234
        CHECK dword [narrow_esp], 0xffff47fe    ; with an error code of 16 bits

; ENTER keeps all of ESP as the frame, even on a stack of 16 bits.
        DESCRIPTOR SPARE + 16, 0x0000ffff, 0x00009200
        mov ebx, esp
        mov ax, SPARE + 16
        mov ss, ax
        mov esp, 0x12344900
        enter 8, 1
        mov ecx, esp
        mov dx, KERNEL_DATA
        mov ss, dx
        mov esp, ebx
        CHECK ebp, 0x123448fc
        CHECK ecx, 0x123448f0
        CHECK dword [0x48f8], 0x123448fc

        xor eax, eax
        jmp finish
failed: mov eax, 0xffff
        jmp finish

second:
        mov ebx, 0
        mov dword [second_ran], 1
        pushf
        pop dword [second_flags]
        iret

second_fault:
        pop dword [fault_code]
; The task that faulted goes on behind the instruction.
        mov eax, [fault_eip]
        mov [tss + 0x20], eax
        iret

narrow:
        mov [narrow_ebx], ebx
        mov [narrow_esp], esp
        mov dword [tss + 0x20], after_narrow
        mov dword [tss + 0x24], 2
        mov eax, [resume_esp]
        mov [tss + 0x38], eax
        mov dword [tss + 0x48], KERNEL_DATA
        mov dword [tss + 0x4c], KERNEL_CODE
        mov dword [tss + 0x50], KERNEL_DATA
        mov dword [tss + 0x54], KERNEL_DATA
        iret

narrow_ebx   dd 0
narrow_esp   dd 0
second_ran   dd 0
second_flags dd 0
fault_code   dd 0
fault_eip    dd 0
stub_13_gate dw stub_13, KERNEL_CODE

        align 16
second_tss:
        dd 0, 0, 0, 0, 0, 0, 0, 0
        dd second, 2, 0, 0, 0, 0, 0x4800, 0, 0, 0
        dd KERNEL_DATA, KERNEL_CODE, KERNEL_DATA, KERNEL_DATA, 0, 0
        dd 0, 104 << 16

        align 16
narrow_tss:
        dw 0, 0, 0, 0, 0, 0, 0
        dw narrow, 2, 0, 0, 0, 0x1234, 0x4800, 0, 0, 0
        dw KERNEL_DATA, KERNEL_CODE, KERNEL_DATA, KERNEL_DATA, 0
