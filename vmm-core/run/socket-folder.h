/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Where the machines of a user listen. $XDG_RUNTIME_DIR is the place, in a Flatpak its app/ID,
 * which the instances share, but su, cron and ssh may not
 * set it, or leave another user's: then /run/user/UID is looked at, if it is the user's alone, and
 * the user's cache folder is what is always there. */

/* folder/guesthouse/uuid/control: in the first of these places where it exists already, or else in
 * the first that can be used. */
char *socket_folder_dup_control (const char *uuid);
