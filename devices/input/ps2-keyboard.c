/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IBM PS/2 Hardware Interface Technical Reference, "Keyboards (101- and 102-Key)". The key pressed
 * last repeats by guest time; that the host's keyboard repeats, too, is ignored. */
#include "ps2-keyboard.h"

#include "ps2-keys.h"
#include "ps2-queue.h"
#include "vmm-core/trace.h"

#include <linux/input-event-codes.h>
#include <string.h>

#define ACK 0xfa
#define RESEND 0xfe
#define ECHO 0xee
#define BAT_PASSED 0xaa
#define BREAK 0xf0
#define RATE_DEFAULT 0x2b /* half a second, then 10.9 a second */
#define N_KEYS 256

enum
{
  CMD_SET_LEDS = 0xed,
  CMD_ECHO = 0xee,
  CMD_SELECT_SET = 0xf0,
  CMD_READ_ID = 0xf2,
  CMD_SET_RATE = 0xf3,
  CMD_ENABLE = 0xf4,
  CMD_DISABLE = 0xf5,
  CMD_DEFAULT = 0xf6,
  CMD_ALL_TYPEMATIC = 0xf7, /* F7h to FAh: all keys; FBh to FDh: one key */
  CMD_ALL_BOTH = 0xfa,
  CMD_KEY_TYPEMATIC = 0xfb,
  CMD_KEY_MAKE = 0xfd,
  CMD_RESEND = 0xfe,
  CMD_RESET = 0xff
};

enum
{
  HELD_SHIFT = 1 << 0,
  HELD_CTRL = 1 << 1,
  HELD_ALT = 1 << 2
};

typedef struct
{
  Ps2Queue queue;
  uint8_t set;     /* 1, 2 or 3 */
  uint8_t command; /* that waits for its parameter, or 0 */
  uint8_t leds;
  uint8_t held; /* HELD_…, either side */
  bool enabled;
  uint8_t breaks[32];       /* set 3: a bit for each code that reports its release, */
  uint8_t repeats[32];      /* and that repeats */
  uint8_t down[N_KEYS / 8]; /* a bit for each Linux key code */
  uint8_t rate;             /* typematic delay and rate */
  uint8_t repeating;        /* the Linux key code that repeats, or 0 */
  int64_t repeat_deadline;  /* of the timer; -1: none */
} Ps2KeyboardState;

struct Ps2Keyboard
{
  Input *input;
  Clock *clock;
  Timer *repeat;
  void (*ready) (void *host);
  void *host;
  Ps2KeyboardState state;
};

static const StateField ps2_keyboard_fields[] = {
  STATE_NESTED (Ps2KeyboardState, queue, &ps2_queue_table),
  STATE_INT_IN (Ps2KeyboardState, set, 1, 3),
  STATE_INT (Ps2KeyboardState, command),
  STATE_INT (Ps2KeyboardState, leds),
  STATE_INT (Ps2KeyboardState, held),
  STATE_FLAG (Ps2KeyboardState, enabled),
  STATE_BLOB (Ps2KeyboardState, breaks),
  STATE_BLOB (Ps2KeyboardState, repeats),
  STATE_BLOB (Ps2KeyboardState, down),
  STATE_INT (Ps2KeyboardState, rate),
  STATE_INT (Ps2KeyboardState, repeating),
  STATE_DEADLINE (Ps2KeyboardState, repeat_deadline),
};
static const StateTable ps2_keyboard_table = STATE_TABLE (Ps2KeyboardState, 1, ps2_keyboard_fields);

static bool
bit_get (const uint8_t bits[32], uint8_t n)
{
  return bits[n / 8] >> n % 8 & 1;
}

static void
bit_set (uint8_t bits[32], uint8_t n, bool value)
{
  bits[n / 8] = value ? bits[n / 8] | 1 << n % 8 : bits[n / 8] & ~(1 << n % 8);
}

static void
ps2_keyboard_announce (Ps2Keyboard *keyboard)
{
  if (keyboard->ready != NULL && !ps2_queue_is_empty (&keyboard->state.queue))
    keyboard->ready (keyboard->host);
}

static void
ps2_keyboard_answer (Ps2Keyboard *keyboard, uint8_t byte)
{
  ps2_queue_put_answer (&keyboard->state.queue, byte);
}

