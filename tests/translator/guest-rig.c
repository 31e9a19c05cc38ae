/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest-rig.h"

static void
note_event (void *data, BoardEvent event)
{
  GuestRig *rig = data;

  rig->wants_reset |= event == BOARD_EVENT_RESET;
  rig->off |= event == BOARD_EVENT_POWER_OFF;
}

void
guest_rig_open (GuestRig *rig, const AccelOps *ops, Clock *clock, MachineLock *lock,
                const char *guest)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DeviceSpec) cd = device_spec_new (catalog_find ("cd", NULL), 0);
  g_autoptr (DeviceSpec) serial = device_spec_new (catalog_find ("serial", NULL), 0);
  BoardPcConfig config;

  cd->place = 2;
  *rig = (GuestRig){ .clock = clock,
                     .lock = lock,
                     .console = console_new (),
                     .input = input_new (),
                     .serial = chardev_new_buffer () };
  if (!g_str_equal (guest, "firmware"))
    {
      rig->disc = image_open (guest, IMAGE_READ_ONLY, g_main_context_default (), lock, &error);
      g_assert_no_error (error);
    }
  config = (BoardPcConfig){
    .accel = ops,
    .topology = { 1, 1, 1 },
    .memory_size = 512u << 20,
    .context = g_main_context_default (),
    .lock = lock,
    .clock = clock,
    .console = rig->console,
    .input = rig->input,
    .bios = "/usr/share/seabios/bios-256k.bin",
    .vga_bios = "/usr/share/seabios/vgabios-stdvga.bin",
    .devices = (BoardDeviceConfig[]){ { .spec = cd, .image = rig->disc },
                                      { .spec = serial, .output = rig->serial } },
    .n_devices = 2,
    .event = note_event,
    .event_data = rig,
  };
  machine_lock_acquire (lock);
  rig->board = board_pc_new (&config, &error);
  machine_lock_release (lock);
  g_assert_no_error (error);
}

void
guest_rig_close (GuestRig *rig)
{
  machine_lock_acquire (rig->lock);
  board_pc_free (rig->board);
  machine_lock_release (rig->lock);
  image_free (rig->disc);
  chardev_free (rig->serial);
  input_free (rig->input);
  console_free (rig->console);
  clock_free (rig->clock);
  machine_lock_free (rig->lock);
}

void
guest_rig_reset (GuestRig *rig)
{
  rig->wants_reset = false;
  machine_lock_acquire (rig->lock);
  board_pc_reset (rig->board);
  machine_lock_release (rig->lock);
}
