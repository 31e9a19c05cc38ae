/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guesthouse-vm: runs one machine. */
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <sys/stat.h>

#include "control-service.h"
#include "display/sdl/sdl-window.h"
#include "log-limit.h"
#include "options.h"
#include "translations.h"
#include "vm.h"
#include "vmm-core/output-fd.h"
#include "vmm-core/trace.h"

#define STATUS_ERROR 1
#define STATUS_TIME_LIMIT 2
#define DESCRIPTORS 4096

typedef struct
{
  GMainLoop *loop;
  Vm *vm;
  Options *options;
  int status;
} Program;

static void
quit (void *data)
{
  g_main_loop_quit (((Program *) data)->loop);
}

static gboolean
quit_on_signal (gpointer data)
{
  quit (data);
  return G_SOURCE_CONTINUE;
}

static gboolean
time_limit_passed (gpointer data)
{
  Program *program = data;

  g_printerr (_ ("guesthouse-vm: The time limit of %u seconds has passed.\n"),
              program->options->time_limit);
  program->status = STATUS_TIME_LIMIT;
  quit (program);
  return G_SOURCE_REMOVE;
}

/* A machine that ran and is off now ends the process, if asked to or if its guest is a test. */
static gboolean
look_at_state (gpointer data)
{
  Program *program = data;
  VmState state = vm_get_state (program->vm);
  int status;

  if (state == VM_STARTING || state == VM_RUNNING || state == VM_PAUSED)
    return G_SOURCE_CONTINUE;
  if (state == VM_CRASHED)
    program->status = STATUS_ERROR;
  else if (vm_get_test_status (program->vm, &status))
    program->status = status;
  quit (program);
  return G_SOURCE_REMOVE;
}

/* SIGHUP: the terminal closes. It ends a machine as tidily as SIGTERM, unless nohup said
 * otherwise. */
static void
watch_signals (Program *program)
{
  static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

  for (unsigned i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      struct sigaction action;

      if (signals[i] != SIGHUP
          || (sigaction (SIGHUP, NULL, &action) == 0 && action.sa_handler != SIG_IGN))
        g_unix_signal_add (signals[i], quit_on_signal, program);
    }
}

/* What is said must not wait for whoever reads it: for a pipe that nobody empties it is lost. */
static void
set_up_messages (void)
{
  int fd = output_fd_open (STDERR_FILENO);

  if (fd >= 0)
    {
      dup2 (fd, STDERR_FILENO);
      close (fd);
    }
  log_limit_init ();
}

/* Clients, disks and viewers take some each; the usual 1024 would do, but not everybody has
 * them. */
static void
raise_limits (void)
{
  struct rlimit descriptors;

  if (getrlimit (RLIMIT_NOFILE, &descriptors) < 0 || descriptors.rlim_cur >= DESCRIPTORS)
    return;
  descriptors.rlim_cur = MIN (descriptors.rlim_max, DESCRIPTORS);
  setrlimit (RLIMIT_NOFILE, &descriptors);
}

/* What is wrong has been said. A machine whose start somebody gave up is off, as any other. */
static void
started (void *data, const GError *error)
{
  Program *program = data;

  if (error == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  program->status = STATUS_ERROR;
  quit (program);
}

static gboolean
run (Program *program, GError **error)
{
  Options *options = program->options;
  g_autoptr (ControlService) control = NULL;
  g_autoptr (SdlWindow) window = NULL;

  if (options->control != NULL)
    {
      control = control_service_new (program->vm, options->control, quit, program, error);
      if (control == NULL)
        return FALSE;
    }
  if (options->window)
    {
      window = sdl_window_new (vm_get_console (program->vm), vm_get_input (program->vm),
                               g_main_context_default (), vm_get_lock (program->vm),
                               vm_get_config (program->vm)->name, quit, program, error);
      if (window == NULL)
        return FALSE;
    }
  if (!options->stopped)
    vm_power_on (program->vm, started, program);
  if ((options->exit_on_shutdown || vm_get_config (program->vm)->test_device) && !options->stopped)
    g_timeout_add (50, look_at_state, program);
  if (options->time_limit > 0)
    g_timeout_add_seconds (options->time_limit, time_limit_passed, program);
  watch_signals (program);
  if (program->status == EXIT_SUCCESS)
    g_main_loop_run (program->loop);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Options) options = NULL;
  g_autoptr (Vm) vm = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Program program = { .loop = loop, .status = EXIT_SUCCESS };
  gboolean finished;

  umask (077); /* what a machine writes and where it listens is its owner's alone */
  translations_init ();
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write */
  set_up_messages ();
  raise_limits ();
  options = options_parse (argc, argv, &finished, &error);
  if (finished)
    return EXIT_SUCCESS;
  if (options != NULL)
    {
      trace_set_patterns (options->trace);
      vm = vm_new (g_steal_pointer (&options->config), &error);
    }
  program.vm = vm;
  program.options = options;
  if (vm == NULL || !run (&program, &error))
    {
      g_printerr ("guesthouse-vm: %s\n", error->message);
      return STATUS_ERROR;
    }
  return program.status;
}
