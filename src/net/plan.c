/* SPDX-License-Identifier: MIT
 * The memory of a run: every layer is bound twice with the same code, to measure and to place. */
#include "net/plan.h"

enum { CHUNK = 256 * 1024, CHUNK_ROWS = 256, ROUND = 64 };   /* reals and rows of a chunk; rows a multiple of this */

static int most(int a, int b) { return a > b ? a : b; }

static size_t most_size(size_t a, size_t b) { return a > b ? a : b; }

/* Parts the net into stem, pre and tails. */
static void divide(const rc_net *n, rc_own *o)
{
    bool single = n->branches == 1 && !n->branch[0].n;
    o->stem = n->trunk;
    int side = n->side;
    for (int b = 0; b < n->branches; b++) {
        int first = single ? side : n->branch[b].first, end = single ? n->trunk : first + n->branch[b].n, tail = end;
        while (tail > first && n->branch[b].head->kind->rowwise && n->layer[tail - 1]->kind->rowwise)
            tail--;
        if (single)
            o->stem = first = tail;
        o->from[b] = first;
        o->tail[b] = tail;
        o->end[b] = end;
    }
}

/* Which layers' outputs need a gradient. */
static void need(const rc_net *n, rc_own *o)
{
    for (int i = 0; i < n->layers; i++) {
        bool below = i && i != n->side && i < o->stem && o->needs[i - 1];
        below |= n->layer[i]->reads_side && o->needs[n->side - 1];
        for (int b = 0; b < n->branches; b++)
            if (i >= o->from[b] && i < o->end[b])
                below |= o->needs[i > o->from[b] ? i - 1 : o->stem - 1];
        for (int k = 0; k < n->layer[i]->nparam; k++)
            below |= !n->params.p[n->layer[i]->param[k]].frozen;
        o->needs[i] = below;
    }
}

static rc_rows bind(rc_run *u, rc_plan *p, int i, rc_rows in)
{
    rc_act *a = u->act[i];
    a->in = a->rows = in;
    u->net->layer[i]->kind->bind(u->net->layer[i], a, p);
    a->rows.per_seq = u->net->layer[i]->per_seq;
    return a->rows;
}

/* y of layer i, which reads x; in inference the two buffers in turn. */
static void place_y(rc_run *u, rc_plan *p, int i, const rc_act *before, bool own)
{
    rc_own *o = u->own;
    rc_act *a = u->act[i];
    if (p->train || own)
        a->y = rc_plan_take(p, (size_t)a->rows.N * (size_t)u->net->layer[i]->out, sizeof(real));
    else if (before && u->net->layer[i]->kind->idle)
        a->y = before->y;
    else
        a->y = before && before->y == o->ping[0] ? o->ping[1] : o->ping[0];
}

static int chunk_rows(const rc_net *n, const rc_own *o, int b, int rows)
{
    int width = 1;
    if (!n->branch[b].head->kind->rowwise)
        return rows;
    for (int i = o->tail[b]; i < o->end[b]; i++)
        width = most(width, n->layer[i]->out);
    width = most(width, n->branch[b].head->from);
    int c = most(CHUNK / width, CHUNK_ROWS) / ROUND * ROUND;
    return rows < c ? rows : c;
}

/* The side chain; its last y is kept from call to call. */
static void bind_side(rc_run *u, rc_plan *p)
{
    const rc_net *n = u->net;
    rc_own *o = u->own;
    rc_plan own = *p;
    rc_rows at = { .T = u->side.T, .B = u->side.B, .N = u->side.N };
    p->side = NULL;
    if (!n->side)
        return;
    o->side.alive = rc_plan_take(p, (size_t)at.T, sizeof *o->alive);
    o->side.off = rc_plan_take(p, (size_t)at.T + 1, sizeof *o->off);
    o->side.key = rc_plan_take(p, (size_t)at.B, sizeof *o->key);
    o->side.place = rc_plan_take(p, (size_t)u->B, sizeof *o->side.place);
    p->B = at.B, p->T = at.T, p->N = at.N;
    for (int i = 0; i < n->side; i++) {
        at = bind(u, p, i, at);
        place_y(u, p, i, i ? u->act[i - 1] : NULL, i == n->side - 1);
    }
    p->B = own.B, p->T = own.T, p->N = own.N;
    p->side = u->act[n->side - 1];
}

