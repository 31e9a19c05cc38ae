/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#define DISPLAY1_CONSOLE_PATH "/org/qemu/Display1/Console_0"
#define DISPLAY1_KEYBOARD "org.qemu.Display1.Keyboard"
#define DISPLAY1_MOUSE "org.qemu.Display1.Mouse"

/* Calls a method of the machine's console; nobody waits for the answer. Takes a floating arguments.
 * connection NULL or closed: the call goes nowhere. */
void display1_call (GDBusConnection *connection, const char *interface, const char *method,
                    GVariant *arguments);
