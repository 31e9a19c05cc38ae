/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display-service.h"

#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>
#include <string.h>

#include "display-interfaces.h"
#include "display/keymap.h"

#define CONSOLE_PATH "/org/qemu/Display1/Console_0"
#define LISTENER_PATH "/org/qemu/Display1/Listener"
#define LISTENER "org.qemu.Display1.Listener"
#define LISTENER_MAP "org.qemu.Display1.Listener.Unix.Map"
#define PIXMAN_X8R8G8B8 0x20020888u
#define MAX_VIEWERS 16

/* While something changes the screen is looked at for every frame, otherwise now and then. */
#define BUSY_MS 16
#define IDLE_MS 50
#define BUSY_FOR_US (G_USEC_PER_SEC / 2)

/* One registered listener. While a message of ours is unanswered, damage adds up. */
typedef struct
{
  DisplayService *service;
  GDBusConnection *connection;
  GCancellable *cancellable;
  gboolean map;                      /* takes shared memory */
  gboolean ready;                    /* we know what it takes */
  gboolean waiting;                  /* for an answer */
  gboolean new_surface;              /* to be announced before any update */
  unsigned left, top, right, bottom; /* damage; right <= left: none */
} Viewer;

struct DisplayService
{
  Vm *vm;
  DisplayConsole *console;
  DisplayKeyboard *keyboard;
  DisplayMouse *mouse;
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
  if (viewer->connection != NULL)
    {
      g_signal_handlers_disconnect_by_data (viewer->connection, viewer);
      g_dbus_connection_close (viewer->connection, NULL, NULL, NULL);
      g_object_unref (viewer->connection);
    }
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
  viewer->waiting = FALSE;
  viewer_send (viewer);
}

static void
viewer_call (Viewer *viewer, const char *interface, const char *method, GVariant *parameters,
             GUnixFDList *fds)
{
  viewer->waiting = TRUE;
  g_dbus_connection_call_with_unix_fd_list (viewer->connection, NULL, LISTENER_PATH, interface,
                                            method, parameters, NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                                            fds, viewer->cancellable, viewer_answered, viewer);
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
        viewer_call (viewer, LISTENER_MAP, "ScanoutMap",
                     g_variant_new ("(huuuuu)", 0, 0, width, height, stride, PIXMAN_X8R8G8B8), fds);
    }
  else
    viewer_call (viewer, LISTENER, "Scanout",
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
    viewer_call (viewer, LISTENER_MAP, "UpdateMap", g_variant_new ("(iiii)", x, y, width, height),
                 NULL);
  else
    viewer_call (viewer, LISTENER, "Update",
                 g_variant_new ("(iiiiuu@ay)", 0, y, (int) surface_get_width (surface), height,
                                surface_get_stride (surface), PIXMAN_X8R8G8B8,
                                copy_lines (surface, y, height)),
                 NULL);
}

/* Sends what has come up, one message at a time. */
static void
viewer_send (Viewer *viewer)
{
  MachineLock *lock = vm_get_lock (viewer->service->vm);
  Surface *surface;

  if (!viewer->ready || viewer->waiting)
    return;
  machine_lock_acquire (lock);
  surface = console_get_surface (vm_get_console (viewer->service->vm));
  if (viewer->new_surface)
    send_scanout (viewer, surface);
  else if (viewer->right > viewer->left)
    send_update (viewer, surface);
  machine_lock_release (lock);
}

/* From the console, lock held: only noted here. */
static void
console_resized (void *data, Surface *surface)
{
  DisplayService *service = data;

  for (unsigned i = 0; i < service->viewers->len; i++)
    ((Viewer *) g_ptr_array_index (service->viewers, i))->new_surface = TRUE;
  service->last_damage = g_get_monotonic_time ();
  display_console_set_width (service->console, surface_get_width (surface));
  display_console_set_height (service->console, surface_get_height (surface));
}

