/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Executable memory for thunks: all that a guest can ask for have room.
 *
 * A SIMD exception the guest has unmasked arrives as SIGFPE with RIP inside a thunk: the handler
 * saves MXCSR, which then tells the cause, and continues in a stub that returns
 * THUNK_SIMD_EXCEPTION. */
#include "thunk.h"

#include "fpu-unit.h"
#include "vmm-core/executable-memory.h"
#include "vmm-core/host-guard.h"

#include <glib.h>
#include <string.h>
#include <ucontext.h>

#define REGION_SIZE (32u << 20)

/* mov eax, n; ret, where thunks end that an exception left. */
#define STUB_SIZE 8
static const uint8_t exception_stubs[2][STUB_SIZE]
  = { { 0xb8, THUNK_SIMD_EXCEPTION, 0, 0, 0, 0xc3 }, { 0xb8, THUNK_X87_EXCEPTION, 0, 0, 0, 0xc3 } };

typedef struct
{
  GMutex mutex;
  GHashTable *thunks; /* set of const Thunk * */
  ExecutableMemory memory;
  size_t used;
} ThunkRegion;

/* Of the process, because a signal handler is. */
static ThunkRegion region;

static guint
thunk_hash (gconstpointer data)
{
  const Thunk *thunk = data;
  const uint8_t *bytes = data;
  guint hash = 2166136261u;

  for (unsigned i = 0; i < sizeof (Thunk) + thunk->length; i++)
    hash = (hash ^ bytes[i]) * 16777619u;
  return hash;
}

static gboolean
thunk_equal (gconstpointer a, gconstpointer b)
{
  const Thunk *left = a, *right = b;

  return left->length == right->length && memcmp (left, right, sizeof (Thunk) + left->length) == 0;
}

bool
thunk_is_code (uintptr_t address)
{
  return address - (uintptr_t) region.memory.run < REGION_SIZE;
}

bool
thunk_leave_by_exception (void *data)
{
  ucontext_t *context = data;
  greg_t *registers = context->uc_mcontext.gregs;
  bool simd = registers[REG_TRAPNO] == X86_XM;

  if (!thunk_is_code ((uintptr_t) registers[REG_RIP]))
    return false;
  if (simd)
    ((X86Cpu *) registers[REG_R8])->state.mxcsr = context->uc_mcontext.fpregs->mxcsr;
  context->uc_mcontext.fpregs->mxcsr = FPU_MXCSR_DEFAULT;
  registers[REG_RIP] = (greg_t) (uintptr_t) (region.memory.run + (simd ? 0 : STUB_SIZE));
  return true;
}

/* mutex held. */
static bool
thunk_region_map (GError **error)
{
  if (!executable_memory_take (&region.memory, REGION_SIZE, error))
    return false;
  memcpy (region.memory.write, exception_stubs, sizeof exception_stubs);
  region.used = sizeof exception_stubs;
  region.thunks = g_hash_table_new (thunk_hash, thunk_equal);
  host_guard_set_exception (thunk_leave_by_exception);
  host_guard_catch ();
  return true;
}

bool
thunk_open (GError **error)
{
  bool mapped;

  g_mutex_lock (&region.mutex);
  mapped = region.thunks != NULL || thunk_region_map (error);
  g_mutex_unlock (&region.mutex);
  return mapped;
}

void
thunk_byte (ThunkBuilder *builder, uint8_t byte)
{
  g_assert (builder->head.length < THUNK_MAX_CODE);
  builder->code[builder->head.length++] = byte;
}

void
thunk_bytes (ThunkBuilder *builder, const uint8_t *bytes, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    thunk_byte (builder, bytes[i]);
}

void
thunk_cpu_operand (ThunkBuilder *builder, unsigned reg, uint32_t offset)
{
  thunk_byte (builder, (uint8_t) (0x80 | reg << 3 | (THUNK_CPU & 7)));
  thunk_bytes (builder, (const uint8_t *) &offset, sizeof offset);
}

const Thunk *
thunk_finish (const ThunkBuilder *builder)
{
  size_t size = sizeof (Thunk) + builder->head.length;
  const Thunk *thunk = NULL;

  g_mutex_lock (&region.mutex);
  if (region.thunks != NULL || thunk_region_map (NULL))
    {
      thunk = g_hash_table_lookup (region.thunks, builder);
      if (thunk == NULL && region.used + size <= REGION_SIZE)
        {
          memcpy (region.memory.write + region.used, builder, size);
          thunk = (const Thunk *) (region.memory.run + region.used);
          g_hash_table_add (region.thunks, (gpointer) thunk);
          region.used += (size + 15) & ~(size_t) 15;
        }
    }
  g_mutex_unlock (&region.mutex);
  return thunk;
}
