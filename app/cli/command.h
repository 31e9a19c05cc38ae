/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "call.h"

/* What guesthousectl can do: one table, from which parsing, help, completion and the manual are
 * made. Texts are marked, and translated where they are shown. */

typedef enum
{
  COMMAND_ALONE,   /* is about no machine in particular */
  COMMAND_FOLDER,  /* about a machine of the library */
  COMMAND_MACHINE, /* that, or one at a socket; whether it runs or not */
  COMMAND_PROCESS  /* one that runs */
} CommandNeeds;

typedef enum
{
  COMMAND_JSON = 1 << 0,   /* lists something: takes --json */
  COMMAND_BROKEN = 1 << 1, /* works on a machine whose machine.conf does not */
  COMMAND_HIDDEN = 1 << 2
} CommandFlags;

typedef struct
{
  const char *name;
  char letter;       /* 0: none */
  const char *value; /* what is behind it, NULL: nothing */
  const char *help;
} CommandOption;

#define COMMAND_OPTIONS 6

struct Command
{
  const char *name;
  const char *arguments; /* behind the machine, or NULL */
  const char *help;
  CommandNeeds needs;
  unsigned least, most; /* words behind the machine */
  CommandFlags flags;
  CommandOption options[COMMAND_OPTIONS]; /* up to one without a name */
  gboolean (*run) (Call *call, GError **error);
};

extern const Command command_table[];
extern const unsigned command_count;

/* NULL: there is none of that name. */
const Command *command_find (const char *name);
const CommandOption *command_find_option (const Command *command, const char *name, gsize length);
/* How it is used: "create NAME [OPTION…]". */
char *command_dup_synopsis (const Command *command);
