/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comparing user code with the host cannot show of the x87 and vector unit: control register
 * bits, images with addresses in them, the XSAVE family. Instructions are run on the software CPU,
 * each piece ended by INT3. */
#include <glib.h>
#include <string.h>

#include "x86-machine.h"

#define CODE 0x10000u
#define AREA 0x20000u /* RDI in every test */

typedef struct
{
  X86Machine *machine;
  X86State state;
} Fixture;

static void
set_up (Fixture *f, gconstpointer bits)
{
  f->machine = x86_machine_new (&software_accel_ops);
  x86_machine_init_state (&f->state, GPOINTER_TO_UINT (bits));
  f->state.gpr[X86_RDI] = GPOINTER_TO_UINT (bits) == 16 ? AREA & 0xffff : AREA;
  f->state.gpr[X86_RSP] = 0x8000;
  f->state.fpu.control = 0x37f;
}

static void
tear_down (Fixture *f, gconstpointer bits)
{
  x86_machine_free (f->machine);
}

/* Runs code (at most 64 bytes) and gives the vector that ended it: 3 when all of it ran. */
static int
run_bytes (Fixture *f, const uint8_t *code, size_t n)
{
  uint8_t bytes[65];

  memcpy (bytes, code, n);
  bytes[n] = 0xcc;
  x86_machine_write (f->machine, CODE, bytes, n + 1);
  f->state.rip = CODE;
  if ((f->state.cr0 & X86_CR0_PE) == 0)
    {
      f->state.rip = 0;
      f->state.seg[X86_CS].selector = CODE >> 4;
      f->state.seg[X86_CS].base = CODE;
      f->state.seg[X86_DS].selector = (AREA - 0x1000) >> 4;
      f->state.seg[X86_DS].base = AREA - 0x1000;
      f->state.gpr[X86_RDI] = 0x1000;
    }
  return x86_machine_run (f->machine, &f->state).vector;
}

#define RUN(f, ...)                                                                                \
  run_bytes (f, (const uint8_t[]){ __VA_ARGS__ }, sizeof ((const uint8_t[]){ __VA_ARGS__ }))

static void
read_area (Fixture *f, void *bytes, size_t n)
{
  x86_machine_read (f->machine, AREA, bytes, n);
}

/* FLD1; FSTP dword [rdi+40h]; FNSTENV [rdi] in the four formats of figures 8-9 to 8-12. */
static void
test_environment_32 (Fixture *f, gconstpointer bits)
{
  uint32_t image[7];

  g_assert_cmpint (RUN (f, 0xd9, 0xe8, 0xd9, 0x5f, 0x40, 0xd9, 0x37), ==, X86_BP);
  read_area (f, image, sizeof image);
  g_assert_cmphex (image[0], ==, 0xffff037f);
  g_assert_cmphex (image[2], ==, 0xffffffff);
  g_assert_cmphex (image[3], ==, CODE + 2);
  g_assert_cmphex (image[4], ==, 0x015f0000u | f->state.seg[X86_CS].selector);
  g_assert_cmphex (image[5], ==, AREA + 0x40);
  g_assert_cmphex (image[6], ==, 0xffff0000u | f->state.seg[X86_DS].selector);
}

static void
test_environment_16 (Fixture *f, gconstpointer bits)
{
  uint16_t image[7];

  g_assert_cmpint (RUN (f, 0xd9, 0xe8, 0xd9, 0x5f, 0x40, 0x66, 0xd9, 0x37), ==, X86_BP);
  read_area (f, image, sizeof image);
  g_assert_cmphex (image[0], ==, 0x37f);
  g_assert_cmphex (image[2], ==, 0xffff);
  g_assert_cmphex (image[3], ==, (CODE + 2) & 0xffff);
  g_assert_cmphex (image[4], ==, f->state.seg[X86_CS].selector);
  g_assert_cmphex (image[5], ==, (AREA + 0x40) & 0xffff);
  g_assert_cmphex (image[6], ==, f->state.seg[X86_DS].selector);
}

