/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display-service.h"

#include <gio/gunixfdlist.h>

#include "display-interfaces.h"
#include "display-viewers.h"
#include "display/keymap.h"
#include "vmm-core/control-names.h"
#include "vmm-core/notice.h"

#define N_SKELETONS 3
#define HELD "held" /* of a connection: what its client holds down */

/* A guest may play with the lamps as fast as it likes; nobody sees more changes than this. */
#define LAMPS_DELAY_US 20000

struct DisplayService
{
  Vm *vm;
  DisplayConsole *console;
  DisplayKeyboard *keyboard;
  DisplayMouse *mouse;
  DisplayViewers *viewers;
  GPtrArray *connections; /* of those that may hold keys */
  Notice *input_notice;
};

/* From the console, lock held: only noted here. */
static void
console_resized (void *data, Surface *surface)
{
  DisplayService *service = data;

  display_viewers_resize (service->viewers);
  display_console_set_width (service->console, surface_get_width (surface));
  display_console_set_height (service->console, surface_get_height (surface));
}

static void
console_damaged (void *data, unsigned x, unsigned y, unsigned width, unsigned height)
{
  display_viewers_damage (((DisplayService *) data)->viewers, x, y, width, height);
}

static gboolean
handle_register_listener (DisplayConsole *console, GDBusMethodInvocation *invocation,
                          GUnixFDList *fds, GVariant *handle, gpointer data)
{
  DisplayService *service = data;
  g_autoptr (GError) error = NULL;
  int index = g_variant_get_handle (handle);
  int fd = fds != NULL && index >= 0 && index < g_unix_fd_list_get_length (fds)
             ? g_unix_fd_list_get (fds, index, NULL)
             : -1;

  if (display_viewers_add (service->viewers, fd, &error))
    display_console_complete_register_listener (console, invocation, NULL);
  else
    g_dbus_method_invocation_return_dbus_error (invocation, CONTROL_ERROR_FAILED, error->message);
  return TRUE;
}

static gboolean
handle_set_ui_info (DisplayConsole *console, GDBusMethodInvocation *invocation, guint16 width_mm,
                    guint16 height_mm, int x, int y, guint width, guint height, gpointer data)
{
  display_console_complete_set_uiinfo (console, invocation);
  return TRUE;
}

/* Input goes to running machines only: what a person does meanwhile is not for later. What was
 * pressed before a pause may be let go in it. */
static gboolean
begin_input (DisplayService *service, gboolean release)
{
  VmState state = vm_get_state (service->vm);

  if (state != VM_RUNNING && !(release && state == VM_PAUSED))
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
send_key (DisplayService *service, unsigned code, gboolean down)
{
  if (!begin_input (service, !down))
    return;
  input_key (vm_get_input (service->vm), code, down);
  end_input (service);
}

static void
send_button (DisplayService *service, InputButton button, gboolean down)
{
  if (!begin_input (service, !down))
    return;
  input_button (vm_get_input (service->vm), button, down);
  end_input (service);
}

/* Keys and buttons that clients hold down: a set for each client. */

#define BUTTON_FLAG (1u << 16) /* in a set: a button */

static GHashTable *
held_by (GDBusConnection *connection)
{
  return g_object_get_data (G_OBJECT (connection), HELD);
}

static gboolean
is_held (DisplayService *service, unsigned what)
{
  for (unsigned i = 0; i < service->connections->len; i++)
    if (g_hash_table_contains (held_by (g_ptr_array_index (service->connections, i)),
                               GUINT_TO_POINTER (what)))
      return TRUE;
  return FALSE;
}

/* FALSE: the client has left already, and would never let go. */
static gboolean
note_held (GDBusMethodInvocation *invocation, unsigned what, gboolean down)
{
  GHashTable *held = held_by (g_dbus_method_invocation_get_connection (invocation));

  if (held == NULL)
    return FALSE;
  if (down)
    g_hash_table_add (held, GUINT_TO_POINTER (what));
  else
    g_hash_table_remove (held, GUINT_TO_POINTER (what));
  return TRUE;
}

/* Lets go what a client that left held, and no other client holds. */
static void
release_held (DisplayService *service, GHashTable *held)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, held);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      unsigned what = GPOINTER_TO_UINT (key);

      if (is_held (service, what))
        continue;
      if (what & BUTTON_FLAG)
        send_button (service, what & ~BUTTON_FLAG, FALSE);
      else
        send_key (service, what, FALSE);
    }
}

static void
handle_key (DisplayService *service, GDBusMethodInvocation *invocation, guint qnum, gboolean down)
{
  unsigned code = keymap_code_from_qnum (qnum);

  if (code != 0 && note_held (invocation, code, down))
    send_key (service, code, down);
}

static gboolean
handle_key_press (DisplayKeyboard *keyboard, GDBusMethodInvocation *invocation, guint qnum,
                  gpointer data)
{
  handle_key (data, invocation, qnum, TRUE);
  display_keyboard_complete_press (keyboard, invocation);
  return TRUE;
}

static gboolean
handle_key_release (DisplayKeyboard *keyboard, GDBusMethodInvocation *invocation, guint qnum,
                    gpointer data)
{
  handle_key (data, invocation, qnum, FALSE);
  display_keyboard_complete_release (keyboard, invocation);
  return TRUE;
}

