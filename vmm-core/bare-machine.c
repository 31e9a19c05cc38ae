/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bare-machine.h"

MemoryBlock *
bare_machine_init (AccelMachine *machine, uint64_t ram_size, GError **error)
{
  MemoryBlock *ram;

  machine->lock = machine_lock_new ();
  machine->clock = clock_new_manual ();
  machine->memory = memory_new ();
  machine->io = bus_new ("io", 1 << 16, machine->lock);
  machine->mmio = bus_new ("mmio", 0, machine->lock);
  ram = memory_block_new (machine->memory, "ram", ram_size, false, error);
  if (ram != NULL)
    memory_map (machine->memory, 0, ram_size, ram, 0, MEMORY_RW, 0);
  return ram;
}

void
bare_machine_clear (AccelMachine *machine)
{
  bus_free (machine->io);
  bus_free (machine->mmio);
  memory_free (machine->memory);
  clock_free (machine->clock);
  machine_lock_free (machine->lock);
}
