/* SPDX-License-Identifier: MIT
 * text.c - text to ids and back, whatever the unit. */
#include <stdlib.h>

#include "text/unit.h"

static const rc_unit *const units[] = {
#define X(name) &rc_unit_##name,
#include "text/list.h"
#undef X
};

const rc_unit *rc_unit_at(int i)
{
    return i >= 0 && (size_t)i < sizeof units / sizeof *units ? units[i] : NULL;
}

const rc_unit *rc_unit_find(const char *name)
{
    size_t n = strcspn(name, ":");
    for (int i = 0; rc_unit_at(i); i++)
        if (strncmp(units[i]->name, name, n) == 0 && units[i]->name[n] == 0)
            return units[i];
    return NULL;
}

int rc_text_new(recur *r, rc_text **out, const rc_text_options *o)
{
    *out = NULL;
    const rc_unit *unit = o->unit ? rc_unit_find(o->unit) : NULL;
    if (!unit || (o->unit[strlen(unit->name)] == ':' && unit != &rc_unit_bpe))
        return rc_fail(r, RECUR_EOPTION, "unknown unit \"%s\": byte, char, word, token, bpe or bpe:8000 is wanted",
                       o->unit ? o->unit : "");
    if (o->marked && unit != &rc_unit_bpe)
        return rc_fail(r, RECUR_EOPTION, "--mark-capitals is for pieces of words, not for unit \"%s\": say --unit bpe:8000", o->unit);
    rc_text *t = rc_new(r, 1, sizeof *t);
    if (!t)
        return RECUR_ENOMEM;
    t->r = r;
    t->unit = unit;
    t->o = *o;
    rc_buf_init(&t->kept, r, SIZE_MAX / 4);
    t->o.unit = rc_copy(r, o->unit);
    int e = t->o.unit ? rc_vocab_new(r, &t->vocab) : RECUR_ENOMEM;
    if (!e)
        e = rc_map_new(r, &t->counts);
    if (e)
        rc_text_free(t);
    else
        *out = t;
    return e;
}

void rc_text_free(rc_text *t)
{
    if (!t || atomic_fetch_sub(&t->shares, 1) > 0)
        return;
    if (t->unit->drop)
        t->unit->drop(t);
    rc_vocab_free(t->vocab);
    rc_vocab_free(t->pairs);
    rc_map_free(t->counts);
    rc_buf_free(&t->kept);
    rc_free(t->r, (char *)(uintptr_t)t->o.unit);
    rc_free(t->r, t);
}

rc_text *rc_text_share(rc_text *t)
{
    if (t)
        atomic_fetch_add(&t->shares, 1);
    return t;
}

int rc_text_normal(const rc_text *t, const char *s, size_t n, rc_buf *out)
{
    if (t->unit->raw && !t->o.nfkc && !t->o.lower)
        return rc_buf_add(out, s, n);
    return rc_utf8_fold(t->r, s, n, t->o.nfkc, t->o.lower, out);
}

int rc_text_learn(rc_text *t, const char *s, size_t n)
{
    rc_buf b;
    rc_buf_init(&b, t->r, SIZE_MAX / 4);
    int e = rc_text_normal(t, s, n, &b);
    if (!e)
        e = t->unit->learn(t, b.s, b.n);
    if (!e && t->o.pairs > 0)
        e = rc_pairs_keep(t, b.s, b.n);
    rc_buf_free(&b);
    return e;
}

int rc_text_settle(rc_text *t)
{
    int e = t->unit->settle(t);
    if (!e && t->o.pairs > 0)
        e = rc_pairs_settle(t);
    rc_map_free(t->counts);
    t->counts = NULL;
    rc_buf_free(&t->kept);
    return e;
}

int rc_text_columns(const rc_text *t)
{
    return t->pairs ? 2 : 1;
}

/* --- counting: the learning of the units without merges --- */
int rc_unit_count(void *ud, const char *s, size_t n)
{
    rc_text *t = ud;
    return rc_map_add(t->counts, s, n, 1, NULL);
}

