/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "machine-look.h"
#include "vmm-core/run/machine-config.h"

/* One use of a command: its words, the machine it is about, and what it has to say. */

typedef struct Command Command;

typedef struct
{
  const Command *command;
  gboolean json;
  char **words; /* what is left without options and machine */
  unsigned n_words;
  GHashTable *options; /* name to value; "" for those without */

  char *machine_socket;
  char *folder;          /* NULL with --socket */
  char *name;            /* for sentences; NULL with --socket */
  char *uuid;            /* NULL: it has none */
  MachineConfig *config; /* NULL with --socket, or if machine.conf is broken */
  GError *conf_problem;  /* what is broken in it */
  MachineLook look;      /* at the process; its socket was given, or is the machine's */

  GString *out; /* for standard output, once the command has succeeded */
} Call;

/* What the exit status tells apart; every other error is 1. */
#define CALL_ERROR (call_error_quark ())
typedef enum
{
  CALL_ERROR_USAGE = 2,
  CALL_ERROR_NO_MACHINE = 3,
  CALL_ERROR_WRONG_STATE = 4
} CallError;
GQuark call_error_quark (void);
int call_get_status (const GError *error);

/* The value of an option, or NULL. */
const char *call_get_option (const Call *call, const char *name);

/* Finds the machine and connects to its process, if it has one. */
gboolean call_find_machine (Call *call, const char *machine, GError **error);
void call_clear (Call *call);

/* FALSE with the sentence why not. */
gboolean call_need_process (Call *call, GError **error);
gboolean call_need_answer (Call *call, GError **error);
gboolean call_is_on (const Call *call);

/* Takes problem, whose sentence D-Bus has put its own words in front of. */
gboolean call_pass_on (GError *problem, GError **error);
gboolean call_use (const Call *call, GError **error); /* FALSE: the words are wrong */

/* The word for what was seen: off, starting, running, paused, crashed, not-responding, or broken if
 * there is a problem with machine.conf and no process. */
const char *call_look_to_state (const MachineLook *look, const char *problem);
/* Text from elsewhere on one line: what would move a terminal's cursor is escaped. */
void call_add_shown (GString *out, const char *text);
/* The same on several lines. */
void call_add_text (GString *out, const char *text);
/* A sentence on the error channel. */
void call_print_problem (const char *sentence);

/* Says why the machine is as it is, on the error channel: what scripts read stays one word. */
void call_explain (const Call *call);

/* Writes machine.conf, if a start would accept it, and agrees to the files that it names now. */
gboolean call_write_conf (Call *call, GKeyFile *conf, GError **error);

/* Connects again, to a process that may have come only now; FALSE if nobody answers. */
gboolean call_connect (Call *call);
/* Tells the process to quit and waits for its end, for which the folder is free. */
gboolean call_quit (Call *call, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Call, call_clear)
