/* SPDX-License-Identifier: MIT
 * dense: y = f(x W' + b).  `tie` takes the matrix of the first embedding for W (Press & Wolf 2017). */
#include "layer/layer.h"

typedef struct {
    rc_layer l;
    int size;
    rc_act_fn act;
    bool tie, nobias;
} dense;

typedef struct { rc_act a; rc_packed w; } dense_act;

static const rc_key_row keys[] = {
    { "", RC_KEY_INT, offsetof(dense, size), "0", 0, 1 << 24, NULL, "outputs; without it what the head needs" },
    { "act", RC_KEY_ACT, offsetof(dense, act), NULL, 0, 0, NULL, "activation of the outputs" },
    { "tie", RC_KEY_FLAG, offsetof(dense, tie), NULL, 0, 0, NULL, "use the first embedding's matrix" },
    { "nobias", RC_KEY_FLAG, offsetof(dense, nobias), NULL, 0, 0, NULL, "no bias" },
};

static int tie(dense *d, rc_build *b)
{
    rc_layer *l = &d->l;
    for (int i = b->first; i < b->nbefore; i++) {
        const rc_layer *e = b->before[i];
        if (strcmp(e->kind->name, "embed") || !e->nparam)
            continue;
        rc_param *p = &b->params->p[e->param[0]];
        if (p->dim[0] != l->out || p->dim[1] != l->in)
            return rc_layer_fail(b, l, "cannot tie: layer %d (embed) is [%d][%d] and [%d][%d] is "
                                 "needed; `dense %d` before it makes the width fit", i + 1, p->dim[0], p->dim[1], l->out, l->in, p->dim[1]);
        p->sparse = false;                                     /* this layer touches every row */
        l->param[l->nparam++] = e->param[0];
        return 0;
    }
    return rc_layer_fail(b, l, "tie needs an embed layer before it");
}

static int open(rc_layer *l, rc_build *b)
{
    dense *d = (dense *)l;
    l->out = d->size ? d->size : b->width ? b->width : d->tie && b->facts->columns ? b->facts->vocabulary[0] : 0;
    l->per_seq = l->per_seq_in;
    l->needs_y = d->act.kind != NULL;
    if (!l->out)
        return rc_layer_fail(b, l, "needs a size, as in `dense 64`: only the last layer before a head knows its own");
    int e = d->tie ? tie(d, b)
                   : rc_weight_add(b, l, &(rc_weight){ .what = "w", .rank = 2, .dim = { l->out, l->in },
                                                       .start = RC_GLOROT, .decay = true });
    if (e >= 0 && !d->nobias)
        e = rc_weight_add(b, l, &(rc_weight){ .what = "b", .rank = 1, .dim = { l->out }, .start = RC_ZERO });
    return e < 0 ? e : 0;
}

static void bind(const rc_layer *l, rc_act *a, rc_plan *p)
{
    size_t most = rc_matmul_scratch(p->r, a->in.N, l->out, l->in);
    rc_packed_bind(&((dense_act *)a)->w, p, l->in, l->out);
    if (p->train) {
        size_t dw = rc_matmul_scratch(p->r, l->out, l->in, a->in.N);
        size_t dx = rc_matmul_scratch(p->r, a->in.N, l->in, l->out);
        most = dw > most ? dw : most;
        most = dx > most ? dx : most;
    }
    rc_plan_scratch(p, most * sizeof(real));
}

typedef struct { const dense *d; rc_act *a; const rc_pass *s; } job;

static void bias_rows(void *arg, int lo, int hi)
{
    const job *j = arg;
    int w = j->d->l.out;
    j->s->k->bias(hi - lo, w, rc_w(&j->d->l, j->s, 1), j->a->y + (size_t)lo * (size_t)w, w);
}

static void act_rows(void *arg, int lo, int hi)
{
    const job *j = arg;
    size_t w = (size_t)j->d->l.out;
    j->s->k->act(&j->d->act, (size_t)(hi - lo) * w, j->a->y + (size_t)lo * w);
}

static void act_back_rows(void *arg, int lo, int hi)
{
    const job *j = arg;
    size_t w = (size_t)j->d->l.out, at = (size_t)lo * w;
    j->s->k->act_back(&j->d->act, (size_t)(hi - lo) * w, j->a->y + at, j->a->dy + at);
}

static void forward(const rc_layer *l, rc_act *a, const rc_pass *s)
{
    const dense *d = (const dense *)l;
    job j = { d, a, s };
    int N = a->in.N, grain = 16384 / l->out + 1;
    if (!d->nobias)
        rc_rows_each(s->r, N, grain, bias_rows, &j);
    rc_product(s, &((dense_act *)a)->w, &(rc_product_io){ N, l->in, l->out, a->x, rc_w(l, s, 0), l->in, !d->nobias, a->y });
    if (d->act.kind)
        rc_rows_each(s->r, N, grain, act_rows, &j);
}

static void backward(const rc_layer *l, rc_act *a, const rc_pass *s)
{
    const dense *d = (const dense *)l;
    int N = a->in.N;
    real *dw = rc_g(l, s, 0), *scratch = (real *)s->scratch;
    if (d->act.kind)
        rc_rows_each(s->r, N, 16384 / l->out + 1, act_back_rows, &(job){ d, a, s });
    if (dw)
        rc_matmul(s->r, &(rc_matmul_io){ .ta = true, .add = true, .M = l->out, .N = l->in, .K = N, .A = a->dy,
                  .lda = l->out, .B = a->x, .ldb = l->in, .C = dw, .ldc = l->in }, scratch);
    if (!d->nobias)
        rc_col_sum(s->r, N, l->out, a->dy, l->out, rc_g(l, s, 1));
    if (a->dx)
        rc_matmul(s->r, &(rc_matmul_io){ .M = N, .N = l->in, .K = l->out, .A = a->dy, .lda = l->out,
                  .B = rc_w(l, s, 0), .ldb = l->in, .C = a->dx, .ldc = l->in }, scratch);
}

const rc_layer_kind rc_layer_dense = {
    .name = "dense", .formula = "y = f(x W' + b)", .size = sizeof(dense), .act_size = sizeof(dense_act),
    .keys = keys, .nkeys = sizeof keys / sizeof *keys, .rowwise = true,
    .open = open, .bind = bind, .forward = forward, .backward = backward,
};
