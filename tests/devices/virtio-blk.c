/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The virtio disk: every request, what a driver may get wrong, and requests that are under way when
 * the machine is saved or reset. */
#include "virtio-rig.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "devices/virtio/virtio-blk.h"
#include "tests/support/device-test.h"

#define SECTORS 4096
#define HEADER RIG_BUFFERS
#define DATA (RIG_BUFFERS + 0x1000)
#define STATUS (RIG_BUFFERS + 0x800)
#define NONE 0xee /* not yet */

enum
{
  IN = 0,
  OUT = 1,
  FLUSH = 4,
  GET_ID = 8,
  DISCARD = 11,
  WRITE_ZEROES = 13
};

static VirtioBlk *
open_device (VirtioRig *rig, Image *image)
{
  VirtioBlk *blk;

  rig_open (rig);
  blk = virtio_blk_new (rig->pci, RIG_SLOT, rig->clock, image, "disk0");
  rig_start (rig, 1u << 28 | 1 << 9 | (image_is_read_only (image) ? 1 << 5 : 1 << 13 | 1 << 14));
  return blk;
}

static void
close_device (VirtioRig *rig, VirtioBlk *blk)
{
  virtio_blk_free (blk);
  rig_close (rig);
}

static uint8_t
status (VirtioRig *rig)
{
  return memory_block_get_data (rig->ram)[STATUS];
}

/* A request as drivers make it: header, data, status. */
static uint8_t
request (VirtioRig *rig, uint32_t type, uint64_t sector, uint32_t length)
{
  bool in = type == IN || type == GET_ID;
  unsigned next = length > 0 ? 1 : 2;

  memory_write_u32 (rig->memory, HEADER, type);
  memory_write_u64 (rig->memory, HEADER + 8, sector);
  memory_block_get_data (rig->ram)[STATUS] = NONE;
  rig_describe (rig, RIG_DESCRIPTORS, 0, HEADER, 16, RIG_NEXT, next);
  rig_describe (rig, RIG_DESCRIPTORS, 1, DATA, length, RIG_NEXT | (in ? RIG_WRITE : 0), 2);
  rig_describe (rig, RIG_DESCRIPTORS, 2, STATUS, 1, RIG_WRITE, 0);
  rig_offer (rig, 0);
  return status (rig);
}

static void
fill (VirtioRig *rig, uint8_t byte, uint32_t length)
{
  memset (memory_block_get_data (rig->ram) + DATA, byte, length);
}

static bool
is_filled (VirtioRig *rig, uint8_t byte, uint32_t length)
{
  const uint8_t *data = memory_block_get_data (rig->ram) + DATA;

  for (uint32_t i = 0; i < length; i++)
    if (data[i] != byte)
      return false;
  return true;
}

static void
test_requests (void)
{
  g_autoptr (Image) image = image_new_memory (SECTORS * 512, FALSE);
  VirtioRig rig;
  VirtioBlk *blk = open_device (&rig, image);

  g_assert_cmpuint (rig_read (&rig, 0x2000, 4), ==, SECTORS);
  g_assert_cmpuint (rig_read (&rig, 0x2000 + 20, 4), ==, 512);
  /* More than a piece goes through the device's buffer in several. */
  fill (&rig, 0x11, 400 << 10);
  g_assert_cmpuint (request (&rig, OUT, 8, 400 << 10), ==, 0);
  g_assert_cmphex (memory_read_u32 (rig.memory, RIG_DEVICE + 8), ==, 1);
  fill (&rig, 0, 400 << 10);
  g_assert_cmpuint (request (&rig, IN, 8, 400 << 10), ==, 0);
  g_assert_true (is_filled (&rig, 0x11, 400 << 10));
  g_assert_cmphex (memory_read_u32 (rig.memory, RIG_DEVICE + 4 + 8 + 4), ==, (400 << 10) + 1);
  g_assert_cmpuint (request (&rig, FLUSH, 0, 0), ==, 0);
  g_assert_cmpuint (request (&rig, GET_ID, 0, 20), ==, 0);
  g_assert_cmpstr ((char *) memory_block_get_data (rig.ram) + DATA, ==, "disk0");

  for (unsigned type = DISCARD; type <= WRITE_ZEROES; type += 2)
    {
      memory_write_u64 (rig.memory, DATA, 9);
      memory_write_u32 (rig.memory, DATA + 8, 2);
      memory_write_u32 (rig.memory, DATA + 12, 0);
      g_assert_cmpuint (request (&rig, type, 0, 16), ==, 0);
      g_assert_cmpuint (request (&rig, IN, 9, 1024), ==, 0);
      g_assert_true (is_filled (&rig, 0, 1024));
      g_assert_cmpuint (request (&rig, IN, 8, 512), ==, 0);
      g_assert_true (is_filled (&rig, 0x11, 512));
      g_assert_cmpuint (request (&rig, IN, 11, 512), ==, 0);
      g_assert_true (is_filled (&rig, 0x11, 512));
      fill (&rig, 0x11, 1024);
      g_assert_cmpuint (request (&rig, OUT, 9, 1024), ==, 0);
    }
  close_device (&rig, blk);
}

