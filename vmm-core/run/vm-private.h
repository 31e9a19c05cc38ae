/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vm.h"

#include "vm-drives.h"
#include "vmm-core/notice.h"
#include "vmm-core/vcpus.h"

/* What the files of a machine share; nobody else includes this. */

struct Vm
{
  MachineConfig *config;
  CpuTopology topology;
  AccelCpu cpu;
  int folder_lock; /* -1: none */
  VmState state;
  char *failure;
  const char *failed_drive; /* whose file hindered the start; NULL: none */
  char *pause_reason;       /* NULL: nothing but a command */
  guint room_tries;         /* 0: a command resumes it */
  VmDone started;           /* while it starts */
  void *started_data;
  guint wait_told;  /* 0: it waits for nothing, or that is told */
  char *disk_error; /* since power on; NULL: none */
  const AccelOps *accel;
  char *accel_reason;

  GMainContext *context;
  MachineLock *lock;
  Console *console;
  Input *input;
  VmDrives *drives;
  Chardev **outputs; /* of the devices that have one, parallel to the configuration's */
  Chardev *debugcon;

  /* Made anew at each power on. */
  Clock *clock;
  BoardPc *board;
  Vcpus *vcpus;

  int test_status; /* -1: the guest gave none */
  unsigned wishes; /* BoardEvents to serve, one bit each; under the lock */
  char *disk_full, *disk_failed, *memory_lost; /* sentences to serve; under the lock */
  Notice *wish_notice;
  VmListener listener;
  void *listener_data;
};

/* vm.c */
void vm_set_state (Vm *vm, VmState state);
gboolean vm_is_on (Vm *vm);
/* FALSE, with the sentence that it is in another state than it must be. */
gboolean vm_wrong_state (Vm *vm, const char *must_be, GError **error);
gboolean vm_make_vcpus (Vm *vm, GError **error);
/* From a machine that stands to one that runs, and back. */
void vm_run (Vm *vm);
gboolean vm_halt (Vm *vm, GError **error);
void vm_crash (Vm *vm, const char *message);
