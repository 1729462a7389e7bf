/* SPDX-License-Identifier: MIT
 * The lstm with layer normalisation in vector words, numbers as in cell/lstm_norm.c.  A row is gone through several
 * times: for its means, for the gates, and backward for the sums that normalisation spreads over the row.  What one pass
 * stores the next one loads at once, so whole vectors go without masks, which would keep a store from being passed on. */

enum { GX = 0, GU = 4, SHIFT = 8, GC = 12, SC = 13 };          /* rows of p */

typedef struct { vf mean, scale; } v_moments;                  /* scale: 1 / sd, in every lane */
typedef struct { vf i, f, g, o; } v_gates;
typedef struct { vf d, dn; } v_sums;                           /* of G dy, and of G dy N(v) */
typedef struct { vf x[4], u[4]; } v_normals;                   /* N of both parts of each gate */
typedef struct { const rc_cell_io *c; bool coupled; const float *x, *u, *c0; float *da, *dc; v_moments mx, mu; } norm_row;

#define EACH_BLOCK(k, n, coupled) for (int k = 0; k < (n); k++) if (k != 1 || !(coupled))

/* part(at, n, ...) for the n units at `at`: n is a constant where a vector is whole. */
#define OVER(w, part, ...) do {                                                                                         \
        int at_ = 0;                                                                                                    \
        for (; at_ + VL <= (w); at_ += VL)                                                                              \
            part(at_, VL, __VA_ARGS__);                                                                                 \
        if (at_ < (w))                                                                                                  \
            part(at_, (w) - at_, __VA_ARGS__);                                                                          \
    } while (0)

/* The first n lanes, zeros behind. */
static inline vf v_head(vf x, int n)
{
    float t[VL] = { 0 };
    if (n >= VL)
        return x;
    v_storen(t, x, n);
    return v_load(t);
}

INLINE void sum_at(int j, int n, const float *v, int blocks, bool coupled, int H, vf sum[4])
{
    EACH_BLOCK(k, blocks, coupled)
        sum[k] = v_add(sum[k], v_loadn(v + k * H + j, n));
}

INLINE void square_at(int j, int n, const float *v, int blocks, bool coupled, int H, vf mean, vf square[4])
{
    EACH_BLOCK(k, blocks, coupled) {
        vf d = v_head(v_sub(v_loadn(v + k * H + j, n), mean), n);
        square[k] = v_fma(d, d, square[k]);
    }
}

INLINE float all_of(const vf s[4]) { return v_sum(v_add(v_add(s[0], s[1]), v_add(s[2], s[3]))); }

/* Mean and scale of the used ones of n blocks at v, a chain for each. */
INLINE v_moments moments_of(const float *v, int blocks, bool coupled, int H)
{
    vf zero = v_set(0), sum[4] = { zero, zero, zero, zero }, square[4] = { zero, zero, zero, zero };
    float count = (float)H * (float)(blocks - (blocks > 1 && coupled));
    OVER(H, sum_at, v, blocks, coupled, H, sum);
    vf mean = v_set(all_of(sum) / count);
    OVER(H, square_at, v, blocks, coupled, H, mean, square);
    return (v_moments){ mean, v_set(1 / sqrtf(all_of(square) / count + 1e-5f)) };
}

static inline vf normal(v_moments m, vf v) { return v_mul(v_sub(v, m.mean), m.scale); }

INLINE v_normals normals_of(const norm_row *r, int j, int n)
{
    v_normals v;
    int H = r->c->H;
    EACH_BLOCK(k, 4, r->coupled) {
        v.x[k] = normal(r->mx, v_loadn(r->x + k * H + j, n));
        v.u[k] = normal(r->mu, v_loadn(r->u + k * H + j, n));
    }
    return v;
}

/* (L20) of block k */
INLINE vf mixed(const norm_row *r, int k, int j, int n, vf nx, vf nu)
{
    int H = r->c->H, at = k * H + j;
    const float *p = r->c->p;
    return v_fma(v_loadn(p + GX * H + at, n), nx, v_fma(v_loadn(p + GU * H + at, n), nu, v_loadn(p + SHIFT * H + at, n)));
}

INLINE v_gates gates_of(const norm_row *r, int j, int n, const v_normals *v)
{
    vf i = v_sigmoid(mixed(r, 0, j, n, v->x[0], v->u[0]));
    return (v_gates){ i, r->coupled ? v_sub(v_set(1), i) : v_sigmoid(mixed(r, 1, j, n, v->x[1], v->u[1])),
                      v_tanh(mixed(r, 2, j, n, v->x[2], v->u[2])), v_sigmoid(mixed(r, 3, j, n, v->x[3], v->u[3])) };
}

