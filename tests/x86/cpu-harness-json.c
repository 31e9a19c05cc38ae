/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cpu-harness-json.h"

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define MAX_INSNS 1000000

static const char *const gpr_names[16] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                           "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15" };
static const char *const segment_names[6] = { "es", "cs", "ss", "ds", "fs", "gs" };

static bool
fail (GError **error, const char *format, const char *detail)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, format, detail);
  return false;
}

/* A JSON integer, or a string of a number as in C. */
static bool
parse_number (JsonNode *node, const char *name, uint64_t *value, GError **error)
{
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64)
    {
      *value = (uint64_t) json_node_get_int (node);
      return true;
    }
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    {
      char *end;
      const char *text = json_node_get_string (node);

      *value = g_ascii_strtoull (text, &end, 0);
      if (end != text && *end == '\0')
        return true;
    }
  return fail (error, "“%s” must be a number, or a string like \"0x1f\"", name);
}

static bool
get_number (JsonObject *object, const char *name, uint64_t *value, GError **error)
{
  JsonNode *node = json_object_get_member (object, name);

  return node == NULL || parse_number (node, name, value, error);
}

static bool
get_u16 (JsonObject *object, const char *name, uint16_t *value, GError **error)
{
  uint64_t number = *value;

  if (!get_number (object, name, &number, error))
    return false;
  *value = (uint16_t) number;
  return true;
}

/* The object name of object; NULL with *good when there is none. */
static JsonObject *
get_object (JsonObject *object, const char *name, bool *good, GError **error)
{
  JsonNode *node = json_object_get_member (object, name);

  *good
    = node == NULL || JSON_NODE_HOLDS_OBJECT (node) || fail (error, "“%s” must be an object", name);
  return node != NULL && *good ? json_node_get_object (node) : NULL;
}

