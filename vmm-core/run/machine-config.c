/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-config.h"
#include "machine-cpu.h"
#include "machine-smbios.h"
#include "size.h"
#include "machine-topology.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm-core/plain-file.h"
#include "vmm-core/real-path.h"
#include "vmm-core/x86/cpu-models.h"

#define MAX_MEMORY 65536   /* MiB */
#define MIN_CODE_CACHE 256 /* KiB */
#define MAX_CODE_CACHE (1u << 20)
#define DEFAULT_CODE_CACHE (64u << 10)
#define MAX_CONF (1u << 20)
#define LOCK_STEP_MS 20

MachineConfig *
machine_config_new (void)
{
  MachineConfig *config = g_new0 (MachineConfig, 1);

  config->name = g_strdup ("Guesthouse");
  config->uuid = g_uuid_string_random ();
  config->memory = MACHINE_CONFIG_DEFAULT_MEMORY;
  config->cpus = 1;
  config->topology = g_strdup (MACHINE_TOPOLOGY_AUTO);
  config->cpu_model = g_strdup (CPU_MODEL_HOST);
  config->hyperv = g_strdup ("auto");
  config->accelerator = g_strdup ("auto");
  config->ticks = g_strdup ("catch-up");
  config->code_cache = DEFAULT_CODE_CACHE;
  config->boot = g_strdup ("cdn");
  config->devices = machine_devices_new ();
  return config;
}

void
machine_config_free (MachineConfig *config)
{
  if (config == NULL)
    return;
  g_free (config->folder);
  g_free (config->name);
  g_free (config->uuid);
  g_free (config->topology);
  g_free (config->cpu_model);
  g_free (config->hyperv);
  g_free (config->os);
  g_free (config->accelerator);
  g_free (config->ticks);
  g_free (config->boot);
  g_free (config->bios);
  g_free (config->vga_bios);
  g_ptr_array_unref (config->devices);
  g_free (config->debugcon);
  g_free (config->kernel);
  g_free (config->initrd);
  g_free (config->append);
  machine_smbios_clear (&config->smbios);
  g_free (config);
}

unsigned
machine_config_get_host_memory (void)
{
  return (unsigned) ((guint64) sysconf (_SC_PHYS_PAGES) * sysconf (_SC_PAGESIZE) >> 20);
}

unsigned
machine_config_parse_memory (const char *text, GError **error)
{
  guint64 bytes;

  if (size_parse (text, 1 << 20, &bytes) && bytes >= 1 << 20 && bytes >> 20 <= MAX_MEMORY
      && bytes % (1 << 20) == 0)
    return bytes >> 20;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("“%s” is no amount of memory: give MiB between 1 and %u, or for example 512M or "
                  "2G."),
               text, MAX_MEMORY);
  return 0;
}

unsigned
machine_config_parse_code_cache (const char *text, GError **error)
{
  guint64 bytes;

  if (size_parse (text, 1 << 20, &bytes) && bytes >> 10 >= MIN_CODE_CACHE
      && bytes >> 10 <= MAX_CODE_CACHE)
    return bytes >> 10;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("“%s” is no size for the cache of translated code: give MiB between 1 and %u, or "
                  "for example 256K, which is the least."),
               text, MAX_CODE_CACHE >> 10);
  return 0;
}

static gboolean
is_one_of (const char *value, const char *const *allowed)
{
  return g_strv_contains (allowed, value);
}

/* Letters, or names of drives: one that the machine has not any more is passed over. */
static gboolean
is_boot_order (const char *boot)
{
  g_auto (GStrv) names = g_strsplit (boot, ",", -1);
  unsigned number;

  if (*boot == '\0')
    return FALSE;
  if (strlen (boot) <= 3 && strspn (boot, "cdn") == strlen (boot))
    return TRUE;
  for (char **name = names; *name != NULL; name++)
    {
      const DeviceModel *model = catalog_find_group (*name, &number);

      if (model == NULL || !model->bootable)
        return FALSE;
    }
  return TRUE;
}

