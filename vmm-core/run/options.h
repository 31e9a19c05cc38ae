/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "machine-config.h"

/* The command line of guesthouse-vm. */
typedef struct
{
  MachineConfig *config; /* from a folder, changed by options, or from options alone */
  char *control;         /* path of the control socket; NULL: none */
  gboolean window;
  gboolean stopped; /* wait for PowerOn instead of powering on at once */
  gboolean exit_on_shutdown;
  unsigned time_limit; /* seconds; 0: none */
  char *trace;
} Options;

/* Reads the command line. NULL with error for what is wrong; *finished for --help and --version,
 * which have printed what was asked for. */
Options *options_parse (int argc, char **argv, gboolean *finished, GError **error);
void options_free (Options *options);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Options, options_free)
