/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sdl-window.h"

#include <SDL.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <linux/input-event-codes.h>
#include <stdbool.h>

#include "sdl-keys.h"

#define REFRESH_US 16667

typedef enum
{
  EVENT_KEY,
  EVENT_MOTION,
  EVENT_POSITION,
  EVENT_BUTTON,
  EVENT_SCROLL,
  EVENT_LOCKS,
  EVENT_FOCUS_LOST,
  EVENT_CLOSED
} EventKind;

/* What a person did, on its way from the window's thread to the I/O thread. */
typedef struct
{
  EventKind kind;
  int a, b;          /* code and down; dx and dy; x and y; button and down; lamps */
  int width, height; /* EVENT_POSITION: of the picture */
} Event;

typedef struct
{
  GSource source;
  SdlWindow *window;
} Pump;

struct SdlWindow
{
  /* I/O thread */
  Console *console;
  Input *input;
  GMainContext *context;
  MachineLock *lock;
  GSource *pump;
  void (*closed) (void *data);
  void *closed_data;
  GThread *thread;

  /* Between the threads */
  GAsyncQueue *events;
  int absolute;        /* atomic: the guest's pointer takes positions */
  uint32_t wake_event; /* SDL's number for "there is damage" and "quit" */
  GMutex mutex;
  Surface *surface;
  SDL_Rect damage; /* empty: none */
  bool quit, wake_pending;

  /* The window's thread */
  char *title;
  SDL_Window *sdl_window;
  SDL_Renderer *renderer;
  SDL_Texture *texture;
  Surface *shown;
  SDL_Rect target;     /* of the picture in the window, in pixels of the renderer */
  bool grabbed, chord; /* chord: nothing but left Ctrl and Alt was pressed */
};

/* The I/O thread */

static void
window_wake (SdlWindow *window)
{
  SDL_Event event = { .type = window->wake_event };

  if (!window->wake_pending)
    window->wake_pending = SDL_PushEvent (&event) == 1;
}

static void
console_resized (void *data, Surface *surface)
{
  SdlWindow *window = data;

  g_mutex_lock (&window->mutex);
  surface_unref (window->surface);
  window->surface = surface_ref (surface);
  window->damage
    = (SDL_Rect){ 0, 0, (int) surface_get_width (surface), (int) surface_get_height (surface) };
  window_wake (window);
  g_mutex_unlock (&window->mutex);
}

static void
console_damaged (void *data, unsigned x, unsigned y, unsigned width, unsigned height)
{
  SdlWindow *window = data;
  SDL_Rect damage = { (int) x, (int) y, (int) width, (int) height };

  g_mutex_lock (&window->mutex);
  if (SDL_RectEmpty (&window->damage))
    window->damage = damage;
  else
    SDL_UnionRect (&window->damage, &damage, &window->damage);
  window_wake (window);
  g_mutex_unlock (&window->mutex);
}

static void
deliver (SdlWindow *window, const Event *event)
{
  switch (event->kind)
    {
    case EVENT_KEY:
      input_key (window->input, event->a, event->b);
      break;
    case EVENT_MOTION:
      input_motion (window->input, event->a, event->b);
      break;
    case EVENT_POSITION:
      input_position (window->input, event->a, event->b, event->width, event->height);
      break;
    case EVENT_BUTTON:
      input_button (window->input, event->a, event->b);
      break;
    case EVENT_SCROLL:
      input_scroll (window->input, event->a, event->b);
      break;
    case EVENT_LOCKS:
      input_match_locks (window->input, event->a);
      break;
    case EVENT_FOCUS_LOST:
      input_release_all (window->input);
      break;
    case EVENT_CLOSED:
      break;
    }
}

static gboolean
pump_check (GSource *source)
{
  return g_async_queue_length (((Pump *) source)->window->events) > 0;
}

static gboolean
pump_prepare (GSource *source, int *timeout)
{
  *timeout = -1;
  return pump_check (source);
}

static gboolean
pump_dispatch (GSource *source, GSourceFunc callback, void *data)
{
  SdlWindow *window = ((Pump *) source)->window;
  int64_t now = g_source_get_time (source);
  bool closed = false;
  Event *event;

  machine_lock_acquire (window->lock);
  while ((event = g_async_queue_try_pop (window->events)) != NULL)
    {
      deliver (window, event);
      closed |= event->kind == EVENT_CLOSED;
      g_free (event);
    }
  if (now >= g_source_get_ready_time (source))
    {
      console_refresh (window->console);
      g_source_set_ready_time (source, now + REFRESH_US);
    }
  g_atomic_int_set (&window->absolute, input_is_absolute (window->input));
  machine_lock_release (window->lock);
  if (closed && window->closed != NULL)
    window->closed (window->closed_data);
  return G_SOURCE_CONTINUE;
}

