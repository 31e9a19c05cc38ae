/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IBM PS/2 Hardware Interface Technical Reference, "Mouse"; the wheel (ID 3) and five buttons (ID
 * 4) are those of Microsoft's IntelliMouse. Packets leave as fast as they are read, not at the
 * sample rate. */
#include "ps2-mouse.h"

#include "ps2-queue.h"
#include "vmm-core/trace.h"

#include <string.h>

#define ACK 0xfa
#define RESEND 0xfe
#define BAT_PASSED 0xaa
#define ID_STANDARD 0
#define ID_WHEEL 3
#define ID_FIVE_BUTTONS 4

enum
{
  CMD_SCALING_1 = 0xe6,
  CMD_SCALING_2 = 0xe7,
  CMD_SET_RESOLUTION = 0xe8,
  CMD_STATUS = 0xe9,
  CMD_STREAM = 0xea,
  CMD_READ_DATA = 0xeb,
  CMD_UNWRAP = 0xec,
  CMD_WRAP = 0xee,
  CMD_REMOTE = 0xf0,
  CMD_READ_ID = 0xf2,
  CMD_SET_RATE = 0xf3,
  CMD_ENABLE = 0xf4,
  CMD_DISABLE = 0xf5,
  CMD_DEFAULT = 0xf6,
  CMD_RESEND = 0xfe,
  CMD_RESET = 0xff
};

#define STATUS_SCALING 0x10
#define STATUS_ENABLED 0x20
#define STATUS_REMOTE 0x40
#define PACKET_ALWAYS 0x08
#define PACKET_X_NEGATIVE 0x10
#define PACKET_Y_NEGATIVE 0x20
#define MAX_PACKET 4
#define MAX_PENDING 4096 /* counts of motion kept while the host does not read */

typedef struct
{
  Ps2Queue queue;
  uint8_t status; /* STATUS_… */
  uint8_t resolution, rate, id;
  uint8_t command;  /* that waits for its parameter, or 0 */
  uint8_t rates[2]; /* the two sample rates before the last */
  bool wrap;
  uint8_t buttons; /* a bit for each InputButton */
  bool changed;    /* buttons differ from what was reported */
  int32_t dx, dy, dz;
} Ps2MouseState;

struct Ps2Mouse
{
  Input *input;
  void (*ready) (void *host);
  void *host;
  Ps2MouseState state;
};

static const StateField ps2_mouse_fields[] = {
  STATE_NESTED (Ps2MouseState, queue, &ps2_queue_table),
  STATE_INT (Ps2MouseState, status),
  STATE_INT (Ps2MouseState, resolution),
  STATE_INT (Ps2MouseState, rate),
  STATE_INT (Ps2MouseState, id),
  STATE_INT (Ps2MouseState, command),
  STATE_INTS (Ps2MouseState, rates),
  STATE_FLAG (Ps2MouseState, wrap),
  STATE_INT (Ps2MouseState, buttons),
  STATE_FLAG (Ps2MouseState, changed),
  STATE_INT_IN (Ps2MouseState, dx, -MAX_PENDING, MAX_PENDING),
  STATE_INT_IN (Ps2MouseState, dy, -MAX_PENDING, MAX_PENDING),
  STATE_INT_IN (Ps2MouseState, dz, -MAX_PENDING, MAX_PENDING),
};
static const StateTable ps2_mouse_table = STATE_TABLE (Ps2MouseState, 1, ps2_mouse_fields);

static void
ps2_mouse_announce (Ps2Mouse *mouse)
{
  if (mouse->ready != NULL && !ps2_queue_is_empty (&mouse->state.queue))
    mouse->ready (mouse->host);
}

static void
ps2_mouse_answer (Ps2Mouse *mouse, uint8_t byte)
{
  ps2_queue_put_answer (&mouse->state.queue, byte);
}

/* Left, right, middle: the order of a packet's bits. */
static uint8_t
ps2_mouse_packet_buttons (const Ps2Mouse *mouse)
{
  uint8_t buttons = mouse->state.buttons;

  return (buttons >> INPUT_BUTTON_LEFT & 1) | (buttons >> INPUT_BUTTON_RIGHT & 1) << 1
         | (buttons >> INPUT_BUTTON_MIDDLE & 1) << 2;
}

/* Takes what a packet can carry out of the sum of the motion. */
static int
ps2_mouse_take (int32_t *pending, int low, int high)
{
  int taken = CLAMP (*pending, low, high);

  *pending -= taken;
  return taken;
}

static int
ps2_mouse_scale (const Ps2Mouse *mouse, int counts)
{
  static const int8_t scaled[] = { 0, 1, 1, 3, 6, 9 };
  int size = ABS (counts);

  if (!(mouse->state.status & STATUS_SCALING) || (mouse->state.status & STATUS_REMOTE))
    return counts;
  size = size < (int) sizeof scaled ? scaled[size] : MIN (size * 2, 255);
  return counts < 0 ? -size : size;
}

