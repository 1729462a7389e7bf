/* SPDX-License-Identifier: MIT
 * What a batch must fulfil before anything is computed with it. */
#include "net/plan.h"

int rc_run_steps(rc_run *u, const recur_batch *b, const char *what, const recur_dims *most, int32_t *alives, int32_t *off)
{
    if (b->T < 0 || b->B < 0 || b->N < 0 || b->T > most->T || b->B > most->B || b->N > most->N)
        return rc_fail(u->r, RECUR_ESHAPE,
                       "%s: %d sequences, %d steps, %d rows; the run was planned for %d, %d, %d", what, b->B, b->T,
                       b->N, most->B, most->T, most->N);
    int64_t n = 0;
    for (int t = 0; t < b->T; t++) {
        int alive = b->alive ? b->alive[t] : b->B;
        if (alive < 1 || alive > (t ? alives[t - 1] : b->B))
            return rc_fail(u->r, RECUR_ESHAPE,
                           "%s: %d sequences alive at step %d, after %d: longest first, at least 1", what, alive, t,
                           t ? alives[t - 1] : b->B);
        off[t] = (int32_t)n;
        alives[t] = alive;
        n += alive;
        if (n > b->N)
            break;
    }
    off[b->T] = (int32_t)n;
    if (n != b->N)
        return rc_fail(u->r, RECUR_ESHAPE, "%s: N is %d, but the sequences alive make %lld rows or more", what, b->N,
                       (long long)n);
    return 0;
}

int rc_run_enter(rc_run *u, const recur_batch *b, bool grad)
{
    rc_own *o = u->own;
    if (b->B < 1)
        return rc_fail(u->r, RECUR_ESHAPE, "batch: no sequences");
    int e = rc_run_steps(u, b, "batch", &(recur_dims){ .B = u->B, .T = u->T, .N = u->N }, o->alive, o->off);
    for (int i = u->net->side; i < u->net->layers && !e; i++)
        if (u->net->layer[i]->kind->check)
            e = u->net->layer[i]->kind->check(u->net->layer[i], u->r, b);
    if (!e)
        e = rc_side_enter(u, b, grad);
    if (e)
        return e;
    o->batch = *b;
    o->batch.place = u->net->side ? o->side.place : NULL;
    o->batch.alive = o->alive;
    for (int i = 0; i < b->B; i++)
        o->key[i] = b->key ? b->key[i] : (uint64_t)i;
    o->batch.key = o->key;
    return 0;
}

/* Lists of classes: rising places, class 0 (ctc's blank) in none of them. */
static int lists(const rc_run *u, int head, int sequences)
{
    const rc_own *o = u->own;
    const rc_head *h = u->net->branch[head].head;
    const int32_t *at = o->batch.list_at[head], *y = o->batch.target[head];
    if (!at)
        return rc_fail(u->r, RECUR_ESHAPE, "batch: head %d (%s) has no list_at: its targets are a list a sequence",
                       head + 1, h->kind->name);
    for (int b = 0; b < sequences; b++) {
        if (at[b] < 0 || at[b + 1] < at[b])
            return rc_fail(u->r, RECUR_ESHAPE, "batch: list %d of head %d (%s) goes from %d to %d", b, head + 1,
                           h->kind->name, (int)at[b], (int)at[b + 1]);
        for (int i = at[b]; i < at[b + 1]; i++)
            if (y[i] < 1 || y[i] >= h->in)
                return rc_fail(u->r, RECUR_ESHAPE, "batch: label %d in list %d of head %d (%s); it has labels 1 to %d",
                               (int)y[i], b, head + 1, h->kind->name, h->in - 1);
    }
    return 0;
}

int rc_run_targets(const rc_run *u, int head, const rc_rows *rows)
{
    const rc_own *o = u->own;
    const rc_head *h = u->net->branch[head].head;
    const int32_t *y = o->batch.target[head];
    int n = rows->N;
    if (h->kind->lists && n && y)
        return lists(u, head, rows->alive ? rows->alive[0] : rows->B);
    if (h->kind->classes ? !y : !o->batch.value[head])
        return n ? rc_fail(u->r, RECUR_ESHAPE, "batch: head %d (%s) has no targets", head + 1, h->kind->name) : 0;
    for (int i = 0; i < n && h->kind->classes; i++)
        if (y[i] < -1 || y[i] >= h->in)
            return rc_fail(u->r, RECUR_ESHAPE, "batch: target %d in row %d of head %d (%s); it has classes 0 to %d",
                           (int)y[i], i, head + 1, h->kind->name, h->in - 1);
    return 0;
}
