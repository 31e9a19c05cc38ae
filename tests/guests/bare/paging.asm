; SPDX-License-Identifier: GPL-3.0-or-later
; 4-level paging: rights, accessed and dirty bits, page sizes, no-execute, SMEP and SMAP, WP, global pages,
; INVLPG, PCIDs. Intel SDM 3A, chapter 4.
%define MODE 64
%include "bare.inc"

P               equ 1
W               equ 2
U               equ 4
A               equ 0x20
D               equ 0x40
PS              equ 0x80
G               equ 0x100
NX              equ 1 << 63

; What page faults say.
E_P             equ 1
E_W             equ 2
E_U             equ 4
E_RSVD          equ 8
E_I             equ 16

; 1 GiB up belongs to the tests: PAGE, through PT's first entry, is at FRAME.
WINDOW          equ 0x40000000
PT              equ FREE
PAGE            equ WINDOW
PAGE2           equ WINDOW + 0x1000
PDE             equ PD + 0x1000
PDPTE           equ PDPT + 8
PTE             equ PT
PTE2            equ PT + 8
FRAME           equ FREE + 0x10000
FRAME2          equ FREE + 0x11000
OTHER_PML4      equ FREE + 0x1000
OTHER_PDPT      equ FREE + 0x2000
OTHER_PD        equ FREE + 0x3000
OTHER_PT        equ FREE + 0x4000

; SET entry, value: with the translation of PAGE and PAGE2 forgotten
%macro SET 2
        mov rax, %2
        mov [%1], rax
        invlpg [PAGE]
        invlpg [PAGE2]
%endmacro

; FROM_AFAR frame, type, expected: what PCID 1 (R8) has of PAGE is out of date, and PCID 2 (RDX) says so
%macro FROM_AFAR 3
        mov cr3, rdx
        mov rax, %1 + P + W
        mov [PTE], rax
        mov ecx, %2
        invpcid rcx, [FRAME + 0x100]
        mov cr3, r8
        CHECK [PAGE], %3
%endmacro

