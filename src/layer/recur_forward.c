/* SPDX-License-Identifier: MIT
 * recur, forward.  Every thread of a direction owns the same units in every step: it packs their weights, multiplies
 * x for a span of steps and then, step by step, adds the recurrent product, runs the cell and leaves what the next
 * step multiplies.  One barrier a step makes all units of h visible; a cell that looks along its row owns rows
 * instead, a second round and a projection need one barrier more. */
#include "layer/recur.h"

typedef struct { const rc_recur *l; rc_recur_act *a; const rc_pass *s; rc_cell_fns fn; bool packed, alone, whole[2], team[2]; } job;
/* whole: threads own all units, so the gates' columns are packed as those of one matrix; team: they share by sequences */
typedef struct {
    const job *j; const rc_team *team;
    int d, lo, hi, clo, chi;     /* direction; own units; own columns of the output */
    int b0, b1;                  /* own sequences */
    int gbase, ubase;
} part;

int rc_recur_segments(const rc_rows *r, bool reverse, int t, rc_segment out[2])
{
    int n = r->alive[t], before = reverse ? (t + 1 < r->T ? r->alive[t + 1] : 0) : t ? n : 0, k = 0;
    if (before)
        out[k++] = (rc_segment){ r->off[t], before, 0, reverse ? r->off[t + 1] : r->off[t - 1] };
    if (before < n)
        out[k++] = (rc_segment){ r->off[t] + before, n - before, before, -1 };
    return k;
}

void rc_recur_io(const rc_recur *l, const rc_recur_act *a, const rc_pass *s, int d, const rc_segment *g, int gbase,
                 int ubase, rc_cell_io *c)
{
    size_t at = (size_t)(d * l->size), ss = (size_t)a->ss, row = (size_t)g->row, b = (size_t)g->b;
    *c = (rc_cell_io){ .n = g->n, .H = l->size, .hi = l->size, .gs = a->gs, .us = a->us, .ss = a->ss, .qs = l->size,
                       .opt = &l->opt };
    c->g = a->g[d] + (row - (size_t)gbase) * (size_t)a->gs;
    c->u = a->u[d] ? a->u[d] + (row - (size_t)ubase) * (size_t)a->us : NULL;
    c->q = a->q[d] ? a->q[d] + (row - (size_t)ubase) * (size_t)l->size : NULL;
    c->p = rc_recur_w(l, s, l->at[d].p);
    for (int k = 0; k < l->l.cell->S; k++) {
        c->s0[k] = (g->prev < 0 ? a->init[k] + b * ss : a->fin[k] + (size_t)g->prev * ss) + at;
        c->s[k] = a->st[k] + row * ss + at;
    }
}

void rc_recur_zone(const rc_recur *l, const rc_recur_act *a, const rc_pass *s, int d, int k, int t,
                   const rc_segment *g, int lo, int hi)
{
    for (int i = 0; i < g->n; i++) {
        real *m = a->zmask[k] + (size_t)(g->b + i) * (size_t)a->ss + (size_t)(d * l->size);
        for (int j = lo; j < hi; j++)
            m[j] = 1;
        s->k->drop(hi - lo, a->zkey[k][d * a->a.in.B + g->b + i], (uint64_t)(a->a.in.step + t), (uint64_t)lo,
                   (real)rc_recur_zoneout(l, k), m + lo, m + lo);
    }
}

/* The keys of all masks of zoneout: no step changes them. */
static void zone_keys(const rc_recur *l, rc_recur_act *a, const rc_pass *s)
{
    for (int k = 0; k < l->l.cell->S && s->train && l->zone; k++)
        for (int d = 0; d < l->D; d++)
            for (int b = 0; b < a->a.in.B; b++)
                a->zkey[k][d * a->a.in.B + b] = rc_mask_key(s, &l->l, 8 * d + RC_MASK_ZONE + k, b);
}

