/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "call.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "app/model/machine-folder.h"
#include "app/model/machine-name.h"
#include "app/model/machine-peer.h"
#include "command.h"
#include "machine-look.h"
#include "vmm-core/control-names.h"
#include "vmm-core/run/machine-trust.h"
#include "vmm-core/run/socket-folder.h"

#define CONNECT_PATIENCE_MS 5000
#define CALL_PATIENCE_MS 30000
#define QUIT_PATIENCE_MS 60000

G_DEFINE_QUARK (call - error, call_error)

int
call_get_status (const GError *error)
{
  if (error->domain == CALL_ERROR)
    return error->code;
  if (error->domain == G_OPTION_ERROR
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT))
    return CALL_ERROR_USAGE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY))
    return CALL_ERROR_WRONG_STATE;
  return 1;
}

const char *
call_get_option (const Call *call, const char *name)
{
  return g_hash_table_lookup (call->options, name);
}

gboolean
call_use (const Call *call, GError **error)
{
  g_autofree char *synopsis = command_dup_synopsis (call->command);

  g_set_error (error, CALL_ERROR, CALL_ERROR_USAGE,
               _ ("Use it as “guesthousectl %s”: “guesthousectl help %s” says more."), synopsis,
               call->command->name);
  return FALSE;
}

gboolean
call_connect (Call *call)
{
  g_clear_object (&call->look.proxy);
  machine_look (&call->look, 1, CONNECT_PATIENCE_MS);
  if (call->look.proxy != NULL)
    g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (call->look.proxy), CALL_PATIENCE_MS);
  return call->look.proxy != NULL;
}

gboolean
call_find_machine (Call *call, const char *machine, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (machine != NULL)
    {
      call->folder = machine_folder_find (machine, &problem);
      if (call->folder == NULL)
        {
          g_set_error_literal (error, CALL_ERROR, CALL_ERROR_NO_MACHINE, problem->message);
          return FALSE;
        }
      call->config = machine_config_load (call->folder, &call->conf_problem);
      if (call->config == NULL && (call->command->flags & COMMAND_BROKEN) == 0)
        {
          g_propagate_error (error, g_steal_pointer (&call->conf_problem));
          return FALSE;
        }
      call->name = machine_name_dup (call->folder);
      call->uuid = machine_folder_dup_uuid (call->folder);
      call->machine_socket = call->uuid != NULL ? socket_folder_dup_control (call->uuid) : NULL;
      call->look.socket = call->machine_socket;
    }
  call_connect (call);
  return TRUE;
}

void
call_clear (Call *call)
{
  g_clear_pointer (&call->options, g_hash_table_unref);
  g_clear_pointer (&call->words, g_free);
  g_clear_pointer (&call->machine_socket, g_free);
  g_clear_pointer (&call->folder, g_free);
  g_clear_pointer (&call->name, g_free);
  g_clear_pointer (&call->uuid, g_free);
  g_clear_pointer (&call->config, machine_config_free);
  g_clear_error (&call->conf_problem);
  g_clear_object (&call->look.proxy);
  if (call->out != NULL)
    g_string_free (g_steal_pointer (&call->out), TRUE);
}

gboolean
call_need_answer (Call *call, GError **error)
{
  if (!call->look.silent)
    return TRUE;
  if (call->name != NULL)
    g_set_error (error, CALL_ERROR, CALL_ERROR_WRONG_STATE,
                 _ ("“%s” does not respond: wait, or end its process with “guesthousectl stop "
                    "--force”."),
                 call->name);
  else
    g_set_error (error, CALL_ERROR, CALL_ERROR_WRONG_STATE,
                 _ ("The machine at “%s” does not respond: wait, or end its process with "
                    "“guesthousectl --socket … stop --force”."),
                 call->look.socket);
  return FALSE;
}

