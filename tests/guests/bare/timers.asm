; SPDX-License-Identifier: GPL-3.0-or-later
; Timers: the 8254, the local APIC's timer in its three modes, the RTC, the time-stamp counter, each
; against the ACPI timer of 3.579545 MHz. The host may be busy, so a measurement that was disturbed is made
; anew a few times; what never may happen is checked at once.
%define MODE 64
%include "bare.inc"
%include "apic.inc"

PM_TIMER        equ 0x608
MS              equ 3580                ; ticks of it
SHOT            equ 0 << 17
PERIODIC        equ 1 << 17
DEADLINE        equ 2 << 17
MASKED          equ 1 << 16
TSC_DEADLINE    equ 0x6e0
N_TRIES         equ 64

; NEAR_OR_RETRY value, low, high, where to try again
%macro NEAR_OR_RETRY 4
        mov eax, %1
        cmp eax, %2
        jb %%no
        cmp eax, %3
        jbe %%yes
%%no:   dec dword [tries]
        jnz %4
%%yes:  CHECK_BETWEEN %1, %2, %3
%endmacro
%macro CHECK_BETWEEN 3
        mov eax, %1
        mov ecx, 0
        cmp eax, %2
        setb cl
        cmp eax, %3
        seta ch
        CHECK ecx, 0
%endmacro
%macro MEASURE 1                        ; a TEST that may be tried again
        TEST %1
        mov dword [tries], N_TRIES
%endmacro

%macro PIT 2+                           ; port, bytes
        mov al, %2
        out %1, al
%endmacro
%macro PUT_CMOS 2
        mov al, %1
        out 0x70, al
        mov al, %2
        out 0x71, al
%endmacro
%macro GET_CMOS 1
        mov al, %1
        out 0x70, al
        in al, 0x71
        movzx eax, al
%endmacro

main:   PUT_APIC LAPIC_SVR, 0x1ff
        PUT_APIC LAPIC_TPR, 0
        PUT_APIC LAPIC_LVT_LINT0, MASKED
        PUT_APIC LAPIC_TIMER_DCR, 3                     ; by 16
        mov al, 0xff
        out 0x21, al
        out 0xa1, al

        TEST "8254, counter 2: mode 0 ends after its count"
        in al, 0x61
        and al, 0xfc
        out 0x61, al                                    ; gate low: it stands
        PIT 0x43, 0xb0
        PIT 0x42, 0x00
        PIT 0x42, 0x80
        in al, 0x61
        CHECK_BITS eax, 0x20, 0
        mov ebx, 2 * MS
        call wait_pm
        PIT 0x43, 0x80
        in al, 0x42
        mov bl, al
        in al, 0x42
        mov bh, al
        CHECK_BITS ebx, 0xff00, 0x8000
        call get_pm
        mov esi, edx                                    ; the gate opens between ESI and EDI
        in al, 0x61
        or al, 1
        out 0x61, al
        call get_pm
        mov edi, edx
.low2:  mov ebx, edx                                    ; the output was low after EBX
        call get_pm
        in al, 0x61
        test al, 0x20
        jz .low2
        sub ebx, edi
        and ebx, 0xffffff
        CHECK_BETWEEN ebx, 0, 98304 + 2000
        call since_pm
        CHECK_BETWEEN edx, 98304 - 2000, 0xffffff
        in al, 0x61
        and al, 0xfc
        out 0x61, al

        TEST "8254: read-back tells mode and output, a latch keeps the count"
        PIT 0x43, 0xb6                                  ; counter 2, mode 3
        PIT 0x43, 0xe8                                  ; its status
        in al, 0x42
        CHECK_BITS eax, 0xff, 0xf6                      ; output high, no count yet
        PIT 0x42, 0x34
        PIT 0x42, 0x12
        in al, 0x61
        or al, 1
        out 0x61, al
        mov ebx, MS
        call wait_pm
        PIT 0x43, 0xe8
        in al, 0x42
        CHECK_BITS eax, 0x7f, 0x36
        PIT 0x43, 0x34                                  ; counter 0, mode 2: counts by one
        PIT 0x40, 0xff
        PIT 0x40, 0xff
        mov ebx, MS
        call wait_pm
        PIT 0x43, 0
        mov ebx, MS
        call wait_pm
        PIT 0x43, 0                                     ; the second latch changes nothing
        in al, 0x40
        mov cl, al
        in al, 0x40
        mov ch, al
        movzx ebx, cx
        in al, 0x40                                     ; what it counts now
        mov cl, al
        in al, 0x40
        mov ch, al
        movzx ecx, cx
        sub ebx, ecx
        and ebx, 0xffff
        CHECK_BETWEEN ebx, 1000, 60000

        TEST "8254, counter 0: mode 2 interrupts through the 8259 pair"
        mov byte [eoi_to], EOI_TO_PIC
        PUT_APIC LAPIC_LVT_LINT0, 0x700
        FORGET
        PIT 0x43, 0x34
        PIT 0x40, 1193 & 0xff
        PIT 0x40, 1193 >> 8
        mov al, 0xfe
        out 0x21, al
        call get_pm
        mov esi, edx
        sti
