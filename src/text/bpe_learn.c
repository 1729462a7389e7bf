/* SPDX-License-Identifier: MIT
 * bpe_learn.c - merges from the counts of words.  Each pair of neighbours knows how often it occurs and in which words;
 * a merge visits only those.  A heap with stale entries finds the most frequent pair; ties go to the lower ids, so the
 * same text gives the same merges everywhere. */
#include <stdlib.h>

#include "text/unit.h"

enum { LONGEST = 16, FIRST_SLOTS = 1 << 12 };          /* code points of a piece, as SentencePiece */
#define COVERAGE 0.9995                                /* of the text's signs get a piece of their own, likewise */

typedef struct {
    int32_t left, right;
    int64_t count;
    uint32_t head;                                     /* newest place + 1 */
    bool touched;
} pair;

typedef struct { uint32_t word, next; } place;         /* a word where the pair occurred, the place before + 1 */
typedef struct { int64_t count; uint32_t pair; } top;
typedef struct { size_t at; int n; int64_t count; } word;

#define LIST(type) struct { type *v; size_t n, cap; }
typedef struct {
    rc_text *t;
    recur *r;
    rc_bpe *b;
    word *words;
    int32_t *symbol;                                   /* of all words, one after the other */
    uint8_t *length;                                   /* [V] code points of each piece */
    LIST(pair) pairs;
    LIST(place) places;
    LIST(top) heap;
    LIST(uint32_t) touched;
    uint32_t *slot;
    size_t slots;
} learner;

/* Room for one more; the lists grow by doubling. */
#define ROOM(x, list) ((x)->list.n < (x)->list.cap || grow(x, &(x)->list.v, &(x)->list.cap, sizeof *(x)->list.v))
static bool grow(learner *x, void *v, size_t *cap, size_t size)
{
    void *old, *p;
    memcpy(&old, v, sizeof old);
    if (*cap >= UINT32_MAX / 2)
        return rc_fail(x->r, RECUR_ENOMEM, "out of memory: too long a text for the unit bpe"), false;
    p = rc_grow(x->r, old, *cap, *cap ? 2 * *cap : 1024, size);
    if (!p)
        return false;
    memcpy(v, &p, sizeof p);
    *cap = *cap ? 2 * *cap : 1024;
    return true;
}

/* --- heap: the most frequent pair on top, of equals the one with the lower ids --- */
static bool before(const learner *x, top a, top b)
{
    if (a.count != b.count)
        return a.count > b.count;
    const pair *p = &x->pairs.v[a.pair], *q = &x->pairs.v[b.pair];
    return p->left != q->left ? p->left < q->left : p->right < q->right;
}

static bool push(learner *x, uint32_t p)
{
    if (!ROOM(x, heap))
        return false;
    top *h = x->heap.v, e = { x->pairs.v[p].count, p };
    size_t i = x->heap.n++;
    for (; i && before(x, e, h[(i - 1) / 2]); i = (i - 1) / 2)
        h[i] = h[(i - 1) / 2];
    h[i] = e;
    return true;
}

static top pop(learner *x)
{
    top *h = x->heap.v, out = h[0], e = h[--x->heap.n];
    size_t i = 0, n = x->heap.n;
    for (size_t k; (k = 2 * i + 1) < n; i = k) {
        if (k + 1 < n && before(x, h[k + 1], h[k]))
            k++;
        if (!before(x, h[k], e))
            break;
        h[i] = h[k];
    }
    h[i] = e;
    return out;
}

/* --- pairs --- */
static uint32_t *slot_of(const learner *x, int32_t left, int32_t right)
{
    uint64_t h = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * 0x9E3779B97F4A7C15u;
    for (size_t i = (size_t)(h >> 32) & (x->slots - 1);; i = (i + 1) & (x->slots - 1)) {
        uint32_t *s = &x->slot[i];
        if (!*s || (x->pairs.v[*s - 1].left == left && x->pairs.v[*s - 1].right == right))
            return s;
    }
}

static bool rehash(learner *x)
{
    size_t slots = x->slots ? 2 * x->slots : FIRST_SLOTS;
    uint32_t *slot = rc_new(x->r, slots, sizeof *slot);
    if (!slot)
        return false;
    rc_free(x->r, x->slot);
    x->slot = slot;
    x->slots = slots;
    for (size_t i = 0; i < x->pairs.n; i++)
        *slot_of(x, x->pairs.v[i].left, x->pairs.v[i].right) = (uint32_t)i + 1;
    return true;
}

