/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller". */
#include "i8042.h"

#include "ps2-keys.h"
#include "vmm-core/trace.h"

#include <string.h>

#define STATUS_OBF 0x01
#define STATUS_SYS 0x04
#define STATUS_COMMAND 0x08
#define STATUS_UNLOCKED 0x10
#define STATUS_AUX_OBF 0x20

#define CTR_KEYBOARD_INT 0x01
#define CTR_AUX_INT 0x02
#define CTR_SYS 0x04
#define CTR_KEYBOARD_DISABLE 0x10
#define CTR_AUX_DISABLE 0x20
#define CTR_TRANSLATE 0x40

/* What a byte takes on the cable, 11 bits at 15 kHz. Until then a byte that has been read can be
 * read again: programs that look at the keyboard before the BIOS does rely on it. */
#define BYTE_NS 700000

#define PORT_RESET_N 0x01
#define PORT_A20 0x02
#define PORT_OBF 0x10
#define PORT_AUX_OBF 0x20

enum
{
  CMD_READ_RAM = 0x20,  /* to 3Fh */
  CMD_WRITE_RAM = 0x60, /* to 7Fh */
  CMD_TEST_PASSWORD = 0xa4,
  CMD_AUX_DISABLE = 0xa7,
  CMD_AUX_ENABLE = 0xa8,
  CMD_AUX_TEST = 0xa9,
  CMD_SELF_TEST = 0xaa,
  CMD_KEYBOARD_TEST = 0xab,
  CMD_KEYBOARD_DISABLE = 0xad,
  CMD_KEYBOARD_ENABLE = 0xae,
  CMD_READ_INPUT_PORT = 0xc0,
  CMD_READ_OUTPUT_PORT = 0xd0,
  CMD_WRITE_OUTPUT_PORT = 0xd1,
  CMD_WRITE_KEYBOARD_BUFFER = 0xd2,
  CMD_WRITE_AUX_BUFFER = 0xd3,
  CMD_WRITE_AUX = 0xd4,
  CMD_A20_OFF = 0xdd,
  CMD_A20_ON = 0xdf,
  CMD_READ_TEST_INPUTS = 0xe0,
  CMD_PULSE = 0xf0 /* to FFh */
};

typedef struct
{
  uint8_t ram[32]; /* byte 0 is the controller's command byte */
  uint8_t status;
  uint8_t data;
  uint8_t command;     /* that waits for its parameter, or 0 */
  uint8_t output_port; /* without the two OBF bits */
  bool breaking;       /* translation has seen F0h */
  uint8_t next[2];     /* the controller's own bytes for the output buffer, */
  bool next_full[2];   /* as the keyboard's and as the mouse's */
  int64_t byte_at;     /* guest ns at which the next byte of a device can have arrived */
  int64_t deadline;    /* of the timer; -1: none */
} I8042State;

struct I8042
{
  Bus *io;
  Ps2Keyboard *keyboard;
  Ps2Mouse *mouse;
  Clock *clock;
  Timer *timer;
  Irq irq1, irq12, a20;
  void (*init_request) (void *data);
  void *init_data;
  I8042State state;
};

static const StateField i8042_fields[] = {
  STATE_BLOB (I8042State, ram),
  STATE_INT (I8042State, status),
  STATE_INT (I8042State, data),
  STATE_INT (I8042State, command),
  STATE_INT (I8042State, output_port),
  STATE_FLAG (I8042State, breaking),
  STATE_INTS (I8042State, next),
  { "next_full", STATE_BOOL, offsetof (I8042State, next_full), sizeof (bool), 2, NULL },
  STATE_TIME (I8042State, byte_at),
  STATE_DEADLINE (I8042State, deadline),
};
static const StateTable i8042_table = STATE_TABLE (I8042State, 1, i8042_fields);

static void
i8042_update_irqs (I8042 *i8042)
{
  uint8_t status = i8042->state.status, ctr = i8042->state.ram[0];
  bool full = (status & STATUS_OBF) != 0, aux = (status & STATUS_AUX_OBF) != 0;

  irq_set (i8042->irq1, full && !aux && (ctr & CTR_KEYBOARD_INT));
  irq_set (i8042->irq12, full && aux && (ctr & CTR_AUX_INT));
}

static void
i8042_put (I8042 *i8042, uint8_t byte, bool aux)
{
  i8042->state.data = byte;
  i8042->state.status &= ~STATUS_AUX_OBF;
  i8042->state.status |= STATUS_OBF | (aux ? STATUS_AUX_OBF : 0);
  i8042_update_irqs (i8042);
}

/* Set 2 becomes set 1; a prefix F0h is held back and shows as bit 7 of the next code. Returns
 * whether there is a byte to deliver. */
static bool
i8042_translate (I8042 *i8042, uint8_t *byte)
{
  uint8_t code = *byte;

  if (code == 0xf0)
    {
      i8042->state.breaking = true;
      return false;
    }
  if (code < G_N_ELEMENTS (ps2_keys_translation))
    code = ps2_keys_translation[code];
  else if (code == 0x83)
    code = 0x41;
  else if (code == 0x84)
    code = 0x54;
  *byte = i8042->state.breaking ? code | 0x80 : code;
  i8042->state.breaking = false;
  return true;
}

/* Whether a device has something that it may send. */
static bool
i8042_has_data (const I8042 *i8042)
{
  uint8_t ctr = i8042->state.ram[0];

  return (!(ctr & CTR_KEYBOARD_DISABLE) && ps2_keyboard_has_data (i8042->keyboard))
         || (!(ctr & CTR_AUX_DISABLE) && ps2_mouse_has_data (i8042->mouse));
}

/* Fills the output buffer when it is empty and somebody has something. */
static void
i8042_fill (I8042 *i8042)
{
  uint8_t ctr = i8042->state.ram[0];

  for (unsigned aux = 0; aux < 2; aux++)
    if (!(i8042->state.status & STATUS_OBF) && i8042->state.next_full[aux])
      {
        i8042->state.next_full[aux] = false;
        i8042_put (i8042, i8042->state.next[aux], aux);
      }
  if (clock_get_ns (i8042->clock) < i8042->state.byte_at)
    {
      if (i8042_has_data (i8042))
        timer_arm (i8042->timer, i8042->state.byte_at);
      return;
    }
  while (!(i8042->state.status & STATUS_OBF) && !(ctr & CTR_KEYBOARD_DISABLE)
         && ps2_keyboard_has_data (i8042->keyboard))
    {
      uint8_t byte = ps2_keyboard_read (i8042->keyboard);

      if (!(ctr & CTR_TRANSLATE) || i8042_translate (i8042, &byte))
        i8042_put (i8042, byte, false);
    }
  if (!(i8042->state.status & STATUS_OBF) && !(ctr & CTR_AUX_DISABLE)
      && ps2_mouse_has_data (i8042->mouse))
    i8042_put (i8042, ps2_mouse_read (i8042->mouse), true);
}

static void
i8042_ready (void *host)
{
  i8042_fill (host);
}

/* A byte of the controller's own, which goes before those of the devices. */
static void
i8042_answer (I8042 *i8042, uint8_t byte, bool aux)
{
  i8042->state.next[aux] = byte;
  i8042->state.next_full[aux] = true;
  i8042_fill (i8042);
}

static void
i8042_set_output_port (I8042 *i8042, uint8_t value)
{
  TRACE ("i8042.output-port", "%#x", value);
  i8042->state.output_port = value & ~(PORT_OBF | PORT_AUX_OBF);
  irq_set (i8042->a20, (value & PORT_A20) != 0);
  if (!(value & PORT_RESET_N))
    i8042->init_request (i8042->init_data);
}

static uint8_t
i8042_get_output_port (const I8042 *i8042)
{
  uint8_t status = i8042->state.status, value = i8042->state.output_port;

  if (status & STATUS_OBF)
    value |= status & STATUS_AUX_OBF ? PORT_AUX_OBF : PORT_OBF;
  return value;
}