/* A member that is a string; NULL with *good when there is none. */
static const char *
get_text (JsonObject *object, const char *name, bool *good, GError **error)
{
  JsonNode *node = json_object_get_member (object, name);

  *good = node == NULL
          || (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
          || fail (error, "“%s” must be a string", name);
  return node != NULL && *good ? json_node_get_string (node) : NULL;
}

/* Hexadecimal digits, two a byte, in order of address. */
static bool
parse_bytes (const char *text, uint8_t *bytes, size_t n)
{
  for (size_t i = 0; i < n; i++)
    {
      int high = g_ascii_xdigit_value (text[2 * i]),
          low = high < 0 ? -1 : g_ascii_xdigit_value (text[2 * i + 1]);

      if (low < 0)
        return false;
      bytes[i] = (uint8_t) (high << 4 | low);
    }
  return text[2 * n] == '\0';
}

static char *
format_bytes (const uint8_t *bytes, size_t n)
{
  GString *text = g_string_new (NULL);

  for (size_t i = 0; i < n; i++)
    g_string_append_printf (text, "%02x", bytes[i]);
  return g_string_free (text, FALSE);
}

static bool
parse_registers (HarnessCase *test, JsonObject *root, GError **error)
{
  bool good;
  JsonObject *registers = get_object (root, "registers", &good, error);

  if (registers == NULL)
    return good;
  for (unsigned i = 0; i < 16; i++)
    if (!get_number (registers, gpr_names[i], &test->state.gpr[i], error))
      return false;
  if (!get_number (registers, "rip", &test->state.rip, error)
      || !get_number (registers, "rflags", &test->state.rflags, error))
    return false;
  /* What a user may set; TF would end every instruction in #DB. */
  test->state.rflags
    = (test->state.rflags & (X86_FLAGS_STATUS | X86_FLAG_DF | X86_FLAG_AC | X86_FLAG_ID)) | 2;
  return true;
}

static bool
parse_segments (HarnessCase *test, JsonObject *root, GError **error)
{
  bool good;
  JsonObject *segments = get_object (root, "segments", &good, error);

  for (unsigned i = 0; segments != NULL && i < 6; i++)
    {
      JsonObject *object = get_object (segments, segment_names[i], &good, error);
      X86Segment *segment = &test->state.seg[i];
      uint64_t limit = segment->limit;

      if (!good)
        return false;
      if (object == NULL)
        continue;
      if (!get_u16 (object, "selector", &segment->selector, error))
        return false;
      if (test->bits == 16)
        segment->base = (uint64_t) segment->selector << 4;
      if (!get_number (object, "base", &segment->base, error)
          || !get_number (object, "limit", &limit, error))
        return false;
      segment->limit = (uint32_t) limit;
    }
  return good;
}

static bool
parse_x87 (HarnessCase *test, JsonObject *root, GError **error)
{
  bool good;
  JsonObject *x87 = get_object (root, "x87", &good, error);
  X86Fpu *fpu = &test->state.fpu;
  uint64_t tag = fpu->tag;

  if (x87 == NULL)
    return good;
  if (!get_u16 (x87, "control", &fpu->control, error)
      || !get_u16 (x87, "status", &fpu->status, error) || !get_number (x87, "tag", &tag, error))
    return false;
  fpu->tag = (uint8_t) tag;
  for (unsigned i = 0; i < 8; i++)
    {
      g_autofree char *name = g_strdup_printf ("st%u", i);
      const char *text = get_text (x87, name, &good, error);

      if (!good)
        return false;
      if (text != NULL && !parse_bytes (text, fpu->st[i], 10))
        return fail (error, "“%s” must be 20 hexadecimal digits, lowest byte first", name);
    }
  return true;
}

static bool
parse_vectors (HarnessCase *test, JsonObject *root, GError **error)
{
  bool good;
  JsonObject *vectors = get_object (root, "vectors", &good, error);
  uint64_t mxcsr = test->state.mxcsr;

  if (!good || !get_number (root, "mxcsr", &mxcsr, error))
    return false;
  if (mxcsr > 0xffff)
    return fail (error, "“%s” must be at most 0xffff", "mxcsr");
  test->state.mxcsr = (uint32_t) mxcsr;
  for (unsigned i = 0; vectors != NULL && i < 16; i++)
    {
      g_autofree char *name = g_strdup_printf ("ymm%u", i);
      const char *text = get_text (vectors, name, &good, error);

      if (!good)
        return false;
      if (text != NULL && !parse_bytes (text, test->state.ymm[i], 32)
          && !parse_bytes (text, test->state.ymm[i], 16))
        return fail (error, "“%s” must be 32 or 64 hexadecimal digits, lowest byte first", name);
    }
  return true;
}

static uint8_t *
harness_case_get_page (HarnessCase *test, uint64_t page)
{
  uint8_t *bytes = g_hash_table_lookup (test->pages, GUINT_TO_POINTER (page));

  if (bytes == NULL)
    {
      bytes = g_malloc0 (4096);
      g_hash_table_insert (test->pages, GUINT_TO_POINTER (page), bytes);
    }
  return bytes;
}

static bool
parse_memory (HarnessCase *test, JsonObject *root, GError **error)
{
  bool good;
  JsonObject *memory = get_object (root, "memory", &good, error);
  g_autoptr (GList) names = memory != NULL ? json_object_get_members (memory) : NULL;

  for (GList *l = names; l != NULL; l = l->next)
    {
      const char *name = l->data, *text = get_text (memory, name, &good, error);
      uint64_t address;
      char *end;
      size_t n;
      g_autofree uint8_t *bytes = NULL;

      if (!good)
        return false;
      address = g_ascii_strtoull (name, &end, 0);
      n = strlen (text) / 2;
      bytes = g_malloc (n + 1);
      if (end == name || *end != '\0' || address >= X86_MACHINE_OWN
          || n > X86_MACHINE_OWN - address)
        return fail (error, "“%s” is not an address of memory; it ends at 0x1f00000", name);
      if (!parse_bytes (text, bytes, n))
        return fail (error, "The memory at “%s” must be hexadecimal digits, two a byte", name);
      for (size_t i = 0; i < n; i++)
        harness_case_get_page (test, (address + i) >> 12)[(address + i) & 4095] = bytes[i];
    }
  return good;
}

HarnessCase *
harness_case_parse (const char *line, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (HarnessCase) test = g_new0 (HarnessCase, 1);
  uint64_t bits = 64;
  JsonObject *root;

  test->pages = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  test->n_insns = 1;
  if (!json_parser_load_from_data (parser, line, -1, error))
    return NULL;
  if (json_parser_get_root (parser) == NULL
      || !JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    {
      fail (error, "A case must be a JSON %s", "object");
      return NULL;
    }
  root = json_node_get_object (json_parser_get_root (parser));
  if (json_object_has_member (root, "id"))
    test->id = json_to_string (json_object_get_member (root, "id"), FALSE);
  if (!get_number (root, "mode", &bits, error)
      || !get_number (root, "instructions", &test->n_insns, error))
    return NULL;
  if ((bits != 16 && bits != 32 && bits != 64) || test->n_insns > MAX_INSNS)
    {
      fail (error, "“%s” must be 16, 32 or 64, and “instructions” at most 1000000", "mode");
      return NULL;
    }
  test->bits = (unsigned) bits;
  x86_machine_init_state (&test->state, test->bits);
  if (!parse_registers (test, root, error) || !parse_segments (test, root, error)
      || !parse_x87 (test, root, error) || !parse_vectors (test, root, error)
      || !parse_memory (test, root, error) || !x86_state_check_software (&test->state, error))
    return NULL;
  return g_steal_pointer (&test);
}

void
harness_case_free (HarnessCase *test)
{
  g_hash_table_unref (test->pages);
  g_free (test->id);
  g_free (test);
}

void
harness_case_load (HarnessCase *test, X86Machine *machine)
{
  GHashTableIter iter;
  gpointer page, bytes;

  g_hash_table_iter_init (&iter, test->pages);
  while (g_hash_table_iter_next (&iter, &page, &bytes))
    x86_machine_write (machine, (uint64_t) GPOINTER_TO_UINT (page) << 12, bytes, 4096);
  x86_machine_forget_changes (machine);
}

void
harness_case_unload (HarnessCase *test, X86Machine *machine)
{
  static const uint8_t zero[4096];
  GHashTableIter iter;
  gpointer page;

  g_hash_table_iter_init (&iter, test->pages);
  while (g_hash_table_iter_next (&iter, &page, NULL))
    x86_machine_write (machine, (uint64_t) GPOINTER_TO_UINT (page) << 12, zero, 4096);
}

static void
build_hex (JsonBuilder *builder, const char *name, uint64_t value)
{
  g_autofree char *text = g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", value);

  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, text);
}

static void
build_bytes (JsonBuilder *builder, const char *name, const uint8_t *bytes, size_t n)
{
  g_autofree char *text = format_bytes (bytes, n);

  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, text);
}

