/* SPDX-License-Identifier: MIT
 * ngram.c - interpolated Kneser-Ney smoothing with three discounts (Chen & Goodman 1998, eq. 2.48-2.53): what a
 * language model must beat.
 *
 *   p_k(w | h) = (c_k(h w) - D(c_k(h w))) / c_k(h .)  +  g_k(h) p_{k-1}(w | h')
 *   g_k(h)     = (D1 n1(h .) + D2 n2(h .) + D3 n3+(h .)) / c_k(h .)
 *
 * h' is h without its oldest unit.  c_k is the count for the longest grams and, below, the number of different units
 * seen to the left.  p_0 = 1 / V.
 * Grams are known by a 64-bit hash that runs from the newest unit back to older ones, so that one walk to the left
 * gives the keys of all orders. */
#include <math.h>
#include "task/lm/lm.h"

enum { MOST_ORDER = 8, MOST_UNITS = 1 << 24 };               /* of a longer text the last 16 M units are counted */

typedef struct { uint64_t key; uint32_t pos, count; } gram;   /* pos: of its last unit, somewhere in the text */
typedef struct { uint64_t key; uint32_t total, kind[3]; } context;
    /* kind: followers counted once, twice, more often */
typedef struct { gram *g; size_t cap, n; context *c; size_t ccap, cn; double D[4]; } level;
struct rc_ngram { recur *r; int order, V; level level[MOST_ORDER + 1]; };
    /* level[k]: k-grams, and contexts of k - 1 units */

static uint64_t mix(uint64_t h, int32_t id)
{
    h = (h ^ ((uint64_t)(uint32_t)id + 1)) * 0x9E3779B97F4A7C15u;
    h ^= h >> 29;
    h *= 0xBF58476D1CE4E5B9u;
    return h ^ (h >> 32);
}
static const uint64_t START = 0x8000000000000001u;            /* of the empty gram; 0 marks a free place */

static size_t power(size_t n)
{
    size_t p = 16;
    while (p < n)
        p *= 2;
    return p;
}

static gram *find(const level *l, uint64_t key)
{
    size_t i = (size_t)(key >> 20) & (l->cap - 1);        /* the lowest bit is always set */
    while (l->g[i].key != 0 && l->g[i].key != key)
        i = (i + 1) & (l->cap - 1);
    return &l->g[i];
}

static context *find_context(const level *l, uint64_t key)
{
    size_t i = (size_t)(key >> 20) & (l->ccap - 1);
    while (l->c[i].key != 0 && l->c[i].key != key)
        i = (i + 1) & (l->ccap - 1);
    return &l->c[i];
}

/* Doubles the table of grams when it is three quarters full. */
static int widen(recur *r, level *l)
{
    if (l->g != NULL && (l->n + 1) * 4 < l->cap * 3)
        return RECUR_OK;
    level wide = *l;
    wide.cap = l->cap ? l->cap * 2 : 1024;
    if ((wide.g = rc_new(r, wide.cap, sizeof *wide.g)) == NULL)
        return RECUR_ENOMEM;
    for (size_t i = 0; i < l->cap; i++)
        if (l->g[i].key != 0)
            *find(&wide, l->g[i].key) = l->g[i];
    rc_free(r, l->g);
    *l = wide;
    return RECUR_OK;
}

static int count(recur *r, level *l, uint64_t key, uint32_t pos)
{
    int e = widen(r, l);
    if (e != RECUR_OK)
        return e;
    gram *g = find(l, key);
    if (g->key == 0) {
        *g = (gram){ key, pos, 0 };
        l->n++;
    }
    g->count++;
    return RECUR_OK;
}

static uint64_t key_of(const int32_t *id, uint32_t pos, int k)
{
    uint64_t h = START;
    for (int j = 0; j < k; j++)
        h = mix(h, id[pos - (uint32_t)j]);
    return h | 1;
}

