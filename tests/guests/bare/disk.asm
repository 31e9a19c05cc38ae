; SPDX-License-Identifier: GPL-3.0-or-later
; Writes the beginning of the primary master by WRITE MULTIPLE, flushes it and reads it back. Each dword is
; its own number on the disk, times a constant. The drive may take as long as it likes.
%define MODE 32
%include "bare.inc"

SECTORS         equ 4096
AT_ONCE         equ 128                 ; sectors a command
BLOCK           equ 16                  ; sectors a DRQ: what SET MULTIPLE MODE asks for
MIX             equ 2654435761
BUFFER          equ FREE
FAULTY          equ 0x21                ; DF, ERR

READ_MULTIPLE   equ 0xc4
WRITE_MULTIPLE  equ 0xc5
SET_MULTIPLE    equ 0xc6
FLUSH_CACHE     equ 0xe7

main:   mov dx, 0x3f6
        mov al, 2                       ; no interrupts
        out dx, al
        mov ecx, BLOCK
        xor ebx, ebx
        mov al, SET_MULTIPLE
        call command
        call wait_drive

        TEST "what is written is taken"
        xor ebx, ebx
.write: mov ecx, AT_ONCE
        mov al, WRITE_MULTIPLE
        call command
        mov ebp, AT_ONCE / BLOCK
.block: call wait_drive
        test al, FAULTY
        jnz .refused
        call fill
        mov esi, BUFFER
        mov ecx, BLOCK * 128
        mov dx, 0x1f0
        rep outsd
        add ebx, BLOCK
        dec ebp
        jnz .block
        call wait_drive
        test al, FAULTY
        jnz .refused
        cmp ebx, SECTORS
        jb .write
.refused:
        movzx eax, al
        and eax, FAULTY
        CHECK eax, 0

        TEST "and kept"
        xor ebx, ebx
        mov al, FLUSH_CACHE
        call command
        call wait_drive
        and eax, FAULTY
        CHECK eax, 0

        TEST "and read again"
        xor ebx, ebx
        xor edi, edi                    ; dwords that differ
.read:  mov ecx, BLOCK
        mov al, READ_MULTIPLE
        call command
        call wait_drive
        push edi
        mov edi, BUFFER
        mov ecx, BLOCK * 128
        mov dx, 0x1f0
        rep insd
        pop edi
        call compare
        add ebx, BLOCK
        cmp ebx, SECTORS
        jb .read
        CHECK edi, 0
        END

; AL: command; EBX: sector, ECX: how many
command:
        push eax
        call wait_drive
        mov dx, 0x1f2
        mov al, cl
        out dx, al
        inc edx
        mov eax, ebx
        out dx, al
        inc edx
        shr eax, 8
        out dx, al
        inc edx
        shr eax, 8
        out dx, al
        inc edx
        mov al, 0xe0
        out dx, al
        inc edx
        pop eax
        out dx, al
        ret

; EAX: Status, once the drive is not busy
wait_drive:
        mov dx, 0x1f7
        xor eax, eax
.again: in al, dx
        test al, 0x80
        jnz .again
        ret

; BLOCK sectors from EBX on into the buffer, or what is there compared with them
fill:   mov edi, BUFFER
        mov ecx, BLOCK * 128
        mov esi, ebx
        shl esi, 7
.next:  imul eax, esi, MIX
        stosd
        inc esi
        loop .next
        ret
compare:
        mov edx, BUFFER
        mov ecx, BLOCK * 128
        mov esi, ebx
        shl esi, 7
.next:  imul eax, esi, MIX
        cmp [edx], eax
        je .same
        inc edi
.same:  add edx, 4
        inc esi
        loop .next
        ret
