/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "input.h"

#include <linux/input-event-codes.h>
#include <string.h>

#define MAX_CODE 0x300

typedef struct
{
  InputSink ops;
  void *device;
} Sink;

struct Input
{
  GArray *sinks;
  uint8_t keys_down[MAX_CODE / 8];
  unsigned buttons_down;
  unsigned leds;
  void (*changed) (void *data);
  void *changed_data;
  void (*taken) (void *data);
  void *taken_data;
};

Input *
input_new (void)
{
  Input *input = g_new0 (Input, 1);

  input->sinks = g_array_new (FALSE, FALSE, sizeof (Sink));
  return input;
}

void
input_free (Input *input)
{
  if (input == NULL)
    return;
  g_array_unref (input->sinks);
  g_free (input);
}

static void
input_notify (Input *input)
{
  if (input->changed != NULL)
    input->changed (input->changed_data);
}

void
input_add_sink (Input *input, const InputSink *sink, void *device)
{
  Sink added = { *sink, device };

  g_array_append_val (input->sinks, added);
  input_notify (input);
}

void
input_remove_sink (Input *input, void *device)
{
  for (unsigned i = 0; i < input->sinks->len; i++)
    if (g_array_index (input->sinks, Sink, i).device == device)
      {
        g_array_remove_index (input->sinks, i);
        input_notify (input);
        return;
      }
}

static const Sink *
input_keyboard (const Input *input)
{
  for (unsigned i = input->sinks->len; i-- > 0;)
    if (g_array_index (input->sinks, Sink, i).ops.key != NULL)
      return &g_array_index (input->sinks, Sink, i);
  return NULL;
}

static const Sink *
input_pointer (const Input *input)
{
  const Sink *relative = NULL;

  for (unsigned i = input->sinks->len; i-- > 0;)
    {
      const Sink *sink = &g_array_index (input->sinks, Sink, i);

      if (sink->ops.absolute)
        return sink;
      if (relative == NULL && sink->ops.motion != NULL)
        relative = sink;
    }
  return relative;
}

void
input_key (Input *input, unsigned code, gboolean down)
{
  const Sink *keyboard = input_keyboard (input);

  if (keyboard == NULL || code >= MAX_CODE)
    return;
  if (down)
    input->keys_down[code / 8] |= 1 << code % 8;
  else
    input->keys_down[code / 8] &= ~(1 << code % 8);
  keyboard->ops.key (keyboard->device, code, down);
}

gboolean
input_takes_keys (const Input *input)
{
  const Sink *keyboard = input_keyboard (input);

  return keyboard != NULL
         && (keyboard->ops.takes_keys == NULL || keyboard->ops.takes_keys (keyboard->device));
}

void
input_keys_taken (Input *input)
{
  if (input->taken != NULL)
    input->taken (input->taken_data);
}

void
input_set_keys_taken_callback (Input *input, void (*taken) (void *data), void *data)
{
  input->taken = taken;
  input->taken_data = data;
}

void
input_match_locks (Input *input, unsigned leds)
{
  unsigned differ = input->leds ^ leds;

  for (unsigned down = 2; down-- > 0;)
    {
      if (differ & INPUT_LED_CAPS_LOCK)
        input_key (input, KEY_CAPSLOCK, down);
      if (differ & INPUT_LED_NUM_LOCK)
        input_key (input, KEY_NUMLOCK, down);
    }
}

void
input_release_all (Input *input)
{
  for (unsigned code = 0; code < MAX_CODE; code++)
    if (input->keys_down[code / 8] >> code % 8 & 1)
      input_key (input, code, FALSE);
  for (InputButton button = INPUT_BUTTON_LEFT; button <= INPUT_BUTTON_EXTRA; button++)
    if (input->buttons_down >> button & 1)
      input_button (input, button, FALSE);
}

void
input_motion (Input *input, int dx, int dy)
{
  const Sink *pointer = input_pointer (input);

  if (pointer != NULL && pointer->ops.motion != NULL)
    pointer->ops.motion (pointer->device, CLAMP (dx, -4096, 4096), CLAMP (dy, -4096, 4096));
}

void
input_position (Input *input, unsigned x, unsigned y, unsigned width, unsigned height)
{
  const Sink *pointer = input_pointer (input);

  if (pointer == NULL || pointer->ops.position == NULL || width < 2 || height < 2)
    return;
  pointer->ops.position (pointer->device, (uint64_t) MIN (x, width - 1) * 32767 / (width - 1),
                         (uint64_t) MIN (y, height - 1) * 32767 / (height - 1));
}

gboolean
input_is_absolute (const Input *input)
{
  const Sink *pointer = input_pointer (input);

  return pointer != NULL && pointer->ops.absolute;
}

void
input_button (Input *input, InputButton button, gboolean down)
{
  const Sink *pointer = input_pointer (input);

  if (pointer == NULL || pointer->ops.button == NULL || button > INPUT_BUTTON_EXTRA)
    return;
  if (down)
    input->buttons_down |= 1u << button;
  else
    input->buttons_down &= ~(1u << button);
  pointer->ops.button (pointer->device, button, down);
}

void
input_scroll (Input *input, int dx, int dy)
{
  const Sink *pointer = input_pointer (input);

  if (pointer != NULL && pointer->ops.scroll != NULL)
    pointer->ops.scroll (pointer->device, CLAMP (dx, -128, 128), CLAMP (dy, -128, 128));
}

void
input_set_leds (Input *input, unsigned leds)
{
  if (input->leds == leds)
    return;
  input->leds = leds;
  input_notify (input);
}

unsigned
input_get_leds (const Input *input)
{
  return input->leds;
}

void
input_set_changed_callback (Input *input, void (*changed) (void *data), void *data)
{
  input->changed = changed;
  input->changed_data = data;
}
