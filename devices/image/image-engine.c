/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image-engine.h"

#include <string.h>

#include "image-trouble.h"
#include "vmm-core/ready-source.h"

typedef struct
{
  ImageRequestKind kind;
  uint64_t offset, length;
  void *buffer; /* the caller's, where read data goes */
  ImageDone done;
  void *data;
  int result;
  char *sentence; /* what went wrong, for the user; NULL: nothing */
  uint8_t bytes[];
} Request;

struct ImageEngine
{
  const ImageFormat *format;
  void *format_data;
  char *path;
  uint64_t size;
  MachineLock *lock;
  ImageTroubled troubled;
  void *troubled_data;

  GThread *thread;
  GMutex mutex; /* of what follows */
  GCond changed;
  GQueue waiting;
  Request *working;      /* the host's disk has it */
  gboolean working_lost; /* nobody waits for it any more */
  GQueue finished;       /* its callback is still to run */
  GQueue held;           /* there was no room for it */
  gboolean closing;
  GSource *source; /* dispatches finished */
};

static void
request_free (gpointer data)
{
  Request *request = data;

  g_free (request->sentence);
  g_free (request);
}

static int
perform (ImageEngine *engine, Request *r)
{
  switch (r->kind)
    {
    case IMAGE_REQUEST_READ:
      return engine->format->read (engine->format_data, r->offset, r->bytes, r->length);
    case IMAGE_REQUEST_WRITE:
      return engine->format->write (engine->format_data, r->offset, r->bytes, r->length);
    case IMAGE_REQUEST_FLUSH:
      return engine->format->flush (engine->format_data);
    default:
      return engine->format->discard (engine->format_data, r->offset, r->length);
    }
}

static void
perform_and_explain (ImageEngine *engine, Request *r)
{
  ImageTroubleCause cause = { .path = engine->path, .size = engine->size, .length = r->length };

  cause.fd = engine->format->get_fd (engine->format_data);
  cause.writing = r->kind != IMAGE_REQUEST_READ;
  cause.error = r->result = perform (engine, r);
  /* A file that was deleted takes what is written to it: that is seen only by looking. */
  if (r->result == 0 && r->kind == IMAGE_REQUEST_FLUSH)
    cause.error = image_trouble_find (cause.fd, engine->size);
  g_clear_pointer (&r->sentence, g_free);
  if (cause.error != 0)
    r->sentence = image_trouble_describe (&cause);
}

static void
engine_destroy (ImageEngine *engine)
{
  engine->format->close (engine->format_data);
  g_queue_clear_full (&engine->waiting, request_free);
  g_queue_clear_full (&engine->finished, request_free);
  g_queue_clear_full (&engine->held, request_free);
  g_mutex_clear (&engine->mutex);
  g_cond_clear (&engine->changed);
  g_free (engine->path);
  g_free (engine);
}

/* mutex held. */
static void
work_on (ImageEngine *engine, Request *request)
{
  engine->working = request;
  engine->working_lost = FALSE;
  g_mutex_unlock (&engine->mutex);
  perform_and_explain (engine, request);
  g_mutex_lock (&engine->mutex);
  engine->working = NULL;
  if (engine->working_lost || engine->closing)
    {
      request_free (request);
      return;
    }
  g_queue_push_tail (&engine->finished, request);
  g_source_set_ready_time (engine->source, 0);
}

static gpointer
engine_run (gpointer data)
{
  ImageEngine *engine = data;

  g_mutex_lock (&engine->mutex);
  while (!engine->closing)
    {
      Request *request = g_queue_pop_head (&engine->waiting);

      if (request != NULL)
        work_on (engine, request);
      else
        g_cond_wait (&engine->changed, &engine->mutex);
    }
  g_mutex_unlock (&engine->mutex);
  engine_destroy (engine);
  return NULL;
}

/* A write that found no room is kept, for nothing of it is lost. After a flush that failed the host
 * may have dropped what it had cached, so that is a failure. */
static gboolean
may_be_held (ImageEngine *engine, const Request *r)
{
  return engine->troubled != NULL && image_trouble_is_lack_of_room (r->result)
         && (r->kind == IMAGE_REQUEST_WRITE || r->kind == IMAGE_REQUEST_DISCARD);
}

