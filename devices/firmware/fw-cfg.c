/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The firmware configuration device as its specification describes it (docs/specs/fw_cfg of the
 * QEMU manual): selector, data port, file directory and DMA. Contents are read-only. */
#include "fw-cfg.h"

#include "vmm-core/trace.h"

#include <string.h>

#define NAME "fw-cfg"
#define SELECTOR_PORT 0x510
#define DMA_PORT 0x514

#define KEY_SIGNATURE 0x00
#define KEY_ID 0x01
#define KEY_FILE_DIR 0x19
#define KEY_FILE_FIRST 0x20
#define N_KEYS (KEY_FILE_FIRST + FW_CFG_MAX_FILES)

#define ID_TRADITIONAL 0x01
#define ID_DMA 0x02

#define DMA_ERROR 0x01
#define DMA_READ 0x02
#define DMA_SKIP 0x04
#define DMA_SELECT 0x08
#define DMA_WRITE 0x10

#define DMA_PIECE (1u << 20) /* moved at once: others want the machine lock, too */
#define BUFFER_SIZE 16384

#define FILE_NAME_SIZE 56
#define BOOT_ORDER "bootorder"

/* Big endian, as it stands in the directory. */
typedef struct
{
  uint32_t size;
  uint16_t select;
  uint16_t reserved;
  char name[FILE_NAME_SIZE];
} FwCfgFile;

typedef struct
{
  GBytes *bytes;  /* either these… */
  BootFile *file; /* … or this from offset on; else there is no such item */
  uint64_t offset;
} FwCfgItem;

typedef struct
{
  uint16_t key;
  uint32_t offset;
  uint64_t dma_address;
  uint64_t dma_access;  /* where the guest waits for the end of the transfer */
  uint64_t dma_target;  /* the next piece of it */
  uint32_t dma_left;    /* bytes; 0: none is under way */
  int64_t dma_deadline; /* of the timer; -1: none */
} FwCfgState;

struct FwCfg
{
  Bus *io;
  Memory *memory;
  Timer *timer;
  FwCfgItem items[N_KEYS];
  FwCfgFile files[FW_CFG_MAX_FILES];
  unsigned n_files;
  GString *boot_order;
  FwCfgState state;
};

/* The guest chooses what has no bounds, and may choose anything. */
static const StateField fw_cfg_fields[] = {
  STATE_INT (FwCfgState, key),
  STATE_INT (FwCfgState, offset),
  STATE_INT (FwCfgState, dma_address),
  STATE_INT (FwCfgState, dma_access),
  STATE_INT (FwCfgState, dma_target),
  STATE_INT (FwCfgState, dma_left),
  STATE_DEADLINE (FwCfgState, dma_deadline),
};
static const StateTable fw_cfg_table = STATE_TABLE (FwCfgState, 1, fw_cfg_fields);

static uint64_t
item_get_size (const FwCfgItem *item)
{
  if (item->file != NULL)
    return boot_file_get_size (item->file) - item->offset;
  return item->bytes != NULL ? g_bytes_get_size (item->bytes) : 0;
}

static const FwCfgItem *
fw_cfg_get_selected (const FwCfg *fw_cfg)
{
  static const FwCfgItem none;

  return fw_cfg->state.key < N_KEYS ? &fw_cfg->items[fw_cfg->state.key] : &none;
}

/* How much of the selected item lies behind the offset. */
static uint64_t
fw_cfg_get_left (const FwCfg *fw_cfg)
{
  uint64_t size = item_get_size (fw_cfg_get_selected (fw_cfg));

  return size - MIN (size, fw_cfg->state.offset);
}

/* Bytes of the selected item, ahead of the offset. Firmware reads items that are not there, or
 * longer than they are, and counts on zeros. FALSE: what is there cannot be read. */
static bool
fw_cfg_peek (const FwCfg *fw_cfg, uint32_t ahead, uint8_t *buffer, uint32_t length)
{
  const FwCfgItem *item = fw_cfg_get_selected (fw_cfg);
  uint64_t at = (uint64_t) fw_cfg->state.offset + ahead, left = fw_cfg_get_left (fw_cfg);
  uint32_t available = MIN (left - MIN (left, ahead), length);

  memset (buffer + available, 0, length - available);
  if (available == 0)
    return true;
  if (item->file != NULL)
    return boot_file_read (item->file, item->offset + at, buffer, available);
  memcpy (buffer, (const uint8_t *) g_bytes_get_data (item->bytes, NULL) + at, available);
  return true;
}