/* Stem and pre layers, then tails. */
static void bind_layers(rc_run *u, rc_plan *p)
{
    const rc_net *n = u->net;
    rc_own *o = u->own;
    bool shared = o->from[0] != o->stem || n->branches > 1;     /* branches come back to the stem's y */
    rc_rows root = { .T = u->T, .B = u->B, .N = u->N }, at = root;
    for (int i = n->side; i < o->stem; i++) {
        bool loop = i >= n->feed.first && i < n->feed.end;
        if (loop && i == n->feed.first)
            at = rc_feed_bind_first(u, at);
        at = bind(u, p, i, at);
        place_y(u, p, i, i > n->side ? u->act[i - 1] : NULL, loop || (shared && i == o->stem - 1));
        if (i + 1 == n->feed.end)
            at = rc_feed_bind_last(u, p);
    }
    for (int b = 0; b < n->branches; b++) {
        rc_rows in = u->act[o->stem - 1]->rows;
        for (int i = o->from[b]; i < o->tail[b]; i++) {
            in = bind(u, p, i, in);
            place_y(u, p, i, i > o->from[b] ? u->act[i - 1] : u->act[o->stem - 1], false);
        }
        o->rows[b] = in.N;
        const rc_head *h = n->branch[b].head;
        if (h->kind->bind)
            h->kind->bind(h, o->head[b], p, &in);
        in.N = o->chunk[b] = chunk_rows(n, o, b, in.N);
        for (int i = o->tail[b]; i < o->end[b]; i++) {
            in = bind(u, p, i, in);
            u->act[i]->y = rc_plan_take(p, (size_t)in.N * (size_t)n->layer[i]->out, sizeof(real));
        }
    }
}

/* The largest of some shapes, to size what is used in turn: layers [from, to). */
static size_t widest(const rc_run *u, int from, int to)
{
    size_t m = 0;
    for (int i = from; i < to; i++)
        m = most_size(m, (size_t)u->act[i]->rows.N * (size_t)u->net->layer[i]->out);
    return m;
}

/* That of all layers but the tails, which have their own of a chunk. */
static size_t widest_apart(const rc_run *u)
{
    const rc_own *o = u->own;
    size_t m = widest(u, 0, o->stem);
    for (int b = 0; b < u->net->branches; b++)
        m = most_size(m, widest(u, o->from[b], o->tail[b]));
    return m;
}

/* Gradients: the stem's last and each branch's last before its tail have their own, the others take turns. */
static void place_gradients(rc_run *u, rc_plan *p)
{
    const rc_net *n = u->net;
    rc_own *o = u->own;
    bool shared = o->from[0] != o->stem || n->branches > 1;
    for (int i = o->stem - 1, turn = 0; i >= n->side; i--) {
        bool own = (shared && i == o->stem - 1) || i + 1 == n->feed.end
            || (n->side && i == n->side);                      /* the input's outlives the side chain */
        o->dy[i] = own ? rc_plan_take(p, (size_t)u->act[i]->rows.N * (size_t)n->layer[i]->out, sizeof(real))
            : o->ping[turn];
        turn ^= !own;
        if (i + 1 < o->stem)
            o->dx[i + 1] = o->dy[i];
    }
    for (int b = 0; b < n->branches; b++)
        for (int i = o->tail[b] - 1, turn = 0; i >= o->from[b]; i--, turn ^= 1) {
            bool last = i == o->tail[b] - 1;
            o->dy[i] = last ? rc_plan_take(p, (size_t)u->act[i]->rows.N * (size_t)n->layer[i]->out, sizeof(real))
                : o->ping[turn];
            o->dx[i] = o->ping[turn ^ 1];                      /* the first one's is added to the stem's */
        }
    for (int i = n->side - 1, turn = 0; i >= 0; i--, turn ^= 1)
        o->dy[i] = i < n->side - 1 ? o->ping[turn]
            : rc_plan_take(p, (size_t)u->act[i]->rows.N * (size_t)n->layer[i]->out, sizeof(real));
    o->side.dy = n->side && o->needs[n->side - 1] ? o->dy[n->side - 1] : NULL;
}

