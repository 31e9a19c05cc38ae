/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpuid-table.h"

#include <stdbool.h>
#include <stdint.h>

/* The instruction sets that a CPU has or has not, as a set of bits. Their instructions are the
 * host's, so the software CPU has those of its host. Whatever else CPUID offers, it has on every
 * host. */
typedef enum
{
  X86_FEATURE_SSE2, /* and what every x86-64 CPU has before it */
  X86_FEATURE_SSE3,
  X86_FEATURE_SSSE3,
  X86_FEATURE_SSE41,
  X86_FEATURE_SSE42,
  X86_FEATURE_POPCNT,
  X86_FEATURE_AES,
  X86_FEATURE_PCLMUL,
  X86_FEATURE_SHA,
  X86_FEATURE_GFNI,
  X86_FEATURE_AVX,
  X86_FEATURE_AVX2,
  X86_FEATURE_FMA,
  X86_FEATURE_F16C,
  X86_FEATURE_VAES,
  X86_FEATURE_VPCLMUL,
  X86_FEATURE_MOVBE,
  X86_FEATURE_LZCNT,
  X86_FEATURE_BMI1,
  X86_FEATURE_BMI2,
  X86_FEATURE_ADX,
  X86_FEATURE_RDRAND,
  X86_FEATURE_RDSEED,
  X86_N_FEATURES
} X86Feature;

#define X86_FEATURES_ALL ((1u << X86_N_FEATURES) - 1)

static inline bool
x86_features_have (uint32_t features, X86Feature feature)
{
  return (features >> feature & 1) != 0;
}

/* A feature's name in GUESTHOUSE_HIDE, or NULL for one that every host has (x86-64-v2). */
const char *x86_feature_get_name (X86Feature feature);

/* The set without a feature, and without those that a CPU has only together with it. */
uint32_t x86_features_without (uint32_t features, X86Feature feature);

/* What the host has, without those that are named in the environment variable GUESTHOUSE_HIDE
 * (separated by commas): so a test shows how the software CPU does on a lesser host. */
uint32_t x86_features_of_host (void);

/* The same as bits of CPUID, and from there; put adds them to leaves that the table has. */
void x86_features_put (uint32_t features, CpuidTable *table);
uint32_t x86_features_of_table (const CpuidTable *table);

/* The host's family, model and stepping (leaf 1, EAX). */
uint32_t x86_features_get_signature (void);
/* The width of the host's physical addresses. */
unsigned x86_features_get_physical_bits (void);