gboolean
machine_config_check (const MachineConfig *config, GError **error)
{
  static const char *const accelerators[]
    = { "auto", "kvm", "translator", "interpreter", "none", NULL };
  static const char *const ticks[] = { "catch-up", "merge", NULL };
  CpuTopology topology;

  if (config->memory < 1 || config->memory > MAX_MEMORY)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("%u MiB of memory cannot be had: choose between 1 and %u."), config->memory,
                 MAX_MEMORY);
  else if (config->cpus < 1 || config->cpus > MACHINE_CONFIG_CPUS)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("%u CPUs cannot be had: choose between 1 and %u."), config->cpus,
                 MACHINE_CONFIG_CPUS);
  else if (!is_one_of (config->accelerator, accelerators))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("“%s” is no accelerator: choose auto, kvm, translator, interpreter or none."),
                 config->accelerator);
  else if (!is_one_of (config->ticks, ticks))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("“%s” is no way to treat late timer ticks: choose catch-up or merge."),
                 config->ticks);
  else if (!is_boot_order (config->boot))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("“%s” is no boot order: use up to three of the letters c (disk), d (CD), n "
                    "(network), or name drives, for example disk1,cd0."),
                 config->boot);
  else if (config->kernel == NULL && (config->initrd != NULL || config->append != NULL))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("An initrd or a kernel command line needs a kernel: add --kernel."));
  else
    return machine_cpu_check (config, error)
           && machine_topology_parse (config->topology, config->cpus, config->os, &topology, error);
  return FALSE;
}

/* A number in a key; the fallback if it is not there. */
static gboolean
read_number (GKeyFile *file, const char *path, const char *group, const char *key, unsigned *value,
             GError **error)
{
  g_autofree char *text = g_key_file_get_string (file, group, key, NULL);
  char *end;
  guint64 number;

  if (text == NULL)
    return TRUE;
  number = g_ascii_strtoull (text, &end, 10);
  if (end != text && *end == '\0' && *text != '-' && number <= G_MAXINT)
    {
      *value = number;
      return TRUE;
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               _ ("In “%s”, %s in [%s] is “%s”: write a whole number there."), path, key, group,
               text);
  return FALSE;
}

static gboolean
read_size (GKeyFile *file, const char *path, const char *key,
           unsigned (*parse) (const char *text, GError **error), unsigned *value, GError **error)
{
  g_autofree char *text = g_key_file_get_string (file, "machine", key, NULL);
  g_autoptr (GError) problem = NULL;

  if (text == NULL)
    return TRUE;
  *value = parse (text, &problem);
  if (*value != 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("In “%s”, %s in [machine]: %s"), path,
               key, problem->message);
  return FALSE;
}

static void
read_string (GKeyFile *file, const char *group, const char *key, char **value)
{
  char *text = g_key_file_get_string (file, group, key, NULL);

  if (text != NULL)
    {
      g_free (*value);
      *value = text;
    }
}

/* A path: what is relative counts from the machine's folder; empty is none. */
static void
read_path (GKeyFile *file, const char *folder, const char *group, const char *key, char **value)
{
  g_autofree char *text = g_key_file_get_string (file, group, key, NULL);

  if (text != NULL && *text != '\0')
    {
      g_free (*value);
      *value = machine_devices_dup_path (folder, text);
    }
}

/* An output: the path in it likewise. */
static void
read_output (GKeyFile *file, const char *folder, const char *group, const char *key, char **value)
{
  g_autofree char *text = g_key_file_get_string (file, group, key, NULL);

  if (text == NULL)
    return;
  g_free (*value);
  *value = machine_devices_dup_output (folder, text);
}

static gboolean
is_known_group (const char *group)
{
  static const char *const names[] = { "machine", "cpu", "kernel", "smbios", "debug", NULL };
  unsigned number;

  return g_strv_contains (names, group) || catalog_find_group (group, &number) != NULL;
}

/* A value that is no text would be read as if it were not there. */
static gboolean
check_texts (GKeyFile *file, const char *path, const char *group, GError **error)
{
  g_auto (GStrv) keys = g_key_file_get_keys (file, group, NULL, NULL);

  for (char **key = keys; keys != NULL && *key != NULL; key++)
    {
      g_autofree char *value = g_key_file_get_value (file, group, *key, NULL);
      const char *at = value != NULL ? strchr (value, '\\') : NULL;

      while (at != NULL && at[1] != '\0' && strchr ("sntr\\", at[1]) != NULL)
        at = strchr (at + 2, '\\');
      if (value != NULL && at == NULL && g_utf8_validate (value, -1, NULL))
        continue;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   at != NULL ? _ ("In “%s”, %s in [%s] has a single backslash: write two.")
                              : _ ("In “%s”, %s in [%s] is not UTF-8 text: write it anew."),
                   path, *key, group);
      return FALSE;
    }
  return TRUE;
}

/* Leaves the value alone if there is no such key. */
static gboolean
read_boolean (GKeyFile *file, const char *path, const char *group, const char *key, gboolean *value,
              GError **error)
{
  g_autoptr (GError) problem = NULL;
  gboolean read = g_key_file_get_boolean (file, group, key, &problem);

  if (problem == NULL)
    *value = read;
  else if (g_error_matches (problem, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("In “%s”, %s in [%s] is neither true nor false: write one of them."), path,
                   key, group);
      return FALSE;
    }
  return TRUE;
}