static void place_tail(rc_run *u, rc_plan *p)
{
    const rc_net *n = u->net;
    rc_own *o = u->own;
    size_t z = 0, dx = 0, dy = 0, rows = 0, scores = 0;
    for (int b = 0; b < n->branches; b++) {
        const rc_head *h = n->branch[b].head;
        size_t chunk = (size_t)o->chunk[b], from = (size_t)h->from;
        const rc_layer *first = o->tail[b] < o->end[b] ? n->layer[o->tail[b]] : NULL;
        if (rc_run_scores_apart(u, b, p->train))
            z = most_size(z, chunk * from);
        dx = most_size(dx, chunk * (first ? (size_t)first->in : from));
        dy = most_size(dy, widest(u, o->tail[b], o->end[b] - 1));
        rows = most_size(rows, (size_t)o->rows[b]);
        if (first || h->kind->scores)
            scores = most_size(scores, (size_t)o->rows[b] * (size_t)h->in);
    }
    o->z = rc_plan_take(p, z, sizeof(real));
    o->sum = rc_plan_take(p, rows / RC_BLOCK + 1, sizeof *o->sum);
    o->hits = rc_plan_take(p, rows / RC_BLOCK + 1, sizeof *o->hits);
    if (u->scores)
        o->scores = rc_plan_take(p, scores, sizeof(real));
    for (int i = 0; i < 2 && p->train; i++)
        o->tdy[i] = rc_plan_take(p, dy, sizeof(real));
    if (p->train)
        o->tdx = rc_plan_take(p, dx, sizeof(real));
}

/* Everything, once to measure and once to place. */
static void place(rc_run *u, rc_plan *p)
{
    const rc_net *n = u->net;
    rc_own *o = u->own;
    o->alive = rc_plan_take(p, (size_t)u->T, sizeof *o->alive);
    o->off = rc_plan_take(p, (size_t)u->T + 1, sizeof *o->off);
    o->key = rc_plan_take(p, (size_t)u->B, sizeof *o->key);
    u->state = rc_plan_take(p, (size_t)u->B * n->state_size, sizeof(real));
    u->g = p->train ? rc_plan_take(p, n->params.total, sizeof(real)) : NULL;
    size_t turn = p->arena.base ? widest_apart(u) : 0;          /* the first pass knows it at its end */
    for (int i = 0; i < 2; i++)
        o->ping[i] = rc_plan_take(p, turn, sizeof(real));
    bind_side(u, p);
    bind_layers(u, p);
    if (p->train) {
        o->spans = (size_t)n->params.n;
        for (int i = 0; i < n->params.n; i++)
            o->spans += n->params.p[i].sparse ? (size_t)n->params.p[i].dim[0] : 0;
        o->span = rc_plan_take(p, o->spans, sizeof *o->span);
        place_gradients(u, p);
    }
    place_tail(u, p);
    if (!p->arena.base)
        for (int i = 0; i < 2; i++)
            rc_plan_take(p, widest_apart(u), sizeof(real));
    o->scratch = rc_plan_take(p, p->scratch, 1);
    o->scratch_bytes = p->scratch;
}