static void
fw_cfg_advance (FwCfg *fw_cfg, uint32_t length)
{
  if (__builtin_add_overflow (fw_cfg->state.offset, length, &fw_cfg->state.offset))
    fw_cfg->state.offset = UINT32_MAX;
}

static void
fw_cfg_select (FwCfg *fw_cfg, uint16_t key)
{
  TRACE ("fw-cfg.select", "key %#x", key);
  fw_cfg->state.key = key;
  fw_cfg->state.offset = 0;
}

static uint64_t
fw_cfg_read (void *device, uint64_t offset, unsigned size)
{
  FwCfg *fw_cfg = device;
  uint8_t byte;

  if (offset != 1 || size != 1)
    return UINT64_MAX;
  if (!fw_cfg_peek (fw_cfg, 0, &byte, 1))
    byte = 0;
  fw_cfg_advance (fw_cfg, 1);
  return byte;
}

static void
fw_cfg_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  if (offset == 0 && size == 2)
    fw_cfg_select (device, value);
}

static void
fw_cfg_end_dma (FwCfg *fw_cfg, bool ok)
{
  uint32_t status = GUINT32_TO_BE (ok ? 0 : DMA_ERROR);

  fw_cfg->state.dma_left = 0;
  timer_disarm (fw_cfg->timer);
  memory_dma_write (fw_cfg->memory, NAME, fw_cfg->state.dma_access, &status, sizeof status);
}

static bool
fw_cfg_put (FwCfg *fw_cfg, uint32_t length)
{
  uint8_t buffer[BUFFER_SIZE];

  for (uint32_t done = 0, n; done < length; done += n)
    {
      n = MIN (length - done, sizeof buffer);
      if (!fw_cfg_peek (fw_cfg, done, buffer, n)
          || !memory_dma_write (fw_cfg->memory, NAME, fw_cfg->state.dma_target + done, buffer, n))
        return false;
    }
  return true;
}

/* Moves a piece. The transfer ends with that in which its item does, and where there is no RAM or
 * nothing to be read. */
static void
fw_cfg_go_on (void *device)
{
  FwCfg *fw_cfg = device;
  FwCfgState *state = &fw_cfg->state;
  uint32_t piece = MIN (state->dma_left, DMA_PIECE);
  uint64_t available = fw_cfg_get_left (fw_cfg);
  bool ok = fw_cfg_put (fw_cfg, piece);

  fw_cfg_advance (fw_cfg, piece);
  state->dma_target += piece;
  state->dma_left -= piece;
  if (!ok || available <= piece || state->dma_left == 0)
    fw_cfg_end_dma (fw_cfg, ok);
  else
    timer_arm (fw_cfg->timer, 0);
}

/* The guest's FWCfgDmaAccess: control, length and address, big endian. */
static void
fw_cfg_run_dma (FwCfg *fw_cfg)
{
  uint64_t where = fw_cfg->state.dma_address, address;
  uint8_t access[16];
  uint32_t control, length;

  fw_cfg->state.dma_address = 0;
  fw_cfg->state.dma_access = where;
  if (!memory_dma_read (fw_cfg->memory, NAME, where, access, sizeof access))
    {
      fw_cfg_end_dma (fw_cfg, false);
      return;
    }
  memcpy (&control, access, 4);
  memcpy (&length, access + 4, 4);
  memcpy (&address, access + 8, 8);
  control = GUINT32_FROM_BE (control);
  length = GUINT32_FROM_BE (length);
  address = GUINT64_FROM_BE (address);
  TRACE ("fw-cfg.dma", "control %#x length %#x address %#" G_GINT64_MODIFIER "x", control, length,
         address);
  if (control & DMA_SELECT)
    fw_cfg_select (fw_cfg, control >> 16);
  if (control & DMA_READ)
    {
      fw_cfg->state.dma_target = address;
      fw_cfg->state.dma_left = length;
      fw_cfg_go_on (fw_cfg);
      return;
    }
  if (!(control & DMA_WRITE) && (control & DMA_SKIP))
    fw_cfg_advance (fw_cfg, length);
  fw_cfg_end_dma (fw_cfg, !(control & DMA_WRITE));
}