MachineConfig *
machine_config_from_key_file (GKeyFile *file, const char *folder, const char *path, GError **error)
{
  g_autoptr (MachineConfig) config = machine_config_new ();
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  g_autoptr (GError) problem = NULL;

  for (char **group = groups; *group != NULL; group++)
    if (is_known_group (*group) && !check_texts (file, path, *group, error))
      return NULL;
  config->folder = g_strdup (folder);
  if (folder != NULL)
    {
      g_free (config->name);
      config->name = g_filename_display_basename (folder);
    }
  read_string (file, "machine", "name", &config->name);
  read_string (file, "machine", "uuid", &config->uuid);
  read_string (file, "machine", "os", &config->os);
  read_string (file, "machine", "topology", &config->topology);
  read_string (file, "cpu", "model", &config->cpu_model);
  read_string (file, "cpu", "hyperv", &config->hyperv);
  read_string (file, "machine", "accelerator", &config->accelerator);
  read_string (file, "machine", "ticks", &config->ticks);
  read_string (file, "machine", "boot", &config->boot);
  read_path (file, folder, "machine", "bios", &config->bios);
  read_path (file, folder, "machine", "vga-bios", &config->vga_bios);
  read_path (file, folder, "kernel", "file", &config->kernel);
  read_path (file, folder, "kernel", "initrd", &config->initrd);
  read_string (file, "kernel", "append", &config->append);
  read_output (file, folder, "debug", "console", &config->debugcon);
  if (!read_size (file, path, "memory", machine_config_parse_memory, &config->memory, error)
      || !read_number (file, path, "machine", "cpus", &config->cpus, error)
      || !read_size (file, path, "code-cache", machine_config_parse_code_cache, &config->code_cache,
                     error)
      || !read_boolean (file, path, "machine", "boot-menu", &config->boot_menu, error)
      || !read_boolean (file, path, "cpu", "nested", &config->nested, error)
      || !read_boolean (file, path, "debug", "test-device", &config->test_device, error)
      || !machine_smbios_read (file, path, &config->smbios, error)
      || !machine_devices_read (config->devices, file, folder, path, error))
    return NULL;
  if (!g_uuid_string_is_valid (config->uuid))
    {
      g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        _ ("In “%s”, uuid in [machine] is “%s”: remove that line, or copy one from uuidgen."), path,
        config->uuid);
      return NULL;
    }
  if (!machine_config_check (config, &problem))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "In “%s”: %s", path,
                   problem->message);
      return NULL;
    }
  return g_steal_pointer (&config);
}

static GBytes *
read_text (const char *absolute)
{
  g_autofree char *real = real_path_in (absolute, MACHINE_CONFIG_FILE);

  return plain_file_read (real, MAX_CONF, NULL);
}

gboolean
machine_config_check_key_file (GKeyFile *file, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, MACHINE_CONFIG_FILE, NULL);
  g_autoptr (MachineConfig) config = machine_config_from_key_file (file, folder, path, error);

  return config != NULL;
}

char *
machine_config_dup_text (const char *folder)
{
  g_autofree char *absolute = g_canonicalize_filename (folder, NULL);
  g_autoptr (GBytes) text = read_text (absolute);

  return text != NULL ? g_strndup (g_bytes_get_data (text, NULL), g_bytes_get_size (text)) : NULL;
}

/* The number of the first line that makes it no key file: that of the shortest beginning which is
 * none. */
static unsigned
find_bad_line (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  unsigned good = 0, bad = g_strv_length (lines);

  while (bad - good > 1)
    {
      unsigned middle = (good + bad) / 2;
      g_autofree char *rest = g_steal_pointer (&lines[middle]);
      g_autofree char *beginning = g_strjoinv ("\n", lines);
      g_autoptr (GKeyFile) file = g_key_file_new ();

      lines[middle] = g_steal_pointer (&rest);
      if (g_key_file_load_from_data (file, beginning, -1, G_KEY_FILE_NONE, NULL))
        good = middle;
      else
        bad = middle;
    }
  return bad;
}

GKeyFile *
machine_config_load_key_file (const char *folder, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename (folder, NULL);
  g_autofree char *path = g_build_filename (absolute, MACHINE_CONFIG_FILE, NULL);
  g_autofree char *shown = g_filename_display_name (path);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GBytes) bytes = read_text (absolute);
  g_autoptr (GError) reason = NULL;

  if (bytes != NULL && g_key_file_load_from_bytes (file, bytes, G_KEY_FILE_KEEP_COMMENTS, &reason))
    return g_steal_pointer (&file);
  if (bytes == NULL)
    g_set_error (
      error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
      _ ("“%s” cannot be read: choose the folder of a machine, one with a machine.conf in it."),
      shown);
  else if (error != NULL)
    {
      g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      g_autofree char *why = g_utf8_make_valid (reason->message, -1);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("“%s” is not a machine.conf from line %u on (%s): mend it in an editor or "
                      "restore a copy."),
                   shown, find_bad_line (text), why);
    }
  return NULL;
}

