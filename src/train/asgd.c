/* SPDX-License-Identifier: MIT
 * asgd.c - averaged stochastic gradient descent (Polyak & Juditsky 1992, SIAM J. Control Optim. 30(4)); when the average
 * begins is the loop's matter (judge.c: Merity et al. 2017, arXiv 1708.02182, algorithm 1).
 *   w_k = w_{k-1} + d_k,  d_k = -lr g      average of w_1 .. w_K = w_K - a / K,  a = sum over k of (k - 1) d_k
 * Kept in that form (Daumé 2006, averaged perceptron) a step touches only the rows that moved: an embedding's resting
 * rows take part in the average without a look at them. */
#include "train/train.h"

static void step(const rc_optim *o, const rc_optim_io *io, size_t at, size_t n, real *w, real *g)
{
    if (o->averaged > 1) {
        const real k = -(real)(o->averaged - 1) * io->lr * io->scale;
        real *a = o->moment[0] + at;
        const real *d = g + at;
        for (size_t i = 0; i < n; i++)
            a[i] += k * d[i];
    }
    o->r->kern->sgd(io, n, w + at, g + at, NULL);
}

static void average(const rc_optim *o, size_t at, size_t n, real *w)
{
    const real k = 1 / (real)o->averaged;
    const real *a = o->moment[0] + at;
    for (size_t i = 0; i < n; i++)
        w[at + i] -= k * a[i];
}

const rc_optim_kind rc_optim_asgd = {
    .name = "asgd", .formula = "w = w - lr g\nanswer: mean of w since the average began", .moments = 1, .lr = 10,
    .step = step, .average = average,
};
