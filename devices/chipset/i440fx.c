/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel 82441FX PMC data sheet (290549): 3.1 (CONFADD, CONFDATA), 3.2.16 (PAM), 3.2.23 (SMRAM);
 * CF9h is RC of the 82371SB PIIX3, 2.5.1.3. The machine has no SMM: SMRAM is stored, and the VGA
 * window at A0000h stays the VGA's. */
#include "i440fx.h"

#include "vmm-core/trace.h"

#include <string.h>

#define CONFADD_ENABLE (1u << 31)
#define RC_RCPU 0x04 /* reset CPU */
#define RC_SRST 0x02 /* hard reset */

#define PMCCFG 0x50
#define DETURBO 0x52
#define DBC 0x53
#define PAM0 0x59
#define PAM_LAST 0x5f
#define DRB0 0x60
#define SMRAM 0x72
#define ERRCMD 0x90

#define PAM_SHADOW_PRIORITY 2 /* above the ROMs */
#define N_SEGMENTS 13

/* A stretch of the shadowed area with attributes of its own. */
typedef struct
{
  uint32_t base, length;
  uint8_t reg, shift; /* where its RE (bit 0) and WE (bit 1) are */
} PamSegment;

static const PamSegment pam_segments[N_SEGMENTS] = {
  { 0xf0000, 0x10000, 0x59, 4 }, { 0xc0000, 0x4000, 0x5a, 0 }, { 0xc4000, 0x4000, 0x5a, 4 },
  { 0xc8000, 0x4000, 0x5b, 0 },  { 0xcc000, 0x4000, 0x5b, 4 }, { 0xd0000, 0x4000, 0x5c, 0 },
  { 0xd4000, 0x4000, 0x5c, 4 },  { 0xd8000, 0x4000, 0x5d, 0 }, { 0xdc000, 0x4000, 0x5d, 4 },
  { 0xe0000, 0x4000, 0x5e, 0 },  { 0xe4000, 0x4000, 0x5e, 4 }, { 0xe8000, 0x4000, 0x5f, 0 },
  { 0xec000, 0x4000, 0x5f, 4 },
};

typedef struct
{
  uint32_t confadd;
  uint8_t rc;
} I440fxState;

struct I440fx
{
  Bus *io;
  PciBus *bus;
  Memory *memory;
  MemoryBlock *ram;
  PciFunction *function;
  void (*reset_request) (void *data), (*init_request) (void *data);
  void *request_data;
  uint8_t shown[N_SEGMENTS]; /* MemoryAccess that is mapped now */
  I440fxState state;
};

static const StateField i440fx_fields[] = {
  STATE_INT (I440fxState, confadd),
  STATE_INT_IN (I440fxState, rc, 0, RC_SRST | RC_RCPU),
};
static const StateTable i440fx_table = STATE_TABLE (I440fxState, 1, i440fx_fields);

/* Shows or hides RAM where PAM says so. RE and WE have the values of MEMORY_READ and
 * MEMORY_WRITE. */
static void
i440fx_update_pam (I440fx *i440fx)
{
  const uint8_t *config = pci_function_get_config (i440fx->function);

  for (unsigned i = 0; i < N_SEGMENTS; i++)
    {
      const PamSegment *segment = &pam_segments[i];
      uint8_t access = config[segment->reg] >> segment->shift & 3;

      if (access == i440fx->shown[i])
        continue;
      TRACE ("i440fx.pam", "%#x %s%s", segment->base, access & 1 ? "R" : "-",
             access & 2 ? "W" : "-");
      if (i440fx->shown[i] != 0)
        memory_unmap (i440fx->memory, segment->base, i440fx->ram);
      if (access != 0)
        memory_map (i440fx->memory, segment->base, segment->length, i440fx->ram, segment->base,
                    (MemoryAccess) access, PAM_SHADOW_PRIORITY);
      i440fx->shown[i] = access;
    }
}

static void
i440fx_config_write (void *device, unsigned reg, unsigned size, uint32_t value)
{
  if (reg <= PAM_LAST && reg + size > PAM0)
    i440fx_update_pam (device);
}

static void
i440fx_config_loaded (void *device)
{
  i440fx_update_pam (device);
}

static void
i440fx_reset (void *device)
{
  I440fx *i440fx = device;
  uint8_t *config = pci_function_get_config (i440fx->function);

  memset (config + 0x40, 0, 0xc0);
  config[DBC] = 0x80;
  memset (config + DRB0, 0x01, 8);
  config[SMRAM] = 0x02;
  i440fx->state.confadd = 0;
  i440fx->state.rc = 0;
  i440fx_update_pam (i440fx);
}

