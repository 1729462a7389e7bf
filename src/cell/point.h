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

static inline void rc_fill(real *p, int n, real value)
{
    for (int i = 0; i < n; i++)
        p[i] = value;
}
#endif
