; SPDX-License-Identifier: GPL-3.0-or-later
; Four processors: start by INIT and SIPI, messages between them, atomic instructions, stores seen by
; others, code and translations that one changes under another. Intel SDM 3A, chapters 8 and 9.
%define MODE 64
%include "bare.inc"
%include "apic.inc"

N               equ 4
ROUNDS          equ 500
PT              equ FREE
PAGE            equ 0x40000000
FRAME           equ FREE + 0x10000
FRAME2          equ FREE + 0x11000
%define OTHERS  N - 1
%include "processors.inc"

main:   mov byte [eoi_to], EOI_TO_APIC
        mov dword [PD + 0x1000], PT + 7
        mov qword [PT], FRAME + 3
        PUT_APIC LAPIC_SVR, 0x1ff
        call place_trampoline

        TEST "a processor waits for SIPI after INIT"
        PUT_APIC LAPIC_ICR_HIGH, 1 << 24
        PUT_APIC LAPIC_ICR, 0x4500
        call pause_a_while
        CHECK [n_started], 0
        PUT_APIC LAPIC_ICR, 0x4600 | TRAMPOLINE >> 12
        WAIT_FOR [n_started], 1
        PUT_APIC LAPIC_ICR, 0x4600 | TRAMPOLINE >> 12   ; a second one means nothing
        call pause_a_while
        CHECK [n_started], 1

        TEST "INIT and SIPI to all others at once"
        mov dword [n_started], 0
        PUT_APIC LAPIC_ICR, 0xc4500
        call pause_a_while
        PUT_APIC LAPIC_ICR, 0xc4600 | TRAMPOLINE >> 12
        WAIT_FOR [n_started], N - 1
        CHECK [started_ids], 0x0e
        CHECK [start_errors], 0
        mov ecx, 0x1b
        rdmsr
        CHECK_BITS eax, 0x100, 0x100

        TEST "a message to each, and to all"
        mov qword [irq_hook], hear
        COMMAND listen
        mov ecx, 1
.each:  mov eax, ecx
        shl eax, 24
        PUT_APIC LAPIC_ICR_HIGH, eax
        PUT_APIC LAPIC_ICR, 0x4040
        inc ecx
        cmp ecx, N
        jb .each
        WAIT_FOR [n_heard], N - 1
        PUT_APIC LAPIC_ICR, 0xc4041
        WAIT_FOR [n_heard], 2 * (N - 1)
        PUT_APIC LAPIC_ICR_HIGH, 0x0c000000             ; logical: processors 2 and 3
        PUT_APIC LAPIC_ICR, 0x4842
        WAIT_FOR [n_heard], 2 * (N - 1) + 2
        call pause_a_while
        CHECK [n_heard], 2 * (N - 1) + 2
        mov dword [over], 1
        call wait_for_all
        mov dword [over], 0

        TEST "atomic instructions lose nothing"
        COMMAND count
        call count
        call wait_for_all
        CHECK [n_inc], N * ROUNDS
        CHECK [n_xadd], N * ROUNDS
        CHECK [n_cmpxchg], N * ROUNDS
        CHECK [n_cmpxchg16 + 8], N * ROUNDS
        CHECK [n_split], N * ROUNDS
        CHECK [n_bits], 0
        CHECK [under_lock], N * ROUNDS

        TEST "stores are seen in their order"
        COMMAND follow
        mov ecx, 10000
.store: mov [first], ecx
        mov [second], ecx
        dec ecx
        jnz .store
        mov dword [over], 1
        call wait_for_all
        CHECK [out_of_order], 0

        TEST "a store and a load of another's store: MFENCE and LOCK order them"
        mov dword [both_zero], 0
        mov ebx, ROUNDS
.dekker:
        mov dword [flag0], 0
        mov dword [flag1], 0
        mov dword [turn], 0
        COMMAND dekker
        mov dword [turn], 1
        mov dword [flag0], 1
        mfence
        mov edx, [flag1]
        mov [saw0], edx
        call wait_for_all
        mov eax, [saw0]
        or eax, [saw1]
        jnz .fine
        inc dword [both_zero]
.fine:  sub ebx, 20
        ja .dekker
        CHECK [both_zero], 0

        TEST "code that one processor changes while another waits for it"
        mov dword [FRAME], 0xc301b0                     ; mov al, 1; ret
        COMMAND run_changed
        mov ebx, 100
.change:
        mov [FRAME + 1], bl
        mov [version], ebx
.ran:   pause
        cmp [ran_version], ebx
        jne .ran
        dec ebx
        jnz .change
        mov dword [version], -1
        call wait_for_all
        CHECK [stale_code], 0

        TEST "a translation is dropped everywhere by a message and INVLPG"
        mov dword [FRAME], 1
        mov dword [FRAME2], 2
        COMMAND read_page
        mov qword [PT], FRAME2 + 3
        invlpg [PAGE]
        mov dword [n_heard], 0
        PUT_APIC LAPIC_ICR, 0xc4043
        WAIT_FOR [n_heard], N - 1
        mov dword [version], 1
        call wait_for_all
        CHECK [stale_pages], 0
        mov qword [PT], FRAME + 3
        invlpg [PAGE]

        TEST "NMI wakes a halted processor"
        GATE 2, nmi
        mov dword [n_heard], 0
        COMMAND halt
        call pause_a_while
        PUT_APIC LAPIC_ICR, 0xc4400
        WAIT_FOR [n_heard], N - 1
        call wait_for_all

        mov eax, 1
        cpuid
        bt ecx, 3                                       ; without it MWAIT may go on at once, as KVM's does
        jnc .no_monitor
        TEST "a store to the line that MONITOR watches ends MWAIT"
        mov dword [n_heard], 0
        COMMAND watch
        call pause_a_while
        CHECK [n_heard], 0
        mov dword [watched], 1
        WAIT_FOR [n_heard], N - 1
        call wait_for_all
        mov eax, [n_mwaits]                             ; they slept: few are for nothing
        shr eax, 5
        CHECK eax, 0

        TEST "an interrupt ends MWAIT, and then it is not armed"
        mov dword [n_heard], 0
        COMMAND watch_once
        call pause_a_while
        CHECK [n_done], 0
        PUT_APIC LAPIC_ICR, 0xc4044
        WAIT_FOR [n_heard], N - 1
        call wait_for_all

