/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "os-detection.h"

/* The discs that people bring, by what their makers write on them. libosinfo's database knows them
 * as well, but one that comes with a distribution knows none that is younger than itself, and no
 * rescue discs. */

/* Looks a disc up by its volume's name (or NULL), by whoever made it (publisher and application, or
 * NULL) and by the name of its file; NULL: none of those. The id may be of a release that the
 * database lacks. */
OsDetection *os_discs_find (const char *label, const char *maker, const char *file);