/* The window's thread */

static void
send (SdlWindow *window, Event event)
{
  g_async_queue_push (window->events, g_memdup2 (&event, sizeof event));
  g_main_context_wakeup (window->context);
}

static void
set_title (SdlWindow *window)
{
  g_autofree char *title = NULL;

  if (window->grabbed)
    title = g_strdup_printf (_ ("%s (left Ctrl+Alt releases keyboard and pointer)"), window->title);
  SDL_SetWindowTitle (window->sdl_window, title != NULL ? title : window->title);
}

static void
set_grabbed (SdlWindow *window, bool grabbed)
{
  if (window->grabbed == grabbed)
    return;
  window->grabbed = grabbed;
  if (grabbed && g_atomic_int_get (&window->absolute))
    SDL_SetWindowKeyboardGrab (window->sdl_window, SDL_TRUE);
  else
    {
      SDL_SetWindowGrab (window->sdl_window, grabbed ? SDL_TRUE : SDL_FALSE);
      SDL_SetWindowKeyboardGrab (window->sdl_window, grabbed ? SDL_TRUE : SDL_FALSE);
      SDL_SetRelativeMouseMode (grabbed ? SDL_TRUE : SDL_FALSE);
    }
  set_title (window);
}

static void
toggle_full_screen (SdlWindow *window)
{
  bool full = SDL_GetWindowFlags (window->sdl_window) & SDL_WINDOW_FULLSCREEN;

  SDL_SetWindowFullscreen (window->sdl_window, full ? 0 : SDL_WINDOW_FULLSCREEN_DESKTOP);
}

/* As large as fits, centred, in the guest's proportions. */
static void
place_picture (SdlWindow *window)
{
  int width, height, w = (int) surface_get_width (window->shown);
  int h = (int) surface_get_height (window->shown);
  double scale;

  SDL_GetRendererOutputSize (window->renderer, &width, &height);
  scale = MIN ((double) width / w, (double) height / h);
  window->target.w = MAX (1, (int) (w * scale + 0.5));
  window->target.h = MAX (1, (int) (h * scale + 0.5));
  window->target.x = (width - window->target.w) / 2;
  window->target.y = (height - window->target.h) / 2;
  /* Whole multiples stay sharp. */
  SDL_SetTextureScaleMode (window->texture, window->target.w % w == 0 && window->target.h % h == 0
                                              ? SDL_ScaleModeNearest
                                              : SDL_ScaleModeLinear);
}

static void
take_surface (SdlWindow *window, Surface *surface)
{
  uint32_t flags = SDL_GetWindowFlags (window->sdl_window);
  int width = (int) surface_get_width (surface), height = (int) surface_get_height (surface);

  surface_unref (window->shown);
  window->shown = surface_ref (surface);
  if (window->texture != NULL)
    SDL_DestroyTexture (window->texture);
  window->texture = SDL_CreateTexture (window->renderer, SDL_PIXELFORMAT_RGB888,
                                       SDL_TEXTUREACCESS_STREAMING, width, height);
  if (!(flags & (SDL_WINDOW_FULLSCREEN | SDL_WINDOW_MAXIMIZED)))
    SDL_SetWindowSize (window->sdl_window, width, height);
}

static void
present (SdlWindow *window)
{
  if (window->texture == NULL)
    return;
  place_picture (window);
  SDL_SetRenderDrawColor (window->renderer, 0, 0, 0, 255);
  SDL_RenderClear (window->renderer);
  SDL_RenderCopy (window->renderer, window->texture, NULL, &window->target);
  SDL_RenderPresent (window->renderer);
}

/* Brings the damaged part of the picture into the texture. FALSE: the window is to go. */
static bool
update (SdlWindow *window)
{
  g_autoptr (Surface) surface = NULL;
  SDL_Rect damage, all = { 0 };
  bool quit;

  g_mutex_lock (&window->mutex);
  window->wake_pending = false;
  quit = window->quit;
  surface = surface_ref (window->surface);
  damage = window->damage;
  window->damage = (SDL_Rect){ 0 };
  g_mutex_unlock (&window->mutex);
  if (quit)
    return false;
  if (surface != window->shown)
    take_surface (window, surface);
  all.w = (int) surface_get_width (surface);
  all.h = (int) surface_get_height (surface);
  if (window->texture != NULL && SDL_IntersectRect (&damage, &all, &damage))
    {
      unsigned stride = surface_get_stride (surface);
      const uint32_t *pixels
        = surface_get_pixels (surface) + (size_t) damage.y * (stride / 4) + damage.x;

      SDL_UpdateTexture (window->texture, &damage, pixels, (int) stride);
      present (window);
    }
  return true;
}

static void
on_key (SdlWindow *window, const SDL_KeyboardEvent *key)
{
  unsigned code = sdl_keys_code (key->keysym.scancode);
  bool down = key->type == SDL_KEYDOWN;
  const uint8_t *keys = SDL_GetKeyboardState (NULL);
  bool both = keys[SDL_SCANCODE_LCTRL] && keys[SDL_SCANCODE_LALT];

  if (down && both && code == KEY_F)
    {
      window->chord = false;
      if (!key->repeat)
        toggle_full_screen (window);
      return;
    }
  if (down && (code == KEY_LEFTCTRL || code == KEY_LEFTALT))
    window->chord |= both && !key->repeat;
  else if (down)
    window->chord = false;
  else if (window->chord && (code == KEY_LEFTCTRL || code == KEY_LEFTALT))
    {
      /* Released without another key between: not the beginning of Ctrl+Alt+Delete. */
      window->chord = false;
      set_grabbed (window, false);
    }
  if (code != 0)
    send (window, (Event){ EVENT_KEY, (int) code, down });
}

static void
on_motion (SdlWindow *window, const SDL_MouseMotionEvent *motion)
{
  int window_width, window_height, width, height;

  if (!g_atomic_int_get (&window->absolute))
    {
      if (window->grabbed)
        send (window, (Event){ EVENT_MOTION, motion->xrel, motion->yrel });
      return;
    }
  SDL_GetWindowSize (window->sdl_window, &window_width, &window_height);
  SDL_GetRendererOutputSize (window->renderer, &width, &height);
  send (window, (Event){ EVENT_POSITION,
                         CLAMP (motion->x * width / MAX (1, window_width) - window->target.x, 0,
                                window->target.w - 1),
                         CLAMP (motion->y * height / MAX (1, window_height) - window->target.y, 0,
                                window->target.h - 1),
                         window->target.w, window->target.h });
}

static void
on_button (SdlWindow *window, const SDL_MouseButtonEvent *button)
{
  static const InputButton buttons[] = {
    [SDL_BUTTON_LEFT] = INPUT_BUTTON_LEFT,   [SDL_BUTTON_MIDDLE] = INPUT_BUTTON_MIDDLE,
    [SDL_BUTTON_RIGHT] = INPUT_BUTTON_RIGHT, [SDL_BUTTON_X1] = INPUT_BUTTON_SIDE,
    [SDL_BUTTON_X2] = INPUT_BUTTON_EXTRA,
  };
  bool down = button->type == SDL_MOUSEBUTTONDOWN;

  if (down && !window->grabbed)
    {
      set_grabbed (window, true);
      /* The click that takes the pointer is not the guest's. */
      if (!g_atomic_int_get (&window->absolute))
        return;
    }
  if (button->button >= SDL_BUTTON_LEFT && button->button <= SDL_BUTTON_X2)
    send (window, (Event){ EVENT_BUTTON, (int) buttons[button->button], down });
}

/* Those of the person's keyboard, as lamps of the guest's. */
static int
locks (void)
{
  SDL_Keymod modifiers = SDL_GetModState ();

  return (modifiers & KMOD_CAPS ? INPUT_LED_CAPS_LOCK : 0)
         | (modifiers & KMOD_NUM ? INPUT_LED_NUM_LOCK : 0);
}

static void
on_window_event (SdlWindow *window, const SDL_WindowEvent *event)
{
  switch (event->event)
    {
    case SDL_WINDOWEVENT_FOCUS_LOST:
      set_grabbed (window, false);
      window->chord = false;
      send (window, (Event){ EVENT_FOCUS_LOST });
      break;
    case SDL_WINDOWEVENT_FOCUS_GAINED:
      send (window, (Event){ EVENT_LOCKS, locks () });
      break;
    case SDL_WINDOWEVENT_CLOSE:
      send (window, (Event){ EVENT_CLOSED });
      break;
    case SDL_WINDOWEVENT_EXPOSED:
    case SDL_WINDOWEVENT_SIZE_CHANGED:
      present (window);
      break;
    default:
      break;
    }
}

