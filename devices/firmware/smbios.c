/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DMTF DSP0134, System Management BIOS Reference Specification 2.8: 5.2.1 (entry point), 6.1
 * (structures and their strings), chapter 7. */
#include "smbios.h"

#include <string.h>

#define KIB (1ull << 10)
#define MIB (1ull << 20)
#define ABOVE_HOLE (4ull << 30)

#define HEADER_LENGTH 1

#define HANDLE_SYSTEM 0x100
#define HANDLE_BOARD 0x200
#define HANDLE_CHASSIS 0x300
#define HANDLE_PROCESSOR 0x400
#define HANDLE_ARRAY 0x1000
#define HANDLE_DEVICE 0x1100
#define HANDLE_MAPPED 0x1300
#define HANDLE_BOOT 0x2000
#define HANDLE_END 0x7f00
#define HANDLE_NONE 0xffff
#define HANDLE_NO_ERRORS 0xfffe

#define SIZE_IS_EXTENDED 0x7fff

typedef struct
{
  GByteArray *tables;
  unsigned n, longest;
  /* The structure that is being made. */
  guint start;
  GByteArray *strings;
  unsigned n_strings;
} Builder;

static void
put (Builder *builder, uint64_t value, unsigned size)
{
  value = GUINT64_TO_LE (value);
  g_byte_array_append (builder->tables, (const uint8_t *) &value, size);
}

/* The number of a string, which stands behind the structure's fields; none for an empty one. */
static void
put_string (Builder *builder, const char *text)
{
  if (text == NULL || *text == '\0')
    {
      put (builder, 0, 1);
      return;
    }
  g_byte_array_append (builder->strings, (const uint8_t *) text, strlen (text) + 1);
  put (builder, ++builder->n_strings, 1);
}

static void
begin (Builder *builder, uint8_t type, uint16_t handle)
{
  builder->start = builder->tables->len;
  builder->n_strings = 0;
  g_byte_array_set_size (builder->strings, 0);
  put (builder, type, 1);
  put (builder, 0, 1);
  put (builder, handle, 2);
}

static void
end (Builder *builder)
{
  GByteArray *tables = builder->tables;

  tables->data[builder->start + HEADER_LENGTH] = tables->len - builder->start;
  g_byte_array_append (tables, builder->strings->data, builder->strings->len);
  put (builder, 0, builder->n_strings == 0 ? 2 : 1);
  builder->longest = MAX (builder->longest, tables->len - builder->start);
  builder->n++;
}

