/* SPDX-License-Identifier: MIT
 * conv: over time within each sequence, zeros beyond its ends ("same").  y at step t of the output sees the steps
 * t*stride - (width-1)/2 ... of x:  y = f(W [x(t'), x(t'+1), ...] + b), W [out][width*in].  The rows side by side are
 * made anew in backward; keeping them would cost width times x. */
#include "layer/layer.h"

typedef struct { rc_layer l; int size, width, stride; rc_act_fn act; bool nobias; } conv;
typedef struct { rc_act a; int32_t *alive, *off; } conv_act;

static const rc_key_row keys[] = {
    { "", RC_KEY_INT, offsetof(conv, size), "0", 0, 65536, NULL, "outputs" },
    { "width", RC_KEY_INT, offsetof(conv, width), "3", 1, 255, NULL, "steps that one output sees" },
    { "stride", RC_KEY_INT, offsetof(conv, stride), "1", 1, 255, NULL, "steps from one output to the next" },
    { "act", RC_KEY_ACT, offsetof(conv, act), NULL, 0, 0, NULL, "activation of the outputs" },
    { "nobias", RC_KEY_FLAG, offsetof(conv, nobias), NULL, 0, 0, NULL, "no bias" },
};

static int open(rc_layer *l, rc_build *b)
{
    conv *c = (conv *)l;
    l->out = c->size;
    l->ahead = true;
    l->needs_y = true;
    if (!c->size)
        return rc_layer_fail(b, l, "needs a size, as in `conv 64 width=3`");
    if (l->per_seq_in)
        return rc_layer_fail(b, l, "cannot stand behind pooling: there are no steps left");
    if (c->width > 65536 * 16 / l->in)
        return rc_layer_fail(b, l, "width %d over %d inputs is too much", c->width, l->in);
    int e = rc_weight_add(b, l, &(rc_weight){ .what = "w", .rank = 2, .dim = { l->out, c->width * l->in },
                                              .start = RC_GLOROT, .decay = true });
    if (e >= 0 && !c->nobias)
        e = rc_weight_add(b, l, &(rc_weight){ .what = "b", .rank = 1, .dim = { l->out }, .start = RC_ZERO });
    return e < 0 ? e : 0;
}

static int steps(const rc_layer *l, int T) { return rc_rows_thin_steps(T, ((const conv *)l)->stride); }

static void bind(const rc_layer *l, rc_act *act, rc_plan *p)
{
    const conv *c = (const conv *)l;
    conv_act *a = (conv_act *)act;
    int K = c->width * l->in, N = act->in.N;
    act->rows.T = steps(l, act->in.T);
    a->alive = rc_plan_take(p, (size_t)act->rows.T, sizeof *a->alive);
    a->off = rc_plan_take(p, (size_t)act->rows.T + 1, sizeof *a->off);
    int64_t rows = ((int64_t)N + (int64_t)act->in.B * (c->stride - 1)) / c->stride;
    act->rows.N = rows < N ? (int)rows : N;
    int M = act->rows.N;
    size_t scratch = rc_matmul_scratch(p->r, M, l->out, K);
    const size_t more[] = { rc_matmul_scratch(p->r, l->out, K, M), rc_matmul_scratch(p->r, M, K, l->out) };
    for (int i = 0; i < 2; i++)
        scratch = more[i] > scratch ? more[i] : scratch;
    rc_plan_scratch(p, (rc_slice((size_t)M * (size_t)K) + scratch) * sizeof(real));
}

typedef struct { const conv *c; conv_act *a; const rc_pass *s; real *side; } job;

/* First step of x that output step t sees. */
static int begins(const conv *c, int t) { return t * c->stride - (c->width - 1) / 2; }

/* Output rows lo..hi: what they see, side by side. */
static void gather(void *arg, int lo, int hi)
{
    const job *j = arg;
    const rc_rows *in = &j->a->a.in, *out = &j->a->a.rows;
    size_t I = (size_t)j->c->l.in, K = I * (size_t)j->c->width;
    for (int n = lo, t = rc_row_step(out, lo); n < hi; n++) {
        while (n >= out->off[t + 1])
            t++;
        int b = n - out->off[t], from = begins(j->c, t);
        for (int k = 0; k < j->c->width; k++) {
            real *to = j->side + (size_t)n * K + (size_t)k * I;
            int at = from + k;
            if (at >= 0 && at < in->T && b < in->alive[at])
                memcpy(to, j->a->a.x + (size_t)(in->off[at] + b) * I, I * sizeof *to);
            else
                memset(to, 0, I * sizeof *to);
        }
    }
}

