/* SPDX-License-Identifier: MIT
 * ctc: connectionist temporal classification (Graves et al. 2006).  The targets of a sequence are a list of labels,
 * shorter than its rows; class 0 is the blank.  (S15)-(S18) of docs/math.md, in double and in logarithms.
 *
 * Sequences are worked through alone, by as many workers as there are threads.  A worker keeps the forward numbers of
 * one stretch of rows and those of the first row of every stretch, from which the others are made again on the way
 * back: memory goes with T sqrt T, not T T.  A list that does not fit its rows (rc_ctc_fits) counts nothing. */
#include <math.h>

#include "head/ctc.h"

enum { WHOLE = 1024 };           /* up to so many rows are one stretch: nothing is made twice */
#define TINY 1e-200              /* below it a sum may have lost what mattered: it is taken in logarithms */

typedef struct { rc_head h; } ctc;

static const rc_key_row keys[] = {
    RC_HEAD_WEIGHT,
};

typedef struct {                 /* W: 2 T + 1, the longest list with its blanks */
    double *a, *mark;            /* [stretch][W] of this stretch; [stretches][W] first rows */
    double *last;                /* [W] the row before a stretch */
    double *b, *u, *p, *y;       /* [W], p with two more on either side; y: log p of the row after */
    double *sum;                 /* [V], 0 between rows */
} desk;

typedef struct {                 /* one sequence */
    rc_seq q;
    const int32_t *label; int n, W;
    int stretch;
} list;

typedef struct {
    const rc_head *h; const rc_pass *s;
    real *z;
    bool grad; real scale;
    int workers; desk *desk;
    double *loss;                /* [B] */
} job;

static int open(rc_head *h, rc_build *b)
{
    if (h->per_seq)
        return rc_fail(b->r, RECUR_ESPEC, "net: head %d (ctc) reads a row each step: no pooling before it", h->index + 1);
    if (h->in < 2)
        return rc_fail(b->r, RECUR_ESPEC, "net: head %d (ctc) needs 2 scores or more: class 0 is the blank", h->index + 1);
    return 0;
}

static int stretch_of(int T)
{
    int n = 1;
    while (T > WHOLE && n * n < T)
        n++;
    return T > WHOLE ? n : T > 0 ? T : 1;
}

/* ------------------------------------------------------------------------------------------------ sums */

/* y = exp(x - m) and m, the largest of x, for places [lo, hi); 0 in the two on either side, which are not reached. */
static double scaled(int lo, int hi, const double *x, double *y)
{
    double m = -INFINITY;
    for (int i = lo; i < hi; i++)
        m = x[i] > m || isnan(x[i]) ? x[i] : m;
    m = m == -INFINITY ? 0 : m;
    y[lo - 1] = y[lo - 2] = y[hi] = y[hi + 1] = 0;
    for (int i = lo; i < hi; i++)
        y[i] = x[i] - m < -700 ? 0 : exp(x[i] - m);
    return m;
}

static double reached(const double *x, int s, int from, int to) { return s >= from && s < to ? x[s] : -INFINITY; }

static double log_add(double x, double y, double z)
{
    double m = fmax(x, fmax(y, z));
    return m == -INFINITY ? m : m + log(exp(x - m) + exp(y - m) + exp(z - m));
}

/* Places of row t that the start reaches and that reach the end. */
static int first_place(const list *l, int t)
{
    int s = l->W - 2 * (l->q.T - t);
    return s > 0 ? s : 0;
}

static int last_place(const list *l, int t) { return 2 * t + 2 < l->W ? 2 * t + 2 : l->W; }

/* ------------------------------------------------------------------------------------------------ forward */

/* a of row t from that of the row before.                                                                        (S15) */
static void ahead(const list *l, const desk *d, int t, const double *before, double *a)
{
    const real *y = rc_seq_row(&l->q, t);
    int lo = first_place(l, t), hi = last_place(l, t), from = t ? first_place(l, t - 1) : 0, to = t ? last_place(l, t - 1) : 0;
    double m = t ? scaled(from, to, before, d->p) : 0;
    for (int s = lo; s < hi; s++) {
        bool skips = rc_ctc_skips(l->label, s);
        double in = t ? d->p[s] + d->p[s - 1] + (skips ? d->p[s - 2] : 0) : 1;
        if (in < TINY)
            in = log_add(reached(before, s, from, to), reached(before, s - 1, from, to),
                         skips ? reached(before, s - 2, from, to) : -INFINITY);
        else
            in = m + log(in);
        a[s] = in + (double)y[rc_ctc_at(l->label, s)];
    }
}

