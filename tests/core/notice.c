/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm-core/notice.h"

typedef struct
{
  GMainContext *context;
  Notice *notice;
  unsigned looks;
} Fixture;

static void
count (void *data)
{
  ((Fixture *) data)->looks++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->context = g_main_context_new ();
  f->looks = 0;
  f->notice = notice_new (f->context, count, f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  notice_free (f->notice);
  g_main_context_unref (f->context);
}

static void
settle (Fixture *f)
{
  while (g_main_context_iteration (f->context, FALSE))
    ;
}

static void *
give_many (void *data)
{
  for (unsigned i = 0; i < 100000; i++)
    notice_give (((Fixture *) data)->notice, 0);
  return NULL;
}

static void
test_many_notices_are_one_look (Fixture *f, gconstpointer data)
{
  GThread *threads[2];

  settle (f);
  g_assert_cmpuint (f->looks, ==, 0);
  for (unsigned i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("giver", give_many, f);
  for (unsigned i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  settle (f);
  g_assert_cmpuint (f->looks, ==, 1);
  notice_give (f->notice, 0);
  settle (f);
  g_assert_cmpuint (f->looks, ==, 2);
}

static void
test_the_earliest_counts (Fixture *f, gconstpointer data)
{
  notice_give (f->notice, G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC);
  settle (f);
  g_assert_cmpuint (f->looks, ==, 0);
  notice_give (f->notice, 0);
  notice_give (f->notice, G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC);
  settle (f);
  g_assert_cmpuint (f->looks, ==, 1);
  settle (f);
  g_assert_cmpuint (f->looks, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/notice/many", Fixture, NULL, set_up, test_many_notices_are_one_look, tear_down);
  g_test_add ("/notice/earliest", Fixture, NULL, set_up, test_the_earliest_counts, tear_down);
  return g_test_run ();
}
