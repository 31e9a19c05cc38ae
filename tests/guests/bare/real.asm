; SPDX-License-Identifier: GPL-3.0-or-later
; Real mode, and virtual-8086 mode with and without its extensions. Intel SDM 3B, chapter 21.
%define MODE 32
%include "bare.inc"

REAL            equ 0x20000             ; where the 16-bit code runs, at the start of a segment
REAL_SEG             equ REAL >> 4
REAL_STACK      equ 0xfff0

CF              equ 1
IF              equ 1 << 9
IOPL3           equ 3 << 12
NT              equ 1 << 14
VM              equ 1 << 17
VIF             equ 1 << 19
VIP             equ 1 << 20

; IN_REAL label: runs that code of the section below in real mode until its jump to leave
%macro IN_REAL 1
        mov word [REAL + to_run], %1
        call enter_real
%endmacro

; IN_V86 label, flags: goes on there in virtual-8086 mode; with FAULTS around it, an exception comes back
%macro IN_V86 2
        push 0                          ; GS, FS, DS, ES
        push 0
        push REAL_SEG
        push REAL_SEG
        push REAL_SEG
        push REAL_STACK
        push VM | 2 | (%2)
        push REAL_SEG
        push %1
        iretd
%endmacro
; V86_STOPS label, flags, where: there the code is refused
%macro V86_STOPS 3
        FAULTS 13, 0, {IN_V86 %1, %2}
        CHECK [seen_ip], %3
%endmacro
; Where a label of the section below is in memory.
%define R(label) REAL + label