static unsigned
ps2_mouse_make_packet (Ps2Mouse *mouse, uint8_t packet[MAX_PACKET])
{
  Ps2MouseState *state = &mouse->state;
  int dx = ps2_mouse_scale (mouse, ps2_mouse_take (&state->dx, -255, 255));
  int dy = ps2_mouse_scale (mouse, ps2_mouse_take (&state->dy, -255, 255));
  int dz = ps2_mouse_take (&state->dz, -8, 7);

  state->changed = false;
  packet[0] = PACKET_ALWAYS | ps2_mouse_packet_buttons (mouse) | (dx < 0 ? PACKET_X_NEGATIVE : 0)
              | (dy < 0 ? PACKET_Y_NEGATIVE : 0);
  packet[1] = dx;
  packet[2] = dy;
  packet[3] = dz;
  if (state->id == ID_FIVE_BUTTONS)
    packet[3] = (dz & 15) | (state->buttons >> INPUT_BUTTON_SIDE & 1) << 4
                | (state->buttons >> INPUT_BUTTON_EXTRA & 1) << 5;
  return state->id == ID_STANDARD ? 3 : 4;
}

static bool
ps2_mouse_has_news (const Ps2Mouse *mouse)
{
  const Ps2MouseState *state = &mouse->state;

  return state->changed || state->dx != 0 || state->dy != 0
         || (state->dz != 0 && state->id != ID_STANDARD);
}

/* Puts a packet into the queue when the one before has been read: a slow host gets sums. A button's
 * change is a packet of its own, so that no click is lost. The host is told by the caller, unless
 * it is the host that just read. */
static void
ps2_mouse_report (Ps2Mouse *mouse, bool now)
{
  uint8_t packet[MAX_PACKET];

  if (!(mouse->state.status & STATUS_ENABLED) || (mouse->state.status & STATUS_REMOTE)
      || mouse->state.wrap || !ps2_mouse_has_news (mouse)
      || ps2_queue_get_room (&mouse->state.queue) < MAX_PACKET
      || (!now && mouse->state.queue.n_events > 0))
    return;
  ps2_queue_put_event (&mouse->state.queue, packet, ps2_mouse_make_packet (mouse, packet));
}

static void
ps2_mouse_add (int32_t *pending, int delta)
{
  *pending = CLAMP (*pending + (int64_t) delta, -MAX_PENDING, MAX_PENDING);
}

static void
ps2_mouse_motion (void *device, int dx, int dy)
{
  Ps2Mouse *mouse = device;

  ps2_mouse_add (&mouse->state.dx, dx);
  ps2_mouse_add (&mouse->state.dy, dy == G_MININT ? G_MAXINT : -dy); /* up is positive */
  ps2_mouse_report (mouse, false);
  ps2_mouse_announce (mouse);
}

static void
ps2_mouse_scroll (void *device, int dx, int dy)
{
  Ps2Mouse *mouse = device;

  ps2_mouse_add (&mouse->state.dz, dy);
  ps2_mouse_report (mouse, false);
  ps2_mouse_announce (mouse);
}

static void
ps2_mouse_button (void *device, InputButton button, gboolean down)
{
  Ps2Mouse *mouse = device;
  uint8_t before = mouse->state.buttons, bit = 1 << button;

  mouse->state.buttons = down ? before | bit : before & ~bit;
  mouse->state.changed |= mouse->state.buttons != before;
  ps2_mouse_report (mouse, true);
  ps2_mouse_announce (mouse);
}

static void
ps2_mouse_set_defaults (Ps2Mouse *mouse)
{
  mouse->state.status = 0;
  mouse->state.resolution = 2;
  mouse->state.rate = 100;
  mouse->state.dx = mouse->state.dy = mouse->state.dz = 0;
  mouse->state.changed = false;
  ps2_queue_clear_events (&mouse->state.queue);
}

/* Three rates in a row are the driver's knock: 200, 100, 80 for the wheel; 200, 200, 80 then for
 * the five buttons. */
static void
ps2_mouse_set_rate (Ps2Mouse *mouse, uint8_t rate)
{
  Ps2MouseState *state = &mouse->state;

  if (rate == 80 && state->rates[0] == 200 && state->rates[1] == 100 && state->id == ID_STANDARD)
    state->id = ID_WHEEL;
  else if (rate == 80 && state->rates[0] == 200 && state->rates[1] == 200 && state->id == ID_WHEEL)
    state->id = ID_FIVE_BUTTONS;
  state->rates[0] = state->rates[1];
  state->rates[1] = rate;
  state->rate = rate;
}

static void
ps2_mouse_answer_data (Ps2Mouse *mouse)
{
  uint8_t packet[MAX_PACKET];
  unsigned n = ps2_mouse_make_packet (mouse, packet);

  for (unsigned i = 0; i < n; i++)
    ps2_mouse_answer (mouse, packet[i]);
}

