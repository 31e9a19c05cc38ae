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

/* The number of CPUs and the topology belong together: each of these writes both into [machine].
 * Sockets and threads in numbers stay where the new number of CPUs can be made of them, then
 * sockets, else it is cores of one socket. */
void machine_topology_set_cpus (GKeyFile *file, unsigned cpus);
/* Numbers say how many CPUs there are; any other value is as good for those that there are. */
void machine_topology_set (GKeyFile *file, const char *value);
