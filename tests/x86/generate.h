/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "generator.h"

/* One random instruction of a kind. */
void generate_alu (Generator *g);
void generate_unary (Generator *g);
void generate_multiply (Generator *g);
void generate_shift (Generator *g);
void generate_bits (Generator *g);
void generate_bmi (Generator *g);
void generate_move (Generator *g);
void generate_exchange (Generator *g);
void generate_plain (Generator *g);
void generate_string (Generator *g);
void generate_stack (Generator *g);
void generate_pointer (Generator *g);
void generate_branch (Generator *g);
void generate_self_modification (Generator *g);
void generate_x87 (Generator *g);
void generate_vector (Generator *g);
void generate_vector_special (Generator *g);

/* Registers and memory of the case. */
void generate_state (Generator *g);
