/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* The header of a D-Bus message (D-Bus Specification, “Message Format”), as far as somebody who
 * passes messages on needs it. */

enum
{
  DBUS_METHOD_CALL = 1,
  DBUS_METHOD_RETURN = 2,
  DBUS_ERROR = 3,
  DBUS_SIGNAL = 4
};

#define DBUS_FLAGS_AT 2
#define DBUS_NO_REPLY_EXPECTED 1

typedef struct
{
  uint8_t type, flags;
  uint32_t serial;
  uint32_t reply_serial; /* 0: none */
  uint32_t n_fds;        /* descriptors that belong to it */
  uint64_t size;         /* of the whole message */
} DbusHeader;

typedef enum
{
  DBUS_HEADER_WHOLE,
  DBUS_HEADER_CUT, /* more of it is to come */
  DBUS_HEADER_BAD
} DbusHeaderState;

/* Looks at the length bytes of a message that are there; the body need not be. A header of more
 * than 16 KiB counts as bad. */
DbusHeaderState dbus_header_parse (DbusHeader *header, const uint8_t *message, gsize length);
