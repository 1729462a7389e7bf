/* SPDX-License-Identifier: MIT
 * zh.c - the library's messages in Chinese.  A row is X(form, form in Chinese); both take the same arguments in the same
 * order.  What only a programmer sees, the name of a function in front, stays English.  tests/words.py holds the rows to
 * the sources: none is missing, none is left over. */
#include <inttypes.h>

#include "api/api.h"
#include "format/safetensors.h"

const rc_word rc_words_zh[] = {
#define X(en, zh) { en, zh },
#include "zh_files.h"
#include "zh_net.h"
#include "zh_train.h"
#include "zh_task.h"
#include "zh_series.h"
#include "zh_use.h"
#undef X
    { NULL, NULL },
};
