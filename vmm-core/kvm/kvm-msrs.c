/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Model-specific registers: all that the kernel keeps for a guest. What a fresh vCPU holds is what
 * a reset brings back. The rest of Linux, Documentation/virt/kvm/x86/msr.rst. */
#include "kvm-internal.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm-core/trace.h"

#define MSR_MISC_ENABLE 0x1a0
#define MSR_HV_HYPERCALL 0x40000001
/* Bits that tell what the CPU has: performance monitoring, BTS, PEBS, MONITOR. */
#define MISC_ENABLE_READ_ONLY (1ull << 7 | 1ull << 11 | 1ull << 12 | 1ull << 18)

#define MSRS_AT_ONCE 128 /* the kernel takes fewer than 256 */

typedef struct
{
  uint32_t index;
  uint32_t offset; /* of the 64-bit field in X86State */
} MsrField;

#define FIELD(index, name)                                                                         \
  {                                                                                                \
    index, offsetof (X86State, name)                                                               \
  }

static const MsrField msr_fields[] = {
  FIELD (0x3b, tsc_adjust),
  FIELD (0x48, spec_ctrl),
  FIELD (0x9e, smbase),
  FIELD (0x174, sysenter_cs),
  FIELD (0x175, sysenter_esp),
  FIELD (0x176, sysenter_eip),
  FIELD (0x277, pat),
  FIELD (MSR_MISC_ENABLE, misc_enable),
  FIELD (0xda0, xss),
  FIELD (0xc0000081, star),
  FIELD (0xc0000082, lstar),
  FIELD (0xc0000083, cstar),
  FIELD (0xc0000084, sfmask),
  FIELD (0xc0000102, kernel_gs_base),
  FIELD (0xc0000103, tsc_aux),
  FIELD (0x4b564d01, kvmclock),
  FIELD (0x4b564d00, kvmclock_wall),
  FIELD (0x2ff, mtrr_def_type),
  FIELD (0x250, mtrr_fixed[0]),
  FIELD (0x258, mtrr_fixed[1]),
  FIELD (0x259, mtrr_fixed[2]),
  FIELD (0x268, mtrr_fixed[3]),
  FIELD (0x269, mtrr_fixed[4]),
  FIELD (0x26a, mtrr_fixed[5]),
  FIELD (0x26b, mtrr_fixed[6]),
  FIELD (0x26c, mtrr_fixed[7]),
  FIELD (0x26d, mtrr_fixed[8]),
  FIELD (0x26e, mtrr_fixed[9]),
  FIELD (0x26f, mtrr_fixed[10]),
  FIELD (0x200, mtrr_base[0]),
  FIELD (0x201, mtrr_mask[0]),
  FIELD (0x202, mtrr_base[1]),
  FIELD (0x203, mtrr_mask[1]),
  FIELD (0x204, mtrr_base[2]),
  FIELD (0x205, mtrr_mask[2]),
  FIELD (0x206, mtrr_base[3]),
  FIELD (0x207, mtrr_mask[3]),
  FIELD (0x208, mtrr_base[4]),
  FIELD (0x209, mtrr_mask[4]),
  FIELD (0x20a, mtrr_base[5]),
  FIELD (0x20b, mtrr_mask[5]),
  FIELD (0x20c, mtrr_base[6]),
  FIELD (0x20d, mtrr_mask[6]),
  FIELD (0x20e, mtrr_base[7]),
  FIELD (0x20f, mtrr_mask[7]),
  FIELD (0x40000000, hyperv.guest_os_id), /* before the page of hypercalls, which needs it */
  FIELD (MSR_HV_HYPERCALL, hyperv.hypercall),
  FIELD (0x40000021, hyperv.reference_tsc),
  FIELD (0x40000073, hyperv.vp_assist_page),
  FIELD (0x40000080, hyperv.scontrol),
  FIELD (0x40000082, hyperv.siefp),
  FIELD (0x40000083, hyperv.simp),
  FIELD (0x40000090, hyperv.sint[0]),
  FIELD (0x40000091, hyperv.sint[1]),
  FIELD (0x40000092, hyperv.sint[2]),
  FIELD (0x40000093, hyperv.sint[3]),
  FIELD (0x40000094, hyperv.sint[4]),
  FIELD (0x40000095, hyperv.sint[5]),
  FIELD (0x40000096, hyperv.sint[6]),
  FIELD (0x40000097, hyperv.sint[7]),
  FIELD (0x40000098, hyperv.sint[8]),
  FIELD (0x40000099, hyperv.sint[9]),
  FIELD (0x4000009a, hyperv.sint[10]),
  FIELD (0x4000009b, hyperv.sint[11]),
  FIELD (0x4000009c, hyperv.sint[12]),
  FIELD (0x4000009d, hyperv.sint[13]),
  FIELD (0x4000009e, hyperv.sint[14]),
  FIELD (0x4000009f, hyperv.sint[15]),
  FIELD (0x400000b0, hyperv.stimer_config[0]),
  FIELD (0x400000b1, hyperv.stimer_count[0]),
  FIELD (0x400000b2, hyperv.stimer_config[1]),
  FIELD (0x400000b3, hyperv.stimer_count[1]),
  FIELD (0x400000b4, hyperv.stimer_config[2]),
  FIELD (0x400000b5, hyperv.stimer_count[2]),
  FIELD (0x400000b6, hyperv.stimer_config[3]),
  FIELD (0x400000b7, hyperv.stimer_count[3]),
};

