; SPDX-License-Identifier: GPL-3.0-or-later
; 32-bit paging and PAE paging: sizes, rights, accessed and dirty bits, what PAE keeps of its first table.
; Intel SDM 3A, 4.3 and 4.4.
%define MODE 32
%include "bare.inc"

P               equ 1
W               equ 2
U               equ 4
A               equ 0x20
D               equ 0x40
PS              equ 0x80
G               equ 0x100

E_P             equ 1
E_W             equ 2
E_U             equ 4
E_RSVD          equ 8
E_I             equ 16

; 32-bit: the first 16 MiB are 4 MiB pages, mapped one to one; PAGE belongs to the tests.
PAGE            equ 0x40000000
DIRECTORY       equ FREE
TABLE           equ FREE + 0x1000
FRAME           equ FREE + 0x2000
FRAME2          equ FREE + 0x3000
PAE_POINTERS    equ FREE + 0x4000
PAE_DIRECTORY   equ FREE + 0x5000       ; of the first GiB
PAE_DIRECTORY2  equ FREE + 0x6000       ; of the second
PAE_TABLE       equ FREE + 0x7000
PDE             equ DIRECTORY + (PAGE >> 22) * 4

%macro SET 2
        mov dword [%1], %2
        invlpg [PAGE]
%endmacro
%macro SET64 3                          ; low half, high half
        mov dword [%1], %2
        mov dword [%1 + 4], %3
        invlpg [PAGE]
%endmacro
%macro RELOAD 0
        mov eax, cr3
        mov cr3, eax
%endmacro

main:   mov dword [FRAME], 0x11111111
        mov dword [FRAME2], 0x22222222
        mov byte [FRAME + 8], 0xc3
        mov edi, DIRECTORY
        mov eax, P | W | U | PS
.pde:   stosd
        add eax, 0x400000
        cmp eax, 0x1000000
        jb .pde
        mov dword [PDE], TABLE + P + W + U
        mov dword [TABLE], FRAME + P + W
        mov dword [TABLE + 4], FRAME2 + P + W
        mov eax, cr4
        or eax, 1 << 4                                  ; PSE
        mov cr4, eax
        mov eax, DIRECTORY
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80010000                              ; PG, WP
        mov cr0, eax

        TEST "32-bit paging: pages of 4 KiB"
        CHECK [PAGE], 0x11111111
        CHECK_BITS [TABLE], A | D, A
        CHECK_BITS [PDE], A | D, A
        mov dword [PAGE + 4], 1
        CHECK_BITS [TABLE], A | D, A | D
        SET TABLE, 0
        FAULTS 14, 0, {mov ecx, [PAGE]}
        FAULTS 14, E_W, {mov [PAGE], ecx}
        CHECK [seen_cr2], PAGE
        SET TABLE, FRAME + P
        FAULTS 14, E_P + E_W, {mov [PAGE], ecx}
        mov ebx, PAGE + 8
        RUNS {call ebx}                                 ; no NX here

        TEST "32-bit paging: user pages"
        SET TABLE, FRAME + P + W
        FAULTS 14, E_P + E_U, {IN_USER user_read}
        SET TABLE, FRAME + P + U
        FAULTS 6, 0, {IN_USER user_read}
        FAULTS 14, E_P + E_U + E_W, {IN_USER user_write}
        SET TABLE, FRAME + P + U + W
        FAULTS 6, 0, {IN_USER user_write}
        SET PDE, TABLE + P + W
        FAULTS 14, E_P + E_U, {IN_USER user_read}
        SET PDE, TABLE + P + W + U
        mov dword [FRAME], 0x11111111

        TEST "32-bit paging: without WP the kernel writes to all pages"
        SET TABLE, FRAME + P + U
        mov eax, cr0
        and eax, ~(1 << 16)
        mov cr0, eax
        RUNS {mov dword [PAGE], 0x33333333}
        FAULTS 14, E_P + E_U + E_W, {IN_USER user_write}
        mov eax, cr0
        or eax, 1 << 16
        mov cr0, eax
        mov dword [FRAME], 0x11111111

        TEST "32-bit paging: pages of 4 MiB"
        SET PDE, P + W + PS
        CHECK [PAGE + FRAME], 0x11111111
        CHECK_BITS [PDE], A | D, A
        mov dword [PAGE + FRAME + 4], 5
        CHECK_BITS [PDE], A | D, A | D
        SET PDE, P + W + PS + (1 << 21)                 ; reserved
        FAULTS 14, E_P + E_RSVD, {mov ecx, [PAGE]}
        mov eax, 1
        cpuid
        bt edx, 17
        jnc .no_pse36
        SET PDE, P + W + PS + (1 << 13)                 ; bit 32 of the address: nothing there
        RUNS {mov ecx, [PAGE + FRAME]}
        CHECK ecx, -1