static void
test_environment_real_16 (Fixture *f, gconstpointer bits)
{
  uint16_t image[7];

  /* FSTP dword [di+40h]; FNSTENV [di] */
  g_assert_cmpint (RUN (f, 0xd9, 0xe8, 0xd9, 0x5d, 0x40, 0xd9, 0x35), ==, X86_BP);
  read_area (f, image, sizeof image);
  g_assert_cmphex (image[3], ==, (CODE + 2) & 0xffff);
  g_assert_cmphex (image[4], ==, (CODE >> 16) << 12 | 0x15d);
  g_assert_cmphex (image[5], ==, (AREA + 0x40) & 0xffff);
  g_assert_cmphex (image[6], ==, (AREA >> 16) << 12);
}

static void
test_environment_real_32 (Fixture *f, gconstpointer bits)
{
  uint32_t image[7];

  g_assert_cmpint (RUN (f, 0xd9, 0xe8, 0xd9, 0x5d, 0x40, 0x66, 0xd9, 0x35), ==, X86_BP);
  read_area (f, image, sizeof image);
  g_assert_cmphex (image[3], ==, (CODE + 2) & 0xffff);
  g_assert_cmphex (image[4], ==, (CODE >> 16) << 12 | 0x15d);
  g_assert_cmphex (image[5], ==, (AREA + 0x40) & 0xffff);
  g_assert_cmphex (image[6], ==, (AREA >> 16) << 12);
}

/* FLDPI; FLD1; FNSAVE [rdi]; FRSTOR [rdi]: what was saved is back, and FNSAVE initialised in
 * between. */
static void
test_save_restore (Fixture *f, gconstpointer bits)
{
  static const uint8_t pi[10] = { 0x35, 0xc2, 0x68, 0x21, 0xa2, 0xda, 0x0f, 0xc9, 0x00, 0x40 };

  g_assert_cmpint (RUN (f, 0xd9, 0xeb, 0xd9, 0xe8, 0xdd, 0x37), ==, X86_BP);
  g_assert_cmphex (f->state.fpu.tag, ==, 0);
  g_assert_cmphex (f->state.fpu.status, ==, 0);
  g_assert_cmphex (f->state.fpu.control, ==, 0x37f);
  g_assert_cmphex (f->state.fpu.ip, ==, 0);
  g_assert_cmpint (RUN (f, 0xdd, 0x27), ==, X86_BP);
  g_assert_cmphex (f->state.fpu.tag, ==, 0xc0);
  g_assert_cmphex (f->state.fpu.status, ==, 6 << 11);
  g_assert_cmpmem (f->state.fpu.st[1], 10, pi, 10);
  g_assert_cmphex (f->state.fpu.ip, ==, CODE + 2);
  g_assert_cmphex (f->state.fpu.opcode, ==, 0x1e8);
}

/* 1/0 with ZM clear: FNSTSW runs, the next waiting instruction raises #MF. */
static void
test_pending_exception (Fixture *f, gconstpointer bits)
{
  f->state.fpu.control = 0x37b;
  g_assert_cmpint (RUN (f, 0xd9, 0xe8, 0xd9, 0xee, 0xde, 0xf9, 0xdf, 0xe0, 0x90, 0x9b), ==, X86_MF);
  g_assert_cmphex (f->state.rip, ==, CODE + 9);
  g_assert_cmphex (f->state.gpr[X86_RAX] & 0x84, ==, 0x84);
  /* It stays pending until FNCLEX, for MMX, too. */
  g_assert_cmpint (RUN (f, 0x0f, 0xef, 0xc0), ==, X86_MF);
  g_assert_cmpint (RUN (f, 0xdb, 0xe2, 0x9b, 0x0f, 0xef, 0xc0), ==, X86_BP);
  g_assert_cmphex (f->state.fpu.tag, ==, 0xff);
}

