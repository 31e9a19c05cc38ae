; SPDX-License-Identifier: GPL-3.0-or-later
; NMIs sent through the local APIC: one is served, one more waits.
%include "guest.inc"

APIC_SVR equ 0xfee000f0
APIC_ICR equ 0xfee00300
SEND_NMI equ 0x4400             ; to the APIC with ID 0, which is ours

main:   mov dword [IDT_AT + 2 * 8], nmi + (KERNEL_CODE << 16)
        mov dword [APIC_SVR], 0x1ff

; Two in a row are served one after the other.
        mov dword [APIC_ICR], SEND_NMI
        mov dword [APIC_ICR], SEND_NMI
        jmp $ + 2
        CHECK dword [served], 2

; Of three that come while one is served, one waits until IRET.
        mov dword [served], 0
        mov dword [to_send], 3
        mov dword [APIC_ICR], SEND_NMI
        jmp $ + 2
        CHECK dword [nested], 0
        CHECK dword [served], 2
        xor eax, eax
        jmp finish

nmi:    inc dword [served]
        cmp byte [inside], 0
        setne [nested]
        mov byte [inside], 1
.send:  cmp dword [to_send], 0
        je .sent
        mov dword [APIC_ICR], SEND_NMI
        dec dword [to_send]
        jmp .send
.sent:  mov byte [inside], 0
        iret

        align 4
served  dd 0
to_send dd 0
nested  dd 0
inside  dd 0
