; SPDX-License-Identifier: GPL-3.0-or-later
; Task switches by jump, call, interrupt, exception and return; double faults by task gate; what is wrong
; with a task's state; the I/O permission map. Intel SDM 3A, chapter 7, and volume 1, 19.5.2.
%define MODE 32
%include "bare.inc"

TASK            equ SPARE
ABSENT_TASK     equ SPARE + 8
SHORT_TASK      equ SPARE + 16
TASK16          equ SPARE + 24
LDT             equ SPARE + 32
HANDLER         equ SPARE + 56
STATE           equ FREE                ; of TASK
STATE16         equ FREE + 0x200
HANDLER_STATE   equ FREE + 0x300
LDT_AT          equ FREE + 0x400
TASK_STACK      equ FREE + 0x2000

; Fields of a 32-bit task's state.
S_LINK          equ 0x00
S_CR3           equ 0x1c
S_EIP           equ 0x20
S_EFLAGS        equ 0x24
S_EAX           equ 0x28
S_ESP           equ 0x38
S_ES            equ 0x48
S_CS            equ 0x4c
S_SS            equ 0x50
S_DS            equ 0x54
S_FS            equ 0x58
S_LDT           equ 0x60
S_TRAP          equ 0x64

NT              equ 1 << 14

%macro PREPARE 1                        ; where the task begins
        mov eax, %1
        call prepare
%endmacro
%macro TASK_GATE 1
        mov dword [IDT + (%1) * 8], TASK << 16
        mov dword [IDT + (%1) * 8 + 4], 0x8500
%endmacro
%macro TYPE_IS 2                        ; descriptor, type
        movzx ecx, byte [gdt + (%1) + 5]
        CHECK ecx, %2
%endmacro
; A field of the task's state that cannot be loaded: the switch is over then, and the exception comes within
; the new task, whose segments are good for nothing; so another task handles it.
%macro WRONG 4                          ; field, value, vector, error code
        mov eax, .never
        call prepare
        mov word [STATE + %1], %2
        mov dword [IDT + (%3) * 8], HANDLER << 16
        mov dword [IDT + (%3) * 8 + 4], 0x8500
        mov dword [seen_error], -1
        jmp TASK:0
        CHECK [seen_error], %4
        CHECK [HANDLER_STATE + S_LINK], TASK
        TYPE_IS TASK, 0x8b
        mov byte [gdt + TASK + 5], 0x89
        GATE %3, stub_ %+ %3
%endmacro

main:   DESCRIPTOR TASK, ((STATE & 0xffff) << 16) | 0x67, ((STATE >> 16) & 0xff) | 0x8900
        DESCRIPTOR ABSENT_TASK, ((STATE & 0xffff) << 16) | 0x67, ((STATE >> 16) & 0xff) | 0x0900
        DESCRIPTOR SHORT_TASK, ((STATE & 0xffff) << 16) | 0x66, ((STATE >> 16) & 0xff) | 0x8900
        DESCRIPTOR TASK16, ((STATE16 & 0xffff) << 16) | 0x2b, ((STATE16 >> 16) & 0xff) | 0x8100
        DESCRIPTOR LDT, ((LDT_AT & 0xffff) << 16) | 0xf, ((LDT_AT >> 16) & 0xff) | 0x8200
        mov dword [LDT_AT + 8], 0x0000ffff
        mov dword [LDT_AT + 12], 0x00cf9300

        TEST "JMP saves one task and loads the other"
        PREPARE jumped_to
        mov dword [STATE + S_EAX], 0x12345678
        mov dword [STATE + S_EFLAGS], 0x8d7
        mov word [STATE + S_LDT], LDT
        mov word [STATE + S_FS], 0x0c                   ; in the LDT
        mov ebx, 0x0badcafe
        mov ebp, esp
        clts
        jmp TASK:0