.no_monitor:
        TEST "INIT stops a processor, SIPI starts it anew"
        mov dword [n_started], 0
        PUT_APIC LAPIC_ICR_HIGH, 3 << 24
        PUT_APIC LAPIC_ICR, 0x4500
        call pause_a_while
        PUT_APIC LAPIC_ICR, 0x4600 | TRAMPOLINE >> 12
        WAIT_FOR [n_started], 1
        END

ap_hello:
        mov ecx, 0x1b
        rdmsr
        test eax, 0x100                                 ; not the boot processor
        jz .not_first
        lock inc dword [start_errors]
.not_first:
        lock bts [started_ids], r15d
        ret

listen: sti
.wait:  pause
        cmp dword [over], 0
        je .wait
        cli
        ret
hear:   lock inc dword [n_heard]
        ret

count:  mov r8d, ROUNDS
.round: lock inc dword [n_inc]
        mov eax, 1
        lock xadd [n_xadd], eax
        mov eax, [n_cmpxchg]
.again: lea edx, [rax + 1]
        lock cmpxchg [n_cmpxchg], edx
        jne .again
        mov rax, [n_cmpxchg16]
        mov rdx, [n_cmpxchg16 + 8]
.again16:
        mov rbx, rax
        lea rcx, [rdx + 1]
        lock cmpxchg16b [n_cmpxchg16]
        jne .again16
        lock add dword [n_split], 1
        lock btc dword [n_bits], 3
.lock:  mov eax, 1
        xchg [spin_lock], eax
        test eax, eax
        jz .locked
        pause
        jmp .lock
.locked:
        inc dword [under_lock]
        mov dword [spin_lock], 0
        dec r8d
        jnz .round
        ret

; The first is stored before the second and counts down: it is never above the second.
follow: mov edx, [second]
        mov ecx, [first]
        test edx, edx
        jz .next
        cmp ecx, edx
        jbe .next
        lock inc dword [out_of_order]
.next:  cmp dword [over], 0
        je follow
        ret

dekker: cmp r15d, 1
        jne .done
.wait:  cmp dword [turn], 0
        je .wait
        mov dword [flag1], 1
        mfence
        mov edx, [flag0]
        mov [saw1], edx
.done:  ret

run_changed:
        cmp r15d, 1
        jne .done
.next:  mov ebx, [version]
        cmp ebx, -1
        je .done
        cmp ebx, [ran_version]
        je .next
        xor eax, eax
        cpuid                                           ; serializes
        mov ebx, [version]
        mov eax, FRAME
        call rax
        cmp al, bl
        je .fresh
        lock inc dword [stale_code]
.fresh: mov [ran_version], ebx
        jmp .next
.done:  ret

read_page:
        mov ecx, [PAGE]
        GATE 0x43, drop_page
        sti
.wait:  mov ecx, [PAGE]
        cmp dword [version], 1
        jne .wait
        cli
        cmp dword [PAGE], 2
        je .done
        lock inc dword [stale_pages]
.done:  ret
drop_page:
        invlpg [PAGE]
        lock inc dword [n_heard]
        push rax
        mov eax, LAPIC + LAPIC_EOI
        mov dword [rax], 0
        pop rax
        iretq

watch:  mov eax, watched
        xor ecx, ecx
        xor edx, edx
        monitor
        cmp dword [watched], 1
        je .done
        lock inc dword [n_mwaits]
        xor eax, eax
        mwait
        jmp watch
.done:  lock inc dword [n_heard]
        ret

watch_once:
        mov eax, watched
        xor ecx, ecx
        xor edx, edx
        monitor
        sti
        mwait
        cli
        mwait
        ret

halt:   cli
        hlt
        ret
nmi:    lock inc dword [n_heard]
        iretq

section .data
        align 64
started_ids     dd 0
start_errors    dd 0
n_heard         dd 0
        align 64
n_inc           dd 0
n_xadd          dd 0
n_cmpxchg       dd 0
n_bits          dd 0
n_cmpxchg16     dq 0, 0
spin_lock       dd 0
under_lock      dd 0
        times 64 - 2 - ($ - n_inc) % 64 db 0
n_split         dd 0                                    ; across two lines of the cache
        align 64
first           dd 0
        align 64
second          dd 0
over            dd 0
out_of_order    dd 0
        align 64
flag0           dd 0
        align 64
flag1           dd 0
        align 64
watched         dd 0
        align 64
n_mwaits        dd 0
saw0            dd 0
saw1            dd 0
turn            dd 0
both_zero       dd 0
version         dd 0
ran_version     dd 0
stale_code      dd 0
stale_pages     dd 0
