/* SPDX-License-Identifier: MIT
 * recur, one step of the forward pass: the recurrent product, the cell, a second round and a projection where it has them,
 * zoneout, and what the next step multiplies. */
#include "layer/recur_step.h"

/* The rows of a segment that this thread's cell computes, and their units. */
static rc_segment own(const rc_recur_part *p, const rc_segment *g, int *lo, int *hi)
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
static void zoneout(const rc_recur_part *p, int t, const rc_segment *g, int lo, int hi, const rc_cell_io *c)
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
static void leave(const rc_recur_part *p, int to, int b, const real *h, int lo, int hi)
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

static void leave_segment(const rc_recur_part *p, int t, const rc_segment *g, int lo, int hi)
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

void rc_recur_begin(const rc_recur_part *p)
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
static void second_round(const rc_recur_part *p, const rc_segment *g, rc_cell_io *c)
{
    const rc_recur *l = p->j->l;
    rc_recur_act *a = p->j->a;
    const real *m = p->j->s->train ? a->mask[p->d] : NULL;
    for (int i = 0; i < g->n && m && p->hi > p->lo; i++)
        p->j->s->k->mul((size_t)(p->hi - p->lo), c->q + (size_t)i * (size_t)c->qs + p->lo,
                        m + (size_t)(g->b + i) * (size_t)l->W + p->lo,
                        c->q + (size_t)i * (size_t)c->qs + p->lo);
    rc_barrier(p->team);
    rc_recur_multiply(p, l->R1, l->l.cell->R, g->n, l->size, c->q, c->qs, a->whp[p->d], true,
             c->g + (size_t)l->R1 * (size_t)l->size, c->gs);
    p->j->fn.forward[1](c);
}

void rc_recur_run_step(rc_recur_part *p, int t)
{
    const rc_recur *l = p->j->l;
    rc_segment g[2];
    int n = rc_recur_segments(&p->j->a->a.in, rc_recur_reverse(l, p->d), t, g);
    for (int i = 0; i < n; i++)
        g[i] = rc_recur_within(&g[i], p->b0, p->b1);
    p->ubase = p->j->s->train ? 0 : p->j->a->a.in.off[t];
    if (p->j->alone)
        rc_recur_one_row(p, g);
    for (int i = 0; i < n && !p->j->alone; i++)
        rc_recur_own_product(p, &g[i]);
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
            rc_recur_project(p, &g[i]);
            leave_segment(p, t, &g[i], p->clo, p->chi);
        }
        rc_barrier(p->team);
    }
}
