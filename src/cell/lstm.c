/* SPDX-License-Identifier: MIT
 * lstm: long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000;
 * peepholes: Gers & Schmidhuber 2000; coupled gates: Greff et al., LSTM: a search space odyssey, 2015).
 * Normalised inside (Ba, Kiros & Hinton 2016): lstm_norm.c.
 *
 *   a = x Wx + h0 Wh + b, blocks i f g o; p: peepholes, rows i f o; s: sigmoid, f1 f2: tanh
 *   (L1)  i = s(ai + pi c0)
 *   (L2)  f = s(af + pf c0)                     coupled: f = 1 - i, its block stays zero
 *   (L3)  g = f1(ag)
 *   (L4)  c = f c0 + i g
 *   (L5)  o = s(ao + po c)
 *   (L6)  h = o f2(c)
 *   (L7)  do = dh f2(c) s'(o)                   d of a gate: of its pre-activation
 *   (L8)  dc += dh o f2'(c) + po do
 *   (L9)  di = dc g s'(i)                       coupled: dc (g - c0) s'(i)
 *   (L10) df = dc c0 s'(f),  dg = dc i f1'(g)
 *   (L11) dc0 = dc f + pi di + pf df
 *   (L12) dpi += di c0,  dpf += df c0,  dpo += do c */
#include "cell/lstm.h"
#include "cell/point.h"

static bool normalised(const rc_cell_opt *o) { return o->flags & RC_CELL_NORM; }

static int rows(const rc_cell_opt *o)
{
    return normalised(o) ? RC_LSTM_NORM_ROWS : o->flags & RC_CELL_PEEPHOLE ? 3 : 0;
}

static int apart(const rc_cell_opt *o) { return normalised(o) ? 4 : 0; }
static int biases(const rc_cell_opt *o) { return normalised(o) ? 0 : 1; }

/* A cell that remembers at the start: forget bias 1 (Jozefowicz, Zaremba & Sutskever 2015); coupled: input bias -1. */
static void init(const rc_cell_opt *o, int H, real *b, real *bh, real *p)
{
    (void)bh;
    bool coupled = o->flags & RC_CELL_COUPLED;
    if (normalised(o)) {
        rc_lstm_norm_init(o, H, p);
    } else if (o->span > 0) {
        rc_remember(b, H, o->span, -1);
        if (!coupled)
            rc_remember(b + H, H, o->span, 1);
    } else {
        rc_fill(b + (coupled ? 0 : H), H, coupled ? -1 : 1);
    }
}

static void forward(const rc_cell_io *c)
{
    if (normalised(c->opt)) {
        rc_lstm_norm_forward(c);
        return;
    }
    const rc_act_fn *s = &c->opt->act[0], *f1 = &c->opt->act[1], *f2 = &c->opt->act[2];
    bool coupled = c->opt->flags & RC_CELL_COUPLED;
    const real *p = c->opt->flags & RC_CELL_PEEPHOLE ? c->p : NULL;
    int H = c->H;
    for (int r = 0; r < c->n; r++) {
        const real *c0 = c->s0[1] + rc_place(r, c->ss, 0, H, 0);
        real *a = c->g + rc_place(r, c->gs, 0, H, 0);
        real *h = c->s[0] + rc_place(r, c->ss, 0, H, 0), *c1 = c->s[1] + rc_place(r, c->ss, 0, H, 0);
        for (int j = c->lo; j < c->hi; j++) {
            real i = rc_f(s, a[j] + (p ? p[j] * c0[j] : 0));                                    /* (L1) */
            real f = coupled ? 1 - i : rc_f(s, a[H + j] + (p ? p[H + j] * c0[j] : 0));          /* (L2) */
            real g = rc_f(f1, a[2 * H + j]);                                                    /* (L3) */
            real cell = f * c0[j] + i * g;                                                      /* (L4) */
            real o = rc_f(s, a[3 * H + j] + (p ? p[2 * H + j] * cell : 0));                     /* (L5) */
            c1[j] = cell;
            h[j] = o * rc_f(f2, cell);                                                          /* (L6) */
            a[j] = i, a[H + j] = coupled ? 0 : f, a[2 * H + j] = g, a[3 * H + j] = o;
        }
    }
}

