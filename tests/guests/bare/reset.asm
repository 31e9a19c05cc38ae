; SPDX-License-Identifier: GPL-3.0-or-later
; INIT and RESET: what resets the processors only lets a program come back to real mode through the BIOS (CMOS
; 0Fh, vector at 40h:67h), as programs of the 286 did; what resets the board boots anew. 82371SB data sheet:
; INIT, 2.5.1.3 (RC), port 92h; Intel SDM 3A, table 10-1. Two processors.
%define MODE 32
%include "bare.inc"
%include "apic.inc"

LOW             equ 0x8000              ; where the 16-bit code runs
LOW_SEG         equ LOW >> 4
OTHER           equ 0x9000              ; what the second processor runs
COUNTER         equ 0x9800
VECTOR          equ 0x467
STATUS          equ 0x0f                ; in the CMOS: the shutdown status
STATUS_EOI      equ 0x05
STATUS_JUMP     equ 0x0a
MARK            equ 0x70                ; in the CMOS: what the guest keeps over a reset of the board
MARK_HARD       equ 0xa5
MARK_ARRIVED    equ 0x5a

; CMOS register, value
%macro CMOS 2
        mov al, %1
        out 0x70, al
        mov al, %2
        out 0x71, al
%endmacro
; GET_CMOS register: in EAX
%macro GET_CMOS 1
        mov al, %1
        out 0x70, al
        in al, 0x71
        movzx eax, al
%endmacro

; WARM status, way: resets the processors by the code at way and comes back
%macro WARM 2
        CMOS STATUS, %1
        mov ebx, %2
        call warm_reset
        CHECK [arrived], 1
        GET_CMOS STATUS
        CHECK eax, 0
%endmacro

main:   GET_CMOS MARK
        cmp al, MARK_HARD
        je after_reset
        cmp al, MARK_ARRIVED
        je after_reset
        mov esi, section.low.start
        mov edi, LOW
        mov ecx, low_end
        rep movsb
        mov esi, section.other.start
        mov edi, OTHER
        mov ecx, other_end
        rep movsb

        TEST "8042, pulse of the reset line: at the vector, by 0Ah and by 05h"
        WARM STATUS_JUMP, by_pulse
        WARM STATUS_EOI, by_pulse
        TEST "8042, output port"
        WARM STATUS_JUMP, by_output_port
        TEST "port 92h, each time that bit 0 rises"
        WARM STATUS_JUMP, by_port_92
        WARM STATUS_EOI, by_port_92
        TEST "port CF9h without SRST"
        WARM STATUS_JUMP, by_soft_reset
        TEST "triple fault"
        WARM STATUS_JUMP, by_triple_fault
        WARM STATUS_EOI, by_triple_fault

        TEST "what INIT leaves alone"
        SET_CR4 9
        mov eax, 0x12345678
        movd xmm5, eax
        movd mm3, eax
        mov ecx, 0x2ff                  ; MTRR_DEF_TYPE
        rdmsr
        mov edi, eax
        rdtsc
        mov [stamp], eax
        mov [stamp + 4], edx
        mov ebp, cr0
        WARM STATUS_JUMP, by_pulse
        mov eax, [LOW + cr0_there]
        CHECK_BITS eax, 0xe005003f, 0x10
        xor ebp, [LOW + cr0_there]
        CHECK_BITS ebp, 0x60000000, 0   ; NW and CD
        mov eax, cr4
        CHECK eax, 0
        SET_CR4 9
        movd ecx, xmm5
        CHECK ecx, 0x12345678
        movd ecx, mm3
        CHECK ecx, 0x12345678
        mov ecx, 0x2ff
        rdmsr
        CHECK eax, edi
        rdtsc
        sub eax, [stamp]
        sbb edx, [stamp + 4]
        shr edx, 31
        mov ecx, edx
        CHECK ecx, 0                    ; it went on
        in al, 0x21
        CHECK_BITS eax, 0xff, 0xff      ; the 8259's mask
        mov dword [0x100000 - 4 + 0x80000], 1
        CHECK [0x180000 - 4], 1         ; A20

        TEST "05h ends the interrupt in service, 0Ah does not"
        call serve_line_5
        WARM STATUS_JUMP, by_pulse
        call get_in_service
        CHECK eax, 0x20
        WARM STATUS_EOI, by_pulse
        call get_in_service
        CHECK eax, 0

        TEST "the other processor waits for SIPI again"
        PUT_APIC LAPIC_SVR, 0x1ff
        call start_other
        WARM STATUS_JUMP, by_pulse
