/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "console.h"

typedef struct
{
  ConsoleListener ops;
  void *data;
} Listener;

struct Console
{
  Surface *surface;
  ConsoleSource source;
  void *device;
  GArray *listeners;
};

Console *
console_new (void)
{
  Console *console = g_new0 (Console, 1);
  g_autoptr (GError) error = NULL;

  console->listeners = g_array_new (FALSE, FALSE, sizeof (Listener));
  console->surface = surface_new (640, 480, &error);
  if (console->surface == NULL)
    g_error ("%s", error->message);
  return console;
}

void
console_free (Console *console)
{
  if (console == NULL)
    return;
  surface_unref (console->surface);
  g_array_unref (console->listeners);
  g_free (console);
}

void
console_set_source (Console *console, const ConsoleSource *source, void *device)
{
  console->source = source != NULL ? *source : (ConsoleSource){ NULL, NULL };
  console->device = device;
}

void
console_resize (Console *console, unsigned width, unsigned height)
{
  g_autoptr (GError) error = NULL;
  Surface *surface;

  if (surface_get_width (console->surface) == width
      && surface_get_height (console->surface) == height)
    return;
  surface = surface_new (width, height, &error);
  if (surface == NULL)
    {
      /* The guest's mode stays out of sight; everything else goes on. */
      g_warning ("%s", error->message);
      return;
    }
  surface_unref (console->surface);
  console->surface = surface;
  for (unsigned i = 0; i < console->listeners->len; i++)
    {
      const Listener *listener = &g_array_index (console->listeners, Listener, i);

      if (listener->ops.resized != NULL)
        listener->ops.resized (listener->data, surface);
    }
}

void
console_damage (Console *console, unsigned x, unsigned y, unsigned width, unsigned height)
{
  for (unsigned i = 0; i < console->listeners->len; i++)
    {
      const Listener *listener = &g_array_index (console->listeners, Listener, i);

      if (listener->ops.damaged != NULL)
        listener->ops.damaged (listener->data, x, y, width, height);
    }
}

Surface *
console_get_surface (Console *console)
{
  return console->surface;
}

gboolean
console_get_text (Console *console, GString *text)
{
  return console->source.get_text != NULL && console->source.get_text (console->device, text);
}

void
console_add_listener (Console *console, const ConsoleListener *listener, void *data)
{
  Listener added = { *listener, data };

  g_array_append_val (console->listeners, added);
  if (listener->resized != NULL)
    listener->resized (data, console->surface);
}

void
console_remove_listener (Console *console, void *data)
{
  for (unsigned i = 0; i < console->listeners->len; i++)
    if (g_array_index (console->listeners, Listener, i).data == data)
      {
        g_array_remove_index (console->listeners, i);
        return;
      }
}

gboolean
console_has_listeners (const Console *console)
{
  return console->listeners->len > 0;
}

void
console_refresh (Console *console)
{
  if (console->source.refresh != NULL)
    console->source.refresh (console->device);
}
