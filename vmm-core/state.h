/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* Saved state. Everything a device saves sits in one struct of fixed-width fields; one table of
 * fields describes it, and save, load, comparison and dump are generic walks over that table. */

typedef enum
{
  STATE_UINT,  /* elements of 1, 2, 4 or 8 bytes, little endian in the stream */
  STATE_BOOL,  /* bool: anything but 0 and 1 in a stream is an error */
  STATE_BYTES, /* raw bytes */
  STATE_STRUCT /* an array of structs with a table of its own */
} StateKind;

typedef struct StateTable StateTable;

typedef struct
{
  const char *name;
  StateKind kind;
  uint32_t offset;         /* in the struct */
  uint32_t size;           /* bytes of one element */
  uint32_t count;          /* elements */
  const StateTable *table; /* STATE_STRUCT only */
  /* STATE_UINT: what each element can be, unless both are 0. Elements are signed where min is
   * negative. */
  int64_t min, max;
} StateField;

struct StateTable
{
  const char *name; /* of the struct, "PitState" */
  uint32_t version; /* goes up when a field changes its meaning; added fields need none */
  const StateField *fields;
  unsigned n_fields;
};

#define STATE_ELEMENT(type, field) ((type *) NULL)->field
/* A scalar or an array (of one or more dimensions) of integers. */
/* clang-format off */
#define STATE_INT(type, field)                                                                     \
  { #field, STATE_UINT, offsetof (type, field), sizeof (STATE_ELEMENT (type, field)), 1, NULL }
#define STATE_INTS(type, field)                                                                    \
  { #field, STATE_UINT, offsetof (type, field), sizeof (STATE_ELEMENT (type, field)[0]),           \
    sizeof (STATE_ELEMENT (type, field)) / sizeof (STATE_ELEMENT (type, field)[0]), NULL }
/* The same within bounds: whatever is an index, a length, a divisor or an enumeration. */
#define STATE_INT_IN(type, field, min, max)                                                        \
  { #field, STATE_UINT, offsetof (type, field), sizeof (STATE_ELEMENT (type, field)), 1, NULL, min,\
    max }
#define STATE_INTS_IN(type, field, min, max)                                                       \
  { #field, STATE_UINT, offsetof (type, field), sizeof (STATE_ELEMENT (type, field)[0]),           \
    sizeof (STATE_ELEMENT (type, field)) / sizeof (STATE_ELEMENT (type, field)[0]), NULL, min, max }
/* An instant of guest time in ns, and one at which a timer expires or -1. Sums and differences of
 * instants do not overflow. */
#define STATE_MAX_TIME (INT64_C (1) << 60) /* 36 years */
#define STATE_TIME(type, field) STATE_INT_IN (type, field, 0, STATE_MAX_TIME)
#define STATE_DEADLINE(type, field) STATE_INT_IN (type, field, -1, STATE_MAX_TIME)
#define STATE_FLAG(type, field)                                                                    \
  { #field, STATE_BOOL, offsetof (type, field), sizeof (STATE_ELEMENT (type, field)), 1, NULL }
#define STATE_BLOB(type, field)                                                                    \
  { #field, STATE_BYTES, offsetof (type, field), sizeof (STATE_ELEMENT (type, field)), 1, NULL }
#define STATE_NESTED(type, field, nested)                                                          \
  { #field, STATE_STRUCT, offsetof (type, field), sizeof (STATE_ELEMENT (type, field)), 1, nested }
#define STATE_NESTED_ARRAY(type, field, nested)                                                    \
  { #field, STATE_STRUCT, offsetof (type, field), sizeof (STATE_ELEMENT (type, field)[0]),         \
    sizeof (STATE_ELEMENT (type, field)) / sizeof (STATE_ELEMENT (type, field)[0]), nested }
#define STATE_TABLE(type, version, fields) { #type, version, fields, G_N_ELEMENTS (fields) }
/* clang-format on */

/* One device's part of a machine's state. The functions may be NULL.
 * before_save puts what lives elsewhere (timer deadlines) into the struct; after_load takes it out
 * again, when it has checked what no field's bounds say: a stream may hold anything. It returns
 * FALSE with error for values no such device can have. Neither calls another device.
 * show_lines does, once all of the machine is loaded: it drives every output line of the device
 * that its state knows the level of, which changes nothing where the receiver's state agrees. */
typedef struct
{
  const char *id; /* unique in the machine: "pit", "ide0" */
  const StateTable *table;
  void *state;
  void *device;
  void (*before_save) (void *device);
  gboolean (*after_load) (void *device, GError **error);
  void (*show_lines) (void *device);
} StateSection;

#define STATE_ERROR (state_error_quark ())
GQuark state_error_quark (void);
typedef enum
{
  STATE_ERROR_BAD_STREAM
} StateError;

/* Appends the section to a stream: id, length, table name, version, then each field with name and
 * size. */
void state_save (const StateSection *section, GByteArray *stream);

/* Reads one section from *cursor, which advances. Unknown fields are skipped, missing ones keep
 * their value; a wrong id, table, newer version or size, a value out of its field's bounds or a
 * truncated stream is an error, and then the struct is unchanged. Sets STATE_ERROR. */
gboolean state_load (const StateSection *section, const uint8_t **cursor, const uint8_t *end,
                     GError **error);

/* Appends all of these. */
void state_save_all (const StateSection *sections, unsigned n, GByteArray *stream);
/* Loads all of these from *cursor, which advances, in their own order, whatever the stream's is. It
 * is an error, too, if one is not there, there twice, or unknown; after one, some may be loaded. */
gboolean state_load_all (const StateSection *sections, unsigned n, const uint8_t **cursor,
                         const uint8_t *end, GError **error);

/* A readable text of every field, one "name value" a line, for dumps and for test messages. */
char *state_dump (const StateSection *section);
