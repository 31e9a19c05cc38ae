/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/state.h"

/* What a board owns: every device once, in the order in which they were made. */
typedef struct BoardList BoardList;

#define BOARD_LIST_DEVICES 96
#define BOARD_LIST_NAME 24 /* bytes of an id or a model, the 0 at its end among them */
#define BOARD_DEVICE_STATES 4

typedef void (*BoardAct) (void *device);

typedef struct
{
  const char *id;    /* unique: "pit", "serial0" */
  const char *model; /* that of the catalogue; NULL: every board has it */
  void *device;
  BoardAct free;  /* NULL: what is saved belongs to the board itself */
  BoardAct reset; /* its reset line; NULL: none, or the bus that it is on has it */
  StateSection states[BOARD_DEVICE_STATES]; /* up to the first without an id */
} BoardDevice;

BoardList *board_list_new (void);
/* Frees the devices, too, the last one first. */
void board_list_free (BoardList *list);
/* Takes the device over; its names are copied. */
void board_list_add (BoardList *list, const BoardDevice *device);
/* The same for a device that is freed by PREFIX_free; its reset line, or NULL, and its states. */
#define BOARD_LIST_OWN(list, name, prefix, it, reset_act, ...)                                     \
  board_list_add (list, &(BoardDevice){ .id = name,                                                \
                                        .device = it,                                              \
                                        .free = (BoardAct) prefix##_free,                          \
                                        .reset = (BoardAct) (reset_act),                           \
                                        .states = { __VA_ARGS__ } })
/* All reset lines, the first device's first. */
void board_list_reset (BoardList *list);

/* Appends what devices there are and the state of each. */
void board_list_save (BoardList *list, GByteArray *stream);
/* Takes the state of the same devices from *cursor, which advances, and has every device show its
 * output lines, after an error, too. Error: STATE_ERROR, with a sentence that names the device. */
gboolean board_list_load (BoardList *list, const uint8_t **cursor, const uint8_t *end,
                          GError **error);
/* Every section of the state, that of the list first; borrowed. */
const StateSection *board_list_get_states (BoardList *list, unsigned *n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BoardList, board_list_free)