/* Runs the callbacks of what is finished, in that order. */
static gboolean
engine_dispatch (gpointer data)
{
  ImageEngine *engine = data;

  machine_lock_acquire (engine->lock);
  for (;;)
    {
      Request *r;
      gboolean hold;

      g_mutex_lock (&engine->mutex);
      r = g_queue_pop_head (&engine->finished);
      hold = r != NULL && may_be_held (engine, r);
      if (r == NULL)
        g_source_set_ready_time (engine->source, -1);
      else if (hold)
        g_queue_push_tail (&engine->held, r);
      g_mutex_unlock (&engine->mutex);
      if (r == NULL)
        break;
      if (r->sentence != NULL && engine->troubled != NULL)
        engine->troubled (engine->troubled_data, hold ? IMAGE_TROUBLE_FULL : IMAGE_TROUBLE_FAILED,
                          r->sentence);
      if (hold)
        continue;
      if (r->kind == IMAGE_REQUEST_READ && r->result == 0)
        memcpy (r->buffer, r->bytes, r->length);
      r->done (r->data, r->result);
      request_free (r);
    }
  machine_lock_release (engine->lock);
  return G_SOURCE_CONTINUE;
}

ImageEngine *
image_engine_new (const ImageFormat *format, void *format_data, const char *path,
                  GMainContext *context, MachineLock *lock)
{
  ImageEngine *engine = g_new0 (ImageEngine, 1);

  engine->format = format;
  engine->format_data = format_data;
  engine->path = g_strdup (path);
  engine->size = format->get_size (format_data);
  engine->lock = lock;
  g_mutex_init (&engine->mutex);
  g_cond_init (&engine->changed);
  engine->source = ready_source_new (engine_dispatch, engine);
  g_source_attach (engine->source, context);
  engine->thread = g_thread_new ("image", engine_run, engine);
  return engine;
}

void
image_engine_free (ImageEngine *engine)
{
  GThread *thread = engine->thread;
  GSource *source = engine->source;
  gboolean busy;

  g_mutex_lock (&engine->mutex);
  engine->closing = TRUE;
  busy = engine->working != NULL;
  g_cond_signal (&engine->changed);
  g_mutex_unlock (&engine->mutex);
  /* From here on the engine is the thread's. One that has nothing to do closes the file at once,
   * and then others may open it. */
  g_source_destroy (source);
  g_source_unref (source);
  if (busy)
    g_thread_unref (thread);
  else
    g_thread_join (thread);
}

void
image_engine_set_listener (ImageEngine *engine, ImageTroubled troubled, void *data)
{
  engine->troubled = troubled;
  engine->troubled_data = data;
}

void
image_engine_submit (ImageEngine *engine, ImageRequestKind kind, uint64_t offset, void *buffer,
                     uint64_t length, ImageDone done, void *data)
{
  gboolean moves = kind == IMAGE_REQUEST_READ || kind == IMAGE_REQUEST_WRITE;
  Request *request = g_malloc (sizeof *request + (moves ? length : 0));

  *request = (Request){
    .kind = kind, .offset = offset, .buffer = buffer, .length = length, .done = done, .data = data
  };
  if (kind == IMAGE_REQUEST_WRITE)
    memcpy (request->bytes, buffer, length);
  g_mutex_lock (&engine->mutex);
  g_queue_push_tail (&engine->waiting, request);
  g_cond_signal (&engine->changed);
  g_mutex_unlock (&engine->mutex);
}

static void
drop (GQueue *queue, void *data)
{
  for (GList *at = queue->head, *next; at != NULL; at = next)
    {
      Request *request = at->data;

      next = at->next;
      if (request->data == data)
        {
          request_free (request);
          g_queue_delete_link (queue, at);
        }
    }
}

void
image_engine_cancel (ImageEngine *engine, void *data)
{
  g_mutex_lock (&engine->mutex);
  drop (&engine->waiting, data);
  drop (&engine->finished, data);
  drop (&engine->held, data);
  if (engine->working != NULL && engine->working->data == data)
    engine->working_lost = TRUE;
  g_mutex_unlock (&engine->mutex);
}

void
image_engine_retry (ImageEngine *engine)
{
  Request *request;

  g_mutex_lock (&engine->mutex);
  while ((request = g_queue_pop_tail (&engine->held)) != NULL)
    g_queue_push_head (&engine->waiting, request);
  g_cond_signal (&engine->changed);
  g_mutex_unlock (&engine->mutex);
}
