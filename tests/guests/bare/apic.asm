; SPDX-License-Identifier: GPL-3.0-or-later
; Interrupts: the local APIC's registers, priorities and messages; the I/O APIC's edges, levels and masks;
; the 8259 pair through LINT0.
%define MODE 64
%include "bare.inc"
%include "apic.inc"

EDGE            equ 0
LEVEL           equ 1 << 15
LOW             equ 1 << 13
MASKED          equ 1 << 16
REMOTE_IRR      equ 1 << 14
SELF            equ 1 << 18 | 1 << 14
ALL             equ 2 << 18 | 1 << 14

main:   mov byte [eoi_to], EOI_TO_APIC
        PUT_APIC LAPIC_SVR, 0x1ff
        PUT_APIC LAPIC_LVT_LINT0, MASKED
        PUT_APIC LAPIC_TPR, 0

        TEST "registers of the local APIC"
        mov ecx, 0x1b
        rdmsr
        CHECK_BITS eax, 0xfffff900, LAPIC | 0x900       ; base, enabled, boot processor
        GET_APIC LAPIC_VERSION, ecx
        CHECK_BITS ecx, 0xf0, 0x10
        PUT_APIC LAPIC_VERSION, 0
        GET_APIC LAPIC_VERSION, edx
        CHECK edx, ecx
        PUT_APIC LAPIC_LDR, 0x01ffffff
        GET_APIC LAPIC_LDR, ecx
        CHECK ecx, 0x01000000
        PUT_APIC LAPIC_DFR, 0x0fffffff
        GET_APIC LAPIC_DFR, ecx
        CHECK ecx, 0x0fffffff
        PUT_APIC LAPIC_DFR, 0xf0000000
        GET_APIC LAPIC_DFR, ecx
        CHECK ecx, 0xffffffff
        PUT_APIC LAPIC_TPR, 0x1234
        GET_APIC LAPIC_TPR, ecx
        CHECK ecx, 0x34
        mov rcx, cr8
        CHECK ecx, 3
        xor ecx, ecx
        mov cr8, rcx
        GET_APIC LAPIC_TPR, ecx
        CHECK ecx, 0

        TEST "an interrupt to oneself waits for IF"
        FORGET
        PUT_APIC LAPIC_ICR, SELF | 0x40
        SETTLE
        GET_APIC LAPIC_IRR + 0x20, ecx
        CHECK ecx, 1
        CHECK [irq_logged], 0
        sti
        nop
        nop
        cli
        CHECK [irq_count + 0x40 * 4], 1
        GET_APIC LAPIC_IRR + 0x20, ecx
        CHECK ecx, 0
        GET_APIC LAPIC_ISR + 0x20, ecx
        CHECK ecx, 0

        TEST "STI and MOV SS hold interrupts off for one instruction"
        FORGET
        PUT_APIC LAPIC_ICR, SELF | 0x40
        SETTLE
        sti
        cli
        CHECK [irq_logged], 0
        mov ecx, KERNEL_DATA
        sti
        nop
        cli
        CHECK [irq_logged], 1
        FORGET
        pushfq
        pop rbx
        or ebx, 1 << 9
        PUT_APIC LAPIC_ICR, SELF | 0x40
        SETTLE
        push rbx
        popfq                                           ; POPF holds nothing off
        cli
        CHECK [irq_logged], 1

        TEST "HLT goes on behind the instruction"
        FORGET
        PUT_APIC LAPIC_ICR, SELF | 0x41
        sti
        hlt
        cli
        CHECK [irq_count + 0x41 * 4], 1

        TEST "the highest vector is first, and only a higher class interrupts"
        FORGET
        PUT_APIC LAPIC_ICR, SELF | 0x50
        PUT_APIC LAPIC_ICR, SELF | 0x71
        PUT_APIC LAPIC_ICR, SELF | 0x63
        PUT_APIC LAPIC_ICR, SELF | 0x6f
        SETTLE
        sti
        nop
        nop
        cli
        CHECK [irq_log], 0x50636f71
        FORGET
        mov qword [irq_hook], nest
        PUT_APIC LAPIC_ICR, SELF | 0x60
        sti
        SETTLE
        cli
        mov qword [irq_hook], 0
        CHECK [irq_logged], 3
        CHECK_BITS [irq_log], 0xffffff, 0x6f7060        ; 70h at once, 6Fh after the EOI

        TEST "the task priority holds back its class and those below"
        FORGET
        mov ecx, 5
        mov cr8, rcx
        PUT_APIC LAPIC_ICR, SELF | 0x5f
        PUT_APIC LAPIC_ICR, SELF | 0x60
        sti
        SETTLE
        cli
        CHECK [irq_logged], 1
        CHECK [irq_count + 0x60 * 4], 1
        GET_APIC LAPIC_PPR, ecx
        CHECK ecx, 0x50
        mov ecx, 4
        sti
        mov cr8, rcx
        nop
        cli
        CHECK [irq_count + 0x5f * 4], 1
        xor ecx, ecx
        mov cr8, rcx

        TEST "the same vector is kept once while it waits"
        FORGET
        PUT_APIC LAPIC_ICR, SELF | 0x42
        PUT_APIC LAPIC_ICR, SELF | 0x42
        PUT_APIC LAPIC_ICR, SELF | 0x42
        SETTLE
        sti
        SETTLE
        cli
        CHECK [irq_count + 0x42 * 4], 1

        TEST "destinations: physical, logical flat, shorthands"
        FORGET
        sti
        GET_APIC LAPIC_ID, ecx
        mov eax, ecx
        PUT_APIC LAPIC_ICR_HIGH, eax
        PUT_APIC LAPIC_ICR, 0x43
        SETTLE
        CHECK [irq_count + 0x43 * 4], 1
        PUT_APIC LAPIC_ICR_HIGH, 0x07000000             ; nobody
        PUT_APIC LAPIC_ICR, 0x43
        SETTLE
        CHECK [irq_count + 0x43 * 4], 1
        PUT_APIC LAPIC_ICR_HIGH, 0xff000000
        PUT_APIC LAPIC_ICR, 0x43
        SETTLE
        CHECK [irq_count + 0x43 * 4], 2
        PUT_APIC LAPIC_ICR_HIGH, 0x01000000
        PUT_APIC LAPIC_ICR, 1 << 11 | 0x44
        SETTLE
        CHECK [irq_count + 0x44 * 4], 1
        PUT_APIC LAPIC_ICR_HIGH, 0x02000000
        PUT_APIC LAPIC_ICR, 1 << 11 | 0x44
        SETTLE
        CHECK [irq_count + 0x44 * 4], 1
        PUT_APIC LAPIC_ICR, ALL | 0x45
        SETTLE
        CHECK [irq_count + 0x45 * 4], 1
        PUT_APIC LAPIC_ICR, 3 << 18 | 1 << 14 | 0x45    ; all but oneself
        SETTLE
        CHECK [irq_count + 0x45 * 4], 1
        cli
        GET_APIC LAPIC_ICR, ecx
        CHECK_BITS ecx, 1 << 12, 0                      ; delivered

        TEST "NMI: through IF = 0, not within its own handler"
        GATE 2, nmi
        mov dword [n_nmi], 0
        GET_APIC LAPIC_ID, ecx
        mov eax, ecx
        PUT_APIC LAPIC_ICR_HIGH, eax
        PUT_APIC LAPIC_ICR, 1 << 14 | 4 << 8
        SETTLE
        CHECK [n_nmi], 2                                ; the handler asks for one more
        CHECK [nested_nmi], 0

        TEST "I/O APIC: identification and entries"
        GET_IOAPIC 1
        mov ecx, eax
        CHECK_BITS ecx, 0x00ff0000, 23 << 16
        PIN 10, 0xffffffff, 0xffffffff
        GET_IOAPIC 0x10 + 20
        mov ecx, eax
        CHECK_BITS ecx, 0x1afff, 0x1afff                ; but for delivery status and remote IRR
        CHECK_BITS ecx, REMOTE_IRR | 1 << 12, 0
        GET_IOAPIC 0x11 + 20
        mov ecx, eax
        CHECK_BITS ecx, 0xff000000, 0xff000000
        PIN 10, MASKED

        TEST "edges: one interrupt for each"
        PIN 10, EDGE | 0x51
        FORGET
        sti
        LINE 10, 1
        SETTLE
        CHECK [irq_count + 0x51 * 4], 1
        LINE 10, 1
        LINE 10, 0
        SETTLE
        CHECK [irq_count + 0x51 * 4], 1
        LINE 10, 1
        LINE 10, 0
        LINE 10, 1
        LINE 10, 0
        SETTLE
        CHECK [irq_count + 0x51 * 4], 3
        GET_APIC LAPIC_TMR + 0x20, ecx
        CHECK_BITS ecx, 1 << 17, 0
        cli

        TEST "a masked edge is lost"
        FORGET
        PIN 10, EDGE | 0x51 | MASKED
        sti
        LINE 10, 1
        LINE 10, 0
        PIN 10, EDGE | 0x51
        SETTLE
        cli
        CHECK [irq_logged], 0

        TEST "a level interrupts again until it is lowered"
        FORGET
        mov dword [lower_after], 3
        mov qword [irq_hook], lower_line
        PIN 10, LEVEL | 0x52
        sti
        LINE 10, 1
        SETTLE
        cli
        CHECK [irq_count + 0x52 * 4], 3
        GET_IOAPIC 0x10 + 20
        mov ecx, eax
        CHECK_BITS ecx, REMOTE_IRR, 0
        mov qword [irq_hook], 0

        TEST "a level waits for the EOI, with its remote IRR"
        FORGET
        mov byte [eoi_to], 0
        sti
        LINE 10, 1
        SETTLE
        LINE 10, 0
        LINE 10, 1
        SETTLE
        CHECK [irq_count + 0x52 * 4], 1
        GET_IOAPIC 0x10 + 20
        mov ecx, eax
        CHECK_BITS ecx, REMOTE_IRR, REMOTE_IRR
        GET_APIC LAPIC_TMR + 0x20, ecx
        CHECK_BITS ecx, 1 << 18, 1 << 18
        GET_APIC LAPIC_ISR + 0x20, ecx
        CHECK_BITS ecx, 1 << 18, 1 << 18
        LINE 10, 0
        PUT_APIC LAPIC_EOI, 0
        SETTLE
        CHECK [irq_count + 0x52 * 4], 1
        cli
        mov byte [eoi_to], EOI_TO_APIC

        TEST "a level under the mask interrupts when that goes"
        FORGET
        PIN 10, LEVEL | MASKED | 0x53
        LINE 10, 1
        sti
        SETTLE
        CHECK [irq_logged], 0
        mov dword [lower_after], 1
        mov qword [irq_hook], lower_line
        PIN 10, LEVEL | 0x53
        SETTLE
        cli
        CHECK [irq_count + 0x53 * 4], 1
        mov qword [irq_hook], 0
        PIN 10, MASKED

        TEST "priorities among pins are those of their vectors"
        PIN 10, 0x61
        PIN 3, 0x81
        PIN 12, 0x71
        FORGET
        LINE 10, 1
        LINE 3, 1
        LINE 12, 1
        SETTLE
        sti
        nop
        nop
        cli
        CHECK_BITS [irq_log], 0xffffff, 0x617181
        LINE 10, 0
        LINE 3, 0
        LINE 12, 0

        TEST "ISA lines reach both the I/O APIC and the 8259 pair"
        mov dx, 0x4d0                                   ; all lines of the pair by edges
        xor eax, eax
        out dx, al
        inc edx
        out dx, al
        mov byte [eoi_to], EOI_TO_PIC
        PUT_APIC LAPIC_LVT_LINT0, 0x700                 ; ExtINT
        mov al, 0xdf                                    ; lines 5 and cascade
        out 0x21, al
        FORGET
        sti
        LINE 5, 1
        SETTLE
        CHECK [irq_count + 0x25 * 4], 1
        LINE 5, 0
        mov al, 0xfb
        out 0x21, al
        mov al, 0xf5                                    ; lines 9 and 11
        out 0xa1, al
        cli
        FORGET
        LINE 11, 1
        LINE 9, 1
        sti
        SETTLE
        SETTLE
        cli
        CHECK_BITS [irq_log], 0xffff, 0x2b29            ; 9 is before 11
        LINE 11, 0
        LINE 9, 0
        mov al, 0xff
        out 0x21, al
        out 0xa1, al
        mov byte [eoi_to], EOI_TO_APIC
        PIN 5, 0x55
        FORGET
        sti
        LINE 5, 1
        SETTLE
        LINE 5, 0
        cli
        CHECK [irq_count + 0x55 * 4], 1
        CHECK [irq_count + 0x25 * 4], 0
        PIN 5, MASKED

        PUT_APIC LAPIC_LVT_LINT0, MASKED

        TEST "a disabled APIC takes no interrupts, and masks its LVT"
        FORGET
        PUT_APIC LAPIC_LVT_ERROR, 0x4e
        PUT_APIC LAPIC_SVR, 0xff
        GET_APIC LAPIC_LVT_ERROR, ecx
        CHECK_BITS ecx, MASKED, MASKED
        PIN 10, 0x51
        sti
        LINE 10, 1
        SETTLE
        LINE 10, 0
        cli
        CHECK [irq_logged], 0
        PUT_APIC LAPIC_SVR, 0x1ff
        PIN 10, MASKED

        TEST "vectors below 16 are errors"
        PUT_APIC LAPIC_LVT_ERROR, 0x4e
        PUT_APIC LAPIC_ESR, 0
        FORGET
        sti
        PUT_APIC LAPIC_ICR, SELF | 5
        SETTLE
        cli
        PUT_APIC LAPIC_ESR, 0
        GET_APIC LAPIC_ESR, ecx
        CHECK_BITS ecx, 0x20, 0x20                      ; send illegal vector
        CHECK [irq_count + 0x4e * 4], 1
        PUT_APIC LAPIC_LVT_ERROR, MASKED
        PUT_APIC LAPIC_ESR, 0
        PUT_APIC LAPIC_ESR, 0
        GET_APIC LAPIC_ESR, ecx
        CHECK ecx, 0

        TEST "x2APIC: the registers are MSRs"
        mov eax, 1
        cpuid
        bt ecx, 21
        jnc .no_x2apic
        mov ecx, 0x1b
        rdmsr
        or eax, 0x400
        wrmsr
        FORGET
        mov ecx, 0x83f                                  ; self IPI
        mov eax, 0x46
        xor edx, edx
        mov byte [eoi_to], 0
        wrmsr
        SETTLE
        mov ecx, 0x822
        rdmsr
        CHECK eax, 1 << 6
        sti
        nop
        nop
        cli
        CHECK [irq_count + 0x46 * 4], 1
        mov ecx, 0x812
        rdmsr
        CHECK eax, 1 << 6
        mov ecx, 0x80b
        xor eax, eax
        xor edx, edx
        RUNS wrmsr
        mov ecx, 0x812
        rdmsr
        CHECK eax, 0
        mov ecx, 0x80b
        mov eax, 1
        FAULTS 13, 0, wrmsr                             ; EOI takes zero only
        mov ecx, 0x802
        FAULTS 13, 0, wrmsr                             ; the ID is read-only
        mov ecx, 0x831
        FAULTS 13, 0, rdmsr                             ; no upper half of the ICR
        mov ecx, 0x1b
        rdmsr
        and eax, ~0x800
        or eax, 0x400
        FAULTS 13, 0, wrmsr                             ; x2APIC mode cannot be disabled
.no_x2apic:
        END

; Within the handler of 60h: 70h comes at once, 6Fh later.
nest:   cmp eax, 0x60
        jne .done
        PUT_APIC LAPIC_ICR, SELF | 0x6f
        PUT_APIC LAPIC_ICR, SELF | 0x70
        push rbx
        sti
        SETTLE
        cli
        pop rbx
.done:  ret

lower_line:
        dec dword [lower_after]
        jnz .done
        LINE 10, 0
.done:  ret

nmi:    push rax
        inc dword [n_nmi]
        inc dword [in_nmi]
        cmp dword [in_nmi], 1
        je .not_nested
        inc dword [nested_nmi]
.not_nested:
        cmp dword [n_nmi], 1
        jne .done
        PUT_APIC LAPIC_ICR, 1 << 14 | 4 << 8
        SETTLE
.done:  dec dword [in_nmi]
        pop rax
        iretq

section .data
        align 4
n_nmi           dd 0
in_nmi          dd 0
nested_nmi      dd 0
lower_after     dd 0