/* Without CR0.NE there is no #MF: FERR# would be asserted, and the instruction is done. */
static void
test_ferr (Fixture *f, gconstpointer bits)
{
  f->state.cr0 &= ~(uint64_t) X86_CR0_NE;
  f->state.fpu.control = 0x37b;
  g_assert_cmpint (RUN (f, 0xd9, 0xe8, 0xd9, 0xee, 0xde, 0xf9, 0xd9, 0xe8, 0xdf, 0xe0), ==, X86_BP);
  g_assert_cmphex (f->state.gpr[X86_RAX] & 0x84, ==, 0x84);
  g_assert_cmphex (f->state.fpu.control, ==, 0x37b);
}

static void
test_availability (Fixture *f, gconstpointer bits)
{
  const uint64_t cr0 = f->state.cr0, cr4 = f->state.cr4;

  f->state.cr0 = cr0 | X86_CR0_TS;
  g_assert_cmpint (RUN (f, 0xd9, 0xe8), ==, X86_NM);
  g_assert_cmpint (RUN (f, 0x9b), ==, X86_NM);
  g_assert_cmpint (RUN (f, 0x0f, 0x77), ==, X86_NM);
  g_assert_cmpint (RUN (f, 0x0f, 0x28, 0xc1), ==, X86_NM);
  g_assert_cmpint (RUN (f, 0x0f, 0xae, 0x07), ==, X86_NM);
  f->state.cr0 = (cr0 | X86_CR0_TS) & ~(uint64_t) X86_CR0_MP;
  g_assert_cmpint (RUN (f, 0x9b), ==, X86_BP);
  f->state.cr0 = cr0 | X86_CR0_EM;
  g_assert_cmpint (RUN (f, 0xd9, 0xe8), ==, X86_NM);
  g_assert_cmpint (RUN (f, 0x0f, 0x77), ==, X86_UD);
  g_assert_cmpint (RUN (f, 0x0f, 0x28, 0xc1), ==, X86_UD);
  f->state.cr0 = cr0;
  f->state.cr4 = cr4 & ~(uint64_t) X86_CR4_OSFXSR;
  g_assert_cmpint (RUN (f, 0x0f, 0x28, 0xc1), ==, X86_UD);
  f->state.cr4 = cr4 & ~(uint64_t) X86_CR4_OSXSAVE;
  g_assert_cmpint (RUN (f, 0xc5, 0xf8, 0x28, 0xc1), ==, X86_UD);
  g_assert_cmpint (RUN (f, 0x0f, 0xae, 0x27), ==, X86_UD);
  f->state.cr4 = cr4;
  f->state.xcr0 = 3;
  g_assert_cmpint (RUN (f, 0xc5, 0xf8, 0x28, 0xc1), ==, X86_UD);
}

/* DIVPS by zero with ZM clear: #XM, the destination untouched, ZE set. */
static void
test_simd_exception (Fixture *f, gconstpointer bits)
{
  static const uint8_t one[4] = { 0, 0, 0x80, 0x3f };

  memcpy (f->state.ymm[0], one, 4);
  f->state.mxcsr = 0x1d80;
  g_assert_cmpint (RUN (f, 0xf3, 0x0f, 0x5e, 0xc1), ==, X86_XM);
  g_assert_cmpmem (f->state.ymm[0], 4, one, 4);
  g_assert_cmphex (f->state.mxcsr, ==, 0x1d84);
  f->state.cr4 &= ~(uint64_t) X86_CR4_OSXMMEXCPT;
  g_assert_cmpint (RUN (f, 0xf3, 0x0f, 0x5e, 0xc1), ==, X86_UD);
  f->state.mxcsr = 0x1f80;
  g_assert_cmpint (RUN (f, 0xf3, 0x0f, 0x5e, 0xc1), ==, X86_BP);
  g_assert_cmphex (f->state.mxcsr, ==, 0x1f84);
}

static void
fill_registers (X86State *state)
{
  for (unsigned i = 0; i < sizeof state->ymm; i++)
    (&state->ymm[0][0])[i] = (uint8_t) (i * 7 + 1);
  for (unsigned i = 0; i < 8; i++)
    for (unsigned j = 0; j < 10; j++)
      state->fpu.st[i][j] = (uint8_t) (16 * i + j + 1);
  state->fpu.status = 3 << 11 | 0x4500;
  state->fpu.tag = 0xa5;
  state->fpu.control = 0x27f;
  state->mxcsr = 0x3fa0;
}

