/* SPDX-License-Identifier: MIT
 * beam.c - one step of a beam search: the net says what may come, of each source's candidates the likeliest go on or end.
 *
 * A source's candidates are its hypotheses and one unit more.  Of them the likeliest `beam` go on; those among the first
 * `beam` that end are done.  A source is done with `beam` answers, judged by (Wu et al. 2016, arXiv 1609.08144, eq. 14)
 *
 *     score = log p / ((5 + n) / 6)^length + coverage * sum over the source's units of log min(attention they got, 1)
 *
 * All ties fall to the smaller unit, then to the better hypothesis before, so an answer does not hang on what else is in
 * the group. */
#include <math.h>
#include <stdlib.h>
#include "task/translate/beam.h"

/* --- the net --- */

const real *rc_beam_attention(const rc_beam *x, int i)
{
    for (int k = x->m->net->side; k < x->m->net->layers; k++)
        if (x->u->act[k]->look != NULL)
            return x->u->act[k]->look + (size_t)i * (size_t)x->u->act[k]->look_ld;
    return NULL;
}

const real *rc_beam_forward(rc_beam *x, const rc_beam_row *at, int rows, bool encode, bool fresh)
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

int rc_beam_grow(rc_beam *x, int32_t id, int before)
{
    if (x->nodes == x->cap) {
        size_t want = x->cap > 0 ? (size_t)x->cap * 2 : 4096;
        rc_beam_node *wide = rc_grow(x->r, x->tree, (size_t)x->cap, want, sizeof *wide);
        if (wide == NULL)
            return RECUR_ENOMEM;
        x->tree = wide;
        x->cap = (int)want;
    }
    x->tree[x->nodes++] = (rc_beam_node){ id, before };
    return RECUR_OK;
}

/* --- candidates --- */

/* The K + 1 likeliest units after row i. */
static void row_best(void *arg, int i)
{
    rc_beam *x = arg;
    const real *p = x->p + (size_t)i * (size_t)x->V;
    rc_beam_candidate *best = x->best + (size_t)i * (size_t)(x->K + 1);
    int found = 0;
    for (int v = 0; v < x->V; v++) {
        real q = v == RC_BOS || (v == RC_UNK && !x->o->unknown) || (v == RC_EOS && x->step == 0) ? 0 : p[v];
        if (!(q > 0) || (found == x->K + 1 && !((double)q > best[x->K].logp)))
            continue;
        int at = found < x->K + 1 ? found++ : x->K;
        for (; at > 0 && best[at - 1].logp < (double)q; at--)
            best[at] = best[at - 1];
        best[at] = (rc_beam_candidate){ (double)q, i, v };
    }
    for (int k = 0; k < x->K + 1; k++)
        best[k] = k < found ? (rc_beam_candidate){ x->live[i].logp + log(best[k].logp), i, best[k].id }
                            : (rc_beam_candidate){ -INFINITY, i, -1 };
}

static int by_logp(const void *pa, const void *pb)
{
    const rc_beam_candidate *a = pa, *b = pb;
    if (a->logp < b->logp || a->logp > b->logp)
        return a->logp > b->logp ? -1 : 1;
    return a->row != b->row ? (a->row > b->row) - (a->row < b->row) : (a->id > b->id) - (a->id < b->id);
}

/* --- answers --- */

static int most_units(const rc_beam *x, int s)
{
    return x->o->most > 0 ? x->o->most : 2 * (int)x->source[s]->n + 10;
}

static double judge(const rc_beam *x, double logp, int n, const float *cover, int S)
{
    double sum = 0;
    for (int s = 0; s < S && cover != NULL; s++)
        sum += log(cover[s] < 1 ? (double)cover[s] + 1e-10 : 1.0);
    return logp / pow((5.0 + n) / 6, x->o->length) + x->o->coverage * sum;
}

/* An answer of source s among its best. */
static void end(rc_beam *x, int s, rc_beam_done d)
{
    rc_beam_done *list = x->done + (size_t)s * (size_t)x->K;
    if (x->ended[s] == x->K && !(d.score > list[x->K - 1].score))
        return;
    int at = x->ended[s] < x->K ? x->ended[s]++ : x->K - 1;
    for (; at > 0 && list[at - 1].score < d.score; at--)
        list[at] = list[at - 1];
    list[at] = d;
}

static const float *cover_of(const rc_beam *x, int i)
{
    return x->cover != NULL ? x->cover + (size_t)i * (size_t)x->T : NULL;
}

/* Rows [from, to) are the hypotheses of source s: who ends, who goes on. */
static int advance(rc_beam *x, int s, int from, int to, int *rows)
{
    rc_beam_candidate *c = x->best + (size_t)from * (size_t)(x->K + 1);
    int n = (to - from) * (x->K + 1), kept = 0, e = RECUR_OK, first = *rows, S = (int)x->source[s]->n;
    qsort(c, (size_t)n, sizeof *c, by_logp);
    for (int i = 0; i < n && kept < x->K && c[i].id >= 0 && e == RECUR_OK; i++) {
        const rc_beam_row *b = &x->live[c[i].row];
        if (c[i].id == RC_EOS) {
            if (i < x->K)
                end(x, s, (rc_beam_done){ judge(x, c[i].logp, b->n + 1, cover_of(x, c[i].row), S), c[i].logp, b->node, b->n });
            continue;
        }
        if ((e = rc_beam_grow(x, c[i].id, b->node)) != RECUR_OK)
            break;
        x->next[first + kept++] = (rc_beam_row){ s, x->nodes - 1, b->n + 1, c[i].logp };
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
        const rc_beam_row *b = &x->next[first + k];
        end(x, s, (rc_beam_done){ judge(x, b->logp, b->n, cover_of(x, x->place[first + k]), S), b->logp, b->node, b->n });
    }
    return e;
}

/* States and coverage of those that go on, from those that they come from (place). */
static void take_over(rc_beam *x, int rows)
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

static void look(rc_beam *x)
{
    for (int i = 0; i < x->rows && x->cover != NULL; i++) {
        const real *a = rc_beam_attention(x, i);
        for (int s = 0; a != NULL && s < (int)x->source[x->live[i].source]->n; s++)
            x->cover[(size_t)i * (size_t)x->T + (size_t)s] += (float)a[s];
    }
}

int rc_beam_step(rc_beam *x)
{
    const rc_head *h = x->m->net->branch[0].head;
    const real *z = rc_beam_forward(x, x->live, x->rows, x->step == 0, x->step == 0);
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
    rc_beam_row *was = x->live;
    x->live = x->next;
    x->next = was;
    x->rows = rows;
    x->step++;
    return e;
}
