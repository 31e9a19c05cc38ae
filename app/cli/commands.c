/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "commands.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "app/model/machine-folder.h"
#include "app/model/machine-process.h"
#include "drive-commands.h"
#include "machine-interface.h"
#include "vmm-core/run/machine-topology.h"
#include "vmm-core/run/machine-trust.h"

#define OBJECT_PATH "/org/guesthouse/Machine1"
#define START_PATIENCE_MS 60000 /* while the process lives; a busy host takes its time */

const char commands_help[]
  = "Commands (MACHINE is a name or uuid; leave it out with --socket):\n"
    "  list                             The machines of the library\n"
    "  create NAME [--memory SIZE] [--cpus N] [--cdrom FILE] [--disk-size SIZE]\n"
    "  delete MACHINE                   Remove a machine and its disks\n"
    "  start MACHINE                    Power on\n"
    "  stop MACHINE                     Cut the power\n"
    "  shutdown MACHINE                 Press the power button\n"
    "  reset MACHINE | pause MACHINE | resume MACHINE\n"
    "  insert MACHINE [DRIVE] FILE      Put a disc image into a CD drive\n"
    "  eject MACHINE [DRIVE] [--force]\n"
    "  add-disk MACHINE FILE | --size SIZE   From the next start on, as the next two\n"
    "  add-cd MACHINE [FILE]            Add a CD drive\n"
    "  remove-drive MACHINE DRIVE       Leave out a disk or CD drive; its file stays\n"
    "  keys MACHINE CHORD               Press keys, for example ctrl+alt+delete\n"
    "  type MACHINE TEXT                Type text\n"
    "  screenshot MACHINE FILE.png      Save the screen as a picture\n"
    "  screen-text MACHINE              Print the characters of a text screen\n"
    "  state MACHINE                    off, running, paused or crashed\n"
    "  stats MACHINE                    Counters\n"
    "  trace MACHINE PATTERNS           Print trace events into the machine's log\n"
    "  get MACHINE GROUP KEY | set MACHINE GROUP KEY VALUE   machine.conf\n"
    "  trust MACHINE                    Allow the files that it uses outside its folder\n"
    "  quit MACHINE                     Cut the power and end its process";

/* What a command works on. */
typedef struct
{
  const char *socket; /* given, or the machine's */
  char *folder;       /* NULL with --socket */
  MachineConfig *config;
  GhMachine1 *proxy; /* NULL while the machine's process does not run */
  char **words;      /* what follows the machine */
  int n_words;
  gboolean json;
} Target;

static gboolean
usage (GError **error, const char *command)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "“%s” is used differently: see “guesthousectl --help”.", command);
  return FALSE;
}

/* D-Bus puts its own words in front of the machine's sentence. */
static gboolean
pass_on (GError *problem, GError **error)
{
  if (problem == NULL)
    return TRUE;
  g_dbus_error_strip_remote_error (problem);
  g_propagate_error (error, problem);
  return FALSE;
}

static GhMachine1 *
connect_to (const char *socket, GError **error)
{
  g_autoptr (GDBusConnection) connection = machine_process_connect (socket, error);

  return connection != NULL ? gh_machine1_proxy_new_sync (connection, G_DBUS_PROXY_FLAGS_NONE, NULL,
                                                          OBJECT_PATH, NULL, error)
                            : NULL;
}

static gboolean
need_process (Target *target, GError **error)
{
  if (target->proxy != NULL)
    return TRUE;
  if (target->config != NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, "“%s” is off: start it first.",
                 target->config->name);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                 "No machine answers at “%s”: check the path, or start one with --control.",
                 target->socket);
  return FALSE;
}

/* The library */

static char *
dup_state (const char *folder, char **name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MachineConfig) config = machine_config_load (folder, &error);
  g_autofree char *socket = NULL;
  g_autoptr (GhMachine1) proxy = NULL;

  *name = config != NULL ? g_strdup (config->name) : g_path_get_basename (folder);
  if (config == NULL)
    return g_strdup ("broken");
  socket = machine_config_dup_socket (config->uuid);
  proxy = connect_to (socket, NULL);
  return g_strdup (proxy != NULL ? gh_machine1_get_state (proxy) : "off");
}

