/* SPDX-License-Identifier: MIT
 * search.c - beam search over a net with a side chain, many sources at once.
 *
 * The sources of a group are encoded together; then all their hypotheses go one step at a time, a row each.  Of a
 * source's candidates, hypotheses and one unit more, the likeliest `beam` go on; those among the first `beam` that end
 * are done.  A source is done with `beam` answers, judged by (Wu et al. 2016, arXiv 1609.08144, equation 14)
 *
 *     score = log p / ((5 + n) / 6)^length + coverage * sum over the source's units of log min(attention they got, 1)
 *
 * Sequences are a forest of (unit, parent): a hypothesis is its last node.  All ties fall to the smaller unit, then to
 * the better hypothesis before, so an answer does not hang on what else is in the group. */
#include <math.h>
#include <stdlib.h>
#include "task/translate/search.h"

enum { GROUP = 64, ROWS = 512 };                              /* sources, hypotheses together, at most */

typedef struct { int32_t id, before; } node;                  /* before: -1 at the start */
typedef struct { int source, node, n; double logp; } row;     /* a hypothesis; n units */
typedef struct { double logp; int row; int32_t id; } candidate;
typedef struct { double score, logp; int node, n; } done;

typedef struct {
    recur *r; const recur_model *m; const rc_search *o;
    rc_run *u;
    int V, K, S, T;                      /* units, beam, most sources of a group, most steps of a source */
    size_t state;                        /* reals of a state */
    row *live, *next; int rows;
    real *p, *keep;                      /* [S K][V] probabilities; [S K][state] */
    float *cover, *cover_next;           /* [S K][T] attention each unit of the source got; NULL: no such penalty */
    candidate *best;                     /* [S K][K + 1] of each row, falling */
    done *done; int *ended;              /* [S][K] answers; [S] how many */
    node *tree; int nodes, cap;
    int32_t *ids, *place, *alive, *side_ids;
    recur_batch side;
    const rc_ids *const *source;         /* [side.B] of the group, longest first */
    int step;
} searcher;

static int most_units(const searcher *x, int s)
{
    return x->o->most > 0 ? x->o->most : 2 * (int)x->source[s]->n + 10;
}

/* --- the net --- */

/* What row i of the last step looked at, over its source's units; NULL: the net has no layer `attend`. */
static const real *attention(const searcher *x, int i)
{
    for (int k = x->m->net->side; k < x->m->net->layers; k++)
        if (x->u->act[k]->look != NULL)
            return x->u->act[k]->look + (size_t)i * (size_t)x->u->act[k]->look_ld;
    return NULL;
}

/* Sources as one packed batch. */
static void pack_sources(searcher *x, int n)
{
    int T = (int)x->source[0]->n, row_at = 0;
    for (int t = 0; t < T; t++) {
        int alive = n;
        while (alive > 0 && (int)x->source[alive - 1]->n <= t)
            alive--;
        x->alive[t] = alive;
        for (int b = 0; b < alive; b++)
            x->side_ids[row_at++] = x->source[b]->id[t];
    }
    x->side = (recur_batch){ .T = T, .B = n, .N = row_at, .C = 1, .alive = x->alive, .ids = x->side_ids, .fresh = 1 };
}

/* One unit of each row further: scores [rows][V]. */
static const real *forward(searcher *x, const row *at, int rows, bool encode, bool fresh)
{
    int n;
    for (int i = 0; i < rows; i++) {
        x->ids[i] = x->tree[at[i].node].id;
        x->place[i] = at[i].source;
    }
    const recur_batch b = { .T = 1, .B = rows, .N = rows, .C = 1, .ids = x->ids, .place = x->place,
                            .side = encode ? &x->side : NULL, .fresh = fresh };
    return rc_run_forward(x->u, &b, 0, &n);
}

static int grow_tree(searcher *x, int32_t id, int before)
{
    if (x->nodes == x->cap) {
        size_t want = x->cap > 0 ? (size_t)x->cap * 2 : 4096;
        node *wide = rc_grow(x->r, x->tree, (size_t)x->cap, want, sizeof *wide);
        if (wide == NULL)
            return RECUR_ENOMEM;
        x->tree = wide;
        x->cap = (int)want;
    }
    x->tree[x->nodes++] = (node){ id, before };
    return RECUR_OK;
}

/* --- candidates --- */

