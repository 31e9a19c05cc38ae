; SPDX-License-Identifier: GPL-3.0-or-later
; A system that knows its manners: it locks the CD drive, the secondary master, by PREVENT ALLOW MEDIUM REMOVAL
; (SFF-8020i, 10.8.8), and switches the machine off when its power button is pressed (PIIX4 datasheet, 7.1).
%define MODE 32
%include "bare.inc"

PM_STATUS       equ 0x600               ; where the firmware has put it
PWRBTN_STS      equ 0x100
PM_CONTROL      equ 0x604
SOFT_OFF        equ 0x2000              ; SUS_EN, SUS_TYP 0
PACKET          equ 0xa0
SCREEN          equ 0xb8000

main:   mov dx, 0x376
        mov al, 2                       ; no interrupts
        out dx, al
.lock:  mov dx, 0x176
        mov al, 0xa0
        out dx, al
        inc dx
        mov al, PACKET
        out dx, al
        call wait_drive
        mov esi, prevent
        mov ecx, 6
        mov dx, 0x170
        rep outsw
        call wait_drive
        test al, 1                      ; at first it has news of its disc
        jnz .lock
        mov esi, locked
        mov edi, SCREEN
        mov ecx, 6
        rep movsw

.wait:  mov dx, PM_STATUS
        in ax, dx
        test ax, PWRBTN_STS
        jz .wait
        mov dx, PM_CONTROL
        mov ax, SOFT_OFF
        out dx, ax
.off:   hlt
        jmp .off

; AL: Status, once the drive is not busy
wait_drive:
        mov dx, 0x177
.again: in al, dx
        test al, 0x80
        jnz .again
        ret

section .data
locked  db "l", 7, "o", 7, "c", 7, "k", 7, "e", 7, "d", 7
prevent db 0x1e, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0
