/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking at installation media, with a database of the test's own. */
#include "app/model/os-detect.h"

#include <glib/gstdio.h>
#include <string.h>

static const char database[]
  = "<libosinfo version=\"0.0.1\">\n"
    "  <os id=\"http://example.org/testos/1\">\n"
    "    <short-id>testos1</short-id><name>Test OS 1</name><version>1</version>\n"
    "    <media arch=\"x86_64\"><iso><volume-id>TESTOS_INSTALL</volume-id></iso></media>\n"
    "    <media arch=\"x86_64\" "
    "live=\"true\"><iso><volume-id>TESTOS_LIVE</volume-id></iso></media>\n"
    "    <resources arch=\"all\">\n"
    "      <minimum><ram>536870912</ram><storage>1073741824</storage></minimum>\n"
    "      <recommended><ram>805306368</ram><storage>5368709121</storage></recommended>\n"
    "    </resources>\n"
    "  </os>\n"
    "</libosinfo>\n";

/* These, too, are in the database. */
static const struct
{
  const char *vendor, *family, *release;
} releases[] = {
  { "debian.org", "debian", "10" },
  { "debian.org", "debian", "11" },
  { "ubuntu.com", "ubuntu", "22.04" },
  { "ubuntu.com", "ubuntu", "24.04" },
};

static char *folder, *osinfo_file;

static char *
add_system (const char *vendor, const char *family, const char *release, const char *text)
{
  g_autofree char *where = g_build_filename (folder, "osinfo", "os", vendor, NULL);
  g_autofree char *name = g_strdup_printf ("%s-%s.xml", family, release);
  char *file = g_build_filename (where, name, NULL);

  g_mkdir_with_parents (where, 0755);
  g_assert_true (g_file_set_contents (file, text, -1, NULL));
  return file;
}

