/* SPDX-License-Identifier: MIT
 * mingru: a GRU whose gates see the input only (Feng et al., Were RNNs all we needed?, 2024, section 3.1).
 *
 *   (M1)  z = s(x Wz + bz)                      s: sigmoid
 *   (M2)  n = f(x Wn + bn)                      f: linear as published
 *   (M3)  h = (1 - z) h0 + z n
 *   (M4)  dz = dh (n - h0) s'(z),  dn = dh z f'(n),  dh0 = dh (1 - z) */
#include "cell/point.h"

static void init(const rc_cell_opt *o, int H, real *b, real *bh, real *p)
{
    (void)bh, (void)p;
    if (o->span > 0)
        rc_remember(b, H, o->span, -1);
}

static void forward(const rc_cell_io *c)
{
    const rc_act_fn *s = &c->opt->act[0], *f = &c->opt->act[1];
    for (int r = 0; r < c->n; r++) {
        const real *h0 = c->s0[0] + rc_place(r, c->ss, 0, c->H, 0);
        real *z = c->g + rc_place(r, c->gs, 0, c->H, 0), *n = z + c->H, *h = c->s[0] + rc_place(r, c->ss, 0, c->H, 0);
        for (int j = c->lo; j < c->hi; j++) {
            z[j] = rc_f(s, z[j]);                                                               /* (M1) */
            n[j] = rc_f(f, n[j]);                                                               /* (M2) */
            h[j] = (1 - z[j]) * h0[j] + z[j] * n[j];                                            /* (M3) */
        }
    }
}

static void backward(const rc_cell_io *c)
{
    const rc_act_fn *s = &c->opt->act[0], *f = &c->opt->act[1];
    for (int r = 0; r < c->n; r++) {
        const real *g = c->g + rc_place(r, c->gs, 0, c->H, 0), *h0 = c->s0[0] + rc_place(r, c->ss, 0, c->H, 0);
        real *dz = c->dg + rc_place(r, c->gs, 0, c->H, 0), *dn = dz + c->H;
        real *dh = c->ds[0] + rc_place(r, c->ss, 0, c->H, 0);
        for (int j = c->lo; j < c->hi; j++) {
            real z = g[j], n = g[c->H + j], d = dh[j];
            dz[j] = d * (n - h0[j]) * rc_d(s, z);                                               /* (M4) */
            dn[j] = d * z * rc_d(f, n);
            dh[j] = d * (1 - z);
        }
    }
}

static const rc_cell_line formula[] = {
    { 0, 0, "z = $0(x Wz + bz)  (M1)" },
    { 0, 0, "n = $1(x Wn + bn)  (M2)" },
    { 0, 0, "h = (1 - z) h0 + z n  (M3)" },
    { 0 },
};

const rc_cell rc_cell_mingru = {
    .name = "mingru",
    .formula = formula,
    .G = 2, .R = 0, .S = 1, .options = RC_CELL_SPAN, .init = init,
    .act = { "sigmoid", "linear" },
    .forward = { forward }, .backward = { backward },
};
