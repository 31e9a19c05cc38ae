/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What it costs to know which pages a guest writes: by the kernel's bitmap of a memory slot, and by
 * the ring of a vCPU. Each round a guest writes pages, and then they are asked for; the time of
 * both is told, the least of ROUNDS. Source: Linux Documentation/virt/kvm/api.rst,
 * KVM_GET_DIRTY_LOG and KVM_CAP_DIRTY_LOG_RING. usage: dirty-log bitmap|ring */
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 10
#define PAGE_SIZE 4096u
#define RING_ENTRIES 4096u
#define CODE_SLOT 0
#define CODE_SIZE 0x10000u
#define CODE 0x1000u
#define LOGGED_SLOT 1
#define LOGGED_ADDRESS (16u << 20)
#define MIB_PAGES 256u

/* ESI times: EAX to ECX pages from EBX on, in 32 bits without paging:
 * again: mov edi, ebx; mov edx, ecx
 * next:  dec edx; js done; mov [edi], al; add edi, 4096; jmp next
 * done:  dec esi; jnz again; out 80h, al */
static const uint8_t code[] = { 0x89, 0xdf, 0x89, 0xca, 0x4a, 0x78, 0x0a, 0x88, 0x07, 0x81, 0xc7,
                                0x00, 0x10, 0x00, 0x00, 0xeb, 0xf3, 0x4e, 0x75, 0xec, 0xe6, 0x80 };

typedef struct
{
  int kvm_fd, vm_fd, vcpu_fd;
  struct kvm_run *run;
  struct kvm_dirty_gfn *ring; /* NULL: by bitmap */
  uint32_t next;              /* entry of the ring */
  uint64_t pages;             /* of the slot that is logged */
  uint64_t *bits;             /* what the kernel says of them */
  uint64_t *dirty;            /* and what is known of them afterwards */
} Machine;

static const struct
{
  const char *name;
  unsigned mebibytes, written, times;
} workloads[] = {
  { "screen-still", 16, 0, 1 },
  { "screen-typed", 16, 16, 1 },
  { "screen-drawn", 16, 768, 1 }, /* 1024 × 768, 32 bits */
  { "memory-still", 256, 0, 1 },
  { "memory-large-still", 4096, 0, 1 },
  { "memory-written", 256, 8192, 1 },
  { "memory-rewritten", 256, 8192, 8 }, /* before anybody asks */
};

static int
request (int fd, unsigned long number, void *argument, const char *name)
{
  int result = ioctl (fd, number, argument);

  if (result < 0)
    error (1, errno, "%s", name);
  return result;
}

static void *
map (size_t size, int flags, int fd, off_t offset)
{
  void *at = mmap (NULL, size, PROT_READ | PROT_WRITE, flags, fd, offset);

  if (at == MAP_FAILED)
    error (1, errno, "mmap");
  return at;
}

