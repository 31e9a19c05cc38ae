/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Block device: Virtual I/O Device (VIRTIO) 1.2, 5.2. A request moves in pieces through a buffer of
 * its own, so that a guest cannot have the host hold more than QUEUE_SIZE pieces. */
#include "virtio-blk.h"

#include <string.h>

#include "vmm-core/little-endian.h"
#include "vmm-core/trace.h"

#define TYPE 2
#define CLASS_STORAGE_OTHER 0x018000
#define QUEUE_SIZE 64
#define SECTOR 512
#define PIECE (128u << 10)
#define ID_LENGTH 20
#define HEADER 16
#define RANGE 16 /* of discard and write zeroes */
#define MAX_RANGE_SECTORS (1u << 22)

#define F_SEG_MAX (1 << 2)
#define F_RO (1 << 5)
#define F_BLK_SIZE (1 << 6)
#define F_FLUSH (1 << 9)
#define F_DISCARD (1 << 13)
#define F_WRITE_ZEROES (1 << 14)

/* 5.2.4: of the configuration */
#define CONFIG_CAPACITY 0
#define CONFIG_SEG_MAX 12
#define CONFIG_BLK_SIZE 20
#define CONFIG_MAX_DISCARD 36      /* sectors, segments, alignment */
#define CONFIG_MAX_WRITE_ZEROES 48 /* sectors, segments, may unmap */
#define CONFIG_SIZE 60

typedef enum
{
  REQUEST_IN = 0,
  REQUEST_OUT = 1,
  REQUEST_FLUSH = 4,
  REQUEST_GET_ID = 8,
  REQUEST_DISCARD = 11,
  REQUEST_WRITE_ZEROES = 13
} RequestType;

#define STATUS_OK 0
#define STATUS_IOERR 1
#define STATUS_UNSUPP 2

typedef struct
{
  VirtioBlk *blk;
  bool active;
  VirtqueueChain chain;
  RequestType type;
  uint64_t offset;  /* on the image, of the next piece */
  uint64_t at, end; /* bytes of data moved, and to move */
  uint32_t piece;   /* bytes under way */
  uint8_t *buffer;  /* of PIECE bytes; NULL: none yet */
} Request;

/* The driver does not touch what it has made available, so its head says all about a request: it is
 * begun anew after a load. */
typedef struct
{
  uint16_t heads[QUEUE_SIZE];
  uint16_t n_heads;
} VirtioBlkState;

struct VirtioBlk
{
  VirtioPci *pci;
  VirtioPciOps ops;
  Image *image;
  char serial[ID_LENGTH];
  char id[32];
  Request requests[QUEUE_SIZE];
  VirtioBlkState state;
};

static const StateField virtio_blk_fields[] = {
  STATE_INTS (VirtioBlkState, heads),
  STATE_INT_IN (VirtioBlkState, n_heads, 0, QUEUE_SIZE),
};
static const StateTable virtio_blk_table = STATE_TABLE (VirtioBlkState, 1, virtio_blk_fields);

/* The status is the last byte that the device may write. */
static void
finish (Request *request, uint8_t status)
{
  VirtioBlk *blk = request->blk;
  uint64_t room = virtqueue_get_room (&request->chain);
  uint64_t written = request->type == REQUEST_IN && status == STATUS_OK ? request->end : 0;

  TRACE ("virtio.blk", "%s type %u status %u", blk->id, request->type, status);
  virtio_pci_write (blk->pci, &request->chain, room - 1, &status, 1);
  request->active = false;
  g_clear_pointer (&request->buffer, g_free);
  virtio_pci_give (blk->pci, 0, &request->chain, MIN (written + 1, UINT32_MAX));
  virtio_pci_interrupt (blk->pci, 0);
}

static void go_on (Request *request);

static void
piece_done (void *data, int result)
{
  Request *request = data;

  if (result != 0)
    {
      finish (request, STATUS_IOERR);
      return;
    }
  if (request->type == REQUEST_IN)
    virtio_pci_write (request->blk->pci, &request->chain, request->at, request->buffer,
                      request->piece);
  request->at += request->piece;
  request->offset += request->piece;
  go_on (request);
}