/* Packs the rows of w [blocks * H][K] that belong to units lo..hi. */
static void pack_units(const part *p, int blocks, int K, const real *w, char *P)
{
    const rc_kern *k = p->j->s->k;
    int H = p->j->l->size, as = p->j->a->as, n0, n1;
    if (p->j->whole[p->d]) {
        rc_part(blocks * H, k->nr, p->team->id, p->team->n, &n0, &n1);
        if (n1 > n0)
            k->pack_as(as, K, n1 - n0, w + (size_t)n0 * (size_t)K, K, P + rc_panel_as_at(k, as, K, n0));
        return;
    }
    for (int g = 0; g < blocks && p->hi > p->lo; g++)
        k->pack_as(as, K, p->hi - p->lo, w + ((size_t)g * (size_t)H + (size_t)p->lo) * (size_t)K, K,
                   P + (size_t)g * rc_panels_as(k, as, K, H) + rc_panel_as_at(k, as, K, p->lo));
}

/* Rows of wh with weight-drop (Merity et al. 2018): one mask for the batch.  Own rows are those that are packed here. */
static void drop_rows(const part *p, const real *wh, int from, int to)
{
    const rc_recur *l = p->j->l;
    const rc_pass *s = p->j->s;
    size_t W = (size_t)l->W;
    uint64_t key = rc_key(s->seed, RC_DROP, s->step, (uint64_t)l->l.index * 16
                          + (uint64_t)(8 * p->d + RC_MASK_WDROP));
    for (int j = from; j < to; j++)
        s->k->drop(l->W, key, (uint64_t)j, 0, (real)l->wdrop, wh + (size_t)j * W, p->j->a->whd[p->d] + (size_t)j * W);
}

static const real *drop_weights(const part *p, const real *wh)
{
    const rc_recur *l = p->j->l;
    int H = l->size, n0, n1;
    if (p->j->whole[p->d]) {
        rc_part(l->l.cell->R * H, p->j->s->k->nr, p->team->id, p->team->n, &n0, &n1);
        drop_rows(p, wh, n0, n1);
    }
    for (int g = 0; g < l->l.cell->R && !p->j->whole[p->d]; g++)
        drop_rows(p, wh, g * H + p->lo, g * H + p->hi);
    return p->j->a->whd[p->d];
}

static void pack(const part *p)
{
    const rc_recur *l = p->j->l;
    const rc_pass *s = p->j->s;
    rc_recur_act *a = p->j->a;
    int d = p->d, H = l->size;
    const real *wh = rc_recur_w(l, s, l->at[d].wh);
    if (p->j->packed)
        return;
    pack_units(p, l->l.cell->G, l->l.in, rc_w(&l->l, s, l->at[d].wx), a->wxp[d]);
    if (wh)
        pack_units(p, l->l.cell->R, l->W, s->train && l->wdrop > 0 ? drop_weights(p, wh) : wh, a->whp[d]);
    if (l->proj && p->chi > p->clo)
        s->k->pack_as(a->as, H, p->chi - p->clo, rc_w(&l->l, s, l->at[d].wr) + (size_t)p->clo * (size_t)H, H,
                      a->wrp[d] + rc_panel_as_at(s->k, a->as, H, p->clo));
}

/* C's own units of gates j0..j1 (= or +=) A [n][K] times their panels; C begins with gate j0. */
static void multiply(const part *p, int j0, int j1, int n, int K, const real *A, int rs, const char *P, bool add,
                     real *C, int ldc)
{
    const rc_kern *k = p->j->s->k;
    int H = p->j->l->size, as = p->j->a->as;
    size_t panels = rc_panels_as(k, as, K, H);
    if (p->j->whole[p->d] || (p->hi - p->lo == H && H % k->nr == 0)) {       /* the gates' columns follow each other: one call */
        k->gemm_as(as, n, (j1 - j0) * H, K, A, rs, P + (size_t)j0 * panels, add, C, ldc);
        return;
    }
    for (int j = j0; j < j1 && p->hi > p->lo; j++)
        k->gemm_as(as, n, p->hi - p->lo, K, A, rs, P + (size_t)j * panels + rc_panel_as_at(k, as, K, p->lo), add,
                   C + (size_t)(j - j0) * (size_t)H + p->lo, ldc);
}

/* Own units of `blocks` gates in n rows = bias, or zero. */
static void biases(const part *p, int blocks, int n, const real *b, real *y, int ldy)
{
    int H = p->j->l->size;
    for (int g = 0; g < blocks && b; g++)
        p->j->s->k->bias(n, p->hi - p->lo, b + (size_t)g * (size_t)H + p->lo, y + (size_t)g * (size_t)H + p->lo, ldy);
}

static void input_product(const part *p, int row, int n)
{
    const rc_recur *l = p->j->l;
    rc_recur_act *a = p->j->a;
    int I = l->l.in, G = l->l.cell->G;
    const real *b = rc_recur_w(l, p->j->s, l->at[p->d].b);
    real *g = a->g[p->d] + (size_t)(row - p->gbase) * (size_t)a->gs;
    biases(p, G, n, b, g, a->gs);
    multiply(p, 0, G, n, I, a->a.x + (size_t)row * (size_t)I, I, a->wxp[p->d], b != NULL, g, a->gs);
}

/* What the recurrent product multiplies for the rows of a segment, row stride *rs. */
static const real *operand(const part *p, const rc_segment *g, int *rs)
{
    rc_recur_act *a = p->j->a;
    size_t at = (size_t)(p->d * p->j->l->W), hs = (size_t)a->hs;
    *rs = p->j->s->train ? a->ws : a->hs;
    if (p->j->s->train)
        return a->hp[p->d] + (size_t)g->row * (size_t)a->ws;
    return (g->prev < 0 ? a->hinit + (size_t)g->b * hs : a->h + (size_t)g->prev * hs) + at;
}

static void recurrent_product(const part *p, const rc_segment *g)
{
    const rc_recur *l = p->j->l;
    rc_recur_act *a = p->j->a;
    const real *bh = rc_recur_w(l, p->j->s, l->at[p->d].bh);
    real *to = a->g[p->d] + (size_t)(g->row - p->gbase) * (size_t)a->gs;
    int rs, ld = a->gs;
    bool add = true;
    if (!l->l.cell->R)
        return;
    const real *A = operand(p, g, &rs);
    if (l->apart) {
        to = a->u[p->d] + (size_t)(g->row - p->ubase) * (size_t)a->us;
        ld = a->us;
        add = bh != NULL;
        biases(p, l->l.cell->R, g->n, bh, to, ld);
    }
    multiply(p, 0, l->R1, g->n, l->W, A, rs, a->whp[p->d], add, to, ld);
}

/* The rows of a segment that this thread's cell computes, and their units. */
static rc_segment own(const part *p, const rc_segment *g, int *lo, int *hi)
{
    int r0 = 0, r1 = g->n;
    *lo = p->lo, *hi = p->hi;
    if (p->j->l->rowwise) {
        rc_part(g->n, 1, p->team->id, p->team->n, &r0, &r1);
        *lo = 0, *hi = p->j->l->size;
    }
    return rc_recur_cut(g, r0, r1);
}

/* y = new where m > 0, else old */
static void choose(int n, const real *restrict m, const real *restrict new, const real *restrict old, real *restrict y)
{
    for (int j = 0; j < n; j++) {
        real a = new[j], b = old[j];                           /* both are read: no branch on a coin */
        y[j] = m[j] > 0 ? a : b;
    }
}

/* States after the cell (Krueger et al. 2017): kept with probability p; when not training, the expectation. */
static void zoneout(const part *p, int t, const rc_segment *g, int lo, int hi, const rc_cell_io *c)
{
    const rc_recur *l = p->j->l;
    rc_recur_act *a = p->j->a;
    size_t ss = (size_t)a->ss, at = (size_t)(p->d * l->size);
    for (int k = 0; k < l->l.cell->S; k++) {
        real keep = (real)rc_recur_zoneout(l, k);
        bool mask = p->j->s->train && keep > 0;
        if (mask)
            rc_recur_zone(l, a, p->j->s, p->d, k, t, g, lo, hi);
        for (int i = 0; i < g->n; i++) {
            const real *s0 = c->s0[k] + (size_t)i * ss, *s = c->s[k] + (size_t)i * ss;
            const real *m = mask ? a->zmask[k] + (size_t)(g->b + i) * ss + at : NULL;
            real *f = a->fin[k] + (size_t)(g->row + i) * ss + at;
            if (m)
                choose(hi - lo, m + lo, s + lo, s0 + lo, f + lo);
            for (int j = lo; j < hi && !m; j++)
                f[j] = keep > 0 ? keep * s0[j] + (1 - keep) * s[j] : s[j];
        }
    }
}