main:   SET PDE, PT + P + W + U
        SET PTE2, FRAME2 + P + W + U
        mov dword [FRAME], 0x11111111
        mov dword [FRAME2], 0x22222222
        mov byte [FRAME + 8], 0xc3                      ; ret
        mov word [FRAME + 16], 0x0b0f                   ; ud2

        TEST "a page that is not present"
        SET PTE, 0
        FAULTS 14, 0, {mov ecx, [PAGE + 4]}
        CHECK [seen_cr2], PAGE + 4
        FAULTS 14, E_W, {mov [PAGE + 5], cl}
        CHECK [seen_cr2], PAGE + 5
        FAULTS 14, E_W, {lock inc dword [PAGE]}
        FAULTS 14, E_W, {cmpxchg [PAGE], ecx}
        mov ebx, PAGE + 8
        FAULTS 14, E_I, {call rbx}                      ; EFER.NXE is on
        CHECK [seen_ip], PAGE + 8
        SET PTE, 0xfffffffffffffffe                     ; all other bits are software's
        FAULTS 14, 0, {mov ecx, [PAGE]}

        TEST "accessed and dirty are set as late as possible"
        SET PTE, FRAME + P + W
        CHECK [PTE], FRAME + P + W
        mov ecx, [PAGE]
        CHECK ecx, 0x11111111
        CHECK [PTE], FRAME + P + W + A
        mov [PAGE + 4], ecx
        CHECK [PTE], FRAME + P + W + A + D
        CHECK_BITS [PDE], A + D, A
        SET PTE, FRAME + P
        mov rax, cr0
        btr rax, 16
        mov cr0, rax
        mov [PAGE + 4], ecx                             ; without WP the kernel writes
        bts rax, 16
        mov cr0, rax
        CHECK [PTE], FRAME + P + A + D
        SET PTE, FRAME + P
        FAULTS 14, E_P + E_W, {mov [PAGE], ecx}
        CHECK_BITS [PTE], D, 0
        SET PTE, FRAME + P + W
        prefetcht0 [PAGE]
        lea rcx, [PAGE]
        CHECK_BITS [PTE], D, 0
        SET PTE, FRAME + P + W
        mov ecx, 1
        cmpxchg [PAGE], ecx                             ; EAX differs, but a write cycle it is
        CHECK_BITS [PTE], A + D, A + D
        mov dword [FRAME], 0x11111111

        TEST "a write that a fault keeps from coming leaves no mark"
        SET PTE, 0
        SET PTE2, FRAME2 + P + W
        mov esi, PAGE
        mov edi, PAGE2
        mov ecx, 8
        FAULTS 14, 0, {call copy}
        CHECK_BITS [PTE2], D, 0
        CHECK [PAGE2], 0x22222222
        SET PTE, FRAME + P + W
        call copy
        CHECK_BITS [PTE2], A + D, A + D
        CHECK [PAGE2], 0x11111111
        mov dword [FRAME2], 0x22222222

        TEST "rights of user pages are the least of all levels"
        SET PTE, FRAME + P + W
        or dword [PML4], U
        or dword [PDPT], U
        or dword [PD], U
        or dword [PD + 8], U
        or dword [PDPTE], U
        mov rax, cr3
        mov cr3, rax
        FAULTS 14, E_P + E_U, {IN_USER user_read}
        CHECK [seen_cr2], PAGE
        FAULTS 14, E_P + E_U + E_W, {IN_USER user_write}
        FAULTS 14, E_P + E_U + E_I, {IN_USER PAGE + 16}
        SET PTE, FRAME + P + U
        FAULTS 6, 0, {IN_USER user_read}
        FAULTS 14, E_P + E_U + E_W, {IN_USER user_write}
        FAULTS 6, 0, {IN_USER PAGE + 16}
        SET PTE, FRAME + P + U + W
        FAULTS 6, 0, {IN_USER user_write}
        CHECK [FRAME], 0x600d
        SET PDE, PT + P + U
        FAULTS 14, E_P + E_U + E_W, {IN_USER user_write}
        FAULTS 14, E_P + E_W, {mov [PAGE], ecx}         ; the kernel's, too
        SET PDE, PT + P + W
        FAULTS 14, E_P + E_U, {IN_USER user_read}
        RUNS {mov [PAGE], ecx}
        SET PDE, PT + P + W + U
        SET PTE, 0
        FAULTS 14, E_U, {IN_USER user_read}
        FAULTS 14, E_U + E_W, {IN_USER user_write}

        TEST "no-execute, at every level"
        SET PTE, FRAME + P + W + NX
        mov ebx, PAGE + 8
        FAULTS 14, E_P + E_I, {call rbx}
        RUNS {mov ecx, [PAGE]}
        SET PTE, FRAME + P + W
        RUNS {call rbx}
        SET PDE, PT + P + W + U + NX
        FAULTS 14, E_P + E_I, {call rbx}
        SET PDE, PT + P + W + U
        SET PDPTE, PD + 0x1000 + P + W + U + NX
        FAULTS 14, E_P + E_I, {call rbx}
        SET PDPTE, PD + 0x1000 + P + W + U
        RUNS {call rbx}

        TEST "reserved bits"
        SET PTE, FRAME + P + W + (1 << 51)
        TRY
        mov ecx, [PAGE]
        CAUGHT 14, E_P + E_RSVD
        SET PTE, FRAME + P + W
        SET PDPTE, PD + 0x1000 + P + W + U + (1 << 51)
        FAULTS 14, E_P + E_RSVD + E_W, {mov [PAGE], ecx}
        SET PDPTE, PD + 0x1000 + P + W + U
        SET PDE, 0x2000 + P + W + PS                    ; a large page's address is aligned
        FAULTS 14, E_P + E_RSVD, {mov ecx, [PAGE]}
        SET PDE, PT + P + W + U
        mov ecx, 0xc0000080
        rdmsr
        btr eax, 11
        wrmsr
        SET PTE, FRAME + P + W + NX
        FAULTS 14, E_P + E_RSVD, {mov ecx, [PAGE]}      ; without NXE
        SET PTE, 0
        mov ebx, PAGE + 8
        FAULTS 14, 0, {call rbx}                        ; no fetch bit either
        mov ecx, 0xc0000080
        rdmsr
        bts eax, 11
        wrmsr

        TEST "pages of 2 MiB and 1 GiB"
        SET PDE, P + W + PS
        CHECK [PAGE + FRAME], 0x11111111 + 0
        CHECK_BITS [PDE], A + D, A
        mov dword [PAGE + FRAME], 0x11111111
        CHECK_BITS [PDE], A + D, A + D
        SET PDE, PT + P + W + U
        mov eax, 0x80000001
        cpuid
        bt edx, 26
        jnc .no_gib
        SET PDPTE, P + W + PS
        mov dword [FRAME], 0x11111111
        CHECK [PAGE + FRAME], 0x11111111
        CHECK_BITS [PDPTE], A + D, A
