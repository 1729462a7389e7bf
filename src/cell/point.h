/* SPDX-License-Identifier: MIT
 * What the cells' equations are written in: places of a step's numbers, and activations by pointer. */
#ifndef RC_POINT_H
#define RC_POINT_H
#include <math.h>

#include "cell/cell.h"

/* Row r, block k of width H, unit j, in a matrix of row stride `stride`. */
static inline size_t rc_place(int r, int stride, int k, int H, int j)
{
    return (size_t)r * (size_t)stride + (size_t)k * (size_t)H + (size_t)j;
}

static inline real rc_f(const rc_act_fn *f, real x) { return f->kind->f(x, f->a, f->b); }

static inline real rc_d(const rc_act_fn *f, real y) { return f->kind->d((real)NAN, y, f->a, f->b); }

/* Biases of a gate with which units keep their state for 1 .. span steps, evenly over the units; sign -1: of a gate that
 * forgets by being open (Tallec & Ollivier, Can recurrent neural networks warp time?, 2018, in place of random spans).  (W5) */
static inline void rc_remember(real *b, int H, double span, int sign)
{
    for (int j = 0; j < H; j++)
        b[j] = (real)(sign * log(1 + (span - 2) * (j + 0.5) / H));
}

static inline void rc_fill(real *p, int n, real value)
{
    for (int i = 0; i < n; i++)
        p[i] = value;
}
#endif
