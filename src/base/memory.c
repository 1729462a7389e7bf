/* SPDX-License-Identifier: MIT
 * memory.c - all memory comes through the runtime's allocator, aligned for the widest vectors. */
#include <stdlib.h>

#include "base/base.h"

bool rc_mul(size_t a, size_t b, size_t *out)
{
    *out = a * b;
    return a == 0 || *out / a == b;
}

static void *raw(recur *r, void *p, size_t n)
{
    if (r->alloc)
        return r->alloc(r->ud, p, n);
    if (n)
        return realloc(p, n);
    free(p);
    return NULL;
}

/* The allocator knows nothing of alignment: a block is taken longer, and what it returned stands just before the
 * aligned address. */
static void *block(recur *r, size_t n, size_t size)
{
    size_t bytes;
    if (!rc_mul(n, size, &bytes) || bytes > SIZE_MAX / 2) {
        rc_fail(r, RECUR_ENOMEM, "out of memory: %zu elements of %zu bytes exceed the address space", n, size);
        return NULL;
    }
    char *p = raw(r, NULL, bytes + RC_ALIGN + sizeof(void *));
    if (!p) {
        rc_fail(r, RECUR_ENOMEM, "out of memory: %zu bytes wanted", bytes);
        return NULL;
    }
    uintptr_t at = ((uintptr_t)p + sizeof(void *) + RC_ALIGN - 1) / RC_ALIGN * RC_ALIGN;
    char *out = p + (at - (uintptr_t)p);
    memcpy(out - sizeof(void *), &p, sizeof p);
    return out;
}

void *rc_new(recur *r, size_t n, size_t size)
{
    void *p = block(r, n, size);
    if (p)
        memset(p, 0, n * size);
    return p;
}

void *rc_grow(recur *r, void *p, size_t old, size_t n, size_t size)
{
    char *out = block(r, n, size);
    if (!out)
        return NULL;
    size_t keep = (old < n ? old : n) * size;
    if (p && keep)
        memcpy(out, p, keep);
    memset(out + keep, 0, n * size - keep);
    rc_free(r, p);
    return out;
}

void rc_free(recur *r, void *p)
{
    if (!p)
        return;
    void *start;
    memcpy(&start, (char *)p - sizeof(void *), sizeof start);
    raw(r, start, 0);
}

char *rc_copy_n(recur *r, const char *s, size_t n)
{
    char *out = rc_new(r, n + 1, 1);
    if (out && n)
        memcpy(out, s, n);
    return out;
}

char *rc_copy(recur *r, const char *s)
{
    return rc_copy_n(r, s, strlen(s));
}