INLINE norm_row row_of(const rc_cell_io *c, int r, bool coupled)
{
    const float *x = ROW(c->g, c->gs), *u = ROW(c->u, c->us);
    return (norm_row){ .c = c, .coupled = coupled, .x = x, .u = u, .mx = moments_of(x, 4, coupled, c->H),
                       .mu = moments_of(u, 4, coupled, c->H) };
}

/* The next row's cache lines at a place: x, or what forward left and da, are in a slow cache. */
INLINE void ahead(const norm_row *row, int at, bool back)
{
    __builtin_prefetch(row->x + row->c->gs + at);
    if (!back)
        return;
    __builtin_prefetch(row->u + row->c->us + at);
    __builtin_prefetch(row->da + row->c->us + at, 1);
}

/* New c; h is o for now. */
INLINE void cell_at(int j, int n, const norm_row *row, const float *c0, float *h, float *c1)
{
    v_normals v = normals_of(row, j, n);
    v_gates a = gates_of(row, j, n, &v);
    v_storen(c1 + j, v_fma(a.f, v_loadn(c0 + j, n), v_mul(a.i, a.g)), n);
    v_storen(h + j, a.o, n);
    for (int k = 0; k < 4 && j % 16 == 0; k++)
        ahead(row, k * row->c->H + j, false);
}

INLINE void output_at(int j, int n, const rc_cell_io *c, v_moments mc, const float *c1, float *h)
{
    int H = c->H;
    vf y = v_fma(v_loadn(c->p + GC * H + j, n), normal(mc, v_loadn(c1 + j, n)), v_loadn(c->p + SC * H + j, n));
    v_storen(h + j, v_mul(v_loadn(h + j, n), v_tanh(y)), n);                                            /* (L21) */
}

INLINE void lstm_norm_forward_of(const rc_cell_io *c, bool coupled)
{
    int H = c->H;
    EACH_ROW(c, r) {
        norm_row row = row_of(c, r, coupled);
        const float *c0 = ROW(c->s0[1], c->ss);
        float *h = ROW(c->s[0], c->ss), *c1 = ROW(c->s[1], c->ss);
        OVER(H, cell_at, &row, c0, h, c1);
        v_moments mc = moments_of(c1, 1, false, H);
        OVER(H, output_at, c, mc, c1, h);
    }
}

/* From dh back to what (L21) normalised, left in dh; da's block o becomes do. */
INLINE void out_at(int j, int n, const norm_row *row, v_moments mc, const float *c1, float *dh, v_sums *s)
{
    int H = row->c->H, at = 3 * H + j;
    const float *p = row->c->p;
    float *dp = row->c->dp;
    vf nx = normal(row->mx, v_loadn(row->x + at, n)), nu = normal(row->mu, v_loadn(row->u + at, n));
    vf o = v_sigmoid(mixed(row, 3, j, n, nx, nu)), nc = normal(mc, v_loadn(c1 + j, n)), gain = v_loadn(p + GC * H + j, n);
    vf t = v_tanh(v_fma(gain, nc, v_loadn(p + SC * H + j, n))), d = v_loadn(dh + j, n);
    vf dy = v_mul(v_mul(d, o), d_tanh(t)), g = v_mul(dy, gain);
    v_storen(row->da + at, v_mul(v_mul(d, t), d_sigmoid(o)), n);
    if (dp) {
        v_grow(dp + GC * H + j, v_mul(dy, nc), n);
        v_grow(dp + SC * H + j, dy, n);
    }
    v_storen(dh + j, g, n);
    s->d = v_add(s->d, g);
    s->dn = v_fma(g, nc, s->dn);
}

/* (L22): dc grows by what h sends back, d and dn are the sums over the row. */
INLINE void state_at(int j, int n, v_moments mc, vf d, vf dn, const float *c1, float *dh, float *dc)
{
    vf nc = normal(mc, v_loadn(c1 + j, n)), back = v_fnma(nc, dn, v_sub(v_loadn(dh + j, n), d));
    v_storen(dc + j, v_fma(back, mc.scale, v_loadn(dc + j, n)), n);
    v_storen(dh + j, v_set(0), n);
}