/* The K + 1 likeliest units after row i. */
static void row_best(void *arg, int i)
{
    searcher *x = arg;
    const real *p = x->p + (size_t)i * (size_t)x->V;
    candidate *best = x->best + (size_t)i * (size_t)(x->K + 1);
    int found = 0;
    for (int v = 0; v < x->V; v++) {
        real q = v == RC_BOS || (v == RC_UNK && !x->o->unknown) || (v == RC_EOS && x->step == 0) ? 0 : p[v];
        if (!(q > 0) || (found == x->K + 1 && !((double)q > best[x->K].logp)))
            continue;
        int at = found < x->K + 1 ? found++ : x->K;
        for (; at > 0 && best[at - 1].logp < (double)q; at--)
            best[at] = best[at - 1];
        best[at] = (candidate){ (double)q, i, v };
    }
    for (int k = 0; k < x->K + 1; k++)
        best[k] = k < found ? (candidate){ x->live[i].logp + log(best[k].logp), i, best[k].id } : (candidate){ -INFINITY, i, -1 };
}

static int by_logp(const void *pa, const void *pb)
{
    const candidate *a = pa, *b = pb;
    if (a->logp < b->logp || a->logp > b->logp)
        return a->logp > b->logp ? -1 : 1;
    return a->row != b->row ? (a->row > b->row) - (a->row < b->row) : (a->id > b->id) - (a->id < b->id);
}

/* --- answers --- */

static double judge(const searcher *x, double logp, int n, const float *cover, int S)
{
    double sum = 0;
    for (int s = 0; s < S && cover != NULL; s++)
        sum += log(cover[s] < 1 ? (double)cover[s] + 1e-10 : 1.0);
    return logp / pow((5.0 + n) / 6, x->o->length) + x->o->coverage * sum;
}

/* An answer of source s among its best. */
static void end(searcher *x, int s, done d)
{
    done *list = x->done + (size_t)s * (size_t)x->K;
    if (x->ended[s] == x->K && !(d.score > list[x->K - 1].score))
        return;
    int at = x->ended[s] < x->K ? x->ended[s]++ : x->K - 1;
    for (; at > 0 && list[at - 1].score < d.score; at--)
        list[at] = list[at - 1];
    list[at] = d;
}

static const float *cover_of(const searcher *x, int i)
{
    return x->cover != NULL ? x->cover + (size_t)i * (size_t)x->T : NULL;
}

/* Rows [from, to) are the hypotheses of source s: who ends, who goes on. */
static int advance(searcher *x, int s, int from, int to, int *rows)
{
    candidate *c = x->best + (size_t)from * (size_t)(x->K + 1);
    int n = (to - from) * (x->K + 1), kept = 0, e = RECUR_OK, first = *rows, S = (int)x->source[s]->n;
    qsort(c, (size_t)n, sizeof *c, by_logp);
    for (int i = 0; i < n && kept < x->K && c[i].id >= 0 && e == RECUR_OK; i++) {
        const row *b = &x->live[c[i].row];
        if (c[i].id == RC_EOS) {
            if (i < x->K)
                end(x, s, (done){ judge(x, c[i].logp, b->n + 1, cover_of(x, c[i].row), S), c[i].logp, b->node, b->n });
            continue;
        }
        if ((e = grow_tree(x, c[i].id, b->node)) != RECUR_OK)
            break;
        x->next[first + kept++] = (row){ s, x->nodes - 1, b->n + 1, c[i].logp };
        x->place[first + kept - 1] = c[i].row;                /* whose state it takes over */
    }
    if (e != RECUR_OK || x->ended[s] == x->K)
        return e;
    if (x->step + 1 < most_units(x, s)) {
        *rows += kept;
        return e;
    }
    const bool none = x->ended[s] == 0;
    for (int k = 0; k < kept && none; k++) {                  /* too long already: as they stand */
        const row *b = &x->next[first + k];
        end(x, s, (done){ judge(x, b->logp, b->n, cover_of(x, x->place[first + k]), S), b->logp, b->node, b->n });
    }
    return e;
}

/* States and coverage of those that go on, from those that they come from (place). */
static void take_over(searcher *x, int rows)
{
    for (int i = 0; i < rows; i++)
        memcpy(x->keep + (size_t)i * x->state, x->u->state + (size_t)x->place[i] * x->state, x->state * sizeof(real));
    memcpy(x->u->state, x->keep, (size_t)rows * x->state * sizeof(real));
    if (x->cover == NULL)
        return;
    for (int i = 0; i < rows; i++)
        memcpy(x->cover_next + (size_t)i * (size_t)x->T, cover_of(x, x->place[i]), (size_t)x->T * sizeof(float));
    float *was = x->cover;
    x->cover = x->cover_next;
    x->cover_next = was;
}

static void look(searcher *x)
{
    for (int i = 0; i < x->rows && x->cover != NULL; i++) {
        const real *a = attention(x, i);
        for (int s = 0; a != NULL && s < (int)x->source[x->live[i].source]->n; s++)
            x->cover[(size_t)i * (size_t)x->T + (size_t)s] += (float)a[s];
    }
}

