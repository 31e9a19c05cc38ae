; SPDX-License-Identifier: GPL-3.0-or-later
; The option ROM that starts a Multiboot kernel: it has segments, modules and information copied to where
; multiboot.c decided, adds what only the BIOS knows of memory, and enters the kernel in 32-bit mode
; (Multiboot Specification 0.6.96, 3.2 "Machine state").
%include "boot-rom.inc"

INFO_SEGMENT    equ 0x1000      ; the information block, as in multiboot.c
MEM_LOWER       equ 4
MEM_UPPER       equ 8
MMAP_LENGTH     equ 44

MAP_SEGMENT     equ 0x1800      ; its memory map; behind it what is known before the block is there
MAP_END         equ 128 * 24
FOUND_LOWER     equ MAP_END
FOUND_UPPER     equ MAP_END + 4
SCRATCH         equ MAP_END + 16

BOOT_MAGIC      equ 0x2badb002
SMAP            equ 0x534d4150
CODE_SELECTOR   equ 8
DATA_SELECTOR   equ 16

section .rodata
global multiboot_rom, multiboot_rom_end, multiboot_rom_list
bits 16

multiboot_rom:
        BOOT_ROM_HEADER "Multiboot kernel"

boot:
        mov ax, MAP_SEGMENT     ; ask first: a kernel may take the place of the BIOS's stack
        mov es, ax
        int 0x12
        movzx eax, ax
        mov [es:FOUND_LOWER], eax
        mov dword [es:FOUND_UPPER], 0
        xor di, di
        xor ebx, ebx
.range:                         ; each: its size less these four bytes, then base, length and type
        push di
        add di, 4
        mov eax, 0xe820
        mov edx, SMAP
        mov ecx, 20
        int 0x15
        pop di
        jc .mapped
        cmp eax, SMAP
        jne .mapped
        mov dword [es:di], 20
        cmp dword [es:di + 20], 1
        jne .next
        cmp dword [es:di + 4], 0x100000
        jne .next
        cmp dword [es:di + 8], 0
        jne .next
        mov eax, [es:di + 12]
        shr eax, 10
        mov [es:FOUND_UPPER], eax
.next:
        add di, 24
        cmp di, MAP_END
        jae .mapped
        test ebx, ebx
        jnz .range
.mapped:
        movzx ebp, di
        BOOT_ROM_COPY MAP_SEGMENT, SCRATCH
        mov ax, INFO_SEGMENT
        mov fs, ax
        mov [fs:MMAP_LENGTH], ebp
        mov eax, [es:FOUND_LOWER]
        mov [fs:MEM_LOWER], eax
        mov eax, [es:FOUND_UPPER]
        mov [fs:MEM_UPPER], eax

        mov ax, cs
        movzx ebp, ax
        shl ebp, 4              ; where the ROM is
        lea eax, [ebp + gdt - start]
        mov word [es:SCRATCH], gdt_end - gdt - 1
        mov [es:SCRATCH + 2], eax
        o32 lgdt [es:SCRATCH]
        lea eax, [ebp + protected - start]
        mov [es:SCRATCH], eax
        mov word [es:SCRATCH + 4], CODE_SELECTOR
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp far dword [es:SCRATCH]

bits 32
protected:
        mov eax, DATA_SELECTOR
        mov ds, eax
        mov es, eax
        mov fs, eax
        mov gs, eax
        mov ss, eax
        mov eax, BOOT_MAGIC
        mov ebx, INFO_SEGMENT << 4
        jmp [ebp + list_entry - start]

        align 8, db 0
gdt:                            ; already accessed: nothing writes to ROM
        dq 0
        dq 0x00cf9b000000ffff
        dq 0x00cf93000000ffff
gdt_end:

        BOOT_ROM_LIST
multiboot_rom_list equ list
multiboot_rom_end equ boot_rom_end
