/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Advanced Configuration and Power Interface Specification 2.0c, chapter 5. */
#include "acpi-tables.h"

#include "devices/chipset/ioapic.h"
#include "piix4-pm.h"
#include "table-loader.h"

#include "dsdt.hex"

#include <string.h>

#define TABLES "etc/acpi/tables"
#define RSDP "etc/acpi/rsdp"
#define LOADER "etc/table-loader"

#define HEADER_SIZE 36
#define HEADER_CHECKSUM 9
#define LAPIC_BASE 0xfee00000u
#define SCI_INTERRUPT 9
#define FACS_SIZE 64

typedef struct
{
  GByteArray *tables;
  GByteArray *script;
} Builder;

static void
put (GByteArray *bytes, uint64_t value, unsigned size)
{
  value = GUINT64_TO_LE (value);
  g_byte_array_append (bytes, (const uint8_t *) &value, size);
}

static void
put_zeros (GByteArray *bytes, unsigned n)
{
  unsigned at = bytes->len;

  g_byte_array_set_size (bytes, at + n);
  memset (bytes->data + at, 0, n);
}

/* Starts a table; its length and checksum come at the end. */
static uint32_t
begin_table (Builder *builder, const char *signature, uint8_t revision)
{
  GByteArray *tables = builder->tables;
  uint32_t start;

  put_zeros (tables, -tables->len & 15);
  start = tables->len;
  g_byte_array_append (tables, (const uint8_t *) signature, 4);
  put (tables, 0, 4);
  put (tables, revision, 1);
  put (tables, 0, 1);
  g_byte_array_append (tables, (const uint8_t *) "GUESTHGUESTPC ", 14);
  put (tables, 1, 4);
  g_byte_array_append (tables, (const uint8_t *) "GSTH", 4);
  put (tables, 1, 4);
  return start;
}

static void
end_table (Builder *builder, uint32_t start)
{
  uint32_t length = builder->tables->len - start, little = GUINT32_TO_LE (length);

  memcpy (builder->tables->data + start + 4, &little, 4);
  table_loader_add_checksum (builder->script, TABLES, start + HEADER_CHECKSUM, start, length);
}

/* A pointer to another table at the present end. */
static void
put_pointer (Builder *builder, uint32_t target, unsigned size)
{
  table_loader_add_pointer (builder->script, TABLES, builder->tables->len, size, TABLES);
  put (builder->tables, target, size);
}

/* Generic address of a register of `bits` bits in port space. */
static void
put_port (GByteArray *tables, uint16_t port, uint8_t bits)
{
  put (tables, port != 0 ? 1 : 0, 1);
  put (tables, bits, 1);
  put (tables, 0, 2);
  put (tables, port, 8);
}

/* Gives the value of Name (name, placeholder) in the compiled DSDT. */
static void
set_name (uint8_t *dsdt, const char *name, uint64_t placeholder, unsigned size, uint64_t value)
{
  uint8_t pattern[16] = { 0x08 }; /* NameOp */
  unsigned length = 6 + size;

  memcpy (pattern + 1, name, 4);
  pattern[5] = size == 1 ? 0x0a : 0x0c; /* BytePrefix, DWordPrefix */
  placeholder = GUINT64_TO_LE (placeholder);
  value = GUINT64_TO_LE (value);
  memcpy (pattern + 6, &placeholder, size);
  for (unsigned i = HEADER_SIZE; i + length <= sizeof dsdt_aml_code; i++)
    if (memcmp (dsdt + i, pattern, length) == 0)
      {
        memcpy (dsdt + i + 6, &value, size);
        return;
      }
  g_assert_not_reached ();
}

static uint32_t
add_dsdt (Builder *builder, const AcpiTablesConfig *config)
{
  uint32_t start = builder->tables->len;
  uint8_t *dsdt;

  g_byte_array_append (builder->tables, dsdt_aml_code, sizeof dsdt_aml_code);
  dsdt = builder->tables->data + start;
  set_name (dsdt, "COMS", 0xa5, 1, config->serial_ports);
  set_name (dsdt, "NCPU", 0xa6, 1, cpu_topology_get_cpus (&config->topology));
  set_name (dsdt, "PMIN", 0xa7a8a9aa, 4, config->pci_memory_start);
  dsdt[HEADER_CHECKSUM] = 0;
  table_loader_add_checksum (builder->script, TABLES, start + HEADER_CHECKSUM, start,
                             sizeof dsdt_aml_code);
  return start;
}

