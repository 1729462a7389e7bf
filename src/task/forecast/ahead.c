/* SPDX-License-Identifier: MIT
 * ahead.c - a net's forecasts: for windows with known targets (eval), and for the steps behind the last row.
 *
 * A horizon that is longer than what the net gives at once is reached by going on from its own forecasts. */
#include <limits.h>
#include "task/sweep.h"
#include "task/forecast/forecast.h"

/* --- a run over windows --- */

int rc_forecast_open(const recur_model *m, const recur_data *d, rc_run **u)
{
    return rc_sweep_run(m, d, RC_TOGETHER * rc_outlook_parts(&rc_windows_of(d)->look), INT_MAX, u);
}

typedef struct { const recur_model *m; recur_data *d; int first, n, H, Q, point; float *out, *done; } ahead;

/* The windows again, k rows on: done [n][H][columns] holds what was forecast so far. */
static void shift_windows(const ahead *a, int k)
{
    const recur_data *d = a->d, *of = d->side != NULL ? d->side : d;
    size_t F = (size_t)of->F, wide = (size_t)rc_outlook_wide(&rc_windows_of(d)->look);
    for (int i = 0; i < a->n; i++)
        rc_window_cut(rc_windows_of(d), &of->ex[a->first + i], k, a->done + (size_t)i * (size_t)a->H * wide,
                      of->out.x + (size_t)i * F, (size_t)a->n * F);
}

/* Scores z [n][columns][block][Q], the net's numbers for the steps from k on, become scaled values. */
static void keep(const ahead *a, const real *z, int k)
{
    const rc_windows *w = rc_windows_of(a->d);
    int wide = rc_outlook_wide(&w->look), block = w->look.block, take = a->H - k < block ? a->H - k : block;
    for (int i = 0; i < a->n; i++)
        for (int c = 0; c < wide; c++, z += block * a->Q) {
            float *done = a->done + (size_t)i * (size_t)a->H * (size_t)wide;
            float *out = a->out + (((size_t)i * (size_t)wide + (size_t)c) * (size_t)a->H + (size_t)k) * (size_t)a->Q;
            rc_level l = rc_window_level(w, rc_windows_at(a->d, a->first + i), c, k, done);
            for (int h = 0; h < take * a->Q; h++)
                out[h] = (float)z[h] * l.scale + l.shift;
            rc_forecast_sort(out, take, a->Q);
        }
    for (int i = 0; i < a->n; i++)       /* only now: the levels of all columns are taken from before */
        for (int c = 0; c < wide; c++)
            for (int h = 0; h < take; h++)
                a->done[((size_t)i * (size_t)a->H + (size_t)(k + h)) * (size_t)wide + (size_t)c] =
                    a->out[(((size_t)i * (size_t)wide + (size_t)c) * (size_t)a->H + (size_t)(k + h)) * (size_t)a->Q
                           + (size_t)a->point];
}

int rc_forecast_run(const recur_model *m, recur_data *d, rc_run *u, int first, int n, int H, float *out)
{
    const rc_outlook *o = &rc_windows_of(d)->look;
    double q[RC_LEVELS];
    int Q = rc_forecast_levels(m, q), rows, e, width = m->net->branch[0].head->in, parts = rc_outlook_parts(o);
    recur_batch b;
    ahead a = { m, d, first, n, H, Q > 0 ? Q : 1, Q > 0 ? rc_forecast_point(q, Q) : 0, out, NULL };
    if (width * parts != rc_outlook_wide(o) * o->block * a.Q)
        return rc_fail(m->r, RECUR_ESHAPE, "the head gives %d numbers for %d steps of %d column(s)", width, o->block,
                       rc_outlook_wide(o));
    a.done = rc_new(m->r, (size_t)n * (size_t)H + 1, (size_t)rc_outlook_wide(o) * sizeof *a.done);
    int32_t *ex = rc_new(m->r, (size_t)n * (size_t)parts + 1, sizeof *ex);
    e = a.done != NULL && ex != NULL ? RECUR_OK : RECUR_ENOMEM;
    for (int i = 0; i < n * parts && e == RECUR_OK; i++)
        ex[i] = first * parts + i;
    if (e == RECUR_OK)
        e = rc_data_of(d, ex, n * parts, &b);
    for (int k = 0; k < H && e == RECUR_OK; k += o->block) {
        if (k > 0)
            shift_windows(&a, k);
        const real *z = rc_run_forward(u, &b, 0, &rows);
        if (z == NULL)
            e = RECUR_ESHAPE;
        else if (rows != n * parts)
            e = rc_fail(m->r, RECUR_ESHAPE, "the net answers at each step: a net that forecasts ends with pooling");
        else
            keep(&a, z, k);
    }
    rc_free(m->r, ex);
    rc_free(m->r, a.done);
    return e;
}
