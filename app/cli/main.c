/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guesthousectl: everything about machines, from the command line. */
#include <gio/gio.h>
#include <locale.h>
#include <stdlib.h>

#include "commands.h"

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *socket = NULL;
  gboolean json = FALSE, version = FALSE;
  const GOptionEntry entries[]
    = { { "socket", 's', 0, G_OPTION_ARG_FILENAME, &socket,
          "Talk to the machine at this control socket", "PATH" },
        { "json", 'j', 0, G_OPTION_ARG_NONE, &json, "Print JSON where there is something to list",
          NULL },
        { "version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version", NULL },
        G_OPTION_ENTRY_NULL };
  g_autoptr (GOptionContext) context = g_option_context_new ("COMMAND [MACHINE] [ARGUMENT…]");

  setlocale (LC_ALL, "");
  g_option_context_set_summary (context, commands_help);
  g_option_context_add_main_entries (context, entries, NULL);
  /* What follows the command belongs to it, options included. */
  g_option_context_set_strict_posix (context, TRUE);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("guesthousectl: %s\n", error->message);
      return EXIT_FAILURE;
    }
  if (version)
    {
      g_print ("guesthousectl " VERSION "\n");
      return EXIT_SUCCESS;
    }
  if (argc < 2)
    {
      g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);

      g_printerr ("%s", help);
      return EXIT_FAILURE;
    }
  if (!commands_run (argv + 1, argc - 1, socket, json, &error))
    {
      g_printerr ("guesthousectl: %s\n", error->message);
      return EXIT_FAILURE;
    }
  return EXIT_SUCCESS;
}