/* An event. The last byte of the buffer is kept for the code that says that events were lost. */
static void
ps2_keyboard_send (Ps2Keyboard *keyboard, const uint8_t *bytes, unsigned n)
{
  Ps2Queue *queue = &keyboard->state.queue;
  const uint8_t overrun = keyboard->state.set == 1 ? 0xff : 0x00;
  unsigned room = ps2_queue_get_room (queue);

  if (room > n)
    ps2_queue_put_event (queue, bytes, n);
  else if (room > 0 && (queue->n_events == 0 || queue->events[queue->n_events - 1] != overrun))
    {
      TRACE ("ps2-keyboard.overrun", "%u bytes lost", n);
      ps2_queue_put_event (queue, &overrun, 1);
    }
  ps2_keyboard_announce (keyboard);
}

/* One key in set 1 or 2; code is its set 1 code, with E000h for the extended ones. */
static unsigned
ps2_keyboard_encode (const Ps2Keyboard *keyboard, uint16_t code, bool down, uint8_t *bytes)
{
  uint8_t set1 = code & 0xff;
  unsigned n = 0;

  if (!down && ps2_keys_has_no_break (set1))
    return 0;
  if (code & 0xff00)
    bytes[n++] = code >> 8;
  if (keyboard->state.set == 1)
    bytes[n++] = down ? set1 : set1 | 0x80;
  else
    {
      if (!down)
        bytes[n++] = BREAK;
      bytes[n++] = ps2_keys_set1_to_set2 (set1);
    }
  return n;
}

static void
ps2_keyboard_send_code (Ps2Keyboard *keyboard, uint16_t code, bool down)
{
  uint8_t bytes[4];

  ps2_keyboard_send (keyboard, bytes, ps2_keyboard_encode (keyboard, code, down, bytes));
}

/* The cursor keys beside the keypad, which a keyboard of 84 keys had on the keypad alone. */
static bool
is_grey (uint16_t code)
{
  switch (code)
    {
    case 0xe047 ... 0xe049:
    case 0xe04b:
    case 0xe04d:
    case 0xe04f ... 0xe053:
      return true;
    default:
      return false;
    }
}

/* For software of that keyboard, shifts of their own undo what Shift or Num Lock would make of
 * them; Shift is undone for the keypad's slash, too. */
static void
ps2_keyboard_send_grey (Ps2Keyboard *keyboard, uint16_t code, bool down)
{
  const Ps2KeyboardState *state = &keyboard->state;
  bool num_lock = (state->leds & INPUT_LED_NUM_LOCK) && is_grey (code);
  uint8_t bytes[12];
  unsigned n = 0;

  if (!down)
    n += ps2_keyboard_encode (keyboard, code, false, bytes);
  if (num_lock && !(state->held & HELD_SHIFT))
    n += ps2_keyboard_encode (keyboard, 0xe02a, down, bytes + n);
  if (!num_lock && bit_get (state->down, KEY_LEFTSHIFT))
    n += ps2_keyboard_encode (keyboard, 0xe02a, !down, bytes + n);
  if (!num_lock && bit_get (state->down, KEY_RIGHTSHIFT))
    n += ps2_keyboard_encode (keyboard, 0xe036, !down, bytes + n);
  if (down)
    n += ps2_keyboard_encode (keyboard, code, true, bytes + n);
  ps2_keyboard_send (keyboard, bytes, n);
}

/* Print Screen reports a shift of its own around itself, unless one is held; with Alt it is
 * SysRq. */
static void
ps2_keyboard_send_print_screen (Ps2Keyboard *keyboard, bool down)
{
  uint8_t bytes[8];
  unsigned n = 0;

  if (keyboard->state.held & HELD_ALT)
    n = ps2_keyboard_encode (keyboard, 0x54, down, bytes);
  else if (keyboard->state.held & (HELD_SHIFT | HELD_CTRL))
    n = ps2_keyboard_encode (keyboard, 0xe037, down, bytes);
  else
    {
      n = ps2_keyboard_encode (keyboard, down ? 0xe02a : 0xe037, down, bytes);
      n += ps2_keyboard_encode (keyboard, down ? 0xe037 : 0xe02a, down, bytes + n);
    }
  ps2_keyboard_send (keyboard, bytes, n);
}

/* Pause is pressed and released at once; with Ctrl it is Break. */
static void
ps2_keyboard_send_pause (Ps2Keyboard *keyboard)
{
  static const uint8_t set1[] = { 0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5 };
  static const uint8_t set2[] = { 0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77 };

  if (keyboard->state.held & HELD_CTRL)
    {
      ps2_keyboard_send_code (keyboard, 0xe046, true);
      ps2_keyboard_send_code (keyboard, 0xe046, false);
    }
  else if (keyboard->state.set == 1)
    ps2_keyboard_send (keyboard, set1, sizeof set1);
  else
    ps2_keyboard_send (keyboard, set2, sizeof set2);
}