/* The next piece, or the end. */
static void
go_on (Request *request)
{
  VirtioBlk *blk = request->blk;

  if (request->at >= request->end)
    {
      finish (request, STATUS_OK);
      return;
    }
  request->piece = MIN (request->end - request->at, PIECE);
  if (request->buffer == NULL)
    request->buffer = g_malloc0 (request->piece);
  if (request->type == REQUEST_IN)
    {
      image_read (blk->image, request->offset, request->buffer, request->piece, piece_done,
                  request);
      return;
    }
  if (request->type == REQUEST_OUT)
    virtio_pci_read (blk->pci, &request->chain, HEADER + request->at, request->buffer,
                     request->piece);
  image_write (blk->image, request->offset, request->buffer, request->piece, piece_done, request);
}

static void
whole_done (void *data, int result)
{
  finish (data, result == 0 ? STATUS_OK : STATUS_IOERR);
}

/* Sectors that are on the image; FALSE: some are not. */
static bool
set_range (Request *request, uint64_t sector, uint64_t bytes)
{
  uint64_t size = image_get_size (request->blk->image);

  if (bytes % SECTOR != 0 || sector > size / SECTOR || bytes > size - sector * SECTOR)
    return false;
  request->offset = sector * SECTOR;
  request->at = 0;
  request->end = bytes;
  return true;
}

/* 5.2.6: one range of sectors, for either of the two. */
static void
begin_range (Request *request)
{
  VirtioBlk *blk = request->blk;
  uint8_t range[RANGE];
  uint32_t sectors;

  if (virtqueue_get_readable (&request->chain) != HEADER + RANGE)
    {
      finish (request, STATUS_IOERR);
      return;
    }
  virtio_pci_read (blk->pci, &request->chain, HEADER, range, sizeof range);
  sectors = little_endian_get_u32 (range + 8);
  if (sectors > MAX_RANGE_SECTORS
      || !set_range (request, little_endian_get_u64 (range), (uint64_t) sectors * SECTOR))
    finish (request, STATUS_IOERR);
  else if (little_endian_get_u32 (range + 12) & (request->type == REQUEST_DISCARD ? ~0u : ~1u))
    finish (request, STATUS_UNSUPP);
  else if (request->type == REQUEST_DISCARD)
    image_discard (blk->image, request->offset, request->end, whole_done, request);
  else
    go_on (request);
}

static void
begin_id (Request *request)
{
  VirtioBlk *blk = request->blk;

  virtio_pci_write (blk->pci, &request->chain, 0, blk->serial,
                    MIN (virtqueue_get_room (&request->chain) - 1, sizeof blk->serial));
  finish (request, STATUS_OK);
}

/* FALSE: the chain has no room for a header or a status, and nobody can be told. */
static bool
begin (Request *request)
{
  VirtioBlk *blk = request->blk;
  uint64_t readable = virtqueue_get_readable (&request->chain);
  uint64_t room = virtqueue_get_room (&request->chain);
  uint8_t header[HEADER];
  uint64_t sector;

  if (readable < HEADER || room == 0)
    return false;
  virtio_pci_read (blk->pci, &request->chain, 0, header, sizeof header);
  request->type = little_endian_get_u32 (header);
  sector = little_endian_get_u64 (header + 8);
  request->active = true;
  if (request->type == REQUEST_FLUSH)
    image_flush (blk->image, whole_done, request);
  else if (request->type == REQUEST_GET_ID)
    begin_id (request);
  else if (request->type == REQUEST_DISCARD || request->type == REQUEST_WRITE_ZEROES)
    begin_range (request);
  else if (request->type != REQUEST_IN && request->type != REQUEST_OUT)
    finish (request, STATUS_UNSUPP);
  else if (!set_range (request, sector, request->type == REQUEST_IN ? room - 1 : readable - HEADER))
    finish (request, STATUS_IOERR);
  else
    go_on (request);
  return true;
}

/* Each chain has a slot: there are as many as the queue has descriptors. NULL: the driver offers
 * more at once than it has. */
static Request *
find_slot (VirtioBlk *blk)
{
  for (unsigned i = 0; i < QUEUE_SIZE; i++)
    if (!blk->requests[i].active)
      return &blk->requests[i];
  return NULL;
}