.wait0: hlt
        cmp dword [irq_count + 0x20 * 4], 20
        jb .wait0
        cli
        call since_pm
        mov al, 0xff
        out 0x21, al
        CHECK_BETWEEN edx, 17 * MS, 0xffffff            ; late on a busy host, never early
        PUT_APIC LAPIC_LVT_LINT0, MASKED
        mov byte [eoi_to], EOI_TO_APIC

        TEST "8254, counter 0: mode 0 interrupts once, at pin 2 of the I/O APIC"
        PIT 0x43, 0x30                                  ; its output goes low, and stays so
        FORGET
        PIN 2, 0x50
        PIT 0x40, 0x00
        PIT 0x40, 0x10
        sti
.wait_once:
        hlt
        cmp dword [irq_logged], 0
        je .wait_once
        mov ebx, 20 * MS
        call wait_pm
        cli
        PIN 2, MASKED
        CHECK [irq_count + 0x50 * 4], 1

        MEASURE "local APIC timer: once"
        mov dword [shot_ticks], -1
        mov r8d, 4
.again_shot:
        sti                                             ; of one that ended before it was looked at
        nop
        cli
        FORGET
        call get_pm
        mov esi, edx
        PUT_APIC LAPIC_LVT_TIMER, SHOT | 0x60
        PUT_APIC LAPIC_TIMER_ICR, 0x40000
        GET_APIC LAPIC_TIMER_CCR, ecx
        NEAR_OR_RETRY ecx, 1, 0x40000, .again_shot
        sti
.wait_shot:
        hlt
        cmp dword [irq_logged], 0
        je .wait_shot
        call since_pm
        cmp edx, [shot_ticks]                           ; the least disturbed one
        jae .slower
        mov [shot_ticks], edx
.slower:
        mov ebx, [shot_ticks]
        call wait_pm
        cli
        CHECK [irq_count + 0x60 * 4], 1
        GET_APIC LAPIC_TIMER_CCR, ecx
        CHECK ecx, 0
        GET_APIC LAPIC_TIMER_ICR, ecx
        CHECK ecx, 0x40000
        dec r8d
        jnz .again_shot

        MEASURE "local APIC timer: periodically, at the same rate"
.again_periodic:
        FORGET
        PUT_APIC LAPIC_LVT_TIMER, PERIODIC | 0x61
        call get_pm
        mov esi, edx
        PUT_APIC LAPIC_TIMER_ICR, 0x40000
        sti
.wait_periodic:
        hlt
        cmp dword [irq_count + 0x61 * 4], 8
        jb .wait_periodic
        cli
        call since_pm
        PUT_APIC LAPIC_TIMER_ICR, 0
        mov ebx, [shot_ticks]
        lea r8d, [rbx * 8]
        lea r9d, [r8 * 4]
        lea r10d, [rbx * 4]
        add r10d, MS
        NEAR_OR_RETRY edx, r10d, r9d, .again_periodic
        GET_APIC LAPIC_TIMER_CCR, ecx
        CHECK ecx, 0                                    ; a zero stops it
        FORGET
        sti
        mov ebx, [shot_ticks]
        call wait_pm
        cli
        CHECK [irq_logged], 0

        TEST "local APIC timer: the divisor counts, the mask does not stop it"
        FORGET
        PUT_APIC LAPIC_LVT_TIMER, SHOT | MASKED | 0x62
        PUT_APIC LAPIC_TIMER_DCR, 0xb                   ; by 1
        PUT_APIC LAPIC_TIMER_ICR, 0x40000
        mov ebx, [shot_ticks]
        shr ebx, 2
        call wait_pm
        GET_APIC LAPIC_TIMER_CCR, ecx
        CHECK ecx, 0
        PUT_APIC LAPIC_TIMER_DCR, 3
        sti
        nop
        cli
        CHECK [irq_logged], 0

        TEST "local APIC timer: at a deadline of the time-stamp counter"
        mov eax, 1
        cpuid
        bt ecx, 24
        jnc .no_deadline
        PUT_APIC LAPIC_LVT_TIMER, DEADLINE | 0x63
        PUT_APIC LAPIC_TIMER_ICR, 0x10000               ; means nothing in this mode
        GET_APIC LAPIC_TIMER_CCR, ecx
        CHECK ecx, 0
        FORGET
        call get_tsc
        mov rdi, 1 << 40                                ; far away
        add rdi, rax
        mov rax, rdi
        call put_deadline
        mov ecx, TSC_DEADLINE
        rdmsr
        shl rdx, 32
        or rax, rdx
        sub rax, rdi
        CHECK eax, 0
        call get_tsc
        lea rdi, [rax + 3000000]
        mov rax, rdi
        call put_deadline
        sti
.wait_deadline:
        hlt
        cmp dword [irq_logged], 0
        je .wait_deadline
        cli
        call get_tsc
        cmp rax, rdi
        setb cl
        movzx ecx, cl
        CHECK ecx, 0                                    ; never early
        mov ecx, TSC_DEADLINE
        rdmsr
        CHECK eax, 0                                    ; and disarmed
        CHECK [irq_count + 0x63 * 4], 1
        FORGET
        mov eax, 1                                      ; long past
        call put_deadline
        sti
        mov ebx, MS
        call wait_pm
        cli
        CHECK [irq_count + 0x63 * 4], 1
