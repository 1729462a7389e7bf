/* SPDX-License-Identifier: MIT
 * search.c - beam search over a net with a side chain, many sources at once.
 *
 * The sources of a group are encoded together; then all their hypotheses go one step at a time, a row each (beam.c), until
 * each source has its answers.  Sources go into groups longest first, so that those of a group are about as long. */
#include <stdlib.h>
#include "task/translate/beam.h"

enum { GROUP = 64, ROWS = 512 };                              /* sources, hypotheses together, at most */

/* --- a group --- */

/* Sources as one packed batch. */
static void pack_sources(rc_beam *x, int n)
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

static int take_answer(rc_beam *x, const rc_beam_done *d, rc_found *out)
{
    *out = (rc_found){ .n = d->n, .score = d->score, .logp = d->logp };
    if ((out->id = rc_new(x->r, (size_t)d->n + 1, sizeof *out->id)) == NULL)
        return RECUR_ENOMEM;
    for (int k = d->n - 1, at = d->node; k >= 0; k--, at = x->tree[at].before)
        out->id[k] = x->tree[at].id;
    return RECUR_OK;
}

static bool wanted(const rc_beam *x, const rc_found *f)
{
    bool unknown = x->o->look == RC_LOOK_ALWAYS;
    for (int i = 0; i < f->n && x->o->look == RC_LOOK_UNKNOWN; i++)
        unknown = unknown || f->id[i] == RC_UNK;
    return unknown;
}

/* What the answers of the group looked at: they are fed again, the k-th of each source in turn. */
static int look_again(rc_beam *x, rc_founds *const *out, int k)
{
    int rows = 0, e = RECUR_OK, most = 0;
    x->nodes = 0;
    for (int s = 0; s < x->side.B && e == RECUR_OK; s++) {
        rc_found *f = k < out[s]->n ? &out[s]->found[k] : NULL;
        if (f == NULL || !wanted(x, f))
            continue;
        f->S = (int)x->source[s]->n;
        f->attention = rc_new(x->r, (size_t)f->n * (size_t)f->S + 1, sizeof *f->attention);
        e = f->attention != NULL ? rc_beam_grow(x, RC_BOS, -1) : RECUR_ENOMEM;
        x->live[rows++] = (rc_beam_row){ s, x->nodes - 1, 0, 0 };
        most = f->n > most ? f->n : most;
    }
    for (int t = 0; t < most && e == RECUR_OK; t++) {
        if (rc_beam_forward(x, x->live, rows, t == 0, t == 0) == NULL)
            return RECUR_EDATA;
        for (int i = 0; i < rows; i++) {
            rc_found *f = &out[x->live[i].source]->found[k];
            const real *a = t < f->n ? rc_beam_attention(x, i) : NULL;
            for (int s = 0; a != NULL && s < f->S; s++)
                f->attention[(size_t)t * (size_t)f->S + (size_t)s] = (float)a[s];
            x->tree[x->live[i].node].id = t < f->n ? f->id[t] : RC_EOS;
        }
    }
    return e;
}

static int one_group(rc_beam *x, int n, rc_founds *const *out)
{
    int e = RECUR_OK;
    pack_sources(x, n);
    x->nodes = x->step = 0;
    x->rows = n;
    memset(x->ended, 0, (size_t)n * sizeof *x->ended);
    if (x->cover != NULL)
        memset(x->cover, 0, (size_t)x->S * (size_t)x->K * (size_t)x->T * sizeof *x->cover);
    for (int s = 0; s < n && e == RECUR_OK; s++) {
        e = rc_beam_grow(x, RC_BOS, -1);
        x->live[s] = (rc_beam_row){ s, s, 0, 0 };
    }
    while (x->rows > 0 && e == RECUR_OK)
        e = rc_beam_step(x);
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

static int open_search(rc_beam *x, const rc_ids *const *order, int n)
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

static void close_search(rc_beam *x)
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
    rc_beam x = { .r = r, .m = m, .o = o, .V = m->net->branch[0].head->in, .K = o->beam };
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
