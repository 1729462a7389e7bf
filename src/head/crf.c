/* SPDX-License-Identifier: MIT
 * crf: a linear-chain conditional random field over the tags of a sequence (Lafferty, McCallum & Pereira 2001; over an
 * LSTM: Lample et al. 2016).  Weights: the score of beginning with a tag, of ending after it, of each tag after each.
 *
 *   s(y) = start[y_1] + Σ_t z_t[y_t] + Σ_t A[y_t, y_{t+1}] + end[y_T]                                        (S10)
 *   L = log Σ_y' exp s(y') - log Σ_{y' that agrees with the known tags} exp s(y')                            (S11)
 *
 * A sequence is worked through alone, in double and in logarithms; a step's sum over the tags before is one product
 * with the matrix exp(A).  Sequences go to LANES lanes whatever the number of threads, and lanes are added in order.
 * A target of -1 is a tag that is not known: any may stand there.  A sequence whose known tags break what is
 * forbidden counts nothing. */
#include <math.h>

#include "head/crf.h"

enum { LANES = 32 };
#define TINY 1e-200              /* below it a sum of products may have lost what mattered: it is taken in logarithms */

typedef struct { rc_head h; } crf;
enum { TRANSITIONS, START, END };

static const rc_key_row keys[] = {
    RC_HEAD_WEIGHT,
};

typedef struct {                 /* of the weights, once a call */
    rc_crf c;
    double most;                 /* largest of A */
    double *to, *from;           /* [C][C] exp(A - most), 0 where forbidden; from: its transpose */
    double *start, *end;         /* [C], -INFINITY where forbidden */
} table;

typedef struct {                 /* of a lane: T rows of C */
    double *a, *p, *m;           /* log of all ways to here; exp(a - m) and m, its row's largest */
    double *d;                   /* dL/dz */
    double *b, *u, *q, *e;       /* [C] log of all ways from here; u = b + z, q = exp(u - its largest); a row's scores */
    double *dstep, *dstart, *dend;
} lane;

typedef struct {
    const rc_head *h; const rc_pass *s; const table *t;
    real *z; real *out;          /* out: marginals are wanted, not the loss */
    bool grad; real scale;
    int lanes; lane *lane;
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

/* ------------------------------------------------------------------------------------------------ sums */

static double largest(int n, const double *x)
{
    double m = -INFINITY;
    for (int i = 0; i < n; i++)
        m = x[i] > m || isnan(x[i]) ? x[i] : m;
    return m;
}

/* log Σ exp(x); -INFINITY where all are. */
static double log_sum(int n, const double *x)
{
    double m = largest(n, x), sum = 0;
    if (m == -INFINITY)
        return m;
    for (int i = 0; i < n; i++)
        sum += exp(x[i] - m);
    return m + log(sum);
}

/* y = exp(x - m) and m, the largest of x; all 0 where nothing is possible. */
static double scaled(int n, const double *x, double *y)
{
    double m = largest(n, x), by = m == -INFINITY ? 0 : m;
    for (int i = 0; i < n; i++)
        y[i] = exp(x[i] - by);
    return by;
}

/* The same sum as a product would give, without loss: over the tags before `j` (ahead false) or after it. */
static double log_step(const table *t, const double *x, int j, bool ahead)
{
    int C = t->c.C;
    double m = -INFINITY, sum = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < C; i++) {
            int from = ahead ? j : i, to = ahead ? i : j;
            double v = rc_crf_may(&t->c, from, to) ? x[i] + (double)t->c.step[from * C + to] : -INFINITY;
            if (!pass)
                m = v > m ? v : m;
            else if (m > -INFINITY)
                sum += exp(v - m);
        }
    return m > -INFINITY ? m + log(sum) : m;
}

/* y_j = log Σ_i exp(x_i + A): p and m as `scaled` gave them of x, E: [C][C] the row of each i.                  (S12) */
static void product(const table *t, const double *E, const double *x, const double *p, double m, bool ahead, double *y)
{
    int C = t->c.C;
    memset(y, 0, (size_t)C * sizeof *y);
    for (int i = 0; i < C; i++)
        for (int j = 0; j < C; j++)
            y[j] += p[i] * E[(size_t)i * (size_t)C + (size_t)j];
    for (int j = 0; j < C; j++)
        y[j] = y[j] < TINY ? log_step(t, x, j, ahead) : m + t->most + log(y[j]);
}

/* ------------------------------------------------------------------------------------------------ one sequence */

/* Scores of step t; y: known tags, which let no other stand there; NULL: every tag may. */
static void scores(const rc_seq *q, const int32_t *y, int t, double *e)
{
    const real *z = rc_seq_row(q, t);
    int32_t known = y ? y[q->off ? q->off[t] + q->b : t] : -1;
    for (int j = 0; j < q->width; j++)
        e[j] = known < 0 || known == j ? (double)z[j] : -INFINITY;
}

