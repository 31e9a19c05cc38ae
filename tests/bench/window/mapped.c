/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a program and prints the milliseconds until the X server maps its first window; the program
 * goes on and its process id is printed, too. For a server without a window manager.
 *
 *   mapped PROGRAM ARGUMENT … */
#include <X11/Xlib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SMALLEST 100 /* pixels; GTK also maps windows that nobody sees */

static double
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static int
is_seen (Display *display, Window window)
{
  XWindowAttributes about;

  return XGetWindowAttributes (display, window, &about) && about.width >= SMALLEST
         && about.height >= SMALLEST;
}

/* A program that ends shows nothing any more. */
static void
ended (int number)
{
  _exit (1);
}

static int
ignore (Display *display, XErrorEvent *error)
{
  return 0;
}

int
main (int argc, char **argv)
{
  Display *display = XOpenDisplay (NULL);
  double begin;
  pid_t child;

  if (argc < 2 || display == NULL)
    return 2;
  XSetErrorHandler (ignore);
  XSelectInput (display, DefaultRootWindow (display), SubstructureNotifyMask);
  XSync (display, False);
  signal (SIGCHLD, ended);
  begin = now ();
  child = fork ();
  if (child == 0)
    {
      close (ConnectionNumber (display));
      close (STDOUT_FILENO);
      dup2 (STDERR_FILENO, STDOUT_FILENO);
      execvp (argv[1], argv + 1);
      _exit (127);
    }
  for (;;)
    {
      XEvent event;

      XNextEvent (display, &event);
      if (event.type == MapNotify && is_seen (display, event.xmap.window))
        break;
    }
  printf ("%.0f %d\n", now () - begin, child);
  return 0;
}