/* hp row `to` = columns lo..hi of h, with the sequence's mask. */
static void leave(const part *p, int to, int b, const real *h, int lo, int hi)
{
    const rc_recur_act *a = p->j->a;
    real *hp = a->hp[p->d] + (size_t)to * (size_t)a->ws;
    if (hi <= lo)
        return;
    if (a->mask[p->d])
        p->j->s->k->mul((size_t)(hi - lo), h + lo, a->mask[p->d] + (size_t)b * (size_t)p->j->l->W + lo, hp + lo);
    else
        memcpy(hp + lo, h + lo, (size_t)(hi - lo) * sizeof *hp);
}

static void leave_segment(const part *p, int t, const rc_segment *g, int lo, int hi)
{
    const rc_recur_act *a = p->j->a;
    const rc_rows *r = &a->a.in;
    bool reverse = rc_recur_reverse(p->j->l, p->d);
    int next = reverse ? t - 1 : t + 1;
    if (!p->j->s->train || !a->hp[p->d] || next < 0 || next >= r->T)
        return;
    for (int i = 0; i < g->n && g->b + i < r->alive[next]; i++)
        leave(p, r->off[next] + g->b + i, g->b + i,
              a->h + (size_t)(g->row + i) * (size_t)a->hs + p->d * p->j->l->W, lo, hi);
}

/* Masks, and what the first step of each sequence multiplies. */
static void begin(const part *p)
{
    const rc_recur *l = p->j->l;
    const rc_pass *s = p->j->s;
    rc_recur_act *a = p->j->a;
    const rc_rows *r = &a->a.in;
    rc_segment g[2];
    if (!s->train || !l->l.cell->R)
        return;
    for (int b = 0; b < r->B && a->mask[p->d]; b++) {
        real *m = a->mask[p->d] + (size_t)b * (size_t)l->W;
        for (int j = p->clo; j < p->chi; j++)
            m[j] = 1;
        s->k->drop(p->chi - p->clo, rc_mask_key(s, &l->l, 8 * p->d + RC_MASK_RDROP, b), 0, (uint64_t)p->clo,
                   (real)l->rdrop, m + p->clo, m + p->clo);
    }
    for (int t = 0; t < r->T; t++)
        for (int i = 0, n = rc_recur_segments(r, rc_recur_reverse(l, p->d), t, g); i < n; i++)
            for (int k = 0; k < g[i].n && g[i].prev < 0; k++)
                leave(p, g[i].row + k, g[i].b + k, a->hinit + (size_t)(g[i].b + k) * (size_t)a->hs + p->d * l->W,
                      p->clo, p->chi);
    rc_barrier(p->team);
}

/* Round two of a split cell: the candidate's gates multiply q, all units of it. */
static void second_round(const part *p, const rc_segment *g, rc_cell_io *c)
{
    const rc_recur *l = p->j->l;
    rc_recur_act *a = p->j->a;
    const real *m = p->j->s->train ? a->mask[p->d] : NULL;
    for (int i = 0; i < g->n && m && p->hi > p->lo; i++)
        p->j->s->k->mul((size_t)(p->hi - p->lo), c->q + (size_t)i * (size_t)c->qs + p->lo,
                        m + (size_t)(g->b + i) * (size_t)l->W + p->lo,
                        c->q + (size_t)i * (size_t)c->qs + p->lo);
    rc_barrier(p->team);
    multiply(p, l->R1, l->l.cell->R, g->n, l->size, c->q, c->qs, a->whp[p->d], true,
             c->g + (size_t)l->R1 * (size_t)l->size, c->gs);
    p->j->fn.forward[1](c);
}

/* h = cell's output times wr', own columns. */
static void project(const part *p, const rc_segment *g)
{
    const rc_recur *l = p->j->l;
    rc_recur_act *a = p->j->a;
    const rc_kern *k = p->j->s->k;
    int H = l->size;
    if (p->chi > p->clo)
        k->gemm_as(a->as, g->n, p->chi - p->clo, H, a->fin[0] + (size_t)g->row * (size_t)a->ss + p->d * H, a->ss,
                   a->wrp[p->d] + rc_panel_as_at(k, a->as, H, p->clo), false,
                   a->h + (size_t)g->row * (size_t)a->hs + p->d * l->W + p->clo, a->hs);
}

