/* SPDX-License-Identifier: MIT
 * lstm with layer normalisation (Ba, Kiros & Hinton, Layer normalization, 2016, equations 20-22).
 *
 *   x' = x Wx, u = h0 Wh; N(v) = (v - mean v) / sd v over all used blocks of a row; G gains, S shifts
 *   (L20) a = Gx N(x') + Gu N(u) + S            blocks i f g o, then (L1)-(L4) without peepholes
 *   (L21) h = o f2(Gc N(c) + Sc)
 *   (L22) y = G N(v):  dv = (G dy - mean(G dy) - N(v) mean(G dy N(v))) / sd,  dG += dy N(v)
 *
 * g and u keep x' and u as they came; backward computes the gates again, which costs less than a third block. */
#include "cell/lstm.h"
#include "cell/point.h"

enum { GX = 0, GU = 4, SHIFT = 8, GC = 12, SC = 13 };          /* rows of p */
#define EPS ((real)1e-5)

typedef struct { real mean, scale; } moments;                  /* scale: 1 / sd */
typedef struct { real i, f, g, o; } gates;
typedef struct { real d, dn; } sums;                           /* of G dy, and of G dy N(v) */

static bool used(const rc_cell_opt *o, int block) { return block != 1 || !(o->flags & RC_CELL_COUPLED); }

static int blocks(const rc_cell_opt *o) { return o->flags & RC_CELL_COUPLED ? 3 : 4; }

/* Mean and scale of the used ones of `n` blocks at v. */
static moments moments_of(const rc_cell_opt *o, const real *v, int n, int H)
{
    real sum = 0, square = 0;
    real count = (real)H * (real)(n == 1 ? 1 : blocks(o));
    for (int k = 0; k < n; k++)
        for (int j = 0; used(o, k) && j < H; j++)
            sum += v[k * H + j];
    real mean = sum / count;
    for (int k = 0; k < n; k++)
        for (int j = 0; used(o, k) && j < H; j++)
            square += (v[k * H + j] - mean) * (v[k * H + j] - mean);
    return (moments) { mean, 1 / (real)sqrt((double)(square / count + EPS)) };
}

static real normal(moments m, real v) { return (v - m.mean) * m.scale; }

/* (L20) of block k, unit j */
static real mixed(const real *p, int k, int H, int j, real nx, real nu)
{
    return p[(GX + k) * H + j] * nx + p[(GU + k) * H + j] * nu + p[(SHIFT + k) * H + j];
}

static gates gates_of(const rc_cell_io *c, moments mx, moments mu, const real *x, const real *u, int j)
{
    const rc_act_fn *s = &c->opt->act[0], *f1 = &c->opt->act[1];
    real a[4];
    for (int k = 0; k < 4; k++)
        a[k] = mixed(c->p, k, c->H, j, normal(mx, x[k * c->H + j]), normal(mu, u[k * c->H + j]));
    real i = rc_f(s, a[0]);
    return (gates) { i, used(c->opt, 1) ? rc_f(s, a[1]) : 1 - i, rc_f(f1, a[2]), rc_f(s, a[3]) };
}

void rc_lstm_norm_init(const rc_cell_opt *o, int H, real *p)
{
    bool coupled = o->flags & RC_CELL_COUPLED;
    rc_fill(p + GX * H, 4 * H, 1);
    rc_fill(p + GU * H, 4 * H, 1);
    rc_fill(p + (SHIFT + (coupled ? 0 : 1)) * H, H, coupled ? -1 : 1);
    rc_fill(p + GC * H, H, 1);
}

void rc_lstm_norm_forward(const rc_cell_io *c)
{
    int H = c->H;
    for (int r = 0; r < c->n; r++) {
        const real *x = c->g + rc_place(r, c->gs, 0, H, 0), *u = c->u + rc_place(r, c->us, 0, H, 0);
        const real *c0 = c->s0[1] + rc_place(r, c->ss, 0, H, 0);
        real *h = c->s[0] + rc_place(r, c->ss, 0, H, 0), *c1 = c->s[1] + rc_place(r, c->ss, 0, H, 0);
        moments mx = moments_of(c->opt, x, 4, H), mu = moments_of(c->opt, u, 4, H);
        for (int j = 0; j < H; j++) {
            gates a = gates_of(c, mx, mu, x, u, j);
            c1[j] = a.f * c0[j] + a.i * a.g;
            h[j] = a.o;
        }
        moments mc = moments_of(c->opt, c1, 1, H);
        for (int j = 0; j < H; j++)
            h[j] *= rc_f(&c->opt->act[2], c->p[GC * H + j] * normal(mc, c1[j]) + c->p[SC * H + j]);   /* (L21) */
    }
}

