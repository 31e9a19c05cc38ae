/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands about the commands. */
#include <glib/gi18n.h>
#include <string.h>

#include "app/model/machine-folder.h"
#include "app/model/machine-name.h"
#include "app/model/drive-list.h"
#include "command.h"
#include "commands.h"
#include "json.h"
#include "vmm-core/run/machine-keys.h"

#define COLUMN 34

/* "insert MACHINE [DRIVE] FILE" */
char *
command_dup_synopsis (const Command *command)
{
  return g_strconcat (command->name, command->needs != COMMAND_ALONE ? " " : "",
                      command->needs != COMMAND_ALONE ? _ ("MACHINE") : "",
                      command->arguments != NULL ? " " : "",
                      command->arguments != NULL ? _ (command->arguments) : "", NULL);
}

static int
measure (const char *text)
{
  int width = 0;

  for (; *text != '\0'; text = g_utf8_next_char (text))
    width += 1 + g_unichar_iswide (g_utf8_get_char (text));
  return width;
}

static void
add_row (GString *text, const char *left, const char *right)
{
  int width = measure (left);
  gboolean fits = width < COLUMN;

  g_string_append_printf (text, "  %s%s%*s%s\n", left, fits ? "" : "\n",
                          fits ? COLUMN - width : COLUMN + 2, "", right);
}

char *
command_dup_list (void)
{
  GString *text = g_string_new (
    _ ("Commands (MACHINE is a name, a uuid or a folder; leave it out with --socket):\n"));

  for (unsigned i = 0; i < command_count; i++)
    {
      g_autofree char *synopsis = command_dup_synopsis (&command_table[i]);

      if ((command_table[i].flags & COMMAND_HIDDEN) == 0)
        add_row (text, synopsis, _ (command_table[i].help));
    }
  g_string_append (text, _ ("\n“guesthousectl help COMMAND” tells more of one.\n"
                            "Exit status: 0 done, 1 failed, 2 used wrongly, 3 no such machine, 4 "
                            "the machine is in another state."));
  return g_string_free (text, FALSE);
}

static void
add_option_row (GString *text, const CommandOption *option)
{
  g_autoptr (GString) left = g_string_new (NULL);

  if (option->letter != 0)
    g_string_append_printf (left, "-%c, ", option->letter);
  g_string_append_printf (left, "--%s%s%s", option->name, option->value != NULL ? "=" : "",
                          option->value != NULL ? _ (option->value) : "");
  add_row (text, left->str, _ (option->help));
}

static void
explain (GString *text, const Command *command)
{
  static const CommandOption json = { "json", 'j', NULL, N_ ("Print JSON") };
  g_autofree char *synopsis = command_dup_synopsis (command);

  g_string_append_printf (text, "guesthousectl %s\n\n%s\n", synopsis, _ (command->help));
  if (command->options[0].name != NULL || (command->flags & COMMAND_JSON) != 0)
    g_string_append_c (text, '\n');
  for (const CommandOption *option = command->options; option->name != NULL; option++)
    add_option_row (text, option);
  if ((command->flags & COMMAND_JSON) != 0)
    add_option_row (text, &json);
}

static void
add_option_json (GString *out, const CommandOption *option)
{
  char letter[] = { option->letter, '\0' };

  json_add_separator (out);
  g_string_append_c (out, '{');
  json_add_member (out, "name", option->name);
  json_add_member (out, "letter", letter);
  json_add_member (out, "value", option->value != NULL ? _ (option->value) : "");
  json_add_member (out, "help", _ (option->help));
  g_string_append_c (out, '}');
}

static void
explain_json (GString *out, const Command *command)
{
  g_autofree char *synopsis = command_dup_synopsis (command);

  json_add_separator (out);
  g_string_append_c (out, '{');
  json_add_member (out, "name", command->name);
  json_add_member (out, "synopsis", synopsis);
  json_add_member (out, "help", _ (command->help));
  json_add_boolean (out, "json", (command->flags & COMMAND_JSON) != 0);
  json_add_key (out, "options");
  g_string_append_c (out, '[');
  for (const CommandOption *option = command->options; option->name != NULL; option++)
    add_option_json (out, option);
  g_string_append (out, "]}");
}

gboolean
command_help (Call *call, GError **error)
{
  g_autofree char *list = command_dup_list ();
  const Command *command = call->n_words > 0 ? command_find (call->words[0]) : NULL;

  if (call->n_words > 0 && command == NULL)
    {
      g_set_error (error, CALL_ERROR, CALL_ERROR_USAGE,
                   _ ("“%s” is no command: “guesthousectl help” lists them."), call->words[0]);
      return FALSE;
    }
  g_string_append (call->out, call->json ? "[" : "");
  if (!call->json && command == NULL)
    g_string_append_printf (call->out, "%s\n", list);
  else if (!call->json)
    explain (call->out, command);
  else
    for (unsigned i = 0; i < command_count; i++)
      if ((command_table[i].flags & COMMAND_HIDDEN) == 0
          && (command == NULL || command == &command_table[i]))
        explain_json (call->out, &command_table[i]);
  g_string_append (call->out, call->json ? "]\n" : "");
  return TRUE;
}

/* Completion: a candidate a line, with a tab and what it means behind it; “:files” where a file's
 * name could be. */

static void
suggest (Call *call, const char *prefix, const char *word, const char *meaning)
{
  if (!g_str_has_prefix (word, prefix) || strchr (word, '\n') != NULL)
    return;
  g_string_append_printf (call->out, "%s%s%s\n", word, meaning != NULL ? "\t" : "",
                          meaning != NULL ? meaning : "");
}

static void
suggest_commands (Call *call, const char *prefix)
{
  for (unsigned i = 0; i < command_count; i++)
    if ((command_table[i].flags & COMMAND_HIDDEN) == 0)
      suggest (call, prefix, command_table[i].name, _ (command_table[i].help));
}

static void
suggest_machines (Call *call, const char *prefix)
{
  g_autoptr (GPtrArray) folders = machine_folder_list ();

  for (unsigned i = 0; i < folders->len; i++)
    {
      g_autofree char *name = machine_name_dup (folders->pdata[i]);

      suggest (call, prefix, name, NULL);
    }
}

static void
suggest_options (Call *call, const Command *command, const char *prefix)
{
  for (const CommandOption *option = command->options; option->name != NULL; option++)
    {
      g_autofree char *word
        = g_strconcat ("--", option->name, option->value != NULL ? "=" : "", NULL);

      suggest (call, prefix, word, _ (option->help));
    }
  if ((command->flags & COMMAND_JSON) != 0)
    suggest (call, prefix, "--json", NULL);
  suggest (call, prefix, "--help", NULL);
}

static void
suggest_all (Call *call, const char *prefix, const char *const *words)
{
  for (; words != NULL && *words != NULL; words++)
    suggest (call, prefix, *words, NULL);
}

static void
suggest_drives (Call *call, const char *prefix, const char *machine)
{
  g_autofree char *folder = machine_folder_find (machine, NULL);
  g_autoptr (GKeyFile) conf = folder != NULL ? machine_config_load_key_file (folder, NULL) : NULL;
  g_autoptr (GPtrArray) drives = conf != NULL ? drive_list_read (conf) : g_ptr_array_new ();

  for (unsigned i = 0; i < drives->len; i++)
    suggest (call, prefix, ((DriveListEntry *) drives->pdata[i])->id, NULL);
}

/* The n-th word behind the machine. */
static void
suggest_argument (Call *call, const Command *command, unsigned n, char **words, const char *prefix)
{
  const char *arguments = command->arguments != NULL ? command->arguments : "";

  if (n >= command->most)
    return;
  if (strstr (arguments, "COMMAND") != NULL)
    suggest_commands (call, prefix);
  if (strstr (arguments, "DRIVE") != NULL && n == 0)
    suggest_drives (call, prefix, words[1]);
  if (strstr (arguments, "GROUP") != NULL && n < 2)
    {
      g_auto (GStrv) keys = n == 0 ? machine_keys_dup_groups () : machine_keys_dup_keys (words[2]);

      suggest_all (call, prefix, (const char *const *) keys);
    }
  if (strstr (arguments, "FILE") != NULL)
    g_string_append (call->out, ":files\n");
}

/* The words so far; the last is the one to complete, perhaps empty. */
gboolean
command_complete (Call *call, GError **error)
{
  const char *prefix = call->n_words > 0 ? call->words[call->n_words - 1] : "";
  const Command *command = call->n_words > 1 ? command_find (call->words[0]) : NULL;
  g_autoptr (GPtrArray) plain = g_ptr_array_new ();
  unsigned machine;

  if (call->n_words <= 1)
    suggest_commands (call, prefix);
  if (command == NULL)
    return TRUE;
  if (*prefix == '-')
    {
      suggest_options (call, command, prefix);
      if (strchr (prefix, '=') != NULL)
        g_string_append (call->out, ":files\n");
      return TRUE;
    }
  for (unsigned i = 0; i + 1 < call->n_words; i++)
    if (*call->words[i] != '-')
      g_ptr_array_add (plain, call->words[i]);
  machine = command->needs != COMMAND_ALONE;
  if (machine && plain->len == 1)
    suggest_machines (call, prefix);
  else if (plain->len >= 1 + machine)
    suggest_argument (call, command, plain->len - 1 - machine, (char **) plain->pdata, prefix);
  return TRUE;
}
