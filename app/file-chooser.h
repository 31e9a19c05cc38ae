/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* Every file that is chosen. Each purpose begins in the folder where it was last served. */

typedef enum
{
  FILE_CHOOSER_DISC,      /* an image for a CD drive; at first in Downloads */
  FILE_CHOOSER_DISK,      /* an image of a hard disk */
  FILE_CHOOSER_FOLDER,    /* for machines; begins in the home folder */
  FILE_CHOOSER_SCREENSHOT /* a place for one; at first in Pictures */
} FileChooserPurpose;

typedef void (*FileChooserChosen) (gpointer owner, GFile *file, gpointer subject);

/* What is chosen is told to the owner, an object, if it is still there; subject may be NULL and is
 * freed in the end. */

/* The file, or folder, has a path, and that is UTF-8, as machine.conf needs it. */
void file_chooser_open (GtkWindow *parent, FileChooserPurpose purpose, gpointer owner,
                        FileChooserChosen chosen, gpointer subject, GDestroyNotify free_subject);
/* name is what the file is called at first. */
void file_chooser_save (GtkWindow *parent, FileChooserPurpose purpose, const char *name,
                        gpointer owner, FileChooserChosen chosen, gpointer subject,
                        GDestroyNotify free_subject);

/* Whether a file that was dropped or named otherwise could have been chosen; says why not. */
gboolean file_chooser_accepts (GtkWindow *parent, GFile *file);
