/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SMBIOS structures, read as strictly as a parser can: lengths, strings, handles, and what they
 * say. */
#include "devices/firmware/smbios.h"

#include <string.h>

#include "fw-cfg-rig.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define UUID "00112233-4455-6677-8899-aabbccddeeff"

typedef struct
{
  const uint8_t *fields;
  uint8_t type, length;
  uint16_t handle;
  const char *strings[16]; /* from number 1 on */
  unsigned n_strings;
} Structure;

typedef struct
{
  uint8_t *anchor, *tables;
  uint32_t anchor_size, size;
  Structure structures[32];
  unsigned n;
} Smbios;

static uint64_t
number (const uint8_t *at, unsigned size)
{
  uint64_t value = 0;

  memcpy (&value, at, size);
  return GUINT64_FROM_LE (value);
}

/* Up to the two zeros behind the strings. */
static const uint8_t *
parse_structure (const uint8_t *at, const uint8_t *end, Structure *structure)
{
  g_assert_cmpint (end - at, >=, 6);
  *structure
    = (Structure){ .fields = at, .type = at[0], .length = at[1], .handle = number (at + 2, 2) };
  g_assert_cmpuint (structure->length, >=, 4);
  g_assert_cmpint (end - at, >=, structure->length + 2);
  at += structure->length;
  if (at[0] == 0)
    {
      g_assert_cmphex (at[1], ==, 0);
      return at + 2;
    }
  while (*at != 0)
    {
      const uint8_t *next = memchr (at, 0, end - at);

      g_assert_nonnull (next);
      g_assert_cmpuint (structure->n_strings, <, 15);
      structure->strings[++structure->n_strings] = (const char *) at;
      at = next + 1;
      g_assert_true (at < end);
    }
  return at + 1;
}

static void
read_smbios (Smbios *smbios, const SmbiosConfig *config)
{
  FwCfgRig rig;
  const uint8_t *at;
  unsigned longest = 0;

  *smbios = (Smbios){ 0 };
  fw_cfg_rig_open (&rig);
  smbios_add (rig.fw_cfg, config);
  smbios->anchor = fw_cfg_rig_read_file (&rig, "etc/smbios/smbios-anchor", &smbios->anchor_size);
  smbios->tables = fw_cfg_rig_read_file (&rig, "etc/smbios/smbios-tables", &smbios->size);
  fw_cfg_rig_close (&rig);
  for (at = smbios->tables; at < smbios->tables + smbios->size;)
    {
      const uint8_t *next
        = parse_structure (at, smbios->tables + smbios->size, &smbios->structures[smbios->n]);

      for (unsigned i = 0; i < smbios->n; i++)
        g_assert_cmphex (smbios->structures[i].handle, !=, smbios->structures[smbios->n].handle);
      longest = MAX (longest, next - at);
      g_assert_cmpuint (++smbios->n, <, G_N_ELEMENTS (smbios->structures));
      at = next;
    }
  g_assert_cmpuint (smbios->anchor_size, ==, 31);
  g_assert_cmpmem (smbios->anchor, 4, "_SM_", 4);
  g_assert_cmpuint (smbios->anchor[5], ==, 31);
  g_assert_cmpuint (number (smbios->anchor + 8, 2), ==, longest);
  g_assert_cmpmem (smbios->anchor + 0x10, 5, "_DMI_", 5);
  g_assert_cmpuint (number (smbios->anchor + 0x16, 2), ==, smbios->size);
  g_assert_cmpuint (number (smbios->anchor + 0x1c, 2), ==, smbios->n);
  g_assert_cmpuint (smbios->structures[smbios->n - 1].type, ==, 127);
}

static void
clear (Smbios *smbios)
{
  g_free (smbios->anchor);
  g_free (smbios->tables);
}

/* The structure of a type and number, of the length that version 2.8 gives it. */
static const Structure *
find (const Smbios *smbios, uint8_t type, unsigned number, unsigned length)
{
  for (unsigned i = 0; i < smbios->n; i++)
    if (smbios->structures[i].type == type && number-- == 0)
      {
        g_assert_cmpuint (smbios->structures[i].length, ==, length);
        return &smbios->structures[i];
      }
  return NULL;
}

static const char *
text (const Structure *structure, unsigned offset)
{
  unsigned n = structure->fields[offset];

  g_assert_cmpuint (n, <=, structure->n_strings);
  return n == 0 ? "" : structure->strings[n];
}

static const SmbiosConfig small = {
  .name = "Old box",
  .uuid = UUID,
  .topology = { 1, 1, 1 },
  .memory_below = 64 * MIB,
};