/* Rows [from, to) of one stretch, the first of which `mark` holds already where `again`. */
static void stretch(const list *l, const desk *d, int from, int to, bool again)
{
    size_t W = (size_t)l->W;
    double *mark = d->mark + (size_t)(from / l->stretch) * W;
    for (int t = from; t < to; t++) {
        double *a = d->a + (size_t)(t - from) * W;
        if (t == from && again)
            memcpy(a, mark, W * sizeof *a);
        else if (t == from && from)
            ahead(l, d, t, d->last, a);
        else
            ahead(l, d, t, a - W, a);
        if (t == from && !again)
            memcpy(mark, a, W * sizeof *a);
    }
    memcpy(d->last, d->a + (size_t)(to - from - 1) * W, W * sizeof *d->last);
}

/* log P of the list.                                                                                             (S17) */
static double forward(const list *l, const desk *d)
{
    for (int from = 0; from < l->q.T; from += l->stretch)
        stretch(l, d, from, from + l->stretch < l->q.T ? from + l->stretch : l->q.T, false);
    int lo = first_place(l, l->q.T - 1), hi = last_place(l, l->q.T - 1);
    return log_add(d->last[lo], hi > lo + 1 ? d->last[lo + 1] : -INFINITY, -INFINITY);
}

/* ------------------------------------------------------------------------------------------------ backward */

/* b of row t from that of the row after it.                                                                      (S16) */
static void back(const list *l, const desk *d, int t)
{
    int W = l->W, lo = first_place(l, t), hi = last_place(l, t);
    if (t == l->q.T - 1) {
        for (int s = lo; s < hi; s++)
            d->b[s] = 0;                                       /* the last label, or the blank after it */
        return;
    }
    int from = first_place(l, t + 1), to = last_place(l, t + 1);
    for (int s = from; s < to; s++)
        d->u[s] = d->b[s] + d->y[s];
    double m = scaled(from, to, d->u, d->p);
    for (int s = lo; s < hi; s++) {
        bool skips = s + 2 < W && rc_ctc_skips(l->label, s + 2);
        double out = d->p[s] + d->p[s + 1] + (skips ? d->p[s + 2] : 0);
        d->b[s] = out < TINY ? log_add(reached(d->u, s, from, to), reached(d->u, s + 1, from, to),
                                       skips ? reached(d->u, s + 2, from, to) : -INFINITY)
            : m + log(out);
    }
}

/* The scores of row t become their gradient.                                                                     (S18) */
static void settle(const job *j, const list *l, const desk *d, int t, const double *a, double log_P, real *z)
{
    int V = j->h->in, lo = first_place(l, t), hi = last_place(l, t);
    j->s->k->softmax(1, V, z, V, z, V);
    for (int s = lo; s < hi; s++)
        d->sum[rc_ctc_at(l->label, s)] += exp(a[s] + d->b[s] - log_P);
    j->s->k->scale((size_t)V, j->scale, z);
    for (int s = lo; s < hi; s++) {
        int32_t k = rc_ctc_at(l->label, s);
        z[k] -= j->scale * (real)d->sum[k];
        d->sum[k] = 0;
    }
}

static void backward(const job *j, const list *l, const desk *d, double log_P)
{
    int T = l->q.T;
    for (int to = T, from; to > 0; to = from) {
        from = (to - 1) / l->stretch * l->stretch;
        if (to < T)
            stretch(l, d, from, to, true);
        for (int t = to - 1; t >= from; t--) {
            back(l, d, t);
            real *z = j->z + ((size_t)l->q.off[t] + (size_t)l->q.b) * (size_t)l->q.width;
            for (int s = first_place(l, t); s < last_place(l, t); s++)
                d->y[s] = (double)z[rc_ctc_at(l->label, s)];   /* before the gradient takes its place */
            settle(j, l, d, t, d->a + (size_t)(t - from) * (size_t)l->W, log_P, z);
        }
    }
}

/* ------------------------------------------------------------------------------------------------ all sequences */

static list list_of(const job *j, int b)
{
    const recur_batch *in = j->s->batch;
    const int32_t *at = in->list_at[j->h->index];
    list l = { .q = { j->z, j->h->in, rc_seq_steps(j->s->rows, b), j->s->rows->off, b },
               .label = in->target[j->h->index] + at[b], .n = at[b + 1] - at[b] };
    l.W = 2 * l.n + 1;
    l.stretch = stretch_of(l.q.T);
    return l;
}

