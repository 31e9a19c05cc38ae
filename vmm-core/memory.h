/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "bus.h"

typedef struct HostFault HostFault; /* host-guard.h */

/* Guest-physical memory: blocks of host memory (RAM, ROM, a framebuffer), and the map of where
 * the guest sees them. Changing the map needs the machine lock (or stopped vCPUs); reading the map
 * and the DMA functions are safe from every thread. */
typedef struct Memory Memory;
typedef struct MemoryBlock MemoryBlock;

#define MEMORY_PAGE_SIZE 4096
#define MEMORY_PAGE_SHIFT 12

typedef enum
{
  MEMORY_READ = 1,  /* reads come from the block; without it they go to the MMIO bus */
  MEMORY_WRITE = 2, /* writes go to the block; without it they go to the MMIO bus (and are lost) */
  MEMORY_RW = 3
} MemoryAccess;

Memory *memory_new (void);
void memory_free (Memory *memory);

/* Reserves a zeroed block of size bytes (a multiple of the page size), owned by memory. A shared
 * block is a memfd whose descriptor another process may map; others are anonymous with huge
 * pages. */
MemoryBlock *memory_block_new (Memory *memory, const char *name, uint64_t size, bool shared,
                               GError **error);
const char *memory_block_get_name (const MemoryBlock *block);
uint8_t *memory_block_get_data (const MemoryBlock *block);
uint64_t memory_block_get_size (const MemoryBlock *block);
int memory_block_get_fd (const MemoryBlock *block); /* -1 unless shared */

/* Shows bytes [offset, offset+length) of block at guest-physical address gpa; everything is a
 * multiple of the page size. Mappings may overlap: for reads and for writes apart, the highest
 * priority wins, among equals the earliest. A guest may choose gpa (a PCI BAR): anything past the
 * 52-bit physical address space is cut off. */
void memory_map (Memory *memory, uint64_t gpa, uint64_t length, MemoryBlock *block, uint64_t offset,
                 MemoryAccess access, int priority);
/* Removes the mapping of block that starts at gpa; it must exist. Of several, the one made last. */
void memory_unmap (Memory *memory, uint64_t gpa, MemoryBlock *block);

/* Makes every listener drop its cached translations, as a change of the map does. */
void memory_flush (Memory *memory);

/* A stretch of the flattened map with one answer for reads and one for writes. first and last are
 * inclusive guest-physical addresses on page bounds. read and write are host addresses of first, or
 * NULL: that direction belongs to the MMIO bus. */
typedef struct
{
  uint64_t first, last;
  uint8_t *read;
  uint8_t *write;
  MemoryBlock *write_block; /* the block behind write, for dirty pages */
  uint64_t write_page;      /* page number of first inside write_block */
  MemoryBlock *read_block;  /* the block behind read, for code pages */
  uint64_t read_page;
} MemoryRange;

#define MEMORY_MAX_RANGES 256

/* The block that a host address lies in, or NULL. Out of a signal handler, too. */
const MemoryBlock *memory_find_host (const Memory *memory, uintptr_t address);

/* The range that covers gpa. Always succeeds: a hole is a range with read and write NULL. */
MemoryRange memory_find (Memory *memory, uint64_t gpa);
/* Copies the whole map in order of address, without holes; returns the number of ranges. */
unsigned memory_get_ranges (Memory *memory, MemoryRange ranges[MEMORY_MAX_RANGES]);

/* Listeners are told, with the machine lock held or vCPUs stopped. An accelerator adds one. */
typedef struct
{
  void (*map_changed) (void *data); /* drop every cached translation */
  void (*dirty_sync) (void *data,
                      MemoryBlock *b); /* bring the dirty bits up to date before they are taken */
  void (*dirty_taken) (
    void *data, MemoryBlock *b); /* stores must be noticed anew: drop cached write permission */
  /* Cached code of a page of b was overwritten by a store of length bytes at offset. Any thread,
   * with or without the machine lock. Sooner or later it is to call memory_block_keep_code. */
  void (*code_overwritten) (void *data, MemoryBlock *b, uint64_t page, unsigned offset,
                            unsigned length);
} MemoryListener;
void memory_add_listener (Memory *memory, const MemoryListener *listener, void *data);
void memory_remove_listener (Memory *memory, void *data);

/* The host took memory away that a device needs: the machine cannot go on. sentence tells the user.
 * Lock held, on any thread, so the call only notes it. */
typedef void (*MemoryLost) (void *data, const char *sentence);
void memory_set_lost (Memory *memory, MemoryLost lost, void *data);
void memory_tell_lost (Memory *memory, const char *device, const HostFault *fault);

