/* SPDX-License-Identifier: MIT
 * rnn: Elman's network (Finding structure in time, 1990).
 *
 *   (R1)  h = f(x Wx + h0 Wh + b)
 *   (R2)  da = dh f'(h)                         a: what f is applied to */
#include "cell/point.h"

static void forward(const rc_cell_io *c)
{
    const rc_act_fn *f = &c->opt->act[0];
    for (int r = 0; r < c->n; r++) {
        real *g = c->g + rc_place(r, c->gs, 0, c->H, 0), *h = c->s[0] + rc_place(r, c->ss, 0, c->H, 0);
        for (int j = c->lo; j < c->hi; j++)
            h[j] = g[j] = rc_f(f, g[j]);                                                        /* (R1) */
    }
}

static void backward(const rc_cell_io *c)
{
    const rc_act_fn *f = &c->opt->act[0];
    for (int r = 0; r < c->n; r++) {
        const real *g = c->g + rc_place(r, c->gs, 0, c->H, 0);
        real *da = c->dg + rc_place(r, c->gs, 0, c->H, 0), *dh = c->ds[0] + rc_place(r, c->ss, 0, c->H, 0);
        for (int j = c->lo; j < c->hi; j++) {
            da[j] = dh[j] * rc_d(f, g[j]);                                                      /* (R2) */
            dh[j] = 0;
        }
    }
}

static const rc_cell_line formula[] = {
    { 0, 0, "h = $0(x Wx + h0 Wh + b)  (R1)" },
    { 0 },
};

const rc_cell rc_cell_rnn = {
    .name = "rnn",
    .formula = formula,
    .G = 1, .R = 1, .S = 1,
    .act = { "tanh" },
    .forward = { forward }, .backward = { backward },
};