static void
serve (void *device, unsigned queue)
{
  VirtioBlk *blk = device;
  Request *request;

  while ((request = find_slot (blk)) != NULL && virtio_pci_take (blk->pci, queue, &request->chain))
    if (!begin (request))
      {
        virtio_pci_break (blk->pci);
        return;
      }
}

/* What is under way is given up. */
static void
reset (void *device)
{
  VirtioBlk *blk = device;

  for (unsigned i = 0; i < QUEUE_SIZE; i++)
    {
      Request *request = &blk->requests[i];

      if (request->active)
        image_cancel (blk->image, request);
      request->active = false;
      g_clear_pointer (&request->buffer, g_free);
    }
}

static void
fill_config (VirtioBlk *blk)
{
  uint8_t *config = virtio_pci_get_config (blk->pci);

  little_endian_put (config + CONFIG_CAPACITY, image_get_size (blk->image) / SECTOR, 8);
  little_endian_put (config + CONFIG_SEG_MAX, QUEUE_SIZE - 2, 4);
  little_endian_put (config + CONFIG_BLK_SIZE, SECTOR, 4);
  little_endian_put (config + CONFIG_MAX_DISCARD, MAX_RANGE_SECTORS, 4);
  little_endian_put (config + CONFIG_MAX_DISCARD + 4, 1, 4);
  little_endian_put (config + CONFIG_MAX_DISCARD + 8, 8, 4);
  little_endian_put (config + CONFIG_MAX_WRITE_ZEROES, MAX_RANGE_SECTORS, 4);
  little_endian_put (config + CONFIG_MAX_WRITE_ZEROES + 4, 1, 4);
}

VirtioBlk *
virtio_blk_new (PciBus *bus, unsigned slot, Clock *clock, Image *image, const char *serial)
{
  VirtioBlk *blk = g_new0 (VirtioBlk, 1);

  blk->image = image;
  memcpy (blk->serial, serial, MIN (strlen (serial), sizeof blk->serial));
  for (unsigned i = 0; i < QUEUE_SIZE; i++)
    blk->requests[i].blk = blk;
  blk->ops = (VirtioPciOps){ .type = TYPE,
                             .class_code = CLASS_STORAGE_OTHER,
                             .features
                             = F_SEG_MAX | F_BLK_SIZE | F_FLUSH
                               | (image_is_read_only (image) ? F_RO : F_DISCARD | F_WRITE_ZEROES),
                             .n_queues = 1,
                             .queue_size = QUEUE_SIZE,
                             .config_size = CONFIG_SIZE,
                             .serve = serve,
                             .reset = reset };
  blk->pci = virtio_pci_new (bus, slot, clock, &blk->ops, blk);
  fill_config (blk);
  g_snprintf (blk->id, sizeof blk->id, "virtio-blk %02x", slot);
  return blk;
}

void
virtio_blk_free (VirtioBlk *blk)
{
  if (blk == NULL)
    return;
  reset (blk);
  virtio_pci_free (blk->pci);
  g_free (blk);
}

static void
before_save (void *device)
{
  VirtioBlk *blk = device;

  blk->state = (VirtioBlkState){ .n_heads = 0 };
  for (unsigned i = 0; i < QUEUE_SIZE; i++)
    if (blk->requests[i].active)
      blk->state.heads[blk->state.n_heads++] = blk->requests[i].chain.head;
}

static gboolean
after_load (void *device, GError **error)
{
  reset (device);
  return TRUE;
}

/* All of the machine is there again. */
static void
begin_again (void *device)
{
  VirtioBlk *blk = device;
  unsigned n = blk->state.n_heads;

  blk->state.n_heads = 0;
  for (unsigned i = 0; i < n; i++)
    {
      Request *request = find_slot (blk);

      if (!virtio_pci_take_again (blk->pci, 0, blk->state.heads[i], &request->chain)
          || !begin (request))
        {
          virtio_pci_break (blk->pci);
          return;
        }
    }
}

/* Requests begin again before the queue is served anew. */
void
virtio_blk_get_states (VirtioBlk *blk, StateSection states[VIRTIO_BLK_STATES])
{
  states[0] = (StateSection){ .id = blk->id,
                              .table = &virtio_blk_table,
                              .state = &blk->state,
                              .device = blk,
                              .before_save = before_save,
                              .after_load = after_load,
                              .show_lines = begin_again };
  virtio_pci_get_states (blk->pci, states + 1);
}
