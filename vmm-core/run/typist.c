/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "typist.h"

#include <glib/gi18n.h>
#include <linux/input-event-codes.h>
#include <string.h>

#include "display/keymap.h"

#define KEY_MS 12   /* between two events of typed text: no guest loses keys at that rate */
#define CHORD_MS 60 /* that a chord is held */
#define MAX_CHORD 8
#define MAX_TEXT 65536

typedef struct
{
  unsigned code; /* 0: nothing, for a while */
  gboolean down;
} KeyEvent;

struct Typist
{
  Vm *vm;
  GPtrArray *texts;
};

/* Keys under way to the guest, for one method call. */
typedef struct
{
  Typist *typist;
  GDBusMethodInvocation *invocation; /* NULL: answered */
  GArray *events;
  unsigned at;
  guint source;
} Text;

static void
press (Vm *vm, unsigned code, gboolean down)
{
  machine_lock_acquire (vm_get_lock (vm));
  input_key (vm_get_input (vm), code, down);
  machine_lock_release (vm_get_lock (vm));
}

static void
text_free (gpointer data)
{
  Text *text = data;

  g_source_remove (text->source);
  g_clear_object (&text->invocation);
  g_array_unref (text->events);
  g_free (text);
}

/* Releases what its events so far have pressed. */
static void
release_keys (Text *text)
{
  g_autoptr (GHashTable) down = g_hash_table_new (NULL, NULL);
  GHashTableIter iter;
  gpointer code;

  for (unsigned i = 0; i < text->at; i++)
    {
      const KeyEvent *event = &g_array_index (text->events, KeyEvent, i);

      if (event->down)
        g_hash_table_add (down, GUINT_TO_POINTER (event->code));
      else
        g_hash_table_remove (down, GUINT_TO_POINTER (event->code));
    }
  g_hash_table_iter_init (&iter, down);
  while (g_hash_table_iter_next (&iter, &code, NULL))
    press (text->typist->vm, GPOINTER_TO_UINT (code), FALSE);
}

static gboolean
fail (GDBusMethodInvocation *invocation, const char *sentence)
{
  g_dbus_method_invocation_return_dbus_error (invocation, "org.guesthouse.Error.Failed", sentence);
  return FALSE;
}

static gboolean
text_step (gpointer data)
{
  Text *text = data;
  Typist *typist = text->typist;
  VmState state = vm_get_state (typist->vm);

  if (state == VM_PAUSED)
    return G_SOURCE_CONTINUE;
  if (state == VM_RUNNING && text->at < text->events->len)
    {
      const KeyEvent *event = &g_array_index (text->events, KeyEvent, text->at++);

      if (event->code != 0)
        press (typist->vm, event->code, event->down);
      return G_SOURCE_CONTINUE;
    }
  if (text->at == text->events->len)
    g_dbus_method_invocation_return_value (g_steal_pointer (&text->invocation), NULL);
  else
    fail (g_steal_pointer (&text->invocation),
          _ ("The machine was switched off before all keys were pressed."));
  g_ptr_array_remove (typist->texts, text);
  return G_SOURCE_CONTINUE; /* text_free has removed the source */
}

static void
add_event (GArray *events, unsigned code, gboolean down)
{
  KeyEvent event = { code, down };

  g_array_append_val (events, event);
}

/* Takes events over. */
static void
type_events (Typist *typist, GDBusMethodInvocation *invocation, GArray *events)
{
  Text *text;

  if (vm_get_state (typist->vm) != VM_RUNNING)
    {
      g_array_unref (events);
      fail (invocation, _ ("The machine is not running: nobody would receive the keys."));
      return;
    }
  text = g_new0 (Text, 1);
  text->typist = typist;
  text->invocation = invocation;
  text->events = events;
  text->source = g_timeout_add (KEY_MS, text_step, text);
  g_ptr_array_add (typist->texts, text);
}

void
typist_send_keys (Typist *typist, GDBusMethodInvocation *invocation, const char *chord)
{
  g_autoptr (GError) error = NULL;
  unsigned codes[MAX_CHORD];
  unsigned n = keymap_parse_chord (chord, codes, MAX_CHORD, &error);
  GArray *events;

  if (n == 0)
    {
      fail (invocation, error->message);
      return;
    }
  events = g_array_new (FALSE, FALSE, sizeof (KeyEvent));
  for (unsigned i = 0; i < n; i++)
    add_event (events, codes[i], TRUE);
  for (unsigned i = 0; i < CHORD_MS / KEY_MS; i++)
    add_event (events, 0, FALSE);
  for (unsigned i = n; i-- > 0;)
    add_event (events, codes[i], FALSE);
  type_events (typist, invocation, events);
}

/* FALSE if there is a character that no key types. */
static gboolean
add_text (GArray *events, const char *text)
{
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gboolean shift;
      unsigned code = keymap_code_from_char (g_utf8_get_char (at), &shift);

      if (code == 0)
        return FALSE;
      if (shift)
        add_event (events, KEY_LEFTSHIFT, TRUE);
      add_event (events, code, TRUE);
      add_event (events, code, FALSE);
      if (shift)
        add_event (events, KEY_LEFTSHIFT, FALSE);
    }
  return TRUE;
}

void
typist_type_text (Typist *typist, GDBusMethodInvocation *invocation, const char *text)
{
  GArray *events = g_array_new (FALSE, FALSE, sizeof (KeyEvent));

  if (strlen (text) > MAX_TEXT)
    fail (invocation, _ ("The text is longer than 64 KiB: type it in parts."));
  else if (!add_text (events, text))
    fail (invocation, _ ("The text has a character that a US keyboard cannot type: leave it out."));
  else
    {
      type_events (typist, invocation, events);
      return;
    }
  g_array_unref (events);
}

void
typist_forget (Typist *typist, GDBusConnection *connection)
{
  for (unsigned i = typist->texts->len; i-- > 0;)
    {
      Text *text = g_ptr_array_index (typist->texts, i);

      if (g_dbus_method_invocation_get_connection (text->invocation) != connection)
        continue;
      release_keys (text);
      g_ptr_array_remove_index (typist->texts, i);
    }
}

Typist *
typist_new (Vm *vm)
{
  Typist *typist = g_new0 (Typist, 1);

  typist->vm = vm;
  typist->texts = g_ptr_array_new_with_free_func (text_free);
  return typist;
}

void
typist_free (Typist *typist)
{
  if (typist == NULL)
    return;
  g_ptr_array_unref (typist->texts);
  g_free (typist);
}