.jumped:
        CHECK ebx, 0x0badcafe
        CHECK esp, ebp
        CHECK [tss + S_EIP], .jumped
        CHECK [seen_ax], 0x12345678
        CHECK_BITS [seen_task_flags], 0xfffff, 0x8d7
        CHECK [seen_tr], TASK
        CHECK [seen_ldt], LDT
        CHECK_BITS [seen_cr0], 8, 8
        CHECK [seen_link], 0
        TYPE_IS TASK, 0x89
        TYPE_IS TSS, 0x8b
        str eax
        CHECK eax, TSS
        sldt eax
        CHECK eax, 0
        clts

        TEST "CALL nests a task, IRET returns"
        PREPARE called
        call TASK:0
        CHECK [STATE + S_LINK], TSS
        CHECK_BITS [seen_task_flags], NT, NT
        CHECK [seen_types], 0x8b8b
        TYPE_IS TASK, 0x89
        TYPE_IS TSS, 0x8b
        CHECK_BITS [STATE + S_EFLAGS], NT, 0            ; IRET leaves the task without NT
        pushfd
        pop ecx
        CHECK_BITS ecx, NT, 0
        CHECK [STATE + S_EIP], called.again
        mov dword [n_called], 0
        call TASK:0                                     ; goes on where it stopped
        CHECK [n_called], 1

        TEST "an interrupt through a task gate"
        PREPARE called
        TASK_GATE 0x80
        int 0x80
        CHECK_BITS [seen_task_flags], NT, NT
        TYPE_IS TASK, 0x89

        TEST "an exception through a task gate leaves its error code on the new stack"
        PREPARE excepted
        TASK_GATE 13
        mov dword [tss_after], .after
        mov ecx, 0x1238
        mov ds, ecx
.after: CHECK [seen_error], 0x1238
        CHECK [seen_stack], TASK_STACK - 4
        CHECK_BITS [seen_task_flags], NT, NT
        GATE 13, stub_13

        TEST "a double fault through a task gate"
        PREPARE excepted
        TASK_GATE 8
        mov byte [IDT + 13 * 8 + 5], 0
        mov dword [seen_error], -1
        mov dword [tss_after], .after8
        mov ecx, 0x1238
        mov ds, ecx
.after8:
        CHECK [seen_error], 0
        CHECK [seen_stack], TASK_STACK - 4
        GATE 13, stub_13
        GATE 8, stub_8

        TEST "tasks that cannot be switched to"
        PREPARE .never
        FAULTS 13, TSS, {jmp TSS:0}                     ; busy
        FAULTS 13, TSS, {call TSS:0}
        FAULTS 11, ABSENT_TASK, {jmp ABSENT_TASK:0}
        FAULTS 10, SHORT_TASK, {jmp SHORT_TASK:0}
        FAULTS 13, LDT, {jmp LDT:0}
        TRY
        pushfd
        or dword [esp], NT
        popfd
        mov word [tss], KERNEL_DATA
        iretd                                           ; back to no task
        CAUGHT 10, KERNEL_DATA
        TRY
        pushfd
        or dword [esp], NT
        popfd
        mov word [tss], TASK
        iretd                                           ; back to a task that is not busy
        CAUGHT 10, TASK
        mov word [tss], 0
        TYPE_IS TASK, 0x89
        TYPE_IS TSS, 0x8b

        TEST "a task whose state is wrong"
        DESCRIPTOR HANDLER, ((HANDLER_STATE & 0xffff) << 16) | 0x67, ((HANDLER_STATE >> 16) & 0xff) | 0x8900
        PREPARE handler
        mov esi, STATE
        mov edi, HANDLER_STATE
        mov ecx, 0x68 / 4
        rep movsd
        DESCRIPTOR SPARE + 40, 0x0000ffff, 0x00cf1300   ; data, not present
        WRONG S_LDT, KERNEL_DATA, 10, KERNEL_DATA
        WRONG S_DS, 0x1238, 10, 0x1238
        WRONG S_DS, SPARE + 40, 11, SPARE + 40
        WRONG S_ES, TSS, 10, TSS
        WRONG S_CS, KERNEL_DATA, 10, KERNEL_DATA
        WRONG S_CS, 0, 10, 0
        WRONG S_SS, KERNEL_CODE, 10, KERNEL_CODE
        WRONG S_SS, SPARE + 40, 12, SPARE + 40

        TEST "the trap bit of a task is a debug exception in it"
        PREPARE jumped_to
        mov word [STATE + S_TRAP], 1
        xor eax, eax
        mov dr6, eax
        FAULTS 1, 0, {jmp TASK:0}
        CHECK_BITS [seen_dr6], 1 << 15, 1 << 15
        CHECK [seen_ip], jumped_to                      ; before its first instruction
        call back_to_main
        xor eax, eax
        mov dr6, eax

        TEST "a task of the 80286"
        mov word [STATE16 + 14], jumped_to16 - BASE
        mov word [STATE16 + 16], 2
        mov word [STATE16 + 18], 0x5678
        mov word [STATE16 + 26], 0x1000
        mov word [STATE16 + 36], SPARE + 48
        mov word [STATE16 + 34], KERNEL_DATA
        mov word [STATE16 + 38], KERNEL_DATA
        mov word [STATE16 + 40], KERNEL_DATA
        DESCRIPTOR SPARE + 48, 0x0000ffff, 0x00009b10   ; code of 16 bits at BASE
        jmp TASK16:0
        CHECK_BITS [seen_ax], 0xffff, 0x5678
        CHECK [seen_tr], TASK16

        TEST "the I/O permission map"
        clts
        FAULTS 13, 0, {IN_USER user_in}
        mov byte [tss_map + 0x80 / 8], 0xfe
        FAULTS 6, 0, {IN_USER user_in}
        FAULTS 13, 0, {IN_USER user_in16}               ; needs 80h and 81h
        mov byte [tss_map + 0x80 / 8], 0xfc
        FAULTS 6, 0, {IN_USER user_in16}
        FAULTS 13, 0, {IN_USER user_in32}
        mov byte [tss_map + 0x80 / 8], 0xf0
        FAULTS 6, 0, {IN_USER user_in32}
        mov byte [tss_map + 8191], 0x7f
        FAULTS 6, 0, {IN_USER user_in_ffff}
        mov word [tss + 0x66], tss_end - tss            ; no map within the limit
        FAULTS 13, 0, {IN_USER user_in}
        mov word [tss + 0x66], tss_map - tss
        END
