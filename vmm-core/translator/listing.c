/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machine code as people read it: by Zydis where the build has it, else as bytes. */
#include "listing.h"

#include <inttypes.h>

#ifdef HAVE_ZYDIS
#include <Zydis/Zydis.h>
#endif

#define BYTES_A_LINE 12

static const char *const kind_names[] = {
  [PLAN_INTERPRET] = "interpret",
  [PLAN_END] = "end",
  [PLAN_NOTHING] = "nothing",
  [PLAN_RAW] = "raw",
  [PLAN_INTEGER] = "integer",
  [PLAN_DIVIDE] = "divide",
  [PLAN_LEA] = "lea",
  [PLAN_PUSH] = "push",
  [PLAN_POP] = "pop",
  [PLAN_LEAVE] = "leave",
  [PLAN_JUMP] = "jump",
  [PLAN_CONDITIONAL] = "conditional",
  [PLAN_JUMP_INDIRECT] = "jump-indirect",
  [PLAN_CALL] = "call",
  [PLAN_CALL_INDIRECT] = "call-indirect",
  [PLAN_RETURN] = "return",
  [PLAN_PUSHF] = "pushf",
  [PLAN_POPF] = "popf",
  [PLAN_CLI] = "cli",
  [PLAN_STI] = "sti",
  [PLAN_DIRECTION] = "direction",
  [PLAN_SWAPGS] = "swapgs",
  [PLAN_CHANGE_VIEW] = "change-view",
  [PLAN_READ_SEGMENT] = "read-segment",
  [PLAN_READ_CONTROL] = "read-control",
  [PLAN_SEGMENT_BASE] = "segment-base",
  [PLAN_READ_KEYS] = "read-keys",
  [PLAN_READ_TSC] = "read-tsc",
  [PLAN_BIT_STRING] = "bit-string",
  [PLAN_STRING] = "string",
  [PLAN_REPEAT] = "repeat",
  [PLAN_COUNT] = "count",
  [PLAN_VECTOR] = "vector",
  [PLAN_X87] = "x87",
};

static void
append_bytes (GString *text, const uint8_t *bytes, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    g_string_append_printf (text, "%02x ", bytes[i]);
}

/* The first instruction at bytes, in words and after them; gives its length. bits are 16, 32 or
 * 64. */
static unsigned
append_instruction (GString *text, const uint8_t *bytes, unsigned available, uint64_t rip,
                    unsigned bits)
{
  unsigned length = MIN (available, BYTES_A_LINE);
#ifdef HAVE_ZYDIS
  ZydisMachineMode mode = bits == 64   ? ZYDIS_MACHINE_MODE_LONG_64
                          : bits == 32 ? ZYDIS_MACHINE_MODE_LEGACY_32
                                       : ZYDIS_MACHINE_MODE_LEGACY_16;
  ZydisDisassembledInstruction instruction;

  if (ZYAN_SUCCESS (ZydisDisassembleIntel (mode, rip, bytes, available, &instruction)))
    {
      g_string_append_printf (text, "%-40s ; ", instruction.text);
      length = instruction.info.length;
    }
#else
  (void) rip;
  (void) bits;
#endif
  append_bytes (text, bytes, length);
  g_string_truncate (text, text->len - 1);
  return length;
}

static unsigned
guest_bits (const Plan *plan)
{
  return plan->key & X86_MODE_CODE64 ? 64 : plan->key & X86_MODE_CODE32 ? 32 : 16;
}

static void
append_guest (GString *text, const Plan *plan, const PlanInsn *p)
{
  uint64_t rip = plan->rip + p->insn.offset;

  g_string_append_printf (text, "\n%#" PRIx64 ": ", rip);
  append_instruction (text, plan->bytes + p->insn.offset, p->insn.length, rip, guest_bits (plan));
}

static void
append_host (GString *text, const uint8_t *from, const uint8_t *end)
{
  while (from < end)
    {
      g_string_append_printf (text, "\n    %#" PRIxPTR ": ", (uintptr_t) from);
      from += append_instruction (text, from, (unsigned) (end - from), (uintptr_t) from, 64);
    }
}

char *
listing_of_guest (const Plan *plan)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "rip %#" PRIx64 " key %#x: %u instructions, %u bytes", plan->rip,
                          plan->key, plan->n, plan->length);
  for (unsigned i = 0; i < plan->n; i++)
    {
      const PlanInsn *p = &plan->insns[i];

      append_guest (text, plan, p);
      g_string_append_printf (text, " ; %s, flags read %#x written %#x live %#x",
                              kind_names[p->kind], p->flags_read, p->flags_written, p->live);
    }
  return g_string_free (text, FALSE);
}

char *
listing_of_code (const Plan *plan, const TranslatorBlock *block, const GenerateMarks *marks)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "rip %#" PRIx64 " key %#x: entry at %#" PRIxPTR, plan->rip,
                          plan->key, (uintptr_t) translator_block_get_entry (block));
  append_host (text, block->guard, marks->n > 0 ? marks->marks[0].code : block->guard + block->end);
  for (unsigned i = 0; i < marks->n; i++)
    {
      const GenerateMark *mark = &marks->marks[i];

      if (mark->code == mark->end && mark->cold)
        continue;
      if (mark->insn != NULL)
        append_guest (text, plan, mark->insn);
      else
        g_string_append (text, "\nthe block");
      if (mark->cold)
        g_string_append (text, " ; seldom run");
      append_host (text, mark->code, mark->end);
    }
  return g_string_free (text, FALSE);
}
