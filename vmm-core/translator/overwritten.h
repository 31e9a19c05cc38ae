/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/memory.h"

/* What was overwritten of the code that is translated, until blocks are dropped for it. Any
 * thread. */
typedef struct Overwritten Overwritten;

#define OVERWRITTEN_MAX 512

typedef struct
{
  MemoryBlock *block;
  uint64_t page;
  MemoryCodeSet bytes;
} OverwrittenPage;

Overwritten *overwritten_new (void);
void overwritten_free (Overwritten *overwritten);

void overwritten_note (Overwritten *overwritten, MemoryBlock *block, uint64_t page, unsigned offset,
                       unsigned length);

/* What was noted since the last call, until the next one; *n pages. *all: and in so many more that
 * everything may be meant. One caller at a time. */
OverwrittenPage *overwritten_take (Overwritten *overwritten, unsigned *n, bool *all);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Overwritten, overwritten_free)
