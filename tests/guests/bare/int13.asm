; SPDX-License-Identifier: GPL-3.0-or-later
; A boot sector that asks the firmware for the geometry of the disk it came from, reads the last sector
; which that reaches, and writes to the first serial port in hexadecimal: last cylinder, last head,
; sectors a track, the status of the read.
        org 0x7c00
        bits 16

COM1            equ 0x3f8
TEST_EXIT       equ 0xf4

start:  xor ax, ax
        mov ds, ax
        mov ss, ax
        mov sp, 0x7c00
        mov [drive], dl
        mov ah, 8                       ; GET DRIVE PARAMETERS
        xor di, di
        mov es, di
        int 0x13
        mov [head], dh
        mov [sector], cx
        mov al, ch
        mov ah, cl
        shr ah, 6
        call put_word
        movzx ax, byte [head]
        call put_word
        mov ax, [sector]
        and ax, 63
        call put_word
        mov ax, 0x0201                  ; READ SECTORS: one
        mov cx, [sector]
        mov dh, [head]
        mov dl, [drive]
        xor bx, bx
        mov es, bx
        mov bx, 0x8000
        int 0x13
        movzx ax, ah
        call put_word
        mov al, 10
        call put
        mov al, 0x10
        out TEST_EXIT, al
.end:   hlt
        jmp .end

; AX in four digits and a space
put_word:
        mov cx, 4
.digit: rol ax, 4
        push ax
        and al, 15
        cmp al, 10
        sbb al, 0x69
        das
        call put
        pop ax
        loop .digit
        mov al, ' '
put:    push ax
        mov dx, COM1 + 5
.wait:  in al, dx
        test al, 0x20
        jz .wait
        pop ax
        mov dx, COM1
        out dx, al
        ret

drive   db 0
head    db 0
sector  dw 0
        times 510 - ($ - $$) db 0
        dw 0xaa55
