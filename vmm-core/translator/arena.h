/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A bounded pool that is emptied all at once: what blocks are made of besides code. It costs memory
 * as far as it was ever filled. Not locked. */
typedef struct
{
  uint8_t *memory;
  size_t size, used;
} Arena;

void arena_init (Arena *arena, size_t size);
void arena_clear (Arena *arena);

/* Zeroed, aligned to 8 bytes. There must be room. */
void *arena_allocate (Arena *arena, size_t size);
/* Counts what is kept elsewhere for as long. */
void arena_charge (Arena *arena, size_t size);
size_t arena_get_free (const Arena *arena);
/* Everything is void. */
void arena_empty (Arena *arena);
