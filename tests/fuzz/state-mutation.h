/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/state.h"

/* Saves the sections with damage that seed decides: turned bits, a cut, two sections in each
 * other's place, or fields with values that no device need have. */
GByteArray *state_mutation_save (const StateSection *sections, unsigned n, uint32_t seed);