INLINE void back_output(const norm_row *row, const float *c1, float *dh)
{
    int H = row->c->H;
    v_moments mc = moments_of(c1, 1, false, H);
    v_sums s = { v_set(0), v_set(0) };
    OVER(H, out_at, row, mc, c1, dh, &s);
    vf d = v_set(v_sum(s.d) / (float)H), dn = v_set(v_sum(s.dn) / (float)H);
    OVER(H, state_at, mc, d, dn, c1, dh, row->dc);
}

/* What gate k's gradient d leaves in gains and shifts. */
INLINE void back_gains(const norm_row *row, int k, int j, int n, vf d, const v_normals *v)
{
    int H = row->c->H, at = k * H + j;
    float *dp = row->c->dp;
    v_grow(dp + GX * H + at, v_mul(d, v->x[k]), n);
    v_grow(dp + GU * H + at, v_mul(d, v->u[k]), n);
    v_grow(dp + SHIFT * H + at, d, n);
}

/* Gradients of the gates into da, of gains and shifts; sums for both normalisations. */
INLINE void gates_at(int j, int n, const norm_row *row, v_sums *sx, v_sums *su)
{
    int H = row->c->H;
    const float *p = row->c->p;
    v_normals v = normals_of(row, j, n);
    v_gates a = gates_of(row, j, n, &v);
    vf old = v_loadn(row->c0 + j, n), d = v_loadn(row->dc + j, n), back[4];
    back[0] = v_mul(v_mul(d, row->coupled ? v_sub(a.g, old) : a.g), d_sigmoid(a.i));
    back[1] = row->coupled ? v_set(0) : v_mul(v_mul(d, old), d_sigmoid(a.f));
    back[2] = v_mul(v_mul(d, a.i), d_tanh(a.g));
    back[3] = v_loadn(row->da + 3 * H + j, n);
    v_storen(row->dc + j, v_mul(d, a.f), n);
    for (int k = 0; k < 3; k++)
        v_storen(row->da + k * H + j, back[k], n);
    EACH_BLOCK(k, 4, row->coupled) {
        if (j % 16 == 0)
            ahead(row, k * H + j, true);
        vf dx = v_mul(back[k], v_loadn(p + (GX + k) * H + j, n)), du = v_mul(back[k], v_loadn(p + (GU + k) * H + j, n));
        sx->d = v_add(sx->d, dx), sx->dn = v_fma(dx, v.x[k], sx->dn);
        su->d = v_add(su->d, du), su->dn = v_fma(du, v.u[k], su->dn);
        if (row->c->dp)
            back_gains(row, k, j, n, back[k], &v);
    }
}

/* Means over the row, in every lane. */
INLINE v_sums means_of(v_sums s, float count) { return (v_sums){ v_set(v_sum(s.d) / count), v_set(v_sum(s.dn) / count) }; }

/* (L22) of one normalisation: (G d - mean - N mean') scale. */
INLINE vf spread(v_moments m, v_sums s, const float *gain, const float *v, vf d, int n)
{
    return v_mul(v_fnma(normal(m, v_loadn(v, n)), s.dn, v_sub(v_mul(d, v_loadn(gain, n)), s.d)), m.scale);
}

INLINE void spread_at(int j, int n, const norm_row *row, v_sums sx, v_sums su, float *dx)
{
    int H = row->c->H;
    float *da = row->da;
    const float *p = row->c->p;
    for (int k = 0; k < 4; k++) {
        int at = k * H + j;
        vf d = v_loadn(da + at, n), off = v_set(0);
        bool on = k != 1 || !row->coupled;
        vf to_x = on ? spread(row->mx, sx, p + GX * H + at, row->x + at, d, n) : off;
        v_storen(da + at, on ? spread(row->mu, su, p + GU * H + at, row->u + at, d, n) : off, n);
        v_storen(dx + at, to_x, n);
    }
}

INLINE void lstm_norm_backward_of(const rc_cell_io *c, bool coupled)
{
    int H = c->H;
    float count = (float)H * (float)(coupled ? 3 : 4);
    EACH_ROW(c, r) {
        norm_row row = row_of(c, r, coupled);
        float *dx = ROW(c->dg, c->gs);
        v_sums sx = { v_set(0), v_set(0) }, su = sx;
        row.c0 = ROW(c->s0[1], c->ss), row.da = ROW(c->du, c->us), row.dc = ROW(c->ds[1], c->ss);
        back_output(&row, ROW(c->s[1], c->ss), ROW(c->ds[0], c->ss));
        OVER(H, gates_at, &row, &sx, &su);
        v_sums mx = means_of(sx, count), mu = means_of(su, count);
        OVER(H, spread_at, &row, mx, mu, dx);
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
