/* SPDX-License-Identifier: MIT
 * norm: layer normalisation of each row (Ba, Kiros & Hinton 2016), y = gain (x - mean) / sqrt(var + eps) + shift. */
#include "layer/layer.h"

enum { BLOCK = 64 };             /* rows whose gains' gradients are summed together, whatever the number of threads */

typedef struct { rc_layer l; double eps; } norm;
typedef struct { rc_act a; real *stat; } norm_act;   /* [N][2] mean, 1/sd */

static const rc_key_row keys[] = {
    { "eps", RC_KEY_REAL, offsetof(norm, eps), "1e-05", 1e-12, 1, NULL, "added to the variance" },
};

static int open(rc_layer *l, rc_build *b)
{
    l->out = l->in;
    l->per_seq = l->per_seq_in;
    int e = rc_weight_add(b, l, &(rc_weight){ .what = "gain", .rank = 1, .dim = { l->in }, .start = RC_ONE });
    if (e >= 0)
        e = rc_weight_add(b, l, &(rc_weight){ .what = "shift", .rank = 1, .dim = { l->in }, .start = RC_ZERO });
    return e < 0 ? e : 0;
}

static void bind(const rc_layer *l, rc_act *act, rc_plan *p)
{
    size_t blocks = ((size_t)act->in.N + BLOCK - 1) / BLOCK;
    ((norm_act *)act)->stat = rc_plan_take(p, 2 * (size_t)act->in.N, sizeof(real));
    if (p->train)
        rc_plan_scratch(p, (blocks * 2 * (size_t)l->in + (size_t)act->in.N * (size_t)l->in) * sizeof(real));
}

typedef struct { const norm *l; norm_act *a; const rc_pass *s; real *sums, *dx; } job;

static void rows(void *arg, int lo, int hi)
{
    const job *j = arg;
    size_t w = (size_t)j->l->l.in, at = (size_t)lo * w;
    j->s->k->norm(hi - lo, (int)w, (real)j->l->eps, j->a->a.x + at, rc_w(&j->l->l, j->s, 0), rc_w(&j->l->l, j->s, 1),
                  j->a->a.y + at, j->a->stat + 2 * (size_t)lo);
}

static void forward(const rc_layer *l, rc_act *a, const rc_pass *s)
{
    rc_rows_each(s->r, a->in.N, 16384 / l->in + 1, rows, &(job){ (const norm *)l, (norm_act *)a, s, NULL, NULL });
}

static void block_back(void *arg, int i)
{
    const job *j = arg;
    const rc_act *a = &j->a->a;
    size_t w = (size_t)j->l->l.in, lo = (size_t)i * BLOCK, at = lo * w;
    int n = a->in.N - i * BLOCK < BLOCK ? a->in.N - i * BLOCK : BLOCK;
    real *sum = j->sums + (size_t)i * 2 * w;
    memset(sum, 0, 2 * w * sizeof *sum);
    j->s->k->norm_back(n, (int)w, a->x + at, rc_w(&j->l->l, j->s, 0), j->a->stat + 2 * lo, a->dy + at, j->dx + at,
                       sum, sum + w);
}

static void backward(const rc_layer *l, rc_act *a, const rc_pass *s)
{
    int blocks = (a->in.N + BLOCK - 1) / BLOCK, w = l->in;
    real *sums = (real *)s->scratch;
    job j = { (const norm *)l, (norm_act *)a, s, sums, a->dx ? a->dx : sums + (size_t)blocks * 2 * (size_t)w };
    rc_each(s->r->pool, blocks, block_back, &j);
    s->k->col_sum(blocks, w, sums, 2 * w, rc_g(l, s, 0));
    s->k->col_sum(blocks, w, sums + w, 2 * w, rc_g(l, s, 1));
}

const rc_layer_kind rc_layer_norm = {
    .name = "norm", .formula = "y = gain (x - mean) / sqrt(var + eps) + shift", .size = sizeof(norm),
    .act_size = sizeof(norm_act),
    .keys = keys, .nkeys = sizeof keys / sizeof *keys, .rowwise = true,
    .open = open, .bind = bind, .forward = forward, .backward = backward,
};
