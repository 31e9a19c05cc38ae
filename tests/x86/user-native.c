/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a case on the host's CPU. A signal handler that returns is the way in: the state it returns
 * to is the case's. The signal of the exception that ends the case is the way out. */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "user-case.h"

#define EXTENDED_AT 512 /* the XSAVE header in a signal frame */
#define UPPER_AT 576
#define SW_RESERVED_AT 464 /* the kernel's own bytes of the FXSAVE image */
#define USER_SS 0x2b

static const int registers_of[16]
  = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
      REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };

/* Signal handlers have no argument of ours. */
static const UserCase *current_case;
static UserResult *current_result;
static sigjmp_buf escape;

static void
user_native_enter (int number, siginfo_t *info, void *data)
{
  ucontext_t *context = data;
  greg_t *registers = context->uc_mcontext.gregs;
  uint8_t *fx = (uint8_t *) context->uc_mcontext.fpregs;
  const UserState *state = &current_case->state;
  uint64_t components;

  for (unsigned i = 0; i < 16; i++)
    registers[registers_of[i]] = (greg_t) state->gpr[i];
  registers[REG_RIP] = (greg_t) state->rip;
  registers[REG_EFL] = (greg_t) state->rflags;
  registers[REG_CSGSFS]
    = (greg_t) ((uint64_t) USER_SS << 48 | (current_case->code32 ? 0x23 : 0x33));
  memcpy (fx, state->fx, SW_RESERVED_AT);
  memcpy (&components, fx + SW_RESERVED_AT + 8, 8);
  if ((components & 4) != 0)
    {
      memcpy (&components, fx + EXTENDED_AT, 8);
      components |= 7;
      memcpy (fx + EXTENDED_AT, &components, 8);
      memcpy (fx + UPPER_AT, state->upper, sizeof state->upper);
    }
}

static void
user_native_leave (int number, siginfo_t *info, void *data)
{
  const ucontext_t *context = data;
  const greg_t *registers = context->uc_mcontext.gregs;
  const uint8_t *fx = (const uint8_t *) context->uc_mcontext.fpregs;
  UserState *state = &current_result->state;
  uint64_t components;

  for (unsigned i = 0; i < 16; i++)
    state->gpr[i] = (uint64_t) registers[registers_of[i]];
  state->rip = (uint64_t) registers[REG_RIP];
  state->rflags = (uint64_t) registers[REG_EFL];
  memcpy (state->fx, fx, SW_RESERVED_AT);
  memset (state->upper, 0, sizeof state->upper);
  memcpy (&components, fx + SW_RESERVED_AT + 8, 8);
  if ((components & 4) != 0)
    {
      memcpy (&components, fx + EXTENDED_AT, 8);
      if ((components & 4) != 0)
        memcpy (state->upper, fx + UPPER_AT, sizeof state->upper);
    }
  current_result->outcome.vector = (int) registers[REG_TRAPNO];
  current_result->outcome.error = (uint32_t) registers[REG_ERR];
  current_result->outcome.address
    = registers[REG_TRAPNO] == X86_PF ? (uint64_t) registers[REG_CR2] : 0;
  siglongjmp (escape, 1);
}

static void
user_native_map (uintptr_t address, size_t size, int protection)
{
  void *map = mmap ((void *) address, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_POPULATE, -1, 0);

  g_assert_true (map == (void *) address);
  if (address == USER_READONLY)
    for (unsigned i = 0; i < size; i++)
      ((uint8_t *) map)[i] = user_readonly_byte (i);
  mprotect (map, size, protection);
}

void
user_native_prepare (void)
{
  static const int exceptions[] = { SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS };
  struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
  stack_t stack = { .ss_size = 1 << 16 };

  user_native_map (USER_CODE, USER_CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC);
  user_native_map (USER_READONLY, 4096, PROT_READ);
  user_native_map (USER_DATA, USER_DATA_SIZE, PROT_READ | PROT_WRITE);
  user_native_map (USER_COUNTER, 4096, PROT_READ | PROT_WRITE);
  stack.ss_sp = g_malloc (stack.ss_size);
  sigaltstack (&stack, NULL);
  action.sa_sigaction = user_native_enter;
  sigaction (SIGUSR1, &action, NULL);
  action.sa_sigaction = user_native_leave;
  for (unsigned i = 0; i < G_N_ELEMENTS (exceptions); i++)
    sigaction (exceptions[i], &action, NULL);
  /* 32-bit code needs usable segments. */
  __asm__ volatile ("mov %0, %%ds; mov %0, %%es" : : "r"(USER_SS));
}

void
user_native_run (const UserCase *test, UserResult *result)
{
  current_case = test;
  current_result = result;
  memcpy ((void *) (uintptr_t) USER_CODE, test->code, test->code_length);
  memcpy ((void *) (uintptr_t) USER_DATA, test->data, USER_DATA_SIZE);
  *(uint32_t *) (uintptr_t) USER_COUNTER = test->n_runs;
  if (sigsetjmp (escape, 1) == 0)
    raise (SIGUSR1);
  memcpy (result->data, (const void *) (uintptr_t) USER_DATA, USER_DATA_SIZE);
}