typedef struct { int64_t count; uint32_t index; } ranked;

static int by_count(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

int rc_unit_order(recur *r, const rc_map *counts, int64_t least, size_t most, uint32_t **out, size_t *n)
{
    size_t V = rc_map_count(counts), k = 0;
    ranked *list = rc_new(r, V, sizeof *list);
    *out = rc_new(r, V, sizeof **out);
    if (!list || !*out) {
        rc_free(r, list);
        rc_free(r, *out);
        *out = NULL;
        return RECUR_ENOMEM;
    }
    int64_t count;
    for (size_t i = 0; rc_map_at(counts, i, NULL, NULL, &count); i++)
        if (count >= least)
            list[k++] = (ranked){ count, (uint32_t)i };
    if (k)
        qsort(list, k, sizeof *list, by_count);
    *n = k < most ? k : most;
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = list[i].index;
    rc_free(r, list);
    return RECUR_OK;
}

/* Specials that stand in the text keep their ids.  A string with a 0 byte has no place in a file of 0-ended strings. */
int rc_unit_rank(rc_text *t)
{
    uint32_t *order;
    size_t n, most = t->o.max_size > 0 ? (size_t)t->o.max_size : INT32_MAX;
    int e = rc_unit_order(t->r, t->counts, t->o.min_count, SIZE_MAX, &order, &n);
    if (e)
        return e;
    for (size_t i = 0; i < n && (size_t)rc_vocab_size(t->vocab) < most && !e; i++) {
        const char *s;
        size_t length;
        int64_t count;
        rc_map_at(t->counts, order[i], &s, &length, &count);
        bool there = strcmp(s, "<unk>") == 0 || rc_vocab_id(t->vocab, s, length) != RC_UNK;
        if (!there && !memchr(s, 0, length))
            e = rc_vocab_add(t->vocab, s, length, count, NULL);
    }
    rc_free(t->r, order);
    return e;
}

/* --- ids --- */
typedef struct {
    const rc_text *t;
    rc_ids *out;
    int64_t unknown;
} encoder;

static int add_piece(void *ud, const char *s, size_t n)
{
    encoder *x = ud;
    int32_t id = rc_vocab_id(x->t->vocab, s, n);
    x->unknown += id == RC_UNK;
    return rc_ids_add(x->out, id);
}

int rc_text_encode(const rc_text *t, const char *s, size_t n, rc_ids *out, int64_t *unknown)
{
    rc_buf b;
    rc_buf_init(&b, t->r, SIZE_MAX / 4);
    encoder x = { .t = t, .out = out };
    size_t from = out->n;
    int e = rc_text_normal(t, s, n, &b);
    if (!e)
        e = t->unit->cut(t, b.s, b.n, add_piece, &x);
    if (!e && t->pairs)
        e = rc_pairs_encode(t, out, from, out + 1);
    if (unknown)
        *unknown += x.unknown;
    rc_buf_free(&b);
    return e;
}

int rc_text_piece(const rc_text *t, int32_t id, int32_t before, rc_buf *out)
{
    int V = rc_vocab_size(t->vocab);
    if (id < 0 || id >= V || before >= V)
        return rc_fail(t->r, RECUR_ESHAPE, "id %d lies outside the vocabulary of %d", id < 0 || id >= V ? id : before,
                       V);
    return t->unit->join(t, id, before, out);
}

int rc_text_decode(const rc_text *t, const int32_t *id, size_t n, rc_buf *out)
{
    int e = RECUR_OK;
    for (size_t i = 0; i < n && !e; i++)
        e = rc_text_piece(t, id[i], i ? id[i - 1] : -1, out);
    return e;
}

int32_t rc_text_start(const rc_text *t)
{
    int32_t id = rc_vocab_id(t->vocab, "\n", 1);
    return id == RC_UNK ? RC_EOS : id;
}