static void
assert_same_registers (const X86State *a, const X86State *b)
{
  g_assert_cmpmem (a->ymm, sizeof a->ymm, b->ymm, sizeof b->ymm);
  for (unsigned i = 0; i < 8; i++)
    g_assert_cmpmem (a->fpu.st[i], 10, b->fpu.st[i], 10);
  g_assert_cmphex (a->fpu.status, ==, b->fpu.status);
  g_assert_cmphex (a->fpu.tag, ==, b->fpu.tag);
  g_assert_cmphex (a->fpu.control, ==, b->fpu.control);
  g_assert_cmphex (a->mxcsr, ==, b->mxcsr);
}

static void
wipe_registers (X86State *state)
{
  memset (state->ymm, 0x99, sizeof state->ymm);
  memset (&state->fpu, 0, sizeof state->fpu);
  state->fpu.control = 0x37f;
  state->mxcsr = 0x1f80;
}

static void
test_fxsave (Fixture *f, gconstpointer bits)
{
  X86State before;
  uint8_t image[512];

  memset (image, 0x5a, sizeof image);
  x86_machine_write (f->machine, AREA, image, sizeof image);
  fill_registers (&f->state);
  before = f->state;
  g_assert_cmpint (RUN (f, 0x0f, 0xae, 0x07), ==, X86_BP);
  read_area (f, image, sizeof image);
  /* The last bytes belong to software. */
  for (unsigned i = 416; i < 512; i++)
    g_assert_cmphex (image[i], ==, 0x5a);
  wipe_registers (&f->state);
  for (unsigned i = 0; i < 16; i++)
    memcpy (f->state.ymm[i] + 16, before.ymm[i] + 16, 16);
  g_assert_cmpint (RUN (f, 0x0f, 0xae, 0x0f), ==, X86_BP);
  assert_same_registers (&before, &f->state);
  /* A reserved bit of MXCSR, and an odd address. */
  x86_machine_write (f->machine, AREA + 26, "\1", 1);
  g_assert_cmpint (RUN (f, 0x0f, 0xae, 0x0f), ==, X86_GP);
  f->state.gpr[X86_RDI] = AREA + 8;
  g_assert_cmpint (RUN (f, 0x0f, 0xae, 0x07), ==, X86_GP);
}

static void
test_xsave (Fixture *f, gconstpointer bits)
{
  static const uint8_t variants[][4]
    = { { 0x0f, 0xae, 0x27 }, { 0x0f, 0xae, 0x37 }, { 0x0f, 0xc7, 0x67, 0 } };

  for (unsigned i = 0; i < G_N_ELEMENTS (variants); i++)
    {
      X86State before;
      uint64_t header[2];

      fill_registers (&f->state);
      f->state.gpr[X86_RAX] = f->state.gpr[X86_RDX] = UINT32_MAX;
      before = f->state;
      g_assert_cmpint (run_bytes (f, variants[i], i == 2 ? 4 : 3), ==, X86_BP);
      x86_machine_read (f->machine, AREA + 512, header, sizeof header);
      g_assert_cmphex (header[0], ==, 7);
      g_assert_cmphex (header[1], ==, i == 2 ? UINT64_C (1) << 63 | 7 : 0);
      wipe_registers (&f->state);
      g_assert_cmpint (RUN (f, 0x0f, 0xae, 0x2f), ==, X86_BP);
      assert_same_registers (&before, &f->state);
    }
}

