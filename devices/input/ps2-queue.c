/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ps2-queue.h"

#include <string.h>

static const StateField ps2_queue_fields[] = {
  STATE_BLOB (Ps2Queue, events),
  STATE_BLOB (Ps2Queue, answers),
  STATE_INT_IN (Ps2Queue, n_events, 0, PS2_QUEUE_EVENTS),
  STATE_INT_IN (Ps2Queue, n_answers, 0, PS2_QUEUE_ANSWERS),
  STATE_INT (Ps2Queue, last),
};
const StateTable ps2_queue_table = STATE_TABLE (Ps2Queue, 1, ps2_queue_fields);

void
ps2_queue_clear (Ps2Queue *queue)
{
  queue->n_events = queue->n_answers = 0;
}

void
ps2_queue_clear_events (Ps2Queue *queue)
{
  queue->n_events = 0;
}

bool
ps2_queue_is_empty (const Ps2Queue *queue)
{
  return queue->n_events == 0 && queue->n_answers == 0;
}

unsigned
ps2_queue_get_room (const Ps2Queue *queue)
{
  return PS2_QUEUE_EVENTS - queue->n_events;
}

void
ps2_queue_put_event (Ps2Queue *queue, const uint8_t *bytes, unsigned n)
{
  g_assert (n <= ps2_queue_get_room (queue));
  memcpy (queue->events + queue->n_events, bytes, n);
  queue->n_events += n;
}

void
ps2_queue_put_answer (Ps2Queue *queue, uint8_t byte)
{
  if (queue->n_answers < PS2_QUEUE_ANSWERS)
    queue->answers[queue->n_answers++] = byte;
}

uint8_t
ps2_queue_take (Ps2Queue *queue)
{
  if (queue->n_answers > 0)
    {
      queue->last = queue->answers[0];
      memmove (queue->answers, queue->answers + 1, --queue->n_answers);
    }
  else if (queue->n_events > 0)
    {
      queue->last = queue->events[0];
      memmove (queue->events, queue->events + 1, --queue->n_events);
    }
  return queue->last;
}
