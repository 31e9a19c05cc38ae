; SPDX-License-Identifier: GPL-3.0-or-later
; Processors that sleep and are woken, each time and at once: by messages, kicks, NMIs, INIT and SIPI, as
; fast as they come. The command line ends with a digit: how many processors there are.
; Intel SDM 3A, 8.4 and 10.6; Linux Documentation/virt/kvm/x86/hypercalls.rst.
%define MODE 64
%include "bare.inc"
%include "apic.inc"
%define OTHERS r12d

ROUNDS          equ 48
BOOT_COMMAND    equ 16                  ; in the Multiboot information: of the command line
KVM_HC_KICK_CPU equ 5
KVM_PV_UNHALT   equ 1 << 7

%include "processors.inc"

main:   mov byte [eoi_to], EOI_TO_APIC
        mov eax, [boot_info]
        mov eax, [rax + BOOT_COMMAND]
.end:   inc eax
        cmp byte [rax], 0
        jne .end
        movzx r12d, byte [rax - 1]
        sub r12d, "1"
        PUT_APIC LAPIC_SVR, 0x1ff
        call place_trampoline

        TEST "all processors start"
        PUT_APIC LAPIC_ICR, 0xc4500
        SETTLE
        PUT_APIC LAPIC_ICR, 0xc4600 | TRAMPOLINE >> 12
        WAIT_FOR [n_started], OTHERS

        TEST "each message ends a halt"
        mov qword [irq_hook], hear
        mov eax, sleep
        mov ebx, message
        call storm

        TEST "each NMI ends a halt without interrupts"
        GATE 2, nmi
        mov eax, sleep_deep
        mov ebx, send_nmi
        call storm

        TEST "each kick of KVM ends a halt without interrupts"
        call find_kick
        test ebp, ebp
        jz .no_kicks
        mov eax, sleep_counting
        mov ebx, kick
        call storm
.no_kicks:

        TEST "INIT and SIPI start processors that spin, and that sleep"
        mov r13d, ROUNDS / 6
.start: test r13d, 1
        jz .spin
        COMMAND sleep_for_ever
.spin:  mov dword [n_started], 0
        PUT_APIC LAPIC_ICR, 0xc4500
        PUT_APIC LAPIC_ICR, 0xc4600 | TRAMPOLINE >> 12
        WAIT_FOR [n_started], OTHERS
        dec r13d
        jnz .start
        END

; EAX: what the others run, until each has been woken ROUNDS times; EBX: what ends a halt of each
storm:  mov dword [n_heard], 0
        mov ecx, OTHERS
.each:  mov dword [left + 4 * rcx], ROUNDS
        dec ecx
        jnz .each
        call command
        mov r13d, ROUNDS
        xor r14d, r14d
.round: add r14d, OTHERS
        call rbx
        WAIT_FOR [n_heard], r14d
        dec r13d
        jnz .round
        jmp wait_for_all

message:
        PUT_APIC LAPIC_ICR, 0xc4040
        ret
send_nmi:
        PUT_APIC LAPIC_ICR, 0xc4400
        ret

; EBP: what makes the call, VMCALL or AMD's VMMCALL; 0: there are no kicks
find_kick:
        xor ebp, ebp
        mov eax, 0x40000000
        cpuid
        cmp ebx, "KVMK"
        jne .done
        mov eax, 0x40000001
        cpuid
        test eax, KVM_PV_UNHALT
        jz .done
        mov ebp, by_vmcall
        xor eax, eax
        cpuid
        cmp ebx, "Auth"
        jne .done
        mov ebp, by_vmmcall
.done:  ret
kick:   mov r8d, OTHERS
.next:  mov ecx, r8d                                    ; its APIC ID
        push rbx
        xor ebx, ebx
        mov eax, KVM_HC_KICK_CPU
        call rbp
        pop rbx
        dec r8d
        jnz .next
        ret
by_vmcall:
        vmcall
        ret
by_vmmcall:
        vmmcall
        ret

; Each has its number in R15.
sleep:  cmp dword [left + 4 * r15], 0
        jle .done
        sti                                             ; together with the halt: nothing comes between
        hlt
        cli
        jmp sleep
.done:  ret
sleep_deep:
        cmp dword [left + 4 * r15], 0
        jle .done
        hlt
.awake: jmp sleep_deep
.done:  ret
sleep_counting:
        hlt
        lock inc dword [n_heard]
        dec dword [left + 4 * r15]
        jnz sleep_counting
        ret
sleep_for_ever:
        cli
        hlt
        jmp sleep_for_ever

hear:   dec dword [left + 4 * r15]
        lock inc dword [n_heard]
        ret
; One that comes between the look and the halt that it should end must not let it sleep.
nmi:    dec dword [left + 4 * r15]
        push rax
        mov rax, [rsp + 8]
        cmp rax, sleep_deep
        jb .elsewhere
        cmp rax, sleep_deep.awake
        jae .elsewhere
        mov qword [rsp + 8], sleep_deep.awake
.elsewhere:
        pop rax
        lock inc dword [n_heard]
        iretq
ap_hello:
        ret

section .data
        align 64
n_heard dd 0
left    times 16 dd 0
