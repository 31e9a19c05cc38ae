/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the log says of a vCPU that cannot go on. */
#include "kvm-internal.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <sys/ioctl.h>

#include "vmm-core/x86/x86.h"

#define BYTES_SHOWN 16

/* The guest's code where it is, as hexadecimal bytes; empty where that is no memory. */
static char *
describe_code (AccelVcpu *vcpu, const X86State *state)
{
  struct kvm_translation at = { .linear_address = state->seg[X86_CS].base + state->rip };
  GString *text = g_string_new (NULL);
  uint8_t bytes[BYTES_SHOWN];
  unsigned n;

  if (ioctl (vcpu->fd, KVM_TRANSLATE, &at) < 0 || !at.valid)
    return g_string_free (text, FALSE);
  n = MIN (BYTES_SHOWN, MEMORY_PAGE_SIZE - at.physical_address % MEMORY_PAGE_SIZE);
  if (memory_read (vcpu->kvm->machine.memory, at.physical_address, bytes, n))
    for (unsigned i = 0; i < n; i++)
      g_string_append_printf (text, " %02x", bytes[i]);
  return g_string_free (text, FALSE);
}

static void
log_internal_error (const struct kvm_run *run)
{
  GString *text = g_string_new (NULL);

  for (unsigned i = 0; i < MIN (run->internal.ndata, G_N_ELEMENTS (run->internal.data)); i++)
    g_string_append_printf (text, " %#llx", run->internal.data[i]);
  g_printerr ("guesthouse-vm: KVM's internal error %u:%s\n", run->internal.suberror, text->str);
  g_string_free (text, TRUE);
}

void
kvm_crash_log (AccelVcpu *vcpu)
{
  static const char *const names[] = { "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
                                       "R8",  "R9",  "R10", "R11", "R12", "R13", "R14", "R15" };
  g_autofree char *code = NULL;
  X86State state;

  kvm_state_read (vcpu, &state);
  code = describe_code (vcpu, &state);
  g_printerr ("guesthouse-vm: CPU %u at %04x:%" PRIx64 ", code%s\n", vcpu->index,
              state.seg[X86_CS].selector, state.rip, code);
  for (unsigned i = 0; i < 16; i += 4)
    g_printerr ("guesthouse-vm: %3s %016" PRIx64 " %3s %016" PRIx64 " %3s %016" PRIx64
                " %3s %016" PRIx64 "\n",
                names[i], state.gpr[i], names[i + 1], state.gpr[i + 1], names[i + 2],
                state.gpr[i + 2], names[i + 3], state.gpr[i + 3]);
  g_printerr ("guesthouse-vm: RFLAGS %" PRIx64 " CR0 %" PRIx64 " CR2 %" PRIx64 " CR3 %" PRIx64
              " CR4 %" PRIx64 " EFER %" PRIx64 " CS attributes %#x\n",
              state.rflags, state.cr0, state.cr2, state.cr3, state.cr4, state.efer,
              state.seg[X86_CS].attributes);
  if (vcpu->run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
    log_internal_error (vcpu->run);
}

void
kvm_crash_set_error (AccelVcpu *vcpu, GError **error)
{
  const struct kvm_run *run = vcpu->run;

  switch (run->exit_reason)
    {
    case KVM_EXIT_FAIL_ENTRY:
      g_set_error (error, ACCEL_ERROR, ACCEL_ERROR_HOST,
                   _ ("This computer's processor refuses to run the guest (reason %#llx): choose "
                      "the accelerator “translator” for this machine."),
                   run->fail_entry.hardware_entry_failure_reason);
      return;
    case KVM_EXIT_INTERNAL_ERROR:
      g_set_error (error, ACCEL_ERROR, ACCEL_ERROR_HOST,
                   _ ("KVM of this computer cannot go on with the guest (error %u), the machine's "
                      "log says where: choose the accelerator “translator” for this machine."),
                   run->internal.suberror);
      return;
    default:
      g_set_error (error, ACCEL_ERROR, ACCEL_ERROR_HOST,
                   _ ("KVM of this computer stopped the guest for an unknown reason (%u): choose "
                      "the accelerator “translator” for this machine."),
                   run->exit_reason);
    }
}
