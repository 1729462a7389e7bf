/* SPDX-License-Identifier: MIT
 * square: squared error.  e = z - target; a target of NAN does not count. */
#include <math.h>

#include "head/head.h"

typedef struct { rc_head h; } square;

static const rc_key_row keys[] = {
    RC_HEAD_WEIGHT,
};

static int open(rc_head *h, rc_build *b) { (void)h, (void)b; return 0; }

static int64_t count(const rc_head *h, const recur_batch *b, int rows)
{
    return rc_head_count_values(h, b, rows, h->in);
}

static double loss(const rc_head *h, const rc_pass *s, int row, int n, real *z, bool grad, real scale, int64_t *hits)
{
    const float *v = s->batch->value[h->index] + (size_t)row * (size_t)h->in;
    double sum = 0;
    (void)hits;
    for (size_t i = 0; i < (size_t)n * (size_t)h->in; i++) {
        bool counts = !isnan(v[i]);
        real e = counts ? z[i] - (real)v[i] : 0;
        sum += (double)e * (double)e;
        if (grad)
            z[i] = scale * 2 * e;
    }
    return sum;
}

static void answer(const rc_head *h, const rc_kern *k, int n, const real *z, real *out)
{
    (void)k;
    memcpy(out, z, (size_t)n * (size_t)h->in * sizeof *out);
}

const rc_head_kind rc_head_square = {
    .name = "square", .formula = "L = (z - target)^2", .size = sizeof(square), .keys = keys,
    .nkeys = sizeof keys / sizeof *keys,
    .rowwise = true, .open = open, .count = count, .loss = loss, .answer = answer,
};
