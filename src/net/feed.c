/* SPDX-License-Identifier: MIT
 * Input feeding (Luong, Pham & Manning 2015, section 3.3): what a row found is part of the input of the next step, so the
 * layers from the one with `feed` to its `attend` go step by step, each step a batch of one.
 *   (E18) x_t' = [x_t; y_{t-1}],   y_0 = 0
 * Going back, a step is computed again from the states that it began with, then its gradients go on to the step before:
 * the layers keep one step's numbers, whatever the length. */
#include "net/plan.h"

static real *state_of(const rc_run *u, int b) { return u->state + (size_t)b * u->net->state_size; }

/* Step t as a batch and as rows of its own; again: in backward. */
static void enter(rc_run *u, const rc_pass *s, int t, bool again, recur_batch *b, rc_rows *rows)
{
    rc_own *o = u->own;
    const rc_rows *all = &o->feed.rows;
    int n = all->alive[t];
    o->feed.off[0] = 0, o->feed.off[1] = n;
    *b = *s->batch;
    b->T = 1, b->B = b->N = n;
    b->alive = all->alive + t;
    b->fresh = s->batch->fresh && t == 0;
    b->side = t == 0 && !again ? s->batch->side : NULL;
    b->row_place = s->batch->row_place ? s->batch->row_place + all->off[t] : NULL;
    *rows = (rc_rows){ .T = 1, .B = n, .N = n, .alive = b->alive, .off = o->feed.off, .step = t };
}

/* Layers of the loop on step t. */
static void step(rc_run *u, const rc_pass *s, int t, bool again)
{
    rc_own *o = u->own;
    const rc_net *n = u->net;
    int first = n->feed.first, end = n->feed.end;
    size_t own = (size_t)(n->layer[first]->in - n->feed.n), fed = (size_t)n->feed.n, at = u->act[end - 1]->state_at;
    recur_batch b;
    rc_rows rows;
    rc_pass p = *s;
    p.batch = &b;
    enter(u, s, t, again, &b, &rows);
    const real *x = u->act[first - 1]->y + (size_t)o->feed.rows.off[t] * own;
    for (int i = 0; i < rows.N; i++) {
        real *to = o->feed.x + (size_t)i * (own + fed);
        memcpy(to, x + (size_t)i * own, own * sizeof *to);
        memcpy(to + own, state_of(u, i) + at, fed * sizeof *to);
    }
    u->act[first]->in = u->act[first]->rows = rows;
    u->act[first]->x = o->feed.x;
    for (int i = first; i < end; i++) {
        if (i > first)
            rc_run_join(u->act[i], u->act[i - 1], false);
        n->layer[i]->kind->forward(n->layer[i], u->act[i], &p);
    }
    const real *y = u->act[end - 1]->y;
    for (int i = 0; i < rows.N; i++)
        memcpy(state_of(u, i) + at, y + (size_t)i * fed, fed * sizeof *y);
}

void rc_feed_forward(rc_run *u, const rc_pass *s)
{
    rc_own *o = u->own;
    const rc_net *n = u->net;
    rc_act *last = u->act[n->feed.end - 1];
    size_t fed = (size_t)n->feed.n, size = n->state_size;
    const rc_rows *r = &o->feed.rows;
    o->feed.rows = u->act[n->feed.first - 1]->rows;
    for (int b = 0; b < r->B && s->batch->fresh; b++)
        memset(state_of(u, b) + last->state_at, 0, fed * sizeof(real));
    last->y = o->feed.small;
    for (int t = 0; t < r->T; t++) {
        size_t rows = (size_t)r->alive[t], at = (size_t)r->off[t];
        if (s->train)
            memcpy(o->feed.states + at * size, u->state, rows * size * sizeof(real));
        step(u, s, t, false);
        memcpy(o->feed.y + at * fed, last->y, rows * fed * sizeof(real));
    }
    last->y = o->feed.y;
    last->in = last->rows = *r;
}

