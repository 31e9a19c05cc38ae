/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "typist.h"

#include <glib/gi18n.h>
#include <linux/input-event-codes.h>
#include <string.h>

#include "display/keymap.h"
#include "vmm-core/control-names.h"
#include "vmm-core/notice.h"

#define CHORD_MS 60       /* that a chord is held */
#define PATIENCE_MS 10000 /* with a guest that runs and reads no key */
#define MAX_CHORD 8
#define MAX_TEXT 65536
#define MAX_NAMED 10 /* characters that are named in a refusal */

/* A method call: a chord, or a text. */
typedef struct
{
  GDBusMethodInvocation *invocation;
  unsigned codes[MAX_CHORD], n_codes; /* 0: a text */
  gboolean held;                      /* the chord is down */
  gunichar *text;
  glong at, length;
} Job;

struct Typist
{
  Vm *vm;
  GQueue jobs;
  guint timer;      /* until a chord is let go, or patience ends */
  Notice *taken;    /* the guest has read all keys */
  gboolean waiting; /* for that; under the machine lock */
};

static void typist_go_on (Typist *typist);

static void
job_free (Job *job)
{
  g_object_unref (job->invocation);
  g_free (job->text);
  g_free (job);
}

static void
fail (GDBusMethodInvocation *invocation, const char *sentence)
{
  g_dbus_method_invocation_return_dbus_error (invocation, CONTROL_ERROR_FAILED, sentence);
}

/* Lock held. */
static void
press_chord (Typist *typist, Job *job, gboolean down)
{
  Input *input = vm_get_input (typist->vm);

  for (unsigned i = 0; i < job->n_codes; i++)
    input_key (input, job->codes[down ? i : job->n_codes - 1 - i], down);
  job->held = down;
}

/* Lock held. Caps Lock makes small letters of those that Shift is held for. */
static void
press_character (Typist *typist, gunichar c)
{
  Input *input = vm_get_input (typist->vm);
  gboolean shift;
  unsigned code = keymap_code_from_char (c, &shift);

  if (g_unichar_isalpha (c) && (input_get_leds (input) & INPUT_LED_CAPS_LOCK))
    shift = !shift;
  if (shift)
    input_key (input, KEY_LEFTSHIFT, TRUE);
  input_key (input, code, TRUE);
  input_key (input, code, FALSE);
  if (shift)
    input_key (input, KEY_LEFTSHIFT, FALSE);
}

/* Takes the first job away; sentence NULL: it is done. */
static void
answer (Typist *typist, const char *sentence)
{
  Job *job = g_queue_pop_head (&typist->jobs);

  g_clear_handle_id (&typist->timer, g_source_remove);
  if (sentence != NULL)
    fail (g_object_ref (job->invocation), sentence);
  else
    g_dbus_method_invocation_return_value (g_object_ref (job->invocation), NULL);
  job_free (job);
}

/* A chord that is down has done what it could. */
static void
end_chord (Typist *typist, Job *job)
{
  machine_lock_acquire (vm_get_lock (typist->vm));
  press_chord (typist, job, FALSE);
  machine_lock_release (vm_get_lock (typist->vm));
  answer (typist, NULL);
}

/* Nobody reads the rest. */
static void
give_up (Typist *typist, const char *sentence)
{
  Job *job;

  while ((job = g_queue_peek_head (&typist->jobs)) != NULL)
    if (job->held)
      end_chord (typist, job);
    else
      answer (typist, sentence);
}

static gboolean
timed_out (gpointer data)
{
  Typist *typist = data;
  Job *job = g_queue_peek_head (&typist->jobs);

  typist->timer = 0;
  if (vm_get_state (typist->vm) == VM_PAUSED)
    return G_SOURCE_REMOVE; /* resuming looks again */
  if (job->n_codes == 0)
    answer (typist,
            _ ("The system in the machine does not read its keyboard: wait until it does. The "
               "rest of the text was not typed."));
  else
    end_chord (typist, job);
  typist_go_on (typist);
  return G_SOURCE_REMOVE;
}

/* Begins or goes on with the first job; TRUE if that ended it. Lock held. */
static gboolean
type_some (Typist *typist, Job *job)
{
  if (job->n_codes > 0 && !job->held)
    press_chord (typist, job, TRUE);
  while (job->at < job->length && input_takes_keys (vm_get_input (typist->vm)))
    {
      press_character (typist, job->text[job->at++]);
      g_clear_handle_id (&typist->timer, g_source_remove);
    }
  typist->waiting
    = job->n_codes == 0 && (job->at < job->length || !input_takes_keys (vm_get_input (typist->vm)));
  return job->n_codes == 0 && !typist->waiting;
}