/* Components in their initial configuration are not in XSTATE_BV, and come back initial. */
static void
test_xsave_initial (Fixture *f, gconstpointer bits)
{
  X86State before;
  uint64_t header[2];

  memset (f->state.ymm, 0, sizeof f->state.ymm);
  f->state.ymm[3][5] = 1;
  f->state.gpr[X86_RAX] = 7;
  f->state.gpr[X86_RDX] = 0;
  before = f->state;
  g_assert_cmpint (RUN (f, 0x0f, 0xae, 0x37), ==, X86_BP);
  x86_machine_read (f->machine, AREA + 512, header, sizeof header);
  g_assert_cmphex (header[0], ==, 2);
  wipe_registers (&f->state);
  f->state.fpu.tag = 0xff;
  g_assert_cmpint (RUN (f, 0x0f, 0xae, 0x2f), ==, X86_BP);
  assert_same_registers (&before, &f->state);
}

static void
test_xrstor_faults (Fixture *f, gconstpointer bits)
{
  static const struct
  {
    unsigned offset;
    uint8_t value;
  } bad[] = { { 512, 8 }, { 520, 1 }, { 528, 1 }, { 527, 0x81 } };

  f->state.gpr[X86_RAX] = 7;
  f->state.gpr[X86_RDX] = 0;
  x86_machine_write (f->machine, AREA + 24, "\x80\x1f", 2);
  g_assert_cmpint (RUN (f, 0x0f, 0xae, 0x2f), ==, X86_BP);
  for (unsigned i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      x86_machine_write (f->machine, AREA + bad[i].offset, &bad[i].value, 1);
      g_assert_cmpint (RUN (f, 0x0f, 0xae, 0x2f), ==, X86_GP);
      x86_machine_write (f->machine, AREA + bad[i].offset, "", 1);
    }
  f->state.gpr[X86_RDI] = AREA + 32;
  g_assert_cmpint (RUN (f, 0x0f, 0xae, 0x2f), ==, X86_GP);
  g_assert_cmpint (RUN (f, 0x0f, 0xae, 0x27), ==, X86_GP);
}

/* The x87 state crosses the end of a run of the CPU unchanged, 80 bits of it. */
static void
test_leaving (Fixture *f, gconstpointer bits)
{
  X86State once;

  /* FLDPI; FSQRT; FLD ST; FMUL; FLDL2E; FYL2X in one piece, and in two */
  g_assert_cmpint (RUN (f, 0xd9, 0xeb, 0xd9, 0xfa, 0xd9, 0xc0, 0xde, 0xc9, 0xd9, 0xea, 0xd9, 0xf1),
                   ==, X86_BP);
  once = f->state;
  wipe_registers (&f->state);
  memcpy (f->state.ymm, once.ymm, sizeof once.ymm);
  memset (f->state.fpu.st, 0, sizeof f->state.fpu.st);
  g_assert_cmpint (RUN (f, 0xd9, 0xeb, 0xd9, 0xfa, 0xd9, 0xc0), ==, X86_BP);
  g_assert_cmpint (RUN (f, 0xde, 0xc9, 0xd9, 0xea, 0xd9, 0xf1), ==, X86_BP);
  assert_same_registers (&once, &f->state);
}

#define ADD(path, bits, function)                                                                  \
  g_test_add ("/x86/fpu/" path, Fixture, GUINT_TO_POINTER (bits), set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("environment/protected-32", 64, test_environment_32);
  ADD ("environment/protected-16", 64, test_environment_16);
  ADD ("environment/compatibility-32", 32, test_environment_32);
  ADD ("environment/compatibility-16", 32, test_environment_16);
  ADD ("environment/real-16", 16, test_environment_real_16);
  ADD ("environment/real-32", 16, test_environment_real_32);
  ADD ("save-restore", 64, test_save_restore);
  ADD ("pending-exception", 64, test_pending_exception);
  ADD ("ferr", 64, test_ferr);
  ADD ("availability", 64, test_availability);
  ADD ("simd-exception", 64, test_simd_exception);
  ADD ("fxsave", 64, test_fxsave);
  ADD ("xsave", 64, test_xsave);
  ADD ("xsave-initial", 64, test_xsave_initial);
  ADD ("xrstor-faults", 64, test_xrstor_faults);
  ADD ("leaving", 64, test_leaving);
  return g_test_run ();
}
