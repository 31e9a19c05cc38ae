/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vm-private.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accel-choice.h"
#include "firmware-file.h"
#include "machine-cpu.h"
#include "machine-topology.h"
#include "serial-place.h"
#include "vm-drives.h"
#include "vmm-core/notice.h"
#include "vmm-core/trace.h"
#include "vmm-core/vcpus.h"
#include "vmm-core/x86/x86-state.h"

#define TRAY_DELAY_US 100000
#define WAIT_TOLD_MS 1000 /* of a start that waits for a file */
#define ROOM_TRIES_S 5    /* between tries whether there is room now */
#define BEGINNING_NS INT64_C (1000000000)

void
vm_set_state (Vm *vm, VmState state)
{
  vm->state = state;
  if (vm->listener.state_changed != NULL)
    vm->listener.state_changed (vm->listener_data);
}

static void
tell_power_event (Vm *vm, const char *event)
{
  if (vm->listener.power_event != NULL)
    vm->listener.power_event (vm->listener_data, event);
}

static void
tell_drives_changed (void *data)
{
  Vm *vm = data;

  if (vm->listener.drives_changed != NULL)
    vm->listener.drives_changed (vm->listener_data);
}

/* Opening what the configuration names */

static gboolean
check_host_memory (const MachineConfig *config, GError **error)
{
  unsigned total = machine_config_get_host_memory ();

  if (config->memory + 256 <= total)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
               _ ("The machine wants %u MiB of memory, but this computer has %u MiB: give the "
                  "machine less."),
               config->memory, total);
  return FALSE;
}

/* Lock held. */
static void
image_troubled (void *data, ImageTrouble trouble, const char *sentence)
{
  Vm *vm = data;
  char **wish = trouble == IMAGE_TROUBLE_FULL ? &vm->disk_full : &vm->disk_failed;

  g_free (*wish);
  *wish = g_strdup (sentence);
  notice_give (vm->wish_notice, 0);
}

static gboolean
check_readable (const char *path, GError **error)
{
  if (path == NULL || (access (path, R_OK) == 0 && g_file_test (path, G_FILE_TEST_IS_REGULAR)))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               _ ("“%s” is not a file that can be read: check the path and its permissions."),
               path);
  return FALSE;
}

static gboolean
open_line (Vm *vm, const char *place, Chardev **chardev, GError **error)
{
  if (place != NULL)
    *chardev = serial_place_open (place, vm->context, vm->lock, error);
  return place == NULL || *chardev != NULL;
}

static gboolean
open_everything (Vm *vm, GError **error)
{
  MachineConfig *config = vm->config;

  if (!check_host_memory (config, error) || !check_readable (config->kernel, error))
    return FALSE;
  vm->outputs = g_new0 (Chardev *, config->devices->len);
  for (unsigned i = 0; i < config->devices->len; i++)
    {
      const DeviceSpec *spec = g_ptr_array_index (config->devices, i);

      if (catalog_find_option (spec->model, "output") != NULL
          && !open_line (vm, device_spec_get (spec, "output"), &vm->outputs[i], error))
        return FALSE;
    }
  return open_line (vm, config->debugcon, &vm->debugcon, error);
}

/* The board's wishes, served outside the lock */

static void serve_wishes (void *data);

static void
board_event (void *data, BoardEvent event)
{
  Vm *vm = data;

  if (vm->wishes & 1u << event)
    return;
  vm->wishes |= 1u << event;
  /* What guests have behind the write is not meant to run. */
  if (event == BOARD_EVENT_TEST_EXIT && vm->vcpus != NULL)
    vcpus_request_stop (vm->vcpus);
  /* Trays are only looked at: a guest that plays with one must not flood who looks. */
  notice_give (vm->wish_notice, event == BOARD_EVENT_TRAY ? TRAY_DELAY_US : 0);
}

static void
memory_lost (void *data, const char *sentence)
{
  Vm *vm = data;

  g_free (vm->memory_lost);
  vm->memory_lost = g_strdup (sentence);
  if (vm->vcpus != NULL)
    vcpus_request_stop (vm->vcpus);
  notice_give (vm->wish_notice, 0);
}

/* Guest time, wherever it is counted. */
static void
run_time (Vm *vm, bool running)
{
  Accel *accel = board_pc_get_accel (vm->board);

  machine_lock_acquire (vm->lock);
  if (running)
    clock_start (vm->clock);
  else
    clock_stop (vm->clock);
  if (accel != NULL && accel->ops->run_time != NULL)
    accel->ops->run_time (accel, running);
  machine_lock_release (vm->lock);
}