/* Sums over the followers of each context of k - 1 units. */
static int contexts(recur *r, level *l, const int32_t *id, int k)
{
    l->ccap = power(l->n + l->n / 2 + 16);
    if ((l->c = rc_new(r, l->ccap, sizeof *l->c)) == NULL)
        return RECUR_ENOMEM;
    for (size_t i = 0; i < l->cap; i++) {
        const gram *g = &l->g[i];
        if (g->key == 0)
            continue;
        uint64_t key = k > 1 ? key_of(id, g->pos - 1, k - 1) : START;
        context *c = find_context(l, key);
        l->cn += c->key == 0;
        c->key = key;
        c->total += g->count;
        c->kind[g->count < 3 ? g->count - 1 : 2]++;
    }
    return RECUR_OK;
}

/* Chen & Goodman's estimates from the counts of counts; texts too small for them get middling discounts. */
static void discounts(level *l)
{
    double n[5] = { 0 };
    for (size_t i = 0; i < l->cap; i++)
        if (l->g[i].key != 0 && l->g[i].count <= 4)
            n[l->g[i].count]++;
    double Y = n[1] / (n[1] + 2 * n[2]);
    l->D[0] = 0;
    for (int c = 1; c <= 3; c++) {
        double D = n[c] > 0 ? c - (c + 1) * Y * n[c + 1] / n[c] : NAN;
        l->D[c] = D > 0.05 * c && D < c ? D : 0.5 + 0.25 * (c - 1);
    }
}

int rc_ngram_fit(recur *r, rc_ngram **out, const int32_t *id, size_t n, int V, int order)
{
    rc_ngram *g = *out = rc_new(r, 1, sizeof *g);
    if (g == NULL)
        return RECUR_ENOMEM;
    if (n > MOST_UNITS)
        id += n - MOST_UNITS, n = MOST_UNITS;
    g->r = r;
    g->V = V;
    g->order = order < 1 ? 1 : order > MOST_ORDER ? MOST_ORDER : order;
    if ((size_t)g->order > n)
        g->order = n > 0 ? (int)n : 1;
    int e = RECUR_OK, K = g->order;
    for (size_t i = (size_t)K - 1; i < n && e == RECUR_OK; i++)
        e = count(r, &g->level[K], key_of(id, (uint32_t)i, K), (uint32_t)i);
    for (int k = K - 1; k >= 1 && e == RECUR_OK; k--) {
        /* each different (k+1)-gram is one unit to the left of a k-gram */
        const level *up = &g->level[k + 1];
        for (size_t i = 0; i < up->cap && e == RECUR_OK; i++)
            if (up->g[i].key != 0)
                e = count(r, &g->level[k], key_of(id, up->g[i].pos, k), up->g[i].pos);
    }
    for (int k = 1; k <= K && e == RECUR_OK; k++)
        if (g->level[k].n > 0) {
            e = contexts(r, &g->level[k], id, k);
            discounts(&g->level[k]);
        }
    if (e != RECUR_OK) {
        rc_ngram_free(g);
        *out = NULL;
    }
    return e;
}

double rc_ngram_p(const rc_ngram *g, const int32_t *before, size_t n, int32_t id)
{
    double p = 1.0 / g->V;
    uint64_t whole = mix(START, id), past = START;
    for (int k = 1; k <= g->order && (size_t)(k - 1) <= n; k++) {
        const level *l = &g->level[k];
        if (k > 1) {
            int32_t older = before[n - (size_t)(k - 1)];
            whole = mix(whole, older);
            past = mix(past, older);
        }
        if (l->n == 0)
            continue;
        const context *c = find_context(l, k > 1 ? past | 1 : START);
        if (c->key == 0)                                      /* an unseen context has no longer one that was seen */
            break;
        uint32_t seen = find(l, whole | 1)->count;
        double D = l->D[seen < 3 ? seen : 3], total = c->total;
        p = (seen - D) / total + (l->D[1] * c->kind[0] + l->D[2] * c->kind[1] + l->D[3] * c->kind[2]) / total * p;
    }
    return p;
}

double rc_ngram_nats(const rc_ngram *g, const int32_t *id, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum -= log(rc_ngram_p(g, id, i, id[i]));
    return sum;
}

void rc_ngram_free(rc_ngram *g)
{
    if (g == NULL)
        return;
    for (int k = 0; k <= MOST_ORDER; k++) {
        rc_free(g->r, g->level[k].g);
        rc_free(g->r, g->level[k].c);
    }
    rc_free(g->r, g);
}
