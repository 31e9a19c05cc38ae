/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/board-devices.h"
#include "display/console.h"
#include "display/input.h"
#include "vmm-core/accel.h"
#include "vmm-core/chardev.h"
#include "vmm-core/clock.h"
#include "vmm-core/smbios-texts.h"
#include "vmm-core/state.h"

/* The PC: i440FX and PIIX with everything attached, made from one description. All wiring is in
 * board-pc.c, to be read from top to bottom. */
typedef struct BoardPc BoardPc;

/* What the guest or the hardware asks of whoever runs the board; on the I/O thread or a vCPU's,
 * lock held, so the call only notes the wish. */
typedef enum
{
  BOARD_EVENT_RESET,     /* of the whole board, by port CF9h */
  BOARD_EVENT_POWER_OFF, /* ACPI S5 */
  BOARD_EVENT_TRAY,      /* the guest opened, closed, locked or unlocked a CD tray */
  BOARD_EVENT_TEST_EXIT  /* the test device: the guest wants the process to end with a status */
} BoardEvent;

typedef struct
{
  const AccelOps *accel;
  CpuTopology topology; /* of 1 to 8 CPUs */
  AccelCpu cpu;
  uint64_t memory_size;   /* bytes, a multiple of 1 MiB, at least 1 MiB */
  size_t code_cache_size; /* bytes for translated code; 0: the translator's default */
  GMainContext *context;
  MachineLock *lock;
  Clock *clock;
  Console *console;
  Input *input;
  VirtioRngFill random; /* the host's random numbers; may be NULL if no device asks for them */

  /* Firmware files; NULL bios for tests that put their own code into RAM. */
  const char *bios;     /* SeaBIOS, 128 or 256 KiB */
  const char *vga_bios; /* option ROM of the standard VGA */

  const BoardDeviceConfig *devices; /* read while the board is made */
  unsigned n_devices;
  Chardev *debugcon; /* port 402h; NULL: not present */
  /* Letters c (disk), d (CD), n (network), in order, or names of drives with commas; NULL: "cdn".
   */
  const char *boot_order;
  gboolean boot_menu; /* the firmware offers it for two and a half seconds */

  /* Direct boot of a Linux bzImage or a Multiboot kernel, as in direct-boot.h; NULL kernel:
   * none. */
  const char *kernel, *initrd, *append;
  /* What the machine tells of itself; name and uuid may be NULL. */
  const char *name, *uuid;
  SmbiosTexts smbios;
  gboolean test_device; /* the aid for guests that test the machine is there */

  void (*event) (void *data, BoardEvent event);
  MemoryLost memory_lost;
  void *event_data;
} BoardPcConfig;

/* Everything config points to outlives the board. Error: one sentence for the user. */
BoardPc *board_pc_new (const BoardPcConfig *config, GError **error);
void board_pc_free (BoardPc *board);

/* The reset line of every chip. vCPUs stopped; their own reset is the caller's next step. Lock
 * held. */
void board_pc_reset (BoardPc *board);
/* The front panel. Lock held. */
void board_pc_press_power_button (BoardPc *board);
/* drive is one that the board was made with. image NULL takes the disc out. FALSE with error while
 * the guest has locked the tray, unless forced; the disc in the drive is then unchanged. Lock
 * held. */
gboolean board_pc_change_medium (BoardPc *board, const DeviceSpec *drive, Image *image,
                                 gboolean force, GError **error);
gboolean board_pc_is_tray_locked (BoardPc *board, const DeviceSpec *drive);

/* What the guest wrote to the test device when BOARD_EVENT_TEST_EXIT came. Lock held. */
uint32_t board_pc_get_test_exit (BoardPc *board);

Accel *board_pc_get_accel (BoardPc *board);
/* Gives a board that stands still, and whose accelerator has no CPUs left, to another accelerator.
 * On failure it has none: try again, or free it. Lock held. */
bool board_pc_set_accel (BoardPc *board, const AccelOps *accel, GError **error);
Memory *board_pc_get_memory (BoardPc *board);
/* Appends the state of every device to stream; memory is not part of it. vCPUs stopped, lock
 * held. */
void board_pc_save (BoardPc *board, GByteArray *stream);
/* Takes the devices' state from *cursor, which advances, into a board made from an equal
 * configuration, and shows every line to its receiver, INTR to the CPUs, too: these have their
 * state already, and the clock its time. vCPUs stopped, lock held. After an error the board needs a
 * reset. */
gboolean board_pc_load (BoardPc *board, const uint8_t **cursor, const uint8_t *end, GError **error);
/* Every device's state, in the order to save and load; borrowed. */
const StateSection *board_pc_get_states (BoardPc *board, unsigned *n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BoardPc, board_pc_free)
