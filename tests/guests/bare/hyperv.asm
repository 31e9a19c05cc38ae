; SPDX-License-Identifier: GPL-3.0-or-later
; Hyper-V's interface, as Windows uses it, with two processors: leaves, registers, time and its page,
; timers with and without messages, calls. Microsoft, Hypervisor Top Level Functional Specification.
%define MODE 64
%include "bare.inc"
%include "apic.inc"
%define OTHERS 1
%include "processors.inc"

PM_TIMER        equ 0x608
PM_MS           equ 3580                ; ticks of it
PM_HZ           equ 3579545
MS              equ 10000               ; ticks of the reference counter
N_TRIES         equ 32
N_FLUSHES       equ 16

PT              equ FREE
CALLS           equ FREE + 0x10000
TIME            equ FREE + 0x11000      ; page of the reference TSC
MESSAGES        equ FREE + 0x12000
ASSIST          equ FREE + 0x13000
INPUT           equ FREE + 0x14000
FRAME           equ FREE + 0x15000      ; and the next one
PAGE            equ 0x40000000
NOWHERE         equ 0x10000000          ; no memory

GUEST_OS_ID     equ 0x40000000
HYPERCALL       equ 0x40000001
VP_INDEX        equ 0x40000002
VP_RUNTIME      equ 0x40000010
TIME_REF_COUNT  equ 0x40000020
REFERENCE_TSC   equ 0x40000021
TSC_FREQUENCY   equ 0x40000022
APIC_FREQUENCY  equ 0x40000023
EOI             equ 0x40000070
ICR             equ 0x40000071
TPR             equ 0x40000072
VP_ASSIST_PAGE  equ 0x40000073
SCONTROL        equ 0x40000080
SVERSION        equ 0x40000081
SIMP            equ 0x40000083
EOM             equ 0x40000084
SINT0           equ 0x40000090
STIMER_CONFIG   equ 0x400000b0          ; and 2 for each timer
STIMER_COUNT    equ 0x400000b1

STIMER_ENABLE   equ 1 << 0
STIMER_PERIODIC equ 1 << 1
STIMER_AUTO     equ 1 << 3
STIMER_DIRECT   equ 1 << 12
%define STIMER_VECTOR(n) ((n) << 4)
%define STIMER_SINT(n) ((n) << 16)
TIMER_EXPIRED   equ 0x80000010

FLUSH_LIST      equ 0x0003
SEND_IPI        equ 0x000b
FAST            equ 1 << 16
ONCE            equ 1 << 32             ; one repetition

; PUT_MSR register, value of up to 64 bits or RAX
%macro PUT_MSR 2
        push rcx
        push rdx
%ifnidn %2, rax
        mov rax, %2
%endif
        mov rdx, rax
        shr rdx, 32
        mov ecx, %1
        wrmsr
        pop rdx
        pop rcx
%endmacro
; GET_MSR register: in RAX
%macro GET_MSR 1
        push rcx
        push rdx
        mov ecx, %1
        rdmsr
        shl rdx, 32
        or rax, rdx
        pop rdx
        pop rcx
%endmacro
; CALL_HYPERVISOR value, first, second: the status and the repetitions done in RAX
%macro CALL_HYPERVISOR 3
        mov rcx, %1
        mov rdx, %2
        mov r8, %3
        mov eax, CALLS
        call rax
%endmacro
; CHECK_ORDER a, b: two 64-bit registers that are not RAX; a <= b
%macro CHECK_ORDER 2
        xor eax, eax
        cmp %1, %2
        seta al
        CHECK eax, 0
%endmacro
; WAIT_MS milliseconds
%macro WAIT_MS 1
        mov ebx, (%1) * PM_MS
        call wait_pm
%endmacro
; AWAIT_AT_LEAST dword, value: for up to two seconds, with interrupts. AWAIT: and it is not more
%macro AWAIT_AT_LEAST 2
        sti
        mov ebp, 2000
%%again:
        cmp dword %1, %2
        jae %%there
        WAIT_MS 1
        dec ebp
        jnz %%again
%%there:
        cli
        xor eax, eax
        cmp dword %1, %2
        setae al
        CHECK eax, 1
%endmacro
%macro AWAIT 2
        AWAIT_AT_LEAST %1, %2
        CHECK %1, %2
%endmacro
%define COUNT_OF(vector) [irq_count + (vector) * 4]

