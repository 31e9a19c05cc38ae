/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Scan codes: IBM PS/2 Hardware Interface Technical Reference, keyboard; the newer keys are from
 * the USB HID to PS/2 translation table. */

/* What the 8042 makes of a byte of scan code set 2; F0h is its own matter. */
extern const uint8_t ps2_keys_translation[128];

/* The set 1 code of a Linux key code, with E000h added for the keys of the extended keyboard; 0:
 * the key is not on this keyboard. Print Screen and Pause have sequences of their own. */
uint16_t ps2_keys_get_set1 (unsigned key);
/* The set 2 code that translates to that set 1 code (without the E0h). */
uint8_t ps2_keys_set1_to_set2 (uint8_t set1);
/* The Korean keys say when they are pressed, and nothing else, in sets 1 and 2. */
bool ps2_keys_has_no_break (uint8_t set1);
/* The set 3 code of a Linux key code; 0: none. */
uint8_t ps2_keys_get_set3 (unsigned key);