static uint64_t
fw_cfg_dma_read (void *device, uint64_t offset, unsigned size)
{
  uint64_t value = 0;

  if (offset + size > 8)
    return UINT64_MAX;
  memcpy (&value, "QEMU CFG" + offset, size);
  return GUINT64_FROM_LE (value);
}

/* The address register is big endian; writing its low half starts the transfer. */
static void
fw_cfg_dma_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  FwCfg *fw_cfg = device;

  if (size != 4)
    return;
  value = GUINT32_SWAP_LE_BE ((uint32_t) value);
  if (offset == 0)
    fw_cfg->state.dma_address = value << 32;
  else if (offset == 4)
    {
      fw_cfg->state.dma_address |= value;
      fw_cfg_run_dma (fw_cfg);
    }
}

static const BusOps fw_cfg_ops = { .read = fw_cfg_read, .write = fw_cfg_write, .max_size = 2 };
static const BusOps fw_cfg_dma_ops = { .read = fw_cfg_dma_read, .write = fw_cfg_dma_write };

static void
fw_cfg_clear_item (FwCfg *fw_cfg, unsigned key)
{
  g_assert (key < N_KEYS);
  g_clear_pointer (&fw_cfg->items[key].bytes, g_bytes_unref);
  g_clear_pointer (&fw_cfg->items[key].file, boot_file_free);
}

static void
fw_cfg_set_item (FwCfg *fw_cfg, unsigned key, GBytes *bytes)
{
  fw_cfg_clear_item (fw_cfg, key);
  fw_cfg->items[key].bytes = bytes;
}

void
fw_cfg_add_item (FwCfg *fw_cfg, unsigned key, GBytes *bytes)
{
  g_assert (key < KEY_FILE_DIR);
  fw_cfg_set_item (fw_cfg, key, g_bytes_ref (bytes));
}

void
fw_cfg_add_boot_file (FwCfg *fw_cfg, unsigned key, BootFile *file, uint64_t offset)
{
  g_assert (key < KEY_FILE_DIR && offset <= boot_file_get_size (file));
  fw_cfg_clear_item (fw_cfg, key);
  fw_cfg->items[key] = (FwCfgItem){ .file = file, .offset = offset };
}

void
fw_cfg_add_number (FwCfg *fw_cfg, unsigned key, uint64_t value, unsigned size)
{
  uint64_t little = GUINT64_TO_LE (value);

  g_assert (key < KEY_FILE_DIR && size <= sizeof little);
  fw_cfg_set_item (fw_cfg, key, g_bytes_new (&little, size));
}

/* Makes the directory item anew from the table of files. */
static void
fw_cfg_update_directory (FwCfg *fw_cfg)
{
  uint32_t count = GUINT32_TO_BE (fw_cfg->n_files);
  GByteArray *directory = g_byte_array_new ();

  g_byte_array_append (directory, (const uint8_t *) &count, sizeof count);
  g_byte_array_append (directory, (const uint8_t *) fw_cfg->files,
                       fw_cfg->n_files * sizeof (FwCfgFile));
  fw_cfg_set_item (fw_cfg, KEY_FILE_DIR, g_byte_array_free_to_bytes (directory));
}

void
fw_cfg_add_file (FwCfg *fw_cfg, const char *name, GBytes *bytes)
{
  unsigned key = KEY_FILE_FIRST + fw_cfg->n_files;
  FwCfgFile *file = &fw_cfg->files[fw_cfg->n_files];

  g_assert (fw_cfg->n_files < FW_CFG_MAX_FILES && strlen (name) < FILE_NAME_SIZE);
  for (unsigned i = 0; i < fw_cfg->n_files; i++)
    g_assert (strcmp (fw_cfg->files[i].name, name) != 0);
  file->size = GUINT32_TO_BE (g_bytes_get_size (bytes));
  file->select = GUINT16_TO_BE (key);
  g_strlcpy (file->name, name, sizeof file->name);
  fw_cfg->n_files++;
  fw_cfg_set_item (fw_cfg, key, g_bytes_ref (bytes));
  fw_cfg_update_directory (fw_cfg);
}

