/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display-viewers.h"

#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>

#include "client-connection.h"
#include "vmm-core/control-names.h"

#define PIXMAN_X8R8G8B8 0x20020888u
#define MAX_VIEWERS 16
#define HELLO_MS 5000
#define ANSWER_MS 20000

/* While something changes the screen is looked at for every frame, otherwise now and then. */
#define BUSY_MS 16
#define IDLE_MS 50
#define BUSY_FOR_US (G_USEC_PER_SEC / 2)

/* One registered listener. While a message of ours is unanswered, damage adds up: however slow it
 * is, one message at most is under way to it. */
typedef struct
{
  DisplayViewers *viewers;
  ClientConnection *connection;
  GCancellable *cancellable;         /* of what was asked of it */
  gboolean map;                      /* takes shared memory */
  gboolean ready;                    /* we know what it takes */
  gboolean waiting;                  /* for an answer */
  gint64 since;                      /* it is not ready, or the message was sent */
  gboolean new_surface;              /* to be announced before any update */
  unsigned left, top, right, bottom; /* damage; right <= left: none */
} Viewer;

struct DisplayViewers
{
  Vm *vm;
  GPtrArray *viewers;
  guint tick;
  guint tick_ms;
  gint64 last_damage;
};

static void viewer_send (Viewer *viewer);

static void
viewer_free (gpointer data)
{
  Viewer *viewer = data;

  g_cancellable_cancel (viewer->cancellable);
  g_object_unref (viewer->cancellable);
  client_connection_free (viewer->connection);
  g_free (viewer);
}

static void
viewer_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = g_dbus_connection_call_with_unix_fd_list_finish (
    G_DBUS_CONNECTION (source), NULL, result, &error);
  Viewer *viewer = data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* the viewer is gone */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    {
      g_ptr_array_remove (viewer->viewers->viewers, viewer);
      return;
    }
  viewer->waiting = FALSE;
  viewer_send (viewer);
}

static void
viewer_call (Viewer *viewer, const char *interface, const char *method, GVariant *parameters,
             GUnixFDList *fds)
{
  viewer->waiting = TRUE;
  viewer->since = g_get_monotonic_time ();
  g_dbus_connection_call_with_unix_fd_list (client_connection_get (viewer->connection), NULL,
                                            CONTROL_LISTENER_PATH, interface, method, parameters,
                                            NULL, G_DBUS_CALL_FLAGS_NONE, ANSWER_MS, fds,
                                            viewer->cancellable, viewer_answered, viewer);
}

/* Lines first to last of a surface, as they lie in memory. */
static GVariant *
copy_lines (Surface *surface, unsigned first, unsigned count)
{
  unsigned stride = surface_get_stride (surface);
  const uint8_t *pixels = (const uint8_t *) surface_get_pixels (surface);

  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, pixels + (size_t) first * stride,
                                    (size_t) count * stride, 1);
}

static void
send_scanout (Viewer *viewer, Surface *surface)
{
  unsigned width = surface_get_width (surface), height = surface_get_height (surface);
  unsigned stride = surface_get_stride (surface);

  viewer->new_surface = FALSE;
  viewer->left = viewer->top = viewer->right = viewer->bottom = 0;
  if (viewer->map)
    {
      g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();

      if (g_unix_fd_list_append (fds, surface_get_fd (surface), NULL) == 0)
        viewer_call (viewer, CONTROL_LISTENER_MAP, "ScanoutMap",
                     g_variant_new ("(huuuuu)", 0, 0, width, height, stride, PIXMAN_X8R8G8B8), fds);
    }
  else
    viewer_call (viewer, CONTROL_LISTENER, "Scanout",
                 g_variant_new ("(uuuu@ay)", width, height, stride, PIXMAN_X8R8G8B8,
                                copy_lines (surface, 0, height)),
                 NULL);
}

static void
send_update (Viewer *viewer, Surface *surface)
{
  int x = viewer->left, y = viewer->top;
  int width = viewer->right - viewer->left, height = viewer->bottom - viewer->top;

  viewer->left = viewer->top = viewer->right = viewer->bottom = 0;
  if (viewer->map)
    viewer_call (viewer, CONTROL_LISTENER_MAP, "UpdateMap",
                 g_variant_new ("(iiii)", x, y, width, height), NULL);
  else
    viewer_call (viewer, CONTROL_LISTENER, "Update",
                 g_variant_new ("(iiiiuu@ay)", 0, y, (int) surface_get_width (surface), height,
                                surface_get_stride (surface), PIXMAN_X8R8G8B8,
                                copy_lines (surface, y, height)),
                 NULL);
}

/* Sends what has come up, one message at a time. */
static void
viewer_send (Viewer *viewer)
{
  MachineLock *lock = vm_get_lock (viewer->viewers->vm);
  Surface *surface;

  if (!viewer->ready || viewer->waiting)
    return;
  machine_lock_acquire (lock);
  surface = console_get_surface (vm_get_console (viewer->viewers->vm));
  if (viewer->new_surface)
    send_scanout (viewer, surface);
  else if (viewer->right > viewer->left)
    send_update (viewer, surface);
  machine_lock_release (lock);
}

