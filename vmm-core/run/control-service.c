/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "control-service.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <linux/input-event-codes.h>
#include <string.h>
#include <unistd.h>

#include "display-service.h"
#include "display/keymap.h"
#include "display/screenshot.h"
#include "machine-interface.h"
#include "vmm-core/trace.h"

#define OBJECT_PATH "/org/guesthouse/Machine1"
#define ACTIVITY_MS 100
#define KEY_MS 12   /* between two events of typed text: no guest loses keys at that rate */
#define CHORD_MS 60 /* that a chord is held */
#define MAX_CHORD 8
#define MAX_TEXT 65536

typedef struct
{
  unsigned code;
  gboolean down;
} KeyEvent;

/* Keys under way to the guest, for one method call. */
typedef struct
{
  ControlService *service;
  GDBusMethodInvocation *invocation;
  void (*complete) (GhMachine1 *machine, GDBusMethodInvocation *invocation);
  GArray *events;
  unsigned at;
  guint source;
} Typing;

struct ControlService
{
  Vm *vm;
  GDBusServer *server;
  char *path;
  GhMachine1 *machine;
  DisplayService *display;
  GPtrArray *connections;
  GPtrArray *typing;
  guint activity;
  uint64_t traffic[MACHINE_CONFIG_DRIVES][2];
  void (*quit) (void *data);
  void *quit_data;
};

static gboolean
fail (GDBusMethodInvocation *invocation, const GError *error)
{
  g_dbus_method_invocation_return_dbus_error (invocation, "org.guesthouse.Error.Failed",
                                              error->message);
  return TRUE;
}

static gboolean
fail_with (GDBusMethodInvocation *invocation, const char *sentence)
{
  g_dbus_method_invocation_return_dbus_error (invocation, "org.guesthouse.Error.Failed", sentence);
  return TRUE;
}

/* Methods that only do something: one handler each, made of its two functions. */
#define PLAIN_METHOD(name, action)                                                                 \
  static gboolean handle_##name (GhMachine1 *machine, GDBusMethodInvocation *invocation,           \
                                 gpointer data)                                                    \
  {                                                                                                \
    ControlService *service = data;                                                                \
    g_autoptr (GError) error = NULL;                                                               \
                                                                                                   \
    if (!action (service->vm, &error))                                                             \
      return fail (invocation, error);                                                             \
    gh_machine1_complete_##name (machine, invocation);                                             \
    return TRUE;                                                                                   \
  }

PLAIN_METHOD (power_on, vm_power_on)
PLAIN_METHOD (power_off, vm_power_off)
PLAIN_METHOD (power_button, vm_power_button)
PLAIN_METHOD (reset, vm_reset)
PLAIN_METHOD (pause, vm_pause)
PLAIN_METHOD (resume, vm_resume)

static gboolean
handle_quit (GhMachine1 *machine, GDBusMethodInvocation *invocation, gpointer data)
{
  ControlService *service = data;

  /* Whoever watches hears that it is off, not that it vanished. */
  vm_power_off (service->vm, NULL);
  gh_machine1_complete_quit (machine, invocation);
  for (unsigned i = 0; i < service->connections->len; i++)
    g_dbus_connection_flush_sync (g_ptr_array_index (service->connections, i), NULL, NULL);
  service->quit (service->quit_data);
  return TRUE;
}

static gboolean
handle_insert_medium (GhMachine1 *machine, GDBusMethodInvocation *invocation, const char *drive,
                      const char *path, gpointer data)
{
  ControlService *service = data;
  g_autoptr (GError) error = NULL;

  if (!g_path_is_absolute (path))
    return fail_with (invocation,
                      _ ("The path of the disc image is not absolute: give the whole path."));
  if (!vm_insert_medium (service->vm, drive, path, &error))
    return fail (invocation, error);
  gh_machine1_complete_insert_medium (machine, invocation);
  return TRUE;
}

static gboolean
handle_eject_medium (GhMachine1 *machine, GDBusMethodInvocation *invocation, const char *drive,
                     gboolean force, gpointer data)
{
  ControlService *service = data;
  g_autoptr (GError) error = NULL;

  if (!vm_eject_medium (service->vm, drive, force, &error))
    return fail (invocation, error);
  gh_machine1_complete_eject_medium (machine, invocation);
  return TRUE;
}

/* Typing */

static void
typing_free (gpointer data)
{
  Typing *typing = data;

  g_source_remove (typing->source);
  g_array_unref (typing->events);
  g_free (typing);
}

