; SPDX-License-Identifier: GPL-3.0-or-later
; Code that is written while it runs: by every kind of store, ahead of itself, through another address, by a
; device; and code where pages end.
%define MODE 64
%include "bare.inc"

CODE            equ FREE + 0x1000       ; a page that is written and run
PAGE            equ 0x40000000          ; another address of it
PT              equ FREE
OTHER           equ FREE + 0x3000
DMA             equ FREE + 0x4000

; RESULT value: the code gives it in EAX
%macro RESULT 1
        call rbx
        CHECK eax, %1
%endmacro
; PUT_CODE label: the routine up to label.end at CODE
%macro PUT_CODE 1
        mov esi, %1
        mov edi, CODE
        mov ecx, %1.end - %1
        rep movsb
%endmacro

main:   mov dword [PD + 0x1000], PT + 7
        mov qword [PT], CODE + 3
        mov qword [PT + 8], OTHER + 3
        mov ebx, CODE
        fninit

        TEST "every kind of store changes code"
        PUT_CODE give
        RESULT 1
        mov byte [CODE + 1], 2
        RESULT 2
        mov word [CODE + 1], 3
        RESULT 3
        mov dword [CODE + 1], 4
        RESULT 4
        mov rax, 0x90c300000005b8
        mov [CODE], rax
        RESULT 5
        inc byte [CODE + 1]
        RESULT 6
        lock add dword [CODE + 1], 1
        RESULT 7
        mov ecx, 8
        xchg [CODE + 1], ecx
        RESULT 8
        mov eax, 8
        mov ecx, 9
        lock cmpxchg [CODE + 1], ecx
        RESULT 9
        mov edi, CODE + 1
        mov al, 10
        stosb
        RESULT 10
        mov dword [OTHER], 0x0000000b
        mov esi, OTHER
        mov edi, CODE + 1
        movsd
        RESULT 11
        mov esi, OTHER
        mov edi, CODE + 1
        mov byte [OTHER], 12
        mov ecx, 4
        rep movsb
        RESULT 12
        mov rcx, rsp
        mov rsp, CODE + 8
        mov rax, 0x90c30000000db8
        push rax
        mov rsp, rcx
        RESULT 13
        mov eax, 14
        movd xmm0, eax
        movd [CODE + 1], xmm0
        RESULT 14
        mov rax, 0x90c30000000fb8
        movq xmm0, rax
        movups [CODE], xmm0
        RESULT 15
        mov dword [OTHER], 16
        fild dword [OTHER]
        fistp dword [CODE + 1]
        RESULT 16
        mov ecx, 1
        bts [CODE + 1], ecx
        RESULT 18
        mov dword [CODE + 1], 0xff
        sete [CODE + 1]
        movzx ecx, byte [CODE + 1]
        RESULT ecx
        mov eax, 20
        movnti [CODE + 1], eax
        RESULT 20

        TEST "a store through another address, and DMA"
        mov dword [PAGE + 1], 21
        RESULT 21
        mov ebx, PAGE
        RESULT 21
        mov dword [CODE + 1], 22
        RESULT 22
        mov ebx, CODE
        mov dword [DMA], 0x0a000000                     ; fw_cfg: select item 0 and read
        mov dword [DMA + 4], 0x01000000                 ; one byte
        mov dword [DMA + 8], 0
        mov eax, CODE + 1
        bswap eax
        mov [DMA + 12], eax
        mov dx, 0x514
        xor eax, eax
        out dx, eax
        mov dx, 0x518
        mov eax, DMA
        bswap eax
        out dx, eax
        RESULT "Q"

        TEST "the very next instruction"
        PUT_CODE next
        RESULT 5
        PUT_CODE next
        RESULT 5
        PUT_CODE loop_ahead
        RESULT 0x0f
        PUT_CODE overwrite_self
        RESULT 3
        PUT_CODE string_ahead
        RESULT 4

        TEST "a branch that changes its target, many times"
        PUT_CODE give
        mov r8d, 1000
.many:  mov [CODE + 1], r8d
        call rbx
        cmp eax, r8d
        jne .stale
        dec r8d
        jnz .many
.stale: CHECK r8d, 0

        TEST "data beside code in the same page is only data"
        PUT_CODE give
        mov dword [CODE + 1], 7
        mov r8d, 20000
.data:  inc dword [CODE + 0x800]
        mov [CODE + 8], r8d
        call rbx
        dec r8d
        jnz .data
        CHECK eax, 7

        TEST "data in the same line as code is only data"
        PUT_CODE counter
        mov r8d, 20000
.line:  call rbx
        inc dword [CODE + counter.other - counter]
        dec r8d
        jnz .line
        CHECK dword [CODE + counter.count - counter], 20000
        CHECK dword [CODE + counter.other - counter], 20000

        TEST "a store that reaches from data into code"
        PUT_CODE counter
        mov r8d, 1000