main:   mov qword [irq_hook], hear
        PUT_APIC LAPIC_SVR, 0x1ff
        PUT_APIC LAPIC_LVT_LINT0, 1 << 16
        PUT_APIC LAPIC_TPR, 0
        or byte [PD], 4                                 ; the first 2 MiB are the user's, too
        mov dword [PD + 0x1000], PT + 7
        mov qword [PT], FRAME + 3
        mov dword [FRAME], 1
        mov dword [FRAME + 0x1000], 2
        mov rax, cr3
        mov cr3, rax
        call place_trampoline
        PUT_APIC LAPIC_ICR, 0xc4500
        WAIT_MS 10
        PUT_APIC LAPIC_ICR, 0xc4600 | TRAMPOLINE >> 12
        WAIT_FOR [n_started], OTHERS

        TEST "its leaves come first, and KVM's behind them"
        mov eax, 0x40000000
        cpuid
        mov esi, eax
        CHECK ebx, "Micr"
        CHECK ecx, "osof"
        CHECK edx, "t Hv"
        CHECK esi, 0x40000006
        mov eax, 0x40000001
        cpuid
        CHECK eax, "Hv#1"
        mov eax, 0x40000003
        cpuid
        CHECK_BITS eax, 0xa7f, 0xa7f
        CHECK_BITS edx, 0x80100, 0x80100                ; frequencies, timers without messages
        mov eax, 0x40000004
        cpuid
        CHECK_BITS eax, 0xe2c, 0xe2c
        CHECK ebx, 0xfff
        mov eax, 0x40000100
        cpuid
        CHECK ebx, "KVMK"

        TEST "there is a page of calls once the guest has given its name"
        PUT_MSR HYPERCALL, CALLS | 1
        GET_MSR HYPERCALL
        CHECK eax, 0
        PUT_MSR GUEST_OS_ID, 0x0001040000000000
        GET_MSR GUEST_OS_ID
        shr rax, 32
        CHECK eax, 0x10400
        PUT_MSR HYPERCALL, CALLS | 1
        GET_MSR HYPERCALL
        CHECK eax, CALLS | 1
        CALL_HYPERVISOR 0x7fff, 0, 0
        CHECK eax, 2
        CALL_HYPERVISOR 0x005c, INPUT, 0                ; a message to somebody who is not there
        CHECK eax, 2
        FAULTS 6, 0, {IN_USER call_as_user}

        TEST "what cannot be written, read or be is refused"
        FAULTS 13, 0, {PUT_MSR VP_INDEX, 1}
        FAULTS 13, 0, {PUT_MSR TIME_REF_COUNT, 1}
        FAULTS 13, 0, {PUT_MSR TSC_FREQUENCY, 1}
        FAULTS 13, 0, {PUT_MSR SVERSION, 1}
        FAULTS 13, 0, {GET_MSR EOI}
        FAULTS 13, 0, {PUT_MSR HYPERCALL, NOWHERE | 1}
        FAULTS 13, 0, {PUT_MSR VP_ASSIST_PAGE, NOWHERE | 1}
        FAULTS 13, 0, {PUT_MSR SINT0 + 4, 5}
        RUNS {PUT_MSR SINT0 + 4, 5 | 1 << 16}
        GET_MSR HYPERCALL
        CHECK eax, CALLS | 1

        TEST "each processor has its number"
        GET_MSR VP_INDEX
        CHECK eax, 0
        COMMAND say_number
        call wait_for_all
        CHECK [said], 1

        TEST "the counter has 10 MHz"
        call get_pm                                     ; each look at it lies between two at the ACPI timer
        mov esi, edx
        GET_MSR TIME_REF_COUNT
        mov rdi, rax
        call get_pm
        mov ebp, edx
        WAIT_MS 20
        xchg esi, ebp
        call since_pm
        xchg esi, ebp
        mov ebx, edx
        GET_MSR TIME_REF_COUNT
        sub rax, rdi
        call since_pm                                   ; EBX: at least so many ticks of it, EDX: at most
        mov ecx, edx
        mov edx, PM_HZ
        mul rdx
        mov edi, 10000000
        div rdi
        mov rdi, rax
        imul rbx, rbx, 99
        imul rcx, rcx, 101
        imul rdi, rdi, 100
        CHECK_ORDER rbx, rdi
        CHECK_ORDER rdi, rcx

        TEST "it tells how fast the TSC is, and the APIC's timer"
        mov dword [tries], N_TRIES
