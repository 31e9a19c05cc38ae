/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drive-row.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "app/model/machine-disc.h"
#include "unit-field.h"

char *
drive_row_dup_title (GPtrArray *drives, const DriveListEntry *drive)
{
  unsigned number = 0, all = 0;

  for (unsigned i = 0; i < drives->len; i++)
    {
      const DriveListEntry *other = g_ptr_array_index (drives, i);

      all += other->cd == drive->cd;
      if (other == drive)
        number = all;
    }
  if (all < 2)
    return g_strdup (drive->cd ? _ ("CD Drive") : _ ("Disk"));
  return g_strdup_printf (drive->cd ? _ ("CD Drive %u") : _ ("Disk %u"), number);
}

/* The file's name, and the size that a disk has for the guest. */
static char *
describe (const DriveListEntry *drive, const char *path)
{
  g_autofree char *base = path != NULL ? g_filename_display_basename (path) : NULL;
  g_autofree char *size = NULL;
  GStatBuf status;

  if (base == NULL)
    return g_strdup (drive->cd ? _ ("Empty") : _ ("No file"));
  if (g_stat (path, &status) < 0)
    return g_strdup_printf (_ ("%s is missing"), base);
  if (drive->cd || !S_ISREG (status.st_mode))
    return g_steal_pointer (&base);
  size = unit_field_dup_size (status.st_size);
  return g_strdup_printf ("%s, %s", base, size);
}

AdwActionRow *
drive_row_new (Machine *machine, GPtrArray *drives, const DriveListEntry *drive, const char *when)
{
  GtkWidget *row = adw_action_row_new ();
  g_autofree char *title = drive_row_dup_title (drives, drive);
  g_autofree char *path = drive->cd             ? machine_disc_dup_path (machine, drive->id)
                          : drive->file != NULL ? machine_resolve_file (machine, drive->file)
                                                : NULL;
  g_autofree char *content = describe (drive, path);
  g_autofree char *subtitle
    = when != NULL ? g_strdup_printf ("%s — %s", content, when) : g_strdup (content);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 2);
  adw_action_row_set_icon_name (ADW_ACTION_ROW (row),
                                drive->cd ? "media-optical-symbolic" : "drive-harddisk-symbolic");
  gtk_widget_set_tooltip_text (row, path);
  return ADW_ACTION_ROW (row);
}
