/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/state.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes on their way from a PS/2 device to its host: answers to commands first, then events. */

#define PS2_QUEUE_EVENTS 128 /* what people type ahead while a guest is busy */
#define PS2_QUEUE_ANSWERS 16

typedef struct
{
  uint8_t events[PS2_QUEUE_EVENTS];
  uint8_t answers[PS2_QUEUE_ANSWERS];
  uint8_t n_events, n_answers;
  uint8_t last; /* sent last, for the resend command */
} Ps2Queue;

extern const StateTable ps2_queue_table;

void ps2_queue_clear (Ps2Queue *queue);
bool ps2_queue_is_empty (const Ps2Queue *queue);
/* Drops the events that wait; answers stay. */
void ps2_queue_clear_events (Ps2Queue *queue);
unsigned ps2_queue_get_room (const Ps2Queue *queue);
/* Appends all of an event, which must fit. */
void ps2_queue_put_event (Ps2Queue *queue, const uint8_t *bytes, unsigned n);
/* Appends an answer; one that does not fit is lost, as a host that never reads deserves. */
void ps2_queue_put_answer (Ps2Queue *queue, uint8_t byte);
/* The next byte; the last one again when there is none. */
uint8_t ps2_queue_take (Ps2Queue *queue);