static void
console_damaged (void *data, unsigned x, unsigned y, unsigned width, unsigned height)
{
  DisplayService *service = data;

  service->last_damage = g_get_monotonic_time ();
  for (unsigned i = 0; i < service->viewers->len; i++)
    {
      Viewer *viewer = g_ptr_array_index (service->viewers, i);
      gboolean none = viewer->right <= viewer->left;

      viewer->left = none ? x : MIN (viewer->left, x);
      viewer->top = none ? y : MIN (viewer->top, y);
      viewer->right = none ? x + width : MAX (viewer->right, x + width);
      viewer->bottom = none ? y + height : MAX (viewer->bottom, y + height);
    }
}

static gboolean
service_tick (gpointer data)
{
  DisplayService *service = data;
  MachineLock *lock = vm_get_lock (service->vm);
  guint wanted;

  machine_lock_acquire (lock);
  console_refresh (vm_get_console (service->vm));
  machine_lock_release (lock);
  for (unsigned i = 0; i < service->viewers->len; i++)
    viewer_send (g_ptr_array_index (service->viewers, i));
  wanted = g_get_monotonic_time () - service->last_damage < BUSY_FOR_US ? BUSY_MS : IDLE_MS;
  if (service->viewers->len == 0)
    {
      service->tick = 0;
      return G_SOURCE_REMOVE;
    }
  if (wanted == service->tick_ms)
    return G_SOURCE_CONTINUE;
  service->tick_ms = wanted;
  service->tick = g_timeout_add (wanted, service_tick, service);
  return G_SOURCE_REMOVE;
}

static void
viewer_closed (GDBusConnection *connection, gboolean vanished, GError *error, gpointer data)
{
  Viewer *viewer = data;

  g_ptr_array_remove (viewer->service->viewers, viewer);
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

          viewer->map = g_strv_contains (names, LISTENER_MAP);
        }
    }
  viewer->ready = TRUE;
  viewer_send (viewer);
}

static void
viewer_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_finish (result, &error);
  Viewer *viewer = data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (connection == NULL)
    {
      g_ptr_array_remove (viewer->service->viewers, viewer);
      return;
    }
  viewer->connection = connection;
  g_signal_connect (connection, "closed", G_CALLBACK (viewer_closed), viewer);
  g_dbus_connection_call (connection, NULL, LISTENER_PATH, "org.freedesktop.DBus.Properties", "Get",
                          g_variant_new ("(ss)", LISTENER, "Interfaces"), G_VARIANT_TYPE ("(v)"),
                          G_DBUS_CALL_FLAGS_NONE, 5000, viewer->cancellable, viewer_told_interfaces,
                          viewer);
}

static gboolean
refuse (GDBusMethodInvocation *invocation, const char *sentence)
{
  g_dbus_method_invocation_return_dbus_error (invocation, "org.guesthouse.Error.Failed", sentence);
  return TRUE;
}

static gboolean
handle_register_listener (DisplayConsole *console, GDBusMethodInvocation *invocation,
                          GUnixFDList *fds, GVariant *handle, gpointer data)
{
  DisplayService *service = data;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  g_autofree char *guid = g_dbus_generate_guid ();
  Viewer *viewer;
  int fd = fds != NULL ? g_unix_fd_list_get (fds, g_variant_get_handle (handle), NULL) : -1;

  if (service->viewers->len >= MAX_VIEWERS)
    {
      if (fd >= 0)
        close (fd);
      return refuse (invocation, _ ("Too many viewers look at this machine: close one of them."));
    }
  socket = fd >= 0 ? g_socket_new_from_fd (fd, NULL) : NULL;
  if (socket == NULL)
    {
      if (fd >= 0)
        close (fd);
      return refuse (invocation,
                     _ ("The listener is not a socket: pass one end of a socket pair."));
    }
  stream = g_socket_connection_factory_create_connection (socket);
  viewer = g_new0 (Viewer, 1);
  viewer->service = service;
  viewer->cancellable = g_cancellable_new ();
  viewer->new_surface = TRUE;
  g_ptr_array_add (service->viewers, viewer);
  g_dbus_connection_new (G_IO_STREAM (stream), guid, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER,
                         NULL, viewer->cancellable, viewer_connected, viewer);
  if (service->tick == 0)
    {
      service->tick_ms = BUSY_MS;
      service->tick = g_timeout_add (BUSY_MS, service_tick, service);
    }
  display_console_complete_register_listener (console, invocation, NULL);
  return TRUE;
}