.reach: mov eax, r8d
        shl rax, 48
        or rax, 0x00b80000                      ; the last bytes of data, then mov eax, r8d's low half
        shl rax, 0
        mov dword [CODE + counter.second - counter - 2], 0x00b89090
        mov [CODE + counter.second - counter + 1], r8w
        lea rdx, [CODE + counter.second - counter]
        call rdx
        cmp eax, r8d
        jne .short
        call rbx
        dec r8d
        jnz .reach
.short: CHECK r8d, 0
        CHECK dword [CODE + counter.count - counter], 1000

        TEST "strings up to the first and from the last byte of code"
        PUT_CODE give
        RESULT 1
        mov edi, CODE + give.end - give
        mov ecx, 0x100
        mov al, 0x5a
        rep stosb
        RESULT 1
        CHECK dword [CODE + give.end - give + 0xfc], 0x5a5a5a5a
        mov dword [OTHER + 0x1fc], 0x12345678
        mov esi, OTHER + 0x1ff
        mov edi, CODE + give.end - give + 0x1ff
        mov ecx, 0x200
        std
        rep movsb                               ; down to the code
        cld
        RESULT 1
        CHECK dword [CODE + give.end - give + 0x1fc], 0x12345678
        mov edi, CODE + give.end - give + 0xff
        mov ecx, 0x104
        mov al, 0
        std
        rep stosb                               ; four bytes into it: RET and most of the number
        cld
        mov byte [CODE + give.end - give - 1], 0xc3
        RESULT 1
        mov word [CODE + 2], 0x0302
        RESULT 0x00030201

        TEST "an instruction in the middle of another"
        PUT_CODE overlap
        RESULT 0x03eb0201
        lea rbx, [rbx + 1]
        RESULT 0x02
        mov ebx, CODE
        RESULT 0x03eb0201

        TEST "code across two pages, each half written in turn"
        mov ebx, PAGE + 0xffe
        mov word [CODE + 0xffe], 0x01b8                 ; mov eax, imm32
        mov dword [OTHER], 0xc3000000
        RESULT 0x00000001
        mov byte [CODE + 0xfff], 2
        RESULT 0x00000002
        mov byte [OTHER + 2], 0x12
        RESULT 0x12000002
        mov qword [PT + 8], DMA + 3                     ; another second half
        invlpg [PAGE + 0x1000]
        mov dword [DMA], 0xc3340000
        RESULT 0x34000002
        mov qword [PT + 8], OTHER + 3
        invlpg [PAGE + 0x1000]
        RESULT 0x12000002

        TEST "code from the end of a page into its own start"
        mov qword [PT + 8], CODE + 3
        invlpg [PAGE + 0x1000]
        mov dword [CODE], 0xc3000000
        mov r8d, 100
.wrap:  mov [CODE], r8w
        mov ecx, r8d
        shl ecx, 16
        shr ecx, 8
        or ecx, 2
        RESULT ecx
        dec r8d
        jnz .wrap
        mov qword [PT + 8], OTHER + 3
        invlpg [PAGE + 0x1000]

        TEST "the same bytes mean something else in another mode"
        mov ebx, CODE
        mov dword [CODE], 0xc3c88b40                    ; rex mov ecx, eax; ret / inc eax; mov ecx, eax
        mov eax, 5
        mov ecx, 0
        call rbx
        CHECK ecx, 5
        push KERNEL_CODE
        push .compatible
        mov eax, 5
        mov r8, rsp
        o64 retf
bits 32
.compatible:
        call ebx
        jmp CODE64:.back
bits 64
.back:  CHECK ecx, 6
        mov eax, 5
        call rbx
        CHECK ecx, 5
        END

; Code to be copied; what it gives is in EAX.
give:   mov eax, 1
        ret
.end:
next:   mov byte [rel .there + 1], 5
.there: mov al, 4
        movzx eax, al
        mov byte [rel .there + 1], 4
        ret
.end:
loop_ahead:                             ; each pass changes the next one's ADD
        xor eax, eax
        mov ecx, 5
.pass:  mov [rel .there + 2], cl
.there: add eax, strict byte 0
        loop .pass
        ret
.end:
overwrite_self:                         ; the store's own bytes become something else
        mov eax, 1
        mov rcx, 0x9000401f0f02c083                     ; add eax, 2; nop of four bytes; nop
.store: mov [rel .store], rcx
        nop
        cmp eax, 3
        je .done
        jmp .store
.done:  ret
.end:
string_ahead:                           ; REP STOSB reaches the instructions behind it
        lea rdi, [rel .behind]
        mov ecx, 2
        mov al, 0x90
        rep stosb
.behind:
        jmp .wrong
        mov eax, 4
        ret
.wrong: mov eax, 5
        ret
.end:
counter:                                ; between its routines lies what they count in
        inc dword [rel .count]
        ret
.count: dd 0
.other: dd 0
        dw 0
.second:
        mov eax, 0
        ret
.end:
overlap:                                ; from its second byte on the immediate is MOV AL, 2; JMP
        db 0xb8, 0xb0, 0x02, 0xeb, 0x03
        mov al, 1
        ret
        movzx eax, al
        ret
.end:
