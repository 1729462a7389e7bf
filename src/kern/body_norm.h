/* SPDX-License-Identifier: MIT
 * The lstm with layer normalisation in vector words, numbers as in cell/lstm_norm.c.  A row is gone through several
 * times: for its means, for the gates, and backward for the sums that normalisation spreads over the row. */

enum { GX = 0, GU = 4, SHIFT = 8, GC = 12, SC = 13 };          /* rows of p */

typedef struct { vf mean, scale; } v_moments;                  /* scale: 1 / sd, in every lane */
typedef struct { vf i, f, g, o; } v_gates;
typedef struct { vf d, dn; } v_sums;                           /* of G dy, and of G dy N(v) */
typedef struct { const rc_cell_io *c; bool coupled; const float *x, *u; v_moments mx, mu; } norm_row;

#define EACH_BLOCK(k, n, coupled) for (int k = 0; k < (n); k++) if (k != 1 || !(coupled))

/* The first n lanes, zeros behind. */
static inline vf v_head(vf x, int n)
{
    float t[VL] = { 0 };
    if (n >= VL)
        return x;
    v_storen(t, x, n);
    return v_load(t);
}

/* Mean and scale of the used ones of n blocks at v. */
INLINE v_moments moments_of(const float *v, int blocks, bool coupled, int H)
{
    vf sum = v_set(0), square = v_set(0);
    float count = (float)H * (float)(blocks - (blocks > 1 && coupled));
    EACH_BLOCK(k, blocks, coupled)
        EACH(H, j, n)
            sum = v_add(sum, v_loadn(v + k * H + j, n));
    vf mean = v_set(v_sum(sum) / count);
    EACH_BLOCK(k, blocks, coupled)
        EACH(H, j, n) {
            vf d = v_head(v_sub(v_loadn(v + k * H + j, n), mean), n);
            square = v_fma(d, d, square);
        }
    return (v_moments){ mean, v_set(1 / sqrtf(v_sum(square) / count + 1e-5f)) };
}

static inline vf normal(v_moments m, vf v) { return v_mul(v_sub(v, m.mean), m.scale); }

/* (L20) of block k */
INLINE vf mixed(const norm_row *r, int k, int j, int n)
{
    int H = r->c->H, at = k * H + j;
    const float *p = r->c->p;
    vf nx = normal(r->mx, v_loadn(r->x + at, n)), nu = normal(r->mu, v_loadn(r->u + at, n));
    return v_fma(v_loadn(p + GX * H + at, n), nx, v_fma(v_loadn(p + GU * H + at, n), nu, v_loadn(p + SHIFT * H + at, n)));
}

INLINE v_gates gates_of(const norm_row *r, int j, int n)
{
    vf i = v_sigmoid(mixed(r, 0, j, n));
    return (v_gates){ i, r->coupled ? v_sub(v_set(1), i) : v_sigmoid(mixed(r, 1, j, n)), v_tanh(mixed(r, 2, j, n)),
                      v_sigmoid(mixed(r, 3, j, n)) };
}

INLINE norm_row row_of(const rc_cell_io *c, int r, bool coupled)
{
    const float *x = ROW(c->g, c->gs), *u = ROW(c->u, c->us);
    return (norm_row){ c, coupled, x, u, moments_of(x, 4, coupled, c->H), moments_of(u, 4, coupled, c->H) };
}

INLINE void lstm_norm_forward_of(const rc_cell_io *c, bool coupled)
{
    int H = c->H;
    EACH_ROW(c, r) {
        norm_row row = row_of(c, r, coupled);
        const float *c0 = ROW(c->s0[1], c->ss);
        float *h = ROW(c->s[0], c->ss), *c1 = ROW(c->s[1], c->ss);
        EACH(H, j, n) {
            v_gates a = gates_of(&row, j, n);
            v_storen(c1 + j, v_fma(a.f, v_loadn(c0 + j, n), v_mul(a.i, a.g)), n);
            v_storen(h + j, a.o, n);
        }
        v_moments mc = moments_of(c1, 1, false, H);
        EACH(H, j, n) {                                                                                 /* (L21) */
            vf y = v_fma(v_loadn(c->p + GC * H + j, n), normal(mc, v_loadn(c1 + j, n)), v_loadn(c->p + SC * H + j, n));
            v_storen(h + j, v_mul(v_loadn(h + j, n), v_tanh(y)), n);
        }
    }
}

/* From dh to dc through (L21): da's block o becomes do, dc grows by what h sends back. */
INLINE void back_output(const norm_row *row, const float *c1, float *dh, float *dc, float *da)
{
    int H = row->c->H;
    const float *p = row->c->p;
    float *dp = row->c->dp;
    v_moments mc = moments_of(c1, 1, false, H);
    v_sums s = { v_set(0), v_set(0) };
    EACH(H, j, n) {
        vf o = v_sigmoid(mixed(row, 3, j, n)), nc = normal(mc, v_loadn(c1 + j, n)), gain = v_loadn(p + GC * H + j, n);
        vf t = v_tanh(v_fma(gain, nc, v_loadn(p + SC * H + j, n))), d = v_loadn(dh + j, n);
        vf dy = v_mul(v_mul(d, o), d_tanh(t)), g = v_mul(dy, gain);
        v_storen(da + 3 * H + j, v_mul(v_mul(d, t), d_sigmoid(o)), n);
        if (dp) {
            v_grow(dp + GC * H + j, v_mul(dy, nc), n);
            v_grow(dp + SC * H + j, dy, n);
        }
        v_storen(dh + j, g, n);
        s.d = v_add(s.d, g);
        s.dn = v_fma(g, nc, s.dn);
    }
    vf d = v_set(v_sum(s.d) / (float)H), dn = v_set(v_sum(s.dn) / (float)H);
    EACH(H, j, n) {                                                                                     /* (L22) */
        vf nc = normal(mc, v_loadn(c1 + j, n)), back = v_fnma(nc, dn, v_sub(v_loadn(dh + j, n), d));
        v_storen(dc + j, v_fma(back, mc.scale, v_loadn(dc + j, n)), n);
        v_storen(dh + j, v_set(0), n);
    }
}

