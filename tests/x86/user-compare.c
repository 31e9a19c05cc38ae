/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What differs between two runs of a case. */
#include <string.h>

#include "user-case.h"

/* The flags user code can see and set, without IF, which the host always has. */
#define FLAGS_COMPARED (X86_FLAGS_STATUS | X86_FLAG_DF | X86_FLAG_AC | X86_FLAG_ID)

static void
describe_bytes (GString *text, const char *name, const uint8_t *native, const uint8_t *software,
                size_t n)
{
  if (memcmp (native, software, n) == 0)
    return;
  g_string_append_printf (text, "  %s: host ", name);
  for (size_t i = n; i-- > 0;)
    g_string_append_printf (text, "%02x", native[i]);
  g_string_append (text, " ours ");
  for (size_t i = n; i-- > 0;)
    g_string_append_printf (text, "%02x", software[i]);
  g_string_append_c (text, '\n');
}

static void
describe_number (GString *text, const char *name, uint64_t native, uint64_t software)
{
  if (native != software)
    g_string_append_printf (text,
                            "  %s: host %" G_GINT64_MODIFIER "x ours %" G_GINT64_MODIFIER "x\n",
                            name, native, software);
}

static void
compare_fx (GString *text, const uint8_t *native, const uint8_t *software)
{
  describe_bytes (text, "x87 control", native, software, 2);
  describe_bytes (text, "x87 status", native + 2, software + 2, 2);
  describe_bytes (text, "x87 tag", native + 4, software + 4, 1);
  describe_bytes (text, "mxcsr", native + 24, software + 24, 4);
  for (unsigned i = 0; i < 8; i++)
    {
      g_autofree char *name = g_strdup_printf ("st%u", i);

      describe_bytes (text, name, native + 32 + 16 * i, software + 32 + 16 * i, 10);
    }
}

GString *
user_compare (const UserCase *test, const UserResult *native, const UserResult *software,
              bool lazy_flags)
{
  static const char *const names[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                       "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15" };
  const UserState *a = &native->state, *b = &software->state;
  uint64_t flags = FLAGS_COMPARED;
  uint32_t error = UINT32_MAX;
  GString *text = g_string_new (NULL);

  if (lazy_flags && native->outcome.vector != X86_BP)
    flags &= ~(uint64_t) X86_FLAGS_STATUS;
  describe_number (text, "exception", (uint64_t) native->outcome.vector,
                   (uint64_t) software->outcome.vector);
  /* Outside the case's memory, each has pages of its own. */
  if (native->outcome.vector == X86_PF
      && (native->outcome.address < USER_CODE || native->outcome.address > USER_COUNTER))
    error &= ~1u;
  describe_number (text, "error code", native->outcome.error & error,
                   software->outcome.error & error);
  if (!test->loose_address || native->outcome.address >> 12 != software->outcome.address >> 12)
    describe_number (text, "address", native->outcome.address, software->outcome.address);
  describe_number (text, "rip", a->rip, b->rip);
  describe_number (text, "rflags", a->rflags & flags, b->rflags & flags);
  for (unsigned i = 0; i < (test->code32 ? 8 : 16); i++)
    describe_number (text, names[i], a->gpr[i], b->gpr[i]);
  compare_fx (text, a->fx, b->fx);
  for (unsigned i = 0; i < 16; i++)
    {
      uint8_t host[32], ours[32];
      g_autofree char *name = g_strdup_printf ("ymm%u", i);

      memcpy (host, a->fx + 160 + 16 * i, 16);
      memcpy (host + 16, a->upper[i], 16);
      memcpy (ours, b->fx + 160 + 16 * i, 16);
      memcpy (ours + 16, b->upper[i], 16);
      describe_bytes (text, name, host, ours, 32);
    }
  for (unsigned i = 0; i < USER_DATA_SIZE; i += 8)
    if (memcmp (native->data + i, software->data + i, 8) != 0)
      {
        g_autofree char *name = g_strdup_printf ("memory %x", USER_DATA + i);

        describe_bytes (text, name, native->data + i, software->data + i, 8);
      }
  return text;
}
