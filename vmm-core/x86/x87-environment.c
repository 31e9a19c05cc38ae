/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The images of FLDENV, FNSTENV, FRSTOR and FNSAVE (Intel SDM volume 1, figures 8-9 to 8-12). The
 * words come from the host's own instruction; the addresses of the last instruction are the
 * guest's. */
#include "access.h"
#include "fpu-unit.h"
#include "x87.h"

/* What the host's instructions use in 64-bit mode: 32-bit protected mode's image. */
typedef struct
{
  uint32_t control, status, tag, ip, cs_opcode, dp, ds;
  uint8_t st[80];
} X87Image;

enum
{
  X87_ENVIRONMENT_16 = 14,
  X87_ENVIRONMENT_32 = 28,
  X87_REGISTERS = 80
};

static bool
x87_is_real (const X86Cpu *cpu)
{
  return (cpu->mode & X86_MODE_PROTECTED) == 0 || (cpu->mode & X86_MODE_VM86) != 0;
}

static void
x87_encode_32 (const X86Cpu *cpu, X87Image *image)
{
  const X86Fpu *fpu = &cpu->state.fpu;
  uint32_t opcode = fpu->opcode & 0x7ff;

  if (x87_is_real (cpu))
    {
      uint32_t ip = (uint32_t) fpu->ip + ((uint32_t) fpu->cs << 4);
      uint32_t dp = (uint32_t) fpu->dp + ((uint32_t) fpu->ds << 4);

      image->ip = ip & 0xffff;
      image->cs_opcode = (ip >> 16) << 12 | opcode;
      image->dp = dp & 0xffff;
      image->ds = (dp >> 16) << 12;
    }
  else
    {
      image->ip = (uint32_t) fpu->ip;
      image->cs_opcode = fpu->cs | opcode << 16;
      image->dp = (uint32_t) fpu->dp;
      image->ds = fpu->ds | 0xffff0000;
    }
}

static void
x87_decode_32 (X86Cpu *cpu, const X87Image *image)
{
  X86Fpu *fpu = &cpu->state.fpu;

  if (x87_is_real (cpu))
    {
      fpu->ip = (image->ip & 0xffff) | (image->cs_opcode >> 12 & 0xffff) << 16;
      fpu->dp = (image->dp & 0xffff) | (image->ds >> 12 & 0xffff) << 16;
      fpu->opcode = image->cs_opcode & 0x7ff;
      fpu->cs = fpu->ds = 0;
    }
  else
    {
      fpu->ip = image->ip;
      fpu->dp = image->dp;
      fpu->cs = (uint16_t) image->cs_opcode;
      fpu->opcode = image->cs_opcode >> 16 & 0x7ff;
      fpu->ds = (uint16_t) image->ds;
    }
}

static void
x87_encode_16 (const X86Cpu *cpu, const X87Image *image, uint16_t words[7])
{
  const X86Fpu *fpu = &cpu->state.fpu;

  words[0] = (uint16_t) image->control;
  words[1] = (uint16_t) image->status;
  words[2] = (uint16_t) image->tag;
  if (x87_is_real (cpu))
    {
      uint32_t ip = (uint32_t) fpu->ip + ((uint32_t) fpu->cs << 4);
      uint32_t dp = (uint32_t) fpu->dp + ((uint32_t) fpu->ds << 4);

      words[3] = (uint16_t) ip;
      words[4] = (uint16_t) ((ip >> 16) << 12 | (fpu->opcode & 0x7ff));
      words[5] = (uint16_t) dp;
      words[6] = (uint16_t) ((dp >> 16) << 12);
    }
  else
    {
      words[3] = (uint16_t) fpu->ip;
      words[4] = fpu->cs;
      words[5] = (uint16_t) fpu->dp;
      words[6] = fpu->ds;
    }
}

static void
x87_decode_16 (X86Cpu *cpu, const uint16_t words[7], X87Image *image)
{
  X86Fpu *fpu = &cpu->state.fpu;

  image->control = words[0];
  image->status = words[1];
  image->tag = words[2];
  if (x87_is_real (cpu))
    {
      fpu->ip = words[3] | (uint32_t) (words[4] >> 12) << 16;
      fpu->opcode = words[4] & 0x7ff;
      fpu->dp = words[5] | (uint32_t) (words[6] >> 12) << 16;
      fpu->cs = fpu->ds = 0;
    }
  else
    {
      fpu->ip = words[3];
      fpu->cs = words[4];
      fpu->dp = words[5];
      fpu->ds = words[6];
    }
}

void
x87_load_environment (X86Cpu *cpu, const X86Insn *insn, uint64_t ea, bool registers)
{
  unsigned length = insn->op_size == 2 ? X87_ENVIRONMENT_16 : X87_ENVIRONMENT_32;
  uint8_t bytes[X87_ENVIRONMENT_32 + X87_REGISTERS];
  X87Image image = { 0 };

  x86_load_bytes (cpu, insn->segment, ea, bytes, length + (registers ? X87_REGISTERS : 0));
  if (length == X87_ENVIRONMENT_16)
    {
      uint16_t words[7];

      memcpy (words, bytes, sizeof words);
      x87_decode_16 (cpu, words, &image);
    }
  else
    {
      memcpy (&image, bytes, X87_ENVIRONMENT_32);
      x87_decode_32 (cpu, &image);
    }
  memcpy (image.st, bytes + length, registers ? X87_REGISTERS : 0);
  if (registers)
    __asm__ volatile ("frstor %1; fnstcw %0" : "=m"(cpu->state.fpu.control) : "m"(image));
  else
    __asm__ volatile ("fldenv %1; fnstcw %0" : "=m"(cpu->state.fpu.control) : "m"(image));
}

void
x87_store_environment (X86Cpu *cpu, const X86Insn *insn, uint64_t ea, bool registers)
{
  unsigned length = insn->op_size == 2 ? X87_ENVIRONMENT_16 : X87_ENVIRONMENT_32;
  unsigned total = length + (registers ? X87_REGISTERS : 0);
  uint8_t bytes[X87_ENVIRONMENT_32 + X87_REGISTERS];
  X86Fpu *fpu = &cpu->state.fpu;
  X87Image image;

  x86_probe_store (cpu, insn->segment, ea, total);
  if (registers)
    __asm__ volatile ("fnsave %0" : "=m"(image));
  else
    __asm__ volatile ("fnstenv %0" : "=m"(image));
  if (length == X87_ENVIRONMENT_16)
    {
      uint16_t words[7];

      x87_encode_16 (cpu, &image, words);
      memcpy (bytes, words, sizeof words);
    }
  else
    {
      x87_encode_32 (cpu, &image);
      memcpy (bytes, &image, X87_ENVIRONMENT_32);
    }
  memcpy (bytes + length, image.st, registers ? X87_REGISTERS : 0);
  x86_store_bytes (cpu, insn->segment, ea, bytes, total);
  __asm__ volatile ("fnstcw %0" : "=m"(fpu->control));
  if (registers)
    {
      fpu->ip = fpu->dp = 0;
      fpu->cs = fpu->ds = fpu->opcode = 0;
    }
}
