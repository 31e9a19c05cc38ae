/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-topology.h"

#include <glib/gi18n.h>
#include <string.h>

/* Systems that find their CPUs in the BIOS' MP table, which names one of each socket. */
typedef struct
{
  const char *id;    /* the beginning of it in libosinfo; its version follows */
  double up_to_date; /* versions from here on go by ACPI */
} OldSystem;

static const OldSystem old_systems[] = {
  { "http://debian.org/debian/", 4 },     { "http://dragonflybsd.org/dragonflybsd/", 3 },
  { "http://freebsd.org/freebsd/", 5 },   { "http://mandriva.com/mandrake/", 100 },
  { "http://microsoft.com/winnt/", 100 }, { "http://netbsd.org/netbsd/", 5 },
  { "http://novell.com/netware/", 100 },  { "http://openbsd.org/openbsd/", 4.5 },
  { "http://redhat.com/rhel/", 3 },       { "http://redhat.com/rhl/", 100 },
  { "http://sun.com/solaris/", 10 },
};

static gboolean
wants_sockets (const char *os)
{
  /* Its licence counts every core as a processor, and its name has no number. */
  if (g_strcmp0 (os, "http://microsoft.com/win/2k") == 0)
    return TRUE;
  for (unsigned i = 0; os != NULL && i < G_N_ELEMENTS (old_systems); i++)
    if (g_str_has_prefix (os, old_systems[i].id))
      {
        const char *version = os + strlen (old_systems[i].id);

        return g_ascii_isdigit (*version)
               && g_ascii_strtod (version, NULL) < old_systems[i].up_to_date;
      }
  return FALSE;
}

/* “2x2x1”. */
static gboolean
parse_counts (const char *value, CpuTopology *topology)
{
  unsigned *const counts[] = { &topology->sockets, &topology->cores, &topology->threads };

  for (unsigned i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      char *end;
      guint64 count = g_ascii_strtoull (value, &end, 10);

      if (!g_ascii_isdigit (*value) || count < 1 || count > 255
          || *end != (i + 1 < G_N_ELEMENTS (counts) ? 'x' : '\0'))
        return FALSE;
      *counts[i] = count;
      value = end + 1;
    }
  return TRUE;
}

static unsigned
count_cpus (const CpuTopology *topology)
{
  return topology->sockets * topology->cores * topology->threads;
}

gboolean
machine_topology_parse (const char *value, unsigned cpus, const char *os, CpuTopology *topology,
                        GError **error)
{
  if (g_str_equal (value, MACHINE_TOPOLOGY_CORES)
      || (g_str_equal (value, MACHINE_TOPOLOGY_AUTO) && !wants_sockets (os)))
    *topology = (CpuTopology){ 1, cpus, 1 };
  else if (g_str_equal (value, MACHINE_TOPOLOGY_SOCKETS)
           || g_str_equal (value, MACHINE_TOPOLOGY_AUTO))
    *topology = (CpuTopology){ cpus, 1, 1 };
  else if (!parse_counts (value, topology))
    {
      g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        _ ("“%s” is no topology: choose auto, cores, sockets, or the numbers of sockets, "
           "of cores in each and of threads in each core, for example 2x2x1."),
        value);
      return FALSE;
    }
  else if (count_cpus (topology) != cpus)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("The topology “%s” has %u CPUs, but the machine has %u: change one of them."),
                   value, count_cpus (topology), cpus);
      return FALSE;
    }
  return TRUE;
}

void
machine_topology_set_cpus (GKeyFile *file, unsigned cpus)
{
  g_autofree char *value = g_key_file_get_string (file, "machine", "topology", NULL);
  g_autofree char *changed = NULL;
  CpuTopology old;

  g_key_file_set_integer (file, "machine", "cpus", cpus);
  if (value == NULL || !parse_counts (value, &old) || count_cpus (&old) == cpus)
    return;
  if (cpus % (old.sockets * old.threads) == 0)
    changed
      = g_strdup_printf ("%ux%ux%u", old.sockets, cpus / (old.sockets * old.threads), old.threads);
  else if (cpus % old.sockets == 0)
    changed = g_strdup_printf ("%ux%ux1", old.sockets, cpus / old.sockets);
  g_key_file_set_string (file, "machine", "topology",
                         changed != NULL ? changed : MACHINE_TOPOLOGY_CORES);
}

void
machine_topology_set (GKeyFile *file, const char *value)
{
  CpuTopology topology;

  g_key_file_set_string (file, "machine", "topology", value);
  if (parse_counts (value, &topology))
    g_key_file_set_integer (file, "machine", "cpus", count_cpus (&topology));
}
