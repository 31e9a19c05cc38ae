/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands that start and stop machines. */
#include <glib/gi18n.h>
#include <unistd.h>

#include "app/model/machine-peer.h"
#include "app/model/machine-process.h"
#include "commands.h"
#include "vmm-core/control-names.h"

#define START_PATIENCE_MS 60000 /* while the process lives; a busy host takes its time */
#define STEP_MS 20
#define KILL_PATIENCE_MS 10000

static gboolean
spawn_process (Call *call, GError **error)
{
  g_autoptr (GSubprocess) process
    = machine_process_spawn (call->folder, call_get_option (call, "without-disc") != NULL, error);
  gint64 patience = g_get_monotonic_time () + START_PATIENCE_MS * 1000;
  g_autofree char *said = NULL, *log = NULL;

  if (process == NULL)
    return FALSE;
  while (g_get_monotonic_time () < patience)
    {
      g_usleep (STEP_MS * 1000);
      if (call_connect (call))
        return TRUE;
      if (g_subprocess_get_identifier (process) == NULL)
        break; /* it has ended */
    }
  said = machine_process_dup_last_words (call->folder);
  log = machine_process_dup_log_path (call->folder);
  if (said != NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, said);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("“%s” did not start: its log is “%s”."),
                 call->name, log);
  return FALSE;
}

static gboolean
is_leaving (const GError *problem)
{
  g_autofree char *name = g_dbus_error_get_remote_error (problem);

  return g_strcmp0 (name, CONTROL_ERROR_LEAVING) == 0
         || g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* However long the host's file system lets it wait. What helps if a disc is why it does not start
 * is said, too. */
static gboolean
power_on (Call *call, GError **error)
{
  g_autoptr (GError) problem = NULL;
  const char *drive;

  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (call->look.proxy), G_MAXINT);
  if (gh_machine1_call_power_on_sync (call->look.proxy, NULL, &problem))
    return TRUE;
  drive = !is_leaving (problem) && call_connect (call)
            ? gh_machine1_get_failed_drive (call->look.proxy)
            : NULL;
  if (drive != NULL && g_str_has_prefix (drive, "cd"))
    {
      g_dbus_error_strip_remote_error (problem);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                   _ ("%s Put another disc into %s with “guesthousectl insert”, or start with "
                      "--without-disc."),
                   problem->message, drive);
    }
  else
    g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

static gboolean
spawn_and_power_on (Call *call, GError **error)
{
  if (!spawn_process (call, error))
    return FALSE;
  if (power_on (call, error))
    return TRUE;
  if (call->look.proxy != NULL)
    call_quit (call, NULL); /* it was made for nothing */
  return FALSE;
}

/* Of a process that was there before: a machine that is off is not asked. */
static void
take_discs_out (Call *call)
{
  GVariantIter iter;
  const char *id, *kind;

  g_variant_iter_init (&iter, gh_machine1_get_drives (call->look.proxy));
  while (!call_is_on (call) && g_variant_iter_next (&iter, "(&s&s&sb)", &id, &kind, NULL, NULL))
    if (g_str_equal (kind, "cd"))
      gh_machine1_call_eject_medium_sync (call->look.proxy, id, TRUE, NULL, NULL);
}

gboolean
command_start (Call *call, GError **error)
{
  GError *problem = NULL;

  if (!call_need_answer (call, error))
    return FALSE;
  if (call->look.proxy == NULL && call->folder != NULL)
    spawn_and_power_on (call, &problem);
  else if (!call_need_process (call, error))
    return FALSE;
  else
    {
      if (call_get_option (call, "without-disc") != NULL)
        take_discs_out (call);
      /* A process that somebody else has just told to quit makes room for another. */
      if (!power_on (call, &problem) && call->folder != NULL && is_leaving (problem))
        {
          g_clear_error (&problem);
          if (call_quit (call, &problem))
            spawn_and_power_on (call, &problem);
        }
    }
  if (problem == NULL && call_connect (call))
    call_explain (call);
  return call_pass_on (problem, error);
}

static gboolean
end_process (Call *call, GError **error)
{
  int peer = call->look.socket != NULL ? machine_peer_open_at (call->look.socket) : -1;
  gboolean killed, ended;

  if (peer < 0 && call->folder != NULL)
    peer = machine_peer_open_locker (call->folder);
  if (peer < 0)
    return call_need_process (call, error);
  killed = machine_peer_kill (peer, error);
  ended = killed && machine_peer_wait (peer, KILL_PATIENCE_MS);
  close (peer);
  if (killed && !ended)
    g_set_error_literal (error, CALL_ERROR, CALL_ERROR_WRONG_STATE,
                         _ ("The machine's process has been ended, but is not gone yet: a disk of "
                            "the host hangs, and has to answer first."));
  return ended;
}

/* Methods without words and answers. */
static gboolean
tell (Call *call, const char *method, GError **error)
{
  GError *problem = NULL;
  g_autoptr (GVariant) answer = g_dbus_proxy_call_sync (
    G_DBUS_PROXY (call->look.proxy), method, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &problem);

  return answer != NULL || call_pass_on (problem, error);
}

gboolean
command_stop (Call *call, GError **error)
{
  if (call_get_option (call, "force") != NULL)
    return end_process (call, error);
  return call_need_process (call, error) && tell (call, "PowerOff", error);
}

gboolean
command_shutdown (Call *call, GError **error)
{
  return tell (call, "PowerButton", error);
}

gboolean
command_reset (Call *call, GError **error)
{
  return tell (call, "Reset", error);
}

gboolean
command_pause (Call *call, GError **error)
{
  return tell (call, "Pause", error);
}

gboolean
command_resume (Call *call, GError **error)
{
  return tell (call, "Resume", error);
}

gboolean
command_quit (Call *call, GError **error)
{
  return call_quit (call, error);
}
