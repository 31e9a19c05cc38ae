/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A descriptor for what fd, a standard stream that others may share, leads to, such that writes do
 * not wait: a pipe or terminal is opened once more, because its flags belong to everybody who has
 * it open. -1 where that cannot be had: files never wait, sockets are asked for it by each call. */
int output_fd_open (int fd);