static gboolean
typing_step (gpointer data)
{
  Typing *typing = data;
  ControlService *service = typing->service;
  MachineLock *lock = vm_get_lock (service->vm);

  if (typing->at < typing->events->len)
    {
      const KeyEvent *event = &g_array_index (typing->events, KeyEvent, typing->at++);

      if (event->code != 0 && vm_get_state (service->vm) == VM_RUNNING)
        {
          machine_lock_acquire (lock);
          input_key (vm_get_input (service->vm), event->code, event->down);
          machine_lock_release (lock);
        }
      return G_SOURCE_CONTINUE;
    }
  typing->complete (service->machine, typing->invocation);
  g_ptr_array_remove (service->typing, typing);
  return G_SOURCE_CONTINUE; /* typing_free has removed the source */
}

static void
add_event (GArray *events, unsigned code, gboolean down)
{
  KeyEvent event = { code, down };

  g_array_append_val (events, event);
}

static gboolean
type_events (ControlService *service, GDBusMethodInvocation *invocation, GArray *events,
             void (*complete) (GhMachine1 *, GDBusMethodInvocation *))
{
  Typing *typing;

  if (vm_get_state (service->vm) != VM_RUNNING)
    {
      g_array_unref (events);
      return fail_with (invocation,
                        _ ("The machine is not running: nobody would receive the keys."));
    }
  typing = g_new0 (Typing, 1);
  typing->service = service;
  typing->invocation = invocation;
  typing->events = events;
  typing->complete = complete;
  typing->source = g_timeout_add (KEY_MS, typing_step, typing);
  g_ptr_array_add (service->typing, typing);
  return TRUE;
}

static gboolean
handle_send_keys (GhMachine1 *machine, GDBusMethodInvocation *invocation, const char *chord,
                  gpointer data)
{
  g_autoptr (GError) error = NULL;
  unsigned codes[MAX_CHORD];
  unsigned n = keymap_parse_chord (chord, codes, MAX_CHORD, &error);
  GArray *events;

  if (n == 0)
    return fail (invocation, error);
  events = g_array_new (FALSE, FALSE, sizeof (KeyEvent));
  for (unsigned i = 0; i < n; i++)
    add_event (events, codes[i], TRUE);
  for (unsigned i = 0; i < CHORD_MS / KEY_MS; i++)
    add_event (events, 0, FALSE);
  for (unsigned i = n; i-- > 0;)
    add_event (events, codes[i], FALSE);
  return type_events (data, invocation, events, gh_machine1_complete_send_keys);
}

static gboolean
handle_type_text (GhMachine1 *machine, GDBusMethodInvocation *invocation, const char *text,
                  gpointer data)
{
  GArray *events;

  if (strlen (text) > MAX_TEXT)
    return fail_with (invocation, _ ("The text is longer than 64 KiB: type it in parts."));
  events = g_array_new (FALSE, FALSE, sizeof (KeyEvent));
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gboolean shift;
      unsigned code = keymap_code_from_char (g_utf8_get_char (at), &shift);

      if (code == 0)
        {
          g_array_unref (events);
          return fail_with (
              invocation,
              _ ("The text has a character that a US keyboard cannot type: leave it out."));
        }
      if (shift)
        add_event (events, KEY_LEFTSHIFT, TRUE);
      add_event (events, code, TRUE);
      add_event (events, code, FALSE);
      if (shift)
        add_event (events, KEY_LEFTSHIFT, FALSE);
    }
  return type_events (data, invocation, events, gh_machine1_complete_type_text);
}

/* Looking */

static gboolean
handle_screenshot (GhMachine1 *machine, GDBusMethodInvocation *invocation, gpointer data)
{
  ControlService *service = data;
  MachineLock *lock = vm_get_lock (service->vm);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  GByteArray *png;

  machine_lock_acquire (lock);
  console_refresh (vm_get_console (service->vm));
  png = screenshot_to_png (console_get_surface (vm_get_console (service->vm)), &error);
  machine_lock_release (lock);
  if (png == NULL)
    return fail (invocation, error);
  bytes = g_byte_array_free_to_bytes (png);
  g_dbus_method_invocation_return_value (
    invocation,
    g_variant_new ("(@ay)", g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE)));
  return TRUE;
}

static gboolean
handle_screen_text (GhMachine1 *machine, GDBusMethodInvocation *invocation, gpointer data)
{
  ControlService *service = data;
  MachineLock *lock = vm_get_lock (service->vm);
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean has_text;

  machine_lock_acquire (lock);
  has_text = console_get_text (vm_get_console (service->vm), text);
  machine_lock_release (lock);
  if (!has_text)
    return fail_with (invocation,
                      _ ("The screen shows graphics, not text: take a screenshot instead."));
  gh_machine1_complete_screen_text (machine, invocation, text->str);
  return TRUE;
}

