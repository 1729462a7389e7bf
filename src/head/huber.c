/* SPDX-License-Identifier: MIT
 * huber: Huber's loss (1964), quadratic near 0 and linear far from it.  e = z - target; a target of NAN does not
 * count. */
#include <math.h>

#include "head/head.h"

typedef struct { rc_head h; double delta; } huber;

static const rc_key_row keys[] = {
    RC_HEAD_WEIGHT,
    { "delta", RC_KEY_REAL, offsetof(huber, delta), "1", 1e-9, 1e9, NULL, "where it becomes linear" },
};

static int open(rc_head *h, rc_build *b) { (void)h, (void)b; return 0; }

static int64_t count(const rc_head *h, const recur_batch *b, int rows)
{
    return rc_head_count_values(h, b, rows, h->in);
}

static double loss(const rc_head *h, const rc_pass *s, int row, int n, real *z, bool grad, real scale, int64_t *hits)
{
    const float *v = s->batch->value[h->index] + (size_t)row * (size_t)h->in;
    double d = ((const huber *)h)->delta;
    double sum = 0;
    (void)hits;
    for (size_t i = 0; i < (size_t)n * (size_t)h->in; i++) {
        bool counts = !isnan(v[i]);
        real e = counts ? z[i] - (real)v[i] : 0;
        sum += fabs((double)e) <= d ? 0.5 * (double)e * (double)e : d * (fabs((double)e) - 0.5 * d);
        if (grad)
            z[i] = scale * (real)(fabs((double)e) <= d ? (double)e : e > 0 ? d : -d);
    }
    return sum;
}

static void answer(const rc_head *h, const rc_kern *k, int n, const real *z, real *out)
{
    (void)k;
    memcpy(out, z, (size_t)n * (size_t)h->in * sizeof *out);
}

const rc_head_kind rc_head_huber = {
    .name = "huber", .formula = "L = e^2 / 2 where |e| <= d, else d (|e| - d / 2)", .size = sizeof(huber),
    .keys = keys, .nkeys = sizeof keys / sizeof *keys,
    .rowwise = true, .open = open, .count = count, .loss = loss, .answer = answer,
};