static void
print_json_string (const char *text)
{
  g_print ("\"");
  for (const char *at = text; *at != '\0'; at++)
    if (*at == '"' || *at == '\\')
      g_print ("\\%c", *at);
    else if ((unsigned char) *at < 0x20)
      g_print ("\\u%04x", *at);
    else
      g_print ("%c", *at);
  g_print ("\"");
}

static gboolean
command_list (gboolean json)
{
  g_autoptr (GPtrArray) folders = machine_folder_list ();

  g_print (json ? "[" : "");
  for (unsigned i = 0; i < folders->len; i++)
    {
      const char *folder = g_ptr_array_index (folders, i);
      g_autofree char *name = NULL;
      g_autofree char *state = dup_state (folder, &name);

      if (!json)
        {
          g_print ("%-8s %s\n", state, name);
          continue;
        }
      g_print ("%s{\"name\": ", i > 0 ? ", " : "");
      print_json_string (name);
      g_print (", \"state\": \"%s\", \"folder\": ", state);
      print_json_string (folder);
      g_print ("}");
    }
  g_print (json ? "]\n" : "");
  return TRUE;
}

static gboolean
command_create (char **words, int n_words, GError **error)
{
  g_autofree char *memory_text = NULL, *disc = NULL, *disk_text = NULL, *disc_path = NULL,
                  *folder = NULL;
  int cpus = 1;
  unsigned memory, disk = 0;
  const GOptionEntry entries[]
    = { { "memory", 'm', 0, G_OPTION_ARG_STRING, &memory_text, NULL, NULL },
        { "cpus", 0, 0, G_OPTION_ARG_INT, &cpus, NULL, NULL },
        { "cdrom", 0, 0, G_OPTION_ARG_FILENAME, &disc, NULL, NULL },
        { "disk-size", 0, 0, G_OPTION_ARG_STRING, &disk_text, NULL, NULL },
        G_OPTION_ENTRY_NULL };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_auto (GStrv) copy = g_new0 (char *, n_words + 1);

  for (int i = 0; i < n_words; i++)
    copy[i] = g_strdup (words[i]);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse_strv (context, &copy, error))
    return FALSE;
  if (g_strv_length (copy) != 2)
    return usage (error, "create");
  memory = machine_config_parse_memory (memory_text != NULL ? memory_text : "1024", error);
  if (memory == 0)
    return FALSE;
  if (disk_text != NULL)
    {
      disk = drive_commands_parse_size (disk_text, error);
      if (disk == 0)
        return FALSE;
    }
  if (cpus < 1 || cpus > 8)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "%d CPUs cannot be had: choose between 1 and 8.", cpus);
      return FALSE;
    }
  disc_path = disc != NULL ? g_canonicalize_filename (disc, NULL) : NULL;
  if (disc_path != NULL && g_access (disc_path, R_OK) < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "“%s” cannot be read: check the path.",
                   disc_path);
      return FALSE;
    }
  folder = machine_folder_create (&(MachineFolderPlan){ .name = copy[1],
                                                        .memory = memory,
                                                        .cpus = cpus,
                                                        .disc = disc_path,
                                                        .disk_size = (guint64) disk << 30 },
                                  error);
  if (folder != NULL)
    g_print ("%s\n", folder);
  return folder != NULL;
}

/* One machine */

static gboolean
spawn_process (Target *target, GError **error)
{
  g_autoptr (GSubprocess) process = machine_process_spawn (target->folder, error);
  g_autofree char *said = NULL;
  g_autofree char *log = NULL;

  if (process == NULL)
    return FALSE;
  for (int waited = 0; waited < START_PATIENCE_MS; waited += 20)
    {
      g_usleep (20000);
      target->proxy = connect_to (target->socket, NULL);
      if (target->proxy != NULL)
        return TRUE;
      if (g_subprocess_get_identifier (process) == NULL)
        break; /* it has ended */
    }
  said = machine_process_dup_last_words (target->folder);
  log = machine_process_dup_log_path (target->folder);
  if (said != NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, said);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "“%s” did not start: its log is “%s”.",
                 target->config->name, log);
  return FALSE;
}

/* However long the host's file system lets it wait. A process that was made for nothing goes again.
 */
