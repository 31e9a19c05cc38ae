; SPDX-License-Identifier: GPL-3.0-or-later
; Reading what the processor is set to: control registers, segments and their bases, protection keys, the time
; stamp; and who may not. Intel SDM 2, and 3A, chapter 2.
%define MODE 64
%include "bare.inc"

X               equ FREE
MSR_FS_BASE     equ 0xc0000100
MSR_GS_BASE     equ 0xc0000101
MSR_TSC_AUX     equ 0xc0000103

; HAS leaf, register, bit, label: goes there if CPUID does not have it
%macro HAS 4
        mov eax, %1
        xor ecx, ecx
        cpuid
        bt %2, %3
        jnc %4
%endmacro

main:   or dword [PML4], 4                              ; user code, too
        or dword [PDPT], 4
        or dword [PD], 4
        mov rax, cr3
        mov cr3, rax

        TEST "control registers"
        mov rcx, cr0
        CHECK_BITS ecx, 0x80000001, 0x80000001
        mov r10, cr3
        CHECK r10d, PML4
        mov rcx, 0x123456789abc
        mov cr2, rcx
        mov r15, cr2
        CHECK r15d, 0x56789abc
        shr r15, 32
        CHECK r15d, 0x1234
        FAULTS 13, 0, {IN_USER user_cr}

        TEST "selectors, to registers of every width and to memory"
        mov ecx, KERNEL_DATA
        mov ds, ecx
        mov ss, ecx
        mov rcx, -1
        mov ecx, cs
        CHECK ecx, CODE64
        shr rcx, 32
        CHECK ecx, 0
        mov edx, -1
        mov dx, ss
        CHECK edx, 0xffff0000 + KERNEL_DATA
        mov r11, -1
        mov r11w, cs
        CHECK r11d, 0xffff0000 + CODE64
        mov dword [X], -1
        mov [X], ds
        CHECK [X], 0xffff0000 + KERNEL_DATA
        mov r10d, X
        mov [r10 + 2], cs
        CHECK [X], (CODE64 << 16) + KERNEL_DATA

        TEST "bases of FS and GS"
        HAS 7, ebx, 0, .no_bases
        CLEAR_CR4 16
        FAULTS 6, 0, {rdfsbase rcx}
        FAULTS 6, 0, {wrgsbase rcx}
        SET_CR4 16
        mov rcx, 0xffff800012345678
        wrfsbase rcx
        rdfsbase r11
        CHECK r11d, 0x12345678
        shr r11, 32
        CHECK r11d, 0xffff8000
        rdfsbase edx
        mov r9, rdx
        shr r9, 32
        CHECK r9d, 0
        mov r15, X
        wrgsbase r15
        mov dword [X + 8], 0x5a5a5a5a
        CHECK [gs:8], 0x5a5a5a5a
        mov ecx, MSR_GS_BASE
        rdmsr
        CHECK eax, X
        mov rcx, -1
        wrfsbase ecx                                    ; 32 bits
        mov ecx, MSR_FS_BASE
        rdmsr
        CHECK edx, 0
        mov rcx, 0x0000800000000000
        FAULTS 13, 0, {wrfsbase rcx}
        mov rcx, 0xffff7fffffffffff
        FAULTS 13, 0, {wrgsbase rcx}
        mov rcx, 0x00007fffffffffff
        RUNS {wrfsbase rcx}
.no_bases:

        TEST "protection keys"
        HAS 7, ecx, 3, .no_keys
        xor ecx, ecx
        CLEAR_CR4 22
        FAULTS 6, 0, {rdpkru}
        SET_CR4 22
        mov eax, 0x55555550
        xor edx, edx
        wrpkru
        mov rdx, -1
        xor eax, eax
        rdpkru
        CHECK eax, 0x55555550
        CHECK edx, 0
        mov ecx, 1
        FAULTS 13, 0, {rdpkru}
        CLEAR_CR4 22
.no_keys:

        TEST "the time stamp goes up, and may be the kernel's alone"
        mov ebx, 1000
        rdtsc
        shl rdx, 32
        lea r8, [rax + rdx]
.again: rdtsc
        shl rdx, 32
        add rax, rdx
        cmp rax, r8
        jb .back
        mov r8, rax
        dec ebx
        jnz .again
.back:  CHECK ebx, 0
        SET_CR4 2
        RUNS {rdtsc}
        FAULTS 13, 0, {IN_USER user_tsc}
        CLEAR_CR4 2
        FAULTS 6, 0, {IN_USER user_tsc}
        HAS 0x80000001, edx, 27, .no_rdtscp
        mov ecx, MSR_TSC_AUX
        mov eax, 0x1234567
        xor edx, edx
        wrmsr
        mov rcx, -1
        rdtscp
        mov r9, rcx
        CHECK r9d, 0x1234567
        shr r9, 32
        CHECK r9d, 0
.no_rdtscp:
        END

user_cr:
        mov rcx, cr0
user_tsc:
        rdtsc
        ud2
