/* SPDX-License-Identifier: MIT
 * adam.c - Kingma & Ba 2015, arXiv 1412.6980, algorithm 1.
 *   m = b1 m + (1 - b1) g      v = b2 v + (1 - b2) g²
 *   w = w - lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)
 * Sparse rows ("lazy Adam"): both moments of a row that no batch touches rest; t is everybody's. */
#include "train/train.h"

static void step(const rc_optim *o, const rc_optim_io *io, size_t at, size_t n, real *w, real *g)
{
    o->r->kern->adam(io, n, w + at, g + at, o->moment[0] + at, o->moment[1] + at);
}

const rc_optim_kind rc_optim_adam = {
    .name = "adam",
    .formula = "m = b1 m + (1 - b1) g\nv = b2 v + (1 - b2) g^2\nw = w - lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)",
    .moments = 2, .lr = 2e-3, .step = step,
};
