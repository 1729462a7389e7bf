/* SPDX-License-Identifier: MIT
 * quantile: Koenker & Bassett's loss (1978); as many scores for each number as there are quantiles, side by side.
 * e = target - z; a target of NAN does not count. */
#include <math.h>
#include <stdlib.h>

#include "head/head.h"

enum { MOST = 32 };
typedef struct { rc_head h; char q[256]; int n; double at[MOST]; } quantile;

static const rc_key_row keys[] = {
    RC_HEAD_WEIGHT,
    { "q", RC_KEY_TEXT, offsetof(quantile, q), "0.1:0.5:0.9", 0, 0, NULL, "quantiles, parted by colons" },
};

/* How many quantiles the text names, -1: it names none, -2: they do not rise. */
static int parse(const char *s, double *at)
{
    double before = 0;
    for (int n = 0; n < MOST; s++) {
        char *end;
        double v = strtod(s, &end);
        if (end == s || !(v > 0 && v < 1))
            return -1;
        if (v <= before)
            return -2;
        if (at)
            at[n] = v;
        before = v;
        n++;
        if (!*end)
            return n;
        if (*end != ':')
            return -1;
        s = end;
    }
    return -1;
}

static int open(rc_head *h, rc_build *b)
{
    quantile *q = (quantile *)h;
    q->n = parse(q->q, q->at);
    if (q->n == -2)
        return rc_fail(b->r, RECUR_ESPEC, "net: quantile: q=%s: each must be above the one before it", q->q);
    if (q->n < 1)
        return rc_fail(b->r, RECUR_ESPEC,
                       "net: quantile: q=%s: numbers between 0 and 1 parted by colons, at most %d", q->q, MOST);
    if (h->in % q->n)
        return rc_fail(b->r, RECUR_ESPEC, "net: quantile: %d scores cannot be parted into %d quantiles", h->in, q->n);
    return 0;
}

static int outputs(const rc_head *h, int width)
{
    int n = parse(((const quantile *)h)->q, NULL);
    return n < 1 ? width : width * n;
}

static int64_t count(const rc_head *h, const rc_pass *s, int rows)
{
    const quantile *q = (const quantile *)h;
    return rc_head_count_values(h, s->batch, rows, h->in / q->n) * q->n;
}

static double loss(const rc_head *h, const rc_pass *s, int row, int n, real *z, bool grad, real scale, int64_t *hits)
{
    const quantile *q = (const quantile *)h;
    size_t Q = (size_t)q->n, width = (size_t)h->in / Q;
    const float *v = s->batch->value[h->index] + (size_t)row * width;
    double sum = 0;
    (void)hits;
    for (size_t i = 0; i < (size_t)n * width; i++)
        for (size_t j = 0; j < Q; j++) {
            bool counts = !isnan(v[i]);
            double e = counts ? (double)v[i] - (double)z[i * Q + j] : 0;
            sum += e >= 0 ? q->at[j] * e : (q->at[j] - 1) * e;
            if (grad)
                z[i * Q + j] = counts ? scale * (real)(e >= 0 ? -q->at[j] : 1 - q->at[j]) : 0;
        }
    return sum;
}

static void answer(const rc_head *h, const rc_kern *k, int n, const real *z, real *out)
{
    (void)k;
    memcpy(out, z, (size_t)n * (size_t)h->in * sizeof *out);
}

const rc_head_kind rc_head_quantile = {
    .name = "quantile", .formula = "L = max(q e, (q - 1) e), e = target - z", .size = sizeof(quantile), .keys = keys,
    .nkeys = sizeof keys / sizeof *keys, .rowwise = true,
    .open = open, .outputs = outputs, .count = count, .loss = loss, .answer = answer,
};
