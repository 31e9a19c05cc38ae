; SPDX-License-Identifier: GPL-3.0-or-later
; Ticks that come due while the processor cannot take them, which is what a busy host makes of it: all come
; in the end, and never more than there were. Time is the ACPI timer's, of 3.579545 MHz.
%define MODE 64
%include "bare.inc"
%include "apic.inc"

PM_TIMER        equ 0x608
MS              equ 3580                ; ticks of it
LIMIT           equ 4000 * MS           ; its 24 bits last for 4.6 s
PERIODIC        equ 1 << 17
MASKED          equ 1 << 16

%macro PUT_CMOS 2
        mov al, %1
        out 0x70, al
        mov al, %2
        out 0x71, al
%endmacro
; KEEPS_UP vector, ticks of the ACPI timer in one of the source's
%macro KEEPS_UP 2
        mov r12d, %1
        mov r13d, %2
        call count_ticks
        CHECK ebx, 0                    ; 1: too many, 2: not all
%endmacro

main:   PUT_APIC LAPIC_SVR, 0x1ff
        PUT_APIC LAPIC_TPR, 0

        TEST "8254, counter 0, through the 8259 pair"
        mov byte [eoi_to], EOI_TO_PIC
        PUT_APIC LAPIC_LVT_LINT0, 0x700
        mov al, 0xfe
        out 0x21, al
        call start_pit
        KEEPS_UP 0x20, 3579
        mov al, 0xff
        out 0x21, al
        PUT_APIC LAPIC_LVT_LINT0, MASKED

        TEST "8254, counter 0, through the I/O APIC"
        mov byte [eoi_to], EOI_TO_APIC
        PIN 2, 0x50
        call start_pit
        KEEPS_UP 0x50, 3579
        PIN 2, MASKED

        TEST "local APIC timer"
        PUT_APIC LAPIC_TIMER_DCR, 0xb                   ; by 1
        PUT_APIC LAPIC_LVT_TIMER, PERIODIC | 0x60
        PUT_APIC LAPIC_TIMER_ICR, 1000000
        KEEPS_UP 0x60, 3580
        PUT_APIC LAPIC_TIMER_ICR, 0

        TEST "RTC"
        mov byte [eoi_to], EOI_TO_PIC
        PUT_APIC LAPIC_LVT_LINT0, 0x700
        mov qword [irq_hook], read_c
        PUT_CMOS 0x0a, 0x26                             ; 1024 Hz
        PUT_CMOS 0x0b, 0x42
        call read_c
        mov al, 0xfb
        out 0x21, al
        mov al, 0xfe
        out 0xa1, al
        KEEPS_UP 0x28, 3496
        PUT_CMOS 0x0b, 0x02
        END

start_pit:                              ; a tick each millisecond
        mov al, 0x34
        out 0x43, al
        mov al, 1193 & 0xff
        out 0x40, al
        mov al, 1193 >> 8
        out 0x40, al
        ret
read_c: push xAX
        mov al, 0x0c
        out 0x70, al
        in al, 0x71
        pop xAX
        ret

; Ticks of vector R12D against time, with a pause of 50 ms: EBX as KEEPS_UP says.
count_ticks:
        FORGET
        sti
.first: hlt
        cmp dword [irq_count + r12 * 4], 2
        jb .first
        cli
        FORGET
        call get_pm
        mov esi, edx
.pause: call since_pm
        cmp edx, 50 * MS
        jb .pause
.look:  sti
        mov ecx, 100
.run:   pause
        loop .run
        cli
        mov ecx, [irq_count + r12 * 4]
        call since_pm
        mov ebx, edx
        mov eax, edx
        xor edx, edx
        div r13d
        lea edx, [rcx - 3]              ; one that had begun, and the rounding of its length
        cmp edx, eax
        jg .many
        add ecx, 3
        cmp ecx, eax
        jae .all
        cmp ebx, LIMIT
        jb .look
        mov ebx, 2
        ret
.many:  mov ebx, 1
        ret
.all:   xor ebx, ebx
        ret

%include "pm-timer.inc"
