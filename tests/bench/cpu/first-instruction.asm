; SPDX-License-Identifier: GPL-3.0-or-later
; A ROM of 64 KiB whose first instructions write "F" to the debug console and wait for ever.
bits 16
org 0

  times 0xfff0 db 0xf4
reset:
  mov dx, 0x402
  mov al, 'F'
  out dx, al
  cli
.wait:
  hlt
  jmp short .wait
  times 0x10000 - ($ - $$) db 0
