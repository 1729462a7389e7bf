/* SPDX-License-Identifier: MIT
 * indrnn: each unit remembers by a weight of its own (Li et al., Independently recurrent neural network, 2018).
 *
 *   (I1)  h = f(x Wx + b + p h0)
 *   (I2)  da = dh f'(h),  dh0 = da p,  dp += da h0 */
#include "cell/point.h"

static int rows(const rc_cell_opt *o) { (void)o; return 1; }

/* Recurrent weights evenly over (0, 1): units of every span of memory (section 3.2: drawn uniformly from [0, 1]). */
static void init(const rc_cell_opt *o, int H, real *b, real *bh, real *p)
{
    (void)o, (void)b, (void)bh;
    for (int j = 0; j < H; j++)
        p[j] = ((real)j + (real)0.5) / (real)H;
}

static void forward(const rc_cell_io *c)
{
    const rc_act_fn *f = &c->opt->act[0];
    for (int r = 0; r < c->n; r++) {
        const real *h0 = c->s0[0] + rc_place(r, c->ss, 0, c->H, 0);
        real *g = c->g + rc_place(r, c->gs, 0, c->H, 0), *h = c->s[0] + rc_place(r, c->ss, 0, c->H, 0);
        for (int j = c->lo; j < c->hi; j++)
            h[j] = g[j] = rc_f(f, g[j] + c->p[j] * h0[j]);                                      /* (I1) */
    }
}

static void backward(const rc_cell_io *c)
{
    const rc_act_fn *f = &c->opt->act[0];
    for (int r = 0; r < c->n; r++) {
        const real *g = c->g + rc_place(r, c->gs, 0, c->H, 0), *h0 = c->s0[0] + rc_place(r, c->ss, 0, c->H, 0);
        real *dg = c->dg + rc_place(r, c->gs, 0, c->H, 0), *dh = c->ds[0] + rc_place(r, c->ss, 0, c->H, 0);
        for (int j = c->lo; j < c->hi; j++) {
            real da = dh[j] * rc_d(f, g[j]);                                                    /* (I2) */
            if (c->dp)
                c->dp[j] += da * h0[j];
            dh[j] = da * c->p[j];
            dg[j] = da;
        }
    }
}

static const rc_cell_line formula[] = {
    { 0, 0, "h = $0(x Wx + b + p h0)  (I1)" },
    { 0 },
};

const rc_cell rc_cell_indrnn = {
    .name = "indrnn",
    .formula = formula,
    .G = 1, .R = 0, .S = 1,
    .act = { "relu" },
    .P = rows, .init = init,
    .forward = { forward }, .backward = { backward },
};
