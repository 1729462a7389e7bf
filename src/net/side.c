/* SPDX-License-Identifier: MIT
 * The side chain of a run: its own batch, forward before the main layers, backward after them.  Its last y stays until
 * the next side batch, so that a decoder steps on what was encoded once. */
#include "net/plan.h"

static rc_pass side_pass(const rc_run *u, bool train)
{
    rc_pass s = rc_run_pass(u, train);
    s.batch = &((rc_own *)u->own)->side.batch;
    s.state = NULL;                                            /* nothing is carried from batch to batch */
    s.state_size = 0;
    s.side = NULL;
    s.dside = NULL;
    return s;
}

static int take(rc_run *u, const recur_batch *b)
{
    rc_own *o = u->own;
    int e = rc_run_steps(u, b, "batch.side", &(recur_dims){ .B = u->side.B, .T = u->side.T, .N = u->side.N },
                        o->side.alive, o->side.off);
    for (int i = 0; i < u->net->side && !e; i++)
        if (u->net->layer[i]->kind->check)
            e = u->net->layer[i]->kind->check(u->net->layer[i], u->r, b);
    if (e)
        return e;
    o->side.batch = *b;
    o->side.batch.alive = o->side.alive;
    o->side.batch.fresh = 1;
    for (int i = 0; i < b->B; i++)
        o->side.key[i] = b->key ? b->key[i] : (uint64_t)i;
    o->side.batch.key = o->side.key;
    return 0;
}

/* Places n numbers of side sequences, each below B or -1. */
static int check_places(const rc_run *u, const char *what, const int32_t *place, int n, int B)
{
    for (int i = 0; i < n; i++)
        if (place[i] < -1 || place[i] >= B)
            return rc_fail(u->r, RECUR_ESHAPE, "batch: %s %d is %d; the side batch has sequences 0 to %d, -1 is none",
                           what, i, (int)place[i], B - 1);
    return 0;
}

int rc_side_enter(rc_run *u, const recur_batch *b, bool grad)
{
    rc_own *o = u->own;
    int e = 0;
    if (!u->net->side)
        return 0;
    if (b->side && (e = take(u, b->side)))
        return e;
    if (!b->side && (!o->side.ready || grad))
        return rc_fail(u->r, RECUR_ESHAPE, "batch: side is missing: the net has a side chain (before >>)%s",
                       grad ? ", and its gradient is wanted" : " that has not run yet");
    int B = o->side.batch.B;
    if (!b->place && b->B > B)
        return rc_fail(u->r, RECUR_ESHAPE, "batch: %d sequences without places, the side batch has %d", b->B, B);
    if (b->place && (e = check_places(u, "place", b->place, b->B, B)))
        return e;
    if (b->row_place && (e = check_places(u, "row_place", b->row_place, b->N, B)))
        return e;
    for (int i = 0; i < b->B; i++)
        o->side.place[i] = b->place ? b->place[i] : i;
    return 0;
}

void rc_side_forward(rc_run *u, bool train)
{
    rc_own *o = u->own;
    int n = u->net->side;
    if (!n || !o->batch.side)
        return;
    rc_pass s = side_pass(u, train);
    const recur_batch *b = &o->side.batch;
    rc_act *first = u->act[0];
    first->in = first->rows = (rc_rows){ .T = b->T, .B = b->B, .N = b->N, .alive = o->side.alive, .off = o->side.off };
    first->x = NULL;
    for (int i = 0; i < n; i++) {
        if (i)
            rc_run_join(u->act[i], u->act[i - 1], u->net->layer[i]->per_seq);
        u->net->layer[i]->kind->forward(u->net->layer[i], u->act[i], &s);
    }
    o->side.ready = !train;
    if (train && o->side.dy)
        memset(o->side.dy, 0, (size_t)u->act[n - 1]->rows.N * (size_t)u->net->layer[n - 1]->out * sizeof *o->side.dy);
}

void rc_side_backward(rc_run *u)
{
    rc_own *o = u->own;
    rc_pass s = side_pass(u, true);
    for (int i = u->net->side - 1; i >= 0 && o->needs[i]; i--) {
        rc_act *a = u->act[i];
        a->dy = o->dy[i];
        a->dx = i && o->needs[i - 1] ? o->dy[i - 1] : NULL;
        u->net->layer[i]->kind->backward(u->net->layer[i], a, &s);
    }
}
