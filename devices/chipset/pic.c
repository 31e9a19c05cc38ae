/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel 8259A data sheet (231468); ELCR of the 82371SB PIIX3, 2.5.4.8. MCS-80 mode is not there,
 * nor buffered mode, which only moves a pin. */
#include "pic.h"

#include "vmm-core/trace.h"

#define ICW1 0x10
#define ICW1_IC4 0x01
#define ICW1_SNGL 0x02
#define ICW1_LTIM 0x08
#define ICW4_AEOI 0x02
#define ICW4_SFNM 0x10
#define OCW3 0x08
#define OCW3_RIS 0x01
#define OCW3_RR 0x02
#define OCW3_P 0x04
#define OCW3_SMM 0x20
#define OCW3_ESMM 0x40
#define OCW2_EOI 0x20
#define OCW2_SL 0x40
#define OCW2_R 0x80

#define CASCADE 2

typedef struct
{
  uint8_t lines; /* levels of the inputs */
  uint8_t edges; /* rising edges not yet acknowledged */
  uint8_t isr;
  uint8_t imr;
  uint8_t elcr;
  uint8_t icw1, icw2, icw4;
  uint8_t expects; /* the ICW that the next write to the odd port is, 2 to 4; 0: OCW1 */
  uint8_t lowest;  /* the input of lowest priority */
  bool rotate_aeoi;
  bool special_mask;
  bool read_isr;
  bool poll;
} PicChipState;

typedef struct
{
  PicChipState chips[2];
  bool intr;
  uint8_t asked; /* the master's input for which INTR was raised last */
} PicState;

typedef struct
{
  Pic *pic;
  unsigned index;
} PicChip;

struct Pic
{
  Bus *io;
  Irq intr;
  void (*taken) (void *data); /* NULL: nobody asks */
  void *taken_data;
  PicChip chips[2];
  PicState state;
};

static const StateField pic_chip_fields[] = {
  STATE_INT (PicChipState, lines),
  STATE_INT (PicChipState, edges),
  STATE_INT (PicChipState, isr),
  STATE_INT (PicChipState, imr),
  STATE_INT (PicChipState, elcr),
  STATE_INT (PicChipState, icw1),
  STATE_INT (PicChipState, icw2),
  STATE_INT (PicChipState, icw4),
  STATE_INT_IN (PicChipState, expects, 0, 4),
  STATE_INT_IN (PicChipState, lowest, 0, 7),
  STATE_FLAG (PicChipState, rotate_aeoi),
  STATE_FLAG (PicChipState, special_mask),
  STATE_FLAG (PicChipState, read_isr),
  STATE_FLAG (PicChipState, poll),
};
static const StateTable pic_chip_table = STATE_TABLE (PicChipState, 1, pic_chip_fields);
static const StateField pic_fields[] = {
  STATE_NESTED_ARRAY (PicState, chips, &pic_chip_table),
  STATE_FLAG (PicState, intr),
  STATE_INT_IN (PicState, asked, 0, 7),
};
static const StateTable pic_table = STATE_TABLE (PicState, 1, pic_fields);

static uint8_t
pic_chip_level_mask (const PicChipState *chip)
{
  return chip->icw1 & ICW1_LTIM ? 0xff : chip->elcr;
}

static uint8_t
pic_chip_irr (const PicChipState *chip)
{
  uint8_t level = pic_chip_level_mask (chip);

  return (chip->lines & level) | (chip->edges & ~level);
}

/* The input of highest priority among bits, or -1. */
static int
pic_chip_highest (const PicChipState *chip, uint8_t bits)
{
  for (unsigned i = 1; i <= 8; i++)
    {
      unsigned input = (chip->lowest + i) & 7;

      if (bits >> input & 1)
        return (int) input;
    }
  return -1;
}

static unsigned
pic_chip_rank (const PicChipState *chip, int input)
{
  return input < 0 ? 8 : (unsigned) (input - chip->lowest - 1) & 7;
}

/* The input that requests service now, or -1. */
static int
pic_request (const Pic *pic, unsigned index)
{
  const PicChipState *chip = &pic->state.chips[index];
  int wanted = pic_chip_highest (chip, pic_chip_irr (chip) & ~chip->imr);
  uint8_t serving = chip->isr;

  if (wanted < 0 || chip->expects != 0)
    return -1;
  if (chip->special_mask)
    serving &= ~chip->imr;
  /* Special fully nested: a slave in service may interrupt again, with a higher input of its
   * own. */
  if ((chip->icw4 & ICW4_SFNM) && index == 0)
    serving &= ~(1 << CASCADE);
  return pic_chip_rank (chip, wanted) < pic_chip_rank (chip, pic_chip_highest (chip, serving))
           ? wanted
           : -1;
}

