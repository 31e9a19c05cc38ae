/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit-field.h"

/* The largest unit of which it is a whole number, if that is short; else as GLib rounds it. */
char *
unit_field_dup_size (guint64 bytes)
{
  static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };

  for (unsigned i = G_N_ELEMENTS (units); i-- > 0;)
    {
      guint64 number = bytes >> 10 * (i + 1);

      if (number << 10 * (i + 1) == bytes && number > 0 && number < 1024)
        return g_strdup_printf ("%u %s", (unsigned) number, units[i]);
    }
  return g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
}

static gboolean
show (GtkSpinButton *field, const char *unit)
{
  g_autofree char *text = g_strdup_printf ("%d %s", (int) gtk_spin_button_get_value (field), unit);

  if (g_strcmp0 (text, gtk_editable_get_text (GTK_EDITABLE (field))) != 0)
    gtk_editable_set_text (GTK_EDITABLE (field), text);
  return TRUE;
}

/* With its unit or without. */
static int
parse (GtkSpinButton *field, double *value)
{
  char *end;

  *value = g_strtod (gtk_editable_get_text (GTK_EDITABLE (field)), &end);
  return end != gtk_editable_get_text (GTK_EDITABLE (field)) ? TRUE : GTK_INPUT_ERROR;
}

void
unit_field_set (GtkSpinButton *field, const char *unit)
{
  gtk_spin_button_set_numeric (field, FALSE);
  gtk_editable_set_width_chars (GTK_EDITABLE (field), 9);
  g_signal_connect (field, "output", G_CALLBACK (show), (gpointer) unit);
  g_signal_connect (field, "input", G_CALLBACK (parse), NULL);
  show (field, unit);
}
