/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many frames a second the console widget shows, and what it takes, for a guest whose screen
 * stands still, one with a blinking cursor, and one that changes all of it all the time.
 *
 * usage: xvfb-run -s '-screen 0 1280x800x24' console-speed [SECONDS]; GSK_RENDERER chooses a
 * renderer. */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "display/gtk/software-graphics.h"
#include "tests/app/console-rig.h"
#include "vmm-core/control-names.h"

#define WIDTH 1280
#define HEIGHT 800

static unsigned frames;

static void
count_frame (GdkFrameClock *clock, void *data)
{
  frames++;
}

static double
processor_seconds (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
         + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static gboolean
over (void *data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

/* What the guest paints, n-th time; FALSE: nothing. */
typedef gboolean (*Paint) (ConsoleRig *rig, unsigned n, GdkRectangle *damage);

static gboolean
paint_nothing (ConsoleRig *rig, unsigned n, GdkRectangle *damage)
{
  return FALSE;
}

static gboolean
paint_cursor (ConsoleRig *rig, unsigned n, GdkRectangle *damage)
{
  uint32_t *pixels = surface_get_pixels (rig->surface);

  *damage = (GdkRectangle){ 80, 400, 8, 16 };
  for (int y = 400; y < 416; y++)
    for (int x = 80; x < 88; x++)
      pixels[y * WIDTH + x] = n % 2 ? 0xffffff : 0;
  return TRUE;
}

static gboolean
paint_everything (ConsoleRig *rig, unsigned n, GdkRectangle *damage)
{
  memset (surface_get_pixels (rig->surface), (int) n, (size_t) WIDTH * HEIGHT * 4);
  *damage = (GdkRectangle){ 0, 0, WIDTH, HEIGHT };
  return TRUE;
}

typedef struct
{
  ConsoleRig *rig;
  Paint paint;
  unsigned n;
  gboolean waiting; /* for an answer: as a machine does, with one message under way at most */
} Guest;

static void
answered (GObject *source, GAsyncResult *result, void *data)
{
  g_autoptr (GVariant) answer
    = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);

  ((Guest *) data)->waiting = FALSE;
}

static gboolean
tick (void *data)
{
  Guest *guest = data;
  GdkRectangle damage;

  if (guest->waiting || !guest->paint (guest->rig, guest->n++, &damage))
    return G_SOURCE_CONTINUE;
  guest->waiting = TRUE;
  g_dbus_connection_call (guest->rig->listener, NULL, CONTROL_LISTENER_PATH, CONTROL_LISTENER_MAP,
                          "UpdateMap",
                          g_variant_new ("(iiii)", damage.x, damage.y, damage.width, damage.height),
                          NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, answered, guest);
  return G_SOURCE_CONTINUE;
}

static void
measure (ConsoleRig *rig, const char *name, Paint paint, unsigned period_ms, unsigned seconds)
{
  Guest guest = { rig, paint, 0, FALSE };
  guint source = paint != paint_nothing ? g_timeout_add (period_ms, tick, &guest) : 0;
  gboolean done = FALSE;
  double before;
  gint64 start;

  for (gint64 end = g_get_monotonic_time () + G_USEC_PER_SEC; g_get_monotonic_time () < end;)
    g_main_context_iteration (NULL, FALSE); /* what was before has been painted */
  g_timeout_add_seconds (seconds, over, &done);
  frames = 0;
  start = g_get_monotonic_time ();
  before = processor_seconds ();
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  g_print ("%-22s %6.1f frames a second, %5.1f %% of a processor\n", name,
           frames * 1e6 / (double) (g_get_monotonic_time () - start),
           (processor_seconds () - before) * 1e8 / (double) (g_get_monotonic_time () - start));
  if (source != 0)
    g_source_remove (source);
  while (guest.waiting)
    g_main_context_iteration (NULL, TRUE);
}

static void
print_memory (void)
{
  g_autofree char *status = NULL;

  g_file_get_contents ("/proc/self/status", &status, NULL, NULL);
  g_print ("%-22s %6ld MiB resident\n", "memory",
           strtol (strstr (status, "VmRSS:") + 6, NULL, 10) / 1024);
}

int
main (int argc, char **argv)
{
  unsigned seconds = argc > 1 ? (unsigned) strtoul (argv[1], NULL, 10) : 10;
  ConsoleRig rig = { 0 };

  software_graphics_choose_renderer ();
  gtk_init ();
  console_rig_set_up (&rig, NULL);
  gtk_window_set_default_size (rig.window, WIDTH, HEIGHT);
  console_rig_show (&rig, WIDTH, HEIGHT);
  wait_for (gtk_widget_get_width (GTK_WIDGET (rig.view)) == WIDTH);
  g_signal_connect (gtk_widget_get_frame_clock (GTK_WIDGET (rig.window)), "after-paint",
                    G_CALLBACK (count_frame), NULL);
  g_print ("%s\n", G_OBJECT_TYPE_NAME (
                     gtk_native_get_renderer (gtk_widget_get_native (GTK_WIDGET (rig.view)))));
  measure (&rig, "stands still", paint_nothing, 0, seconds);
  measure (&rig, "blinking cursor", paint_cursor, 250, seconds);
  measure (&rig, "everything changes", paint_everything, 8, seconds);
  print_memory ();
  console_rig_tear_down (&rig, NULL);
  return EXIT_SUCCESS;
}
