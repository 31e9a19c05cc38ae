/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fw-cfg.h"

#include "vmm-core/cpu-topology.h"
#include "vmm-core/smbios-texts.h"

/* What the tables have to know of the machine. */
typedef struct
{
  SmbiosTexts texts;
  const char *name, *uuid; /* NULL: none */
  CpuTopology topology;
  uint64_t memory_below, memory_above; /* bytes of RAM from 0 and from 4 GiB on, whole MiB */
} SmbiosConfig;

/* Adds structures of SMBIOS 2.8 as etc/smbios/smbios-tables, with the entry point
 * etc/smbios/smbios-anchor. The BIOS adds structure 0, which is about itself. */
void smbios_add (FwCfg *fw_cfg, const SmbiosConfig *config);