/* Refused with a status, and the disk goes on. */
static void
test_refused (void)
{
  static const struct
  {
    uint32_t type;
    uint64_t sector;
    uint32_t length;
    uint8_t status;
  } cases[] = {
    { IN, SECTORS, 512, 1 },
    { IN, SECTORS - 1, 1024, 1 },
    { OUT, UINT64_MAX, 512, 1 },
    { OUT, UINT64_MAX / 512 + 1, 512, 1 },
    { IN, 0, 513, 1 },
    { OUT, 0, 511, 1 },
    { 2, 0, 512, 2 },
    { UINT32_MAX, 0, 512, 2 },
    { DISCARD, 0, 15, 1 },
    { WRITE_ZEROES, 0, 32, 1 },
  };
  g_autoptr (Image) image = image_new_memory (SECTORS * 512, FALSE);
  g_autoptr (Image) read_only = image_new_memory (SECTORS * 512, TRUE);
  VirtioRig rig;
  VirtioBlk *blk = open_device (&rig, image);

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      uint8_t got = request (&rig, cases[i].type, cases[i].sector, cases[i].length);

      if (got != cases[i].status)
        g_error ("case %u: status %u", i, got);
    }
  /* A range beyond the disk, and flags that there are not. */
  memory_write_u64 (rig.memory, DATA, SECTORS - 1);
  memory_write_u32 (rig.memory, DATA + 8, 2);
  memory_write_u32 (rig.memory, DATA + 12, 0);
  g_assert_cmpuint (request (&rig, DISCARD, 0, 16), ==, 1);
  memory_write_u32 (rig.memory, DATA + 8, 1);
  memory_write_u32 (rig.memory, DATA + 12, 2);
  g_assert_cmpuint (request (&rig, WRITE_ZEROES, 0, 16), ==, 2);
  g_assert_cmpuint (request (&rig, IN, 0, 512), ==, 0);
  close_device (&rig, blk);

  blk = open_device (&rig, read_only);
  g_assert_cmpuint (request (&rig, IN, 0, 512), ==, 0);
  g_assert_cmpuint (request (&rig, OUT, 0, 512), ==, 1);
  close_device (&rig, blk);
}

/* A chain without room for the header or the status: nobody can be told, but by the device's. */
static void
test_broken_requests (void)
{
  for (unsigned i = 0; i < 3; i++)
    {
      g_autoptr (Image) image = image_new_memory (SECTORS * 512, FALSE);
      VirtioRig rig;
      VirtioBlk *blk = open_device (&rig, image);

      rig_describe (&rig, RIG_DESCRIPTORS, 0, HEADER, i == 0 ? 15 : 16, i < 2 ? RIG_NEXT : 0, 1);
      rig_describe (&rig, RIG_DESCRIPTORS, 1, STATUS, i == 1 ? 0 : 1, RIG_WRITE, 0);
      rig_offer (&rig, 0);
      g_assert_cmphex (rig_read (&rig, RIG_STATUS, 1), ==, 79);
      rig_start (&rig, 0);
      memory_write_u16 (rig.memory, RIG_DRIVER + 2, 0);
      g_assert_cmpuint (request (&rig, IN, 0, 512), ==, 0);
      close_device (&rig, blk);
    }
}

