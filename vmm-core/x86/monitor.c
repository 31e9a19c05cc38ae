/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor.h"

#include "access.h"
#include "insn.h"
#include "mmu.h"
#include "operand.h"
#include "software.h"
#include "sys-insn.h"
#include "vmm-core/memory.h"

/* No extension (ECX) is there to be asked for. */
static void
check_allowed (X86Cpu *cpu)
{
  if (cpu->cpl != 0)
    x86_raise (cpu, X86_UD);
  if ((uint32_t) cpu->state.gpr[X86_RCX] != 0)
    x86_raise_code (cpu, X86_GP, 0);
}

void
x86_sys_monitor (X86Cpu *cpu, const X86Insn *insn)
{
  const uint64_t ea = x86_address_mask (cpu->state.gpr[X86_RAX], insn->addr_size);
  const uint32_t *version;
  X86Page page;
  unsigned offset;

  check_allowed (cpu);
  x86_probe_load (cpu, insn->segment, ea, 1);
  x86_mmu_translate (cpu, (cpu->window[insn->segment].base + ea) & cpu->linear_mask, 0, &page);
  atomic_store (&cpu->monitored, NULL);
  if (page.host == NULL)
    return;
  offset = page.physical & (MEMORY_PAGE_SIZE - X86_MONITOR_LINE);
  version = memory_block_get_code_version (page.block, page.block_page);
  cpu->monitored_at = __atomic_load_n (version, __ATOMIC_ACQUIRE);
  atomic_store (&cpu->monitored, version);
  x86_mmu_note_code (cpu, page.block, page.block_page, offset, X86_MONITOR_LINE);
}

void
x86_monitor_poll (X86Cpu *cpu)
{
  const uint32_t *version = atomic_load (&cpu->monitored);

  if (!cpu->monitor_waits
      || (cpu->state.activity == X86_HALTED && version != NULL
          && __atomic_load_n (version, __ATOMIC_ACQUIRE) == cpu->monitored_at))
    return;
  cpu->monitor_waits = false;
  atomic_store (&cpu->monitored, NULL);
  if (cpu->state.activity == X86_HALTED)
    cpu->state.activity = X86_RUNNING;
}

void
x86_sys_mwait (X86Cpu *cpu, const X86Insn *insn)
{
  check_allowed (cpu);
  cpu->monitor_waits = true;
  cpu->state.activity = X86_HALTED;
  atomic_fetch_or (&cpu->requests, X86_REQUEST_LOCAL);
}

void
x86_monitor_wake (X86Software *software, MemoryBlock *block, uint64_t page)
{
  const uint32_t *version = memory_block_get_code_version (block, page);

  for (unsigned i = 0; i < X86_MAX_CPUS; i++)
    if (software->cpus[i] != NULL && atomic_load (&software->cpus[i]->monitored) == version)
      x86_software_request (software->cpus[i], X86_REQUEST_MONITOR);
}
