; SPDX-License-Identifier: GPL-3.0-or-later
; The MP table, which systems without ACPI go by, against the machine: Intel MultiProcessor Specification 1.4,
; chapter 4. Two sockets of three processors: APIC IDs 0 to 2 and 4 to 6.
%define MODE 32
%include "bare.inc"
%include "apic.inc"

OTHER           equ 0x8000              ; where the others start
N_CPUS          equ 6
ENTRY_CPU       equ 0
ENTRY_BUS       equ 1
ENTRY_INTERRUPT equ 3

main:   TEST "a floating pointer and a table with right checksums"
        mov esi, 0xf0000
.look:  cmp dword [esi], "_MP_"
        je .found
        add esi, 16
        cmp esi, 0x100000
        jb .look
        CHECK 0, 1
        END
.found: mov ecx, 16
        call sum
        CHECK eax, 0
        mov esi, [esi + 4]
        CHECK dword [esi], "PCMP"
        movzx ecx, word [esi + 4]
        call sum
        CHECK eax, 0

        TEST "the 8254 is at pin 2 of the I/O APIC, other ISA lines at their own"
        movzx ecx, word [esi + 34]
        add esi, 44
        mov edi, pins
.entry: movzx eax, byte [esi]
        cmp al, ENTRY_CPU
        jne .no_cpu
        test byte [esi + 3], 1          ; enabled
        jz .unusable
        movzx eax, byte [esi + 1]
        bts [listed], eax
.unusable:
        add esi, 20
        jmp .next
.no_cpu:
        cmp al, ENTRY_BUS
        jne .no_bus
        cmp dword [esi + 2], "ISA "
        jne .no_isa
        movzx eax, byte [esi + 1]
        mov [isa_bus], eax
.no_isa:
        add esi, 8
        jmp .next
.no_bus:
        cmp al, ENTRY_INTERRUPT
        jne .skip
        cmp byte [esi + 1], 0           ; vectored
        jne .skip
        movzx eax, byte [esi + 4]
        cmp eax, [isa_bus]
        jne .skip
        movzx eax, byte [esi + 5]
        cmp eax, 16
        jae .skip
        movzx edx, byte [esi + 7]
        mov [pins + eax], dl
.skip:  add esi, 8
.next:  dec ecx
        jnz .entry
        CHECK_BITS [pins], 0xff, 2
        mov ecx, 15
.pin:   movzx edx, byte [pins + ecx]
        cmp dl, 0xff                    ; PCI's, or the cascade
        je .pin_done
        CHECK edx, ecx
.pin_done:
        loop .pin
        CHECK_BITS [pins + 2], 0xff, 0xff

        TEST "it names the first processor of each socket"
        CHECK [listed], 1 << 0 | 1 << 4

        TEST "each processor has its APIC ID, in the APIC and in CPUID"
        mov esi, section.other.start
        mov edi, OTHER
        mov ecx, other_end
        rep movsb
        PUT_APIC LAPIC_SVR, 0x1ff
        PUT_APIC LAPIC_ICR, 0xc4500
        mov ecx, 1000000
.init:  loop .init
        PUT_APIC LAPIC_ICR, 0xc4600 | OTHER >> 12
.others:
        pause
        cmp dword [OTHER + counted], N_CPUS - 1
        jne .others
        CHECK [OTHER + ids], 0x76
        CHECK [OTHER + mismatches], 0

        TEST "the 8254's ticks arrive at its pin"
        PUT_APIC LAPIC_SVR, 0x1ff
        mov byte [eoi_to], EOI_TO_APIC
        movzx ecx, byte [pins]
        lea ecx, [ecx * 2 + 0x10]
        mov eax, IOAPIC
        inc ecx
        mov [eax], ecx
        mov dword [eax + 16], 0         ; processor 0
        dec ecx
        mov [eax], ecx
        mov dword [eax + 16], 0x40      ; edge, vector 40h
        mov al, 0x34
        out 0x43, al
        xor al, al
        out 0x40, al
        mov al, 0x10
        out 0x40, al
        sti
.tick:  hlt
        cmp dword [irq_count + 4 * 0x40], 3
        jb .tick
        cli
        END

; The sum of ECX bytes at ESI: in EAX.
sum:    push esi
        xor eax, eax
.byte:  add al, [esi]
        inc esi
        loop .byte
        pop esi
        ret

section .data
isa_bus         dd -1
listed          dd 0
pins            times 16 db 0xff

; The other processors, in big real mode for the sake of the APIC.
section other follows=.data vstart=0 align=16
bits 16
        cli
        mov ax, OTHER >> 4
        mov ds, ax
        o32 lgdt [flat_pointer]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        mov bx, 8
        mov es, bx
        and al, 0xfe
        mov cr0, eax
        mov esi, LAPIC + LAPIC_ID
        mov edi, [es:esi]
        shr edi, 24
        lock bts [ids], edi
        mov eax, 1
        cpuid
        shr ebx, 24
        cmp ebx, edi
        jne .wrong
        mov eax, 0x0b
        xor ecx, ecx
        cpuid
        cmp edx, edi
        je .right
.wrong: lock inc dword [mismatches]
.right: lock inc dword [counted]
.stop:  hlt
        jmp .stop
        align 8
flat    dq 0, 0x00cf93000000ffff
flat_pointer:
        dw 15
        dd OTHER + flat
ids     dd 0
counted dd 0
mismatches:
        dd 0
other_end:
