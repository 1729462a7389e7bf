/* SPDX-License-Identifier: MIT
 * pool: a sequence becomes one row: its last step, mean, maximum, or the sum by attention, those named side by side.
 *   attend: a = softmax over steps of v tanh(W x + b),  y = sum a x     (Yang et al. 2016, equations 5-7)
 * A sequence without steps gives zeros. */
#include <math.h>

#include "layer/layer.h"

typedef struct { rc_layer l; bool last, mean, max, attend; int at_mean, at_max, at_attend; } pool;
typedef struct {
    rc_act a;
    int32_t *from;               /* [B][in] row of x that was the maximum, -1: none */
    int32_t *len;                /* [B] */
    real *u, *score;             /* [N][in] tanh(W x + b); [N] attention */
} pool_act;

static const rc_key_row keys[] = {
    { "last", RC_KEY_FLAG, offsetof(pool, last), NULL, 0, 0, NULL, "the last step" },
    { "mean", RC_KEY_FLAG, offsetof(pool, mean), NULL, 0, 0, NULL, "the mean" },
    { "max", RC_KEY_FLAG, offsetof(pool, max), NULL, 0, 0, NULL, "the maximum of each column" },
    { "attend", RC_KEY_FLAG, offsetof(pool, attend), NULL, 0, 0, NULL, "the sum weighted by attention" },
};

static int open(rc_layer *l, rc_build *b)
{
    pool *p = (pool *)l;
    if (l->per_seq_in)
        return rc_layer_fail(b, l, "cannot stand behind pooling: there are no steps left");
    p->at_mean = l->in * p->last;
    p->at_max = p->at_mean + l->in * p->mean;
    p->at_attend = p->at_max + l->in * p->max;
    l->out = p->at_attend + l->in * p->attend;
    l->per_seq = l->ahead = true;
    if (!l->out)
        return rc_layer_fail(b, l, "needs one or more of: last mean max attend");
    if (!p->attend)
        return 0;
    int e = rc_weight_add(b, l, &(rc_weight){ .what = "w", .rank = 2, .dim = { l->in, l->in }, .start = RC_GLOROT,
                                              .decay = true });
    if (e >= 0)
        e = rc_weight_add(b, l, &(rc_weight){ .what = "b", .rank = 1, .dim = { l->in }, .start = RC_ZERO });
    if (e >= 0)
        e = rc_weight_add(b, l, &(rc_weight){ .what = "v", .rank = 1, .dim = { l->in }, .start = RC_GLOROT });
    return e < 0 ? e : 0;
}

static void bind(const rc_layer *l, rc_act *act, rc_plan *p)
{
    const pool *o = (const pool *)l;
    pool_act *a = (pool_act *)act;
    size_t N = (size_t)act->in.N, B = (size_t)act->in.B, w = (size_t)l->in;
    act->rows.T = 1;
    act->rows.N = act->in.B;
    a->len = rc_plan_take(p, B, sizeof *a->len);
    a->from = o->max ? rc_plan_take(p, B * w, sizeof *a->from) : NULL;
    if (!o->attend)
        return;
    a->u = rc_plan_take(p, N * w, sizeof *a->u);
    a->score = rc_plan_take(p, N, sizeof *a->score);
    size_t more = rc_matmul_scratch(p->r, act->in.N, l->in, l->in);
    size_t dw = rc_matmul_scratch(p->r, l->in, l->in, act->in.N);
    rc_plan_scratch(p, (more > dw ? more : dw) * sizeof(real));
}

typedef struct { const pool *l; pool_act *a; const rc_pass *s; } job;

static const real *row(const job *j, int t, int b)
{
    return j->a->a.x + (size_t)(j->a->a.in.off[t] + b) * (size_t)j->l->l.in;
}

