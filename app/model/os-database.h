/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <osinfo/osinfo.h>

/* libosinfo's database, for one worker thread at a time. The first to lock it reads it, which takes
 * a second; the main thread must not. */
OsinfoDb *os_database_lock (void);
void os_database_unlock (void);

/* What a system recommends, or else needs: MiB of memory and GiB of disk. What the database does
 * not know, or all of it if os is NULL, is what suits most. */
void os_database_read_needs (OsinfoOs *os, unsigned *memory, unsigned *disk);

/* The id, if the database has such a system; else that of the nearest release of the same family:
 * the last before it, or else the first. NULL: it has none of that family. */
char *os_database_dup_nearest (OsinfoDb *database, const char *id);