static void backward(const rc_cell_io *c)
{
    if (normalised(c->opt)) {
        rc_lstm_norm_backward(c);
        return;
    }
    const rc_act_fn *s = &c->opt->act[0], *f1 = &c->opt->act[1], *f2 = &c->opt->act[2];
    bool coupled = c->opt->flags & RC_CELL_COUPLED;
    const real *p = c->opt->flags & RC_CELL_PEEPHOLE ? c->p : NULL;
    int H = c->H;
    for (int r = 0; r < c->n; r++) {
        const real *a = c->g + rc_place(r, c->gs, 0, H, 0);
        const real *c0 = c->s0[1] + rc_place(r, c->ss, 0, H, 0), *c1 = c->s[1] + rc_place(r, c->ss, 0, H, 0);
        real *da = c->dg + rc_place(r, c->gs, 0, H, 0);
        real *dh = c->ds[0] + rc_place(r, c->ss, 0, H, 0), *dc = c->ds[1] + rc_place(r, c->ss, 0, H, 0);
        for (int j = c->lo; j < c->hi; j++) {
            real i = a[j], f = coupled ? 1 - i : a[H + j], g = a[2 * H + j], o = a[3 * H + j], t = rc_f(f2, c1[j]);
            real d_o = dh[j] * t * rc_d(s, o);                                                  /* (L7) */
            real d_c = dc[j] + dh[j] * o * rc_d(f2, t) + (p ? p[2 * H + j] * d_o : 0);          /* (L8) */
            real d_i = d_c * (coupled ? g - c0[j] : g) * rc_d(s, i);                            /* (L9) */
            real d_f = coupled ? 0 : d_c * c0[j] * rc_d(s, f);                                  /* (L10) */
            da[j] = d_i, da[H + j] = d_f, da[2 * H + j] = d_c * i * rc_d(f1, g), da[3 * H + j] = d_o;
            dh[j] = 0;
            dc[j] = d_c * f + (p ? p[j] * d_i + p[H + j] * d_f : 0);                            /* (L11) */
            if (p && c->dp) {
                c->dp[j] += d_i * c0[j];                                                        /* (L12) */
                c->dp[H + j] += d_f * c0[j];
                c->dp[2 * H + j] += d_o * c1[j];
            }
        }
    }
}

static const rc_cell_line formula[] = {
    { 0, RC_CELL_PEEPHOLE | RC_CELL_NORM, "i = $0(x Wi + h0 Ui + bi)  (L1)" },
    { RC_CELL_PEEPHOLE, RC_CELL_NORM, "i = $0(x Wi + h0 Ui + pi c0 + bi)  (L1)" },
    { RC_CELL_NORM, 0, "i = $0(Gi N(x Wi) + Hi N(h0 Ui) + Si)  (L20)" },
    { 0, RC_CELL_PEEPHOLE | RC_CELL_NORM | RC_CELL_COUPLED, "f = $0(x Wf + h0 Uf + bf)  (L2)" },
    { RC_CELL_PEEPHOLE, RC_CELL_NORM | RC_CELL_COUPLED, "f = $0(x Wf + h0 Uf + pf c0 + bf)  (L2)" },
    { RC_CELL_NORM, RC_CELL_COUPLED, "f = $0(Gf N(x Wf) + Hf N(h0 Uf) + Sf)  (L20)" },
    { RC_CELL_COUPLED, 0, "f = 1 - i  (L2)" },
    { 0, RC_CELL_NORM, "g = $1(x Wg + h0 Ug + bg)  (L3)" },
    { RC_CELL_NORM, 0, "g = $1(Gg N(x Wg) + Hg N(h0 Ug) + Sg)  (L20)" },
    { 0, 0, "c = f c0 + i g  (L4)" },
    { 0, RC_CELL_PEEPHOLE | RC_CELL_NORM, "o = $0(x Wo + h0 Uo + bo)  (L5)" },
    { RC_CELL_PEEPHOLE, RC_CELL_NORM, "o = $0(x Wo + h0 Uo + po c + bo)  (L5)" },
    { RC_CELL_NORM, 0, "o = $0(Go N(x Wo) + Ho N(h0 Uo) + So)  (L20)" },
    { 0, RC_CELL_NORM, "h = o $2(c)  (L6)" },
    { RC_CELL_NORM, 0, "h = o $2(Gc N(c) + Sc)  (L21)" },
    { RC_CELL_NORM, 0, "N(v) = (v - mean(v)) / sd(v)" },
    { 0 },
};

const rc_cell rc_cell_lstm = {
    .name = "lstm",
    .formula = formula,
    .G = 4, .R = 4, .S = 2,
    .options = RC_CELL_PEEPHOLE | RC_CELL_COUPLED | RC_CELL_NORM | RC_CELL_SPAN,
    .act = { "sigmoid", "tanh", "tanh" },
    .rowwise = normalised, .apart = apart, .P = rows, .biases = biases, .init = init,
    .forward = { forward }, .backward = { backward },
};
