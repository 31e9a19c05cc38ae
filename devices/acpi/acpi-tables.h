/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/firmware/fw-cfg.h"
#include "vmm-core/cpu-topology.h"

/* What the tables have to know of the board. */
typedef struct
{
  CpuTopology topology;
  uint32_t pci_memory_start; /* where RAM below 4 GiB ends */
  uint8_t serial_ports;      /* a bit for each of COM1 to COM4 */
} AcpiTablesConfig;

/* Adds RSDP, RSDT, XSDT, FADT, FACS, MADT and DSDT (ACPI 2.0) as the files etc/acpi/rsdp and
 * etc/acpi/tables, with the commands in etc/table-loader that tell firmware how to link them. */
void acpi_tables_add (FwCfg *fw_cfg, const AcpiTablesConfig *config);