static uint32_t
add_facs (Builder *builder)
{
  uint32_t start = builder->tables->len;

  g_byte_array_append (builder->tables, (const uint8_t *) "FACS", 4);
  put (builder->tables, FACS_SIZE, 4);
  put_zeros (builder->tables, FACS_SIZE - 8);
  return start;
}

static uint32_t
add_fadt (Builder *builder, uint32_t facs, uint32_t dsdt)
{
  GByteArray *t = builder->tables;
  uint32_t start = begin_table (builder, "FACP", 3);

  put_pointer (builder, facs, 4);
  put_pointer (builder, dsdt, 4);
  put (t, 1, 1); /* INT_MODEL: dual 8259 and APIC */
  put (t, 1, 1); /* Preferred_PM_Profile: desktop */
  put (t, SCI_INTERRUPT, 2);
  put (t, 0xb2, 4); /* SMI_CMD */
  put (t, PIIX4_PM_ACPI_ENABLE, 1);
  put (t, PIIX4_PM_ACPI_DISABLE, 1);
  put (t, 0, 2);             /* S4BIOS_REQ, PSTATE_CNT */
  put (t, PIIX4_PM_BASE, 4); /* PM1a_EVT_BLK */
  put (t, 0, 4);
  put (t, PIIX4_PM_BASE + 4, 4); /* PM1a_CNT_BLK */
  put (t, 0, 4 + 4);
  put (t, PIIX4_PM_BASE + 8, 4);  /* PM_TMR_BLK */
  put (t, PIIX4_PM_BASE + 12, 4); /* GPE0_BLK */
  put (t, 0, 4);
  put (t, 4, 1); /* PM1_EVT_LEN */
  put (t, 2, 1); /* PM1_CNT_LEN */
  put (t, 0, 1);
  put (t, 4, 1);                        /* PM_TMR_LEN */
  put (t, 4, 1);                        /* GPE0_BLK_LEN */
  put (t, 0, 3);                        /* GPE1_BLK_LEN, GPE1_BASE, CST_CNT */
  put (t, 0xfff, 2);                    /* P_LVL2_LAT: no C2 */
  put (t, 0xfff, 2);                    /* P_LVL3_LAT: no C3 */
  put_zeros (t, 2 + 2 + 1 + 1 + 1 + 1); /* FLUSH, DUTY, DAY_ALRM, MON_ALRM */
  put (t, 0x32, 1);                     /* CENTURY */
  put (t, 1 << 0 | 1 << 1, 2);          /* IAPC_BOOT_ARCH: ISA devices, 8042 */
  put (t, 0, 1);
  /* WBINVD, PROC_C1, SLP_BUTTON absent, RTC wake not fixed, RESET_REG_SUP. */
  put (t, 1 << 0 | 1 << 2 | 1 << 5 | 1 << 6 | 1 << 10, 4);
  put_port (t, 0xcf9, 8); /* RESET_REG */
  put (t, 0x06, 1);       /* RESET_VALUE */
  put_zeros (t, 3);
  put (t, 0, 8); /* X_FIRMWARE_CTRL: the 32-bit one counts */
  put_pointer (builder, dsdt, 8);
  put_port (t, PIIX4_PM_BASE, 32);
  put_port (t, 0, 0);
  put_port (t, PIIX4_PM_BASE + 4, 16);
  put_port (t, 0, 0);
  put_port (t, 0, 0);
  put_port (t, PIIX4_PM_BASE + 8, 32);
  put_port (t, PIIX4_PM_BASE + 12, 32);
  put_port (t, 0, 0);
  g_assert (t->len - start == 244);
  end_table (builder, start);
  return start;
}

static void
put_override (GByteArray *tables, uint8_t isa, uint32_t gsi, uint16_t flags)
{
  put (tables, 2, 1);
  put (tables, 10, 1);
  put (tables, 0, 1);
  put (tables, isa, 1);
  put (tables, gsi, 4);
  put (tables, flags, 2);
}