.no_pse36:
        SET PDE, TABLE + P + W + U
        RELOAD

        TEST "32-bit paging: the top of the address space"
        mov dword [DIRECTORY + 4092], TABLE + P + W
        mov dword [TABLE + 4092], FRAME2 + P + W
        SET TABLE, FRAME + P + W
        CHECK [0xfffff000], 0x22222222
        mov dword [FRAME2 + 0xffc], 0x12345678
        CHECK [0xfffffffc], 0x12345678
        CHECK_BITS [0xfffffffe], 0xffff, 0x1234

        TEST "PAE: the pointers are loaded with CR3 and kept"
        mov edi, PAE_DIRECTORY
        mov eax, P | W | U | PS
.pae:   mov [edi], eax
        mov dword [edi + 4], 0
        add edi, 8
        add eax, 0x200000
        cmp eax, 0x1000000
        jb .pae
        mov dword [PAE_POINTERS], PAE_DIRECTORY + P
        mov dword [PAE_POINTERS + 8], PAE_DIRECTORY2 + P
        mov dword [PAE_DIRECTORY2], PAE_TABLE + P + W + U
        mov dword [PAE_TABLE], FRAME + P + W
        mov eax, cr0
        and eax, ~(1 << 31)
        mov cr0, eax
        mov eax, cr4
        or eax, 1 << 5
        mov cr4, eax
        mov eax, PAE_POINTERS
        mov cr3, eax
        mov ecx, 0xc0000080
        rdmsr
        or eax, 0x800                                   ; NXE
        wrmsr
        mov eax, cr0
        or eax, 1 << 31
        mov cr0, eax
        CHECK [PAGE], 0x11111111
        mov dword [PAE_POINTERS + 8], 0
        invlpg [PAGE]
        CHECK [PAGE], 0x11111111                        ; memory is not looked at
        RELOAD
        FAULTS 14, 0, {mov ecx, [PAGE]}
        mov dword [PAE_POINTERS + 8], PAE_DIRECTORY2 + P
        FAULTS 14, 0, {mov ecx, [PAGE]}
        RELOAD
        CHECK [PAGE], 0x11111111

        TEST "PAE: reserved bits of the pointers are refused with CR3"
        mov dword [PAE_POINTERS + 16], PAE_DIRECTORY2 + P + W
        mov ecx, PAE_POINTERS
        FAULTS 13, 0, {mov cr3, ecx}
        CHECK [PAGE], 0x11111111
        mov dword [PAE_POINTERS + 16], 0x1e6            ; not present: all is well
        RUNS {mov cr3, ecx}
        mov dword [PAE_POINTERS + 16], PAE_DIRECTORY2 + P
        mov dword [PAE_POINTERS + 20], 0x80000000
        FAULTS 13, 0, {mov cr3, ecx}
        mov dword [PAE_POINTERS + 16], 0
        mov dword [PAE_POINTERS + 20], 0

        TEST "PAE: no-execute, sizes, wide entries"
        mov ebx, PAGE + 8
        RUNS {call ebx}
        SET64 PAE_TABLE, FRAME + P + W, 0x80000000
        FAULTS 14, E_P + E_I, {call ebx}
        CHECK [PAGE], 0x11111111
        SET64 PAE_TABLE, FRAME + P + W, 0x40000000      ; bit 62 is reserved in PAE
        FAULTS 14, E_P + E_RSVD, {mov ecx, [PAGE]}
        SET64 PAE_DIRECTORY2, P + W + PS, 0
        CHECK [PAGE + FRAME], 0x11111111
        CHECK_BITS [PAE_DIRECTORY2], A | D, A
        SET64 PAE_DIRECTORY2, P + W + PS, 0x80000000
        lea ebx, [PAGE + FRAME + 8]
        FAULTS 14, E_P + E_I, {call ebx}
        SET64 PAE_DIRECTORY2, P + W + PS + 0x2000, 0
        FAULTS 14, E_P + E_RSVD, {mov ecx, [PAGE]}
        SET64 PAE_DIRECTORY2, PAE_TABLE + P + W + U, 0
        SET64 PAE_TABLE, FRAME + P + W, 1               ; above 4 GiB: nothing there
        CHECK [PAGE], -1
        SET64 PAE_TABLE, FRAME + P + W, 0

        TEST "long mode cannot be chosen while paging is on"
        mov ecx, 0xc0000080
        rdmsr
        or eax, 0x100
        FAULTS 13, 0, wrmsr
        END

user_read:
        mov eax, USER_DATA                              ; the kernel's was taken away
        mov ds, eax
        mov ecx, [PAGE]
        ud2
user_write:
        mov eax, USER_DATA
        mov ds, eax
        mov dword [PAGE], 0x600d
        ud2
