/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* The discs that people bring, by what their makers write on them. libosinfo's database knows them
 * as well, but one that comes with a distribution knows none that is younger than itself, and no
 * rescue discs. */

/* What is known of a system by its disc. */
typedef struct
{
  char *id;        /* libosinfo's, maybe of a release that its database lacks; NULL: it has none */
  char *name;      /* for people: "Debian 13" */
  unsigned memory; /* MiB */
  unsigned disk;   /* GiB, if it is given one */
  gboolean live;   /* runs from the disc */
} OsDisc;

void os_disc_free (OsDisc *disc);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OsDisc, os_disc_free)

/* Looks a disc up by its volume's name (or NULL), by whoever made it (publisher and application, or
 * NULL) and by the name of its file; NULL: none of those. */
OsDisc *os_discs_find (const char *label, const char *maker, const char *file);