.again_tsc:
        call measure
        GET_MSR TSC_FREQUENCY
        mov ecx, 10000000
        mul rdi
        div rcx                                         ; ticks in that many of the counter
        mov rdx, rax
        shr rdx, 7
        sub rax, rsi
        lea rcx, [rax + rdx]
        shl rdx, 1
        cmp rcx, rdx
        jbe .near_tsc
        dec dword [tries]
        jnz .again_tsc
.near_tsc:
        CHECK_ORDER rcx, rdx
        GET_MSR APIC_FREQUENCY
        CHECK eax, 1000000000

        TEST "its page says the same as the counter"
        PUT_MSR REFERENCE_TSC, TIME | 1
        mov ebp, 1000
.compare:
        call get_page_time
        mov rsi, rdx
        GET_MSR TIME_REF_COUNT
        mov rdi, rax
        call get_page_time
        CHECK_ORDER rsi, rdi
        CHECK_ORDER rdi, rdx
        dec ebp
        jnz .compare
        xor eax, eax
        cmp dword [TIME], 0
        sete al
        CHECK eax, 0

        TEST "a processor's run time goes on while it runs"
        GET_MSR VP_RUNTIME
        mov rsi, rax
        WAIT_MS 20
        GET_MSR VP_RUNTIME
        mov rdi, rax
        CHECK_ORDER rsi, rdi
        xor eax, eax
        cmp rsi, rdi
        sete al
        CHECK eax, 0

        TEST "registers of the APIC: priority, messages, EOI"
        FORGET
        PUT_MSR TPR, 0x50
        mov rcx, cr8
        CHECK ecx, 5
        GET_MSR TPR
        CHECK eax, 0x50
        PUT_MSR ICR, 1 << 18 | 0x405f                   ; to itself
        sti
        SETTLE
        cli
        CHECK COUNT_OF (0x5f), 0
        PUT_MSR TPR, 0
        AWAIT COUNT_OF (0x5f), 1
        PUT_MSR ICR, 1 << 18 | 0x405e                   ; not held back: there was an EOI
        AWAIT COUNT_OF (0x5e), 1
        mov dword [ASSIST], 0xffffffff
        PUT_MSR VP_ASSIST_PAGE, ASSIST | 1
        CHECK [ASSIST], 0

        TEST "a timer, once at its time"
        FORGET
        PUT_MSR STIMER_CONFIG, STIMER_DIRECT | STIMER_VECTOR (0x61) | STIMER_AUTO
        GET_MSR TIME_REF_COUNT
        lea rsi, [rax + 2 * MS]
        PUT_MSR STIMER_COUNT, rsi
        GET_MSR STIMER_CONFIG
        CHECK_BITS eax, 1, STIMER_ENABLE
        AWAIT COUNT_OF (0x61), 1
        CHECK_ORDER rsi, [heard_at]
        GET_MSR STIMER_CONFIG
        CHECK_BITS eax, 1, 0
        sti
        WAIT_MS 5
        cli
        CHECK COUNT_OF (0x61), 1

        TEST "a time that has passed comes at once"
        FORGET
        PUT_MSR STIMER_COUNT, 1
        AWAIT COUNT_OF (0x61), 1

        TEST "a timer, again and again"
        FORGET
        GET_MSR TIME_REF_COUNT
        lea rsi, [rax + 5 * MS]
        PUT_MSR STIMER_COUNT + 2, MS
        PUT_MSR STIMER_CONFIG + 2, STIMER_DIRECT | STIMER_VECTOR (0x62) | STIMER_PERIODIC | STIMER_ENABLE
        AWAIT_AT_LEAST COUNT_OF (0x62), 5
        CHECK_ORDER rsi, [heard_at]
        PUT_MSR STIMER_COUNT + 2, 0
        GET_MSR STIMER_CONFIG + 2
        CHECK_BITS eax, 1, 0
        sti
        SETTLE
        cli
        FORGET
        sti
        WAIT_MS 5
        cli
        CHECK COUNT_OF (0x62), 0

        TEST "a timer's message"
        FORGET
        PUT_MSR SIMP, MESSAGES | 1
        PUT_MSR SINT0 + 2, 0x63
        PUT_MSR SCONTROL, 1
        GET_MSR SVERSION
        CHECK eax, 1
        PUT_MSR STIMER_CONFIG + 4, STIMER_SINT (2) | STIMER_AUTO
        GET_MSR TIME_REF_COUNT
        lea rsi, [rax + 2 * MS]
        PUT_MSR STIMER_COUNT + 4, rsi
        AWAIT COUNT_OF (0x63), 1
        mov edi, MESSAGES + 2 * 256
        CHECK [rdi], TIMER_EXPIRED
        CHECK [rdi + 4], 24
        CHECK [rdi + 16], 2
        CHECK [rdi + 24], esi
        mov rcx, [rdi + 32]
        CHECK_ORDER rsi, rcx

        TEST "another message waits until there is room for it"
        PUT_MSR STIMER_CONFIG + 6, STIMER_SINT (2) | STIMER_AUTO
        GET_MSR TIME_REF_COUNT
        lea rsi, [rax + 2 * MS]
        PUT_MSR STIMER_COUNT + 6, rsi
        AWAIT [rdi + 4], 24 | 1 << 8
        CHECK [rdi + 16], 2
        CHECK COUNT_OF (0x63), 1
        mov dword [rdi], 0
        mfence
        PUT_MSR EOM, 0
        AWAIT COUNT_OF (0x63), 2
        CHECK [rdi], TIMER_EXPIRED
        CHECK [rdi + 4], 24
        CHECK [rdi + 16], 3
        CHECK [rdi + 24], esi
        mov dword [rdi], 0
        PUT_MSR SCONTROL, 0

        TEST "one call interrupts several processors"
        mov dword [n_heard], 0
        COMMAND listen
        CALL_HYPERVISOR SEND_IPI | FAST, 0x64, 3
        CHECK eax, 0
        AWAIT [n_heard], 2
        CALL_HYPERVISOR SEND_IPI | FAST, 0x64, 2
        CHECK eax, 0
        AWAIT [n_heard], 3
        CALL_HYPERVISOR SEND_IPI | FAST, 5, 3
        CHECK eax, 3
        mov dword [stop], 1
        call wait_for_all

        TEST "a call has another processor forget its translations"
        mov dword [stop], 0
        COMMAND look
        mov qword [INPUT], 0
        mov qword [INPUT + 8], 0
        mov qword [INPUT + 16], 2
        mov qword [INPUT + 24], PAGE
        mov ebp, N_FLUSHES
