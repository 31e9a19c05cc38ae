/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The names of a machine's control interfaces, which org.guesthouse.Machine1.xml and
 * org.qemu.Display1.xml in vmm-core/run/ describe. */

#define CONTROL_MACHINE "org.guesthouse.Machine1"
#define CONTROL_MACHINE_PATH "/org/guesthouse/Machine1"

#define CONTROL_ERROR_FAILED "org.guesthouse.Error.Failed"
#define CONTROL_ERROR_WRONG_STATE "org.guesthouse.Error.WrongState"
#define CONTROL_ERROR_LEAVING "org.guesthouse.Error.Leaving"

#define CONTROL_CONSOLE "org.qemu.Display1.Console"
#define CONTROL_KEYBOARD "org.qemu.Display1.Keyboard"
#define CONTROL_MOUSE "org.qemu.Display1.Mouse"
#define CONTROL_CONSOLE_PATH "/org/qemu/Display1/Console_0"

/* Served by a viewer, over a connection of its own. */
#define CONTROL_LISTENER "org.qemu.Display1.Listener"
#define CONTROL_LISTENER_MAP "org.qemu.Display1.Listener.Unix.Map"
#define CONTROL_LISTENER_PATH "/org/qemu/Display1/Listener"
