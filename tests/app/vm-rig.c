/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vm-rig.h"

#include <stdarg.h>

#include "vmm-core/control-names.h"

void
vm_rig_open (VmRig *rig)
{
  *rig = (VmRig){ .folder = g_dir_make_tmp ("guesthouse-XXXXXX", NULL) };
  rig->socket = g_build_filename (rig->folder, "control", NULL);
}

void
vm_rig_start (VmRig *rig, const char *program, ...)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_autofree char *address = g_strdup_printf ("unix:path=%s", rig->socket);
  g_autoptr (GError) error = NULL;
  va_list options;

  g_ptr_array_add (words, (char *) program);
  va_start (options, program);
  for (char *word = va_arg (options, char *); word != NULL; word = va_arg (options, char *))
    g_ptr_array_add (words, word);
  va_end (options);
  g_ptr_array_add (words, "--control");
  g_ptr_array_add (words, rig->socket);
  g_ptr_array_add (words, NULL);
  rig->process
    = g_subprocess_newv ((const char *const *) words->pdata, G_SUBPROCESS_FLAGS_NONE, &error);
  g_assert_no_error (error);
  while (rig->connection == NULL)
    {
      g_usleep (20000);
      rig->connection = g_dbus_connection_new_for_address_sync (
        address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL, NULL);
    }
  rig->machine = gh_machine1_proxy_new_sync (rig->connection, G_DBUS_PROXY_FLAGS_NONE, NULL,
                                             CONTROL_MACHINE_PATH, NULL, &error);
  g_assert_no_error (error);
}

void
vm_rig_close (VmRig *rig)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_subprocess_wait_check (rig->process, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (g_file_test (rig->socket, G_FILE_TEST_EXISTS));
  g_spawn_sync (NULL, (char *[]){ "/bin/rm", "-rf", rig->folder, NULL }, NULL, 0, NULL, NULL, NULL,
                NULL, NULL, NULL);
  g_object_unref (rig->machine);
  g_object_unref (rig->connection);
  g_object_unref (rig->process);
  g_free (rig->folder);
  g_free (rig->socket);
}