static void
ps2_keyboard_send_set3 (Ps2Keyboard *keyboard, unsigned key, bool down)
{
  uint8_t code = ps2_keys_get_set3 (key);
  const uint8_t bytes[] = { BREAK, code };

  if (code == 0)
    return;
  if (down)
    ps2_keyboard_send (keyboard, bytes + 1, 1);
  else if (bit_get (keyboard->state.breaks, code))
    ps2_keyboard_send (keyboard, bytes, 2);
}

static void
ps2_keyboard_send_key (Ps2Keyboard *keyboard, unsigned key, bool down)
{
  uint16_t code = ps2_keys_get_set1 (key);

  if (keyboard->state.set == 3)
    ps2_keyboard_send_set3 (keyboard, key, down);
  else if (key == KEY_SYSRQ)
    ps2_keyboard_send_print_screen (keyboard, down);
  else if (key == KEY_PAUSE && down)
    ps2_keyboard_send_pause (keyboard);
  else if (is_grey (code) || key == KEY_KPSLASH)
    ps2_keyboard_send_grey (keyboard, code, down);
  else if (code != 0)
    ps2_keyboard_send_code (keyboard, code, down);
}

static bool
ps2_keyboard_may_repeat (const Ps2Keyboard *keyboard, unsigned key)
{
  if (keyboard->state.set == 3)
    return bit_get (keyboard->state.repeats, ps2_keys_get_set3 (key));
  return key != KEY_PAUSE && key != KEY_HANGEUL && key != KEY_HANJA;
}

static void
ps2_keyboard_start_repeat (Ps2Keyboard *keyboard, unsigned key)
{
  int64_t delay = 250000000 * (1 + (keyboard->state.rate >> 5 & 3));

  keyboard->state.repeating = key;
  timer_arm (keyboard->repeat, clock_get_ns (keyboard->clock) + delay);
}

static void
ps2_keyboard_stop_repeat (Ps2Keyboard *keyboard)
{
  keyboard->state.repeating = 0;
  timer_disarm (keyboard->repeat);
}

/* The shifts of its own that a key reports are not repeated. */
static void
ps2_keyboard_repeat_key (Ps2Keyboard *keyboard, unsigned key)
{
  uint16_t code = ps2_keys_get_set1 (key);

  if (key == KEY_SYSRQ)
    code = keyboard->state.held & HELD_ALT ? 0x54 : 0xe037;
  if (keyboard->state.set == 3)
    ps2_keyboard_send_set3 (keyboard, key, true);
  else if (code != 0)
    ps2_keyboard_send_code (keyboard, code, true);
}

/* A host that does not keep up gets no more than it has read. */
static void
ps2_keyboard_expired (void *device)
{
  Ps2Keyboard *keyboard = device;
  unsigned key = keyboard->state.repeating, rate = keyboard->state.rate;
  int64_t period = ((8 + (rate & 7)) << (rate >> 3 & 3)) * INT64_C (1000000000) / 240;

  if (!ps2_keyboard_has_data (keyboard) && ps2_keyboard_may_repeat (keyboard, key))
    ps2_keyboard_repeat_key (keyboard, key);
  timer_arm (keyboard->repeat, clock_get_ns (keyboard->clock) + period);
}

/* A modifier is held as long as either of its keys is. */
static void
ps2_keyboard_note_modifiers (Ps2Keyboard *keyboard)
{
  static const struct
  {
    uint8_t bit, left, right;
  } modifiers[] = { { HELD_SHIFT, KEY_LEFTSHIFT, KEY_RIGHTSHIFT },
                    { HELD_CTRL, KEY_LEFTCTRL, KEY_RIGHTCTRL },
                    { HELD_ALT, KEY_LEFTALT, KEY_RIGHTALT } };
  Ps2KeyboardState *state = &keyboard->state;

  state->held = 0;
  for (unsigned i = 0; i < G_N_ELEMENTS (modifiers); i++)
    if (bit_get (state->down, modifiers[i].left) || bit_get (state->down, modifiers[i].right))
      state->held |= modifiers[i].bit;
}