static void sequence(const job *j, const desk *d, int b)
{
    list l = list_of(j, b);
    j->loss[b] = 0;
    if (!rc_ctc_fits(l.q.T, l.label, l.n)) {
        for (int t = 0; t < l.q.T && j->grad; t++)
            memset(j->z + ((size_t)l.q.off[t] + (size_t)b) * (size_t)l.q.width, 0, (size_t)l.q.width * sizeof *j->z);
        return;
    }
    double log_P = forward(&l, d);
    j->loss[b] = -log_P;
    if (j->grad)
        backward(j, &l, d, log_P);
}

static void work(void *arg, int i)
{
    const job *j = arg;
    memset(j->desk[i].sum, 0, (size_t)j->h->in * sizeof(double));
    for (int b = i; b < j->s->rows->B; b += j->workers)
        sequence(j, &j->desk[i], b);
}

/* Rows of scores become log p. */
static void log_rows(void *arg, int lo, int hi)
{
    const job *j = arg;
    int V = j->h->in;
    for (int n = lo; n < hi; n++)
        j->s->k->xent(1, V, j->z + (size_t)n * (size_t)V, V, &(int32_t){ -1 }, NULL, 0, 0, false, 0, NULL);
}

static double *slice(rc_arena *m, size_t n) { return rc_take(m, n, sizeof(double)); }

/* Memory of a call, in the same order for measuring and placing.  No list has more labels than there are steps. */
static void place(job *j, rc_arena *m, int V, int T, int B, int threads)
{
    size_t W = 2 * (size_t)T + 1, rows = (size_t)stretch_of(T), marks = ((size_t)T + rows - 1) / rows;
    size_t own = rows * W, whole = marks > 1 ? (size_t)WHOLE * (2 * WHOLE + 1) : 0;   /* of a shorter sequence in one stretch */
    j->workers = threads < B ? threads : B;
    j->loss = slice(m, (size_t)B);
    desk *all = j->desk = rc_take(m, (size_t)j->workers, sizeof *j->desk), none;
    for (int i = 0; i < j->workers; i++) {
        desk *d = all ? &all[i] : &none;
        d->a = slice(m, own > whole ? own : whole), d->mark = slice(m, (marks + 1) * W), d->last = slice(m, W);
        d->b = slice(m, W), d->u = slice(m, W), d->p = slice(m, W + 4), d->y = slice(m, W);
        d->p = m->base ? d->p + 2 : NULL;
        d->sum = slice(m, (size_t)V);
    }
}

static void bind(const rc_head *h, void *own, rc_plan *p, const rc_rows *most)
{
    rc_arena m = { 0 };
    (void)own;
    place(&(job){ 0 }, &m, h->in, most->T, most->B, rc_pool_threads(p->r->pool));
    rc_plan_scratch(p, m.used);
}

static double loss(const rc_head *h, const rc_pass *s, int row, int n, real *z, bool grad, real scale, int64_t *hits)
{
    job j = { .h = h, .s = s, .z = z, .grad = grad, .scale = scale };
    rc_arena m = { s->scratch, 0 };
    double sum = 0;
    (void)row, (void)hits;
    place(&j, &m, h->in, s->rows->T, s->rows->B, rc_pool_threads(s->r->pool));
    rc_rows_each(s->r, n, 8, log_rows, &j);
    rc_each(s->r->pool, j.workers, work, &j);
    for (int b = 0; b < s->rows->B; b++)
        sum += j.loss[b];
    return sum;
}

static int64_t count(const rc_head *h, const rc_pass *s, int rows)
{
    int64_t sum = 0;
    const job j = { .h = h, .s = s };
    (void)rows;
    for (int b = 0; b < s->rows->B; b++) {
        list l = list_of(&j, b);
        if (rc_ctc_fits(l.q.T, l.label, l.n))
            sum += l.n > 0 ? l.n : 1;
    }
    return sum;
}

static void answer(const rc_head *h, const rc_kern *k, int n, const real *z, real *out)
{
    k->softmax(n, h->in, z, h->in, out, h->in);
}

static int best(const rc_head *h, recur *r, const rc_param *params, const real *w, const rc_seq *q, int32_t *out)
{
    int32_t before = RC_BLANK;
    int n = 0;
    (void)r, (void)params, (void)w;
    for (int t = 0; t < q->T; t++) {
        int32_t k = rc_ctc_step(rc_seq_row(q, t), h->in, &before);
        if (k != RC_BLANK)
            out[n++] = k;
    }
    return n;
}

const rc_head_kind rc_head_ctc = {
    .name = "ctc", .formula = "L = -log Σ over paths that say the list Π_t softmax(z_t)[path_t]  (S15)-(S18)",
    .size = sizeof(ctc), .keys = keys, .nkeys = sizeof keys / sizeof *keys,
    .classes = true, .lists = true, .open = open, .count = count, .bind = bind, .loss = loss, .answer = answer,
    .best = best,
};