/* DMA, from the device named. Parts that lie outside RAM read as ones and swallow writes; the
 * result is FALSE then, and where memory is lost. They keep the promises of every store: dirty
 * pages and code invalidation. */
bool memory_dma_read (Memory *memory, const char *device, uint64_t gpa, void *buffer,
                      uint64_t length);
bool memory_dma_write (Memory *memory, const char *device, uint64_t gpa, const void *buffer,
                       uint64_t length);
/* The same for a CPU, and for whoever moves bytes on its behalf: what the host takes away from
 * these is theirs to meet. */
bool memory_read (Memory *memory, uint64_t gpa, void *buffer, uint64_t length);
bool memory_write (Memory *memory, uint64_t gpa, const void *buffer, uint64_t length);
uint16_t memory_read_u16 (Memory *memory, uint64_t gpa);
uint32_t memory_read_u32 (Memory *memory, uint64_t gpa);
uint64_t memory_read_u64 (Memory *memory, uint64_t gpa);
void memory_write_u16 (Memory *memory, uint64_t gpa, uint16_t value);
void memory_write_u32 (Memory *memory, uint64_t gpa, uint32_t value);
void memory_write_u64 (Memory *memory, uint64_t gpa, uint64_t value);

/* Dirty pages. Logging is off until switched on for a block. Take copies one bit a page of
 * [first_page, first_page + n_pages) into bits (least significant first) and clears them; TRUE if
 * any was set. A store racing with the call may show up in this or only in the next one, so a
 * reader treats the pages of the previous call as dirty once more. Switching, which tells
 * listeners, needs the machine lock (or stopped vCPUs). */
void memory_block_set_logging (MemoryBlock *block, bool on);
bool memory_block_is_logging (const MemoryBlock *block);
bool memory_block_take_dirty (Memory *memory, MemoryBlock *block, uint64_t first_page,
                              uint64_t n_pages, uint64_t *bits);
/* Brings what an accelerator has not told yet: dirty bits, and writes that may come late (bus.h).
 * Taking does so, too. */
void memory_block_sync (Memory *memory, MemoryBlock *block);
/* Marks pages dirty. The software CPU calls it when it installs write permission, DMA after a
 * store. */
void memory_block_mark_dirty (MemoryBlock *block, uint64_t first_page, uint64_t n_pages);

/* Decoded or translated code. Each page of a block knows which of its bytes hold code that somebody
 * cached (at first by granules of 64), and has a version. A store to such bytes raises the version;
 * a cached block of code is valid while the version is the one it was made at. */

typedef enum
{
  MEMORY_CODE_NOTED,
  MEMORY_CODE_FIRST,      /* the page held none before: vCPUs must drop write permission to it */
  MEMORY_CODE_BESIDE_DATA /* somebody may just be storing there who found no code: every vCPU has to
                           * come out of guest code once */
} MemoryCodeNote;

/* Notes that [offset, offset+length) inside one page holds cached code. The caller then does what
 * the result asks for, before it compares what it cached with what is there. */
MemoryCodeNote memory_block_note_code (MemoryBlock *block, uint64_t page, unsigned offset,
                                       unsigned length);
bool memory_block_has_code (const MemoryBlock *block, uint64_t page);
/* Stable address of a page's version, for the block's life. Read it before reading the code
 * bytes. */
const uint32_t *memory_block_get_code_version (const MemoryBlock *block, uint64_t page);
/* To be called after a store of length bytes inside one page; TRUE if it hit code. */
bool memory_block_store_hit (MemoryBlock *block, uint64_t page, unsigned offset, unsigned length);
/* TRUE: the page has code, but none there. A vCPU may then store without a word, as long as it has
 * not come out of guest code. */
bool memory_block_is_beside_code (MemoryBlock *block, uint64_t page, unsigned offset,
                                  unsigned length);

/* Bytes of a page. */
typedef struct
{
  uint64_t bits[MEMORY_PAGE_SIZE / 64];
} MemoryCodeSet;

void memory_code_set_add (MemoryCodeSet *set, unsigned offset, unsigned length);
bool memory_code_set_meets (const MemoryCodeSet *set, unsigned offset, unsigned length);
/* Code was overwritten and what was made of it is gone, or will be because of its version: only
 * these bytes are still noted. Raises the version, too. What is noted at the same time stays noted,
 * or finds its version old. */
void memory_block_keep_code (MemoryBlock *block, uint64_t page, const MemoryCodeSet *keep);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Memory, memory_free)
