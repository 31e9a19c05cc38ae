/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "emit.h"

/* Memory for translated code. Code that is seldom run, and stubs that much code calls, have areas
 * of their own, so that the rest is dense. Filled from the start of each; emptied all at once. Not
 * locked. */
typedef struct CodeCache CodeCache;

typedef enum
{
  CODE_HOT,
  CODE_COLD,
  CODE_STUBS,
  CODE_N_KINDS
} CodeKind;

#define CODE_CACHE_DEFAULT_SIZE (64u << 20)

/* size is in bytes, 256 KiB to 1 GiB: 32-bit displacements reach everywhere. */
CodeCache *code_cache_new (size_t size, GError **error);
void code_cache_free (CodeCache *cache);

/* An emitter at the first free byte. */
Emitter code_cache_begin (CodeCache *cache, CodeKind kind);
/* Keeps what was emitted. */
void code_cache_end (CodeCache *cache, CodeKind kind, const Emitter *emitter);
/* Bytes that are free of every kind. */
size_t code_cache_get_free (const CodeCache *cache);
/* Whether it is an address of running. */
bool code_cache_contains (const CodeCache *cache, uintptr_t code);
size_t code_cache_get_used (const CodeCache *cache);

/* What is in the cache now stays when it is emptied. */
void code_cache_keep (CodeCache *cache);
void code_cache_flush (CodeCache *cache);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CodeCache, code_cache_free)