static void
test_identity (void)
{
  static const uint8_t uuid[16] = { 0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
                                    0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
  const Structure *system, *board, *chassis;
  Smbios smbios;

  read_smbios (&smbios, &small);
  system = find (&smbios, 1, 0, 0x1b);
  g_assert_cmpstr (text (system, 0x04), ==, "Guesthouse");
  g_assert_cmpstr (text (system, 0x05), ==, "Virtual PC");
  g_assert_cmpstr (text (system, 0x06), ==, "");
  g_assert_cmpstr (text (system, 0x07), ==, UUID);
  g_assert_cmpmem (system->fields + 0x08, 16, uuid, 16);
  board = find (&smbios, 2, 0, 0x0f);
  chassis = find (&smbios, 3, 0, 0x16);
  g_assert_cmphex (number (board->fields + 0x0b, 2), ==, chassis->handle);
  g_assert_cmpstr (text (chassis, 0x08), ==, "Old box");
  g_assert_nonnull (find (&smbios, 32, 0, 11));
  clear (&smbios);
}

static void
test_texts_of_the_user (void)
{
  SmbiosConfig config = small;
  g_autofree char *name = g_strnfill (100000, 'n');
  const Structure *system;
  Smbios smbios;

  config.texts = (SmbiosTexts){ .manufacturer = "ACME", .serial = "", .sku = "A-1" };
  config.name = name;
  read_smbios (&smbios, &config);
  system = find (&smbios, 1, 0, 0x1b);
  g_assert_cmpstr (text (system, 0x04), ==, "ACME");
  g_assert_cmpstr (text (system, 0x07), ==, ""); /* the user wants none */
  g_assert_cmpstr (text (system, 0x19), ==, "A-1");
  g_assert_cmpuint (strlen (text (find (&smbios, 3, 0, 0x16), 0x08)), ==, SMBIOS_TEXT_MAX);
  clear (&smbios);
}

static void
test_processors (void)
{
  SmbiosConfig config = small;
  const Structure *processor;
  Smbios smbios;

  config.topology = (CpuTopology){ 2, 2, 2 };
  read_smbios (&smbios, &config);
  for (unsigned socket = 0; socket < 2; socket++)
    {
      processor = find (&smbios, 4, socket, 0x2a);
      g_assert_cmpuint (processor->fields[0x23], ==, 2); /* cores */
      g_assert_cmpuint (processor->fields[0x24], ==, 2);
      g_assert_cmpuint (processor->fields[0x25], ==, 4); /* threads of all of them */
      g_assert_cmphex (processor->fields[0x18], ==, 0x41);
      g_assert_cmphex (number (processor->fields + 0x26, 2), ==, 0x3c);
    }
  g_assert_null (find (&smbios, 4, 2, 0x2a));
  clear (&smbios);
}

static void
check_memory (uint64_t below, uint64_t above, unsigned size, unsigned extended)
{
  SmbiosConfig config = small;
  const Structure *array, *device, *mapped;
  Smbios smbios;

  config.memory_below = below;
  config.memory_above = above;
  read_smbios (&smbios, &config);
  array = find (&smbios, 16, 0, 0x17);
  g_assert_cmpuint (number (array->fields + 0x07, 4), ==, (below + above) >> 10);
  g_assert_cmpuint (number (array->fields + 0x0d, 2), ==, 1);
  device = find (&smbios, 17, 0, 0x28);
  g_assert_cmphex (number (device->fields + 0x04, 2), ==, array->handle);
  g_assert_cmphex (number (device->fields + 0x0c, 2), ==, size);
  g_assert_cmpuint (number (device->fields + 0x1c, 4), ==, extended);
  mapped = find (&smbios, 19, 0, 0x1f);
  g_assert_cmphex (number (mapped->fields + 0x04, 4), ==, 0);
  g_assert_cmphex (number (mapped->fields + 0x08, 4), ==, (below >> 10) - 1);
  g_assert_cmphex (number (mapped->fields + 0x0c, 2), ==, array->handle);
  mapped = find (&smbios, 19, 1, 0x1f);
  g_assert_cmpint (mapped != NULL, ==, above > 0);
  if (mapped != NULL)
    {
      g_assert_cmphex (number (mapped->fields + 0x04, 4), ==, 4 * GIB >> 10);
      g_assert_cmphex (number (mapped->fields + 0x08, 4), ==, ((4 * GIB + above) >> 10) - 1);
    }
  clear (&smbios);
}

static void
test_memory (void)
{
  check_memory (1 * MIB, 0, 1, 0);
  check_memory (3 * GIB, 0, 3072, 0);
  check_memory (3 * GIB, 5 * GIB, 8192, 0);
  check_memory (3 * GIB, 28 * GIB + 1022 * MIB, 0x7ffe, 0);
  check_memory (3 * GIB, 29 * GIB, 0x7fff, 32768);
  check_memory (3 * GIB, 61 * GIB, 0x7fff, 65536);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/smbios/identity", test_identity);
  g_test_add_func ("/smbios/texts-of-the-user", test_texts_of_the_user);
  g_test_add_func ("/smbios/processors", test_processors);
  g_test_add_func ("/smbios/memory", test_memory);
  return g_test_run ();
}
