; SPDX-License-Identifier: GPL-3.0-or-later
; Prints each byte that the keyboard sends. The last letter of the command line: c lights the Caps Lock lamp
; first; m turns the mouse on, whose bytes are printed, too; n reads nothing.
%define MODE 32
%include "bare.inc"

CMDLINE         equ 16

main:   mov ebp, [boot_info]
        mov edi, [ebp + CMDLINE]
        mov ecx, -1
        xor eax, eax
        repne scasb
        mov bl, [edi - 2]
        cmp bl, "c"
        jne .no_lamp
        mov al, 0xed
        call tell
        mov al, 4
        call tell
.no_lamp:
        cmp bl, "m"
        jne .on
        mov al, 0xd4                    ; what comes next is for the mouse
        out 0x64, al
        mov al, 0xf4
        call tell
.on:    PUT "ready", 10
        cmp bl, "n"
        je .rest
.next:  call get
        ror al, 4
        call put_digit
        ror al, 4
        call put_digit
        mov al, " "
        call put_char
        jmp .next
.rest:  hlt
        jmp .rest

get:    in al, 0x64                     ; a byte: AL
        test al, 1
        jz get
        in al, 0x60
        ret

tell:   out 0x60, al                    ; AL, and its acknowledgement
        call get
        ret