/* Kept, but not in the kernel's list: machine checks. */
#define MSR_MC0_CTL 0x400

/* Those that are not state of their own: the TSC and its deadline are treated with the clock and
 * the timer, 11h and 12h are other names of kvmclock's, and two of Hyper-V's count by themselves.
 */
static bool
is_left_out (uint32_t index)
{
  return index == 0x10 || index == 0x11 || index == 0x12 || index == 0x6e0 || index == 0x40000010
         || index == 0x40000020;
}

static struct kvm_msr_entry *
find_msr (AccelVcpu *vcpu, struct kvm_msr_entry *entries, uint32_t index)
{
  for (unsigned i = 0; i < vcpu->n_msrs; i++)
    if (entries[i].index == index)
      return &entries[i];
  return NULL;
}

/* Reads up to n, until one that is not there; how many those are. */
static unsigned
read_msrs (AccelVcpu *vcpu, struct kvm_msr_entry *entries, unsigned n)
{
  struct
  {
    struct kvm_msrs header;
    struct kvm_msr_entry entries[MSRS_AT_ONCE];
  } list;
  unsigned done = 0;

  while (done < n)
    {
      unsigned wanted = MIN (n - done, MSRS_AT_ONCE);
      int got;

      memset (&list, 0, sizeof list);
      list.header.nmsrs = wanted;
      memcpy (list.entries, entries + done, wanted * sizeof *entries);
      got = ioctl (vcpu->fd, KVM_GET_MSRS, &list);
      if (got > 0)
        memcpy (entries + done, list.entries, got * sizeof *entries);
      done += MAX (got, 0);
      if (got < (int) wanted)
        break;
    }
  return done;
}

static bool
write_msr (AccelVcpu *vcpu, uint32_t index, uint64_t value)
{
  struct
  {
    struct kvm_msrs header;
    struct kvm_msr_entry entry;
  } list = { .header.nmsrs = 1, .entry = { .index = index, .data = value } };

  return ioctl (vcpu->fd, KVM_SET_MSRS, &list) == 1;
}

bool
kvm_msrs_read (AccelVcpu *vcpu, uint32_t index, uint64_t *value)
{
  struct kvm_msr_entry entry = { .index = index };
  bool good = read_msrs (vcpu, &entry, 1) == 1;

  *value = entry.data;
  return good;
}

bool
kvm_msrs_write (AccelVcpu *vcpu, uint32_t index, uint64_t value)
{
  return write_msr (vcpu, index, value);
}

static void
add_msr (AccelVcpu *vcpu, uint32_t index)
{
  if (vcpu->n_msrs < KVM_MAX_MSRS && !is_left_out (index)
      && find_msr (vcpu, vcpu->msrs, index) == NULL)
    vcpu->msrs[vcpu->n_msrs++].index = index;
}