.no_gib:
        SET PDPTE, PD + 0x1000 + P + W + U

        TEST "the TLB keeps a translation until INVLPG or a load of CR3"
        SET PTE, FRAME + P + W
        mov ecx, [PAGE]
        mov rax, FRAME2 + P + W
        mov [PTE], rax
        invlpg [PAGE + 0xfff]
        CHECK [PAGE], 0x22222222
        mov rax, FRAME + P + W
        mov [PTE], rax
        mov rax, cr3
        mov cr3, rax
        CHECK [PAGE], 0x11111111
        SET PDE, P + W + PS                             ; INVLPG anywhere in a large page
        mov ecx, [PAGE + FRAME]
        mov rax, PT + P + W + U
        mov [PDE], rax
        invlpg [PAGE + 0x100000]
        CHECK [PAGE], 0x11111111

        TEST "global pages survive a load of CR3, not a change of CR4.PGE"
        SET_CR4 7
        SET PTE, FRAME + P + W + G
        mov ecx, [PAGE]
        mov rax, FRAME2 + P + W
        mov [PTE], rax
        mov rax, cr4
        mov rcx, rax
        btr rcx, 7
        mov cr4, rcx
        mov cr4, rax
        CHECK [PAGE], 0x22222222
        SET PTE, FRAME + P + W + G
        mov ecx, [PAGE]
        mov rax, FRAME2 + P + W
        mov [PTE], rax
        invlpg [PAGE]
        CHECK [PAGE], 0x22222222

        TEST "a new address space"
        mov rax, [PDPT]
        mov [OTHER_PDPT], rax
        mov rax, OTHER_PD + P + W + U
        mov [OTHER_PDPT + 8], rax
        mov rax, OTHER_PDPT + P + W + U
        mov [OTHER_PML4], rax
        mov rax, OTHER_PT + P + W + U
        mov [OTHER_PD], rax
        mov rax, FRAME2 + P + W
        mov [OTHER_PT], rax
        SET PTE, FRAME + P + W
        CLEAR_CR4 7
        mov ecx, [PAGE]
        mov rbx, OTHER_PML4
        mov cr3, rbx
        CHECK [PAGE], 0x22222222
        mov rbx, PML4
        mov cr3, rbx
        CHECK [PAGE], 0x11111111

        TEST "PCIDs keep address spaces apart, INVPCID drops one"
        mov eax, 1
        cpuid
        bt ecx, 17
        jnc .no_pcid
        mov rbx, PML4 + 1
        SET_CR4 7
        CHECK [PAGE], 0x11111111
        SET_CR4 17
        mov rcx, PML4 + 1
        mov cr3, rcx
        CHECK [PAGE], 0x11111111
        mov rcx, OTHER_PML4 + 2
        mov cr3, rcx
        CHECK [PAGE], 0x22222222
        mov rcx, PML4 + 1
        bts rcx, 63                                     ; keep what PCID 1 has
        mov cr3, rcx
        CHECK [PAGE], 0x11111111
        mov rax, cr3
        shr rax, 32
        CHECK eax, 0                                    ; bit 63 is not kept
        mov rcx, cr3
        CHECK ecx, PML4 + 1
        mov rdx, cr4
        btr rdx, 5
        FAULTS 13, 0, {mov cr4, rdx}
        mov eax, 7
        xor ecx, ecx
        cpuid
        bt ebx, 10
        jnc .no_invpcid
        mov rax, FRAME2 + P + W
        mov [PTE], rax
        mov qword [FRAME + 0x100], 1
        mov qword [FRAME + 0x108], PAGE
        xor ecx, ecx
        invpcid rcx, [FRAME + 0x100]
        CHECK [PAGE], 0x22222222
        mov rax, FRAME + P + W
        mov [PTE], rax
        mov ecx, 1
        invpcid rcx, [FRAME + 0x100]
        CHECK [PAGE], 0x11111111
        mov rdx, OTHER_PML4 + 2
        bts rdx, 63
        mov r8, PML4 + 1
        bts r8, 63
        FROM_AFAR FRAME2, 0, 0x22222222
        FROM_AFAR FRAME, 1, 0x11111111
        FROM_AFAR FRAME2, 3, 0x22222222
        mov cr3, rdx
        mov rax, FRAME + P
        mov [PTE], rax
        mov rcx, PML4 + 1                               ; drops what PCID 1 had
        mov cr3, rcx
        CHECK [PAGE], 0x11111111
        FAULTS 14, E_P + E_W, {mov [PAGE], ecx}
        mov cr3, rdx
        mov cr3, r8
        FAULTS 14, E_P + E_W, {mov [PAGE], ecx}
        SET PTE, FRAME + P + W
        mov ecx, 4
        FAULTS 13, 0, {invpcid rcx, [FRAME + 0x100]}
        mov qword [FRAME + 0x100], 0x1000
        mov ecx, 1
        FAULTS 13, 0, {invpcid rcx, [FRAME + 0x100]}
