/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* Input from a person to the guest: a switch between consoles and the input devices of the machine.
 * Keys are Linux input event codes (KEY_A = 30 …, linux/input-event-codes.h). Everything runs under
 * the machine lock. */
typedef struct Input Input;

typedef enum
{
  INPUT_BUTTON_LEFT,
  INPUT_BUTTON_MIDDLE,
  INPUT_BUTTON_RIGHT,
  INPUT_BUTTON_SIDE,
  INPUT_BUTTON_EXTRA
} InputButton;

/* A device that takes input; functions may be NULL. The keyboard added last that has key gets keys;
 * a pointer with absolute set is preferred to one without, then the one added last. */
typedef struct
{
  void (*key) (void *device, unsigned code, gboolean down);
  gboolean (*takes_keys) (void *device); /* the guest listens, and has read all keys so far */
  void (*motion) (void *device, int dx, int dy);
  void (*position) (void *device, unsigned x, unsigned y); /* 0 to 32767 across the screen */
  void (*button) (void *device, InputButton button, gboolean down);
  void (*scroll) (void *device, int dx, int dy); /* notches; positive is right and down */
  gboolean absolute;
} InputSink;

Input *input_new (void);
void input_free (Input *input);
void input_add_sink (Input *input, const InputSink *sink, void *device);
void input_remove_sink (Input *input, void *device);

/* The host may repeat keys as further downs; devices repeat keys by themselves. */
void input_key (Input *input, unsigned code, gboolean down);
/* Whether there is a keyboard that has nothing left to tell. */
gboolean input_takes_keys (const Input *input);
/* A keyboard's: the guest has read what there was. */
void input_keys_taken (Input *input);
void input_set_keys_taken_callback (Input *input, void (*taken) (void *data), void *data);
/* Presses Caps Lock and Num Lock where the lamps differ from these. */
void input_match_locks (Input *input, unsigned leds);
void input_release_all (Input *input); /* every key and button still down: focus was lost */
void input_motion (Input *input, int dx, int dy);
void input_position (Input *input, unsigned x, unsigned y, unsigned width, unsigned height);
gboolean input_is_absolute (const Input *input);
void input_button (Input *input, InputButton button, gboolean down);
void input_scroll (Input *input, int dx, int dy);

/* The keyboard's lamps, as the guest set them. */
enum
{
  INPUT_LED_SCROLL_LOCK = 1,
  INPUT_LED_NUM_LOCK = 2,
  INPUT_LED_CAPS_LOCK = 4
};
void input_set_leds (Input *input, unsigned leds);
unsigned input_get_leds (const Input *input);
/* Tells when the lamps or input_is_absolute change. */
void input_set_changed_callback (Input *input, void (*changed) (void *data), void *data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Input, input_free)
