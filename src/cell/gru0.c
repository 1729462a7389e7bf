/* SPDX-License-Identifier: MIT
 * gru0: gated recurrent unit as first published, reset before the product (Cho et al., Learning phrase representations,
 * 2014, equations 5-8); the product of the candidate waits for r and is a second round.
 *
 *   blocks r z n                                s: sigmoid, f: tanh
 *   (O1)  r = s(x Wr + h0 Ur + br),  z = s(x Wz + h0 Uz + bz),  q = r h0
 *   (O2)  n = f(x Wn + q Un + bn)
 *   (O3)  h = (1 - z) n + z h0                  flip: h = (1 - z) h0 + z n, as the paper writes it
 *   (O4)  dn = dh (1 - z) f'(n),  dz = dh (h0 - n) s'(z),  dh0 = dh z
 *   (O5)  dr = dq h0 s'(r),  dh0 += dq r        with dq = dn Un' */
#include "cell/point.h"

static void init(const rc_cell_opt *o, int H, real *b, real *bh, real *p)
{
    (void)bh, (void)p;
    if (o->span > 0)
        rc_remember(b + H, H, o->span, o->flags & RC_CELL_FLIP ? -1 : 1);
}

static void gates(const rc_cell_io *c)
{
    const rc_act_fn *s = &c->opt->act[0];
    for (int row = 0; row < c->n; row++) {
        const real *h0 = c->s0[0] + rc_place(row, c->ss, 0, c->H, 0);
        real *r = c->g + rc_place(row, c->gs, 0, c->H, 0), *z = r + c->H, *q = c->q + rc_place(row, c->qs, 0, c->H, 0);
        for (int j = c->lo; j < c->hi; j++) {
            r[j] = rc_f(s, r[j]);                                                               /* (O1) */
            z[j] = rc_f(s, z[j]);
            q[j] = r[j] * h0[j];
        }
    }
}

static void candidate(const rc_cell_io *c)
{
    const rc_act_fn *f = &c->opt->act[1];
    bool flip = c->opt->flags & RC_CELL_FLIP;
    for (int row = 0; row < c->n; row++) {
        const real *h0 = c->s0[0] + rc_place(row, c->ss, 0, c->H, 0);
        real *z = c->g + rc_place(row, c->gs, 1, c->H, 0), *n = z + c->H, *h = c->s[0] + rc_place(row, c->ss, 0, c->H, 0);
        for (int j = c->lo; j < c->hi; j++) {
            n[j] = rc_f(f, n[j]);                                                               /* (O2) */
            h[j] = flip ? (1 - z[j]) * h0[j] + z[j] * n[j] : (1 - z[j]) * n[j] + z[j] * h0[j];  /* (O3) */
        }
    }
}

/* The gradient of z is taken here too: n is gone afterwards where dg is g itself. */
static void candidate_back(const rc_cell_io *c)
{
    const rc_act_fn *s = &c->opt->act[0], *f = &c->opt->act[1];
    bool flip = c->opt->flags & RC_CELL_FLIP;
    for (int row = 0; row < c->n; row++) {
        const real *g = c->g + rc_place(row, c->gs, 1, c->H, 0), *h0 = c->s0[0] + rc_place(row, c->ss, 0, c->H, 0);
        real *dz = c->dg + rc_place(row, c->gs, 1, c->H, 0), *dn = dz + c->H;
        real *dh = c->ds[0] + rc_place(row, c->ss, 0, c->H, 0);
        for (int j = c->lo; j < c->hi; j++) {
            real z = g[j], n = g[c->H + j], d = dh[j];
            dn[j] = d * (flip ? z : 1 - z) * rc_d(f, n);                                        /* (O4) */
            dz[j] = d * (flip ? n - h0[j] : h0[j] - n) * rc_d(s, z);
            dh[j] = d * (flip ? 1 - z : z);
        }
    }
}

static void gates_back(const rc_cell_io *c)
{
    const rc_act_fn *s = &c->opt->act[0];
    for (int row = 0; row < c->n; row++) {
        const real *g = c->g + rc_place(row, c->gs, 0, c->H, 0), *h0 = c->s0[0] + rc_place(row, c->ss, 0, c->H, 0);
        const real *dq = c->dq + rc_place(row, c->qs, 0, c->H, 0);
        real *dr = c->dg + rc_place(row, c->gs, 0, c->H, 0), *dh = c->ds[0] + rc_place(row, c->ss, 0, c->H, 0);
        for (int j = c->lo; j < c->hi; j++) {
            real r = g[j];
            dr[j] = dq[j] * h0[j] * rc_d(s, r);                                                 /* (O5) */
            dh[j] += dq[j] * r;
        }
    }
}

static const rc_cell_line formula[] = {
    { 0, 0, "r = $0(x Wr + h0 Ur + br)  (O1)" },
    { 0, 0, "z = $0(x Wz + h0 Uz + bz)  (O1)" },
    { 0, 0, "n = $1(x Wn + (r h0) Un + bn)  (O2)" },
    { 0, RC_CELL_FLIP, "h = (1 - z) n + z h0  (O3)" },
    { RC_CELL_FLIP, 0, "h = (1 - z) h0 + z n  (O3)" },
    { 0 },
};

const rc_cell rc_cell_gru0 = {
    .name = "gru0",
    .formula = formula,
    .G = 3, .R = 3, .S = 1, .split = 2,
    .options = RC_CELL_FLIP | RC_CELL_SPAN,
    .init = init,
    .act = { "sigmoid", "tanh" },
    .forward = { gates, candidate }, .backward = { gates_back, candidate_back },
};
