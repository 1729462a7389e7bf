/* SPDX-License-Identifier: MIT
 * adamw.c - Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv 1711.05101, algorithm 2, with the rate's
 * schedule in the decay as PyTorch has it): Adam's step (adam.c), and
 *   w = w - lr decay w      before it, for the matrices alone
 * Sparse rows: moments and decay of a row that no batch touches rest. */
#include "train/train.h"

static void step(const rc_optim *o, const rc_optim_io *io, size_t at, size_t n, real *w, real *g)
{
    o->r->kern->adam(io, n, w + at, g + at, o->moment[0] + at, o->moment[1] + at);
}

const rc_optim_kind rc_optim_adamw = {
    .name = "adamw",
    .formula = "w = w - lr decay w\nm = b1 m + (1 - b1) g\nv = b2 v + (1 - b2) g^2\n"
               "w = w - lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)",
    .moments = 2, .lr = 2e-3, .decoupled = true, .step = step,
};
