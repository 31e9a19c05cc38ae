/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "control-service.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "control-clients.h"
#include "display-service.h"
#include "display/screenshot.h"
#include "machine-interface.h"
#include "typist.h"
#include "vmm-core/control-names.h"
#include "vmm-core/trace.h"

#define ACTIVITY_MS 100
#define LEAVE_STEP_MS 5
#define LEAVE_US (G_USEC_PER_SEC / 2) /* for clients to take what they were told */
#define RESET_EVENT "reset"

struct ControlService
{
  Vm *vm;
  char *path;
  GhMachine1 *machine;
  DisplayService *display;
  Typist *typist;
  ControlClients *clients;
  GQueue pictures; /* of invocations; the first one's is being made */
  GCancellable *cancellable;
  guint activity, leaving;
  gint64 leave_by;
  gint64 reset_told;
  gboolean reset_untold;
  uint64_t (*traffic)[2]; /* of each drive */
  void (*quit) (void *data);
  void *quit_data;
};

/* Sentences name files, whose names need be no UTF-8; what goes over D-Bus must. */
static gboolean
return_error (GDBusMethodInvocation *invocation, const char *name, const char *sentence)
{
  g_autofree char *text = g_utf8_make_valid (sentence, -1);

  g_dbus_method_invocation_return_dbus_error (invocation, name, text);
  return TRUE;
}

static gboolean
fail_with (GDBusMethodInvocation *invocation, const char *sentence)
{
  return return_error (invocation, CONTROL_ERROR_FAILED, sentence);
}

