/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "x86-machine.h"

/* A machine whose x86_machine_step runs each instruction as a translated block of its own, with all
 * status flags; what the translator leaves to the interpreter is interpreted here, too. */
X86Machine *translated_machine_new (void);
