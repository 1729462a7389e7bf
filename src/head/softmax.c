/* SPDX-License-Identifier: MIT
 * softmax: cross-entropy of classes, L = -log p[target]; with label smoothing (Szegedy et al. 2016), class weights
 * and focal loss (Lin et al. 2017).  A target of -1 does not count. */
#include "head/head.h"

typedef struct { rc_head h; } softmax;

static const rc_key_row keys[] = {
    RC_HEAD_WEIGHT,
    { "smooth", RC_KEY_REAL, offsetof(rc_head, smooth), "0", 0, 0.99, NULL,
      "part of the target spread over all classes" },
    { "focal", RC_KEY_REAL, offsetof(rc_head, focal), "0", 0, 10, NULL,
      "exponent that turns down what is learnt already" },
};

static int open(rc_head *h, rc_build *b) { (void)h, (void)b; return 0; }

static int64_t count(const rc_head *h, const rc_pass *s, int rows)
{
    int64_t n = 0;
    for (int i = 0; i < rows; i++)
        n += s->batch->target[h->index][i] >= 0;
    return n;
}

static double loss(const rc_head *h, const rc_pass *s, int row, int n, real *z, bool grad, real scale, int64_t *hits)
{
    return s->k->xent(n, h->in, z, h->in, s->batch->target[h->index] + row, h->class_weight, (real)h->smooth,
                      (real)h->focal, grad, scale, hits);
}

static void answer(const rc_head *h, const rc_kern *k, int n, const real *z, real *out)
{
    k->softmax(n, h->in, z, h->in, out, h->in);
}

static int best(const rc_head *h, recur *r, const rc_param *params, const real *w, const rc_seq *q, int32_t *out)
{
    (void)r, (void)params, (void)w;
    for (int t = 0; t < q->T; t++) {
        const real *z = rc_seq_row(q, t);
        out[t] = 0;
        for (int32_t k = 1; k < h->in; k++)
            out[t] = z[k] > z[out[t]] ? k : out[t];
    }
    return q->T;
}

const rc_head_kind rc_head_softmax = {
    .name = "softmax", .formula = "L = -log softmax(z)[target]", .size = sizeof(softmax), .keys = keys,
    .nkeys = sizeof keys / sizeof *keys,
    .classes = true, .rowwise = true, .open = open, .count = count, .loss = loss, .answer = answer,
    .best = best,
};
