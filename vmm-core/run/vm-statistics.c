/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <unistd.h>

#include "vm.h"

/* Resident bytes of this process: the guest's touched RAM and ours. */
static guint64
resident_bytes (void)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) fields = NULL;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    return 0;
  fields = g_strsplit (text, " ", 3);
  return g_strv_length (fields) > 1
           ? g_ascii_strtoull (fields[1], NULL, 10) * sysconf (_SC_PAGESIZE)
           : 0;
}

static void
add_drives (Vm *vm, GVariantBuilder *builder)
{
  uint64_t bytes_read, bytes_written;
  const char *id;

  for (unsigned i = 0; (id = vm_get_drive_traffic (vm, i, &bytes_read, &bytes_written)) != NULL;
       i++)
    {
      g_autofree char *read_name = g_strdup_printf ("%s-bytes-read", id);
      g_autofree char *written_name = g_strdup_printf ("%s-bytes-written", id);

      g_variant_builder_add (builder, "{st}", read_name, (guint64) bytes_read);
      g_variant_builder_add (builder, "{st}", written_name, (guint64) bytes_written);
    }
}

GVariant *
vm_get_statistics (Vm *vm)
{
  GVariantBuilder builder;
  MachineLock *lock = vm_get_lock (vm);
  guint64 memory = (guint64) vm_get_config (vm)->memory << 20;
  Accel *accel;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{st}"));
  g_variant_builder_add (&builder, "{st}", "ram-size", memory);
  g_variant_builder_add (&builder, "{st}", "ram-resident", resident_bytes ());
  add_drives (vm, &builder);
  machine_lock_acquire (lock);
  accel = vm_get_accel (vm);
  if (accel != NULL)
    {
      g_variant_builder_add (&builder, "{st}", "guest-nanoseconds", (guint64) vm_get_guest_ns (vm));
      accel->ops->get_statistics (accel, &builder);
    }
  machine_lock_release (lock);
  return g_variant_builder_end (&builder);
}