static pair *pair_of(learner *x, int32_t left, int32_t right)
{
    if (2 * (x->pairs.n + 1) > x->slots && !rehash(x))
        return NULL;
    uint32_t *s = slot_of(x, left, right);
    if (!*s) {
        if (!ROOM(x, pairs))
            return NULL;
        x->pairs.v[x->pairs.n++] = (pair){ .left = left, .right = right };
        *s = (uint32_t)x->pairs.n;
    }
    return &x->pairs.v[*s - 1];
}

/* Adds sign * count of all the word's pairs; where they are added, the word is noted at those that hold `fresh`
 * (0: at all). */
static bool count_pairs(learner *x, uint32_t w, int sign, int32_t fresh)
{
    const word *o = &x->words[w];
    const int32_t *s = x->symbol + o->at;
    for (int i = 0; i + 1 < o->n; i++) {
        pair *p = pair_of(x, s[i], s[i + 1]);
        if (!p || !ROOM(x, touched) || !ROOM(x, places))
            return false;
        p->count += sign * o->count;
        if (!p->touched) {
            p->touched = true;
            x->touched.v[x->touched.n++] = (uint32_t)(p - x->pairs.v);
        }
        const bool note = sign > 0 && (!fresh || s[i] == fresh || s[i + 1] == fresh);
        if (note && (!p->head || x->places.v[p->head - 1].word != w)) {
            x->places.v[x->places.n++] = (place){ w, p->head };
            p->head = (uint32_t)x->places.n;
        }
    }
    return true;
}

static bool push_touched(learner *x)
{
    for (size_t i = 0; i < x->touched.n; i++) {
        pair *p = &x->pairs.v[x->touched.v[i]];
        p->touched = false;
        if (p->count >= 2 && x->length[p->left] + x->length[p->right] <= LONGEST && !push(x, x->touched.v[i]))
            return false;
    }
    x->touched.n = 0;
    return true;
}

/* --- the alphabet and the words --- */
static int count_signs(rc_text *t, rc_map *signs, int64_t *total)
{
    const char *s;
    size_t n;
    int64_t count;
    int e = RECUR_OK;
    for (size_t w = 0; rc_map_at(t->counts, w, &s, &n, &count) && !e; w++)
        for (size_t i = 0, k; i < n && !e; i += k) {
            int32_t cp;
            k = (size_t)rc_utf8_next(s + i, n - i, &cp);
            e = rc_map_add(signs, s + i, k, count, NULL);
            *total += count;
        }
    return e;
}

static int add_alphabet(learner *x, size_t V)
{
    rc_map *signs;
    uint32_t *order = NULL;
    size_t n = 0, length;
    int64_t total = 0, covered = 0, count;
    const char *s;
    int e = rc_map_new(x->r, &signs);
    if (e)
        return e;
    e = count_signs(x->t, signs, &total);
    if (!e)
        e = rc_vocab_add(x->t->vocab, RC_BLANK, 3, 0, NULL);      /* always: every line begins with it */
    if (!e)
        e = rc_unit_order(x->r, signs, x->t->o.min_count, SIZE_MAX, &order, &n);
    for (size_t i = 0; i < n && !e && (double)covered < COVERAGE * (double)total; i++) {
        if ((size_t)rc_vocab_size(x->t->vocab) >= V)
            break;
        rc_map_at(signs, order[i], &s, &length, &count);
        covered += count;
        if (length != 3 || memcmp(s, RC_BLANK, 3) != 0)
            e = rc_vocab_add(x->t->vocab, s, length, 0, NULL);
    }
    for (int32_t id = RC_PIECES; id < rc_vocab_size(x->t->vocab); id++)
        x->length[id] = 1;
    rc_free(x->r, order);
    rc_map_free(signs);
    return e;
}

/* Words as symbols; a sign outside the alphabet becomes RC_UNK, which takes part in no pair that is merged. */
static bool spell_words(learner *x)
{
    const rc_text *t = x->t;
    size_t W = rc_map_count(t->counts), total = 0, n, at = 0;
    const char *s;
    int64_t count;
    for (size_t w = 0; rc_map_at(t->counts, w, NULL, &n, NULL); w++)
        total += n;
    x->words = rc_new(x->r, W, sizeof *x->words);
    x->symbol = x->words ? rc_new(x->r, total, sizeof *x->symbol) : NULL;
    if (!x->symbol)
        return false;
    for (size_t w = 0; rc_map_at(t->counts, w, &s, &n, &count); w++) {
        x->words[w] = (word){ .at = at, .count = count };
        for (size_t i = 0, k; i < n; i += k) {
            int32_t cp;
            k = (size_t)rc_utf8_next(s + i, n - i, &cp);
            x->symbol[at++] = rc_vocab_id(t->vocab, s + i, k);
        }
        x->words[w].n = (int)(at - x->words[w].at);
        if (!count_pairs(x, (uint32_t)w, 1, 0))
            return false;
    }
    return push_touched(x);
}

