/* SPDX-License-Identifier: MIT
 * A run computes: forward, loss with the gradient of the tails, backward. */
#include "net/plan.h"

rc_pass rc_run_pass(const rc_run *u, bool train)
{
    const rc_own *o = u->own;
    return (rc_pass){ .r = u->r, .k = u->r->kern, .batch = &o->batch, .train = train, .seed = u->seed,
                      .step = u->step, .w = u->w, .g = u->g, .params = u->net->params.p, .state = u->state,
                      .state_size = u->net->state_size, .scratch = o->scratch, .weights = u->weights,
                      .side = u->net->side ? u->act[u->net->side - 1] : NULL, .dside = o->side.dy };
}

static void forward(rc_run *u, int i, const rc_pass *s)
{
    u->net->layer[i]->kind->forward(u->net->layer[i], u->act[i], s);
}

void rc_run_join(rc_act *a, const rc_act *before, bool per_seq)
{
    a->in = a->rows = before->rows;
    a->rows.per_seq = per_seq;
    a->x = before->y;
}

static void run_stem(rc_run *u, const rc_pass *s)
{
    const rc_own *o = u->own;
    int from = u->net->side;
    rc_act *first = u->act[from];
    first->in = first->rows = (rc_rows){ .T = o->batch.T, .B = o->batch.B, .N = o->batch.N, .alive = o->alive,
                                         .off = o->off };
    first->x = NULL;
    for (int i = from; i < o->stem; i++) {
        if (i < u->net->feed.end && i == u->net->feed.first) {
            rc_feed_forward(u, s);
            i = u->net->feed.end - 1;
            continue;
        }
        if (i > from)
            rc_run_join(u->act[i], u->act[i - 1], u->net->layer[i]->per_seq);
        forward(u, i, s);
    }
}

static void run_pre(rc_run *u, int b, const rc_pass *s)
{
    const rc_own *o = u->own;
    for (int i = o->from[b]; i < o->tail[b]; i++) {
        rc_run_join(u->act[i], rc_run_before(u, b, i), u->net->layer[i]->per_seq);
        forward(u, i, s);
    }
}

/* Rows [row, row + n) through the tail; last: where its scores go, NULL: the layer's own buffer.  Returns them. */
static real *run_tail(rc_run *u, int b, int row, int n, real *last, const rc_pass *s)
{
    const rc_own *o = u->own;
    const rc_act *before = rc_run_before(u, b, o->tail[b]);
    real *z = before->y + (size_t)row * (size_t)u->net->branch[b].head->from;
    for (int i = o->tail[b]; i < o->end[b]; i++, before = u->act[i - 1]) {
        const rc_layer *l = u->net->layer[i];
        rc_act *a = u->act[i];
        real *own = a->y;
        rc_run_join(a, before, l->per_seq);
        if (i == o->tail[b]) {
            a->in.first = row;
            a->in.N = n;
            a->x = before->y + (size_t)row * (size_t)l->in;
        }
        a->rows = a->in;
        if (i == o->end[b] - 1 && last)
            a->y = last;
        forward(u, i, s);
        z = a->y;
        if (i == o->end[b] - 1)
            a->y = own;
    }
    return z;
}

static const real *scores(rc_run *u, int head, int *rows)
{
    rc_own *o = u->own;
    rc_pass s = rc_run_pass(u, false);
    u->pending = false;
    rc_side_forward(u, s.train);
    run_stem(u, &s);
    run_pre(u, head, &s);
    const rc_act *before = rc_run_before(u, head, o->tail[head]);
    const rc_head *h = u->net->branch[head].head;
    int N = *rows = before->rows.N;
    s.own = o->head[head];
    if (h->kind->scores && N)
        h->kind->scores(h, &s, N, before->y, o->scores);
    if (o->tail[head] == o->end[head])
        return h->kind->scores ? o->scores : before->y;
    for (int row = 0; row < N; row += o->chunk[head]) {
        int n = N - row < o->chunk[head] ? N - row : o->chunk[head];
        run_tail(u, head, row, n, o->scores + (size_t)row * (size_t)h->in, &s);
    }
    return o->scores;
}