main:   DESCRIPTOR CODE16_REAL, (REAL & 0xffff) << 16 | 0xffff, 0x00009b00 | REAL >> 16
        DESCRIPTOR DATA16_REAL, (REAL & 0xffff) << 16 | 0xffff, 0x00009300 | REAL >> 16
        mov esi, section.real.start
        mov edi, REAL
        mov ecx, real_end
        rep movsb

        TEST "real mode: interrupts and exceptions through the table at 0"
        IN_REAL r_interrupts
        CHECK_BITS [R(saved)], 0xffff, r_interrupts.after
        CHECK_BITS [R(saved + 2)], 0xffff, REAL_SEG
        CHECK_BITS [R(saved + 4)], IF | CF, IF | CF     ; as pushed
        CHECK_BITS [R(saved + 6)], IF | CF, CF          ; within the handler
        CHECK_BITS [R(saved + 8)], 0xffff, r_interrupts.divide
        CHECK_BITS [R(saved + 10)], 0xffff, r_interrupts.bound
        CHECK_BITS [R(saved + 12)], 0xffff, r_interrupts.overflowed
        CHECK_BITS [R(saved + 14)], 0xffff, r_interrupts.undefined

        TEST "real mode: an offset past the segment's limit is interrupt 13 or 12"
        IN_REAL r_limits
        CHECK_BITS [R(saved)], 0xffff, r_limits.word
        CHECK_BITS [R(saved + 2)], 0xffff, r_limits.stack
        CHECK_BITS [R(saved + 4)], 0xffff, r_limits.wide
        CHECK_BITS [R(saved + 6)], 0xffff, 0x1234       ; 16-bit addresses wrap before

        TEST "real mode: what the 8086 did otherwise"
        IN_REAL r_differences
        CHECK_BITS [R(saved)], 0xffff, 0x1000           ; PUSH SP pushes the old value
        CHECK_BITS [R(saved + 2)], 0xffff, 2            ; shift counts have five bits
        CHECK_BITS [R(saved + 4)], 0xf000, 0x7000       ; FLAGS has IOPL and NT
        CHECK_BITS [R(saved + 6)], 0xffff, 0x0105       ; AAM
        CHECK_BITS [R(saved + 8)], 0xffff, 0x0015       ; AAD

        TEST "real mode: 32-bit operands and addresses, string instructions that wrap"
        IN_REAL r_wide
        CHECK [R(saved)], 0x12345678
        CHECK [R(saved + 4)], 0x00010001                ; SI, DI after wrapping
        CHECK [R(saved + 8)], 0x00025678

        TEST "real mode: big segments stay big after protected mode"
        IN_REAL r_unreal
        CHECK [R(saved)], 0x1badb002

        TEST "real mode: segment arithmetic past 1 MiB, with A20 open"
        IN_REAL r_above
        CHECK [R(saved)], 0x1badb002

        TEST "real mode: what is not for it"
        IN_REAL r_invalid
        CHECK_BITS [R(saved)], 0xffff, r_invalid.sldt
        CHECK_BITS [R(saved + 2)], 0xffff, r_invalid.str
        CHECK_BITS [R(saved + 4)], 0xffff, r_invalid.lar
        CHECK_BITS [R(saved + 6)], 0xffff, r_invalid.arpl

        TEST "virtual-8086 mode: segments, addresses, 32-bit operands"
        V86_STOPS v_plain, IOPL3, v_plain.end
        CHECK [R(saved)], 0x12345678
        CHECK_BITS [R(saved + 4)], 0xffff, REAL_SEG
        CHECK_BITS [R(saved + 6)], 0xffff, 0x2345
        CHECK_BITS [seen_flags], VM, VM
        CHECK [seen_cs], REAL_SEG

        TEST "virtual-8086 mode with IOPL 3: flags are its own, HLT is not"
        V86_STOPS v_flags, IOPL3, v_flags.hlt
        CHECK_BITS [R(saved)], IF | IOPL3, IOPL3
        CHECK_BITS [R(saved + 2)], IF | IOPL3, IF | IOPL3
        CHECK_BITS [R(saved + 4)], IOPL3, IOPL3         ; POPF does not change IOPL
        CHECK_BITS [seen_flags], IF, IF

        TEST "virtual-8086 mode with IOPL 0: what touches IF is refused"
        V86_STOPS v_cli, 0, v_cli
        V86_STOPS v_sti, 0, v_sti
        V86_STOPS v_pushf, 0, v_pushf
        V86_STOPS v_popf, 0, v_popf
        V86_STOPS v_int, 0, v_int
        V86_STOPS v_iret, 0, v_iret
        FAULTS 13, 0, {IN_V86 v_in, IOPL3}              ; ports are the map's, whatever IOPL
        GATE 3, stub_3, 0xee
        FAULTS 3, 0, {IN_V86 v_int3, 0}                 ; INT3 does not look at IOPL

        TEST "virtual-8086 mode: an interrupt needs a gate to ring 0"
        FAULTS 13, 0x80 * 8 + 2, {IN_V86 v_int, IOPL3}
        GATE 0x80, stub_1, 0xee
        FAULTS 1, 0, {IN_V86 v_int, IOPL3}
        CHECK [seen_ip], v_int.after
        CHECK [v86_segments], -1
        GATE 0x80, look_at_segments, 0xee
        FAULTS 13, 0, {IN_V86 v_int, IOPL3}             ; the HLT behind, after its IRET
        CHECK [v86_segments], REAL_SEG << 16 | REAL_SEG           ; DS, ES of the program
        CHECK [v86_segments + 4], 0                     ; and what the handler had

        TEST "virtual-8086 mode: system instructions"
        FAULTS 13, 0, {IN_V86 v_mov_cr, IOPL3}
        FAULTS 13, 0, {IN_V86 v_lgdt, IOPL3}
        FAULTS 6, 0, {IN_V86 v_sldt, IOPL3}
        FAULTS 6, 0, {IN_V86 v_arpl, IOPL3}
        FAULTS 13, 0, {IN_V86 v_limit, IOPL3}
        FAULTS 12, 0, {IN_V86 v_stack, IOPL3}

        TEST "virtual-8086 mode extensions: CLI and STI change VIF"
        mov eax, cr4
        or eax, 1
        mov cr4, eax
        V86_STOPS v_vme, VIF | IF, v_vme.end
        CHECK_BITS [R(saved)], IF | IOPL3, IOPL3        ; PUSHF shows VIF, and IOPL 3
        CHECK_BITS [R(saved + 2)], IF, IF
        CHECK_BITS [R(saved + 4)], IF, 0
        CHECK_BITS [seen_flags], VIF | IF, IF           ; the real IF never changed
        V86_STOPS v_sti, VIP, v_sti                     ; somebody waits for VIF
        V86_STOPS v_popf_if, VIP, v_popf_if.popf
        V86_STOPS v_pushfd, 0, v_pushfd                 ; the 32-bit ones are not for it
        V86_STOPS v_popf_tf, 0, v_popf_tf.popf          ; nor TF

        TEST "virtual-8086 mode extensions: the map sends INT to the program's own table"
        mov word [0x80 * 4], v_own
        mov word [0x80 * 4 + 2], REAL_SEG
        mov byte [tss_map - 32 + 0x80 / 8], 0xfe
        V86_STOPS v_int, VIF, v_own
        CHECK_BITS [seen_flags], VIF | VM, VM           ; VIF is clear in the handler
        mov word [0x80 * 4], v_own_iret
        mov word [0x80 * 4 + 2], REAL_SEG
        V86_STOPS v_int, VIF, v_int.after
        CHECK_BITS [seen_flags], VIF, VIF
        CHECK_BITS [R(saved)], IF, IF                   ; it was pushed as IF
        mov byte [tss_map - 32 + 0x80 / 8], 0xff
        V86_STOPS v_int, VIF, v_int
        FAULTS 13, 0, {IN_V86 v_int, VIF | IOPL3}       ; the gate again, then HLT
        mov eax, cr4
        and eax, ~1
        mov cr4, eax

        TEST "protected-mode virtual interrupts"
        mov eax, 1
        cpuid
        bt edx, 1
        jnc .no_pvi
        FAULTS 13, 0, {IN_USER user_cli}
        mov eax, cr4
        or eax, 2
        mov cr4, eax
        FAULTS 6, 0, {IN_USER user_cli}
        FAULTS 6, 0, {IN_USER user_sti}
        CHECK_BITS [seen_flags], VIF | IF, VIF
        mov eax, cr4
        and eax, ~2
        mov cr4, eax
