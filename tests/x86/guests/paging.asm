; SPDX-License-Identifier: GPL-3.0-or-later
; 4-level paging: rights, error codes, accessed and dirty bits, TLB maintenance.
%include "guest.inc"
%include "long.inc"

PAGE   equ 0x200000             ; the page all this happens in
ENTRY  equ PT + PAGE / 4096 * 8
OTHER  equ 0x300000             ; what it is remapped to

%macro MAP 1
        mov rax, %1
        mov [ENTRY], rax
        invlpg [PAGE]
%endmacro

; The low bits of the entry as the walk left it.
%macro ENTRY_IS 1
        mov rbx, [ENTRY]
        and ebx, 0xfff
        CHECK64 rbx, %1
%endmacro

main64:
        mov qword [PAGE], 0x1111
        mov qword [OTHER], 0x2222

; A and D are set by what is done, not before.
        MAP PAGE | PTE_P | PTE_W
        ENTRY_IS PTE_P | PTE_W
        mov rcx, [PAGE]
        ENTRY_IS PTE_P | PTE_W | PTE_A
        mov [PAGE], rcx
        ENTRY_IS PTE_P | PTE_W | PTE_A | PTE_D

; Not present: P is clear in the code, W says which access it was, CR2 is exact.
        MAP PAGE | PTE_W
        FAULTS64 14, 0, mov rcx, [PAGE + 0x123]
        CHECK64 qword [seen_cr264], PAGE + 0x123
        FAULTS64 14, 2, mov [PAGE + 0x123], rcx
; An access that crosses into the page names the page's first byte, and nothing of it is stored.
        mov qword [PAGE - 8], 0
        FAULTS64 14, 2, mov qword [PAGE - 4], -1
        CHECK64 qword [seen_cr264], PAGE
        CHECK64 qword [PAGE - 8], 0

; CR0.WP decides whether ring 0 may write to read-only pages.
        MAP PAGE | PTE_P
        FAULTS64 14, 3, mov [PAGE], rcx
        mov rax, cr0
        btr rax, 16
        mov cr0, rax
        RUNS64 mov [PAGE], rcx
        mov rax, cr0
        bts rax, 16
        mov cr0, rax
        FAULTS64 14, 3, mov [PAGE], rcx

; Reserved bits, and NX once it is enabled.
        MAP PAGE | PTE_P | (1 << 45)
        FAULTS64 14, 9, mov rcx, [PAGE]
        MAP PAGE | PTE_P | (1 << 63)
        RUNS64 mov rcx, [PAGE]
        mov rbx, PAGE
        FAULTS64 14, 0x11, jmp rbx
        CHECK64 qword [seen_rip64], PAGE

; The TLB keeps what it has until it is told.
        MAP PAGE | PTE_P | PTE_W
        mov rcx, [PAGE]
        mov rax, OTHER | PTE_P | PTE_W
        mov [ENTRY], rax
        invlpg [PAGE]
        CHECK64 qword [PAGE], 0x2222

; INVLPG of any page drops what is known of the entries above; what they come to allow counts at once.
        mov rcx, [PAGE + 0x1000]
        and byte [PD + 8], ~PTE_W & 0xff
        invlpg [PAGE + 0x3000]
        FAULTS64 14, 3, mov [PAGE + 0x2000], rcx
        or byte [PD + 8], PTE_W
        RUNS64 mov [PAGE + 0x2000], rcx

; A global page survives a load of CR3, but not INVLPG, nor a change of CR4.PGE.
        mov rax, cr4
        bts rax, 7
        mov cr4, rax
        MAP OTHER | PTE_P | PTE_W | PTE_G
        mov rcx, [PAGE]
        mov rax, PAGE | PTE_P | PTE_W
        mov [ENTRY], rax
        mov rax, cr3
        mov cr3, rax
        CHECK64 qword [PAGE], 0x2222
        invlpg [PAGE]
        mov rcx, [PAGE]
        cmp rcx, 0x2222
        je failed64

; SMEP and SMAP keep ring 0 away from user pages.
        mov rcx, 0x00c300c300c300c3     ; ret
        mov [PAGE], rcx
        mov byte [PAGE], 0xc3
        MAP PAGE | PTE_P | PTE_W | PTE_U
        mov rbx, PAGE
        RUNS64 call rbx
        mov rax, cr4
        bts rax, 20
        mov cr4, rax
        FAULTS64 14, 0x11, call rbx
        RUNS64 mov rcx, [rbx]
        mov rax, cr4
        bts rax, 21
        mov cr4, rax
        FAULTS64 14, 1, mov rcx, [rbx]
        FAULTS64 14, 3, mov [rbx], rcx
        stac
        RUNS64 mov rcx, [rbx]
        clac
        FAULTS64 14, 1, mov rcx, [rbx]
        mov rax, cr4
        and rax, ~(3 << 20)
        mov cr4, rax

; A 2 MiB page: one INVLPG anywhere in it drops all of it.
        mov qword [0x400000], 0x4444
        mov qword [0x600000], 0x6666
        mov qword [0x401000], 0x4444
        mov qword [0x601000], 0x6666
        mov rax, 0x400000 | PTE_P | PTE_W | PTE_PS
        mov [PD + 2 * 8], rax
        mov rax, cr3
        mov cr3, rax
        CHECK64 qword [0x400000], 0x4444
        CHECK64 qword [0x401000], 0x4444
        mov rax, 0x600000 | PTE_P | PTE_W | PTE_PS
        mov [PD + 2 * 8], rax
        invlpg [0x500000]
        CHECK64 qword [0x400000], 0x6666
        CHECK64 qword [0x401000], 0x6666
; Bits below its address are reserved.
        mov rax, 0x602000 | PTE_P | PTE_W | PTE_PS
        mov [PD + 2 * 8], rax
        invlpg [0x400000]
        FAULTS64 14, 9, mov rcx, [0x400000]

; PCID: a CR3 write with another number and back.
        mov rax, cr4
        bts rax, 17
        mov cr4, rax
        MAP PAGE | PTE_P | PTE_W
        mov rcx, [PAGE]
        mov rax, PML4 | 1
        mov cr3, rax
        mov rax, OTHER | PTE_P | PTE_W
        mov [ENTRY], rax
        CHECK64 qword [PAGE], 0x2222
        mov rcx, 1 << 50                ; beyond the physical address width
        FAULTS64 13, 0, mov cr3, rcx

; A non-canonical address is #GP, or #SS through the stack.
        mov rbx, 1 << 47
        FAULTS64 13, 0, mov rcx, [rbx]
        mov rbp, rbx
        FAULTS64 12, 0, mov rcx, [rbp]

        xor eax, eax
        jmp finish64

        align 16
failed64:
        mov eax, 0xffff
        jmp finish64
