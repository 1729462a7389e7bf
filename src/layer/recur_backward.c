/* SPDX-License-Identifier: MIT
 * recur, backward.  Per step: the gradient of y joins the states' in ds [B], the cell turns ds into dg (in place of
 * g), a barrier, and dg times Wh gives the part of ds that went through the recurrent product, columns parted over
 * the threads.  What does not depend on order - all weights, biases and dx - is left to whole products afterwards. */
#include "layer/recur_back.h"

typedef struct { const rc_recur_back *j; const rc_team *team; int d, lo, hi, clo, chi; } part;

static const real *recurrent_weights(const rc_recur *l, const rc_recur_act *a, const rc_pass *s, int d)
{
    return a->whd[d] && s->train ? a->whd[d] : rc_recur_w(l, s, l->at[d].wh);
}

/* Own columns of Wh as panels: the gates whose product goes into g, the rest.  wr [W][H]: own units. */
static void pack(const part *p)
{
    const rc_recur *l = p->j->l;
    const rc_kern *k = p->j->s->k;
    rc_recur_act *a = p->j->a;
    int H = l->size, K = l->R1 * H, K2 = (l->l.cell->R - l->R1) * H, W = l->W;
    const real *wh = recurrent_weights(l, a, p->j->s, p->d);
    if (wh && p->chi > p->clo) {
        if (K)
            k->pack(false, K, p->chi - p->clo, wh + p->clo, W, a->back[p->d] + rc_panel_at(k, K, p->clo));
        if (K2)
            k->pack(false, K2, p->chi - p->clo, wh + (size_t)K * (size_t)W + p->clo, W,
                    a->back2[p->d] + rc_panel_at(k, K2, p->clo));
    }
    if (l->proj && p->hi > p->lo)
        k->pack(false, W, p->hi - p->lo, rc_recur_w(l, p->j->s, l->at[p->d].wr) + p->lo, H,
                a->rback[p->d] + rc_panel_at(k, W, p->lo));
}

/* ds of the output += dy, own columns; where projected, on through wr to the cell's own units. */
static void take_dy(const part *p, const rc_segment *g)
{
    const rc_recur *l = p->j->l;
    const rc_kern *k = p->j->s->k;
    rc_recur_act *a = p->j->a;
    size_t out = (size_t)l->l.out, W = (size_t)l->W, w = (size_t)(p->chi - p->clo);
    int at = p->d * l->W, H = l->size;
    for (int i = 0; i < g->n && w; i++) {
        const real *dy = a->a.dy + (size_t)(g->row + i) * out + (l->sum ? 0 : at) + p->clo;
        real *dh = (l->proj ? a->dh : a->ds[0]) + (size_t)(g->b + i) * (size_t)a->hs + at + p->clo;
        k->add(w, dy, dh);
        if (l->proj)
            memcpy(p->j->dhp[p->d] + (size_t)(g->row + i) * W + p->clo, dh, w * sizeof *dh);
    }
    if (!l->proj)
        return;
    rc_barrier(p->team);
    if (p->hi > p->lo)
        k->gemm(g->n, p->hi - p->lo, l->W, p->j->dhp[p->d] + (size_t)g->row * W, l->W, 1,
                a->rback[p->d] + rc_panel_at(k, l->W, p->lo),
                false, a->ds[0] + (size_t)g->b * (size_t)a->ss + p->d * H + p->lo, a->ss);
}

/* What a layer that began with the last second state of these sequences has of gradient; own units. */
static void take_last(const part *p, int t, const rc_segment *g)
{
    const rc_recur_act *a = p->j->a;
    const rc_rows *r = &a->a.in;
    size_t ss = (size_t)a->ss, at = (size_t)(p->d * p->j->l->size + p->lo);
    bool reverse = rc_recur_reverse(p->j->l, p->d);
    for (int b = g->b; b < g->b + g->n && p->hi > p->lo; b++)
        if (reverse ? t == 0 : t + 1 == r->T || r->alive[t + 1] <= b)
            p->j->s->k->add((size_t)(p->hi - p->lo), a->last + (size_t)b * ss + at, a->ds[1] + (size_t)b * ss + at);
}