/* Both products of a single row: columns at.. of all gates, whose panels begin at these places. */
static void products_of_one(const part *p, const rc_segment *g, int at, int w, size_t wx, size_t wh)
{
    const rc_recur *l = p->j->l;
    rc_recur_act *a = p->j->a;
    const rc_kern *k = p->j->s->k;
    int d = p->d, rs;
    const real *b = rc_recur_w(l, p->j->s, l->at[d].b), *bh = rc_recur_w(l, p->j->s, l->at[d].bh);
    real *to = a->g[d] + at, *apart = a->u[d] + at;
    if (b)
        memcpy(to, b + at, (size_t)w * sizeof *to);
    k->gemm_as(a->as, 1, w, l->l.in, a->a.x, l->l.in, a->wxp[d] + wx, b != NULL, to, a->gs);
    if (at >= l->R1 * l->size)
        return;
    if (l->apart && bh)
        memcpy(apart, bh + at, (size_t)w * sizeof *to);
    const real *A = operand(p, g, &rs);
    k->gemm_as(a->as, 1, w, l->W, A, rs, a->whp[d] + wh, !l->apart || bh, l->apart ? apart : to, a->gs);
}

/* A step alone reads every weight once: to and fro, so that what the step before read last is still in the cache. */
static void one_row(const part *p, const rc_segment *g)
{
    const rc_recur *l = p->j->l;
    const rc_kern *k = p->j->s->k;
    bool whole = p->j->whole[p->d];
    int H = l->size, I = l->l.in, W = l->W, as = p->j->a->as;
    int unit = (as == RC_I8_WEIGHTS ? 16 : 4) * k->nr;         /* a product in integers rounds its row each time */
    int lo = whole ? 0 : p->lo, hi = whole ? l->l.cell->G * H : p->hi;
    int blocks = (hi - lo + unit - 1) / unit, n = (whole ? 1 : l->l.cell->G) * blocks;
    for (int i = 0; i < n; i++) {
        int at = p->j->a->turn ? n - 1 - i : i, c = lo + at % blocks * unit, w = hi - c < unit ? hi - c : unit;
        size_t j = (size_t)(at / blocks);
        products_of_one(p, g, (int)j * H + c, w, j * rc_panels_as(k, as, I, H) + rc_panel_as_at(k, as, I, c),
                        j * rc_panels_as(k, as, W, H) + rc_panel_as_at(k, as, W, c));
    }
}

static void step(part *p, int t)
{
    const rc_recur *l = p->j->l;
    rc_segment g[2];
    int n = rc_recur_segments(&p->j->a->a.in, rc_recur_reverse(l, p->d), t, g);
    for (int i = 0; i < n; i++)
        g[i] = rc_recur_within(&g[i], p->b0, p->b1);
    p->ubase = p->j->s->train ? 0 : p->j->a->a.in.off[t];
    if (p->j->alone)
        one_row(p, g);
    for (int i = 0; i < n && !p->j->alone; i++)
        recurrent_product(p, &g[i]);
    if (l->rowwise)
        rc_barrier(p->team);
    for (int i = 0; i < n; i++) {
        rc_cell_io c;
        int lo, hi;
        rc_segment o = own(p, &g[i], &lo, &hi);
        rc_recur_io(l, p->j->a, p->j->s, p->d, &o, p->gbase, p->ubase, &c);
        c.lo = lo, c.hi = hi;
        if (o.n && hi > lo)
            p->j->fn.forward[0](&c);
        if (l->l.cell->split)
            second_round(p, &o, &c);
        if (l->zone)
            zoneout(p, t, &o, lo, hi, &c);
        if (!l->proj)
            leave_segment(p, t, &o, lo, hi);
    }
    rc_barrier(p->team);
    if (l->proj) {
        for (int i = 0; i < n; i++) {
            project(p, &g[i]);
            leave_segment(p, t, &g[i], p->clo, p->chi);
        }
        rc_barrier(p->team);
    }
}

