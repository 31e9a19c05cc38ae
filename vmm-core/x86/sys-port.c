/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IN, OUT, INS, OUTS and the right to use them: Intel SDM 1, chapter 19. */
#include "debug.h"
#include "operand.h"
#include "segment.h"
#include "software.h"
#include "sys-insn.h"
#include "task.h"

static void
port_check (X86Cpu *cpu, uint16_t port, unsigned size)
{
  if (x86_in_real_mode (cpu) || (!x86_in_vm86 (cpu) && cpu->cpl <= (cpu->state.rflags >> 12 & 3)))
    return;
  if (!x86_task_allows_io (cpu, port, size))
    x86_raise_code (cpu, X86_GP, 0);
}

static uint32_t
port_read (X86Cpu *cpu, uint16_t port, unsigned size)
{
  x86_debug_note_io (cpu, port, size);
  return bus_dispatch_read (cpu->software->machine.io, port, size);
}

static void
port_write (X86Cpu *cpu, uint16_t port, unsigned size, uint32_t value)
{
  x86_debug_note_io (cpu, port, size);
  bus_dispatch_write (cpu->software->machine.io, port, size, value);
}

/* Bytes moved: bit 0 of the opcode tells a byte from a word or doubleword. */
static unsigned
port_size (const X86Insn *insn)
{
  return insn->opcode & 1 ? MIN (insn->op_size, 4) : 1;
}

/* E4 to E7 name the port, the others use DX. */
static uint16_t
port_number (const X86Cpu *cpu, const X86Insn *insn)
{
  return insn->opcode < 0xe8 ? insn->imm & 0xff : cpu->state.gpr[X86_RDX] & 0xffff;
}

void
x86_sys_in (X86Cpu *cpu, const X86Insn *insn)
{
  unsigned size = port_size (insn);
  uint16_t port = port_number (cpu, insn);
  uint32_t value;

  port_check (cpu, port, size);
  value = port_read (cpu, port, size);
  if (size == 1)
    x86_set8 (cpu, X86_RAX * 8, value);
  else
    x86_set_sized (cpu, X86_RAX * 8, size, value);
}

void
x86_sys_out (X86Cpu *cpu, const X86Insn *insn)
{
  unsigned size = port_size (insn);
  uint16_t port = port_number (cpu, insn);

  port_check (cpu, port, size);
  port_write (cpu, port, size,
              size == 4   ? cpu->state.gpr[X86_RAX]
              : size == 2 ? cpu->state.gpr[X86_RAX] & 0xffff
                          : cpu->state.gpr[X86_RAX] & 0xff);
}

static void
advance (X86Cpu *cpu, unsigned reg, const X86Insn *insn, int64_t by)
{
  x86_set_sized (cpu, reg * 8, insn->addr_size, cpu->state.gpr[reg] + by);
}

static void
input_one (X86Cpu *cpu, const X86Insn *insn, unsigned size)
{
  uint64_t ea = x86_address_mask (cpu->state.gpr[X86_RDI], insn->addr_size);
  uint32_t value;

  /* What the port gave cannot be put back. */
  x86_probe_store (cpu, X86_ES, ea, size);
  value = port_read (cpu, cpu->state.gpr[X86_RDX], size);
  if (size == 1)
    x86_store8 (cpu, X86_ES, ea, value);
  else
    x86_store_sized (cpu, X86_ES, ea, size, value);
}

static void
output_one (X86Cpu *cpu, const X86Insn *insn, unsigned size)
{
  uint64_t ea = x86_address_mask (cpu->state.gpr[X86_RSI], insn->addr_size);
  uint32_t value = size == 1 ? x86_load8 (cpu, insn->segment, ea)
                             : x86_load_sized (cpu, insn->segment, ea, size);

  port_write (cpu, cpu->state.gpr[X86_RDX], size, value);
}

/* Elements one by one; between two of them an interrupt may come, and the instruction goes on
 * afterwards. */
static void
port_string (X86Cpu *cpu, const X86Insn *insn, bool input)
{
  unsigned size = port_size (insn);
  bool repeated = (insn->prefixes & (X86_PREFIX_REP | X86_PREFIX_REPNE)) != 0;
  bool stepping = x86_debug_needs_steps (cpu);
  int64_t step = cpu->state.rflags & X86_FLAG_DF ? -(int64_t) size : (int64_t) size;

  port_check (cpu, cpu->state.gpr[X86_RDX], size);
  cpu->state.rip = x86_next_rip (cpu, insn);
  while (!repeated || x86_address_mask (cpu->state.gpr[X86_RCX], insn->addr_size) != 0)
    {
      if (input)
        input_one (cpu, insn, size);
      else
        output_one (cpu, insn, size);
      advance (cpu, input ? X86_RDI : X86_RSI, insn, step);
      if (!repeated)
        break;
      advance (cpu, X86_RCX, insn, -1);
      if (stepping || atomic_load_explicit (&cpu->requests, memory_order_relaxed) != 0)
        {
          if (x86_address_mask (cpu->state.gpr[X86_RCX], insn->addr_size) != 0)
            {
              cpu->state.rip = x86_insn_rip (cpu, insn);
              /* No new start for a code breakpoint. */
              cpu->state.rflags |= stepping ? X86_FLAG_RF : 0;
            }
          break;
        }
    }
}

void
x86_sys_ins (X86Cpu *cpu, const X86Insn *insn)
{
  port_string (cpu, insn, true);
}

void
x86_sys_outs (X86Cpu *cpu, const X86Insn *insn)
{
  port_string (cpu, insn, false);
}
