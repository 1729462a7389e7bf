/* SPDX-License-Identifier: MIT
 * vocab.c - ids, strings, counts.  A map whose order of insertion is the order of ids. */
#include "text/text.h"

struct rc_vocab {
    recur *r;
    atomic_int shares;
    rc_map *map;
    int64_t *count;
    size_t cap;
};

int rc_ids_add(rc_ids *v, int32_t id)
{
    if (v->n == v->cap) {
        size_t cap = v->cap ? 2 * v->cap : 64;
        int32_t *p = rc_grow(v->r, v->id, v->cap, cap, sizeof *p);
        if (!p)
            return RECUR_ENOMEM;
        v->id = p;
        v->cap = cap;
    }
    v->id[v->n++] = id;
    return RECUR_OK;
}

void rc_ids_free(rc_ids *v)
{
    rc_free(v->r, v->id);
    *v = (rc_ids){ .r = v->r };
}

int rc_vocab_new(recur *r, rc_vocab **out)
{
    static const char *const special[] = { "<unk>", "<s>", "</s>" };
    rc_vocab *v = *out = rc_new(r, 1, sizeof *v);
    if (!v)
        return RECUR_ENOMEM;
    v->r = r;
    int e = rc_map_new(r, &v->map);
    for (int i = 0; i < RC_FIRST && !e; i++)
        e = rc_vocab_add(v, special[i], strlen(special[i]), 0, NULL);
    if (e) {
        rc_vocab_free(v);
        *out = NULL;
    }
    return e;
}

void rc_vocab_free(rc_vocab *v)
{
    if (!v || atomic_fetch_sub(&v->shares, 1) > 0)
        return;
    rc_map_free(v->map);
    rc_free(v->r, v->count);
    rc_free(v->r, v);
}

rc_vocab *rc_vocab_share(rc_vocab *v)
{
    if (v)
        atomic_fetch_add(&v->shares, 1);
    return v;
}

int rc_vocab_size(const rc_vocab *v)
{
    return (int)rc_map_count(v->map);
}

int32_t rc_vocab_id(const rc_vocab *v, const char *s, size_t n)
{
    int64_t id = rc_map_get(v->map, s, n);
    return id < 0 ? RC_UNK : (int32_t)id;
}

const char *rc_vocab_str(const rc_vocab *v, int32_t id, size_t *n)
{
    const char *s = NULL;
    size_t length = 0;
    if (id >= 0)
        rc_map_at(v->map, (size_t)id, &s, &length, NULL);
    if (n)
        *n = length;
    return s;
}

int64_t rc_vocab_count(const rc_vocab *v, int32_t id)
{
    return id >= 0 && id < rc_vocab_size(v) ? v->count[id] : 0;
}

int rc_vocab_add(rc_vocab *v, const char *s, size_t n, int64_t count, int32_t *id)
{
    size_t V = rc_map_count(v->map);
    if (V >= INT32_MAX)
        return rc_fail(v->r, RECUR_EFORMAT, "vocabulary of more than %d entries", INT32_MAX);
    if (rc_map_get(v->map, s, n) >= 0)
        return rc_fail(v->r, RECUR_EFORMAT, "vocabulary: \"%.*s\" stands there twice", n < 99 ? (int)n : 99, s);
    if (V == v->cap) {
        size_t cap = V ? 2 * V : 64;
        int64_t *p = rc_grow(v->r, v->count, V, cap, sizeof *p);
        if (!p)
            return RECUR_ENOMEM;
        v->count = p;
        v->cap = cap;
    }
    int e = rc_map_set(v->map, s, n, (int64_t)V);
    if (e)
        return e;
    v->count[V] = count;
    if (id)
        *id = (int32_t)V;
    return RECUR_OK;
}
