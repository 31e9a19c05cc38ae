; SPDX-License-Identifier: GPL-3.0-or-later
; The floating-point and vector state: x87 exceptions and environments, FXSAVE, SSE, AVX, XSAVE.
; Intel SDM 1, chapters 8, 10, 13 and 14.
%define MODE 64
%include "bare.inc"

AREA            equ FREE + 0x1000       ; aligned by 64
AREA2           equ FREE + 0x2000
X               equ FREE

; Exceptions of the status word.
IE              equ 0x01
DE              equ 0x02
ZE              equ 0x04
OE              equ 0x08
UE              equ 0x10
PE              equ 0x20
SF              equ 0x40
SUMMARY         equ 0x80
C1              equ 0x200

%macro CONTROL 1
        mov word [X], %1
        fldcw [X]
%endmacro
; STATUS mask, expected
%macro STATUS 2
        fnstsw ax
        CHECK_BITS eax, %1, %2
%endmacro
%macro SET_XCR0 1
        xor ecx, ecx
        xor edx, edx
        mov eax, %1
        xsetbv
%endmacro
; WITH_MASK mask, instruction: that needs it in EDX:EAX
%macro WITH_MASK 2+
        mov eax, %1
        xor edx, edx
        %2
%endmacro

main:   mov rcx, cr4
        or ecx, 1 << 18                                 ; OSXSAVE
        mov cr4, rcx

        TEST "x87: reset state and environment"
        fninit
        fnstcw [X]
        CHECK_BITS [X], 0xffff, 0x37f
        fnstsw ax
        CHECK_BITS eax, 0xffff, 0
        fld1
        fldpi
        fnstenv [X]
        CHECK_BITS [X], 0xffff, 0x37f
        CHECK_BITS [X + 4], 0x3800, 6 << 11
        CHECK_BITS [X + 8], 0xffff, 0x0fff              ; two registers are in use
        fnstcw [X]
        CHECK_BITS [X], 0x3f, 0x3f                      ; FNSTENV masks everything

        TEST "x87: stack overflow and underflow"
        fninit
        fstp st0
        STATUS IE | SF | C1, IE | SF
        fnclex
        fninit
        mov ecx, 8