static void
i8042_set_ctr (I8042 *i8042, uint8_t value)
{
  i8042->state.ram[0] = value;
  i8042->state.status = (i8042->state.status & ~STATUS_SYS) | (value & CTR_SYS ? STATUS_SYS : 0);
  i8042_update_irqs (i8042);
  i8042_fill (i8042);
}

static void
i8042_run (I8042 *i8042, uint8_t command)
{
  uint8_t ctr = i8042->state.ram[0];

  switch (command)
    {
    case CMD_TEST_PASSWORD:
      i8042_answer (i8042, 0xf1, false); /* none installed */
      break;
    case CMD_AUX_DISABLE:
      i8042_set_ctr (i8042, ctr | CTR_AUX_DISABLE);
      break;
    case CMD_AUX_ENABLE:
      i8042_set_ctr (i8042, ctr & ~CTR_AUX_DISABLE);
      break;
    case CMD_SELF_TEST:
      i8042->state.status |= STATUS_SYS;
      i8042->state.ram[0] |= CTR_SYS;
      i8042_answer (i8042, 0x55, false);
      break;
    case CMD_AUX_TEST:
    case CMD_KEYBOARD_TEST:
      i8042_answer (i8042, 0x00, false);
      break;
    case CMD_KEYBOARD_DISABLE:
      i8042_set_ctr (i8042, ctr | CTR_KEYBOARD_DISABLE);
      break;
    case CMD_KEYBOARD_ENABLE:
      i8042_set_ctr (i8042, ctr & ~CTR_KEYBOARD_DISABLE);
      break;
    case CMD_READ_INPUT_PORT:
      i8042_answer (i8042, 0x80, false); /* not locked */
      break;
    case CMD_READ_OUTPUT_PORT:
      i8042_answer (i8042, i8042_get_output_port (i8042), false);
      break;
    case CMD_WRITE_OUTPUT_PORT:
    case CMD_WRITE_KEYBOARD_BUFFER:
    case CMD_WRITE_AUX_BUFFER:
    case CMD_WRITE_AUX:
      i8042->state.command = command;
      break;
    case CMD_A20_OFF:
      i8042_set_output_port (i8042, i8042->state.output_port & ~PORT_A20);
      break;
    case CMD_A20_ON:
      i8042_set_output_port (i8042, i8042->state.output_port | PORT_A20);
      break;
    case CMD_READ_TEST_INPUTS:
      i8042_answer (i8042, 0x00, false);
      break;
    default:
      if ((command & 0xe0) == CMD_READ_RAM)
        i8042_answer (i8042, i8042->state.ram[command & 0x1f], false);
      else if ((command & 0xe0) == CMD_WRITE_RAM)
        i8042->state.command = command;
      else if (command >= CMD_PULSE && !(command & PORT_RESET_N))
        i8042->init_request (i8042->init_data);
      break;
    }
}

static void
i8042_take_data (I8042 *i8042, uint8_t byte)
{
  uint8_t command = i8042->state.command;

  i8042->state.command = 0;
  switch (command)
    {
    case 0: /* writing to the keyboard turns it on */
      i8042->state.ram[0] &= ~CTR_KEYBOARD_DISABLE;
      ps2_keyboard_write (i8042->keyboard, byte);
      break;
    case CMD_WRITE_OUTPUT_PORT:
      i8042_set_output_port (i8042, byte);
      break;
    case CMD_WRITE_KEYBOARD_BUFFER:
      i8042_answer (i8042, byte, false);
      break;
    case CMD_WRITE_AUX_BUFFER:
      i8042_answer (i8042, byte, true);
      break;
    case CMD_WRITE_AUX:
      i8042->state.ram[0] &= ~CTR_AUX_DISABLE;
      ps2_mouse_write (i8042->mouse, byte);
      break;
    default:
      if ((command & 0x1f) == 0)
        i8042_set_ctr (i8042, byte);
      else
        i8042->state.ram[command & 0x1f] = byte;
      break;
    }
  i8042_fill (i8042);
}