/* Rows lo..hi of dx: the sum over the outputs that saw them, in order of outputs. */
static void scatter(void *arg, int lo, int hi)
{
    const job *j = arg;
    const conv *c = j->c;
    const rc_rows *in = &j->a->a.in, *out = &j->a->a.rows;
    size_t I = (size_t)c->l.in, K = I * (size_t)c->width;
    for (int n = lo, t = rc_row_step(in, lo); n < hi; n++) {
        while (n >= in->off[t + 1])
            t++;
        int b = n - in->off[t];
        real *dx = j->a->a.dx + (size_t)n * I;
        memset(dx, 0, I * sizeof *dx);
        int first = (t + (c->width - 1) / 2 - c->width + 1) / c->stride - 1;
        for (int o = first < 0 ? 0 : first; o < out->T && begins(c, o) <= t; o++) {
            int k = t - begins(c, o);
            if (k < c->width && b < out->alive[o])
                j->s->k->add(I, j->side + (size_t)(out->off[o] + b) * K + (size_t)k * I, dx);
        }
    }
}

static void act_rows(void *arg, int lo, int hi)
{
    const job *j = arg;
    size_t w = (size_t)j->c->l.out;
    j->s->k->act(&j->c->act, (size_t)(hi - lo) * w, j->a->a.y + (size_t)lo * w);
}

static void act_back_rows(void *arg, int lo, int hi)
{
    const job *j = arg;
    size_t w = (size_t)j->c->l.out, at = (size_t)lo * w;
    j->s->k->act_back(&j->c->act, (size_t)(hi - lo) * w, j->a->a.y + at, j->a->a.dy + at);
}

static void forward(const rc_layer *l, rc_act *act, const rc_pass *s)
{
    const conv *c = (const conv *)l;
    job j = { c, (conv_act *)act, s, (real *)s->scratch };
    int K = c->width * l->in;
    rc_rows_thin(&act->in, c->stride, j.a->alive, j.a->off, &act->rows);
    int N = act->rows.N;
    rc_rows_each(s->r, N, 8192 / K + 1, gather, &j);
    if (!c->nobias)
        s->k->bias(N, l->out, rc_w(l, s, 1), act->y, l->out);
    rc_matmul(s->r, &(rc_matmul_io){ .tb = true, .add = !c->nobias, .M = N, .N = l->out, .K = K, .A = j.side,
              .lda = K, .B = rc_w(l, s, 0), .ldb = K, .C = act->y, .ldc = l->out },
              j.side + rc_slice((size_t)N * (size_t)K));
    if (c->act.kind)
        rc_rows_each(s->r, N, 16384 / l->out + 1, act_rows, &j);
}

static void backward(const rc_layer *l, rc_act *act, const rc_pass *s)
{
    const conv *c = (const conv *)l;
    job j = { c, (conv_act *)act, s, (real *)s->scratch };
    int K = c->width * l->in, N = act->rows.N;
    real *rest = j.side + rc_slice((size_t)N * (size_t)K);
    if (c->act.kind)
        rc_rows_each(s->r, N, 16384 / l->out + 1, act_back_rows, &j);
    rc_rows_each(s->r, N, 8192 / K + 1, gather, &j);
    rc_matmul(s->r, &(rc_matmul_io){ .ta = true, .add = true, .M = l->out, .N = K, .K = N, .A = act->dy,
              .lda = l->out, .B = j.side, .ldb = K, .C = rc_g(l, s, 0), .ldc = K }, rest);
    if (!c->nobias)
        rc_col_sum(s->r, N, l->out, act->dy, l->out, rc_g(l, s, 1));
    if (!act->dx)
        return;
    rc_matmul(s->r, &(rc_matmul_io){ .M = N, .N = K, .K = l->out, .A = act->dy, .lda = l->out, .B = rc_w(l, s, 0),
              .ldb = K, .C = j.side, .ldc = K }, rest);
    rc_rows_each(s->r, act->in.N, 8192 / K + 1, scatter, &j);
}

const rc_layer_kind rc_layer_conv = {
    .name = "conv", .formula = "y(t) = f(W [x(t s - (k-1)/2) ... ] + b)", .size = sizeof(conv),
    .act_size = sizeof(conv_act),
    .keys = keys, .nkeys = sizeof keys / sizeof *keys, .open = open, .steps = steps, .bind = bind, .forward = forward,
    .backward = backward,
};