/* The run without its block: layers' halves and the measure. */
static int measure(recur *r, rc_run **out, const rc_net *n, const recur_dims *d)
{
    int e = RECUR_ENOMEM;
    *out = NULL;
    rc_run *u = rc_new(r, 1, sizeof *u);
    if (!u)
        return e;
    rc_own *o = u->own = rc_new(r, 1, sizeof *o);
    u->r = r;
    u->net = n;
    u->train = d->train != 0;
    u->scores = d->scores != 0;
    u->B = d->B, u->T = d->T, u->N = d->N ? d->N : d->B * d->T;
    if (n->side)
        u->side.B = d->side.B, u->side.T = d->side.T, u->side.N = d->side.N ? d->side.N : d->side.B * d->side.T;
    u->act = rc_new(r, (size_t)n->layers, sizeof *u->act);
    if (!o || !u->act)
        goto fail;
    o->dy = rc_new(r, (size_t)n->layers, sizeof *o->dy);
    o->dx = rc_new(r, (size_t)n->layers, sizeof *o->dx);
    o->needs = rc_new(r, (size_t)n->layers, sizeof *o->needs);
    if (!o->dy || !o->dx || !o->needs)
        goto fail;
    for (int i = 0; i < n->layers; i++)
        if (!(u->act[i] = rc_new(r, 1, n->layer[i]->kind->act_size)))
            goto fail;
    for (int b = 0; b < n->branches; b++)
        if (n->branch[b].head->kind->act_size && !(o->head[b] = rc_new(r, 1, n->branch[b].head->kind->act_size)))
            goto fail;
    divide(n, o);
    need(n, o);
    rc_plan p = { .r = r, .train = u->train, .as = u->train ? RC_F32_WEIGHTS : u->net->as, .B = u->B, .T = u->T, .N = u->N };
    place(u, &p);
    u->bytes = p.arena.used;
    *out = u;
    return 0;
fail:
    rc_run_free(u);
    return e;
}

size_t rc_run_size(const rc_net *n, const recur_dims *d)
{
    rc_run *u;
    if (measure(n->r, &u, n, d))
        return 0;
    size_t bytes = u->bytes;
    rc_run_free(u);
    return bytes;
}

int rc_run_new(recur *r, rc_run **out, const rc_net *n, real *w, const recur_dims *d)
{
    rc_run *u;
    *out = NULL;
    if (d->B < 1 || d->T < 1 || d->N < 0 || (d->N ? d->N > INT32_MAX / 2 : (int64_t)d->B * d->T > INT32_MAX / 2))
        return rc_fail(r, RECUR_ESHAPE, "run: %d sequences of %d steps cannot be planned", d->B, d->T);
    if (n->side && (d->side.B < 1 || d->side.T < 0 || d->side.N < 0
                    || (!d->side.N && (int64_t)d->side.B * d->side.T > INT32_MAX / 2)))
        return rc_fail(r, RECUR_ESHAPE, "run: the net has a side chain; %d side sequences of %d steps cannot be planned",
                       d->side.B, d->side.T);
    int e = measure(r, &u, n, d);
    if (e)
        return e;
    rc_own *o = u->own;
    if (!(o->block = rc_new(r, u->bytes ? u->bytes : 1, 1))) {
        rc_run_free(u);
        return RECUR_ENOMEM;
    }
    rc_plan p = { .r = r, .arena = { o->block, 0 }, .train = u->train, .as = u->train ? RC_F32_WEIGHTS : u->net->as, .B = u->B, .T = u->T, .N = u->N,
                  .scratch = o->scratch_bytes };
    place(u, &p);
    u->w = w;
    for (int i = n->side, at = 0; i < n->layers; i++) {
        u->act[i]->state_at = (size_t)at;
        at += n->layer[i]->kind->state ? (int)n->layer[i]->kind->state(n->layer[i]) : 0;
    }
    rc_run_state_reset(u, -1);
    *out = u;
    return 0;
}

void rc_run_free(rc_run *u)
{
    if (!u)
        return;
    rc_own *o = u->own;
    rc_run_trace_free(u);
    for (int i = 0; u->act && i < u->net->layers; i++)
        rc_free(u->r, u->act[i]);
    for (int b = 0; o && b < RECUR_HEADS; b++)
        rc_free(u->r, o->head[b]);
    if (o) {
        rc_free(u->r, o->block);
        rc_free(u->r, o->dy);
        rc_free(u->r, o->dx);
        rc_free(u->r, o->needs);
    }
    rc_free(u->r, o);
    rc_free(u->r, u->act);
    rc_free(u->r, u);
}