static void
ps2_keyboard_key (void *device, unsigned key, gboolean down)
{
  Ps2Keyboard *keyboard = device;
  bool was_down;

  if (key == 0 || key >= N_KEYS)
    return;
  was_down = bit_get (keyboard->state.down, key);
  bit_set (keyboard->state.down, key, down);
  ps2_keyboard_note_modifiers (keyboard);
  /* What was pressed while nobody was there is not released. */
  if (!keyboard->state.enabled || !!down == was_down)
    return;
  ps2_keyboard_send_key (keyboard, key, down);
  if (down)
    ps2_keyboard_start_repeat (keyboard, key);
  else if (keyboard->state.repeating == key)
    ps2_keyboard_stop_repeat (keyboard);
}

/* Set 3's key types after reset: everything repeats, the modifiers report their release instead. */
static void
ps2_keyboard_set_key_types (Ps2Keyboard *keyboard, bool repeats, bool breaks)
{
  memset (keyboard->state.repeats, repeats ? 0xff : 0, sizeof keyboard->state.repeats);
  memset (keyboard->state.breaks, breaks ? 0xff : 0, sizeof keyboard->state.breaks);
}

/* The state after power on, to which F5h and F6h return, too: set 2 among it. */
static void
ps2_keyboard_set_defaults (Ps2Keyboard *keyboard)
{
  static const uint8_t modifiers[] = { 0x11, 0x12, 0x14, 0x19, 0x39, 0x58, 0x59 };

  keyboard->state.set = 2;
  ps2_keyboard_set_key_types (keyboard, true, false);
  for (unsigned i = 0; i < sizeof modifiers; i++)
    {
      bit_set (keyboard->state.repeats, modifiers[i], false);
      bit_set (keyboard->state.breaks, modifiers[i], true);
    }
  keyboard->state.rate = RATE_DEFAULT;
  ps2_keyboard_stop_repeat (keyboard);
  ps2_queue_clear_events (&keyboard->state.queue);
}

static void
ps2_keyboard_set_leds (Ps2Keyboard *keyboard, uint8_t leds)
{
  keyboard->state.leds = leds & 7;
  input_set_leds (keyboard->input, keyboard->state.leds);
}

/* The parameter of the last command. */
static void
ps2_keyboard_take_parameter (Ps2Keyboard *keyboard, uint8_t command, uint8_t byte)
{
  Ps2KeyboardState *state = &keyboard->state;

  if (command == CMD_SELECT_SET && byte > 3)
    {
      ps2_keyboard_answer (keyboard, RESEND);
      return;
    }
  ps2_keyboard_answer (keyboard, ACK);
  if (command == CMD_SET_LEDS)
    ps2_keyboard_set_leds (keyboard, byte);
  else if (command == CMD_SET_RATE)
    state->rate = byte & 0x7f;
  else if (command == CMD_SELECT_SET && byte == 0)
    ps2_keyboard_answer (keyboard, state->set);
  else if (command == CMD_SELECT_SET)
    {
      state->set = byte;
      ps2_keyboard_stop_repeat (keyboard); /* codes of the old set are void */
      ps2_queue_clear_events (&state->queue);
    }
  else if (command >= CMD_KEY_TYPEMATIC && command <= CMD_KEY_MAKE)
    {
      bit_set (state->repeats, byte, command == CMD_KEY_TYPEMATIC);
      bit_set (state->breaks, byte, command == CMD_KEY_TYPEMATIC + 1);
      state->command = command; /* a list of keys, ended by the next command */
    }
}

static void
ps2_keyboard_run (Ps2Keyboard *keyboard, uint8_t command)
{
  Ps2KeyboardState *state = &keyboard->state;

  switch (command)
    {
    case CMD_SET_LEDS:
    case CMD_SELECT_SET:
    case CMD_SET_RATE:
    case CMD_KEY_TYPEMATIC:
    case CMD_KEY_TYPEMATIC + 1:
    case CMD_KEY_MAKE:
      state->command = command;
      ps2_keyboard_answer (keyboard, ACK);
      break;
    case CMD_ECHO:
      ps2_keyboard_answer (keyboard, ECHO);
      break;
    case CMD_READ_ID:
      ps2_keyboard_answer (keyboard, ACK);
      ps2_keyboard_answer (keyboard, 0xab);
      ps2_keyboard_answer (keyboard, 0x83);
      break;
    case CMD_ENABLE:
    case CMD_DISABLE:
    case CMD_DEFAULT:
      ps2_keyboard_answer (keyboard, ACK);
      if (command == CMD_ENABLE)
        ps2_queue_clear_events (&state->queue);
      else
        ps2_keyboard_set_defaults (keyboard);
      state->enabled = command != CMD_DISABLE;
      break;
    case CMD_RESEND:
      ps2_keyboard_answer (keyboard, state->queue.last);
      break;
    case CMD_RESET:
      ps2_keyboard_reset (keyboard);
      ps2_keyboard_answer (keyboard, ACK);
      ps2_keyboard_answer (keyboard, BAT_PASSED);
      break;
    default:
      if (command < CMD_ALL_TYPEMATIC || command > CMD_ALL_BOTH)
        {
          ps2_keyboard_answer (keyboard, RESEND);
          break;
        }
      ps2_keyboard_answer (keyboard, ACK);
      ps2_keyboard_set_key_types (keyboard, command == CMD_ALL_TYPEMATIC || command == CMD_ALL_BOTH,
                                  command == CMD_ALL_TYPEMATIC + 1 || command == CMD_ALL_BOTH);
      break;
    }
}