static void
add_slot (Machine *machine, unsigned slot, uint64_t address, uint64_t size, unsigned flags)
{
  void *memory = map (size, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  struct kvm_userspace_memory_region region = {
    .slot = slot,
    .flags = flags,
    .guest_phys_addr = address,
    .memory_size = size,
    .userspace_addr = (uintptr_t) memory,
  };

  if (slot == CODE_SLOT)
    memcpy ((uint8_t *) memory + CODE, code, sizeof code);
  request (machine->vm_fd, KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION");
}

static void
set_flat_segments (Machine *machine)
{
  struct kvm_segment data = { .limit = UINT32_MAX, .selector = 16, .type = 3 };
  struct kvm_sregs registers;

  data.present = data.s = data.db = data.g = 1;
  request (machine->vcpu_fd, KVM_GET_SREGS, &registers, "KVM_GET_SREGS");
  registers.cr0 |= 1;
  registers.ds = registers.es = registers.fs = registers.gs = registers.ss = data;
  data.selector = 8;
  data.type = 11;
  registers.cs = data;
  request (machine->vcpu_fd, KVM_SET_SREGS, &registers, "KVM_SET_SREGS");
}

static void
make_machine (Machine *machine, bool by_ring, unsigned mebibytes)
{
  struct kvm_enable_cap ring
    = { .cap = KVM_CAP_DIRTY_LOG_RING, .args = { RING_ENTRIES * sizeof *machine->ring } };

  machine->pages = (uint64_t) mebibytes * MIB_PAGES;
  machine->bits = calloc (machine->pages / 64, 8);
  machine->dirty = calloc (machine->pages / 64, 8);
  machine->kvm_fd = open ("/dev/kvm", O_RDWR);
  if (machine->kvm_fd < 0)
    error (1, errno, "/dev/kvm");
  machine->vm_fd = request (machine->kvm_fd, KVM_CREATE_VM, NULL, "KVM_CREATE_VM");
  if (by_ring)
    request (machine->vm_fd, KVM_ENABLE_CAP, &ring, "KVM_CAP_DIRTY_LOG_RING");
  request (machine->vm_fd, KVM_SET_TSS_ADDR, (void *) 0xfffbd000ul, "KVM_SET_TSS_ADDR");
  add_slot (machine, CODE_SLOT, 0, CODE_SIZE, 0);
  add_slot (machine, LOGGED_SLOT, LOGGED_ADDRESS, machine->pages * PAGE_SIZE,
            KVM_MEM_LOG_DIRTY_PAGES);
  machine->vcpu_fd = request (machine->vm_fd, KVM_CREATE_VCPU, NULL, "KVM_CREATE_VCPU");
  machine->run = map (request (machine->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, NULL, "size"), MAP_SHARED,
                      machine->vcpu_fd, 0);
  if (by_ring)
    machine->ring = map (RING_ENTRIES * sizeof *machine->ring, MAP_SHARED, machine->vcpu_fd,
                         KVM_DIRTY_LOG_PAGE_OFFSET * PAGE_SIZE);
  set_flat_segments (machine);
}

static void
mark (Machine *machine, uint64_t word, uint64_t bits)
{
  __atomic_fetch_or (&machine->dirty[word], bits, __ATOMIC_RELEASE);
}

static void
collect_bitmap (Machine *machine)
{
  struct kvm_dirty_log log = { .slot = LOGGED_SLOT, .dirty_bitmap = machine->bits };

  request (machine->vm_fd, KVM_GET_DIRTY_LOG, &log, "KVM_GET_DIRTY_LOG");
  for (uint64_t word = 0; word < machine->pages / 64; word++)
    if (machine->bits[word] != 0)
      mark (machine, word, machine->bits[word]);
}

static void
collect_ring (Machine *machine)
{
  struct kvm_dirty_gfn *entry = &machine->ring[machine->next % RING_ENTRIES];
  bool any = false;

  while (__atomic_load_n (&entry->flags, __ATOMIC_ACQUIRE) == KVM_DIRTY_GFN_F_DIRTY)
    {
      mark (machine, entry->offset / 64, 1ull << entry->offset % 64);
      __atomic_store_n (&entry->flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
      entry = &machine->ring[++machine->next % RING_ENTRIES];
      any = true;
    }
  if (any)
    request (machine->vm_fd, KVM_RESET_DIRTY_RINGS, NULL, "KVM_RESET_DIRTY_RINGS");
}

static void
collect (Machine *machine)
{
  if (machine->ring != NULL)
    collect_ring (machine);
  else
    collect_bitmap (machine);
}

static void
run_guest (Machine *machine, unsigned written, unsigned times)
{
  struct kvm_regs registers
    = { .rip = CODE, .rflags = 2, .rax = 1, .rbx = LOGGED_ADDRESS, .rcx = written, .rsi = times };

  request (machine->vcpu_fd, KVM_SET_REGS, &registers, "KVM_SET_REGS");
  for (;;)
    {
      request (machine->vcpu_fd, KVM_RUN, NULL, "KVM_RUN");
      if (machine->run->exit_reason == KVM_EXIT_IO)
        return;
      if (machine->run->exit_reason != KVM_EXIT_DIRTY_RING_FULL)
        error (1, 0, "exit %u", machine->run->exit_reason);
      collect (machine);
    }
}

static int64_t
get_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C (1000000000) + now.tv_nsec;
}

static void
check_dirty (Machine *machine, unsigned written)
{
  for (uint64_t page = 0; page < machine->pages; page++)
    if ((machine->dirty[page / 64] >> page % 64 & 1) != (page < written))
      error (1, 0, "page %u is wrong", (unsigned) page);
  memset (machine->dirty, 0, machine->pages / 8);
}

int
main (int argc, char **argv)
{
  bool by_ring = argc == 2 && strcmp (argv[1], "ring") == 0;

  for (unsigned i = 0; i < sizeof workloads / sizeof workloads[0]; i++)
    {
      int64_t least = INT64_MAX;
      Machine machine = { 0 };

      make_machine (&machine, by_ring, workloads[i].mebibytes);
      for (unsigned round = 0; round < ROUNDS; round++)
        {
          int64_t start = get_time (), taken;

          run_guest (&machine, workloads[i].written, workloads[i].times);
          collect (&machine);
          taken = get_time () - start;
          least = taken < least ? taken : least;
          check_dirty (&machine, workloads[i].written);
        }
      printf ("cost: %s %ld\n", workloads[i].name, (long) least);
      close (machine.vcpu_fd);
      close (machine.vm_fd);
      close (machine.kvm_fd);
    }
  return 0;
}
