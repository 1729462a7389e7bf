/* SPDX-License-Identifier: MIT
 * The list of heads, and the count that heads of numbers share. */
#include <math.h>

#include "head/head.h"

#define X(name) extern const rc_head_kind rc_head_##name;
#include "head/list.h"
#undef X
#define X(name) &rc_head_##name,
const rc_head_kind *const rc_head_kinds[] = {
#include "head/list.h"
    NULL
};
#undef X

const rc_head_kind *rc_head_find(const char *name)
{
    for (int i = 0; rc_head_kinds[i]; i++)
        if (!strcmp(rc_head_kinds[i]->name, name))
            return rc_head_kinds[i];
    return NULL;
}

int64_t rc_head_count_values(const rc_head *h, const recur_batch *b, int rows, int width)
{
    int64_t n = 0;
    const float *v = b->value[h->index];
    for (size_t i = 0; i < (size_t)rows * (size_t)width; i++)
        n += !isnan(v[i]);
    return n;
}