static gboolean
handle_set_ui_info (DisplayConsole *console, GDBusMethodInvocation *invocation, guint16 width_mm,
                    guint16 height_mm, int x, int y, guint width, guint height, gpointer data)
{
  display_console_complete_set_uiinfo (console, invocation);
  return TRUE;
}

/* Input goes to running machines only: what a person does meanwhile is not for later. */
static gboolean
begin_input (DisplayService *service)
{
  if (vm_get_state (service->vm) != VM_RUNNING)
    return FALSE;
  machine_lock_acquire (vm_get_lock (service->vm));
  return TRUE;
}

static void
end_input (DisplayService *service)
{
  machine_lock_release (vm_get_lock (service->vm));
}

static void
send_key (DisplayService *service, guint qnum, gboolean down)
{
  unsigned code = keymap_code_from_qnum (qnum);

  if (code == 0 || !begin_input (service))
    return;
  input_key (vm_get_input (service->vm), code, down);
  end_input (service);
}

static gboolean
handle_key_press (DisplayKeyboard *keyboard, GDBusMethodInvocation *invocation, guint qnum,
                  gpointer data)
{
  send_key (data, qnum, TRUE);
  display_keyboard_complete_press (keyboard, invocation);
  return TRUE;
}

static gboolean
handle_key_release (DisplayKeyboard *keyboard, GDBusMethodInvocation *invocation, guint qnum,
                    gpointer data)
{
  send_key (data, qnum, FALSE);
  display_keyboard_complete_release (keyboard, invocation);
  return TRUE;
}

static void
send_button (DisplayService *service, guint button, gboolean down)
{
  static const InputButton buttons[]
    = { INPUT_BUTTON_LEFT, INPUT_BUTTON_MIDDLE, INPUT_BUTTON_RIGHT, 0, 0,
        INPUT_BUTTON_SIDE, INPUT_BUTTON_EXTRA };
  Input *input = vm_get_input (service->vm);

  if (button >= G_N_ELEMENTS (buttons) || !begin_input (service))
    return;
  if (button != 3 && button != 4)
    input_button (input, buttons[button], down);
  else if (down)
    input_scroll (input, 0, button == 3 ? -1 : 1);
  end_input (service);
}

static gboolean
handle_button_press (DisplayMouse *mouse, GDBusMethodInvocation *invocation, guint button,
                     gpointer data)
{
  send_button (data, button, TRUE);
  display_mouse_complete_press (mouse, invocation);
  return TRUE;
}

static gboolean
handle_button_release (DisplayMouse *mouse, GDBusMethodInvocation *invocation, guint button,
                       gpointer data)
{
  send_button (data, button, FALSE);
  display_mouse_complete_release (mouse, invocation);
  return TRUE;
}

static gboolean
handle_position (DisplayMouse *mouse, GDBusMethodInvocation *invocation, guint x, guint y,
                 gpointer data)
{
  DisplayService *service = data;

  if (begin_input (service))
    {
      Surface *surface = console_get_surface (vm_get_console (service->vm));

      input_position (vm_get_input (service->vm), x, y, surface_get_width (surface),
                      surface_get_height (surface));
      end_input (service);
    }
  display_mouse_complete_set_abs_position (mouse, invocation);
  return TRUE;
}