gboolean
call_need_process (Call *call, GError **error)
{
  if (!call_need_answer (call, error))
    return FALSE;
  if (call->look.proxy != NULL)
    return TRUE;
  if (call->name != NULL)
    g_set_error (error, CALL_ERROR, CALL_ERROR_WRONG_STATE, _ ("“%s” is off: start it first."),
                 call->name);
  else
    g_set_error (error, CALL_ERROR, CALL_ERROR_NO_MACHINE,
                 _ ("No machine answers at “%s”: check the path, or start one with --control."),
                 call->look.socket);
  return FALSE;
}

gboolean
call_is_on (const Call *call)
{
  static const char *const states[] = { "starting", "running", "paused", NULL };

  return call->look.proxy != NULL
         && g_strv_contains (states, gh_machine1_get_state (call->look.proxy));
}

gboolean
call_pass_on (GError *problem, GError **error)
{
  g_autofree char *name = NULL;

  if (problem == NULL)
    return TRUE;
  name = g_dbus_error_get_remote_error (problem);
  g_dbus_error_strip_remote_error (problem);
  if (g_strcmp0 (name, CONTROL_ERROR_WRONG_STATE) == 0)
    {
      g_set_error_literal (error, CALL_ERROR, CALL_ERROR_WRONG_STATE, problem->message);
      g_error_free (problem);
    }
  else if (g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    {
      g_set_error_literal (error, CALL_ERROR, CALL_ERROR_WRONG_STATE,
                           _ ("The machine does not respond: wait, or end its process with "
                              "“guesthousectl stop --force”."));
      g_error_free (problem);
    }
  else
    g_propagate_error (error, problem);
  return FALSE;
}

gboolean
call_quit (Call *call, GError **error)
{
  int peer = machine_peer_open (g_dbus_proxy_get_connection (G_DBUS_PROXY (call->look.proxy)));
  gboolean gone;

  /* Whether it has heard this or was ending already. */
  gh_machine1_call_quit_sync (call->look.proxy, NULL, NULL);
  g_clear_object (&call->look.proxy);
  gone = peer < 0 || machine_peer_wait (peer, QUIT_PATIENCE_MS);
  if (!gone)
    g_set_error (error, CALL_ERROR, CALL_ERROR_WRONG_STATE,
                 _ ("The machine's process does not end, perhaps since a disk of the host hangs: "
                    "wait, or end it with “guesthousectl stop --force”."));
  if (peer >= 0)
    close (peer);
  return gone;
}

const char *
call_look_to_state (const MachineLook *look, const char *problem)
{
  static const char *const states[] = { "off", "starting", "running", "paused", "crashed", NULL };

  if (look->silent)
    return "not-responding";
  if (look->proxy != NULL)
    {
      const char *state = gh_machine1_get_state (look->proxy);

      return g_strv_contains (states, state) ? state : "not-responding";
    }
  return problem != NULL ? "broken" : "off";
}

static void
add_escaped (GString *out, const char *text, const char *kept)
{
  g_autofree char *valid = g_filename_display_name (text);

  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (g_unichar_iscntrl (c) && (c > 0x7f || strchr (kept, (int) c) == NULL))
        g_string_append_printf (out, "\\x%02x", c);
      else
        g_string_append_unichar (out, c);
    }
}

void
call_add_shown (GString *out, const char *text)
{
  add_escaped (out, text, "");
}

void
call_add_text (GString *out, const char *text)
{
  add_escaped (out, text, "\n\t");
}

void
call_print_problem (const char *sentence)
{
  g_autoptr (GString) shown = g_string_new (NULL);

  call_add_text (shown, sentence);
  g_printerr ("guesthousectl: %s\n", shown->str);
}

void
call_explain (const Call *call)
{
  const char *sentences[] = { gh_machine1_get_failure_reason (call->look.proxy),
                              gh_machine1_get_pause_reason (call->look.proxy),
                              gh_machine1_get_disk_error (call->look.proxy) };

  for (unsigned i = 0; i < G_N_ELEMENTS (sentences); i++)
    if (sentences[i] != NULL && *sentences[i] != '\0')
      call_print_problem (sentences[i]);
}

gboolean
call_write_conf (Call *call, GKeyFile *conf, GError **error)
{
  return machine_config_check_key_file (conf, call->folder, error)
         && machine_trust_save (conf, call->folder, error);
}
