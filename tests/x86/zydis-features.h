/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <Zydis/Zydis.h>

#include "vmm-core/x86/x86-features.h"

/* Whether a CPU with these features has an instruction. One that is TZCNT or LZCNT it has in any
 * case: as BSF or BSR. */
bool zydis_features_have (uint32_t features, const ZydisDecodedInstruction *instruction);
