/* SPDX-License-Identifier: GPL-3.0-or-later */
/* National Semiconductor PC16550D data sheet. The line has no speed: a byte written is gone at
 * once, so THRE and TEMT read as set, and input comes as fast as the guest takes it. */
#include "uart.h"

#include <string.h>

#include "vmm-core/trace.h"

enum
{
  RBR_THR,
  IER,
  IIR_FCR,
  LCR,
  MCR,
  LSR,
  MSR,
  SCR
};

#define FIFO_SIZE 16

#define IER_RX 0x01
#define IER_THRE 0x02
#define IER_LINE 0x04
#define IER_MODEM 0x08

#define IIR_NONE 0x01
#define IIR_MODEM 0x00
#define IIR_THRE 0x02
#define IIR_RX 0x04
#define IIR_LINE 0x06
#define IIR_TIMEOUT 0x0c
#define IIR_FIFOS 0xc0

#define FCR_ENABLE 0x01
#define FCR_CLEAR_RX 0x02

#define LCR_DLAB 0x80

#define MCR_DTR 0x01
#define MCR_RTS 0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10

#define LSR_DR 0x01
#define LSR_OE 0x02
#define LSR_THRE 0x20
#define LSR_TEMT 0x40

#define MSR_CTS 0x10
#define MSR_DSR 0x20
#define MSR_RI 0x40
#define MSR_DCD 0x80

typedef struct
{
  uint8_t ier, fcr, lcr, mcr, scr, dll, dlm;
  uint8_t modem;       /* MSR bits 4 to 7 as last seen */
  uint8_t modem_delta; /* MSR bits 0 to 3 */
  bool overrun;
  bool thre_pending; /* the transmitter became empty and nobody has been told */
  uint8_t fifo[FIFO_SIZE];
  uint8_t fifo_first, fifo_count;
} UartState;

struct Uart
{
  UartState state;
  Chardev *chardev;
  Irq irq;
  char *id;
};

static unsigned
fifo_depth (const UartState *s)
{
  return s->fcr & FCR_ENABLE ? FIFO_SIZE : 1;
}

static unsigned
fifo_trigger (const UartState *s)
{
  static const uint8_t levels[4] = { 1, 4, 8, 14 };

  return s->fcr & FCR_ENABLE ? levels[s->fcr >> 6] : 1;
}

/* The highest of the pending interrupts that IER lets through. */
static uint8_t
interrupt_id (const UartState *s)
{
  if ((s->ier & IER_LINE) && s->overrun)
    return IIR_LINE;
  if ((s->ier & IER_RX) && s->fifo_count >= fifo_trigger (s))
    return IIR_RX;
  /* Fewer bytes than the trigger: the line is idle by now, so the time-out has passed. */
  if ((s->ier & IER_RX) && s->fifo_count > 0)
    return IIR_TIMEOUT;
  if ((s->ier & IER_THRE) && s->thre_pending)
    return IIR_THRE;
  if ((s->ier & IER_MODEM) && s->modem_delta != 0)
    return IIR_MODEM;
  return IIR_NONE;
}

static void
update_irq (Uart *uart)
{
  const UartState *s = &uart->state;

  irq_set (uart->irq, interrupt_id (s) != IIR_NONE && (s->mcr & MCR_OUT2) && !(s->mcr & MCR_LOOP));
}

/* The modem inputs: a far end that is always there, or our own outputs in loopback. */
static void
update_modem (Uart *uart)
{
  UartState *s = &uart->state;
  uint8_t now = MSR_CTS | MSR_DSR | MSR_DCD;
  uint8_t changed;

  if (s->mcr & MCR_LOOP)
    now = (s->mcr & MCR_RTS ? MSR_CTS : 0) | (s->mcr & MCR_DTR ? MSR_DSR : 0)
          | (s->mcr & MCR_OUT1 ? MSR_RI : 0) | (s->mcr & MCR_OUT2 ? MSR_DCD : 0);
  changed = now ^ s->modem;
  s->modem_delta |= changed >> 4 & 0x0b;
  /* RI counts when it ends. */
  if ((changed & MSR_RI) && !(now & MSR_RI))
    s->modem_delta |= MSR_RI >> 4;
  s->modem = now;
}

static void
receive_byte (UartState *s, uint8_t byte)
{
  if (s->fifo_count == fifo_depth (s))
    {
      s->overrun = true;
      if (!(s->fcr & FCR_ENABLE))
        s->fifo[s->fifo_first] = byte; /* RBR is overwritten, a FIFO is not */
      return;
    }
  s->fifo[(s->fifo_first + s->fifo_count++) % FIFO_SIZE] = byte;
}

static size_t
uart_room (void *device)
{
  const UartState *s = &((Uart *) device)->state;

  return s->mcr & MCR_LOOP ? 0 : fifo_depth (s) - s->fifo_count;
}

static void
uart_receive (void *device, const uint8_t *data, size_t length)
{
  Uart *uart = device;

  for (size_t i = 0; i < length; i++)
    receive_byte (&uart->state, data[i]);
  update_irq (uart);
}

static uint8_t
read_rbr (Uart *uart)
{
  UartState *s = &uart->state;
  uint8_t byte = 0;

  if (s->fifo_count > 0)
    {
      byte = s->fifo[s->fifo_first];
      s->fifo_first = (s->fifo_first + 1) % FIFO_SIZE;
      s->fifo_count--;
      if (s->fifo_count == 0)
        chardev_accept_input (uart->chardev);
    }
  return byte;
}

