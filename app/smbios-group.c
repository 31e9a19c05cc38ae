/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "smbios-group.h"

#include <glib/gi18n.h>

#include "vmm-core/run/machine-smbios.h"

struct _SmbiosGroup
{
  AdwPreferencesGroup parent_instance;
  Machine *machine;
};

G_DEFINE_FINAL_TYPE (SmbiosGroup, smbios_group, ADW_TYPE_PREFERENCES_GROUP)

/* Keys of machine.conf, and what their rows are called in the .ui file. */
static const char *const keys[]
  = { "manufacturer", "product", "version", "serial", "sku", "family", "asset-tag" };

static GtkEditable *
get_row (SmbiosGroup *self, unsigned i)
{
  return GTK_EDITABLE (
    gtk_widget_get_template_child (GTK_WIDGET (self), SMBIOS_GROUP_TYPE, keys[i]));
}

static void
show_problem (SmbiosGroup *self, const char *sentence)
{
  g_signal_emit_by_name (self->machine, "problem", sentence);
}

/* TRUE if it is another text than machine.conf has. No text is none: the machine has one of its
 * own. */
static gboolean
put_text (SmbiosGroup *self, unsigned i)
{
  GKeyFile *conf = machine_get_conf (self->machine);
  const char *text = gtk_editable_get_text (get_row (self, i));
  g_autofree char *old = machine_get_string (self->machine, MACHINE_SMBIOS_GROUP, keys[i]);

  if (g_strcmp0 (old != NULL ? old : "", text) == 0)
    return FALSE;
  if (*text == '\0')
    g_key_file_remove_key (conf, MACHINE_SMBIOS_GROUP, keys[i], NULL);
  else
    g_key_file_set_string (conf, MACHINE_SMBIOS_GROUP, keys[i], text);
  return TRUE;
}

static void
apply (SmbiosGroup *self)
{
  g_autoptr (GError) error = NULL;
  gboolean changed = FALSE;

  for (unsigned i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      GtkEditable *row = get_row (self, i);

      if (machine_smbios_is_text (gtk_editable_get_text (row)))
        {
          gtk_widget_remove_css_class (GTK_WIDGET (row), "error");
          changed |= put_text (self, i);
        }
      else
        {
          g_autofree char *sentence = g_strdup_printf (
            _ ("“%s” has more than %u bytes: write a shorter text."),
            adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row)), SMBIOS_TEXT_MAX);

          gtk_widget_add_css_class (GTK_WIDGET (row), "error");
          show_problem (self, sentence);
        }
    }
  if (changed && !machine_save (self->machine, &error))
    show_problem (self, error->message);
}

void
smbios_group_set_machine (SmbiosGroup *self, Machine *machine)
{
  g_assert (self->machine == NULL);
  self->machine = g_object_ref (machine);
  for (unsigned i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *text = machine_get_string (machine, MACHINE_SMBIOS_GROUP, keys[i]);

      if (text != NULL)
        gtk_editable_set_text (get_row (self, i), text);
    }
}

/* What was typed is meant, also without Enter. */
static void
smbios_group_unmap (GtkWidget *widget)
{
  SmbiosGroup *self = SMBIOS_GROUP (widget);

  if (self->machine != NULL)
    apply (self);
  GTK_WIDGET_CLASS (smbios_group_parent_class)->unmap (widget);
}

static void
smbios_group_finalize (GObject *object)
{
  g_clear_object (&SMBIOS_GROUP (object)->machine);
  G_OBJECT_CLASS (smbios_group_parent_class)->finalize (object);
}

static void
smbios_group_class_init (SmbiosGroupClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = smbios_group_finalize;
  widget_class->unmap = smbios_group_unmap;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/guesthouse/Guesthouse/smbios-group.ui");
  for (unsigned i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_widget_class_bind_template_child_full (widget_class, keys[i], FALSE, 0);
  gtk_widget_class_bind_template_callback (widget_class, apply);
}

static void
smbios_group_init (SmbiosGroup *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