static gboolean
fail (GDBusMethodInvocation *invocation, const GError *error)
{
  return return_error (invocation,
                       g_error_matches (error, VM_ERROR, VM_ERROR_STATE) ? CONTROL_ERROR_WRONG_STATE
                                                                         : CONTROL_ERROR_FAILED,
                       error->message);
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

PLAIN_METHOD (power_off, vm_power_off)
PLAIN_METHOD (power_button, vm_power_button)
PLAIN_METHOD (reset, vm_reset)
PLAIN_METHOD (pause, vm_pause)
PLAIN_METHOD (resume, vm_resume)

static gboolean
leave_when_served (gpointer data)
{
  ControlService *service = data;

  if (!control_clients_are_served (service->clients) && g_get_monotonic_time () < service->leave_by)
    return G_SOURCE_CONTINUE;
  service->leaving = 0;
  service->quit (service->quit_data);
  return G_SOURCE_REMOVE;
}

/* Whoever watches hears that it is off, not that it vanished, if he listens. Nobody else finds a
 * machine here any more. */
static gboolean
handle_quit (GhMachine1 *machine, GDBusMethodInvocation *invocation, gpointer data)
{
  ControlService *service = data;

  vm_power_off (service->vm, NULL);
  control_clients_stop_listening (service->clients);
  gh_machine1_complete_quit (machine, invocation);
  if (service->leaving == 0)
    {
      service->leave_by = g_get_monotonic_time () + LEAVE_US;
      service->leaving = g_timeout_add (LEAVE_STEP_MS, leave_when_served, service);
    }
  return TRUE;
}

/* An answer that comes later: the machine is the invocation's own. */
static void
answer (void *data, const GError *error)
{
  GDBusMethodInvocation *invocation = data;

  if (error != NULL)
    fail (invocation, error);
  else
    g_dbus_method_invocation_return_value (invocation, NULL);
}

static gboolean
handle_power_on (GhMachine1 *machine, GDBusMethodInvocation *invocation, gpointer data)
{
  ControlService *service = data;

  if (service->leaving == 0)
    vm_power_on (service->vm, answer, invocation);
  else
    g_dbus_method_invocation_return_dbus_error (
      invocation, CONTROL_ERROR_LEAVING,
      _ ("The machine's process is just ending: start the machine again."));
  return TRUE;
}

static gboolean
handle_insert_medium (GhMachine1 *machine, GDBusMethodInvocation *invocation, const char *drive,
                      const char *path, gpointer data)
{
  ControlService *service = data;

  if (!g_path_is_absolute (path))
    return fail_with (invocation,
                      _ ("The path of the disc image is not absolute: give the whole path."));
  vm_insert_medium (service->vm, drive, path, answer, invocation);
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

static gboolean
handle_send_keys (GhMachine1 *machine, GDBusMethodInvocation *invocation, const char *chord,
                  gpointer data)
{
  typist_send_keys (((ControlService *) data)->typist, invocation, chord);
  return TRUE;
}

static gboolean
handle_type_text (GhMachine1 *machine, GDBusMethodInvocation *invocation, const char *text,
                  gpointer data)
{
  typist_type_text (((ControlService *) data)->typist, invocation, text);
  return TRUE;
}

/* Looking */

static void
encode_picture (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  GByteArray *png = screenshot_to_png (data, &error);

  if (png != NULL)
    g_task_return_pointer (task, png, (GDestroyNotify) g_byte_array_unref);
  else
    g_task_return_error (task, error);
}

static void take_picture (ControlService *service);

static void
picture_taken (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  GByteArray *png = g_task_propagate_pointer (G_TASK (result), &error);
  GDBusMethodInvocation *invocation;
  ControlService *service = data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* the service is gone */
  invocation = g_queue_pop_head (&service->pictures);
  if (png == NULL)
    fail (invocation, error);
  else
    {
      g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (png);

      g_dbus_method_invocation_return_value (
        invocation,
        g_variant_new ("(@ay)", g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE)));
    }
  if (!g_queue_is_empty (&service->pictures))
    take_picture (service);
}

/* For the first who waits for one. The machine stands still while the pixels are copied, not while
 * they are made a file of; and however many are asked for, one is made at a time. */
static void
take_picture (ControlService *service)
{
  Console *console = vm_get_console (service->vm);
  MachineLock *lock = vm_get_lock (service->vm);
  g_autoptr (GTask) task = g_task_new (NULL, service->cancellable, picture_taken, service);
  g_autoptr (GError) error = NULL;
  Surface *copy;

  machine_lock_acquire (lock);
  console_refresh (console);
  copy = surface_copy (console_get_surface (console), &error);
  machine_lock_release (lock);
  if (copy == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    {
      g_task_set_task_data (task, copy, (GDestroyNotify) surface_unref);
      g_task_run_in_thread (task, encode_picture);
    }
}

static gboolean
handle_screenshot (GhMachine1 *machine, GDBusMethodInvocation *invocation, gpointer data)
{
  ControlService *service = data;

  g_queue_push_tail (&service->pictures, invocation);
  if (g_queue_get_length (&service->pictures) == 1)
    take_picture (service);
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
handle_set_accelerator (GhMachine1 *machine, GDBusMethodInvocation *invocation, const char *name,
                        gpointer data)
{
  ControlService *service = data;
  g_autoptr (GError) error = NULL;

  if (!vm_set_accelerator (service->vm, name, &error))
    return fail (invocation, error);
  gh_machine1_complete_set_accelerator (machine, invocation);
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

/* It may name files, whose names need not be what D-Bus can carry: UTF-8. */
static void
set_sentence (ControlService *service, void (*set) (GhMachine1 *machine, const char *text),
              const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  set (service->machine, valid);
}

static void
show_state (void *data)
{
  ControlService *service = data;

  set_sentence (service, gh_machine1_set_failure_reason, vm_get_failure (service->vm));
  gh_machine1_set_failed_drive (service->machine, vm_get_failed_drive (service->vm));
  gh_machine1_set_accelerator (service->machine, vm_get_accelerator (service->vm));
  gh_machine1_set_accelerator_reason (service->machine, vm_get_accelerator_reason (service->vm));
  set_sentence (service, gh_machine1_set_pause_reason, vm_get_pause_reason (service->vm));
  set_sentence (service, gh_machine1_set_disk_error, vm_get_disk_error (service->vm));
  gh_machine1_set_state (service->machine, vm_state_to_string (vm_get_state (service->vm)));
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (service->machine));
  typist_state_changed (service->typist);
}

static void
show_drives (void *data)
{
  ControlService *service = data;

  gh_machine1_set_drives (service->machine, vm_get_drives (service->vm));
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (service->machine));
}

static void
emit_reset (ControlService *service)
{
  service->reset_untold = FALSE;
  service->reset_told = g_get_monotonic_time ();
  gh_machine1_emit_power_event (service->machine, RESET_EVENT);
}

static gboolean
was_reset_told_now (const ControlService *service)
{
  return g_get_monotonic_time () - service->reset_told < ACTIVITY_MS * 1000;
}

/* A guest that resets itself in a loop is told of ten times a second. */
static void
show_power_event (void *data, const char *event)
{
  ControlService *service = data;
  gboolean reset = g_str_equal (event, RESET_EVENT);

  if (reset)
    typist_reset (service->typist);
  if (control_clients_get_count (service->clients) == 0)
    return;
  if (reset && was_reset_told_now (service))
    {
      service->reset_untold = TRUE;
      return;
    }
  if (reset || service->reset_untold)
    emit_reset (service);
  if (!reset)
    gh_machine1_emit_power_event (service->machine, event);
}

static gboolean
show_activity (gpointer data)
{
  ControlService *service = data;

  uint64_t now[2];
  const char *id;

  for (unsigned i = 0; (id = vm_get_drive_traffic (service->vm, i, &now[0], &now[1])) != NULL; i++)
    {
      for (unsigned write = 0; write < 2; write++)
        {
          if (now[write] != service->traffic[i][write])
            gh_machine1_emit_activity (service->machine, id, write ? "write" : "read");
          service->traffic[i][write] = now[write];
        }
    }
  if (service->reset_untold && !was_reset_told_now (service))
    emit_reset (service);
  if (control_clients_get_count (service->clients) > 0)
    return G_SOURCE_CONTINUE;
  service->activity = 0;
  return G_SOURCE_REMOVE;
}

/* Clients */

static void
client_come (void *data, GDBusConnection *connection)
{
  ControlService *service = data;

  g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (service->machine), connection,
                                    CONTROL_MACHINE_PATH, NULL);
  display_service_export (service->display, connection);
  if (service->activity == 0)
    service->activity = g_timeout_add (ACTIVITY_MS, show_activity, service);
}

/* Calls that it still waits for are answered into the void. */
static void
client_left (void *data, GDBusConnection *connection)
{
  ControlService *service = data;

  typist_forget (service->typist, connection);
  display_service_unexport (service->display, connection);
  g_dbus_interface_skeleton_unexport_from_connection (G_DBUS_INTERFACE_SKELETON (service->machine),
                                                      connection);
}

static gboolean
make_folder (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);

  if (g_mkdir_with_parents (folder, 0700) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               _ ("The folder “%s” for the control socket cannot be made: %s. Choose another with "
                  "--control."),
               folder, g_strerror (errno));
  return FALSE;
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
    { "handle-set-accelerator", G_CALLBACK (handle_set_accelerator) },
    { "handle-set-trace", G_CALLBACK (handle_set_trace) },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (handlers); i++)
    g_signal_connect (service->machine, handlers[i].signal, handlers[i].handler, service);
}