static void attend(const job *j, int b, real *y)
{
    const rc_rows *in = &j->a->a.in;
    size_t w = (size_t)j->l->l.in;
    const real *v = rc_w(&j->l->l, j->s, 2);
    double most = -INFINITY, sum = 0;
    for (int t = 0; t < j->a->len[b]; t++) {
        const real *u = j->a->u + (size_t)(in->off[t] + b) * w;
        double dot = 0;
        for (size_t i = 0; i < w; i++)
            dot += (double)(u[i] * v[i]);
        j->a->score[in->off[t] + b] = (real)dot;
        most = (double)(real)dot > most ? (double)(real)dot : most;
    }
    for (int t = 0; t < j->a->len[b]; t++) {
        real *score = &j->a->score[in->off[t] + b];
        sum += (double)(*score = (real)exp((double)*score - most));
    }
    for (int t = 0; t < j->a->len[b]; t++) {
        real *score = &j->a->score[in->off[t] + b];
        const real *x = row(j, t, b);
        *score = (real)((double)*score / sum);
        for (size_t i = 0; i < w; i++)
            y[i] += *score * x[i];
    }
}

static void maximum(const job *j, int b, real *y)
{
    size_t w = (size_t)j->l->l.in;
    int32_t *from = j->a->from + (size_t)b * w;
    for (int t = 0; t < j->a->len[b]; t++) {
        const real *x = row(j, t, b);
        for (size_t i = 0; i < w; i++)
            if (!t || x[i] > y[i]) {
                y[i] = x[i];
                from[i] = j->a->a.in.off[t] + b;
            }
    }
}

static void sequences(void *arg, int lo, int hi)
{
    const job *j = arg;
    const pool *l = j->l;
    const rc_kern *k = j->s->k;
    size_t w = (size_t)l->l.in, out = (size_t)l->l.out;
    for (int b = lo; b < hi; b++) {
        real *y = j->a->a.y + (size_t)b * out;
        int len = j->a->len[b];
        memset(y, 0, out * sizeof *y);
        if (!len)
            continue;
        if (l->last)
            memcpy(y, row(j, len - 1, b), w * sizeof *y);
        for (int t = 0; t < len && l->mean; t++)
            k->add(w, row(j, t, b), y + l->at_mean);
        if (l->mean)
            k->scale(w, (real)(1.0 / len), y + l->at_mean);
        if (l->max)
            maximum(j, b, y + l->at_max);
        if (l->attend)
            attend(j, b, y + l->at_attend);
    }
}

static void tanh_rows(void *arg, int lo, int hi)
{
    const job *j = arg;
    size_t w = (size_t)j->l->l.in;
    rc_act_fn f;
    rc_act_parse("tanh", &f);
    j->s->k->act(&f, (size_t)(hi - lo) * w, j->a->u + (size_t)lo * w);
}

static void forward(const rc_layer *l, rc_act *act, const rc_pass *s)
{
    const pool *p = (const pool *)l;
    pool_act *a = (pool_act *)act;
    job j = { p, a, s };
    int w = l->in, N = act->in.N, B = act->in.B;
    for (int b = 0, t = act->in.T; b < B; b++) {
        while (t > 0 && act->in.alive[t - 1] <= b)
            t--;
        a->len[b] = t;
    }
    act->rows = (rc_rows){ .T = 1, .B = B, .N = B, .per_seq = true };
    if (p->attend) {
        s->k->bias(N, w, rc_w(l, s, 1), a->u, w);
        rc_matmul(s->r, &(rc_matmul_io){ .tb = true, .add = true, .M = N, .N = w, .K = w, .A = act->x, .lda = w,
                  .B = rc_w(l, s, 0), .ldb = w, .C = a->u, .ldc = w }, (real *)s->scratch);
        rc_rows_each(s->r, N, 8192 / w + 1, tanh_rows, &j);
    }
    rc_rows_each(s->r, B, 1, sequences, &j);
}