const real *rc_run_forward(rc_run *u, const recur_batch *batch, int head, int *rows)
{
    if (head < 0 || head >= u->net->branches || !u->scores) {
        rc_fail(u->r, RECUR_ESHAPE, u->scores ? "run: there is no head %d"
                : "run: planned without scores, head %d cannot give them", head + 1);
        return NULL;
    }
    if (rc_run_enter(u, batch, false))
        return NULL;
    rc_pace_begin(u, false, batch);
    const real *z = scores(u, head, rows);
    rc_pace_end(u);
    return z;
}

const rc_rows *rc_run_rows(const rc_run *u, int head)
{
    const rc_own *o = u->own;
    return &rc_run_before(u, head, o->tail[head])->rows;
}

const real *rc_run_answer(rc_run *u, const recur_batch *batch, int head, int *rows, real *out)
{
    const real *z = rc_run_forward(u, batch, head, rows);
    if (!z)
        return NULL;
    const rc_head *h = u->net->branch[head].head;
    rc_pass s = rc_run_pass(u, false);
    s.rows = rc_run_rows(u, head);
    s.own = ((const rc_own *)u->own)->head[head];
    if (h->kind->tell && *rows)
        h->kind->tell(h, &s, z, out);
    else
        h->kind->answer(h, u->r->kern, *rows, z, out);
    return z;
}

int rc_run_best(rc_run *u, const recur_batch *batch, int head, int32_t *out, int32_t *at)
{
    int rows, n = 0;
    const real *z = rc_run_forward(u, batch, head, &rows);
    if (!z)
        return RECUR_ESHAPE;
    const rc_head *h = u->net->branch[head].head;
    const rc_rows *r = rc_run_rows(u, head);
    if (!h->kind->best)
        return rc_fail(u->r, RECUR_EOPTION, "head %d (%s) tells numbers, not classes", head + 1, h->kind->name);
    at[0] = 0;
    for (int b = 0; b < batch->B; b++, at[b] = n) {
        rc_seq q = { z, h->in, 1, NULL, 0 };
        if (h->per_seq)
            q.z += (size_t)b * (size_t)h->in;
        else
            q.T = rc_seq_steps(r, b), q.off = r->off, q.b = b;
        int k = h->kind->best(h, u->r, u->net->params.p, u->w, &q, out + n);
        if (k < 0)
            return k;
        n += k;
    }
    return 0;
}

/* ------------------------------------------------------------------------------------------------ loss */

typedef struct {
    const rc_head *h; const rc_pass *s; const rc_own *o;
    int row, n; real *z;
    bool grad; real scale;
} loss_job;

static void loss_block(void *arg, int i)
{
    const loss_job *j = arg;
    int at = i * RC_BLOCK, n = j->n - at < RC_BLOCK ? j->n - at : RC_BLOCK;
    j->o->hits[i] = 0;
    j->o->sum[i] = j->h->kind->loss(j->h, j->s, j->row + at, n, j->z + (size_t)at * (size_t)j->h->from, j->grad,
                                    j->scale, &j->o->hits[i]);
}

/* Sum of the losses of rows with scores z, in blocks whose order is that of the rows. */
static double loss_rows(const loss_job *j, int64_t *hits)
{
    int blocks = (j->n + RC_BLOCK - 1) / RC_BLOCK;
    double sum = 0;
    if (!j->h->kind->rowwise)
        return j->h->kind->loss(j->h, j->s, j->row, j->n, j->z, j->grad, j->scale, hits);
    rc_each(j->s->r->pool, blocks, loss_block, (void *)(uintptr_t)j);
    for (int i = 0; i < blocks; i++) {
        sum += j->o->sum[i];
        *hits += j->o->hits[i];
    }
    return sum;
}

