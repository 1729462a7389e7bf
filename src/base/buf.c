/* SPDX-License-Identifier: MIT
 * buf.c - text that grows. */
#include <stdio.h>

#include "base/base.h"

void rc_buf_init(rc_buf *b, recur *r, size_t limit)
{
    *b = (rc_buf){ .r = r, .limit = limit ? limit : (size_t)1 << 30 };
}

char *rc_buf_room(rc_buf *b, size_t n)
{
    if (b->error)
        return NULL;
    if (n > b->limit || b->n > b->limit - n) {
        b->error = rc_fail(b->r, RECUR_EDATA, "text longer than %zu bytes", b->limit);
        return NULL;
    }
    size_t need = b->n + n + 1;
    if (need > b->cap) {
        size_t cap = b->cap ? b->cap : 256;
        while (cap < need)
            cap *= 2;
        if (cap > b->limit + 1)
            cap = b->limit + 1;
        char *s = rc_grow(b->r, b->s, b->n, cap, 1);
        if (!s) {
            b->error = RECUR_ENOMEM;
            return NULL;
        }
        b->s = s;
        b->cap = cap;
    }
    return b->s + b->n;
}

int rc_buf_add(rc_buf *b, const void *s, size_t n)
{
    char *to = rc_buf_room(b, n);
    if (!to)
        return b->error;
    if (n)
        memcpy(to, s, n);
    b->n += n;
    b->s[b->n] = 0;
    return RECUR_OK;
}

int rc_buf_print(rc_buf *b, const char *form, ...)
{
    va_list list, again;
    va_start(list, form);
    va_copy(again, list);
    int n = vsnprintf(NULL, 0, form, list);
    char *to = n < 0 ? NULL : rc_buf_room(b, (size_t)n);
    if (to) {
        vsnprintf(to, (size_t)n + 1, form, again);
        b->n += (size_t)n;
    } else if (n < 0 && !b->error) {
        b->error = rc_fail(b->r, RECUR_EDATA, "cannot format a text");
    }
    va_end(again);
    va_end(list);
    return b->error;
}

void rc_buf_free(rc_buf *b)
{
    rc_free(b->r, b->s);
    rc_buf_init(b, b->r, b->limit);
}

char *rc_buf_take(rc_buf *b)
{
    if (rc_buf_add(b, "", 0)) {
        rc_buf_free(b);
        return NULL;
    }
    char *s = b->s;
    rc_buf_init(b, b->r, b->limit);
    return s;
}
