/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "machine.h"

G_BEGIN_DECLS

/* The discs in a machine's CD drives: what changes them does so in the running machine and in
 * machine.conf, so that the next start finds the same. */

/* TRUE if a change reaches the machine now; FALSE if only its next start: it is off, or has had no
 * such drive when it was started. */
gboolean machine_disc_applies_now (Machine *self, const char *drive);

/* The path of the disc that is in the drive now, or at the next start if the machine is off; NULL
 * if it is empty. */
char *machine_disc_dup_path (Machine *self, const char *drive);

/* TRUE while the guest keeps the drive's tray shut. */
gboolean machine_disc_is_locked (Machine *self, const char *drive);

/* Inserts the image at path; NULL ejects what is in. force: even if the guest has locked the tray.
 * What fails is told by "problem" and leaves machine.conf as it is. */
void machine_disc_change (Machine *self, const char *drive, const char *path, gboolean force);

G_END_DECLS
