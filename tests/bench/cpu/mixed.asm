; SPDX-License-Identifier: GPL-3.0-or-later
; Code that shares pages, and lines, with what it stores to, as programs written in assembly by hand do:
; the benchmark's command "mixed". MODE is 32 or 64. Says "ready", waits for a byte on the serial line, and
; after each kernel says which it was.
%include "bare.inc"

PIXELS          equ 0x600000
OVERLAY         equ 0x500000

; AGAIN label, times: the label's loop, counted in a variable beside the code
%macro REPEAT 1
        mov dword [.left], %1
.again:
%endmacro
%macro AGAIN 0
        dec dword [.left]
        jnz .again
        ret
.left:  dd 0
%endmacro
%macro KERNEL 2                         ; letter, label
        call %2
        mov al, %1
        call put_char
%endmacro

main:   PUT "ready", 10
.wait:  mov dx, 0x3fd
        in al, dx
        test al, 1
        jz .wait
        mov dx, 0x3f8
        in al, dx
        KERNEL "p", page
        KERNEL "l", nearby
        KERNEL "d", draw
        KERNEL "s", schedule
        KERNEL "i", immediates
        KERNEL "o", overlays
        KERNEL "f", apart
        END

; Variables in the page of the code, lines away.
        align 4096
page:   REPEAT 200000
        mov eax, [.sum]
        add eax, [.step]
        mov [.sum], eax
        inc dword [.count]
        xor [.mixed], eax
        AGAIN
        align 256
.sum:   dd 0
.step:  dd 3
.count: dd 0
.mixed: dd 0

; Variables right behind the routines that use them.
        align 4096
nearby: REPEAT 100000
        call .first
        call .second
        call .third
        AGAIN
.first: mov eax, [.a]
        lea eax, [xAX + xAX * 4 + 1]
        mov [.a], eax
        ret
.a:     dd 1
.second:
        mov ecx, [.a]
        shr ecx, 3
        mov [.b], ecx
        add [.b + 4], ecx
        ret
.b:     dd 0, 0
.third: push xAX
        mov eax, [.b]
        cmp eax, [.b + 4]
        jb .less
        mov [.c], al
.less:  inc word [.c + 2]
        pop xAX
        ret
.c:     dd 0

; Rectangles: the caller, in another page, leaves place, size and colour beside the code.
        align 4096
draw:   REPEAT 2000
        mov eax, [.left]
        and eax, 255
        mov [rectangle.x], eax
        mov [rectangle.y], eax
        mov dword [rectangle.width], 40
        mov dword [rectangle.height], 20
        mov [rectangle.colour], eax
        call rectangle
        AGAIN
        align 4096
rectangle:
        mov eax, [.y]
        shl eax, 12
        mov ecx, [.x]
        lea eax, [xAX + xCX * 4 + PIXELS]
        mov [.row], eax
        mov eax, [.height]
        mov [.rows], eax
.next:  mov edi, [.row]
        mov ecx, [.width]
        mov eax, [.colour]
.pixel: mov [xDI], eax
        add xDI, 4
        dec ecx
        jnz .pixel
        add dword [.row], 4096
        dec dword [.rows]
        jnz .next
        ret
.x:     dd 0
.y:     dd 0
.width: dd 0
.height:
        dd 0
.colour:
        dd 0
.row:   dd 0
.rows:  dd 0

; Tasks in turn, with all there is to know of them among the code.
        align 4096
schedule:
        REPEAT 100000
        mov eax, [.current]
        inc dword [.tasks + xAX * 8 + 4]
        inc eax
        and eax, 3
        mov [.current], eax
        add dword [.ticks], 1
        mov eax, [.tasks + xAX * 8]
        jmp xAX
.ticks: dd 0
.current:
        dd 0
.one:   mov byte [.flag], 1
        jmp .end
.two:   mov byte [.flag], 0
        jmp .end
.flag:  dd 0
.three: mov [.saved], eax
.end:   AGAIN
.saved: dd 0
.tasks: dd .one, 0, .two, 0, .three, 0, .end, 0

; Immediates that are written before a loop over a row: a colour, and how far to go.
        align 4096
immediates:
        REPEAT 4000
        mov eax, [.left]
        mov [.colour + 1], eax
        and eax, 4
        add eax, 4
        mov [.step + 2], al
        mov edi, PIXELS
        mov ecx, 64
.colour:
        mov eax, 0
.pixel: mov [xDI], eax
.step:  add edi, byte 4
        dec ecx
        jnz .pixel
        AGAIN

; One of two routines is loaded where the other was, and run for a while.
        align 4096
overlays:
        REPEAT 2000
        mov esi, .even
        test dword [.left], 1
        jz .load
        mov esi, .odd
.load:  mov edi, OVERLAY
        mov ecx, .odd - .even
        rep movsb
        mov dword [.runs], 50
.run:   mov ebx, OVERLAY
        call xBX
        dec dword [.runs]
        jnz .run
        AGAIN
.runs:  dd 0
.even:  mov eax, 1
        mov ecx, 20
.e:     add eax, ecx
        loop .e
        ret
.odd:   mov eax, 2
        mov ecx, 20
.o:     sub eax, ecx
        loop .o
        ret

; Stores to a page of code from another one.
        align 4096
apart:  REPEAT 200000
        mov eax, [.left]
        mov [target.number], eax
        add [target.sum], eax
        call target
        AGAIN
        align 4096
target: mov eax, [.number]
        test eax, 1
        jz .even
        inc dword [.odd]
.even:  ret
.number:
        dd 0
.sum:   dd 0
.odd:   dd 0
