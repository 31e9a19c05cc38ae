/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "new-machine-dialog.h"

#include <glib/gi18n.h>

#include "app/model/machine-folder.h"
#include "app/model/machine-name.h"
#include "app/model/os-detect.h"
#include "file-chooser.h"
#include "file-row.h"
#include "os-chooser.h"
#include "unit-field.h"
#include "vmm-core/run/machine-config.h"

struct _NewMachineDialog
{
  AdwWindow parent_instance;
  GCancellable *cancellable;
  char *disc, *disk; /* paths, or NULL */
  char *os;          /* libosinfo's id, or NULL */
  GSettings *settings;
  char *given_name; /* what the wizard wrote into the name's row */
  gboolean live;    /* the disc is enough */
  gboolean looking; /* at the disc */

  GtkStack *stack;
  GtkButton *back, *next, *finish, *create_now;
  AdwActionRow *iso_row, *disk_row;
  GtkCheckButton *iso_check, *disk_check;
  GtkSpinner *spinner;
  AdwActionRow *system_row, *summary_row, *new_disk_row;
  AdwPreferencesGroup *plan;
  AdwEntryRow *name_entry;
  GtkSpinButton *memory, *cpus, *disk_size;
  AdwActionRow *memory_row, *disk_size_row;
  GtkSwitch *disk_switch;
  AdwActionRow *review_name, *review_system, *review_source, *review_hardware, *review_disk;
  GtkLabel *problem;
};

G_DEFINE_FINAL_TYPE (NewMachineDialog, new_machine_dialog, ADW_TYPE_WINDOW)

static guint created_signal;

static const char *const pages[] = { "source", "hardware", "review" };

static unsigned
page_index (NewMachineDialog *self)
{
  const char *name = gtk_stack_get_visible_child_name (self->stack);

  for (unsigned i = 0; i < G_N_ELEMENTS (pages); i++)
    if (g_strcmp0 (pages[i], name) == 0)
      return i;
  return 0;
}

static gboolean
has_source (NewMachineDialog *self)
{
  if (gtk_check_button_get_active (self->iso_check))
    return self->disc != NULL;
  if (gtk_check_button_get_active (self->disk_check))
    return self->disk != NULL;
  return TRUE;
}

static char *
dup_hardware (NewMachineDialog *self)
{
  g_autofree char *memory
    = unit_field_dup_size ((guint64) gtk_spin_button_get_value_as_int (self->memory) << 20);
  int cpus = gtk_spin_button_get_value_as_int (self->cpus);
  g_autofree char *cpu_text
    = g_strdup_printf (ngettext ("%d virtual CPU", "%d virtual CPUs", cpus), cpus);

  return g_strdup_printf ("%s, %s", memory, cpu_text);
}

static const char *
get_disc (NewMachineDialog *self)
{
  return gtk_check_button_get_active (self->iso_check) ? self->disc : NULL;
}

static const char *
get_disk (NewMachineDialog *self)
{
  return gtk_check_button_get_active (self->disk_check) ? self->disk : NULL;
}

/* What a click on Create and Start will make. */
static void
show_plan (NewMachineDialog *self)
{
  gboolean new_disk = gtk_switch_get_active (self->disk_switch);
  g_autofree char *hardware = dup_hardware (self);
  g_autofree char *size = g_strdup_printf (_ ("%d GiB; space is taken only as it is filled"),
                                           gtk_spin_button_get_value_as_int (self->disk_size));

  file_row_show (self->iso_row, self->disc, _ ("Choose one, or drop it here"));
  file_row_show (self->disk_row, self->disk, _ ("Use a disk image that you have"));
  gtk_widget_set_visible (GTK_WIDGET (self->plan), has_source (self));
  gtk_widget_set_visible (GTK_WIDGET (self->new_disk_row), get_disk (self) == NULL);
  adw_action_row_set_subtitle (self->summary_row, hardware);
  adw_action_row_set_subtitle (self->new_disk_row,
                               new_disk ? size
                               : self->live && get_disc (self) != NULL
                                 ? _ ("Runs from the disc; add a disk to keep files")
                                 : _ ("None"));
  gtk_widget_set_sensitive (GTK_WIDGET (self->disk_size_row), new_disk);
}