.again_disarmed:
        sti
        nop
        cli
        FORGET
        call get_tsc
        lea rdi, [rax + 3000000]
        mov rax, rdi
        call put_deadline
        xor eax, eax
        call put_deadline
        call get_tsc
        cmp rax, rdi
        jae .again_disarmed                             ; it had come before
        sti
        mov ebx, 5 * MS
        call wait_pm
        cli
        CHECK [irq_logged], 0
        PUT_APIC LAPIC_LVT_TIMER, SHOT | 0x63
        call get_tsc
        add rax, 1000
        call put_deadline                               ; ignored in the other modes
        mov ecx, TSC_DEADLINE
        rdmsr
        CHECK eax, 0
.no_deadline:
        PUT_APIC LAPIC_LVT_TIMER, MASKED

        MEASURE "the time-stamp counter has one rate"
.again_tsc:
        call count_tsc
        mov r8, rdi
        call count_tsc
        mov rax, r8
        mov ecx, 1000
        mul rcx
        div rdi
        NEAR_OR_RETRY eax, 950, 1050, .again_tsc

        TEST "the time-stamp counter can be set"
        mov ecx, 0x10
        xor eax, eax
        mov edx, 0x1000
        wrmsr
        rdtsc
        CHECK edx, 0x1000

        TEST "RTC: periodically, at 1024 Hz"
        mov byte [eoi_to], EOI_TO_PIC
        PUT_APIC LAPIC_LVT_LINT0, 0x700
        mov qword [irq_hook], read_c
        PUT_CMOS 0x0a, 0x26
        PUT_CMOS 0x0b, 0x42
        GET_CMOS 0x0c
        FORGET
        mov al, 0xfb
        out 0x21, al
        mov al, 0xfe
        out 0xa1, al
        call get_pm
        mov esi, edx
        sti
.wait_rtc:
        hlt
        cmp dword [irq_count + 0x28 * 4], 20
        jb .wait_rtc
        cli
        call since_pm
        CHECK_BETWEEN edx, 17 * MS, 0xffffff
        CHECK_BITS [seen_c], 0xc0, 0xc0

        TEST "RTC: without a read of register C there is no second interrupt"
        mov qword [irq_hook], 0
        FORGET
        sti
        mov ebx, 10 * MS
        call wait_pm
        cli
        CHECK_BETWEEN [irq_count + 0x28 * 4], 0, 1
.wait_c:                                                ; it is told without an interrupt, too
        GET_CMOS 0x0c
        test al, 0x40
        jz .wait_c
        CHECK_BITS eax, 0xc0, 0xc0
        PUT_CMOS 0x0a, 0x20                             ; no more of them
        GET_CMOS 0x0c
        GET_CMOS 0x0c
        CHECK_BITS eax, 0xc0, 0

        MEASURE "RTC: an update each second"
        mov qword [irq_hook], read_c
        PUT_CMOS 0x0b, 0x12
.again_update:
        FORGET
        sti
.wait_update:
        hlt
        cmp dword [irq_count + 0x28 * 4], 1
        jb .wait_update
        call get_pm
        mov esi, edx
        GET_CMOS 0
        mov r12d, eax
.wait_update2:
        hlt
        cmp dword [irq_count + 0x28 * 4], 2
        jb .wait_update2
        cli
        call since_pm
        NEAR_OR_RETRY edx, 930 * MS, 1080 * MS, .again_update
        CHECK_BITS [seen_c], 0x10, 0x10
        GET_CMOS 0
        xor eax, r12d
        setz al
        movzx ecx, al
        CHECK ecx, 0
        PUT_CMOS 0x0b, 0x02
        GET_CMOS 0x0d
        CHECK eax, 0x80
        END

%include "pm-timer.inc"
wait_pm:                                ; EBX ticks
        push xSI
        push xDX
        call get_pm
        mov esi, edx
.wait:  pause
        call since_pm
        cmp edx, ebx
        jb .wait
        pop xDX
        pop xSI
        ret
get_tsc:                                ; RAX
        rdtsc
        shl rdx, 32
        or rax, rdx
        ret
put_deadline:                           ; RAX
        mov rdx, rax
        shr rdx, 32
        mov ecx, TSC_DEADLINE
        wrmsr
        ret
count_tsc:                              ; in a thousand ticks of about 10 ms, in RDI
        mov ebx, 10 * MS
        call get_pm
        mov esi, edx
        call get_tsc
        mov rdi, rax
        call wait_pm
        call since_pm
        mov ebx, edx
        call get_tsc
        sub rax, rdi
        mov ecx, 1000
        mul rcx
        div rbx
        mov rdi, rax
        ret
read_c: GET_CMOS 0x0c
        mov [seen_c], eax
        mov eax, 0x28
        ret

section .data
        align 4
tries           dd 0
shot_ticks      dd 0
seen_c          dd 0
