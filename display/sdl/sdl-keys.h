/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <SDL.h>

/* The Linux input event code of an SDL scan code (a USB HID usage); 0 where there is none. */
unsigned sdl_keys_code (SDL_Scancode scancode);
