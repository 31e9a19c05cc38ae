/* SPDX-License-Identifier: GPL-3.0-or-later */
/* machine.conf: what is accepted, what is refused in which words, and that writing keeps what it
 * does not know. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm-core/run/machine-config.h"
#include "vmm-core/run/machine-cpu.h"
#include "vmm-core/run/machine-topology.h"

static MachineConfig *
parse (const char *text, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();

  g_assert_true (g_key_file_load_from_data (file, text, -1, G_KEY_FILE_NONE, NULL));
  return machine_config_from_key_file (file, "/machines/m", "/machines/m/machine.conf", error);
}

static const char *
get (const MachineConfig *config, const char *group, const char *option)
{
  return device_spec_get (machine_devices_find (config->devices, group), option);
}

static void
test_defaults (void)
{
  g_autoptr (MachineConfig) config = parse ("[machine]\nname=Small\n", NULL);

  g_assert_cmpstr (config->name, ==, "Small");
  g_assert_cmpuint (config->memory, ==, 512);
  g_assert_cmpuint (config->cpus, ==, 1);
  g_assert_cmpstr (config->accelerator, ==, "auto");
  g_assert_cmpstr (config->boot, ==, "cdn");
  g_assert_cmpuint (config->code_cache, ==, 64 << 10);
  g_assert_true (g_uuid_string_is_valid (config->uuid));
  g_assert_cmpuint (config->devices->len, ==, 0);
}

static void
test_drives_and_paths (void)
{
  g_autoptr (MachineConfig) config = parse (
    "[disk0]\nfile=disks/a.img\n[disk1]\nfile=/b.img\nposition=3\n[cd0]\nfile=\n"
    "[serial0]\noutput=file:logs/serial\n[serial1]\noutput=none\n[machine]\nbios=mine.bin\n",
    NULL);

  g_assert_cmpstr (get (config, "disk0", "file"), ==, "/machines/m/disks/a.img");
  g_assert_cmpstr (get (config, "cd0", "file"), ==, NULL);
  g_assert_cmpstr (get (config, "disk1", "file"), ==, "/b.img");
  g_assert_cmpstr (get (config, "serial0", "output"), ==, "file:/machines/m/logs/serial");
  g_assert_cmpstr (get (config, "serial1", "output"), ==, "none");
  g_assert_null (machine_devices_find (config->devices, "serial2"));
  g_assert_cmpstr (config->bios, ==, "/machines/m/mine.bin");
}

/* Drives that name no position get sensible ones. */
static void
test_positions (void)
{
  static const struct
  {
    const char *text;
    const char *ids[4];
  } machines[] = {
    { "[cd0]\n[disk0]\nfile=a\n", { "disk0", NULL, "cd0" } },
    { "[cd1]\n[cd0]\n[disk1]\nfile=b\n[disk0]\nfile=a\n", { "disk0", "disk1", "cd0", "cd1" } },
    { "[disk0]\nfile=a\n[disk1]\nfile=b\n[disk2]\nfile=c\n[cd0]\n",
      { "disk0", "disk1", "cd0", "disk2" } },
    { "[cd0]\n[cd1]\n[cd2]\n[disk0]\nfile=a\n", { "disk0", "cd2", "cd0", "cd1" } },
    { "[cd0]\n[cd1]\n[cd2]\n[cd3]\n", { "cd2", "cd3", "cd0", "cd1" } },
    { "[disk0]\nfile=a\n[cd3]\nposition=0\n", { "cd3", "disk0" } },
    { "[disk3]\nfile=a\n", { "disk3" } },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (machines); i++)
    {
      g_autoptr (MachineConfig) config = parse (machines[i].text, NULL);

      for (unsigned place = 0; place < 4; place++)
        {
          const DeviceSpec *spec
            = machine_devices_find_at (config->devices, catalog_find ("disk", NULL)->socket, place);

          g_assert_cmpstr (spec != NULL ? spec->group : NULL, ==, machines[i].ids[place]);
        }
    }
}