static uint32_t
add_madt (Builder *builder, const CpuTopology *topology)
{
  static const uint8_t level_interrupts[] = { 5, 9, 10, 11 };
  GByteArray *t = builder->tables;
  uint32_t start = begin_table (builder, "APIC", 1);

  put (t, LAPIC_BASE, 4);
  put (t, 1, 4); /* PCAT_COMPAT */
  for (unsigned i = 0; i < cpu_topology_get_cpus (topology); i++)
    {
      put (t, 0, 1); /* processor local APIC */
      put (t, 8, 1);
      put (t, i, 1);
      put (t, cpu_topology_get_apic_id (topology, i), 1);
      put (t, 1, 4);
    }
  put (t, 1, 1); /* I/O APIC */
  put (t, 12, 1);
  put (t, 0, 2);
  put (t, IOAPIC_BASE, 4);
  put (t, 0, 4);
  put_override (t, 0, 2, 0);
  for (unsigned i = 0; i < sizeof level_interrupts; i++)
    put_override (t, level_interrupts[i], level_interrupts[i], 0x0d); /* active high, level */
  put (t, 4, 1); /* NMI at LINT1 of every CPU */
  put (t, 6, 1);
  put (t, 0xff, 1);
  put (t, 0, 2);
  put (t, 1, 1);
  end_table (builder, start);
  return start;
}

static uint32_t
add_root (Builder *builder, const char *signature, unsigned pointer_size, uint32_t fadt,
          uint32_t madt)
{
  uint32_t start = begin_table (builder, signature, 1);

  put_pointer (builder, fadt, pointer_size);
  put_pointer (builder, madt, pointer_size);
  end_table (builder, start);
  return start;
}

static GBytes *
make_rsdp (GByteArray *script, uint32_t rsdt, uint32_t xsdt)
{
  GByteArray *rsdp = g_byte_array_new ();

  g_byte_array_append (rsdp, (const uint8_t *) "RSD PTR ", 8);
  put (rsdp, 0, 1);
  g_byte_array_append (rsdp, (const uint8_t *) "GUESTH", 6);
  put (rsdp, 2, 1);
  put (rsdp, rsdt, 4);
  put (rsdp, 36, 4);
  put (rsdp, xsdt, 8);
  put (rsdp, 0, 4);
  table_loader_add_pointer (script, RSDP, 16, 4, TABLES);
  table_loader_add_pointer (script, RSDP, 24, 8, TABLES);
  table_loader_add_checksum (script, RSDP, 8, 0, 20);
  table_loader_add_checksum (script, RSDP, 32, 0, 36);
  return g_byte_array_free_to_bytes (rsdp);
}

void
acpi_tables_add (FwCfg *fw_cfg, const AcpiTablesConfig *config)
{
  Builder builder = { g_byte_array_new (), g_byte_array_new () };
  g_autoptr (GBytes) tables = NULL;
  g_autoptr (GBytes) rsdp = NULL;
  g_autoptr (GBytes) script = NULL;
  uint32_t facs, dsdt, fadt, madt, rsdt, xsdt;

  table_loader_allocate (builder.script, TABLES, 64, TABLE_LOADER_HIGH);
  table_loader_allocate (builder.script, RSDP, 16, TABLE_LOADER_FSEG);
  facs = add_facs (&builder); /* first: it must stand on a 64-byte boundary */
  dsdt = add_dsdt (&builder, config);
  fadt = add_fadt (&builder, facs, dsdt);
  madt = add_madt (&builder, &config->topology);
  rsdt = add_root (&builder, "RSDT", 4, fadt, madt);
  xsdt = add_root (&builder, "XSDT", 8, fadt, madt);
  rsdp = make_rsdp (builder.script, rsdt, xsdt);
  tables = g_byte_array_free_to_bytes (builder.tables);
  script = g_byte_array_free_to_bytes (builder.script);
  fw_cfg_add_file (fw_cfg, TABLES, tables);
  fw_cfg_add_file (fw_cfg, RSDP, rsdp);
  fw_cfg_add_file (fw_cfg, LOADER, script);
}
