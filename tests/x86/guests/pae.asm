; SPDX-License-Identifier: GPL-3.0-or-later
; PAE paging: the PDPTEs are loaded with CR3 and checked then; NX works without long mode.
%include "guest.inc"

PDPT  equ 0x100000
PD    equ 0x101000
PT    equ 0x102000
PAGE  equ 0x200000
OTHER equ 0x300000

main:
        mov edi, PDPT
        mov ecx, 0x4000 / 4
        xor eax, eax
        rep stosd
        mov dword [PDPT], PD + 1
        mov dword [PD], 0x83            ; 2 MiB, one to one
        mov dword [PD + 8], PT + 7
        mov dword [PT], OTHER + 3
        mov dword [PAGE], 0x1111
        mov dword [OTHER], 0x2222
        mov eax, PDPT
        mov cr3, eax
        mov eax, 0x20
        mov cr4, eax
        mov eax, cr0
        or eax, 0x80010000
        mov cr0, eax
        CHECK dword [PAGE], 0x2222
        FAULTS 14, 0, mov ebx, [OTHER]  ; not mapped
        CHECK dword [seen_cr2], OTHER
        CHECK dword [PT], OTHER + 0x23  ; accessed

; PDPTEs are not read again before CR3 is loaded.
        mov dword [PDPT], 0
        RUNS invlpg [PAGE]
        CHECK dword [PAGE], 0x2222
        mov dword [PDPT], PD + 3        ; a reserved bit
        mov eax, PDPT
        FAULTS 13, 0, mov cr3, eax
        CHECK dword [PAGE], 0x2222
        mov dword [PDPT], PD + 1
        RUNS mov cr3, eax

; NX is reserved until EFER has it.
        mov dword [PT + 4], 0x80000000
        invlpg [PAGE]
        FAULTS 14, 9, mov ebx, [PAGE]
        mov ecx, 0xc0000080
        rdmsr
        or eax, 0x800
        wrmsr
        RUNS mov ebx, [PAGE]
        mov eax, PAGE
        FAULTS 14, 0x11, jmp eax

        xor eax, eax
        jmp finish