static void
test_smbios (void)
{
  g_autoptr (MachineConfig) config = parse ("[smbios]\nserial=A 1\nasset-tag=\nsku=Größe\n", NULL);

  g_assert_cmpstr (config->smbios.serial, ==, "A 1");
  g_assert_cmpstr (config->smbios.asset_tag, ==, "");
  g_assert_cmpstr (config->smbios.sku, ==, "Größe");
  g_assert_null (config->smbios.product);
}

/* Old systems with several CPUs get a socket for each. */
static void
test_topologies (void)
{
  static const struct
  {
    const char *value, *os;
    CpuTopology wanted;
  } machines[] = {
    { "auto", NULL, { 1, 4, 1 } },
    { "auto", "http://microsoft.com/win/11", { 1, 4, 1 } },
    { "auto", "http://microsoft.com/win/2k12", { 1, 4, 1 } },
    { "auto", "http://microsoft.com/win/2k", { 4, 1, 1 } },
    { "auto", "http://microsoft.com/winnt/4.0", { 4, 1, 1 } },
    { "auto", "http://freebsd.org/freebsd/4.11", { 4, 1, 1 } },
    { "auto", "http://freebsd.org/freebsd/13.0", { 1, 4, 1 } },
    { "auto", "http://openbsd.org/openbsd/4.4", { 4, 1, 1 } },
    { "auto", "http://openbsd.org/openbsd/4.8", { 1, 4, 1 } },
    { "auto", "http://debian.org/debian/testing", { 1, 4, 1 } },
    { "sockets", NULL, { 4, 1, 1 } },
    { "cores", "http://microsoft.com/winnt/4.0", { 1, 4, 1 } },
    { "2x1x2", NULL, { 2, 1, 2 } },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (machines); i++)
    {
      g_autoptr (GError) error = NULL;
      CpuTopology found;

      machine_topology_parse (machines[i].value, 4, machines[i].os, &found, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (&found, sizeof found, &machines[i].wanted, sizeof found);
    }
}

/* Windows from Vista on has Hyper-V's interface, with every model of the processor. */
static void
test_hyperv (void)
{
  static const struct
  {
    const char *text;
    bool wanted;
  } cases[] = {
    { "[machine]\nos=http://microsoft.com/win/11\n", true },
    { "[machine]\nos=http://microsoft.com/win/2k8\n", true },
    { "[machine]\nos=http://microsoft.com/win/11\n[cpu]\nhyperv=off\n", false },
    { "[machine]\nos=http://microsoft.com/win/11\n[cpu]\nmodel=v3\n", true },
    { "[machine]\nos=http://microsoft.com/win/xp\n", false },
    { "[machine]\nos=http://debian.org/debian/12\n", false },
    { "[cpu]\nhyperv=on\n", true },
    { "[cpu]\nmodel=v3\nhyperv=on\n", true },
    { "", false },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (MachineConfig) config = parse (cases[i].text, NULL);

      g_assert_true (machine_cpu_get (config).hyperv == cases[i].wanted);
    }
}

/* A running machine keeps its processor. */
static void
test_moves (void)
{
  const AccelOps kvm = { .name = "kvm", .cpus = "kvm" };
  const AccelOps translator = { .name = "translator", .cpus = "software" };
  const AccelOps interpreter = { .name = "interpreter", .cpus = "software" };
  const AccelCpu host = { .model = "host" }, v3 = { .model = "v3" };
  g_autoptr (GError) error = NULL;

  g_assert_true (machine_cpu_check_move (&v3, &kvm, &translator, NULL));
  g_assert_true (machine_cpu_check_move (&host, &interpreter, &translator, NULL));
  g_assert_true (machine_cpu_check_move (&host, &kvm, &(AccelOps){ .name = "none" }, NULL));
  g_assert_false (machine_cpu_check_move (&host, &kvm, &translator, &error));
  g_assert_nonnull (strstr (error->message, "from “kvm” to “translator”"));
}

/* Each refusal names the file and says what to do. */
static void
test_refusals (void)
{
  static const char *const broken[][2] = {
    { "[machine]\nmemory=lots\n", "amount of memory" },
    { "[machine]\nmemory=-1\n", "amount of memory" },
    { "[machine]\nmemory=0\n", "amount of memory" },
    { "[machine]\nmemory=99999999999999999999\n", "amount of memory" },
    { "[machine]\nboot-menu=perhaps\n", "neither true nor false" },
    { "[debug]\ntest-device=perhaps\n", "neither true nor false" },
    { "[machine]\ncpus=9\n", "choose between" },
    { "[machine]\ncpus=4\ntopology=many\n", "choose auto" },
    { "[machine]\ncpus=4\ntopology=2x2\n", "choose auto" },
    { "[machine]\ncpus=4\ntopology=-2x-2x1\n", "choose auto" },
    { "[machine]\ncpus=4\ntopology=2x2x1x1\n", "choose auto" },
    { "[machine]\ncpus=4\ntopology=\n", "choose auto" },
    { "[machine]\ncpus=4\ntopology=2x3x1\n", "has 6 CPUs" },
    { "[machine]\ncpus=4\ntopology=4294967298x2x1\n", "choose auto" },
    { "[machine]\naccelerator=magic\n", "choose auto" },
    { "[cpu]\nmodel=i9\n", "choose one of host, baseline, v3" },
    { "[cpu]\nnested=perhaps\n", "neither true nor false" },
    { "[cpu]\nmodel=v3\nnested=true\n", "choose “host”" },
    { "[cpu]\nhyperv=perhaps\n", "choose auto, on or off" },
    { "[machine]\nticks=magic\n", "choose catch-up" },
    { "[machine]\ncode-cache=128K\n", "256K" },
    { "[machine]\ncode-cache=1025\n", "256K" },
    { "[machine]\ncode-cache=lots\n", "256K" },
    { "[machine]\nboot=xyz\n", "boot order" },
    { "[machine]\nboot=disk0,\n", "boot order" },
    { "[machine]\nboot=disk9\n", "boot order" },
    { "[machine]\nboot=serial0\n", "boot order" },
    { "[machine]\nboot=\n", "boot order" },
    { "[machine]\nuuid=../../etc\n", "uuidgen" },
    { "[disk0]\n", "names no file" },
    { "[disk0]\nfile=a\nposition=4\n", "choose another" },
    { "[disk0]\nfile=a\nposition=0\n[cd0]\nposition=0\n", "choose another" },
    { "[disk0]\nfile=a\nposition=first\n", "choose another" },
    { "[disk0]\nfile=a\n[cd0]\n[cd1]\n[cd2]\n[cd3]\n", "has 4 for IDE" },
    { "[disk0]\nmodel=ide-dsk\nfile=a\n", "did you mean “ide-disk”?" },
    { "[disk0]\nmodel=ide-cd\nfile=a\n", "“guesthousectl devices” lists all" },
    { "[serial0]\noutput=COM1\n", "write none, stdio" },
    { "[disk0]\nfile=C:\\disk\n", "backslash" },
    { "[machine]\nname=end\\\n", "backslash" },
    { "[kernel]\nappend=quiet\n", "needs a kernel" },
    { "[smbios]\nserial=a\\tb\n", "write another text" },
    { "[smbios]\nsku=0123456789012345678901234567890123456789012345678901234567890123456789\n",
      "write another text" },
    { "[smbios]\nfamily=C:\\x\n", "backslash" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (parse (broken[i][0], &error));
      g_assert_nonnull (strstr (error->message, broken[i][1]));
      g_assert_nonnull (strstr (error->message, "/machines/m/machine.conf"));
    }
}

static void
test_memory_sizes (void)
{
  static const struct
  {
    const char *text;
    unsigned mib;
  } sizes[]
    = { { "512M", 512 }, { "2G", 2048 }, { "64", 64 }, { "0", 0 },     { "", 0 },
        { "-5", 0 },     { "2T", 0 },    { "M", 0 },   { "65537", 0 }, { "99999999999999G", 0 } };

  for (unsigned i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpuint (machine_config_parse_memory (sizes[i].text, &error), ==, sizes[i].mib);
      g_assert_true ((error == NULL) == (sizes[i].mib != 0));
    }
}

static void
test_write_keeps_the_unknown (void)
{
  g_autofree char *folder = g_dir_make_tmp ("guesthouse-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, MACHINE_CONFIG_FILE, NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GDir) dir = NULL;
  g_autofree char *text = NULL;

  g_assert_true (g_key_file_load_from_data (
    file, "# mine\n[machine]\nmemory=64\n[future]\nthing=1\n", -1, G_KEY_FILE_KEEP_COMMENTS, NULL));
  g_key_file_set_integer (file, "machine", "memory", 128);
  g_assert_true (machine_config_write_key_file (file, folder, NULL));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "# mine"));
  g_assert_nonnull (strstr (text, "thing=1"));
  g_assert_nonnull (strstr (text, "memory=128"));

  /* Nothing else is left in the folder. */
  dir = g_dir_open (folder, 0, NULL);
  g_assert_cmpstr (g_dir_read_name (dir), ==, MACHINE_CONFIG_FILE);
  g_assert_null (g_dir_read_name (dir));
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_unreadable_folders (void)
{
  g_autofree char *folder = g_dir_make_tmp ("guesthouse-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, MACHINE_CONFIG_FILE, NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) missing = NULL;
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GError) unwritable = NULL;

  g_assert_null (machine_config_load (folder, &missing));
  g_assert_error (missing, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_true (g_file_set_contents (path,
                                      "\x7f"
                                      "ELF\0\1",
                                      6, NULL));
  g_assert_null (machine_config_load (folder, &foreign));
  g_assert_error (foreign, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (foreign->message, path));
  g_unlink (path);
  g_rmdir (folder);
  g_assert_false (machine_config_write_key_file (file, folder, &unwritable));
  g_assert_nonnull (strstr (unwritable->message, folder));
}

static void
test_lock (void)
{
  g_autofree char *folder = g_dir_make_tmp ("guesthouse-XXXXXX", NULL);
  g_autoptr (GError) error = NULL;
  int first = machine_config_lock_folder (folder, 0, NULL);

  g_assert_cmpint (first, >=, 0);
  g_assert_cmpint (machine_config_lock_folder (folder, 0, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  close (first);
  first = machine_config_lock_folder (folder, 0, NULL);
  g_assert_cmpint (first, >=, 0);
  close (first);
  g_rmdir (folder);
}

/* A file without a uuid is given one, and keeps it and everything else. */
static void
test_uuid (void)
{
  g_autofree char *folder = g_dir_make_tmp ("guesthouse-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, MACHINE_CONFIG_FILE, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_assert_true (g_file_set_contents (path, "# mine\n[machine]\nname=Small\n", -1, NULL));
  g_autoptr (MachineConfig) first = machine_config_load (folder, &error);
  g_autoptr (MachineConfig) second = machine_config_load (folder, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (first->uuid, ==, second->uuid);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, first->uuid));
  g_assert_nonnull (strstr (text, "# mine\n"));

  /* Not below a machine that runs: its process is known by another. */
  g_assert_true (g_file_set_contents (path, "[machine]\nname=Small\n", -1, NULL));
  int lock = machine_config_lock_folder (folder, 0, NULL);
  g_assert_null (machine_config_load (folder, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  close (lock);
  g_unlink (path);
  g_rmdir (folder);
}

/* Whatever stands in the file, reading it ends with a machine or with a sentence. */
static void
test_fuzz (void)
{
  static const char *const pieces[] = { "[machine]\n", "[disk0]\n", "[cd3]\n", "[serial0]\n",
                                        "[kernel]\n",  "memory=",   "cpus=",   "file=",
                                        "position=",   "boot=",     "uuid=",   "output=",
                                        "append=",     "7",         "-1",      "\n",
                                        "\xff\xfe",    "file:",     "socket:", "a\\",
                                        "[",           "]",         "999999",  "=" };

  for (unsigned round = 0; round < 20000; round++)
    {
      g_autoptr (GKeyFile) file = g_key_file_new ();
      g_autoptr (GString) text = g_string_new (NULL);
      g_autoptr (MachineConfig) config = NULL;
      g_autoptr (GError) error = NULL;

      for (int n = g_test_rand_int_range (1, 24); n > 0; n--)
        g_string_append (text, pieces[g_test_rand_int_range (0, G_N_ELEMENTS (pieces))]);
      if (!g_key_file_load_from_data (file, text->str, text->len, G_KEY_FILE_NONE, NULL))
        continue;
      config = machine_config_from_key_file (file, "/m", "/m/machine.conf", &error);
      g_assert_true ((config == NULL) == (error != NULL));
    }
}

/* Whoever changes the number of CPUs or their layout leaves a machine that starts. */
static void
test_cpus_and_topology (void)
{
  static const struct
  {
    const char *before;
    unsigned cpus;
    const char *after;
  } cases[] = {
    { "2x2x1", 6, "2x3x1" },     { "2x2x2", 4, "2x1x2" }, { "2x2x2", 6, "2x3x1" },
    { "2x2x1", 3, "cores" },     { "4x1x1", 2, "cores" }, { "2x2x1", 4, "2x2x1" },
    { "sockets", 3, "sockets" }, { "auto", 8, "auto" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GKeyFile) file = g_key_file_new ();
      g_autoptr (GError) error = NULL;
      g_autofree char *topology = NULL;
      CpuTopology found;

      machine_topology_set (file, cases[i].before);
      machine_topology_set_cpus (file, cases[i].cpus);
      topology = g_key_file_get_string (file, "machine", "topology", NULL);
      g_assert_cmpstr (topology, ==, cases[i].after);
      machine_topology_parse (topology, g_key_file_get_integer (file, "machine", "cpus", NULL),
                              NULL, &found, &error);
      g_assert_no_error (error);
    }
}

static void
test_topology_says_how_many (void)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();

  machine_topology_set (file, "2x3x1");
  g_assert_cmpint (g_key_file_get_integer (file, "machine", "cpus", NULL), ==, 6);
  machine_topology_set (file, "cores");
  g_assert_cmpint (g_key_file_get_integer (file, "machine", "cpus", NULL), ==, 6);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/machine-config/defaults", test_defaults);
  g_test_add_func ("/machine-config/drives-and-paths", test_drives_and_paths);
  g_test_add_func ("/machine-config/positions", test_positions);
  g_test_add_func ("/machine-config/smbios", test_smbios);
  g_test_add_func ("/machine-config/topologies", test_topologies);
  g_test_add_func ("/machine-config/hyperv", test_hyperv);
  g_test_add_func ("/machine-config/moves", test_moves);
  g_test_add_func ("/machine-config/refusals", test_refusals);
  g_test_add_func ("/machine-config/memory-sizes", test_memory_sizes);
  g_test_add_func ("/machine-config/write-keeps-the-unknown", test_write_keeps_the_unknown);
  g_test_add_func ("/machine-config/unreadable-folders", test_unreadable_folders);
  g_test_add_func ("/machine-config/lock", test_lock);
  g_test_add_func ("/machine-config/uuid", test_uuid);
  g_test_add_func ("/machine-config/fuzz", test_fuzz);
  g_test_add_func ("/machine-config/cpus-and-topology", test_cpus_and_topology);
  g_test_add_func ("/machine-config/topology-says-how-many", test_topology_says_how_many);
  return g_test_run ();
}
