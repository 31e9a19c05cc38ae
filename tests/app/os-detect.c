/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking at installation media, with a database of the test's own. */
#include "app/model/os-detect.h"

#include <glib/gstdio.h>
#include <string.h>

#define SECTOR 2048

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

static char *folder;

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
put_text (guint8 *at, const char *text, gsize length)
{
  memset (at, ' ', length);
  memcpy (at, text, strlen (text));
}

/* The descriptors of a disc image that can be started from: ECMA-119 8.4, El Torito 2.0. */
static char *
make_disc (const char *name, const char *label)
{
  char *path = g_build_filename (folder, name, NULL);
  g_autofree guint8 *disc = g_malloc0 (20 * SECTOR);
  guint8 *primary = disc + 16 * SECTOR;
  guint8 *boot = disc + 17 * SECTOR;
  guint8 *end = disc + 18 * SECTOR;

  memcpy (primary, "\001CD001\001", 7);
  put_text (primary + 8, "LINUX", 32);
  put_text (primary + 40, label, 32);
  primary[80] = primary[87] = 20; /* volume space size, both byte orders */
  primary[120] = primary[123] = 1;
  primary[124] = primary[127] = 1;
  primary[129] = primary[130] = SECTOR >> 8;
  /* The root directory, a sector without files: 9.1. */
  primary[156] = 34;
  primary[158] = primary[165] = 19;
  primary[156 + 11] = primary[156 + 16] = SECTOR >> 8;
  primary[156 + 25] = 2;
  put_text (primary + 318, "", 128);
  put_text (primary + 574, "", 128);
  memcpy (boot, "\000CD001\001EL TORITO SPECIFICATION", 30);
  memcpy (end, "\377CD001\001", 7);
  g_assert_true (g_file_set_contents (path, (char *) disc, 20 * SECTOR, NULL));
  return path;
}

static void
test_known (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *disc = make_disc ("a.iso", "TESTOS_INSTALL");
  g_autoptr (OsDetection) detection = detect (disc, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (detection->id, ==, "http://example.org/testos/1");
  g_assert_cmpstr (detection->name, ==, "Test OS 1");
  g_assert_cmpuint (detection->memory, ==, 768);
  g_assert_cmpuint (detection->disk, ==, 6); /* whole GiB */
  g_assert_false (detection->live);

  g_autofree char *live = make_disc ("b.iso", "TESTOS_LIVE");
  g_autoptr (OsDetection) second = detect (live, NULL, NULL);
  g_assert_cmpstr (second->id, ==, "http://example.org/testos/1");
  g_assert_true (second->live);
}

/* A disc that nobody knows is called by its label; what is no disc, by its file. */
static void
test_unknown (void)
{
  g_autofree char *labelled = make_disc ("c.iso", "MY DISC");
  g_autofree char *unlabelled = make_disc ("d.disc.iso", "");
  g_autofree char *short_file = g_build_filename (folder, ".notes", NULL);
  g_autofree char *missing = g_build_filename (folder, "gone.iso", NULL);
  const char *const paths[] = { labelled, unlabelled, short_file, missing, folder };
  g_autofree char *base = g_path_get_basename (folder);
  const char *const names[] = { "MY DISC", "d.disc", ".notes", "gone", base };

  g_assert_true (g_file_set_contents (short_file, "CD001", 5, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (OsDetection) detection = detect (paths[i], NULL, &error);

      g_assert_no_error (error);
      g_assert_null (detection->id);
      g_assert_cmpstr (detection->name, ==, names[i]);
      g_assert_cmpuint (detection->memory, >=, 128);
      g_assert_cmpuint (detection->disk, >=, 1);
      g_assert_false (detection->live);
    }
}

static void
test_cancel (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *disc = make_disc ("e.iso", "TESTOS_LIVE");

  g_cancellable_cancel (cancellable);
  g_assert_null (detect (disc, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("guesthouse-XXXXXX", NULL);
  g_autofree char *systems = g_build_filename (folder, "osinfo", "os", "example.org", NULL);
  g_autofree char *osinfo = g_build_filename (folder, "osinfo", NULL);
  g_autofree char *file = g_build_filename (systems, "testos-1.xml", NULL);

  g_mkdir_with_parents (systems, 0755);
  g_assert_true (g_file_set_contents (file, database, -1, NULL));
  g_setenv ("OSINFO_SYSTEM_DIR", osinfo, TRUE);
  g_test_add_func ("/os-detect/known", test_known);
  g_test_add_func ("/os-detect/unknown", test_unknown);
  g_test_add_func ("/os-detect/cancel", test_cancel);
  int status = g_test_run ();

  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", folder);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (folder);
  return status;
}