/* Writes the uuid that was made up for a file without one, unless somebody else was faster: others
 * find the machine's process by it. */
static gboolean
keep_uuid (MachineConfig *config, GError **error)
{
  int lock = machine_config_lock_folder (config->folder, MACHINE_CONFIG_LOCK_PATIENCE, error);
  g_autoptr (GKeyFile) file = NULL;
  g_autofree char *uuid = NULL;
  gboolean kept = FALSE;

  if (lock < 0)
    return FALSE;
  file = machine_config_load_key_file (config->folder, error);
  uuid = file != NULL ? g_key_file_get_string (file, "machine", "uuid", NULL) : NULL;
  if (uuid != NULL && g_uuid_string_is_valid (uuid))
    {
      g_free (config->uuid);
      config->uuid = g_steal_pointer (&uuid);
      kept = TRUE;
    }
  else if (file != NULL)
    {
      g_key_file_set_string (file, "machine", "uuid", config->uuid);
      kept = machine_config_write_key_file (file, config->folder, error);
    }
  close (lock);
  return kept;
}

MachineConfig *
machine_config_load (const char *folder, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename (folder, NULL);
  g_autofree char *path = g_build_filename (absolute, MACHINE_CONFIG_FILE, NULL);
  g_autoptr (GKeyFile) file = machine_config_load_key_file (absolute, error);
  g_autoptr (MachineConfig) config = NULL;

  if (file == NULL)
    return NULL;
  config = machine_config_from_key_file (file, absolute, path, error);
  if (config != NULL && !g_key_file_has_key (file, "machine", "uuid", NULL)
      && !keep_uuid (config, error))
    return NULL;
  return g_steal_pointer (&config);
}

/* Older versions left folders open to others; guests' disks and what they show are nobody's
 * business. */
static int
open_folder (const char *folder)
{
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct stat status;

  if (fd >= 0 && fstat (fd, &status) == 0 && status.st_uid == geteuid ()
      && (status.st_mode & 077) != 0)
    fchmod (fd, 0700);
  return fd;
}

static gboolean
write_all (int fd, const char *text, gsize length)
{
  for (gsize at = 0; at < length;)
    {
      ssize_t n = write (fd, text + at, length - at);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      at += n;
    }
  return fsync (fd) == 0;
}

/* New file, fsync, rename, fsync of the folder. */
gboolean
machine_config_write_text (const char *text, gsize length, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, MACHINE_CONFIG_FILE, NULL);
  g_autofree char *shown = g_filename_display_name (path);
  g_autofree char *temporary = g_strconcat (path, ".XXXXXX", NULL);
  int folder_fd = open_folder (folder);
  int fd = g_mkstemp_full (temporary, O_WRONLY | O_CLOEXEC, 0600);
  gboolean written = fd >= 0 && write_all (fd, text, length) && rename (temporary, path) == 0;
  int saved = errno;

  if (written && folder_fd >= 0)
    fsync (folder_fd);
  if (!written && fd >= 0)
    unlink (temporary);
  if (fd >= 0)
    close (fd);
  if (folder_fd >= 0)
    close (folder_fd);
  if (!written)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved),
                 _ ("“%s” cannot be written: %s. Make room or change the folder's permissions."),
                 shown, g_strerror (saved));
  return written;
}

gboolean
machine_config_write_key_file (GKeyFile *file, const char *folder, GError **error)
{
  gsize length;
  g_autofree char *text = g_key_file_to_data (file, &length, NULL);

  return machine_config_write_text (text, length, folder, error);
}

int
machine_config_lock_folder (const char *folder, unsigned patience, GError **error)
{
  int fd = open_folder (folder);
  gboolean locked = fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0;

  for (unsigned waited = 0; fd >= 0 && !locked && errno == EWOULDBLOCK && waited < patience;
       waited += LOCK_STEP_MS)
    {
      g_usleep (LOCK_STEP_MS * 1000);
      locked = flock (fd, LOCK_EX | LOCK_NB) == 0;
    }
  if (locked)
    return fd;
  if (fd >= 0 && errno == EWOULDBLOCK)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                 _ ("The machine in “%s” runs already: stop it first, or start a copy of its "
                    "folder."),
                 folder);
  else
    g_set_error (
      error, G_IO_ERROR, g_io_error_from_errno (errno),
      _ ("The folder “%s” cannot be locked: %s. Move it to a file system that supports locks."),
      folder, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return -1;
}
