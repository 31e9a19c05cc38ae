/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <setjmp.h>
#include <stdatomic.h>

#include "insn.h"
#include "tlb.h"
#include "vmm-core/accel.h"
#include "x86-state.h"
#include "x86.h"

/* One software CPU while it runs. The architectural state is `state`, except for the parts named
 * below, which x86_cpu_sync_in and x86_cpu_sync_out move. One file writes each part. */

typedef struct X86Software X86Software; /* all CPUs of a machine: software.h */
typedef struct X86Block X86Block;       /* block.h */
typedef struct X86BlockCache X86BlockCache;
typedef struct Lapic Lapic;       /* lapic.h */
typedef struct X86Synic X86Synic; /* synic.h */

/* Requests from other threads, in X86Cpu.requests; served between two blocks. */
enum
{
  X86_REQUEST_KICK = 1 << 0,      /* leave vcpu_run */
  X86_REQUEST_INTERRUPT = 1 << 1, /* the LAPIC or the PIC may have one */
  X86_REQUEST_NMI = 1 << 2,
  X86_REQUEST_INIT = 1 << 3,
  X86_REQUEST_SIPI = 1 << 4,      /* vector in sipi_vector */
  X86_REQUEST_FLUSH_TLB = 1 << 5, /* the memory map changed, or dirty bits were taken */
  X86_REQUEST_EXCLUSIVE = 1 << 6, /* another CPU wants to be alone: wait in x86_exclusive_wait */
  X86_REQUEST_CODE = 1 << 8,      /* code the engine cached was overwritten */
  X86_REQUEST_MONITOR = 1 << 9,   /* the page that MONITOR watches was stored to */
  X86_REQUEST_LOCAL = 1 << 7      /* this CPU's own: look at the state before the next block */
};

/* The mode word: everything decoding and fast paths depend on. Blocks are keyed by it. */
enum
{
  X86_MODE_CODE64 = 1 << 0,
  X86_MODE_CODE32 = 1 << 1,  /* CS.D; neither: 16 bit */
  X86_MODE_STACK32 = 1 << 2, /* SS.B; ignored with CODE64 */
  X86_MODE_FLAT = 1 << 3,    /* CS, SS, DS, ES: all 4 GiB, writable data; always with CODE64 */
  X86_MODE_USER = 1 << 4,    /* CPL 3 */
  X86_MODE_PROTECTED = 1 << 5,
  X86_MODE_VM86 = 1 << 6,
  X86_MODE_LONG = 1 << 7 /* EFER.LMA */
};

/* What an inline access needs to know of a segment: addresses below read_end (or write_end) need no
 * check for any size up to 8 bytes. Kept by segment.c. */
typedef struct
{
  uint64_t base;
  uint64_t read_end, write_end;
} X86Window;

/* state.interrupt_shadow */
enum
{
  X86_SHADOW_STI = 1,
  X86_SHADOW_MOV_SS = 2 /* holds back debug exceptions, too */
};

/* How an event came about; decides delivery (SDM 3A, 6.3 to 6.5). */
typedef enum
{
  X86_EVENT_NONE,
  X86_EVENT_INTERRUPT, /* external: PIC or LAPIC */
  X86_EVENT_NMI,
  X86_EVENT_EXCEPTION,
  X86_EVENT_SOFTWARE,           /* INT n */
  X86_EVENT_SOFTWARE_EXCEPTION, /* INT3, INTO */
  X86_EVENT_PRIVILEGED          /* INT1 */
} X86EventType;

/* Whose processor it is: vendor.h says what follows from that. */
typedef enum
{
  X86_INTEL,
  X86_AMD /* and Hygon */
} X86Vendor;

/* Counters in X86Cpu.statistics. */
enum
{
  X86_STATISTIC_INTERRUPTS,
  X86_STATISTIC_PAGE_WALKS,
  X86_N_STATISTICS
};

struct X86Cpu
{
  X86State state; /* first, so that the offsets of its general registers are small */

  uint64_t zero;       /* always 0: base or index that is not there */
  uint64_t block_rip;  /* linear RIP (offset in CS) of the running block's first byte */
  const X86Insn *insn; /* the running instruction; NULL between blocks */

