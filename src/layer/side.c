/* SPDX-License-Identifier: MIT
 * side: appends to each row the side chain's row of its side sequence: y_n = [x_n; s_p], p = row_place[n], or the place
 * of its sequence where rows have none.  A word's signs, read by a small net of their own, stand beside its embedding
 * so (Lample et al. 2016); a sentence's one row stands beside every step (Cho et al. 2014).  Place -1 appends zeros. */
#include "layer/layer.h"

typedef struct { rc_layer l; int S; } side;
typedef struct {
    rc_act a;
    int32_t *first, *next;       /* [side sequences], [N] rows with the same place, rising; -1: no more */
} side_act;

static int open(rc_layer *l, rc_build *b)
{
    if (!b->side)
        return rc_layer_fail(b, l, "reads the side chain, and there is none before '>>'");
    if (!b->side->per_seq)
        return rc_layer_fail(b, l, "needs one row a side sequence: end the side chain with `pool last`");
    if (l->per_seq_in)
        return rc_layer_fail(b, l, "cannot stand behind pooling: its rows are of steps");
    ((side *)l)->S = b->side->out;
    l->out = l->in + b->side->out;
    l->reads_side = true;
    return 0;
}

static void bind(const rc_layer *l, rc_act *act, rc_plan *p)
{
    side_act *a = (side_act *)act;
    (void)l;
    if (!p->train)
        return;
    a->first = rc_plan_take(p, (size_t)p->side->rows.B, sizeof *a->first);
    a->next = rc_plan_take(p, (size_t)act->in.N, sizeof *a->next);
}

typedef struct { const side *l; side_act *a; const rc_pass *s; } job;

/* Place of row n, which is in step t. */
static int place(const rc_pass *s, const rc_rows *in, int t, int n)
{
    return s->batch->row_place ? s->batch->row_place[n] : s->batch->place[n - in->off[t]];
}

static void append(void *arg, int lo, int hi)
{
    const job *j = arg;
    const rc_rows *r = &j->a->a.in;
    size_t in = (size_t)j->l->l.in, S = (size_t)j->l->S;
    for (int n = lo, t = rc_row_step(r, lo); n < hi; n++) {
        while (n >= r->off[t + 1])
            t++;
        int p = place(j->s, r, t, n);
        real *y = j->a->a.y + (size_t)n * (in + S);
        if (in)
            memcpy(y, j->a->a.x + (size_t)n * in, in * sizeof *y);
        if (p < 0)
            memset(y + in, 0, S * sizeof *y);
        else
            memcpy(y + in, j->s->side->y + (size_t)p * S, S * sizeof *y);
    }
}

static void forward(const rc_layer *l, rc_act *a, const rc_pass *s)
{
    rc_rows_each(s->r, a->in.N, 32768 / l->out + 1, append, &(job){ (const side *)l, (side_act *)a, s });
}

static void pass_down(void *arg, int lo, int hi)
{
    const job *j = arg;
    size_t in = (size_t)j->l->l.in, out = (size_t)j->l->l.out;
    for (int n = lo; n < hi; n++)
        memcpy(j->a->a.dx + (size_t)n * in, j->a->a.dy + (size_t)n * out, in * sizeof(real));
}

/* Rows lo..hi of the side: the sum over the main rows with that place, in their order. */
static void gather(void *arg, int lo, int hi)
{
    const job *j = arg;
    size_t in = (size_t)j->l->l.in, S = (size_t)j->l->S;
    for (int p = lo; p < hi; p++)
        for (int32_t n = j->a->first[p]; n >= 0; n = j->a->next[n])
            j->s->k->add(S, j->a->a.dy + (size_t)n * (in + S) + in, j->s->dside + (size_t)p * S);
}

static void backward(const rc_layer *l, rc_act *act, const rc_pass *s)
{
    side_act *a = (side_act *)act;
    job j = { (const side *)l, a, s };
    int P = s->side->rows.B;
    if (act->dx && l->in)
        rc_rows_each(s->r, act->in.N, 32768 / l->out + 1, pass_down, &j);
    if (!s->dside)
        return;
    for (int p = 0; p < P; p++)
        a->first[p] = -1;
    for (int n = act->in.N - 1, t = act->in.T - 1; n >= 0; n--) {
        while (n < act->in.off[t])
            t--;
        int p = place(s, &act->in, t, n);
        if (p < 0)
            continue;
        a->next[n] = a->first[p];
        a->first[p] = n;
    }
    rc_rows_each(s->r, P, 16, gather, &j);
}

const rc_layer_kind rc_layer_side = {
    .name = "side", .formula = "y_n = [x_n; side row of n's side sequence] (E11)", .size = sizeof(side),
    .act_size = sizeof(side_act), .source = true,
    .open = open, .bind = bind, .forward = forward, .backward = backward,
};