.flush: mov eax, ebp
        and eax, 1
        lea r9d, [rax + 1]                              ; what is to be seen
        shl eax, 12
        add eax, FRAME + 3
        mov [PT], rax
        CALL_HYPERVISOR FLUSH_LIST | ONCE, INPUT, 0
        mov rcx, rax
        shr rcx, 32
        CHECK eax, 0
        CHECK ecx, 1
        mov esi, [n_looked]
        add esi, 2
.wait:  pause
        mov eax, [n_looked]
        sub eax, esi
        js .wait
        CHECK [seen], r9d
        dec ebp
        jnz .flush
        mov dword [stop], 1
        call wait_for_all
        END

; Each interrupt: when it came, and the EOI.
hear:   GET_MSR TIME_REF_COUNT
        mov [heard_at], rax
        lock inc dword [n_heard]
        PUT_MSR EOI, 0
        ret
call_as_user:
        mov eax, CALLS
        jmp rax

get_page_time:                                          ; RDX
        rdtsc
        shl rdx, 32
        or rax, rdx
        mul qword [TIME + 8]
        add rdx, [TIME + 16]
        ret
measure:                                                ; 10 ms: RDI of the counter, RSI of the TSC
        rdtsc
        shl rdx, 32
        lea rsi, [rax + rdx]
        GET_MSR TIME_REF_COUNT
        mov rdi, rax
        WAIT_MS 10
        rdtsc
        shl rdx, 32
        or rax, rdx
        sub rax, rsi
        mov rsi, rax
        GET_MSR TIME_REF_COUNT
        sub rax, rdi
        mov rdi, rax
        ret
wait_pm:                                                ; EBX ticks
        push rsi
        push rdx
        call get_pm
        mov esi, edx
.wait:  pause
        call since_pm
        cmp edx, ebx
        jb .wait
        pop rdx
        pop rsi
        ret

; What the other processor does
ap_hello:
        ret
say_number:
        GET_MSR VP_INDEX
        mov [said], eax
        ret
listen: sti
.wait:  pause
        cmp dword [stop], 0
        je .wait
        cli
        ret
look:   mov eax, [PAGE]
        mov [seen], eax
        inc dword [n_looked]
        cmp dword [stop], 0
        je look
        ret

%include "pm-timer.inc"

section .data
        align 64
heard_at        dq 0
n_heard         dd 0
said            dd 0
stop            dd 0
seen            dd 0
n_looked        dd 0
tries           dd 0