.never: ud2

prepare:                                ; EAX: EIP
        pushad
        mov edi, STATE
        mov ecx, 0x68 / 4
        mov edx, eax
        xor eax, eax
        rep stosd
        mov [STATE + S_EIP], edx
        mov dword [STATE + S_EFLAGS], 2
        mov dword [STATE + S_ESP], TASK_STACK
        mov dword [STATE + S_CS], KERNEL_CODE
        mov ecx, KERNEL_DATA
        mov [STATE + S_DS], ecx
        mov [STATE + S_ES], ecx
        mov [STATE + S_SS], ecx
        mov dword [STATE + S_TRAP], 0x680000
        popad
        ret

back_to_main:                           ; after a fault in the other task
        mov byte [gdt + TASK + 5], 0x89
        mov byte [gdt + TSS + 5], 0x89
        mov eax, TSS
        ltr ax
        xor eax, eax
        lldt ax
        mov fs, eax
        ret

jumped_to:
        mov [seen_ax], eax
        pushfd
        pop dword [seen_task_flags]
        str eax
        mov [seen_tr], eax
        sldt eax
        mov [seen_ldt], eax
        mov eax, cr0
        mov [seen_cr0], eax
        mov eax, [STATE + S_LINK]
        mov [seen_link], eax
        jmp TSS:0

called: pushfd
        pop dword [seen_task_flags]
        mov al, [gdt + TSS + 5]
        mov ah, [gdt + TASK + 5]
        movzx eax, ax
        mov [seen_types], eax
        iretd
.again: inc dword [n_called]
        iretd

handler:
        pop dword [seen_error]
        mov byte [gdt + TSS + 5], 0x89                  ; as the switch to the wrong task left it
        jmp TSS:0
        jmp handler

excepted:
        mov [seen_stack], esp
        pop dword [seen_error]
        pushfd
        pop dword [seen_task_flags]
        mov eax, [tss_after]
        mov [tss + S_EIP], eax
        iretd

bits 16
jumped_to16:
        mov [dword seen_ax], eax
        xor eax, eax
        str ax
        mov [dword seen_tr], eax
        jmp TSS:0
bits 32

user_in:
        in al, 0x80
        ud2
user_in16:
        in ax, 0x80
        ud2
user_in32:
        in eax, 0x80
        ud2
user_in_ffff:
        mov dx, 0xffff
        in al, dx
        ud2

section .data
        align 4
seen_ax         dd 0
seen_task_flags dd 0
seen_tr         dd 0
seen_ldt        dd 0
seen_cr0        dd 0
seen_link       dd 0
seen_types      dd 0
seen_error      dd 0
seen_stack      dd 0
n_called        dd 0
tss_after       dd 0