static uint64_t
uart_read (void *device, uint64_t offset, unsigned size)
{
  Uart *uart = device;
  UartState *s = &uart->state;
  uint8_t value = 0xff;

  switch (offset)
    {
    case RBR_THR:
      value = s->lcr & LCR_DLAB ? s->dll : read_rbr (uart);
      break;
    case IER:
      value = s->lcr & LCR_DLAB ? s->dlm : s->ier;
      break;
    case IIR_FCR:
      value = interrupt_id (s);
      if (value == IIR_THRE)
        s->thre_pending = false;
      value |= s->fcr & FCR_ENABLE ? IIR_FIFOS : 0;
      break;
    case LCR:
      value = s->lcr;
      break;
    case MCR:
      value = s->mcr;
      break;
    case LSR:
      value = LSR_THRE | LSR_TEMT | (s->fifo_count > 0 ? LSR_DR : 0) | (s->overrun ? LSR_OE : 0);
      s->overrun = false;
      break;
    case MSR:
      value = s->modem | s->modem_delta;
      s->modem_delta = 0;
      break;
    case SCR:
      value = s->scr;
      break;
    default:
      break;
    }
  update_irq (uart);
  return value;
}

static void
write_thr (Uart *uart, uint8_t byte)
{
  UartState *s = &uart->state;

  if (s->mcr & MCR_LOOP)
    receive_byte (s, byte);
  else
    chardev_write (uart->chardev, &byte, 1);
  /* Full for a moment: a driver that never reads IIR needs the edge. */
  s->thre_pending = false;
  update_irq (uart);
  s->thre_pending = true;
}

static void
write_fcr (Uart *uart, uint8_t value)
{
  UartState *s = &uart->state;

  /* Switching FIFOs on or off empties them; the other bits count only while they are on. */
  if (((s->fcr ^ value) & FCR_ENABLE) || (value & FCR_CLEAR_RX))
    s->fifo_count = s->fifo_first = 0;
  s->fcr = value & FCR_ENABLE ? value & 0xc9 : 0;
  chardev_accept_input (uart->chardev);
}

static void
uart_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  Uart *uart = device;
  UartState *s = &uart->state;

  TRACE ("uart.write", "%s register %u value %#x", uart->id, (unsigned) offset, (unsigned) value);
  switch (offset)
    {
    case RBR_THR:
      if (s->lcr & LCR_DLAB)
        s->dll = value;
      else
        write_thr (uart, value);
      break;
    case IER:
      if (s->lcr & LCR_DLAB)
        s->dlm = value;
      else
        {
          /* Enabling the transmitter's interrupt while it is empty raises it. */
          if (!(s->ier & IER_THRE) && (value & IER_THRE))
            s->thre_pending = true;
          s->ier = value & 0x0f;
        }
      break;
    case IIR_FCR:
      write_fcr (uart, value);
      break;
    case LCR:
      s->lcr = value;
      break;
    case MCR:
      s->mcr = value & 0x1f;
      update_modem (uart);
      chardev_accept_input (uart->chardev);
      break;
    case SCR:
      s->scr = value;
      break;
    default:
      break;
    }
  update_irq (uart);
}

const BusOps uart_ops = { uart_read, uart_write, 1, 1 };

void
uart_reset (Uart *uart)
{
  memset (&uart->state, 0, sizeof uart->state);
  uart->state.dll = 12; /* 9600 baud, as firmware expects of a fresh port */
  uart->state.modem = MSR_CTS | MSR_DSR | MSR_DCD;
  update_irq (uart);
}

Uart *
uart_new (Chardev *chardev, Irq irq, const char *id)
{
  Uart *uart = g_new0 (Uart, 1);

  uart->chardev = chardev;
  uart->irq = irq;
  uart->id = g_strdup (id);
  uart_reset (uart);
  chardev_set_receiver (chardev, uart_room, uart_receive, uart);
  return uart;
}

void
uart_free (Uart *uart)
{
  if (uart == NULL)
    return;
  chardev_set_receiver (uart->chardev, NULL, NULL, NULL);
  g_free (uart->id);
  g_free (uart);
}

static const StateField uart_fields[] = {
  STATE_INT (UartState, ier),
  STATE_INT (UartState, fcr),
  STATE_INT (UartState, lcr),
  STATE_INT (UartState, mcr),
  STATE_INT (UartState, scr),
  STATE_INT (UartState, dll),
  STATE_INT (UartState, dlm),
  STATE_INT (UartState, modem),
  STATE_INT (UartState, modem_delta),
  STATE_FLAG (UartState, overrun),
  STATE_FLAG (UartState, thre_pending),
  STATE_BLOB (UartState, fifo),
  STATE_INT_IN (UartState, fifo_first, 0, FIFO_SIZE - 1),
  STATE_INT (UartState, fifo_count),
};
static const StateTable uart_table = STATE_TABLE (UartState, 1, uart_fields);

static gboolean
uart_after_load (void *device, GError **error)
{
  const UartState *s = &((Uart *) device)->state;

  if (s->fifo_count <= fifo_depth (s))
    return TRUE;
  g_set_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM,
               "The saved state of “%s” holds more bytes than its FIFO.", ((Uart *) device)->id);
  return FALSE;
}

static void
uart_show_lines (void *device)
{
  update_irq (device);
}

StateSection
uart_state (Uart *uart)
{
  return (StateSection){ .id = uart->id,
                         .table = &uart_table,
                         .state = &uart->state,
                         .device = uart,
                         .after_load = uart_after_load,
                         .show_lines = uart_show_lines };
}
