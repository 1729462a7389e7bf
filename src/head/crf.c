/* SPDX-License-Identifier: MIT
 * crf: a linear-chain conditional random field over the tags of a sequence (Lafferty, McCallum & Pereira 2001; over an
 * LSTM: Lample et al. 2016).  Weights: the score of beginning with a tag, of ending after it, of each tag after each.
 *
 *   s(y) = start[y_1] + Σ_t z_t[y_t] + Σ_t A[y_t, y_{t+1}] + end[y_T]                                        (S10)
 *   L = log Σ_y' exp s(y') - log Σ_{y' that agrees with the known tags} exp s(y')                            (S11)
 *
 * A sequence is worked through alone (crf_sum.c).  Sequences go to LANES lanes whatever the number of threads, and
 * lanes are added in order.
 * A target of -1 is a tag that is not known: any may stand there.  A sequence whose known tags break what is
 * forbidden counts nothing. */
#include <math.h>

#include "head/crf_sum.h"

enum { LANES = 32 };

typedef struct { rc_head h; } crf;
enum { TRANSITIONS, START, END };

static const rc_key_row keys[] = {
    RC_HEAD_WEIGHT,
};

typedef struct {
    const rc_head *h; const rc_pass *s; const rc_crf_table *t;
    real *z; real *out;          /* out: marginals are wanted, not the loss */
    bool grad; real scale;
    int lanes; rc_crf_lane *lane;
    double *loss; int64_t *hits; /* [B] */
} job;

static int open(rc_head *h, rc_build *b)
{
    if (h->per_seq)
        return rc_fail(b->r, RECUR_ESPEC, "net: head %d (crf) reads a row each step: no pooling before it", h->index + 1);
    int e = rc_head_weight_add(b, h, &(rc_weight){ .what = "transitions", .rank = 2, .dim = { h->in, h->in }, .exact = true,
                                                   .start = RC_ZERO });
    if (e >= 0)
        e = rc_head_weight_add(b, h, &(rc_weight){ .what = "start", .rank = 1, .dim = { h->in }, .start = RC_ZERO });
    if (e >= 0)
        e = rc_head_weight_add(b, h, &(rc_weight){ .what = "end", .rank = 1, .dim = { h->in }, .start = RC_ZERO });
    return e < 0 ? e : 0;
}

rc_crf rc_crf_of(const rc_head *h, const rc_param *params, const real *w)
{
    return (rc_crf){ .C = h->in, .step = w + params[h->param[TRANSITIONS]].at, .start = w + params[h->param[START]].at,
                     .end = w + params[h->param[END]].at, .forbid = h->forbid };
}

/* How many tags are known; -1: they break what is forbidden. */
static int known_tags(const rc_crf *c, const rc_seq *q, const int32_t *y)
{
    int n = 0, before = c->C;
    for (int s = 0; s < q->T; s++) {
        int j = y[q->off ? q->off[s] + q->b : s];
        if (before >= 0 && j >= 0 && !rc_crf_may(c, before, j))
            return -1;
        n += j >= 0;
        before = j;
    }
    return before >= 0 && q->T && !rc_crf_may(c, before, c->C) ? -1 : n;
}

/* ------------------------------------------------------------------------------------------------ all sequences */

static void put(const rc_seq *q, const rc_crf_lane *l, double scale, real *to)
{
    size_t C = (size_t)q->width;
    for (int s = 0; s < q->T; s++) {
        size_t row = (size_t)q->off[s] + (size_t)q->b;
        for (size_t i = 0; i < C; i++)
            to[row * C + i] = (real)(scale * (l ? l->d[(size_t)s * C + i] : 0));
    }
}

static int64_t right(const rc_seq *q, const rc_crf_lane *l, const int32_t *y)
{
    int64_t n = 0;
    for (int s = 0; s < q->T; s++) {
        const double *d = l->d + (size_t)s * (size_t)q->width;
        int best = 0;
        for (int i = 1; i < q->width; i++)
            best = d[i] > d[best] ? i : best;
        n += best == y[q->off[s] + q->b];
    }
    return n;
}

static void sequence(const job *j, const rc_crf_lane *l, int b)
{
    const rc_rows *r = j->s->rows;
    rc_seq q = { j->z, j->h->in, rc_seq_steps(r, b), r->off, b };
    const int32_t *y = j->s->batch->target[j->h->index];
    int tags = j->out ? 0 : known_tags(&j->t->c, &q, y);
    j->loss[b] = 0;
    j->hits[b] = 0;
    double log_z = q.T && (j->out || tags > 0) ? rc_crf_ways(j->t, l, &q, NULL) : -INFINITY;
    if (log_z == -INFINITY) {
        if (j->out || j->grad)
            put(&q, NULL, 0, j->out ? j->out : j->z);
        return;
    }
    memset(l->d, 0, (size_t)q.T * (size_t)q.width * sizeof *l->d);
    rc_crf_expect(j->t, l, &q, NULL, log_z, 1);
    if (j->out) {
        put(&q, l, 1, j->out);
        return;
    }
    j->hits[b] = right(&q, l, y);
    double own = tags == q.T ? rc_crf_known(j->t, l, &q, y) : rc_crf_ways(j->t, l, &q, y);
    bool may = own != -INFINITY;                               /* no way leads over the tags that are not known */
    if (may && tags < q.T)
        rc_crf_expect(j->t, l, &q, y, own, -1);
    j->loss[b] = may ? log_z - own : 0;
    if (j->grad)
        put(&q, may ? l : NULL, (double)j->scale, j->z);
}