void
display_viewers_resize (DisplayViewers *viewers)
{
  for (unsigned i = 0; i < viewers->viewers->len; i++)
    ((Viewer *) g_ptr_array_index (viewers->viewers, i))->new_surface = TRUE;
  viewers->last_damage = g_get_monotonic_time ();
}

void
display_viewers_damage (DisplayViewers *viewers, unsigned x, unsigned y, unsigned width,
                        unsigned height)
{
  viewers->last_damage = g_get_monotonic_time ();
  for (unsigned i = 0; i < viewers->viewers->len; i++)
    {
      Viewer *viewer = g_ptr_array_index (viewers->viewers, i);
      gboolean none = viewer->right <= viewer->left;

      viewer->left = none ? x : MIN (viewer->left, x);
      viewer->top = none ? y : MIN (viewer->top, y);
      viewer->right = none ? x + width : MAX (viewer->right, x + width);
      viewer->bottom = none ? y + height : MAX (viewer->bottom, y + height);
    }
}

static gboolean
viewers_tick (gpointer data)
{
  DisplayViewers *viewers = data;
  MachineLock *lock = vm_get_lock (viewers->vm);
  guint wanted;

  machine_lock_acquire (lock);
  console_refresh (vm_get_console (viewers->vm));
  machine_lock_release (lock);
  for (unsigned i = 0; i < viewers->viewers->len; i++)
    viewer_send (g_ptr_array_index (viewers->viewers, i));
  wanted = g_get_monotonic_time () - viewers->last_damage < BUSY_FOR_US ? BUSY_MS : IDLE_MS;
  if (viewers->viewers->len == 0)
    {
      viewers->tick = 0;
      return G_SOURCE_REMOVE;
    }
  if (wanted == viewers->tick_ms)
    return G_SOURCE_CONTINUE;
  viewers->tick_ms = wanted;
  viewers->tick = g_timeout_add (wanted, viewers_tick, viewers);
  return G_SOURCE_REMOVE;
}

static void
viewer_gone (void *data)
{
  Viewer *viewer = data;

  g_ptr_array_remove (viewer->viewers->viewers, viewer);
}

static void
viewer_told_interfaces (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
    = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  Viewer *viewer = data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (answer != NULL)
    {
      g_autoptr (GVariant) value = NULL;

      g_variant_get (answer, "(v)", &value);
      if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
        {
          g_autofree const char **names = g_variant_get_strv (value, NULL);

          viewer->map = g_strv_contains (names, CONTROL_LISTENER_MAP);
        }
    }
  viewer->ready = TRUE;
  viewer_send (viewer);
}

static void
viewer_come (void *data, GDBusConnection *connection)
{
  Viewer *viewer = data;

  g_dbus_connection_call (
    connection, NULL, CONTROL_LISTENER_PATH, "org.freedesktop.DBus.Properties", "Get",
    g_variant_new ("(ss)", CONTROL_LISTENER, "Interfaces"), G_VARIANT_TYPE ("(v)"),
    G_DBUS_CALL_FLAGS_NONE, HELLO_MS, viewer->cancellable, viewer_told_interfaces, viewer);
}

/* Whoever has owed an answer longest makes room. */
static gboolean
make_room (DisplayViewers *viewers, GError **error)
{
  Viewer *slowest = NULL;

  if (viewers->viewers->len < MAX_VIEWERS)
    return TRUE;
  for (unsigned i = 0; i < viewers->viewers->len; i++)
    {
      Viewer *viewer = g_ptr_array_index (viewers->viewers, i);

      if ((viewer->waiting || !viewer->ready)
          && (slowest == NULL || viewer->since < slowest->since))
        slowest = viewer;
    }
  if (slowest != NULL)
    return g_ptr_array_remove (viewers->viewers, slowest);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                       _ ("Too many viewers look at this machine: close one of them."));
  return FALSE;
}

gboolean
display_viewers_add (DisplayViewers *viewers, int fd, GError **error)
{
  static const ClientConnectionOps ops = { viewer_come, viewer_gone };
  Viewer *viewer = g_new0 (Viewer, 1);

  viewer->viewers = viewers;
  viewer->cancellable = g_cancellable_new ();
  viewer->since = g_get_monotonic_time ();
  viewer->new_surface = TRUE;
  viewer->connection = client_connection_new (fd, DBUS_LINK_VIEWER, NULL, &ops, viewer, error);
  if (viewer->connection == NULL || !make_room (viewers, error))
    {
      viewer_free (viewer);
      return FALSE;
    }
  g_ptr_array_add (viewers->viewers, viewer);
  if (viewers->tick == 0)
    {
      viewers->tick_ms = BUSY_MS;
      viewers->tick = g_timeout_add (BUSY_MS, viewers_tick, viewers);
    }
  return TRUE;
}

DisplayViewers *
display_viewers_new (Vm *vm)
{
  DisplayViewers *viewers = g_new0 (DisplayViewers, 1);

  viewers->vm = vm;
  viewers->viewers = g_ptr_array_new_with_free_func (viewer_free);
  return viewers;
}

void
display_viewers_free (DisplayViewers *viewers)
{
  if (viewers->tick != 0)
    g_source_remove (viewers->tick);
  g_ptr_array_unref (viewers->viewers);
  g_free (viewers);
}