static void
pic_chip_set_line (PicChipState *chip, unsigned input, bool level)
{
  uint8_t bit = 1 << input;

  /* The latch opens with the input: who withdraws his request is not served (“IR7 default”). */
  if (!level)
    chip->edges &= ~bit;
  else if (!(chip->lines & bit))
    chip->edges |= bit;
  chip->lines = level ? chip->lines | bit : chip->lines & ~bit;
}

static void
pic_update (Pic *pic)
{
  int request;
  bool intr;

  pic_chip_set_line (&pic->state.chips[0], CASCADE, pic_request (pic, 1) >= 0);
  request = pic_request (pic, 0);
  intr = request >= 0;
  if (intr)
    pic->state.asked = request;
  if (intr == pic->state.intr)
    return;
  pic->state.intr = intr;
  irq_set (pic->intr, intr);
}

static void
pic_set_input (void *data, unsigned input, bool level)
{
  Pic *pic = data;

  TRACE ("pic.input", "%u %s", input, level ? "high" : "low");
  pic_chip_set_line (&pic->state.chips[input >> 3], input & 7, level);
  pic_update (pic);
}

Irq
pic_get_irq (Pic *pic, unsigned n)
{
  g_assert (n < 16 && n != CASCADE);
  return (Irq){ pic_set_input, pic, n };
}

/* INTA: the input goes into service, unless the end is automatic. */
static void
pic_chip_take (PicChipState *chip, unsigned input)
{
  chip->edges &= ~(1 << input);
  if (!(chip->icw4 & ICW4_AEOI))
    chip->isr |= 1 << input;
  else if (chip->rotate_aeoi)
    chip->lowest = input;
}

/* After everything else, for it may raise the input again. */
static void
pic_tell_taken (Pic *pic, unsigned index, int input)
{
  if (index == 0 && input == 0 && pic->taken != NULL)
    pic->taken (pic->taken_data);
}

void
pic_set_taken (Pic *pic, void (*taken) (void *data), void *data)
{
  pic->taken = taken;
  pic->taken_data = data;
}

bool
pic_is_masked (const Pic *pic, unsigned n)
{
  const PicChipState *chip = &pic->state.chips[n >> 3];

  return chip->expects != 0 || (chip->imr >> (n & 7) & 1);
}

bool
pic_get_intr (const Pic *pic)
{
  return pic->state.intr;
}

uint8_t
pic_acknowledge (Pic *pic)
{
  unsigned index = 0;
  int input = pic_request (pic, 0);
  uint8_t vector;

  /* Too late: the request has been withdrawn since INTR was raised. The chip that made it gives the
   * vector of its input 7, with no bit of ISR; the master has the slave in service. */
  if (input < 0 && pic->state.asked == CASCADE)
    input = CASCADE;
  if (input >= 0)
    pic_chip_take (&pic->state.chips[0], input);
  if (input == CASCADE && !(pic->state.chips[0].icw1 & ICW1_SNGL))
    {
      index = 1;
      input = pic_request (pic, 1);
      if (input >= 0)
        pic_chip_take (&pic->state.chips[1], input);
    }
  vector = pic->state.chips[index].icw2 | (input >= 0 ? input : 7);
  TRACE ("pic.acknowledge", "chip %u input %d vector %#x", index, input, vector);
  pic_update (pic);
  pic_tell_taken (pic, index, input);
  return vector;
}

uint8_t
pic_get_elcr (const Pic *pic, unsigned chip)
{
  return pic->state.chips[chip].elcr;
}

void
pic_set_elcr (Pic *pic, unsigned chip, uint8_t elcr)
{
  pic->state.chips[chip].elcr = elcr;
  pic_update (pic);
}

static void
pic_chip_init (PicChipState *chip, uint8_t icw1)
{
  chip->icw1 = icw1;
  chip->edges = 0; /* the edge detectors want a new edge */
  chip->isr = 0;
  chip->imr = 0;
  chip->icw4 = 0;
  chip->lowest = 7;
  chip->rotate_aeoi = false;
  chip->special_mask = false;
  chip->read_isr = false;
  chip->poll = false;
  chip->expects = 2;
}

static void
pic_chip_write_ocw2 (PicChipState *chip, uint8_t value)
{
  unsigned input = value & 7;

  if (value & OCW2_EOI)
    {
      uint8_t serving = chip->special_mask ? chip->isr & ~chip->imr : chip->isr;
      int ended = value & OCW2_SL ? (int) input : pic_chip_highest (chip, serving);

      if (ended < 0)
        return;
      chip->isr &= ~(1 << ended);
      if (value & OCW2_R)
        chip->lowest = ended;
    }
  else if (!(value & OCW2_SL))
    chip->rotate_aeoi = (value & OCW2_R) != 0;
  else if (value & OCW2_R)
    chip->lowest = input;
}

