; SPDX-License-Identifier: GPL-3.0-or-later
; Keeps the machine as busy as a guest can. The last letter of the command line says with what:
;   p  the 8254's counter 0 at its highest rate     r  the RTC's three interrupts at theirs
;   a  the local APIC's timer, periodically         o  the same, started anew by each interrupt
;   h  the four timers of Hyper-V's interface
;   e  all of these but the last                    l  the keyboard's lamps, on and off
;   s  resets of the disks                          v  changes of the screen's size
;   d  DMA of the firmware configuration, 4 GiB each
;   b  resets of the machine by the 8042            t  by triple faults
%define MODE 32
%include "bare.inc"
%include "apic.inc"

CMDLINE         equ 16
PERIODIC        equ 1 << 17
MASKED          equ 1 << 16
STIMER0_CONFIG  equ 0x400000b0
STIMER3_COUNT   equ 0x400000b7
STIMER_ENABLE   equ 1 << 0
STIMER_PERIODIC equ 1 << 1
STIMER_DIRECT   equ 1 << 12

%macro PUT_CMOS 2
        mov al, %1
        out 0x70, al
        mov al, %2
        out 0x71, al
%endmacro

main:   mov ebp, [boot_info]
        mov edi, [ebp + CMDLINE]
        mov ecx, -1
        xor eax, eax
        repne scasb
        movzx eax, byte [edi - 2]
        mov [what], al
        PUT_APIC LAPIC_SVR, 0x1ff
        PUT_APIC LAPIC_TPR, 0
        PUT_APIC LAPIC_LVT_LINT0, 0x700
        PUT_APIC LAPIC_TIMER_DCR, 0xb                   ; by 1
        mov xWORD [irq_hook], served
        mov esi, letters
.find:  lodsb
        cmp al, [what]
        je .found
        add esi, 4
        jmp .find
.found: call [esi]
.wait:  sti
        hlt
        jmp .wait

everything:
        call local
        call rtc
pit:    mov al, 0x34                                    ; counter 0, mode 2
        out 0x43, al
        mov al, 2
        out 0x40, al
        mov al, 0
        out 0x40, al
        in al, 0x21
        and al, 0xfe
        out 0x21, al
        ret
rtc:    PUT_CMOS 0x01, 0xff                             ; an alarm each second
        PUT_CMOS 0x03, 0xff
        PUT_CMOS 0x05, 0xff
        PUT_CMOS 0x0a, 0x23                             ; 8192 Hz
        PUT_CMOS 0x0b, 0x72
        mov al, 0x0c
        out 0x70, al
        in al, 0x71
        mov al, 0xfb
        out 0x21, al
        mov al, 0xfe
        out 0xa1, al
        ret
local:  PUT_APIC LAPIC_LVT_TIMER, PERIODIC | 0x61
        PUT_APIC LAPIC_TIMER_ICR, 1
        ret
once:   PUT_APIC LAPIC_LVT_TIMER, 0x61
        PUT_APIC LAPIC_TIMER_ICR, 1
        ret

hyperv: mov ecx, STIMER3_COUNT
        xor edx, edx
.timer: mov eax, 1                                      ; 100 ns
        wrmsr
        dec ecx
        mov eax, STIMER_DIRECT | 0x61 << 4 | STIMER_PERIODIC | STIMER_ENABLE
        wrmsr
        dec ecx
        cmp ecx, STIMER0_CONFIG
        jae .timer
        ret

served: cmp byte [what], "o"
        jne .no_timer
        PUT_APIC LAPIC_TIMER_ICR, 1
.no_timer:
        cmp eax, 0x61
        je .apic
        cmp eax, 0x28
        jne .pic
        mov al, 0x0c
        out 0x70, al
        in al, 0x71
        mov al, 0x20
        out 0xa0, al
.pic:   mov al, 0x20
        out 0x20, al
        ret
.apic:  PUT_APIC LAPIC_EOI, 0
        ret

lamps:  mov al, 0xed
        call put_keyboard
        mov al, bl
        and al, 7
        call put_keyboard
        inc ebx
        jmp lamps
put_keyboard:
        out 0x60, al
        mov ecx, 100                                    ; drop its answers, but do not wait for them
.read:  in al, 0x64
        test al, 1
        jz .done
        in al, 0x60
        loop .read
.done:  ret

disks:  mov dx, 0x3f6
        mov al, 4
        out dx, al
        mov al, 0
        out dx, al
        jmp disks

%macro DISPI 2
        mov dx, 0x1ce
        mov ax, %1
        out dx, ax
        inc dx
        mov ax, %2
        out dx, ax
%endmacro
screen: DISPI 4, 0
        DISPI 1, 640
        DISPI 2, 480
        DISPI 3, 32
        DISPI 4, 0x41
        DISPI 4, 0
        DISPI 1, 1600
        DISPI 2, 1200
        DISPI 3, 32
        DISPI 4, 0x41                                   ; and clear what is shown
        jmp screen

dma:    mov dword [access], 0x0a000000                  ; select item 0 and read it
        mov dword [access + 4], 0xffffffff
        mov dword [access + 8], 0
        mov dword [access + 12], 0x00002000             ; to 2 MiB
        mov dx, 0x514
        xor eax, eax
        out dx, eax
        mov dx, 0x518
        mov eax, access
        bswap eax
        out dx, eax
        jmp dma

reset:  mov al, 0xfe
        out 0x64, al
        hlt
triple: push dword 0
        push dword 0
        lidt [esp]
        int3

section .data
letters:
%macro LETTER 2
        db %1
        dd %2
%endmacro
        LETTER "p", pit
        LETTER "r", rtc
        LETTER "a", local
        LETTER "o", once
        LETTER "h", hyperv
        LETTER "e", everything
        LETTER "l", lamps
        LETTER "s", disks
        LETTER "v", screen
        LETTER "d", dma
        LETTER "b", reset
        LETTER "t", triple
what    db 0
        align 4
access  times 4 dd 0