static void
show_review (NewMachineDialog *self)
{
  g_autofree char *hardware = dup_hardware (self);
  g_autofree char *size = g_strdup_printf (_ ("A new disk of %d GiB"),
                                           gtk_spin_button_get_value_as_int (self->disk_size));

  adw_action_row_set_subtitle (self->review_name,
                               gtk_editable_get_text (GTK_EDITABLE (self->name_entry)));
  adw_action_row_set_subtitle (self->review_system, adw_action_row_get_subtitle (self->system_row));
  adw_action_row_set_subtitle (self->review_hardware, hardware);
  file_row_show (self->review_source, get_disc (self), _ ("Empty"));
  file_row_show (self->review_disk, get_disk (self),
                 gtk_switch_get_active (self->disk_switch) ? size : _ ("None"));
}

static void
update (NewMachineDialog *self)
{
  unsigned page = page_index (self);
  gboolean last = page == G_N_ELEMENTS (pages) - 1;
  gboolean named = *gtk_editable_get_text (GTK_EDITABLE (self->name_entry)) != '\0';
  gboolean ready = has_source (self) && named
                   && !(self->looking && gtk_check_button_get_active (self->iso_check));

  gtk_widget_set_visible (GTK_WIDGET (self->back), page > 0);
  gtk_widget_set_visible (GTK_WIDGET (self->create_now), page == 0);
  gtk_widget_set_visible (GTK_WIDGET (self->next), !last);
  gtk_widget_set_visible (GTK_WIDGET (self->finish), last);
  gtk_widget_set_sensitive (GTK_WIDGET (self->create_now), ready);
  gtk_widget_set_sensitive (GTK_WIDGET (self->next), ready);
  gtk_widget_set_sensitive (GTK_WIDGET (self->finish), ready);
  gtk_window_set_default_widget (GTK_WINDOW (self), GTK_WIDGET (page == 0 ? self->create_now
                                                                : last    ? self->finish
                                                                          : self->next));
  show_plan (self);
  if (last)
    show_review (self);
}

/* A disk is offered to whoever has none, unless the disc is enough. */
static void
source_changed (NewMachineDialog *self)
{
  gboolean from_disc = gtk_check_button_get_active (self->iso_check);

  gtk_switch_set_active (self->disk_switch,
                         from_disc ? !self->live : !gtk_check_button_get_active (self->disk_check));
  update (self);
}

/* A name that a person wrote stays. */
static void
set_name (NewMachineDialog *self, const char *name)
{
  g_autofree char *plain = g_strdelimit (g_strdup (name), "/", '-');
  const char *now = gtk_editable_get_text (GTK_EDITABLE (self->name_entry));

  if (*now != '\0' && g_strcmp0 (now, self->given_name) != 0)
    return;
  g_free (self->given_name);
  self->given_name = machine_name_dup_free (plain);
  gtk_editable_set_text (GTK_EDITABLE (self->name_entry), self->given_name);
}

/* MiB for a system of which nobody knows what it needs. */
static unsigned
get_usual_memory (NewMachineDialog *self)
{
  return g_settings_get_int (self->settings, "new-machine-memory");
}

/* The system is known now, by the disc or by a person: what it needs follows. */
static void
use_system (NewMachineDialog *self, const char *id, const char *description, unsigned memory,
            unsigned disk)
{
  g_free (self->os);
  self->os = g_strdup (id);
  adw_action_row_set_subtitle (self->system_row, description);
  gtk_spin_button_set_value (self->memory, MIN (memory, machine_config_get_host_memory () / 2));
  gtk_spin_button_set_value (self->disk_size, disk);
}

static void
set_looking (NewMachineDialog *self, gboolean looking)
{
  self->looking = looking;
  gtk_spinner_set_spinning (self->spinner, looking);
}

/* Choosing a source */

static void
detected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OsDetection) detection = os_detect_finish (result, &error);
  NewMachineDialog *self = data;

  if (detection == NULL)
    return; /* the dialog is gone, or another disc was chosen */
  set_looking (self, FALSE);
  use_system (self, detection->id,
              detection->known ? detection->name
                               : _ ("Not recognized: choose it, or what it needs"),
              detection->known ? detection->memory : get_usual_memory (self), detection->disk);
  set_name (self, detection->name);
  self->live = detection->live;
  source_changed (self);
}

