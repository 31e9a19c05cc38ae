/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "board-list.h"

#include <glib/gi18n.h>
#include <string.h>

/* The list in a saved state, so that it is refused before a device sees anything of it. */
typedef struct
{
  char id[BOARD_LIST_NAME], model[BOARD_LIST_NAME];
} BoardListEntry;

typedef struct
{
  BoardListEntry devices[BOARD_LIST_DEVICES]; /* up to the first without an id */
} BoardListState;

typedef struct
{
  void *device;
  BoardAct free, reset;
} Owned;

struct BoardList
{
  BoardListState names; /* parallel to owned */
  GArray *owned;
  GArray *states;
  BoardListState saved; /* what the stream says */
};

static const StateField entry_fields[]
  = { STATE_BLOB (BoardListEntry, id), STATE_BLOB (BoardListEntry, model) };
static const StateTable entry_table = STATE_TABLE (BoardListEntry, 1, entry_fields);
static const StateField list_fields[]
  = { STATE_NESTED_ARRAY (BoardListState, devices, &entry_table) };
static const StateTable list_table = STATE_TABLE (BoardListState, 1, list_fields);

static void
before_save (void *device)
{
  BoardList *list = device;

  list->saved = list->names;
}

static const BoardListEntry *
find (const BoardListState *state, const char *id)
{
  for (unsigned i = 0; i < BOARD_LIST_DEVICES; i++)
    if (strcmp (state->devices[i].id, id) == 0)
      return &state->devices[i];
  return NULL;
}

/* Both have the same devices, in whatever order. */
static gboolean
after_load (void *device, GError **error)
{
  BoardList *list = device;

  for (unsigned i = 0; i < BOARD_LIST_DEVICES; i++)
    {
      BoardListEntry *entry = &list->saved.devices[i];

      entry->id[BOARD_LIST_NAME - 1] = entry->model[BOARD_LIST_NAME - 1] = '\0';
      if (*entry->id == '\0' || find (&list->names, entry->id) != NULL)
        continue;
      g_set_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM,
                   _ ("The saved state has the device “%s”, which the machine has not: add it to "
                      "the machine."),
                   entry->id);
      return FALSE;
    }
  for (unsigned i = 0; i < list->owned->len; i++)
    {
      const BoardListEntry *ours = &list->names.devices[i];
      const BoardListEntry *theirs = find (&list->saved, ours->id);

      if (theirs != NULL && strcmp (theirs->model, ours->model) == 0)
        continue;
      if (theirs == NULL)
        g_set_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM,
                     _ ("The machine has the device “%s”, which the saved state has not: remove it "
                        "from the machine."),
                     ours->id);
      else
        g_set_error (
          error, STATE_ERROR, STATE_ERROR_BAD_STREAM,
          _ ("The device “%s” has the model “%s” in the saved state: give it that in the "
             "machine."),
          ours->id, theirs->model);
      return FALSE;
    }
  return TRUE;
}

BoardList *
board_list_new (void)
{
  BoardList *list = g_new0 (BoardList, 1);
  StateSection section = { .id = "devices",
                           .table = &list_table,
                           .state = &list->saved,
                           .device = list,
                           .before_save = before_save,
                           .after_load = after_load };

  list->owned = g_array_new (FALSE, FALSE, sizeof (Owned));
  list->states = g_array_new (FALSE, FALSE, sizeof (StateSection));
  g_array_append_val (list->states, section);
  return list;
}

void
board_list_free (BoardList *list)
{
  if (list == NULL)
    return;
  for (unsigned i = list->owned->len; i-- > 0;)
    {
      const Owned *owned = &g_array_index (list->owned, Owned, i);

      if (owned->free != NULL)
        owned->free (owned->device);
    }
  g_array_unref (list->owned);
  g_array_unref (list->states);
  g_free (list);
}

static void
copy_name (char to[BOARD_LIST_NAME], const char *name)
{
  g_assert (strlen (name) < BOARD_LIST_NAME);
  strcpy (to, name);
}

void
board_list_add (BoardList *list, const BoardDevice *device)
{
  unsigned n = list->owned->len;
  Owned owned = { device->device, device->free, device->reset };

  g_assert (n < BOARD_LIST_DEVICES && find (&list->names, device->id) == NULL);
  copy_name (list->names.devices[n].id, device->id);
  copy_name (list->names.devices[n].model, device->model != NULL ? device->model : "");
  g_array_append_val (list->owned, owned);
  for (unsigned i = 0; i < BOARD_DEVICE_STATES && device->states[i].id != NULL; i++)
    g_array_append_val (list->states, device->states[i]);
}

void
board_list_reset (BoardList *list)
{
  for (unsigned i = 0; i < list->owned->len; i++)
    {
      const Owned *owned = &g_array_index (list->owned, Owned, i);

      if (owned->reset != NULL)
        owned->reset (owned->device);
    }
}

const StateSection *
board_list_get_states (BoardList *list, unsigned *n)
{
  *n = list->states->len;
  return (const StateSection *) list->states->data;
}

void
board_list_save (BoardList *list, GByteArray *stream)
{
  unsigned n;
  const StateSection *states = board_list_get_states (list, &n);

  state_save_all (states, n, stream);
}

gboolean
board_list_load (BoardList *list, const uint8_t **cursor, const uint8_t *end, GError **error)
{
  unsigned n;
  const StateSection *states = board_list_get_states (list, &n);
  gboolean loaded = state_load_all (states, n, cursor, end, error);

  /* After a failure, too: else a reset would leave lines up that nobody drives. */
  for (unsigned i = 0; i < n; i++)
    if (states[i].show_lines != NULL)
      states[i].show_lines (states[i].device);
  return loaded;
}