static void
typist_go_on (Typist *typist)
{
  VmState state = vm_get_state (typist->vm);
  Job *job;

  while (state == VM_RUNNING && (job = g_queue_peek_head (&typist->jobs)) != NULL)
    {
      gboolean done;

      machine_lock_acquire (vm_get_lock (typist->vm));
      done = type_some (typist, job);
      machine_lock_release (vm_get_lock (typist->vm));
      if (done)
        {
          answer (typist, NULL);
          continue;
        }
      if (typist->timer == 0)
        typist->timer
          = g_timeout_add (job->n_codes > 0 ? CHORD_MS : PATIENCE_MS, timed_out, typist);
      return;
    }
  if (state != VM_RUNNING && state != VM_PAUSED)
    give_up (typist, _ ("The machine was switched off before all keys were pressed."));
}

static void
look (void *data)
{
  typist_go_on (data);
}

/* From the keyboard, lock held, on any thread. */
static void
keys_taken (void *data)
{
  Typist *typist = data;

  if (typist->waiting)
    notice_give (typist->taken, 0);
}

void
typist_state_changed (Typist *typist)
{
  typist_go_on (typist);
}

void
typist_reset (Typist *typist)
{
  give_up (typist, _ ("The machine was reset before all keys were pressed."));
}

static void
take_job (Typist *typist, Job *job)
{
  if (vm_get_state (typist->vm) != VM_RUNNING)
    {
      fail (g_object_ref (job->invocation),
            _ ("The machine is not running: nobody would receive the keys."));
      job_free (job);
      return;
    }
  g_queue_push_tail (&typist->jobs, job);
  if (g_queue_get_length (&typist->jobs) == 1)
    typist_go_on (typist);
}

void
typist_send_keys (Typist *typist, GDBusMethodInvocation *invocation, const char *chord)
{
  g_autoptr (GError) error = NULL;
  Job job = { .invocation = invocation };

  job.n_codes = keymap_parse_chord (chord, job.codes, MAX_CHORD, &error);
  if (job.n_codes == 0)
    fail (invocation, error->message);
  else
    take_job (typist, g_memdup2 (&job, sizeof job));
}

/* The characters that no key types, each once, or NULL. */
static char *
dup_untypable (const gunichar *text)
{
  g_autoptr (GString) named = g_string_new (NULL);
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  for (; *text != 0 && g_hash_table_size (seen) < MAX_NAMED; text++)
    {
      gboolean shift;

      if (keymap_code_from_char (*text, &shift) != 0
          || !g_hash_table_add (seen, GUINT_TO_POINTER (*text)))
        continue;
      if (named->len > 0)
        g_string_append_c (named, ' ');
      if (g_unichar_isgraph (*text))
        g_string_append_unichar (named, *text);
      else
        g_string_append_printf (named, "U+%04X", *text);
    }
  return named->len > 0 ? g_string_free (g_steal_pointer (&named), FALSE) : NULL;
}

void
typist_type_text (Typist *typist, GDBusMethodInvocation *invocation, const char *text)
{
  Job job = { .invocation = invocation, .text = g_utf8_to_ucs4_fast (text, -1, &job.length) };
  g_autofree char *untypable = dup_untypable (job.text);
  g_autofree char *sentence = NULL;

  if (strlen (text) > MAX_TEXT)
    sentence = g_strdup (_ ("The text is longer than 64 KiB: type it in parts."));
  else if (untypable != NULL)
    sentence = g_strdup_printf (
      _ ("The text has characters that a US keyboard cannot type: %s. Leave them out."), untypable);
  if (sentence == NULL)
    {
      take_job (typist, g_memdup2 (&job, sizeof job));
      return;
    }
  fail (invocation, sentence);
  g_free (job.text);
}

void
typist_forget (Typist *typist, GDBusConnection *connection)
{
  GList *next;

  for (GList *link = typist->jobs.head; link != NULL; link = next)
    {
      Job *job = link->data;

      next = link->next;
      if (g_dbus_method_invocation_get_connection (job->invocation) != connection)
        continue;
      if (link == typist->jobs.head)
        g_clear_handle_id (&typist->timer, g_source_remove);
      machine_lock_acquire (vm_get_lock (typist->vm));
      if (job->held)
        press_chord (typist, job, FALSE);
      machine_lock_release (vm_get_lock (typist->vm));
      g_queue_delete_link (&typist->jobs, link);
      job_free (job);
    }
  typist_go_on (typist);
}

Typist *
typist_new (Vm *vm)
{
  Typist *typist = g_new0 (Typist, 1);

  typist->vm = vm;
  typist->taken = notice_new (NULL, look, typist);
  machine_lock_acquire (vm_get_lock (vm));
  input_set_keys_taken_callback (vm_get_input (vm), keys_taken, typist);
  machine_lock_release (vm_get_lock (vm));
  return typist;
}

void
typist_free (Typist *typist)
{
  if (typist == NULL)
    return;
  machine_lock_acquire (vm_get_lock (typist->vm));
  input_set_keys_taken_callback (vm_get_input (typist->vm), NULL, NULL);
  machine_lock_release (vm_get_lock (typist->vm));
  notice_free (typist->taken);
  g_clear_handle_id (&typist->timer, g_source_remove);
  g_queue_clear_full (&typist->jobs, (GDestroyNotify) job_free);
  g_free (typist);
}
