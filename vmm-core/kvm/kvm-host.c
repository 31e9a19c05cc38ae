/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources: Linux Documentation/virt/kvm/api.rst; Intel SDM 2A, CPUID; AMD APM 3, appendix E. */
#include "kvm-host.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#define LEAST_CPUS 4 /* of a KVM that does not say how many (api.rst, 4.7) */

/* All of them are older than Linux 5.10; a kernel, or a hypervisor that offers a KVM of its own,
 * may lack one all the same. */
#define NEED(capability)                                                                           \
  {                                                                                                \
    capability, #capability                                                                        \
  }
static const struct
{
  unsigned number;
  const char *name;
} needs[] = {
  NEED (KVM_CAP_USER_MEMORY),
  NEED (KVM_CAP_NR_MEMSLOTS),
  NEED (KVM_CAP_READONLY_MEM),
  NEED (KVM_CAP_SET_TSS_ADDR),
  NEED (KVM_CAP_EXT_CPUID),
  NEED (KVM_CAP_MP_STATE),
  NEED (KVM_CAP_VCPU_EVENTS),
  NEED (KVM_CAP_DEBUGREGS),
  NEED (KVM_CAP_XSAVE),
  NEED (KVM_CAP_SPLIT_IRQCHIP),
  NEED (KVM_CAP_SIGNAL_MSI),
  NEED (KVM_CAP_IMMEDIATE_EXIT), /* without it a kick just before
                                    KVM_RUN would be lost */
};

static void
set_error (GError **error, char *sentence)
{
  g_set_error_literal (error, ACCEL_ERROR, ACCEL_ERROR_HOST, sentence);
  g_free (sentence);
}

/* Why there is none */

static bool
has_word (const char *text, const char *word)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);

  return g_strv_contains ((const char *const *) words, word);
}

/* The kernel takes the flag away where the firmware has switched the extensions off. */
static bool
is_usable (const char *flag)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents ("/proc/cpuinfo", &text, NULL, NULL))
    return false;
  lines = g_strsplit (text, "\n", -1);
  for (unsigned i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], "flags"))
      return has_word (lines[i], flag);
  return false;
}

static KvmHostCpu
look_at_cpu (void)
{
  KvmHostCpu cpu = { 0 };
  unsigned eax, ebx, ecx, edx;
  char vendor[12];

  __cpuid (0, eax, ebx, ecx, edx);
  memcpy (vendor, &ebx, 4);
  memcpy (vendor + 4, &edx, 4);
  memcpy (vendor + 8, &ecx, 4);
  cpu.amd = memcmp (vendor, "AuthenticAMD", 12) == 0 || memcmp (vendor, "HygonGenuine", 12) == 0;
  __cpuid (1, eax, ebx, ecx, edx);
  cpu.is_virtual = ecx >> 31;
  cpu.has = ecx >> 5 & 1;
  if (cpu.amd)
    cpu.has = __get_cpuid (0x80000001, &eax, &ebx, &ecx, &edx) && (ecx >> 2 & 1);
  cpu.usable = is_usable (cpu.amd ? "svm" : "vmx");
  cpu.module_loaded = access (cpu.amd ? "/sys/module/kvm_amd" : "/sys/module/kvm_intel", F_OK) == 0;
  return cpu;
}

char *
kvm_host_explain_absence (const KvmHostCpu *cpu)
{
  const char *extensions = cpu->amd ? "AMD-V" : "VT-x";
  const char *module = cpu->amd ? "kvm_amd" : "kvm_intel";

  if (!cpu->has && cpu->is_virtual)
    return g_strdup (_ ("This computer is a virtual machine that offers no virtualization of its "
                        "own: switch nested virtualization on in its settings to use KVM."));
  if (!cpu->has)
    return g_strdup_printf (_ ("This computer's processor has no virtualization (%s), which KVM "
                               "needs: use the accelerator “translator”."),
                            extensions);
  if (!cpu->usable)
    return g_strdup_printf (_ ("Virtualization (%s) is switched off in this computer's firmware: "
                               "switch it on in the firmware's settings to use KVM."),
                            extensions);
  if (!cpu->module_loaded)
    return g_strdup_printf (
      _ ("The kernel module “%s” is not loaded: run “sudo modprobe %s”, and if "
         "that fails switch virtualization (%s) on in the firmware's "
         "settings."),
      module, module, extensions);
  return g_strdup (_ ("This computer has KVM, but no device /dev/kvm here: where this is a "
                      "container, give it that device."));
}

