; SPDX-License-Identifier: GPL-3.0-or-later
; What leaving the guest costs, in ticks of the time stamp counter: “cost: NAME TICKS” a line. Run beside
; another hypervisor on the same host, which is where the figures mean something.
%define MODE 64
%include "bare.inc"
%include "apic.inc"

ROUNDS          equ 40
REPEATS         equ 8
PM_TIMER        equ 0x608
PIT_HZ          equ 1193182

; COST name, instruction: of one, the least of all rounds
%macro COST 2+
        mov r8, %%body
        mov r9, %%name
        call measure
        jmp %%over
%%body:
%rep REPEATS
        %2
%endrep
        ret
        [section .data]
%%name: db %1, 0
        __?SECT?__
%%over:
%endmacro

; VGA port, index, value
%macro VGA 3
        mov dx, %1
        mov ax, (%3) << 8 | (%2)
        out dx, ax
%endmacro

; TICKS name, hertz, how many: what each takes from a loop
%macro TICKS 3
        mov r13d, %3
        mov ecx, PIT_HZ / (%2)
        call measure_ticks
        PUT "cost: ", %1, " "
        call put_decimal
        PUT 10
%endmacro

main:   mov byte [eoi_to], EOI_TO_PIC
        call measure_rounds
        COST "cpuid", {call do_cpuid}
        mov edi, LAPIC + LAPIC_VERSION
        COST "lapic", mov eax, [rdi]
        mov edx, 0x71
        COST "port", in al, dx
        mov edx, PM_TIMER
        COST "acpi-timer", in eax, dx
        mov edx, 0x3fd
        COST "serial-status", in al, dx
        mov ebx, 0xb8000
        COST "text", mov word [rbx], 0x0741
        VGA 0x3c4, 2, 0x0f                              ; 256 colours, as mode 13h
        VGA 0x3c4, 4, 0x0e
        VGA 0x3ce, 5, 0x40
        VGA 0x3ce, 6, 0x05
        VGA 0x3ce, 8, 0xff
        mov ebx, 0xa0000
        COST "store-256", mov byte [rbx], 7

        PUT_APIC LAPIC_SVR, 0x1ff
        PUT_APIC LAPIC_LVT_LINT0, 0x700
        mov al, 0xfe
        out 0x21, al
        TICKS "tick-at-1000-hz", 1000, 50
        TICKS "tick-at-100-hz", 100, 10
        TEST "the end is reached"
        END

do_cpuid:
        push rbx
        xor eax, eax
        cpuid
        pop rbx
        ret

; R8: what to run; R9: its name
measure:
        mov dword [least], -1
        mov r10d, ROUNDS
.round: push rdx
        rdtsc
        mov r11d, eax
        pop rdx
        call r8
        push rdx
        rdtsc
        pop rdx
        sub eax, r11d
        cmp eax, [least]
        jae .more
        mov [least], eax
.more:  dec r10d
        jnz .round
        PUT "cost: "
        mov rsi, r9
        call put_string
        PUT " "
        push rdx
        mov eax, [least]
        shr eax, 3                                      ; REPEATS
        pop rdx
        call put_decimal
        PUT 10
        ret

; R15: what a million rounds of the loop below cost without ticks
measure_rounds:
        mov ebx, 1000000
        mov r13d, -1
        call time_stamp
        mov r14, rax
        call spin
        call time_stamp
        sub rax, r14
        mov r15, rax
        ret

; Until EBX is 0 or R13D ticks have come.
spin:   dec ebx
        cmp dword [irq_count + 0x20 * 4], r13d
        jae .end
        test ebx, ebx
        jnz spin
.end:   ret

; ECX: the PIT's count, R13D: ticks. EAX: what one costs
measure_ticks:
        mov al, 0x34                                    ; counter 0, a rate
        out 0x43, al
        mov al, cl
        out 0x40, al
        mov al, ch
        out 0x40, al
        mov dword [irq_count + 0x20 * 4], 0
        sti
.first: cmp dword [irq_count + 0x20 * 4], 0             ; from tick to tick
        je .first
        mov dword [irq_count + 0x20 * 4], 0
        call time_stamp
        mov r14, rax
        xor ebx, ebx
        call spin
        cli
        call time_stamp
        sub rax, r14
        mov r12, rax
        neg ebx                                         ; rounds
        mov eax, ebx
        mul r15
        mov ecx, 1000000
        div rcx
        sub r12, rax
        mov rax, r12
        jns .more
        xor eax, eax
.more:  xor edx, edx
        mov ecx, r13d
        div rcx
        ret

time_stamp:
        rdtsc
        shl rdx, 32
        or rax, rdx
        ret

section .data
least   dd 0
