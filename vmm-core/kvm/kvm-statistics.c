/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counters of all vCPUs together: ours, and of the kernel's those that tell how guests idle (Linux
 * Documentation/virt/kvm/api.rst, KVM_GET_STATS_FD; since Linux 5.14). */
#include "kvm-internal.h"

#include <string.h>
#include <unistd.h>

static const struct
{
  const char *kernel, *name;
} kernel_counters[] = {
  { "exits", "exits-in-all" }, /* with those that the kernel sees to */
  { "halt_exits", "halts" },
  { "irq_injections", "interrupts" },
};
#define N_KERNEL_COUNTERS G_N_ELEMENTS (kernel_counters)

static bool
read_at (int fd, void *to, size_t length, uint64_t offset)
{
  return pread (fd, to, length, offset) == (ssize_t) length;
}

/* Adds what the kernel counted of one vCPU. */
static void
add_kernel_counters (int fd, uint64_t sums[N_KERNEL_COUNTERS])
{
  struct kvm_stats_header header;
  size_t size;
  g_autofree uint8_t *descriptors = NULL;

  if (fd < 0 || !read_at (fd, &header, sizeof header, 0))
    return;
  size = sizeof (struct kvm_stats_desc) + header.name_size;
  descriptors = g_malloc0 (size * header.num_desc);
  if (!read_at (fd, descriptors, size * header.num_desc, header.desc_offset))
    return;
  for (unsigned i = 0; i < header.num_desc; i++)
    {
      const struct kvm_stats_desc *descriptor
        = (const struct kvm_stats_desc *) (descriptors + size * i);
      uint64_t value;

      for (unsigned n = 0; n < N_KERNEL_COUNTERS; n++)
        if (strncmp (descriptor->name, kernel_counters[n].kernel, header.name_size) == 0
            && read_at (fd, &value, sizeof value, header.data_offset + descriptor->offset))
          sums[n] += value;
    }
}

void
kvm_get_statistics (Accel *accel, GVariantBuilder *builder)
{
  const KvmAccel *kvm = (const KvmAccel *) accel;
  uint64_t exits = 0, io = 0, mmio = 0, windows = 0, interpreted = 0;
  uint64_t kernel[N_KERNEL_COUNTERS] = { 0 };

  for (unsigned i = 0; i < KVM_MAX_VCPUS; i++)
    {
      const AccelVcpu *vcpu = kvm->vcpus[i];

      if (vcpu == NULL)
        continue;
      exits += vcpu->exits;
      io += vcpu->exits_io;
      mmio += vcpu->exits_mmio;
      windows += vcpu->interrupt_windows;
      interpreted += vcpu->interpreted;
      add_kernel_counters (vcpu->statistics_fd, kernel);
    }
  g_variant_builder_add (builder, "{st}", "exits", exits);
  g_variant_builder_add (builder, "{st}", "exits-io", io);
  g_variant_builder_add (builder, "{st}", "exits-mmio", mmio);
  g_variant_builder_add (builder, "{st}", "interrupt-windows", windows);
  g_variant_builder_add (builder, "{st}", "interpreted", interpreted);
  for (unsigned n = 0; n < N_KERNEL_COUNTERS; n++)
    g_variant_builder_add (builder, "{st}", kernel_counters[n].name, kernel[n]);
}
