/* SPDX-License-Identifier: MIT
 * sweep.c - all examples through a run, in their order. */
#include <math.h>

#include "task/sweep.h"

int rc_sweep_open(rc_sweep *p, recur_data *d, const rc_run *u)
{
    *p = (rc_sweep){ .d = d, .u = u, .ex = rc_new(d->r, (size_t)u->B, sizeof *p->ex) };
    return p->ex != NULL ? RECUR_OK : RECUR_ENOMEM;
}

int rc_sweep_next(rc_sweep *p, recur_batch *b)
{
    const recur_data *d = p->d, *s = d->side;
    int64_t rows = 0, side = 0;
    int32_t before = -1;
    p->n = 0;
    for (; p->at < d->count && p->n < p->u->B; p->at++) {
        const rc_example *ex = &d->ex[p->at];
        rows += ex->T;
        side += s != NULL && ex->side >= 0 && ex->side != before ? s->ex[ex->side].T : 0;
        before = ex->side;
        if (p->n > 0 && (rows > p->u->N || (s != NULL && side > p->u->side.N)))
            break;
        p->ex[p->n++] = p->at;
    }
    return p->n > 0 ? rc_data_of(p->d, p->ex, p->n, b) : RECUR_EEND;
}

void rc_sweep_close(rc_sweep *p) { rc_free(p->d->r, p->ex); }

int rc_sweep_run(const recur_model *m, const recur_data *d, int sequences, int rows, rc_run **out)
{
    recur_dims most;
    rc_data_dims(d, sequences, 1, &most);
    most.B = most.B > 0 ? most.B : 1;
    most.T = most.T > 0 ? most.T : 1;
    rows = rows > most.T ? rows : most.T;
    most.N = most.N > rows ? rows : most.N > 0 ? most.N : 1;
    most.scores = 1;
    int e = rc_run_new(m->r, out, m->net, m->w, &most);
    if (e == RECUR_OK)
        (*out)->weights = 1;
    return e;
}

int rc_sweep_loss(rc_run *u, recur_data *d, double *mean, double *right)
{
    rc_sweep p;
    recur_batch b;
    rc_loss l;
    double sum = 0;
    int64_t count = 0, hits = 0;
    int e = rc_sweep_open(&p, d, u);
    while (e == RECUR_OK && (e = rc_sweep_next(&p, &b)) == RECUR_OK && (e = rc_run_loss(u, &b, true, 1, &l)) == RECUR_OK) {
        sum += l.head_loss[0] * (double)l.count[0];
        count += l.count[0];
        hits += l.hits[0];
    }
    rc_sweep_close(&p);
    *mean = count > 0 ? sum / (double)count : (double)NAN;
    if (right != NULL)
        *right = count > 0 ? (double)hits / (double)count : (double)NAN;
    return e == RECUR_EEND ? RECUR_OK : e;
}