static const PciFunctionOps i440fx_function_ops = {
  .config_write = i440fx_config_write,
  .config_loaded = i440fx_config_loaded,
  .reset = i440fx_reset,
};

static uint64_t
i440fx_address_read (void *device, uint64_t offset, unsigned size)
{
  I440fx *i440fx = device;

  if (size == 4)
    return i440fx->state.confadd;
  return offset == 1 && size == 1 ? i440fx->state.rc : UINT64_MAX;
}

/* Only a dword reaches CONFADD; narrower accesses pass through to ports of the same number, of
 * which CF9h is the one that exists. */
static void
i440fx_address_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  I440fx *i440fx = device;

  if (size == 4)
    i440fx->state.confadd = value & 0x80fffffc;
  else if (offset == 1 && size == 1)
    {
      bool rising = (value & RC_RCPU) && !(i440fx->state.rc & RC_RCPU);

      TRACE ("i440fx.reset-control", "%#x", (unsigned) value);
      i440fx->state.rc = value & (RC_SRST | RC_RCPU);
      if (rising && (value & RC_SRST))
        i440fx->reset_request (i440fx->request_data);
      else if (rising)
        i440fx->init_request (i440fx->request_data);
    }
}

static uint64_t
i440fx_data_read (void *device, uint64_t offset, unsigned size)
{
  I440fx *i440fx = device;
  uint32_t address = i440fx->state.confadd;

  if (!(address & CONFADD_ENABLE))
    return UINT64_MAX;
  return pci_bus_config_read (i440fx->bus, address >> 16 & 0xff, address >> 8 & 0xff,
                              (address & 0xfc) + offset, size);
}

static void
i440fx_data_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  I440fx *i440fx = device;
  uint32_t address = i440fx->state.confadd;

  if (address & CONFADD_ENABLE)
    pci_bus_config_write (i440fx->bus, address >> 16 & 0xff, address >> 8 & 0xff,
                          (address & 0xfc) + offset, size, value);
}

static const BusOps i440fx_address_ops
  = { .read = i440fx_address_read, .write = i440fx_address_write };
static const BusOps i440fx_data_ops = { .read = i440fx_data_read, .write = i440fx_data_write };

I440fx *
i440fx_new (Bus *io, PciBus *bus, Memory *memory, MemoryBlock *ram,
            void (*reset_request) (void *data), void (*init_request) (void *data), void *data)
{
  static const PciIdentity identity = {
    .vendor_id = 0x8086,
    .device_id = 0x1237,
    .class_code = 0x060000,
    .revision = 2,
    .subsystem_vendor_id = 0x1af4,
    .subsystem_id = 0x1100,
  };
  I440fx *i440fx = g_new0 (I440fx, 1);
  uint8_t *mask;

  i440fx->io = io;
  i440fx->bus = bus;
  i440fx->memory = memory;
  i440fx->ram = ram;
  i440fx->reset_request = reset_request;
  i440fx->init_request = init_request;
  i440fx->request_data = data;
  i440fx->function = pci_function_new (bus, 0, 0, &identity, &i440fx_function_ops, i440fx);
  mask = pci_function_get_write_mask (i440fx->function);
  memset (mask + PMCCFG, 0xff, DBC + 1 - PMCCFG);
  mask[PAM0] = 0x30; /* the low half of PAM0 is reserved */
  memset (mask + PAM0 + 1, 0x33, PAM_LAST - PAM0);
  memset (mask + DRB0, 0xff, 8);
  mask[SMRAM] = 0x78;
  mask[ERRCMD] = 0xff;
  i440fx_reset (i440fx);
  bus_map (io, 0xcf8, 4, &i440fx_address_ops, i440fx);
  bus_map (io, 0xcfc, 4, &i440fx_data_ops, i440fx);
  return i440fx;
}

void
i440fx_free (I440fx *i440fx)
{
  if (i440fx == NULL)
    return;
  bus_unmap (i440fx->io, 0xcfc, 4, i440fx);
  bus_unmap (i440fx->io, 0xcf8, 4, i440fx);
  pci_function_reset (i440fx->function); /* takes the shadow out of the memory map */
  pci_function_free (i440fx->function);
  g_free (i440fx);
}

PciFunction *
i440fx_get_function (I440fx *i440fx)
{
  return i440fx->function;
}

StateSection
i440fx_state (I440fx *i440fx)
{
  return (StateSection){
    .id = "i440fx",
    .table = &i440fx_table,
    .state = &i440fx->state,
    .device = i440fx,
  };
}
