/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "vmm-core/cpu-topology.h"

/* The values of topology in [machine], beside “2x2x1” for sockets, cores and threads. */
#define MACHINE_TOPOLOGY_AUTO "auto"       /* as the operating system likes it best */
#define MACHINE_TOPOLOGY_CORES "cores"     /* one socket */
#define MACHINE_TOPOLOGY_SOCKETS "sockets" /* one for each CPU */

/* What a value means for so many CPUs; os is the operating system's id in libosinfo or NULL. FALSE
 * with error when it means nothing. */
gboolean machine_topology_parse (const char *value, unsigned cpus, const char *os,
                                 CpuTopology *topology, GError **error);
