/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "state.h"

#include <stdbool.h>
#include <string.h>

G_DEFINE_QUARK (guesthouse - state - error - quark, state_error)

/* The stream is little endian. A section is: string id, u64 length, then a struct. A struct is:
 * string table name, u32 version, u32 number of fields, then for each field: string name, u8 kind,
 * u32 size, u32 count, u64 payload length, payload. A string is: u16 length, bytes. */

static void
put_int (GByteArray *stream, uint64_t value, unsigned size)
{
  uint64_t little = GUINT64_TO_LE (value);

  g_byte_array_append (stream, (const uint8_t *) &little, size);
}

static void
put_string (GByteArray *stream, const char *string)
{
  put_int (stream, strlen (string), 2);
  g_byte_array_append (stream, (const uint8_t *) string, strlen (string));
}

static uint64_t
element_get (const uint8_t *at, unsigned size)
{
  switch (size)
    {
    case 1:
      return *at;
    case 2:
      return *(const uint16_t *) at;
    case 4:
      return *(const uint32_t *) at;
    default:
      return *(const uint64_t *) at;
    }
}

static void
element_set (uint8_t *at, unsigned size, uint64_t value)
{
  switch (size)
    {
    case 1:
      *at = value;
      break;
    case 2:
      *(uint16_t *) at = value;
      break;
    case 4:
      *(uint32_t *) at = value;
      break;
    default:
      *(uint64_t *) at = value;
      break;
    }
}

/* A length to be known later; returns where it is. */
static unsigned
begin_length (GByteArray *stream)
{
  put_int (stream, 0, 8);
  return stream->len;
}

static void
end_length (GByteArray *stream, unsigned begun)
{
  uint64_t length = GUINT64_TO_LE (stream->len - begun);

  memcpy (stream->data + begun - 8, &length, 8);
}

static void
save_struct (const StateTable *table, const uint8_t *base, GByteArray *stream)
{
  put_string (stream, table->name);
  put_int (stream, table->version, 4);
  put_int (stream, table->n_fields, 4);
  for (unsigned i = 0; i < table->n_fields; i++)
    {
      const StateField *field = &table->fields[i];
      const uint8_t *at = base + field->offset;
      unsigned begun;

      put_string (stream, field->name);
      put_int (stream, field->kind, 1);
      put_int (stream, field->size, 4);
      put_int (stream, field->count, 4);
      begun = begin_length (stream);
      for (uint32_t n = 0; n < field->count; n++, at += field->size)
        switch (field->kind)
          {
          case STATE_UINT:
          case STATE_BOOL:
            put_int (stream, element_get (at, field->size), field->size);
            break;
          case STATE_BYTES:
            g_byte_array_append (stream, at, field->size);
            break;
          case STATE_STRUCT:
            save_struct (field->table, at, stream);
            break;
          }
      end_length (stream, begun);
    }
}

void
state_save (const StateSection *section, GByteArray *stream)
{
  unsigned begun;

  if (section->before_save != NULL)
    section->before_save (section->device);
  put_string (stream, section->id);
  begun = begin_length (stream);
  save_struct (section->table, section->state, stream);
  end_length (stream, begun);
}

void
state_save_all (const StateSection *sections, unsigned n, GByteArray *stream)
{
  put_int (stream, n, 4);
  for (unsigned i = 0; i < n; i++)
    state_save (&sections[i], stream);
}

typedef struct
{
  const uint8_t *at, *end;
  const char *id; /* for messages */
  GError **error;
} StateReader;

static gboolean G_GNUC_PRINTF (2, 3) fail (StateReader *reader, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (reader->error, STATE_ERROR, STATE_ERROR_BAD_STREAM,
               "The saved state of “%s” cannot be read: %s.", reader->id, text);
  return FALSE;
}

static gboolean
get_int (StateReader *reader, unsigned size, uint64_t *value)
{
  uint64_t little = 0;

  *value = 0;
  if ((size_t) (reader->end - reader->at) < size)
    return fail (reader, "it ends too early");
  memcpy (&little, reader->at, size);
  reader->at += size;
  *value = GUINT64_FROM_LE (little);
  return TRUE;
}

