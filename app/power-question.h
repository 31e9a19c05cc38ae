/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/model/machine.h"

/* The hard ways to end what a guest does, each of which asks first. */
void power_question_ask_off (Machine *machine, GtkWindow *parent);
void power_question_ask_reset (Machine *machine, GtkWindow *parent);

/* Cuts the power; ends the machine's process if that does not answer. */
void power_question_force_off (Machine *machine);