static void
system_chosen (OsChooser *chooser, OsItem *item, NewMachineDialog *self)
{
  /* A detection still under way would overrule the person. */
  g_cancellable_cancel (self->cancellable);
  set_looking (self, FALSE);
  use_system (self, os_item_get_id (item), os_item_get_name (item),
              os_item_get_id (item) != NULL ? os_item_get_memory (item) : get_usual_memory (self),
              os_item_get_disk (item));
  if (os_item_get_id (item) != NULL)
    set_name (self, os_item_get_name (item));
  update (self);
}

static void
choose_system (NewMachineDialog *self)
{
  OsChooser *chooser = os_chooser_new (GTK_WINDOW (self));

  g_signal_connect_object (chooser, "chosen", G_CALLBACK (system_chosen), self, 0);
  gtk_window_present (GTK_WINDOW (chooser));
}

void
new_machine_dialog_use_disc (NewMachineDialog *self, const char *path)
{
  g_free (self->disc);
  self->disc = g_strdup (path);
  gtk_check_button_set_active (self->iso_check, TRUE);
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  self->cancellable = g_cancellable_new ();
  set_looking (self, TRUE);
  adw_action_row_set_subtitle (self->system_row, _ ("Looking at the disc…"));
  os_detect_async (path, self->cancellable, detected, self);
  update (self);
}

static void
use_disk (NewMachineDialog *self, const char *path)
{
  g_autofree char *name = os_detect_dup_name_of_file (path);

  g_free (self->disk);
  self->disk = g_strdup (path);
  gtk_check_button_set_active (self->disk_check, TRUE);
  set_name (self, name);
  source_changed (self);
}

static void
disc_chosen (gpointer owner, GFile *file, gpointer subject)
{
  new_machine_dialog_use_disc (owner, g_file_peek_path (file));
}

static void
disk_chosen (gpointer owner, GFile *file, gpointer subject)
{
  use_disk (owner, g_file_peek_path (file));
}

static void
choose_disc (NewMachineDialog *self)
{
  file_chooser_open (GTK_WINDOW (self), FILE_CHOOSER_DISC, self, disc_chosen, NULL, NULL);
}

static void
choose_disk (NewMachineDialog *self)
{
  file_chooser_open (GTK_WINDOW (self), FILE_CHOOSER_DISK, self, disk_chosen, NULL, NULL);
}

static gboolean
dropped (GtkDropTarget *target, const GValue *value, double x, double y, NewMachineDialog *self)
{
  GFile *file = g_value_get_object (value);

  if (!file_chooser_accepts (GTK_WINDOW (self), file))
    return FALSE;
  new_machine_dialog_use_disc (self, g_file_peek_path (file));
  return TRUE;
}

/* Going on */

static void
go_back (NewMachineDialog *self)
{
  gtk_stack_set_visible_child_name (self->stack, pages[page_index (self) - 1]);
  update (self);
}

static void
create (NewMachineDialog *self, gboolean power_on)
{
  MachineFolderPlan plan = {
    .name = gtk_editable_get_text (GTK_EDITABLE (self->name_entry)),
    .os = self->os,
    .memory = gtk_spin_button_get_value_as_int (self->memory),
    .cpus = gtk_spin_button_get_value_as_int (self->cpus),
    .disc = get_disc (self),
    .disk = get_disk (self),
    .disk_size = get_disk (self) == NULL && gtk_switch_get_active (self->disk_switch)
                   ? (guint64) gtk_spin_button_get_value_as_int (self->disk_size) << 30
                   : 0,
  };
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = machine_folder_create (&plan, &error);

  if (folder == NULL)
    {
      gtk_label_set_label (self->problem, error->message);
      gtk_widget_set_visible (GTK_WIDGET (self->problem), TRUE);
      return;
    }
  g_signal_emit (self, created_signal, 0, folder, power_on);
  gtk_window_close (GTK_WINDOW (self));
}

static void
go_on (NewMachineDialog *self)
{
  gtk_stack_set_visible_child_name (self->stack, pages[page_index (self) + 1]);
  update (self);
}