/* The gradient z of the scores back through the tail's rows, into the gradient of what the tail reads. */
static void tail_back(rc_run *u, int b, int row, int n, real *z, const rc_pass *s)
{
    rc_own *o = u->own;
    int before = o->tail[b] > o->from[b] ? o->tail[b] - 1 : o->stem - 1;
    size_t width = (size_t)u->net->layer[before]->out, at = (size_t)row * width;
    bool wanted = o->needs[before] || o->want_dx, add = before == o->stem - 1 && o->set;
    real *to = !wanted ? NULL : add ? o->tdx : o->dy[before] + at;
    real *dy = z;
    for (int i = o->end[b] - 1, turn = 0; i >= o->tail[b]; i--, turn ^= 1) {
        rc_act *a = u->act[i];
        a->dy = dy;
        a->dx = i == o->tail[b] ? to : o->needs[i - 1] || o->want_dx ? o->tdy[turn] : NULL;
        u->net->layer[i]->kind->backward(u->net->layer[i], a, s);
        dy = a->dx;
        if (!dy)
            return;
    }
    if (o->tail[b] == o->end[b] && to)
        memcpy(to, z, (size_t)n * width * sizeof *z);
    if (add && to)
        u->r->kern->add((size_t)n * width, to, o->dy[before] + at);
}

/* One head over all its rows in chunks: forward through the tail, loss, and back. */
static int run_head(rc_run *u, int b, const rc_pass *s, bool grad, rc_loss *out)
{
    rc_own *o = u->own;
    const rc_head *h = u->net->branch[b].head;
    rc_pass hs = *s;
    hs.own = o->head[b];
    hs.rows = &rc_run_before(u, b, o->tail[b])->rows;
    int N = hs.rows->N, e = rc_run_targets(u, b, hs.rows);
    if (e)
        return e;
    int64_t count = out->count[b] = N ? h->kind->count(h, &hs, N) : 0;
    const bool apart = rc_run_scores_apart(u, b, grad);
    real scale = count ? (real)(h->weight * o->scale / (double)count) : 0;
    double sum = 0;
    for (int row = 0; row < N; row += o->chunk[b]) {
        int n = N - row < o->chunk[b] ? N - row : o->chunk[b];
        real *z = run_tail(u, b, row, n, NULL, s);
        if (apart)
            z = memcpy(o->z, z, (size_t)n * (size_t)h->from * sizeof *z);
        sum += loss_rows(&(loss_job){ h, &hs, o, row, n, z, grad, scale }, &out->hits[b]);
        if (grad)
            tail_back(u, b, row, n, z, s);
    }
    if (grad && o->tail[b] == o->from[b])
        o->set = true;
    out->head_loss[b] = count ? sum / (double)count : 0;
    out->loss += h->weight * out->head_loss[b];
    return 0;
}

int rc_run_loss(rc_run *u, const recur_batch *batch, bool eval, double scale, rc_loss *out)
{
    rc_own *o = u->own;
    bool grad = u->train && !eval;
    memset(out, 0, sizeof *out);
    int e = rc_run_enter(u, batch, grad);
    if (e)
        return e;
    rc_pass s = rc_run_pass(u, grad);
    o->set = false;
    o->scale = scale;
    u->pending = false;
    rc_pace_begin(u, grad, batch);
    rc_side_forward(u, s.train);
    run_stem(u, &s);
    for (int b = 0; b < u->net->branches && !e; b++) {
        run_pre(u, b, &s);
        e = run_head(u, b, &s, grad, out);
    }
    u->pending = grad && !e;
    if (grad)                                /* backward belongs to it */
        rc_pace_pause(u);
    else
        rc_pace_end(u);
    return e;
}

/* ------------------------------------------------------------------------------------------------ backward */

