/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The processor models that a machine can have. All but “host” are the same under every
 * accelerator, down to the last leaf of CPUID: a machine may go from one to another. */

#define CPU_MODEL_HOST "host" /* all that the accelerator offers on this host */

typedef enum
{
  CPU_MAKER_ANY, /* the host's */
  CPU_MAKER_INTEL,
  CPU_MAKER_AMD /* and Hygon */
} CpuMaker;

typedef struct
{
  const char *name;     /* in machine.conf */
  const char *title;    /* for people, and in the brand string */
  const char *base;     /* the model whose features it has, too; NULL: none */
  const char *features; /* of cpu-feature.h, separated by spaces */
  CpuMaker maker;
  uint32_t signature; /* family, model and stepping as in leaf 1, EAX; 0: the host's */
} CpuModel;

/* NULL: there is none of that name. */
const CpuModel *cpu_models_find (const char *name);
/* One after the other, “host” first; NULL after the last. */
const CpuModel *cpu_models_get (unsigned i);
