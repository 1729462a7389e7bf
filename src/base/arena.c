/* SPDX-License-Identifier: MIT
 * arena.c - one block, cut into slices.  The same code runs twice: once to measure, once to take. */
#include "base/base.h"

void *rc_take(rc_arena *a, size_t n, size_t size)
{
    char *p = a->base ? a->base + a->used : NULL;
    size_t bytes;
    if (!rc_mul(n, size, &bytes) || bytes > SIZE_MAX / 2 - a->used) {
        a->used = SIZE_MAX / 2 / RC_ALIGN * RC_ALIGN;      /* no allocator grants it: the plan fails when it is taken */
        return NULL;
    }
    a->used += (bytes + RC_ALIGN - 1) / RC_ALIGN * RC_ALIGN;
    return p;
}