static void
pic_chip_write_ocw3 (PicChipState *chip, uint8_t value)
{
  chip->poll = (value & OCW3_P) != 0;
  if (value & OCW3_RR)
    chip->read_isr = (value & OCW3_RIS) != 0;
  if (value & OCW3_ESMM)
    chip->special_mask = (value & OCW3_SMM) != 0;
}

static void
pic_chip_write_odd (PicChipState *chip, uint8_t value)
{
  switch (chip->expects)
    {
    case 2:
      chip->icw2 = value & 0xf8;
      chip->expects = !(chip->icw1 & ICW1_SNGL) ? 3 : chip->icw1 & ICW1_IC4 ? 4 : 0;
      break;
    case 3: /* the cascade is wired: nothing to learn */
      chip->expects = chip->icw1 & ICW1_IC4 ? 4 : 0;
      break;
    case 4:
      chip->icw4 = value;
      chip->expects = 0;
      break;
    default:
      chip->imr = value;
      break;
    }
}

static void
pic_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  PicChip *which = device;
  PicChipState *chip = &which->pic->state.chips[which->index];

  TRACE ("pic.write", "chip %u port %u value %#x", which->index, (unsigned) offset,
         (unsigned) value);
  if (offset == 1)
    pic_chip_write_odd (chip, value);
  else if (value & ICW1)
    pic_chip_init (chip, value);
  else if (value & OCW3)
    pic_chip_write_ocw3 (chip, value);
  else
    pic_chip_write_ocw2 (chip, value);
  pic_update (which->pic);
}

/* A read after the poll command is an acknowledge cycle of this chip alone. */
static uint8_t
pic_poll (Pic *pic, unsigned index)
{
  PicChipState *chip = &pic->state.chips[index];
  int input = pic_request (pic, index);

  chip->poll = false;
  if (input < 0)
    return 0;
  pic_chip_take (chip, input);
  pic_update (pic);
  pic_tell_taken (pic, index, input);
  return 0x80 | input;
}

static uint64_t
pic_read (void *device, uint64_t offset, unsigned size)
{
  PicChip *which = device;
  PicChipState *chip = &which->pic->state.chips[which->index];

  if (chip->poll)
    return pic_poll (which->pic, which->index);
  if (offset == 1)
    return chip->imr;
  return chip->read_isr ? chip->isr : pic_chip_irr (chip);
}

static const BusOps pic_ops = { .read = pic_read, .write = pic_write, .max_size = 1 };

Pic *
pic_new (Bus *io, Irq intr)
{
  Pic *pic = g_new0 (Pic, 1);

  pic->io = io;
  pic->intr = intr;
  for (unsigned i = 0; i < 2; i++)
    {
      pic->chips[i] = (PicChip){ pic, i };
      pic->state.chips[i].lowest = 7;
      bus_map (io, i == 0 ? 0x20 : 0xa0, 2, &pic_ops, &pic->chips[i]);
    }
  return pic;
}

void
pic_free (Pic *pic)
{
  if (pic == NULL)
    return;
  bus_unmap (pic->io, 0x20, 2, &pic->chips[0]);
  bus_unmap (pic->io, 0xa0, 2, &pic->chips[1]);
  g_free (pic);
}

void
pic_reset (Pic *pic)
{
  for (unsigned i = 0; i < 2; i++)
    {
      PicChipState *chip = &pic->state.chips[i];

      pic_chip_init (chip, 0);
      chip->expects = 0;
      chip->icw2 = 0;
      chip->elcr = 0;
    }
  pic_update (pic);
}

static gboolean
pic_after_load (void *device, GError **error)
{
  Pic *pic = device;

  for (unsigned i = 0; i < 2; i++)
    {
      PicChipState *chip = &pic->state.chips[i];

      if (chip->expects == 1 || (chip->icw2 & 7))
        {
          g_set_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM,
                       "The saved state of “pic” holds values that no interrupt controller has.");
          return FALSE;
        }
    }
  return TRUE;
}

static void
pic_show_lines (void *device)
{
  Pic *pic = device;

  irq_set (pic->intr, pic->state.intr);
}

StateSection
pic_state (Pic *pic)
{
  return (StateSection){
    .id = "pic",
    .table = &pic_table,
    .state = &pic->state,
    .device = pic,
    .after_load = pic_after_load,
    .show_lines = pic_show_lines,
  };
}