.no_pvi:
        END

user_cli:
        cli
        ud2
user_sti:
        sti
        ud2

; The handler's own data segments are null after virtual-8086 mode.
look_at_segments:
        push ds
        pop eax
        push es
        pop ecx
        mov edx, KERNEL_DATA
        mov ds, edx
        shl ecx, 16
        or eax, ecx
        mov [v86_segments + 4], eax
        mov ax, [esp + 24]                              ; DS
        shl eax, 16
        mov ax, [esp + 20]                              ; ES
        mov [v86_segments], eax
        iretd

; To real mode with the interrupt table of the BIOS's place, and back.
enter_real:
        pushad
        mov [saved_esp], esp
        lidt [real_idt]
        jmp CODE16_REAL:start_real
back_from_real:
        mov ax, KERNEL_DATA
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        mov esp, [saved_esp]
        lidt [idt_pointer]
        popad
        ret

CODE16_REAL     equ SPARE
DATA16_REAL     equ SPARE + 8

section .data
        align 4
saved_esp       dd 0
v86_segments    dd -1, -1
real_idt        dw 0x3ff
                dd 0

section real follows=.data vstart=0 align=16
bits 16
start_real:
        mov ax, DATA16_REAL
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        mov eax, cr0
        and al, 0xfe
        mov cr0, eax
        jmp REAL_SEG:.real
.real:  mov ax, REAL_SEG
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, REAL_STACK
        xor ax, ax
        mov fs, ax                                      ; FS: the interrupt table
        mov si, hooked
        mov di, kept
        mov cx, 6
.hook:  movzx bx, byte [si]
        shl bx, 2
        mov eax, [fs:bx]
        stosd
        mov ax, [si + 1]
        mov [fs:bx], ax
        mov word [fs:bx + 2], REAL_SEG
        add si, 3
        loop .hook
        call [to_run]
        cli
        mov ax, REAL_SEG
        mov ds, ax
        mov si, hooked
        mov di, kept
        mov cx, 6
.unhook:
        movzx bx, byte [si]
        shl bx, 2
        mov eax, [di]
        mov [fs:bx], eax
        add si, 3
        add di, 4
        loop .unhook
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp dword KERNEL_CODE:back_from_real

; The handlers note where it happened and go on at resume.
hooked: db 0
        dw note
        db 4
        dw note
        db 5
        dw note
        db 6
        dw note
        db 12
        dw note
        db 13
        dw note
kept:   times 6 dd 0
note:   pop ax
        mov di, [next_note]
        mov [di], ax
        add word [next_note], 2
        add sp, 4
        mov sp, [resume_sp16]
        jmp [resume16]
        align 2
to_run          dw 0
next_note       dw 0
resume16        dw 0
resume_sp16     dw 0
saved           times 16 dw 0

r_interrupts:
        mov word [fs:0x80 * 4], .handler
        mov word [fs:0x80 * 4 + 2], REAL_SEG
        sti
        stc
        int 0x80
.after: pushf
        pop ax
        and ax, CF
        or [saved + 4], ax                              ; IRET brings CF back
        mov word [next_note], saved + 8
        xor cx, cx
        mov word [resume16], .bounds
        mov [resume_sp16], sp
.divide:
        div cx
.bounds:
        mov word [resume16], .overflows
        mov ax, 9
.bound: bound ax, [.range]
.overflows:
        mov al, 0x7f
        inc al
        mov word [resume16], .undefines
.overflow:
        into
.overflowed:
.undefines:
        mov word [resume16], .done
