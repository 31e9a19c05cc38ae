/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "options.h"

#include <glib/gi18n.h>
#include <string.h>

#include "machine-trust.h"
#include "socket-folder.h"
#include "vmm-core/real-path.h"

/* As given, before it is known what they apply to. */
typedef struct
{
  char *name, *memory, *accelerator, *code_cache, *boot, *serial, *debugcon, *kernel, *initrd,
    *append, *bios, *vga_bios, *topology, *cpu_model, *hyperv;
  char **disks, **discs, **devices;
  int cpus, time_limit;
  char *control, *trace;
  gboolean boot_menu, test_device, window, headless, stopped, exit_on_shutdown, version,
    without_disc;
  char **rest;
} Arguments;

void
options_free (Options *options)
{
  if (options == NULL)
    return;
  machine_config_free (options->config);
  g_free (options->control);
  g_free (options->trace);
  g_free (options);
}

static void
arguments_clear (Arguments *a)
{
  char **strings[]
    = { &a->code_cache, &a->name,   &a->memory,   &a->accelerator, &a->boot,  &a->serial,
        &a->debugcon,   &a->kernel, &a->initrd,   &a->append,      &a->bios,  &a->vga_bios,
        &a->control,    &a->trace,  &a->topology, &a->cpu_model,   &a->hyperv };

  for (unsigned i = 0; i < G_N_ELEMENTS (strings); i++)
    g_clear_pointer (strings[i], g_free);
  g_strfreev (a->disks);
  g_strfreev (a->discs);
  g_strfreev (a->devices);
  g_strfreev (a->rest);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Arguments, arguments_clear)

