/* SPDX-License-Identifier: MIT
 * optim.c - one update of the weights: norm, clip, step.
 *
 * The elements that have a gradient now (the run's spans) are cut into slices of equal size, at most SLICES, by their
 * number alone.  Threads take slices; a slice's sum of squares is taken in order and the slices' sums are added in order,
 * so neither norm nor weights depend on the number of threads. */
#include <math.h>
#include <stdio.h>

#include "train/train.h"

#define X(name) extern const rc_optim_kind rc_optim_##name;
#include "train/list.h"
#undef X
const rc_optim_kind *const rc_optims[] = {
#define X(name) &rc_optim_##name,
#include "train/list.h"
#undef X
    NULL,
};

enum { SLICES = 256, LEAST = 4096 };     /* LEAST: elements that make a slice worth a thread's while */
#define HUGE_NORM 1e18                   /* its square still fits a float: second moments stay finite */

const rc_optim_kind *rc_optim_find(const char *name)
{
    for (int i = 0; rc_optims[i]; i++)
        if (strcmp(rc_optims[i]->name, name) == 0)
            return rc_optims[i];
    return NULL;
}

int rc_optim_new(recur *r, rc_optim **out, const char *name, size_t n, double mean)
{
    rc_optim *o = NULL;
    const rc_optim_kind *kind = rc_optim_find(name);
    int e = RECUR_ENOMEM;
    *out = NULL;
    if (!kind) {
        rc_names names = { "" };
        for (int i = 0; rc_optims[i]; i++)
            rc_name_add(&names, rc_optims[i]->name);
        return rc_fail(r, RECUR_EOPTION, "no optimizer '%s'; there are %s", name, names.s);
    }
    if (mean > 0 && kind->average)
        return rc_fail(r, RECUR_EOPTION, "%s averages by itself: --average is for the other optimizers", name);
    if (!(o = rc_new(r, 1, sizeof *o)))
        goto fail;
    *o = (rc_optim){ .r = r, .kind = kind, .n = n, .mean = mean, .moments = kind->moments + (mean > 0) };
    for (int i = 0; i < o->moments; i++)
        if (!(o->moment[i] = rc_new(r, n, sizeof(real))))
            goto fail;
    *out = o;
    return RECUR_OK;
fail:
    rc_optim_free(o);
    return e;
}

void rc_optim_free(rc_optim *o)
{
    if (!o)
        return;
    for (int i = 0; i < o->moments; i++)
        rc_free(o->r, o->moment[i]);
    rc_free(o->r, o);
}

void rc_optim_clear(rc_optim *o)
{
    for (int i = 0; i < o->moments; i++)
        memset(o->moment[i], 0, o->n * sizeof(real));
    o->step = o->averaged = 0;
    o->averaging = false;
}

bool rc_optim_averages(const rc_optim *o)
{
    return o->mean > 0 ? o->step > 0 : o->averaged > 0;
}

void rc_optim_average(const rc_optim *o, real *w)
{
    if (!rc_optim_averages(o))
        return;
    if (o->mean > 0)
        memcpy(w, o->moment[o->moments - 1], o->n * sizeof *w);
    else
        o->kind->average(o, 0, o->n, w);
}

/* mean += (1 - d) (w - mean): equation (A7).  At first d is below what was asked for, or the mean would long remember
 * the weights of the start. */
typedef struct { const rc_optim *o; const real *w; real part; } follow_job;
static void follow(void *arg, int lo, int hi)
{
    const follow_job *j = arg;
    real *mean = j->o->moment[j->o->moments - 1];
    const size_t from = (size_t)lo * LEAST, to = (size_t)hi * LEAST < j->o->n ? (size_t)hi * LEAST : j->o->n;
    for (size_t i = from; i < to; i++)
        mean[i] += j->part * (j->w[i] - mean[i]);
}

static void follow_all(const rc_optim *o, const real *w)
{
    const double t = (double)o->step, rise = (t - 1) / (t + 9);
    rc_rows_each(o->r, (int)((o->n + LEAST - 1) / LEAST), 16, follow,
                 &(follow_job){ o, w, (real)(1 - (rise < o->mean ? rise : o->mean)) });
}

/* --- slices --- */
typedef struct {
    const rc_optim *o;
    rc_run *u;
    const rc_param *params;
    const rc_span *span;
    int slices;
    struct { int span; size_t skip, n; } slice[SLICES];      /* first span, elements of it that belong to the slice before, size */
    double sum[SLICES];
    real limit;                                              /* by value; 0: none */
    rc_optim_io io;
    real decay;                                              /* rate of weight decay, for the weights that have it */
} job;