static gboolean
command_start (Target *target, GError **error)
{
  gboolean spawned = target->proxy == NULL && target->folder != NULL;
  GError *problem = NULL;

  if (spawned ? !spawn_process (target, error) : !need_process (target, error))
    return FALSE;
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (target->proxy), G_MAXINT);
  if (!gh_machine1_call_power_on_sync (target->proxy, NULL, &problem) && spawned)
    gh_machine1_call_quit_sync (target->proxy, NULL, NULL);
  return pass_on (problem, error);
}

/* On the error channel: what scripts read stays one word. */
static void
explain_state (GhMachine1 *proxy)
{
  const char *sentences[]
    = { gh_machine1_get_failure_reason (proxy), gh_machine1_get_pause_reason (proxy),
        gh_machine1_get_disk_error (proxy) };

  for (unsigned i = 0; i < G_N_ELEMENTS (sentences); i++)
    if (sentences[i] != NULL && *sentences[i] != '\0')
      g_printerr ("%s\n", sentences[i]);
}

static gboolean
command_state (Target *target, GError **error)
{
  const char *state = target->proxy != NULL ? gh_machine1_get_state (target->proxy) : "off";

  if (target->proxy == NULL && target->folder == NULL)
    return need_process (target, error);
  if (!target->json)
    {
      g_print ("%s\n", state);
      if (target->proxy != NULL)
        explain_state (target->proxy);
    }
  else
    {
      g_print ("{\"state\": \"%s\"", state);
      if (target->proxy != NULL)
        {
          g_print (", \"accelerator\": ");
          print_json_string (gh_machine1_get_accelerator (target->proxy));
          g_print (", \"accelerator-reason\": ");
          print_json_string (gh_machine1_get_accelerator_reason (target->proxy));
          g_print (", \"failure-reason\": ");
          print_json_string (gh_machine1_get_failure_reason (target->proxy));
          g_print (", \"pause-reason\": ");
          print_json_string (gh_machine1_get_pause_reason (target->proxy));
          g_print (", \"disk-error\": ");
          print_json_string (gh_machine1_get_disk_error (target->proxy));
        }
      g_print ("}\n");
    }
  return TRUE;
}

static gboolean
command_stats (Target *target, GError **error)
{
  g_autoptr (GVariant) counters = NULL;
  GError *problem = NULL;
  GVariantIter iter;
  const char *name, *separator = "";
  guint64 value;

  if (!gh_machine1_call_statistics_sync (target->proxy, &counters, NULL, &problem))
    return pass_on (problem, error);
  g_print (target->json ? "{" : "");
  g_variant_iter_init (&iter, counters);
  while (g_variant_iter_next (&iter, "{&st}", &name, &value))
    {
      if (target->json)
        g_print ("%s\"%s\": %" G_GUINT64_FORMAT, separator, name, value);
      else
        g_print ("%-24s %" G_GUINT64_FORMAT "\n", name, value);
      separator = ", ";
    }
  g_print (target->json ? "}\n" : "");
  return TRUE;
}

static gboolean
command_screenshot (Target *target, GError **error)
{
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GVariant) bytes = NULL;
  GError *problem = NULL;
  const char *data;
  gsize length;

  if (target->n_words != 1)
    return usage (error, "screenshot");
  answer = g_dbus_proxy_call_sync (G_DBUS_PROXY (target->proxy), "Screenshot", NULL,
                                   G_DBUS_CALL_FLAGS_NONE, -1, NULL, &problem);
  if (answer == NULL)
    return pass_on (problem, error);
  g_variant_get (answer, "(@ay)", &bytes);
  data = g_variant_get_fixed_array (bytes, &length, 1);
  return g_file_set_contents (target->words[0], data, length, error);
}

static gboolean
command_screen_text (Target *target, GError **error)
{
  g_autofree char *text = NULL;
  GError *problem = NULL;

  if (!gh_machine1_call_screen_text_sync (target->proxy, &text, NULL, &problem))
    return pass_on (problem, error);
  g_print ("%s", text);
  return TRUE;
}

/* What a machine of the library has in its drive is there at the next start, too. */
static gboolean
keep_disc (Target *target, const char *drive, const char *path, GError **error)
{
  return target->folder == NULL || drive_commands_set_disc (target->folder, drive, path, error);
}