static void
handle_button (DisplayService *service, GDBusMethodInvocation *invocation, guint button,
               gboolean down)
{
  static const InputButton buttons[]
    = { INPUT_BUTTON_LEFT, INPUT_BUTTON_MIDDLE, INPUT_BUTTON_RIGHT, 0, 0,
        INPUT_BUTTON_SIDE, INPUT_BUTTON_EXTRA };

  if (button >= G_N_ELEMENTS (buttons))
    return;
  if (button != 3 && button != 4)
    {
      if (note_held (invocation, BUTTON_FLAG | buttons[button], down))
        send_button (service, buttons[button], down);
    }
  else if (down && begin_input (service, FALSE))
    {
      input_scroll (vm_get_input (service->vm), 0, button == 3 ? -1 : 1);
      end_input (service);
    }
}

static gboolean
handle_button_press (DisplayMouse *mouse, GDBusMethodInvocation *invocation, guint button,
                     gpointer data)
{
  handle_button (data, invocation, button, TRUE);
  display_mouse_complete_press (mouse, invocation);
  return TRUE;
}

static gboolean
handle_button_release (DisplayMouse *mouse, GDBusMethodInvocation *invocation, guint button,
                       gpointer data)
{
  handle_button (data, invocation, button, FALSE);
  display_mouse_complete_release (mouse, invocation);
  return TRUE;
}

static gboolean
handle_position (DisplayMouse *mouse, GDBusMethodInvocation *invocation, guint x, guint y,
                 gpointer data)
{
  DisplayService *service = data;

  if (begin_input (service, FALSE))
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

  if (begin_input (service, FALSE))
    {
      input_motion (vm_get_input (service->vm), dx, dy);
      end_input (service);
    }
  display_mouse_complete_rel_motion (mouse, invocation);
  return TRUE;
}

/* Lamps and the kind of pointer. The input devices tell under the lock, from any thread. */
static void
show_input (void *data)
{
  DisplayService *service = data;
  Input *input = vm_get_input (service->vm);

  machine_lock_acquire (vm_get_lock (service->vm));
  display_keyboard_set_modifiers (service->keyboard, input_get_leds (input));
  display_mouse_set_is_absolute (service->mouse, input_is_absolute (input));
  machine_lock_release (vm_get_lock (service->vm));
}

static void
input_changed (void *data)
{
  notice_give (((DisplayService *) data)->input_notice, LAMPS_DELAY_US);
}

DisplayService *
display_service_new (Vm *vm)
{
  static const ConsoleListener listener = { console_resized, console_damaged };
  DisplayService *service = g_new0 (DisplayService, 1);
  const char *no_interfaces[] = { NULL };

  service->vm = vm;
  service->viewers = display_viewers_new (vm);
  service->connections = g_ptr_array_new ();
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
  service->input_notice = notice_new (NULL, show_input, service);
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
  machine_lock_acquire (vm_get_lock (service->vm));
  console_remove_listener (vm_get_console (service->vm), service);
  input_set_changed_callback (vm_get_input (service->vm), NULL, NULL);
  machine_lock_release (vm_get_lock (service->vm));
  notice_free (service->input_notice);
  g_object_unref (service->console);
  g_object_unref (service->keyboard);
  g_object_unref (service->mouse);
  display_viewers_free (service->viewers);
  g_ptr_array_unref (service->connections);
  g_free (service);
}

static void
list_skeletons (DisplayService *service, GDBusInterfaceSkeleton *skeletons[N_SKELETONS])
{
  skeletons[0] = G_DBUS_INTERFACE_SKELETON (service->console);
  skeletons[1] = G_DBUS_INTERFACE_SKELETON (service->keyboard);
  skeletons[2] = G_DBUS_INTERFACE_SKELETON (service->mouse);
}

void
display_service_export (DisplayService *service, GDBusConnection *connection)
{
  GDBusInterfaceSkeleton *skeletons[N_SKELETONS];

  g_object_set_data_full (G_OBJECT (connection), HELD, g_hash_table_new (NULL, NULL),
                          (GDestroyNotify) g_hash_table_unref);
  g_ptr_array_add (service->connections, connection);
  list_skeletons (service, skeletons);
  for (unsigned i = 0; i < N_SKELETONS; i++)
    {
      g_autoptr (GError) error = NULL;

      if (!g_dbus_interface_skeleton_export (skeletons[i], connection, CONTROL_CONSOLE_PATH,
                                             &error))
        g_warning ("%s", error->message);
    }
}

void
display_service_unexport (DisplayService *service, GDBusConnection *connection)
{
  GDBusInterfaceSkeleton *skeletons[N_SKELETONS];
  g_autoptr (GHashTable) held = g_object_steal_data (G_OBJECT (connection), HELD);

  g_ptr_array_remove (service->connections, connection);
  release_held (service, held);
  list_skeletons (service, skeletons);
  for (unsigned i = 0; i < N_SKELETONS; i++)
    g_dbus_interface_skeleton_unexport_from_connection (skeletons[i], connection);
}
