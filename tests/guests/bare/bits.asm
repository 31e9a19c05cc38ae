; SPDX-License-Identifier: GPL-3.0-or-later
; Bit strings in memory: the register's number may lead far before and behind the address. Intel SDM 2, BT.
%define MODE 64
%include "bare.inc"

STRING          equ FREE + 0x2000

; AT instruction, register, bit's number, dword that holds the bit, before, after, CF: other flags stay
%macro AT 7
        mov dword [STRING + (%4)], %5
        mov rbx, STRING
        mov %2, %3
        cmp ebx, ebx                                    ; ZF, and no CF
%if %7 == 0
        stc
%endif
        %1
        setc cl
        setz ch
        CHECK [STRING + (%4)], %6
        movzx ecx, cx
        CHECK ecx, 0x100 + (%7)
%endmacro

main:   TEST "numbers inside of the operand"
        AT {bt [rbx], edx}, edx, 5, 0, 0x20, 0x20, 1
        AT {bt [rbx], edx}, edx, 6, 0, 0x20, 0x20, 0
        AT {bts [rbx], edx}, edx, 31, 0, 1, 0x80000001, 0
        AT {btr [rbx], edx}, edx, 0, 0, 3, 2, 1
        AT {btc [rbx], edx}, edx, 1, 0, 3, 1, 1
        AT {btc [rbx], edx}, edx, 4, 0, 3, 0x13, 0

        TEST "and far away, both ways"
        AT {bts dword [rbx], edx}, edx, 32 * 100 + 3, 400, 0, 8, 0
        AT {btr dword [rbx], edx}, edx, -1, -4, -1, 0x7fffffff, 1
        AT {btc dword [rbx], edx}, edx, -32 * 100, -400, 0, 1, 0
        AT {bts [rbx + 8], rdx}, rdx, 64 * 30 + 33, 252, 0, 2, 0
        AT {btr [rbx + 8], rdx}, rdx, -64, 0, -1, -2, 1
        AT {bts word [rbx], dx}, edx, 16 * 20 + 1, 40, 0, 2, 0
        AT {bts word [rbx], dx}, edx, 0x7fffffff, -4, 0, 0x80000000, 0 ; 16 bits count
        AT {bt qword [rbx], rdx}, rdx, 64 * 100 + 1, 800, 2, 2, 1

        TEST "with every kind of register and address"
        AT {bts [rbx], r10}, r10, 64 * 5, 40, 0, 1, 0
        AT {btr [rbx], r11d}, r11d, 32 * 5, 20, -1, -2, 1
        AT {btc [rbx], r15}, r15, 64 * 5 + 1, 40, 0, 2, 0
        AT {btc [rbx], rbx}, rdx, 0, (STRING >> 6) * 8, 1 << (STRING & 31), 0, 1
        AT {bts [STRING], rdx}, rdx, 64, 8, 0, 1, 0
        mov r11, STRING
        mov r15d, 4
        AT {bts [r11 + r15 * 8 + 8], r10d}, r10d, 32, 44, 0, 1, 0
        AT {bts [ebx], edx}, edx, -32, -4, 0, 1, 0
        mov r9, rsp
        mov rsp, STRING + 0x800
        bts qword [rsp], rdx
        mov rsp, r9

        TEST "locked"
        AT {lock bts [rbx], edx}, edx, 32 * 9 + 2, 36, 0, 4, 0
        AT {lock btr [rbx], r10}, r10, 64 * 9, 72, 1, 0, 1
        AT {lock btc [rbx], r15d}, r15d, -31, -4, 0, 2, 0

        TEST "the page of the bit is what counts, not that of the address"
        mov dword [PD + 0x1000], FREE + 3               ; 1 GiB: a page table
        mov dword [FREE], STRING + 3
        mov dword [FREE + 8], 0
        mov rbx, 0x40000000
        mov dword [STRING + 0xffc], 0
        mov edx, 0x1000 * 8
        FAULTS 14, 0, {bt [rbx], edx}
        CHECK [seen_cr2], 0x40001000
        FAULTS 14, 2, {bts [rbx], edx}
        dec edx
        bts [rbx], edx
        CHECK [STRING + 0xffc], 0x80000000
        add rbx, 0x1000
        mov rdx, -1
        btr [rbx], rdx
        CHECK [STRING + 0xffc], 0
        END
