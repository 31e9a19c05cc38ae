; SPDX-License-Identifier: GPL-3.0-or-later
; Fills the screen at 1600×1200×32 for ever through the linear framebuffer and writes a letter to the
; first serial port after each: R by REP STOSD, M by a loop of MOV, S by a loop of MOVAPS.
bits 16
org 0x7c00

PIXELS equ 1600 * 1200
SECTORS equ 3
VBE_INFO equ 0x9000
DISPI_INDEX equ 0x1ce

start:
  xor ax, ax
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, 0x7c00
  mov ax, 0x0200 + SECTORS          ; the rest of this program
  mov bx, 0x7e00
  mov cx, 2
  xor dh, dh
  int 0x13
  jc halt
  mov ax, 0x4f01                    ; mode 118h: only for where the framebuffer is
  mov cx, 0x118
  mov di, VBE_INFO
  int 0x10
  cmp ax, 0x4f
  jne halt
  jmp set_mode
halt:
  cli
  hlt
  jmp halt

%macro dispi 2
  mov dx, DISPI_INDEX
  mov ax, %1
  out dx, ax
  inc dx
  mov ax, %2
  out dx, ax
%endmacro

  times 510 - ($ - $$) db 0
  dw 0xaa55

set_mode:
  dispi 4, 0                        ; ENABLE
  dispi 1, 1600                     ; XRES
  dispi 2, 1200                     ; YRES
  dispi 3, 32                       ; BPP
  dispi 4, 0x41                     ; ENABLE, with the linear framebuffer
  in al, 0x92                       ; A20
  or al, 2
  out 0x92, al
  cli
  lgdt [gdt_pointer]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  jmp 8:protected

bits 32
protected:
  mov ax, 16
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov esp, 0x7c00
  mov eax, cr4
  or eax, 1 << 9                    ; OSFXSR: the guest uses SSE
  mov cr4, eax
  mov esi, [VBE_INFO + 0x28]        ; PhysBasePtr
  xor ebx, ebx
again:
  add ebx, 0x01020304
  mov edi, esi
  mov ecx, PIXELS
  mov eax, ebx
  rep stosd
  mov al, 'R'
  call report

  add ebx, 0x01020304
  mov edi, esi
  mov ecx, PIXELS
.mov:
  mov [edi], ebx
  add edi, 4
  dec ecx
  jnz .mov
  mov al, 'M'
  call report

  add ebx, 0x01020304
  movd xmm0, ebx
  pshufd xmm0, xmm0, 0
  mov edi, esi
  mov ecx, PIXELS / 16
.movaps:
  movaps [edi], xmm0
  movaps [edi + 16], xmm0
  movaps [edi + 32], xmm0
  movaps [edi + 48], xmm0
  add edi, 64
  dec ecx
  jnz .movaps
  mov al, 'S'
  call report
  jmp again

report:
  mov dx, 0x3f8
  out dx, al
  ret

align 8
gdt:
  dq 0
  dq 0x00cf9b000000ffff
  dq 0x00cf93000000ffff
gdt_pointer:
  dw $ - gdt - 1
  dd gdt
  times (1 + SECTORS) * 512 - ($ - $$) db 0
  times 1 << 20 - ($ - $$) db 0