static gboolean
command_insert (Target *target, GError **error)
{
  const char *drive = target->n_words == 2 ? target->words[0] : "cd0";
  g_autofree char *path = NULL;
  GError *problem = NULL;

  if (target->n_words < 1 || target->n_words > 2)
    return usage (error, "insert");
  path = g_canonicalize_filename (target->words[target->n_words - 1], NULL);
  if (target->proxy != NULL)
    gh_machine1_call_insert_medium_sync (target->proxy, drive, path, NULL, &problem);
  return pass_on (problem, error) && keep_disc (target, drive, path, error);
}

static gboolean
command_eject (Target *target, GError **error)
{
  const char *drive = "cd0";
  gboolean force = FALSE;
  GError *problem = NULL;

  for (int i = 0; i < target->n_words; i++)
    if (g_str_equal (target->words[i], "--force"))
      force = TRUE;
    else
      drive = target->words[i];
  if (target->proxy != NULL)
    gh_machine1_call_eject_medium_sync (target->proxy, drive, force, NULL, &problem);
  return pass_on (problem, error) && keep_disc (target, drive, NULL, error);
}

/* Methods with one text or none. */
static gboolean
command_text (Target *target, const char *command, GError **error)
{
  gboolean (*call) (GhMachine1 *, const char *, GCancellable *, GError **)
    = g_str_equal (command, "keys")   ? gh_machine1_call_send_keys_sync
      : g_str_equal (command, "type") ? gh_machine1_call_type_text_sync
                                      : gh_machine1_call_set_trace_sync;
  GError *problem = NULL;

  if (target->n_words != 1)
    return usage (error, command);
  /* Long texts take their time. */
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (target->proxy), G_MAXINT);
  call (target->proxy, target->words[0], NULL, &problem);
  return pass_on (problem, error);
}

static gboolean
command_plain (Target *target, const char *method, GError **error)
{
  GError *problem = NULL;
  g_autoptr (GVariant) answer = g_dbus_proxy_call_sync (G_DBUS_PROXY (target->proxy), method, NULL,
                                                        G_DBUS_CALL_FLAGS_NONE, -1, NULL, &problem);

  return answer != NULL || pass_on (problem, error);
}

static gboolean
command_delete (Target *target, GError **error)
{
  if (target->folder == NULL)
    return usage (error, "delete");
  if (target->proxy != NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "“%s” is running: quit it first.",
                   target->config->name);
      return FALSE;
    }
  return machine_folder_delete (target->folder, error);
}

/* CPUs and their topology go together. */
static void
set_value (GKeyFile *file, const char *group, const char *key, const char *value)
{
  gboolean of_machine = g_str_equal (group, "machine");
  guint64 cpus;

  if (of_machine && g_str_equal (key, "cpus")
      && g_ascii_string_to_unsigned (value, 10, 1, G_MAXUINT, &cpus, NULL))
    machine_topology_set_cpus (file, cpus);
  else if (of_machine && g_str_equal (key, "topology"))
    machine_topology_set (file, value);
  else
    g_key_file_set_string (file, group, key, value);
}

static gboolean
command_settings (Target *target, gboolean set, GError **error)
{
  g_autoptr (GKeyFile) file = NULL;
  g_autoptr (MachineConfig) checked = NULL;
  g_autofree char *path = NULL;
  g_autofree char *value = NULL;

  if (target->folder == NULL || target->n_words != (set ? 3 : 2))
    return usage (error, set ? "set" : "get");
  path = g_build_filename (target->folder, MACHINE_CONFIG_FILE, NULL);
  file = machine_config_load_key_file (target->folder, error);
  if (file == NULL)
    return FALSE;
  if (!set)
    {
      value = g_key_file_get_string (file, target->words[0], target->words[1], error);
      if (value != NULL)
        g_print ("%s\n", value);
      return value != NULL;
    }
  set_value (file, target->words[0], target->words[1], target->words[2]);
  checked = machine_config_from_key_file (file, target->folder, path, error);
  return checked != NULL && machine_trust_save (file, target->folder, error);
}

