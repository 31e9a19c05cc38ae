; SPDX-License-Identifier: GPL-3.0-or-later
; A guest that makes the CPU's software do all it does with machine code: after a key, it writes and runs
; instructions in a thousand encodings, each in a routine of its own. Says "ready" and "done", each time it
; is started.
%define MODE 64
%include "bare.inc"

ROUTINES        equ 0x400000

%macro WAIT_KEY 0
%%wait: pause
        in al, 0x64
        test al, 1
        jz %%wait
        in al, 0x60
%endmacro

main:   PUT "ready", 10
        WAIT_KEY
        fninit
        mov edi, ROUTINES
        mov esi, shapes
.shape: xor ebp, ebp
.value: mov ebx, edi
        mov eax, [rsi]
        stosd                           ; the instruction, whose last byte is an immediate
        mov eax, ebp
        stosb
        mov al, 0xc3
        stosb
        call rbx
        inc ebp
        cmp ebp, 256
        jb .value
        add esi, 4
        cmp esi, shapes.end
        jb .shape
        mov ecx, 64                     ; x87: D8 C0 to D8 FF
        mov ebp, 0xc0d8
.x87:   mov ebx, edi
        mov eax, ebp
        stosw
        mov al, 0xc3
        stosb
        call rbx
        add ebp, 0x100
        loop .x87
        PUT "done", 10
        cli
        hlt
        jmp main
        END

        [section .data]
shapes: db 0x66, 0x0f, 0x70, 0xc1       ; pshufd xmm0, xmm1
        db 0xf2, 0x0f, 0x70, 0xca       ; pshuflw xmm1, xmm2
        db 0xf3, 0x0f, 0x70, 0xd3       ; pshufhw xmm2, xmm3
        db 0x66, 0x0f, 0xc6, 0xdc       ; shufpd xmm3, xmm4
.end:
