/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guesthousectl: everything about machines, from the command line. */
#include <errno.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "commands.h"
#include "vmm-core/run/nearest.h"
#include "vmm-core/run/translations.h"

static gboolean
refuse (GError **error, char *sentence)
{
  g_set_error_literal (error, CALL_ERROR, CALL_ERROR_USAGE, sentence);
  g_free (sentence);
  return FALSE;
}

static const Command *
look_up (const char *name, GError **error)
{
  g_autofree const char **names = g_new0 (const char *, command_count + 1);
  const Command *command = command_find (name);
  const char *nearest;

  if (command != NULL)
    return command;
  for (unsigned i = 0, n = 0; i < command_count; i++)
    if ((command_table[i].flags & COMMAND_HIDDEN) == 0)
      names[n++] = command_table[i].name;
  nearest = nearest_find (name, names);
  refuse (error,
          nearest != NULL
            ? g_strdup_printf (_ ("“%s” is no command: did you mean “%s”?"), name, nearest)
            : g_strdup_printf (_ ("“%s” is no command: “guesthousectl help” lists them."), name));
  return NULL;
}

static gboolean
refuse_option (const Command *command, const char *word, GError **error)
{
  const char *names[COMMAND_OPTIONS + 3] = { "help", "json" };
  const char *nearest;

  for (unsigned i = 0; i < COMMAND_OPTIONS && command->options[i].name != NULL; i++)
    names[i + 2] = command->options[i].name;
  nearest = nearest_find (word + strspn (word, "-"), names);
  return refuse (error, nearest != NULL
                          ? g_strdup_printf (_ ("“%s” has no option “%s”: did you mean “--%s”?"),
                                             command->name, word, nearest)
                          : g_strdup_printf (
                            _ ("“%s” has no option “%s”: see “guesthousectl help %s”. Put “--” in "
                               "front of words that begin with a dash."),
                            command->name, word, command->name));
}

/* One word that begins with a dash; *next is what follows, and skipped if it is the value. */
static gboolean
take_option (Call *call, const char *word, char ***next, GError **error)
{
  const char *name = word + strspn (word, "-");
  const char *equals = strchr (name, '=');
  gsize length = equals != NULL ? (gsize) (equals - name) : strlen (name);
  const CommandOption *option = command_find_option (call->command, name, length);
  const char *value = equals != NULL ? equals + 1 : NULL;

  if (word[1] != '-')
    {
      const CommandOption *at = call->command->options;

      while (at->name != NULL && at->letter != *name)
        at++;
      option = at->name != NULL && *name != '\0' ? at : NULL;
      value = name[0] != '\0' && name[1] != '\0' ? name + 1 + (name[1] == '=') : NULL;
    }
  if (g_str_equal (word, "--help") || g_str_equal (word, "-h"))
    g_hash_table_insert (call->options, (char *) "help", (char *) "");
  else if ((g_str_equal (word, "--json") || g_str_equal (word, "-j"))
           && (call->command->flags & COMMAND_JSON) != 0)
    call->json = TRUE;
  else if (option == NULL || (option->value == NULL && value != NULL))
    return refuse_option (call->command, word, error);
  else if (option->value != NULL && value == NULL && **next == NULL)
    return refuse (error, g_strdup_printf (_ ("“%s” needs a value: %s."), word, _ (option->value)));
  else
    g_hash_table_insert (call->options, (char *) option->name,
                         (char *) (option->value == NULL ? ""
                                   : value != NULL       ? value
                                                         : *(*next)++));
  return TRUE;
}

/* Options may stand anywhere; negative numbers are none, and behind “--” nothing is. */
static gboolean
take_words (Call *call, char **words, GError **error)
{
  gboolean options = (call->command->flags & COMMAND_HIDDEN) == 0;

  call->words = g_new0 (char *, g_strv_length (words) + 1);
  while (*words != NULL)
    {
      char *word = *words++;

      if (options && g_str_equal (word, "--"))
        options = FALSE;
      else if (options && word[0] == '-' && word[1] != '\0' && !g_ascii_isdigit (word[1]))
        {
          if (!take_option (call, word, &words, error))
            return FALSE;
        }
      else
        call->words[call->n_words++] = word;
    }
  return TRUE;
}

/* The machine that the command is about, the first of its words; NULL: it is about none, or about
 * the one at the socket. FALSE: there is no such word. */
static gboolean
take_machine (Call *call, const char **machine, GError **error)
{
  CommandNeeds needs = call->command->needs;

  *machine = NULL;
  if (needs == COMMAND_FOLDER && call->look.socket != NULL)
    return refuse (error, g_strdup_printf (_ ("“%s” is about a machine of the library: name it "
                                              "instead of a socket."),
                                           call->command->name));
  if (needs == COMMAND_ALONE || call->look.socket != NULL)
    return TRUE;
  if (call->n_words == 0)
    return call_use (call, error);
  *machine = call->words[0];
  memmove (call->words, call->words + 1, sizeof (char *) * call->n_words);
  call->n_words--;
  return TRUE;
}

static gboolean
run (char **words, const char *socket, gboolean json, Call *call, GError **error)
{
  const Command *command = look_up (words[0], error);
  const char *machine;

  if (command == NULL)
    return FALSE;
  *call = (Call){ .command = command,
                  .look = { .socket = socket },
                  .json = json,
                  .options = g_hash_table_new (g_str_hash, g_str_equal),
                  .out = g_string_new (NULL) };
  if (!take_words (call, words + 1, error))
    return FALSE;
  if (call_get_option (call, "help") != NULL)
    {
      call->words[0] = (char *) command->name;
      call->n_words = 1;
      return command_help (call, error);
    }
  if (!take_machine (call, &machine, error))
    return FALSE;
  if (call->n_words < command->least || call->n_words > command->most)
    return call_use (call, error);
  if (command->needs != COMMAND_ALONE && !call_find_machine (call, machine, error))
    return FALSE;
  if (command->needs == COMMAND_PROCESS && !call_need_process (call, error))
    return FALSE;
  return command->run (call, error);
}

/* What cannot be written has not been done. */
static gboolean
print (const GString *out, GError **error)
{
  if (fwrite (out->str, 1, out->len, stdout) == out->len && fflush (stdout) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               _ ("The answer cannot be written: %s."), g_strerror (errno));
  return FALSE;
}

/* The terminal's characters, where they are not those of UTF-8: as many as it has. */
static void
convert (Call *call)
{
  g_autofree char *converted = NULL;
  const char *charset;

  if (call->json || g_get_charset (&charset)
      || !g_utf8_validate (call->out->str, call->out->len, NULL))
    return;
  converted = g_convert_with_fallback (call->out->str, call->out->len, charset, "UTF-8", "?", NULL,
                                       NULL, NULL);
  if (converted != NULL)
    g_string_assign (call->out, converted);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *socket = NULL;
  g_auto (Call) call = { 0 };
  gboolean json = FALSE, version = FALSE;
  const GOptionEntry entries[]
    = { { "socket", 's', 0, G_OPTION_ARG_FILENAME, &socket,
          N_ ("Talk to the machine at this control socket"), N_ ("PATH") },
        { "json", 'j', 0, G_OPTION_ARG_NONE, &json,
          N_ ("Print JSON where there is something to list"), NULL },
        { "version", 0, 0, G_OPTION_ARG_NONE, &version, N_ ("Print the version"), NULL },
        G_OPTION_ENTRY_NULL };
  g_autoptr (GOptionContext) context = NULL;
  g_autofree char *list = NULL;

  signal (SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write */
  translations_init ();
  context = g_option_context_new (_ ("COMMAND [MACHINE] [ARGUMENT…]"));
  list = command_dup_list ();
  g_option_context_set_summary (context, list);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  /* What follows the command belongs to it, options included. */
  g_option_context_set_strict_posix (context, TRUE);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      call_print_problem (error->message);
      return CALL_ERROR_USAGE;
    }
  if (!version && argc < 2)
    {
      g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);

      g_printerr ("%s", help);
      return CALL_ERROR_USAGE;
    }
  if (version)
    {
      call.out = g_string_new ("guesthousectl " VERSION "\n");
      if (print (call.out, &error))
        return EXIT_SUCCESS;
    }
  else if (run (argv + 1 + (g_str_equal (argv[1], "--") && argc > 2), socket, json, &call, &error))
    {
      convert (&call);
      if (print (call.out, &error))
        return EXIT_SUCCESS;
    }
  call_print_problem (error->message);
  return call_get_status (error);
}