.still: mov ecx, [COUNTER]              ; INIT may reach it later than this one
        call pause_a_while
        cmp ecx, [COUNTER]
        jne .still
        PUT_APIC LAPIC_SVR, 0x1ff
        call start_other

        ; The board: the BIOS boots this guest again, whatever the shutdown status says.
        call finish_test
        CMOS MARK, MARK_HARD
        CMOS MARK + 1, [n_tests]
        CMOS MARK + 2, [any_failed]
        CMOS STATUS, STATUS_JUMP
        mov ebx, by_hard_reset
        call warm_reset
        CMOS MARK, MARK_ARRIVED
        call by_hard_reset
        hlt

after_reset:
        mov ebx, eax
        CMOS MARK, 0
        GET_CMOS MARK + 1
        mov [n_tests], eax
        GET_CMOS MARK + 2
        mov [any_failed], al
        TEST "port CF9h with SRST: the board starts anew, without the vector"
        CHECK ebx, MARK_HARD
        in al, 0x92
        CHECK_BITS eax, 1, 0            ; still set before
        END

; The ways

by_pulse:
        mov al, 0xfe
        out 0x64, al
        ret
by_output_port:
        mov al, 0xd1
        out 0x64, al
        mov al, 0xde
        out 0x60, al
        ret
by_port_92:
        mov al, 2
        out 0x92, al
        mov al, 3
        out 0x92, al
        ret
by_soft_reset:
        mov dx, 0xcf9
        xor al, al
        out dx, al
        mov al, 4
        out dx, al
        ret
by_hard_reset:
        mov dx, 0xcf9
        mov al, 2
        out dx, al
        mov al, 6
        out dx, al
        ret
by_triple_fault:
        lidt [no_idt]
        ud2

; Resets by the code at EBX. Flat again afterwards, the flags and general registers as before.
warm_reset:
        pushad
        mov dword [arrived], 0
        mov [saved_esp], esp
        mov dword [VECTOR], LOW_SEG << 16
        call ebx
.wait:  cli
        hlt
        jmp .wait
back_from_reset:
        mov ax, KERNEL_DATA
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, [saved_esp]
        lidt [idt_pointer]
        inc dword [arrived]
        popad
        ret

pause_a_while:
        push ecx
        mov ecx, 1000000
.wait:  loop .wait
        pop ecx
        ret

; Until it counts.
start_other:
        PUT_APIC LAPIC_ICR_HIGH, 1 << 24
        PUT_APIC LAPIC_ICR, 0x4500
        call pause_a_while
        mov ecx, [COUNTER]
        PUT_APIC LAPIC_ICR, 0x4600 | OTHER >> 12
.wait:  pause
        cmp ecx, [COUNTER]
        je .wait
        ret

; Takes an interrupt from line 5 without an end.
serve_line_5:
        mov al, 0xdf
        out 0x21, al
        sti
        LINE 5, 1
.wait:  cmp dword [irq_count + 4 * 0x25], 0
        je .wait
        cli
        LINE 5, 0
        mov al, 0xff
        out 0x21, al
        ret

get_in_service:
        mov al, 0x0b
        out 0x20, al
        in al, 0x20
        movzx eax, al
        ret

section .data
        align 8
stamp           dq 0
arrived         dd 0
saved_esp       dd 0
no_idt          dw 0
                dd 0

section low follows=.data vstart=0 align=16
bits 16
        mov eax, cr0
        mov [cs:cr0_there], eax
        o32 lgdt [cs:low_gdt]
        or al, 1
        mov cr0, eax
        jmp dword KERNEL_CODE:back_from_reset
        align 4
low_gdt dw gdt_end - gdt - 1
        dd gdt
cr0_there       dd 0
low_end:

section other follows=low vstart=0 align=16
        xor ax, ax
        mov ds, ax
.count: inc dword [COUNTER]
        jmp .count
other_end:
