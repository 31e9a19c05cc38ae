/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs kernels on demand: as the only process of a guest, and natively. Reads commands, one a line:
 *
 *   run NAME COUNT NANOSECONDS  repeats the kernel until so much time has passed, and prints
 *                               “done NAME repeats nanoseconds checksum”
 *   parallel JOBS COUNT         that many processes sort at the same time: “done parallel …”
 *   clock SECONDS               works so long, and prints “clock monotonic realtime” ten times a
 *                               second
 *   latency COUNT               sleeps so often, and prints “done latency median most worst”: how
 *                               many nanoseconds late it woke
 *   off                         powers the guest off
 */
#define _GNU_SOURCE
#include "kernels.h"

#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

uint8_t arena[ARENA_SIZE] __attribute__ ((aligned (4096)));

static const struct
{
  const char *name;
  uint64_t (*run) (long n);
} kernels[] = {
#define X(name) { #name, kernel_##name },
  COMPUTE_KERNELS SYSTEM_KERNELS
#undef X
};

static uint64_t
now (clockid_t clock)
{
  struct timespec t;

  clock_gettime (clock, &t);
  return (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}

static void
run (const char *name, long count, uint64_t least)
{
  for (unsigned i = 0; i < sizeof kernels / sizeof *kernels; i++)
    if (strcmp (name, kernels[i].name) == 0)
      {
        uint64_t start = now (CLOCK_MONOTONIC), spent, checksum;
        long repeats = 0;

        do
          {
            checksum = kernels[i].run (count);
            repeats++;
            spent = now (CLOCK_MONOTONIC) - start;
          }
        while (spent < least);
        printf ("done %s %ld %" PRIu64 " %016" PRIx64 "\n", name, repeats, spent, checksum);
        return;
      }
  printf ("there is no kernel %s\n", name);
}

static void
run_parallel (unsigned jobs, long count)
{
  uint64_t start = now (CLOCK_MONOTONIC);

  for (unsigned i = 0; i < jobs; i++)
    if (fork () == 0)
      {
        kernel_sort (count);
        kernel_sha (count * 40);
        kernel_interp (count * 600);
        _exit (0);
      }
  while (wait (NULL) > 0)
    ;
  printf ("done parallel 1 %" PRIu64 " 0\n", now (CLOCK_MONOTONIC) - start);
}

/* The clock's second half of a line is taken last and written at once: the reader stamps its
 * arrival. */
static void
show_clock (unsigned seconds)
{
  uint64_t start = now (CLOCK_MONOTONIC), next = start;

  while (now (CLOCK_MONOTONIC) - start < seconds * UINT64_C (1000000000))
    {
      kernel_parse (1);
      if (now (CLOCK_MONOTONIC) < next)
        continue;
      next += 100000000;
      printf ("clock %" PRIu64 " %" PRIu64 "\n", now (CLOCK_MONOTONIC), now (CLOCK_REALTIME));
    }
  printf ("done clock 1 %" PRIu64 " 0\n", now (CLOCK_MONOTONIC) - start);
}

static int
compare (const void *a, const void *b)
{
  uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

  return x < y ? -1 : x > y;
}

/* How late a process of the highest priority wakes that sleeps for a millisecond again and again,
 * while another one computes: the timer's interrupt, and the kernel's way to the process. */
static void
show_latency (long count)
{
  const struct sched_param highest = { .sched_priority = 99 };
  uint64_t *late = calloc ((size_t) count, sizeof *late), next;
  pid_t busy = fork ();

  if (busy == 0)
    for (;;)
      kernel_parse (1);
  sched_setscheduler (0, SCHED_FIFO, &highest);
  next = now (CLOCK_MONOTONIC) + 1000000;
  for (long i = 0; i < count; i++, next += 1000000)
    {
      struct timespec until = { (time_t) (next / 1000000000), (long) (next % 1000000000) };

      clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
      late[i] = now (CLOCK_MONOTONIC) - next;
    }
  kill (busy, SIGKILL);
  waitpid (busy, NULL, 0);
  sched_setscheduler (0, SCHED_OTHER, &(struct sched_param){ 0 });
  qsort (late, (size_t) count, sizeof *late, compare);
  printf ("done latency %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", late[count / 2],
          late[count * 99 / 100], late[count - 1]);
  free (late);
}

static void
silence_echo (void)
{
  struct termios terminal;

  if (tcgetattr (STDIN_FILENO, &terminal) != 0)
    return;
  terminal.c_lflag &= ~(tcflag_t) ECHO;
  terminal.c_oflag &= ~(tcflag_t) OPOST;
  tcsetattr (STDIN_FILENO, TCSANOW, &terminal);
}

static void
show_clock_source (void)
{
  char source[64] = "none\n";
  FILE *file = NULL;

  if (mount ("sys", "/sys", "sysfs", 0, NULL) == 0)
    file = fopen ("/sys/devices/system/clocksource/clocksource0/current_clocksource", "r");
  if (file != NULL && fgets (source, sizeof source, file) == NULL)
    strcpy (source, "unreadable\n");
  if (file != NULL)
    fclose (file);
  printf ("clock source %s", source);
}

int
main (void)
{
  char line[256], name[32];
  long count, jobs;
  uint64_t least;

  setvbuf (stdout, NULL, _IOLBF, 0);
  silence_echo ();
  memset (arena, 1, sizeof arena);
  if (getpid () == 1)
    show_clock_source ();
  printf ("ready\n");
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      if (sscanf (line, "run %31s %ld %" SCNu64, name, &count, &least) == 3)
        run (name, count, least);
      else if (sscanf (line, "parallel %ld %ld", &jobs, &count) == 2)
        run_parallel ((unsigned) jobs, count);
      else if (sscanf (line, "latency %ld", &count) == 1 && count > 0)
        show_latency (count);
      else if (sscanf (line, "clock %ld", &count) == 1)
        show_clock ((unsigned) count);
      else if (strcmp (line, "off\n") == 0 && getpid () == 1)
        reboot (RB_POWER_OFF);
    }
  return 0;
}