void
ps2_keyboard_write (Ps2Keyboard *keyboard, uint8_t byte)
{
  uint8_t command = keyboard->state.command;

  TRACE ("ps2-keyboard.write", "%#x", byte);
  keyboard->state.command = 0;
  /* A command takes the place of a parameter that never came. */
  if (command != 0 && byte < CMD_SET_LEDS)
    ps2_keyboard_take_parameter (keyboard, command, byte);
  else
    ps2_keyboard_run (keyboard, byte);
  ps2_keyboard_announce (keyboard);
}

bool
ps2_keyboard_has_data (const Ps2Keyboard *keyboard)
{
  return !ps2_queue_is_empty (&keyboard->state.queue);
}

static gboolean
ps2_keyboard_takes_keys (void *device)
{
  Ps2Keyboard *keyboard = device;

  return keyboard->state.enabled && !ps2_keyboard_has_data (keyboard);
}

uint8_t
ps2_keyboard_read (Ps2Keyboard *keyboard)
{
  uint8_t byte = ps2_queue_take (&keyboard->state.queue);

  if (ps2_keyboard_takes_keys (keyboard))
    input_keys_taken (keyboard->input);
  return byte;
}

void
ps2_keyboard_connect (Ps2Keyboard *keyboard, void (*ready) (void *host), void *host)
{
  keyboard->ready = ready;
  keyboard->host = host;
}

void
ps2_keyboard_reset (Ps2Keyboard *keyboard)
{
  ps2_queue_clear (&keyboard->state.queue);
  keyboard->state.command = 0;
  keyboard->state.enabled = true;
  ps2_keyboard_set_defaults (keyboard);
  ps2_keyboard_set_leds (keyboard, 0);
}

Ps2Keyboard *
ps2_keyboard_new (Input *input, Clock *clock)
{
  static const InputSink sink = { .key = ps2_keyboard_key, .takes_keys = ps2_keyboard_takes_keys };
  Ps2Keyboard *keyboard = g_new0 (Ps2Keyboard, 1);

  keyboard->input = input;
  keyboard->clock = clock;
  keyboard->repeat = timer_new (clock, ps2_keyboard_expired, keyboard);
  ps2_keyboard_reset (keyboard);
  input_add_sink (input, &sink, keyboard);
  return keyboard;
}

void
ps2_keyboard_free (Ps2Keyboard *keyboard)
{
  if (keyboard == NULL)
    return;
  input_remove_sink (keyboard->input, keyboard);
  timer_free (keyboard->repeat);
  g_free (keyboard);
}

static void
ps2_keyboard_before_save (void *device)
{
  Ps2Keyboard *keyboard = device;

  keyboard->state.repeat_deadline = timer_get_deadline (keyboard->repeat);
}

static gboolean
ps2_keyboard_after_load (void *device, GError **error)
{
  Ps2Keyboard *keyboard = device;

  timer_restore (keyboard->repeat, keyboard->state.repeat_deadline);
  return TRUE;
}

/* The lamps are lines, too. */
static void
ps2_keyboard_show_lines (void *device)
{
  Ps2Keyboard *keyboard = device;

  input_set_leds (keyboard->input, keyboard->state.leds & 7);
}

StateSection
ps2_keyboard_state (Ps2Keyboard *keyboard)
{
  return (StateSection){ .id = "ps2-keyboard",
                         .table = &ps2_keyboard_table,
                         .state = &keyboard->state,
                         .device = keyboard,
                         .before_save = ps2_keyboard_before_save,
                         .after_load = ps2_keyboard_after_load,
                         .show_lines = ps2_keyboard_show_lines };
}