/* Steps i.. of the walk whose rows are multiplied at once: returns how many, their first row in *first, rows in *rows. */
static int span(const part *p, int i, int *first, int *rows)
{
    const rc_recur *l = p->j->l;
    const rc_rows *r = &p->j->a->a.in;
    int n = i;
    for (*rows = 0; n < r->T && *rows < p->j->a->span;)
        *rows += r->alive[rc_recur_step(l, p->d, r->T, n++)];
    *first = r->off[rc_recur_reverse(l, p->d) ? r->T - n : i];
    return n - i;
}

/* Each thread takes all units of its own sequences through the steps; the team meets around the products of a span. */
static void walk_sequences(part *p, const rc_team *team)
{
    const job *j = p->j;
    const rc_rows *r = &j->a->a.in;
    const rc_team alone = { .pool = team->pool, .n = 1, .group = team->group };
    p->team = &alone;
    p->lo = p->clo = 0, p->hi = j->l->size, p->chi = j->l->W;
    rc_part(r->B, 1, team->id, team->n, &p->b0, &p->b1);
    rc_barrier(team);
    for (int i = 0, first, rows, r0, r1; i < r->T;) {
        int n = span(p, i, &first, &rows);
        p->gbase = j->s->train ? 0 : first;
        rc_part(rows, j->s->k->mr, team->id, team->n, &r0, &r1);
        if (r1 > r0)
            input_product(p, first + r0, r1 - r0);
        rc_barrier(team);
        for (int end = i + n; i < end; i++)
            step(p, rc_recur_step(j->l, p->d, r->T, i));
        if (!j->s->train && i < r->T)
            rc_barrier(team);
    }
}

static void walk(void *arg, const rc_team *team)
{
    const job *j = arg;
    const rc_recur *l = j->l;
    const rc_rows *r = &j->a->a.in;
    part p = { .j = j, .team = team, .d = team->group, .b1 = r->B };
    rc_part(l->size, j->s->k->nr, team->id, team->n, &p.lo, &p.hi);
    rc_part(l->W, j->s->k->nr, team->id, team->n, &p.clo, &p.chi);
    pack(&p);
    begin(&p);
    if (j->team[p.d]) {
        walk_sequences(&p, team);
        return;
    }
    for (int i = 0, first, rows; i < r->T;) {
        int n = span(&p, i, &first, &rows);
        p.gbase = j->s->train ? 0 : first;
        if (!j->alone)
            input_product(&p, first, rows);
        for (int end = i + n; i < end; i++)
            step(&p, rc_recur_step(l, p.d, r->T, i));
    }
}

/* The states that sequences begin with. */
static void initial(const rc_recur *l, rc_recur_act *a, const rc_pass *s)
{
    bool carried = !l->l.ahead && !s->batch->fresh;
    if (l->bridge[0] && !carried) {
        rc_bridge_forward(l, a, s);
        return;
    }
    for (int d = 0; d < l->D; d++)
        for (int k = 0; k < l->l.cell->S; k++) {
            size_t w = (size_t)(k ? l->size : l->W), ld = (size_t)(k ? a->ss : a->hs);
            const real *learnt = rc_recur_w(l, s, l->at[d].s0[k]);
            for (int b = 0; b < a->a.in.B; b++) {
                real *to = (k ? a->init[k] : a->hinit) + (size_t)b * ld + (size_t)d * w;
                size_t own = (size_t)b * s->state_size + a->a.state_at + (k ? (size_t)l->W : 0);
                const real *from = carried ? s->state + own : learnt;
                if (from)
                    memcpy(to, from, w * sizeof *to);
                else
                    memset(to, 0, w * sizeof *to);
            }
        }
}

/* The states that sequences end with; an empty one keeps the state it began with. */
static void carry(const rc_recur *l, const rc_recur_act *a, const rc_pass *s)
{
    const rc_rows *r = &a->a.in;
    for (int b = 0, t = r->T - 1; b < r->B; b++) {
        real *to = s->state + (size_t)b * s->state_size + a->a.state_at;
        while (t >= 0 && r->alive[t] <= b)
            t--;
        size_t row = t < 0 ? (size_t)b : (size_t)(r->off[t] + b), W = (size_t)l->W, H = (size_t)l->size;
        memcpy(to, (t < 0 ? a->hinit : a->h) + row * (size_t)a->hs, W * sizeof *to);
        for (int k = 1; k < l->l.cell->S; k++)
            memcpy(to + W, (t < 0 ? a->init[k] : a->fin[k]) + row * (size_t)a->ss, H * sizeof *to);
    }
}