static void
build_state (JsonBuilder *builder, const X86State *state)
{
  json_builder_set_member_name (builder, "registers");
  json_builder_begin_object (builder);
  for (unsigned i = 0; i < 16; i++)
    build_hex (builder, gpr_names[i], state->gpr[i]);
  build_hex (builder, "rip", state->rip);
  build_hex (builder, "rflags", state->rflags);
  json_builder_end_object (builder);

  json_builder_set_member_name (builder, "segments");
  json_builder_begin_object (builder);
  for (unsigned i = 0; i < 6; i++)
    {
      json_builder_set_member_name (builder, segment_names[i]);
      json_builder_begin_object (builder);
      build_hex (builder, "selector", state->seg[i].selector);
      build_hex (builder, "base", state->seg[i].base);
      build_hex (builder, "limit", state->seg[i].limit);
      json_builder_end_object (builder);
    }
  json_builder_end_object (builder);

  json_builder_set_member_name (builder, "x87");
  json_builder_begin_object (builder);
  build_hex (builder, "control", state->fpu.control);
  build_hex (builder, "status", state->fpu.status);
  build_hex (builder, "tag", state->fpu.tag);
  for (unsigned i = 0; i < 8; i++)
    build_bytes (builder, (char[]){ 's', 't', (char) ('0' + i), 0 }, state->fpu.st[i], 10);
  json_builder_end_object (builder);

  build_hex (builder, "mxcsr", state->mxcsr);
  json_builder_set_member_name (builder, "vectors");
  json_builder_begin_object (builder);
  for (unsigned i = 0; i < 16; i++)
    {
      g_autofree char *name = g_strdup_printf ("ymm%u", i);

      build_bytes (builder, name, state->ymm[i], 32);
    }
  json_builder_end_object (builder);
}

/* The bytes of one page that differ from what the case put there, as runs. */
static void
build_page_changes (JsonBuilder *builder, X86Machine *machine, uint64_t page, const uint8_t *before)
{
  uint8_t after[4096];

  x86_machine_read (machine, page << 12, after, sizeof after);
  for (unsigned i = 0; i < sizeof after;)
    {
      unsigned end = i;
      g_autofree char *name = g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", (page << 12) + i);

      while (end < sizeof after && after[end] != before[end])
        end++;
      if (end > i)
        build_bytes (builder, name, after + i, end - i);
      i = MAX (end, i + 1);
    }
}

char *
harness_result_to_json (HarnessCase *test, X86Machine *machine, const X86State *state,
                        const X86Outcome *outcome, uint64_t done)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (GArray) changed = x86_machine_dup_changes (machine);
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  if (test->id != NULL)
    {
      json_builder_set_member_name (builder, "id");
      json_builder_add_value (builder, json_from_string (test->id, NULL));
    }
  json_builder_set_member_name (builder, "instructions");
  json_builder_add_int_value (builder, (gint64) done);
  if (outcome->vector >= 0)
    {
      json_builder_set_member_name (builder, "exception");
      json_builder_begin_object (builder);
      json_builder_set_member_name (builder, "vector");
      json_builder_add_int_value (builder, outcome->vector);
      build_hex (builder, "error", outcome->error);
      build_hex (builder, "address", outcome->address);
      json_builder_end_object (builder);
    }
  build_state (builder, state);
  json_builder_set_member_name (builder, "memory");
  json_builder_begin_object (builder);
  for (unsigned i = 0; i < changed->len; i++)
    {
      uint64_t page = g_array_index (changed, uint64_t, i);

      build_page_changes (builder, machine, page, harness_case_get_page (test, page));
    }
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

char *
harness_error_to_json (const char *message)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "error");
  json_builder_add_string_value (builder, message);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}