static gboolean
get_string (StateReader *reader, char string[64])
{
  uint64_t length;

  if (!get_int (reader, 2, &length))
    return FALSE;
  if (length >= 64 || (size_t) (reader->end - reader->at) < length)
    return fail (reader, "a name in it is too long");
  memcpy (string, reader->at, length);
  string[length] = '\0';
  reader->at += length;
  return TRUE;
}

/* The id of a section, and that all of it is there; the reader stands before its struct. */
static gboolean
get_head (StateReader *reader, char id[64], uint64_t *length)
{
  if (!get_string (reader, id) || !get_int (reader, 8, length))
    return FALSE;
  return *length <= (size_t) (reader->end - reader->at) || fail (reader, "it ends too early");
}

static const StateField *
find_field (const StateTable *table, const char *name)
{
  for (unsigned i = 0; i < table->n_fields; i++)
    if (strcmp (table->fields[i].name, name) == 0)
      return &table->fields[i];
  return NULL;
}

static gboolean
is_in_bounds (const StateField *field, uint64_t value)
{
  unsigned unused = 64 - field->size * 8;
  int64_t number = field->min < 0 ? (int64_t) (value << unused) >> unused : (int64_t) value;

  return (field->min == 0 && field->max == 0) || (number >= field->min && number <= field->max);
}

static gboolean load_struct (StateReader *reader, const StateTable *table, uint8_t *base);

static gboolean
load_elements (StateReader *reader, const StateField *field, uint8_t *at)
{
  for (uint32_t n = 0; n < field->count; n++, at += field->size)
    {
      uint64_t value;

      switch (field->kind)
        {
        case STATE_UINT:
        case STATE_BOOL:
          if (!get_int (reader, field->size, &value))
            return FALSE;
          if (field->kind == STATE_BOOL && value > 1)
            return fail (reader, "%s is neither true nor false", field->name);
          if (!is_in_bounds (field, value))
            return fail (reader, "%s cannot be %#" G_GINT64_MODIFIER "x", field->name, value);
          element_set (at, field->size, value);
          break;
        case STATE_BYTES:
          if ((size_t) (reader->end - reader->at) < field->size)
            return fail (reader, "it ends too early");
          memcpy (at, reader->at, field->size);
          reader->at += field->size;
          break;
        case STATE_STRUCT:
          if (!load_struct (reader, field->table, at))
            return FALSE;
          break;
        }
    }
  return TRUE;
}

static gboolean
load_field (StateReader *reader, const StateTable *table, uint8_t *base)
{
  const uint8_t *outer_end = reader->end;
  char name[64];
  uint64_t kind, size, count, length;
  const StateField *field;

  if (!get_string (reader, name) || !get_int (reader, 1, &kind) || !get_int (reader, 4, &size)
      || !get_int (reader, 4, &count) || !get_int (reader, 8, &length))
    return FALSE;
  if ((size_t) (reader->end - reader->at) < length)
    return fail (reader, "it ends inside %s", name);
  field = find_field (table, name);
  if (field == NULL)
    {
      reader->at += length;
      return TRUE;
    }
  if (kind != field->kind || count != field->count
      || (field->kind != STATE_STRUCT && size != field->size))
    return fail (reader, "%s has another shape", name);
  reader->end = reader->at + length;
  if (!load_elements (reader, field, base + field->offset))
    return FALSE;
  if (reader->at != reader->end)
    return fail (reader, "%s is too long", name);
  reader->end = outer_end;
  return TRUE;
}

static gboolean
load_struct (StateReader *reader, const StateTable *table, uint8_t *base)
{
  char name[64];
  uint64_t version, n_fields;

  if (!get_string (reader, name) || !get_int (reader, 4, &version)
      || !get_int (reader, 4, &n_fields))
    return FALSE;
  if (strcmp (name, table->name) != 0)
    return fail (reader, "it holds %s instead of %s", name, table->name);
  if (version > table->version)
    return fail (reader, "it comes from a newer version of Guesthouse");
  for (uint64_t i = 0; i < n_fields; i++)
    if (!load_field (reader, table, base))
      return FALSE;
  return TRUE;
}