static gboolean
read_arguments (int argc, char **argv, Arguments *a, GError **error)
{
  const GOptionEntry entries[] = {
    { "name", 0, 0, G_OPTION_ARG_STRING, &a->name, N_ ("What the machine is called"), N_ ("NAME") },
    { "memory", 'm', 0, G_OPTION_ARG_STRING, &a->memory, N_ ("Memory, for example 512M or 2G"),
      N_ ("SIZE") },
    { "cpus", 0, 0, G_OPTION_ARG_INT, &a->cpus, N_ ("Virtual CPUs, 1 to 8"), N_ ("N") },
    { "topology", 0, 0, G_OPTION_ARG_STRING, &a->topology,
      N_ ("auto, cores (of one socket), sockets (one a CPU), or for example 2x2x1"),
      N_ ("LAYOUT") },
    { "cpu-model", 0, 0, G_OPTION_ARG_STRING, &a->cpu_model,
      N_ ("Processor model: host, baseline, v3, or for example haswell or zen2"), N_ ("NAME") },
    { "hyperv", 0, 0, G_OPTION_ARG_STRING, &a->hyperv,
      N_ ("Hyper-V's interface, which Windows is faster with: auto, on or off"), N_ ("WHETHER") },
    { "accel", 0, 0, G_OPTION_ARG_STRING, &a->accelerator,
      N_ ("auto, kvm, translator, interpreter or none"), N_ ("NAME") },
    { "code-cache", 0, 0, G_OPTION_ARG_STRING, &a->code_cache,
      N_ ("Memory for translated code, for example 64M or 256K"), N_ ("SIZE") },
    { "cdrom", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &a->discs,
      N_ ("A disc image in a CD drive (repeatable)"), N_ ("FILE") },
    { "disk", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &a->disks, N_ ("A disk image (repeatable)"),
      N_ ("FILE") },
    { "device", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &a->devices,
      N_ ("A device of “guesthousectl devices” (repeatable)"), N_ ("MODEL,OPTION=VALUE…") },
    { "without-disc", 0, 0, G_OPTION_ARG_NONE, &a->without_disc,
      N_ ("Leave the CD drives of the folder's machine empty"), NULL },
    { "kernel", 0, 0, G_OPTION_ARG_FILENAME, &a->kernel,
      N_ ("Boot this Linux or Multiboot kernel directly"), N_ ("FILE") },
    { "initrd", 0, 0, G_OPTION_ARG_FILENAME, &a->initrd,
      N_ ("Its initial RAM disk, or “MODULE ARGUMENTS,MODULE …”"), N_ ("FILE") },
    { "append", 0, 0, G_OPTION_ARG_STRING, &a->append, N_ ("Its command line"), N_ ("TEXT") },
    { "boot", 0, 0, G_OPTION_ARG_STRING, &a->boot,
      N_ ("Boot order: letters c disk, d CD, n network"), N_ ("ORDER") },
    { "boot-menu", 0, 0, G_OPTION_ARG_NONE, &a->boot_menu,
      N_ ("Let the firmware wait for Esc, which opens its boot menu"), NULL },
    { "serial", 0, 0, G_OPTION_ARG_STRING, &a->serial,
      N_ ("First serial line: none, stdio, file:F or socket:F"), N_ ("WHERE") },
    { "debugcon", 0, 0, G_OPTION_ARG_STRING, &a->debugcon,
      N_ ("Firmware's messages: a file, stdio or socket:F"), N_ ("WHERE") },
    { "bios", 0, 0, G_OPTION_ARG_FILENAME, &a->bios, N_ ("Another BIOS"), N_ ("FILE") },
    { "vga-bios", 0, 0, G_OPTION_ARG_FILENAME, &a->vga_bios, N_ ("Another VGA BIOS"), N_ ("FILE") },
    { "control", 0, 0, G_OPTION_ARG_FILENAME, &a->control, N_ ("Path of the control socket"),
      N_ ("SOCKET") },
    { "window", 0, 0, G_OPTION_ARG_NONE, &a->window, N_ ("Show the screen in a window"), NULL },
    { "headless", 0, 0, G_OPTION_ARG_NONE, &a->headless, N_ ("Show no window (the default)"),
      NULL },
    { "stopped", 0, 0, G_OPTION_ARG_NONE, &a->stopped, N_ ("Wait for a power-on command"), NULL },
    { "exit-on-shutdown", 0, 0, G_OPTION_ARG_NONE, &a->exit_on_shutdown,
      N_ ("End when the guest powers off"), NULL },
    { "test-device", 0, 0, G_OPTION_ARG_NONE, &a->test_device,
      N_ ("Add the device by which test guests end the process with a status"), NULL },
    { "time-limit", 0, 0, G_OPTION_ARG_INT, &a->time_limit,
      N_ ("End with status 2 after S seconds"), N_ ("S") },
    { "trace", 0, 0, G_OPTION_ARG_STRING, &a->trace,
      N_ ("Print trace events, for example 'pit.*,ide.*'"), N_ ("PATTERN") },
    { "version", 0, 0, G_OPTION_ARG_NONE, &a->version, N_ ("Print the version"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &a->rest, NULL, N_ ("[FOLDER]") },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (
    context,
    _ ("Runs one machine: that of a machine folder, or one made from the options.\n"
       "Exit status: 0, 1 for an error, 2 when the time limit has passed; with --test-device, "
       "what the guest gives."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  return g_option_context_parse (context, &argc, &argv, error);
}

static void
replace (char **value, char **with)
{
  if (*with != NULL)
    {
      g_free (*value);
      *value = g_steal_pointer (with);
    }
}

static void
list_drives (GPtrArray *devices, const char *kind, char **files)
{
  for (unsigned n = 0; files != NULL && files[n] != NULL; n++)
    {
      DeviceSpec *spec = device_spec_new (catalog_find (kind, NULL), 0);

      device_spec_set (spec, "file", files[n]);
      g_ptr_array_add (devices, spec);
    }
}

/* What the options add, in the order in which it finds its places. */
static gboolean
list_devices (const Arguments *a, GPtrArray *devices, GError **error)
{
  list_drives (devices, "disk", a->disks);
  list_drives (devices, "cd", a->discs);
  for (unsigned n = 0; a->devices != NULL && a->devices[n] != NULL; n++)
    {
      DeviceSpec *spec = machine_devices_parse (a->devices[n], error);

      if (spec == NULL)
        return FALSE;
      g_ptr_array_add (devices, spec);
    }
  return TRUE;
}

/* Gives each a number and a place in the machine. */
static gboolean
add_devices (MachineConfig *config, GPtrArray *devices, GError **error)
{
  for (unsigned i = 0; i < devices->len; i++)
    {
      DeviceSpec *given = g_ptr_array_index (devices, i);
      DeviceSpec *spec = machine_devices_add (config->devices, given->model);

      if (spec == NULL)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       _ ("There is no room for one more “%s”: a machine has %u places for %s."),
                       given->model->model, given->model->socket->places,
                       _ (given->model->socket->title));
          return FALSE;
        }
      for (unsigned n = 0; n < spec->model->n_options; n++)
        device_spec_set (spec, spec->model->options[n].name, given->values[n]);
    }
  return TRUE;
}

/* --serial is for the first serial port, whether the machine has one or not. */
static void
set_first_serial (MachineConfig *config, const DeviceSpec *given)
{
  DeviceSpec *spec = machine_devices_find (config->devices, "serial0");

  if (spec == NULL)
    spec = machine_devices_add (config->devices, given->model);
  device_spec_set (spec, "output", device_spec_get (given, "output"));
}

static gboolean
apply (Arguments *a, Options *options, GError **error)
{
  MachineConfig *config = options->config;
  g_autoptr (GPtrArray) devices = machine_devices_new ();
  MachineConfig files = { .devices = devices };
  DeviceSpec *serial = NULL;

  for (unsigned i = 0; a->without_disc && i < config->devices->len; i++)
    {
      DeviceSpec *spec = g_ptr_array_index (config->devices, i);

      if (device_spec_is (spec, "cd"))
        device_spec_set (spec, "file", NULL);
    }
  if (a->memory != NULL)
    {
      config->memory = machine_config_parse_memory (a->memory, error);
      if (config->memory == 0)
        return FALSE;
    }
  if (a->code_cache != NULL)
    {
      config->code_cache = machine_config_parse_code_cache (a->code_cache, error);
      if (config->code_cache == 0)
        return FALSE;
    }
  if (a->cpus != 0)
    config->cpus = MAX (a->cpus, 0);
  if (a->debugcon != NULL && strchr (a->debugcon, ':') == NULL
      && !g_str_equal (a->debugcon, "stdio"))
    {
      files.debugcon = g_strconcat ("file:", a->debugcon, NULL);
      g_clear_pointer (&a->debugcon, g_free);
    }
  replace (&config->name, &a->name);
  replace (&config->topology, &a->topology);
  replace (&config->cpu_model, &a->cpu_model);
  replace (&config->hyperv, &a->hyperv);
  replace (&config->accelerator, &a->accelerator);
  replace (&config->boot, &a->boot);
  replace (&config->append, &a->append);
  if (!list_devices (a, devices, error))
    return FALSE;
  if (a->serial != NULL)
    {
      serial = device_spec_new (catalog_find ("serial", NULL), 0);
      device_spec_set (serial, "output", a->serial);
      g_ptr_array_add (devices, serial);
    }
  replace (&files.debugcon, &a->debugcon);
  replace (&files.kernel, &a->kernel);
  replace (&files.initrd, &a->initrd);
  replace (&files.bios, &a->bios);
  replace (&files.vga_bios, &a->vga_bios);
  machine_trust_resolve (&files);
  if (serial != NULL)
    {
      set_first_serial (config, serial);
      g_ptr_array_remove (devices, serial);
    }
  replace (&config->debugcon, &files.debugcon);
  replace (&config->kernel, &files.kernel);
  replace (&config->initrd, &files.initrd);
  replace (&config->bios, &files.bios);
  replace (&config->vga_bios, &files.vga_bios);
  replace (&options->control, &a->control);
  replace (&options->trace, &a->trace);
  config->boot_menu |= a->boot_menu;
  config->test_device |= a->test_device;
  options->window = a->window;
  options->stopped = a->stopped;
  options->exit_on_shutdown = a->exit_on_shutdown;
  options->time_limit = a->time_limit;
  return add_devices (config, devices, error);
}

/* The folder's files are found before options add the user's own. */
static MachineConfig *
load_folder (const char *folder, GError **error)
{
  g_autoptr (MachineConfig) config = machine_config_load (folder, error);

  if (config == NULL)
    return NULL;
  machine_trust_resolve (config);
  return machine_trust_check (config, error) ? g_steal_pointer (&config) : NULL;
}

Options *
options_parse (int argc, char **argv, gboolean *finished, GError **error)
{
  g_auto (Arguments) a = { 0 };
  g_autoptr (Options) options = g_new0 (Options, 1);

  *finished = FALSE;
  if (!read_arguments (argc, argv, &a, error))
    return NULL;
  if (a.version)
    {
      g_print ("guesthouse-vm " VERSION "\n");
      *finished = TRUE;
      return NULL;
    }
  if ((a.window && a.headless) || a.time_limit < 0
      || (a.rest != NULL && a.rest[0] != NULL && a.rest[1] != NULL))
    {
      g_set_error (
        error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        a.window && a.headless ? _ ("--window and --headless exclude each other: give one of them.")
        : a.time_limit < 0
          ? _ ("--time-limit takes a number of seconds, not a negative one.")
          : _ ("Only one machine folder can be given: start a process for each machine."));
      return NULL;
    }
  options->config
    = a.rest != NULL && a.rest[0] != NULL ? load_folder (a.rest[0], error) : machine_config_new ();
  if (options->config == NULL || !apply (&a, options, error)
      || !machine_config_check (options->config, error))
    return NULL;
  /* A machine of the library is found by its uuid. */
  if (options->control == NULL && options->config->folder != NULL)
    options->control = socket_folder_dup_control (options->config->uuid);
  return g_steal_pointer (&options);
}