static gboolean
handle_statistics (GhMachine1 *machine, GDBusMethodInvocation *invocation, gpointer data)
{
  gh_machine1_complete_statistics (machine, invocation,
                                   vm_get_statistics (((ControlService *) data)->vm));
  return TRUE;
}

static gboolean
handle_set_trace (GhMachine1 *machine, GDBusMethodInvocation *invocation, const char *patterns,
                  gpointer data)
{
  trace_set_patterns (patterns);
  gh_machine1_complete_set_trace (machine, invocation);
  return TRUE;
}

/* Properties and signals */

static void
show_state (void *data)
{
  ControlService *service = data;

  gh_machine1_set_failure_reason (service->machine, vm_get_failure (service->vm));
  gh_machine1_set_pause_reason (service->machine, vm_get_pause_reason (service->vm));
  gh_machine1_set_disk_error (service->machine, vm_get_disk_error (service->vm));
  gh_machine1_set_state (service->machine, vm_state_to_string (vm_get_state (service->vm)));
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (service->machine));
}

static void
show_drives (void *data)
{
  ControlService *service = data;

  gh_machine1_set_drives (service->machine, vm_get_drives (service->vm));
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (service->machine));
}

static void
show_power_event (void *data, const char *event)
{
  gh_machine1_emit_power_event (((ControlService *) data)->machine, event);
}

static gboolean
show_activity (gpointer data)
{
  ControlService *service = data;

  for (unsigned i = 0; i < MACHINE_CONFIG_DRIVES; i++)
    {
      uint64_t now[2];
      const char *id = vm_get_drive_traffic (service->vm, i, &now[0], &now[1]);

      for (unsigned write = 0; id != NULL && write < 2; write++)
        {
          if (now[write] != service->traffic[i][write])
            gh_machine1_emit_activity (service->machine, id, write ? "write" : "read");
          service->traffic[i][write] = now[write];
        }
    }
  if (service->connections->len > 0)
    return G_SOURCE_CONTINUE;
  service->activity = 0;
  return G_SOURCE_REMOVE;
}

/* Connections */

static gboolean
authorize_peer (GDBusAuthObserver *observer, GIOStream *stream, GCredentials *credentials,
                gpointer data)
{
  return credentials != NULL && g_credentials_get_unix_user (credentials, NULL) == getuid ();
}

static gboolean
allow_mechanism (GDBusAuthObserver *observer, const char *mechanism, gpointer data)
{
  return g_str_equal (mechanism, "EXTERNAL");
}

/* Calls that a lost connection still waits for are answered into the void. */
static void
connection_closed (GDBusConnection *connection, gboolean vanished, GError *error, gpointer data)
{
  ControlService *service = data;

  g_signal_handlers_disconnect_by_data (connection, service);
  g_ptr_array_remove (service->connections, connection);
}

static gboolean
connection_new (GDBusServer *server, GDBusConnection *connection, gpointer data)
{
  ControlService *service = data;

  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (service->machine), connection,
                                         OBJECT_PATH, NULL))
    return FALSE;
  display_service_export (service->display, connection);
  g_ptr_array_add (service->connections, g_object_ref (connection));
  g_signal_connect (connection, "closed", G_CALLBACK (connection_closed), service);
  if (service->activity == 0)
    service->activity = g_timeout_add (ACTIVITY_MS, show_activity, service);
  return TRUE;
}

/* A socket that nobody answers at is left over from a machine that died. */
static gboolean
clear_path (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocketConnection) other = NULL;
  GStatBuf status;

  if (g_mkdir_with_parents (folder, 0700) < 0)
    {
      g_set_error (
          error, G_IO_ERROR, g_io_error_from_errno (errno),
          _ ("The folder “%s” for the control socket cannot be made: %s. Choose another with "
             "--control."),
          folder, g_strerror (errno));
      return FALSE;
    }
  other = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, NULL);
  if (other != NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
                   _ ("A machine runs already at “%s”: stop it first, or choose another socket."),
                   path);
      return FALSE;
    }
  /* Only a socket may go: a path mistyped must not cost a file. */
  if (g_lstat (path, &status) == 0 && (!S_ISSOCK (status.st_mode) || g_unlink (path) < 0))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                   _ ("“%s” is in the way of the control socket: remove it, or choose another "
                      "path."),
                   path);
      return FALSE;
    }
  return TRUE;
}