/* The bytes of the struct that the table knows of. */
static size_t
table_extent (const StateTable *table)
{
  size_t extent = 0;

  for (unsigned i = 0; i < table->n_fields; i++)
    extent = MAX (extent, table->fields[i].offset
                            + (size_t) table->fields[i].size * table->fields[i].count);
  return extent;
}

gboolean
state_load (const StateSection *section, const uint8_t **cursor, const uint8_t *end, GError **error)
{
  StateReader reader = { *cursor, end, section->id, error };
  size_t extent = table_extent (section->table);
  g_autofree uint8_t *before = g_memdup2 (section->state, extent);
  uint64_t length;
  char id[64];

  if (!get_head (&reader, id, &length))
    return FALSE;
  if (strcmp (id, section->id) != 0)
    return fail (&reader, "the state of “%s” stands in its place", id);
  reader.end = reader.at + length;
  if (!load_struct (&reader, section->table, section->state)
      || (reader.at != reader.end && !fail (&reader, "it is too long"))
      || (section->after_load != NULL && !section->after_load (section->device, error)))
    {
      memcpy (section->state, before, extent);
      return FALSE;
    }
  *cursor = reader.at;
  return TRUE;
}

/* Where each section of the stream begins, by its id. */
static GHashTable *
find_sections (StateReader *reader)
{
  g_autoptr (GHashTable) found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  uint64_t n, length;

  if (!get_int (reader, 4, &n))
    return NULL;
  for (uint64_t i = 0; i < n; i++)
    {
      const uint8_t *start = reader->at;
      char id[64];

      if (!get_head (reader, id, &length))
        return NULL;
      if (!g_hash_table_insert (found, g_strdup (id), (gpointer) start))
        {
          fail (reader, "it has two parts “%s”", id);
          return NULL;
        }
      reader->at += length;
    }
  return g_steal_pointer (&found);
}

gboolean
state_load_all (const StateSection *sections, unsigned n, const uint8_t **cursor,
                const uint8_t *end, GError **error)
{
  StateReader reader = { *cursor, end, "machine", error };
  g_autoptr (GHashTable) found = find_sections (&reader);
  GHashTableIter stranger;
  gpointer id;

  if (found == NULL)
    return FALSE;
  for (unsigned i = 0; i < n; i++)
    {
      const uint8_t *start = g_hash_table_lookup (found, sections[i].id);

      if (start == NULL)
        return fail (&reader, "it has no part “%s”", sections[i].id);
      if (!state_load (&sections[i], &start, reader.at, error))
        return FALSE;
      g_hash_table_remove (found, sections[i].id);
    }
  g_hash_table_iter_init (&stranger, found);
  if (g_hash_table_iter_next (&stranger, &id, NULL))
    return fail (&reader, "it has a part “%s”, which the machine has not", (const char *) id);
  *cursor = reader.at;
  return TRUE;
}

static void
dump_struct (const StateTable *table, const uint8_t *base, const char *prefix, GString *text)
{
  for (unsigned i = 0; i < table->n_fields; i++)
    {
      const StateField *field = &table->fields[i];
      const uint8_t *at = base + field->offset;

      for (uint32_t n = 0; n < field->count; n++, at += field->size)
        {
          g_autofree char *name = field->count > 1
                                    ? g_strdup_printf ("%s%s[%u]", prefix, field->name, n)
                                    : g_strdup_printf ("%s%s", prefix, field->name);

          if (field->kind == STATE_STRUCT)
            {
              g_autofree char *inner = g_strdup_printf ("%s.", name);

              dump_struct (field->table, at, inner, text);
            }
          else if (field->kind == STATE_BYTES)
            {
              g_string_append_printf (text, "%s ", name);
              for (uint32_t b = 0; b < field->size; b++)
                g_string_append_printf (text, "%02x", at[b]);
              g_string_append_c (text, '\n');
            }
          else
            g_string_append_printf (text, "%s %#" G_GINT64_MODIFIER "x\n", name,
                                    element_get (at, field->size));
        }
    }
}

char *
state_dump (const StateSection *section)
{
  GString *text = g_string_new (NULL);
  g_autofree char *prefix = g_strdup_printf ("%s.", section->id);

  if (section->before_save != NULL)
    section->before_save (section->device);
  dump_struct (section->table, section->state, prefix, text);
  return g_string_free (text, FALSE);
}