/* An image on the host, whose requests are done when the main context runs. */
static Image *
open_file (char **path)
{
  int fd = g_file_open_tmp ("guesthouse-XXXXXX", path, NULL);
  Image *image;

  g_assert_cmpint (ftruncate (fd, SECTORS * 512), ==, 0);
  close (fd);
  image = image_open (*path, 0, g_main_context_default (), NULL, NULL);
  g_assert_nonnull (image);
  return image;
}

static void
wait_for (VirtioRig *rig)
{
  while (status (rig) == NONE)
    g_main_context_iteration (NULL, TRUE);
}

/* What was under way is done again by the machine that goes on. */
static void
test_saved_under_way (void)
{
  g_autofree char *path = NULL;
  g_autoptr (Image) file = open_file (&path);
  g_autoptr (Image) there = image_new_memory (SECTORS * 512, FALSE);
  VirtioRig rig, other;
  VirtioBlk *blk = open_device (&rig, file), *copy = open_device (&other, there);
  StateSection from[VIRTIO_BLK_STATES], to[VIRTIO_BLK_STATES];

  fill (&rig, 0x77, 512);
  g_assert_cmpuint (request (&rig, OUT, 3, 512), ==, NONE);
  memcpy (memory_block_get_data (other.ram), memory_block_get_data (rig.ram), RIG_RAM);
  virtio_blk_get_states (blk, from);
  virtio_blk_get_states (copy, to);
  for (unsigned i = 0; i < VIRTIO_BLK_STATES; i++)
    {
      g_autoptr (GByteArray) saved = g_byte_array_new ();
      const uint8_t *cursor;

      state_save (&from[i], saved);
      cursor = saved->data;
      g_assert_true (state_load (&to[i], &cursor, saved->data + saved->len, NULL));
    }
  for (unsigned i = 0; i < VIRTIO_BLK_STATES; i++)
    if (to[i].show_lines != NULL)
      to[i].show_lines (to[i].device);
  g_assert_cmpuint (status (&other), ==, 0);
  g_assert_cmpuint (rig_u16 (&other, RIG_DEVICE + 2), ==, 1);
  other.available = 1;
  g_assert_cmpuint (request (&other, IN, 3, 512), ==, 0);
  g_assert_true (is_filled (&other, 0x77, 512));
  wait_for (&rig);
  g_assert_cmpuint (status (&rig), ==, 0);
  close_device (&other, copy);
  close_device (&rig, blk);
  g_unlink (path);
}

/* After a reset nothing of before comes to the guest. */
static void
test_reset_under_way (void)
{
  g_autofree char *path = NULL;
  g_autoptr (Image) file = open_file (&path);
  VirtioRig rig;
  VirtioBlk *blk = open_device (&rig, file);

  g_assert_cmpuint (request (&rig, IN, 0, 512), ==, NONE);
  rig_write (&rig, RIG_STATUS, 1, 0);
  rig_start (&rig, 0);
  memory_write_u16 (rig.memory, RIG_DRIVER + 2, 0);
  g_assert_cmpuint (request (&rig, FLUSH, 0, 0), ==, NONE);
  wait_for (&rig);
  g_assert_cmpuint (rig_u16 (&rig, RIG_DEVICE + 2), ==, 1);
  close_device (&rig, blk);
  g_unlink (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/virtio-blk/requests", test_requests);
  g_test_add_func ("/virtio-blk/refused", test_refused);
  g_test_add_func ("/virtio-blk/broken", test_broken_requests);
  g_test_add_func ("/virtio-blk/saved-under-way", test_saved_under_way);
  g_test_add_func ("/virtio-blk/reset-under-way", test_reset_under_way);
  return g_test_run ();
}