static void
set_crashed (Vm *vm, const char *message)
{
  g_free (vm->failure);
  vm->failure = g_strdup (message);
  g_printerr ("guesthouse-vm: %s\n", vm->failure);
  vm_set_state (vm, VM_CRASHED);
}

void
vm_crash (Vm *vm, const char *message)
{
  if (vm->vcpus == NULL || vcpus_stop (vm->vcpus))
    run_time (vm, false);
  set_crashed (vm, message);
}

static gboolean start_without_kvm (Vm *vm, const GError *error);

/* The guest has not got to anything that its owner would miss. */
static gboolean
has_just_begun (Vm *vm)
{
  uint64_t bytes_read, bytes_written, in_all = 0;

  for (unsigned i = 0; vm_get_drive_traffic (vm, i, &bytes_read, &bytes_written) != NULL; i++)
    in_all += bytes_written;
  return in_all == 0 && clock_get_ns (vm->clock) < BEGINNING_NS;
}

static void
vcpus_stopped (void *data, AccelExit reason, const GError *error)
{
  Vm *vm = data;

  if (error == NULL || !has_just_begun (vm) || !start_without_kvm (vm, error))
    vm_crash (vm, error != NULL ? error->message : _ ("The accelerator stopped."));
}

Vm *
vm_new (MachineConfig *config, GError **error)
{
  g_autoptr (Vm) vm = g_new0 (Vm, 1);

  vm->config = config;
  vm->cpu = machine_cpu_get (config);
  vm->folder_lock = -1;
  vm->test_status = -1;
  vm->context = g_main_context_default ();
  vm->lock = machine_lock_new ();
  vm->console = console_new ();
  vm->input = input_new ();
  vm->wish_notice = notice_new (vm->context, serve_wishes, vm);
  vm->drives = vm_drives_new (config->devices, vm->context, vm->lock);
  vm_drives_set_listener (vm->drives, image_troubled, tell_drives_changed, vm);
  if (!machine_config_check (config, error)
      || !machine_topology_parse (config->topology, config->cpus, config->os, &vm->topology, error))
    return NULL;
  if (config->folder != NULL)
    {
      vm->folder_lock
        = machine_config_lock_folder (config->folder, MACHINE_CONFIG_LOCK_PATIENCE, error);
      if (vm->folder_lock < 0)
        return NULL;
    }
  if (!open_everything (vm, error))
    return NULL;
  vm->accel = accel_choice (config->accelerator, &vm->topology, &vm->cpu, &vm->accel_reason, error);
  if (vm->accel == NULL)
    return NULL;
  return g_steal_pointer (&vm);
}

/* The machine without power: what a power on made goes away. What a CPU has that the host does not
 * give back goes away with the process only. */
static void
tear_down (Vm *vm)
{
  if (vm->vcpus != NULL && !vcpus_stop (vm->vcpus))
    {
      g_printerr (
        _ ("guesthouse-vm: The host does not give a processor of the machine back, so the "
           "machine's process ends.\n"));
      _exit (EXIT_FAILURE);
    }
  g_clear_pointer (&vm->vcpus, vcpus_free);
  machine_lock_acquire (vm->lock);
  vm_drives_set_board (vm->drives, NULL);
  g_clear_pointer (&vm->board, board_pc_free);
  g_clear_pointer (&vm->clock, clock_free);
  vm->wishes = 0;
  g_clear_pointer (&vm->disk_full, g_free);
  g_clear_pointer (&vm->disk_failed, g_free);
  g_clear_pointer (&vm->memory_lost, g_free);
  machine_lock_release (vm->lock);
  g_clear_pointer (&vm->pause_reason, g_free);
  g_clear_handle_id (&vm->room_tries, g_source_remove);
  g_clear_handle_id (&vm->wait_told, g_source_remove);
}

void
vm_free (Vm *vm)
{
  if (vm == NULL)
    return;
  tear_down (vm);
  vm_drives_free (vm->drives);
  for (unsigned i = 0; vm->outputs != NULL && i < vm->config->devices->len; i++)
    chardev_free (vm->outputs[i]);
  g_free (vm->outputs);
  chardev_free (vm->debugcon);
  notice_free (vm->wish_notice);
  input_free (vm->input);
  console_free (vm->console);
  machine_lock_free (vm->lock);
  machine_config_free (vm->config);
  if (vm->folder_lock >= 0)
    close (vm->folder_lock);
  g_free (vm->failure);
  g_free (vm->disk_error);
  g_free (vm->accel_reason);
  g_free (vm);
}

