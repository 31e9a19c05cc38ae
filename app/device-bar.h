/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/model/machine.h"

G_BEGIN_DECLS

/* An icon for each kind of device of a running machine, with a menu, lit while the device works;
 * all of them in one button where there is little room (property "narrow"). */
#define DEVICE_BAR_TYPE (device_bar_get_type ())
G_DECLARE_FINAL_TYPE (DeviceBar, device_bar, DEVICE, BAR, GtkBox)

/* machine NULL: there is nothing to show. discs: the menu of its CD drives. */
void device_bar_show (DeviceBar *self, Machine *machine, GMenuModel *discs);

G_END_DECLS
