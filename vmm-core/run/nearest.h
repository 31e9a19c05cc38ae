/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which of the words somebody meant who typed another one; NULL: none is near. words ends with
 * NULL. */
const char *nearest_find (const char *typed, const char *const *words);
