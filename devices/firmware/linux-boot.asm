; SPDX-License-Identifier: GPL-3.0-or-later
; The option ROM that starts a Linux kernel: it has its parts copied to where linux-boot.c decided, and
; enters the kernel's real-mode code (16-bit protocol of Linux' Documentation/arch/x86/boot.rst).
%include "boot-rom.inc"

SETUP_SEGMENT   equ 0x1000      ; as in linux-boot.c
STACK_POINTER   equ 0xe000
SCRATCH         equ 0x7c00      ; nothing was loaded there

section .rodata
global linux_boot_rom, linux_boot_rom_end, linux_boot_rom_list
bits 16

linux_boot_rom:
        BOOT_ROM_HEADER "Linux kernel"

boot:
        BOOT_ROM_COPY 0, SCRATCH
        mov ax, SETUP_SEGMENT
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        mov sp, STACK_POINTER
        jmp SETUP_SEGMENT + 0x20:0

        BOOT_ROM_LIST
linux_boot_rom_list equ list
linux_boot_rom_end equ boot_rom_end