static int one_step(searcher *x)
{
    const rc_head *h = x->m->net->branch[0].head;
    const real *z = forward(x, x->live, x->rows, x->step == 0, x->step == 0);
    int rows = 0, e = RECUR_OK;
    if (z == NULL)
        return RECUR_EDATA;
    h->kind->answer(h, x->r->kern, x->rows, z, x->p);
    look(x);
    rc_each(x->r->pool, x->rows, row_best, x);
    for (int from = 0, to; from < x->rows && e == RECUR_OK; from = to) {
        for (to = from + 1; to < x->rows && x->live[to].source == x->live[from].source; to++)
            continue;
        e = advance(x, x->live[from].source, from, to, &rows);
    }
    if (e == RECUR_OK)
        take_over(x, rows);
    row *was = x->live;
    x->live = x->next;
    x->next = was;
    x->rows = rows;
    x->step++;
    return e;
}

/* --- a group --- */

static int take_answer(searcher *x, const done *d, rc_found *out)
{
    *out = (rc_found){ .n = d->n, .score = d->score, .logp = d->logp };
    if ((out->id = rc_new(x->r, (size_t)d->n + 1, sizeof *out->id)) == NULL)
        return RECUR_ENOMEM;
    for (int k = d->n - 1, at = d->node; k >= 0; k--, at = x->tree[at].before)
        out->id[k] = x->tree[at].id;
    return RECUR_OK;
}

static bool wanted(const searcher *x, const rc_found *f)
{
    bool unknown = x->o->look == RC_LOOK_ALWAYS;
    for (int i = 0; i < f->n && x->o->look == RC_LOOK_UNKNOWN; i++)
        unknown = unknown || f->id[i] == RC_UNK;
    return unknown;
}

/* What the answers of the group looked at: they are fed again, the k-th of each source in turn. */
static int look_again(searcher *x, rc_founds *const *out, int k)
{
    int rows = 0, e = RECUR_OK, most = 0;
    x->nodes = 0;
    for (int s = 0; s < x->side.B && e == RECUR_OK; s++) {
        rc_found *f = k < out[s]->n ? &out[s]->found[k] : NULL;
        if (f == NULL || !wanted(x, f))
            continue;
        f->S = (int)x->source[s]->n;
        f->attention = rc_new(x->r, (size_t)f->n * (size_t)f->S + 1, sizeof *f->attention);
        e = f->attention != NULL ? grow_tree(x, RC_BOS, -1) : RECUR_ENOMEM;
        x->live[rows++] = (row){ s, x->nodes - 1, 0, 0 };
        most = f->n > most ? f->n : most;
    }
    for (int t = 0; t < most && e == RECUR_OK; t++) {
        if (forward(x, x->live, rows, t == 0, t == 0) == NULL)
            return RECUR_EDATA;
        for (int i = 0; i < rows; i++) {
            rc_found *f = &out[x->live[i].source]->found[k];
            const real *a = t < f->n ? attention(x, i) : NULL;
            for (int s = 0; a != NULL && s < f->S; s++)
                f->attention[(size_t)t * (size_t)f->S + (size_t)s] = (float)a[s];
            x->tree[x->live[i].node].id = t < f->n ? f->id[t] : RC_EOS;
        }
    }
    return e;
}

static int one_group(searcher *x, int n, rc_founds *const *out)
{
    int e = RECUR_OK;
    pack_sources(x, n);
    x->nodes = x->step = 0;
    x->rows = n;
    memset(x->ended, 0, (size_t)n * sizeof *x->ended);
    if (x->cover != NULL)
        memset(x->cover, 0, (size_t)x->S * (size_t)x->K * (size_t)x->T * sizeof *x->cover);
    for (int s = 0; s < n && e == RECUR_OK; s++) {
        e = grow_tree(x, RC_BOS, -1);
        x->live[s] = (row){ s, s, 0, 0 };
    }
    while (x->rows > 0 && e == RECUR_OK)
        e = one_step(x);
    for (int s = 0; s < n && e == RECUR_OK; s++) {
        int best = x->ended[s] < x->o->best ? x->ended[s] : x->o->best;
        if ((out[s]->found = rc_new(x->r, (size_t)best + 1, sizeof(rc_found))) == NULL)
            return RECUR_ENOMEM;
        for (int k = 0; k < best && e == RECUR_OK; k++, out[s]->n++)
            e = take_answer(x, &x->done[s * x->K + k], &out[s]->found[k]);
    }
    for (int k = 0; k < x->o->best && x->o->look != RC_LOOK_NEVER && e == RECUR_OK; k++)
        e = look_again(x, out, k);
    return e;
}

/* --- all --- */

