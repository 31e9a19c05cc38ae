/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "machine-interface.h"

/* A look at the processes of machines, of all at once. */
typedef struct
{
  const char *socket; /* NULL: none */
  GhMachine1 *proxy;  /* NULL: nobody answers */
  gboolean silent;    /* there is a process, but it does not answer */
} MachineLook;

/* Returns when all have answered or patience ms have passed; whoever has been stopped is not waited
 * for. The proxies are the caller's. */
void machine_look (MachineLook *looks, unsigned n, unsigned patience);