/* Gradient of the attention's sum: the score becomes that of the score before softmax; dx += a dy. */
static void attend_back(const job *j, int b, const real *dy)
{
    const rc_rows *in = &j->a->a.in;
    size_t w = (size_t)j->l->l.in;
    double mean = 0;
    for (int t = 0; t < j->a->len[b]; t++) {
        const real *x = row(j, t, b);
        for (size_t i = 0; i < w; i++)
            mean += (double)(j->a->score[in->off[t] + b] * dy[i] * x[i]);
    }
    for (int t = 0; t < j->a->len[b]; t++) {
        size_t n = (size_t)(in->off[t] + b);
        const real *x = row(j, t, b);
        real score = j->a->score[n];
        double dot = 0;
        for (size_t i = 0; i < w; i++)
            dot += (double)(dy[i] * x[i]);
        j->a->score[n] = score * (real)(dot - mean);
        for (size_t i = 0; i < w && j->a->a.dx; i++)
            j->a->a.dx[n * w + i] += score * dy[i];
    }
}

static void sequences_back(void *arg, int lo, int hi)
{
    const job *j = arg;
    const pool *l = j->l;
    const rc_rows *in = &j->a->a.in;
    size_t w = (size_t)l->l.in;
    for (int b = lo; b < hi; b++) {
        const real *dy = j->a->a.dy + (size_t)b * (size_t)l->l.out;
        int len = j->a->len[b];
        real part = len ? (real)(1.0 / len) : 0;
        for (int t = 0; t < len && j->a->a.dx; t++) {
            real *dx = j->a->a.dx + (size_t)(in->off[t] + b) * w;
            for (size_t i = 0; i < w; i++)
                dx[i] = (l->mean ? part * dy[(size_t)l->at_mean + i] : 0) + (l->last && t == len - 1 ? dy[i] : 0);
        }
        for (size_t i = 0; i < w && l->max && len && j->a->a.dx; i++)
            j->a->a.dx[(size_t)j->a->from[(size_t)b * w + i] * w + i] += dy[(size_t)l->at_max + i];
        if (l->attend)
            attend_back(j, b, dy + l->at_attend);
    }
}

/* u = tanh(..) becomes the gradient of W x + b. */
static void score_back(void *arg, int lo, int hi)
{
    const job *j = arg;
    size_t w = (size_t)j->l->l.in;
    const real *v = rc_w(&j->l->l, j->s, 2);
    for (size_t n = (size_t)lo; n < (size_t)hi; n++)
        for (size_t i = 0; i < w; i++) {
            real *u = j->a->u + n * w + i;
            *u = j->a->score[n] * v[i] * (1 - *u * *u);
        }
}

static void backward(const rc_layer *l, rc_act *act, const rc_pass *s)
{
    const pool *p = (const pool *)l;
    pool_act *a = (pool_act *)act;
    int w = l->in, N = act->in.N;
    job j = { p, a, s };
    rc_rows_each(s->r, act->in.B, 1, sequences_back, &j);
    if (!p->attend)
        return;
    rc_matmul(s->r, &(rc_matmul_io){ .ta = true, .add = true, .M = 1, .N = w, .K = N, .A = a->score, .lda = 1,
              .B = a->u, .ldb = w, .C = rc_g(l, s, 2), .ldc = w }, (real *)s->scratch);
    rc_rows_each(s->r, N, 8192 / w + 1, score_back, &j);
    rc_matmul(s->r, &(rc_matmul_io){ .ta = true, .add = true, .M = w, .N = w, .K = N, .A = a->u, .lda = w,
              .B = act->x, .ldb = w, .C = rc_g(l, s, 0), .ldc = w }, (real *)s->scratch);
    rc_col_sum(s->r, N, w, a->u, w, rc_g(l, s, 1));
    if (act->dx)
        rc_matmul(s->r, &(rc_matmul_io){ .add = true, .M = N, .N = w, .K = w, .A = a->u, .lda = w,
                  .B = rc_w(l, s, 0), .ldb = w, .C = act->dx, .ldc = w }, (real *)s->scratch);
}

const rc_layer_kind rc_layer_pool = {
    .name = "pool", .formula = "y = last | mean | max | sum a x, a = softmax(v tanh(W x + b))", .size = sizeof(pool),
    .act_size = sizeof(pool_act),
    .keys = keys, .nkeys = sizeof keys / sizeof *keys, .open = open, .bind = bind, .forward = forward,
    .backward = backward,
};