static void
connect_methods (ControlService *service)
{
  static const struct
  {
    const char *signal;
    GCallback handler;
  } handlers[] = {
    { "handle-power-on", G_CALLBACK (handle_power_on) },
    { "handle-power-off", G_CALLBACK (handle_power_off) },
    { "handle-power-button", G_CALLBACK (handle_power_button) },
    { "handle-reset", G_CALLBACK (handle_reset) },
    { "handle-pause", G_CALLBACK (handle_pause) },
    { "handle-resume", G_CALLBACK (handle_resume) },
    { "handle-quit", G_CALLBACK (handle_quit) },
    { "handle-insert-medium", G_CALLBACK (handle_insert_medium) },
    { "handle-eject-medium", G_CALLBACK (handle_eject_medium) },
    { "handle-send-keys", G_CALLBACK (handle_send_keys) },
    { "handle-type-text", G_CALLBACK (handle_type_text) },
    { "handle-screenshot", G_CALLBACK (handle_screenshot) },
    { "handle-screen-text", G_CALLBACK (handle_screen_text) },
    { "handle-statistics", G_CALLBACK (handle_statistics) },
    { "handle-set-trace", G_CALLBACK (handle_set_trace) },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (handlers); i++)
    g_signal_connect (service->machine, handlers[i].signal, handlers[i].handler, service);
}

static void
show_configuration (ControlService *service)
{
  const MachineConfig *config = vm_get_config (service->vm);

  gh_machine1_set_name (service->machine, config->name);
  gh_machine1_set_uuid (service->machine, config->uuid);
  gh_machine1_set_folder (service->machine, config->folder != NULL ? config->folder : "");
  gh_machine1_set_accelerator (service->machine, vm_get_accelerator (service->vm));
  gh_machine1_set_accelerator_reason (service->machine, vm_get_accelerator_reason (service->vm));
  show_state (service);
  show_drives (service);
}

static gboolean
listen_at (ControlService *service, const char *path, GError **error)
{
  g_autofree char *escaped = g_dbus_address_escape_value (path);
  g_autofree char *address = g_strdup_printf ("unix:path=%s", escaped);
  g_autofree char *guid = g_dbus_generate_guid ();
  g_autoptr (GDBusAuthObserver) observer = g_dbus_auth_observer_new ();

  if (!clear_path (path, error))
    return FALSE;
  g_signal_connect (observer, "authorize-authenticated-peer", G_CALLBACK (authorize_peer), NULL);
  g_signal_connect (observer, "allow-mechanism", G_CALLBACK (allow_mechanism), NULL);
  service->server
    = g_dbus_server_new_sync (address, G_DBUS_SERVER_FLAGS_NONE, guid, observer, NULL, error);
  if (service->server == NULL)
    {
      g_prefix_error (error, _ ("No control socket can be made at “%s”; choose another path: "),
                      path);
      return FALSE;
    }
  service->path = g_strdup (path);
  g_signal_connect (service->server, "new-connection", G_CALLBACK (connection_new), service);
  g_dbus_server_start (service->server);
  return TRUE;
}

ControlService *
control_service_new (Vm *vm, const char *path, void (*quit) (void *data), void *data,
                     GError **error)
{
  static const VmListener listener = { show_state, show_drives, show_power_event };
  g_autoptr (ControlService) service = g_new0 (ControlService, 1);

  service->vm = vm;
  service->quit = quit;
  service->quit_data = data;
  service->connections = g_ptr_array_new_with_free_func (g_object_unref);
  service->typing = g_ptr_array_new_with_free_func (typing_free);
  service->machine = gh_machine1_skeleton_new ();
  service->display = display_service_new (vm);
  connect_methods (service);
  show_configuration (service);
  if (!listen_at (service, path, error))
    return NULL;
  vm_set_listener (vm, &listener, service);
  return g_steal_pointer (&service);
}

/* A machine of the library has a folder for its socket alone. */
static void
remove_folder (ControlService *service)
{
  g_autofree char *usual = machine_config_dup_socket (vm_get_config (service->vm)->uuid);
  g_autofree char *folder = g_path_get_dirname (usual);

  if (g_str_equal (usual, service->path))
    g_rmdir (folder);
}

void
control_service_free (ControlService *service)
{
  if (service == NULL)
    return;
  vm_set_listener (service->vm, NULL, NULL);
  if (service->activity != 0)
    g_source_remove (service->activity);
  if (service->server != NULL)
    {
      g_dbus_server_stop (service->server);
      g_object_unref (service->server);
      unlink (service->path);
      remove_folder (service);
    }
  for (unsigned i = 0; i < service->connections->len; i++)
    g_signal_handlers_disconnect_by_data (g_ptr_array_index (service->connections, i), service);
  g_ptr_array_unref (service->typing);
  g_ptr_array_unref (service->connections);
  display_service_free (service->display);
  g_object_unref (service->machine);
  g_free (service->path);
  g_free (service);
}