/* y = h, or the sum of directions, and x where skipped. */
static void combine_rows(void *arg, int lo, int hi)
{
    const job *j = arg;
    const rc_kern *k = j->s->k;
    size_t w = (size_t)j->l->l.out, hs = (size_t)j->a->hs;
    for (int n = lo; n < hi; n++) {
        const real *h = j->a->h + (size_t)n * hs;
        real *y = j->a->a.y + (size_t)n * w;
        memcpy(y, h, w * sizeof *y);
        if (j->l->sum)
            k->add(w, h + w, y);
        if (j->l->skip)
            k->add(w, j->a->a.x + (size_t)n * w, y);
    }
}

bool rc_recur_by_sequence(const rc_recur *l, const rc_rows *r, int threads, size_t weights)
{
    enum { NEAR = 3 << 18, MANY = 16 };                        /* bytes that stay in a core's own cache; rows that make up for fetching more */
    int each = r->B / threads;
    return threads > 1 && l->l.cell->R && r->T > 1 && each > 1 && (weights <= NEAR || each >= MANY);
}

static bool in_teams(const rc_recur *l, const rc_rows *r)
{
    enum { SMALL = 1 << 16, SINGLE = 1 << 18 };                /* multiply-adds of a step, not worth a barrier; a team */
    double unit = (double)l->l.cell->G * l->l.in + (double)l->l.cell->R * l->W;
    double steps = (double)r->N / (r->T + (r->T > 1)) * l->size * unit;
    return (l->D == 2 && r->N > 1) || steps >= (r->T > 1 ? SMALL : SINGLE);
}

void rc_recur_walk(const rc_recur *l, const rc_rows *r, const rc_pass *s, void (*fn)(void *arg, const rc_team *t),
                   void *arg)
{
    if (in_teams(l, r)) {
        rc_pool_run(s->r->pool, l->D, fn, arg);
        return;
    }
    for (int d = 0; d < l->D; d++)
        fn(arg, &(rc_team){ .pool = s->r->pool, .n = 1, .group = d });
}

/* How the threads of direction d will share it, and so how its weights are packed. */
static void share(job *j, int d)
{
    const rc_recur *l = j->l;
    const rc_rows *r = &j->a->a.in;
    int threads = rc_pool_threads(j->s->r->pool), lo = 0, hi = 1;
    if (in_teams(l, r) && threads >= l->D)
        rc_part(threads, 1, d, l->D, &lo, &hi);
    j->team[d] = rc_recur_by_sequence(l, r, hi - lo, rc_panels_as(j->s->k, j->a->as, l->W, l->l.cell->R * l->size));
    j->whole[d] = !l->l.cell->split && (hi - lo == 1 || j->team[d]);
    j->packed = j->packed && j->a->whole[d] == j->whole[d];
}

void rc_recur_forward(const rc_layer *base, rc_act *act, const rc_pass *s)
{
    const rc_recur *l = (const rc_recur *)base;
    rc_recur_act *a = (rc_recur_act *)act;
    job j = { .l = l, .a = a, .s = s, .fn = rc_kern_cell(s->k, base->cell, &l->opt),
              .packed = !s->train && s->weights && a->packed == s->weights, .alone = !s->train && act->in.N == 1 };
    for (int d = 0; d < l->D; d++)
        share(&j, d);
    a->turn = !a->turn;
    if (l->plain)
        a->h = act->y;
    if (!l->proj)
        a->fin[0] = a->h;
    if (!l->zone)
        a->st[0] = a->fin[0];
    initial(l, a, s);
    zone_keys(l, a, s);
    if (s->train && a->last)
        memset(a->last, 0, (size_t)act->in.B * (size_t)a->ss * sizeof *a->last);
    rc_recur_walk(l, &act->in, s, walk, &j);
    a->packed = s->train ? 0 : s->weights;
    memcpy(a->whole, j.whole, sizeof a->whole);
    if (!base->ahead && s->state_size)
        carry(l, a, s);
    if (!l->plain)
        rc_rows_each(s->r, act->in.N, 16384 / base->out + 1, combine_rows, &j);
}
