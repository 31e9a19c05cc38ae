/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "machine-devices.h"
#include "vmm-core/smbios-texts.h"

/* machine.conf: what a machine consists of. The file's keys are described in machine.conf.md beside
 * this file. */

#define MACHINE_CONFIG_DEFAULT_MEMORY 512 /* MiB */
#define MACHINE_CONFIG_FILE "machine.conf"
#define MACHINE_CONFIG_CPUS 8
#define MACHINE_CONFIG_LOCK_PATIENCE 2000 /* ms that a process which was told to quit may take */

typedef struct
{
  char *folder; /* NULL: a quick machine */
  char *name, *uuid;
  unsigned memory; /* MiB */
  unsigned cpus;
  char *topology;        /* as in machine-topology.h */
  char *cpu_model;       /* as in x86/cpu-models.h */
  char *hyperv;          /* auto, on, off */
  gboolean nested;       /* the guest can run virtual machines itself */
  char *os;              /* id in libosinfo; NULL: unknown */
  char *accelerator;     /* auto, kvm, translator, interpreter, none */
  char *ticks;           /* catch-up, merge */
  unsigned code_cache;   /* KiB for translated code */
  char *boot;            /* letters c, d, n, or names of drives */
  gboolean boot_menu;    /* the firmware waits for Esc */
  char *bios, *vga_bios; /* NULL: the distribution's */
  GPtrArray *devices;    /* as in machine-devices.h */
  char *debugcon;
  char *kernel, *initrd, *append;
  SmbiosTexts smbios;
  gboolean test_device; /* for guests that test the machine */
} MachineConfig;

/* A machine with 512 MiB, one CPU and nothing attached. */
MachineConfig *machine_config_new (void);
void machine_config_free (MachineConfig *config);

/* Reads folder/machine.conf. A file without a uuid is given one, which it keeps. Error: one
 * sentence that names the file, the key and the remedy. */
MachineConfig *machine_config_load (const char *folder, GError **error);
/* The file's text, or NULL. */
char *machine_config_dup_text (const char *folder);
/* The file as it is, with comments and whatever else stands in it; what is none is refused with the
 * number of the line. */
GKeyFile *machine_config_load_key_file (const char *folder, GError **error);
/* The same from a key file; path is for messages. */
MachineConfig *machine_config_from_key_file (GKeyFile *file, const char *folder, const char *path,
                                             GError **error);

/* Checks values wherever they came from (options, too). */
gboolean machine_config_check (const MachineConfig *config, GError **error);
/* The same of what is to be, or stands, in the machine.conf of folder. */
gboolean machine_config_check_key_file (GKeyFile *file, const char *folder, GError **error);

/* MiB that this computer has. */
unsigned machine_config_get_host_memory (void);
/* A size, or a number of MiB; 0 with error if it is none. */
unsigned machine_config_parse_memory (const char *text, GError **error);

/* The same, in KiB; 0 with error if it is none. */
unsigned machine_config_parse_code_cache (const char *text, GError **error);

/* Writes a key file as folder/machine.conf: after a crash at any instant the old or the new one is
 * there. Both are closed to others. */
gboolean machine_config_write_key_file (GKeyFile *file, const char *folder, GError **error);

/* The same of a text that is none. */
gboolean machine_config_write_text (const char *text, gsize length, const char *folder,
                                    GError **error);

/* Takes the lock that keeps a machine from being started twice, or deleted while it runs: a file
 * descriptor whose closing gives it back, or -1. Waits up to patience ms for it. A folder of ours
 * that others could look into is closed to them. */
int machine_config_lock_folder (const char *folder, unsigned patience, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MachineConfig, machine_config_free)