static void backward(rc_run *u, int i, real *dx, const rc_pass *s)
{
    rc_act *a = u->act[i];
    a->dy = ((rc_own *)u->own)->dy[i];
    a->dx = dx;
    u->net->layer[i]->kind->backward(u->net->layer[i], a, s);
}

void rc_run_backward(rc_run *u)
{
    rc_own *o = u->own;
    rc_pass s = rc_run_pass(u, true);
    int last = o->stem - 1;
    if (!u->pending)
        return;
    u->pending = false;
    rc_pace_resume(u);
    for (int b = 0; b < u->net->branches; b++)
        for (int i = o->tail[b] - 1; i >= o->from[b]; i--) {
            bool first = i == o->from[b], wanted = o->needs[first ? last : i - 1] || o->want_dx;
            real *dx = first && !o->set ? o->dy[last] : first ? o->dx[i] : o->dy[i - 1];
            if (!o->needs[i] && !o->want_dx)
                break;
            backward(u, i, wanted ? dx : NULL, &s);
            if (first && o->set && wanted)
                u->r->kern->add((size_t)u->act[last]->rows.N * (size_t)u->net->layer[last]->out, dx, o->dy[last]);
            o->set |= first;
        }
    int from = u->net->side;
    for (int i = last; i >= from && (o->needs[i] || o->want_dx); i--) {
        if (i + 1 == u->net->feed.end) {
            rc_feed_backward(u, &s);
            i = u->net->feed.first;
            continue;
        }
        backward(u, i, i > from && (o->needs[i - 1] || o->want_dx) ? o->dy[i - 1] : NULL, &s);
    }
    rc_side_backward(u);
    rc_pace_end(u);
}

void rc_run_want_dx(rc_run *u) { ((rc_own *)u->own)->want_dx = true; }

const real *rc_run_input_gradient(const rc_run *u)
{
    const rc_own *o = u->own;
    const rc_layer *l = u->net->layer[u->net->side];
    return u->train && o->want_dx && !l->nparam && l->out == u->net->facts.features ? o->dy[u->net->side] : NULL;
}

/* ------------------------------------------------------------------------------------------------ gradient, state */

/* Spans of a weight's gradient: all of it, or the rows that batches touched. */
static int spans(const rc_run *u, int i, rc_span *out)
{
    const rc_param *p = &u->net->params.p[i];
    if (p->frozen)
        return 0;
    if (!p->sparse) {
        *out = (rc_span){ p->at, p->n, i };
        return 1;
    }
    const rc_act *a = u->act[p->layer];
    size_t w = p->n / (size_t)p->dim[0];
    for (int k = 0; k < a->touched_n; k++)
        out[k] = (rc_span){ p->at + (size_t)a->touched[k] * w, w, i };
    return a->touched_n;
}

int rc_run_spans(const rc_run *u, rc_span **out)
{
    const rc_own *o = u->own;
    int n = 0;
    *out = o->span;
    for (int i = 0; i < u->net->params.n && u->train; i++)
        n += spans(u, i, o->span + n);
    return n;
}

void rc_run_clear(rc_run *u)
{
    rc_span *span;
    for (int i = 0, n = rc_run_spans(u, &span); i < n; i++)
        memset(u->g + span[i].at, 0, span[i].n * sizeof *u->g);
    for (int i = 0; i < u->net->layers; i++)
        u->act[i]->touched_n = 0;
}

void rc_run_state_reset(rc_run *u, int b)
{
    const rc_net *n = u->net;
    for (int i = b < 0 ? 0 : b; i < (b < 0 ? u->B : b + 1); i++) {
        real *state = u->state + (size_t)i * n->state_size;
        memset(state, 0, n->state_size * sizeof *state);
        for (int k = n->side; k < n->layers; k++)
            if (n->layer[k]->kind->start)
                n->layer[k]->kind->start(n->layer[k], &n->params, u->w, state + u->act[k]->state_at);
    }
}
