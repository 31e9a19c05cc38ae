/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernels that measure what an operating system does all the time. */
#define _GNU_SOURCE
#include "kernels.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

/* rep: clear a page and copy a page with string instructions, for 64 pages. */
uint64_t
kernel_rep (long n)
{
  uint64_t sum = 0;

  while (n--)
    for (unsigned i = 0; i < 64; i++)
      {
        uint8_t *page = arena + i * PAGE;
        void *to = page, *from = page + (1 << 20);
        uint64_t count = PAGE / 8;

        __asm__ volatile ("rep stosq" : "+D"(to), "+c"(count) : "a"(0ul) : "memory");
        to = page;
        count = PAGE;
        __asm__ volatile ("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
        sum += page[77];
      }
  return sum;
}

/* syscall: the cheapest one that libc does not answer by itself. */
uint64_t
kernel_syscall (long n)
{
  uint64_t sum = 0;

  while (n--)
    sum += syscall (SYS_getppid) != -1;
  return sum;
}

/* fault: map 256 KiB, touch every page, unmap. */
uint64_t
kernel_fault (long n)
{
  const unsigned size = 64 * PAGE;
  uint64_t sum = 0;

  while (n--)
    {
      uint8_t *p = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

      if (p == MAP_FAILED)
        return 0;
      for (unsigned i = 0; i < size; i += PAGE, sum++)
        p[i] = (uint8_t) i;
      munmap (p, size);
    }
  return sum;
}

static void
echo_bytes (int from, int to)
{
  char c;

  while (read (from, &c, 1) == 1 && write (to, &c, 1) == 1)
    ;
}

/* pipe: two processes pass a byte to and fro. */
uint64_t
kernel_pipe (long n)
{
  int there[2], back[2];
  uint64_t sum = 0;
  pid_t child;

  if (pipe (there) != 0 || pipe (back) != 0)
    return 0;
  child = fork ();
  if (child == 0)
    {
      close (there[1]);
      close (back[0]);
      echo_bytes (there[0], back[1]);
      _exit (0);
    }
  for (char c = 1; n > 0; n--)
    {
      if (write (there[1], &c, 1) != 1 || read (back[0], &c, 1) != 1)
        break;
      sum++;
    }
  for (unsigned i = 0; i < 2; i++)
    {
      close (there[i]);
      close (back[i]);
    }
  waitpid (child, NULL, 0);
  return sum;
}

/* fork: vfork, exit, wait. */
uint64_t
kernel_fork (long n)
{
  volatile uint64_t sum = 0;

  for (volatile long left = n; left > 0; left--)
    {
      pid_t child = vfork ();

      if (child == 0)
        _exit (0);
      sum += waitpid (child, NULL, 0) == child;
    }
  return sum;
}

/* jit: writes functions all over 1 MiB, and calls each a few times. */
uint64_t
kernel_jit (long n)
{
  const unsigned size = 1 << 20, length = 64;
  uint64_t sum = 0;
  uint8_t *code
    = mmap (NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (code == MAP_FAILED)
    return 0;
  for (long i = 0; i < n; i++)
    {
      uint8_t *at = code + (unsigned) i * 7 * length % size;
      uint32_t value = (uint32_t) (i * 0x9e3779b9u);

      for (unsigned k = 0; k < 60; k += 5)
        {
          at[k] = 0x05; /* add eax, imm32 */
          memcpy (at + k + 1, &value, 4);
        }
      at[60] = 0xc3; /* ret */
      for (unsigned k = 0; k < 4; k++)
        {
          uint32_t result = k;

          __asm__ volatile ("call *%1" : "+a"(result) : "r"(at) : "memory", "cc");
          sum += result;
        }
    }
  munmap (code, size);
  return sum;
}
