/* SPDX-License-Identifier: MIT
 * sgd.c - stochastic gradient descent with momentum (Polyak 1964, USSR Comp. Math. 4(5); the form without (1 - b1)).
 *   m = b1 m + g      w = w - lr m
 * Sparse rows: the moment of a row that no batch touches rests (it neither decays nor moves the row). */
#include "train/train.h"

static void step(const rc_optim *o, const rc_optim_io *io, size_t at, size_t n, real *w, real *g)
{
    o->r->kern->sgd(io, n, w + at, g + at, io->b1 > 0 ? o->moment[0] + at : NULL);
}

const rc_optim_kind rc_optim_sgd = {
    .name = "sgd", .formula = "m = b1 m + g\nw = w - lr m", .moments = 1, .lr = 1, .momentum = true,
    .step = step,
};