.undefined:
        ud2
.done:  ret
.range: dw 1, 8
.handler:
        pushf
        pop word [saved + 6]
        mov bp, sp
        mov ax, [bp]
        mov [saved], ax
        mov ax, [bp + 2]
        mov [saved + 2], ax
        mov ax, [bp + 4]
        mov [saved + 4], ax
        iret

r_limits:
        mov word [next_note], saved
        mov word [resume16], .past_word
        mov [resume_sp16], sp
.word:  mov ax, [0xffff]
.past_word:
        mov word [resume16], .past_stack
        mov bp, 0xffff
.stack: mov ax, [bp]
.past_stack:
        mov word [resume16], .past_wide
        mov ebx, 0x10000
.wide:  mov al, [ebx]
.past_wide:
        mov word [.value], 0x1234
        mov bx, 0xfff0
        mov ax, [bx + .value + 0x10]
        mov [saved + 6], ax
        ret
.value  dw 0

r_differences:
        mov bp, sp
        mov sp, 0x1000
        push sp
        pop ax
        mov [saved], ax
        mov sp, bp
        mov ax, 1
        mov cl, 33
        shl ax, cl
        mov [saved + 2], ax
        pushf
        mov ax, 0x7002
        push ax
        popf
        pushf
        pop ax
        mov [saved + 4], ax
        popf
        mov ax, 15
        aam
        mov [saved + 6], ax
        mov ax, 0x0201
        aad
        mov [saved + 8], ax
        ret

r_wide: mov ebx, saved
        mov ecx, 4
        mov dword [ebx + ecx * 4 - 16], 0x12345678
        mov ax, 0x3000
        mov es, ax
        mov si, 0xffff
        mov di, 0xffff
        mov ecx, 0x20002
        rep movsb                                       ; two bytes: CX counts
        mov [saved + 4], si
        mov [saved + 6], di
        mov ecx, 0x25678
        mov [saved + 8], ecx
        mov ax, REAL_SEG
        mov es, ax
        ret

r_unreal:
        cli
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp $ + 2
        mov bx, KERNEL_DATA
        mov gs, bx
        and al, 0xfe
        mov cr0, eax
        jmp $ + 2
        mov eax, header
        mov eax, [gs:eax]
        mov [saved], eax
        ret

r_above:
        mov ax, 0xffff
        mov es, ax
        mov eax, [es:0x10 + header - BASE]
        mov [saved], eax
        mov ax, REAL_SEG
        mov es, ax
        ret

r_invalid:
        mov word [next_note], saved
        mov [resume_sp16], sp
        mov word [resume16], .past_sldt
.sldt:  sldt ax
.past_sldt:
        mov word [resume16], .past_str
.str:   str ax
.past_str:
        mov word [resume16], .past_lar
.lar:   lar ax, ax
.past_lar:
        mov word [resume16], .past_arpl
.arpl:  db 0x63, 0xc0
.past_arpl:
        ret

; Virtual-8086 mode: each ends where it is refused.
v_plain:
        mov eax, 0x12345678
        mov [saved], eax
        mov ax, cs
        mov [saved + 4], ax
        mov ax, 0x2000
        mov es, ax
        mov word [es:saved + 6], 0x2345
.end:   hlt
v_flags:
        cli
        pushf
        pop word [saved]
        sti
        pushf
        pop word [saved + 2]
        push word IF
        popf
        pushf
        pop word [saved + 4]
.hlt:   hlt
v_cli:  cli
        hlt
v_sti:  sti
        hlt
v_pushf:
        pushf
        hlt
v_popf: popf
        hlt
v_int:  int 0x80
.after: hlt
v_iret: iret
v_in:   in al, 0x80
        hlt
v_int3: int3
v_mov_cr:
        mov eax, cr0
v_lgdt: lgdt [0]
v_sldt: sldt ax
v_arpl: db 0x63, 0xc0
v_limit:
        mov ax, [0xffff]
v_stack:
        mov bp, 0xffff
        mov ax, [bp]
v_vme:  cli
        pushf
        pop word [saved]
        sti
        pushf
        pop word [saved + 2]
        push word 0
        popf
        pushf
        pop word [saved + 4]
.end:   hlt
v_popf_if:
        push word IF
.popf:  popf
        hlt
v_pushfd:
        pushfd
        hlt
v_popf_tf:
        push word 0x100
.popf:  popf
        hlt
v_own:  hlt
v_own_iret:
        mov bp, sp
        mov ax, [bp + 4]
        mov [saved], ax
        iret
real_end:
section .text