static gboolean
command_trust (Target *target, GError **error)
{
  g_autoptr (GPtrArray) strange = NULL;
  g_autofree char *list = NULL;

  if (target->folder == NULL || target->n_words != 0)
    return usage (error, "trust");
  machine_trust_resolve (target->config);
  strange = machine_trust_find_strange (target->config);
  if (strange->len == 0)
    return TRUE;
  list = machine_trust_describe (strange);
  g_print ("%s\n", list);
  return machine_trust_agree (target->config, strange, error);
}

static const struct
{
  const char *command, *method;
} plain_commands[] = {
  { "stop", "PowerOff" }, { "shutdown", "PowerButton" }, { "reset", "Reset" },
  { "pause", "Pause" },   { "resume", "Resume" },        { "quit", "Quit" },
};

static const struct
{
  const char *command;
  gboolean (*run) (const char *folder, char **words, int n_words, GError **error);
} drive_commands[] = {
  { "add-disk", drive_commands_add_disk },
  { "add-cd", drive_commands_add_cd },
  { "remove-drive", drive_commands_remove },
};

static gboolean
run_on (Target *target, const char *command, GError **error)
{
  if (g_str_equal (command, "start"))
    return command_start (target, error);
  if (g_str_equal (command, "state"))
    return command_state (target, error);
  if (g_str_equal (command, "delete"))
    return command_delete (target, error);
  if (g_str_equal (command, "trust"))
    return command_trust (target, error);
  if (g_str_equal (command, "get") || g_str_equal (command, "set"))
    return command_settings (target, g_str_equal (command, "set"), error);
  for (unsigned i = 0; target->folder != NULL && i < G_N_ELEMENTS (drive_commands); i++)
    if (g_str_equal (command, drive_commands[i].command))
      return drive_commands[i].run (target->folder, target->words, target->n_words, error);
  if (target->folder == NULL && !need_process (target, error))
    return FALSE;
  if (g_str_equal (command, "insert"))
    return command_insert (target, error);
  if (g_str_equal (command, "eject"))
    return command_eject (target, error);
  if (!need_process (target, error))
    return FALSE;
  for (unsigned i = 0; i < G_N_ELEMENTS (plain_commands); i++)
    if (g_str_equal (command, plain_commands[i].command))
      return command_plain (target, plain_commands[i].method, error);
  if (g_str_equal (command, "keys") || g_str_equal (command, "type")
      || g_str_equal (command, "trace"))
    return command_text (target, command, error);
  if (g_str_equal (command, "stats"))
    return command_stats (target, error);
  if (g_str_equal (command, "screenshot"))
    return command_screenshot (target, error);
  if (g_str_equal (command, "screen-text"))
    return command_screen_text (target, error);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "“%s” is no command: see “guesthousectl --help”.", command);
  return FALSE;
}

/* --json may also stand behind the commands that know it. */
static gboolean
take_json (char **words, int *n_words)
{
  static const char *const commands[] = { "list", "state", "stats", NULL };
  int kept = 1;

  if (!g_strv_contains (commands, words[0]))
    return FALSE;
  for (int i = 1; i < *n_words; i++)
    if (!g_str_equal (words[i], "--json"))
      words[kept++] = words[i];
  if (kept == *n_words)
    return FALSE;
  *n_words = kept;
  return TRUE;
}

gboolean
commands_run (char **words, int n_words, const char *socket, gboolean json, GError **error)
{
  Target target = { .socket = socket };
  g_autofree char *machine_socket = NULL;
  gboolean done = FALSE;
  int used = socket != NULL ? 1 : 2;

  target.json = take_json (words, &n_words) || json;
  if (g_str_equal (words[0], "list"))
    return command_list (target.json);
  if (g_str_equal (words[0], "create"))
    return command_create (words, n_words, error);
  if (n_words < used)
    return usage (error, words[0]);
  target.words = words + used;
  target.n_words = n_words - used;
  if (socket == NULL)
    {
      target.folder = machine_folder_find (words[1], error);
      target.config = target.folder != NULL ? machine_config_load (target.folder, error) : NULL;
      if (target.config == NULL)
        {
          g_free (target.folder);
          return FALSE;
        }
      target.socket = machine_socket = machine_config_dup_socket (target.config->uuid);
    }
  target.proxy = connect_to (target.socket, NULL);
  done = run_on (&target, words[0], error);
  g_clear_object (&target.proxy);
  machine_config_free (target.config);
  g_free (target.folder);
  return done;
}
