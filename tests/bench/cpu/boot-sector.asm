; SPDX-License-Identifier: GPL-3.0-or-later
; A boot sector that writes "B" to the first serial port and waits for ever.
bits 16
org 0x7c00

  mov dx, 0x3f8
  mov al, 'B'
  out dx, al
  cli
.wait:
  hlt
  jmp short .wait
  times 510 - ($ - $$) db 0
  dw 0xaa55
  times 1 << 20 - ($ - $$) db 0
