/* SPDX-License-Identifier: MIT
 * attend: every row looks at all steps of its side sequence (Luong, Pham & Manning 2015; additive: Bahdanau, Cho &
 * Bengio 2015) and gives y = tanh([c; x] Wc').  Here: options, weights, plan, forward.  The side's steps are packed when
 * the side chain has run, so a decoder that goes on alone pays for its own rows only.  A row whose sequence has no
 * side sequence, or an empty one, has c = 0. */
#include "layer/attend.h"

#define AT(field) offsetof(rc_attend, field)
static const rc_key_row keys[] = {
    { "", RC_KEY_INT, AT(size), "0", 0, 65536, NULL, "outputs; without it as many as the input has" },
    { "general", RC_KEY_FLAG, AT(general), NULL, 0, 0, NULL, "weigh a step by x Wq' s; the usual" },
    { "dot", RC_KEY_FLAG, AT(dot), NULL, 0, 0, NULL, "weigh a step by x s" },
    { "additive", RC_KEY_FLAG, AT(additive), NULL, 0, 0, NULL, "weigh a step by v tanh(Wq x + Wk s)" },
    { "units", RC_KEY_INT, AT(units), "0", 0, 65536, NULL, "units of the additive score; without it as many as the input has" },
};

static int weights(rc_attend *a, rc_build *b)
{
    rc_layer *l = &a->l;
    bool more = a->additive;
    const struct { bool on; int *place; rc_weight w; } row[] = {
        { !a->dot, &a->wq, { .what = "wq", .rank = 2, .dim = { a->Q, l->in }, .start = RC_GLOROT, .decay = true } },
        { more, &a->bq, { .what = "bq", .rank = 1, .dim = { a->Q }, .start = RC_ZERO } },
        { more, &a->wk, { .what = "wk", .rank = 2, .dim = { a->Q, a->S }, .start = RC_GLOROT, .decay = true } },
        { more, &a->v, { .what = "v", .rank = 1, .dim = { a->Q }, .start = RC_GLOROT } },
        { true, &a->wc, { .what = "wc", .rank = 2, .dim = { l->out, a->S + l->in }, .start = RC_GLOROT, .decay = true } },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int e = row[i].on ? rc_weight_add(b, l, &row[i].w) : -1;
        if (row[i].on && e < 0)
            return e;
        *row[i].place = e;
    }
    return 0;
}

static int open(rc_layer *l, rc_build *b)
{
    rc_attend *a = (rc_attend *)l;
    if (!b->side)
        return rc_layer_fail(b, l, "looks at the side chain, and there is none before '>>'");
    if (b->side->per_seq)
        return rc_layer_fail(b, l, "looks at steps, but the side chain ends in one row a sequence: leave its `pool` out");
    if (l->per_seq_in)
        return rc_layer_fail(b, l, "cannot stand behind pooling: there are no steps left");
    if (a->general + a->dot + a->additive > 1)
        return rc_layer_fail(b, l, "takes one of: general dot additive");
    if (a->units && !a->additive)
        return rc_layer_fail(b, l, "units belong to additive");
    if (a->dot && l->in != b->side->out)
        return rc_layer_fail(b, l, "dot needs rows as wide as the side chain's: %d, not %d; `attend` alone fits any",
                             b->side->out, l->in);
    a->S = b->side->out;
    a->Q = !a->additive ? a->S : a->units ? a->units : l->in;
    l->out = a->size ? a->size : l->in;
    l->reads_side = l->needs_y = l->answers = true;
    return weights(a, b);
}

size_t rc_attend_scratch(const rc_attend *l, const rc_kern *k, int T, int L, bool train)
{
    size_t t = (size_t)T, n = (size_t)L, S = (size_t)l->S, Q = (size_t)l->Q;
    size_t forward = t * Q + t * n + t * S + n * S + (l->additive ? n * Q + rc_panels(k, l->Q, 1) : 0);
    size_t back = 2 * t * Q + 2 * t * n + t * S + n * S + rc_panels(k, T, l->S) + (l->additive ? n * Q : 0);
    return (train && back > forward ? back : forward) + 16 * 8;
}