.no_invpcid:
        mov rcx, PML4
        mov cr3, rcx
        CLEAR_CR4 17
        SET_CR4 17
        mov rcx, PML4 + 5
        mov cr3, rcx
        mov rdx, cr4
        btr rdx, 17
        RUNS {mov cr4, rdx}                             ; from any PCID
        mov rcx, PML4 + 5
        mov cr3, rcx                                    ; PWT, PCD and what is ignored
        SET_CR4 7
        mov rdx, cr4
        bts rdx, 17
        FAULTS 13, 0, {mov cr4, rdx}                    ; into PCIDs from PCID 0 only
.no_pcid:
        mov rcx, PML4
        mov cr3, rcx

        TEST "SMEP: the kernel does not run user pages"
        mov eax, 7
        xor ecx, ecx
        cpuid
        mov [FRAME + 0x200], ebx
        mov rsi, [FRAME + 0x200]
        SET PTE, FRAME + P + W + U
        bt dword [FRAME + 0x200], 7
        jnc .no_smep
        mov ebx, PAGE + 8
        RUNS {call rbx}
        mov ecx, .smep
        and qword [PD], ~U                              ; this code is the kernel's now
        mov rax, cr3
        mov cr3, rax
        SET_CR4 20
.smep:  FAULTS 14, E_P + E_I, {call rbx}
        RUNS {mov ecx, [PAGE]}
        CLEAR_CR4 20
        RUNS {call rbx}
.no_smep:

        TEST "SMAP: the kernel touches user pages with RFLAGS.AC only"
        bt dword [FRAME + 0x200], 20
        jnc .no_smap
        and qword [PD], ~U
        mov rax, cr3
        mov cr3, rax
        RUNS clac
        SET_CR4 21
        FAULTS 14, E_P, {mov ecx, [PAGE]}
        FAULTS 14, E_P + E_W, {mov [PAGE + 4], ecx}
        stac
        RUNS {mov ecx, [PAGE]}
        clac
        FAULTS 14, E_P, {mov ecx, [PAGE]}
        mov ebx, PAGE + 8
        RUNS {call rbx}                                 ; fetches are SMEP's
        CLEAR_CR4 21
        RUNS {mov ecx, [PAGE]}
.no_smap:

        TEST "an access across two pages"
        SET PTE, FRAME + P + W
        SET PTE2, 0
        mov dword [FRAME + 0xffc], 0
        FAULTS 14, E_W, {mov dword [PAGE + 0xffe], -1}
        CHECK [seen_cr2], PAGE2
        CHECK [FRAME + 0xffc], 0                        ; nothing was written
        CHECK_BITS [PTE2], A, 0
        SET PTE2, FRAME2 + P + W
        mov dword [PAGE + 0xffe], 0x44332211
        CHECK [FRAME + 0xffc], 0x22110000
        CHECK_BITS [FRAME2], 0xffff, 0x4433
        mov ecx, [PAGE + 0xffe]
        CHECK ecx, 0x44332211
        mov word [FRAME + 0xffe], 0xb866                ; mov ax, 1234h: two bytes a page
        mov dword [FRAME2], 0xc31234
        mov ebx, PAGE + 0xffe
        call rbx
        CHECK_BITS eax, 0xffff, 0x1234
        SET PTE2, 0
        FAULTS 14, E_I, {call rbx}
        CHECK [seen_cr2], PAGE2
        CHECK [seen_ip], PAGE + 0xffe

        TEST "the same frame at two addresses"
        SET PTE, FRAME + P + W
        SET PTE2, FRAME + P + W
        mov dword [PAGE], 0x12345678
        CHECK [PAGE2], 0x12345678
        CHECK [FRAME], 0x12345678
        mov dword [PAGE2 + 0x20], 0x000001b8            ; mov eax, 1; ret
        mov word [PAGE2 + 0x24], 0xc300
        mov ebx, PAGE + 0x20
        call rbx
        CHECK eax, 1
        mov byte [PAGE2 + 0x21], 2
        call rbx
        CHECK eax, 2
        mov byte [FRAME + 0x21], 3
        call rbx
        CHECK eax, 3
        SET PTE, FRAME2 + P + W                         ; the same address, another frame
        mov dword [FRAME2 + 0x20], 0x000004b8
        mov word [FRAME2 + 0x24], 0xc300
        call rbx
        CHECK eax, 4
        SET PTE, FRAME + P + W
        call rbx
        CHECK eax, 3

        TEST "a table that is not where memory is"
        SET PDE, 0xfe000000 + P + W + U                 ; reads as ones there
        FAULTS 14, E_P + E_RSVD, {mov ecx, [PAGE]}
        SET PDE, PT + P + W + U
        END

copy:   mov rdx, [rdi]
        mov rax, [rsi]
        mov [rdi], rax
        add rsi, 8
        add rdi, 8
        dec ecx
        jnz copy
        ret

user_read:
        mov ecx, [PAGE]
        ud2
user_write:
        mov dword [PAGE], 0x600d
        ud2
