/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The picture of the console widget, on a real display (xvfb-run). */
#include <gio/gunixfdlist.h>
#include <sys/mman.h>
#include <unistd.h>

#include "console-rig.h"
#include "vmm-core/control-names.h"

static uint32_t
seen (ConsoleRig *f, unsigned x, unsigned y)
{
  g_autoptr (GdkTexture) texture = console_view_dup_texture (f->view);
  int width = gdk_texture_get_width (texture);
  g_autofree uint32_t *pixels = g_new (uint32_t, (size_t) width * gdk_texture_get_height (texture));

  gdk_texture_download (texture, (guchar *) pixels, (size_t) width * 4);
  return pixels[y * width + x] & 0xffffff;
}

static void
test_picture (ConsoleRig *f, const void *data)
{
  surface_get_pixels (f->surface)[320 * 100 + 7] = 0x00123456;
  console_rig_tell (f, "UpdateMap", g_variant_new ("(iiii)", 7, 100, 1, 1), NULL);
  g_assert_cmphex (seen (f, 7, 100), ==, 0x123456);
  /* Lines that were not named are not looked at again. */
  surface_get_pixels (f->surface)[0] = 0x00ffffff;
  console_rig_tell (f, "UpdateMap", g_variant_new ("(iiii)", -5, 190, 100000, 1), NULL);
  g_assert_cmphex (seen (f, 0, 0), ==, 0);
  console_rig_show (f, 1024, 768);
  g_assert_cmphex (seen (f, 1023, 767), ==, 0);
}

/* The window as GTK draws it, at a point; black before it does. */
static uint32_t
drawn (ConsoleRig *f, unsigned x, unsigned y)
{
  GtkWidget *widget = GTK_WIDGET (f->view);
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (widget);
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  g_autofree uint32_t *pixels = g_new (uint32_t, (size_t) width * height);
  g_autoptr (GskRenderNode) node = NULL;
  g_autoptr (GdkTexture) texture = NULL;

  gdk_paintable_snapshot (paintable, snapshot, width, height);
  node = gtk_snapshot_free_to_node (snapshot);
  if (node == NULL)
    return 0;
  texture = gsk_renderer_render_texture (gtk_native_get_renderer (gtk_widget_get_native (widget)),
                                         node, &GRAPHENE_RECT_INIT (0, 0, width, height));
  gdk_texture_download (texture, (guchar *) pixels, (size_t) width * 4);
  return pixels[y * width + x] & 0xffffff;
}

static void
test_whole_multiples_are_sharp (ConsoleRig *f, const void *data)
{
  wait_for (gtk_widget_get_width (GTK_WIDGET (f->view)) == 640);
  surface_get_pixels (f->surface)[320 * 63 + 10] = 0x00ff0000;
  surface_get_pixels (f->surface)[320 * 64 + 10] = 0x0000ff00;
  console_rig_tell (f, "UpdateMap", g_variant_new ("(iiii)", 0, 0, 320, 200), NULL);
  wait_for (drawn (f, 20, 126) == 0xff0000);
  g_assert_cmphex (drawn (f, 21, 127), ==, 0xff0000);
  g_assert_cmphex (drawn (f, 20, 128), ==, 0x00ff00);
  g_assert_cmphex (drawn (f, 19, 127), ==, 0);
  g_assert_cmphex (drawn (f, 22, 127), ==, 0);
  g_assert_cmphex (drawn (f, 20, 130), ==, 0);
}

static void
count_frame (GdkFrameClock *clock, void *data)
{
  ++*(unsigned *) data;
}