static void bind(const rc_layer *base, rc_act *act, rc_plan *p)
{
    const rc_attend *l = (const rc_attend *)base;
    rc_attend_act *a = (rc_attend_act *)act;
    const rc_rows *side = &p->side->rows;
    const rc_kern *k = p->r->kern;
    size_t N = (size_t)act->in.N, B = (size_t)act->in.B, P = (size_t)side->B, n = (size_t)side->N, size = sizeof(real);
    size_t Q = (size_t)l->Q, S = (size_t)l->S, nr = (size_t)k->nr;
    int out = base->out, in = base->in, M = act->in.N, most = side->N > M ? side->N : M;
    act->look_ld = side->T;
    act->look = rc_plan_take(p, N * (size_t)side->T, size);
    a->q = l->wq < 0 ? NULL : rc_plan_take(p, N * Q, size);
    a->c = rc_plan_take(p, N * S, size);
    a->keys = l->additive ? rc_plan_take(p, n * Q, size) : NULL;
    a->P1 = rc_plan_take(p, (n + P * nr) * S, size);
    a->P2 = rc_plan_take(p, n * (S + nr), size);
    a->at1 = rc_plan_take(p, P, sizeof *a->at1);
    a->at2 = rc_plan_take(p, P, sizeof *a->at2);
    a->len = rc_plan_take(p, P, sizeof *a->len);
    rc_packed_bind(&a->wcc, p, l->S, out);
    rc_packed_bind(&a->wcx, p, in, out);
    if (l->wq >= 0)
        rc_packed_bind(&a->wq, p, in, l->Q);
    if (p->train) {
        a->dc = rc_plan_take(p, N * S, size);
        a->dq = rc_plan_take(p, N * Q, size);
        a->dkeys = l->additive ? rc_plan_take(p, n * Q, size) : NULL;
        a->dv = l->additive ? rc_plan_take(p, P * Q, size) : NULL;
        a->first = rc_plan_take(p, P, sizeof *a->first);
        a->next = rc_plan_take(p, B, sizeof *a->next);
    }
    int wide = l->Q > in + l->S ? l->Q : in + l->S;            /* every product's sides are among these */
    wide = wide > out ? wide : out;
    most = most > wide ? most : wide;
    size_t own = rc_attend_scratch(l, k, act->in.T, side->T, p->train) * (size_t)rc_pool_threads(p->r->pool);
    size_t product = rc_matmul_scratch(p->r, most, wide, p->train ? most : wide);
    rc_plan_scratch(p, (own > product ? own : product) * size);
}

void rc_attend_gather(const rc_rows *r, int b, int steps, int w, const real *x, int ldx, real *y)
{
    for (int t = 0; t < steps; t++)
        memcpy(y + (size_t)t * (size_t)w, x + (size_t)(r->off[t] + b) * (size_t)ldx, (size_t)w * sizeof *y);
}

void rc_attend_scatter(const rc_rows *r, int b, int steps, int w, const real *y, real *x, int ldx)
{
    for (int t = 0; t < steps; t++)
        memcpy(x + (size_t)(r->off[t] + b) * (size_t)ldx, y + (size_t)t * (size_t)w, (size_t)w * sizeof *x);
}

void rc_attend_units(const rc_attend_job *j, int p, const real *q, real *u)
{
    const rc_rows *side = &j->s->side->rows;
    size_t Q = (size_t)j->l->Q;
    rc_act_fn tanh_fn;
    rc_act_parse("tanh", &tanh_fn);
    rc_attend_gather(side, p, j->a->len[p], j->l->Q, j->a->keys, j->l->Q, u);
    for (int k = 0; k < j->a->len[p]; k++)
        j->s->k->add(Q, q, u + (size_t)k * Q);
    j->s->k->act(&tanh_fn, (size_t)j->a->len[p] * Q, u);
}

void rc_attend_each(const rc_attend_job *j, void (*fn)(void *arg, const rc_team *t))
{
    enum { SMALL = 1 << 17 };                                  /* multiply-adds not worth waking anybody */
    void *arg = (void *)(uintptr_t)j;
    if ((double)j->a->a.in.N * j->s->side->rows.T * j->l->S < SMALL)
        fn(arg, &(rc_team){ .pool = j->s->r->pool, .n = 1 });
    else
        rc_pool_run(j->s->r->pool, 1, fn, arg);
}

/* Side sequences in turn: s' and s as panels. */
static void pack(void *arg, const rc_team *t)
{
    const rc_attend_job *j = arg;
    const rc_rows *side = &j->s->side->rows;
    int S = j->l->S;
    real *rows = (real *)j->s->scratch + (size_t)t->id * j->own;
    for (int p = t->id; p < side->B; p += t->n) {
        int L = j->a->len[p];
        if (!L)
            continue;
        rc_attend_gather(side, p, L, S, j->s->side->y, S, rows);
        if (!j->l->additive || j->s->train)
            j->s->k->pack(true, S, L, rows, S, j->a->P1 + j->a->at1[p]);
        j->s->k->pack(false, L, S, rows, S, j->a->P2 + j->a->at2[p]);
    }
}

/* What all rows need of the side, once for each side batch. */
static void prepare(const rc_attend_job *j)
{
    const rc_pass *s = j->s;
    const rc_rows *side = &s->side->rows;
    const rc_attend *l = j->l;
    size_t at1 = 0, at2 = 0;
    for (int p = 0; p < side->B; p++) {
        j->a->len[p] = rc_attend_steps(side, p);
        j->a->at1[p] = at1, j->a->at2[p] = at2;
        at1 += rc_panels(s->k, l->S, j->a->len[p]);
        at2 += rc_panels(s->k, j->a->len[p], l->S);
    }
    rc_attend_each(j, pack);
    if (l->additive)
        rc_matmul(s->r, &(rc_matmul_io){ .tb = true, .M = side->N, .N = l->Q, .K = l->S, .A = s->side->y, .lda = l->S,
                  .B = rc_w(&l->l, s, l->wk), .ldb = l->S, .C = j->a->keys, .ldc = l->Q }, (real *)s->scratch);
}