/* The first three fields are numbers, and little-endian. */
static void
put_uuid (Builder *builder, const char *uuid)
{
  static const uint8_t places[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
  uint8_t bytes[16] = { 0 };
  unsigned n = 0;

  for (const char *at = uuid; at != NULL && *at != '\0' && n < sizeof bytes; at++)
    if (*at != '-')
      {
        bytes[places[n++]] = g_ascii_xdigit_value (at[0]) << 4 | g_ascii_xdigit_value (at[1]);
        at++;
      }
  g_byte_array_append (builder->tables, bytes, sizeof bytes);
}

static void
add_system (Builder *builder, const SmbiosTexts *texts, const char *uuid)
{
  begin (builder, 1, HANDLE_SYSTEM);
  put_string (builder, texts->manufacturer);
  put_string (builder, texts->product);
  put_string (builder, texts->version);
  put_string (builder, texts->serial);
  put_uuid (builder, uuid);
  put (builder, 6, 1); /* woken by the power switch */
  put_string (builder, texts->sku);
  put_string (builder, texts->family);
  end (builder);
}

static void
add_board (Builder *builder, const SmbiosTexts *texts)
{
  begin (builder, 2, HANDLE_BOARD);
  put_string (builder, texts->manufacturer);
  put_string (builder, "440FX");
  put_string (builder, texts->version);
  put_string (builder, texts->serial);
  put_string (builder, texts->asset_tag);
  put (builder, 1 << 0, 1); /* a hosting board */
  put_string (builder, NULL);
  put (builder, HANDLE_CHASSIS, 2);
  put (builder, 0x0a, 1); /* motherboard */
  put (builder, 0, 1);
  end (builder);
}

static void
add_chassis (Builder *builder, const SmbiosTexts *texts)
{
  begin (builder, 3, HANDLE_CHASSIS);
  put_string (builder, texts->manufacturer);
  put (builder, 3, 1); /* desktop */
  put_string (builder, texts->version);
  put_string (builder, texts->serial);
  put_string (builder, texts->asset_tag);
  put (builder, 3, 1);         /* boot-up state: safe */
  put (builder, 3, 1);         /* power supply: safe */
  put (builder, 3, 1);         /* thermal state: safe */
  put (builder, 3, 1);         /* security: none */
  put (builder, 0, 4 + 1 + 1); /* OEM-defined, height, power cords: unspecified */
  put (builder, 0, 1 + 1);     /* contained elements */
  put_string (builder, texts->sku);
  end (builder);
}

static void
add_processor (Builder *builder, const CpuTopology *topology, unsigned socket)
{
  bool many = topology->cores > 1, threaded = topology->threads > 1;
  g_autofree char *name = g_strdup_printf ("CPU %u", socket);

  begin (builder, 4, HANDLE_PROCESSOR + socket);
  put_string (builder, name);
  put (builder, 3, 1); /* central processor */
  put (builder, 1, 1); /* family: other */
  put_string (builder, "Guesthouse");
  put (builder, 0, 8); /* what CPUID says depends on the accelerator */
  put_string (builder, "Virtual CPU");
  put (builder, 0, 1 + 2 + 2 + 2); /* voltage and clocks: unknown */
  put (builder, 1 << 6 | 1, 1);    /* populated, enabled */
  put (builder, 1, 1);             /* upgrade: other */
  for (unsigned cache = 0; cache < 3; cache++)
    put (builder, HANDLE_NONE, 2);
  for (unsigned text = 0; text < 3; text++)
    put_string (builder, NULL);
  put (builder, topology->cores, 1);
  put (builder, topology->cores, 1);
  put (builder, cpu_topology_get_cpus_in_socket (topology), 1);
  put (builder, 1 << 2 | many << 3 | threaded << 4 | 1 << 5, 2); /* 64 bits, no-execute */
  put (builder, 1, 2);
  end (builder);
}

static void
add_memory (Builder *builder, uint64_t size)
{
  uint64_t mib = size / MIB;

  begin (builder, 16, HANDLE_ARRAY);
  put (builder, 3, 1); /* on the board */
  put (builder, 3, 1); /* system memory */
  put (builder, 3, 1); /* no error correction */
  put (builder, size / KIB, 4);
  put (builder, HANDLE_NO_ERRORS, 2);
  put (builder, 1, 2); /* one device */
  put (builder, 0, 8);
  end (builder);

  begin (builder, 17, HANDLE_DEVICE);
  put (builder, HANDLE_ARRAY, 2);
  put (builder, HANDLE_NO_ERRORS, 2);
  put (builder, 64, 2); /* bits in all, and of data */
  put (builder, 64, 2);
  put (builder, MIN (mib, SIZE_IS_EXTENDED), 2);
  put (builder, 9, 1); /* DIMM */
  put (builder, 0, 1);
  put_string (builder, "DIMM 0");
  put_string (builder, NULL);
  put (builder, 7, 1);      /* RAM */
  put (builder, 1 << 1, 2); /* of another kind */
  put (builder, 0, 2);
  for (unsigned text = 0; text < 4; text++)
    put_string (builder, NULL);
  put (builder, 0, 1);
  put (builder, mib >= SIZE_IS_EXTENDED ? mib : 0, 4);
  put (builder, 0, 2 + 2 + 2 + 2); /* speed and voltages: unknown */
  end (builder);
}

static void
add_mapped_memory (Builder *builder, unsigned number, uint64_t first, uint64_t length)
{
  begin (builder, 19, HANDLE_MAPPED + number);
  put (builder, first / KIB, 4);
  put (builder, (first + length) / KIB - 1, 4);
  put (builder, HANDLE_ARRAY, 2);
  put (builder, 1, 1);
  put (builder, 0, 8);
  put (builder, 0, 8);
  end (builder);
}

static void
add_end (Builder *builder)
{
  begin (builder, 32, HANDLE_BOOT);
  put (builder, 0, 6);
  put (builder, 0, 1); /* no errors detected */
  end (builder);
  begin (builder, 127, HANDLE_END);
  end (builder);
}

/* The entry point; firmware gives it the address and its checksums. */
static GBytes *
make_anchor (const Builder *builder)
{
  Builder anchor = { .tables = g_byte_array_new () };

  g_byte_array_append (anchor.tables, (const uint8_t *) "_SM_", 4);
  put (&anchor, 0, 1);
  put (&anchor, 0x1f, 1); /* its length */
  put (&anchor, 2, 1);
  put (&anchor, 8, 1);
  put (&anchor, builder->longest, 2);
  put (&anchor, 0, 1 + 5);
  g_byte_array_append (anchor.tables, (const uint8_t *) "_DMI_", 5);
  put (&anchor, 0, 1);
  put (&anchor, builder->tables->len, 2);
  put (&anchor, 0, 4);
  put (&anchor, builder->n, 2);
  put (&anchor, 0x28, 1);
  return g_byte_array_free_to_bytes (anchor.tables);
}

/* As much of a name, which may be of any length, as a text has room for. */
static char *
dup_short (const char *name)
{
  const char *end = name;

  while (end != NULL && *end != '\0' && g_utf8_next_char (end) - name <= SMBIOS_TEXT_MAX)
    end = g_utf8_next_char (end);
  return name != NULL ? g_strndup (name, end - name) : NULL;
}

static SmbiosTexts
complete_texts (const SmbiosConfig *config, char *asset_tag)
{
  static char manufacturer[] = "Guesthouse", product[] = "Virtual PC", family[] = "Virtual Machine";
  SmbiosTexts texts = config->texts;

  if (texts.manufacturer == NULL)
    texts.manufacturer = manufacturer;
  if (texts.product == NULL)
    texts.product = product;
  if (texts.family == NULL)
    texts.family = family;
  if (texts.serial == NULL)
    texts.serial = (char *) config->uuid;
  if (texts.asset_tag == NULL)
    texts.asset_tag = asset_tag;
  return texts;
}

void
smbios_add (FwCfg *fw_cfg, const SmbiosConfig *config)
{
  Builder builder = { .tables = g_byte_array_new (), .strings = g_byte_array_new () };
  g_autofree char *tag = dup_short (config->name);
  SmbiosTexts texts = complete_texts (config, tag);
  g_autoptr (GBytes) anchor = NULL;
  g_autoptr (GBytes) tables = NULL;

  add_system (&builder, &texts, config->uuid);
  add_board (&builder, &texts);
  add_chassis (&builder, &texts);
  for (unsigned socket = 0; socket < config->topology.sockets; socket++)
    add_processor (&builder, &config->topology, socket);
  add_memory (&builder, config->memory_below + config->memory_above);
  add_mapped_memory (&builder, 0, 0, config->memory_below);
  if (config->memory_above > 0)
    add_mapped_memory (&builder, 1, ABOVE_HOLE, config->memory_above);
  add_end (&builder);
  anchor = make_anchor (&builder);
  g_byte_array_unref (builder.strings);
  tables = g_byte_array_free_to_bytes (builder.tables);
  fw_cfg_add_file (fw_cfg, "etc/smbios/smbios-tables", tables);
  fw_cfg_add_file (fw_cfg, "etc/smbios/smbios-anchor", anchor);
}
