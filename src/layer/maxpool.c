/* SPDX-License-Identifier: MIT
 * maxpool: over time, y(t) = max x(k t .. k t + k - 1) column by column; the last window of a sequence may be
 * shorter. The first of equal values counts. */
#include "layer/layer.h"

typedef struct { rc_layer l; int k; } maxpool;
typedef struct { rc_act a; int32_t *alive, *off; int32_t *from; } maxpool_act;   /* from [N'][in]: row of x */

static const rc_key_row keys[] = {
    { "", RC_KEY_INT, offsetof(maxpool, k), "2", 2, 1024, NULL, "steps that become one" },
};

static int open(rc_layer *l, rc_build *b)
{
    l->out = l->in;
    l->ahead = true;
    return l->per_seq_in ? rc_layer_fail(b, l, "cannot stand behind pooling: there are no steps left") : 0;
}

static int steps(const rc_layer *l, int T) { return rc_rows_thin_steps(T, ((const maxpool *)l)->k); }

static void bind(const rc_layer *l, rc_act *act, rc_plan *p)
{
    maxpool_act *a = (maxpool_act *)act;
    int k = ((const maxpool *)l)->k;
    int64_t rows = ((int64_t)act->in.N + (int64_t)act->in.B * (k - 1)) / k;
    act->rows.T = steps(l, act->in.T);
    act->rows.N = rows < act->in.N ? (int)rows : act->in.N;
    a->alive = rc_plan_take(p, (size_t)act->rows.T, sizeof *a->alive);
    a->off = rc_plan_take(p, (size_t)act->rows.T + 1, sizeof *a->off);
    a->from = rc_plan_take(p, (size_t)act->rows.N * (size_t)l->in, sizeof *a->from);
}

typedef struct { const maxpool *l; maxpool_act *a; } job;

static void rows(void *arg, int lo, int hi)
{
    const job *j = arg;
    const rc_rows *in = &j->a->a.in, *out = &j->a->a.rows;
    size_t w = (size_t)j->l->l.in;
    for (int n = lo, t = rc_row_step(out, lo); n < hi; n++) {
        while (n >= out->off[t + 1])
            t++;
        int b = n - out->off[t], first = t * j->l->k;
        real *y = j->a->a.y + (size_t)n * w;
        int32_t *from = j->a->from + (size_t)n * w;
        for (int s = first; s < first + j->l->k && s < in->T && b < in->alive[s]; s++) {
            const real *x = j->a->a.x + (size_t)(in->off[s] + b) * w;
            for (size_t i = 0; i < w; i++)
                if (s == first || x[i] > y[i]) {
                    y[i] = x[i];
                    from[i] = in->off[s] + b;
                }
        }
    }
}

static void forward(const rc_layer *l, rc_act *act, const rc_pass *s)
{
    maxpool_act *a = (maxpool_act *)act;
    int k = ((const maxpool *)l)->k;
    rc_rows *out = &act->rows;
    rc_rows_thin(&act->in, k, a->alive, a->off, out);
    rc_rows_each(s->r, out->N, 8192 / l->in + 1, rows, &(job){ (const maxpool *)l, a });
}

/* Windows do not overlap: each row of x is in one. */
static void rows_back(void *arg, int lo, int hi)
{
    const job *j = arg;
    size_t w = (size_t)j->l->l.in;
    for (size_t n = (size_t)lo; n < (size_t)hi; n++)
        for (size_t i = 0; i < w; i++)
            j->a->a.dx[(size_t)j->a->from[n * w + i] * w + i] = j->a->a.dy[n * w + i];
}

static void backward(const rc_layer *l, rc_act *act, const rc_pass *s)
{
    if (!act->dx)
        return;
    memset(act->dx, 0, (size_t)act->in.N * (size_t)l->in * sizeof *act->dx);
    rc_rows_each(s->r, act->rows.N, 8192 / l->in + 1, rows_back, &(job){ (const maxpool *)l, (maxpool_act *)act });
}

const rc_layer_kind rc_layer_maxpool = {
    .name = "maxpool", .formula = "y(t) = max x(k t .. k t + k - 1)", .size = sizeof(maxpool),
    .act_size = sizeof(maxpool_act),
    .keys = keys, .nkeys = sizeof keys / sizeof *keys, .open = open, .steps = steps, .bind = bind, .forward = forward,
    .backward = backward,
};