static int open_search(searcher *x, const rc_ids *const *order, int n)
{
    size_t K = (size_t)x->K, N = 0;
    x->S = x->K * GROUP > ROWS ? ROWS / x->K : GROUP;
    x->S = x->S < 1 ? 1 : x->S > n ? n : x->S;
    size_t S = (size_t)x->S, rows = S * K;
    for (int s = 0; s < x->S; s++)
        N += order[s]->n;
    x->T = (int)order[0]->n;
    recur_dims d = { .B = (int)rows, .T = 1, .N = (int)rows, .scores = 1,
                     .side = { .B = x->S, .T = x->T, .N = (int)N } };
    int e = rc_run_new(x->r, &x->u, x->m->net, x->m->w, &d);
    if (e != RECUR_OK)
        return e;
    x->u->weights = 1;
    x->state = x->m->net->state_size;
    x->live = rc_new(x->r, rows, sizeof *x->live);
    x->next = rc_new(x->r, rows, sizeof *x->next);
    x->p = rc_new(x->r, rows * (size_t)x->V, sizeof *x->p);
    x->keep = rc_new(x->r, rows * x->state + 1, sizeof *x->keep);
    x->best = rc_new(x->r, rows * (K + 1), sizeof *x->best);
    x->done = rc_new(x->r, rows, sizeof *x->done);
    x->ended = rc_new(x->r, S, sizeof *x->ended);
    x->ids = rc_new(x->r, rows, sizeof *x->ids);
    x->place = rc_new(x->r, rows, sizeof *x->place);
    x->alive = rc_new(x->r, (size_t)x->T, sizeof *x->alive);
    x->side_ids = rc_new(x->r, N, sizeof *x->side_ids);
    bool ok = x->live != NULL && x->next != NULL && x->p != NULL && x->keep != NULL && x->best != NULL && x->done != NULL
        && x->ended != NULL && x->ids != NULL && x->place != NULL && x->alive != NULL && x->side_ids != NULL;
    if (ok && x->o->coverage > 0) {
        x->cover = rc_new(x->r, rows * (size_t)x->T, sizeof *x->cover);
        x->cover_next = rc_new(x->r, rows * (size_t)x->T, sizeof *x->cover);
        ok = x->cover != NULL && x->cover_next != NULL;
    }
    return ok ? RECUR_OK : RECUR_ENOMEM;
}

static void close_search(searcher *x)
{
    void *blocks[] = { x->live, x->next, x->p, x->keep, x->cover, x->cover_next, x->best, x->done, x->ended, x->tree, x->ids,
                       x->place, x->alive, x->side_ids };
    rc_run_free(x->u);
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        rc_free(x->r, blocks[i]);
}

typedef struct { size_t n; int at; } length;

static int longest_first(const void *pa, const void *pb)
{
    const length *a = pa, *b = pb;
    return a->n != b->n ? (a->n < b->n) - (a->n > b->n) : (a->at > b->at) - (a->at < b->at);
}

int rc_search_all(const recur_model *m, const rc_ids *source, int n, const rc_search *o, rc_founds *out)
{
    recur *r = m->r;
    searcher x = { .r = r, .m = m, .o = o, .V = m->net->branch[0].head->in, .K = o->beam };
    length *order = rc_new(r, (size_t)n + 1, sizeof *order);
    const rc_ids **from = rc_new(r, (size_t)n + 1, sizeof *from);
    rc_founds **to = rc_new(r, (size_t)n + 1, sizeof *to);
    int e = order != NULL && from != NULL && to != NULL ? RECUR_OK : RECUR_ENOMEM;
    x.K = x.K < x.V - 1 ? x.K : x.V - 1;
    for (int i = 0; i < n && e == RECUR_OK; i++)
        order[i] = (length){ source[i].n, i };
    if (e == RECUR_OK)
        qsort(order, (size_t)n, sizeof *order, longest_first);
    for (int i = 0; i < n && e == RECUR_OK; i++)
        from[i] = &source[order[i].at], to[i] = &out[order[i].at];
    if (e == RECUR_OK && n > 0)
        e = open_search(&x, from, n);
    for (int i = 0; i < n && e == RECUR_OK; i += x.S) {
        x.source = from + i;
        e = one_group(&x, n - i < x.S ? n - i : x.S, to + i);
    }
    close_search(&x);
    rc_free(r, order);
    rc_free(r, from);
    rc_free(r, to);
    return e;
}

void rc_founds_free(recur *r, rc_founds *f, int n)
{
    for (int i = 0; i < n && f != NULL; i++) {
        for (int k = 0; k < f[i].n; k++) {
            rc_free(r, f[i].found[k].id);
            rc_free(r, f[i].found[k].attention);
        }
        rc_free(r, f[i].found);
        f[i] = (rc_founds){ 0 };
    }
}