static void cut(job *j, const rc_span *span, int spans)
{
    size_t total = 0;
    for (int i = 0; i < spans; i++)
        total += span[i].n;
    size_t want = total / LEAST;
    j->span = span;
    j->slices = want < 1 ? 1 : want > SLICES ? SLICES : (int)want;
    int s = 0;
    size_t skip = 0, done = 0;
    for (int i = 0; i < j->slices; i++) {
        size_t end = total / (size_t)j->slices * (size_t)(i + 1);
        if (i + 1 == j->slices)
            end = total;
        end = i + 1 < j->slices ? end & ~(size_t)15 : end;
        j->slice[i].span = s;
        j->slice[i].skip = skip;
        j->slice[i].n = end - done;
        for (size_t left = end - done; left > 0; ) {
            size_t here = span[s].n - skip;
            if (here > left) {
                skip += left;
                break;
            }
            left -= here;
            s++;
            skip = 0;
        }
        done = end;
    }
}

/* The pieces of slice i, one after the other. */
typedef struct { int span; size_t skip, left; } walk;
static bool next(const job *j, walk *k, size_t *at, size_t *n, const rc_param **p)
{
    if (k->left == 0)
        return false;
    const rc_span *s = &j->span[k->span];
    *at = s->at + k->skip;
    *n = s->n - k->skip < k->left ? s->n - k->skip : k->left;
    *p = &j->params[s->param];
    k->left -= *n;
    k->span++;
    k->skip = 0;
    return true;
}

static walk walk_of(const job *j, int i)
{
    return (walk){ j->slice[i].span, j->slice[i].skip, j->slice[i].n };
}

static void measure(void *arg, int i)
{
    job *j = arg;
    walk k = walk_of(j, i);
    const rc_param *p;
    size_t at, n;
    double sum = 0;
    while (next(j, &k, &at, &n, &p)) {
        real *g = j->u->g + at;
        double here = j->o->r->kern->sum_sq(n, g);
        if (j->limit > 0 && isfinite(here)) {
            for (size_t e = 0; e < n; e++)
                g[e] = g[e] > j->limit ? j->limit : g[e] < -j->limit ? -j->limit : g[e];
            here = j->o->r->kern->sum_sq(n, g);
        }
        sum += here;
    }
    j->sum[i] = sum;
}

static void update(void *arg, int i)
{
    job *j = arg;
    const rc_optim *o = j->o;
    walk k = walk_of(j, i);
    const rc_param *p;
    size_t at, n;
    while (next(j, &k, &at, &n, &p)) {
        rc_optim_io io = j->io;
        real *w = j->u->w, *g = j->u->g;
        io.decay = 0;
        if (p->decay && j->decay > 0 && o->kind->decoupled) {
            io.decay = io.lr * j->decay;
        } else if (p->decay && j->decay > 0) {
            for (size_t e = at; e < at + n; e++)
                g[e] = io.scale * g[e] + j->decay * w[e];
            io.scale = 1;
        }
        o->kind->step(o, &io, at, n, w, g);
    }
}

/* Backward comes from the heads down, so the last weight that is not finite is the first that went wrong. */
static int diverged(const job *j, int spans, double norm)
{
    for (int i = spans - 1; i >= 0; i--)
        if (!isfinite(j->o->r->kern->sum_sq(j->span[i].n, j->u->g + j->span[i].at)))
            return rc_fail(j->o->r, RECUR_EDIVERGE, "the gradient of %s is not finite; a lower --lr or --clip may help",
                           j->params[j->span[i].param].name);
    return rc_fail(j->o->r, RECUR_EDIVERGE, "the gradient's norm is %g; --clip 1 or a lower --lr may help", norm);
}

int rc_optim_step(rc_optim *o, rc_run *u, const recur_step_options *s, double *norm)
{
    job j = { .o = o, .u = u, .params = u->net->params.p, .limit = (real)s->clip_value, .decay = (real)s->decay };
    rc_span *span;
    int spans = rc_run_spans(u, &span);
    cut(&j, span, spans);
    rc_each(o->r->pool, j.slices, measure, &j);
    double sum = 0;
    for (int i = 0; i < j.slices; i++)
        sum += j.sum[i];
    double length = sqrt(sum), scale = s->clip > 0 && length > s->clip ? s->clip / length : 1;
    if (norm)
        *norm = length;
    if (!(length * scale <= HUGE_NORM))
        return diverged(&j, spans, length);

    o->step++;
    if (o->averaging)
        o->averaged++;
    const double t = (double)o->step;
    j.io = (rc_optim_io){
        .lr = (real)s->lr, .eps = (real)s->eps, .scale = (real)scale,
        .b1 = (real)(o->kind->momentum ? s->momentum : s->beta1), .b2 = (real)s->beta2,
        .c1 = (real)(1 / (1 - pow(s->beta1, t))), .c2 = (real)(1 / (1 - pow(s->beta2, t))),
    };
    rc_each(o->r->pool, j.slices, update, &j);
    if (o->mean > 0)
        follow_all(o, u->w);
    return RECUR_OK;
}