/* Gradients of step t, whose forward was just computed again. */
static void step_back(rc_run *u, const rc_pass *s, int t)
{
    rc_own *o = u->own;
    const rc_net *n = u->net;
    int first = n->feed.first, end = n->feed.end;
    size_t own = (size_t)(n->layer[first]->in - n->feed.n), fed = (size_t)n->feed.n, size = n->state_size;
    size_t row = (size_t)o->feed.rows.off[t], at = u->act[end - 1]->state_at;
    recur_batch b;
    rc_rows rows;
    rc_pass p = *s;
    p.batch = &b;
    p.dstate = o->feed.dstate;
    enter(u, s, t, true, &b, &rows);
    real *dy = o->feed.turn[0], *dx = o->dy[first - 1];
    for (int i = 0; i < rows.N; i++) {
        memcpy(dy + (size_t)i * fed, o->dy[end - 1] + (row + (size_t)i) * fed, fed * sizeof *dy);
        u->r->kern->add(fed, o->feed.dstate + (size_t)i * size + at, dy + (size_t)i * fed);
    }
    for (int i = end - 1, turn = 1; i >= first; i--, turn ^= 1) {
        rc_act *a = u->act[i];
        a->dy = dy;
        a->dx = dy = i == first ? o->feed.dx : o->feed.turn[turn];
        n->layer[i]->kind->backward(n->layer[i], a, &p);
    }
    for (int i = 0; i < rows.N; i++) {
        const real *from = o->feed.dx + (size_t)i * (own + fed);
        if (o->needs[first - 1] || o->want_dx)
            memcpy(dx + (row + (size_t)i) * own, from, own * sizeof *dx);
        memcpy(o->feed.dstate + (size_t)i * size + at, from + own, fed * sizeof *dx);
    }
}

void rc_feed_backward(rc_run *u, const rc_pass *s)
{
    rc_own *o = u->own;
    rc_act *last = u->act[u->net->feed.end - 1];
    const rc_rows *r = &o->feed.rows;
    size_t size = u->net->state_size, bytes = (size_t)r->B * size * sizeof(real);
    memcpy(o->feed.after, u->state, bytes);
    memset(o->feed.dstate, 0, bytes);
    last->y = o->feed.small;
    for (int t = r->T - 1; t >= 0; t--) {
        memcpy(u->state, o->feed.states + (size_t)r->off[t] * size, (size_t)r->alive[t] * size * sizeof(real));
        step(u, s, t, true);
        step_back(u, s, t);
    }
    memcpy(u->state, o->feed.after, bytes);
    last->y = o->feed.y;
    last->in = last->rows = *r;
}

/* --- memory --- */

rc_rows rc_feed_bind_first(rc_run *u, rc_rows all)
{
    rc_own *o = u->own;
    o->feed.rows = all;
    return (rc_rows){ .T = 1, .B = all.B, .N = all.B };
}

rc_rows rc_feed_bind_last(rc_run *u, rc_plan *p)
{
    const rc_net *n = u->net;
    rc_own *o = u->own;
    rc_act *last = u->act[n->feed.end - 1];
    size_t B = (size_t)u->B, N = (size_t)o->feed.rows.N, in = (size_t)n->layer[n->feed.first]->in, most = 0;
    for (int i = n->feed.first; i < n->feed.end; i++)
        most = (size_t)n->layer[i]->out > most ? (size_t)n->layer[i]->out : most;
    o->feed.small = last->y;
    o->feed.y = last->y = rc_plan_take(p, N * (size_t)n->feed.n, sizeof(real));
    o->feed.x = rc_plan_take(p, B * in, sizeof(real));
    for (int i = 0; i < 2 && p->train; i++)
        o->feed.turn[i] = rc_plan_take(p, B * most, sizeof(real));
    if (p->train) {
        o->feed.dx = rc_plan_take(p, B * in, sizeof(real));
        o->feed.states = rc_plan_take(p, N * n->state_size, sizeof(real));
        o->feed.after = rc_plan_take(p, B * n->state_size, sizeof(real));
        o->feed.dstate = rc_plan_take(p, B * n->state_size, sizeof(real));
    }
    return last->rows = o->feed.rows;
}