/* What gate k's gradient d leaves in gains, shifts and the sums of both normalisations. */
INLINE void back_mixed(const norm_row *row, int k, int j, int n, vf d, v_sums *sx, v_sums *su)
{
    int H = row->c->H, at = k * H + j;
    const float *p = row->c->p;
    float *dp = row->c->dp;
    vf nx = normal(row->mx, v_loadn(row->x + at, n)), nu = normal(row->mu, v_loadn(row->u + at, n));
    vf dx = v_mul(d, v_loadn(p + GX * H + at, n)), du = v_mul(d, v_loadn(p + GU * H + at, n));
    sx->d = v_add(sx->d, dx), sx->dn = v_fma(dx, nx, sx->dn);
    su->d = v_add(su->d, du), su->dn = v_fma(du, nu, su->dn);
    if (dp) {
        v_grow(dp + GX * H + at, v_mul(d, nx), n);
        v_grow(dp + GU * H + at, v_mul(d, nu), n);
        v_grow(dp + SHIFT * H + at, d, n);
    }
}

/* Gradients of the gates into da, of gains and shifts; sums for both normalisations. */
INLINE void back_gates(const norm_row *row, const float *c0, float *dc, float *da, v_sums *sx, v_sums *su)
{
    int H = row->c->H;
    EACH(H, j, n) {
        v_gates a = gates_of(row, j, n);
        vf old = v_loadn(c0 + j, n), d = v_loadn(dc + j, n);
        vf d_i = v_mul(v_mul(d, row->coupled ? v_sub(a.g, old) : a.g), d_sigmoid(a.i));
        vf d_f = row->coupled ? v_set(0) : v_mul(v_mul(d, old), d_sigmoid(a.f));
        vf d_g = v_mul(v_mul(d, a.i), d_tanh(a.g));
        v_storen(da + j, d_i, n);
        v_storen(da + H + j, d_f, n);
        v_storen(da + 2 * H + j, d_g, n);
        v_storen(dc + j, v_mul(d, a.f), n);
        back_mixed(row, 0, j, n, d_i, sx, su);
        back_mixed(row, 1, j, n, d_f, sx, su);
        back_mixed(row, 2, j, n, d_g, sx, su);
        back_mixed(row, 3, j, n, v_loadn(da + 3 * H + j, n), sx, su);
    }
}

/* (L22) of one normalisation: to = (G d - mean - N mean') scale. */
INLINE vf spread(v_moments m, v_sums s, const float *gain, const float *v, vf d, int n)
{
    return v_mul(v_fnma(normal(m, v_loadn(v, n)), s.dn, v_sub(v_mul(d, v_loadn(gain, n)), s.d)), m.scale);
}

INLINE void lstm_norm_backward_of(const rc_cell_io *c, bool coupled)
{
    int H = c->H;
    float count = (float)H * (float)(coupled ? 3 : 4);
    EACH_ROW(c, r) {
        norm_row row = row_of(c, r, coupled);
        float *dx = ROW(c->dg, c->gs), *da = ROW(c->du, c->us), *dc = ROW(c->ds[1], c->ss);
        v_sums sx = { v_set(0), v_set(0) }, su = sx;
        back_output(&row, ROW(c->s[1], c->ss), ROW(c->ds[0], c->ss), dc, da);
        back_gates(&row, ROW(c->s0[1], c->ss), dc, da, &sx, &su);
        sx = (v_sums){ v_set(v_sum(sx.d) / count), v_set(v_sum(sx.dn) / count) };
        su = (v_sums){ v_set(v_sum(su.d) / count), v_set(v_sum(su.dn) / count) };
        for (int k = 0; k < 4; k++)
            EACH(H, j, n) {
                int at = k * H + j;
                vf d = v_loadn(da + at, n), off = v_set(0);
                bool on = k != 1 || !coupled;
                v_storen(dx + at, on ? spread(row.mx, sx, c->p + GX * H + at, row.x + at, d, n) : off, n);
                v_storen(da + at, on ? spread(row.mu, su, c->p + GU * H + at, row.u + at, d, n) : off, n);
            }
    }
}

static void lstm_norm_forward(const rc_cell_io *c)
{
    if (c->opt->flags & RC_CELL_COUPLED)
        lstm_norm_forward_of(c, true);
    else
        lstm_norm_forward_of(c, false);
}

static void lstm_norm_backward(const rc_cell_io *c)
{
    if (c->opt->flags & RC_CELL_COUPLED)
        lstm_norm_backward_of(c, true);
    else
        lstm_norm_backward_of(c, false);
}
