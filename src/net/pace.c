/* SPDX-License-Identifier: MIT
 * pace: whether a net's passes are faster without a team.
 *
 * Threads that share a small net's work send its numbers from core to core, which may cost more than they save; how much
 * depends on the machine, on the net and on the batch.  So it is tried: for each size of batch some passes in turn with
 * the team and without, the best of each compared, and again after many passes.  What long passes take is work. */
#include "net/plan.h"

enum { TRIALS = 8, AGAIN = 512 };            /* passes that are timed, of so many */
static const double LONG = 10e-3, CLEAR = .95;   /* seconds; what the caller alone needs of the team's time to be preferred */

static bool timed(const rc_pace *p) { return p->now && p->now->seen <= TRIALS; }

static void go(rc_run *u, bool solo)
{
    rc_pool_solo(u->r->pool, solo);
    if (timed(&u->pace))
        u->pace.from = rc_now();
}

void rc_pace_begin(rc_run *u, bool grad, const recur_batch *b)
{
    rc_pace *p = &u->pace;
    int size = 0, rows = b->N + (b->side ? b->side->N : 0);
    p->now = NULL;
    if (rc_pool_threads(u->r->pool) == 1)
        return;
    while (rows >> size > 1)
        size++;
    p->now = &p->size[grad][size];
    p->rows = rows > 0 ? rows : 1;
    p->spent = 0;
    p->teams = rc_pool_teams(u->r->pool);
    if (p->now->seen++ == AGAIN)
        *p->now = (rc_pace_size){ .seen = 1 };
    p->solo = timed(p) ? p->now->seen % 2 == 0 : p->now->solo;
    go(u, p->solo);
}

void rc_pace_pause(rc_run *u)
{
    if (!u->pace.now)
        return;
    if (timed(&u->pace))
        u->pace.spent += rc_now() - u->pace.from;
    rc_pool_solo(u->r->pool, false);
}

void rc_pace_resume(rc_run *u)
{
    if (u->pace.now)
        go(u, u->pace.solo);
}

void rc_pace_end(rc_run *u)
{
    rc_pace *p = &u->pace;
    rc_pace_size *n = p->now;
    rc_pace_pause(u);
    if (!n || !timed(p))
        return;
    double each = p->spent / p->rows;
    if (n->best[p->solo] <= 0 || each < n->best[p->solo])
        n->best[p->solo] = each;
    if (!p->solo && (p->spent > LONG || rc_pool_teams(u->r->pool) == p->teams))
        n->seen = TRIALS + 1;                    /* nothing to be tried: solo stays as it is, false */
    else if (n->seen == TRIALS)
        n->solo = n->best[1] < CLEAR * n->best[0];
}
