/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "executable-memory.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <sys/mman.h>
#include <unistd.h>

/* What was given back. */
static GMutex mutex;
static GArray *spare; /* of ExecutableMemory */

static bool
take_spare (ExecutableMemory *memory, size_t size)
{
  bool found = false;

  g_mutex_lock (&mutex);
  for (unsigned i = 0; spare != NULL && i < spare->len && !found; i++)
    {
      *memory = g_array_index (spare, ExecutableMemory, i);
      found = memory->size == size;
      if (found)
        g_array_remove_index_fast (spare, i);
    }
  g_mutex_unlock (&mutex);
  return found;
}

static bool
map (ExecutableMemory *memory, size_t size)
{
  int fd = memfd_create ("guesthouse-code", MFD_CLOEXEC);
  void *write = MAP_FAILED, *run = MAP_FAILED;
  int problem;

  if (fd >= 0 && ftruncate (fd, (off_t) size) == 0)
    {
      write = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      run = mmap (NULL, size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    }
  problem = errno;
  if (fd >= 0)
    close (fd);
  *memory = (ExecutableMemory){ write, run, size };
  if (write != MAP_FAILED && run != MAP_FAILED)
    return true;
  if (write != MAP_FAILED)
    munmap (write, size);
  if (run != MAP_FAILED)
    munmap (run, size);
  errno = problem;
  return false;
}

bool
executable_memory_take (ExecutableMemory *memory, size_t size, GError **error)
{
  if (take_spare (memory, size) || map (memory, size))
    return true;
  g_set_error (
    error, G_IO_ERROR, g_io_error_from_errno (errno),
    _ ("The host gives no %zu KiB of executable memory for the software CPU (%s): choose "
       "a smaller code cache, or allow memory files to be executed (sysctl "
       "vm.memfd_noexec)."),
    size >> 10, g_strerror (errno));
  return false;
}

void
executable_memory_give_back (ExecutableMemory *memory)
{
  /* A hole in the file: both mappings read zeros. */
  madvise (memory->write, memory->size, MADV_REMOVE);
  g_mutex_lock (&mutex);
  if (spare == NULL)
    spare = g_array_new (FALSE, FALSE, sizeof (ExecutableMemory));
  g_array_append_val (spare, *memory);
  g_mutex_unlock (&mutex);
  *memory = (ExecutableMemory){ 0 };
}
