/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Headers of D-Bus messages, as GDBus makes them, and bytes that only look like some. */
#include "vmm-core/dbus-header.h"

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <string.h>

static GBytes *
make_message (GDBusMessageType type, GDBusMessageByteOrder order)
{
  g_autoptr (GDBusMessage) message = g_dbus_message_new ();
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  guchar *blob;
  gsize size;

  g_dbus_message_set_message_type (message, type);
  g_dbus_message_set_byte_order (message, order);
  g_dbus_message_set_serial (message, 0x01020304);
  g_dbus_message_set_sender (message, ":1.2");
  if (type == G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    {
      g_dbus_message_set_flags (message, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
      g_dbus_message_set_path (message, "/a/path");
      g_dbus_message_set_interface (message, "an.Interface");
      g_dbus_message_set_member (message, "Method");
      g_unix_fd_list_append (fds, 0, NULL);
      g_unix_fd_list_append (fds, 0, NULL);
      g_dbus_message_set_unix_fd_list (message, fds);
    }
  else
    g_dbus_message_set_reply_serial (message, 0x05060708);
  g_dbus_message_set_body (message, g_variant_new ("(sx)", "text", G_GINT64_CONSTANT (-1)));
  blob = g_dbus_message_to_blob (message, &size, G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING, NULL);
  g_assert_nonnull (blob);
  return g_bytes_new_take (blob, size);
}

static void
check_message (GDBusMessageType type, GDBusMessageByteOrder order)
{
  g_autoptr (GBytes) message = make_message (type, order);
  gsize size;
  const uint8_t *bytes = g_bytes_get_data (message, &size);
  gboolean call = type == G_DBUS_MESSAGE_TYPE_METHOD_CALL;
  DbusHeader header;

  g_assert_cmpint (dbus_header_parse (&header, bytes, size), ==, DBUS_HEADER_WHOLE);
  g_assert_cmpuint (header.type, ==, call ? DBUS_METHOD_CALL : DBUS_METHOD_RETURN);
  g_assert_cmpuint (header.flags & DBUS_NO_REPLY_EXPECTED, ==, call);
  g_assert_cmphex (header.serial, ==, 0x01020304);
  g_assert_cmphex (header.reply_serial, ==, call ? 0 : 0x05060708);
  g_assert_cmpuint (header.n_fds, ==, call ? 2 : 0);
  g_assert_cmpuint (header.size, ==, size);

  /* Cut off anywhere it is either whole, for the body may be missing, or cut: never more. */
  for (gsize length = 0; length < size; length++)
    {
      g_autofree uint8_t *copy = g_memdup2 (bytes, length);
      DbusHeaderState state = dbus_header_parse (&header, copy, length);

      g_assert_cmpint (state, !=, DBUS_HEADER_BAD);
      g_assert_true (length >= 16 || state == DBUS_HEADER_CUT);
    }
}

static void
test_messages (void)
{
  static const GDBusMessageByteOrder orders[]
    = { G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN, G_DBUS_MESSAGE_BYTE_ORDER_BIG_ENDIAN };

  for (unsigned i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      check_message (G_DBUS_MESSAGE_TYPE_METHOD_CALL, orders[i]);
      check_message (G_DBUS_MESSAGE_TYPE_METHOD_RETURN, orders[i]);
    }
}

/* Nothing behind the bytes that are there is looked at: a copy of just these would show it. */
static void
test_damage (void)
{
  g_autoptr (GBytes) message
    = make_message (G_DBUS_MESSAGE_TYPE_METHOD_CALL, G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN);
  gsize size = g_bytes_get_size (message);
  unsigned states[3] = { 0 };

  for (unsigned i = 0; i < 20000; i++)
    {
      g_autofree uint8_t *copy = g_memdup2 (g_bytes_get_data (message, NULL), size);
      DbusHeader header;

      for (int n = g_test_rand_int_range (1, 4); n > 0; n--)
        copy[g_test_rand_int_range (0, size)] = g_test_rand_int ();
      states[dbus_header_parse (&header, copy, size)]++;
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (states); i++)
    g_assert_cmpuint (states[i], >, 0);
}

/* A message may claim any length of its body; together with the header it is more than 32 bits can
 * say, not next to nothing. */
static void
test_largest_body (void)
{
  g_autoptr (GBytes) message
    = make_message (G_DBUS_MESSAGE_TYPE_METHOD_RETURN, G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN);
  gsize size = g_bytes_get_size (message);
  g_autofree uint8_t *copy = g_memdup2 (g_bytes_get_data (message, NULL), size);
  DbusHeader header;

  memset (copy + 4, 0xff, 4);
  g_assert_cmpint (dbus_header_parse (&header, copy, size), ==, DBUS_HEADER_WHOLE);
  g_assert_cmpuint (header.size, >, UINT32_MAX);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dbus-header/messages", test_messages);
  g_test_add_func ("/dbus-header/largest-body", test_largest_body);
  g_test_add_func ("/dbus-header/damage", test_damage);
  return g_test_run ();
}