.fill:  fld1
        loop .fill
        STATUS IE, 0
        fld1
        STATUS IE | SF | C1, IE | SF | C1
        fstp dword [X]
        CHECK [X], 0xffc00000                           ; the indefinite NaN

        TEST "x87: exceptions, masked and not"
        fninit
        fld1
        fldz
        fdivp st1, st0
        STATUS 0xff, ZE
        fstp dword [X]
        CHECK [X], 0x7f800000
        fninit
        CONTROL 0x37b
        fld1
        fldz
        RUNS {fdivp st1, st0}
        STATUS SUMMARY | ZE, SUMMARY | ZE
        FAULTS 16, 0, {fldz}
        fnclex
        STATUS SUMMARY | ZE, 0
        fninit
        fld1
        fld1
        fadd st0, st1
        mov dword [X], 3
        fidiv dword [X]
        STATUS PE, PE
        fninit
        fldz
        fchs
        fsqrt                                           ; of minus zero: minus zero
        STATUS IE, 0
        fld1
        fchs
        fsqrt
        STATUS IE, IE

        TEST "x87: rounding and precision"
        fninit
        fld1
        mov dword [X], 3
        fidiv dword [X]
        fst dword [X]
        CHECK [X], 0x3eaaaaab
        CONTROL 0x77f                                   ; down
        fst dword [X + 8]
        CHECK [X + 8], 0x3eaaaaaa
        CONTROL 0xb7f                                   ; up
        fchs
        fst dword [X + 8]
        CHECK [X + 8], 0xbeaaaaaa
        CONTROL 0x07f                                   ; 24 bits
        fld1
        mov dword [X], 3
        fidiv dword [X]
        fstp tword [X]
        CHECK [X], 0
        CHECK [X + 4], 0xaaaaab00
        CONTROL 0xf7f                                   ; towards zero
        mov dword [X], 0xbfc00000                       ; -1.5
        fld dword [X]
        fistp dword [X]
        CHECK [X], -1
        mov dword [X], 0x4f000000                       ; 2^31
        fld dword [X]
        fistp dword [X]
        CHECK [X], 0x80000000
        STATUS IE, IE

        TEST "x87: comparisons, remainders, constants, BCD"
        fninit
        fldz
        fld1
        fcomi st0, st1
        setc cl
        setz ch
        movzx ecx, cx
        CHECK ecx, 0
        fcompp
        STATUS 0x4500, 0
        mov dword [X], 0x7fc00000
        fld dword [X]
        fucomi st0, st0
        setp cl
        movzx ecx, cl
        CHECK ecx, 1
        STATUS IE, 0
        fcomi st0, st0
        STATUS IE, IE
        fninit
        mov dword [X], 3
        fild dword [X]
        mov dword [X], 17
        fild dword [X]
        fprem
        STATUS 0x4700, 0x0300                           ; quotient 5: C0, C3, C1 are 1, 0, 1
        fistp dword [X]
        CHECK [X], 2
        fninit
        mov dword [X], 123456
        fild dword [X]
        fbstp [X]
        CHECK [X], 0x123456
        fldpi
        fstp tword [X]
        CHECK [X], 0x2168c235
        CHECK [X + 4], 0xc90fdaa2
        CHECK_BITS [X + 8], 0xffff, 0x4000

        TEST "MMX registers are those of the x87"
        fninit
        fld1
        mov eax, 0x12345678
        movd mm0, eax
        fnstenv [X]
        CHECK_BITS [X + 8], 3, 2                        ; the exponent is all ones: special
        CHECK_BITS [X + 4], 0x3800, 0
        emms
        fnstenv [X]
        CHECK_BITS [X + 8], 0xffff, 0xffff
        fninit

        TEST "FXSAVE: layout, and what FXRSTOR refuses"
        fninit
        fld1
        mov eax, 0x3f800000
        movd xmm3, eax
        fxsave64 [AREA]
        CHECK_BITS [AREA], 0xffff, 0x37f
        CHECK_BITS [AREA + 4], 0xff, 0x80               ; abridged tags
        CHECK [AREA + 24], 0x1f80
        CHECK [AREA + 36], 0x80000000                   ; 1.0 in ST0
        CHECK_BITS [AREA + 40], 0xffff, 0x3fff
        CHECK [AREA + 160 + 3 * 16], 0x3f800000
        movd xmm3, edx
        fninit
        fxrstor64 [AREA]
        movd ecx, xmm3
        CHECK ecx, 0x3f800000
        fstp dword [X]
        CHECK [X], 0x3f800000
        mov dword [AREA + 24], 0x11f80
        FAULTS 13, 0, {fxrstor64 [AREA]}
        FAULTS 13, 0, {fxsave64 [AREA + 8]}
        fninit

        TEST "SSE: rounding, flushing, flags that stay"
        mov dword [X], 0x1f80
        ldmxcsr [X]
        mov eax, 0x40200000                             ; 2.5
        movd xmm0, eax
        cvtss2si ecx, xmm0
        CHECK ecx, 2
        cvttss2si ecx, xmm0
        CHECK ecx, 2
        mov dword [X], 0x5f80                           ; up
        ldmxcsr [X]
        cvtss2si ecx, xmm0
        CHECK ecx, 3
        stmxcsr [X]
        CHECK_BITS [X], 0x3f, PE
        mov dword [X], 0x1f80
        ldmxcsr [X]
        mov eax, 0x00000001                             ; denormal
        movd xmm1, eax
        mov eax, 0x3f800000
        movd xmm2, eax
        mulss xmm1, xmm2
        movd ecx, xmm1
        CHECK ecx, 1
        stmxcsr [X]
        CHECK_BITS [X], 0x3f, DE
        mov dword [X], 0x1fc0                           ; denormals are zero
        ldmxcsr [X]
        mulss xmm1, xmm2
        movd ecx, xmm1
        CHECK ecx, 0
        mov dword [X], 0x9f80                           ; flush to zero
        ldmxcsr [X]
        mov eax, 0x00800000
        movd xmm1, eax
        mov eax, 0x3f000000
        movd xmm2, eax
        mulss xmm1, xmm2
        movd ecx, xmm1
        CHECK ecx, 0
        stmxcsr [X]
        CHECK_BITS [X], UE | PE, UE | PE
        mov dword [X], 0x1f80
        ldmxcsr [X]
        mov eax, 0x7f800001                             ; a signalling NaN
        movd xmm1, eax
        addss xmm1, xmm2
        movd ecx, xmm1
        CHECK ecx, 0x7fc00001
        stmxcsr [X]
        CHECK_BITS [X], IE, IE
        mov eax, 0x4f000000
        movd xmm1, eax
        cvttss2si ecx, xmm1
        CHECK ecx, 0x80000000

        TEST "XSETBV takes what makes sense"
        TRY
        SET_XCR0 0                                      ; x87 is always there
        CAUGHT 13, 0
        TRY
        SET_XCR0 5                                      ; no AVX without SSE
        CAUGHT 13, 0
        mov ecx, 0x1000
        FAULTS 13, 0, xgetbv
        SET_XCR0 3
        xor ecx, ecx
        xgetbv
        CHECK eax, 3
        mov eax, 1
        cpuid
        CHECK_BITS ecx, 1 << 27, 1 << 27
        mov [X + 0x40], ecx

        bt dword [X + 0x40], 28
        jnc .no_avx
        TEST "AVX needs its state to be on"
        FAULTS 6, 0, {vxorps xmm0, xmm0, xmm0}
        SET_XCR0 7
        RUNS {vxorps xmm0, xmm0, xmm0}
        mov rcx, cr0
        or ecx, 8
        mov cr0, rcx
        FAULTS 7, 0, {vxorps ymm0, ymm0, ymm0}
        clts

        TEST "AVX: upper halves"
        mov eax, 0x3f800000
        movd xmm0, eax
        vbroadcastss ymm1, [one]
        vinsertf128 ymm2, ymm1, xmm1, 1
        vextractf128 xmm3, ymm2, 1
        movd ecx, xmm3
        CHECK ecx, 0x3f800000
        addps xmm2, xmm2                                ; legacy: upper half stays
        vextractf128 xmm3, ymm2, 1
        movd ecx, xmm3
        CHECK ecx, 0x3f800000
        vaddps xmm2, xmm2, xmm2                         ; VEX.128: upper half is zero
        vextractf128 xmm3, ymm2, 1
        movd ecx, xmm3
        CHECK ecx, 0
        vaddps ymm4, ymm1, ymm1
        vextractf128 xmm3, ymm4, 1
        movd ecx, xmm3
        CHECK ecx, 0x40000000
        vzeroupper
        vextractf128 xmm3, ymm4, 1
        movd ecx, xmm3
        CHECK ecx, 0
        movd ecx, xmm4
        CHECK ecx, 0x40000000
        vbroadcastss ymm5, [one]
        RUNS {vmovups [AREA + 1], ymm5}                 ; VEX loads and stores need no alignment
        RUNS {vaddps ymm6, ymm5, [AREA + 1]}
        FAULTS 13, 0, {vmovaps [AREA + 16], ymm5}
        FAULTS 6, 0, {db 0xf0, 0xc5, 0xf4, 0x58, 0xc1}  ; LOCK
        FAULTS 6, 0, {db 0x66, 0xc5, 0xf4, 0x58, 0xc1}  ; another prefix before VEX

        TEST "XSAVE and XRSTOR of each component"
        mov eax, 13
        xor ecx, ecx
        cpuid
        CHECK ebx, 832
        mov edi, AREA
        mov ecx, 1024 / 4
        xor eax, eax
        rep stosd
        vbroadcastss ymm7, [one]
        fninit
        WITH_MASK 7, {xsave64 [AREA]}
        CHECK_BITS [AREA + 512], 6, 6                   ; x87 may be in its initial state
        CHECK [AREA + 160 + 7 * 16], 0x3f800000
        CHECK [AREA + 576 + 7 * 16], 0x3f800000
        vzeroall
        WITH_MASK 2, {xrstor64 [AREA]}
        vextractf128 xmm3, ymm7, 1
        movd ecx, xmm3
        CHECK ecx, 0                                    ; AVX's part was not asked for
        movd ecx, xmm7
        CHECK ecx, 0x3f800000
        WITH_MASK 7, {xrstor64 [AREA]}
        vextractf128 xmm3, ymm7, 1
        movd ecx, xmm3
        CHECK ecx, 0x3f800000
        mov dword [AREA + 512], 3
        WITH_MASK 7, {xrstor64 [AREA]}                  ; AVX: initial
        vextractf128 xmm3, ymm7, 1
        movd ecx, xmm3
        CHECK ecx, 0
        movd ecx, xmm7
        CHECK ecx, 0x3f800000

        TEST "XRSTOR refuses headers that make no sense"
        mov dword [AREA + 512], 0x18
        TRY
        WITH_MASK 7, {xrstor64 [AREA]}
        CAUGHT 13, 0
        mov dword [AREA + 512], 7
        mov dword [AREA + 512 + 8 + 8], 1
        TRY
        WITH_MASK 7, {xrstor64 [AREA]}
        CAUGHT 13, 0
        mov dword [AREA + 512 + 8 + 8], 0
        mov dword [AREA + 24], 0x80000000
        TRY
        WITH_MASK 7, {xrstor64 [AREA]}
        CAUGHT 13, 0
        TRY
        WITH_MASK 7, {xsave64 [AREA + 16]}
        CAUGHT 13, 0
.no_avx:
        mov rcx, cr4
        and ecx, ~(1 << 18)
        mov cr4, rcx
        FAULTS 6, 0, {xgetbv}
        mov dword [X], 0x1f80
        ldmxcsr [X]
        END

section .data
        align 4
one     dd 0x3f800000
section .text
