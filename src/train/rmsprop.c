/* SPDX-License-Identifier: MIT
 * rmsprop.c - Tieleman & Hinton 2012 (lecture 6.5).
 *   v = b2 v + (1 - b2) g²      w = w - lr g / (sqrt(v) + eps)
 * Sparse rows: the mean square of a row that no batch touches rests. */
#include "train/train.h"

static void step(const rc_optim *o, const rc_optim_io *io, size_t at, size_t n, real *w, real *g)
{
    o->r->kern->rmsprop(io, n, w + at, g + at, o->moment[0] + at);
}

const rc_optim_kind rc_optim_rmsprop = {
    .name = "rmsprop", .formula = "v = b2 v + (1 - b2) g^2\nw = w - lr g / (sqrt(v) + eps)", .moments = 1, .lr = 1e-3,
    .step = step,
};
