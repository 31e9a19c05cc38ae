/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a case on the software CPU. */
#include <string.h>

#include "user-case.h"

enum
{
  FX_CONTROL = 0,
  FX_STATUS = 2,
  FX_TAG = 4,
  FX_MXCSR = 24,
  FX_MXCSR_MASK = 28,
  FX_ST = 32,
  FX_XMM = 160
};

void
user_software_prepare (X86Machine *machine)
{
  uint8_t readonly[4096];

  for (unsigned i = 0; i < sizeof readonly; i++)
    readonly[i] = user_readonly_byte (i);
  x86_machine_write (machine, USER_READONLY, readonly, sizeof readonly);
  for (uint64_t page = 0; page < X86_MACHINE_OWN; page += 4096)
    x86_machine_protect (machine, page, false, false);
  x86_machine_protect (machine, USER_CODE, true, true);
  x86_machine_protect (machine, USER_COUNTER, true, true);
  x86_machine_protect (machine, USER_READONLY, true, false);
  for (uint64_t page = USER_DATA; page < USER_HOLE; page += 4096)
    x86_machine_protect (machine, page, true, true);
}

static void
user_state_enter (X86State *state, const UserState *user)
{
  memcpy (state->gpr, user->gpr, sizeof state->gpr);
  state->rip = user->rip;
  state->rflags = user->rflags;
  memcpy (&state->fpu.control, user->fx + FX_CONTROL, 2);
  memcpy (&state->fpu.status, user->fx + FX_STATUS, 2);
  state->fpu.tag = user->fx[FX_TAG];
  memcpy (&state->mxcsr, user->fx + FX_MXCSR, 4);
  for (unsigned i = 0; i < 8; i++)
    memcpy (state->fpu.st[i], user->fx + FX_ST + 16 * i, 10);
  for (unsigned i = 0; i < 16; i++)
    {
      memcpy (state->ymm[i], user->fx + FX_XMM + 16 * i, 16);
      memcpy (state->ymm[i] + 16, user->upper[i], 16);
    }
}

static void
user_state_leave (const X86State *state, UserState *user)
{
  memcpy (user->gpr, state->gpr, sizeof state->gpr);
  user->rip = state->rip;
  user->rflags = state->rflags;
  memcpy (user->fx + FX_CONTROL, &state->fpu.control, 2);
  memcpy (user->fx + FX_STATUS, &state->fpu.status, 2);
  user->fx[FX_TAG] = state->fpu.tag;
  memcpy (user->fx + FX_MXCSR, &state->mxcsr, 4);
  for (unsigned i = 0; i < 8; i++)
    memcpy (user->fx + FX_ST + 16 * i, state->fpu.st[i], 10);
  for (unsigned i = 0; i < 16; i++)
    {
      memcpy (user->fx + FX_XMM + 16 * i, state->ymm[i], 16);
      memcpy (user->upper[i], state->ymm[i] + 16, 16);
    }
}

void
user_software_run (X86Machine *machine, const UserCase *test, UserResult *result)
{
  uint32_t n_runs = test->n_runs;
  X86State state;

  x86_machine_init_state (&state, test->code32 ? 32 : 64);
  user_state_enter (&state, &test->state);
  x86_machine_write (machine, USER_CODE, test->code, test->code_length);
  x86_machine_write (machine, USER_DATA, test->data, USER_DATA_SIZE);
  x86_machine_write (machine, USER_COUNTER, &n_runs, sizeof n_runs);
  result->outcome = x86_machine_run (machine, &state);
  memset (&result->state, 0, sizeof result->state);
  user_state_leave (&state, &result->state);
  x86_machine_read (machine, USER_DATA, result->data, USER_DATA_SIZE);
}