static void
set_open_error (GError **error)
{
  int number = errno;
  KvmHostCpu cpu;

  switch (number)
    {
    case EACCES:
    case EPERM:
      set_error (error, g_strdup_printf (_ ("You may not use KVM (/dev/kvm): run “sudo usermod -aG "
                                            "kvm %s” to join the group “kvm”, then log out and in "
                                            "again."),
                                         g_get_user_name ()));
      return;
    /* No device, or one that nobody answers for. */
    case ENOENT:
    case ENODEV:
    case ENXIO:
      cpu = look_at_cpu ();
      set_error (error, kvm_host_explain_absence (&cpu));
      return;
    default:
      set_error (error, g_strdup_printf (_ ("/dev/kvm cannot be opened (%s): use the accelerator "
                                            "“translator”."),
                                         g_strerror (number)));
    }
}

/* What it has */

unsigned
kvm_host_get (int fd, unsigned capability)
{
  int answer = ioctl (fd, KVM_CHECK_EXTENSION, (unsigned long) capability);

  return MAX (answer, 0);
}

static bool
check_needs (int kvm_fd, GError **error)
{
  const char *missing = NULL;
  struct utsname host;

  if (ioctl (kvm_fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
    missing = "KVM_API_VERSION";
  for (unsigned i = 0; i < G_N_ELEMENTS (needs) && missing == NULL; i++)
    if (kvm_host_get (kvm_fd, needs[i].number) == 0)
      missing = needs[i].name;
  if (missing == NULL)
    return true;
  uname (&host);
  set_error (error, g_strdup_printf (_ ("KVM of this computer's Linux %s is too old, for it lacks "
                                        "%s: update to Linux 5.10 or later."),
                                     host.release, missing));
  return false;
}

static bool
check_cpus (int kvm_fd, const CpuTopology *topology, GError **error)
{
  unsigned cpus = cpu_topology_get_cpus (topology);
  unsigned most = kvm_host_get (kvm_fd, KVM_CAP_MAX_VCPUS);
  unsigned ids = kvm_host_get (kvm_fd, KVM_CAP_MAX_VCPU_ID);

  if (most == 0)
    most = kvm_host_get (kvm_fd, KVM_CAP_NR_VCPUS);
  if (most == 0)
    most = LEAST_CPUS;
  if (cpus <= most && cpu_topology_get_apic_id (topology, cpus - 1) < MAX (ids, most))
    return true;
  set_error (error,
             g_strdup_printf (_ ("The machine has %u CPUs, and KVM of this computer takes %u "
                                 "at most, numbered up to %u: give the machine fewer."),
                              cpus, most, MAX (ids, most) - 1));
  return false;
}

int
kvm_host_open (const CpuTopology *topology, GError **error)
{
  int kvm_fd = open ("/dev/kvm", O_RDWR | O_CLOEXEC);

  if (kvm_fd < 0)
    {
      set_open_error (error);
      return -1;
    }
  if (check_needs (kvm_fd, error) && check_cpus (kvm_fd, topology, error))
    return kvm_fd;
  close (kvm_fd);
  return -1;
}

int
kvm_host_make_vm (int kvm_fd, GError **error)
{
  int vm_fd = ioctl (kvm_fd, KVM_CREATE_VM, 0);

  if (vm_fd < 0 && errno == EBUSY)
    set_error (error, g_strdup (_ ("Another program, such as VirtualBox or VMware, holds this "
                                   "computer's virtualization: end its machines, then start this "
                                   "one again.")));
  else if (vm_fd < 0)
    set_error (error, g_strdup_printf (_ ("KVM cannot make a virtual machine (%s): use the "
                                          "accelerator “translator”."),
                                       g_strerror (errno)));
  return vm_fd;
}
