/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The board as ACPI sees it. acpi-tables.c fills in the three names at the top. */
DefinitionBlock ("dsdt.aml", "DSDT", 1, "GUESTH", "GUESTPC", 1)
{
    Name (\COMS, 0xA5)       /* which of COM1 to COM4 are there, a bit each */
    Name (\NCPU, 0xA6)       /* CPUs */
    Name (\PMIN, 0xA7A8A9AA) /* where RAM below 4 GiB ends and PCI memory begins */

    Name (\_S0, Package () { 5, 5, 0, 0 })
    Name (\_S5, Package () { 0, 0, 0, 0 })

    Scope (\_PR)
    {
        Processor (CPU0, 0, 0, 0) { Method (_STA) { If (LLess (0, NCPU)) { Return (15) } Return (0) } }
        Processor (CPU1, 1, 0, 0) { Method (_STA) { If (LLess (1, NCPU)) { Return (15) } Return (0) } }
        Processor (CPU2, 2, 0, 0) { Method (_STA) { If (LLess (2, NCPU)) { Return (15) } Return (0) } }
        Processor (CPU3, 3, 0, 0) { Method (_STA) { If (LLess (3, NCPU)) { Return (15) } Return (0) } }
        Processor (CPU4, 4, 0, 0) { Method (_STA) { If (LLess (4, NCPU)) { Return (15) } Return (0) } }
        Processor (CPU5, 5, 0, 0) { Method (_STA) { If (LLess (5, NCPU)) { Return (15) } Return (0) } }
        Processor (CPU6, 6, 0, 0) { Method (_STA) { If (LLess (6, NCPU)) { Return (15) } Return (0) } }
        Processor (CPU7, 7, 0, 0) { Method (_STA) { If (LLess (7, NCPU)) { Return (15) } Return (0) } }
    }

    Scope (\_SB)
    {
        Device (PCI0)
        {
            Name (_HID, EisaId ("PNP0A03"))
            Name (_UID, 0)

            Name (CRES, ResourceTemplate ()
            {
                WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode, 0, 0, 0xFF, 0, 0x100)
                IO (Decode16, 0x0CF8, 0x0CF8, 1, 8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                        0, 0x0000, 0x0CF7, 0, 0x0CF8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                        0, 0x0D00, 0xFFFF, 0, 0xF300)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadWrite,
                        0, 0x000A0000, 0x000BFFFF, 0, 0x00020000)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                        0, 0xC0000000, 0xFEBFFFFF, 0, 0x3EC00000)
            })
            Method (_CRS, 0, Serialized)
            {
                /* _MIN, _MAX and _LEN of the last descriptor. */
                CreateDWordField (CRES, 92, MINM)
                CreateDWordField (CRES, 96, MAXM)
                CreateDWordField (CRES, 104, LENM)
                Store (PMIN, MINM)
                Add (Subtract (MAXM, MINM), 1, LENM)
                Return (CRES)
            }

            /* The pins of slot n are rotated by n: INTA# of slot 1 is PIRQA#. */
            Method (_PRT, 0, Serialized)
            {
                Store (Package (128) {}, Local0)
                Store (Zero, Local1)
                While (LLess (Local1, 128))
                {
                    ShiftRight (Local1, 2, Local2)
                    And (Subtract (Add (Local1, Local2), 1), 3, Local3)
                    If (LEqual (Local3, 0)) { Store (Package (4) { 0, 0, LNKA, 0 }, Local4) }
                    If (LEqual (Local3, 1)) { Store (Package (4) { 0, 0, LNKB, 0 }, Local4) }
                    If (LEqual (Local3, 2)) { Store (Package (4) { 0, 0, LNKC, 0 }, Local4) }
                    If (LEqual (Local3, 3)) { Store (Package (4) { 0, 0, LNKD, 0 }, Local4) }
                    /* The power management function's own pin is wired to interrupt 9. */
                    If (LEqual (Local1, 4)) { Store (Package (4) { 0, 0, LNKS, 0 }, Local4) }
                    Store (Or (ShiftLeft (Local2, 16), 0xFFFF), Index (Local4, 0))
                    Store (And (Local1, 3), Index (Local4, 1))
                    Store (Local4, Index (Local0, Local1))
                    Increment (Local1)
                }
                Return (Local0)
            }

            Device (ISA)
            {
                Name (_ADR, 0x00010000)
                OperationRegion (PIRQ, PCI_Config, 0x60, 4)
                Field (PIRQ, ByteAcc, NoLock, Preserve) { PRQA, 8, PRQB, 8, PRQC, 8, PRQD, 8 }

                Device (RTC)
                {
                    Name (_HID, EisaId ("PNP0B00"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x0070, 0x0070, 0x01, 0x02)
                        IRQNoFlags () { 8 }
                    })
                }
                Device (TIMR)
                {
                    Name (_HID, EisaId ("PNP0100"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x0040, 0x0040, 0x01, 0x04)
                        IRQNoFlags () { 0 }
                    })
                }
                Device (SPKR)
                {
                    Name (_HID, EisaId ("PNP0800"))
                    Name (_CRS, ResourceTemplate () { IO (Decode16, 0x0061, 0x0061, 0x01, 0x01) })
                }
                Device (KBD)
                {
                    Name (_HID, EisaId ("PNP0303"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x0060, 0x0060, 0x01, 0x01)
                        IO (Decode16, 0x0064, 0x0064, 0x01, 0x01)
                        IRQNoFlags () { 1 }
                    })
                }
                Device (MOU)
                {
                    Name (_HID, EisaId ("PNP0F13"))
                    Name (_CRS, ResourceTemplate () { IRQNoFlags () { 12 } })
                }
                Device (COM1)
                {
                    Name (_HID, EisaId ("PNP0501"))
                    Name (_UID, 1)
                    Method (_STA) { If (And (COMS, 1)) { Return (15) } Return (0) }
                    Name (_CRS, ResourceTemplate () { IO (Decode16, 0x03F8, 0x03F8, 0, 8) IRQNoFlags () { 4 } })
                }
                Device (COM2)
                {
                    Name (_HID, EisaId ("PNP0501"))
                    Name (_UID, 2)
                    Method (_STA) { If (And (COMS, 2)) { Return (15) } Return (0) }
                    Name (_CRS, ResourceTemplate () { IO (Decode16, 0x02F8, 0x02F8, 0, 8) IRQNoFlags () { 3 } })
                }
                Device (COM3)
                {
                    Name (_HID, EisaId ("PNP0501"))
                    Name (_UID, 3)
                    Method (_STA) { If (And (COMS, 4)) { Return (15) } Return (0) }
                    Name (_CRS, ResourceTemplate () { IO (Decode16, 0x03E8, 0x03E8, 0, 8) IRQNoFlags () { 4 } })
                }
                Device (COM4)
                {
                    Name (_HID, EisaId ("PNP0501"))
                    Name (_UID, 4)
                    Method (_STA) { If (And (COMS, 8)) { Return (15) } Return (0) }
                    Name (_CRS, ResourceTemplate () { IO (Decode16, 0x02E8, 0x02E8, 0, 8) IRQNoFlags () { 3 } })
                }
                Device (FWCF)
                {
                    Name (_HID, "QEMU0002")
                    Name (_CRS, ResourceTemplate () { IO (Decode16, 0x0510, 0x0510, 0x01, 0x0C) })
                }
            }

            Device (PM)
            {
                Name (_ADR, 0x00010003)
            }
            Device (PMRS)
            {
                Name (_HID, EisaId ("PNP0C02"))
                Name (_CRS, ResourceTemplate ()
                {
                    IO (Decode16, 0x0600, 0x0600, 0x01, 0x40)
                    IO (Decode16, 0x00B2, 0x00B2, 0x01, 0x02)
                    IO (Decode16, 0x04D0, 0x04D0, 0x01, 0x02)
                    IO (Decode16, 0x0092, 0x0092, 0x01, 0x01)
                })
            }
        }

        Name (PRSL, ResourceTemplate () { Interrupt (, Level, ActiveHigh, Shared) { 5, 10, 11 } })
        Name (CURR, ResourceTemplate () { Interrupt (, Level, ActiveHigh, Shared) { 0 } })
        Method (LSTA, 1) { If (And (Arg0, 0x80)) { Return (9) } Return (11) }
        Method (LCRS, 1, Serialized)
        {
            CreateDWordField (CURR, 5, NUMB)
            Store (Zero, NUMB)
            If (LLess (Arg0, 0x80)) { Store (And (Arg0, 15), NUMB) }
            Return (CURR)
        }
        Method (LSRS, 1, Serialized)
        {
            CreateDWordField (Arg0, 5, NUMB)
            Return (NUMB)
        }

        Device (LNKA)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 0)
            Method (_PRS) { Return (PRSL) }
            Method (_STA) { Return (LSTA (^^PCI0.ISA.PRQA)) }
            Method (_DIS) { Or (^^PCI0.ISA.PRQA, 0x80, ^^PCI0.ISA.PRQA) }
            Method (_CRS) { Return (LCRS (^^PCI0.ISA.PRQA)) }
            Method (_SRS, 1) { Store (LSRS (Arg0), ^^PCI0.ISA.PRQA) }
        }
        Device (LNKB)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 1)
            Method (_PRS) { Return (PRSL) }
            Method (_STA) { Return (LSTA (^^PCI0.ISA.PRQB)) }
            Method (_DIS) { Or (^^PCI0.ISA.PRQB, 0x80, ^^PCI0.ISA.PRQB) }
            Method (_CRS) { Return (LCRS (^^PCI0.ISA.PRQB)) }
            Method (_SRS, 1) { Store (LSRS (Arg0), ^^PCI0.ISA.PRQB) }
        }
        Device (LNKC)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 2)
            Method (_PRS) { Return (PRSL) }
            Method (_STA) { Return (LSTA (^^PCI0.ISA.PRQC)) }
            Method (_DIS) { Or (^^PCI0.ISA.PRQC, 0x80, ^^PCI0.ISA.PRQC) }
            Method (_CRS) { Return (LCRS (^^PCI0.ISA.PRQC)) }
            Method (_SRS, 1) { Store (LSRS (Arg0), ^^PCI0.ISA.PRQC) }
        }
        Device (LNKD)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 3)
            Method (_PRS) { Return (PRSL) }
            Method (_STA) { Return (LSTA (^^PCI0.ISA.PRQD)) }
            Method (_DIS) { Or (^^PCI0.ISA.PRQD, 0x80, ^^PCI0.ISA.PRQD) }
            Method (_CRS) { Return (LCRS (^^PCI0.ISA.PRQD)) }
            Method (_SRS, 1) { Store (LSRS (Arg0), ^^PCI0.ISA.PRQD) }
        }
        Device (LNKS)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 4)
            Name (FIXD, ResourceTemplate () { Interrupt (, Level, ActiveHigh, Shared) { 9 } })
            Method (_PRS) { Return (FIXD) }
            Method (_STA) { Return (11) }
            Method (_DIS) { }
            Method (_CRS) { Return (FIXD) }
            Method (_SRS, 1) { }
        }
    }
}
