/* SPDX-License-Identifier: MIT
 * trace.c - the gradient's way back through time: |dL/dh_t| over the distance to the end of the sequence, where the loss
 * stands.  Falling by a factor each step it vanishes, rising it explodes (Hochreiter 1991; Bengio et al. 1994). */
#include <math.h>

#include "layer/recur.h"
#include "net/plan.h"

static size_t width(const rc_run *u, int i)          /* numbers of a row of the trace */
{
    const rc_recur *l = (const rc_recur *)u->net->layer[i];
    return (size_t)(l->D * l->W);
}

int rc_run_trace(rc_run *u)
{
    if (!u->train)
        return rc_fail(u->r, RECUR_ESHAPE, "run: only a training run has gradients to trace");
    for (int i = 0; i < u->net->layers; i++) {
        rc_act *a = u->act[i];
        if (!u->net->layer[i]->cell || a->trace || (i >= u->net->feed.first && i < u->net->feed.end))
            continue;
        if (!(a->trace = rc_new(u->r, (size_t)(i < u->net->side ? u->side.N : u->N) * width(u, i), sizeof *a->trace)))
            return RECUR_ENOMEM;
    }
    return RECUR_OK;
}

void rc_run_trace_free(rc_run *u)
{
    for (int i = 0; u->act && i < u->net->layers; i++)
        if (u->act[i])
            rc_free(u->r, u->act[i]->trace);
}

/* Rows in their order, sequences within a step: the same sums whatever computed them. */
int rc_run_trace_norms(const rc_run *u, int layer, int d, double *norm)
{
    const rc_recur *l = (const rc_recur *)u->net->layer[layer];
    const rc_act *a = u->act[layer];
    if (!l->l.cell || !a->trace || d >= l->D)
        return 0;
    const rc_rows *r = &a->in;
    memset(norm, 0, (size_t)r->T * sizeof *norm);
    for (int b = 0, T = r->T; b < r->B; b++) {
        while (T > 0 && r->alive[T - 1] <= b)
            T--;
        for (int t = 0; t < T; t++) {
            const real *g = a->trace + (size_t)(r->off[t] + b) * width(u, layer) + (size_t)(d * l->W);
            for (int k = 0; k < l->W; k++)
                norm[rc_recur_reverse(l, d) ? t : T - 1 - t] += (double)g[k] * (double)g[k];
        }
    }
    for (int k = 0; k < r->T; k++)
        norm[k] = sqrt(norm[k] / (r->alive[k] > 0 ? r->alive[k] : 1));     /* alive[k] sequences are longer than k */
    return r->T;
}

bool rc_run_trace_reverse(const rc_run *u, int layer, int d) { return rc_recur_reverse((const rc_recur *)u->net->layer[layer], d); }