static void
show_configuration (ControlService *service)
{
  const MachineConfig *config = vm_get_config (service->vm);

  set_sentence (service, gh_machine1_set_name, config->name);
  gh_machine1_set_uuid (service->machine, config->uuid);
  set_sentence (service, gh_machine1_set_folder, config->folder != NULL ? config->folder : "");
  show_state (service);
  show_drives (service);
}

ControlService *
control_service_new (Vm *vm, const char *path, void (*quit) (void *data), void *data,
                     GError **error)
{
  static const VmListener listener = { show_state, show_drives, show_power_event };
  static const ControlClientsOps ops = { client_come, client_left };
  g_autoptr (ControlService) service = g_new0 (ControlService, 1);

  service->vm = vm;
  service->traffic = g_malloc0_n (vm_get_config (vm)->devices->len, sizeof *service->traffic);
  service->quit = quit;
  service->quit_data = data;
  service->path = g_strdup (path);
  service->cancellable = g_cancellable_new ();
  service->typist = typist_new (vm);
  service->machine = gh_machine1_skeleton_new ();
  service->display = display_service_new (vm);
  connect_methods (service);
  show_configuration (service);
  service->clients
    = make_folder (path, error) ? control_clients_new (path, &ops, service, error) : NULL;
  if (service->clients == NULL)
    return NULL;
  vm_set_listener (vm, &listener, service);
  return g_steal_pointer (&service);
}

/* A machine of the library has a folder for its socket alone, called like its uuid. */
static void
remove_folder (ControlService *service)
{
  g_autofree char *folder = g_path_get_dirname (service->path);
  g_autofree char *name = g_path_get_basename (folder);

  if (g_str_equal (name, vm_get_config (service->vm)->uuid))
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
  if (service->leaving != 0)
    g_source_remove (service->leaving);
  g_cancellable_cancel (service->cancellable);
  if (service->clients != NULL)
    {
      control_clients_free (service->clients);
      remove_folder (service);
    }
  g_queue_clear_full (&service->pictures, g_object_unref);
  typist_free (service->typist);
  display_service_free (service->display);
  g_object_unref (service->machine);
  g_object_unref (service->cancellable);
  g_free (service->path);
  g_free (service->traffic);
  g_free (service);
}
