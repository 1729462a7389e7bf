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

static double loss(const rc_head *h, const rc_pass *s, int row, int n, real *z, bool grad, real scale, int64_t *hits)
{
    return s->k->xent(n, h->in, z, h->in, s->batch->target[h->index] + row, h->class_weight, (real)h->smooth,
                      (real)h->focal, grad, scale, hits);
}

const rc_head_kind rc_head_softmax = {
    .name = "softmax", .formula = "L = -log softmax(z)[target]", .size = sizeof(softmax), .keys = keys,
    .nkeys = sizeof keys / sizeof *keys,
    .classes = true, .rowwise = true, .open = open, .count = rc_class_count, .loss = loss,
    .answer = rc_class_answer, .best = rc_class_best,
};