static void
handle (SdlWindow *window, const SDL_Event *event)
{
  switch (event->type)
    {
    case SDL_KEYDOWN:
    case SDL_KEYUP:
      on_key (window, &event->key);
      break;
    case SDL_MOUSEMOTION:
      on_motion (window, &event->motion);
      break;
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP:
      on_button (window, &event->button);
      break;
    case SDL_MOUSEWHEEL:
      send (window, (Event){ EVENT_SCROLL, event->wheel.x, -event->wheel.y });
      break;
    case SDL_WINDOWEVENT:
      on_window_event (window, &event->window);
      break;
    default:
      break;
    }
}

static bool
open_window (SdlWindow *window)
{
  /* Signals and the keyboard's shortcuts stay with the program that was there first. */
  SDL_SetHint (SDL_HINT_NO_SIGNAL_HANDLERS, "1");
  SDL_SetHint (SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
  SDL_SetHint (SDL_HINT_MOUSE_FOCUS_CLICKTHROUGH, "1");
  if (SDL_Init (SDL_INIT_VIDEO) != 0)
    return false;
  window->wake_event = SDL_RegisterEvents (1);
  window->sdl_window
    = SDL_CreateWindow (window->title, SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED, 640, 480,
                        SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI);
  if (window->sdl_window == NULL)
    return false;
  window->renderer = SDL_CreateRenderer (window->sdl_window, -1, 0);
  return window->renderer != NULL;
}

static void
close_window (SdlWindow *window)
{
  if (window->texture != NULL)
    SDL_DestroyTexture (window->texture);
  if (window->renderer != NULL)
    SDL_DestroyRenderer (window->renderer);
  if (window->sdl_window != NULL)
    SDL_DestroyWindow (window->sdl_window);
  surface_unref (window->shown);
  SDL_Quit ();
}

static void *
window_thread (void *data)
{
  SdlWindow *window = ((void **) data)[0];
  GAsyncQueue *opened = ((void **) data)[1];
  bool open = open_window (window);
  SDL_Event event;

  g_async_queue_push (opened, open ? g_strdup ("") : g_strdup (SDL_GetError ()));
  while (open && SDL_WaitEvent (&event))
    if (event.type != window->wake_event)
      handle (window, &event);
    else if (!update (window))
      break;
  close_window (window);
  return NULL;
}

SdlWindow *
sdl_window_new (Console *console, Input *input, GMainContext *context, MachineLock *lock,
                const char *title, void (*closed) (void *data), void *data, GError **error)
{
  static GSourceFuncs pump_funcs = { pump_prepare, pump_check, pump_dispatch, NULL };
  static const ConsoleListener listener = { console_resized, console_damaged };
  g_autoptr (GAsyncQueue) opened = g_async_queue_new ();
  g_autofree char *failure = NULL;
  SdlWindow *window = g_new0 (SdlWindow, 1);

  window->console = console;
  window->input = input;
  window->context = context;
  window->lock = lock;
  window->closed = closed;
  window->closed_data = data;
  window->title = g_strdup (title);
  window->events = g_async_queue_new_full (g_free);
  g_mutex_init (&window->mutex);
  window->thread = g_thread_new ("window", window_thread, (void *[]){ window, opened });
  failure = g_async_queue_pop (opened);
  if (*failure != '\0')
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                   "No window can be opened (%s): run under a desktop, or use --headless.",
                   failure);
      sdl_window_free (window);
      return NULL;
    }
  machine_lock_acquire (lock);
  console_add_listener (console, &listener, window);
  machine_lock_release (lock);
  window->pump = g_source_new (&pump_funcs, sizeof (Pump));
  ((Pump *) window->pump)->window = window;
  g_source_set_static_name (window->pump, "window");
  g_source_set_ready_time (window->pump, 0);
  g_source_attach (window->pump, context);
  return window;
}

void
sdl_window_free (SdlWindow *window)
{
  if (window == NULL)
    return;
  if (window->pump != NULL)
    {
      g_source_destroy (window->pump);
      g_source_unref (window->pump);
      machine_lock_acquire (window->lock);
      console_remove_listener (window->console, window);
      machine_lock_release (window->lock);
      g_mutex_lock (&window->mutex);
      window->quit = true;
      for (window_wake (window); !window->wake_pending; window_wake (window))
        g_usleep (1000); /* SDL's queue is full; its thread is emptying it */
      g_mutex_unlock (&window->mutex);
    }
  g_thread_join (window->thread);
  surface_unref (window->surface);
  g_async_queue_unref (window->events);
  g_mutex_clear (&window->mutex);
  g_free (window->title);
  g_free (window);
}
