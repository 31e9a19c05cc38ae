/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#define NOINLINE __attribute__ ((noinline, noclone))
#define ARENA_SIZE (80ul << 20)

/* The memory in which kernels work. */
extern uint8_t arena[];

#define COMPUTE_KERNELS                                                                            \
  X (sort)                                                                                         \
  X (hash)                                                                                         \
  X (chase) X (stream) X (parse) X (matmul) X (x87) X (sha) X (call) X (virt) X (interp) X (big)
#define SYSTEM_KERNELS X (rep) X (syscall) X (fault) X (pipe) X (fork) X (jit)

/* Each does its work n times and returns a checksum. */
#define X(name) uint64_t kernel_##name (long n);
COMPUTE_KERNELS
SYSTEM_KERNELS
#undef X
