/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dbus-header.h"

#include <string.h>

#define FIXED_SIZE 16u
#define MAX_FIELDS (16u << 10)
#define PROTOCOL_VERSION 1

enum
{
  FIELD_REPLY_SERIAL = 5,
  FIELD_UNIX_FDS = 9
};

static uint32_t
get_u32 (const uint8_t *message, gsize at)
{
  uint32_t value;

  memcpy (&value, message + at, sizeof value);
  return *message == 'B' ? GUINT32_FROM_BE (value) : GUINT32_FROM_LE (value);
}

/* Fields are structs of a byte and a variant; of what they hold, this knows all that messages have:
 * numbers, strings, paths and signatures. */
static gboolean
parse_fields (DbusHeader *header, const uint8_t *message, gsize end)
{
  gsize at = FIXED_SIZE;

  while (at < end)
    {
      unsigned field, kind;
      uint32_t value;

      if (end - at < 5 || message[at + 1] != 1 || message[at + 3] != 0)
        return FALSE;
      field = message[at];
      kind = message[at + 2];
      at += 4;
      if (kind == 'g')
        value = message[at++];
      else if (end - at >= 4 && (kind == 'u' || kind == 's' || kind == 'o'))
        {
          value = get_u32 (message, at);
          at += 4;
        }
      else
        return FALSE;
      if (kind == 'u' && field == FIELD_REPLY_SERIAL)
        header->reply_serial = value;
      else if (kind == 'u' && field == FIELD_UNIX_FDS)
        header->n_fds = value;
      if (kind != 'u' && value >= end - at)
        return FALSE;
      at += kind != 'u' ? value + 1 : 0;
      at = (at + 7) & ~(gsize) 7;
    }
  return TRUE;
}

DbusHeaderState
dbus_header_parse (DbusHeader *header, const uint8_t *message, gsize length)
{
  uint32_t fields;

  if (length < FIXED_SIZE)
    return DBUS_HEADER_CUT;
  fields = get_u32 (message, 12);
  if ((message[0] != 'l' && message[0] != 'B') || message[3] != PROTOCOL_VERSION
      || fields > MAX_FIELDS)
    return DBUS_HEADER_BAD;
  if (length < FIXED_SIZE + fields)
    return DBUS_HEADER_CUT;
  *header
    = (DbusHeader){ .type = message[1],
                    .flags = message[DBUS_FLAGS_AT],
                    .serial = get_u32 (message, 8),
                    .size = (uint64_t) FIXED_SIZE + ((fields + 7) & ~7u) + get_u32 (message, 4) };
  return parse_fields (header, message, FIXED_SIZE + fields) ? DBUS_HEADER_WHOLE : DBUS_HEADER_BAD;
}