void
fw_cfg_add_number_file (FwCfg *fw_cfg, const char *name, uint64_t value, unsigned size)
{
  uint64_t little = GUINT64_TO_LE (value);
  g_autoptr (GBytes) bytes = g_bytes_new (&little, size);

  g_assert (size <= sizeof little);
  fw_cfg_add_file (fw_cfg, name, bytes);
}

void
fw_cfg_add_boot_entry (FwCfg *fw_cfg, const char *path)
{
  g_autoptr (GBytes) file = NULL;
  unsigned i;

  /* A line for each path, and a NUL behind the last. */
  g_string_append_printf (fw_cfg->boot_order, "%s\n", path);
  file = g_bytes_new (fw_cfg->boot_order->str, fw_cfg->boot_order->len + 1);
  for (i = 0; i < fw_cfg->n_files && strcmp (fw_cfg->files[i].name, BOOT_ORDER) != 0; i++)
    ;
  if (i == fw_cfg->n_files)
    {
      fw_cfg_add_file (fw_cfg, BOOT_ORDER, file);
      return;
    }
  fw_cfg->files[i].size = GUINT32_TO_BE (g_bytes_get_size (file));
  fw_cfg_set_item (fw_cfg, KEY_FILE_FIRST + i, g_steal_pointer (&file));
  fw_cfg_update_directory (fw_cfg);
}

void
fw_cfg_reset (FwCfg *fw_cfg)
{
  timer_disarm (fw_cfg->timer);
  fw_cfg->state = (FwCfgState){ .dma_deadline = -1 };
}

FwCfg *
fw_cfg_new (Bus *io, Memory *memory, Clock *clock)
{
  FwCfg *fw_cfg = g_new0 (FwCfg, 1);

  fw_cfg->io = io;
  fw_cfg->memory = memory;
  fw_cfg->timer = timer_new (clock, fw_cfg_go_on, fw_cfg);
  fw_cfg->boot_order = g_string_new (NULL);
  fw_cfg_set_item (fw_cfg, KEY_SIGNATURE, g_bytes_new_static ("QEMU", 4));
  fw_cfg_add_number (fw_cfg, KEY_ID, ID_TRADITIONAL | ID_DMA, 4);
  fw_cfg_update_directory (fw_cfg);
  bus_map (io, SELECTOR_PORT, 2, &fw_cfg_ops, fw_cfg);
  bus_map (io, DMA_PORT, 8, &fw_cfg_dma_ops, fw_cfg);
  return fw_cfg;
}

void
fw_cfg_free (FwCfg *fw_cfg)
{
  if (fw_cfg == NULL)
    return;
  bus_unmap (fw_cfg->io, DMA_PORT, 8, fw_cfg);
  bus_unmap (fw_cfg->io, SELECTOR_PORT, 2, fw_cfg);
  for (unsigned key = 0; key < N_KEYS; key++)
    fw_cfg_clear_item (fw_cfg, key);
  g_string_free (fw_cfg->boot_order, TRUE);
  timer_free (fw_cfg->timer);
  g_free (fw_cfg);
}

static void
fw_cfg_before_save (void *device)
{
  FwCfg *fw_cfg = device;

  fw_cfg->state.dma_deadline = timer_get_deadline (fw_cfg->timer);
}

static gboolean
fw_cfg_after_load (void *device, GError **error)
{
  FwCfg *fw_cfg = device;

  if ((fw_cfg->state.dma_left != 0) != (fw_cfg->state.dma_deadline >= 0))
    {
      g_set_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM,
                   "The saved state of “fw-cfg” describes a transfer that cannot be.");
      return FALSE;
    }
  timer_restore (fw_cfg->timer, fw_cfg->state.dma_deadline);
  return TRUE;
}

StateSection
fw_cfg_state (FwCfg *fw_cfg)
{
  return (StateSection){
    .id = NAME,
    .table = &fw_cfg_table,
    .state = &fw_cfg->state,
    .device = fw_cfg,
    .before_save = fw_cfg_before_save,
    .after_load = fw_cfg_after_load,
  };
}
