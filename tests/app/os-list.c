/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of operating systems to choose from: its order, what the search finds, and what a system
 * is said to need. */
#include "app/model/os-list.h"

static void
loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  *(GListModel **) data = os_list_load_finish (result, &error);
  g_assert_no_error (error);
}

static GListModel *
load (void)
{
  GListModel *systems = NULL;

  os_list_load_async (NULL, loaded, &systems);
  while (systems == NULL)
    g_main_context_iteration (NULL, TRUE);
  return systems;
}

static OsItem *
find (GListModel *systems, const char *id, guint *position)
{
  for (*position = 0; *position < g_list_model_get_n_items (systems); (*position)++)
    {
      g_autoptr (OsItem) item = g_list_model_get_item (systems, *position);

      if (g_strcmp0 (os_item_get_id (item), id) == 0)
        return g_steal_pointer (&item);
    }
  g_assert_not_reached ();
}

/* Numbers count as numbers, and the system that stands for all others is the first. */
static void
test_order (void)
{
  g_autoptr (GListModel) systems = load ();
  guint nine, ten, other;
  g_autoptr (OsItem) debian9 = find (systems, "http://debian.org/debian/9", &nine);
  g_autoptr (OsItem) debian10 = find (systems, "http://debian.org/debian/10", &ten);
  g_autoptr (OsItem) unknown = find (systems, NULL, &other);

  g_assert_cmpuint (other, ==, 0);
  g_assert_cmpuint (nine, <, ten);
  g_assert_cmpstr (os_item_get_name (debian9), ==, "Debian 9");
  g_assert_cmpuint (os_item_get_memory (unknown), ==, 1024);
  g_assert_cmpuint (os_item_get_disk (unknown), ==, 20);
}

static void
test_search (void)
{
  g_autoptr (GListModel) systems = load ();
  guint position;
  g_autoptr (OsItem) debian = find (systems, "http://debian.org/debian/10", &position);
  g_autoptr (OsItem) unknown = find (systems, NULL, &position);

  g_assert_true (os_item_matches (debian, ""));
  g_assert_true (os_item_matches (debian, "debian"));
  g_assert_true (os_item_matches (debian, "10  DEB"));
  g_assert_true (os_item_matches (debian, "debian10"));
  g_assert_true (os_item_matches (debian, "buster"));
  g_assert_false (os_item_matches (debian, "debian fedora"));
  g_assert_true (os_item_matches (unknown, "something that nobody has"));
}

/* Windows wants more memory than a small Linux; whatever is asked for can be given. */
static void
test_needs (void)
{
  g_autoptr (GListModel) systems = load ();
  guint position;
  g_autoptr (OsItem) small = find (systems, "http://debian.org/debian/4", &position);
  g_autoptr (OsItem) large = find (systems, "http://microsoft.com/win/10", &position);

  g_assert_cmpuint (os_item_get_memory (large), >, os_item_get_memory (small));
  for (guint i = 0; i < g_list_model_get_n_items (systems); i++)
    {
      g_autoptr (OsItem) item = g_list_model_get_item (systems, i);

      g_assert_cmpuint (os_item_get_memory (item), >=, 128);
      g_assert_cmpuint (os_item_get_memory (item), <=, 16384);
      g_assert_cmpuint (os_item_get_disk (item), >=, 1);
      g_assert_cmpuint (os_item_get_disk (item), <=, 2048);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/os-list/order", test_order);
  g_test_add_func ("/os-list/search", test_search);
  g_test_add_func ("/os-list/needs", test_needs);
  return g_test_run ();
}
