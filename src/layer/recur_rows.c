/* SPDX-License-Identifier: MIT
 * recur, what both passes ask: which rows a step has, where their states lie, and on how many threads to walk. */
#include "layer/recur.h"

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

bool rc_recur_by_sequence(const rc_recur *l, const rc_rows *r, int threads, size_t weights)
{
    enum { NEAR = 3 << 18, MANY = 16 };                        /* bytes that stay in a core's own cache; rows that make up for fetching more */
    int each = r->B / threads;
    return threads > 1 && l->l.cell->R && r->T > 1 && each > 1 && (weights <= NEAR || each >= MANY);
}

bool rc_recur_in_teams(const rc_recur *l, const rc_rows *r)
{
    enum { SMALL = 1 << 16, SINGLE = 1 << 18 };                /* multiply-adds of a step, not worth a barrier; a team */
    double unit = (double)l->l.cell->G * l->l.in + (double)l->l.cell->R * l->W;
    double steps = (double)r->N / (r->T + (r->T > 1)) * l->size * unit;
    return (l->D == 2 && r->N > 1) || steps >= (r->T > 1 ? SMALL : SINGLE);
}

void rc_recur_walk(const rc_recur *l, const rc_rows *r, const rc_pass *s, void (*fn)(void *arg, const rc_team *t),
                   void *arg)
{
    if (rc_recur_in_teams(l, r)) {
        rc_pool_run(s->r->pool, l->D, fn, arg);
        return;
    }
    for (int d = 0; d < l->D; d++)
        fn(arg, &(rc_team){ .pool = s->r->pool, .n = 1, .group = d });
}
