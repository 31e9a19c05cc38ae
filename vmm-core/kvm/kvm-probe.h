/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Times a small loop in a throw-away virtual machine. TRUE if the host runs guests at hardware
 * speed; else *reason (owned by the caller) says in one sentence for the user why not. *mips is the
 * measured speed in million instructions a second, 0 where KVM could not be used at all. Takes at
 * most a quarter of a second. */
gboolean kvm_probe_measure (double *mips, char **reason);