static uint64_t
i8042_data_read (void *device, uint64_t offset, unsigned size)
{
  I8042 *i8042 = device;
  uint8_t data = i8042->state.data;

  if (i8042->state.status & STATUS_OBF)
    i8042->state.byte_at = clock_get_ns (i8042->clock) + BYTE_NS;
  i8042->state.status &= ~(STATUS_OBF | STATUS_AUX_OBF);
  i8042_update_irqs (i8042); /* low, so that the next byte is an edge */
  i8042_fill (i8042);
  TRACE ("i8042.read", "%#x", data);
  return data;
}

static void
i8042_data_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  I8042 *i8042 = device;

  TRACE ("i8042.write", "data %#x", (unsigned) value);
  i8042->state.status &= ~STATUS_COMMAND;
  i8042_take_data (i8042, value);
}

static uint64_t
i8042_status_read (void *device, uint64_t offset, unsigned size)
{
  return ((I8042 *) device)->state.status;
}

static void
i8042_command_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  I8042 *i8042 = device;

  TRACE ("i8042.write", "command %#x", (unsigned) value);
  i8042->state.status |= STATUS_COMMAND;
  i8042->state.command = 0;
  i8042_run (i8042, value);
}

static const BusOps i8042_data_ops = { i8042_data_read, i8042_data_write, 1, 1 };
static const BusOps i8042_command_ops = { i8042_status_read, i8042_command_write, 1, 1 };

void
i8042_reset (I8042 *i8042)
{
  memset (&i8042->state, 0, sizeof i8042->state);
  i8042->state.ram[0] = CTR_KEYBOARD_INT | CTR_AUX_INT | CTR_TRANSLATE;
  i8042->state.status = STATUS_UNLOCKED;
  i8042->state.output_port = 0xcc | PORT_A20 | PORT_RESET_N;
  irq_set (i8042->a20, true);
  i8042_update_irqs (i8042);
}

I8042 *
i8042_new (Bus *io, Ps2Keyboard *keyboard, Ps2Mouse *mouse, Clock *clock, Irq irq1, Irq irq12,
           Irq a20, void (*init_request) (void *data), void *data)
{
  I8042 *i8042 = g_new0 (I8042, 1);

  i8042->io = io;
  i8042->keyboard = keyboard;
  i8042->mouse = mouse;
  i8042->clock = clock;
  i8042->timer = timer_new (clock, i8042_ready, i8042);
  i8042->irq1 = irq1;
  i8042->irq12 = irq12;
  i8042->a20 = a20;
  i8042->init_request = init_request;
  i8042->init_data = data;
  i8042_reset (i8042);
  ps2_keyboard_connect (keyboard, i8042_ready, i8042);
  ps2_mouse_connect (mouse, i8042_ready, i8042);
  bus_map (io, 0x60, 1, &i8042_data_ops, i8042);
  bus_map (io, 0x64, 1, &i8042_command_ops, i8042);
  return i8042;
}

void
i8042_free (I8042 *i8042)
{
  if (i8042 == NULL)
    return;
  ps2_keyboard_connect (i8042->keyboard, NULL, NULL);
  ps2_mouse_connect (i8042->mouse, NULL, NULL);
  bus_unmap (i8042->io, 0x64, 1, i8042);
  bus_unmap (i8042->io, 0x60, 1, i8042);
  timer_free (i8042->timer);
  g_free (i8042);
}

static void
i8042_before_save (void *device)
{
  I8042 *i8042 = device;

  i8042->state.deadline = timer_get_deadline (i8042->timer);
}

static gboolean
i8042_after_load (void *device, GError **error)
{
  I8042 *i8042 = device;

  i8042->state.byte_at = MIN (i8042->state.byte_at, clock_get_ns (i8042->clock) + BYTE_NS);
  timer_restore (i8042->timer, i8042->state.deadline);
  return TRUE;
}

static void
i8042_show_lines (void *device)
{
  i8042_update_irqs (device);
}

StateSection
i8042_state (I8042 *i8042)
{
  return (StateSection){ .id = "i8042",
                         .table = &i8042_table,
                         .state = &i8042->state,
                         .device = i8042,
                         .before_save = i8042_before_save,
                         .after_load = i8042_after_load,
                         .show_lines = i8042_show_lines };
}
