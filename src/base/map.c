/* SPDX-License-Identifier: MIT
 * map.c - strings to numbers: open addressing over XXH3 with linear probing.  Entries stand in the order of insertion;
 * keys lie in blocks that never move, 0-ended, so that they may be handed out. */
#include "base/base.h"

typedef struct block {
    struct block *next;
    size_t used, cap;
    char s[];
} block;

typedef struct {
    const char *key;
    size_t n;
    uint64_t hash;
    int64_t value;
} entry;

struct rc_map {
    recur *r;
    entry *entry;
    size_t count, cap;
    uint32_t *slot;              /* index of the entry + 1; 0: free */
    size_t slots;                /* a power of two, at least twice the entries */
    block *block;
};

enum { BLOCK = 1 << 14, FEWEST = 64 };

int rc_map_new(recur *r, rc_map **out)
{
    rc_map *m = *out = rc_new(r, 1, sizeof *m);
    if (!m)
        return RECUR_ENOMEM;
    m->r = r;
    m->slots = FEWEST;
    m->slot = rc_new(r, m->slots, sizeof *m->slot);
    if (m->slot)
        return RECUR_OK;
    rc_map_free(m);
    *out = NULL;
    return RECUR_ENOMEM;
}

void rc_map_free(rc_map *m)
{
    if (!m)
        return;
    for (block *b = m->block, *next; b; b = next) {
        next = b->next;
        rc_free(m->r, b);
    }
    rc_free(m->r, m->slot);
    rc_free(m->r, m->entry);
    rc_free(m->r, m);
}

/* The key's slot, or the free one where it belongs. */
static uint32_t *find(const rc_map *m, const char *key, size_t n, uint64_t hash)
{
    for (size_t i = hash & (m->slots - 1);; i = (i + 1) & (m->slots - 1)) {
        uint32_t *s = &m->slot[i];
        if (!*s)
            return s;
        const entry *e = &m->entry[*s - 1];
        if (e->hash == hash && e->n == n && memcmp(e->key, key, n) == 0)
            return s;
    }
}

static int widen(rc_map *m)
{
    if (m->count == m->cap) {
        size_t cap = m->cap ? 2 * m->cap : FEWEST / 2;
        entry *e = cap < UINT32_MAX ? rc_grow(m->r, m->entry, m->cap, cap, sizeof *e) : NULL;
        if (!e)
            return rc_fail(m->r, RECUR_ENOMEM, "out of memory: a map of %zu strings", cap);
        m->entry = e;
        m->cap = cap;
    }
    if (2 * (m->count + 1) <= m->slots)
        return RECUR_OK;
    uint32_t *slot = rc_new(m->r, 2 * m->slots, sizeof *slot);
    if (!slot)
        return RECUR_ENOMEM;
    rc_free(m->r, m->slot);
    m->slot = slot;
    m->slots *= 2;
    for (size_t i = 0; i < m->count; i++) {
        const entry *e = &m->entry[i];
        *find(m, e->key, e->n, e->hash) = (uint32_t)i + 1;
    }
    return RECUR_OK;
}

static const char *keep(rc_map *m, const char *key, size_t n)
{
    block *b = m->block;
    if (!b || b->cap - b->used <= n) {
        size_t cap = n < BLOCK ? BLOCK : n + 1;
        b = rc_new(m->r, 1, sizeof *b + cap);
        if (!b)
            return NULL;
        b->cap = cap;
        b->next = m->block;
        m->block = b;
    }
    char *s = b->s + b->used;
    if (n)
        memcpy(s, key, n);
    s[n] = 0;
    b->used += n + 1;
    return s;
}

static int entry_of(rc_map *m, const char *key, size_t n, entry **out)
{
    uint64_t hash = rc_hash(key, n);
    uint32_t *s = find(m, key, n, hash);
    if (!*s) {
        int e = widen(m);
        const char *copy = e ? NULL : keep(m, key, n);
        if (!copy)
            return e ? e : RECUR_ENOMEM;
        m->entry[m->count] = (entry){ .key = copy, .n = n, .hash = hash };
        s = find(m, key, n, hash);
        *s = (uint32_t)++m->count;
    }
    *out = &m->entry[*s - 1];
    return RECUR_OK;
}

int64_t rc_map_get(const rc_map *m, const char *key, size_t n)
{
    const uint32_t *s = find(m, key, n, rc_hash(key, n));
    return *s ? m->entry[*s - 1].value : -1;
}

int rc_map_add(rc_map *m, const char *key, size_t n, int64_t delta, int64_t *value)
{
    entry *e;
    int error = entry_of(m, key, n, &e);
    if (error)
        return error;
    e->value += delta;
    if (value)
        *value = e->value;
    return RECUR_OK;
}

int rc_map_set(rc_map *m, const char *key, size_t n, int64_t value)
{
    entry *e;
    int error = entry_of(m, key, n, &e);
    if (!error)
        e->value = value;
    return error;
}

size_t rc_map_count(const rc_map *m)
{
    return m->count;
}

bool rc_map_at(const rc_map *m, size_t i, const char **key, size_t *n, int64_t *value)
{
    if (i >= m->count)
        return false;
    const entry *e = &m->entry[i];
    if (key)
        *key = e->key;
    if (n)
        *n = e->n;
    if (value)
        *value = e->value;
    return true;
}
