; SPDX-License-Identifier: GPL-3.0-or-later
; What a kernel finds when it starts: the processor's state and the Multiboot information. Run with two
; modules, “one” and “two”, each this kernel's own file, and the command line “first second”.
%define MODE 32
%include "bare.inc"

BOOT_MAGIC      equ 0x2badb002
FLAGS           equ 0
MEM_LOWER       equ 4
MEM_UPPER       equ 8
CMDLINE         equ 16
MODS_COUNT      equ 20
MODS_ADDR       equ 24
MMAP_LENGTH     equ 44
MMAP_ADDR       equ 48
LOADER_NAME     equ 64

; ENDS_WITH string at EDI, text
%macro ENDS_WITH 1
        [section .data]
%%text: db %1
%%length equ $ - %%text
        db 0
        __?SECT?__
        push edi
        mov ecx, -1
        xor eax, eax
        repne scasb
        lea edi, [edi - 1 - %%length]
        mov esi, %%text
        mov ecx, %%length + 1
        repe cmpsb
        sete al
        movzx ecx, al
        pop edi
        CHECK ecx, 1
%endmacro

main:   mov ebp, [boot_info]

        TEST "machine state at the entry"
        CHECK [entry_magic], BOOT_MAGIC
        mov eax, cr0
        CHECK_BITS eax, 0x80000001, 1
        mov byte [0x50000], 1
        mov byte [0x150000], 2
        CHECK_BITS [0x50000], 0xff, 1                   ; A20 is open

        TEST "flags, sizes of memory"
        CHECK_BITS [ebp + FLAGS], 0x24d, 0x24d
        CHECK [ebp + MEM_LOWER], 639
        mov ebx, [ebp + MEM_UPPER]
        CHECK_BITS ebx, 0xffff8000, 0x8000              ; of 64 MiB, less 1 MiB and the firmware's
        mov edi, [ebp + LOADER_NAME]
        ENDS_WITH "Guesthouse"

        TEST "command line"
        mov edi, [ebp + CMDLINE]
        ENDS_WITH "multiboot.bin first second"

        TEST "modules are on pages of their own, with their strings"
        CHECK [ebp + MODS_COUNT], 2
        mov ebx, [ebp + MODS_ADDR]
        mov edi, [ebx + 8]
        ENDS_WITH "multiboot.bin one"
        mov edi, [ebx + 24]
        ENDS_WITH "multiboot.bin two"
        CHECK_BITS [ebx], 0xfff, 0
        CHECK_BITS [ebx + 16], 0xfff, 0
        call is_this_kernel
        add ebx, 16
        call is_this_kernel

        TEST "memory map: RAM up to the reserved top, nothing twice"
        mov esi, [ebp + MMAP_ADDR]
        mov ecx, esi
        add ecx, [ebp + MMAP_LENGTH]
        xor ebx, ebx                                    ; RAM in KiB
        xor edi, edi                                    ; bit 0: the kernel's place is RAM
.range: CHECK [esi], 20
        CHECK [esi + 8], 0
        cmp dword [esi + 20], 1
        jne .next
        mov eax, [esi + 12]
        shr eax, 10
        add ebx, eax
        cmp dword [esi + 4], BASE
        jne .next
        mov edi, [esi + 12]
        shr edi, 10
.next:  add esi, 24
        cmp esi, ecx
        jae .all
        cmp dword [esi + 8], 0                          ; what follows may lie above 4 GiB
        je .range
.all:   CHECK edi, [ebp + MEM_UPPER]
        add edi, [ebp + MEM_LOWER]
        CHECK ebx, edi
        END

; The module at EBX begins with this file's bytes, and is as long.
is_this_kernel:
        mov esi, [ebx]
        mov edi, BASE
        mov ecx, 16
        repe cmpsb
        sete al
        movzx ecx, al
        CHECK ecx, 1
        mov ecx, [ebx + 4]
        sub ecx, [ebx]
        CHECK ecx, file_end - BASE
        ret

section .last follows=.data align=1
file_end:
section .text
