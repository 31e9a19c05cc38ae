; SPDX-License-Identifier: GPL-3.0-or-later
; Segments, gates and privilege in 32-bit protected mode.
%include "guest.inc"

main:
; Error codes name the selector; the order is: beyond the table, type, privilege, presence.
        mov ax, 0x1000
        FAULTS 13, 0x1000, mov ds, ax
        mov ax, KERNEL_CODE
        FAULTS 13, KERNEL_CODE, mov ss, ax
        xor ax, ax
        FAULTS 13, 0, mov ss, ax
        mov ax, SPARE
        DESCRIPTOR SPARE, 0x0000ffff, 0x00cf1200        ; data, not present
        FAULTS 11, SPARE, mov ds, ax
        FAULTS 12, SPARE, mov ss, ax
        DESCRIPTOR SPARE, 0x0000ffff, 0x00cf9800        ; execute only
        FAULTS 13, SPARE, mov ds, ax

; A null segment may be loaded but not used.
        xor ax, ax
        RUNS mov es, ax
        FAULTS 13, 0, mov ebx, [es:0]

; Limits: byte granular, expand-down, and #SS for the stack segment.
        DESCRIPTOR SPARE, 0x00000fff, 0x00409200
        mov ax, SPARE
        mov es, ax
        RUNS mov bl, [es:0xfff]
        RUNS mov ebx, [es:0xffc]
        FAULTS 13, 0, mov ebx, [es:0xffd]
        FAULTS 13, 0, mov bl, [es:0x1000]
        CHECK byte [gdt + SPARE + 5], 0x93              ; the load set the accessed bit
        DESCRIPTOR SPARE, 0x00000fff, 0x00409600        ; expand-down: from limit + 1 on
        mov es, ax
        FAULTS 13, 0, mov bl, [es:0xfff]
        RUNS mov bl, [es:0x1000]
        DESCRIPTOR SPARE, 0x00000fff, 0x00409000        ; read only
        mov es, ax
        FAULTS 13, 0, mov [es:0], al
        FAULTS 13, 0, mov [cs:finish], al
        mov ax, KERNEL_DATA
        mov es, ax

; LAR, LSL, VERR and VERW.
        mov ax, SPARE
        lar ebx, ax
        jnz failed
        CHECK ebx, 0x00409100
        lsl ebx, ax
        jnz failed
        CHECK ebx, 0xfff
        verr ax
        jnz failed
        verw ax
        jz failed
        mov ax, 0x1000
        lar ebx, ax
        jz failed

; A software interrupt through a gate of ring 0 is allowed here, but its presence is checked.
        mov byte [IDT_AT + 32 * 8 + 5], 0x0e
        FAULTS 11, 32 * 8 + 2, int 32
        FAULTS 13, 33 * 8 + 2, int 33
        FAULTS 3, 0, int3
        mov al, 0x7f
        add al, 1
        FAULTS 4, 0, into

; Ring 3: privileged instructions, and gates with too little privilege.
%macro RING3 1
        push dword USER_DATA
        push dword 0x5000
        push dword 0x2
        push dword USER_CODE
        push dword %1
        mov ax, USER_DATA
        mov ds, ax
        mov es, ax
        iret
%endmacro
        FAULTS 13, 0, RING3 user_cli
        CHECK dword [seen_eip], user_cli
        CHECK dword [seen_cs], USER_CODE
        FAULTS 13, 0, RING3 user_in
        FAULTS 13, 0, RING3 user_cr
        FAULTS 13, 3 * 8 + 2, RING3 user_int3
        FAULTS 13, KERNEL_DATA, RING3 user_segment

; The I/O permission map: one clear bit is enough for a byte, not for two.
        mov byte [tss_map + 0x80 / 8], 0xfe
        FAULTS 13, 0, RING3 user_ports
        CHECK dword [seen_eip], user_ports.word

; A call gate to ring 0 with two parameters, and back.
        DESCRIPTOR SPARE + 8, KERNEL_CODE << 16 | 0, 0x0000ec02
        mov word [gdt + SPARE + 8], gate_target
        mov byte [IDT_AT + 3 * 8 + 5], 0xee
        FAULTS 3, 0, RING3 user_gate
        CHECK dword [gate_sum], 0x33
        CHECK dword [gate_cs], KERNEL_CODE
        CHECK dword [seen_cs], USER_CODE
        CHECK dword [seen_eip], user_gate.back + 1

; An interrupt that cannot be delivered: #NP while delivering #GP is a double fault.
        mov byte [IDT_AT + 13 * 8 + 5], 0x0e
        mov ax, 0x1000
        FAULTS 8, 0, mov ds, ax
        mov byte [IDT_AT + 13 * 8 + 5], 0x8e

        xor eax, eax
        jmp finish
failed: mov eax, 0xffff
        jmp finish

user_cli:
        cli
user_in:
        in al, 0x60
user_cr:
        mov eax, cr0
user_int3:
        int3
user_segment:
        mov ax, KERNEL_DATA
        mov ds, ax
user_ports:
        in al, 0x80
.word:  in ax, 0x80
user_gate:
        push dword 0x11
        push dword 0x22
        call SPARE + 8 + 3:0
.back:  int3
gate_target:
        mov eax, [esp + 8]
        add eax, [esp + 12]
        mov [gate_sum], eax
        mov word [gate_cs], cs
        retf 8
gate_sum dd 0
gate_cs dd 0