/* a of all steps; returns log Z. */
static double ways(const table *t, const lane *l, const rc_seq *q, const int32_t *y)
{
    size_t C = (size_t)t->c.C;
    for (int s = 0; s < q->T; s++) {
        double *a = l->a + (size_t)s * C, *p = l->p + ((size_t)s - (s > 0)) * C;
        scores(q, y, s, l->e);
        if (s) {
            l->m[s - 1] = scaled(t->c.C, a - C, p);
            product(t, t->to, a - C, p, l->m[s - 1], false, a);
        }
        for (size_t j = 0; j < C; j++)
            a[j] = (s ? a[j] : t->start[j]) + l->e[j];
    }
    for (size_t j = 0; j < C; j++)
        l->e[j] = l->a[(size_t)(q->T - 1) * C + j] + t->end[j];
    return log_sum(t->c.C, l->e);
}

/* dstep += sign * probability of each pair of tags at steps s - 1, s.                                           (S14) */
static void pairs(const table *t, const lane *l, int s, double mu, double log_z, double sign)
{
    size_t C = (size_t)t->c.C;
    const double *p = l->p + (size_t)(s - 1) * C, *a = l->a + (size_t)(s - 1) * C;
    double by = l->m[s - 1] + mu + t->most - log_z;
    for (size_t i = 0; i < C && by < 300; i++) {
        double w = sign * exp(by) * p[i];
        for (size_t j = 0; j < C; j++)
            l->dstep[i * C + j] += w * t->to[i * C + j] * l->q[j];
    }
    for (size_t i = 0; i < C && !(by < 300); i++)              /* the likeliest tags never meet: one by one */
        for (size_t j = 0; j < C; j++)
            if (rc_crf_may(&t->c, (int)i, (int)j))
                l->dstep[i * C + j] += sign * exp(a[i] + (double)t->c.step[i * C + j] + l->u[j] - log_z);
}

/* Gradients += sign * the probabilities that a and log Z make.                                                  (S13) */
static void expect(const table *t, const lane *l, const rc_seq *q, const int32_t *y, double log_z, double sign)
{
    size_t C = (size_t)t->c.C;
    memcpy(l->b, t->end, C * sizeof *l->b);
    for (int s = q->T - 1; s >= 0; s--) {
        const double *a = l->a + (size_t)s * C;
        double *d = l->d + (size_t)s * C;
        for (size_t j = 0; j < C; j++) {
            double p = sign * exp(a[j] + l->b[j] - log_z);
            d[j] += p;
            l->dend[j] += s == q->T - 1 ? p : 0;
            l->dstart[j] += s ? 0 : p;
        }
        if (!s)
            break;
        scores(q, y, s, l->e);
        for (size_t j = 0; j < C; j++)
            l->u[j] = l->b[j] + l->e[j];
        double mu = scaled(t->c.C, l->u, l->q);
        pairs(t, l, s, mu, log_z, sign);
        product(t, t->from, l->u, l->q, mu, true, l->b);
    }
}

