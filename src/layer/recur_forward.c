/* SPDX-License-Identifier: MIT
 * recur, forward.  Every thread of a direction owns the same units in every step: it packs their weights, multiplies
 * x for a span of steps and then, step by step, adds the recurrent product, runs the cell and leaves what the next
 * step multiplies.  One barrier a step makes all units of h visible; a cell that looks along its row owns rows
 * instead, a second round and a projection need one barrier more. */
#include "layer/recur_step.h"

/* The keys of all masks of zoneout: no step changes them. */
static void zone_keys(const rc_recur *l, rc_recur_act *a, const rc_pass *s)
{
    for (int k = 0; k < l->l.cell->S && s->train && l->zone; k++)
        for (int d = 0; d < l->D; d++)
            for (int b = 0; b < a->a.in.B; b++)
                a->zkey[k][d * a->a.in.B + b] = rc_mask_key(s, &l->l, 8 * d + RC_MASK_ZONE + k, b);
}

/* Steps i.. of the walk whose rows are multiplied at once: returns how many, their first row in *first, rows in *rows. */
static int span(const rc_recur_part *p, int i, int *first, int *rows)
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
static void walk_sequences(rc_recur_part *p, const rc_team *team)
{
    const rc_recur_job *j = p->j;
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
            rc_recur_input_product(p, first + r0, r1 - r0);
        rc_barrier(team);
        for (int end = i + n; i < end; i++)
            rc_recur_run_step(p, rc_recur_step(j->l, p->d, r->T, i));
        if (!j->s->train && i < r->T)
            rc_barrier(team);
    }
}

static void walk(void *arg, const rc_team *team)
{
    const rc_recur_job *j = arg;
    const rc_recur *l = j->l;
    const rc_rows *r = &j->a->a.in;
    rc_recur_part p = { .j = j, .team = team, .d = team->group, .b1 = r->B };
    rc_part(l->size, j->s->k->nr, team->id, team->n, &p.lo, &p.hi);
    rc_part(l->W, j->s->k->nr, team->id, team->n, &p.clo, &p.chi);
    rc_recur_pack(&p);
    rc_recur_begin(&p);
    if (j->team[p.d]) {
        walk_sequences(&p, team);
        return;
    }
    for (int i = 0, first, rows; i < r->T;) {
        int n = span(&p, i, &first, &rows);
        p.gbase = j->s->train ? 0 : first;
        if (!j->alone)
            rc_recur_input_product(&p, first, rows);
        for (int end = i + n; i < end; i++)
            rc_recur_run_step(&p, rc_recur_step(l, p.d, r->T, i));
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
    const rc_recur_job *j = arg;
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

/* How the threads of direction d will share it, and so how its weights are packed. */
static void share(rc_recur_job *j, int d)
{
    const rc_recur *l = j->l;
    const rc_rows *r = &j->a->a.in;
    int threads = rc_pool_threads(j->s->r->pool), lo = 0, hi = 1;
    if (rc_recur_in_teams(l, r) && threads >= l->D)
        rc_part(threads, 1, d, l->D, &lo, &hi);
    j->team[d] = rc_recur_by_sequence(l, r, hi - lo, rc_panels_as(j->s->k, j->a->as, l->W, l->l.cell->R * l->size));
    j->whole[d] = !l->l.cell->split && (hi - lo == 1 || j->team[d]);
    j->packed = j->packed && j->a->whole[d] == j->whole[d];
}

void rc_recur_forward(const rc_layer *base, rc_act *act, const rc_pass *s)
{
    const rc_recur *l = (const rc_recur *)base;
    rc_recur_act *a = (rc_recur_act *)act;
    rc_recur_job j = { .l = l, .a = a, .s = s, .fn = rc_kern_cell(s->k, base->cell, &l->opt),
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