/* --- merging --- */
static bool holds(const int32_t *s, int n, int32_t left, int32_t right)
{
    for (int i = 0; i + 1 < n; i++)
        if (s[i] == left && s[i + 1] == right)
            return true;
    return false;
}

static bool merge_in_word(learner *x, uint32_t w, int32_t left, int32_t right, int32_t into)
{
    word *o = &x->words[w];
    int32_t *s = x->symbol + o->at;
    if (!holds(s, o->n, left, right))
        return true;
    if (!count_pairs(x, w, -1, 0))
        return false;
    int n = 0;
    for (int i = 0; i < o->n; i++) {
        const bool both = i + 1 < o->n && s[i] == left && s[i + 1] == right;
        s[n++] = both ? into : s[i];
        i += both;
    }
    o->n = n;
    return count_pairs(x, w, 1, into);
}

/* The piece of a merge: two pairs may give the same string, then they share it. */
static int piece_of(learner *x, const pair *p, int32_t *id)
{
    rc_vocab *v = x->t->vocab;
    char joined[4 * LONGEST];
    size_t n, m;
    const char *left = rc_vocab_str(v, p->left, &n), *right = rc_vocab_str(v, p->right, &m);
    memcpy(joined, left, n);
    memcpy(joined + n, right, m);
    *id = rc_vocab_id(v, joined, n + m);
    if (*id != RC_UNK)
        return RECUR_OK;
    int e = rc_vocab_add(v, joined, n + m, 0, id);
    if (!e)
        x->length[*id] = (uint8_t)(x->length[p->left] + x->length[p->right]);
    return e;
}

static int merge_best(learner *x)
{
    const top best = pop(x);
    pair *p = &x->pairs.v[best.pair];
    const int32_t left = p->left, right = p->right;
    if (best.count != p->count || left < RC_PIECES || right < RC_PIECES || rc_bpe_merge(x->b, left, right) >= 0)
        return RECUR_OK;                               /* stale, or with a sign that has no piece */
    int32_t into;
    uint32_t at = p->head;
    int e = piece_of(x, p, &into);
    if (!e)
        e = rc_bpe_add(x->r, x->b, left, right, into);
    for (; at && !e; at = x->places.v[at - 1].next)
        if (!merge_in_word(x, x->places.v[at - 1].word, left, right, into))
            e = RECUR_ENOMEM;
    return !e && !push_touched(x) ? RECUR_ENOMEM : e;
}

/* The vocabulary is made anew with the counts of the pieces in the text as it is cut now. */
static int count_pieces(learner *x)
{
    const int V = rc_vocab_size(x->t->vocab);
    rc_vocab *made = NULL;
    int64_t *count = rc_new(x->r, (size_t)V, sizeof *count);
    int e = count ? rc_vocab_new(x->r, &made) : RECUR_ENOMEM;
    for (size_t w = 0; w < rc_map_count(x->t->counts) && !e; w++)
        for (int i = 0; i < x->words[w].n; i++)
            count[x->symbol[x->words[w].at + (size_t)i]] += x->words[w].count;
    for (int32_t id = RC_FIRST; id < V && !e; id++) {
        size_t n;
        const char *s = rc_vocab_str(x->t->vocab, id, &n);
        e = rc_vocab_add(made, s, n, count[id], NULL);
    }
    rc_free(x->r, count);
    if (e) {
        rc_vocab_free(made);
        return e;
    }
    rc_vocab_free(x->t->vocab);
    x->t->vocab = made;
    return RECUR_OK;
}

int rc_bpe_learn(rc_text *t, rc_bpe *b, size_t V)
{
    learner x = { .t = t, .r = t->r, .b = b };
    x.length = rc_new(t->r, V + 1, 1);
    int e = x.length ? add_alphabet(&x, V) : RECUR_ENOMEM;
    if (!e && !spell_words(&x))
        e = RECUR_ENOMEM;
    while (!e && x.heap.n && (size_t)rc_vocab_size(t->vocab) < V)
        e = merge_best(&x);
    if (!e)
        e = count_pieces(&x);
    rc_free(t->r, x.length);
    rc_free(t->r, x.words);
    rc_free(t->r, x.symbol);
    rc_free(t->r, x.pairs.v);
    rc_free(t->r, x.places.v);
    rc_free(t->r, x.heap.v);
    rc_free(t->r, x.touched.v);
    rc_free(t->r, x.slot);
    return e;
}
