/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "generate.h"

/* Plans and code of blocks as text, for trace events. Each gives lines without the last line's end,
 * which the caller frees. */

/* What the decoder found. */
char *listing_of_guest (const Plan *plan);
/* Each instruction of the guest with its host code below it. */
char *listing_of_code (const Plan *plan, const TranslatorBlock *block, const GenerateMarks *marks);