static void
create_only (NewMachineDialog *self)
{
  create (self, FALSE);
}

static void
create_and_start (NewMachineDialog *self)
{
  create (self, TRUE);
}

NewMachineDialog *
new_machine_dialog_new (GtkWindow *parent, GSettings *settings)
{
  NewMachineDialog *self = g_object_new (NEW_MACHINE_DIALOG_TYPE, "transient-for", parent, NULL);
  unsigned host = machine_config_get_host_memory ();
  g_autofree char *host_text = unit_field_dup_size ((guint64) host << 20);
  g_autofree char *memory_text = g_strdup_printf (_ ("This computer has %s"), host_text);

  self->settings = g_object_ref (settings);
  adw_action_row_set_subtitle (self->memory_row, memory_text);
  gtk_spin_button_set_range (self->memory, 64, MAX (host, 640) - 512);
  unit_field_set (self->memory, "MiB");
  unit_field_set (self->disk_size, "GiB");
  gtk_spin_button_set_value (self->memory, MIN (get_usual_memory (self), host / 2));
  gtk_spin_button_set_value (self->cpus, g_settings_get_int (settings, "new-machine-processors"));
  set_name (self, _ ("New Machine"));
  update (self);
  return self;
}

static void
new_machine_dialog_dispose (GObject *object)
{
  NewMachineDialog *self = NEW_MACHINE_DIALOG (object);

  g_cancellable_cancel (self->cancellable);
  G_OBJECT_CLASS (new_machine_dialog_parent_class)->dispose (object);
}

static void
new_machine_dialog_finalize (GObject *object)
{
  NewMachineDialog *self = NEW_MACHINE_DIALOG (object);

  g_clear_object (&self->cancellable);
  g_clear_object (&self->settings);
  g_free (self->disc);
  g_free (self->disk);
  g_free (self->os);
  g_free (self->given_name);
  G_OBJECT_CLASS (new_machine_dialog_parent_class)->finalize (object);
}

static void
new_machine_dialog_class_init (NewMachineDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  created_signal = g_signal_new ("created", NEW_MACHINE_DIALOG_TYPE, G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);
  G_OBJECT_CLASS (klass)->dispose = new_machine_dialog_dispose;
  G_OBJECT_CLASS (klass)->finalize = new_machine_dialog_finalize;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/guesthouse/Guesthouse/new-machine-dialog.ui");
#define CHILD(name) gtk_widget_class_bind_template_child (widget_class, NewMachineDialog, name)
  CHILD (stack);
  CHILD (back);
  CHILD (next);
  CHILD (finish);
  CHILD (create_now);
  CHILD (iso_row);
  CHILD (disk_row);
  CHILD (iso_check);
  CHILD (disk_check);
  CHILD (spinner);
  CHILD (system_row);
  CHILD (summary_row);
  CHILD (new_disk_row);
  CHILD (plan);
  CHILD (name_entry);
  CHILD (memory);
  CHILD (cpus);
  CHILD (disk_size);
  CHILD (memory_row);
  CHILD (disk_size_row);
  CHILD (disk_switch);
  CHILD (review_name);
  CHILD (review_system);
  CHILD (review_source);
  CHILD (review_hardware);
  CHILD (review_disk);
  CHILD (problem);
#undef CHILD
  gtk_widget_class_bind_template_callback (widget_class, choose_disc);
  gtk_widget_class_bind_template_callback (widget_class, choose_disk);
  gtk_widget_class_bind_template_callback (widget_class, choose_system);
  gtk_widget_class_bind_template_callback (widget_class, go_back);
  gtk_widget_class_bind_template_callback (widget_class, go_on);
  gtk_widget_class_bind_template_callback (widget_class, create_only);
  gtk_widget_class_bind_template_callback (widget_class, create_and_start);
  gtk_widget_class_bind_template_callback (widget_class, source_changed);
  gtk_widget_class_bind_template_callback (widget_class, update);
}

static void
new_machine_dialog_init (NewMachineDialog *self)
{
  GtkDropTarget *drop = gtk_drop_target_new (G_TYPE_FILE, GDK_ACTION_COPY);

  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (drop, "drop", G_CALLBACK (dropped), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drop));
}
