/* SPDX-License-Identifier: MIT
 * pairs.c - the second column: pairs of neighbouring units that occurred at least twice.  The pair vocabulary's strings
 * are the two ids, four bytes each, lowest first. */
#include "text/unit.h"

enum { KEY = 8 };

static void key_of(int32_t left, int32_t right, char key[KEY])
{
    for (int i = 0; i < 4; i++) {
        key[i] = (char)(uint32_t)(left >> 8 * i);
        key[4 + i] = (char)(uint32_t)(right >> 8 * i);
    }
}

static int32_t half(const char *key)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++)
        v |= (uint32_t)(unsigned char)key[i] << 8 * i;
    return (int32_t)v;
}

/* Pairs are pairs of ids, and ids exist only when all has been read: the texts wait. */
int rc_pairs_keep(rc_text *t, const char *s, size_t n)
{
    rc_buf_add(&t->kept, &n, sizeof n);
    return rc_buf_add(&t->kept, s, n);
}

typedef struct {
    const rc_text *t;
    rc_map *counts;
    int32_t last;                /* -1 at the start of a text */
} counter;

static int count_pair(counter *x, int32_t id)
{
    char key[KEY];
    int32_t left = x->last;
    x->last = id;
    if (left < 0)
        return RECUR_OK;
    key_of(left, id, key);
    return rc_map_add(x->counts, key, KEY, 1, NULL);
}

static int count_piece(void *ud, const char *s, size_t n)
{
    counter *x = ud;
    return count_pair(x, rc_vocab_id(x->t->vocab, s, n));
}

static int count_texts(rc_text *t, rc_map *counts)
{
    int e = RECUR_OK;
    for (size_t at = 0, n; at < t->kept.n && !e; at += n) {
        memcpy(&n, t->kept.s + at, sizeof n);
        at += sizeof n;
        counter x = { t, counts, -1 };
        e = t->unit->cut(t, t->kept.s + at, n, count_piece, &x);
        if (!e)
            e = count_pair(&x, RC_EOS);
    }
    return e;
}

int rc_pairs_settle(rc_text *t)
{
    rc_map *counts = NULL;
    uint32_t *order = NULL;
    size_t n = 0;
    int e = rc_vocab_new(t->r, &t->pairs);
    if (!e)
        e = rc_map_new(t->r, &counts);
    if (!e)
        e = count_texts(t, counts);
    if (!e)
        e = rc_unit_order(t->r, counts, 2, (size_t)t->o.pairs, &order, &n);
    for (size_t i = 0; i < n && !e; i++) {
        const char *s;
        size_t length;
        int64_t count;
        rc_map_at(counts, order[i], &s, &length, &count);
        e = rc_vocab_add(t->pairs, s, length, count, NULL);
    }
    rc_free(t->r, order);
    rc_map_free(counts);
    return e;
}

int rc_pairs_encode(const rc_text *t, const rc_ids *units, size_t from, rc_ids *out)
{
    int e = RECUR_OK;
    for (size_t i = from; i < units->n && !e; i++) {
        char key[KEY];
        key_of(units->id[i], i + 1 < units->n ? units->id[i + 1] : RC_EOS, key);
        e = rc_ids_add(out, rc_vocab_id(t->pairs, key, KEY));
    }
    return e;
}

int rc_pairs_save(const rc_text *t, rc_store *s)
{
    int64_t P = rc_vocab_size(t->pairs) - RC_FIRST;
    int32_t *ids = rc_new(t->r, (size_t)P, 2 * sizeof *ids);
    int64_t *counts = ids ? rc_new(t->r, (size_t)P, sizeof *counts) : NULL;
    if (!counts) {
        rc_free(t->r, ids);
        return RECUR_ENOMEM;
    }
    for (int32_t i = 0; i < P; i++) {
        const char *key = rc_vocab_str(t->pairs, RC_FIRST + i, NULL);
        ids[2 * i] = half(key);
        ids[2 * i + 1] = half(key + 4);
        counts[i] = rc_vocab_count(t->pairs, RC_FIRST + i);
    }
    int e = rc_store_keep(s, ids), k = rc_store_keep(s, counts);
    if (!e && !k)
        e = rc_store_add(s, "text.pairs", RC_I32, 2, (int64_t[]){ P, 2 }, ids);
    if (!e && !k)
        e = rc_store_add(s, "text.pair_counts", RC_I64, 1, &P, counts);
    return e ? e : k;
}

int rc_pairs_load(rc_text *t, rc_store *s)
{
    const rc_tensor *p = rc_store_find(s, "text.pairs"), *c = rc_store_find(s, "text.pair_counts");
    if (!p || p->dtype != RC_I32 || p->rank != 2 || p->dim[1] != 2 || p->dim[0] > t->o.pairs)
        return rc_fail(t->r, RECUR_EFORMAT, "text.pairs: missing, or not at most %lld pairs of ids",
                       (long long)t->o.pairs);
    if (!c || c->dtype != RC_I64 || c->rank != 1 || c->dim[0] != p->dim[0])
        return rc_fail(t->r, RECUR_EFORMAT, "text.pair_counts: missing, or not a count for each pair");
    const int32_t *ids = p->data;
    const int64_t *counts = c->data;
    int V = rc_vocab_size(t->vocab), e = rc_vocab_new(t->r, &t->pairs);
    for (int64_t i = 0; i < p->dim[0] && !e; i++) {
        int32_t left = ids[2 * i], right = ids[2 * i + 1];
        char key[KEY];
        if (left < 0 || left >= V || right < 0 || right >= V || counts[i] < 2)
            return rc_fail(t->r, RECUR_EFORMAT, "text.pairs: row %lld names no pair of the vocabulary seen twice",
                           (long long)i);
        key_of(left, right, key);
        if (rc_vocab_id(t->pairs, key, KEY) != RC_UNK)
            return rc_fail(t->r, RECUR_EFORMAT, "text.pairs: row %lld stands there twice", (long long)i);
        e = rc_vocab_add(t->pairs, key, KEY, counts[i], NULL);
    }
    return e;
}