/* dL/dh of each row, all that came from above and from later steps; own columns. */
static void keep_trace(const part *p, const rc_segment *g)
{
    const rc_recur_act *a = p->j->a;
    const real *dh = p->j->l->proj ? a->dh : a->ds[0];
    size_t hs = (size_t)a->hs, at = (size_t)(p->d * p->j->l->W + p->clo);
    for (int i = 0; i < g->n && p->chi > p->clo; i++)
        memcpy(a->a.trace + (size_t)(g->row + i) * hs + at, dh + (size_t)(g->b + i) * hs + at,
               (size_t)(p->chi - p->clo) * sizeof *dh);
}

/* ds where m > 0 stays, elsewhere it goes to keep. */
static void divide(int n, const real *restrict m, real *restrict ds, real *restrict keep)
{
    for (int j = 0; j < n; j++) {
        real d = ds[j], new = m[j] > 0 ? d : 0;
        keep[j] = m[j] > 0 ? 0 : d;
        ds[j] = new;
    }
}

/* What zoneout kept of a state goes past the cell (before), and is added behind it (after). */
static void zone_before(const part *p, int t, const rc_segment *g, int lo, int hi)
{
    const rc_recur *l = p->j->l;
    rc_recur_act *a = p->j->a;
    size_t ss = (size_t)a->ss, at = (size_t)(p->d * l->size);
    for (int k = 0; k < l->l.cell->S; k++) {
        bool mask = rc_recur_zoneout(l, k) > 0;
        if (mask)
            rc_recur_zone(l, a, p->j->s, p->d, k, t, g, lo, hi);
        for (int b = g->b; b < g->b + g->n; b++) {
            const real *m = a->zmask[k] + (size_t)b * ss + at;
            real *ds = a->ds[k] + (size_t)b * ss + at, *keep = a->keep[k] + (size_t)b * ss + at;
            if (hi > lo && !mask)
                memset(keep + lo, 0, (size_t)(hi - lo) * sizeof *keep);
            else if (hi > lo)
                divide(hi - lo, m + lo, ds + lo, keep + lo);
        }
    }
}

static void zone_after(const part *p, const rc_segment *g, int lo, int hi)
{
    const rc_recur_act *a = p->j->a;
    size_t ss = (size_t)a->ss, at = (size_t)(p->d * p->j->l->size);
    for (int k = 0; k < p->j->l->l.cell->S && hi > lo; k++)
        for (int b = g->b; b < g->b + g->n; b++)
            p->j->s->k->add((size_t)(hi - lo), a->keep[k] + (size_t)b * ss + at + lo,
                            a->ds[k] + (size_t)b * ss + at + lo);
}

static void io(const part *p, const rc_segment *g, int lo, int hi, rc_cell_io *c)
{
    const rc_recur *l = p->j->l;
    const rc_recur_act *a = p->j->a;
    rc_recur_io(l, a, p->j->s, p->d, g, 0, 0, c);
    c->lo = lo, c->hi = hi;
    c->dg = c->g;
    c->du = p->j->du[p->d] ? p->j->du[p->d] + (size_t)g->row * (size_t)a->us : NULL;
    c->dq = a->dq[p->d] ? a->dq[p->d] + (size_t)g->b * (size_t)l->size : NULL;
    c->dp = l->P ? rc_g(&l->l, p->j->s, l->at[p->d].p) : NULL;
    for (int k = 0; k < l->l.cell->S; k++)
        c->ds[k] = a->ds[k] + (size_t)g->b * (size_t)a->ss + p->d * l->size;
}

/* dq = dn Wn of the second round, then the first round's gates.  Own units of dq are own columns. */
static void first_round(const part *p, const rc_segment *g, rc_cell_io *c)
{
    const rc_recur *l = p->j->l;
    const rc_kern *k = p->j->s->k;
    const rc_recur_act *a = p->j->a;
    int H = l->size, K = (l->l.cell->R - l->R1) * H, w = p->chi - p->clo;
    rc_barrier(p->team);
    if (w > 0)
        k->gemm(g->n, w, K, c->dg + (size_t)l->R1 * (size_t)H, c->gs, 1, a->back2[p->d] + rc_panel_at(k, K, p->clo),
                false, c->dq + p->clo, c->qs);
    for (int i = 0; i < g->n && a->mask[p->d] && w > 0; i++) {
        real *dq = c->dq + (size_t)i * (size_t)c->qs + p->clo;
        k->mul((size_t)w, dq, a->mask[p->d] + (size_t)(g->b + i) * (size_t)l->W + p->clo, dq);
    }
    p->j->fn.backward[0](c);
}

/* A row-wise cell's gains: a few neighbours sum theirs together, always the same ones, so that the parting of rows
 * changes no bit. */