  /* Status flags as LAHF and SETO leave them in AX: AH = SF ZF 0 AF 0 PF 1 CF, AL = OF. The bits
   * of state.rflags under X86_FLAGS_STATUS are stale while the CPU runs: use flags.h. */
  uint32_t cc;

  uint32_t mode;     /* X86_MODE_* */
  uint32_t features; /* of X86Feature: what there is to decode */
  uint8_t cpl;       /* 0 to 3 */
  uint8_t vendor;    /* X86Vendor, as CPUID tells it; the same for as long as the CPU lives */
  X86Window window[6];
  uint64_t linear_mask; /* 32 ones outside 64-bit code */
  X86TlbEntry *view;    /* of the soft TLB, for explicit accesses at this CPL */
  /* Translated code leaves between two blocks where its stack pointer is below leave_below: its
   * stack of 48-bit addresses is full, or there are requests. */
  union
  {
    uint64_t leave_below;
    struct
    {
      uint32_t stack_limit_low;
      uint16_t stack_limit_high;
      _Atomic uint16_t requests; /* X86_REQUEST_* */
    };
  };
  _Atomic uint8_t sipi_vector;
  _Atomic uint8_t nmis;  /* that came since X86_REQUEST_NMI was last served */
  _Atomic bool sleeping; /* vcpu_run returned HALTED: requests have to wake the thread */

  /* Version (memory.h) of the page that MONITOR watches, or NULL; and that version when it did. */
  const uint32_t *_Atomic monitored;
  uint32_t monitored_at;
  bool monitor_waits; /* if the CPU is halted: by MWAIT */

  X86BlockCache *blocks;
  Lapic *lapic;
  X86Synic *synic; /* NULL: the machine does not have Hyper-V's interface */
  X86Software *software;
  const struct ClockLine *clock_line; /* of the TSC without its offset */
  unsigned index;

  /* The exception being raised: filled before the jump to `escape`. */
  sigjmp_buf escape;
  struct
  {
    uint8_t vector;
    bool has_code;
    uint32_t code;
    uint64_t address; /* CR2 of #PF */
    uint64_t dr6;     /* of #DB */
    uint8_t type;     /* X86EventType */
  } exception;
  uint8_t delivering; /* X86EventType of what is being delivered: a fault meanwhile may be #DF */
  uint8_t delivering_vector;
  uint64_t debug_hits;    /* DR6 bits of data and I/O breakpoints the running instruction met */
  uint64_t pdpte[4];      /* PAE paging: as CR3 was loaded */
  bool watching;          /* some data breakpoint is armed */
  bool step_void;         /* no single-step trap after the running instruction */
  bool interrupt_waiting; /* one is pending, but IF or the shadow holds it back */

  bool fpu_resident;     /* the host's x87 unit holds this CPU's x87 state (fpu/) */
  uint32_t pauses;       /* PAUSE executed */
  uint64_t instructions; /* retired, counted block by block */
  uint64_t statistics[16];

  uint8_t signal_stack[64 << 10]; /* host-fault.c */

  X86Tlb tlb; /* last: it is large */
};

/* Raises a fault at the running instruction: state.rip is set to its first byte and the run loop
 * delivers it. Never returns. */
_Noreturn void x86_raise (X86Cpu *cpu, unsigned vector);
_Noreturn void x86_raise_code (X86Cpu *cpu, unsigned vector, uint32_t code);
_Noreturn void x86_raise_page_fault (X86Cpu *cpu, uint64_t linear, uint32_t code);

static inline bool
x86_is_code64 (const X86Cpu *cpu)
{
  return (cpu->mode & X86_MODE_CODE64) != 0;
}

/* RIP has 64 bits, or 32: in 16-bit code, too, where only branches cut it to 16. */
static inline uint64_t
x86_mask_rip (const X86Cpu *cpu, uint64_t rip)
{
  return x86_is_code64 (cpu) ? rip : (uint32_t) rip;
}

/* Offset in CS of the running instruction, and of the one after it. */
static inline uint64_t
x86_insn_rip (const X86Cpu *cpu, const X86Insn *insn)
{
  return cpu->block_rip + insn->offset;
}

static inline uint64_t
x86_next_rip (const X86Cpu *cpu, const X86Insn *insn)
{
  return x86_mask_rip (cpu, cpu->block_rip + insn->offset + insn->length);
}
