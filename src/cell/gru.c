/* SPDX-License-Identifier: MIT
 * gru: gated recurrent unit, reset after the product, the form that PyTorch, cuDNN and Keras (reset_after) compute
 * (Cho et al., Learning phrase representations, 2014, with the reset gate moved as cuDNN did).
 *
 *   a = x Wx + b, u = h0 Wh + bh, blocks r z n  s: sigmoid, f: tanh; u of r and z comes added into a
 *   (G1)  r = s(ar + ur)
 *   (G2)  z = s(az + uz)
 *   (G3)  n = f(an + r un)
 *   (G4)  h = (1 - z) n + z h0                  flip: h = (1 - z) h0 + z n, as Cho et al. write it in 2014
 *   (G5)  dn = dh (1 - z) f'(n),  dz = dh (h0 - n) s'(z),  dr = dn un s'(r)
 *   (G6)  du = dr, dz, dn r;  dh0 = dh z        and du Wh'; the part through u is the layer's, who has dr and dz from a */
#include "cell/point.h"

static int apart(const rc_cell_opt *o) { (void)o; return 1; }
static int biases(const rc_cell_opt *o) { return o->flags & RC_CELL_ONE_BIAS ? 1 : 3; }

static void init(const rc_cell_opt *o, int H, real *b, real *bh, real *p)
{
    (void)bh, (void)p;
    if (o->span > 0)
        rc_remember(b + H, H, o->span, o->flags & RC_CELL_FLIP ? -1 : 1);
}

static void forward(const rc_cell_io *c)
{
    const rc_act_fn *s = &c->opt->act[0], *f = &c->opt->act[1];
    bool flip = c->opt->flags & RC_CELL_FLIP;
    int H = c->H;
    for (int row = 0; row < c->n; row++) {
        const real *u = c->u + rc_place(row, c->us, 0, H, 0), *h0 = c->s0[0] + rc_place(row, c->ss, 0, H, 0);
        real *g = c->g + rc_place(row, c->gs, 0, H, 0), *h = c->s[0] + rc_place(row, c->ss, 0, H, 0);
        for (int j = c->lo; j < c->hi; j++) {
            real r = rc_f(s, g[j]);                                                             /* (G1) */
            real z = rc_f(s, g[H + j]);                                                         /* (G2) */
            real n = rc_f(f, g[2 * H + j] + r * u[j]);                                          /* (G3) */
            h[j] = flip ? (1 - z) * h0[j] + z * n : (1 - z) * n + z * h0[j];                    /* (G4) */
            g[j] = r, g[H + j] = z, g[2 * H + j] = n;
        }
    }
}

static void backward(const rc_cell_io *c)
{
    const rc_act_fn *s = &c->opt->act[0], *f = &c->opt->act[1];
    bool flip = c->opt->flags & RC_CELL_FLIP;
    int H = c->H;
    for (int row = 0; row < c->n; row++) {
        const real *g = c->g + rc_place(row, c->gs, 0, H, 0), *u = c->u + rc_place(row, c->us, 0, H, 0);
        const real *h0 = c->s0[0] + rc_place(row, c->ss, 0, H, 0);
        real *dg = c->dg + rc_place(row, c->gs, 0, H, 0), *du = c->du + rc_place(row, c->us, 0, H, 0);
        real *dh = c->ds[0] + rc_place(row, c->ss, 0, H, 0);
        for (int j = c->lo; j < c->hi; j++) {
            real r = g[j], z = g[H + j], n = g[2 * H + j], d = dh[j];
            real to_n = flip ? z : 1 - z, to_h0 = flip ? 1 - z : z;
            real dn = d * to_n * rc_d(f, n);                                                    /* (G5) */
            real dz = d * (flip ? n - h0[j] : h0[j] - n) * rc_d(s, z);
            real dr = dn * u[j] * rc_d(s, r);
            dg[j] = dr, dg[H + j] = dz, dg[2 * H + j] = dn;
            du[j] = dn * r;                                                                     /* (G6) */
            dh[j] = d * to_h0;
        }
    }
}

static const rc_cell_line formula[] = {
    { 0, RC_CELL_ONE_BIAS, "r = $0(x Wr + br + h0 Ur + cr)  (G1)" },
    { 0, RC_CELL_ONE_BIAS, "z = $0(x Wz + bz + h0 Uz + cz)  (G2)" },
    { 0, RC_CELL_ONE_BIAS, "n = $1(x Wn + bn + r (h0 Un + cn))  (G3)" },
    { RC_CELL_ONE_BIAS, 0, "r = $0(x Wr + br + h0 Ur)  (G1)" },
    { RC_CELL_ONE_BIAS, 0, "z = $0(x Wz + bz + h0 Uz)  (G2)" },
    { RC_CELL_ONE_BIAS, 0, "n = $1(x Wn + bn + r (h0 Un))  (G3)" },
    { 0, RC_CELL_FLIP, "h = (1 - z) n + z h0  (G4)" },
    { RC_CELL_FLIP, 0, "h = (1 - z) h0 + z n  (G4)" },
    { 0 },
};

const rc_cell rc_cell_gru = {
    .name = "gru",
    .formula = formula,
    .G = 3, .R = 3, .S = 1,
    .options = RC_CELL_ONE_BIAS | RC_CELL_FLIP | RC_CELL_SPAN,
    .act = { "sigmoid", "tanh" },
    .apart = apart, .biases = biases, .init = init,
    .forward = { forward }, .backward = { backward },
};
