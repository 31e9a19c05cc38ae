/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-driver.h"

#include "devices/input/i8042.h"

static Input *input;
static Ps2Keyboard *keyboard;
static Ps2Mouse *mouse;

static void
reset_request (void *data)
{
}

static void *
open_device (FuzzBoard *board)
{
  input = input_new ();
  keyboard = ps2_keyboard_new (input, board->clock);
  mouse = ps2_mouse_new (input);
  return i8042_new (board->io, keyboard, mouse, board->clock, IRQ_NONE, IRQ_NONE, IRQ_NONE,
                    reset_request, NULL);
}

static void
close_device (void *device)
{
  i8042_free (device);
  ps2_mouse_free (mouse);
  ps2_keyboard_free (keyboard);
  input_free (input);
}

static StateSection
device_state (void *device)
{
  static unsigned n;

  return ++n % 3 == 0 ? ps2_keyboard_state (keyboard)
         : n % 3 == 1 ? ps2_mouse_state (mouse)
                      : i8042_state (device);
}

static void
outside (void *device, const uint8_t bytes[4])
{
  input_key (input, bytes[0], bytes[1] & 1);
  input_motion (input, bytes[2] - 128, bytes[3] * 100);
  input_button (input, bytes[0] % 5, bytes[1] & 2);
  input_scroll (input, 0, (int8_t) bytes[1]);
}

const FuzzTarget fuzz_target = {
  .name = "i8042",
  .open = open_device,
  .close = close_device,
  .state = device_state,
  .outside = outside,
  .ranges = { { 0x60, 1, false }, { 0x64, 1, false } },
};