/* From dh to dc through (L21): du's block o becomes do, dc grows by what h sends back. */
static void back_output(const rc_cell_io *c, moments mx, moments mu, const real *x, const real *u, const real *c1,
                        real *dh, real *dc, real *da)
{
    int H = c->H;
    const real *p = c->p;
    moments mc = moments_of(c->opt, c1, 1, H);
    sums s = { 0, 0 };
    for (int j = 0; j < H; j++) {
        gates a = gates_of(c, mx, mu, x, u, j);
        real n = normal(mc, c1[j]), t = rc_f(&c->opt->act[2], p[GC * H + j] * n + p[SC * H + j]);
        real dy = dh[j] * a.o * rc_d(&c->opt->act[2], t);
        da[3 * H + j] = dh[j] * t * rc_d(&c->opt->act[0], a.o);
        if (c->dp) {
            c->dp[GC * H + j] += dy * n;
            c->dp[SC * H + j] += dy;
        }
        dh[j] = dy * p[GC * H + j];
        s.d += dh[j];
        s.dn += dh[j] * n;
    }
    for (int j = 0; j < H; j++) {
        dc[j] += (dh[j] - s.d / (real)H - normal(mc, c1[j]) * (s.dn / (real)H)) * mc.scale;          /* (L22) */
        dh[j] = 0;
    }
}

/* Gradients of the gates into da, of gains and shifts; sums for both normalisations. */
static void back_gates(const rc_cell_io *c, moments mx, moments mu, const real *x, const real *u, const real *c0,
                       real *dc, real *da, sums *sx, sums *su)
{
    int H = c->H;
    const rc_act_fn *s = &c->opt->act[0], *f1 = &c->opt->act[1];
    bool coupled = c->opt->flags & RC_CELL_COUPLED;
    for (int j = 0; j < H; j++) {
        gates a = gates_of(c, mx, mu, x, u, j);
        da[j] = dc[j] * (coupled ? a.g - c0[j] : a.g) * rc_d(s, a.i);
        da[H + j] = coupled ? 0 : dc[j] * c0[j] * rc_d(s, a.f);
        da[2 * H + j] = dc[j] * a.i * rc_d(f1, a.g);
        dc[j] *= a.f;
        for (int k = 0; k < 4; k++) {
            real d = da[k * H + j], nx = normal(mx, x[k * H + j]), nu = normal(mu, u[k * H + j]);
            real dx = d * c->p[(GX + k) * H + j], d_u = d * c->p[(GU + k) * H + j];
            sx->d += dx, sx->dn += dx * nx;
            su->d += d_u, su->dn += d_u * nu;
            if (c->dp) {
                c->dp[(GX + k) * H + j] += d * nx;
                c->dp[(GU + k) * H + j] += d * nu;
                c->dp[(SHIFT + k) * H + j] += d;
            }
        }
    }
}

void rc_lstm_norm_backward(const rc_cell_io *c)
{
    int H = c->H;
    real count = (real)(blocks(c->opt) * H);
    for (int r = 0; r < c->n; r++) {
        const real *x = c->g + rc_place(r, c->gs, 0, H, 0), *u = c->u + rc_place(r, c->us, 0, H, 0);
        const real *c0 = c->s0[1] + rc_place(r, c->ss, 0, H, 0), *c1 = c->s[1] + rc_place(r, c->ss, 0, H, 0);
        real *dx = c->dg + rc_place(r, c->gs, 0, H, 0), *da = c->du + rc_place(r, c->us, 0, H, 0);
        real *dh = c->ds[0] + rc_place(r, c->ss, 0, H, 0), *dc = c->ds[1] + rc_place(r, c->ss, 0, H, 0);
        moments mx = moments_of(c->opt, x, 4, H), mu = moments_of(c->opt, u, 4, H);
        sums sx = { 0, 0 }, su = { 0, 0 };
        back_output(c, mx, mu, x, u, c1, dh, dc, da);
        back_gates(c, mx, mu, x, u, c0, dc, da, &sx, &su);
        for (int k = 0; k < 4; k++)
            for (int j = 0; j < H; j++) {
                int at = k * H + j;
                real d = da[at], on = used(c->opt, k) ? 1 : 0;
                real nx = normal(mx, x[at]), nu = normal(mu, u[at]);                                 /* (L22) */
                dx[at] = on * (d * c->p[GX * H + at] - sx.d / count - nx * (sx.dn / count)) * mx.scale;
                da[at] = on * (d * c->p[GU * H + at] - su.d / count - nu * (su.dn / count)) * mu.scale;
            }
    }
}