static void
looked (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

static OsDetection *
detect (const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  os_detect_async (path, cancellable, looked, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return os_detect_finish (result, error);
}

static void
run (const char *const *words)
{
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (NULL, (char **) words, NULL,
                G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                NULL, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
}

/* A disc image with a file in it, and with what its maker wrote on it. */
static char *
make_disc (const char *file, const char *label, const char *publisher)
{
  char *path = g_build_filename (folder, file, NULL);
  const char *const words[] = { "xorriso",    "-as",     "mkisofs", "-quiet", "-V",        label,
                                "-publisher", publisher, "-o",      path,     osinfo_file, NULL };

  run (words);
  return path;
}

static void
test_known (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *disc = make_disc ("a.iso", "TESTOS_INSTALL", "");
  g_autoptr (OsDetection) detection = detect (disc, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (detection->id, ==, "http://example.org/testos/1");
  g_assert_cmpstr (detection->name, ==, "Test OS 1");
  g_assert_cmpuint (detection->memory, ==, 768);
  g_assert_cmpuint (detection->disk, ==, 6); /* whole GiB */
  g_assert_false (detection->live);

  g_autofree char *live = make_disc ("b.iso", "TESTOS_LIVE", "");
  g_autoptr (OsDetection) second = detect (live, NULL, NULL);
  g_assert_cmpstr (second->id, ==, "http://example.org/testos/1");
  g_assert_true (second->live);
}

/* What people bring, with the labels that these discs have. The database of this test knows none of
 * them but the releases of Debian and Ubuntu below. */
static const struct
{
  const char *label, *publisher, *file, *name, *id;
  gboolean live;
} brought[] = {
  { "Debian 13.1.0 amd64 n", "", "a.iso", "Debian 13", "http://debian.org/debian/11", FALSE },
  { "d-live 12.9.0 kd amd64", "", "a.iso", "Debian 12 Live", "http://debian.org/debian/11", TRUE },
  { "Debian trixie-DI-rc1 amd64 n", "", "a.iso", "Debian testing", NULL, FALSE },
  { "Ubuntu 26.04 LTS amd64", "", "a.iso", "Ubuntu 26.04 LTS", "http://ubuntu.com/ubuntu/24.04",
    TRUE },
  { "Ubuntu 24.04.1 LTS amd64", "", "a.iso", "Ubuntu 24.04 LTS", "http://ubuntu.com/ubuntu/24.04",
    TRUE },
  { "Ubuntu 23.10 amd64", "", "a.iso", "Ubuntu 23.10", "http://ubuntu.com/ubuntu/22.04", TRUE },
  { "Ubuntu-Server 24.04 LTS amd64", "", "a.iso", "Ubuntu Server 24.04 LTS",
    "http://ubuntu.com/ubuntu/24.04", FALSE },
  { "Kubuntu 24.10 amd64", "", "a.iso", "Kubuntu 24.10", "http://ubuntu.com/ubuntu/24.04", TRUE },
  { "Linux Mint 22.3 Cinnamon 64-bit", "", "a.iso", "Linux Mint 22.3",
    "http://ubuntu.com/ubuntu/24.04", TRUE },
  { "Linux Mint 21.3 Xfce 64-bit", "", "a.iso", "Linux Mint 21.3", "http://ubuntu.com/ubuntu/22.04",
    TRUE },
  { "LMDE 6 Faye 64-bit", "", "a.iso", "LMDE 6", "http://debian.org/debian/11", TRUE },
  { "Kali Linux amd64 1", "", "a.iso", "Kali Linux", NULL, FALSE },
  { "Kali Live", "", "a.iso", "Kali Linux Live", NULL, TRUE },
  { "TAILS 6.9 - 20241029", "", "a.iso", "Tails 6.9", "http://debian.org/debian/11", TRUE },
  { "Fedora-WS-Live-44", "", "a.iso", "Fedora Workstation 44", NULL, TRUE },
  { "Fedora-WS-Live-40-1-14", "", "a.iso", "Fedora Workstation 40", NULL, TRUE },
  { "Fedora-KDE-Live-40_B-1-10", "", "a.iso", "Fedora KDE 40", NULL, TRUE },
  { "Fedora-S-dvd-x86_64-42", "", "a.iso", "Fedora Server 42", NULL, FALSE },
  { "Fedora-E-dvd-x86_64-41", "", "a.iso", "Fedora 41", NULL, FALSE },
  { "CentOS-Stream-10-BaseOS-x86_64", "", "a.iso", "CentOS Stream 10", NULL, FALSE },
  { "Rocky-9-3-x86_64-dvd", "", "a.iso", "Rocky Linux 9", NULL, FALSE },
  { "AlmaLinux-9-4-x86_64-dvd", "", "a.iso", "AlmaLinux 9", NULL, FALSE },
  { "openSUSE-Leap-15.6-DVD-x86_64", "", "a.iso", "openSUSE Leap 15.6", NULL, FALSE },
  { "openSUSE_Leap_15.6_KDE_Live", "", "a.iso", "openSUSE Leap 15.6 Live", NULL, TRUE },
  { "openSUSE-Tumbleweed-DVD-x86_64", "", "a.iso", "openSUSE Tumbleweed", NULL, FALSE },
  { "ARCH_202611", "ARCH LINUX <HTTPS://ARCHLINUX.ORG>", "a.iso", "Arch Linux", NULL, FALSE },
  { "EOS_202403", "", "a.iso", "EndeavourOS", NULL, TRUE },
  { "alpine-virt 3.23.0 x86_64", "", "a.iso", "Alpine Linux 3.23", NULL, FALSE },
  { "nixos-graphical-25.11-x86_64", "", "a.iso", "NixOS 25.11", NULL, TRUE },
  { "Gentoo-amd64-20241103T165109Z", "", "a.iso", "Gentoo Linux", NULL, FALSE },
  { "CCCOMA_X64FRE_EN-US_DV9", "MICROSOFT CORPORATION", "Win11_25H2_English_x64_v2.iso",
    "Windows 11", NULL, FALSE },
  { "CCCOMA_X64FRE_EN-US_DV9", "MICROSOFT CORPORATION", "Win10_22H2_English_x64v1.iso",
    "Windows 10", NULL, FALSE },
  { "CCCOMA_X64FRE_DE-DE_DV9", "MICROSOFT CORPORATION", "a.iso", "Windows 11", NULL, FALSE },
  { "CPBA_X64FREV_EN-US_DV9", "MICROSOFT CORPORATION",
    "en-us_windows_10_business_editions_version_22h2_x64.iso", "Windows 10", NULL, FALSE },
  { "IRM_CCSA_X64FRE_EN-US_DV5", "MICROSOFT CORPORATION", "a.iso", "Windows 8.1", NULL, FALSE },
  { "HRM_CCSA_X64FRE_EN-US_DV5", "MICROSOFT CORPORATION", "a.iso", "Windows 8", NULL, FALSE },
  { "GSP1RMCULXFRER_EN_DVD", "MICROSOFT CORPORATION", "a.iso", "Windows 7", NULL, FALSE },
  { "GRMCPRXFRER_EN_DVD", "MICROSOFT CORPORATION", "a.iso", "Windows 7", NULL, FALSE },
  { "SSS_X64FREE_EN-US_DV9", "MICROSOFT CORPORATION", "en-us_windows_server_2022_x64_dvd.iso",
    "Windows Server 2022", NULL, FALSE },
  { "14_3_RELEASE_AMD64_CD", "", "a.iso", "FreeBSD 14.3", NULL, FALSE },
  { "15_0_RELEASE_AMD64_BO", "", "a.iso", "FreeBSD 15.0", NULL, FALSE },
  { "OpenBSD/amd64   7.8 Install CD", "", "a.iso", "OpenBSD 7.8", NULL, FALSE },
  { "NETBSD_100", "", "a.iso", "NetBSD 10.0", NULL, FALSE },
  { "GhostBSD", "", "a.iso", "GhostBSD", NULL, TRUE },
  { "MT86PLUS_64", "", "a.iso", "Memtest86+", NULL, TRUE },
  { "RESCUE1302", "", "a.iso", "SystemRescue 13.02", NULL, TRUE },
  { "GParted-live", "", "a.iso", "GParted Live", NULL, TRUE },
  { "3.2.0-5-amd64", "", "clonezilla-live-3.2.0-5-amd64.iso", "Clonezilla", NULL, TRUE },
  { "FD13-LiveCD", "", "a.iso", "FreeDOS 1.3 Live", NULL, TRUE },
  { "FD14-BonusCD", "", "a.iso", "FreeDOS 1.4", NULL, FALSE },
  { "haiku-r1~beta5-x86_64", "", "a.iso", "Haiku R1/beta5", NULL, TRUE },
};

static void
test_brought (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (brought); i++)
    {
      g_autofree char *disc = make_disc (brought[i].file, brought[i].label, brought[i].publisher);
      g_autoptr (OsDetection) detection = detect (disc, NULL, NULL);

      g_test_message ("%s", brought[i].label);
      g_assert_true (detection->known);
      g_assert_cmpstr (detection->name, ==, brought[i].name);
      g_assert_cmpstr (detection->id, ==, brought[i].id);
      g_assert_true (detection->live == brought[i].live);
      g_assert_cmpuint (detection->memory, >=, 64);
      g_assert_cmpuint (detection->disk, >=, 1);
    }
}

/* A disc that nobody knows is called by its file, never by a label in capitals. */
static void
test_unknown (void)
{
  static const struct
  {
    const char *file, *label, *name;
  } discs[] = {
    { "my_disc.v2.iso", "ISOIMAGE", "my disc.v2" },
    { "MY_DISC-64.ISO", "MY_DISC", "My Disc-64" },
    { "QNX.iso", "CDROM", "QNX" },
    { "\377.iso", "CDROM", "\357\277\275" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (discs); i++)
    {
      g_autofree char *disc = make_disc (discs[i].file, discs[i].label, "");
      g_autoptr (OsDetection) detection = detect (disc, NULL, NULL);

      g_assert_false (detection->known);
      g_assert_null (detection->id);
      g_assert_cmpstr (detection->name, ==, discs[i].name);
      g_assert_cmpuint (detection->memory, ==, 1024);
      /* Nothing can be installed from a disc of 400 KB. */
      g_assert_true (detection->live);
    }
}

/* What is no disc is no error. */
static void
test_no_disc (void)
{
  g_autofree char *notes = g_build_filename (folder, ".notes", NULL);
  g_autofree char *missing = g_build_filename (folder, "gone.iso", NULL);
  const char *const paths[] = { notes, missing, folder };
  g_autofree char *base = g_path_get_basename (folder);
  const char *const names[] = { ".notes", "gone", base };

  g_assert_true (g_file_set_contents (notes, "CD001", 5, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (OsDetection) detection = detect (paths[i], NULL, &error);

      g_assert_no_error (error);
      g_assert_false (detection->known);
      g_assert_cmpstr (detection->name, ==, names[i]);
      g_assert_cmpuint (detection->disk, >=, 1);
    }
}

/* A large one is to be installed, unless it says that it runs by itself. */
static void
test_size (void)
{
  g_autofree char *large = make_disc ("large.iso", "LARGE", "");
  g_autofree char *live = make_disc ("other-live.iso", "LARGE", "");
  const char *const grow[] = { "truncate", "-s", "700M", large, live, NULL };

  run (grow);
  g_autoptr (OsDetection) installer = detect (large, NULL, NULL);
  g_autoptr (OsDetection) runs = detect (live, NULL, NULL);
  g_assert_false (installer->live);
  g_assert_cmpuint (installer->disk, ==, 20);
  g_assert_true (runs->live);
}

static void
test_cancel (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *disc = make_disc ("e.iso", "TESTOS_LIVE", "");

  g_cancellable_cancel (cancellable);
  g_assert_null (detect (disc, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("guesthouse-XXXXXX", NULL);
  g_autofree char *osinfo = g_build_filename (folder, "osinfo", NULL);

  osinfo_file = add_system ("example.org", "testos", "1", database);
  for (gsize i = 0; i < G_N_ELEMENTS (releases); i++)
    {
      g_autofree char *text = g_strdup_printf (
        "<libosinfo version=\"0.0.1\"><os id=\"http://%s/%s/%s\"><name>%s</name></os></libosinfo>",
        releases[i].vendor, releases[i].family, releases[i].release, releases[i].family);

      g_free (add_system (releases[i].vendor, releases[i].family, releases[i].release, text));
    }
  g_setenv ("OSINFO_SYSTEM_DIR", osinfo, TRUE);
  g_test_add_func ("/os-detect/known", test_known);
  g_test_add_func ("/os-detect/brought", test_brought);
  g_test_add_func ("/os-detect/unknown", test_unknown);
  g_test_add_func ("/os-detect/no-disc", test_no_disc);
  g_test_add_func ("/os-detect/size", test_size);
  g_test_add_func ("/os-detect/cancel", test_cancel);
  int status = g_test_run ();

  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", folder);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (osinfo_file);
  g_free (folder);
  return status;
}