static void rowwise_cell(const part *p, const rc_segment *o)
{
    const rc_recur *l = p->j->l;
    for (int i = 0, end; i < o->n; i = end) {
        rc_cell_io c;
        int next = ((o->b + i) / RC_NEIGHBOURS + 1) * RC_NEIGHBOURS - o->b;
        end = next < o->n ? next : o->n;
        rc_segment few = rc_recur_cut(o, i, end);
        io(p, &few, 0, l->size, &c);
        c.dp = p->j->dp[p->d] + (size_t)(few.b / RC_NEIGHBOURS) * (size_t)l->P * (size_t)l->size;
        p->j->fn.backward[0](&c);
    }
}

/* Of the step's sequences b0..b1, those that this thread's row-wise cell has: whole neighbourhoods, though two segments
 * may meet within one. */
static void own_sequences(const part *p, int *b0, int *b1)
{
    int first = *b0 / RC_NEIGHBOURS, end = rc_recur_neighbourhoods(*b1), lo, hi;
    rc_part(end - first, 1, p->team->id, p->team->n, &lo, &hi);
    *b0 = lo ? (first + lo) * RC_NEIGHBOURS : *b0;
    *b1 = first + hi < end ? (first + hi) * RC_NEIGHBOURS : *b1;
}

/* b0..b1: sequences of the step. */
static void cell(const part *p, int t, const rc_segment *g, int b0, int b1)
{
    const rc_recur *l = p->j->l;
    int lo = p->lo, hi = p->hi;
    rc_cell_io c;
    if (l->rowwise) {
        own_sequences(p, &b0, &b1);
        lo = 0, hi = l->size;
    }
    rc_segment o = rc_recur_within(g, b0, b1);
    if (l->zone)
        zone_before(p, t, &o, lo, hi);
    if (l->rowwise) {
        rowwise_cell(p, &o);
    } else {
        io(p, &o, lo, hi, &c);
        p->j->fn.backward[l->l.cell->split ? 1 : 0](&c);
        if (l->l.cell->split)
            first_round(p, &o, &c);
    }
    if (l->zone)
        zone_after(p, &o, lo, hi);
}

/* Own columns of the state before, in `to`: d(pre-activations) Wh, of the gates in g and of those apart. */
static void multiply(const part *p, const rc_segment *g, bool add, real *to)
{
    const rc_recur *l = p->j->l;
    const rc_kern *k = p->j->s->k;
    rc_recur_act *a = p->j->a;
    int K = l->R1 * l->size, K2 = l->apart * l->size, w = p->chi - p->clo;
    if (K)
        k->gemm(g->n, w, K, a->g[p->d] + (size_t)g->row * (size_t)a->gs, a->gs, 1, a->back[p->d] + rc_panel_at(k, K, p->clo),
                add, to, a->hs);
    if (K2)
        k->gemm(g->n, w, K2, p->j->du[p->d] + (size_t)g->row * (size_t)a->us, a->us, 1,
                a->back2[p->d] + rc_panel_at(k, K2, p->clo), add || K, to, a->hs);
}

/* The same through the mask of recurrent dropout. */
static void through_product(const part *p, const rc_segment *g)
{
    const rc_recur *l = p->j->l;
    const rc_kern *k = p->j->s->k;
    rc_recur_act *a = p->j->a;
    int w = p->chi - p->clo;
    size_t at = (size_t)g->b * (size_t)a->hs + (size_t)(p->d * l->W + p->clo);
    real *to = (l->proj ? a->dh : a->ds[0]) + at;
    if (w <= 0)
        return;
    multiply(p, g, !l->proj && !a->mask[p->d], a->mask[p->d] ? a->tmp + at : to);
    if (!a->mask[p->d])
        return;
    for (int i = 0; i < g->n; i++) {
        real *part_of = a->tmp + at + (size_t)i * (size_t)a->hs, *ds = to + (size_t)i * (size_t)a->hs;
        k->mul((size_t)w, part_of, a->mask[p->d] + (size_t)(g->b + i) * (size_t)l->W + p->clo, part_of);
        if (l->proj)
            memcpy(ds, part_of, (size_t)w * sizeof *ds);
        else
            k->add((size_t)w, part_of, ds);
    }
}

