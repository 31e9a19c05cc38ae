/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

/* A toast that shows a whole sentence, on several lines if need be, long enough to be read. */
AdwToast *sentence_toast_new (const char *sentence);