static void
ps2_mouse_answer_status (Ps2Mouse *mouse)
{
  uint8_t buttons = mouse->state.buttons;

  ps2_mouse_answer (mouse, mouse->state.status | (buttons >> INPUT_BUTTON_RIGHT & 1)
                             | (buttons >> INPUT_BUTTON_MIDDLE & 1) << 1
                             | (buttons >> INPUT_BUTTON_LEFT & 1) << 2);
  ps2_mouse_answer (mouse, mouse->state.resolution);
  ps2_mouse_answer (mouse, mouse->state.rate);
}

static bool
ps2_mouse_knows (uint8_t command)
{
  return (command >= CMD_SCALING_1 && command <= CMD_UNWRAP) || command == CMD_WRAP
         || command == CMD_REMOTE || (command >= CMD_READ_ID && command <= CMD_DEFAULT)
         || command == CMD_RESET;
}

static void
ps2_mouse_run (Ps2Mouse *mouse, uint8_t command)
{
  Ps2MouseState *state = &mouse->state;

  if (!ps2_mouse_knows (command))
    {
      ps2_mouse_answer (mouse, command == CMD_RESEND ? state->queue.last : RESEND);
      return;
    }
  ps2_mouse_answer (mouse, ACK);
  switch (command)
    {
    case CMD_SCALING_1:
      state->status &= ~STATUS_SCALING;
      break;
    case CMD_SCALING_2:
      state->status |= STATUS_SCALING;
      break;
    case CMD_SET_RESOLUTION:
    case CMD_SET_RATE:
      state->command = command;
      break;
    case CMD_STATUS:
      ps2_mouse_answer_status (mouse);
      break;
    case CMD_STREAM:
      state->status &= ~STATUS_REMOTE;
      break;
    case CMD_READ_DATA:
      ps2_mouse_answer_data (mouse);
      break;
    case CMD_WRAP:
      state->wrap = true;
      break;
    case CMD_REMOTE:
      state->status |= STATUS_REMOTE;
      break;
    case CMD_READ_ID:
      ps2_mouse_answer (mouse, state->id);
      break;
    case CMD_ENABLE: /* what moved before is forgotten */
      state->dx = state->dy = state->dz = 0;
      state->changed = false;
      state->status |= STATUS_ENABLED;
      break;
    case CMD_DISABLE:
      state->status &= ~STATUS_ENABLED;
      break;
    case CMD_DEFAULT:
      ps2_mouse_set_defaults (mouse);
      break;
    case CMD_RESET:
      ps2_mouse_reset (mouse);
      ps2_mouse_answer (mouse, ACK);
      ps2_mouse_answer (mouse, BAT_PASSED);
      ps2_mouse_answer (mouse, ID_STANDARD);
      break;
    default: /* leaving wrap mode is done already */
      break;
    }
}

void
ps2_mouse_write (Ps2Mouse *mouse, uint8_t byte)
{
  uint8_t command = mouse->state.command;

  TRACE ("ps2-mouse.write", "%#x", byte);
  mouse->state.command = 0;
  if (mouse->state.wrap && byte != CMD_RESET && byte != CMD_UNWRAP)
    ps2_mouse_answer (mouse, byte);
  else if (command != 0)
    {
      if (command == CMD_SET_RATE)
        ps2_mouse_set_rate (mouse, byte);
      else
        mouse->state.resolution = byte & 3;
      ps2_mouse_answer (mouse, ACK);
    }
  else
    {
      mouse->state.wrap = false;
      ps2_mouse_run (mouse, byte);
    }
  ps2_mouse_announce (mouse);
}

bool
ps2_mouse_has_data (const Ps2Mouse *mouse)
{
  return !ps2_queue_is_empty (&mouse->state.queue);
}

uint8_t
ps2_mouse_read (Ps2Mouse *mouse)
{
  uint8_t byte = ps2_queue_take (&mouse->state.queue);

  ps2_mouse_report (mouse, false);
  return byte;
}

void
ps2_mouse_connect (Ps2Mouse *mouse, void (*ready) (void *host), void *host)
{
  mouse->ready = ready;
  mouse->host = host;
}

void
ps2_mouse_reset (Ps2Mouse *mouse)
{
  uint8_t buttons = mouse->state.buttons;

  memset (&mouse->state, 0, sizeof mouse->state);
  mouse->state.buttons = buttons; /* fingers stay where they are */
  ps2_mouse_set_defaults (mouse);
}

Ps2Mouse *
ps2_mouse_new (Input *input)
{
  static const InputSink sink = {
    .motion = ps2_mouse_motion,
    .button = ps2_mouse_button,
    .scroll = ps2_mouse_scroll,
  };
  Ps2Mouse *mouse = g_new0 (Ps2Mouse, 1);

  mouse->input = input;
  ps2_mouse_reset (mouse);
  input_add_sink (input, &sink, mouse);
  return mouse;
}

void
ps2_mouse_free (Ps2Mouse *mouse)
{
  if (mouse == NULL)
    return;
  input_remove_sink (mouse->input, mouse);
  g_free (mouse);
}

StateSection
ps2_mouse_state (Ps2Mouse *mouse)
{
  return (StateSection){
    .id = "ps2-mouse", .table = &ps2_mouse_table, .state = &mouse->state, .device = mouse
  };
}