static gboolean
over (void *data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Waits half a second. */
static void
let_pass (void)
{
  gboolean done = FALSE;

  g_timeout_add (500, over, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
}

/* A guest whose screen stands still costs nothing. */
static void
test_stands_still (ConsoleRig *f, const void *data)
{
  GdkFrameClock *clock = gtk_widget_get_frame_clock (GTK_WIDGET (f->view));
  unsigned frames = 0, before;

  g_signal_connect (clock, "after-paint", G_CALLBACK (count_frame), &frames);
  do
    {
      before = frames;
      let_pass ();
    }
  while (frames > before); /* the window is being shown */
  let_pass ();
  g_assert_cmpuint (frames, ==, before);
  console_rig_tell (f, "UpdateMap", g_variant_new ("(iiii)", 7, 100, 1, 1), NULL);
  let_pass ();
  g_assert_cmpuint (frames, ==, before + 1);
  g_signal_handlers_disconnect_by_data (clock, &frames);
}

/* What is drawn of the widget, without what is drawn around it. */
static GskRenderNode *
take_nodes (ConsoleRig *f)
{
  GtkSnapshot *snapshot = gtk_snapshot_new ();

  GTK_WIDGET_GET_CLASS (f->view)->snapshot (GTK_WIDGET (f->view), snapshot);
  return gtk_snapshot_free_to_node (snapshot);
}

/* Drawing 320 × 200 pixels takes a background and bands of 64 lines: all but the changed one are
 * those of the last time, which GTK does not draw again. */
static void
test_only_what_changed_is_drawn (ConsoleRig *f, const void *data)
{
  g_autoptr (GskRenderNode) before = NULL;
  g_autoptr (GskRenderNode) after = NULL;
  gboolean cairo = GSK_IS_CAIRO_RENDERER (
    gtk_native_get_renderer (gtk_widget_get_native (GTK_WIDGET (f->view))));

  before = take_nodes (f);
  console_rig_tell (f, "UpdateMap", g_variant_new ("(iiii)", 7, 100, 1, 1), NULL);
  after = take_nodes (f);
  g_assert_cmpuint (gsk_container_node_get_n_children (after), ==, 1 + 4);
  for (unsigned i = 1; i < 5; i++)
    {
      GskRenderNode *old = gsk_container_node_get_child (before, i);
      GskRenderNode *new = gsk_container_node_get_child (after, i);
      gboolean same = cairo
                        ? old == new
                        : gsk_texture_node_get_texture (old) == gsk_texture_node_get_texture (new);

      g_assert_true (same == (i != 2)); /* line 100 is in the second band */
    }
}

static void
test_machine_gone (ConsoleRig *f, const void *data)
{
  g_dbus_connection_close_sync (f->listener, NULL, NULL);
  wait_for (!console_view_get_connected (f->view));
  /* The last picture stays. */
  g_assert_cmphex (seen (f, 0, 0), ==, 0);
  console_view_set_connection (f->view, NULL);
  g_assert_null (console_view_dup_texture (f->view));
}

static void
refused (GObject *source, GAsyncResult *result, void *data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = g_dbus_connection_call_with_unix_fd_list_finish (
    G_DBUS_CONNECTION (source), NULL, result, &error);

  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS);
  ++*(unsigned *) data;
}

/* Offers a picture that cannot be shown. */
static void
expect_refusal (ConsoleRig *f, int fd, unsigned offset, unsigned width, unsigned height,
                unsigned stride)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  unsigned n = 0;

  g_unix_fd_list_append (fds, fd, NULL);
  g_dbus_connection_call_with_unix_fd_list (
    f->listener, NULL, CONTROL_LISTENER_PATH, CONTROL_LISTENER_MAP, "ScanoutMap",
    g_variant_new ("(huuuuu)", 0, offset, width, height, stride, PIXMAN_X8R8G8B8), NULL,
    G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL, refused, &n);
  wait_for (n == 1);
}

static void
test_hostile_machine (ConsoleRig *f, const void *data)
{
  static const unsigned sizes[][3]
    = { { 0, 0, 0 }, { 9000, 1, 36000 }, { 100, 100, 4 }, { UINT_MAX, UINT_MAX, UINT_MAX } };
  int unsealed = memfd_create ("picture", MFD_CLOEXEC), pipes[2];

  for (unsigned i = 0; i < G_N_ELEMENTS (sizes); i++)
    expect_refusal (f, surface_get_fd (f->surface), 0, sizes[i][0], sizes[i][1], sizes[i][2]);
  console_rig_show (f, 64, 64);
  /* Files that end too early, could be cut off later, or may make who reads them wait. */
  expect_refusal (f, surface_get_fd (f->surface), 1, 64, 64, 256);
  expect_refusal (f, surface_get_fd (f->surface), 0, 64, 65, 256);
  g_assert_cmpint (ftruncate (unsealed, 64 * 256), ==, 0);
  expect_refusal (f, unsealed, 0, 64, 64, 256);
  g_assert_cmpint (pipe (pipes), ==, 0);
  expect_refusal (f, pipes[0], 0, 64, 64, 256);
  close (pipes[0]);
  close (pipes[1]);
  close (unsealed);
  console_rig_show (f, 64, 64);
  console_rig_tell (f, "UpdateMap", g_variant_new ("(iiii)", 0, 0, 64, 64), NULL);
  g_assert_cmphex (seen (f, 63, 63), ==, 0);
}

#define ADD(name, test)                                                                            \
  g_test_add ("/console-view/" name, ConsoleRig, NULL, console_rig_set_up, test,                   \
              console_rig_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("GDK_BACKEND", "x11", FALSE);
  if (!gtk_init_check ())
    {
      g_print ("1..0 # SKIP no display\n");
      return 0;
    }
  ADD ("picture", test_picture);
  ADD ("whole-multiples-are-sharp", test_whole_multiples_are_sharp);
  ADD ("stands-still", test_stands_still);
  ADD ("only-what-changed-is-drawn", test_only_what_changed_is_drawn);
  ADD ("machine-gone", test_machine_gone);
  ADD ("hostile-machine", test_hostile_machine);
  return g_test_run ();
}