static gboolean
handle_motion (DisplayMouse *mouse, GDBusMethodInvocation *invocation, int dx, int dy,
               gpointer data)
{
  DisplayService *service = data;

  if (begin_input (service))
    {
      input_motion (vm_get_input (service->vm), dx, dy);
      end_input (service);
    }
  display_mouse_complete_rel_motion (mouse, invocation);
  return TRUE;
}

/* Lamps and the kind of pointer. The input devices tell under the lock, from any thread. */
static gboolean
show_input (gpointer data)
{
  DisplayService *service = data;
  Input *input = vm_get_input (service->vm);

  machine_lock_acquire (vm_get_lock (service->vm));
  display_keyboard_set_modifiers (service->keyboard, input_get_leds (input));
  display_mouse_set_is_absolute (service->mouse, input_is_absolute (input));
  machine_lock_release (vm_get_lock (service->vm));
  return G_SOURCE_REMOVE;
}

static void
input_changed (void *data)
{
  g_idle_add (show_input, data);
}

DisplayService *
display_service_new (Vm *vm)
{
  static const ConsoleListener listener = { console_resized, console_damaged };
  DisplayService *service = g_new0 (DisplayService, 1);
  const char *no_interfaces[] = { NULL };

  service->vm = vm;
  service->viewers = g_ptr_array_new_with_free_func (viewer_free);
  service->console = display_console_skeleton_new ();
  service->keyboard = display_keyboard_skeleton_new ();
  service->mouse = display_mouse_skeleton_new ();
  display_console_set_label (service->console, "VGA");
  display_console_set_type_ (service->console, "Graphic");
  display_console_set_interfaces (service->console, no_interfaces);
  g_signal_connect (service->console, "handle-register-listener",
                    G_CALLBACK (handle_register_listener), service);
  g_signal_connect (service->console, "handle-set-uiinfo", G_CALLBACK (handle_set_ui_info),
                    service);
  g_signal_connect (service->keyboard, "handle-press", G_CALLBACK (handle_key_press), service);
  g_signal_connect (service->keyboard, "handle-release", G_CALLBACK (handle_key_release), service);
  g_signal_connect (service->mouse, "handle-press", G_CALLBACK (handle_button_press), service);
  g_signal_connect (service->mouse, "handle-release", G_CALLBACK (handle_button_release), service);
  g_signal_connect (service->mouse, "handle-set-abs-position", G_CALLBACK (handle_position),
                    service);
  g_signal_connect (service->mouse, "handle-rel-motion", G_CALLBACK (handle_motion), service);
  machine_lock_acquire (vm_get_lock (vm));
  console_add_listener (vm_get_console (vm), &listener, service);
  input_set_changed_callback (vm_get_input (vm), input_changed, service);
  machine_lock_release (vm_get_lock (vm));
  return service;
}

void
display_service_free (DisplayService *service)
{
  if (service == NULL)
    return;
  if (service->tick != 0)
    g_source_remove (service->tick);
  g_ptr_array_unref (service->viewers);
  machine_lock_acquire (vm_get_lock (service->vm));
  console_remove_listener (vm_get_console (service->vm), service);
  input_set_changed_callback (vm_get_input (service->vm), NULL, NULL);
  machine_lock_release (vm_get_lock (service->vm));
  while (g_idle_remove_by_data (service))
    ;
  g_object_unref (service->console);
  g_object_unref (service->keyboard);
  g_object_unref (service->mouse);
  g_free (service);
}

void
display_service_export (DisplayService *service, GDBusConnection *connection)
{
  GDBusInterfaceSkeleton *skeletons[]
    = { G_DBUS_INTERFACE_SKELETON (service->console), G_DBUS_INTERFACE_SKELETON (service->keyboard),
        G_DBUS_INTERFACE_SKELETON (service->mouse) };

  for (unsigned i = 0; i < G_N_ELEMENTS (skeletons); i++)
    {
      g_autoptr (GError) error = NULL;

      if (!g_dbus_interface_skeleton_export (skeletons[i], connection, CONSOLE_PATH, &error))
        g_warning ("%s", error->message);
    }
}