void
kvm_msrs_open (AccelVcpu *vcpu)
{
  g_autofree struct kvm_msr_list *list
    = g_malloc0 (sizeof *list + KVM_MAX_MSRS * sizeof *list->indices);
  uint64_t banks = KVM_MCE_BANKS | 1 << 8; /* IA32_MCG_CAP: with MCG_CTL */
  unsigned done;

  /* As many as PCs have; no machine check ever comes. */
  ioctl (vcpu->fd, KVM_X86_SETUP_MCE, &banks);
  for (unsigned i = 0; i < G_N_ELEMENTS (msr_fields); i++)
    add_msr (vcpu, msr_fields[i].index);
  list->nmsrs = KVM_MAX_MSRS;
  if (ioctl (vcpu->kvm->kvm_fd, KVM_GET_MSR_INDEX_LIST, list) == 0)
    for (unsigned i = 0; i < list->nmsrs; i++)
      add_msr (vcpu, list->indices[i]);
  for (uint32_t index = MSR_MC0_CTL; index < MSR_MC0_CTL + 4 * KVM_MCE_BANKS; index++)
    add_msr (vcpu, index);
  /* Without those that this CPU has not. */
  for (done = 0; done < vcpu->n_msrs;)
    {
      done += read_msrs (vcpu, vcpu->msrs + done, vcpu->n_msrs - done);
      if (done < vcpu->n_msrs)
        memmove (vcpu->msrs + done, vcpu->msrs + done + 1,
                 (--vcpu->n_msrs - done) * sizeof *vcpu->msrs);
    }
}

static bool
has_field (uint32_t index)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (msr_fields); i++)
    if (msr_fields[i].index == index)
      return true;
  return false;
}

void
kvm_msrs_get (AccelVcpu *vcpu, X86State *state)
{
  g_autofree struct kvm_msr_entry *now = g_memdup2 (vcpu->msrs, vcpu->n_msrs * sizeof *now);

  x86_hyperv_state_reset (&state->hyperv);
  read_msrs (vcpu, now, vcpu->n_msrs);
  for (unsigned i = 0; i < G_N_ELEMENTS (msr_fields); i++)
    {
      const struct kvm_msr_entry *entry = find_msr (vcpu, now, msr_fields[i].index);

      if (entry != NULL)
        *(uint64_t *) ((char *) state + msr_fields[i].offset) = entry->data;
    }
  for (unsigned i = 0; i < vcpu->n_msrs; i++)
    {
      if (now[i].data == vcpu->msrs[i].data || has_field (now[i].index))
        continue;
      if (state->n_msrs == X86_STATE_MSRS)
        g_warning ("CPU %u uses so many MSRs that not all are saved.", vcpu->index);
      else
        state->msrs[state->n_msrs++] = (X86Msr){ now[i].index, now[i].data };
    }
}

/* What they are to be: as after a reset, but for what the state has. FALSE: it has one that this
 * CPU has not. */
static bool
fill_msrs (AccelVcpu *vcpu, const X86State *state, struct kvm_msr_entry *entries)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (msr_fields); i++)
    {
      struct kvm_msr_entry *entry = find_msr (vcpu, entries, msr_fields[i].index);
      uint64_t value = *(const uint64_t *) ((const char *) state + msr_fields[i].offset);

      if (entry == NULL)
        continue;
      if (entry->index == MSR_MISC_ENABLE)
        value = (value & ~MISC_ENABLE_READ_ONLY) | (entry->data & MISC_ENABLE_READ_ONLY);
      entry->data = value;
    }
  for (unsigned i = 0; i < state->n_msrs; i++)
    {
      struct kvm_msr_entry *entry = find_msr (vcpu, entries, state->msrs[i].index);

      if (entry == NULL || has_field (entry->index))
        return false;
      entry->data = state->msrs[i].value;
    }
  return true;
}

bool
kvm_msrs_set (AccelVcpu *vcpu, const X86State *state)
{
  g_autofree struct kvm_msr_entry *now = g_memdup2 (vcpu->msrs, vcpu->n_msrs * sizeof *now);
  g_autofree struct kvm_msr_entry *wanted = g_memdup2 (now, vcpu->n_msrs * sizeof *now);

  errno = ENXIO;
  if (!fill_msrs (vcpu, state, wanted))
    return false;
  /* Without the guest's name, which goes first, its page would stay. */
  if (state->hyperv.hypercall == 0 && find_msr (vcpu, now, MSR_HV_HYPERCALL) != NULL)
    write_msr (vcpu, MSR_HV_HYPERCALL, 0);
  read_msrs (vcpu, now, vcpu->n_msrs);
  /* Some do something when they are written, and others allow only what they hold. */
  for (unsigned i = 0; i < vcpu->n_msrs; i++)
    if (now[i].data != wanted[i].data && !write_msr (vcpu, wanted[i].index, wanted[i].data))
      {
        TRACE ("kvm.msr-refused", "CPU %u: MSR %#x = %#llx", vcpu->index, wanted[i].index,
               wanted[i].data);
        errno = EINVAL;
        return false;
      }
  return true;
}