/* Sequences i, i + lanes, ...: longest first, so that lanes have alike to do. */
static void one_lane(void *arg, int i)
{
    const job *j = arg;
    size_t C = (size_t)j->h->in;
    memset(j->lane[i].dstep, 0, (C * C + 2 * C) * sizeof(double));
    for (int b = i; b < j->s->rows->B; b += j->lanes)
        sequence(j, &j->lane[i], b);
}

static double *slice(rc_arena *m, size_t n) { return rc_take(m, n, sizeof(double)); }

/* Memory of a call, in the same order for measuring and placing. */
static void place(job *j, rc_crf_table *t, rc_arena *m, int C, int T, int B)
{
    size_t c = (size_t)C, all = (size_t)T * c;
    j->lanes = B < LANES ? B : LANES;
    t->to = slice(m, c * c);
    t->from = slice(m, c * c);
    t->start = slice(m, c);
    t->end = slice(m, c);
    j->loss = slice(m, (size_t)B);
    j->hits = rc_take(m, (size_t)B, sizeof *j->hits);
    rc_crf_lane *lanes = j->lane = rc_take(m, (size_t)j->lanes, sizeof *j->lane), none;
    for (int i = 0; i < j->lanes; i++) {
        rc_crf_lane *l = lanes ? &lanes[i] : &none;
        l->a = slice(m, all), l->p = slice(m, all), l->d = slice(m, all), l->m = slice(m, (size_t)T);
        l->b = slice(m, c), l->u = slice(m, c), l->q = slice(m, c), l->e = slice(m, c);
        l->dstep = slice(m, c * c + 2 * c);
        l->dstart = m->base ? l->dstep + c * c : NULL;
        l->dend = m->base ? l->dstart + c : NULL;
    }
}

static void bind(const rc_head *h, void *own, rc_plan *p, const rc_rows *most)
{
    rc_arena m = { 0 };
    (void)own;
    place(&(job){ 0 }, &(rc_crf_table){ 0 }, &m, h->in, most->T, most->B);
    rc_plan_scratch(p, m.used);
}

static void run(job *j, rc_crf_table *t)
{
    const rc_rows *r = j->s->rows;
    rc_arena m = { j->s->scratch, 0 };
    t->c = rc_crf_of(j->h, j->s->params, j->s->w);
    j->t = t;
    place(j, t, &m, j->h->in, r->T, r->B);
    rc_crf_fill(t);
    rc_each(j->s->r->pool, j->lanes, one_lane, j);
}

static void add_lanes(const job *j, int which, size_t at, size_t n)
{
    real *g = rc_head_g(j->h, j->s, which);
    for (size_t k = 0; k < n; k++) {
        double sum = 0;
        for (int i = 0; i < j->lanes; i++)
            sum += j->lane[i].dstep[at + k];
        g[k] += (real)((double)j->scale * sum);
    }
}

static double loss(const rc_head *h, const rc_pass *s, int row, int n, real *z, bool grad, real scale, int64_t *hits)
{
    rc_crf_table t;
    job j = { .h = h, .s = s, .z = z, .grad = grad, .scale = scale };
    size_t C = (size_t)h->in;
    double sum = 0;
    (void)row, (void)n;
    run(&j, &t);
    for (int b = 0; b < s->rows->B; b++) {
        sum += j.loss[b];
        *hits += j.hits[b];
    }
    if (grad) {
        add_lanes(&j, TRANSITIONS, 0, C * C);
        add_lanes(&j, START, C * C, C);
        add_lanes(&j, END, C * C + C, C);
    }
    return sum;
}

static int64_t count(const rc_head *h, const rc_pass *s, int rows)
{
    int64_t sum = 0;
    rc_crf c = rc_crf_of(h, s->params, s->w);
    (void)rows;
    for (int b = 0; b < s->rows->B; b++) {
        rc_seq q = { NULL, h->in, rc_seq_steps(s->rows, b), s->rows->off, b };
        int n = known_tags(&c, &q, s->batch->target[h->index]);
        sum += n > 0 ? n : 0;
    }
    return sum;
}

static void tell(const rc_head *h, const rc_pass *s, const real *z, real *out)
{
    rc_crf_table t;
    run(&(job){ .h = h, .s = s, .z = (real *)(uintptr_t)z, .out = out }, &t);
}

/* Without neighbours: what a row says alone. */
static void answer(const rc_head *h, const rc_kern *k, int n, const real *z, real *out)
{
    k->softmax(n, h->in, z, h->in, out, h->in);
}

static int best(const rc_head *h, recur *r, const rc_param *params, const real *w, const rc_seq *q, int32_t *out)
{
    rc_crf c = rc_crf_of(h, params, w);
    double score;
    int n = rc_viterbi(r, &c, q, 1, out, &score);
    return n > 0 ? q->T : n;
}

const rc_head_kind rc_head_crf = {
    .name = "crf", .formula = "s(y) = start[y1] + Σ z_t[y_t] + Σ A[y_t, y_t+1] + end[yT]  (S10)\n"
                              "L = log Σ exp s(y') - s(y)  (S11)",
    .size = sizeof(crf), .keys = keys, .nkeys = sizeof keys / sizeof *keys,
    .classes = true, .open = open, .count = count, .bind = bind, .loss = loss, .answer = answer, .tell = tell,
    .best = best,
};