/* Score of a sequence whose tags are all known, and its part in the gradients. */
static double known(const table *t, const lane *l, const rc_seq *q, const int32_t *y)
{
    size_t C = (size_t)t->c.C, before = 0;
    double sum = 0;
    for (int s = 0; s < q->T; s++) {
        size_t row = q->off ? (size_t)q->off[s] + (size_t)q->b : (size_t)s, j = (size_t)y[row];
        sum += (double)rc_seq_row(q, s)[j] + (s ? (double)t->c.step[before * C + j] : t->start[j]);
        l->d[(size_t)s * C + j] -= 1;
        if (s)
            l->dstep[before * C + j] -= 1;
        else
            l->dstart[j] -= 1;
        before = j;
    }
    l->dend[before] -= 1;
    return sum + t->end[before];
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

static void put(const rc_seq *q, const lane *l, double scale, real *to)
{
    size_t C = (size_t)q->width;
    for (int s = 0; s < q->T; s++) {
        size_t row = (size_t)q->off[s] + (size_t)q->b;
        for (size_t i = 0; i < C; i++)
            to[row * C + i] = (real)(scale * (l ? l->d[(size_t)s * C + i] : 0));
    }
}

static int64_t right(const rc_seq *q, const lane *l, const int32_t *y)
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

static void sequence(const job *j, const lane *l, int b)
{
    const rc_rows *r = j->s->rows;
    rc_seq q = { j->z, j->h->in, rc_seq_steps(r, b), r->off, b };
    const int32_t *y = j->s->batch->target[j->h->index];
    int tags = j->out ? 0 : known_tags(&j->t->c, &q, y);
    j->loss[b] = 0;
    j->hits[b] = 0;
    double log_z = q.T && (j->out || tags > 0) ? ways(j->t, l, &q, NULL) : -INFINITY;
    if (log_z == -INFINITY) {
        if (j->out || j->grad)
            put(&q, NULL, 0, j->out ? j->out : j->z);
        return;
    }
    memset(l->d, 0, (size_t)q.T * (size_t)q.width * sizeof *l->d);
    expect(j->t, l, &q, NULL, log_z, 1);
    if (j->out) {
        put(&q, l, 1, j->out);
        return;
    }
    j->hits[b] = right(&q, l, y);
    double own = tags == q.T ? known(j->t, l, &q, y) : ways(j->t, l, &q, y);
    if (tags < q.T)
        expect(j->t, l, &q, y, own, -1);
    j->loss[b] = log_z - own;
    if (j->grad)
        put(&q, l, (double)j->scale, j->z);
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
static void place(job *j, table *t, rc_arena *m, int C, int T, int B)
{
    size_t c = (size_t)C, all = (size_t)T * c;
    j->lanes = B < LANES ? B : LANES;
    t->to = slice(m, c * c);
    t->from = slice(m, c * c);
    t->start = slice(m, c);
    t->end = slice(m, c);
    j->loss = slice(m, (size_t)B);
    j->hits = rc_take(m, (size_t)B, sizeof *j->hits);
    lane *lanes = j->lane = rc_take(m, (size_t)j->lanes, sizeof *j->lane), none;
    for (int i = 0; i < j->lanes; i++) {
        lane *l = lanes ? &lanes[i] : &none;
        l->a = slice(m, all), l->p = slice(m, all), l->d = slice(m, all), l->m = slice(m, (size_t)T);
        l->b = slice(m, c), l->u = slice(m, c), l->q = slice(m, c), l->e = slice(m, c);
        l->dstep = slice(m, c * c + 2 * c);
        l->dstart = m->base ? l->dstep + c * c : NULL;
        l->dend = m->base ? l->dstart + c : NULL;
    }
}

static size_t scratch(const rc_head *h, recur *r, const rc_rows *most)
{
    rc_arena m = { 0 };
    (void)r;
    place(&(job){ 0 }, &(table){ 0 }, &m, h->in, most->T, most->B);
    return m.used;
}

static void fill(table *t)
{
    int C = t->c.C;
    t->most = (double)t->c.step[0];
    for (int i = 0; i < C * C; i++)
        t->most = (double)t->c.step[i] > t->most ? (double)t->c.step[i] : t->most;
    for (int i = 0; i < C; i++) {
        for (int k = 0; k < C; k++) {
            double v = rc_crf_may(&t->c, i, k) ? exp((double)t->c.step[i * C + k] - t->most) : 0;
            t->to[i * C + k] = t->from[k * C + i] = v;
        }
        t->start[i] = rc_crf_may(&t->c, C, i) ? (double)t->c.start[i] : -INFINITY;
        t->end[i] = rc_crf_may(&t->c, i, C) ? (double)t->c.end[i] : -INFINITY;
    }
}

static void run(job *j, table *t)
{
    const rc_rows *r = j->s->rows;
    rc_arena m = { j->s->scratch, 0 };
    t->c = rc_crf_of(j->h, j->s->params, j->s->w);
    j->t = t;
    place(j, t, &m, j->h->in, r->T, r->B);
    fill(t);
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
    table t;
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
    table t;
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

double rc_crf_log_z(const rc_crf *c, const rc_seq *q, double *work)
{
    int C = c->C;
    double *a = work, *b = work + C, *v = work + 2 * C;
    for (int t = 0; t < q->T; t++) {
        const real *z = rc_seq_row(q, t);
        for (int j = 0; j < C; j++) {
            for (int i = 0; i < C && t; i++)
                v[i] = rc_crf_may(c, i, j) ? a[i] + (double)c->step[i * C + j] : -INFINITY;
            double in = t ? log_sum(C, v) : rc_crf_may(c, C, j) ? (double)c->start[j] : -INFINITY;
            b[j] = in + (double)z[j];
        }
        double *turn = a;
        a = b;
        b = turn;
    }
    for (int j = 0; j < C; j++)
        v[j] = rc_crf_may(c, j, C) ? a[j] + (double)c->end[j] : -INFINITY;
    return q->T ? log_sum(C, v) : 0;
}

const rc_head_kind rc_head_crf = {
    .name = "crf", .formula = "s(y) = start[y1] + Σ z_t[y_t] + Σ A[y_t, y_t+1] + end[yT]  (S10)\n"
                              "L = log Σ exp s(y') - s(y)  (S11)",
    .size = sizeof(crf), .keys = keys, .nkeys = sizeof keys / sizeof *keys,
    .classes = true, .open = open, .count = count, .scratch = scratch, .loss = loss, .answer = answer, .tell = tell,
    .best = best,
};
