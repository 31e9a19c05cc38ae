; SPDX-License-Identifier: GPL-3.0-or-later
; The option ROM that starts a Linux kernel: it asks the firmware configuration device to copy the
; four parts to where linux-boot.c decided, and enters the kernel's real-mode code (16-bit protocol of
; Linux' Documentation/arch/x86/boot.rst). Plug and Play BIOS Specification 1.0A for the header.

SETUP_SEGMENT   equ 0x1000      ; as in linux-boot.c
STACK_POINTER   equ 0xe000
DMA_ACCESS      equ 0x7c00      ; scratch: nothing was loaded there
DMA_PORT        equ 0x514

section .rodata
global linux_boot_rom, linux_boot_rom_end, linux_boot_rom_parts
bits 16

linux_boot_rom:
start:
        db 0x55, 0xaa
        db (linux_boot_rom_end - start) / 512
        xor ax, ax              ; initialization: nothing to do
        retf
        times 0x1a - ($ - start) db 0
        dw pnp - start
        times 0x20 - ($ - start) db 0
pnp:
        db "$PnP"
        db 1                    ; structure revision
        db 2                    ; length in 16 bytes
        dw 0                    ; no further header
        db 0
        db 0                    ; checksum: filled in with that of the ROM
        dd 0                    ; device identifier
        dw 0                    ; manufacturer
        dw product - start
        db 2, 0, 0x80           ; a boot device
        db 0xe4                 ; device indicators: initial program load device
        dw 0                    ; no boot connection vector
        dw 0
        dw boot - start         ; bootstrap entry vector
        dw 0
        dw 0

product:
        db "Linux kernel", 0

boot:
        cli
        cld
        xor ax, ax
        mov es, ax
        mov ax, cs
        mov ds, ax
        mov si, linux_boot_rom_parts - start
        mov bx, 4
.part:
        mov di, DMA_ACCESS
        mov cx, 8
        rep movsw
        mov dx, DMA_PORT
        xor eax, eax
        out dx, eax             ; high half of the address
        mov dx, DMA_PORT + 4
        mov eax, DMA_ACCESS
        bswap eax
        out dx, eax             ; the copy is complete when this returns
        cmp dword [es:DMA_ACCESS], 0
        jne .failed
        dec bx
        jnz .part

        mov ax, SETUP_SEGMENT
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        mov sp, STACK_POINTER
        jmp SETUP_SEGMENT + 0x20:0

.failed:                        ; not enough memory: back to the BIOS, which tries the next device
        sti
        retf

        align 16, db 0
linux_boot_rom_parts:           ; four accesses of the fw_cfg specification
        times 4 * 16 db 0
        times 1023 - ($ - start) db 0
        db 0                    ; what makes the sum zero
linux_boot_rom_end:

section .note.GNU-stack noalloc noexec nowrite progbits