void
vm_set_listener (Vm *vm, const VmListener *listener, void *data)
{
  vm->listener = listener != NULL ? *listener : (VmListener){ NULL };
  vm->listener_data = data;
}

static gboolean
reset_vcpus (Vm *vm, GError **error)
{
  for (unsigned i = 0; i < vcpus_get_count (vm->vcpus); i++)
    {
      X86State state;

      x86_state_reset (&state, i);
      state.lapic.id = cpu_topology_get_apic_id (&vm->topology, i);
      if (!vcpus_set_state (vm->vcpus, i, &state, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
vm_make_vcpus (Vm *vm, GError **error)
{
  vm->vcpus = vcpus_new (board_pc_get_accel (vm->board), vm->config->cpus, vm->context,
                         vcpus_stopped, vm, error);
  return vm->vcpus != NULL;
}

static gboolean
build (Vm *vm, GError **error)
{
  const MachineConfig *config = vm->config;
  g_autofree BoardDeviceConfig *devices = g_new0 (BoardDeviceConfig, config->devices->len);
  g_autofree char *bios = firmware_file_dup_path (config->bios, "bios-256k.bin");
  g_autofree char *vga_bios = firmware_file_dup_path (config->vga_bios, "vgabios-stdvga.bin");
  BoardPcConfig board = {
    .accel = vm->accel,
    .topology = vm->topology,
    .cpu = vm->cpu,
    .memory_size = (uint64_t) config->memory << 20,
    .code_cache_size = (size_t) config->code_cache << 10,
    .context = vm->context,
    .lock = vm->lock,
    .console = vm->console,
    .input = vm->input,
    .random = arc4random_buf,
    .bios = bios,
    .vga_bios = vga_bios,
    .devices = devices,
    .n_devices = config->devices->len,
    .debugcon = vm->debugcon,
    .boot_order = config->boot,
    .boot_menu = config->boot_menu,
    .kernel = config->kernel,
    .initrd = config->initrd,
    .append = config->append,
    .name = config->name,
    .uuid = config->uuid,
    .smbios = config->smbios,
    .test_device = config->test_device,
    .event = board_event,
    .memory_lost = memory_lost,
    .event_data = vm,
  };

  if (board.bios == NULL || board.vga_bios == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   _ ("The firmware SeaBIOS is not installed: install the package seabios of your "
                      "distribution."));
      return FALSE;
    }
  board.clock = vm->clock = clock_new_host (vm->context, vm->lock);
  clock_set_catch_up (vm->clock, !g_str_equal (config->ticks, "merge"));
  for (unsigned i = 0; i < config->devices->len; i++)
    {
      const DeviceSpec *spec = g_ptr_array_index (config->devices, i);

      devices[i] = (BoardDeviceConfig){ .spec = spec,
                                        .image = vm_drives_get_image (vm->drives, spec),
                                        .output = vm->outputs[i] };
    }
  machine_lock_acquire (vm->lock);
  vm->board = board_pc_new (&board, error);
  vm_drives_set_board (vm->drives, vm->board);
  machine_lock_release (vm->lock);
  return vm->board != NULL && vm_make_vcpus (vm, error);
}

void
vm_run (Vm *vm)
{
  g_clear_pointer (&vm->pause_reason, g_free);
  run_time (vm, true);
  vcpus_start (vm->vcpus);
  vm_set_state (vm, VM_RUNNING);
}

G_DEFINE_QUARK (vm - error, vm_error)

gboolean
vm_wrong_state (Vm *vm, const char *must_be, GError **error)
{
  g_set_error (error, VM_ERROR, VM_ERROR_STATE, _ ("The machine is %s; for this it must be %s."),
               _ (vm_state_to_string (vm->state)), _ (must_be));
  return FALSE;
}

static gboolean
start (Vm *vm, GError **error)
{
  if (build (vm, error))
    {
      machine_lock_acquire (vm->lock);
      board_pc_reset (vm->board);
      machine_lock_release (vm->lock);
      if (reset_vcpus (vm, error))
        {
          vm_run (vm);
          return TRUE;
        }
    }
  tear_down (vm);
  return FALSE;
}

/* Where "auto" chose KVM and that cannot do it after all, the same machine starts without it. */
static gboolean
take_translator (Vm *vm, const GError *error)
{
  if (!g_str_equal (vm->config->accelerator, "auto")
      || !g_error_matches (error, ACCEL_ERROR, ACCEL_ERROR_HOST))
    return FALSE;
  g_free (vm->accel_reason);
  vm->accel = accel_choice_without_kvm (error->message, &vm->accel_reason);
  g_printerr ("guesthouse-vm: %s\n", vm->accel_reason);
  return TRUE;
}

static gboolean
start_with_any (Vm *vm, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (start (vm, &problem))
    return TRUE;
  if (take_translator (vm, problem))
    return start (vm, error);
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

static gboolean
start_without_kvm (Vm *vm, const GError *error)
{
  g_autoptr (GError) problem = NULL;

  if (!take_translator (vm, error))
    return FALSE;
  tear_down (vm);
  if (!start (vm, &problem))
    set_crashed (vm, problem->message);
  return TRUE;
}

/* error NULL: it runs. */
static void
end_start (Vm *vm, const GError *error)
{
  VmDone started = vm->started;

  vm->started = NULL;
  started (vm->started_data, error);
}

static void
drives_opened (void *data, const GError *error)
{
  Vm *vm = data;
  g_autoptr (GError) problem = error != NULL ? g_error_copy (error) : NULL;

  g_clear_handle_id (&vm->wait_told, g_source_remove);
  g_clear_pointer (&vm->pause_reason, g_free);
  vm->disk_error = g_strdup (vm_drives_get_missing (vm->drives));
  if (vm->disk_error != NULL)
    g_printerr ("guesthouse-vm: %s\n", vm->disk_error);
  if (problem == NULL && start_with_any (vm, &problem))
    {
      end_start (vm, NULL);
      return;
    }
  vm->failed_drive = error != NULL ? vm_drives_get_failed (vm->drives) : NULL;
  set_crashed (vm, problem->message);
  end_start (vm, problem);
}

static gboolean
tell_wait (gpointer data)
{
  Vm *vm = data;

  vm->wait_told = 0;
  g_free (vm->pause_reason);
  vm->pause_reason
    = g_strdup_printf (_ ("The machine waits for “%s”, because the file system that it lies on "
                          "does not answer. It starts as soon as that does; power it off to give "
                          "up."),
                       vm_drives_get_awaited (vm->drives));
  g_printerr ("guesthouse-vm: %s\n", vm->pause_reason);
  vm_set_state (vm, vm->state);
  return G_SOURCE_REMOVE;
}

void
vm_power_on (Vm *vm, VmDone done, void *data)
{
  g_autoptr (GError) error = NULL;

  if (vm->state != VM_OFF && vm->state != VM_CRASHED)
    {
      vm_wrong_state (vm, N_ ("off"), &error);
      done (data, error);
      return;
    }
  tear_down (vm);
  g_clear_pointer (&vm->failure, g_free);
  vm->failed_drive = NULL;
  g_clear_pointer (&vm->disk_error, g_free);
  vm->started = done;
  vm->started_data = data;
  vm->state = VM_STARTING;
  vm_drives_open (vm->drives, drives_opened, vm);
  if (vm->state != VM_STARTING)
    return;
  vm->wait_told = g_timeout_add (WAIT_TOLD_MS, tell_wait, vm);
  vm_set_state (vm, VM_STARTING);
}

/* While it starts, that is given up. */
gboolean
vm_power_off (Vm *vm, GError **error)
{
  g_autoptr (GError) given_up = NULL;

  if (vm->state == VM_OFF)
    return vm_wrong_state (vm, N_ ("on"), error);
  vm_drives_give_up (vm->drives);
  tear_down (vm);
  vm_set_state (vm, VM_OFF);
  tell_power_event (vm, "power-off");
  if (vm->started != NULL)
    {
      g_set_error (&given_up, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                   _ ("The machine was powered off before it had started."));
      end_start (vm, given_up);
    }
  return TRUE;
}

gboolean
vm_power_button (Vm *vm, GError **error)
{
  if (vm->state != VM_RUNNING)
    return vm_wrong_state (vm, "running", error);
  machine_lock_acquire (vm->lock);
  board_pc_press_power_button (vm->board);
  machine_lock_release (vm->lock);
  return TRUE;
}

/* Where the host does not give one back, the others go on. */
static gboolean
stop_vcpus (Vm *vm, GError **error)
{
  if (vcpus_stop (vm->vcpus))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
               _ ("The host does not give a processor of the machine back: try again later, or "
                  "power the machine off."));
  if (vm->state == VM_RUNNING)
    vcpus_start (vm->vcpus);
  return FALSE;
}

gboolean
vm_reset (Vm *vm, GError **error)
{
  VmState before = vm->state;
  g_autoptr (GError) problem = NULL;

  if (before != VM_RUNNING && before != VM_PAUSED)
    return vm_wrong_state (vm, N_ ("on"), error);
  if (!stop_vcpus (vm, error))
    return FALSE;
  machine_lock_acquire (vm->lock);
  vm->wishes &= ~(1u << BOARD_EVENT_RESET);
  g_clear_pointer (&vm->disk_full, g_free);
  board_pc_reset (vm->board);
  machine_lock_release (vm->lock);
  if (!reset_vcpus (vm, &problem))
    {
      vm_crash (vm, problem->message);
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  tell_power_event (vm, "reset");
  g_clear_pointer (&vm->pause_reason, g_free);
  if (before == VM_RUNNING)
    vm_run (vm);
  else
    vm_set_state (vm, before);
  return TRUE;
}

gboolean
vm_get_test_status (Vm *vm, int *status)
{
  *status = vm->test_status;
  return vm->test_status >= 0;
}

gboolean
vm_halt (Vm *vm, GError **error)
{
  if (!stop_vcpus (vm, error))
    return FALSE;
  run_time (vm, false);
  return TRUE;
}

gboolean
vm_pause (Vm *vm, GError **error)
{
  if (vm->state != VM_RUNNING)
    return vm_wrong_state (vm, "running", error);
  if (!vm_halt (vm, error))
    return FALSE;
  vm_set_state (vm, VM_PAUSED);
  return TRUE;
}

/* What found no room on the host is tried again: if there is still none, it pauses again. */
gboolean
vm_resume (Vm *vm, GError **error)
{
  if (vm->state != VM_PAUSED)
    return vm_wrong_state (vm, "paused", error);
  vm_drives_retry (vm->drives);
  vm_run (vm);
  return TRUE;
}

gboolean
vm_is_on (Vm *vm)
{
  return vm->state == VM_RUNNING || vm->state == VM_PAUSED;
}

static gboolean
try_room (gpointer data)
{
  Vm *vm = data;

  vm->room_tries = 0;
  vm_resume (vm, NULL);
  return G_SOURCE_REMOVE;
}

static void
pause_for (Vm *vm, const char *reason)
{
  g_printerr ("guesthouse-vm: %s\n", reason);
  if (vm->state == VM_RUNNING && !vm_halt (vm, NULL))
    return;
  g_free (vm->pause_reason);
  vm->pause_reason = g_strdup (reason);
  if (vm->listener.state_changed == NULL && vm->room_tries == 0) /* nobody could resume it */
    vm->room_tries = g_timeout_add_seconds (ROOM_TRIES_S, try_room, vm);
  vm_set_state (vm, VM_PAUSED);
}

/* Said once, however often the guest tries. */
static void
report_disk_error (Vm *vm, const char *sentence)
{
  if (g_strcmp0 (vm->disk_error, sentence) == 0)
    return;
  g_free (vm->disk_error);
  vm->disk_error = g_strdup (sentence);
  g_printerr ("guesthouse-vm: %s\n", sentence);
  vm_set_state (vm, vm->state);
}

/* The status is that of QEMU's isa-debug-exit: odd, so that it is no success by mistake. */
static void
end_test (Vm *vm)
{
  machine_lock_acquire (vm->lock);
  vm->test_status = (board_pc_get_test_exit (vm->board) << 1 | 1) & 0xff;
  machine_lock_release (vm->lock);
  vm_power_off (vm, NULL);
}

static void
serve_wishes (void *data)
{
  Vm *vm = data;
  unsigned wishes;
  g_autofree char *full = NULL;
  g_autofree char *failed = NULL;
  g_autofree char *lost = NULL;

  machine_lock_acquire (vm->lock);
  wishes = vm->wishes;
  vm->wishes = 0;
  full = g_steal_pointer (&vm->disk_full);
  failed = g_steal_pointer (&vm->disk_failed);
  lost = g_steal_pointer (&vm->memory_lost);
  machine_lock_release (vm->lock);
  if (failed != NULL && vm_is_on (vm))
    report_disk_error (vm, failed);
  if (full != NULL && vm_is_on (vm))
    pause_for (vm, full);
  if (lost != NULL && vm_is_on (vm))
    vm_crash (vm, lost);
  if (wishes & 1u << BOARD_EVENT_TRAY)
    tell_drives_changed (vm);
  if (wishes & 1u << BOARD_EVENT_TEST_EXIT)
    end_test (vm);
  else if (wishes & 1u << BOARD_EVENT_POWER_OFF)
    vm_power_off (vm, NULL);
  else if (wishes & 1u << BOARD_EVENT_RESET)
    vm_reset (vm, NULL);
}