static void step(const part *p, int i, int b0, int b1)
{
    const rc_recur_back *j = p->j;
    const rc_recur *l = j->l;
    const rc_rows *r = &j->a->a.in;
    rc_segment g[2];
    int t = rc_recur_step(l, p->d, r->T, i), n = rc_recur_segments(r, rc_recur_reverse(l, p->d), t, g);
    for (int k = 0; k < n; k++)
        g[k] = rc_recur_within(&g[k], b0, b1);
    for (int k = 0; k < n; k++)
        take_dy(p, &g[k]);
    for (int k = 0; k < n && j->a->last; k++)
        take_last(p, t, &g[k]);
    for (int k = 0; k < n && j->a->a.trace; k++)
        keep_trace(p, &g[k]);
    if (l->rowwise)
        rc_barrier(p->team);
    for (int k = 0; k < n; k++)
        cell(p, t, &g[k], g[0].b, g[n - 1].b + g[n - 1].n);
    if (!l->l.cell->R)
        return;
    rc_barrier(p->team);
    for (int k = 0; k < n; k++)
        through_product(p, &g[k]);
    if (l->rowwise)
        rc_barrier(p->team);
}

/* Weights of single units (peepholes) are summed by the thread that owns the unit, in order of rows. */
static void walk(void *arg, const rc_team *team)
{
    const rc_recur_back *j = arg;
    const rc_recur *l = j->l;
    const rc_rows *r = &j->a->a.in;
    const rc_team alone = { .pool = team->pool, .n = 1, .group = team->group };
    part p = { .j = j, .team = team, .d = team->group };
    int b0 = 0, b1 = r->B;
    rc_part(l->size, j->s->k->nr, team->id, team->n, &p.lo, &p.hi);
    rc_part(l->W, j->s->k->nr, team->id, team->n, &p.clo, &p.chi);
    pack(&p);
    if ((!l->P || l->rowwise) && rc_recur_by_sequence(l, r, team->n, rc_panels(j->s->k, l->l.cell->R * l->size, l->W) * sizeof(real))) {
        p = (part){ .j = j, .team = &alone, .d = p.d, .hi = l->size, .chi = l->W };
        rc_part(r->B, l->rowwise ? RC_NEIGHBOURS : 1, team->id, team->n, &b0, &b1);
        rc_barrier(team);
    }
    for (int i = r->T - 1; i >= 0; i--)
        step(&p, i, b0, b1);
}

/* The gradient of the states behind these rows, where there is more behind them; store: of those before them. */
static void states(const rc_recur *l, const rc_recur_act *a, const rc_pass *s, bool store)
{
    real *h = l->proj ? a->dh : a->ds[0];
    for (int b = 0; b < a->a.in.B; b++) {
        real *own = s->dstate + (size_t)b * s->state_size + a->a.state_at;
        for (int k = 0; k < l->l.cell->S; k++) {
            size_t w = (size_t)(k ? l->size : l->W);
            real *ds = k ? a->ds[k] + (size_t)b * (size_t)a->ss : h + (size_t)b * (size_t)a->hs;
            memcpy(store ? own : ds, store ? ds : own, w * sizeof *ds);
            own += w;
        }
    }
}

void rc_recur_backward(const rc_layer *base, rc_act *act, const rc_pass *s)
{
    const rc_recur *l = (const rc_recur *)base;
    rc_recur_act *a = (rc_recur_act *)act;
    size_t B = (size_t)act->in.B;
    rc_recur_back j = { .l = l, .a = a, .s = s, .fn = rc_kern_cell(s->k, base->cell, &l->opt) };
    rc_recur_back_place(&j, &(rc_arena){ .base = s->scratch });
    for (int d = 0; d < l->D && l->rowwise; d++)
        memset(j.dp[d], 0, rc_recur_gains(l, a) * sizeof(real));
    for (int k = 0; k < base->cell->S; k++)
        memset(a->ds[k], 0, B * (size_t)a->ss * sizeof(real));
    if (a->dh)
        memset(a->dh, 0, B * (size_t)a->hs * sizeof(real));
    if (s->dstate)
        states(l, a, s, false);
    rc_recur_walk(l, &act->in, s, walk, &j);
    if (s->dstate)
        states(l, a, s, true);
    for (int d = 0; d < l->D; d++)
        rc_recur_gradients(&j, d);
    if (l->bridge[0] && (base->ahead || s->batch->fresh))
        rc_bridge_backward(l, a, s, (real *)s->scratch);
    if (l->skip && act->dx)
        rc_add_rows(s->r, act->in.N, base->in, act->dy, base->out, act->dx, base->in);
}

