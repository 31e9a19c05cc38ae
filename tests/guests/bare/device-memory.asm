; SPDX-License-Identifier: GPL-3.0-or-later
; Every kind of access to a device's memory, here the text screen's. Hypervisors run such instructions
; one by one, in software, and not all of them.
%define MODE 64
%include "bare.inc"

SCREEN          equ 0xb8000 + 0x100
DATA            equ FREE + 0x2000

; HOLDS low, high: the two dwords on the screen
%macro HOLDS 2
        CHECK [SCREEN], %1
        CHECK [SCREEN + 4], %2
%endmacro

main:   mov rbx, SCREEN
        mov dword [DATA], 0x11223344
        mov dword [DATA + 4], 0x55667788
        mov dword [DATA + 8], 0x99aabbcc
        mov dword [DATA + 12], 0xddeeff00

        TEST "moves, and arithmetic there"
        mov rdx, [DATA]
        mov [rbx], rdx
        HOLDS 0x11223344, 0x55667788
        add dword [rbx], 0x10
        lock dec byte [rbx + 4]
        HOLDS 0x11223354, 0x55667787
        mov edx, 7
        xchg [rbx], edx
        CHECK edx, 0x11223354
        HOLDS 7, 0x55667787
        bts dword [rbx], 31
        HOLDS 0x80000007, 0x55667787

        TEST "strings and the stack"
        mov rsi, DATA
        mov rdi, SCREEN
        mov ecx, 2
        rep movsd
        HOLDS 0x11223344, 0x55667788
        push qword [DATA + 8]
        pop qword [rbx]
        HOLDS 0x99aabbcc, 0xddeeff00

        TEST "x87"
        fninit
        fld1
        fst qword [rbx]
        HOLDS 0, 0x3ff00000
        fadd qword [rbx]
        fstp dword [rbx]
        CHECK [rbx], 0x40000000
        fild qword [DATA]
        fistp qword [rbx]
        HOLDS 0x11223344, 0x55667788

        TEST "MMX and SSE"
        SET_CR4 9
        movq mm0, [DATA + 8]
        movq [rbx], mm0
        HOLDS 0x99aabbcc, 0xddeeff00
        emms
        movups xmm1, [DATA]
        movaps [rbx], xmm1
        HOLDS 0x11223344, 0x55667788
        CHECK [SCREEN + 12], 0xddeeff00
        movhps [rbx], xmm1
        HOLDS 0x99aabbcc, 0xddeeff00
        movups xmm2, [rbx]
        paddd xmm2, [rbx]
        movd [rbx], xmm2
        CHECK [rbx], 0x33557798
        END