/* e [T][L] of sequence b, whose side sequence is p. */
static void score(const rc_attend_job *j, int b, int p, int T, real *e, real *work)
{
    const rc_kern *k = j->s->k;
    const rc_attend *l = j->l;
    const real *q = rc_attend_q(l, j->a);
    int L = j->a->len[p], Q = l->Q;
    if (!l->additive) {
        rc_attend_gather(&j->a->a.in, b, T, Q, q, Q, work);
        k->gemm(T, L, Q, work, Q, 1, j->a->P1 + j->a->at1[p], false, e, L);
        return;
    }
    real *v = work, *u = work + rc_panels(k, Q, 1);
    k->pack(false, Q, 1, rc_w(&l->l, j->s, l->v), 1, v);
    for (int t = 0; t < T; t++) {
        rc_attend_units(j, p, q + (size_t)(j->a->a.in.off[t] + b) * (size_t)Q, u);
        k->gemm(L, 1, Q, u, Q, 1, v, false, e + (size_t)t * (size_t)L, 1);
    }
}

/* Main sequences in turn: E12, E13. */
static void look(void *arg, const rc_team *t)
{
    const rc_attend_job *j = arg;
    const rc_kern *k = j->s->k;
    const rc_rows *r = &j->a->a.in;
    int S = j->l->S;
    for (int b = t->id; b < r->B; b += t->n) {
        real *at = (real *)j->s->scratch + (size_t)t->id * j->own;
        int T = rc_attend_steps(r, b), p = j->s->batch->place[b], L = p < 0 ? 0 : j->a->len[p];
        real *e = rc_attend_slice(&at, (size_t)T * (size_t)L), *c = rc_attend_slice(&at, (size_t)T * (size_t)S);
        if (L) {
            score(j, b, p, T, e, at);
            k->softmax(T, L, e, L, e, L);
            rc_attend_scatter(r, b, T, L, e, j->a->a.look, j->a->a.look_ld);
            k->gemm(T, S, L, e, L, 1, j->a->P2 + j->a->at2[p], false, c, S);
        } else {
            memset(c, 0, (size_t)T * (size_t)S * sizeof *c);
        }
        rc_attend_scatter(r, b, T, S, c, j->a->c, S);
    }
}

static void bend(void *arg, int lo, int hi)
{
    const rc_attend_job *j = arg;
    size_t w = (size_t)j->l->l.out;
    rc_act_fn tanh_fn;
    rc_act_parse("tanh", &tanh_fn);
    j->s->k->act(&tanh_fn, (size_t)(hi - lo) * w, j->a->a.y + (size_t)lo * w);
}

static void forward(const rc_layer *base, rc_act *act, const rc_pass *s)
{
    const rc_attend *l = (const rc_attend *)base;
    rc_attend_act *a = (rc_attend_act *)act;
    int N = act->in.N, in = base->in, out = base->out, S = l->S, Q = l->Q;
    rc_attend_job j = { l, a, s, rc_attend_scratch(l, s->k, act->in.T, s->side->rows.T, s->train) };
    if (s->batch->side)
        prepare(&j);
    for (int n = 0; l->bq >= 0 && n < N; n++)
        memcpy(a->q + (size_t)n * (size_t)Q, rc_w(base, s, l->bq), (size_t)Q * sizeof *a->q);
    if (l->wq >= 0)
        rc_product(s, &a->wq, &(rc_product_io){ N, in, Q, act->x, rc_w(base, s, l->wq), in, l->bq >= 0, a->q });
    rc_attend_each(&j, look);
    const real *wc = rc_w(base, s, l->wc);
    rc_product(s, &a->wcc, &(rc_product_io){ N, S, out, a->c, wc, S + in, false, act->y });
    rc_product(s, &a->wcx, &(rc_product_io){ N, in, out, act->x, wc + S, S + in, true, act->y });
    rc_rows_each(s->r, N, 16384 / out + 1, bend, &j);
}

static size_t state(const rc_layer *l) { return l->fed ? (size_t)l->out : 0; }

const rc_layer_kind rc_layer_attend = {
    .name = "attend", .formula = "y = tanh([c; x] Wc'), c = sum a s, a = softmax(score(x, s)) over the side's steps (E12)-(E14)",
    .size = sizeof(rc_attend), .act_size = sizeof(rc_attend_act),
    .keys = keys, .nkeys = sizeof keys / sizeof *keys,
    .open = open, .bind = bind, .forward = forward, .backward = rc_attend_backward, .state = state,
};
